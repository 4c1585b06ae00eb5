/* os_node.c - struct os of a simulated node: its clock, its kernel, randomness and names. */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test/simulation/os_parts.h"

/* Linux keeps frequencies in units of 2^-16 ppm. */
#define RATE_STEP_PPM 0x1p-16
#define DAY_NS (INT64_C(86400) * NS_PER_S)

static struct mono os_mono(void *ctx)
{
    struct node *n = ctx;

    return (struct mono){simclock_mono(&n->clock, n->world->now_ns)};
}

static struct utc os_utc(void *ctx)
{
    struct node *n = ctx;

    return (struct utc){simclock_raw(&n->clock, n->world->now_ns)};
}

static double os_suspended_s(void *ctx)
{
    struct node *n = ctx;

    return n->clock.suspended_s;
}

/* --- steering --- */

static void os_clock_info(void *ctx, struct os_clock_info *out)
{
    struct node *n = ctx;

    *out = (struct os_clock_info){
        .may_set = n->clock_law.may_set,
        .max_rate_ppm = n->clock_law.max_rate * 1e6,
        .rate_ppm = n->clock.rate * 1e6,
        .resolution_s = (double)n->clock_law.resolution_ns * 1e-9,
    };
}

static bool refused(const struct node *n, struct err *err, const char *what)
{
    if (n->clock_law.may_set)
        return false;
    err_set_sys(err, ERR_PERMISSION, EPERM, "Could not %s", what);
    return true;
}

static void tick_due(struct world *w, struct happening *h)
{
    struct node *n = CONTAINER_OF(h, struct node, tick);

    simclock_set_rate(&n->clock, w->now_ns, n->tick_rate);
    node_rearm(n);
}

/* The kernel counts whole ticks at one rate. */
static void rate_with_tick(struct node *n, double rate)
{
    struct world *w = n->world;
    int64_t tick_ns = ns_from_s(1.0 / n->clock_law.tick_hz);
    int64_t mono_ns = simclock_mono(&n->clock, w->now_ns);

    n->tick_rate = rate;
    n->tick.fire = tick_due;
    queue_set(&w->queue, &n->tick,
              simclock_when(&n->clock, w->now_ns, (mono_ns / tick_ns + 1) * tick_ns));
}

static bool os_set_rate(void *ctx, double rate_ppm, double *applied_ppm, struct err *err)
{
    struct node *n = ctx;
    struct world *w = n->world;
    double most_ppm = n->clock_law.max_rate * 1e6;

    if (n->dying)
        return true;
    if (refused(n, err, "set the frequency"))
        return false;
    if (!(fabs(rate_ppm) <= most_ppm * (1.0 + 1e-9)))
        return err_set(err, ERR_RANGE, "Frequency of %f ppm is out of range", rate_ppm);
    rate_ppm = rint(rate_ppm / RATE_STEP_PPM) * RATE_STEP_PPM;
    if (applied_ppm)
        *applied_ppm = rate_ppm;
    n->counts.rates++;
    if (fabs(rate_ppm) * 1e-6 > n->counts.largest_rate)
        n->counts.largest_rate = fabs(rate_ppm) * 1e-6;
    if (n->clock_law.tick_hz > 0.0)
        rate_with_tick(n, rate_ppm * 1e-6);
    else
        simclock_set_rate(&n->clock, w->now_ns, rate_ppm * 1e-6);
    world_note(w, n, "rate", &rate_ppm, sizeof(rate_ppm), "%+.6f ppm", rate_ppm);
    return true;
}

static bool os_step(void *ctx, double offset_s, struct err *err)
{
    struct node *n = ctx;
    struct world *w = n->world;

    if (n->dying)
        return true;
    if (refused(n, err, "step the clock"))
        return false;
    if (n->counts.steps == 0 || fabs(offset_s) < n->counts.smallest_step_s)
        n->counts.smallest_step_s = fabs(offset_s);
    n->counts.steps++;
    if (fabs(offset_s) > n->counts.largest_step_s)
        n->counts.largest_step_s = fabs(offset_s);
    simclock_step(&n->clock, w->now_ns, ns_from_s(offset_s));
    world_note(w, n, "step", &offset_s, sizeof(offset_s), "%+.9f s", offset_s);
    return true;
}

static void leap_due(struct world *w, struct happening *h)
{
    struct node *n = CONTAINER_OF(h, struct node, leap_due);
    int64_t left = n->leap_raw_ns - simclock_exact(&n->clock, w->now_ns);
    double offset_s = n->leap_armed == OS_LEAP_INSERT ? -1.0 : 1.0;

    if (n->leap_armed == OS_LEAP_NONE)
        return;
    if (n->halted && !n->halt.clock_runs) { /* it does not count now */
        queue_set(&w->queue, h, w->now_ns + NS_PER_S);
        return;
    }
    if (left < -NS_PER_S) /* the second was jumped over, and the kernel looks for that one alone */
        return;
    /* Look twice, since the rate changes meanwhile. */
    if (left > 0) {
        queue_set(&w->queue, h, w->now_ns + (left > 10 * NS_PER_S ? left - 5 * NS_PER_S : left));
        return;
    }
    simclock_step(&n->clock, w->now_ns, ns_from_s(offset_s));
    n->kernel_tai -= (int)offset_s;
    n->leap_armed = OS_LEAP_NONE;
    world_note(w, n, "kleap", &offset_s, sizeof(offset_s), "%+.0f s by the kernel", offset_s);
}

static void arm_leap(struct node *n, enum os_leap leap)
{
    int64_t raw = simclock_exact(&n->clock, n->world->now_ns);

    if (leap == n->leap_armed)
        return;
    n->leap_armed = leap;
    n->leap_due.fire = leap_due;
    n->leap_raw_ns = (raw / DAY_NS + 1) * DAY_NS - (leap == OS_LEAP_DELETE ? NS_PER_S : 0);
    queue_set(&n->world->queue, &n->leap_due, n->world->now_ns);
}

static bool os_set_clock_status(void *ctx, const struct os_clock_status *status, struct err *err)
{
    struct node *n = ctx;
    struct world *w = n->world;
    const double figures[] = {(double)status->synchronised, (double)status->leap,
                              status->max_error_s, status->est_error_s};

    if (n->dying)
        return true;
    if (refused(n, err, "set the status"))
        return false;
    arm_leap(n, status->leap);
    n->kernel_synchronised = status->synchronised;
    n->kernel_max_error_s = status->max_error_s;
    if (status->tai_offset_s != 0)
        n->kernel_tai = status->tai_offset_s;
    rtc_follow_kernel(n);
    world_note(w, n, "status", figures, sizeof(figures),
               "%s, maximum error %.6f s, estimated %.6f s, leap %d",
               status->synchronised ? "synchronised" : "unsynchronised", status->max_error_s,
               status->est_error_s, status->leap);
    return true;
}

static void os_random(void *ctx, void *out, size_t length)
{
    struct node *n = ctx;

    rng_bytes(&n->random, out, length);
}

/* --- names --- */

struct query {
    struct happening answer;
    struct node *node;
    uint32_t token;
    enum addr_family family;
    struct query *next;
    char name[];
};

static void drop_query(struct node *n, struct query *q)
{
    struct query **p = &n->queries;

    while (*p != q)
        p = &(*p)->next;
    *p = q->next;
    queue_cancel(&n->world->queue, &q->answer);
    free(q);
}

static void add_address(struct event *ev, const struct addr *a, enum addr_family family)
{
    if ((family == ADDR_NONE || a->family == family) && ev->resolved.count < OS_RESOLVE_MAX)
        ev->resolved.addrs[ev->resolved.count++] = *a;
}

static void look_up(struct world *w, const struct query *q, struct event *ev)
{
    const struct node *n = world_node(w, q->name);
    const struct dns_entry *d = NULL;

    for (size_t i = 0; i < w->dns_count; i++) {
        if (strcmp(w->dns[i].name, q->name) == 0)
            d = &w->dns[i];
    }
    ev->resolved.status = d ? d->status : n ? OS_RESOLVED : OS_RESOLVE_PERMANENT;
    if (ev->resolved.status != OS_RESOLVED) {
        memcpy(ev->resolved.error, "Name or service not known", 26);
        return;
    }
    if (d) {
        for (size_t i = 0; i < d->count; i++)
            add_address(ev, &d->addrs[i], q->family);
    } else {
        const struct addr *v4 = n->nat4.family != ADDR_NONE ? &n->nat4 : &n->addr4;

        /* Nodes are IPv4 hosts unless only IPv6 is wanted. */
        add_address(ev, q->family == ADDR_IPV6 ? &n->addr6 : v4, q->family);
    }
    if (ev->resolved.count == 0)
        ev->resolved.status = OS_RESOLVE_PERMANENT;
}

static void answer_query(struct world *w, struct happening *h)
{
    struct query *q = CONTAINER_OF(h, struct query, answer);
    struct node *n = q->node;
    struct event ev = {.type = EVENT_RESOLVED};

    ev.resolved.token = q->token;
    look_up(w, q, &ev);
    drop_query(n, q);
    node_give(n, &ev, NULL);
}

static void os_resolve(void *ctx, uint32_t token, const char *name, enum addr_family family)
{
    struct node *n = ctx;
    struct world *w = n->world;
    size_t length = strlen(name) + 1;
    struct query *q = calloc(1, sizeof(*q) + length);
    double delay_s = w->dns_delay_s;

    assert(q);
    memcpy(q->name, name, length);
    q->node = n;
    q->token = token;
    q->family = family;
    q->answer.fire = answer_query;
    q->next = n->queries;
    n->queries = q;
    for (size_t i = 0; i < w->dns_count; i++) {
        if (strcmp(w->dns[i].name, name) == 0) {
            delay_s = w->dns[i].delay_s >= 0.0 ? w->dns[i].delay_s : delay_s;
            if (w->dns[i].never)
                return;
        }
    }
    queue_set(&w->queue, &q->answer, w->now_ns + ns_from_s(delay_s));
}

static void os_resolve_cancel(void *ctx, uint32_t token)
{
    struct node *n = ctx;

    for (struct query *q = n->queries, *next; q; q = next) {
        next = q->next;
        if (q->token == token)
            drop_query(n, q);
    }
}

void node_cancel_queries(struct node *n)
{
    while (n->queries)
        drop_query(n, n->queries);
}

struct os node_os(struct node *n)
{
    static const struct os_ops ops = {
        .mono = os_mono,
        .utc = os_utc,
        .suspended_s = os_suspended_s,
        .clock_info = os_clock_info,
        .set_rate = os_set_rate,
        .step = os_step,
        .set_clock_status = os_set_clock_status,
        .rtc_open = sim_rtc_open,
        .rtc_close = sim_rtc_close,
        .rtc_ticks = sim_rtc_ticks,
        .rtc_set = sim_rtc_set,
        .rtc_read = sim_rtc_read,
        .refclock_open = sim_refclock_open,
        .refclock_poll = sim_refclock_poll,
        .refclock_close = sim_refclock_close,
        .random = os_random,
        .udp_open = sim_udp_open,
        .udp_close = sim_socket_close,
        .udp_send = sim_udp_send,
        .has_route = sim_has_route,
        .interfaces = sim_interfaces,
        .hwstamp_enable = sim_hwstamp_enable,
        .hwclock_read = sim_hwclock_read,
        .unix_open = sim_unix_open,
        .unix_close = sim_socket_close,
        .unix_send = sim_unix_send,
        .stream_listen = sim_stream_listen,
        .stream_send = sim_stream_send,
        .stream_close = sim_socket_close,
        .resolve = os_resolve,
        .resolve_cancel = os_resolve_cancel,
        .file_read = sim_file_read,
        .file_replace = sim_file_replace,
        .file_remove = sim_file_remove,
        .file_mtime = sim_file_mtime,
        .append_open = sim_append_open,
        .append_write = sim_append_write,
        .append_close = sim_append_close,
        .glob = sim_glob,
    };

    return (struct os){.ops = &ops, .ctx = n};
}
