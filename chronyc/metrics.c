/* metrics.c - all figures as OpenMetrics text, for a collector that reads files or commands.
 *
 * Names are those of the exporter that is common for chrony where the meaning is the same;
 * chrony_verdict, chrony_error_bound_seconds and chrony_source_reason are ours. A family's samples
 * have to stand together, so everything is fetched before anything is printed. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chronyc/commands.h"
#include "chronyc/explain.h"
#include "chronyc/reports.h"
#include "chronyc/sentences.h"

#define SOURCES_MAX 4096

struct source_metrics {
    struct source_view view;
    char name[NAME_SHOWN_MAX], address[ADDR_TEXT_MAX];
};

struct metrics {
    bool up;
    struct host_view host;
    char reference[NAME_SHOWN_MAX];
    struct source_metrics *sources;
    uint32_t count;
    bool have_server;
    struct candm_rpy_server_stats4 server;
};

/* --- text ------------------------------------------------------------------------------------ */

/* `unit` is the last part of the name, or NULL. */
static void family(FILE *out, const char *name, const char *type, const char *unit,
                   const char *help)
{
    fprintf(out, "# TYPE %s %s\n", name, type);
    if (unit)
        fprintf(out, "# UNIT %s %s\n", name, unit);
    fprintf(out, "# HELP %s %s\n", name, help);
}

static void label(FILE *out, const char *name, const char *value, bool first)
{
    fprintf(out, "%s%s=\"", first ? "{" : ",", name);
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            fputc('\\', out);
        fputc(*value > ' ' && *value < 0x7f ? *value : *value == ' ' ? ' ' : '?', out);
    }
    fputc('"', out);
}

static void number(FILE *out, double v)
{
    if (isnan(v))
        fputs(" NaN\n", out);
    else if (isinf(v))
        fputs(v > 0 ? " +Inf\n" : " -Inf\n", out);
    else
        fprintf(out, " %.9g\n", v);
}

static void gauge(FILE *out, const char *name, const char *unit, const char *help, double v)
{
    family(out, name, "gauge", unit, help);
    fputs(name, out);
    number(out, v);
}

/* --- the host -------------------------------------------------------------------------------- */

struct tracking_metric {
    const char *name, *unit;
    size_t offset; /* of a double in struct candm_rpy_tracking */
    const char *help;
};
#define AT(member) offsetof(struct candm_rpy_tracking, member)
static const struct tracking_metric tracking_metrics[] = {
    {"chrony_tracking_last_offset_seconds", "seconds", AT(last_offset_s),
     "Offset at the last update, positive when the clock was ahead"},
    {"chrony_tracking_system_time_seconds", "seconds", AT(current_correction_s),
     "Correction still to be made, positive when the system clock is slow"},
    {"chrony_tracking_rms_offset_seconds", "seconds", AT(rms_offset_s),
     "Long-term average of the offset"},
    {"chrony_tracking_frequency_ppms", "ppms", AT(freq_ppm),
     "Frequency error of the uncorrected clock, positive when fast"},
    {"chrony_tracking_residual_frequency_ppms", "ppms", AT(resid_freq_ppm),
     "Frequency error that the last update suggests beyond it"},
    {"chrony_tracking_skew_ppms", "ppms", AT(skew_ppm), "Bound of the frequency error"},
    {"chrony_tracking_root_delay_seconds", "seconds", AT(root_delay_s),
     "Delay to the source of time"},
    {"chrony_tracking_root_dispersion_seconds", "seconds", AT(root_dispersion_s),
     "Dispersion up to the source of time"},
    {"chrony_tracking_update_interval_seconds", "seconds", AT(last_update_interval_s),
     "Time between the last two updates"},
};
#undef AT

static void print_verdict(FILE *out, const struct metrics *m)
{
    const struct candm_rpy_verdict *v = &m->host.verdict;

    family(out, "chrony_verdict", "stateset", NULL, "The daemon's verdict on the clock");
    for (unsigned state = CANDM_VERDICT_OK; state <= CANDM_VERDICT_NOT_IN_CONTROL; state++) {
        fputs("chrony_verdict", out);
        label(out, "chrony_verdict", verdict_word(state), true);
        fprintf(out, "} %d\n", v->state == state);
    }
    gauge(out, "chrony_error_bound_seconds", "seconds", "Bound of the error of the system clock",
          v->state == CANDM_VERDICT_UNSYNCHRONISED ? (double)INFINITY : v->bound_s);
    if (v->state != CANDM_VERDICT_UNSYNCHRONISED && v->expected_s > 0.0)
        gauge(out, "chrony_expected_error_seconds", "seconds",
              "What the error stays below 99.9 per cent of the time", v->expected_s);
}

static void print_tracking(FILE *out, const struct metrics *m)
{
    const struct candm_rpy_tracking *t = &m->host.tracking;
    char refid[FORMAT_MAX], address[ADDR_TEXT_MAX];

    family(out, "chrony_tracking", "info", NULL, "The selected source");
    fputs("chrony_tracking_info", out);
    label(out, "tracking_address", addr_format(&t->address, address, sizeof(address)), true);
    label(out, "tracking_name", m->reference, false);
    label(out, "tracking_refid", text_format(refid, sizeof(refid), "%08X", t->refid), false);
    fputs("} 1\n", out);
    gauge(out, "chrony_tracking_stratum", NULL, "Own stratum, 0 if unsynchronised", t->stratum);
    gauge(out, "chrony_tracking_leap_status", NULL,
          "0 normal, 1 insert second, 2 delete second, 3 not synchronised", t->leap);
    family(out, "chrony_tracking_reference_timestamp_seconds", "gauge", "seconds",
           "Time of the last update");
    fprintf(out, "chrony_tracking_reference_timestamp_seconds %lld.%09u\n",
            (long long)t->ref_time.sec, t->ref_time.nsec);
    for (size_t i = 0; i < ARRAY_LEN(tracking_metrics); i++) {
        const struct tracking_metric *row = &tracking_metrics[i];
        double v;

        memcpy(&v, (const char *)t + row->offset, sizeof(v));
        gauge(out, row->name, row->unit, row->help, v);
    }
}

/* --- sources --------------------------------------------------------------------------------- */

static double reach_ratio(const struct candm_rpy_source_data *r)
{
    int ones = 0;

    for (int i = 0; i < 8; i++)
        ones += r->reachability >> i & 1;
    return ones / 8.0;
}

enum source_figure {
    FIGURE_AGE,
    FIGURE_OFFSET,
    FIGURE_ERROR,
    FIGURE_INTERVAL,
    FIGURE_REACH,
    FIGURE_STRATUM,
    FIGURE_COUNT
};

static double source_figure(const struct candm_rpy_source_data *r, enum source_figure figure)
{
    switch (figure) {
    case FIGURE_AGE:
        return r->since_sample_s == UINT32_MAX ? (double)NAN : r->since_sample_s;
    case FIGURE_OFFSET:
        return r->latest_meas_s;
    case FIGURE_ERROR:
        return r->latest_meas_err_s;
    case FIGURE_INTERVAL:
        return ldexp(1.0, r->poll);
    case FIGURE_REACH:
        return reach_ratio(r);
    default:
        return r->stratum;
    }
}

static const struct {
    const char *name, *unit, *help;
} source_families[FIGURE_COUNT] = {
    [FIGURE_AGE] = {"chrony_sources_last_sample_age_seconds", "seconds", "Age of the last sample"},
    [FIGURE_OFFSET] = {"chrony_sources_last_sample_offset_seconds", "seconds",
                       "Offset of the last sample, positive when our clock is ahead"},
    [FIGURE_ERROR] = {"chrony_sources_last_sample_error_margin_seconds", "seconds",
                      "Margin of error of the last sample"},
    [FIGURE_INTERVAL] = {"chrony_sources_polling_interval_seconds", "seconds", "Polling interval"},
    [FIGURE_REACH] = {"chrony_sources_reachability_ratio", NULL,
                      "Part of the last eight polls that was answered"},
    [FIGURE_STRATUM] = {"chrony_sources_stratum", NULL, "Stratum of the source"},
};

static void source_labels(FILE *out, const struct source_metrics *s)
{
    label(out, "source_address", s->address, true);
    label(out, "source_name", s->name, false);
}

static void print_sources(FILE *out, const struct metrics *m)
{
    for (int figure = 0; figure < FIGURE_COUNT; figure++) {
        family(out, source_families[figure].name, "gauge", source_families[figure].unit,
               source_families[figure].help);
        for (uint32_t i = 0; i < m->count; i++) {
            fputs(source_families[figure].name, out);
            source_labels(out, &m->sources[i]);
            fputc('}', out);
            number(out, source_figure(&m->sources[i].view.data, (enum source_figure)figure));
        }
    }
    family(out, "chrony_sources_state", "info", NULL, "What selection made of the source");
    for (uint32_t i = 0; i < m->count; i++) {
        fputs("chrony_sources_state_info", out);
        source_labels(out, &m->sources[i]);
        label(out, "source_mode", source_mode_word(m->sources[i].view.data.mode), false);
        label(out, "source_state", source_state_word(m->sources[i].view.data.state), false);
        fputs("} 1\n", out);
    }
    family(out, "chrony_source_reason", "info", NULL, "Why the source is used or not");
    for (uint32_t i = 0; i < m->count; i++) {
        fputs("chrony_source_reason_info", out);
        source_labels(out, &m->sources[i]);
        label(out, "network", m->sources[i].view.network.name, false);
        label(out, "selection", m->sources[i].view.selection.name, false);
        fputs("} 1\n", out);
    }
}

/* --- the server ------------------------------------------------------------------------------ */

static const struct {
    const char *name; /* without _total */
    size_t offset;    /* of a uint64_t in struct candm_rpy_server_stats4 */
    bool counter;
    const char *help;
} server_metrics[] = {
#define AT(member) offsetof(struct candm_rpy_server_stats4, member)
    {"chrony_serverstats_ntp_packets_received", AT(ntp_hits), true, "NTP requests received"},
    {"chrony_serverstats_ntp_packets_dropped", AT(ntp_drops), true, "NTP requests dropped"},
    {"chrony_serverstats_command_packets_received", AT(cmd_hits), true, "Commands received"},
    {"chrony_serverstats_command_packets_dropped", AT(cmd_drops), true, "Commands dropped"},
    {"chrony_serverstats_client_log_records_dropped", AT(log_drops), true,
     "Client records dropped"},
    {"chrony_serverstats_nts_ke_connections_accepted", AT(nke_hits), true,
     "NTS key exchanges accepted"},
    {"chrony_serverstats_nts_ke_connections_dropped", AT(nke_drops), true,
     "NTS key exchanges dropped"},
    {"chrony_serverstats_authenticated_ntp_packets", AT(ntp_auth_hits), true,
     "Authenticated NTP requests"},
    {"chrony_serverstats_interleaved_ntp_packets", AT(ntp_interleaved_hits), true,
     "Interleaved NTP requests"},
    {"chrony_serverstats_ntp_timestamps_held", AT(ntp_timestamps), false, "Timestamps held"},
    {"chrony_serverstats_ntp_timestamp_span_seconds", AT(ntp_span_s), false,
     "Time that they cover"},
    {"chrony_serverstats_ntp_daemon_rx_timestamps", AT(daemon_rx), true,
     "Responses with a receive timestamp of the daemon"},
    {"chrony_serverstats_ntp_daemon_tx_timestamps", AT(daemon_tx), true,
     "Responses with a transmit timestamp of the daemon"},
    {"chrony_serverstats_ntp_kernel_rx_timestamps", AT(kernel_rx), true,
     "Responses with a receive timestamp of the kernel"},
    {"chrony_serverstats_ntp_kernel_tx_timestamps", AT(kernel_tx), true,
     "Responses with a transmit timestamp of the kernel"},
    {"chrony_serverstats_ntp_hardware_rx_timestamps", AT(hw_rx), true,
     "Responses with a receive timestamp of hardware"},
    {"chrony_serverstats_ntp_hardware_tx_timestamps", AT(hw_tx), true,
     "Responses with a transmit timestamp of hardware"},
#undef AT
};

static void print_server(FILE *out, const struct metrics *m)
{
    for (size_t i = 0; i < ARRAY_LEN(server_metrics); i++) {
        const char *name = server_metrics[i].name;
        bool counter = server_metrics[i].counter;
        uint64_t v;

        memcpy(&v, (const char *)&m->server + server_metrics[i].offset, sizeof(v));
        if (v == UINT64_MAX)
            continue;
        family(out, name, counter ? "counter" : "gauge",
               strstr(name, "_seconds") ? "seconds" : NULL, server_metrics[i].help);
        fprintf(out, "%s%s %llu\n", name, counter ? "_total" : "", (unsigned long long)v);
    }
}

/* --- all of it ------------------------------------------------------------------------------- */

/* False: the daemon answered no more. */
static bool fetch_sources(struct session *s, struct metrics *m)
{
    uint32_t count;

    if (!fetch_source_count(s, &count))
        return false;
    if (count > SOURCES_MAX)
        count = SOURCES_MAX;
    m->sources = calloc(count > 0 ? count : 1, sizeof(*m->sources));
    assert(m->sources);
    for (m->count = 0; m->count < count; m->count++) {
        struct source_metrics *row = &m->sources[m->count];
        const char *address;

        if (session_stopped(s) || !fetch_source(s, m->count, &row->view))
            return false;
        name_source(s, &row->view.id, row->name, sizeof(row->name));
        address = source_address(&row->view.id, row->address, sizeof(row->address));
        if (!address)
            text_copy(row->address, sizeof(row->address), row->name);
    }
    return true;
}

static void fetch_server(struct session *s, struct metrics *m)
{
    struct request request;
    struct reply reply;

    request_init(&request, CANDM_REQ_SERVER_STATS);
    m->have_server = client_exchange(s, &request, &reply) && reply.decoded &&
                     reply.header.status == CANDM_SUCCESS &&
                     reply_fits(reply.header.reply, CANDM_RPY_server_stats4);
    if (m->have_server)
        m->server = reply.payload.server_stats4_;
}

bool run_metrics(struct session *s, const struct command *c, char *rest)
{
    enum render render = s->settings.render;
    struct collector status;
    struct metrics m;
    FILE *out = s->out;

    (void)c;
    (void)rest;
    memset(&m, 0, sizeof(m));
    /* One form only. Status lines have no place in it: chrony_up says the same. */
    s->settings.render = RENDER_CSV;
    s->out = collector_open(&status);
    m.up = fetch_host(s, &m.host);
    if (m.up) {
        name_reference(s, &m.host.tracking, m.reference, sizeof(m.reference));
        m.up = fetch_sources(s, &m);
        fetch_server(s, &m);
    }
    collector_drop(&status);
    s->out = out;
    s->settings.render = render;
    gauge(out, "chrony_up", NULL, "Whether the daemon answers", m.up);
    if (m.up) {
        print_verdict(out, &m);
        print_tracking(out, &m);
        print_sources(out, &m);
        if (m.have_server)
            print_server(out, &m);
    }
    fputs("# EOF\n", out);
    free(m.sources);
    return m.up;
}
