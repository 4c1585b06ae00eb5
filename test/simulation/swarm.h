/* swarm.h - random worlds that nobody thought of, against what must hold in every world.
 *
 * A seed draws a scenario text: servers, liars in a minority, daemons with random configurations,
 * networks, attackers, faults that end after half of the time. It is run under the invariants of
 * swarm_check.h. A world that fails is made smaller, statement by statement, as long as it fails in
 * the same way, and printed. */
#ifndef SIMULATION_SWARM_H
#define SIMULATION_SWARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct swarm_options {
    uint64_t first_seed, last_seed;
    int workers;
    const char *keep;    /* folder in which failing worlds are left as scenarios, NULL = none */
    const char *text;    /* a world that is there already, in place of random ones; NULL = none */
    const char *path;    /* from which it was read */
    const char *program; /* as in argv[0], for the command that repeats a failure */
    bool verbose, trace;
    bool first;     /* the first failure ends it */
    bool no_shrink; /* failures are told as they are */
};

/* 0: every invariant held in every world. */
int swarm_run(const struct swarm_options *options);

/* The world of a seed as text; the caller frees it. */
char *swarm_world(uint64_t seed);

/* What came of a run. */
struct swarm_outcome {
    char invariant[32]; /* empty: all held */
    char words[480];
    uint64_t hash;
    double simulated_s, failed_s;
    uint64_t packets;
    bool unreadable;
};
void swarm_try(const char *text, uint64_t seed, bool trace, struct swarm_outcome *out);

/* Remove what is not needed to fail in the same way, for a minute at most; `text` is replaced.
 * Returns how many smaller worlds were tried. */
int swarm_shrink(char **text, uint64_t seed, const struct swarm_outcome *failure);

#endif
