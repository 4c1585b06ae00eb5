/* steer.h - how fast an offset is to be corrected, and how far a new frequency is believed.
 *
 * The corrected line follows each estimate at once; these functions decide how the system clock
 * is brought to it. A fast slew keeps the time error small, a slow one the frequency steady.
 * While the frequency is poorly known nothing is lost by hurry; once it is known well an offset
 * within the noise is spread over the time that the frequency needs to bring about as much. Pure
 * functions. */
#ifndef CHRONYD_TRACK_STEER_H
#define CHRONYD_TRACK_STEER_H

#include "chronyd/track/sample.h"

struct steer {
    double offset_s;        /* to correct: line minus system clock, either sign */
    double offset_sd_s;     /* standard deviation of the estimate (offset_sd_s of it) */
    double skew_ppm;        /* of the estimate (skew_ppm of it) */
    double interval_s;      /* since the update before */
    long updates;           /* of the clock since start */
    double corr_time_ratio; /* corrtimeratio, 3.0: scales the duration */
    double max_slew_ppm;    /* maxslewrate */
};
/* Wanted duration of the slew, for `slew_s` of struct clock_order. */
double steer_slew_s(const struct steer *s);

/* The frequency that the corrected line gets. Estimates are optimal already, so a new one
 * replaces the old one, unless its skew is above maxupdateskew or no number: then the old one
 * stays, and its skew grows by what the oscillator may have wandered. */
struct steer_freq {
    double freq_ppm, skew_ppm;
};
struct steer_freq steer_frequency(const struct steer_freq *now, const struct estimate *e,
                                  double max_update_skew_ppm, double interval_s);

#endif
