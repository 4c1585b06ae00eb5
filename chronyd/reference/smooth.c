/* smooth.c - plan and follow the path of the served time back to the corrected one. */
#include "chronyd/reference/smooth.h"

#include <math.h>

#include "base/defs.h"

bool smooth_is_on(const struct smooth *s)
{
    return s->limits.max_freq_ppm > 0.0 && s->limits.max_wander_ppm > 0.0;
}

/* The fastest path from (offset, freq) to (0, 0) with |freq| <= F and |wander| <= W. Its first and
 * last stages use the full wander, and between them it coasts if it gets as fast as F. */
static void plan(struct smooth *s)
{
    double f = s->limits.max_freq_ppm * 1e-6, w = s->limits.max_wander_ppm * 1e-6;
    /* where it would come to rest if it slowed down from now on */
    double rest_s = s->offset_s + s->freq * fabs(s->freq) / (2.0 * w);
    double way = rest_s > 0.0 ? -1.0 : 1.0; /* of the coasting */
    double peak = sqrt(max_d(0.0, s->freq * s->freq / 2.0 - way * s->offset_s * w));
    double left_s;

    if (peak > f)
        peak = f;
    s->stage[0].wander = way * peak >= s->freq ? w : -w;
    s->stage[0].length_s = fabs(way * peak - s->freq) / w;
    s->stage[2].wander = -way * w;
    s->stage[2].length_s = peak / w;
    left_s = s->offset_s + (s->freq + way * peak) / 2.0 * s->stage[0].length_s +
             way * peak / 2.0 * s->stage[2].length_s;
    s->stage[1].wander = 0.0;
    s->stage[1].length_s = peak > 0.0 ? max_d(0.0, -way * left_s / peak) : 0.0;
}

void smooth_start(struct smooth *s, struct osc at)
{
    struct smooth_limits limits = s->limits;

    *s = (struct smooth){.limits = limits, .active = true, .start = at};
}

struct smooth_now smooth_now(const struct smooth *s, struct osc at)
{
    struct smooth_now now = {.offset_s = s->offset_s, .freq = s->freq};
    double left_s;

    if (!s->active)
        return (struct smooth_now){0};
    now.since_s = left_s = max_d(0.0, osc_diff_s(at, s->start));
    for (size_t i = 0; i < ARRAY_LEN(s->stage); i++) {
        const struct smooth_stage *stage = &s->stage[i];
        double t = min_d(left_s, stage->length_s);

        now.offset_s += now.freq * t + stage->wander * t * t / 2.0;
        now.freq += stage->wander * t;
        now.remaining_s += stage->length_s - t;
        if (t < stage->length_s)
            now.wander = stage->wander;
        left_s -= t;
        if (t < stage->length_s)
            left_s = 0.0;
    }
    if (now.remaining_s <= 0.0)
        now.offset_s = now.freq = now.wander = 0.0;
    return now;
}

void smooth_moved(struct smooth *s, struct osc at, double offset_s, double freq)
{
    struct smooth_now now;

    if (!s->active)
        return;
    now = smooth_now(s, at);
    s->start = at;
    s->offset_s = now.offset_s - offset_s;
    s->freq = now.freq - freq;
    plan(s);
}
