/* fuzz_candm_request.c - arbitrary datagrams, frames and envelopes at the sockets of a daemon.
 *
 * The first byte of each record says by which way it comes, the next two how long it is; an input
 * holds many, so that requests meet what earlier ones did. A reply longer than its request, or one
 * that cannot be decoded, is a crash. */
#include <stdint.h>

#include "candm/envelope.h"
#include "test/unit/memory_daemon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUESTS_MAX 64
#define DATAGRAM_MAX 2048

static const char *const directives[] = {"port 0",
                                         "keyfile K",
                                         "cmdkey 1",
                                         "cmdkey 2 control",
                                         "cmdallow 10.0.0.0/8",
                                         "cmdratelimit burst 16",
                                         "opencommands activity authdata clients manual ntpdata "
                                         "rtcdata selectdata serverstats smoothing "
                                         "sourcename sources sourcestats tracking",
                                         "server 192.0.2.1 iburst",
                                         "server 2001:db8::1 offline",
                                         "pool pool.example maxsources 2",
                                         "manual",
                                         NULL};

/* What the other side keeps. */
struct fuzz {
    struct toy_daemon d;
    int stream;
    struct envelope_keys keys;
    struct envelope_request e;
    uint8_t sealed[DATAGRAM_MAX]; /* the last envelope */
    size_t sealed_length;
};

static void check_reply(const struct toy *toy, size_t request_length)
{
    struct candm_reply_header h;
    union candm_reply_payload r;

    if (toy->sent.length > request_length ||
        !candm_decode_reply(toy->sent_data, toy->sent.length, &h, &r))
        abort();
}

static void ask(struct fuzz *f, uint8_t way, const uint8_t *data, size_t length)
{
    static const struct toy_asker askers[] = {
        {NULL, "/run/x.sock"}, {"127.0.0.1", NULL},  {"10.1.2.3", NULL},
        {"::1", NULL},         {"192.0.2.77", NULL},
    };

    if (toy_daemon_send(&f->d, &askers[way], data, length))
        check_reply(&f->d.toy, length);
}

/* --- the report stream --- */

static bool stream_is_open(const struct fuzz *f)
{
    return f->stream >= 0 && f->d.toy.sockets[f->stream].kind == TOY_STREAM;
}

static void write_stream(struct fuzz *f, const uint8_t *data, size_t length)
{
    struct event ev = {.type = EVENT_STREAM_OPEN};

    if (!stream_is_open(f)) {
        ev.stream.listener = toy_find(&f->d.toy, TOY_LISTENER, ADDR_NONE);
        ev.stream.stream = f->stream = toy_open(&f->d.toy, TOY_STREAM);
        if (f->stream < 0)
            return;
        chronyd_handle(f->d.chronyd, &ev);
    }
    if (!stream_is_open(f) || length == 0)
        return;
    ev = (struct event){.type = EVENT_STREAM_DATA};
    ev.stream.stream = f->stream;
    ev.stream.data = data;
    ev.stream.length = length;
    chronyd_handle(f->d.chronyd, &ev);
    f->d.toy.stream_used = 0;
}

static void write_frame(struct fuzz *f, const uint8_t *data, size_t length)
{
    const uint8_t head[2] = {(uint8_t)(length >> 8), (uint8_t)length};

    write_stream(f, head, sizeof(head));
    write_stream(f, data, length);
}

/* --- envelopes that are right, around whatever there is --- */

static void begin_session(struct fuzz *f)
{
    struct key key = {.id = 2, .type = KEY_SHA1, .length = 16, .secret = "0123456789abcdef"};

    f->e.key_id = key.id;
    f->stream = -1;
    if (!envelope_derive(&key, &f->keys))
        abort();
}

static void send_sealed(struct fuzz *f)
{
    const struct toy *toy = &f->d.toy;
    struct envelope_reply r;
    size_t base;

    if (!toy_daemon_send(&f->d, &(const struct toy_asker){"10.1.2.3", NULL}, f->sealed,
                         f->sealed_length))
        return;
    check_reply(toy, f->sealed_length);
    if (toy->sent_data[9] != CANDM_BAD_VERSION &&
        envelope_get_reply(toy->sent_data, toy->sent.length, &r, &base))
        memcpy(f->e.cookie, r.cookie, sizeof(f->e.cookie));
}

static void seal(struct fuzz *f, const uint8_t *data, size_t length)
{
    struct wire_in in = wire_in_of(data, length);
    struct candm_request_header h;
    const struct candm_row *row;
    struct wire_out out;

    candm_get_request_header(&in, &h);
    row = in.bad ? NULL : candm_row(h.command);
    if (!row || length > candm_required_length(row))
        return;
    f->e.counter++;
    memset(f->sealed, 0, sizeof(f->sealed));
    memcpy(f->sealed, data, length);
    out = wire_out_of(f->sealed, sizeof(f->sealed));
    out.used = candm_required_length(row);
    envelope_put_request(&out, &f->e);
    envelope_sign_request(&f->keys, f->sealed, out.used);
    f->sealed_length = out.used;
    send_sealed(f);
}

static void handle(struct fuzz *f, uint8_t way, const uint8_t *data, size_t length)
{
    switch (way % 9) {
    case 5:
        write_stream(f, data, length);
        break;
    case 6:
        write_frame(f, data, length);
        break;
    case 7:
        seal(f, data, length);
        break;
    case 8:
        if (f->sealed_length > 0)
            send_sealed(f);
        break;
    default:
        ask(f, way % 9, data, length);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {.d.toy.file_path = "K",
                     .d.toy.file_text = "1 MD5 ASCII:fedcba9876543210\n"
                                        "2 SHA1 ASCII:0123456789abcdef\n"};
    struct wire_in in = wire_in_of(data, size);

    begin_session(&f);
    if (!toy_daemon_start(&f.d, directives))
        abort();
    for (int i = 0; i < REQUESTS_MAX && in.left > 0 && !in.bad; i++) {
        uint8_t way = wire_get_u8(&in);
        size_t length = wire_get_u16(&in) & 0x3ff;
        const uint8_t *request;

        if (length > in.left)
            length = in.left;
        request = wire_take(&in, length);
        if (request)
            handle(&f, way, request, length);
        toy_daemon_run(&f.d, way / 9 * 0.5);
        f.d.toy.stream_used = 0;
    }
    toy_daemon_stop(&f.d);
    return 0;
}
