/* sockets.c - the socket calls. Descriptors from 100 on are ours, the others real. */
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "world.h"

#define FIRST_PORT 32000
#define CONTROL_NEEDED 128

/* --- the C library's own, for real descriptors --- */

static void *next(const char *name)
{
    void *f = dlsym(RTLD_NEXT, name);

    if (!f)
        violation("the C library has no %s", name);
    return f;
}

/* POSIX wants functions from dlsym() to be taken this way round the language. */
#define REAL(type, name, ...)                                                                      \
    type (*real)(__VA_ARGS__);                                                                     \
    *(void **)&real = next(name)

ssize_t real_sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to,
                    socklen_t size)
{
    REAL(ssize_t, "sendto", int, const void *, size_t, int, const struct sockaddr *, socklen_t);
    return real(fd, data, length, flags, to, size);
}

ssize_t real_recvfrom(int fd, void *data, size_t length, int flags, struct sockaddr *from,
                      socklen_t *size)
{
    REAL(ssize_t, "recvfrom", int, void *, size_t, int, struct sockaddr *, socklen_t *);
    return real(fd, data, length, flags, from, size);
}

static int real_close(int fd)
{
    REAL(int, "close", int);
    return real(fd);
}

int real_unix_socket(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_usec = 100000};
    int fd;

    REAL(int, "socket", int, int, int);
    int (*real_bind)(int, const struct sockaddr *, socklen_t);
    int (*real_setsockopt)(int, int, int, const void *, socklen_t);
    *(void **)&real_bind = next("bind");
    *(void **)&real_setsockopt = next("setsockopt");
    fd = real(AF_UNIX, SOCK_DGRAM, 0);
    strncpy(un.sun_path, path, sizeof un.sun_path - 1);
    if (fd < 0 || real_bind(fd, (struct sockaddr *)&un, sizeof un) < 0)
        violation("cannot bind %s", path);
    (void)real_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
}

int real_udp_socket(void)
{
    struct timeval limit = {.tv_sec = 1};
    int (*real_setsockopt)(int, int, int, const void *, socklen_t);
    int fd;

    REAL(int, "socket", int, int, int);
    *(void **)&real_setsockopt = next("setsockopt");
    fd = real(AF_INET, SOCK_DGRAM, 0);
    (void)real_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
}

static int refuse(int sys)
{
    errno = sys;
    return -1;
}

static struct slot *known(int fd, const char *call)
{
    struct slot *s = slot_of(fd);

    enter(call);
    if (!s)
        violation("%s on descriptor %d, which is not a socket of this world", call, fd);
    return s;
}

/* --- making and ending --- */

int socket(int domain, int type, int protocol)
{
    int ours;

    enter("socket");
    ours = world.set.family == 4 ? AF_INET : AF_INET6;
    (void)protocol;
    if (domain != AF_INET && domain != AF_INET6 && domain != AF_UNIX)
        violation("socket of family %d", domain);
    if ((type != SOCK_DGRAM && type != SOCK_STREAM) || (domain != ours && domain != AF_UNIX) ||
        (domain == AF_UNIX && !world.set.unix_on))
        return refuse(EINVAL);
    if (type != SOCK_DGRAM)
        violation("a stream socket: there is nobody to talk to");
    for (int i = 0; i < SOCKETS_MAX; i++) {
        struct slot *s = &world.slots[i];

        if (s->used)
            continue;
        memset(s, 0, sizeof *s);
        s->used = true;
        s->family = domain;
        s->type = type;
        s->local.family = domain;
        s->local.port = (uint16_t)(FIRST_PORT + i);
        return FIRST_SOCKET + i;
    }
    violation("more than %d sockets", SOCKETS_MAX);
}

int close(int fd)
{
    struct slot *s = slot_of(fd);

    if (fd == RTC_FD || fd == PPS_FD || fd == PTP_FD)
        return 0;
    if (!s)
        return real_close(fd);
    enter("close");
    if (world.head && world.head_slot == fd - FIRST_SOCKET) {
        network_drop(world.head);
        world.head = NULL;
    }
    s->used = false;
    return 0;
}

static bool is_own(const struct address *a)
{
    static const uint8_t any[16];
    static const uint8_t loopback4[16] = {127, 0, 0, 1};
    static const uint8_t loopback6[16] = {[15] = 1};

    return memcmp(a->ip, any, 16) == 0 || memcmp(a->ip, loopback4, 16) == 0 ||
           memcmp(a->ip, loopback6, 16) == 0;
}

int bind(int fd, const struct sockaddr *sa, socklen_t length)
{
    struct slot *s = known(fd, "bind");
    struct address a;

    if (!address_from_sockaddr(sa, length, &a) || a.family != s->family)
        return refuse(EINVAL);
    if (a.family == AF_UNIX) {
        if (s->bound || world.unix_bound++ > 0)
            violation("a second Unix socket is bound");
        trace("unix %s", a.path);
    } else if (!is_own(&a)) {
        violation("bind to a foreign address");
    } else if (a.port == 0) {
        a.port = s->local.port;
    }
    s->local = a;
    s->bound = true;
    return 0;
}

int connect(int fd, const struct sockaddr *sa, socklen_t length)
{
    struct slot *s = known(fd, "connect");
    struct address a;

    if (!address_from_sockaddr(sa, length, &a) || a.family != s->family)
        return refuse(EINVAL);
    s->remote = a;
    s->connected = true;
    return 0;
}

int getsockname(int fd, struct sockaddr *restrict sa, socklen_t *restrict length)
{
    struct slot *s = known(fd, "getsockname");

    if (s->family == AF_UNIX)
        return refuse(EINVAL);
    *length = (socklen_t)address_to_sockaddr(&s->local, sa, *length);
    return 0;
}

/* --- options --- */

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    struct slot *s = known(fd, "setsockopt");
    int flags = 0;

    if (s->family == AF_UNIX)
        return refuse(EINVAL);
    memcpy(&flags, value, length < sizeof flags ? length : sizeof flags);
    if (level == SOL_SOCKET && name == SO_TIMESTAMPING) {
        if (!world.set.stamping)
            return refuse(EINVAL);
        s->stamp_rx = flags & SOF_TIMESTAMPING_RX_SOFTWARE;
        s->stamp_tx = flags & (SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_HARDWARE);
        s->hw_rx = flags & SOF_TIMESTAMPING_RX_HARDWARE && flags & SOF_TIMESTAMPING_RAW_HARDWARE;
        s->hw_tx = flags & SOF_TIMESTAMPING_TX_HARDWARE && flags & SOF_TIMESTAMPING_RAW_HARDWARE;
        s->hw_info = flags & SOF_TIMESTAMPING_OPT_PKTINFO;
    }
    if ((level == IPPROTO_IP && name == IP_PKTINFO) ||
        (level == IPPROTO_IPV6 && name == IPV6_RECVPKTINFO))
        s->pktinfo = true;
    return 0;
}

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict length)
{
    (void)known(fd, "getsockopt");
    if (level != SOL_SOCKET || name != SO_ERROR)
        violation("getsockopt %d %d", level, name);
    memset(value, 0, *length);
    return 0;
}

int fcntl(int fd, int command, ...)
{
    va_list args;
    long value;

    va_start(args, command);
    value = va_arg(args, long);
    va_end(args);
    if (slot_of(fd) || fd == RTC_FD || fd == PPS_FD || fd == PTP_FD)
        return 0;
    REAL(int, "fcntl", int, int, long);
    return real(fd, command, value);
}

/* --- sending --- */

static int64_t soft_late_ns(void)
{
    return world.set.soft_late_s > 0 ? (int64_t)(-log(random_unit()) * world.set.soft_late_s * 1e9)
                                     : 0;
}

static uint16_t header(uint8_t *out, const struct slot *s)
{
    size_t ip = s->family == AF_INET ? 20 : 40;

    memset(out, 0, 14 + ip + 8);
    return (uint16_t)(14 + ip + 8);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    struct slot *s = known(fd, "sendmsg");
    uint8_t data[PACKET_MAX];
    struct address to = s->remote;
    size_t length = 0;

    if (flags & ~MSG_NOSIGNAL)
        violation("sends with flags %x", flags);
    for (size_t i = 0; i < m->msg_iovlen; i++) {
        if (length + m->msg_iov[i].iov_len > sizeof data)
            violation("sends more than %d bytes", PACKET_MAX);
        memcpy(data + length, m->msg_iov[i].iov_base, m->msg_iov[i].iov_len);
        length += m->msg_iov[i].iov_len;
    }
    if (m->msg_name && s->connected)
        return refuse(EISCONN);
    if (m->msg_name && !address_from_sockaddr(m->msg_name, m->msg_namelen, &to))
        return refuse(EINVAL);
    if (!m->msg_name && !s->connected)
        return refuse(EDESTADDRREQ);
    network_send(s, &to, data, length);
    if (s->stamp_tx) {
        s->tx_length = header(s->tx_data, s);
        memcpy(s->tx_data + s->tx_length, data, length);
        s->tx_length += length;
        s->tx_pending = true;
        s->tx_at = world.t + (int64_t)(world.set.tx_late_s * 1e9);
        s->tx_soft_ns = (int64_t)world.real_ns - soft_late_ns();
        s->tx_hw_ns = refclocks_ptp_ns();
        s->sent++;
    }
    return (ssize_t)length;
}

ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to,
               socklen_t size)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = length};
    struct msghdr m = {
        .msg_name = (void *)(uintptr_t)to, .msg_namelen = size, .msg_iov = &part, .msg_iovlen = 1};

    if (!slot_of(fd))
        return real_sendto(fd, data, length, flags, to, size);
    return sendmsg(fd, &m, flags);
}

ssize_t send(int fd, const void *data, size_t length, int flags)
{
    return sendto(fd, data, length, flags, NULL, 0);
}

/* --- receiving --- */

static void add_control(struct msghdr *m, size_t *used, int level, int type, const void *data,
                        size_t length)
{
    struct cmsghdr *c = (struct cmsghdr *)(void *)((char *)m->msg_control + *used);

    if (*used + CMSG_SPACE(length) > m->msg_controllen)
        violation("control buffer of %zu bytes is too small", (size_t)m->msg_controllen);
    memset(c, 0, CMSG_SPACE(length));
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(c), data, length);
    *used += CMSG_SPACE(length);
}

static struct timespec timespec_of(int64_t ns)
{
    struct timespec ts = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};

    if (ts.tv_nsec < 0) {
        ts.tv_sec--;
        ts.tv_nsec += NS_PER_S;
    }
    return ts;
}

/* hw_ns 0: there is none */
static void add_stamp(struct msghdr *m, size_t *used, int64_t soft_ns, int64_t hw_ns)
{
    struct timespec ts[3] = {timespec_of(soft_ns), {0}, {0}};

    if (hw_ns)
        ts[2] = timespec_of(hw_ns);
    add_control(m, used, SOL_SOCKET, SO_TIMESTAMPING, ts, sizeof ts);
}

/* The beginning of the frame. The network delivers its end. */
static void add_received(struct msghdr *m, size_t *used, const struct slot *s, size_t length)
{
    uint32_t info[4] = {2, (uint32_t)(length + ETHERNET_BYTES(s))};
    bool hardware = hardware_stamps(s, true);
    int64_t wire_ns = (int64_t)(info[1] + 4) * 8000 / LINK_MBIT;

    add_stamp(m, used, (int64_t)world.real_ns + soft_late_ns(),
              hardware ? refclocks_ptp_ns() - wire_ns : 0);
    if (hardware && s->hw_info)
        add_control(m, used, SOL_SOCKET, SCM_TIMESTAMPING_PKTINFO, info, sizeof info);
}

static void add_info(struct msghdr *m, size_t *used, const struct slot *s)
{
    struct in_pktinfo in4 = {.ipi_ifindex = 2};
    struct in6_pktinfo in6 = {.ipi6_ifindex = 2};
    uint8_t own4[4] = {192, 168, 123, 50};

    memcpy(&in4.ipi_addr, own4, 4);
    in6.ipi6_addr.s6_addr[0] = 0xfc;
    in6.ipi6_addr.s6_addr[15] = 50;
    if (s->family == AF_INET)
        add_control(m, used, IPPROTO_IP, IP_PKTINFO, &in4, sizeof in4);
    else
        add_control(m, used, IPPROTO_IPV6, IPV6_PKTINFO, &in6, sizeof in6);
}

static ssize_t copy_out(struct msghdr *m, const uint8_t *data, size_t length)
{
    size_t n = m->msg_iov[0].iov_len < length ? m->msg_iov[0].iov_len : length;

    if (m->msg_iovlen != 1)
        violation("receives into %zu buffers", (size_t)m->msg_iovlen);
    memcpy(m->msg_iov[0].iov_base, data, n);
    return (ssize_t)n;
}

static ssize_t receive_stamp(struct slot *s, struct msghdr *m)
{
    struct sock_extended_err e = {
        .ee_errno = ENOMSG, .ee_origin = SO_EE_ORIGIN_TIMESTAMPING, .ee_data = s->sent - 1};
    size_t used = 0;

    if (!s->tx_pending)
        violation("reads the error queue of a socket without anything in it");
    s->tx_pending = false;
    add_stamp(m, &used, s->tx_soft_ns, hardware_stamps(s, false) ? s->tx_hw_ns : 0);
    add_control(m, &used, s->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
                s->family == AF_INET ? IP_RECVERR : IPV6_RECVERR, &e, sizeof e);
    m->msg_controllen = used;
    m->msg_namelen = 0;
    m->msg_flags = MSG_ERRQUEUE;
    return copy_out(m, s->tx_data, s->tx_length);
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
    struct slot *s = known(fd, "recvmsg");
    struct packet *p = world.head;
    size_t used = 0;
    ssize_t n;

    if (flags & ~MSG_ERRQUEUE)
        violation("receives with flags %x", flags);
    if (flags & MSG_ERRQUEUE)
        return receive_stamp(s, m);
    if (!p || world.head_slot != fd - FIRST_SOCKET)
        violation("receives from a socket that was not reported");
    if ((s->pktinfo || s->stamp_rx) && m->msg_controllen < CONTROL_NEEDED)
        violation("control buffer of %zu bytes is too small", (size_t)m->msg_controllen);
    n = copy_out(m, p->data, p->length);
    if (m->msg_name)
        m->msg_namelen = (socklen_t)address_to_sockaddr(&p->from, m->msg_name, m->msg_namelen);
    if (s->stamp_rx)
        add_received(m, &used, s, (size_t)n);
    if (s->pktinfo)
        add_info(m, &used, s);
    m->msg_controllen = used;
    m->msg_flags = 0;
    world.head = NULL;
    free(p);
    return n;
}

ssize_t recvfrom(int fd, void *restrict data, size_t length, int flags,
                 struct sockaddr *restrict from, socklen_t *restrict size)
{
    struct slot *s = slot_of(fd);
    struct iovec part = {.iov_base = data, .iov_len = length};
    struct msghdr m = {.msg_name = from, .msg_iov = &part, .msg_iovlen = 1};
    ssize_t n;

    if (!s)
        return real_recvfrom(fd, data, length, flags, from, size);
    if (s->pktinfo || s->stamp_rx || !size)
        violation("recvfrom where recvmsg is needed");
    m.msg_namelen = *size;
    n = recvmsg(fd, &m, flags);
    *size = m.msg_namelen;
    return n;
}

int recvmmsg(int fd, struct mmsghdr *m, unsigned count, int flags, struct timespec *timeout)
{
    ssize_t n = recvmsg(fd, &m[0].msg_hdr, flags);

    (void)count;
    (void)timeout;
    m[0].msg_len = n < 0 ? 0 : (unsigned)n;
    return n < 0 ? -1 : 1;
}
