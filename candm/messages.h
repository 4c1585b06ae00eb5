/* messages.h - the payloads of candm as values: names and units of spec candm-v6 sections 4.2
 * and 5.2.
 *
 * Floats are doubles here. Signs are those of the wire, which differ from the daemon's own: each
 * field says so. Every NAME of CANDM_REQUESTS has a struct candm_req_NAME, and a candm_put_req_NAME
 * and a candm_get_req_NAME that write and read exactly the payload's bytes; overruns show in `bad`
 * of the writer or reader. Those of CANDM_REPLIES have the same with rpy for req. */
#ifndef CANDM_MESSAGES_H
#define CANDM_MESSAGES_H

#include "candm/candm.h"

struct candm_time {
    int64_t sec; /* since 1970 */
    uint32_t nsec;
};

/* --- requests --- */
struct candm_req_none {
    char unused;
};
struct candm_req_int {
    int32_t value; /* index, option */
};
struct candm_req_float {
    double value;
};
struct candm_req_mask {
    struct addr mask, address;
};
struct candm_req_burst {
    struct addr mask, address;
    int32_t good, total;
};
struct candm_req_modify_int {
    struct addr address;
    int32_t value;
};
struct candm_req_modify_float {
    struct addr address;
    double value;
};
struct candm_req_settime {
    struct candm_time time;
};
struct candm_req_subnet {
    struct addr net;
    int32_t bits;
};
struct candm_req_address {
    struct addr address;
};
struct candm_req_makestep {
    int32_t limit;
    double threshold_s;
};
enum candm_source_type { CANDM_SERVER = 1, CANDM_PEER = 2, CANDM_POOL = 3 };
enum candm_source_flag {
    CANDM_FLAG_ONLINE = 0x1,
    CANDM_FLAG_AUTO_OFFLINE = 0x2,
    CANDM_FLAG_IBURST = 0x4,
    CANDM_FLAG_PREFER = 0x8,
    CANDM_FLAG_NOSELECT = 0x10,
    CANDM_FLAG_TRUST = 0x20,
    CANDM_FLAG_REQUIRE = 0x40,
    CANDM_FLAG_INTERLEAVED = 0x80,
    CANDM_FLAG_BURST = 0x100,
    CANDM_FLAG_NTS = 0x200,
    CANDM_FLAG_COPY = 0x400,
    CANDM_FLAG_EF_MONO_ROOT = 0x800,
    CANDM_FLAG_EF_NET_CORRECTION = 0x1000,
    CANDM_FLAG_IPV4 = 0x2000,
    CANDM_FLAG_IPV6 = 0x4000,
};
struct candm_req_add_source {
    uint32_t type;
    char name[256]; /* as on the wire: may lack its NUL */
    uint32_t port;
    int32_t minpoll, maxpoll, presend_minpoll;
    uint32_t min_stratum, poll_target, version, max_sources;
    int32_t min_samples, max_samples;
    uint32_t key_id, nts_port;
    double max_delay_s, max_delay_ratio, max_delay_dev_ratio, min_delay_s, asymmetry, offset_s;
    uint32_t flags;
    int32_t filter_length;
    uint32_t cert_set;
    double max_delay_quant;
    int32_t max_unreach;
};
struct candm_req_client_accesses {
    uint32_t first_index, n_clients, min_hits, reset;
};
struct candm_req_modify_selectopts {
    struct addr address;
    uint32_t refid, mask /* select-option bits */, options /* source-flag bits */;
};
struct candm_req_modify_offset {
    struct addr address;
    uint32_t refid;
    double offset_s;
};
struct candm_req_local {
    int32_t on, stratum;
    double distance_s;
    int32_t orphan;
    double activate_s, wait_synced_s, wait_unsynced_s;
};
struct candm_req_local2 {
    int32_t on, stratum;
    double distance_s;
    int32_t orphan;
};
struct candm_req_doffset_old {
    int32_t sec, usec;
};

/* --- replies --- */
struct candm_rpy_null {
    char unused;
};
struct candm_rpy_n_sources {
    uint32_t count;
};
enum candm_source_state {
    CANDM_SELECTED = 0,
    CANDM_NONSELECTABLE = 1,
    CANDM_FALSETICKER = 2,
    CANDM_JITTERY = 3,
    CANDM_UNSELECTED = 4, /* combined */
    CANDM_SELECTABLE = 5,
};
struct candm_rpy_source_data {
    struct addr address;
    int16_t poll;
    uint16_t stratum, state, mode, flags, reachability;
    uint32_t since_sample_s;                  /* UINT32_MAX none */
    double orig_latest_meas_s, latest_meas_s; /* > 0: local clock ahead */
    double latest_meas_err_s;
};
struct candm_rpy_tracking {
    uint32_t refid;
    struct addr address;
    uint16_t stratum, leap;
    struct candm_time ref_time;
    double current_correction_s; /* > 0: system clock is slow */
    double last_offset_s;        /* > 0: local time was ahead */
    double rms_offset_s, freq_ppm /* > 0: fast */, resid_freq_ppm, skew_ppm;
    double root_delay_s, root_dispersion_s, last_update_interval_s;
};
struct candm_rpy_sourcestats {
    uint32_t refid;
    struct addr address;
    uint32_t samples, runs, span_s;
    double sd_s, resid_freq_ppm, skew_ppm, offset_s /* > 0: local ahead */, offset_err_s;
};
struct candm_rpy_rtc {
    struct candm_time ref_time;
    uint16_t samples, runs;
    uint32_t span_s;
    double fast_s, gain_ppm;
};
struct candm_rpy_activity {
    int32_t online, offline, burst_online, burst_offline, unresolved;
};
struct candm_rpy_smoothing {
    uint32_t flags; /* 1 active, 2 leap only */
    double offset_s, freq_ppm, wander_ppm, last_update_ago_s, remaining_s;
};
struct candm_rpy_manual_timestamp {
    double offset_s, dfreq_ppm, new_freq_ppm;
};
#define CANDM_MANUAL_SAMPLES 16
struct candm_manual_sample {
    struct candm_time when;
    double slewed_s, original_s, residual_s;
};
struct candm_rpy_manual_list {
    uint32_t count;
    struct candm_manual_sample samples[CANDM_MANUAL_SAMPLES];
};
struct candm_rpy_source_name {
    char name[256]; /* may lack its NUL */
};
struct candm_rpy_auth_data {
    uint16_t mode, key_type;
    uint32_t key_id;
    uint16_t key_bits, ke_attempts;
    uint32_t last_ke_ago_s;
    uint16_t cookies, cookie_length, nak;
};
#define CANDM_CLIENTS_PER_REPLY 8
struct candm_client {
    struct addr address;
    uint32_t ntp_hits, nke_hits, cmd_hits, ntp_drops, nke_drops, cmd_drops;
    int8_t ntp_interval, nke_interval, cmd_interval, ntp_timeout_interval;
    uint32_t last_ntp_ago_s, last_nke_ago_s, last_cmd_ago_s;
};
struct candm_rpy_client_accesses {
    uint32_t n_indices, next_index, count;
    struct candm_client clients[CANDM_CLIENTS_PER_REPLY];
};
struct candm_rpy_select_data {
    uint32_t refid;
    struct addr address;
    uint8_t state, authenticated, leap;
    uint16_t configured, effective; /* select-option bits */
    uint32_t last_sample_ago_s;
    double score, low_s, high_s; /* of local - true: > 0 local ahead */
};
/* All server_stats generations decode into this; what an old one lacks is UINT64_MAX ("unknown").
 */
struct candm_rpy_server_stats4 {
    uint64_t ntp_hits, nke_hits, cmd_hits, ntp_drops, nke_drops, cmd_drops, log_drops;
    uint64_t ntp_auth_hits, ntp_interleaved_hits, ntp_timestamps, ntp_span_s;
    uint64_t daemon_rx, daemon_tx, kernel_rx, kernel_tx, hw_rx, hw_tx;
};
#define candm_rpy_server_stats candm_rpy_server_stats4
#define candm_rpy_server_stats2 candm_rpy_server_stats4
#define candm_rpy_server_stats3 candm_rpy_server_stats4
struct candm_rpy_ntp_data2 {
    struct addr remote, local;
    uint16_t remote_port;
    uint8_t leap, version, mode, stratum;
    int8_t poll, precision;
    double root_delay_s, root_dispersion_s;
    uint32_t refid;
    struct candm_time ref_time;
    double offset_s; /* NTP sign: > 0 local behind */
    double peer_delay_s, peer_dispersion_s, response_time_s, asymmetry;
    uint16_t flags;
    uint8_t tx_stamp, rx_stamp;
    uint32_t total_tx, total_rx, total_valid, total_good;
    uint32_t total_kernel_tx, total_kernel_rx, total_hw_tx, total_hw_rx; /* UINT32_MAX unknown */
};
#define candm_rpy_ntp_data candm_rpy_ntp_data2

/* --- extensions (doc/candm-extensions.adoc) --- */
/* A reason of base/reason.h by its stable name, which outlives renumbering; unknown names are to be
 * shown as they are. */
struct candm_reason {
    char name[32]; /* terminated */
    double figure, limit;
    char directive[32]; /* terminated, empty = none */
};
/* Numbers of enum verdict_state (chronyd/reference/verdict.h). */
enum candm_verdict_state {
    CANDM_VERDICT_OK = 0,
    CANDM_VERDICT_SETTLING = 1,
    CANDM_VERDICT_DEGRADED = 2,
    CANDM_VERDICT_UNSYNCHRONISED = 3,
    CANDM_VERDICT_NOT_IN_CONTROL = 4,
};
struct candm_rpy_verdict {
    uint16_t state;
    double bound_s;    /* of the error of the system clock */
    double expected_s; /* what it stays below 99.9 per cent of the time; 0 = unknown */
    struct candm_reason reason;
};
struct candm_rpy_source_reason {
    uint32_t refid;
    struct addr address;           /* or an ID; family 0 for a reference clock */
    uint8_t state;                 /* letter of selectdata */
    struct candm_reason network;   /* why it gives no usable samples; "none" = it does */
    struct candm_reason selection; /* why it is used, or not */
};
enum candm_reload_result {
    CANDM_RELOAD_DONE = 0,
    CANDM_RELOAD_REFUSED = 1, /* the new configuration is faulty or cannot be read */
    CANDM_RELOAD_NO_FILE = 2, /* the running one came from no file */
};
#define CANDM_RELOAD_TEXT 468
struct candm_rpy_reload_config {
    uint16_t result;
    uint32_t added, removed, kept; /* sources */
    uint32_t applied;              /* other directives that changed */
    uint32_t restart;              /* directives whose change has to wait for a restart */
    /* Why not; or the names of the latter, separated by blanks, "..." at the end if there is no
     * room for all. Terminated. */
    char text[CANDM_RELOAD_TEXT];
};

#define X(name, bytes)                                                                             \
    void candm_put_req_##name(struct wire_out *out, const struct candm_req_##name *v);             \
    void candm_get_req_##name(struct wire_in *in, struct candm_req_##name *v);
CANDM_REQUESTS(X)
#undef X
#define X(name, code, bytes)                                                                       \
    void candm_put_rpy_##name(struct wire_out *out, const struct candm_rpy_##name *v);             \
    void candm_get_rpy_##name(struct wire_in *in, struct candm_rpy_##name *v);
CANDM_REPLIES(X)
#undef X

/* Whole datagrams, for both ends and their fuzzers. */
union candm_reply_payload {
#define X(name, code, bytes) struct candm_rpy_##name name##_;
    CANDM_REPLIES(X)
#undef X
};
/* Decode the payload of `reply` by its code; false: too short or an unknown code. */
MUST_CHECK bool candm_decode_reply(const uint8_t *data, size_t length,
                                   struct candm_reply_header *header,
                                   union candm_reply_payload *out);

#endif
