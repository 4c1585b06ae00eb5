/* figures.c - what is announced: root figures and how they grow, the local reference, and what the
 * kernel is told. */
#include "chronyd/reference/private.h"

#include <math.h>

#include "chronyd/track/restless.h"

/* The kernel lets its maximum error grow by 500 ppm, far more than ours does: refreshed so often,
 * both tell about the same. */
#define STATUS_INTERVAL_S 64.0
#define STATUS_MAX_ERROR_S 16.0

/* Deviations that are exceeded in less than a thousandth of the time: with the normal law, which
 * holds for what a frequency strays, and with the tails that delays have. */
#define NORMAL_SDS 3.3
#define EXPECTED_SDS 5.0

double reference_dispersion_rate(const struct reference *r, double age_s)
{
    double stray_ppm = max_d(r->skew_ppm, 2.0 * reference_holdover_ppm(r, age_s));

    stray_ppm = max_d(stray_ppm, r->open_rate_ppm);
    return clock_max_error_rate(r->clock) +
           (min_d(stray_ppm, 1e6) + fabs(r->resid_freq_ppm)) * 1e-6;
}

double reference_root_dispersion_s(const struct reference *r, struct osc at)
{
    double age_s = max_d(0.0, clock_interval_s(r->clock, r->updated_at, at));

    return r->root_dispersion_s + age_s * reference_dispersion_rate(r, age_s);
}

double reference_bound_s(const struct reference *r)
{
    double bound_s;

    if (!r->synchronised)
        return UNSYNCHRONISED_ROOT_S * 1.5;
    bound_s = fabs(clock_remaining_s(r->clock)) + r->root_delay_s / 2.0 +
              reference_root_dispersion_s(r, clock_osc_now(r->clock));
    return bound_s + reference_leap_doubt_s(r, bound_s);
}

/* What the statistics say: so many standard deviations of the estimate, whose error may have the
 * sign of its frequency's, and no less than what an oscillator would bring about that is as
 * restless as the samples leave possible. Unlike the bound it takes for granted that paths are as
 * symmetric as they looked. */
double reference_expected_error_s(const struct reference *r)
{
    double age_s, freq_sd, stray, error_s;

    if (!r->synchronised)
        return UNSYNCHRONISED_ROOT_S * 1.5;
    age_s = max_d(0.0, clock_interval_s(r->clock, r->updated_at, clock_osc_now(r->clock)));
    freq_sd = r->skew_ppm / 2.0 * 1e-6;
    stray = reference_holdover_ppm(r, age_s) * 1e-6;
    error_s = max_d(EXPECTED_SDS * (r->offset_sd_s + age_s * freq_sd),
                    NORMAL_SDS * (r->offset_sd_s + age_s * stray));
    error_s = max_d(error_s, restless_error_s(&r->restless, age_s));
    error_s += age_s * fabs(r->resid_freq_ppm) * 1e-6 + r->shaken_s;
    error_s += fabs(clock_remaining_s(r->clock));
    return min_d(reference_bound_s(r), error_s + reference_leap_doubt_s(r, error_s));
}

static double root_distance_s(const struct reference *r, struct osc at)
{
    return r->root_delay_s / 2.0 + reference_root_dispersion_s(r, at);
}

/* Seconds from `at` until the local reference becomes active if nothing else happens; <= 0: it is;
 * HUGE_VAL: never. */
static double local_due_s(const struct reference *r, struct osc at)
{
    const struct local_settings *l = &r->settings.local;
    double for_s, by_distance_s, by_age_s, age_s;

    if (!l->enabled || (l->activate_s > 0.0 && !r->local_activated))
        return HUGE_VAL;
    if (!r->synchronised) {
        for_s = clock_interval_s(r->clock, r->unsynced_since, at);
        return l->wait_unsynced_s - for_s;
    }
    age_s = clock_interval_s(r->clock, r->updated_at, at);
    by_distance_s = (l->distance_s - root_distance_s(r, at)) / reference_dispersion_rate(r, age_s);
    by_age_s = l->wait_synced_s - age_s;
    return max_d(by_distance_s, by_age_s);
}

bool reference_local_active(const struct reference *r, struct osc at)
{
    return local_due_s(r, at) <= 0.0;
}

static void add_smoothing(const struct reference *r, struct osc at, struct reference_figures *out)
{
    struct smooth_now now = smooth_now(&r->smooth, at);

    out->smoothing = !r->smooth.limits.leap_only || now.remaining_s > 0.0;
    out->smooth_offset_s = now.offset_s;
    out->smooth_freq = now.freq;
    /* A leap second that is smeared must not be made a second time by the clients. */
    if (r->settings.leapsec_mode == LEAPSEC_SLEW && out->synchronised)
        out->leap = LEAP_NORMAL;
}

void reference_figures(const struct reference *r, struct reference_figures *out)
{
    struct osc at = clock_osc_now(r->clock);
    struct utc now = clock_corrected(r->clock, at);
    bool in_leap = r->leaps.unsynced && at.ns < r->leaps.unsynced_end.ns;

    *out = (struct reference_figures){.leap = LEAP_UNSYNCHRONISED,
                                      .stratum = STRATUM_NONE,
                                      .root_delay_s = UNSYNCHRONISED_ROOT_S,
                                      .root_dispersion_s = UNSYNCHRONISED_ROOT_S};
    if (reference_local_active(r, at)) {
        out->synchronised = out->local = true;
        out->leap = LEAP_NORMAL;
        out->stratum = r->settings.local.stratum;
        out->refid = REFID_LOCAL;
        /* In the past, so that no client ever sees a reference time after a transmit time. */
        out->ref_time.ns = now.ns - NS_PER_S;
        out->root_delay_s = out->root_dispersion_s = 0.0;
    } else if (r->synchronised && r->stratum < STRATUM_NONE) {
        out->synchronised = true;
        out->leap = r->leap;
        out->stratum = r->stratum;
        out->refid = r->refid;
        out->addr = r->addr;
        out->ref_time = r->ref_time;
        out->root_delay_s = r->root_delay_s;
        out->root_dispersion_s = reference_root_dispersion_s(r, at);
        out->dispersion_rate =
            reference_dispersion_rate(r, clock_interval_s(r->clock, r->updated_at, at));
    }
    if (in_leap && out->synchronised)
        out->leap = LEAP_UNSYNCHRONISED;
    if (r->smooth.active)
        add_smoothing(r, at, out);
}

int reference_orphan_stratum(const struct reference *r)
{
    const struct local_settings *l = &r->settings.local;

    return l->enabled && l->orphan ? l->stratum : STRATUM_NONE;
}

uint64_t reference_generation(const struct reference *r)
{
    return r->generation + clock_generation(r->clock);
}

void reference_report(const struct reference *r, struct reference_report *out)
{
    reference_figures(r, &out->figures);
    if (out->figures.stratum == STRATUM_NONE)
        out->figures.stratum = 0;
    out->remaining_s = clock_remaining_s(r->clock);
    out->last_offset_s = -r->last_offset_s;
    out->rms_offset_s = sqrt(r->rms_square_s2);
    out->freq_ppm = clock_freq_ppm(r->clock);
    out->resid_freq_ppm = r->resid_freq_ppm;
    out->skew_ppm = r->updates > 0 || r->skew_ppm < SKEW_UNKNOWN_PPM ? r->skew_ppm : 0.0;
    out->update_interval_s = r->update_interval_s;
    out->updates = r->updates;
    out->steps = r->steps;
    out->foreign_steps = r->foreign_steps;
    out->last_step_s = r->last_step_s;
}

/* The truth about the clock, in the kernel's own figures. */
static void tell_kernel(struct reference *r)
{
    const struct reference_settings *s = &r->settings;
    struct os_clock_status status = {0};
    struct err err;

    if (!clock_in_control(r->clock) || s->mode != REFERENCE_NORMAL)
        return;
    status.leap = reference_leap_for_kernel(r);
    status.tai_offset_s = r->leaps.kernel_tai;
    status.max_error_s = reference_bound_s(r);
    status.est_error_s = fabs(clock_remaining_s(r->clock)) + r->offset_sd_s;
    status.synchronised = s->rtcsync && r->synchronised && status.max_error_s < STATUS_MAX_ERROR_S;
    if (!r->os.ops->set_clock_status(r->os.ctx, &status, &err))
        log_debug(r->log, "Could not set the status of the system clock: %s", err.text);
}

/* What is announced changes by itself when the local reference takes over or gives back. */
static void arm_status(struct reference *r)
{
    struct osc at = clock_osc_now(r->clock);
    double due_s = local_due_s(r, at), wait_s = HUGE_VAL;

    if (due_s > 0.0)
        wait_s = due_s + 1e-3;
    if (r->synchronised && r->settings.rtcsync && clock_in_control(r->clock))
        wait_s = min_d(wait_s, STATUS_INTERVAL_S);
    if (wait_s < 1e9)
        timer_set(r->timers, &r->status_timer, mono_add_s(r->os.ops->mono(r->os.ctx), wait_s));
    else
        timer_cancel(r->timers, &r->status_timer);
}

void reference_announce(struct reference *r)
{
    r->generation++;
    tell_kernel(r);
    arm_status(r);
}

void reference_status_fired(void *ctx, struct mono now)
{
    struct reference *r = ctx;
    bool before = r->interference;

    (void)now;
    /* Between two updates it may last for hours. */
    reference_notice_interference(r);
    r->interference = r->interference || before;
    if (r->synchronised)
        r->max_error_s = max_d(r->max_error_s, reference_bound_s(r));
    reference_announce(r);
}
