#include "chronyd/refclock/pulse.h"

#include <math.h>

bool pulse_place(const struct pulse_rule *rule, double offset_s, double about_s,
                 double uncertainty_s, double *placed_s)
{
    double intervals = round((about_s - offset_s) / rule->interval_s);
    double placed = offset_s + intervals * rule->interval_s;
    double error_s = fabs(about_s - placed) + uncertainty_s;

    if (!isfinite(placed) || !(error_s < rule->limit * rule->interval_s))
        return false;
    /* Both edges are candidates then, and they are this far apart. */
    if (rule->width_s > 0.0 &&
        !(error_s < 0.5 * fmin(rule->width_s, rule->interval_s - rule->width_s)))
        return false;
    *placed_s = placed;
    return true;
}
