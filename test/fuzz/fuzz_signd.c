/* Any bytes from the program that signs answers, in pieces as the first byte says: only what was
 * asked is sent, and the connection ends when it is something else. */
#include <stdlib.h>
#include <string.h>

#include "chronyd/ntp/signd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct other_end {
    bool open;
    int asked, sent;
};

static struct mono mono(void *ctx)
{
    (void)ctx;
    return (struct mono){0};
}

static int stream_connect(void *ctx, const char *path, struct err *err)
{
    (void)path;
    (void)err;
    ((struct other_end *)ctx)->open = true;
    return 1;
}

static long stream_send(void *ctx, int stream, const void *data, size_t length)
{
    (void)stream;
    (void)data;
    ((struct other_end *)ctx)->asked++;
    return (long)length;
}

static void stream_close(void *ctx, int stream)
{
    (void)stream;
    ((struct other_end *)ctx)->open = false;
}

static void send_answer(void *ctx, const struct os_datagram *d)
{
    struct other_end *o = ctx;

    o->sent++;
    if (d->length != SIGND_PACKET_BYTES || o->sent > o->asked || d->data[0] != 0x24)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct os_ops ops = {.mono = mono,
                                      .stream_connect = stream_connect,
                                      .stream_send = stream_send,
                                      .stream_close = stream_close};
    const uint8_t request[SIGND_PACKET_BYTES] = {0x23}, answer[NTP_HEADER_BYTES] = {0x24};
    const struct os_datagram asks = {.data = request, .length = sizeof(request)};
    const struct log silent = {.least = LEVEL_FATAL};
    struct other_end o = {.open = false};
    struct timers timers = {0};
    struct ntp_room room = {.os = {&ops, &o}, .timers = &timers, .log = &silent};
    struct signd *s = signd_create(&room, "/samba", send_answer, &o);
    struct event ev = {.type = EVENT_STREAM_DATA};
    size_t piece = size > 0 ? data[0] % 64 + 1 : 1;

    for (size_t at = 1; s && at < size; at += piece) {
        if (!o.open)
            for (int i = 0; i < 3; i++)
                signd_ask(s, &asks, answer);
        ev.stream.stream = 1;
        ev.stream.data = data + at;
        ev.stream.length = size - at < piece ? size - at : piece;
        if (signd_handle(s, &ev) == false)
            abort();
    }
    signd_destroy(s);
    timers_free(&timers);
    if (o.open)
        abort();
    return 0;
}
