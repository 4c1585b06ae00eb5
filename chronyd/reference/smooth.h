/* smooth.h - time that is served without jolts (directive smoothtime).
 *
 * The corrected line is replaced at each update and clients would see it jump. Here the served time
 * is kept continuous: it is the corrected time plus an offset that is brought back to zero along a
 * path whose frequency and whose change of frequency (wander) are limited, as fast as these limits
 * allow: speed up, coast, slow down. A value and pure functions of it; `at` is a count of the
 * oscillator. Signs: an offset > 0 means that the served time is ahead of the corrected one. */
#ifndef CHRONYD_REFERENCE_SMOOTH_H
#define CHRONYD_REFERENCE_SMOOTH_H

#include <stdbool.h>

#include "base/time.h"

struct smooth_limits {
    double max_freq_ppm, max_wander_ppm; /* ppm and ppm per second; <= 0: off */
    bool leap_only;                      /* smooth leap seconds alone */
};

struct smooth {
    struct smooth_limits limits;
    bool active;
    struct osc start;      /* of the path */
    double offset_s, freq; /* there; freq as a fraction */
    struct smooth_stage {
        double wander; /* change of freq per second */
        double length_s;
    } stage[3];
};

struct smooth_now {
    double offset_s, freq, wander;
    double since_s;     /* the path began that long ago */
    double remaining_s; /* until the offset is zero */
};

bool smooth_is_on(const struct smooth *s);
/* Serve the corrected time from now on, and smoothly from there. */
void smooth_start(struct smooth *s, struct osc at);
/* The corrected line went forward by offset_s and runs faster by freq (fraction) from now on: the
 * served time does not follow at once. */
void smooth_moved(struct smooth *s, struct osc at, double offset_s, double freq);
struct smooth_now smooth_now(const struct smooth *s, struct osc at);

#endif
