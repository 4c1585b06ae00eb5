/* fallback.c - which frequency to run at when the sources have been silent for long
 * (directive fallbackdrift).
 *
 * For each power of two of seconds an exponential average of the frequency is kept; the longer the
 * sources have been away, the longer the average that is installed, because the frequency of the
 * last minutes (a warm office, a busy machine) says ever less. */
#include "chronyd/reference/private.h"

#include <math.h>

static bool is_on(const struct reference *r)
{
    const struct reference_settings *s = &r->settings;

    return s->fallback_drift_min > 0 && s->fallback_drift_max >= s->fallback_drift_min;
}

static int last_span(const struct reference *r)
{
    return clamp_i(r->settings.fallback_drift_max, 0, FALLBACK_SPANS - 1);
}

static void arm(struct reference *r, double since_update_s)
{
    struct fallback *f = &r->fallback;

    if (f->next > last_span(r)) {
        timer_cancel(r->timers, &f->timer);
        return;
    }
    timer_set(r->timers, &f->timer,
              mono_add_s(r->os.ops->mono(r->os.ctx), ldexp(1.0, f->next) - since_update_s));
}

void reference_fallback_update(struct reference *r, double interval_s)
{
    double freq_ppm = clock_freq_ppm(r->clock);

    if (!is_on(r))
        return;
    for (int k = r->settings.fallback_drift_min; k <= last_span(r); k++) {
        struct fallback_span *span = &r->fallback.span[k];
        double length_s = ldexp(1.0, k);

        span->seconds += interval_s;
        /* Until it has seen its own length, it is the plain mean of what there was. */
        if (span->seconds > 0.0)
            span->freq_ppm += (freq_ppm - span->freq_ppm) *
                              min_d(1.0, interval_s / min_d(span->seconds, length_s));
    }
    r->fallback.next = r->settings.fallback_drift_min;
    arm(r, 0.0);
}

void reference_fallback_fired(void *ctx, struct mono now)
{
    struct reference *r = ctx;
    struct fallback *f = &r->fallback;
    const struct fallback_span *span = &f->span[f->next];

    (void)now;
    if (span->seconds >= ldexp(1.0, f->next)) {
        struct reason why = {.code = REASON_NOT_UPDATED,
                             .figure = ldexp(1.0, f->next),
                             .directive = "fallbackdrift"};

        struct line before = reference_line(r);

        clock_set_freq(r->clock, span->freq_ppm);
        reference_line_moved(r, &before, false);
        r->resid_freq_ppm = 0.0;
        reference_unsynchronise(r, NULL, &why);
    }
    f->next++;
    arm(r, ldexp(1.0, f->next - 1));
}
