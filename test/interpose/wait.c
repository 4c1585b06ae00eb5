/* wait.c - the calls in which time passes. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "world.h"

#define SPINS_MAX 10000

/* What one wait asks for. */
struct request {
    const fd_set *in, *out, *exceptions;
    int count;
    int64_t timeout_ns; /* local; < 0: for ever */
};

struct answer {
    int fd; /* -1: the time is over, -2: interrupted */
    enum { READY_IN, READY_OUT, READY_EXCEPTION } how;
};

static bool asked(const fd_set *set, int fd, int count)
{
    return set && fd < count && FD_ISSET(fd, set);
}

/* Descriptors that we do not know count as readable at once, so a program must only wait for them
 * when they are. Time does not pass meanwhile. */
static bool without_time(const struct request *r, struct answer *a)
{
    for (int fd = FIRST_SOCKET; fd < FIRST_SOCKET + SOCKETS_MAX; fd++) {
        if (!asked(r->out, fd, r->count))
            continue;
        violation("a datagram socket is waited for to become writable");
    }
    for (int i = 0; i < SOCKETS_MAX; i++) {
        if (world.slots[i].used && world.slots[i].tx_pending && world.slots[i].tx_at <= world.t &&
            asked(r->exceptions, FIRST_SOCKET + i, r->count)) {
            *a = (struct answer){FIRST_SOCKET + i, READY_EXCEPTION};
            return true;
        }
    }
    for (int fd = 0; fd < FIRST_SOCKET; fd++) {
        if (asked(r->in, fd, r->count)) {
            *a = (struct answer){fd, READY_IN};
            return true;
        }
    }
    return false;
}

static bool waits_for_something(const struct request *r)
{
    for (int i = 0; i < SOCKETS_MAX; i++) {
        if (world.slots[i].used)
            return true;
    }
    return r->timeout_ns >= 0;
}

/* The end of a simulation: SIGTERM inside the waiting call, which is interrupted. */
static bool end_comes(int64_t deadline)
{
    int64_t end = (int64_t)(world.set.until_s * 1e9);

    if (world.ended)
        violation("waits again after the end");
    if (deadline < end)
        return false;
    clock_advance(end);
    world.ended = true;
    trace("end %.6f", (double)world.t * 1e-9);
    kill(getpid(), SIGTERM);
    return true;
}

/* The stamp of something that left becomes readable before anything else happens. */
static bool stamp_comes(const struct request *r, int64_t deadline, struct answer *a)
{
    int64_t due = hardware_tx_due(r->exceptions, r->count);

    if (due > deadline || due == INT64_MAX || packet_before(due))
        return false;
    clock_advance(due);
    return without_time(r, a);
}

static struct answer wait_for(const struct request *r)
{
    struct answer a = {-1, READY_IN};
    int64_t deadline = INT64_MAX, before = world.t;
    struct packet *p;

    if (!waits_for_something(r))
        violation("waits for ever for nothing");
    if (r->timeout_ns >= 0)
        deadline = world.t + clock_true_from_local(r->timeout_ns) + 1000;
    if (without_time(r, &a)) {
        if (++world.spins > SPINS_MAX)
            violation("descriptor %d is waited for again and again", a.fd);
        return a;
    }
    for (;;) {
        int64_t pause;

        network_tick();
        if (stamp_comes(r, deadline, &a))
            break;
        pause = (int64_t)(world.set.pause_at * 1e9);
        if (world.rtc_due && asked(r->in, RTC_FD, r->count)) {
            a.fd = RTC_FD;
            break;
        }
        if (asked(r->in, RTC_FD, r->count) && world.rtc_next > 0 && world.rtc_next < deadline &&
            !packet_before(world.rtc_next)) {
            if (end_comes(world.rtc_next)) {
                a.fd = -2;
                return a;
            }
            clock_advance(world.rtc_next);
            rtc_arm();
            world.rtc_due = true;
            continue;
        }
        if (world.ptp_due && asked(r->in, PTP_FD, r->count)) {
            a.fd = PTP_FD;
            break;
        }
        if (asked(r->in, PTP_FD, r->count) && world.ptp_pulses) {
            int64_t next = (world.t / NS_PER_S + 1) * NS_PER_S;

            if (next < deadline && !packet_before(next)) {
                if (end_comes(next)) {
                    a.fd = -2;
                    return a;
                }
                clock_advance(next);
                world.ptp_due = true;
                continue;
            }
        }
        if (world.head && asked(r->in, world.head_slot + FIRST_SOCKET, r->count)) {
            a.fd = world.head_slot + FIRST_SOCKET;
            break;
        }
        if (!packet_due(pause > 0 && pause < deadline ? pause : deadline, &p)) {
            if (pause > 0 && pause < deadline) {
                clock_advance(pause);
                continue;
            }
            if (end_comes(deadline)) {
                a.fd = -2;
                return a;
            }
            clock_advance(deadline);
            break;
        }
        if (end_comes(p->at)) {
            a.fd = -2;
            return a;
        }
        if (p->at > world.t)
            clock_advance(p->at);
        world.reading_moves = false;
        world.head = p;
        world.head_slot = slot_for(p);
        if (world.head_slot < 0) {
            network_drop(p);
            world.head = NULL;
        }
    }
    world.spins = world.t > before ? 0 : world.spins + 1;
    if (world.spins > SPINS_MAX)
        violation("waits without time passing");
    return a;
}

int select(int count, fd_set *in, fd_set *out, fd_set *exceptions, struct timeval *timeout)
{
    struct request r = {.in = in, .out = out, .exceptions = exceptions, .count = count};
    struct answer a;

    enter("select");
    r.timeout_ns = timeout ? timeout->tv_sec * NS_PER_S + timeout->tv_usec * 1000 : -1;
    a = wait_for(&r);
    refclocks_renew();
    if (a.fd == -2) {
        errno = EINTR;
        return -1;
    }
    if (in)
        FD_ZERO(in);
    if (out)
        FD_ZERO(out);
    if (exceptions)
        FD_ZERO(exceptions);
    if (a.fd < 0)
        return 0;
    FD_SET(a.fd, a.how == READY_IN ? in : a.how == READY_OUT ? out : exceptions);
    return 1;
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    struct timeval tv = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    fd_set in, out, exceptions;
    int highest = -1, result;

    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&exceptions);
    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = 0;
        if (fds[i].fd < 0)
            continue;
        if (fds[i].events & POLLIN)
            FD_SET(fds[i].fd, &in);
        if (fds[i].events & POLLOUT)
            FD_SET(fds[i].fd, &out);
        if (fds[i].events & POLLPRI)
            FD_SET(fds[i].fd, &exceptions);
        highest = fds[i].fd > highest ? fds[i].fd : highest;
    }
    result = select(highest + 1, &in, &out, &exceptions, timeout_ms < 0 ? NULL : &tv);
    for (nfds_t i = 0; result > 0 && i < count; i++) {
        if (fds[i].fd < 0)
            continue;
        fds[i].revents = (short)((FD_ISSET(fds[i].fd, &in) ? POLLIN : 0) |
                                 (FD_ISSET(fds[i].fd, &out) ? POLLOUT : 0) |
                                 (FD_ISSET(fds[i].fd, &exceptions) ? POLLPRI : 0));
    }
    return result;
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    enter("nanosleep");
    (void)left;
    clock_advance(world.t + clock_true_from_local(wanted->tv_sec * NS_PER_S + wanted->tv_nsec));
    return 0;
}

int usleep(useconds_t us)
{
    struct timespec ts = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    return nanosleep(&ts, NULL);
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *wanted, struct timespec *left)
{
    (void)id;
    if (flags & TIMER_ABSTIME)
        violation("clock_nanosleep with an absolute time");
    return nanosleep(wanted, left);
}
