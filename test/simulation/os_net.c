/* os_net.c - struct os of a simulated node: sockets, what goes out of them and what comes in. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "test/simulation/hosts.h"
#include "test/simulation/os_parts.h"

#define SOCKETS_MAX 1024

static int new_socket(struct node *n, enum socket_kind kind, struct err *err)
{
    size_t i = 0;

    while (i < n->socket_count && n->sockets[i].kind != SOCKET_FREE)
        i++;
    if (i >= SOCKETS_MAX) {
        err_set_sys(err, ERR_LIMIT, EMFILE, "Could not open socket");
        return -1;
    }
    if (i == n->socket_count) {
        n->socket_count++;
        n->sockets = realloc(n->sockets, n->socket_count * sizeof(*n->sockets));
        assert(n->sockets);
    }
    n->sockets[i] = (struct sim_socket){.kind = kind};
    if (++n->sockets_open > n->sockets_open_max)
        n->sockets_open_max = n->sockets_open;
    return (int)i;
}

void sim_socket_close(void *ctx, int sock)
{
    struct node *n = ctx;

    if (sock < 0 || (size_t)sock >= n->socket_count || n->sockets[sock].kind == SOCKET_FREE)
        return;
    n->sockets[sock].kind = SOCKET_FREE;
    n->sockets_open--;
}

void node_free_sockets(struct node *n)
{
    free(n->sockets);
    n->sockets = NULL;
    n->socket_count = n->sockets_open = 0;
}

static bool port_taken(const struct node *n, const struct os_udp_params *p, uint16_t port)
{
    for (size_t i = 0; i < n->socket_count; i++) {
        const struct sim_socket *s = &n->sockets[i];

        if (s->kind == SOCKET_UDP && s->port == port && s->params.family == p->family &&
            (s->params.local.family == ADDR_NONE || p->local.family == ADDR_NONE ||
             addr_equal(&s->params.local, &p->local)))
            return true;
    }
    return false;
}

static bool is_own(const struct node *n, const struct addr *a)
{
    return a->family == ADDR_NONE || addr_is_loopback(a) || addr_equal(a, &n->addr4) ||
           addr_equal(a, &n->addr6);
}

int sim_udp_open(void *ctx, const struct os_udp_params *params, struct err *err)
{
    struct node *n = ctx;
    uint16_t port = params->local_port;
    int sock;

    if (!is_own(n, &params->local)) {
        err_set_sys(err, ERR_IO, EADDRNOTAVAIL, "Could not bind socket");
        return -1;
    }
    if (params->remote.addr.family != ADDR_NONE &&
        !network_has_route(n->world, n, &params->remote.addr)) {
        err_set_sys(err, ERR_UNREACHABLE, ENETUNREACH, "Could not connect socket");
        return -1;
    }
    if (port != 0 && port_taken(n, params, port)) {
        err_set_sys(err, ERR_IN_USE, EADDRINUSE, "Could not bind socket to port %u", port);
        return -1;
    }
    while (port == 0 || (params->local_port == 0 && port_taken(n, params, port)))
        port = (uint16_t)(32768 + rng_below(&n->random, 28232));
    sock = new_socket(n, SOCKET_UDP, err);
    if (sock >= 0) {
        n->sockets[sock].params = *params;
        n->sockets[sock].params.device = NULL; /* lent, and of no use here */
        n->sockets[sock].port = port;
    }
    return sock;
}

/* --- time stamps --- */

int64_t node_stamp(struct node *n, int64_t at_ns, bool receive)
{
    int64_t error_ns = 0;

    if (n->stamp_error.base_s != 0.0 || n->stamp_error.count > 0)
        error_ns = ns_from_s(delay_draw(&n->stamp_error, &n->stamp_rng, at_ns));
    return simclock_exact(&n->clock, at_ns) + (receive ? error_ns : -error_ns);
}

static enum os_stamp stamp_by(const struct node *n)
{
    switch (n->stamps) {
    case QUALITY_HARDWARE:
        return STAMP_HARDWARE;
    case QUALITY_DAEMON:
        return STAMP_DAEMON;
    case QUALITY_KERNEL:
        break;
    }
    return STAMP_KERNEL;
}

struct sent_stamp {
    struct happening due;
    struct node *node;
    struct event event;
    uint64_t life; /* of the daemon that sent it */
};

static void give_stamp(struct world *w, struct happening *h)
{
    struct sent_stamp *s = CONTAINER_OF(h, struct sent_stamp, due);

    (void)w;
    if (s->node->counts.starts == s->life)
        node_give(s->node, &s->event, NULL);
    free(s);
}

static void discard_stamp(struct world *w, struct happening *h)
{
    (void)w;
    free(CONTAINER_OF(h, struct sent_stamp, due));
}

/* The kernel tells afterwards when a datagram left. */
static void report_stamp(struct node *n, int sock, uint32_t tx_id)
{
    struct world *w = n->world;
    struct sent_stamp *s;

    if (n->stamps == QUALITY_DAEMON)
        return;
    s = calloc(1, sizeof(*s));
    assert(s);
    s->node = n;
    s->life = n->counts.starts;
    s->event.type = EVENT_SEND_STAMP;
    s->event.send_stamp.sock = sock;
    s->event.send_stamp.tx_id = tx_id;
    s->event.send_stamp.stamp.ns = node_stamp(n, w->now_ns, false);
    s->event.send_stamp.stamp_by = stamp_by(n);
    node_hw_stamp(n, false, &s->event.send_stamp.hw);
    s->due.fire = give_stamp;
    s->due.discard = discard_stamp;
    queue_set(&w->queue, &s->due, w->now_ns);
}

/* --- out --- */

/* Address translation: every generation maps a port to another one. */
uint16_t node_wire_port(const struct node *n, uint16_t port)
{
    if (n->nat4.family == ADDR_NONE)
        return port;
    return (uint16_t)(20000u + (port * 7919u + n->nat_generation * 104729u) % 40000u);
}

bool sim_has_route(void *ctx, const struct addr *to)
{
    struct node *n = ctx;

    return network_has_route(n->world, n, to);
}

static struct endpoint source_of(const struct node *n, const struct sim_socket *s,
                                 const struct os_datagram *d, const struct addr *to)
{
    struct endpoint e = {.addr = to->family == ADDR_IPV6 ? n->addr6 : n->addr4, .port = s->port};

    if (addr_is_loopback(to))
        e.addr = *to;
    else if (d->local.family != ADDR_NONE)
        e.addr = d->local;
    if (n->nat4.family != ADDR_NONE && to->family == ADDR_IPV4 && !addr_is_loopback(to)) {
        e.addr = n->nat4;
        e.port = node_wire_port(n, s->port);
    }
    return e;
}

static void count_sent(struct node *n, size_t length)
{
    n->counts.sent++;
    n->counts.sent_bytes += length;
    n->counts.last_sent_ns = n->world->now_ns;
}

bool sim_udp_send(void *ctx, const struct os_datagram *d, uint32_t *tx_id, struct err *err)
{
    struct node *n = ctx;
    struct world *w = n->world;
    struct sim_socket *s;
    struct endpoint to, from;
    char text[ADDR_TEXT_MAX + 8];

    assert(d->sock >= 0 && (size_t)d->sock < n->socket_count);
    s = &n->sockets[d->sock];
    assert(s->kind == SOCKET_UDP);
    if (n->dying)
        return true;
    to = s->params.remote.addr.family != ADDR_NONE ? s->params.remote : d->remote;
    from = source_of(n, s, d, &to.addr);
    if (!network_send(w, n, &from, &to, d->data, d->length))
        return err_set_sys(err, ERR_UNREACHABLE, ENETUNREACH, "Could not send to %s",
                           endpoint_format(&to, text, sizeof(text)));
    if (tx_id)
        *tx_id = s->sent;
    s->sent++;
    if (s->params.use != OS_UDP_COMMAND) {
        count_sent(n, d->length);
        report_stamp(n, d->sock, s->sent - 1);
    }
    world_note(w, n, "send", d->data, d->length, "%zu bytes to %s", d->length,
               w->trace ? endpoint_format(&to, text, sizeof(text)) : "");
    return true;
}

/* --- in --- */

/* The socket that a datagram is for: connected ones first, as in a kernel. -1: nobody listens. */
static int find_socket(const struct node *n, const struct endpoint *source,
                       const struct endpoint *target)
{
    int best = -1, best_score = 0;
    bool translated = n->nat4.family != ADDR_NONE && addr_equal(&target->addr, &n->nat4);

    for (size_t i = 0; i < n->socket_count; i++) {
        const struct sim_socket *s = &n->sockets[i];
        uint16_t port = translated ? node_wire_port(n, s->port) : s->port;
        int score = 1;

        if (s->kind != SOCKET_UDP || port != target->port ||
            (int)s->params.family != target->addr.family)
            continue;
        if (s->params.remote.addr.family != ADDR_NONE) {
            if (!endpoint_equal(&s->params.remote, source))
                continue;
            score += 2;
        }
        if (s->params.local.family != ADDR_NONE) {
            if (!translated && !addr_equal(&s->params.local, &target->addr))
                continue;
            score++;
        }
        if (score > best_score) {
            best_score = score;
            best = (int)i;
        }
    }
    return best;
}

static void receive_error(struct node *n, struct packet *p)
{
    struct event ev = {.type = EVENT_SEND_FAILED};

    ev.send_failed.sock = find_socket(n, &p->source, &p->target);
    ev.send_failed.remote = p->source;
    ev.send_failed.sys = p->sys;
    if (ev.send_failed.sock >= 0 &&
        n->sockets[ev.send_failed.sock].params.remote.addr.family != ADDR_NONE)
        node_give(n, &ev, p);
    else
        packet_free(n->world, p);
}

void node_receive(struct node *n, struct packet *p)
{
    struct world *w = n->world;
    struct event ev = {.type = EVENT_DATAGRAM};

    if (n->halted && n->halt.suspend) {
        packet_free(w, p);
        return;
    }
    if (n->host) {
        if (p->kind == PACKET_UDP && !n->halted && n->state == NODE_RUNNING)
            n->host->datagram(n, p);
        packet_free(w, p);
        return;
    }
    if (p->kind == PACKET_ICMP) {
        receive_error(n, p);
        return;
    }
    ev.datagram.sock = find_socket(n, &p->source, &p->target);
    if (ev.datagram.sock < 0) {
        network_refuse(w, p, ECONNREFUSED);
        packet_free(w, p);
        return;
    }
    if (n->sockets[ev.datagram.sock].params.use != OS_UDP_COMMAND) {
        n->counts.received++;
        n->counts.answers += p->source.port == 123 && p->target.port != 123;
        n->counts.received_bytes += p->length;
    }
    ev.datagram.remote = p->source;
    ev.datagram.local = n->nat4.family != ADDR_NONE && addr_equal(&p->target.addr, &n->nat4)
                            ? n->addr4
                            : p->target.addr;
    ev.datagram.interface = 1;
    ev.datagram.data = p->data;
    ev.datagram.length = p->length;
    ev.datagram.stamp.ns = node_stamp(n, w->now_ns, true);
    ev.datagram.stamp_by = stamp_by(n);
    node_hw_stamp(n, true, &ev.datagram.hw);
    node_give(n, &ev, p);
}

/* --- Unix sockets and streams: what comes out is kept for whoever asked --- */

int sim_unix_open(void *ctx, const char *path, struct err *err)
{
    struct node *n = ctx;
    int sock = new_socket(n, SOCKET_UNIX, err);

    if (sock >= 0)
        text_copy(n->sockets[sock].path, sizeof(n->sockets[sock].path), path);
    return sock;
}

bool sim_unix_send(void *ctx, const struct os_datagram *d, struct err *err)
{
    struct node *n = ctx;

    if (n->dying)
        return true;
    free(n->query_reply);
    n->query_reply = malloc(d->length ? d->length : 1);
    if (!n->query_reply)
        return err_set(err, ERR_LIMIT, "Out of memory");
    memcpy(n->query_reply, d->data, d->length);
    n->query_length = d->length;
    return true;
}

int sim_stream_listen(void *ctx, const char *path, unsigned mode, const char *group,
                      struct err *err)
{
    struct node *n = ctx;
    int sock = new_socket(n, SOCKET_LISTENER, err);

    (void)mode;
    (void)group;
    if (sock >= 0)
        text_copy(n->sockets[sock].path, sizeof(n->sockets[sock].path), path);
    return sock;
}

long sim_stream_send(void *ctx, int stream, const void *data, size_t length)
{
    struct node *n = ctx;

    (void)data;
    if (stream < 0 || (size_t)stream >= n->socket_count || n->sockets[stream].kind != SOCKET_STREAM)
        return -1;
    return (long)length;
}
