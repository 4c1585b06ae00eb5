/* view.c - arithmetic on the three lines: pure functions of a struct clock_view. */
#include "chronyd/clock/clock.h"

#include <math.h>

/* d * (slope - 1) for a slope near 1, rounded to nanoseconds. The large part of a product d * slope
 * is d itself, kept exact in the integer; only the small rest passes through a double, so a
 * nanosecond is kept over years. */
static int64_t rest_ns(int64_t d, double slope_minus_one)
{
    double rest = (double)d * slope_minus_one;

    if (!(rest > -9.2e18 && rest < 9.2e18))
        return rest > 0.0 ? INT64_MAX : INT64_MIN;
    return llrint(rest);
}

static int64_t difference_ns(int64_t a, int64_t b)
{
    return ns_add(a, b == INT64_MIN ? INT64_MAX : -b);
}

struct osc clock_view_osc(const struct clock_view *v, struct utc raw)
{
    int64_t d = difference_ns(raw.ns, v->raw_anchor.ns);

    d = ns_add(d, rest_ns(d, -v->rate / (1.0 + v->rate)));
    return (struct osc){ns_add(v->osc_anchor.ns, d)};
}

struct utc clock_view_corrected(const struct clock_view *v, struct osc at)
{
    int64_t d = difference_ns(at.ns, v->true_osc.ns);

    d = ns_add(d, rest_ns(d, -v->freq / (1.0 + v->freq)));
    return (struct utc){ns_add(v->true_anchor.ns, d)};
}

struct utc clock_view_raw(const struct clock_view *v, struct osc at)
{
    int64_t d = difference_ns(at.ns, v->osc_anchor.ns);

    return (struct utc){ns_add(v->raw_anchor.ns, ns_add(d, rest_ns(d, v->rate)))};
}

struct osc clock_view_when(const struct clock_view *v, struct utc truth)
{
    int64_t d = difference_ns(truth.ns, v->true_anchor.ns);

    return (struct osc){ns_add(v->true_osc.ns, ns_add(d, rest_ns(d, v->freq)))};
}
