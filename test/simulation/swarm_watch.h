/* swarm_watch.h - what the parts of the swarm's check share: a watch per daemon.
 *
 * swarm_check.c looks at the daemons every few seconds, swarm_packets.c at every datagram,
 * swarm_files.c at what a daemon leaves behind: files and memory. */
#ifndef SIMULATION_SWARM_WATCH_H
#define SIMULATION_SWARM_WATCH_H

#include "test/simulation/expect.h"
#include "test/simulation/run.h"
#include "test/simulation/swarm.h"

#define PEERS_MAX 32
#define REQUESTS_KEPT 512

/* How a daemon asks one of its sources. */
struct peer {
    struct addr addr;
    struct node *node;
    const struct ntp_source_settings *settings;
    int64_t last_ns;
    double tokens;   /* of a leaky bucket */
    uint64_t orders; /* of chronyc when it was asked last */
};

struct watch {
    struct log_reader reader;
    struct swarm_check *check;
    struct node *node;
    struct peer peers[PEERS_MAX];
    size_t peer_count;
    uint64_t starts; /* for which the peers are known */
    uint64_t steps_at_start;
    int liar;             /* looks in a row */
    int64_t unknown_ns;   /* last time at which nothing could be known, -1 never */
    int64_t disturbed_ns; /* the last disturbance that was seen ... */
    uint64_t answers;     /* ... and how often it had been answered by then */
    int64_t hour;
    uint64_t lines, wakes_at_hour, sent_at_hour;
    bool ran;                                  /* at the last look */
    double remaining_first_s, remaining_sum_s; /* of the correction, in the last part of the run */
    double bound_sum_s;
    int late_looks;
};

struct request_seen {
    const struct node *server;
    struct endpoint client;
    size_t length;
};

struct swarm_check {
    struct swarm_outcome *out;
    struct run *run;
    struct happening look;
    struct watch *watches;
    size_t count;
    int looks;
    size_t memory_before; /* bytes in use when the world began */
    struct request_seen seen[REQUESTS_KEPT];
    size_t seen_next;
};

/* The first violation ends the world: nothing more is to be learned from it. */
void violated(struct swarm_check *c, const struct node *n, const char *invariant,
              const char *format, ...) PRINTF_LIKE(4, 5);
/* Reads the sources of a daemon that was started anew. */
void learn_peers(struct watch *w);

void check_datagram(struct swarm_check *c, const struct packet *p);
/* Can be called at any time, of a daemon that runs or not. */
void check_files(struct watch *w);
void check_memory(struct swarm_check *c);
size_t memory_in_use(void);

#endif
