/* toy_os.h - the smallest world in which a daemon runs: one clock, sockets that keep what was sent,
 * no network, no files but those that a test puts in. For unit tests and fuzzers. */
#ifndef TEST_UNIT_TOY_OS_H
#define TEST_UNIT_TOY_OS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chronyd/os/event.h"

#define TOY_SOCKETS_MAX 64
#define TOY_STREAM_BYTES 65536
#define TOY_LOG_BYTES 65536

enum toy_kind {
    TOY_CLOSED,
    TOY_SERVER,
    TOY_CLIENT,
    TOY_COMMAND,
    TOY_UNIX,
    TOY_LISTENER,
    TOY_STREAM
};

struct toy_socket {
    enum toy_kind kind;
    struct os_udp_params udp;
    uint32_t sent;
    size_t stream_room; /* bytes that the other end will still take */
};

struct toy {
    struct os os;
    struct log log;
    struct mono mono;
    struct utc utc;
    double rate; /* fraction */
    uint64_t seed;
    struct toy_socket sockets[TOY_SOCKETS_MAX];
    /* the datagram sent last, and how many there were */
    struct os_datagram sent;
    uint8_t sent_data[2048];
    size_t sent_count;
    char stream[TOY_STREAM_BYTES]; /* all that was sent to streams */
    size_t stream_used;
    const char *file_path, *file_text; /* the one file that exists */
    char log_text[TOY_LOG_BYTES];
    size_t log_used;
    bool forbid_step;
};

static struct mono toy_mono(void *ctx)
{
    return ((struct toy *)ctx)->mono;
}

static struct utc toy_utc(void *ctx)
{
    return ((struct toy *)ctx)->utc;
}

static double toy_suspended_s(void *ctx)
{
    (void)ctx;
    return 0.0;
}

static void toy_clock_info(void *ctx, struct os_clock_info *out)
{
    const struct toy *t = ctx;

    *out = (struct os_clock_info){
        .may_set = true, .max_rate_ppm = 1e5, .rate_ppm = t->rate * 1e6, .resolution_s = 1e-9};
}

static bool toy_set_rate(void *ctx, double rate_ppm, double *applied_ppm, struct err *err)
{
    (void)err;
    ((struct toy *)ctx)->rate = rate_ppm * 1e-6;
    *applied_ppm = rate_ppm;
    return true;
}

static bool toy_step(void *ctx, double offset_s, struct err *err)
{
    struct toy *t = ctx;

    if (t->forbid_step)
        return err_set(err, ERR_PERMISSION, "not allowed");
    t->utc = utc_add_s(t->utc, offset_s);
    return true;
}

static bool toy_set_clock_status(void *ctx, const struct os_clock_status *status, struct err *err)
{
    (void)ctx;
    (void)status;
    (void)err;
    return true;
}

static void toy_random(void *ctx, void *out, size_t length)
{
    struct toy *t = ctx;
    uint8_t *bytes = out;

    for (size_t i = 0; i < length; i++) {
        t->seed = t->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        bytes[i] = (uint8_t)(t->seed >> 56);
    }
}

static int toy_open(struct toy *t, enum toy_kind kind)
{
    for (int i = 0; i < TOY_SOCKETS_MAX; i++) {
        if (t->sockets[i].kind == TOY_CLOSED) {
            t->sockets[i] = (struct toy_socket){.kind = kind, .stream_room = SIZE_MAX};
            return i;
        }
    }
    return -1;
}

static void toy_close(void *ctx, int sock)
{
    ((struct toy *)ctx)->sockets[sock].kind = TOY_CLOSED;
}

static int toy_udp_open(void *ctx, const struct os_udp_params *params, struct err *err)
{
    struct toy *t = ctx;
    int sock = toy_open(t, params->use == OS_UDP_COMMAND      ? TOY_COMMAND
                           : params->use == OS_UDP_NTP_SERVER ? TOY_SERVER
                                                              : TOY_CLIENT);

    if (sock >= 0)
        t->sockets[sock].udp = *params;
    else
        err_set(err, ERR_LIMIT, "no socket left");
    return sock;
}

static bool toy_send(void *ctx, const struct os_datagram *d, uint32_t *tx_id, struct err *err)
{
    struct toy *t = ctx;

    (void)err;
    if (d->length > sizeof(t->sent_data))
        abort();
    t->sent = *d;
    memcpy(t->sent_data, d->data, d->length);
    t->sent.data = t->sent_data;
    t->sent_count++;
    if (tx_id)
        *tx_id = t->sockets[d->sock].sent;
    t->sockets[d->sock].sent++;
    return true;
}

static bool toy_unix_send(void *ctx, const struct os_datagram *d, struct err *err)
{
    return toy_send(ctx, d, NULL, err);
}

static bool toy_has_route(void *ctx, const struct addr *to)
{
    (void)ctx;
    return to->family == ADDR_IPV4 || to->family == ADDR_IPV6;
}

static int toy_unix_open(void *ctx, const char *path, struct err *err)
{
    (void)path;
    (void)err;
    return toy_open(ctx, TOY_UNIX);
}

static int toy_stream_listen(void *ctx, const char *path, unsigned mode, const char *group,
                             struct err *err)
{
    (void)path;
    (void)mode;
    (void)group;
    (void)err;
    return toy_open(ctx, TOY_LISTENER);
}

static long toy_stream_send(void *ctx, int stream, const void *data, size_t length)
{
    struct toy *t = ctx;
    size_t n = length < t->sockets[stream].stream_room ? length : t->sockets[stream].stream_room;

    if (t->stream_used + n > sizeof(t->stream))
        abort();
    memcpy(t->stream + t->stream_used, data, n);
    t->stream_used += n;
    if (t->sockets[stream].stream_room != SIZE_MAX)
        t->sockets[stream].stream_room -= n;
    return (long)n;
}

static void toy_resolve(void *ctx, uint32_t token, const char *name, enum addr_family family)
{
    (void)ctx;
    (void)token;
    (void)name;
    (void)family;
}

static void toy_resolve_cancel(void *ctx, uint32_t token)
{
    (void)ctx;
    (void)token;
}

static bool toy_file_read(void *ctx, const char *path, size_t max, char **data, size_t *length,
                          struct err *err)
{
    struct toy *t = ctx;

    if (!t->file_path || strcmp(path, t->file_path) != 0)
        return err_set_sys(err, ERR_MISSING, 2, "Could not open %s", path);
    *length = strlen(t->file_text);
    if (*length > max)
        return err_set(err, ERR_LIMIT, "%s is too large", path);
    *data = calloc(1, *length + 1);
    memcpy(*data, t->file_text, *length);
    return true;
}

static bool toy_file_replace(void *ctx, const char *path, const void *data, size_t length,
                             unsigned mode, struct err *err)
{
    (void)ctx;
    (void)path;
    (void)data;
    (void)length;
    (void)mode;
    (void)err;
    return true;
}

static bool toy_file_remove(void *ctx, const char *path, struct err *err)
{
    (void)ctx;
    return err_set_sys(err, ERR_MISSING, 2, "Could not remove %s", path);
}

static bool toy_file_mtime(void *ctx, const char *path, struct utc *out)
{
    (void)ctx;
    (void)path;
    (void)out;
    return false;
}

static int toy_append_open(void *ctx, const char *path, unsigned mode, struct err *err)
{
    (void)ctx;
    (void)mode;
    err_set(err, ERR_PERMISSION, "Could not open %s", path);
    return -1;
}

static bool toy_append_write(void *ctx, int file, const void *data, size_t length, struct err *err)
{
    (void)ctx;
    (void)file;
    (void)data;
    (void)length;
    return err_set(err, ERR_IO, "no files");
}

static bool toy_glob(void *ctx, const char *pattern, char ***paths, size_t *count, struct err *err)
{
    (void)ctx;
    (void)pattern;
    (void)err;
    *paths = NULL;
    *count = 0;
    return true;
}

static void toy_log(void *ctx, enum log_level level, const char *line)
{
    struct toy *t = ctx;

    (void)level;
    if (t->log_used + strlen(line) + 2 > sizeof(t->log_text))
        t->log_used = 0;
    t->log_used += strlen(
        text_format(t->log_text + t->log_used, sizeof(t->log_text) - t->log_used, "%s\n", line));
}

static const struct os_ops toy_ops = {
    .mono = toy_mono,
    .utc = toy_utc,
    .suspended_s = toy_suspended_s,
    .clock_info = toy_clock_info,
    .set_rate = toy_set_rate,
    .step = toy_step,
    .set_clock_status = toy_set_clock_status,
    .random = toy_random,
    .udp_open = toy_udp_open,
    .udp_close = toy_close,
    .udp_send = toy_send,
    .has_route = toy_has_route,
    .unix_open = toy_unix_open,
    .unix_close = toy_close,
    .unix_send = toy_unix_send,
    .stream_listen = toy_stream_listen,
    .stream_send = toy_stream_send,
    .stream_close = toy_close,
    .resolve = toy_resolve,
    .resolve_cancel = toy_resolve_cancel,
    .file_read = toy_file_read,
    .file_replace = toy_file_replace,
    .file_remove = toy_file_remove,
    .file_mtime = toy_file_mtime,
    .append_open = toy_append_open,
    .append_write = toy_append_write,
    .append_close = toy_close,
    .glob = toy_glob,
};

/* 2026-06-10 07:15:02 UTC, one hour after boot. */
static inline void toy_init(struct toy *t)
{
    *t = (struct toy){.mono = {3600 * NS_PER_S}, .utc = {1781075702 * NS_PER_S}, .seed = 1};
    t->os = (struct os){&toy_ops, t};
    t->log = (struct log){.write = toy_log, .ctx = t};
}

/* Time passes; the caller hands the daemon its due timers. */
static inline void toy_advance(struct toy *t, double s)
{
    t->mono = mono_add_s(t->mono, s);
    t->utc = utc_add_s(t->utc, s * (1.0 + t->rate));
}

/* The open socket of that kind and family (ADDR_NONE: any), -1 if there is none. */
static inline int toy_find(const struct toy *t, enum toy_kind kind, enum addr_family family)
{
    for (int i = 0; i < TOY_SOCKETS_MAX; i++) {
        if (t->sockets[i].kind == kind &&
            (family == ADDR_NONE || t->sockets[i].udp.family == family))
            return i;
    }
    return -1;
}

#endif
