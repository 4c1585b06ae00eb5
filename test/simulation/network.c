/* network.c - from the sender's socket to the receiver's: delay, loss, copies, disorder. */
#include "test/simulation/network.h"

#include <assert.h>
#include <malloc.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test/simulation/world.h"

/* Packets are recycled if they are of the common size. */
#define PACKET_ROOM 128

/* --- links --- */

static size_t link_bucket(const struct world *w, const struct node *a, const struct node *b)
{
    uint64_t lo = a->index < b->index ? a->index : b->index;
    uint64_t hi = a->index < b->index ? b->index : a->index;

    return (size_t)((hi * UINT64_C(0x9e3779b97f4a7c15) ^ lo * UINT64_C(0xc2b2ae3d27d4eb4f)) >> 20) &
           (w->link_buckets - 1);
}

struct link *network_find(const struct world *w, const struct node *a, const struct node *b)
{
    if (w->link_buckets == 0)
        return NULL;
    for (struct link *l = w->links[link_bucket(w, a, b)]; l; l = l->next) {
        if ((l->ends[0] == a && l->ends[1] == b) || (l->ends[0] == b && l->ends[1] == a))
            return l;
    }
    return NULL;
}

static void grow_links(struct world *w)
{
    struct link **old = w->links;
    size_t count = w->link_buckets;

    w->link_buckets = count ? 4 * count : 64;
    w->links = calloc(w->link_buckets, sizeof(*w->links));
    assert(w->links);
    for (size_t i = 0; i < count; i++) {
        for (struct link *l = old[i], *next; l; l = next) {
            struct link **bucket = &w->links[link_bucket(w, l->ends[0], l->ends[1])];

            next = l->next;
            l->next = *bucket;
            *bucket = l;
        }
    }
    free(old);
}

struct link *network_link(struct world *w, struct node *a, struct node *b)
{
    struct link *l = network_find(w, a, b), **bucket;

    if (l)
        return l;
    if (w->link_count >= w->link_buckets)
        grow_links(w);
    l = calloc(1, sizeof(*l));
    assert(l);
    l->ends[0] = a;
    l->ends[1] = b;
    for (int i = 0; i < 2; i++) {
        const struct node *from = l->ends[i], *to = l->ends[!i];

        rng_seed(&l->way[i].rng, w->seed, RNG_LINK, (uint64_t)from->index << 28 | to->index);
    }
    bucket = &w->links[link_bucket(w, a, b)];
    l->next = *bucket;
    *bucket = l;
    w->link_count++;
    return l;
}

struct direction *link_direction(struct link *l, const struct node *from)
{
    return &l->way[l->ends[0] == from ? 0 : 1];
}

void network_free(struct world *w)
{
    for (size_t i = 0; i < w->link_buckets; i++) {
        for (struct link *l = w->links[i], *next; l; l = next) {
            next = l->next;
            free(l);
        }
    }
    free(w->links);
    for (struct packet *p = w->free_packets, *next; p; p = next) {
        next = p->next;
        free(p);
    }
}

/* --- packets --- */

static struct packet *packet_new(struct world *w, const void *data, size_t length)
{
    struct packet *p;

    if (length <= PACKET_ROOM && w->free_packets) {
        p = w->free_packets;
        w->free_packets = p->next;
    } else {
        p = malloc(sizeof(*p) + (length > PACKET_ROOM ? length : PACKET_ROOM));
        assert(p);
        w->packet_bytes += malloc_usable_size(p);
    }
    memset(p, 0, sizeof(*p));
    p->length = length;
    if (length > 0)
        memcpy(p->data, data, length);
    return p;
}

void packet_free(struct world *w, struct packet *p)
{
    if (p->length > PACKET_ROOM) {
        w->packet_bytes -= malloc_usable_size(p);
        free(p);
        return;
    }
    p->next = w->free_packets;
    w->free_packets = p;
}

static void packet_arrives(struct world *w, struct happening *h)
{
    struct packet *p = CONTAINER_OF(h, struct packet, arrival);

    (void)w;
    node_receive(p->to, p);
}

static void packet_discarded(struct world *w, struct happening *h)
{
    packet_free(w, CONTAINER_OF(h, struct packet, arrival));
}

/* Is the packet lost on this way? */
static bool lost(struct direction *d, size_t length)
{
    d->sent++;
    if (d->burst_enter > 0.0) {
        if (d->in_burst ? rng_chance(&d->rng, d->burst_leave) : rng_chance(&d->rng, d->burst_enter))
            d->in_burst = !d->in_burst;
    }
    if (d->down || d->unreachable || d->in_burst || (d->mtu > 0 && length > d->mtu) ||
        rng_chance(&d->rng, d->loss)) {
        d->lost++;
        return true;
    }
    return false;
}

static void launch(struct world *w, struct direction *d, struct packet *p)
{
    double delay_s = delay_draw(&d->delay, &d->rng, w->now_ns);
    int64_t at;

    if (rng_chance(&d->rng, d->reorder))
        delay_s += d->reorder_s;
    at = w->now_ns + ns_from_s(delay_s);
    if (d->fifo && at <= d->last_arrival_ns)
        at = d->last_arrival_ns + 1;
    d->last_arrival_ns = at;
    p->sent_ns = w->now_ns;
    p->arrival.fire = packet_arrives;
    p->arrival.discard = packet_discarded;
    queue_set(&w->queue, &p->arrival, at);
}

/* Link to the node that has the address; NULL: no route. A node reaches itself without a link. */
static struct node *route(struct world *w, const struct node *from, const struct addr *to,
                          struct link **link)
{
    struct node *n = world_node_by_addr(w, to);

    *link = n && n != from ? network_find(w, from, n) : NULL;
    return n && (n == from || *link) ? n : NULL;
}

bool network_has_route(struct world *w, const struct node *from, const struct addr *to)
{
    struct link *l;

    if (addr_is_loopback(to))
        return true;
    return route(w, from, to, &l) && (!l || !link_direction(l, from)->unreachable);
}

bool network_send(struct world *w, struct node *from, const struct endpoint *source,
                  const struct endpoint *target, const void *data, size_t length)
{
    struct link *l;
    struct node *to = route(w, from, &target->addr, &l);
    struct direction self = {0}, *d = l ? link_direction(l, from) : &self;
    struct packet *p;

    if (!to || d->unreachable)
        return false;
    p = packet_new(w, data, length);
    p->from = from;
    p->to = to;
    p->source = *source;
    p->target = *target;
    p->sent_ns = w->now_ns;
    for (struct tap *t = w->taps; t; t = t->next)
        t->sent(t, p);
    if (lost(d, length)) {
        packet_free(w, p);
        return true;
    }
    if (rng_chance(&d->rng, d->duplicate)) {
        struct packet *copy = packet_new(w, data, length);

        copy->from = from;
        copy->to = to;
        copy->source = *source;
        copy->target = *target;
        launch(w, d, copy);
    }
    launch(w, d, p);
    return true;
}

void network_refuse(struct world *w, const struct packet *p, int sys)
{
    struct link *l;
    struct node *back = route(w, p->to, &p->source.addr, &l);
    struct direction self = {0}, *d = l ? link_direction(l, p->to) : &self;
    struct packet *reply;

    if (!w->icmp || p->kind == PACKET_ICMP || !back || lost(d, 56))
        return;
    reply = packet_new(w, NULL, 0);
    reply->kind = PACKET_ICMP;
    reply->sys = sys;
    reply->from = p->to;
    reply->to = back;
    reply->source = p->target;
    reply->target = p->source;
    launch(w, d, reply);
}
