/* udp.c - opening and closing UDP sockets, with the options that their use needs. */
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "chronyd/os/linux/internal.h"
#include "features.h"

#ifdef HAVE_TIMESTAMPING
#include <linux/net_tstamp.h>
#endif

#define RESTRICTED_SOCKETS_MAX 20

static bool set_int(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

#ifdef HAVE_TIMESTAMPING
/* On a real system only datagrams that ask for it get a transmit timestamp: a busy server would
 * else read one message of the error queue per reply. Where interfaces stamp, the packet itself has
 * to come back with its stamp: only then the kernel tells by which of them it left. */
static int stamp_flags(const struct world *w)
{
    int flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;

    if (w->hw_count > 0)
        flags |= SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE |
                 SOF_TIMESTAMPING_OPT_PKTINFO | SOF_TIMESTAMPING_OPT_TX_SWHW;
    if (w->restricted)
        return flags | SOF_TIMESTAMPING_TX_SOFTWARE |
               (w->hw_count > 0 ? SOF_TIMESTAMPING_TX_HARDWARE : 0);
    return flags | (w->hw_count > 0 ? 0 : SOF_TIMESTAMPING_OPT_TSONLY) | SOF_TIMESTAMPING_OPT_CMSG;
}

static void enable_stamps(const struct world *w, struct slot *s)
{
    int flags = stamp_flags(w) | SOF_TIMESTAMPING_OPT_ID;

    if (s->use == OS_UDP_COMMAND)
        return;
    if (!set_int(s->fd, SOL_SOCKET, SO_TIMESTAMPING, flags))
        return;
    s->tx_stamps = true;
    s->tx_stamp_by_call = !w->restricted;
    /* Timestamps are announced as exceptions, apart from errors. */
    (void)set_int(s->fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1);
}

/* The kernel counts datagrams that it began to send; whether one that failed was counted depends on
 * where it failed. Switching the numbers off and on sets the count to zero. */
void udp_restart_tx_count(const struct world *w, struct slot *s)
{
    int flags = stamp_flags(w);

    if (!s->tx_stamp_by_call || s->numbered ||
        !set_int(s->fd, SOL_SOCKET, SO_TIMESTAMPING, flags) ||
        !set_int(s->fd, SOL_SOCKET, SO_TIMESTAMPING, flags | SOF_TIMESTAMPING_OPT_ID))
        return;
    s->tx_base = s->tx_next;
}
#else
static void enable_stamps(const struct world *w, struct slot *s)
{
    (void)w;
    (void)s;
}

void udp_restart_tx_count(const struct world *w, struct slot *s)
{
    (void)w;
    (void)s;
}
#endif

static void set_family_options(int fd, const struct os_udp_params *p)
{
    if (p->family == ADDR_IPV6) {
        (void)set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        (void)set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
        if (p->dscp > 0)
            (void)set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, p->dscp << 2);
    } else {
        (void)set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
        if (p->dscp > 0)
            (void)set_int(fd, IPPROTO_IP, IP_TOS, p->dscp << 2);
    }
}

/* An address that is configured later (DHCP, a floating one) can be bound now; ICMP errors tell a
 * client at once that nobody listens. Sharing a port is for clients with a fixed one; a server has
 * to notice that its port is taken. */
static bool set_options(int fd, const struct os_udp_params *p, struct err *err)
{
    bool ipv6 = p->family == ADDR_IPV6;

    set_family_options(fd, p);
    if (p->local.family != ADDR_NONE)
        (void)set_int(fd, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_FREEBIND : IP_FREEBIND, 1);
    if (p->use == OS_UDP_NTP_CLIENT && p->local_port != 0)
        (void)set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (p->use == OS_UDP_NTP_CLIENT && p->remote.addr.family != ADDR_NONE)
        (void)set_int(fd, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_RECVERR : IP_RECVERR, 1);
    if (p->broadcast)
        (void)set_int(fd, SOL_SOCKET, SO_BROADCAST, 1);
    if (p->device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, p->device,
                                (socklen_t)strnlen(p->device, IF_NAMESIZE - 1) + 1) < 0)
        return err_from_errno(err, "Could not bind socket to %s", p->device);
    return true;
}

static bool bind_and_connect(int fd, const struct os_udp_params *p, bool bound, struct err *err)
{
    struct sockaddr_storage ss;
    socklen_t length;

    if (!bound && (p->local.family != ADDR_NONE || p->local_port != 0)) {
        length = sockaddr_from_endpoint(&ss, p->family, &p->local, p->local_port);
        if (bind(fd, (struct sockaddr *)&ss, length) < 0)
            return err_from_errno(err, "Could not bind UDP socket");
    }
    if (p->remote.addr.family != ADDR_NONE) {
        length = sockaddr_from_endpoint(&ss, p->family, &p->remote.addr, p->remote.port);
        if (connect(fd, (struct sockaddr *)&ss, length) < 0)
            return err_from_errno(err, "Could not connect UDP socket");
    }
    return true;
}

/* A datagram socket that the service manager opened for us at just this address, or -1. */
static int adopted_socket(struct world *w, const struct os_udp_params *p)
{
    struct sockaddr_storage wanted, bound;
    socklen_t wanted_length;

    if (p->local_port == 0)
        return -1;
    wanted_length = sockaddr_from_endpoint(&wanted, p->family, &p->local, p->local_port);
    for (int fd = w->adopted_first; fd < w->adopted_first + w->adopted_count; fd++) {
        struct endpoint a, b;
        socklen_t length = sizeof bound, type_length = sizeof(int);
        int type = 0;

        memset(&bound, 0, sizeof bound);
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_length) < 0 || type != SOCK_DGRAM ||
            getsockname(fd, (struct sockaddr *)&bound, &length) < 0 || length != wanted_length ||
            !endpoint_from_sockaddr(&bound, &a) || !endpoint_from_sockaddr(&wanted, &b) ||
            !endpoint_equal(&a, &b))
            continue;
        set_descriptor_flags(fd);
        return fd;
    }
    return -1;
}

/* A simulator has 20 sockets, and ends the program that wants more. */
static bool socket_is_left(const struct world *w)
{
    int used = 0;

    for (size_t i = 0; i < w->slot_count; i++)
        used += w->slots[i].kind != SLOT_FREE;
    return !w->restricted || used < RESTRICTED_SOCKETS_MAX;
}

int world_udp_open(void *ctx, const struct os_udp_params *p, struct err *err)
{
    struct world *w = ctx;
    int fd = adopted_socket(w, p), handle;
    bool adopted = fd >= 0;
    struct slot *s;

    if (!adopted && !socket_is_left(w)) {
        (void)err_set(err, ERR_LIMIT, "Could not open UDP socket: too many");
        return -1;
    }
    if (!adopted)
        fd = socket_plain(w, p->family == ADDR_IPV6 ? AF_INET6 : AF_INET, SOCK_DGRAM);
    if (fd < 0) {
        (void)err_from_errno(err, "Could not open UDP socket");
        return -1;
    }
    if (!set_options(fd, p, err) || !bind_and_connect(fd, p, adopted, err)) {
        (void)close(fd);
        return -1;
    }
    handle = slot_add(w, SLOT_UDP, fd);
    if (handle < 0) {
        (void)err_set(err, ERR_LIMIT, "Could not open UDP socket: no memory");
        return -1;
    }
    s = &w->slots[handle];
    s->use = p->use;
    s->family = p->family;
    s->connected = p->remote.addr.family != ADDR_NONE;
    s->remote = p->remote;
    enable_stamps(w, s);
    s->numbered = p->numbered && s->tx_stamp_by_call && udp_takes_numbers(w);
    return handle;
}

void world_udp_close(void *ctx, int sock)
{
    struct world *w = ctx;

    if (!slot_get(w, sock, SLOT_UDP))
        return;
    udp_flush(w);
    slot_close(w, sock);
}

/* In a restricted world addresses must not be probed; there is a route to all that a test names. */
bool world_has_route(void *ctx, const struct addr *to)
{
    struct world *w = ctx;
    struct sockaddr_storage ss;
    enum addr_family family = to->family == ADDR_IPV6 ? ADDR_IPV6 : ADDR_IPV4;
    socklen_t length;
    bool connected;
    int fd;

    if (w->restricted)
        return true;
    fd = socket_plain(w, family == ADDR_IPV6 ? AF_INET6 : AF_INET, SOCK_DGRAM);
    if (fd < 0)
        return false;
    length = sockaddr_from_endpoint(&ss, family, to, 123);
    connected = connect(fd, (struct sockaddr *)&ss, length) == 0;
    (void)close(fd);
    return connected;
}
