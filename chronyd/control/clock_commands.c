/* clock_commands.c - commands that change the clock and what is announced as the time. */
#include <math.h>

#include "chronyd/control/handlers.h"

enum candm_status handle_makestep(struct exchange *x)
{
    return reference_make_step(x->control->rooms.reference) ? CANDM_SUCCESS : CANDM_FAILED;
}

enum candm_status handle_modify_makestep(struct exchange *x)
{
    struct candm_req_makestep request;

    candm_get_req_makestep(&x->in, &request);
    reference_set_makestep(x->control->rooms.reference, request.threshold_s, request.limit);
    log_info(&x->control->log, "New makestep %g %d", request.threshold_s, request.limit);
    return CANDM_SUCCESS;
}

enum candm_status handle_modify_maxupdateskew(struct exchange *x)
{
    struct candm_req_float request;

    candm_get_req_float(&x->in, &request);
    reference_set_max_update_skew(x->control->rooms.reference, request.value);
    log_info(&x->control->log, "New maxupdateskew %f ppm", request.value);
    return CANDM_SUCCESS;
}

/* Positive: the clock is gaining. */
enum candm_status handle_dfreq(struct exchange *x)
{
    struct candm_req_float request;

    candm_get_req_float(&x->in, &request);
    reference_add_freq(x->control->rooms.reference, request.value);
    log_info(&x->control->log, "Accumulated delta freq of %.3fppm", request.value);
    return CANDM_SUCCESS;
}

/* Positive: the clock is ahead. */
static enum candm_status add_offset(struct exchange *x, double offset_s)
{
    if (!reference_add_offset(x->control->rooms.reference, offset_s))
        return CANDM_FAILED;
    log_info(&x->control->log, "Accumulated delta offset of %.6f seconds", offset_s);
    return CANDM_SUCCESS;
}

enum candm_status handle_doffset(struct exchange *x)
{
    struct candm_req_float request;

    candm_get_req_float(&x->in, &request);
    return add_offset(x, request.value);
}

enum candm_status handle_doffset_old(struct exchange *x)
{
    struct candm_req_doffset_old request;

    candm_get_req_doffset_old(&x->in, &request);
    return add_offset(x, request.sec + request.usec * 1e-6);
}

static enum candm_status set_local(struct exchange *x, const struct local_settings *s)
{
    reference_set_local(x->control->rooms.reference, s);
    log_info(&x->control->log, "%s local reference mode", s->enabled ? "Enabled" : "Disabled");
    return CANDM_SUCCESS;
}

enum candm_status handle_local(struct exchange *x)
{
    struct candm_req_local request;
    struct local_settings s = {0};

    candm_get_req_local(&x->in, &request);
    if (request.on)
        s = (struct local_settings){.enabled = true,
                                    .stratum = clamp_i(request.stratum, 1, 15),
                                    .orphan = request.orphan != 0,
                                    .distance_s = request.distance_s,
                                    .activate_s = request.activate_s,
                                    .wait_synced_s = request.wait_synced_s,
                                    .wait_unsynced_s = request.wait_unsynced_s};
    return set_local(x, &s);
}

enum candm_status handle_local2(struct exchange *x)
{
    struct candm_req_local2 request;
    struct local_settings s = {0};

    candm_get_req_local2(&x->in, &request);
    if (request.on)
        s = (struct local_settings){.enabled = true,
                                    .stratum = clamp_i(request.stratum, 1, 15),
                                    .orphan = request.orphan != 0,
                                    .distance_s = request.distance_s};
    return set_local(x, &s);
}

/* --- manual input --- */

enum manual_option { MANUAL_OFF, MANUAL_ON, MANUAL_RESET };

/* Seconds that fit into 64 bits of nanoseconds; others cannot be a time. */
#define SECONDS_MAX INT64_C(9223372036)

enum candm_status handle_settime(struct exchange *x)
{
    struct candm_req_settime request;
    struct candm_rpy_manual_timestamp r;
    struct manual_result result;
    struct utc truth = {0};

    candm_get_req_settime(&x->in, &request);
    if (request.time.sec >= 0 && request.time.sec < SECONDS_MAX)
        truth.ns = request.time.sec * NS_PER_S + request.time.nsec;
    switch (manual_enter(x->control->rooms.manual, truth, &result)) {
    case MANUAL_ACCEPTED:
        break;
    case MANUAL_DISABLED:
        return CANDM_NOT_ENABLED;
    case MANUAL_REFUSED:
        return CANDM_FAILED;
    }
    r = (struct candm_rpy_manual_timestamp){.offset_s = result.offset_s,
                                            .dfreq_ppm = result.change_ppm,
                                            .new_freq_ppm = result.freq_ppm};
    candm_put_rpy_manual_timestamp(&x->out, &r);
    log_info(&x->control->log, "System clock was %.2f seconds %s by manual input",
             fabs(result.offset_s), result.offset_s < 0.0 ? "slow" : "fast");
    return CANDM_SUCCESS;
}

enum candm_status handle_manual(struct exchange *x)
{
    struct manual *manual = x->control->rooms.manual;
    struct candm_req_int request;

    candm_get_req_int(&x->in, &request);
    switch (request.value) {
    case MANUAL_OFF:
        manual_enable(manual, false);
        break;
    case MANUAL_ON:
        manual_enable(manual, true);
        break;
    case MANUAL_RESET:
        manual_reset(manual);
        return CANDM_SUCCESS;
    default:
        return CANDM_INVALID;
    }
    log_info(&x->control->log, "%s manual time input", request.value ? "Enabled" : "Disabled");
    return CANDM_SUCCESS;
}

enum candm_status handle_manual_delete(struct exchange *x)
{
    struct candm_req_int request;

    candm_get_req_int(&x->in, &request);
    if (request.value < 0 || !manual_delete(x->control->rooms.manual, (size_t)request.value))
        return CANDM_BAD_SAMPLE;
    return CANDM_SUCCESS;
}

/* --- served time, real-time clock --- */

enum candm_status handle_smoothtime(struct exchange *x)
{
    struct candm_req_int request;

    candm_get_req_int(&x->in, &request);
    if (request.value != 0 && request.value != 1)
        return CANDM_INVALID;
    if (!reference_smoothing_command(x->control->rooms.reference, request.value == 1))
        return CANDM_NOT_ENABLED;
    return CANDM_SUCCESS;
}

enum candm_status handle_writertc(struct exchange *x)
{
    struct rtc *rtc = x->control->rooms.rtc;
    struct err err;

    if (!rtc)
        return CANDM_NO_RTC;
    if (rtc_write(rtc, &err))
        return CANDM_SUCCESS;
    log_warning(&x->control->log, "Could not write rtcfile: %s", err.text);
    return CANDM_BAD_RTC_FILE;
}

enum candm_status handle_trimrtc(struct exchange *x)
{
    struct rtc *rtc = x->control->rooms.rtc;

    return rtc && rtc_trim(rtc) ? CANDM_SUCCESS : CANDM_NO_RTC;
}
