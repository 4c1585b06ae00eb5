/* network.h - links between nodes, and the datagrams on them.
 *
 * A link has two directions, each with its own law of delay, loss and damage and its own stream of
 * randomness. Two nodes without a link have no route to each other. */
#ifndef SIMULATION_NETWORK_H
#define SIMULATION_NETWORK_H

#include "base/addr.h"
#include "test/simulation/delay.h"
#include "test/simulation/queue.h"
#include "test/simulation/rng.h"

struct node;
struct world;

struct direction {
    struct delay_law delay;
    double loss, duplicate, reorder, reorder_s;
    double burst_enter, burst_leave; /* chances per packet of a loss burst's begin and end */
    bool in_burst;
    bool down;        /* packets vanish */
    bool unreachable; /* a router says so: no route and ICMP host unreachable */
    bool fifo;        /* packets never overtake */
    size_t mtu;       /* longest datagram; 0 = no limit */
    int64_t last_arrival_ns;
    struct rng rng;
    uint64_t sent, lost;
};

struct link {
    struct node *ends[2];
    struct direction way[2]; /* [0]: from ends[0] to ends[1] */
    struct link *next;       /* in the chain of the hash table */
};

enum packet_kind { PACKET_UDP, PACKET_ICMP };

struct packet {
    struct happening arrival;
    struct node *from, *to;
    struct endpoint source, target; /* as on the wire at the target */
    int64_t sent_ns;
    enum packet_kind kind;
    int sys; /* ICMP: errno that the sender sees */
    struct packet *next;
    size_t length;
    uint8_t data[];
};

/* The link between two nodes: the one that exists, or NULL. */
struct link *network_find(const struct world *w, const struct node *a, const struct node *b);
/* ... or a new one without delay. */
struct link *network_link(struct world *w, struct node *a, struct node *b);
struct direction *link_direction(struct link *l, const struct node *from);
void network_free(struct world *w);

/* Put a datagram on its way; the target is found by its address. `source` is what the receiver
 * will see, so that hosts can lie about it. False: no route. */
bool network_send(struct world *w, struct node *from, const struct endpoint *source,
                  const struct endpoint *target, const void *data, size_t length);
bool network_has_route(struct world *w, const struct node *from, const struct addr *to);
/* Tell the sender of `p` that nobody listens (ECONNREFUSED) or nobody is there (EHOSTUNREACH). */
void network_refuse(struct world *w, const struct packet *p, int sys);
/* Return a packet that arrived. */
void packet_free(struct world *w, struct packet *p);

#endif
