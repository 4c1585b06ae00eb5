/* quality.h - how good is the clock: the networks of the reference measurements, and some more.
 *
 * Prints for each network the time to stay within 1 ms and within ten times the jitter, RMS and
 * largest error of time, RMS error of frequency, packets sent and how often the true error lay
 * outside the announced bound: geometric means over the seeds, and ratios to chrony's figures and
 * to what the textbook discipline does in the same worlds. */
#ifndef SIMULATION_QUALITY_H
#define SIMULATION_QUALITY_H

#include <stdbool.h>
#include <stdint.h>

struct quality_options {
    uint64_t first_seed, last_seed;
    int workers;
    const char *only; /* name of one network, NULL = all */
    bool csv;         /* one row per network and seed */
    bool yardstick;   /* the textbook discipline in the place of our daemon */
    bool vary;        /* each seed with other figures of network and clock */
};

int quality_measure(const struct quality_options *options);

/* One network, for the measurements and for tests. */
struct quality_network {
    const char *name, *text; /* a scenario with a node `client` */
    double settle_s, jitter_s;
    double reference[6]; /* chrony's figures, 0 = none: order of struct quality_figures */
};
const struct quality_network *quality_networks(int *count);
/* The same network with the textbook discipline as the client: it follows the first server. The
 * caller frees it. */
char *quality_with_yardstick(const char *text);
/* The same network with each delay, jitter, wander, frequency and offset up to three times as large
 * or as small, by the seed. The caller frees it. */
char *quality_varied(const char *text, uint64_t seed);

#endif
