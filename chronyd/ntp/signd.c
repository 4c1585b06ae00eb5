#include "chronyd/ntp/signd.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/wire.h"

#define WAITING_MAX 16
#define PATIENCE_S 1.0

/* The messages of the stream, each behind its length. */
#define VERSION 0
#define OP_SIGN 0
#define OP_SIGNED 3
#define QUESTION_BYTES (16 + NTP_HEADER_BYTES)
#define ANSWER_HEAD_BYTES 12
#define ANSWER_BYTES (ANSWER_HEAD_BYTES + SIGND_PACKET_BYTES)

struct question {
    struct os_datagram to; /* without data */
    uint8_t packet[NTP_HEADER_BYTES];
    uint8_t key_id[4]; /* as it came: little-endian there */
};

struct signd {
    struct ntp_room *room;
    char path[OS_UNIX_PATH_MAX];
    signd_send *send;
    void *ctx;
    int stream; /* -1: not connected */
    bool warned;
    uint16_t number; /* of the question under way */
    struct question queue[WAITING_MAX];
    size_t first, count; /* the first one is under way */
    struct timer patience;
    uint8_t in[4 + ANSWER_BYTES];
    size_t in_used;
};

static void lose_patience(void *ctx, struct mono now);

struct signd *signd_create(struct ntp_room *room, const char *directory, signd_send *send,
                           void *ctx)
{
    struct signd *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->room = room;
    s->send = send;
    s->ctx = ctx;
    s->stream = -1;
    s->patience = (struct timer){.fire = lose_patience, .ctx = s};
    log_info(room->log, "MS-SNTP authentication enabled");
    if (strlen(directory) + strlen("/socket") < sizeof(s->path))
        text_format(s->path, sizeof(s->path), "%s/socket", directory);
    else
        log_warning(room->log, "Path of the signing socket is too long");
    return s;
}

static void hang_up(struct signd *s)
{
    timer_cancel(s->room->timers, &s->patience);
    if (s->stream >= 0)
        s->room->os.ops->stream_close(s->room->os.ctx, s->stream);
    s->stream = -1;
    s->count = s->in_used = 0;
}

void signd_destroy(struct signd *s)
{
    if (!s)
        return;
    hang_up(s);
    free(s);
}

bool signd_is_asked(const struct ntp_packet *request)
{
    static const uint8_t empty[16];

    return request->auth == NTP_AUTH_MAC && request->header.mode == NTP_MODE_CLIENT &&
           request->authenticated_length == NTP_HEADER_BYTES &&
           request->mac_length == sizeof(empty) && memcmp(request->mac, empty, sizeof(empty)) == 0;
}

static void lose_patience(void *ctx, struct mono now)
{
    struct signd *s = ctx;

    (void)now;
    log_debug(s->room->log, "No answer from %s", s->path);
    hang_up(s);
}

static bool connected(struct signd *s)
{
    const struct os *os = &s->room->os;
    struct err err = {.text = "not possible here"};

    if (s->stream < 0 && os->ops->stream_connect)
        s->stream = os->ops->stream_connect(os->ctx, s->path, &err);
    if (s->stream < 0 && !s->warned)
        log_warning(s->room->log, "Could not connect to %s: %s", s->path, err.text);
    s->warned = s->stream < 0;
    return s->stream >= 0;
}

/* Send the first question that waits. It is short: a socket that does not take it at once is not
 * read by anybody. */
static void ask_next(struct signd *s)
{
    const struct os *os = &s->room->os;
    const struct question *q = &s->queue[s->first];
    uint8_t data[4 + QUESTION_BYTES];
    struct wire_out out = wire_out_of(data, sizeof(data));

    if (s->count == 0)
        return;
    if (!connected(s)) {
        s->count = 0;
        return;
    }
    wire_put_u32(&out, QUESTION_BYTES);
    wire_put_u32(&out, VERSION);
    wire_put_u32(&out, OP_SIGN);
    wire_put_u16(&out, ++s->number);
    wire_put_u16(&out, 0);
    wire_put_bytes(&out, q->key_id, sizeof(q->key_id));
    wire_put_bytes(&out, q->packet, sizeof(q->packet));
    timer_set(s->room->timers, &s->patience, mono_add_s(room_mono(s->room), PATIENCE_S));
    if (os->ops->stream_send(os->ctx, s->stream, data, out.used) != (long)out.used)
        hang_up(s);
}

void signd_ask(struct signd *s, const struct os_datagram *request,
               const uint8_t answer[NTP_HEADER_BYTES])
{
    struct question *q = &s->queue[(s->first + s->count) % WAITING_MAX];

    if (s->count == WAITING_MAX || request->length != SIGND_PACKET_BYTES)
        return;
    q->to = *request;
    q->to.data = NULL;
    q->to.length = 0;
    memcpy(q->packet, answer, NTP_HEADER_BYTES);
    memcpy(q->key_id, request->data + NTP_HEADER_BYTES, sizeof(q->key_id));
    if (++s->count == 1)
        ask_next(s);
}

/* One message is complete. False: nothing that can be understood, or not what was asked. */
static bool take_answer(struct signd *s)
{
    struct wire_in in = wire_in_of(s->in, s->in_used);
    const struct question *q = &s->queue[s->first];
    uint32_t length = wire_get_u32(&in), version = wire_get_u32(&in), op = wire_get_u32(&in);
    uint32_t number = wire_get_u32(&in);
    struct os_datagram d = q->to;

    if (in.bad || s->count == 0 || version != VERSION || number != s->number)
        return false;
    timer_cancel(s->room->timers, &s->patience);
    s->first = (s->first + 1) % WAITING_MAX;
    s->count--;
    s->in_used = 0;
    if (op != OP_SIGNED)
        return true; /* it does not want to: the client gets nothing */
    if (length != ANSWER_BYTES || memcmp(in.data, q->packet, NTP_HEADER_BYTES) != 0)
        return false;
    d.data = in.data;
    d.length = SIGND_PACKET_BYTES;
    s->send(s->ctx, &d);
    return true;
}

/* How many bytes the message that begins in s->in still lacks; 0: it is complete. */
static size_t missing(const struct signd *s, bool *bad)
{
    struct wire_in in = wire_in_of(s->in, s->in_used);
    uint32_t length;

    *bad = false;
    if (s->in_used < 4)
        return 4 - s->in_used;
    length = wire_get_u32(&in);
    *bad = length < ANSWER_HEAD_BYTES || length > ANSWER_BYTES;
    return *bad ? 0 : 4 + length - s->in_used;
}

static bool take_bytes(struct signd *s, const uint8_t *data, size_t length)
{
    while (length > 0) {
        bool bad;
        size_t n = missing(s, &bad);

        if (bad)
            return false;
        n = n < length ? n : length;
        memcpy(s->in + s->in_used, data, n);
        s->in_used += n;
        data += n;
        length -= n;
        if (s->in_used >= 4 && missing(s, &bad) == 0 && (bad || !take_answer(s)))
            return false;
    }
    return true;
}

bool signd_handle(struct signd *s, const struct event *ev)
{
    size_t before = s->count;

    if (ev->type != EVENT_STREAM_DATA && ev->type != EVENT_STREAM_READY &&
        ev->type != EVENT_STREAM_CLOSED)
        return false;
    if (s->stream < 0 || ev->stream.stream != s->stream)
        return false;
    if (ev->type == EVENT_STREAM_CLOSED) {
        s->stream = -1; /* the handle goes with the event */
        hang_up(s);
    } else if (ev->type == EVENT_STREAM_DATA) {
        if (!take_bytes(s, ev->stream.data, ev->stream.length))
            hang_up(s);
        else if (s->count < before)
            ask_next(s);
    }
    return true;
}
