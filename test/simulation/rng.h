/* rng.h - randomness of the simulated world: one generator per thing that is random.
 *
 * Every oscillator, link direction and host draws from a stream of its own, made from the world's
 * seed and the stream's number. So a change in one corner of a scenario leaves all other draws as
 * they were, and a seed gives the same world with every compiler. */
#ifndef SIMULATION_RNG_H
#define SIMULATION_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t state[4];
    double spare; /* second half of the last pair of normal draws */
    bool has_spare;
};

/* What a stream is for; the index tells the instances of a kind apart. */
enum rng_stream {
    RNG_OSCILLATOR,
    RNG_DAEMON,
    RNG_LINK,
    RNG_HOST,
    RNG_STAMP,
    RNG_DNS,
    RNG_SCENARIO,
    RNG_SWARM,
    RNG_DEVICE,
    RNG_READING,
};

void rng_seed(struct rng *r, uint64_t seed, enum rng_stream stream, uint64_t index);
uint64_t rng_u64(struct rng *r);
void rng_bytes(struct rng *r, void *out, size_t length);
double rng_unit(struct rng *r); /* uniform in (0, 1), never an end */
double rng_between(struct rng *r, double lo, double hi);
uint64_t rng_below(struct rng *r, uint64_t bound);  /* 0 .. bound - 1; bound > 0 */
bool rng_chance(struct rng *r, double probability); /* draws nothing for 0 */
double rng_normal(struct rng *r);                   /* mean 0, standard deviation 1 */
double rng_exponential(struct rng *r);              /* mean 1 */
double rng_gamma(struct rng *r, double shape);      /* scale 1, mean `shape`; shape > 0 */

#endif
