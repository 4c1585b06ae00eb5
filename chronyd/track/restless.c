#include "chronyd/track/restless.h"

#include <math.h>

/* The wander of the second reading is improbable already: so many of its deviations are enough. */
#define RESTLESS_SDS 2.95

struct restless restless_of(const struct filter_state *estimate, const struct filter_state *second,
                            double wander)
{
    return (struct restless){.apart_s = second->x_s - estimate->x_s,
                             .apart_freq = second->slope - estimate->slope,
                             .var_x = second->var_x,
                             .cov = second->cov,
                             .var_slope = second->var_slope,
                             .wander = wander};
}

void restless_scale(struct restless *r, double offset_times, double freq_times)
{
    r->apart_s *= offset_times;
    r->apart_freq *= freq_times;
    r->var_x *= offset_times * offset_times;
    r->cov *= offset_times * freq_times;
    r->var_slope *= freq_times * freq_times;
}

double restless_error_s(const struct restless *r, double age_s)
{
    struct filter_state apart = {r->apart_s, r->apart_freq, r->var_x, r->cov, r->var_slope};
    struct filter_state then = filter_ahead(&apart, r->wander, age_s);

    return fabs(then.x_s) + RESTLESS_SDS * sqrt(then.var_x);
}
