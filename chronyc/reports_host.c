/* reports_host.c - reports about the host, its server side and its clients. */
#include <math.h>

#include "base/addr.h"
#include "chronyc/reports.h"

#define REPORT(name, rows, head, rest, fields)                                                     \
    {                                                                                              \
        name, rows, head, rest, fields, ARRAY_LEN(fields)                                          \
    }

/* --- tracking -------------------------------------------------------------------------------- */

static const struct field tracking_fields[] = {
    {"Reference ID    : ", KIND_REFID, 0, 0, 0, "", "refid"},
    {" (", KIND_TEXT, 0, 0, 0, ")\n", "source"},
    {"", KIND_YESNO, 0, 0, FIELD_JSON_ONLY, "", "synchronised"},
    {"Stratum         : ", KIND_UINT, 0, 0, 0, "\n", "stratum"},
    {"Ref time (UTC)  : ", KIND_TIME, 0, 0, 0, "\n", "ref_time"},
    {"System time     : ", KIND_OFFSET_WORD, 0, 0, 0, " of NTP time\n", "correction_s"},
    {"Last offset     : ", KIND_REAL_SIGNED, 0, 9, 0, " seconds\n", "last_offset_s"},
    {"RMS offset      : ", KIND_REAL, 0, 9, 0, " seconds\n", "rms_offset_s"},
    {"Frequency       : ", KIND_FREQ_WORD, 0, 0, 0, "\n", "frequency_ppm"},
    {"Residual freq   : ", KIND_REAL_SIGNED, 0, 3, 0, " ppm\n", "residual_frequency_ppm"},
    {"Skew            : ", KIND_REAL, 0, 3, 0, " ppm\n", "skew_ppm"},
    {"Root delay      : ", KIND_REAL, 0, 9, 0, " seconds\n", "root_delay_s"},
    {"Root dispersion : ", KIND_REAL, 0, 9, 0, " seconds\n", "root_dispersion_s"},
    {"Update interval : ", KIND_REAL, 0, 1, 0, " seconds\n", "update_interval_s"},
    {"Leap status     : ", KIND_LEAP, 0, 0, 0, "\n", "leap_status"},
    {"", KIND_REAL, 0, 9, FIELD_JSON_ONLY, "", "error_bound_s"},
};
const struct report report_tracking = REPORT("tracking", NULL, NULL, NULL, tracking_fields);

bool tracking_synchronised(const struct candm_rpy_tracking *r)
{
    return r->address.family != ADDR_NONE || (r->refid != 0 && r->refid != LOCAL_REFID);
}

double tracking_error_bound_s(const struct candm_rpy_tracking *r)
{
    return fabs(r->current_correction_s) + r->root_dispersion_s + r->root_delay_s / 2.0;
}

void row_tracking(struct printer *p, const struct candm_rpy_tracking *r, const char *name)
{
    const struct value v[] = {
        value_u(r->refid),
        value_s(name),
        value_u(tracking_synchronised(r)),
        value_u(r->stratum),
        value_t(r->ref_time),
        value_d(r->current_correction_s),
        value_d(r->last_offset_s),
        value_d(r->rms_offset_s),
        value_d(r->freq_ppm),
        value_d(r->resid_freq_ppm),
        value_d(r->skew_ppm),
        value_d(r->root_delay_s),
        value_d(r->root_dispersion_s),
        value_d(r->last_update_interval_s),
        value_u(r->leap),
        value_d(tracking_error_bound_s(r)),
    };
    _Static_assert(ARRAY_LEN(v) == ARRAY_LEN(tracking_fields), "a value for each field");

    printer_row(p, v);
}

/* --- waitsync -------------------------------------------------------------------------------- */

static const struct field waitsync_fields[] = {
    {"try: ", KIND_UINT, 0, 0, 0, "", "try"},
    {", refid: ", KIND_REFID, 0, 0, 0, "", "refid"},
    {", correction: ", KIND_REAL, 0, 9, 0, "", "correction_s"},
    {", skew: ", KIND_REAL, 0, 3, 0, "\n", "skew_ppm"},
};
const struct report report_waitsync = REPORT("waitsync", "tries", NULL, NULL, waitsync_fields);

void row_waitsync(struct printer *p, const struct candm_rpy_tracking *r, uint32_t try)
{
    const struct value v[] = {value_u(try), value_u(r->refid),
                              value_d(fabs(r->current_correction_s)), value_d(r->skew_ppm)};
    _Static_assert(ARRAY_LEN(v) == ARRAY_LEN(waitsync_fields), "a value for each field");

    printer_row(p, v);
}

/* --- activity -------------------------------------------------------------------------------- */

static const struct field activity_fields[] = {
    {"200 OK\n", KIND_INT, 0, 0, 0, " sources online\n", "online"},
    {"", KIND_INT, 0, 0, 0, " sources offline\n", "offline"},
    {"", KIND_INT, 0, 0, 0, " sources doing burst (return to online)\n", "burst_online"},
    {"", KIND_INT, 0, 0, 0, " sources doing burst (return to offline)\n", "burst_offline"},
    {"", KIND_INT, 0, 0, 0, " sources with unknown address\n", "unresolved"},
};
const struct report report_activity = REPORT("activity", NULL, NULL, NULL, activity_fields);

void row_activity(struct printer *p, const struct candm_rpy_activity *r)
{
    const struct value v[] = {value_i(r->online), value_i(r->offline), value_i(r->burst_online),
                              value_i(r->burst_offline), value_i(r->unresolved)};
    _Static_assert(ARRAY_LEN(v) == ARRAY_LEN(activity_fields), "a value for each field");

    printer_row(p, v);
}

/* --- serverstats ----------------------------------------------------------------------------- */

#define COUNTER(label, key)                                                                        \
    {                                                                                              \
        label, KIND_UINT, 0, 0, FIELD_OPTIONAL, "\n", key                                          \
    }
static const struct field serverstats_fields[] = {
    COUNTER("NTP packets received       : ", "ntp_packets_received"),
    COUNTER("NTP packets dropped        : ", "ntp_packets_dropped"),
    COUNTER("Command packets received   : ", "command_packets_received"),
    COUNTER("Command packets dropped    : ", "command_packets_dropped"),
    COUNTER("Client log records dropped : ", "client_log_records_dropped"),
    COUNTER("NTS-KE connections accepted: ", "nts_ke_connections_accepted"),
    COUNTER("NTS-KE connections dropped : ", "nts_ke_connections_dropped"),
    COUNTER("Authenticated NTP packets  : ", "authenticated_ntp_packets"),
    COUNTER("Interleaved NTP packets    : ", "interleaved_ntp_packets"),
    COUNTER("NTP timestamps held        : ", "ntp_timestamps_held"),
    COUNTER("NTP timestamp span         : ", "ntp_timestamp_span_s"),
    COUNTER("NTP daemon RX timestamps   : ", "ntp_daemon_rx_timestamps"),
    COUNTER("NTP daemon TX timestamps   : ", "ntp_daemon_tx_timestamps"),
    COUNTER("NTP kernel RX timestamps   : ", "ntp_kernel_rx_timestamps"),
    COUNTER("NTP kernel TX timestamps   : ", "ntp_kernel_tx_timestamps"),
    COUNTER("NTP hardware RX timestamps : ", "ntp_hardware_rx_timestamps"),
    COUNTER("NTP hardware TX timestamps : ", "ntp_hardware_tx_timestamps"),
};
const struct report report_serverstats =
    REPORT("serverstats", NULL, NULL, NULL, serverstats_fields);

void row_serverstats(struct printer *p, const struct candm_rpy_server_stats4 *r)
{
    const uint64_t counters[] = {
        r->ntp_hits,       r->ntp_drops,     r->cmd_hits,
        r->cmd_drops,      r->log_drops,     r->nke_hits,
        r->nke_drops,      r->ntp_auth_hits, r->ntp_interleaved_hits,
        r->ntp_timestamps, r->ntp_span_s,    r->daemon_rx,
        r->daemon_tx,      r->kernel_rx,     r->kernel_tx,
        r->hw_rx,          r->hw_tx,
    };
    struct value v[ARRAY_LEN(counters)];
    _Static_assert(ARRAY_LEN(v) == ARRAY_LEN(serverstats_fields), "a value for each field");

    for (size_t i = 0; i < ARRAY_LEN(v); i++)
        v[i] = value_u_unless(counters[i], UINT64_MAX);
    printer_row(p, v);
}

/* --- clients --------------------------------------------------------------------------------- */

static const struct field clients_fields[] = {
    {"", KIND_TEXT, -25, 0, FIELD_NAME, "", "name"},
    {"", KIND_TEXT, 0, 0, FIELD_JSON_ONLY, "", "address"},
    {"  ", KIND_UINT, 6, 0, 0, "", "ntp_packets"},
    {"  ", KIND_UINT, 5, 0, 0, "", "ntp_dropped"},
    {"  ", KIND_LOG2, 0, 0, 0, "", "ntp_interval_log2_s"},
    {"  ", KIND_LOG2, 0, 0, 0, "", "ntp_limited_interval_log2_s"},
    {"  ", KIND_INTERVAL, 0, 0, 0, "", "ntp_last_s"},
    {"  ", KIND_UINT, 6, 0, 0, "", NULL},
    {"  ", KIND_UINT, 5, 0, 0, "", NULL},
    {"  ", KIND_LOG2, 0, 0, 0, "", NULL},
    {"  ", KIND_INTERVAL, 0, 0, 0, "\n", NULL},
    {"", KIND_UINT, 0, 0, FIELD_JSON_ONLY, "", "command_packets"},
    {"", KIND_UINT, 0, 0, FIELD_JSON_ONLY, "", "command_dropped"},
    {"", KIND_LOG2, 0, 0, FIELD_JSON_ONLY, "", "command_interval_log2_s"},
    {"", KIND_INTERVAL, 0, 0, FIELD_JSON_ONLY, "", "command_last_s"},
    {"", KIND_UINT, 0, 0, FIELD_JSON_ONLY, "", "nts_ke_connections"},
    {"", KIND_UINT, 0, 0, FIELD_JSON_ONLY, "", "nts_ke_dropped"},
    {"", KIND_LOG2, 0, 0, FIELD_JSON_ONLY, "", "nts_ke_interval_log2_s"},
    {"", KIND_INTERVAL, 0, 0, FIELD_JSON_ONLY, "", "nts_ke_last_s"},
};
const struct report report_clients = REPORT(
    "clients", "clients", "Hostname",
    "                      NTP   Drop Int IntL Last     Cmd   Drop Int  Last", clients_fields);
const struct report report_clients_nke = REPORT(
    "clients", "clients", "Hostname",
    "                      NTP   Drop Int IntL Last  NTS-KE   Drop Int  Last", clients_fields);

void row_clients(struct printer *p, const struct candm_client *r, const char *name, bool nke)
{
    char address[ADDR_TEXT_MAX];
    const struct value v[] = {
        value_s(name),
        value_s(addr_format(&r->address, address, sizeof(address))),
        value_u(r->ntp_hits),
        value_u(r->ntp_drops),
        value_i(r->ntp_interval),
        value_i(r->ntp_timeout_interval),
        value_u(r->last_ntp_ago_s),
        value_u(nke ? r->nke_hits : r->cmd_hits),
        value_u(nke ? r->nke_drops : r->cmd_drops),
        value_i(nke ? r->nke_interval : r->cmd_interval),
        value_u(nke ? r->last_nke_ago_s : r->last_cmd_ago_s),
        value_u(r->cmd_hits),
        value_u(r->cmd_drops),
        value_i(r->cmd_interval),
        value_u(r->last_cmd_ago_s),
        value_u(r->nke_hits),
        value_u(r->nke_drops),
        value_i(r->nke_interval),
        value_u(r->last_nke_ago_s),
    };
    _Static_assert(ARRAY_LEN(v) == ARRAY_LEN(clients_fields), "a value for each field");

    printer_row(p, v);
}

/* --- smoothing ------------------------------------------------------------------------------- */

static const struct field smoothing_fields[] = {
    {"Active         : ", KIND_YESNO, 0, 0, 0, " ", "active"},
    {"", KIND_TEXT, 0, 0, 0, "\n", NULL},
    {"", KIND_YESNO, 0, 0, FIELD_JSON_ONLY, "", "leap_second_only"},
    {"Offset         : ", KIND_REAL_SIGNED, 0, 9, 0, " seconds\n", "offset_s"},
    {"Frequency      : ", KIND_REAL_SIGNED, 0, 6, 0, " ppm\n", "frequency_ppm"},
    {"Wander         : ", KIND_REAL_SIGNED, 0, 6, 0, " ppm per second\n", "wander_ppm_per_s"},
    {"Last update    : ", KIND_REAL, 0, 1, 0, " seconds ago\n", "last_update_s"},
    {"Remaining time : ", KIND_REAL, 0, 1, 0, " seconds\n", "remaining_s"},
};
const struct report report_smoothing = REPORT("smoothing", NULL, NULL, NULL, smoothing_fields);

void row_smoothing(struct printer *p, const struct candm_rpy_smoothing *r)
{
    const struct value v[] = {
        value_u(r->flags & 1),         value_s(r->flags & 2 ? "(leap second only)" : ""),
        value_u(r->flags & 2),         value_d(r->offset_s),
        value_d(r->freq_ppm),          value_d(r->wander_ppm),
        value_d(r->last_update_ago_s), value_d(r->remaining_s),
    };
    _Static_assert(ARRAY_LEN(v) == ARRAY_LEN(smoothing_fields), "a value for each field");

    printer_row(p, v);
}

/* --- rtcdata --------------------------------------------------------------------------------- */

static const struct field rtcdata_fields[] = {
    {"RTC ref time (UTC) : ", KIND_TIME, 0, 0, 0, "\n", "ref_time"},
    {"Number of samples  : ", KIND_UINT, 0, 0, 0, "\n", "samples"},
    {"Number of runs     : ", KIND_UINT, 0, 0, 0, "\n", "runs"},
    {"Sample span period : ", KIND_INTERVAL, 0, 0, 0, "\n", "span_s"},
    {"RTC is fast by     : ", KIND_REAL, 12, 6, 0, " seconds\n", "fast_s"},
    {"RTC gains time at  : ", KIND_REAL, 9, 3, 0, " ppm\n", "gain_ppm"},
};
const struct report report_rtcdata = REPORT("rtcdata", NULL, NULL, NULL, rtcdata_fields);

void row_rtcdata(struct printer *p, const struct candm_rpy_rtc *r)
{
    const struct value v[] = {value_t(r->ref_time), value_u(r->samples), value_u(r->runs),
                              value_u(r->span_s),   value_d(r->fast_s),  value_d(r->gain_ppm)};
    _Static_assert(ARRAY_LEN(v) == ARRAY_LEN(rtcdata_fields), "a value for each field");

    printer_row(p, v);
}

/* --- manual ---------------------------------------------------------------------------------- */

static const struct field manual_fields[] = {
    {"", KIND_UINT, 2, 0, 0, " ", "index"},
    {"", KIND_DATE, 0, 0, 0, " ", "time"},
    {"", KIND_REAL, 10, 2, 0, " ", "slewed_offset_s"},
    {"", KIND_REAL, 10, 2, 0, " ", "original_offset_s"},
    {"", KIND_REAL, 10, 2, 0, "\n", "residual_s"},
};
const struct report report_manual_list =
    REPORT("manual_list", "samples", "#    Date  ", "   Time(UTC)    Slewed   Original   Residual",
           manual_fields);

void row_manual_list(struct printer *p, const struct candm_manual_sample *r, uint32_t index)
{
    const struct value v[] = {value_u(index), value_t(r->when), value_d(r->slewed_s),
                              value_d(r->original_s), value_d(r->residual_s)};
    _Static_assert(ARRAY_LEN(v) == ARRAY_LEN(manual_fields), "a value for each field");

    printer_row(p, v);
}

static const struct field settime_fields[] = {
    {"Clock was ", KIND_REAL, 0, 2, 0, "", "fast_s"},
    {" seconds fast.  Frequency change = ", KIND_REAL, 0, 2, 0, "ppm", "frequency_change_ppm"},
    {", new frequency = ", KIND_REAL, 0, 2, 0, "ppm\n", "frequency_ppm"},
};
const struct report report_settime = REPORT("settime", NULL, NULL, NULL, settime_fields);

void row_settime(struct printer *p, const struct candm_rpy_manual_timestamp *r)
{
    const struct value v[] = {value_d(r->offset_s), value_d(r->dfreq_ppm),
                              value_d(r->new_freq_ppm)};
    _Static_assert(ARRAY_LEN(v) == ARRAY_LEN(settime_fields), "a value for each field");

    printer_row(p, v);
}

/* --- reload config --------------------------------------------------------------------------- */

static const struct field reload_fields[] = {
    {"", KIND_YESNO, 0, 0, FIELD_JSON_ONLY, "", "applied"},
    {"Sources           : ", KIND_UINT, 0, 0, 0, " added, ", "sources_added"},
    {"", KIND_UINT, 0, 0, 0, " removed, ", "sources_removed"},
    {"", KIND_UINT, 0, 0, 0, " kept\n", "sources_kept"},
    {"Other directives  : ", KIND_UINT, 0, 0, 0, " changed, ", "directives_changed"},
    {"", KIND_UINT, 0, 0, 0, " need a restart\n", "directives_need_restart"},
    {"Need a restart    : ", KIND_TEXT, 0, 0, FIELD_OPTIONAL, "\n", "need_restart"},
    {"Error             : ", KIND_TEXT, 0, 0, FIELD_OPTIONAL, "\n", "error"},
};
const struct report report_reload = REPORT("reload", NULL, NULL, NULL, reload_fields);

void row_reload(struct printer *p, const struct candm_rpy_reload_config *r)
{
    const bool done = r->result == CANDM_RELOAD_DONE;
    const struct value text = value_s(r->text), none = {.unknown = true};
    /* A line of CSV has as many fields as any other. */
    const bool list = done && (r->text[0] || p->render == RENDER_CSV);
    const struct value v[] = {
        value_u(done),       value_u(r->added),   value_u(r->removed), value_u(r->kept),
        value_u(r->applied), value_u(r->restart), list ? text : none,  done ? none : text,
    };
    _Static_assert(ARRAY_LEN(v) == ARRAY_LEN(reload_fields), "a value for each field");

    printer_row(p, v);
}

/* --- sourcename ------------------------------------------------------------------------------ */

static const struct field sourcename_fields[] = {
    {"", KIND_TEXT, 0, 0, 0, "\n", "name"},
};
const struct report report_sourcename = REPORT("sourcename", NULL, NULL, NULL, sourcename_fields);

void row_sourcename(struct printer *p, const char *name)
{
    const struct value v[] = {value_s(name)};

    printer_row(p, v);
}
