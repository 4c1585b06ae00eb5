#include "chronyd/track/steer.h"

#include <math.h>

#include "base/defs.h"

/* Per square root of a second: what an ordinary crystal does when nobody looks. */
#define WANDER_PPM 1e-3

double steer_slew_s(const struct steer *s)
{
    double offset = fabs(s->offset_s);
    double fastest = offset / max_d(s->max_slew_ppm * 1e-6, 1e-9);
    double area = s->corr_time_ratio * 0.5 * s->offset_sd_s * s->interval_s;

    if (offset == 0.0 || !(area > 0.0))
        return fastest;
    /* The area under the remaining offset, offset * duration / 2, is the measure of the error that
     * a slew adds (spec chrony-conf section 9, corrtimeratio). */
    return max_d(fastest, min_d(2.0 * area / offset, s->corr_time_ratio * s->interval_s));
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
