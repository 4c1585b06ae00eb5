/* fuzz_candm_request.c - arbitrary datagrams at the command sockets of a whole daemon.
 *
 * The first byte of each record says where it comes from, the next two how long it is; an input
 * holds many, so that requests meet what earlier ones did. A reply longer than its request, or one
 * that cannot be decoded, is a crash. */
#include <stdint.h>

#include "test/unit/memory_daemon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUESTS_MAX 64

static const char *const directives[] = {"port 0",
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

static void ask(struct toy_daemon *d, uint8_t origin, const uint8_t *data, size_t length)
{
    static const struct toy_asker askers[] = {
        {NULL, "/run/x.sock"}, {"127.0.0.1", NULL},  {"10.1.2.3", NULL},
        {"::1", NULL},         {"192.0.2.77", NULL},
    };
    const struct toy_asker *from = &askers[origin % ARRAY_LEN(askers)];
    struct candm_reply_header h;
    union candm_reply_payload r;

    if (!toy_daemon_send(d, from, data, length))
        return;
    if (d->toy.sent.length > length ||
        !candm_decode_reply(d->toy.sent_data, d->toy.sent.length, &h, &r))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toy_daemon d = {0};
    struct wire_in in = wire_in_of(data, size);

    if (!toy_daemon_start(&d, directives))
        abort();
    for (int i = 0; i < REQUESTS_MAX && in.left > 0 && !in.bad; i++) {
        uint8_t origin = wire_get_u8(&in);
        size_t length = wire_get_u16(&in) & 0x3ff;
        const uint8_t *request;

        if (length > in.left)
            length = in.left;
        request = wire_take(&in, length);
        if (request)
            ask(&d, origin, request, length);
        toy_daemon_run(&d, origin * 0.1);
    }
    toy_daemon_stop(&d);
    return 0;
}
