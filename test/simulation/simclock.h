/* simclock.h - a node's oscillator and the kernel clock that is made of it.
 *
 * The oscillator has a frequency error that wanders (random walk and white noise, one step per
 * second of true time), follows a temperature curve, by itself or through the temperature of its
 * surroundings, and can be changed by events. The kernel counts
 * its beats at a settable rate; the monotonic clock is that count, the system clock ("raw") the
 * count plus an offset which steps, sleep and leap seconds change. Noise is drawn on a grid of one
 * second, so what a clock does depends on its seed and never on who reads it when; between the
 * grid's points the clock is a straight line and costs nothing. */
#ifndef SIMULATION_SIMCLOCK_H
#define SIMULATION_SIMCLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "test/simulation/rng.h"

/* True time: nanoseconds since the simulation began; true UTC is `epoch_ns` more, and `leap_ns`
 * more again (negative after an inserted leap second). */
struct truth {
    int64_t epoch_ns, leap_ns;
};

static inline int64_t truth_utc_ns(const struct truth *truth, int64_t at_ns)
{
    return truth->epoch_ns + at_ns + truth->leap_ns;
}

struct clock_law {
    double offset_s;       /* of the system clock at the start, > 0: ahead of true time */
    double freq;           /* fraction, > 0: fast */
    double wander;         /* standard deviation of the frequency's step each second, fraction */
    double white;          /* standard deviation of the frequency's own noise in each second */
    double swing;          /* amplitude of the temperature curve, fraction ... */
    double period_s;       /* ... and its period; a day if 0 */
    double phase;          /* part of the period at the start */
    double temperature;    /* mean of the surroundings, degrees ... */
    double warming;        /* ... and its amplitude along the same curve */
    double turnover;       /* temperature at which the oscillator has its frequency `freq` ... */
    double tempco;         /* ... and what each degree more adds, fraction per degree ... */
    double tempco2;        /* ... and its square, fraction per degree squared */
    int64_t resolution_ns; /* readings are multiples of it; at least 1 */
    double noise_s;        /* readings are late by up to this */
    double tick_hz;        /* a new rate comes into force with the next tick of the kernel; 0 = at
                              once */
    double max_rate;       /* what the kernel can be steered by, fraction */
    bool may_set;          /* permission to set and steer the clock */
};

/* A window of true time in which the clock's errors are collected, once per second. */
struct probe {
    int64_t from_ns, to_ns;
    double threshold_s;
    /* collected */
    uint64_t count;
    double max_error_s, sum_error_s, sum_error2, max_freq, sum_freq2;
    double last_error_s;
    int64_t last_above_ns; /* last time at which |error| > threshold_s; -1: never */
    int64_t hold_ns;       /* wanted stay within the threshold; set before */
    int64_t inside_ns;     /* begin of the first stay that lasted so long, or of the present one */
    bool held;
    struct probe *next;
};

struct simclock {
    const struct truth *truth;
    struct clock_law law;
    struct rng rng;
    int64_t at_ns;      /* anchor: at this true time ... */
    int64_t mono_ns;    /* ... the count was this ... */
    double fraction_ns; /* ... and a part of a nanosecond, 0 <= fraction < 1 */
    int64_t utc_offset_ns;
    double walk, white, swing; /* parts of the frequency error now */
    double rate;               /* set in the kernel, fraction */
    double slope;              /* speed of the count relative to true time, minus one */
    int64_t grid_ns;           /* next second at which noise is drawn and probes look */
    bool restless;             /* has noise, a curve or probes */
    bool asleep;               /* probes do not count */
    double suspended_s;
    uint64_t reading_seed; /* noise of readings */
    struct probe *probes;
};

void simclock_start(struct simclock *c, const struct clock_law *law, const struct truth *truth,
                    uint64_t seed, uint64_t index);
/* Bring noise and probes up to true time `at_ns`; everything below does that by itself. */
void simclock_advance(struct simclock *c, int64_t at_ns);
int64_t simclock_mono(struct simclock *c, int64_t at_ns);   /* as read */
int64_t simclock_raw(struct simclock *c, int64_t at_ns);    /* as read */
int64_t simclock_exact(struct simclock *c, int64_t at_ns);  /* system clock, unrounded reading */
double simclock_error_s(struct simclock *c, int64_t at_ns); /* raw - true UTC */
/* True time at which the monotonic clock will show `mono_ns`, if the rate stays as it is. */
int64_t simclock_when(struct simclock *c, int64_t at_ns, int64_t mono_ns);
void simclock_set_rate(struct simclock *c, int64_t at_ns, double rate);
void simclock_step(struct simclock *c, int64_t at_ns, int64_t step_ns);
/* Change the oscillator's frequency error by `change` (temperature step). */
void simclock_change_freq(struct simclock *c, int64_t at_ns, double change);
/* Degrees around the oscillator. */
double simclock_temperature(const struct simclock *c, int64_t at_ns);
/* Change the mean temperature. */
void simclock_warm(struct simclock *c, int64_t at_ns, double degrees);
/* The count stood still from the last call of simclock_halt until now. */
void simclock_halt(struct simclock *c, int64_t at_ns);
void simclock_resume(struct simclock *c, int64_t at_ns);
/* `p` is lent for the clock's life. */
void simclock_add_probe(struct simclock *c, int64_t at_ns, struct probe *p);

#endif
