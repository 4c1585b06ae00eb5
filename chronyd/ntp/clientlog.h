/* clientlog.h - who asked, how often, and who asks too often.
 *
 * A hash table of slots with 8 records each, bounded by clientloglimit; within a full slot the
 * least recently seen address goes. Token buckets for NTP, NTS-KE and commands (spec chrony-conf
 * 10). */
#ifndef CHRONYD_NTP_CLIENTLOG_H
#define CHRONYD_NTP_CLIENTLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"
#include "chronyd/os/os.h"

enum client_service { CLIENT_NTP, CLIENT_NTSKE, CLIENT_COMMAND, CLIENT_SERVICES };

struct ratelimit_settings {
    bool enabled;
    int interval; /* log2 s, -19..12 */
    int burst;    /* 1..255 */
    int leak;     /* 1..4: one of 2^leak dropped requests is answered */
    int kod;      /* 0..4: one of 2^kod gets KoD; 0 off. NTP only */
};

struct clientlog_settings {
    bool enabled;        /* false: noclientlog */
    size_t memory_limit; /* bytes, 524288 */
    struct ratelimit_settings limits[CLIENT_SERVICES];
};

struct clientlog;

struct clientlog *clientlog_create(const struct os *os, const struct clientlog_settings *s);
void clientlog_destroy(struct clientlog *cl);

enum client_verdict { CLIENT_ANSWER, CLIENT_DROP, CLIENT_KOD };
/* Count a request and judge it. Loopback is never limited for commands. */
enum client_verdict clientlog_hit(struct clientlog *cl, enum client_service service,
                                  const struct addr *client, struct mono now);

/* Interleaved mode, server side: pairs of receive and transmit timestamps, found by the receive
 * timestamp that the client sends back as origin (RFC 9769). Memory within the same limit. */
void clientlog_save_times(struct clientlog *cl, struct ntp_time receive, struct utc receive_utc,
                          struct ntp_time transmit, enum os_stamp transmit_by);
void clientlog_update_transmit(struct clientlog *cl, struct ntp_time receive,
                               struct ntp_time transmit, enum os_stamp transmit_by);
bool clientlog_find_times(const struct clientlog *cl, struct ntp_time receive,
                          struct ntp_time *transmit, enum os_stamp *transmit_by);

struct client_report {
    struct addr addr;
    uint32_t hits[CLIENT_SERVICES], drops[CLIENT_SERVICES];
    int8_t interval[CLIENT_SERVICES];     /* log2 s, 127 unknown */
    int8_t ntp_timeout_interval;          /* 127 unknown */
    uint32_t last_ago_s[CLIENT_SERVICES]; /* UINT32_MAX never */
};
size_t clientlog_slots(const struct clientlog *cl);
/* False: empty or filtered (all hits below min_hits). `reset` clears the counters of the slot. */
bool clientlog_report(struct clientlog *cl, size_t slot, uint32_t min_hits, bool reset,
                      struct mono now, struct client_report *out);

/* serverstats */
struct server_stats {
    uint64_t hits[CLIENT_SERVICES], drops[CLIENT_SERVICES];
    uint64_t log_drops, ntp_auth_hits, ntp_interleaved_hits;
    uint64_t ntp_timestamps, ntp_span_s;
    uint64_t rx_stamps[3], tx_stamps[3]; /* daemon, kernel, hardware */
};
void clientlog_stats(const struct clientlog *cl, struct server_stats *out);
void clientlog_count_reply(struct clientlog *cl, bool authenticated, bool interleaved,
                           enum os_stamp rx, enum os_stamp tx);
bool clientlog_enabled(const struct clientlog *cl);

#endif
