/* swarm_draft.h - a random world while it is written: dice, and the parts that are thrown in turn.
 *
 * An expression throws one die at most: compilers choose the order of several, and a seed has to be
 * the same world everywhere. */
#ifndef SIMULATION_SWARM_DRAFT_H
#define SIMULATION_SWARM_DRAFT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/defs.h"
#include "test/simulation/rng.h"

struct draft {
    struct rng rng;
    FILE *out;
    double duration_s, faults_end_s;
    int honest, liars, relays, clients;
    bool has_leap, has_queues;
    bool wants_fast_poll;          /* one source of this world is polled several times a second */
    double requests_per_s;         /* of all daemons, at most */
    int keyed_client, keyed_relay; /* who have a key in common, 0 = nobody */
};

void put(struct draft *d, const char *format, ...) PRINTF_LIKE(2, 3);
bool chance(struct draft *d, double p);
int pick(struct draft *d, int lo, int hi);
double between(struct draft *d, double lo, double hi);
/* Uniform in the logarithm: small things are as likely as large ones. */
double scale(struct draft *d, double lo, double hi);
double either(struct draft *d, double lo, double hi); /* the same, of either sign */

/* swarm_faults.c */
void put_network(struct draft *d);
void put_attackers(struct draft *d);
void put_fault(struct draft *d);

#endif
