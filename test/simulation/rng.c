/* rng.c - xoshiro256++ seeded by splitmix64, and the distributions that delays and clocks need. */
#include "test/simulation/rng.h"

#include <math.h>
#include <string.h>

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t rotate(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

void rng_seed(struct rng *r, uint64_t seed, enum rng_stream stream, uint64_t index)
{
    uint64_t x = seed;

    x = splitmix(&x) ^ ((uint64_t)stream << 56 | index);
    for (size_t i = 0; i < 4; i++)
        r->state[i] = splitmix(&x);
    r->has_spare = false;
    r->spare = 0.0;
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t *s = r->state;
    uint64_t result = rotate(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

void rng_bytes(struct rng *r, void *out, size_t length)
{
    uint8_t *p = out;

    while (length > 0) {
        uint64_t v = rng_u64(r);
        size_t n = length < 8 ? length : 8;

        for (size_t i = 0; i < n; i++)
            *p++ = (uint8_t)(v >> 8 * i);
        length -= n;
    }
}

double rng_unit(struct rng *r)
{
    /* 52 bits and a half, so that neither 0 nor 1 can come out. */
    return ((double)(rng_u64(r) >> 12) + 0.5) * 0x1p-52;
}

double rng_between(struct rng *r, double lo, double hi)
{
    return lo + (hi - lo) * rng_unit(r);
}

uint64_t rng_below(struct rng *r, uint64_t bound)
{
    return rng_u64(r) % bound; /* the bias of 2^-64 * bound is of no concern here */
}

bool rng_chance(struct rng *r, double probability)
{
    return probability > 0.0 && rng_unit(r) < probability;
}

double rng_normal(struct rng *r)
{
    double u, v, q, f;

    if (r->has_spare) {
        r->has_spare = false;
        return r->spare;
    }
    do { /* Marsaglia's polar method: needs sqrt and log only */
        u = 2.0 * rng_unit(r) - 1.0;
        v = 2.0 * rng_unit(r) - 1.0;
        q = u * u + v * v;
    } while (q >= 1.0 || q <= 0.0);
    f = sqrt(-2.0 * log(q) / q);
    r->spare = v * f;
    r->has_spare = true;
    return u * f;
}

double rng_exponential(struct rng *r)
{
    return -log(rng_unit(r));
}

double rng_gamma(struct rng *r, double shape)
{
    double d, c, x, v, u;

    /* Marsaglia and Tsang; below one the usual boost by a power of a uniform draw. */
    if (shape < 1.0) {
        d = rng_gamma(r, shape + 1.0); /* two draws in an order that no compiler may choose */
        return d * pow(rng_unit(r), 1.0 / shape);
    }
    d = shape - 1.0 / 3.0;
    c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        x = rng_normal(r);
        v = 1.0 + c * x;
        if (v <= 0.0)
            continue;
        v = v * v * v;
        u = rng_unit(r);
        if (log(u) < 0.5 * x * x + d - d * v + d * log(v))
            return d * v;
    }
}
