/* track_private.h - the register of one source, shared by the files that work on it: track.c keeps
 * it and learns from it, weigh.c says how wrong each sample can be, law.c what their delays tell,
 * bound.c which of them bounds the estimate. Private to track/. */
#ifndef CHRONYD_TRACK_TRACK_PRIVATE_H
#define CHRONYD_TRACK_TRACK_PRIVATE_H

#include <math.h>

#include "chronyd/track/asymmetry.h"
#include "chronyd/track/filter.h"
#include "chronyd/track/track.h"

/* So many refusals of about the same delay mean a new route. */
#define REFUSED_MOST 4

/* What the delay of a sample tells about its error. */
enum track_law {
    LAW_QUEUES,   /* both ways queue alike: an excess of r leaves r/2 on either side, */
    LAW_STAMPS,   /* or the delay tells nothing, */
    LAW_UPWARD,   /* or all queues are on the way to the source, */
    LAW_DOWNWARD, /* or on the way back: then nearly the whole excess is known, */
    LAW_EITHER,   /* or on the one or the other by turns */
    TRACK_LAWS,
};

struct track {
    struct track_settings settings;
    double prior_freq_ppm, prior_skew_ppm;
    bool has_prior;
    size_t count;
    struct sample samples[TRACK_SAMPLES_MAX]; /* oldest first */
    bool new_level[TRACK_SAMPLES_MAX];        /* offsets before it do not bind */
    uint8_t routes[TRACK_SAMPLES_MAX];
    struct filter_point points[TRACK_SAMPLES_MAX];
    double excess_s[TRACK_SAMPLES_MAX]; /* of delays over the shortest on their route */
    double shift_s[TRACK_SAMPLES_MAX];  /* correction of offsets for asymmetric queues */
    int side[TRACK_SAMPLES_MAX]; /* of the queue for LAW_EITHER: -1 upward, 1 downward, 0 either */
    double usual_excess_s;       /* median */
    double idle_excess_s;        /* of samples that met no queue worth the name */
    double standing;             /* 0 .. 1: queues are still there at the next sample */
    struct asymmetry asymmetry;
    double refused_s[REFUSED_MOST]; /* delays that were refused since the last sample */
    size_t refused;
    bool broken; /* the next sample begins a new level */
    struct osc broken_at;
    /* what the samples say; valid while count > 0 */
    double min_delay_s;
    struct filter_result learned[TRACK_LAWS]; /* under each assumption */
    enum track_law law;                       /* which one holds */
    struct filter_result filter;              /* by that one */
    struct filter_state restless;             /* ... and with as much wander as is possible */
    int learned_ago;                          /* samples */
    unsigned learnings;                       /* in which other laws were not looked for */
    double sd_s;
    double stress;
    int runs;
    size_t best;         /* sample that bounds the estimate most closely now */
    double best_apart_s; /* how far the path passes by it and bends after it */
    double open_slope;   /* what the samples leave open of the slope */
    double open_rate;    /* how fast the truth may part from the estimate after it */
};

/* The difference of two times in nanoseconds is exact before it becomes a double. */
static inline double track_diff_s(int64_t a, int64_t b)
{
    int64_t d;

    if (__builtin_sub_overflow(a, b, &d))
        d = a > b ? INT64_MAX : INT64_MIN;
    return s_from_ns(d);
}

static inline bool track_has_fixed_asymmetry(const struct track *t)
{
    return fabs(t->settings.asymmetry) <= 0.5;
}

/* The filter's slope is that of truth over oscillator; a frequency is told the other way round.
 * At hundreds of ppm the difference between 1 / (1 + x) and 1 - x is more than our error. */
static inline double track_reciprocal(double fraction)
{
    return 1.0 / (1.0 + max_d(fraction, -0.5)) - 1.0;
}

/* Fills points, excess_s, shift_s, usual_excess_s and min_delay_s from the samples and their
 * routes. */
void track_weigh(struct track *t);
/* Learns wander and scale under each law that may hold, and chooses one: law, filter. */
void track_choose_law(struct track *t, const struct filter_prior *prior);
/* Runs the one filter over the points by the law chosen, which they are then as they are under;
 * where another law is nearly as likely, filter.state is the mean of what both say. */
void track_run_law(struct track *t, const struct filter_prior *prior, struct filter_path *path);
/* Finds the sample that bounds the estimate most closely: best, best_apart_s, open_slope. */
void track_bound(struct track *t, const struct filter_path *path, const double *residuals,
                 const double *slopes);

#endif
