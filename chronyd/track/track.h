/* track.h - one source's samples and what they tell about its clock.
 *
 * Keeps at most 64 samples on the oscillator axis, weighs each by what its delay tells, follows
 * the oscillator's own noise, and gives an estimate of offset and frequency with uncertainties
 * that are meant. Reads no clock, does no I/O, needs no notice when the clock is steered. Equal
 * inputs give equal outputs on every machine. */
#ifndef CHRONYD_TRACK_TRACK_H
#define CHRONYD_TRACK_TRACK_H

#include <stddef.h>

#include "base/defs.h"
#include "chronyd/track/sample.h"

#define TRACK_SAMPLES_MAX 64

struct track_settings {
    int min_samples;        /* 1..64; default 6 */
    int max_samples;        /* 1..64; default 64 */
    double min_delay_s;     /* mindelay: fixed minimum delay, 0 = as measured */
    double asymmetry;       /* -0.5..0.5 fixed; anything else = estimate it */
    double max_clock_error; /* maxclockerror as a fraction (1e-6) */
    double precision_s;     /* of our clock */
};

struct track; /* owned by the source */

struct track *track_create(const struct track_settings *settings);
void track_destroy(struct track *t);
void track_set_settings(struct track *t, const struct track_settings *settings);
/* What is known about the oscillator's frequency before any sample: from the drift file, or from
 * the other sources. freq_ppm as in struct estimate; skew_ppm is its standard deviation. Without
 * a call: 0 +- 100 ppm. Survives track_reset. */
void track_set_prior(struct track *t, double freq_ppm, double skew_ppm);
/* Forget all samples. */
void track_reset(struct track *t);
/* The host slept or was paused at `at`: offsets from before no longer bind, frequencies do. */
void track_break(struct track *t, struct osc at);
/* Counts between `since` and now turned out to be wrong: what was measured then binds nothing but
 * what comes after the newest sample. */
void track_break_since(struct track *t, struct osc since);
/* Samples that lie in the future of `at` are refused (false), as are ones not newer than the
 * last. */
bool track_add(struct track *t, const struct sample *s);
size_t track_count(const struct track *t);
/* i = 0 is the oldest; lent until the next add or reset. */
const struct sample *track_sample(const struct track *t, size_t i);
const struct sample *track_newest(const struct track *t); /* NULL if empty */

/* Needs at least 3 samples (1 if max_samples < 3); before that false. */
MUST_CHECK bool track_estimate(const struct track *t, struct osc at, struct estimate *out);

/* Figures of the last regression for sourcestats and statistics.log. */
struct track_report {
    int samples;        /* NP: kept */
    int first;          /* index of the first one used */
    int runs;           /* NR: runs of residuals of the same sign, among the used ones */
    double span_s;      /* oldest to newest */
    double sd_s;        /* std dev of the samples; 4.0 without samples */
    double offset_sd_s; /* std dev of the estimated offset */
    double skew_ppm;    /* 2000 without estimate */
    double stress;      /* abs(new frequency - old) / old skew */
    double asymmetry;   /* jitter asymmetry in use, -0.5..0.5 */
    int asymmetry_run;
};
void track_report(const struct track *t, struct track_report *out);

/* For the delay tests of a new sample (spec chrony-conf 5.1: maxdelayratio, maxdelaydevratio). */
struct track_delay {
    double min_delay_s; /* smallest in the register, < 0 if empty */
    double sd_s;        /* std dev of the register */
    double skew;        /* fraction */
    struct osc newest;  /* time of the last sample */
};
void track_delay(const struct track *t, struct track_delay *out);
/* A sample was refused for its delay. When that happens several times in a row with about the
 * same delay it is the route that changed: from then on track_delay measures against the new
 * delays. */
void track_refused(struct track *t, double delay_s);
/* Offset (truth - corrected) that the samples predict minus the one given; for polling control
 * and test C. False without an estimate. */
MUST_CHECK bool track_predict(const struct track *t, struct osc at, struct utc *truth,
                              double *dispersion_s);

/* How long after the newest sample the prediction stays within `ratio` times the error of a
 * usual sample: asking again much earlier teaches little, much later lets the clock drift. At
 * most longest_s; 0 without an estimate. */
double track_horizon_s(const struct track *t, double ratio, double longest_s);

#endif
