/* pulse.h - which second a pulse belongs to.
 *
 * A pulse says when some second (or a part of one) began, not which. What else is known about the
 * time chooses among the candidates, and if that is too uncertain the pulse is refused. Pure
 * arithmetic; private to refclock/. */
#ifndef CHRONYD_REFCLOCK_PULSE_H
#define CHRONYD_REFCLOCK_PULSE_H

#include <stdbool.h>

#include "base/defs.h"

struct pulse_rule {
    double interval_s; /* between pulses, > 0 */
    double width_s;    /* of a pulse, 0 = unknown: its other edge could be mistaken for it */
    double limit;      /* largest error, as a fraction of the interval */
};

/* offset_s: of the pulse against the corrected clock, right but for whole intervals. about_s: the
 * offset that is expected, known to uncertainty_s. */
MUST_CHECK bool pulse_place(const struct pulse_rule *rule, double offset_s, double about_s,
                            double uncertainty_s, double *placed_s);

#endif
