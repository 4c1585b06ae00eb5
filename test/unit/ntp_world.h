/* ntp_world.h - one daemon's NTP room in a world of its own, for tests of associations and names.
 *
 * The clock is perfect and steerable, datagrams that are sent are kept and can be answered by an
 * honest server with a settable offset, delay and figures; what a test wants otherwise it does to
 * the packets. */
#ifndef TEST_UNIT_NTP_WORLD_H
#define TEST_UNIT_NTP_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "chronyd/ntp/mac.h"
#include "chronyd/ntp/ntp.h"
#include "chronyd/ntp/packet.h"

#define WORLD_SOCKS 128
#define WORLD_SENT 512
#define WORLD_QUERIES 32
#define WORLD_LOG 32768
#define WORLD_START INT64_C(1700000000000000000)

struct world_sent {
    int sock;
    uint32_t tx_id;
    struct endpoint remote;
    struct os_udp_params params; /* of the socket */
    uint8_t data[256];
    size_t length;
    struct mono at;
};

struct world_server {
    bool silent;
    double offset_s, delay_s, hold_s; /* each way; time to answer */
    uint8_t leap, stratum;
    uint32_t refid;
    double root_delay_s, root_dispersion_s;
    const struct key *key;
    /* Last look at a reply before it is delivered; false: lost. */
    bool (*touch)(void *ctx, const struct world_sent *request, uint8_t *data, size_t *length);
    void *ctx;
};

struct world_hw {
    bool present;
    int64_t ahead_ns; /* the clock of an interface, of our monotonic clock */
    double freq;
    double error_s; /* of a reading */
    double skew_s;  /* by which a reading is wrong */
    bool silent;    /* cannot be read */
    int reads;
};

struct world {
    struct os os;
    struct log log;
    struct timers timers;
    int64_t mono_ns, utc_ns;
    double rate;
    uint64_t seed;
    bool open[WORLD_SOCKS];
    struct os_udp_params params[WORLD_SOCKS];
    uint32_t next_tx[WORLD_SOCKS];
    int open_limit; /* sockets at a time */
    struct world_sent sent[WORLD_SENT];
    size_t sent_count, answered;
    bool no_route, send_fails;
    struct {
        uint32_t token;
        char name[256];
        bool cancelled;
    } queries[WORLD_QUERIES];
    size_t query_count;
    char text[WORLD_LOG];
    size_t text_used;
    struct world_server server;
    struct clock *clock;
    struct reference *reference;
    struct sources *sources;
    struct keystore *keys;
    struct access_table *access;
    struct ntp *ntp;
    char *appended;
    size_t appended_used;
    struct err err; /* of creation */
    /* eth0 and eth1 stamp packets; their clocks show other times than ours. Tests set it before
     * the world is made: world_hw. */
    struct world_hw hw;
    /* A Unix socket that can be connected to once at a time. */
    struct {
        bool listens, deaf, connected; /* deaf: takes nothing */
        int connections, closed;
        uint8_t data[4096]; /* all that was sent there */
        size_t length;
    } stream;
};

static struct mono world_mono(void *ctx)
{
    return (struct mono){((struct world *)ctx)->mono_ns};
}

static struct utc world_utc(void *ctx)
{
    return (struct utc){((struct world *)ctx)->utc_ns};
}

static double world_suspended(void *ctx)
{
    (void)ctx;
    return -1.0;
}

static void world_clock_info(void *ctx, struct os_clock_info *out)
{
    struct world *w = ctx;

    *out = (struct os_clock_info){true, 100000.0, w->rate * 1e6, 1e-7};
}

static bool world_set_rate(void *ctx, double rate_ppm, double *applied_ppm, struct err *err)
{
    (void)err;
    ((struct world *)ctx)->rate = rate_ppm * 1e-6;
    *applied_ppm = rate_ppm;
    return true;
}

static bool world_step(void *ctx, double offset_s, struct err *err)
{
    (void)err;
    ((struct world *)ctx)->utc_ns += ns_from_s(offset_s);
    return true;
}

static bool world_status(void *ctx, const struct os_clock_status *status, struct err *err)
{
    (void)ctx, (void)status, (void)err;
    return true;
}

static void world_random(void *ctx, void *out, size_t length)
{
    struct world *w = ctx;
    uint8_t *to = out;

    for (size_t i = 0; i < length; i++) {
        w->seed = w->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        to[i] = (uint8_t)(w->seed >> 56);
    }
}

static int world_udp_open(void *ctx, const struct os_udp_params *params, struct err *err)
{
    struct world *w = ctx;
    int used = 0;

    if (w->no_route)
        return err_set(err, ERR_UNREACHABLE, "no route"), -1;

    for (int i = 0; i < WORLD_SOCKS; i++)
        used += w->open[i];
    if (used >= w->open_limit)
        return err_set(err, ERR_LIMIT, "too many sockets"), -1;
    for (int i = 0; i < WORLD_SOCKS; i++) {
        if (w->open[i])
            continue;
        w->open[i] = true;
        w->params[i] = *params;
        w->next_tx[i] = 0;
        return i;
    }
    return err_set(err, ERR_LIMIT, "too many sockets"), -1;
}

static void world_udp_close(void *ctx, int sock)
{
    struct world *w = ctx;

    assert_true(w->open[sock]);
    w->open[sock] = false;
}

static bool world_udp_send(void *ctx, const struct os_datagram *d, uint32_t *tx_id, struct err *err)
{
    struct world *w = ctx;
    struct world_sent *s = &w->sent[w->sent_count % WORLD_SENT];

    if (w->send_fails)
        return err_set(err, ERR_UNREACHABLE, "no network");
    assert_true(w->open[d->sock] && d->length <= sizeof(s->data));
    *s = (struct world_sent){.sock = d->sock,
                             .tx_id = w->next_tx[d->sock]++,
                             .params = w->params[d->sock],
                             .remote = d->remote,
                             .length = d->length,
                             .at = {w->mono_ns}};
    if (s->params.remote.addr.family != ADDR_NONE)
        s->remote = s->params.remote;
    memcpy(s->data, d->data, d->length);
    if (tx_id)
        *tx_id = s->tx_id;
    w->sent_count++;
    return true;
}

static bool world_has_route(void *ctx, const struct addr *to)
{
    (void)to;
    return !((struct world *)ctx)->no_route;
}

static void world_resolve(void *ctx, uint32_t token, const char *name, enum addr_family family)
{
    struct world *w = ctx;

    (void)family;
    assert_true(w->query_count < WORLD_QUERIES);
    w->queries[w->query_count].token = token;
    text_copy(w->queries[w->query_count].name, sizeof(w->queries[0].name), name);
    w->queries[w->query_count++].cancelled = false;
}

static void world_resolve_cancel(void *ctx, uint32_t token)
{
    struct world *w = ctx;

    for (size_t i = 0; i < w->query_count; i++) {
        if (w->queries[i].token == token)
            w->queries[i].cancelled = true;
    }
}

static bool world_file_read(void *ctx, const char *path, size_t max, char **data, size_t *length,
                            struct err *err)
{
    (void)ctx, (void)max, (void)data, (void)length;
    return err_set(err, ERR_MISSING, "no file %s", path);
}

static bool world_file_replace(void *ctx, const char *path, const void *data, size_t length,
                               unsigned mode, struct err *err)
{
    (void)ctx, (void)path, (void)data, (void)length, (void)mode, (void)err;
    return true;
}

static int world_append_open(void *ctx, const char *path, unsigned mode, struct err *err)
{
    (void)ctx, (void)path, (void)mode, (void)err;
    return 1;
}

static bool world_append_write(void *ctx, int file, const void *data, size_t length,
                               struct err *err)
{
    struct world *w = ctx;

    (void)file, (void)err;
    w->appended = realloc(w->appended, w->appended_used + length + 1);
    assert_non_null(w->appended);
    memcpy(w->appended + w->appended_used, data, length);
    w->appended_used += length;
    w->appended[w->appended_used] = '\0';
    return true;
}

static void world_append_close(void *ctx, int file)
{
    (void)ctx, (void)file;
}

static int64_t world_hw_ns(const struct world *w, int64_t mono_ns)
{
    int64_t gone = mono_ns - 5 * NS_PER_S;

    return w->hw.ahead_ns + gone + (int64_t)llrint((double)gone * w->hw.freq);
}

#define WORLD_STREAM 1000

static int world_stream_connect(void *ctx, const char *path, struct err *err)
{
    struct world *w = ctx;

    assert_string_equal(path, "/samba/socket");
    assert_false(w->stream.connected);
    if (!w->stream.listens)
        return err_set(err, ERR_MISSING, "nobody there"), -1;
    w->stream.connected = true;
    w->stream.connections++;
    return WORLD_STREAM;
}

static long world_stream_send(void *ctx, int stream, const void *data, size_t length)
{
    struct world *w = ctx;

    assert_true(w->stream.connected && stream == WORLD_STREAM);
    if (w->stream.deaf)
        return 0;
    assert_true(w->stream.length + length <= sizeof(w->stream.data));
    memcpy(w->stream.data + w->stream.length, data, length);
    w->stream.length += length;
    return (long)length;
}

static void world_stream_close(void *ctx, int stream)
{
    struct world *w = ctx;

    assert_true(w->stream.connected && stream == WORLD_STREAM);
    w->stream.connected = false;
    w->stream.closed++;
}

static size_t world_interfaces(void *ctx, char (*names)[OS_INTERFACE_NAME_MAX], size_t max)
{
    static const char *const list[] = {"lo", "eth0", "eth1"};

    (void)ctx;
    assert_true(max >= ARRAY_LEN(list));
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        assert_true(text_copy(names[i], OS_INTERFACE_NAME_MAX, list[i]));
    return ARRAY_LEN(list);
}

static bool world_hwstamp_enable(void *ctx, const struct os_hwstamp_params *params,
                                 struct os_hwstamp_port *out, struct err *err)
{
    struct world *w = ctx;
    int number;

    if (!w->hw.present || strncmp(params->interface, "eth", 3) != 0)
        return err_set(err, ERR_UNSUPPORTED, "Not supported by the interface");
    number = params->interface[3] - '0';
    *out = (struct os_hwstamp_port){number + 1, number + 2, params->filter != HWTS_FILTER_NONE};
    return true;
}

static bool world_hwclock_read(void *ctx, int clock, struct os_hwclock_reading *out)
{
    struct world *w = ctx;

    assert_in_range(clock, 1, 2);
    w->hw.reads++;
    *out = (struct os_hwclock_reading){
        {w->utc_ns}, world_hw_ns(w, w->mono_ns) + ns_from_s(w->hw.skew_s), w->hw.error_s};
    return !w->hw.silent;
}

static void world_log(void *ctx, enum log_level level, const char *line)
{
    struct world *w = ctx;
    int n;

    (void)level;
    n = snprintf(w->text + w->text_used, sizeof(w->text) - w->text_used, "%s\n", line);
    if (n > 0 && (size_t)n < sizeof(w->text) - w->text_used)
        w->text_used += (size_t)n;
}

static const struct os_ops world_ops = {
    .mono = world_mono,
    .utc = world_utc,
    .suspended_s = world_suspended,
    .clock_info = world_clock_info,
    .set_rate = world_set_rate,
    .step = world_step,
    .set_clock_status = world_status,
    .random = world_random,
    .udp_open = world_udp_open,
    .udp_close = world_udp_close,
    .udp_send = world_udp_send,
    .has_route = world_has_route,
    .resolve = world_resolve,
    .resolve_cancel = world_resolve_cancel,
    .file_read = world_file_read,
    .file_replace = world_file_replace,
    .append_open = world_append_open,
    .append_write = world_append_write,
    .append_close = world_append_close,
    .interfaces = world_interfaces,
    .stream_connect = world_stream_connect,
    .stream_send = world_stream_send,
    .stream_close = world_stream_close,
    .hwstamp_enable = world_hwstamp_enable,
    .hwclock_read = world_hwclock_read,
};

static inline struct ntp_settings world_settings(void)
{
    return (struct ntp_settings){
        .port = 123,
        .acquisition_port = -1,
        .min_samples = 6,
        .refresh_s = 1209600,
        .log_raw_measurements = true,
        .logs = {.dir = "logs"},
        .clients = {.enabled = true, .memory_limit = 65536},
    };
}

static inline struct world *world_create_with(const struct ntp_settings *settings,
                                              const struct world_hw *hw)
{
    static const char keys[] = "1 MD5 0123456789ab\n2 SHA256 0123456789ab\n3 MD5 short\n";
    struct clock_settings cs = {true, 83333.333, 100000.0, 1.0, 1e-7};
    struct reference_settings rs = {.makestep_limit = 0,
                                    .maxchange_start = -1,
                                    .max_update_skew_ppm = 1000,
                                    .corr_time_ratio = 3,
                                    .log_change_s = 1.0,
                                    .drift_interval_s = 3600};
    struct sources_settings ss = {.select = {.max_distance_s = 3,
                                             .max_jitter_s = 1,
                                             .reselect_distance_s = 1e-4,
                                             .stratum_weight_s = 1e-3,
                                             .combine_limit = 3,
                                             .min_sources = 1,
                                             .max_stratum = 15,
                                             .auth_mode = SELECT_AUTH_MIX,
                                             .max_clock_error = 1e-6,
                                             .orphan_stratum = 16}};
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->os = (struct os){&world_ops, w};
    w->log = (struct log){world_log, w, LEVEL_DEBUG};
    w->mono_ns = 5 * NS_PER_S;
    w->utc_ns = WORLD_START;
    w->seed = 1;
    w->hw = *hw;
    w->open_limit = WORLD_SOCKS;
    w->server = (struct world_server){.delay_s = 0.01,
                                      .hold_s = 1e-5,
                                      .stratum = 2,
                                      .refid = 0xc6336401,
                                      .root_delay_s = 0.001,
                                      .root_dispersion_s = 0.001};
    w->clock = clock_create(&w->os, &w->timers, &w->log, &cs);
    w->reference = reference_create(&w->os, &w->timers, &w->log, w->clock, &rs);
    w->sources = sources_create(&w->os, &w->log, w->clock, w->reference, &ss);
    w->keys = keystore_create();
    keystore_load(w->keys, keys, strlen(keys), "keys", &w->log);
    w->access = access_create();
    w->ntp = ntp_create(&w->os, &w->timers, &w->log, w->clock, w->reference, w->sources, w->keys,
                        w->access, settings, &w->err);
    return w;
}

static inline struct world *world_create(const struct ntp_settings *settings)
{
    static const struct world_hw none;
    struct world *w = world_create_with(settings, &none);

    assert_non_null(w->ntp);
    return w;
}

static inline void world_destroy(struct world *w)
{
    ntp_destroy(w->ntp);
    sources_destroy(w->sources);
    reference_destroy(w->reference);
    clock_destroy(w->clock);
    access_destroy(w->access);
    keystore_destroy(w->keys);
    timers_free(&w->timers);
    for (int i = 0; i < WORLD_SOCKS; i++)
        assert_false(w->open[i]);
    free(w->appended);
    free(w);
}

static inline void world_pass(struct world *w, int64_t ns)
{
    w->mono_ns += ns;
    w->utc_ns += ns + (int64_t)((double)ns * w->rate);
}

/* A datagram comes in now. */
static inline void world_deliver(struct world *w, int sock, const struct endpoint *from,
                                 const uint8_t *data, size_t length)
{
    struct event ev = {.type = EVENT_DATAGRAM,
                       .datagram = {.sock = sock,
                                    .remote = *from,
                                    .local = addr_from_ipv4(0xc0a80001),
                                    .data = data,
                                    .length = length,
                                    .stamp = {w->utc_ns},
                                    .stamp_by = STAMP_KERNEL}};

    ntp_handle(w->ntp, &ev);
}

/* What the server's clock shows: our oscillator without any correction, plus the offset. */
static inline struct utc world_server_time(const struct world *w)
{
    return (struct utc){WORLD_START + w->mono_ns - 5 * NS_PER_S + ns_from_s(w->server.offset_s)};
}

static inline void world_answer(struct world *w, const struct world_sent *s)
{
    const struct world_server *v = &w->server;
    struct ntp_packet in;
    struct ntp_header h;
    uint8_t data[256];
    size_t length = NTP_HEADER_BYTES;

    if (v->silent || !ntp_packet_decode(s->data, s->length, &in))
        return;
    h = (struct ntp_header){.leap = v->leap,
                            .version = in.header.version,
                            .mode = in.header.mode == NTP_MODE_CLIENT ? NTP_MODE_SERVER
                                                                      : NTP_MODE_PASSIVE,
                            .stratum = v->stratum,
                            .poll = in.header.poll,
                            .precision = -22,
                            .root_delay = ntp_short_from_s(v->root_delay_s),
                            .root_dispersion = ntp_short_from_s(v->root_dispersion_s),
                            .refid = v->refid,
                            .origin = in.header.transmit};
    world_pass(w, ns_from_s(v->delay_s));
    h.receive = ntp_time_from_utc(world_server_time(w));
    h.reference = h.receive;
    world_pass(w, ns_from_s(v->hold_s));
    h.transmit = ntp_time_from_utc(world_server_time(w));
    world_pass(w, ns_from_s(v->delay_s));
    ntp_header_encode(&h, data);
    if (v->key)
        assert_true(ntp_mac_append(v->key, h.version, data, &length, sizeof(data)));
    if (v->touch && !v->touch(v->ctx, s, data, &length))
        return;
    if (w->open[s->sock])
        world_deliver(w, s->sock, &s->remote, data, length);
}

/* Let time pass; requests are answered as soon as they are sent. */
static inline void world_run(struct world *w, double seconds)
{
    int64_t until = w->mono_ns + ns_from_s(seconds);

    while (w->mono_ns < until) {
        struct mono next = timers_next(&w->timers);
        int64_t to = next.ns < until ? next.ns : until;

        if (to > w->mono_ns)
            world_pass(w, to - w->mono_ns);
        timers_fire(&w->timers, (struct mono){w->mono_ns});
        while (w->answered < w->sent_count) {
            struct world_sent s = w->sent[w->answered++ % WORLD_SENT];

            world_answer(w, &s);
        }
    }
}

/* Answer the newest query with addresses 192.0.2.first and following. */
static inline void world_resolved(struct world *w, size_t query, uint8_t first, size_t count)
{
    struct event ev = {.type = EVENT_RESOLVED};

    assert_true(query < w->query_count);
    ev.resolved.token = w->queries[query].token;
    ev.resolved.status = count ? OS_RESOLVED : OS_RESOLVE_TEMPORARY;
    ev.resolved.count = count;
    for (size_t i = 0; i < count; i++)
        ev.resolved.addrs[i] = addr_from_ipv4(0xc0000200 + first + (uint32_t)i);
    ntp_handle(w->ntp, &ev);
}

static inline bool world_logged(const struct world *w, const char *part)
{
    return strstr(w->text, part) != NULL;
}

static inline struct ntp_source_settings world_source(const char *name)
{
    struct ntp_source_settings s;

    ntp_source_defaults(&s);
    text_copy(s.name, sizeof(s.name), name);
    return s;
}

static inline struct ntp_header world_header(const struct world_sent *s)
{
    struct ntp_packet p;

    assert_true(ntp_packet_decode(s->data, s->length, &p));
    return p.header;
}

static inline struct ntp_data_report world_data(const struct world *w, uint8_t last)
{
    struct addr a = addr_from_ipv4(0xc0000200U + last);
    struct ntp_data_report r;

    assert_true(ntp_data_report(w->ntp, &a, &r));
    return r;
}

static inline double world_at_s(const struct world_sent *s)
{
    return s_from_ns(s->at.ns) - 5.0;
}

#endif
