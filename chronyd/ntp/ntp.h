/* ntp.h - everything that speaks NTP: associations, pools, name resolution, the server's sockets.
 *
 * Decides when to send, which reply to believe and what address a name has. Hands samples down to
 * reference/sources.h. One association per address (association.h), one entry per configured line;
 * events come in through ntp_handle. */
#ifndef CHRONYD_NTP_NTP_H
#define CHRONYD_NTP_NTP_H

#include "base/access.h"
#include "base/keys.h"
#include "base/timers.h"
#include "chronyd/ntp/clientlog.h"
#include "chronyd/ntp/hwstamps.h"
#include "chronyd/os/event.h"
#include "chronyd/reference/sources.h"

/* What the numbers of a source are kept within, whether they come from the configuration, from
 * ADD_SOURCE or from a later command (spec chrony-conf section 5.1). */
#define NTP_POLL_LOG2_MIN (-7)
#define NTP_POLL_LOG2_MAX 24
#define NTP_MINPOLL_DEFAULT 6
#define NTP_MAXPOLL_DEFAULT 10
#define NTP_STRATUM_MAX 15
#define NTP_POOL_SOURCES_MAX 16
#define NTP_FILTER_LENGTH_MAX 256
#define NTP_DELAY_QUANTILE_MIN 0.05
#define NTP_DELAY_QUANTILE_MAX 0.95
#define NTP_MAX_DELAY_MAX_S 1e3
#define NTP_MAX_DELAY_RATIO_MAX 1e6

/* One `server`, `pool` or `peer` line (spec chrony-conf section 5), also candm's ADD_SOURCE. */
struct ntp_source_settings {
    char name[256];
    bool pool;
    enum source_kind kind;   /* SOURCE_SERVER or SOURCE_PEER */
    enum addr_family family; /* ADDR_NONE: any (ipv4, ipv6) */
    uint16_t port;           /* 123 */
    int minpoll, maxpoll;    /* log2 s */
    int presend_minpoll;     /* 100 = never */
    int min_stratum;
    int poll_target;              /* 8 */
    int version;                  /* 0 = automatic */
    int max_sources;              /* pool: 1..NTP_POOL_SOURCES_MAX, 4 */
    int min_samples, max_samples; /* -1: the directive's */
    int filter_length;            /* 0 = off */
    int max_unreach;              /* 100000 */
    uint32_t key_id;              /* 0 = none */
    bool nts;
    uint16_t nts_port; /* 4460 */
    uint32_t cert_set;
    double max_delay_s, max_delay_ratio, max_delay_dev_ratio, max_delay_quant;
    double min_delay_s, asymmetry, offset_s;
    uint8_t select_options; /* enum select_option */
    bool offline, auto_offline, iburst, burst, xleave, copy;
    bool ef_mono_root, ef_net_correction; /* extfield F323, 10A */
};
/* All defaults, empty name. */
void ntp_source_defaults(struct ntp_source_settings *s);
/* Bring minpoll and maxpoll within their limits and in order; one that is below them is taken for
 * the default. */
void ntp_source_clamp_polls(struct ntp_source_settings *s);
bool ntp_source_settings_equal(const struct ntp_source_settings *a,
                               const struct ntp_source_settings *b);

struct ntp_settings {
    uint16_t port;                    /* 123, 0 = never serve */
    struct addr bind_ipv4, bind_ipv6; /* ADDR_NONE = any */
    const char *bind_device;
    int acquisition_port; /* -1: random per request; 0: chosen once; else fixed */
    struct addr bind_acq_ipv4, bind_acq_ipv6;
    const char *bind_acq_device;
    int dscp;
    uint16_t ptp_port;                               /* NTP over PTP: both ends' port; 0 = off */
    uint8_t ptp_domain;                              /* 123 */
    const struct hwtimestamp_settings *hwtimestamps; /* lent for the call of ntp_create */
    size_t hwtimestamp_count;
    const char *signd_socket; /* directory of who signs for MS-SNTP, lent; NULL = nobody */
    double hwts_timeout_s; /* how long an answer waits for the interface's stamp of the request */
    int max_tx_buffers;    /* replies whose transmit stamps are waited for; 0: as many as usual */
    enum addr_family only; /* -4, -6; ADDR_NONE = both */
    int min_samples, max_samples; /* directives minsamples (6), maxsamples (0 = 64) */
    int refresh_s;                /* 1209600 */
    bool log_measurements, log_raw_measurements;
    struct logfile_settings logs;
    struct clientlog_settings clients;
};

struct ntp;

struct ntp *ntp_create(const struct os *os, struct timers *timers, const struct log *log,
                       struct clock *clock, struct reference *ref, struct sources *sources,
                       struct keystore *keys, struct access_table *access,
                       const struct ntp_settings *settings, struct err *err);
void ntp_destroy(struct ntp *n);
/* Directive broadcast; before the first ntp_open_server. False: out of memory. */
bool ntp_add_broadcast(struct ntp *n, const struct endpoint *to, int interval_s);
/* Open the server's sockets if anything needs them (also after the access table changed). A socket
 * that cannot be opened is logged; false only if requests cannot be sent either (acquisitionport).
 */
bool ntp_open_server(struct ntp *n, struct err *err);
/* Begin: resolve names, start polling 0.2 s from now. */
void ntp_start(struct ntp *n);
/* True if the event was for NTP (a socket of ours, a query of ours). Other kinds (NETWORK) are
 * looked at and false is returned, so that others see them too. */
bool ntp_handle(struct ntp *n, const struct event *ev);
/* True once the first round of name resolution has ended. */
bool ntp_resolved_once(const struct ntp *n);
/* -q: every source has been given up. */
bool ntp_all_given_up(const struct ntp *n);

enum ntp_add_status {
    NTP_ADDED,
    NTP_ADD_DUPLICATE,
    NTP_ADD_TOO_MANY,
    NTP_ADD_BAD_FAMILY,
    NTP_ADD_BAD_NAME,
};
/* One of the configuration, or by command: that one stays whatever the configuration says. */
enum ntp_add_status ntp_add_configured(struct ntp *n, const struct ntp_source_settings *s);
enum ntp_add_status ntp_add_source(struct ntp *n, const struct ntp_source_settings *s);
/* The sources that all sourcedir files hold now; vanished ones go, new ones come, the rest keep
 * their state (spec chrony-conf section 2). */
void ntp_reload_sources(struct ntp *n, const struct ntp_source_settings *list, size_t count);
/* Sources for a moment, in the place of those, for initstepslew: nothing is logged. */
void ntp_borrow_sources(struct ntp *n, const struct ntp_source_settings *list, size_t count);
/* As ntp_reload_sources() for the sources of the configuration (the first config_count of the list)
 * and of the sourcedirs (all others) together: a source that only moved from one file to another
 * stays. False only without memory; nothing has changed then. */
struct ntp_replaced {
    size_t added, removed, kept; /* lines */
};
MUST_CHECK bool ntp_replace_sources(struct ntp *n, const struct ntp_source_settings *list,
                                    size_t config_count, size_t dir_count,
                                    struct ntp_replaced *out);
bool ntp_delete_source(struct ntp *n, const struct addr *addr);

/* Commands on sources. mask ADDR_NONE + addr ADDR_NONE = all. Return: did any match? */
bool ntp_set_online(struct ntp *n, const struct addr *mask, const struct addr *addr, bool online);
void ntp_onoffline(struct ntp *n);
bool ntp_burst(struct ntp *n, const struct addr *mask, const struct addr *addr, int good,
               int total);
/* The host slept: intervals across that are not known, and nothing that was learned of the clocks
 * of interfaces holds. */
void ntp_break(struct ntp *n);
/* What is known about the clock is doubtful (it was set by somebody, the host slept): a burst of
 * all sources that are online. */
void ntp_measure_again(struct ntp *n);
void ntp_refresh(struct ntp *n);
void ntp_rekey(struct ntp *n);
enum ntp_modify {
    NTP_MODIFY_MINPOLL,
    NTP_MODIFY_MAXPOLL,
    NTP_MODIFY_MAXDELAY,
    NTP_MODIFY_MAXDELAYRATIO,
    NTP_MODIFY_MAXDELAYDEVRATIO,
    NTP_MODIFY_MINSTRATUM,
    NTP_MODIFY_POLLTARGET,
    NTP_MODIFY_OFFSET,
};
bool ntp_modify(struct ntp *n, const struct addr *addr, enum ntp_modify what, double value);
bool ntp_set_select_options(struct ntp *n, const struct addr *addr, uint8_t mask, uint8_t options);
void ntp_cycle_logs(struct ntp *n);

struct ntp_activity {
    int online, offline, burst_online, burst_offline, unresolved;
};
void ntp_activity(const struct ntp *n, struct ntp_activity *out);

/* ntpdata (spec candm-v6 NTP_DATA2); authdata; sourcename. False: no such source. */
struct ntp_data_report {
    struct addr remote, local;
    uint16_t remote_port;
    uint8_t leap, version, mode, stratum;
    int8_t poll, precision;
    double root_delay_s, root_dispersion_s;
    uint32_t refid;
    struct utc reference_time;
    double offset_s; /* NTP sign: > 0 we are behind */
    double peer_delay_s, peer_dispersion_s, response_time_s, asymmetry;
    uint16_t tests; /* bits 0x3ff as in candm */
    bool interleaved, authenticated;
    char tx_stamp, rx_stamp; /* enum os_stamp, 0 = none yet */
    uint32_t total_tx, total_rx, total_valid, total_good;
    uint32_t total_kernel_tx, total_kernel_rx, total_hw_tx, total_hw_rx;
};
bool ntp_data_report(const struct ntp *n, const struct addr *addr, struct ntp_data_report *out);
struct ntp_auth_report {
    int mode; /* 0 none, 1 symmetric key, 2 NTS */
    int key_type;
    uint32_t key_id;
    int key_bits, ke_attempts;
    uint32_t last_ke_ago_s; /* UINT32_MAX none */
    int cookies, cookie_length, nak;
};
bool ntp_auth_report(const struct ntp *n, const struct addr *addr, struct ntp_auth_report *out);
bool ntp_source_name(const struct ntp *n, const struct addr *addr, char *buf, size_t size);
int ntp_source_poll(const struct ntp *n, const struct addr *addr); /* log2 s, now */
/* Why a source gives no usable samples, from the network's side; REASON_NONE: it does. */
void ntp_source_reason(const struct ntp *n, const struct addr *addr, struct reason *out);
struct clientlog *ntp_clientlog(struct ntp *n);

#endif
