/* memory_daemon.h - a whole daemon in a toy world, and one who asks it. */
#ifndef TEST_UNIT_MEMORY_DAEMON_H
#define TEST_UNIT_MEMORY_DAEMON_H

#include "candm/messages.h"
#include "chronyd/chronyd.h"
#include "test/unit/toy_os.h"

struct toy_daemon {
    struct toy toy;
    struct config config;
    struct chronyd *chronyd;
};

/* `directives`: lines of a configuration, the last one NULL; `seed`: of the world's randomness. A
 * file that the test has put into the toy stays there. False if the daemon refuses them. */
static inline bool toy_daemon_start_seeded(struct toy_daemon *d, const char *const *directives,
                                           uint64_t seed)
{
    struct chronyd_options options = {.mode = REFERENCE_NORMAL};
    const char *path = d->toy.file_path, *text = d->toy.file_text;
    struct config_reader reader;
    struct err err;

    toy_init(&d->toy);
    d->toy.seed = seed;
    d->toy.file_path = path;
    d->toy.file_text = text;
    config_defaults(&d->config);
    reader = (struct config_reader){.os = &d->toy.os, .log = &d->toy.log};
    for (int i = 0; directives[i]; i++)
        if (!config_read_line(&d->config, &reader, directives[i], i + 1, &err))
            return false;
    if (!config_finish(&d->config, &reader, &err))
        return false;
    d->chronyd = chronyd_create(&d->config, &options, &d->toy.os, &d->toy.log, &err);
    if (d->chronyd)
        chronyd_start(d->chronyd);
    return d->chronyd != NULL;
}

static inline bool toy_daemon_start(struct toy_daemon *d, const char *const *directives)
{
    return toy_daemon_start_seeded(d, directives, 1);
}

static inline void toy_daemon_stop(struct toy_daemon *d)
{
    chronyd_destroy(d->chronyd);
    config_free(&d->config);
}

/* Time passes in steps, with all timers that become due. */
static inline void toy_daemon_run(struct toy_daemon *d, double s)
{
    struct mono until = mono_add_s(d->toy.mono, s);

    while (mono_before(d->toy.mono, until)) {
        struct mono next = chronyd_next_wake(d->chronyd);

        if (mono_before(until, next))
            next = until;
        if (mono_before(d->toy.mono, next))
            toy_advance(&d->toy, mono_diff_s(next, d->toy.mono));
        else
            toy_advance(&d->toy, 1e-6);
        chronyd_handle(d->chronyd, &(struct event){.type = EVENT_TIMER});
    }
}

/* Where a question comes from. */
struct toy_asker {
    const char *addr; /* NULL: the Unix socket */
    const char *path; /* of the asker's own socket, "" = none */
};

static const struct toy_asker toy_local = {NULL, "/run/chrony/chronyc.1.sock"};
static const struct toy_asker toy_loopback = {"127.0.0.1", NULL};

/* Hand a datagram to the daemon; its answer is in d->toy.sent. False: silence. */
static inline bool toy_daemon_send(struct toy_daemon *d, const struct toy_asker *from,
                                   const void *data, size_t length)
{
    struct event ev = {.type = EVENT_DATAGRAM};
    size_t before = d->toy.sent_count;

    ev.datagram.data = data;
    ev.datagram.length = length;
    ev.datagram.stamp = d->toy.utc;
    ev.datagram.stamp_by = STAMP_DAEMON;
    if (from->addr) {
        if (!addr_parse(from->addr, &ev.datagram.remote.addr))
            abort();
        ev.datagram.remote.port = 40000;
        ev.datagram.sock =
            toy_find(&d->toy, TOY_COMMAND, (enum addr_family)ev.datagram.remote.addr.family);
    } else {
        text_copy(ev.datagram.unix_path, sizeof(ev.datagram.unix_path), from->path);
        ev.datagram.sock = toy_find(&d->toy, TOY_UNIX, ADDR_NONE);
    }
    if (ev.datagram.sock < 0)
        abort();
    chronyd_handle(d->chronyd, &ev);
    return d->toy.sent_count > before && d->toy.sent.sock == ev.datagram.sock;
}

/* The beginning of a request of this command: header with a sequence number; the payload follows.
 */
static inline struct wire_out toy_request(uint8_t *buf, size_t size, uint16_t command)
{
    struct wire_out out = wire_out_of(buf, size);

    memset(buf, 0, size);
    candm_put_request_header(
        &out, &(struct candm_request_header){
                  .version = CANDM_VERSION, .type = 1, .command = command, .sequence = 0xdeadbeef});
    return out;
}

/* Send `length` bytes of buf and decode the answer: its status, or -1 for silence. */
static inline int toy_ask(struct toy_daemon *d, const struct toy_asker *from, const uint8_t *buf,
                          size_t length, union candm_reply_payload *reply)
{
    struct candm_reply_header h;
    union candm_reply_payload unused;

    if (!toy_daemon_send(d, from, buf, length))
        return -1;
    if (d->toy.sent.length > length ||
        !candm_decode_reply(d->toy.sent_data, d->toy.sent.length, &h, reply ? reply : &unused))
        abort();
    return h.status;
}

/* A command without payload. */
static inline int toy_command(struct toy_daemon *d, const struct toy_asker *from, uint16_t command,
                              union candm_reply_payload *reply)
{
    uint8_t buf[CANDM_REQUEST_MAX];

    (void)toy_request(buf, sizeof(buf), command);
    return toy_ask(d, from, buf, candm_required_length(candm_row(command)), reply);
}

#endif
