/* loop.c - waiting for what comes next, and handing it on.
 *
 * On a real system poll() with a timer descriptor, which has nanoseconds and any number of
 * descriptors; in a restricted world select(), which has microseconds there and reports at most one
 * descriptor per call. What is due is decided by the clock, never by the fact that a wait ended. */
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "chronyd/os/linux/internal.h"
#include "chronyd/os/linux/signals.h"

#define LONGEST_WAIT_S 100000.0
/* Without a timer descriptor a signal could be slept over: look at the notes this often. */
#define WAIT_WITHOUT_TIMER_S 1.0

/* Special values of poll_slots[].slot */
enum { POLL_TIMER = -1, POLL_CLOCK = -2, POLL_NETWORK = -3, POLL_RESOLVER = -4, POLL_RTC = -5 };

static bool grow_polls(struct world *w, size_t needed)
{
    size_t size = w->poll_size ? w->poll_size : 16;
    void *polls, *slots;

    if (needed <= w->poll_size)
        return true;
    while (size < needed)
        size *= 2;
    polls = realloc(w->polls, size * sizeof *w->polls);
    if (polls)
        w->polls = polls;
    slots = realloc(w->poll_slots, size * sizeof *w->poll_slots);
    if (slots)
        w->poll_slots = slots;
    if (!polls || !slots)
        return false;
    w->poll_size = size;
    return true;
}

static void add_poll(struct world *w, size_t *n, int fd, short events, int slot)
{
    if (fd < 0)
        return;
    w->polls[*n] = (struct pollfd){.fd = fd, .events = events};
    w->poll_slots[*n].slot = slot;
    w->poll_slots[*n].serial = slot >= 0 ? w->slots[slot].serial : 0;
    (*n)++;
}

static short slot_events(const struct slot *s)
{
    if (s->kind == SLOT_UDP && s->tx_stamps)
        return POLLIN | POLLPRI;
    if (s->kind == SLOT_STREAM && s->blocked)
        return POLLIN | POLLOUT;
    return POLLIN;
}

/* The set to wait for. The network is left out while it is given a pause, a listening socket while
 * there is no descriptor for who comes, the resolver's pipe while no answer is certain to come. */
static size_t collect(struct world *w, struct mono now)
{
    size_t n = 0;

    if (!grow_polls(w, w->slot_count + 5))
        return 0;
    add_poll(w, &n, w->timer_fd, POLLIN, POLL_TIMER);
    for (size_t i = 0; i < w->slot_count; i++) {
        if (w->slots[i].kind == SLOT_LISTENER && mono_before(now, w->accept_due))
            continue;
        if (w->slots[i].kind != SLOT_FREE && !w->slots[i].silent)
            add_poll(w, &n, w->slots[i].fd, slot_events(&w->slots[i]), (int)i);
    }
    if (w->resolver.in_flight > 0)
        add_poll(w, &n, w->resolver.pipe[0], POLLIN, POLL_RESOLVER);
    if (w->rtc_ticks)
        add_poll(w, &n, w->rtc_fd, POLLIN, POLL_RTC);
    add_poll(w, &n, w->clock_fd, POLLIN, POLL_CLOCK);
    if (!mono_before(now, w->network_due))
        add_poll(w, &n, w->network_fd, POLLIN, POLL_NETWORK);
    return n;
}

static void set_timer(struct world *w, struct mono wake)
{
    struct itimerspec its = {.it_value = {.tv_sec = 0}};

    if (wake.ns == w->timer_set.ns)
        return;
    if (wake.ns != MONO_NEVER.ns) {
        its.it_value.tv_sec = (time_t)(wake.ns / NS_PER_S);
        its.it_value.tv_nsec = (long)(wake.ns % NS_PER_S);
        if (its.it_value.tv_sec == 0 && its.it_value.tv_nsec == 0)
            its.it_value.tv_nsec = 1;
    }
    (void)timerfd_settime(w->timer_fd, TFD_TIMER_ABSTIME, &its, NULL);
    w->timer_set = wake;
}

/* The signal notes are looked at after the timer was set: a signal that comes later makes the timer
 * due at once, one that came earlier is seen here. */
static int wait_real(struct world *w, size_t n, struct mono now, struct mono wake)
{
    int timeout_ms = -1;

    if (!mono_before(now, wake))
        timeout_ms = 0;
    else if (w->timer_fd >= 0)
        set_timer(w, wake);
    else
        timeout_ms = (int)(min_d(mono_diff_s(wake, now), WAIT_WITHOUT_TIMER_S) * 1e3) + 1;
    if (signals_take_stop()) {
        w->stop_asked = true;
        timeout_ms = 0;
    }
    return poll(w->polls, (nfds_t)n, timeout_ms);
}

/* At least a microsecond, so that time passes even when something is always due. */
static int wait_restricted(struct world *w, size_t n, struct mono now, struct mono wake)
{
    double wait_s = clamp_d(mono_diff_s(wake, now), 1e-6, LONGEST_WAIT_S);
    int64_t us = (ns_from_s(wait_s) + 999) / 1000;
    struct timeval timeout = {.tv_sec = (time_t)(us / 1000000),
                              .tv_usec = (suseconds_t)(us % 1000000)};
    fd_set in, out, exceptions;
    int highest = -1, result;

    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&exceptions);
    for (size_t i = 0; i < n; i++) {
        int fd = w->polls[i].fd;

        if (fd >= FD_SETSIZE)
            continue;
        FD_SET(fd, &in);
        if (w->polls[i].events & POLLOUT)
            FD_SET(fd, &out);
        if (w->polls[i].events & POLLPRI)
            FD_SET(fd, &exceptions);
        highest = fd > highest ? fd : highest;
    }
    result = select(highest + 1, &in, &out, &exceptions, &timeout);
    for (size_t i = 0; i < n; i++) {
        int fd = w->polls[i].fd;

        w->polls[i].revents = 0;
        if (result <= 0 || fd >= FD_SETSIZE)
            continue;
        w->polls[i].revents =
            (short)((FD_ISSET(fd, &in) ? POLLIN : 0) | (FD_ISSET(fd, &out) ? POLLOUT : 0) |
                    (FD_ISSET(fd, &exceptions) ? POLLPRI : 0));
    }
    return result;
}

static void dispatch_slot(struct world *w, int handle, uint32_t serial, short events,
                          world_handler handle_event, void *ctx)
{
    struct slot *s = &w->slots[handle];

    if (s->kind == SLOT_FREE || s->serial != serial)
        return;
    switch (s->kind) {
    case SLOT_UDP:
        if (events & (POLLPRI | POLLERR))
            udp_read_errors(w, handle, handle_event, ctx);
        if ((events & POLLIN) && w->slots[handle].serial == serial)
            udp_receive(w, handle, handle_event, ctx);
        break;
    case SLOT_UNIX:
        unix_receive(w, handle, handle_event, ctx);
        break;
    case SLOT_LISTENER:
        stream_accept(w, handle, handle_event, ctx);
        break;
    case SLOT_STREAM:
        stream_ready(w, handle, events, handle_event, ctx);
        break;
    case SLOT_REFCLOCK:
        refclock_receive(w, handle, handle_event, ctx);
        break;
    case SLOT_FREE:
        break;
    }
}

static void dispatch(struct world *w, size_t i, world_handler handle_event, void *ctx)
{
    short events = w->polls[i].revents;
    uint64_t expirations;

    if (!events)
        return;
    switch (w->poll_slots[i].slot) {
    case POLL_TIMER:
        (void)!read(w->timer_fd, &expirations, sizeof expirations);
        w->timer_set = MONO_NEVER;
        break;
    case POLL_CLOCK:
        watch_clock(w, handle_event, ctx);
        break;
    case POLL_RTC:
        rtc_tick(w, handle_event, ctx);
        break;
    case POLL_NETWORK:
        watch_network(w, handle_event, ctx);
        break;
    case POLL_RESOLVER:
        resolver_answer(w, handle_event, ctx);
        break;
    default:
        dispatch_slot(w, w->poll_slots[i].slot, w->poll_slots[i].serial, events, handle_event, ctx);
    }
}

static void tell_refused_calls(struct world *w)
{
    int call = signals_take_refused_call();

    if (call >= 0)
        log_warning(&w->log, "System call %d was refused by the filter", call);
}

/* Deliver what needs no waiting; true if there was something, and the daemon has to be asked again
 * when it wants to be woken. Timers that are due every time do not keep descriptors from being
 * looked at. */
static bool deliver_due(struct world *w, struct mono wake, world_handler handle_event, void *ctx)
{
    struct event ev = {.type = EVENT_STOP};

    if (w->stop_asked || signals_take_stop()) {
        w->stop_asked = false;
        handle_event(ctx, &ev);
        return true;
    }
    if (w->resolver.answerable > 0) {
        resolver_answer_literals(w, handle_event, ctx);
        return true;
    }
    if (mono_before(world_mono(w), wake)) {
        w->timer_was_due = false;
        return false;
    }
    ev.type = EVENT_TIMER;
    handle_event(ctx, &ev);
    w->timer_was_due = !w->timer_was_due;
    return w->timer_was_due;
}

void world_turn(struct world *w, struct mono wake, world_handler handle_event, void *ctx)
{
    struct mono now;
    size_t n;
    int ready;

    if (w->sockets_to_bind)
        refclock_sock_bind_late(w);
    if (deliver_due(w, wake, handle_event, ctx))
        return;
    now = world_mono(w);
    if (mono_before(now, w->network_due) && mono_before(w->network_due, wake))
        wake = w->network_due;
    if (mono_before(now, w->accept_due) && mono_before(w->accept_due, wake))
        wake = w->accept_due;
    n = collect(w, now);
    ready = w->restricted ? wait_restricted(w, n, now, wake) : wait_real(w, n, now, wake);
    for (size_t i = 0; ready > 0 && i < n; i++)
        dispatch(w, i, handle_event, ctx);
    tell_refused_calls(w);
}
