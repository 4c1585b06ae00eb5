/* poll.h - how often a source is asked.
 *
 * A score that every answer and every silence moves; when it leaves 0..1 the interval changes by
 * a power of two (spec chrony-conf section 5.2). The aim is the interval after which the
 * prediction is as uncertain as a sample: sooner, a sample teaches little; later, the clock has
 * drifted. A clock that wanders much is thus asked often, a quiet one behind a noisy path
 * seldom. Pure functions over a value that its owner keeps. */
#ifndef CHRONYD_TRACK_POLL_H
#define CHRONYD_TRACK_POLL_H

#include <stdbool.h>

#include "chronyd/track/track.h"

struct poll_settings {
    int minpoll, maxpoll; /* log2 s */
    int target;           /* polltarget, 8 */
    int sources;          /* that are combined with this one, itself included; 0 = 1 */
};

struct poll {
    int log2_s;   /* the interval now */
    double score; /* 0..1; column `Score` of measurements.log */
    int missed;   /* requests in a row without an answer */
};

/* At the start and whenever the source is reset. */
void poll_reset(struct poll *p, const struct poll_settings *s);
/* After minpoll or maxpoll changed. */
void poll_clamp(struct poll *p, const struct poll_settings *s);
/* A sample was accepted and added to `t`. error_s: by how much it differed from the prediction
 * (track_predict before track_add; 0 without one); distance_s: peer distance, delay/2 +
 * dispersion. */
void poll_sample(struct poll *p, const struct poll_settings *s, const struct track *t,
                 double error_s, double distance_s);
/* A valid answer that is not good; test_d_only: only the loop test failed. */
void poll_bad_answer(struct poll *p, const struct poll_settings *s, bool test_d_only);
/* A request got no answer. From the second one on the interval doubles each time, or every fourth
 * time while `t` has few samples. */
void poll_silence(struct poll *p, const struct poll_settings *s, const struct track *t);
/* Seconds to the next request, before the random lengthening: 2^log2_s, but to a server that is
 * silent at the longest interval between half and 1.2 times that, in a fixed order. */
double poll_interval_s(const struct poll *p, const struct poll_settings *s);

#endif
