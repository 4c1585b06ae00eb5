/* udp_send.c - sending datagrams, one by one or as a batch when a batch came in. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chronyd/os/linux/internal.h"
#include "features.h"

#ifdef HAVE_TIMESTAMPING
#include <linux/net_tstamp.h>
#endif

#ifndef SCM_TS_OPT_ID
#define SCM_TS_OPT_ID 81 /* Linux 6.13 */
#endif

struct outgoing {
    struct msghdr header;
    struct iovec part;
    struct sockaddr_storage name;
    _Alignas(struct cmsghdr) uint8_t control[128];
};

static void add_control(struct msghdr *m, int level, int type, const void *data, size_t length)
{
    struct cmsghdr *c = (struct cmsghdr *)(void *)((uint8_t *)m->msg_control + m->msg_controllen);

    memset(c, 0, CMSG_SPACE(length));
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(c), data, length);
    m->msg_controllen += CMSG_SPACE(length);
}

/* A reply leaves from the address that the request was sent to. The interface is only named where
 * the address alone does not tell it. */
static void add_source(struct outgoing *o, const struct slot *s, const struct os_datagram *d)
{
    bool link_local = addr_is_link_local(&d->remote.addr);

    if (s->family == ADDR_IPV4 && d->local.family == ADDR_IPV4) {
        struct in_pktinfo info = {.ipi_ifindex = 0};

        memcpy(&info.ipi_spec_dst, d->local.bytes, 4);
        add_control(&o->header, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
    if (s->family == ADDR_IPV6 && (d->local.family == ADDR_IPV6 || link_local)) {
        struct in6_pktinfo info = {.ipi6_ifindex = link_local ? (unsigned)d->interface : 0};

        if (d->local.family == ADDR_IPV6)
            memcpy(&info.ipi6_addr, d->local.bytes, 16);
        add_control(&o->header, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
}

/* Ask for a timestamp of this datagram, with the number that it will have. */
static void add_stamp_request(struct outgoing *o, const struct world *w, const struct slot *s,
                              uint32_t number)
{
#ifdef HAVE_TIMESTAMPING
    uint32_t flags = SOF_TIMESTAMPING_TX_SOFTWARE;

    if (w->hw_count > 0)
        flags |= SOF_TIMESTAMPING_TX_HARDWARE;
    add_control(&o->header, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags);
    if (s->numbered)
        add_control(&o->header, SOL_SOCKET, SCM_TS_OPT_ID, &number, sizeof number);
#else
    (void)o;
    (void)w;
    (void)s;
    (void)number;
#endif
}

static void prepare(struct outgoing *o, const struct world *w, const struct slot *s,
                    const struct os_datagram *d, const uint32_t *number)
{
    memset(&o->header, 0, sizeof o->header);
    o->part = (struct iovec){.iov_base = (void *)(uintptr_t)d->data, .iov_len = d->length};
    o->header.msg_iov = &o->part;
    o->header.msg_iovlen = 1;
    o->header.msg_control = o->control;
    if (!s->connected) {
        o->header.msg_name = &o->name;
        o->header.msg_namelen =
            sockaddr_from_endpoint(&o->name, s->family, &d->remote.addr, d->remote.port);
        add_source(o, s, d);
    }
    if (number && s->tx_stamp_by_call)
        add_stamp_request(o, w, s, *number);
    if (o->header.msg_controllen == 0)
        o->header.msg_control = NULL;
}

static void sent(const struct world *w, struct slot *s, bool stamped, bool ok)
{
    if (!ok && s->tx_stamp_by_call) {
        if (stamped)
            s->tx_next++;
        udp_restart_tx_count(w, s);
    } else if (ok && (stamped || !s->tx_stamp_by_call)) {
        s->tx_next++;
    }
}

static bool send_now(const struct world *w, struct slot *s, const struct os_datagram *d,
                     bool stamped, struct err *err)
{
    struct outgoing o;
    char text[ADDR_TEXT_MAX + 8];
    ssize_t n;

    prepare(&o, w, s, d, stamped ? &s->tx_next : NULL);
    do
        n = sendmsg(s->fd, &o.header, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        (void)err_from_errno(
            err, "Could not send to %s",
            endpoint_format(s->connected ? &s->remote : &d->remote, text, sizeof text));
    sent(w, s, stamped, n >= 0);
    return n >= 0;
}

static bool enqueue(struct world *w, int sock, const struct os_datagram *d, bool stamped)
{
    struct queued *q;

    if (!w->queue)
        w->queue = malloc(BATCH_MAX * sizeof *w->queue);
    if (!w->queue)
        return false;
    if (w->queue_length == BATCH_MAX)
        udp_flush(w);
    q = &w->queue[w->queue_length++];
    q->slot = sock;
    q->d = *d;
    q->stamped = stamped;
    memcpy(q->data, d->data, d->length);
    q->d.data = q->data;
    return true;
}

bool world_udp_send(void *ctx, const struct os_datagram *d, uint32_t *tx_id, struct err *err)
{
    struct world *w = ctx;
    struct slot *s = slot_get(w, d->sock, SLOT_UDP);
    bool stamped;

    if (!s)
        return err_set(err, ERR_IO, "Could not send: no such socket");
    stamped = tx_id && s->tx_stamps;
    if (w->batching && !s->connected && d->length <= DATAGRAM_MAX) {
        uint32_t ahead = 0;

        for (int i = 0; i < w->queue_length; i++)
            ahead += w->queue[i].slot == d->sock && w->queue[i].stamped;
        if (enqueue(w, d->sock, d, stamped)) {
            if (tx_id)
                *tx_id = s->tx_next + (w->queue_length == 1 ? 0 : ahead);
            return true;
        }
    }
    if (tx_id)
        *tx_id = s->tx_next;
    return send_now(w, s, d, stamped, err);
}

/* Sends what is queued. All of a batch belongs to one socket nearly always, so runs of the same
 * socket go out with one call; a datagram that fails is dropped, as the network would. */
static int flush_run(struct world *w, int from)
{
    struct mmsghdr headers[BATCH_MAX];
    struct outgoing out[BATCH_MAX];
    int sock = w->queue[from].slot, count = 0, done = 0;
    struct slot *s = slot_get(w, sock, SLOT_UDP);
    uint32_t number = s ? s->tx_next : 0;

    while (from + count < w->queue_length && w->queue[from + count].slot == sock) {
        struct queued *q = &w->queue[from + count];

        if (s) {
            prepare(&out[count], w, s, &q->d, q->stamped ? &number : NULL);
            number += q->stamped;
            headers[count] = (struct mmsghdr){.msg_hdr = out[count].header};
        }
        count++;
    }
    while (s && done < count) {
        int n = sendmmsg(s->fd, headers + done, (unsigned)(count - done), 0);

        if (n < 0 && errno == EINTR)
            continue;
        for (int i = 0; i < n; i++)
            sent(w, s, w->queue[from + done + i].stamped, true);
        if (n <= 0)
            sent(w, s, w->queue[from + done].stamped, false);
        done += n > 0 ? n : 1;
    }
    return count;
}

void udp_flush(struct world *w)
{
    int from = 0;

    while (from < w->queue_length)
        from += flush_run(w, from);
    w->queue_length = 0;
}

/* --- numbers of our choice ------------------------------------------------------------------- */

/* A datagram that cannot leave: broadcasting is not allowed to its socket, which the kernel sees
 * after it has read the number, or refused it as something unknown. */
#ifdef HAVE_TIMESTAMPING
static bool try_number(int fd)
{
    const int flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID;
    const struct slot s = {
        .fd = fd, .family = ADDR_IPV4, .tx_stamp_by_call = true, .numbered = true};
    const struct world w = {.hw_count = 0};
    const struct os_datagram d = {.remote = {addr_from_ipv4(UINT32_MAX), 9}, .data = &(uint8_t){0}};
    const uint32_t number = 0;
    struct outgoing o;

    prepare(&o, &w, &s, &d, &number);
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) == 0 &&
           sendmsg(fd, &o.header, 0) < 0 && errno != EINVAL;
}
#else
static bool try_number(int fd)
{
    (void)fd;
    return false;
}
#endif

bool udp_takes_numbers(struct world *w)
{
    int fd;

    if (w->numbers == NUMBERS_UNTRIED) {
        fd = socket_plain(w, AF_INET, SOCK_DGRAM);
        w->numbers = fd >= 0 && try_number(fd) ? NUMBERS_TAKEN : NUMBERS_REFUSED;
        if (fd >= 0)
            (void)close(fd);
    }
    return w->numbers == NUMBERS_TAKEN;
}
