/* swarm.h - random worlds that nobody thought of, against what must hold in every world. */
#ifndef SIMULATION_SWARM_H
#define SIMULATION_SWARM_H

#include <stdbool.h>
#include <stdint.h>

struct swarm_options {
    uint64_t first_seed, last_seed;
    int workers;
    const char *keep; /* folder in which failing worlds are left as scenarios, NULL = none */
    bool verbose, trace;
};

int swarm_run(const struct swarm_options *options);

#endif
