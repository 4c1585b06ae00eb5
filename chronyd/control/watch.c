/* watch.c - connections, their frames and queues. */
#include "chronyd/control/watch.h"

#include <assert.h>
#include <stdlib.h>

#include "chronyd/control/observe.h"

#define REQUEST_BYTES (CANDM_FRAME_HEADER + CANDM_REQUEST_MAX)
#define EVENT_BYTES_MAX                                                                            \
    (CANDM_FRAME_HEADER + CANDM_EVENT_HEADER + sizeof(union candm_event_payload))
/* Changes are looked for this often while anybody waits for them, and not at all otherwise. */
#define LOOK_EVERY_S 0.25

struct watcher {
    struct watch *watch;
    int stream;
    uint8_t in[REQUEST_BYTES];
    size_t in_used;
    /* WATCH_QUEUE_BYTES that the other end has not taken yet; NULL: nothing. While frames are made
     * it is the spare one of the room, so that who reads needs none of his own. */
    uint8_t *queue;
    size_t queued;
    bool blocked;           /* nothing more is taken at present */
    bool broken;            /* to be closed */
    bool stalled;           /* events were lost since something was taken ... */
    struct mono stalled_at; /* ... for the first time then */
    uint32_t events;        /* subscribed */
    bool fresh;             /* subscribed just now: what is there has to be told */
    uint32_t number;
    uint16_t lost;
};

/* A change that was noticed, until everybody was told. */
struct told {
    enum candm_event event;
    union candm_event_payload payload;
};

struct watch {
    struct os os;
    struct timers *timers;
    const struct control_rooms *rooms;
    watch_answer *answer;
    void *ctx;
    int listener;              /* -1: not open */
    struct watcher **watchers; /* by the number of the stream; NULL: not ours */
    size_t size, count;
    struct observer *observer; /* while there are subscribers */
    struct timer look;
    struct told *told;
    size_t told_count, told_size;
    size_t untold; /* for lack of memory */
    uint8_t spare[WATCH_QUEUE_BYTES];
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
    c->watch->watchers[c->stream] = NULL;
    c->watch->count--;
    if (c->queue != c->watch->spare)
        free(c->queue);
    free(c);
}

static void hang_up(struct watcher *c)
{
    c->watch->os.ops->stream_close(c->watch->os.ctx, c->stream);
    forget(c);
}

/* --- writing -------------------------------------------------------------------------------- */

/* Pass on what is queued. */
static void push(struct watcher *c)
{
    long n;

    if (c->queued == 0 || c->blocked || c->broken)
        return;
    n = c->watch->os.ops->stream_send(c->watch->os.ctx, c->stream, c->queue, c->queued);
    if (n < 0) {
        c->broken = true;
        return;
    }
    c->queued -= (size_t)n;
    c->blocked = c->queued > 0;
    c->stalled &= n == 0;
    memmove(c->queue, c->queue + n, c->queued);
}

/* Room to make frames in. */
static void begin(struct watcher *c)
{
    if (!c->queue)
        c->queue = c->watch->spare;
}

/* Send what was made, and keep in a queue of its own what could not be sent. False: the watcher is
 * gone. */
static bool finish(struct watcher *c)
{
    uint8_t *own = NULL;

    push(c);
    if (!c->broken && c->queued > 0 && c->queue == c->watch->spare) {
        own = malloc(WATCH_QUEUE_BYTES);
        if (own)
            memcpy(own, c->queue, c->queued);
        else
            c->broken = true;
        c->queue = own;
    }
    if (c->broken) {
        hang_up(c);
        return false;
    }
    if (c->queued == 0) {
        if (c->queue != c->watch->spare)
            free(c->queue);
        c->queue = NULL;
    }
    return true;
}

/* False: no room for all of it, nothing was queued. */
static bool enqueue(struct watcher *c, const uint8_t *data, size_t length)
{
    uint8_t *end;

    if (WATCH_QUEUE_BYTES - c->queued < CANDM_FRAME_HEADER + length)
        push(c);
    if (WATCH_QUEUE_BYTES - c->queued < CANDM_FRAME_HEADER + length)
        return false;
    end = c->queue + c->queued;
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

static void lose(struct watcher *c, size_t count)
{
    c->lost = (uint16_t)(count < (size_t)(UINT16_MAX - c->lost) ? c->lost + count : UINT16_MAX);
    if (!c->stalled)
        c->stalled_at = c->watch->os.ops->mono(c->watch->os.ctx);
    c->stalled = true;
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
    else
        lose(c, 1);
}

/* The last frame of a connection. */
static void dismiss(struct watcher *c, enum candm_closing why)
{
    const union candm_event_payload payload = {.closing_ = {.why = why}};

    begin(c);
    tell_one(c, CANDM_EVENT_closing, &payload);
    push(c);
    hang_up(c);
}

void watch_destroy(struct watch *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->size; i++) {
        if (w->watchers[i])
            dismiss(w->watchers[i], CANDM_CLOSING_END);
    }
    if (w->listener >= 0)
        w->os.ops->stream_close(w->os.ctx, w->listener);
    timer_cancel(w->timers, &w->look);
    observer_destroy(w->observer);
    free(w->watchers);
    free(w->told);
    free(w);
}

/* --- changes -------------------------------------------------------------------------------- */

/* Changes are gathered first, so that each watcher is sent all of them at once. */
static void gather(void *ctx, enum candm_event event, const union candm_event_payload *payload)
{
    struct watch *w = ctx;

    if (w->told_count == w->told_size) {
        size_t size = w->told_size ? w->told_size * 2 : 16;
        struct told *told = realloc(w->told, size * sizeof(*told));

        if (!told) {
            w->untold++;
            return;
        }
        w->told = told;
        w->told_size = size;
    }
    w->told[w->told_count++] = (struct told){event, *payload};
}

static void tell_all(struct watcher *c)
{
    const struct watch *w = c->watch;

    begin(c);
    for (size_t i = 0; i < w->told_count; i++) {
        if (c->events & CANDM_EVENT_BIT(w->told[i].event))
            tell_one(c, w->told[i].event, &w->told[i].payload);
    }
    if (w->untold > 0) {
        c->number += (uint32_t)w->untold;
        lose(c, w->untold);
    }
    (void)finish(c);
}

static bool anybody_waits(const struct watch *w)
{
    for (size_t i = 0; i < w->size; i++) {
        if (w->watchers[i] && w->watchers[i]->events)
            return true;
    }
    return false;
}

static void cut_off_sleepers(struct watch *w, struct mono now)
{
    for (size_t i = 0; i < w->size; i++) {
        struct watcher *c = w->watchers[i];

        if (c && c->stalled && mono_diff_s(now, c->stalled_at) > WATCH_PATIENCE_S)
            hang_up(c);
    }
}

static void look(void *ctx, struct mono now)
{
    struct watch *w = ctx;

    cut_off_sleepers(w, now);
    if (!anybody_waits(w)) {
        observer_destroy(w->observer);
        w->observer = NULL;
        return;
    }
    w->told_count = w->untold = 0;
    observer_look(w->observer, gather, w);
    for (size_t i = 0; i < w->size && w->told_count + w->untold > 0; i++) {
        if (w->watchers[i] && w->watchers[i]->events)
            tell_all(w->watchers[i]);
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

/* One frame. Who asks without reading the answers is cut off. False: the watcher is gone. */
static bool serve(struct watcher *c, const uint8_t *request, size_t length)
{
    struct watch *w = c->watch;
    uint8_t reply[CONTROL_REPLY_MAX];
    size_t reply_length;

    if (!w->answer(w->ctx, c, request, length, reply, &reply_length))
        return true;
    begin(c);
    c->broken |= !enqueue(c, reply, reply_length);
    if (c->fresh)
        tell_present(c);
    return finish(c);
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
    while (length > 0) {
        size_t missing = frame_bytes(c) - c->in_used;
        size_t n = missing < length ? missing : length;

        memcpy(c->in + c->in_used, data, n);
        c->in_used += n;
        data += n;
        length -= n;
        if (frame_bytes(c) > sizeof(c->in)) {
            /* A length that no request has is a mistake that would never end. */
            hang_up(c);
            return;
        }
        if (c->in_used >= CANDM_FRAME_HEADER && c->in_used == frame_bytes(c)) {
            size_t bytes = c->in_used - CANDM_FRAME_HEADER;

            c->in_used = 0;
            if (!serve(c, c->in + CANDM_FRAME_HEADER, bytes))
                return;
        }
    }
}

/* A place for that stream in the table; NULL: no memory. */
static struct watcher *new_watcher(struct watch *w, int stream)
{
    size_t place = (size_t)stream, size = w->size ? w->size : 16;
    struct watcher *c = malloc(sizeof(*c));

    while (size <= place)
        size *= 2;
    if (c && size > w->size) {
        struct watcher **grown = realloc(w->watchers, size * sizeof(struct watcher *));

        if (!grown) {
            free(c);
            return NULL;
        }
        for (size_t i = w->size; i < size; i++)
            grown[i] = NULL;
        w->watchers = grown;
        w->size = size;
    }
    if (!c)
        return NULL;
    *c = (struct watcher){.watch = w, .stream = stream};
    w->watchers[place] = c;
    w->count++;
    return c;
}

static void accept_stream(struct watch *w, int stream, bool crowded)
{
    struct watcher *c = new_watcher(w, stream);

    if (!c)
        w->os.ops->stream_close(w->os.ctx, stream);
    else if (crowded || w->count > WATCHERS_MAX)
        dismiss(c, CANDM_CLOSING_FULL);
}

static struct watcher *find(struct watch *w, int stream)
{
    return stream >= 0 && (size_t)stream < w->size ? w->watchers[stream] : NULL;
}

bool watch_handle(struct watch *w, const struct event *ev)
{
    struct watcher *c;

    if (ev->type == EVENT_STREAM_OPEN) {
        if (w->listener < 0 || ev->stream.listener != w->listener)
            return false;
        accept_stream(w, ev->stream.stream, ev->stream.crowded);
        return true;
    }
    if (ev->type != EVENT_STREAM_DATA && ev->type != EVENT_STREAM_READY &&
        ev->type != EVENT_STREAM_CLOSED)
        return false;
    c = find(w, ev->stream.stream);
    if (!c)
        return false;
    if (ev->type == EVENT_STREAM_CLOSED) {
        forget(c);
    } else if (ev->type == EVENT_STREAM_READY) {
        c->blocked = false;
        (void)finish(c);
    } else {
        receive(c, ev->stream.data, ev->stream.length);
    }
    return true;
}
