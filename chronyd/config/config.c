/* config.c - defaults, checks between directives, and the end of a configuration. */
#include "chronyd/config/config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "candm/candm.h"
#include "chronyd/config/parse.h"
#include "features.h"

/* --- defaults --- */

static void row_default(struct config *c, const struct directive *row)
{
    void *place = (char *)c + row->place;

    switch (row->kind) {
    case DIRECTIVE_INT:
    case DIRECTIVE_CHOICE:
        *(int *)place = (int)row->initial;
        break;
    case DIRECTIVE_PORT:
        *(uint16_t *)place = (uint16_t)row->initial;
        break;
    case DIRECTIVE_FLOAT:
        *(double *)place = row->initial;
        break;
    default: /* false, NULL, or set by hand below */
        break;
    }
}

static const char *or_null(const char *path)
{
    return *path ? path : NULL;
}

void config_defaults(struct config *c)
{
    struct ratelimit_settings *limits = c->ntp.clients.limits;

    *c = (struct config){0};
    for (size_t i = 0; i < config_directive_count; i++)
        row_default(c, &config_directives[i]);
    c->clock.control = true;
    c->reference.maxchange_start = -1;
    c->reference.drift_interval_s = 3600;
    c->reference.local.stratum = 10;
    c->reference.local.distance_s = 1.0;
    c->ntp.clients.enabled = true;
    c->ntp.clients.memory_limit = 524288;
    limits[CLIENT_NTP] = (struct ratelimit_settings){.interval = 3, .burst = 8, .leak = 2};
    limits[CLIENT_NTSKE] = (struct ratelimit_settings){.interval = 6, .burst = 8, .leak = 2};
    limits[CLIENT_COMMAND] = (struct ratelimit_settings){.interval = -4, .burst = 8, .leak = 2};
    c->control.bind_ipv4 = addr_from_ipv4(0x7f000001);
    c->control.bind_ipv6 = (struct addr){.family = ADDR_IPV6, .bytes[15] = 1};
    c->control.ipv4 = c->control.ipv6 = true;
    c->control.unix_path = DEFAULT_COMMAND_SOCKET;
    c->control.open_commands = CANDM_OPEN_DEFAULT;
    c->nts.aeads[0] = 30;
    c->nts.aeads[1] = 15;
    c->nts.aead_count = 2;
    c->rtc.device = DEFAULT_RTC_DEVICE;
    c->rtc.hwclock = or_null(DEFAULT_HWCLOCK_FILE);
    c->user = DEFAULT_USER;
    c->pid_file = DEFAULT_PID_FILE;
}

void config_free(struct config *c)
{
    free(c->ntp_sources);
    free(c->ntp_access.rules);
    free(c->ntp_access.names);
    free(c->command_access.rules);
    free(c->command_access.names);
    free(c->control_keys);
    free(c->source_dirs);
    free(c->refclocks);
    free(c->hwtimestamps);
    free(c->broadcasts);
    free(c->nts.trusted);
    free(c->nts.server_certs);
    free(c->nts.server_keys);
    free(c->initstepslew_hosts);
    config_extra_free(c->extra);
    *c = (struct config){0};
}

/* --- checks between directives (spec section 16.2) --- */

static bool any_ratelimit(const struct config *c)
{
    for (size_t i = 0; i < CLIENT_SERVICES; i++) {
        if (c->ntp.clients.limits[i].enabled)
            return true;
    }
    return false;
}

static bool check_rtc(const struct config *c, struct err *err)
{
    if (c->rtc.file && c->reference.rtcsync)
        return err_set(err, ERR_SYNTAX, "rtcfile directive cannot be used with rtcsync");
    for (size_t i = 0; i < c->refclock_count; i++) {
        if (strcmp(c->refclocks[i].driver, "RTC") == 0 && (c->rtc.file || c->reference.rtcsync))
            return err_set(err, ERR_SYNTAX, "RTC refclock cannot be used with %s",
                           c->rtc.file ? "rtcfile" : "rtcsync");
    }
    return true;
}

static bool check_combinations(const struct config *c, struct err *err)
{
    if (!check_rtc(c, err))
        return false;
    if (!c->ntp.clients.enabled && any_ratelimit(c))
        return err_set(err, ERR_SYNTAX, "Rate limiting cannot be enabled with noclientlog");
    if (c->nts.server_cert_count != c->nts.server_key_count)
        return err_set(err, ERR_SYNTAX, "Uneven number of NTS certs and keys");
    for (size_t i = 0; i < c->refclock_count; i++) {
        if (c->refclocks[i].tai && !c->reference.leapsec_tz && !c->reference.leapsec_list)
            return err_set(err, ERR_SYNTAX,
                           "refclock tai option requires leapsectz or leapseclist");
    }
    return true;
}

/* --- warnings --- */

static void warn_pending(const struct config *c, const struct config_reader *r)
{
    for (size_t i = 0; c->extra && i < c->extra->item_count; i++) {
        const struct config_item *item = &c->extra->items[i];
        const struct parser at = {.file = item->file, .line = item->line};
        char where[360];

        if (item->row->flags & DIRECTIVE_PENDING)
            log_warning(r->log, "%s directive is not implemented yet %s", item->row->name,
                        parser_where(&at, where, sizeof(where)));
    }
}

/* A source that was to be authenticated is never used without: it does not answer at all. */
static void warn_nts(const struct config *c, const struct config_reader *r)
{
    if (!directive_is_pending("ntsdumpdir"))
        return;
    for (size_t i = 0; i < c->ntp_source_count; i++) {
        if (c->ntp_sources[i].nts)
            log_warning(r->log, "nts option is not implemented yet, %s is not used",
                        c->ntp_sources[i].name);
    }
}

/* --- derived values --- */

static void derive(struct config *c)
{
    struct select_settings *select = &c->sources.select;
    struct reference_settings *ref = &c->reference;
    const struct logfile_settings logs = {.dir = c->log_dir, .banner = c->log_banner};

    select->max_clock_error = c->clock.max_clock_error_ppm * 1e-6;
    select->orphan_stratum =
        ref->local.enabled && ref->local.orphan ? ref->local.stratum : NTP_STRATUM_MAX + 1;
    ref->max_update_skew_ppm = fabs(ref->max_update_skew_ppm);
    ref->log_tracking = c->logs & LOG_TRACKING;
    c->rtc.log_rtc = c->logs & LOG_RTC;
    c->sources.log_statistics = c->logs & LOG_STATISTICS;
    c->sources.log_selection = c->logs & LOG_SELECTION;
    c->ntp.hwtimestamps = c->hwtimestamps;
    c->ntp.hwtimestamp_count = c->hwtimestamp_count;
    c->ntp.hwts_timeout_s = c->transport.hwts_timeout_s;
    c->ntp.max_tx_buffers = c->transport.max_tx_buffers;
    c->ntp.signd_socket = c->transport.signd_socket;
    c->ntp.ptp_port = c->transport.ptp_port;
    c->ntp.ptp_domain = (uint8_t)c->transport.ptp_domain;
    c->ntp.log_measurements = c->logs & LOG_MEASUREMENTS;
    c->ntp.log_raw_measurements = c->logs & LOG_RAWMEASUREMENTS;
    ref->logs = c->sources.logs = c->ntp.logs = c->rtc.logs = logs;
    if (c->ntp.max_samples == 0 || c->ntp.max_samples > TRACK_SAMPLES_MAX)
        c->ntp.max_samples = TRACK_SAMPLES_MAX;
    c->ntp.min_samples = clamp_i(c->ntp.min_samples, 1, c->ntp.max_samples);
}

bool config_finish(struct config *c, const struct config_reader *r, struct err *err)
{
    if (!check_combinations(c, err))
        return false;
    if (r->log) {
        warn_pending(c, r);
        warn_nts(c, r);
    }
    derive(c);
    return true;
}

static bool is_low(int port)
{
    return port >= 1 && port <= 1023;
}

bool config_needs_low_ports(const struct config *c)
{
    return is_low(c->ntp.port) || is_low(c->ntp.acquisition_port) || is_low(c->control.port) ||
           is_low(c->transport.ptp_port) || (c->nts.server_cert_count > 0 && is_low(c->nts.port));
}
