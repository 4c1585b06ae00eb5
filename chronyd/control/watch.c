/* watch.c - connections, their frames and queues. */
#include "chronyd/control/watch.h"

#include <assert.h>
#include <stdlib.h>

#include "chronyd/control/observe.h"

#define WATCHERS_MAX 16
#define QUEUE_BYTES 16384
#define REQUEST_BYTES (CANDM_FRAME_HEADER + CANDM_REQUEST_MAX)
#define EVENT_BYTES_MAX                                                                            \
    (CANDM_FRAME_HEADER + CANDM_EVENT_HEADER + sizeof(union candm_event_payload))
/* Changes are looked for this often while anybody waits for them, and not at all otherwise. */
#define LOOK_EVERY_S 0.25

struct watcher {
    struct watch *watch;
    int stream; /* -1: free */
    uint8_t in[REQUEST_BYTES];
    size_t in_used;
    uint8_t *queue; /* QUEUE_BYTES: what the other end has not taken yet */
    size_t queued;
    uint32_t events; /* subscribed */
    bool fresh;      /* subscribed just now: what is there has to be told */
    uint32_t number;
    uint16_t lost;
};

struct watch {
    struct os os;
    struct timers *timers;
    const struct control_rooms *rooms;
    watch_answer *answer;
    void *ctx;
    int listener; /* -1: not open */
    struct watcher watchers[WATCHERS_MAX];
    struct observer *observer; /* while there are subscribers */
    struct timer look;
};

static void look(void *ctx, struct mono now);

struct watch *watch_create(const struct os *os, struct timers *timers,
                           const struct control_rooms *rooms, watch_answer *answer, void *ctx)
{
    struct watch *w = calloc(1, sizeof(*w));

    assert(w);
    w->os = *os;
    w->timers = timers;
    w->rooms = rooms;
    w->answer = answer;
    w->ctx = ctx;
    w->listener = -1;
    w->look = (struct timer){.fire = look, .ctx = w};
    for (size_t i = 0; i < WATCHERS_MAX; i++)
        w->watchers[i] = (struct watcher){.watch = w, .stream = -1};
    return w;
}

bool watch_open(struct watch *w, const char *path, unsigned mode, const char *group,
                struct err *err)
{
    w->listener = w->os.ops->stream_listen(w->os.ctx, path, mode, group, err);
    return w->listener >= 0;
}

static void forget(struct watcher *c)
{
    free(c->queue);
    *c = (struct watcher){.watch = c->watch, .stream = -1};
}

static void hang_up(struct watcher *c)
{
    c->watch->os.ops->stream_close(c->watch->os.ctx, c->stream);
    forget(c);
}

void watch_destroy(struct watch *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < WATCHERS_MAX; i++) {
        if (w->watchers[i].stream >= 0)
            hang_up(&w->watchers[i]);
    }
    if (w->listener >= 0)
        w->os.ops->stream_close(w->os.ctx, w->listener);
    timer_cancel(w->timers, &w->look);
    observer_destroy(w->observer);
    free(w);
}

/* --- writing -------------------------------------------------------------------------------- */

/* Pass on what is queued; a broken connection is closed. */
static void flush(struct watcher *c)
{
    long n;

    if (c->queued == 0)
        return;
    n = c->watch->os.ops->stream_send(c->watch->os.ctx, c->stream, c->queue, c->queued);
    if (n < 0) {
        hang_up(c);
        return;
    }
    c->queued -= (size_t)n;
    memmove(c->queue, c->queue + n, c->queued);
}

/* False: no room for all of it, nothing was queued. */
static bool enqueue(struct watcher *c, const uint8_t *data, size_t length)
{
    uint8_t *end = c->queue + c->queued;

    if (QUEUE_BYTES - c->queued < CANDM_FRAME_HEADER + length)
        return false;
    end[0] = (uint8_t)(length >> 8);
    end[1] = (uint8_t)length;
    memcpy(end + CANDM_FRAME_HEADER, data, length);
    c->queued += CANDM_FRAME_HEADER + length;
    return true;
}

static struct candm_time time_now(const struct watch *w)
{
    struct utc t = clock_now(w->rooms->clock);

    return (struct candm_time){.sec = t.ns / NS_PER_S, .nsec = (uint32_t)(t.ns % NS_PER_S)};
}

static void tell_one(struct watcher *c, enum candm_event event,
                     const union candm_event_payload *payload)
{
    struct candm_event_header h = {.version = CANDM_VERSION,
                                   .type = CANDM_PACKET_EVENT,
                                   .event = (uint16_t)event,
                                   .lost = c->lost,
                                   .number = ++c->number,
                                   .time = time_now(c->watch)};
    uint8_t data[EVENT_BYTES_MAX];
    struct wire_out out = wire_out_of(data, sizeof(data));

    candm_put_event_header(&out, &h);
    switch (event) {
#define X(name, code, bytes)                                                                       \
    case CANDM_EVENT_##name:                                                                       \
        candm_put_evt_##name(&out, &payload->name##_);                                             \
        break;
        CANDM_EVENTS(X)
#undef X
    }
    assert(!out.bad);
    if (enqueue(c, data, out.used))
        c->lost = 0;
    else if (c->lost < UINT16_MAX)
        c->lost++;
}

static void tell(void *ctx, enum candm_event event, const union candm_event_payload *payload)
{
    struct watch *w = ctx;

    for (size_t i = 0; i < WATCHERS_MAX; i++) {
        struct watcher *c = &w->watchers[i];

        if (c->stream >= 0 && (c->events & CANDM_EVENT_BIT(event)))
            tell_one(c, event, payload);
    }
}

static bool anybody_waits(const struct watch *w)
{
    for (size_t i = 0; i < WATCHERS_MAX; i++) {
        if (w->watchers[i].stream >= 0 && w->watchers[i].events)
            return true;
    }
    return false;
}

static void look(void *ctx, struct mono now)
{
    struct watch *w = ctx;

    if (!anybody_waits(w)) {
        observer_destroy(w->observer);
        w->observer = NULL;
        return;
    }
    observer_look(w->observer, tell, w);
    for (size_t i = 0; i < WATCHERS_MAX; i++) {
        if (w->watchers[i].stream >= 0)
            flush(&w->watchers[i]);
    }
    timer_set(w->timers, &w->look, mono_add_s(now, LOOK_EVERY_S));
}

void watch_subscribe(struct watcher *c, uint32_t events)
{
    struct watch *w = c->watch;

    c->events = events & CANDM_EVENTS_ALL;
    if (!c->events)
        return;
    if (!w->observer)
        w->observer = observer_create(w->rooms);
    if (!w->observer) {
        c->events = 0;
        return;
    }
    c->fresh = true;
    if (!timer_is_set(&w->look))
        timer_set(w->timers, &w->look, mono_add_s(w->os.ops->mono(w->os.ctx), LOOK_EVERY_S));
}

/* What changes will be told against; it follows the answer to the subscription. */
static void tell_present(struct watcher *c)
{
    static const enum candm_event first[] = {CANDM_EVENT_verdict, CANDM_EVENT_selected};
    union candm_event_payload payload;

    for (size_t i = 0; i < ARRAY_LEN(first); i++) {
        if (!(c->events & CANDM_EVENT_BIT(first[i])))
            continue;
        observer_present(c->watch->observer, first[i], &payload);
        tell_one(c, first[i], &payload);
    }
    c->fresh = false;
}

/* --- reading -------------------------------------------------------------------------------- */

/* One frame. Who asks without reading the answers is cut off. */
static void serve(struct watcher *c, const uint8_t *request, size_t length)
{
    struct watch *w = c->watch;
    uint8_t reply[CONTROL_REPLY_MAX];
    size_t reply_length;

    if (!w->answer(w->ctx, c, request, length, reply, &reply_length))
        return;
    if (!enqueue(c, reply, reply_length)) {
        hang_up(c);
        return;
    }
    if (c->fresh)
        tell_present(c);
    flush(c);
}

/* Bytes of the frame that is coming in; of its length, as long as that is not known. */
static size_t frame_bytes(const struct watcher *c)
{
    if (c->in_used < CANDM_FRAME_HEADER)
        return CANDM_FRAME_HEADER;
    return CANDM_FRAME_HEADER + ((size_t)c->in[0] << 8 | c->in[1]);
}

static void receive(struct watcher *c, const uint8_t *data, size_t length)
{
    while (length > 0 && c->stream >= 0) {
        size_t missing = frame_bytes(c) - c->in_used;
        size_t n = missing < length ? missing : length;

        memcpy(c->in + c->in_used, data, n);
        c->in_used += n;
        data += n;
        length -= n;
        if (frame_bytes(c) > sizeof(c->in)) {
            /* A length that no request has is a mistake that would never end. */
            hang_up(c);
        } else if (c->in_used >= CANDM_FRAME_HEADER && c->in_used == frame_bytes(c)) {
            size_t bytes = c->in_used - CANDM_FRAME_HEADER;

            c->in_used = 0;
            serve(c, c->in + CANDM_FRAME_HEADER, bytes);
        }
    }
}

static void accept_stream(struct watch *w, int stream)
{
    for (size_t i = 0; i < WATCHERS_MAX; i++) {
        struct watcher *c = &w->watchers[i];

        if (c->stream >= 0)
            continue;
        c->queue = malloc(QUEUE_BYTES);
        if (!c->queue)
            break;
        c->stream = stream;
        return;
    }
    w->os.ops->stream_close(w->os.ctx, stream);
}

static struct watcher *find(struct watch *w, int stream)
{
    for (size_t i = 0; i < WATCHERS_MAX; i++) {
        if (stream >= 0 && w->watchers[i].stream == stream)
            return &w->watchers[i];
    }
    return NULL;
}

bool watch_handle(struct watch *w, const struct event *ev)
{
    struct watcher *c;

    if (ev->type == EVENT_STREAM_OPEN) {
        if (w->listener < 0 || ev->stream.listener != w->listener)
            return false;
        accept_stream(w, ev->stream.stream);
        return true;
    }
    if (ev->type != EVENT_STREAM_DATA && ev->type != EVENT_STREAM_READY &&
        ev->type != EVENT_STREAM_CLOSED)
        return false;
    c = find(w, ev->stream.stream);
    if (!c)
        return false;
    if (ev->type == EVENT_STREAM_CLOSED)
        forget(c);
    else if (ev->type == EVENT_STREAM_READY)
        flush(c);
    else
        receive(c, ev->stream.data, ev->stream.length);
    return true;
}
