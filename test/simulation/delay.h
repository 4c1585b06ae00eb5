/* delay.h - laws of delay: what a packet's way, a time stamp or a device's message may take.
 *
 * A law is a fixed part and a sum of random ones. In text: `delay 15ms exp 2ms normal 100us`. */
#ifndef SIMULATION_DELAY_H
#define SIMULATION_DELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "test/simulation/rng.h"
#include "test/simulation/tokens.h"

enum delay_kind {
    DELAY_NORMAL,      /* a: standard deviation */
    DELAY_EXPONENTIAL, /* a: mean */
    DELAY_GAMMA,       /* a: mean, b: shape */
    DELAY_PRODUCT,     /* a: mean, b: number of unit exponentials multiplied */
    DELAY_UNIFORM,     /* a: width */
    DELAY_PARETO,      /* a: scale, b: shape of the tail; a mean exists above 1 */
    DELAY_BLOAT,       /* a: height of a queue that fills and drains, b: its period */
};

#define DELAY_PARTS_MAX 4

struct delay_law {
    double base_s;
    size_t count;
    struct delay_part {
        enum delay_kind kind;
        double a, b;
    } parts[DELAY_PARTS_MAX];
};

/* Never negative. `now_ns`: true time, for the laws that follow it. */
double delay_draw(const struct delay_law *law, struct rng *r, int64_t now_ns);

/* Read a law from the words to come: `delay` begins a new one, random parts alone are added to
 * what `law` says. *any: was there a word of it? False: a word is wrong, and reported. */
MUST_CHECK bool delay_read(struct tokens *t, struct delay_law *law, bool *any);

#endif
