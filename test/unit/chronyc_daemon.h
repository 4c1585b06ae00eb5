/* chronyc_daemon.h - a daemon for tests of chronyc: a thread that answers datagrams on a UDP port
 * of loopback as a script says, and keeps what it was asked. */
#ifndef TEST_CHRONYC_DAEMON_H
#define TEST_CHRONYC_DAEMON_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "candm/messages.h"

#define FAKE_REQUESTS_MAX 64

struct fake_request {
    struct candm_request_header header;
    uint8_t bytes[1024];
    size_t length;
};

struct fake_daemon {
    int fd;
    uint16_t port;
    pthread_t thread;
    struct fake_request requests[FAKE_REQUESTS_MAX]; /* read them after fake_stop */
    size_t count;
    /* Make an answer to request number `n` in `out` (1024 bytes); 0 = none. */
    size_t (*answer)(struct fake_daemon *d, const struct fake_request *r, size_t n, uint8_t *out);
    void *ctx;
};

/* A reply header that echoes the request, and room for the payload after it. */
static inline struct wire_out fake_reply(const struct fake_request *r, uint16_t reply,
                                         uint16_t status, uint8_t *out)
{
    struct candm_reply_header h = {
        .version = CANDM_VERSION,
        .type = 2,
        .command = r->header.command,
        .reply = reply,
        .status = status,
        .sequence = r->header.sequence,
    };
    struct wire_out wire = wire_out_of(out, 1024);

    candm_put_reply_header(&wire, &h);
    return wire;
}

static inline void *fake_main(void *arg)
{
    struct fake_daemon *d = arg;

    for (;;) {
        struct sockaddr_in from;
        socklen_t from_length = sizeof(from);
        struct fake_request r;
        uint8_t out[1024];
        struct wire_in in;
        ssize_t n =
            recvfrom(d->fd, r.bytes, sizeof(r.bytes), 0, (struct sockaddr *)&from, &from_length);
        size_t length;

        /* One byte is the sign to stop. */
        if (n <= 1)
            return NULL;
        r.length = (size_t)n;
        in = wire_in_of(r.bytes, r.length);
        candm_get_request_header(&in, &r.header);
        if (d->count < FAKE_REQUESTS_MAX)
            d->requests[d->count] = r;
        length = d->answer(d, &r, d->count++, out);
        if (length > 0)
            sendto(d->fd, out, length, 0, (const struct sockaddr *)&from, from_length);
    }
}

static inline void fake_start(struct fake_daemon *d,
                              size_t (*answer)(struct fake_daemon *, const struct fake_request *,
                                               size_t, uint8_t *),
                              void *ctx)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(at);

    memset(d, 0, sizeof(*d));
    d->answer = answer;
    d->ctx = ctx;
    d->fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(d->fd >= 0);
    assert_int_equal(bind(d->fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(d->fd, (struct sockaddr *)&at, &length), 0);
    d->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&d->thread, NULL, fake_main, d), 0);
}

static inline void fake_stop(struct fake_daemon *d)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(d->port)};

    sendto(d->fd, "", 1, 0, (const struct sockaddr *)&at, sizeof(at));
    pthread_join(d->thread, NULL);
    close(d->fd);
}

#endif
