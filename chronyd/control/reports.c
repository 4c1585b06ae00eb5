/* reports.c - tracking, sources and their statistics as candm shows them.
 *
 * The daemon's offsets are what has to be added to the clock (> 0: we are slow); most of candm's
 * say by how much the clock is ahead. Each field is turned here, and nowhere else. */
#include <math.h>

#include "chronyd/control/explanations.h"
#include "chronyd/control/handlers.h"

static struct candm_time time_of(struct utc t)
{
    int64_t sec = t.ns / NS_PER_S;

    if (t.ns % NS_PER_S < 0)
        sec--;
    return (struct candm_time){.sec = sec, .nsec = (uint32_t)(t.ns - sec * NS_PER_S)};
}

static uint32_t whole_seconds(double s)
{
    return (uint32_t)clamp_d(s, 0.0, 4294967294.0); /* the largest number means "none" */
}

/* The opposite sign, without turning zero into minus zero. */
static double opposite(double v)
{
    return 0.0 - v;
}

enum candm_status handle_n_sources(struct exchange *x)
{
    const struct candm_rpy_n_sources r = {.count =
                                              (uint32_t)sources_count(x->control->rooms.sources)};

    candm_put_rpy_n_sources(&x->out, &r);
    return CANDM_SUCCESS;
}

/* The source whose index the request names, and its report; NULL: there is none. */
static const struct source *source_of_index(struct exchange *x, struct source_report *report)
{
    struct candm_req_int request;
    const struct source *s;

    candm_get_req_int(&x->in, &request);
    if (request.value < 0)
        return NULL;
    s = sources_at(x->control->rooms.sources, (size_t)request.value);
    if (s)
        source_report(s, report);
    return s;
}

/* Spec candm-v6 section 5.3. */
static uint16_t state_of(enum select_state state)
{
    switch (state) {
    case SELECT_SELECTED:
        return CANDM_SELECTED;
    case SELECT_FALSETICKER:
        return CANDM_FALSETICKER;
    case SELECT_JITTERY:
        return CANDM_JITTERY;
    case SELECT_COMBINED:
        return CANDM_UNSELECTED;
    case SELECT_WAITS_SOURCES:
    case SELECT_NONPREFERRED:
    case SELECT_WAITS_UPDATE:
    case SELECT_DISTANT:
        return CANDM_SELECTABLE;
    default:
        return CANDM_NONSELECTABLE;
    }
}

enum candm_status handle_source_data(struct exchange *x)
{
    const struct control_rooms *rooms = &x->control->rooms;
    struct candm_rpy_source_data r = {.since_sample_s = UINT32_MAX};
    struct source_report s;

    if (!source_of_index(x, &s))
        return CANDM_NO_SUCH_SOURCE;
    r.address = s.kind == SOURCE_REFCLOCK ? addr_from_ipv4(s.refid) : s.addr;
    r.poll = (int16_t)(s.kind == SOURCE_REFCLOCK ? refclocks_poll_log2(rooms->refclocks, s.refid)
                                                 : ntp_source_poll(rooms->ntp, &s.addr));
    r.state = state_of(s.select.state);
    r.mode = (uint16_t)s.kind;
    r.reachability = s.reach;
    if (s.has_sample) {
        r.stratum = (uint16_t)s.stratum;
        r.since_sample_s = whole_seconds(s.sample_age_s);
        r.orig_latest_meas_s = opposite(s.offset_then_s);
        r.latest_meas_s = opposite(s.offset_now_s);
        r.latest_meas_err_s = s.error_s;
    }
    candm_put_rpy_source_data(&x->out, &r);
    return CANDM_SUCCESS;
}

enum candm_status handle_sourcestats(struct exchange *x)
{
    struct candm_rpy_sourcestats r = {0};
    struct source_report s;

    if (!source_of_index(x, &s))
        return CANDM_NO_SUCH_SOURCE;
    r.refid = s.refid;
    if (s.kind != SOURCE_REFCLOCK)
        r.address = s.addr;
    r.samples = (uint32_t)s.track.samples;
    r.runs = (uint32_t)s.track.runs;
    r.span_s = whole_seconds(round(s.track.span_s));
    r.sd_s = s.track.sd_s;
    r.skew_ppm = s.track.skew_ppm;
    if (s.has_estimate) {
        r.resid_freq_ppm = s.resid_freq_ppm;
        r.offset_s = opposite(s.offset_s);
        r.offset_err_s = s.offset_sd_s;
    }
    candm_put_rpy_sourcestats(&x->out, &r);
    return CANDM_SUCCESS;
}

enum candm_status handle_select_data(struct exchange *x)
{
    struct candm_rpy_select_data r = {0};
    struct source_report s;
    const struct source *source = source_of_index(x, &s);

    if (!source)
        return CANDM_NO_SUCH_SOURCE;
    complete_selection(&s, source_settings(source)->select_options);
    r.refid = s.refid;
    if (s.kind != SOURCE_REFCLOCK)
        r.address = s.addr;
    r.state = (uint8_t)s.select.state;
    r.authenticated = s.authenticated;
    r.leap = (uint8_t)(s.has_sample ? s.select.leap : LEAP_UNSYNCHRONISED);
    r.configured = s.select.options;
    r.effective = s.select.effective_options;
    r.last_sample_ago_s = s.has_sample ? whole_seconds(s.sample_age_s) : 0;
    r.score = s.select.score;
    r.low_s = opposite(s.select.high_s);
    r.high_s = opposite(s.select.low_s);
    candm_put_rpy_select_data(&x->out, &r);
    return CANDM_SUCCESS;
}

enum candm_status handle_tracking(struct exchange *x)
{
    struct reference_report report;
    const struct reference_figures *f = &report.figures;
    struct candm_rpy_tracking r = {0};

    reference_report(x->control->rooms.reference, &report);
    r.leap = LEAP_UNSYNCHRONISED;
    r.root_delay_s = 1.0;
    r.root_dispersion_s = 1.0;
    if (f->synchronised) {
        r.refid = f->refid;
        if (!f->local)
            r.address = f->addr;
        r.stratum = (uint16_t)f->stratum;
        r.leap = (uint16_t)f->leap;
        r.ref_time = time_of(f->ref_time);
        r.root_delay_s = f->root_delay_s;
        r.root_dispersion_s = f->root_dispersion_s;
    }
    r.current_correction_s = report.remaining_s;
    r.last_offset_s = report.last_offset_s;
    r.rms_offset_s = report.rms_offset_s;
    r.freq_ppm = report.freq_ppm;
    r.resid_freq_ppm = report.resid_freq_ppm;
    r.skew_ppm = report.skew_ppm;
    r.last_update_interval_s = report.update_interval_s;
    candm_put_rpy_tracking(&x->out, &r);
    return CANDM_SUCCESS;
}

enum candm_status handle_activity(struct exchange *x)
{
    struct ntp_activity a;
    struct candm_rpy_activity r;

    ntp_activity(x->control->rooms.ntp, &a);
    r = (struct candm_rpy_activity){.online = a.online,
                                    .offline = a.offline,
                                    .burst_online = a.burst_online,
                                    .burst_offline = a.burst_offline,
                                    .unresolved = a.unresolved};
    candm_put_rpy_activity(&x->out, &r);
    return CANDM_SUCCESS;
}

enum candm_status handle_rtcreport(struct exchange *x)
{
    const struct rtc *rtc = x->control->rooms.rtc;
    struct rtc_report report;
    struct candm_rpy_rtc r;

    if (!rtc)
        return CANDM_NO_RTC;
    rtc_report(rtc, &report);
    r = (struct candm_rpy_rtc){
        .ref_time = time_of(report.ref_time),
        .samples = (uint16_t)report.samples,
        .runs = (uint16_t)report.runs,
        .span_s = (uint32_t)report.span_s,
        .fast_s = report.fast_s,
        .gain_ppm = report.gain_ppm,
    };
    candm_put_rpy_rtc(&x->out, &r);
    return CANDM_SUCCESS;
}

enum candm_status handle_smoothing(struct exchange *x)
{
    struct reference_smoothing s;
    struct candm_rpy_smoothing r;

    if (!reference_smoothing(x->control->rooms.reference, &s))
        return CANDM_NOT_ENABLED;
    r = (struct candm_rpy_smoothing){
        .flags = (s.active ? 1u : 0u) | (s.leap_only ? 2u : 0u),
        .offset_s = s.offset_s,
        .freq_ppm = s.freq_ppm,
        .wander_ppm = s.wander_ppm,
        .last_update_ago_s = s.last_update_ago_s,
        .remaining_s = s.remaining_s,
    };
    candm_put_rpy_smoothing(&x->out, &r);
    return CANDM_SUCCESS;
}

enum candm_status handle_manual_list(struct exchange *x)
{
    const struct manual *manual = x->control->rooms.manual;
    struct candm_rpy_manual_list r = {.count = (uint32_t)manual_count(manual)};
    struct manual_entry e;

    for (size_t i = 0; i < r.count; i++) {
        manual_entry(manual, i, &e);
        r.samples[i] = (struct candm_manual_sample){.when = time_of(e.when),
                                                    .slewed_s = e.slewed_s,
                                                    .original_s = e.original_s,
                                                    .residual_s = e.residual_s};
    }
    candm_put_rpy_manual_list(&x->out, &r);
    return CANDM_SUCCESS;
}

/* --- one NTP source, by its address --- */

/* Bits above the ten tests (spec candm-v6 section 5.3). */
#define FLAG_INTERLEAVED 0x4000
#define FLAG_AUTHENTICATED 0x8000
#define FLAG_TESTS 0x3ff

static struct candm_rpy_ntp_data2 ntp_data_of(const struct ntp_data_report *n)
{
    return (struct candm_rpy_ntp_data2){
        .remote = n->remote,
        .local = n->local,
        .remote_port = n->remote_port,
        .leap = n->leap,
        .version = n->version,
        .mode = n->mode,
        .stratum = n->stratum,
        .poll = n->poll,
        .precision = n->precision,
        .root_delay_s = n->root_delay_s,
        .root_dispersion_s = n->root_dispersion_s,
        .refid = n->refid,
        .ref_time = time_of(n->reference_time),
        .offset_s = n->offset_s,
        .peer_delay_s = n->peer_delay_s,
        .peer_dispersion_s = n->peer_dispersion_s,
        .response_time_s = n->response_time_s,
        .asymmetry = n->asymmetry,
        .flags = (uint16_t)((n->tests & FLAG_TESTS) | (n->interleaved ? FLAG_INTERLEAVED : 0) |
                            (n->authenticated ? FLAG_AUTHENTICATED : 0)),
        .tx_stamp = (uint8_t)n->tx_stamp,
        .rx_stamp = (uint8_t)n->rx_stamp,
        .total_tx = n->total_tx,
        .total_rx = n->total_rx,
        .total_valid = n->total_valid,
        .total_good = n->total_good,
        .total_kernel_tx = n->total_kernel_tx,
        .total_kernel_rx = n->total_kernel_rx,
        .total_hw_tx = n->total_hw_tx,
        .total_hw_rx = n->total_hw_rx,
    };
}

enum candm_status handle_ntp_data(struct exchange *x)
{
    struct candm_req_address request;
    struct ntp_data_report report = {0};
    struct candm_rpy_ntp_data2 r;

    candm_get_req_address(&x->in, &request);
    if (!ntp_data_report(x->control->rooms.ntp, &request.address, &report))
        return CANDM_NO_SUCH_SOURCE;
    r = ntp_data_of(&report);
    if (x->request_length >= CANDM_REPLY_HEADER + candm_reply_bytes(CANDM_RPY_ntp_data2)) {
        candm_put_rpy_ntp_data2(&x->out, &r);
    } else {
        x->reply = CANDM_RPY_ntp_data;
        candm_put_rpy_ntp_data(&x->out, &r);
    }
    return CANDM_SUCCESS;
}

enum candm_status handle_ntp_source_name(struct exchange *x)
{
    struct candm_req_address request;
    struct candm_rpy_source_name r = {0};
    char name[sizeof(r.name) + 1] = "";

    candm_get_req_address(&x->in, &request);
    if (!ntp_source_name(x->control->rooms.ntp, &request.address, name, sizeof(name)))
        return CANDM_NO_SUCH_SOURCE;
    memcpy(r.name, name, strnlen(name, sizeof(r.name)));
    candm_put_rpy_source_name(&x->out, &r);
    return CANDM_SUCCESS;
}

enum candm_status handle_auth_data(struct exchange *x)
{
    struct candm_req_address request;
    struct ntp_auth_report a = {0};
    struct candm_rpy_auth_data r;

    candm_get_req_address(&x->in, &request);
    if (!ntp_auth_report(x->control->rooms.ntp, &request.address, &a))
        return CANDM_NO_SUCH_SOURCE;
    r = (struct candm_rpy_auth_data){.mode = (uint16_t)a.mode,
                                     .key_type = (uint16_t)a.key_type,
                                     .key_id = a.key_id,
                                     .key_bits = (uint16_t)a.key_bits,
                                     .ke_attempts = (uint16_t)a.ke_attempts,
                                     .last_ke_ago_s = a.last_ke_ago_s,
                                     .cookies = (uint16_t)a.cookies,
                                     .cookie_length = (uint16_t)a.cookie_length,
                                     .nak = (uint16_t)a.nak};
    candm_put_rpy_auth_data(&x->out, &r);
    return CANDM_SUCCESS;
}
