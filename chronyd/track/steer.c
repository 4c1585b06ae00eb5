#include "chronyd/track/steer.h"

#include <math.h>

#include "base/defs.h"

/* Per square root of a second: what an ordinary crystal does when nobody looks. */
#define WANDER_PPM 1e-3
/* The usual corrtimeratio, at which the duration is this part of the natural one. */
#define RATIO_USUAL 3.0
#define PART_OF_NATURAL 1.8
/* Until this many updates were made the frequency is rough anyway, and time is of the essence: the
 * duration grows with this power of their number. */
#define UPDATES_SETTLED 9.0
#define YOUNG_POWER 4.0
/* However sure the frequency is, an offset is gone after so many intervals (times the ratio). */
#define INTERVALS_MOST 2.5
/* An offset of so many standard deviations is no noise. What the frequency may have brought about
 * since the last update is as good as one. */
#define SURPRISE 2.5

double steer_slew_s(const struct steer *s)
{
    double offset = fabs(s->offset_s);
    double fastest = offset / max_d(s->max_slew_ppm * 1e-6, 1e-9);
    double freq_sd = 0.5e-6 * s->skew_ppm;
    double natural, young, surprise;

    if (!(s->skew_ppm > 0.0) || !(s->offset_sd_s > 0.0))
        return fastest;
    /* Slewing x away in t seconds costs a frequency error of x/t. With time errors counted in
     * standard deviations of the offset, and frequency errors in those of the frequency (half of
     * the skew), the sum of squares is least at the ratio of the two. */
    natural = s->offset_sd_s / freq_sd;
    young = min_d((double)s->updates / UPDATES_SETTLED, 1.0);
    natural *= PART_OF_NATURAL * s->corr_time_ratio / RATIO_USUAL * pow(young, YOUNG_POWER);
    /* All this is for offsets within the noise. One beyond it is an error of the clock, not of
     * the measurement, and the larger it is the less there is to wait for. */
    surprise = max_d(1.0, offset / (SURPRISE * (s->offset_sd_s + freq_sd * s->interval_s)));
    return max_d(fastest, min_d(natural, INTERVALS_MOST * s->corr_time_ratio * s->interval_s) /
                              (surprise * surprise));
}

struct steer_freq steer_frequency(const struct steer_freq *now, const struct estimate *e,
                                  double max_update_skew_ppm, double interval_s)
{
    struct steer_freq next = *now;

    if (e->skew_ppm <= max_update_skew_ppm && isfinite(e->freq_ppm))
        return (struct steer_freq){e->freq_ppm, e->skew_ppm};
    next.skew_ppm =
        sqrt(now->skew_ppm * now->skew_ppm + WANDER_PPM * WANDER_PPM * max_d(interval_s, 0.0));
    return next;
}
