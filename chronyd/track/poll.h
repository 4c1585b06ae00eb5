/* poll.h - how often a source is asked.
 *
 * A score that every answer and every silence moves; when it leaves 0..1 the interval changes by a
 * power of two (spec chrony-conf section 5.2). The aim is as many samples within the memory of the
 * estimate as `polltarget` says: more would only cost packets, fewer would lose accuracy. Pure
 * functions over a value that its owner keeps. */
#ifndef CHRONYD_TRACK_POLL_H
#define CHRONYD_TRACK_POLL_H

#include <stdbool.h>

#include "chronyd/track/track.h"

struct poll_settings {
    int minpoll, maxpoll; /* log2 s */
    int target;           /* polltarget, 8 */
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
 * (track_predict before track_add; 0 without one); distance_s: peer distance, delay/2 + dispersion.
 */
void poll_sample(struct poll *p, const struct poll_settings *s, const struct track *t,
                 double error_s, double distance_s);
/* A valid answer that is not good; test_d_only: only the loop test failed. */
void poll_bad_answer(struct poll *p, const struct poll_settings *s, bool test_d_only);
/* A request got no answer; selected: the source is the current reference. */
void poll_silence(struct poll *p, const struct poll_settings *s, bool selected);

#endif
