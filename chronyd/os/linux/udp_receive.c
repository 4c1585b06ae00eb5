/* udp_receive.c - datagrams that came in, transmit timestamps and ICMP errors.
 *
 * In a restricted world exactly one message is taken for each readiness that was reported; on a
 * real system server sockets are read in batches. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h> /* needs struct timespec */

#include "chronyd/os/linux/internal.h"
#include "features.h"

#ifndef SCM_TIMESTAMPING_PKTINFO
#define SCM_TIMESTAMPING_PKTINFO 58
#endif
#ifndef SCM_TIMESTAMPING
#define SCM_TIMESTAMPING SO_TIMESTAMPING
#endif

/* What the ancillary data of one message says. */
struct ancillary {
    struct utc stamp;
    enum os_stamp stamp_by;
    bool stamped;
    struct addr local;
    int interface;
    int64_t hw_ns;
    bool hw_stamped;
    int frame_interface; /* of a stamp of the hardware */
    size_t frame_bytes;
    bool has_error;
    struct sock_extended_err error;
};

/* False: there is none, or it is no time (clocks of interfaces may show anything). */
static bool take_time(const struct timespec *ts, int64_t *ns)
{
    return (ts->tv_sec != 0 || ts->tv_nsec != 0) && ns_from_parts(ts->tv_sec, ts->tv_nsec, ns);
}

/* Software time is in the first field, hardware time in the third. */
static void read_stamp(struct ancillary *a, const struct cmsghdr *c)
{
    struct timespec ts[3];

    if (c->cmsg_len < CMSG_LEN(sizeof ts))
        return;
    memcpy(ts, CMSG_DATA(c), sizeof ts);
    if (take_time(&ts[2], &a->hw_ns))
        a->hw_stamped = true;
    if (!take_time(&ts[0], &a->stamp.ns))
        return;
    a->stamp_by = STAMP_KERNEL;
    a->stamped = true;
}

static void read_error(struct ancillary *a, const struct cmsghdr *c)
{
    if (c->cmsg_len < CMSG_LEN(sizeof a->error))
        return;
    memcpy(&a->error, CMSG_DATA(c), sizeof a->error);
    a->has_error = true;
}

static void read_local(struct ancillary *a, const struct cmsghdr *c)
{
    struct in_pktinfo info4;
    struct in6_pktinfo info6;

    if (c->cmsg_level == IPPROTO_IP && c->cmsg_len >= CMSG_LEN(sizeof info4)) {
        memcpy(&info4, CMSG_DATA(c), sizeof info4);
        a->local.family = ADDR_IPV4;
        memcpy(a->local.bytes, &info4.ipi_addr, 4);
        a->interface = info4.ipi_ifindex;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_len >= CMSG_LEN(sizeof info6)) {
        memcpy(&info6, CMSG_DATA(c), sizeof info6);
        a->local.family = ADDR_IPV6;
        memcpy(a->local.bytes, &info6.ipi6_addr, 16);
        a->interface = (int)info6.ipi6_ifindex;
    }
}

/* Which interface took the stamp, and how long the frame was: also where the packet came in by
 * another one that lies upon it. */
static void read_frame(struct ancillary *a, const struct cmsghdr *c)
{
    struct {
        uint32_t interface, length, reserved[2];
    } info; /* struct scm_ts_pktinfo */

    if (c->cmsg_len < CMSG_LEN(sizeof info))
        return;
    memcpy(&info, CMSG_DATA(c), sizeof info);
    a->frame_interface = (int)info.interface;
    a->frame_bytes = info.length;
}

static void fill_hw(const struct world *w, const struct ancillary *a, struct os_hw_stamp *out)
{
    if (a->hw_stamped)
        hwstamp_fill(w, a->frame_interface != 0 ? a->frame_interface : a->interface, a->frame_bytes,
                     a->hw_ns, out);
}

static struct ancillary read_ancillary(struct msghdr *m)
{
    struct ancillary a = {.stamp_by = STAMP_DAEMON};

    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING)
            read_stamp(&a, c);
        else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING_PKTINFO)
            read_frame(&a, c);
        else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) ||
                 (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO))
            read_local(&a, c);
        else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
                 (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
            read_error(&a, c);
    }
    return a;
}

static bool have_buffers(struct world *w)
{
    if (!w->in)
        w->in = malloc(sizeof *w->in);
    return w->in != NULL;
}

static void prepare_buffers(struct buffers *b, int count)
{
    for (int i = 0; i < count; i++) {
        b->parts[i] = (struct iovec){.iov_base = b->data[i], .iov_len = DATAGRAM_MAX};
        b->headers[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &b->names[i],
                                                     .msg_namelen = sizeof b->names[i],
                                                     .msg_iov = &b->parts[i],
                                                     .msg_iovlen = 1,
                                                     .msg_control = b->control[i],
                                                     .msg_controllen = CONTROL_MAX}};
        b->names[i].ss_family = AF_UNSPEC;
    }
}

/* False: it is too long, or from nowhere. */
static bool take_datagram(const struct world *w, int i, struct utc now, struct os_datagram *d)
{
    struct buffers *b = w->in;
    struct msghdr *m = &b->headers[i].msg_hdr;
    struct ancillary a = read_ancillary(m);

    if (!endpoint_from_sockaddr(&b->names[i], &d->remote) || (m->msg_flags & MSG_TRUNC))
        return false;
    d->local = a.local;
    d->interface = a.interface;
    d->data = b->data[i];
    d->length = b->headers[i].msg_len;
    d->stamp = a.stamped ? a.stamp : now;
    d->stamp_by = a.stamp_by;
    fill_hw(w, &a, &d->hw);
    return true;
}

/* Until the socket is closed. The first that is delivered, which need not be the first that came,
 * makes the daemon look at its clocks. */
static void deliver(struct world *w, int handle, int count, struct utc now,
                    world_handler handle_event, void *ctx)
{
    uint32_t serial = w->slots[handle].serial;
    bool begun = false;

    for (int i = 0; i < count && w->slots[handle].serial == serial; i++) {
        struct event ev = {.type = EVENT_DATAGRAM, .in_batch = begun, .datagram.sock = handle};

        if (!take_datagram(w, i, now, &ev.datagram))
            continue;
        begun = true;
        handle_event(ctx, &ev);
    }
}

static void deliver_failure(struct world *w, int handle, int sys, world_handler handle_event,
                            void *ctx)
{
    const struct slot *s = &w->slots[handle];
    struct event ev = {.type = EVENT_SEND_FAILED};

    if (!s->connected)
        return;
    ev.send_failed.sock = handle;
    ev.send_failed.remote = s->remote;
    ev.send_failed.sys = sys;
    handle_event(ctx, &ev);
}

/* Errors of the host as a whole (no memory for buffers) pass by themselves; the others belong to
 * the peer of a connected socket. */
static void receive_failed(struct world *w, int handle, int sys, world_handler handle_event,
                           void *ctx)
{
    if (sys == ECONNREFUSED || sys == EHOSTUNREACH || sys == ENETUNREACH || sys == ENETDOWN ||
        sys == EACCES || sys == EPERM)
        deliver_failure(w, handle, sys, handle_event, ctx);
}

static int receive_one(struct world *w, int fd)
{
    ssize_t n = recvmsg(fd, &w->in->headers[0].msg_hdr, w->restricted ? 0 : MSG_DONTWAIT);

    if (n < 0)
        return -1;
    w->in->headers[0].msg_len = (unsigned)n;
    return 1;
}

void udp_receive(struct world *w, int handle, world_handler handle_event, void *ctx)
{
    const struct slot *s = &w->slots[handle];
    bool batch = !w->restricted && s->use == OS_UDP_NTP_SERVER;
    struct utc now;
    int count;

    if (!have_buffers(w))
        return;
    prepare_buffers(w->in, batch ? BATCH_MAX : 1);
    count = batch ? recvmmsg(s->fd, w->in->headers, BATCH_MAX, MSG_DONTWAIT, NULL)
                  : receive_one(w, s->fd);
    if (count < 0) {
        receive_failed(w, handle, errno, handle_event, ctx);
        return;
    }
    now = world_utc(w);
    w->batching = count > 1;
    deliver(w, handle, count, now, handle_event, ctx);
    w->batching = false;
    udp_flush(w);
}

static void deliver_error(struct world *w, int handle, const struct ancillary *a,
                          world_handler handle_event, void *ctx)
{
    const struct slot *s = &w->slots[handle];
    struct event ev = {.type = EVENT_SEND_STAMP};

    if (!a->has_error)
        return;
    if (a->error.ee_origin != SO_EE_ORIGIN_TIMESTAMPING) {
        deliver_failure(w, handle, (int)a->error.ee_errno, handle_event, ctx);
        return;
    }
    if (!a->stamped && !a->hw_stamped)
        return;
    ev.send_stamp.sock = handle;
    ev.send_stamp.tx_id = s->tx_base + a->error.ee_data;
    ev.send_stamp.stamp = a->stamped ? a->stamp : world_utc(w);
    fill_hw(w, a, &ev.send_stamp.hw);
    ev.send_stamp.stamp_by = a->stamp_by;
    handle_event(ctx, &ev);
}

/* A pending error that is not in the queue (a socket without IP_RECVERR) would keep the descriptor
 * ready for ever: asking for it clears it. */
static void clear_pending_error(struct world *w, int handle, world_handler handle_event, void *ctx)
{
    int sys = 0;
    socklen_t length = sizeof sys;

    if (getsockopt(w->slots[handle].fd, SOL_SOCKET, SO_ERROR, &sys, &length) == 0 && sys != 0)
        receive_failed(w, handle, sys, handle_event, ctx);
}

/* The error queue of a server's socket holds the stamps of a whole batch; a client's has one, and
 * asking again would cost a call. Returns how many there were. */
static int read_error_batch(struct world *w, int handle, int limit, world_handler handle_event,
                            void *ctx)
{
    uint32_t serial = w->slots[handle].serial;
    int fd = w->slots[handle].fd, count;

    prepare_buffers(w->in, limit);
    if (limit > 1)
        count = recvmmsg(fd, w->in->headers, (unsigned)limit, MSG_ERRQUEUE, NULL);
    else
        count = recvmsg(fd, &w->in->headers[0].msg_hdr, MSG_ERRQUEUE) < 0 ? -1 : 1;
    for (int i = 0; i < count && w->slots[handle].serial == serial; i++) {
        struct ancillary a = read_ancillary(&w->in->headers[i].msg_hdr);

        deliver_error(w, handle, &a, handle_event, ctx);
    }
    return count;
}

void udp_read_errors(struct world *w, int handle, world_handler handle_event, void *ctx)
{
    bool many = !w->restricted && !w->slots[handle].connected;

    if (!have_buffers(w))
        return;
    if (read_error_batch(w, handle, many ? BATCH_MAX : 1, handle_event, ctx) <= 0 && !w->restricted)
        clear_pending_error(w, handle, handle_event, ctx);
}
