/* watch.c - what happens to the host: its network changes, its clock is set.
 *
 * Both descriptors are optional. Without the first the daemon finds out by its own polling, without
 * the second by comparing clocks at its next event. */
#include <errno.h>
#include <limits.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "chronyd/os/linux/internal.h"

/* Changes come in swarms (an address, its routes, router advertisements); a router sees thousands.
 * After one event the socket is left alone for this long. */
#define NETWORK_PAUSE_S 1.0

static int open_network(void)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK,
                                  .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
                                               RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                                               RTMGRP_IPV6_ROUTE};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* A timer of the clock of day that is never due is cancelled when the clock is set. */
static bool arm_clock_watch(int fd)
{
    struct itimerspec never = {.it_value = {.tv_sec = (time_t)(INT64_MAX / NS_PER_S)}};

    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) == 0 ||
           errno == ECANCELED;
}

void world_watch_host(struct world *w)
{
    if (w->restricted)
        return;
    w->network_fd = open_network();
    w->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (w->clock_fd >= 0 && !arm_clock_watch(w->clock_fd)) {
        (void)close(w->clock_fd);
        w->clock_fd = -1;
    }
}

void watch_close(struct world *w)
{
    if (w->network_fd >= 0)
        (void)close(w->network_fd);
    if (w->clock_fd >= 0)
        (void)close(w->clock_fd);
    w->network_fd = w->clock_fd = -1;
}

/* The messages are only counted: whoever wants to know looks at the network itself. An overrun
 * (ENOBUFS) is a change too. */
void watch_network(struct world *w, world_handler handle_event, void *ctx)
{
    struct event ev = {.type = EVENT_NETWORK};
    uint8_t discarded[8192];
    bool changed = false;

    for (int i = 0; i < 1000; i++) {
        ssize_t n = recv(w->network_fd, discarded, sizeof discarded, MSG_DONTWAIT);

        if (n <= 0 && errno != ENOBUFS && errno != EINTR)
            break;
        changed = true;
    }
    w->network_due = mono_add_s(world_mono(w), NETWORK_PAUSE_S);
    if (changed)
        handle_event(ctx, &ev);
}

void watch_clock(struct world *w, world_handler handle_event, void *ctx)
{
    struct event ev = {.type = EVENT_CLOCK_SET};
    uint64_t expirations;

    if (read(w->clock_fd, &expirations, sizeof expirations) >= 0 || errno != ECANCELED)
        return;
    if (!arm_clock_watch(w->clock_fd)) {
        (void)close(w->clock_fd);
        w->clock_fd = -1;
    }
    handle_event(ctx, &ev);
}
