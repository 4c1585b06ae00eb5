/* host_parts.h - what kinds of scripted hosts share among themselves. */
#ifndef SIMULATION_HOST_PARTS_H
#define SIMULATION_HOST_PARTS_H

#include "chronyd/ntp/packet.h"
#include "test/simulation/hosts.h"

struct memory_of_packet {
    struct endpoint source, target;
    size_t length;
    uint8_t data[128];
};

struct host_state {
    struct host_law law;
    struct rng rng;
    struct node *target, *victim;
    struct memory_of_packet heard[16]; /* replayer: ring */
    uint64_t heard_count;
    void *more; /* yardstick: its filter */
};

struct utc host_time(struct node *n, int64_t at_ns);
bool host_answer(struct node *n, const struct packet *p, struct ntp_header *reply);
/* `source` may be anybody's. */
void host_send(struct node *n, const struct endpoint *source, const struct endpoint *target,
               const void *data, size_t length);
void host_free_state(struct node *n);

#endif
