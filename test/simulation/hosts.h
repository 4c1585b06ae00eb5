/* hosts.h - scripted hosts: servers that are perfect, that lie, that insist or that attack.
 *
 * They are written in a few lines of C, see datagrams and a timer, and know true time. What they do
 * is told by a host_law; which of its numbers a kind uses is in the table in hosts.c. */
#ifndef SIMULATION_HOSTS_H
#define SIMULATION_HOSTS_H

#include "test/simulation/world.h"

struct host_law {
    int stratum;
    int leap;           /* what it announces; -1 = the truth about the coming leap second */
    double offset_s;    /* its time minus true time */
    double drift;       /* growth of that per second (fraction) ... */
    double drift_max_s; /* ... up to this, 0 = without end */
    double from_s;      /* lies begin at this true time */
    double root_delay_s, root_dispersion_s;
    int precision;
    double hold_s;      /* time between receiving and answering */
    double every_s;     /* attackers: interval of their packets */
    double probability; /* of doing it to a packet (kod, malformed) */
    bool own_clock;     /* tells its node's clock, not true time */
    uint32_t refid;
    char target[NODE_NAME_MAX], victim[NODE_NAME_MAX]; /* attackers */
    int count;                                         /* burst size, number of forged addresses */
    struct word_place {
        int line, column;
    } target_at, victim_at; /* where a scenario names them */
};

struct host_kind {
    const char *name;
    void (*start)(struct node *n);
    void (*datagram)(struct node *n, const struct packet *p);
    void (*timer)(struct node *n);
    void (*destroy)(struct node *n);
    bool wants_target, wants_victim;
};

void host_law_defaults(struct host_law *law);
/* Make a node a host; false: no such kind. */
bool host_attach(struct node *n, const char *kind, const struct host_law *law);
struct host_law *host_law(struct node *n); /* lent, may be edited while it runs */

#endif
