/* reference.c - decide what an update does to the clock, and remember what is followed. */
#include "chronyd/reference/reference.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "chronyd/clock/drift.h"
#include "chronyd/reference/private.h"
#include "chronyd/track/steer.h"

/* So long another hand on the rate may go unnoticed. */
#define INTERFERENCE_SPAN_S 64.0
/* A jump of the system clock that nobody can overlook. */
#define LARGE_JUMP_S 10.0
#define RMS_WEIGHT 0.1
/* What the host's own record of a sleep is worth: many machines keep it in whole seconds. */
#define SLEEP_ERROR_S 0.5
#define SLEEP_ERROR_RATE 1e-4

struct reference *reference_create(const struct os *os, struct timers *timers,
                                   const struct log *log, struct clock *clock,
                                   const struct reference_settings *settings)
{
    struct reference *r = calloc(1, sizeof(*r));

    assert(r);
    r->os = *os;
    r->timers = timers;
    r->log = log;
    r->clock = clock;
    r->settings = *settings;
    r->leap = LEAP_UNSYNCHRONISED;
    r->stratum = STRATUM_NONE;
    r->root_delay_s = r->root_dispersion_s = UNSYNCHRONISED_ROOT_S;
    r->skew_ppm = SKEW_UNKNOWN_PPM;
    r->makestep_threshold_s = settings->makestep_threshold_s;
    r->makestep_left = settings->makestep_limit;
    r->maxchange_start_left = settings->maxchange_start;
    r->maxchange_ignore_left = settings->maxchange_ignore;
    r->max_error_s = UNSYNCHRONISED_ROOT_S * 1.5;
    r->trouble.code = REASON_NOT_UPDATED;
    r->unsynced_since = r->updated_at = clock_osc_now(clock);
    r->smooth.limits = settings->smooth;
    r->status_timer = (struct timer){.fire = reference_status_fired, .ctx = r};
    r->fallback.timer = (struct timer){.fire = reference_fallback_fired, .ctx = r};
    reference_leap_start(r);
    reference_log_open(r);
    return r;
}

/* The file is written at the end, update or not: -s takes its date for the time that it was then.
 * One that could not be read is left for somebody to look at. */
static void read_drift_file(struct reference *r)
{
    struct drift drift;
    struct err err = {0};

    if (!r->settings.drift_file)
        return;
    if (drift_read(&r->os, r->settings.drift_file, &drift, &err)) {
        log_info(r->log, "Frequency %.3f +/- %.3f ppm read from %s", drift.freq_ppm, drift.skew_ppm,
                 r->settings.drift_file);
        if (drift.freq_ppm != 0.0)
            clock_set_freq(r->clock, drift.freq_ppm);
        r->skew_ppm = drift.skew_ppm;
        r->drift_dirty = true;
    } else if (err.code != ERR_MISSING) {
        log_warning(r->log, "%s", err.text);
    } else {
        r->drift_dirty = true;
    }
}

void reference_start(struct reference *r)
{
    const struct reason why = {.code = REASON_NONE};
    double freq_ppm = clock_freq_ppm(r->clock);

    read_drift_file(r);
    if (r->skew_ppm >= SKEW_UNKNOWN_PPM && freq_ppm != 0.0)
        log_info(r->log, "Initial frequency %.3f ppm", freq_ppm);
    reference_announce(r);
    reference_unsynchronise(r, NULL, &why); /* the first record of tracking.log */
}

static void write_drift_file(struct reference *r)
{
    struct drift drift = {.freq_ppm = clock_freq_ppm(r->clock), .skew_ppm = r->skew_ppm};
    struct err err = {0};

    if (!r->settings.drift_file || r->settings.mode != REFERENCE_NORMAL || !r->drift_dirty)
        return;
    if (!drift_write(&r->os, r->settings.drift_file, &drift, &err))
        log_warning(r->log, "%s", err.text);
    r->drift_dirty = false;
    r->drift_age_s = 0.0;
}

void reference_destroy(struct reference *r)
{
    if (!r)
        return;
    write_drift_file(r);
    timer_cancel(r->timers, &r->status_timer);
    timer_cancel(r->timers, &r->leaps.timer);
    timer_cancel(r->timers, &r->fallback.timer);
    logfile_destroy(r->tracking_log);
    leap_source_destroy(r->leap_source);
    free(r);
}

/* --- an update ------------------------------------------------------------------------------ */

/* May an offset this large be believed (maxchange)? */
static bool change_allowed(struct reference *r, double offset_s)
{
    struct reason why = {.code = REASON_OFFSET_IGNORED,
                         .figure = offset_s,
                         .limit = r->settings.maxchange_s,
                         .directive = "maxchange"};

    if (r->maxchange_start_left < 0)
        return true;
    if (r->maxchange_start_left > 0) {
        r->maxchange_start_left--;
        return true;
    }
    if (fabs(offset_s) <= r->settings.maxchange_s)
        return true;
    r->wants_exit = r->maxchange_ignore_left == 0;
    if (r->maxchange_ignore_left > 0)
        r->maxchange_ignore_left--;
    log_warning(r->log, "Adjustment of %.3f seconds exceeds the allowed maximum of %.3f seconds %s",
                offset_s, r->settings.maxchange_s, r->wants_exit ? "(exiting)" : "(ignored)");
    r->trouble = why;
    return false;
}

/* Each update counts, stepped or not (spec section 9, makestep). */
static bool step_wanted(struct reference *r, double total_s)
{
    if (r->makestep_left == 0)
        return false;
    if (r->makestep_left > 0)
        r->makestep_left--;
    return fabs(total_s) > r->makestep_threshold_s;
}

/* The uncertainty of the frequency grows while nothing is heard: it is kept as a figure of the last
 * update, aged by the policy. */
static struct steer_freq new_frequency(const struct reference *r, const struct estimate *e,
                                       double interval_s)
{
    struct steer_freq now = {.freq_ppm = clock_freq_ppm(r->clock), .skew_ppm = r->skew_ppm};

    return steer_frequency(&now, e, r->settings.max_update_skew_ppm, interval_s);
}

static double slew_duration_s(const struct reference *r, const struct reference_update *u,
                              double total_s, double interval_s)
{
    const struct estimate *e = &u->estimate;
    struct steer s = {.offset_s = total_s,
                      .offset_sd_s = max_d(e->offset_sd_s, clock_precision_s(r->clock)),
                      .skew_ppm = e->skew_ppm,
                      .interval_s = max_d(interval_s, u->interval_s),
                      .updates = r->updates,
                      .corr_time_ratio = r->settings.corr_time_ratio,
                      .max_slew_ppm = clock_max_slew_ppm(r->clock)};

    return steer_slew_s(&s);
}

static void tell_change(struct reference *r, double offset_s)
{
    if (fabs(offset_s) > r->settings.log_change_s)
        log_warning(r->log, "System clock wrong by %.6f seconds", offset_s);
    reference_mail_change(r, offset_s);
}

/* Hand the new line to the clock. `total_s` is all that raw has to go. */
static void steer(struct reference *r, const struct clock_order *order, double total_s)
{
    struct err err = {0};
    struct line before = reference_line(r);
    bool done = clock_steer(r->clock, order, &err);

    reference_line_moved(r, &before, false);
    if (!order->step || !clock_in_control(r->clock))
        return;
    if (done) {
        reference_smooth_restart(r);
        r->steps++;
        r->last_step_s = total_s;
        if (r->settings.mode == REFERENCE_NORMAL)
            log_warning(r->log, "System clock was stepped by %.6f seconds", total_s);
    } else {
        log_error(r->log, "Could not step system clock: %s", err.text);
    }
}

/* Something happened to the clock that may have moved it by so much, until the next update. */
static void shake(struct reference *r, double by_s)
{
    r->root_dispersion_s += by_s;
    r->shaken_s += by_s;
}

void reference_notice_interference(struct reference *r)
{
    double ppm;
    bool found = clock_notice_interference(r->clock, &ppm);

    if (found && !r->interference)
        log_warning(r->log, "System clock interference detected (another NTP client?)");
    r->interference = found;
    if (found)
        shake(r, fabs(ppm) * 1e-6 * INTERFERENCE_SPAN_S);
}

/* -q, -Q and initstepslew: one update, and it ends there. */
static void update_initially(struct reference *r, struct clock_order *order, double offset_s)
{
    order->step = fabs(offset_s) >= r->initial_threshold_s;
    log_info(r->log, "System's initial offset : %.6f seconds %s of true (%s)", fabs(offset_s),
             offset_s >= 0.0 ? "slow" : "fast", order->step ? "step" : "slew");
    steer(r, order, offset_s);
    r->once = ONCE_DONE;
}

static void update_once(struct reference *r, const struct reference_update *u, double offset_s)
{
    const struct estimate *e = &u->estimate;
    struct clock_order order = {
        .at = e->at, .truth = e->truth, .freq_ppm = clock_freq_ppm(r->clock), .step = true};
    bool step = r->settings.mode == REFERENCE_UPDATE_ONCE;

    if (r->settings.mode == REFERENCE_INITIAL) {
        update_initially(r, &order, offset_s);
        return;
    }
    log_info(r->log, "System clock wrong by %.6f seconds (%s)", offset_s,
             step ? "step" : "ignored");
    r->once = ONCE_DONE;
    if (!step)
        return;
    steer(r, &order, offset_s);
    if (clock_in_control(r->clock) && fabs(clock_remaining_s(r->clock)) > 0.1)
        r->once = ONCE_FAILED;
}

void reference_begin_initial(struct reference *r, double threshold_s)
{
    r->settings.mode = REFERENCE_INITIAL;
    r->initial_threshold_s = threshold_s;
    r->once = ONCE_WAITING;
}

void reference_end_initial(struct reference *r)
{
    r->settings.mode = REFERENCE_NORMAL;
    r->once = ONCE_WAITING;
}

static void follow(struct reference *r, const struct reference_update *u, double offset_s)
{
    const struct estimate *e = &u->estimate;
    double square = offset_s * offset_s;

    r->rms_square_s2 =
        r->updates ? r->rms_square_s2 + RMS_WEIGHT * (square - r->rms_square_s2) : square;
    r->updates++;
    r->synchronised = true;
    r->stratum = clamp_i(u->stratum + 1, 1, STRATUM_NONE);
    r->sources = u->sources;
    r->refid = u->refid;
    r->addr = u->addr;
    r->updated_at = e->at;
    r->ref_time = e->truth;
    r->root_delay_s = e->root_delay_s;
    r->root_dispersion_s = e->root_dispersion_s;
    r->offset_sd_s = e->offset_sd_s;
    r->restless = e->restless;
    r->open_rate_ppm = e->open_rate * 1e6;
    r->shaken_s = 0.0;
    r->leaps.ignored = false;
    r->last_offset_s = offset_s;
    r->trouble = (struct reason){0};
    if (r->root_delay_s / 2.0 + r->root_dispersion_s < r->settings.local.activate_s)
        r->local_activated = true;
}

/* All that an update of a running daemon does, once its offset is believed. */
static void update_clock(struct reference *r, const struct reference_update *u, double offset_s)
{
    const struct estimate *e = &u->estimate;
    double remaining_s = clock_remaining_s(r->clock), total_s = remaining_s + offset_s;
    double interval_s =
        r->updates ? max_d(0.0, clock_interval_s(r->clock, r->updated_at, e->at)) : 0.0;
    struct steer_freq freq;
    struct clock_order order = {.at = e->at, .truth = e->truth};
    struct tracking_record record = {.synchronised = true,
                                     .refid = u->refid,
                                     .addr = u->addr,
                                     .offset_s = offset_s,
                                     .remaining_s = remaining_s};

    r->max_error_s = max_d(r->max_error_s, reference_bound_s(r));
    freq = new_frequency(r, e, interval_s);
    order.freq_ppm = freq.freq_ppm;
    order.step = step_wanted(r, total_s);
    order.slew_s = slew_duration_s(r, u, total_s, interval_s);
    tell_change(r, offset_s);
    steer(r, &order, total_s);
    r->skew_ppm = freq.skew_ppm;
    r->resid_freq_ppm = e->freq_ppm - clock_freq_ppm(r->clock);
    follow(r, u, offset_s);
    r->update_interval_s = interval_s;
    reference_leap_update(r, u->leap);
    reference_smooth_update(r);

    reference_log_record(r, &record);
    r->max_error_s = reference_bound_s(r);
    reference_fallback_update(r, interval_s);
    reference_holdover_update(r, interval_s);
    r->drift_dirty = true;
    r->drift_age_s += interval_s;
    if (r->drift_age_s >= r->settings.drift_interval_s)
        write_drift_file(r);
    reference_announce(r);
}

void reference_update(struct reference *r, const struct reference_update *u)
{
    double offset_s = utc_diff_s(u->estimate.truth, clock_corrected(r->clock, u->estimate.at));

    if (r->once != ONCE_WAITING || r->wants_exit)
        return;
    if (r->settings.mode != REFERENCE_NORMAL) {
        update_once(r, u, offset_s);
        return;
    }
    if (!change_allowed(r, offset_s))
        return;
    reference_notice_interference(r);
    update_clock(r, u, offset_s);
}

void reference_unsynchronise(struct reference *r, const struct reference_update *last,
                             const struct reason *why)
{
    struct tracking_record record = {.remaining_s = clock_remaining_s(r->clock)};

    (void)last;
    r->trouble = *why;
    if (r->settings.mode != REFERENCE_NORMAL || (!r->synchronised && r->ever_logged))
        return;
    if (r->synchronised) {
        r->unsynced_since = clock_osc_now(r->clock);
        r->max_error_s = max_d(r->max_error_s, reference_bound_s(r));
    }
    r->synchronised = false;
    r->ever_logged = true;
    r->leap = LEAP_UNSYNCHRONISED;
    r->stratum = STRATUM_NONE;
    r->refid = 0;
    r->addr = (struct addr){0};
    r->max_error_s = max_d(r->max_error_s, UNSYNCHRONISED_ROOT_S * 1.5);
    reference_log_record(r, &record);
    reference_announce(r);
}

bool reference_is_synchronised(const struct reference *r)
{
    return r->synchronised;
}

void reference_explain(struct reference *r, const struct reason *why)
{
    r->trouble = *why;
}

/* --- the world moved ------------------------------------------------------------------------ */

void reference_clock_jumped(struct reference *r, const struct clock_jump *jump)
{
    struct reason why = {.code = REASON_CLOCK_JUMPED, .figure = jump->offset_s};

    if (reference_leap_jumped(r, jump))
        return;
    if (fabs(jump->offset_s) >= LARGE_JUMP_S)
        log_warning(r->log, "%s time jump detected!",
                    jump->offset_s > 0.0 ? "Forward" : "Backward");
    if (jump->cause == CLOCK_JUMP_FOREIGN) {
        r->foreign_steps++;
        r->last_step_s = jump->offset_s;
    }
    if (jump->cause == CLOCK_JUMP_SUSPEND) {
        shake(r, SLEEP_ERROR_S + SLEEP_ERROR_RATE * jump->offset_s);
        r->leaps.unsynced = false;
    } else if (fabs(jump->offset_s) >= LARGE_JUMP_S) {
        /* Whoever set the clock may know better than we do: measure again before moving it back. */
        reference_unsynchronise(r, NULL, &why);
    } else {
        struct osc now = clock_osc_now(r->clock);
        struct clock_order order = {.at = now,
                                    .truth = clock_corrected(r->clock, now),
                                    .freq_ppm = clock_freq_ppm(r->clock)};

        log_warning(r->log, "System clock was moved by %.6f seconds by another program",
                    jump->offset_s);
        clock_steer(r->clock, &order, NULL);
    }
    reference_announce(r);
}

/* --- by hand -------------------------------------------------------------------------------- */

/* Move the corrected line by offset_s (> 0: the clock is slow). */
static void move_line(struct reference *r, double offset_s, double freq_ppm)
{
    struct osc now = clock_osc_now(r->clock);
    double total_s = clock_remaining_s(r->clock) + offset_s;
    struct clock_order order = {.at = now,
                                .truth = utc_add_s(clock_corrected(r->clock, now), offset_s),
                                .freq_ppm = freq_ppm};

    order.step = step_wanted(r, total_s);
    tell_change(r, offset_s);
    steer(r, &order, total_s);
}

void reference_manual(struct reference *r, double offset_s, double freq_ppm, bool has_freq)
{
    struct tracking_record record = {
        .refid = REFID_MANUAL, .offset_s = offset_s, .remaining_s = clock_remaining_s(r->clock)};

    move_line(r, offset_s, has_freq ? freq_ppm : clock_freq_ppm(r->clock));
    r->drift_dirty = r->drift_dirty || has_freq;
    reference_log_record(r, &record);
    reference_announce(r);
}

bool reference_add_offset(struct reference *r, double offset_s)
{
    if (!isfinite(offset_s) || fabs(offset_s) > 1e9)
        return false;
    move_line(r, -offset_s, clock_freq_ppm(r->clock));
    reference_announce(r);
    return true;
}

void reference_add_freq(struct reference *r, double ppm)
{
    double now = clock_freq_ppm(r->clock) * 1e-6;
    struct line before = reference_line(r);

    if (!isfinite(ppm))
        return;
    clock_set_freq(r->clock, ((1.0 + now) * (1.0 + ppm * 1e-6) - 1.0) * 1e6);
    reference_line_moved(r, &before, false);
    reference_announce(r);
}

bool reference_make_step(struct reference *r)
{
    double offset_s = clock_remaining_s(r->clock);
    struct err err = {0};

    if (!clock_make_step(r->clock, &err))
        return false;
    reference_smooth_restart(r);
    r->steps++;
    r->last_step_s = offset_s;
    log_warning(r->log, "System clock was stepped by %.6f seconds", offset_s);
    reference_announce(r);
    return true;
}

void reference_set_local(struct reference *r, const struct local_settings *s)
{
    r->settings.local = *s;
    reference_announce(r);
}

void reference_set_makestep(struct reference *r, double threshold_s, int limit)
{
    r->makestep_threshold_s = threshold_s;
    r->makestep_left = limit;
}

void reference_set_max_update_skew(struct reference *r, double ppm)
{
    r->settings.max_update_skew_ppm = fabs(ppm);
}

void reference_cycle_logs(struct reference *r)
{
    if (r->tracking_log)
        logfile_cycle(r->tracking_log);
}

enum reference_once reference_once(const struct reference *r)
{
    return r->once;
}

bool reference_is_once(const struct reference *r)
{
    return r->settings.mode != REFERENCE_NORMAL;
}

bool reference_wants_exit(const struct reference *r)
{
    return r->wants_exit;
}
