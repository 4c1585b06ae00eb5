/* node.c - the life of a node: start, end, sleep, and what happens to it meanwhile. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "test/simulation/hosts.h"
#include "test/simulation/world.h"

#define CONFIG_PATH "/etc/chrony.conf"
/* A daemon that wakes this often within a millisecond of true time computes without end. */
#define HELD_MAX 256
#define SPINS_MAX 5000
#define SPIN_SPAN_NS (NS_PER_S / 1000)

static void node_wakes(struct world *w, struct happening *h);
static void node_resumes(struct world *w, struct happening *h);

/* --- log --- */

static void log_line(void *ctx, enum log_level level, const char *text)
{
    struct node *n = ctx;
    struct world *w = n->world;
    struct log_line *l = &n->ring[n->log_lines % LOG_RING];

    if (n->dying)
        return;
    free(l->text);
    *l = (struct log_line){.at_ns = w->now_ns, .level = level, .text = strdup(text)};
    n->log_lines++;
    world_note(w, n, "log", text, strlen(text), "%s", text);
    for (struct log_reader *r = n->readers; r; r = r->next)
        r->line(r, w->now_ns, level, text);
}

/* As `reload config` does. */
static bool read_config_again(void *ctx, struct config *out, struct err *err)
{
    struct node *n = ctx;
    const struct config_reader reader = {.os = &n->os, .log = &n->log, .strict = true};

    config_defaults(out);
    return config_read_file(out, &reader, CONFIG_PATH, err) && config_finish(out, &reader, err);
}

void node_init(struct node *n)
{
    struct world *w = n->world;

    n->clock_law = (struct clock_law){.resolution_ns = 1,
                                      .max_rate = 0.1,
                                      .may_set = true,
                                      .temperature = 25.0,
                                      .turnover = 25.0};
    simclock_start(&n->clock, &n->clock_law, &w->truth, w->seed, n->index);
    rng_seed(&n->random, w->seed, RNG_DAEMON, n->index);
    rng_seed(&n->stamp_rng, w->seed, RNG_STAMP, n->index);
    n->wake.fire = node_wakes;
    n->resume.fire = node_resumes;
    n->held_tail = &n->held;
    n->wake_latency_ns = 1000;
    n->counts.disturbed_ns = n->counts.prodded_ns = -1;
    n->disk.fail_after = n->disk.crash_after = -1;
    n->events_to_live = -1;
    n->log = (struct log){.write = log_line, .ctx = n, .least = LEVEL_INFO};
    n->os = node_os(n);
    n->options = (struct chronyd_options){
        .mode = REFERENCE_NORMAL, .read_config = read_config_again, .read_ctx = n};
}

void node_set_clock(struct node *n, const struct clock_law *law)
{
    struct world *w = n->world;

    n->clock_law = *law;
    simclock_start(&n->clock, law, &w->truth, w->seed, n->index);
}

/* --- configuration --- */

static void put_config(struct node *n)
{
    if (!disk_find(&n->disk, CONFIG_PATH))
        disk_put(n, CONFIG_PATH, n->config_text ? n->config_text : "",
                 n->config_text ? strlen(n->config_text) : 0);
}

void node_add_conf(struct node *n, const char *line)
{
    const struct sim_file *f;
    size_t length = strlen(line);
    char *text;

    put_config(n);
    f = disk_find(&n->disk, CONFIG_PATH);
    text = malloc(f->length + length + 2);
    assert(text);
    memcpy(text, f->data, f->length);
    memcpy(text + f->length, line, length);
    text[f->length + length] = '\n';
    disk_put(n, CONFIG_PATH, text, f->length + length + 1);
    free(text);
}

bool node_drop_conf(struct node *n, const char *line)
{
    size_t length = strlen(line), rest;
    struct sim_file *f;
    char *from;
    bool any = false;

    put_config(n);
    f = disk_find(&n->disk, CONFIG_PATH);
    for (from = (char *)f->data; *from;) {
        size_t next = strcspn(from, "\n") + 1;

        rest = f->length - (size_t)(from - (char *)f->data);
        if (next > rest)
            break;
        if (next == length + 1 && memcmp(from, line, length) == 0) {
            memmove(from, from + next, rest - next + 1);
            f->length -= next;
            any = true;
        } else {
            from += next;
        }
    }
    return any;
}

/* --- start and end --- */

static bool daemon_start(struct node *n, struct err *err)
{
    const struct config_reader reader = {.os = &n->os, .log = &n->log};

    if (n->has_config)
        config_free(&n->config);
    n->has_config = true;
    config_defaults(&n->config);
    if (!config_read_file(&n->config, &reader, CONFIG_PATH, err) ||
        !config_finish(&n->config, &reader, err))
        return false;
    n->daemon = chronyd_create(&n->config, &n->options, &n->os, &n->log, err);
    if (n->daemon)
        chronyd_start(n->daemon);
    return n->daemon != NULL;
}

bool node_start(struct node *n)
{
    struct err err = {0};

    if (n->state == NODE_RUNNING)
        return true;
    n->dying = false;
    n->failure[0] = '\0';
    n->counts.starts++;
    n->state = NODE_RUNNING;
    if (n->host) {
        n->host->start(n);
        return true;
    }
    if (n->config_text)
        put_config(n);
    if (!daemon_start(n, &err)) {
        text_copy(n->failure, sizeof(n->failure), err.text);
        log_line(n, LEVEL_FATAL, err.text);
        node_stop(n);
        n->state = NODE_FAILED;
        return false;
    }
    node_rearm(n);
    return true;
}

static void start_due(struct world *w, struct happening *h)
{
    (void)w;
    node_start(CONTAINER_OF(h, struct node, starting));
}

void node_start_at(struct node *n, int64_t at_ns)
{
    n->waits = true;
    n->starting.fire = start_due;
    queue_set(&n->world->queue, &n->starting, at_ns);
}

void node_stop(struct node *n)
{
    struct world *w = n->world;

    queue_cancel(&w->queue, &n->wake);
    chronyd_destroy(n->daemon);
    n->daemon = NULL;
    node_cancel_queries(n);
    node_free_sockets(n);
    n->state = NODE_OFF;
}

void node_crash(struct node *n)
{
    if (n->state == NODE_RUNNING)
        n->counts.crashes++;
    /* The memory has to be given back, but nothing that the daemon does meanwhile counts. */
    n->dying = true;
    node_stop(n);
    n->doomed = false;
}

void node_crash_after(struct node *n, long events)
{
    n->events_to_live = events;
    if (events <= 0 && n->state == NODE_RUNNING)
        node_crash(n);
}

/* --- events --- */

static void look_at_state(struct node *n)
{
    enum chronyd_state state;

    if (n->doomed) {
        node_crash(n);
        return;
    }
    state = chronyd_state(n->daemon);
    if (state == CHRONYD_RUNNING)
        return;
    node_stop(n);
    n->state = state == CHRONYD_DONE ? NODE_DONE : NODE_FAILED;
}

static void count_spin(struct node *n)
{
    struct world *w = n->world;

    if (w->now_ns - n->spin_from_ns > SPIN_SPAN_NS) {
        n->spin_from_ns = w->now_ns;
        n->spins = 0;
    }
    if (++n->spins > SPINS_MAX && w->fault[0] == '\0')
        text_format(w->fault, sizeof(w->fault), "%s wakes again and again at %.6f s", n->name,
                    (double)w->now_ns * 1e-9);
}

void node_rearm(struct node *n)
{
    struct world *w = n->world;
    struct mono wake;
    int64_t at;

    if (!n->daemon || n->halted)
        return;
    wake = chronyd_next_wake(n->daemon);
    if (wake.ns == INT64_MAX) {
        queue_cancel(&w->queue, &n->wake);
        return;
    }
    at = simclock_when(&n->clock, w->now_ns, wake.ns);
    if (at <= w->now_ns)
        at = w->now_ns;
    queue_set(&w->queue, &n->wake, ns_add(at, n->wake_latency_ns));
}

static void deliver(struct node *n, const struct event *ev)
{
    if (!n->daemon)
        return;
    n->counts.events++;
    chronyd_handle(n->daemon, ev);
    if (n->events_to_live >= 0 && n->events_to_live-- == 0)
        n->doomed = true;
    look_at_state(n);
    node_rearm(n);
}

static void node_wakes(struct world *w, struct happening *h)
{
    struct node *n = CONTAINER_OF(h, struct node, wake);
    static const struct event timer = {.type = EVENT_TIMER};

    if (n->host) {
        n->host->timer(n);
        return;
    }
    if (simclock_mono(&n->clock, w->now_ns) < chronyd_next_wake(n->daemon).ns) {
        node_rearm(n); /* the clock ran slower than it did when the timer was set */
        return;
    }
    n->counts.wakes++;
    count_spin(n);
    deliver(n, &timer);
}

void node_give(struct node *n, const struct event *ev, struct packet *p)
{
    struct held_event *h;

    if (!n->halted) {
        deliver(n, ev);
        if (p)
            packet_free(n->world, p);
        return;
    }
    if (++n->held_count > HELD_MAX) { /* the receive buffer is full */
        if (p)
            packet_free(n->world, p);
        return;
    }
    h = calloc(1, sizeof(*h));
    assert(h);
    h->event = *ev;
    h->packet = p;
    *n->held_tail = h;
    n->held_tail = &h->next;
}

/* --- sleep --- */

void node_halt(struct node *n, const struct halt_law *law)
{
    struct world *w = n->world;

    if (n->halted)
        return;
    n->halted = true;
    n->halted_ns = w->now_ns;
    n->halt = *law;
    n->halt.clock_runs = law->clock_runs && !law->suspend;
    n->rtc_at_halt_ns = rtc_now_ns(n);
    if (!n->halt.clock_runs)
        simclock_halt(&n->clock, w->now_ns);
    queue_cancel(&w->queue, &n->wake);
    queue_set(&w->queue, &n->resume, ns_add(w->now_ns, ns_from_s(law->duration_s)));
}

static void give_held(struct node *n)
{
    struct held_event *h;

    n->held_count = 0;
    while ((h = n->held) != NULL) {
        n->held = h->next;
        if (!n->held)
            n->held_tail = &n->held;
        if (h->event.type == EVENT_DATAGRAM) /* the kernel sees it only now */
            h->event.datagram.stamp.ns = node_stamp(n, n->world->now_ns, true);
        deliver(n, &h->event);
        if (h->packet)
            packet_free(n->world, h->packet);
        free(h);
    }
}

static void node_resumes(struct world *w, struct happening *h)
{
    struct node *n = CONTAINER_OF(h, struct node, resume);
    double slept_s = (double)(w->now_ns - n->halted_ns) * 1e-9;
    static const struct event set = {.type = EVENT_CLOCK_SET};
    bool was_suspend = n->halt.suspend;

    if (!n->halt.clock_runs)
        simclock_resume(&n->clock, w->now_ns);
    if (n->halt.freq_change != 0.0)
        simclock_change_freq(&n->clock, w->now_ns, n->halt.freq_change);
    simclock_step(&n->clock, w->now_ns, ns_from_s(n->halt.step_s));
    if (was_suspend) {
        double told_s = slept_s + n->halt.error_s;

        if (n->halt.by_rtc) /* it tells whole seconds */
            told_s = (double)(rtc_now_ns(n) / NS_PER_S - n->rtc_at_halt_ns / NS_PER_S);
        n->clock.suspended_s += told_s;
        simclock_step(&n->clock, w->now_ns, ns_from_s(told_s));
    }
    n->halted = false;
    n->counts.disturbed_ns = w->now_ns;
    if (was_suspend)
        deliver(n, &set);
    give_held(n);
    if (n->host)
        n->host->timer(n);
    node_rearm(n);
}

void node_foreign_step(struct node *n, double step_s, bool silent)
{
    static const struct event set = {.type = EVENT_CLOCK_SET};

    simclock_step(&n->clock, n->world->now_ns, ns_from_s(step_s));
    n->counts.disturbed_ns = n->world->now_ns;
    if (!silent)
        node_give(n, &set, NULL);
}

void node_foreign_rate(struct node *n, double change)
{
    simclock_set_rate(&n->clock, n->world->now_ns, n->clock.rate + change);
    n->counts.disturbed_ns = n->world->now_ns;
    node_rearm(n);
}

/* --- questions --- */

double node_error_s(struct node *n)
{
    return simclock_error_s(&n->clock, n->world->now_ns);
}

double node_served_error_s(struct node *n)
{
    struct world *w = n->world;
    struct utc believed;

    if (!n->daemon)
        return node_error_s(n);
    believed = clock_now(chronyd_rooms(n->daemon)->clock);
    return (double)(believed.ns - truth_utc_ns(&w->truth, w->now_ns)) * 1e-9;
}

bool node_query(struct node *n, const void *request, size_t length, const uint8_t **reply,
                size_t *reply_length)
{
    struct event ev = {.type = EVENT_DATAGRAM};

    if (!n->daemon || n->halted)
        return false;
    for (size_t i = 0; i < n->socket_count; i++) {
        if (n->sockets[i].kind != SOCKET_UNIX)
            continue;
        ev.datagram.sock = (int)i;
        text_copy(ev.datagram.unix_path, sizeof(ev.datagram.unix_path), "/run/query");
        ev.datagram.data = request;
        ev.datagram.length = length;
        ev.datagram.stamp.ns = simclock_raw(&n->clock, n->world->now_ns);
        ev.datagram.stamp_by = STAMP_DAEMON;
        free(n->query_reply);
        n->query_reply = NULL;
        deliver(n, &ev);
        *reply = n->query_reply;
        *reply_length = n->query_length;
        return n->query_reply != NULL;
    }
    return false;
}
