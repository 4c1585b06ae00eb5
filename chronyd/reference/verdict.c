/* verdict.c - say in one word how it stands with the host's clock. */
#include "chronyd/reference/verdict.h"

#include <math.h>

#include "chronyd/reference/private.h"

/* Below this a correction that is on its way is nobody's concern. */
#define SETTLED_S 1e-3
/* After so many missed updates the sources are as good as gone. */
#define SILENT_UPDATES 8.0
#define SILENT_MIN_S 4096.0

const char *verdict_name(enum verdict_state state)
{
    static const char *const names[] = {
        [VERDICT_OK] = "ok",
        [VERDICT_SETTLING] = "settling",
        [VERDICT_DEGRADED] = "degraded",
        [VERDICT_UNSYNCHRONISED] = "unsynchronised",
        [VERDICT_NOT_IN_CONTROL] = "not in control",
    };

    return names[state];
}

static bool degraded(const struct reference *r, struct reason *why)
{
    const struct local_settings *l = &r->settings.local;
    struct osc now = clock_osc_now(r->clock);
    double age_s = clock_interval_s(r->clock, r->updated_at, now);
    double distance_s = r->root_delay_s / 2.0 + reference_root_dispersion_s(r, now);

    *why = (struct reason){0};
    if (r->interference)
        why->code = REASON_INTERFERENCE;
    else if (r->trouble.code != REASON_NONE)
        *why = r->trouble;
    else if (age_s > max_d(SILENT_MIN_S, SILENT_UPDATES * r->update_interval_s))
        *why = (struct reason){.code = REASON_NOT_UPDATED, .figure = age_s};
    else if (distance_s > l->distance_s && l->distance_s > 0.0)
        *why = (struct reason){.code = REASON_ERROR_LARGE,
                               .figure = distance_s,
                               .limit = l->distance_s,
                               .directive = "local distance"};
    return why->code != REASON_NONE;
}

void reference_verdict(const struct reference *r, struct verdict *out)
{
    double remaining_s = clock_remaining_s(r->clock);

    *out = (struct verdict){.state = VERDICT_OK,
                            .bound_s = reference_bound_s(r),
                            .expected_s = reference_expected_error_s(r)};
    if (!r->synchronised) {
        out->state = VERDICT_UNSYNCHRONISED;
        out->reason = r->trouble;
        if (reference_local_active(r, clock_osc_now(r->clock)))
            out->reason.code = REASON_LOCAL;
        else if (out->reason.code == REASON_NONE)
            out->reason.code = REASON_NOT_UPDATED;
    } else if (!clock_in_control(r->clock)) {
        out->state = VERDICT_NOT_IN_CONTROL;
        out->reason.code =
            clock_control_wanted(r->clock) ? REASON_NO_PERMISSION : REASON_CONTROL_OFF;
    } else if (degraded(r, &out->reason)) {
        out->state = VERDICT_DEGRADED;
    } else if (fabs(remaining_s) > max_d(SETTLED_S, (out->bound_s - fabs(remaining_s)) / 2.0)) {
        out->state = VERDICT_SETTLING;
        out->reason = (struct reason){.code = REASON_SLEWING,
                                      .figure = remaining_s,
                                      .limit = clock_slew_left_s(r->clock),
                                      .directive = "maxslewrate"};
    }
}
