/* hardware.c - a preloaded library that gives the interface lo hardware time stamps: on top of the
 * real kernel, whose own stamps it repeats as those of a clock that shows TAI. With HARDWARE=late
 * the kernel's stamps of what leaves are taken away, as if they came in another message. */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/ptp_clock.h>
#include <linux/sockios.h>
#include <net/if.h>

#define AHEAD_S 37

#define REAL(type, name, ...)                                                                      \
    type (*real)(__VA_ARGS__);                                                                     \
    *(void **)&real = dlsym(RTLD_NEXT, name)

static int device = -1;

int open(const char *path, int flags, ...)
{
    va_list args;
    int mode;

    va_start(args, flags);
    mode = va_arg(args, int);
    va_end(args);
    REAL(int, "open", const char *, int, ...);
    if (strcmp(path, "/dev/ptp0") == 0)
        return device = real("/dev/null", O_RDONLY);
    return real(path, flags, mode);
}

static struct ptp_clock_time now(int ahead_s)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (struct ptp_clock_time){.sec = ts.tv_sec + ahead_s, .nsec = (unsigned)ts.tv_nsec};
}

static int read_clock(unsigned long request, void *arg)
{
    struct ptp_sys_offset_extended *e = arg;

    if (request == PTP_CLOCK_GETCAPS)
        return 0;
    if (request != PTP_SYS_OFFSET_EXTENDED)
        return -1;
    for (unsigned i = 0; i < e->n_samples; i++) {
        e->ts[i][0] = now(0);
        e->ts[i][1] = now(AHEAD_S);
        e->ts[i][2] = now(0);
    }
    return 0;
}

static int ask_driver(struct ifreq *r)
{
    struct ethtool_ts_info *info = (void *)r->ifr_data;
    uint32_t command = info->cmd;

    if (command != ETHTOOL_GET_TS_INFO)
        return -1;
    info->so_timestamping =
        SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE;
    info->tx_types = 1 << HWTSTAMP_TX_ON;
    info->rx_filters = 1 << HWTSTAMP_FILTER_ALL;
    info->phc_index = 0;
    return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
    struct ifreq *r;
    va_list args;

    va_start(args, request);
    r = va_arg(args, void *);
    va_end(args);
    if (fd == device)
        return read_clock(request, r);
    REAL(int, "ioctl", int, unsigned long, void *);
    if (request == SIOCETHTOOL && strcmp(r->ifr_name, "lo") == 0)
        return ask_driver(r);
    if (request == SIOCSHWTSTAMP && strcmp(r->ifr_name, "lo") == 0)
        return 0;
    return real(fd, request, r);
}

/* --- messages -------------------------------------------------------------------------------- */

static void stamp(struct msghdr *m, int flags)
{
    const char *how = getenv("HARDWARE");
    bool late = how && strcmp(how, "late") == 0 && flags & MSG_ERRQUEUE;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        struct timespec ts[3];

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPING)
            continue;
        memcpy(ts, CMSG_DATA(c), sizeof ts);
        ts[2] = ts[0];
        ts[2].tv_sec += AHEAD_S;
        if (late)
            ts[0] = (struct timespec){0};
        memcpy(CMSG_DATA(c), ts, sizeof ts);
    }
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
    ssize_t n;

    REAL(ssize_t, "recvmsg", int, struct msghdr *, int);
    n = real(fd, m, flags);
    if (n >= 0)
        stamp(m, flags);
    return n;
}

int recvmmsg(int fd, struct mmsghdr *list, unsigned count, int flags, struct timespec *timeout)
{
    int n;

    REAL(int, "recvmmsg", int, struct mmsghdr *, unsigned, int, struct timespec *);
    n = real(fd, list, count, flags, timeout);
    for (int i = 0; i < n; i++)
        stamp(&list[i].msg_hdr, flags);
    return n;
}
