/* clock.c - the program's clocks: reading, stepping, steering. */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

#include "world.h"

#define TICK_NOMINAL 10000
#define READINGS_MAX 1000000 /* between two waits: more is a loop that waits for the clock */

void clock_start(void)
{
    rng_seed(&world.oscillator, world.set.seed, RNG_OSCILLATOR, 0);
    world.real_ns = (long double)world.set.start_s * 1e9L + (long double)world.set.offset_s * 1e9L;
    world.freq = world.set.freq_ppm * 1e-6;
    world.tick = TICK_NOMINAL;
    world.status = STA_UNSYNC;
    world.max_error_us = world.est_error_us = 16000000;
    world.reading_moves = true;
}

int64_t clock_true_ns(void)
{
    return world.set.start_s * NS_PER_S + world.t;
}

static double local_rate(void)
{
    double slew = world.slew_left_s > 0 ? 500e-6 : world.slew_left_s < 0 ? -500e-6 : 0;

    return (1.0 + world.freq) * (1.0 + world.rate + slew);
}

/* Leap seconds as the kernel does them: the clock of day is set back (or on) by one second when it
 * reaches the end of the day for which the bit is set. */
static void leap(void)
{
    int64_t day = (int64_t)floorl(world.real_ns / 86400e9L);

    if (world.last_leap_day == 0)
        world.last_leap_day = day;
    if (world.status & STA_DEL && world.leap_state == TIME_OK)
        day = (int64_t)floorl((world.real_ns + 1e9L) / 86400e9L);
    if (day > world.last_leap_day && world.leap_state == TIME_OK) {
        if (world.status & STA_INS) {
            world.real_ns -= 1e9L;
            world.leap_state = TIME_WAIT;
            trace("leap insert %.6f", (double)world.t * 1e-9);
        } else if (world.status & STA_DEL) {
            world.real_ns += 1e9L;
            world.leap_state = TIME_WAIT;
            trace("leap delete %.6f", (double)world.t * 1e-9);
        }
    }
    if (!(world.status & (STA_INS | STA_DEL)) && world.leap_state == TIME_WAIT)
        world.leap_state = TIME_OK;
    world.last_leap_day = (int64_t)floorl(world.real_ns / 86400e9L);
}

static void run_clocks(int64_t dt)
{
    long double local = (long double)dt * (long double)local_rate();
    double slewed = (double)dt * 1e-9 * 500e-6;

    world.t += dt;
    world.real_ns += local;
    world.mono_ns += local;
    world.raw_ns += (long double)dt * (1.0L + (long double)world.freq);
    if (fabs(world.slew_left_s) <= slewed)
        world.slew_left_s = 0;
    else
        world.slew_left_s -= copysign(slewed, world.slew_left_s);
}

/* Once per second of true time: the oscillator wanders, the kernel's error bound grows, and the
 * clock's error is written down. */
static void second(void)
{
    double day = 2.0 * M_PI * (double)world.t * 1e-9 / 86400.0;

    world.freq += rng_normal(&world.oscillator) * world.set.wander;
    world.freq += world.set.swing * (sin(day) - sin(day - 2.0 * M_PI / 86400.0));
    if (world.set.step_at > 0 && world.t >= (int64_t)(world.set.step_at * 1e9)) {
        world.real_ns += (long double)world.set.step_s * 1e9L;
        world.set.step_at = 0;
        trace("foreign step %.6f", (double)world.t * 1e-9);
    }
    world.max_error_us += 500;
    if (world.max_error_us > 16000000) {
        world.max_error_us = 16000000;
        world.status |= STA_UNSYNC;
    }
    leap();
    refclocks_second();
    trace("clock %.0f %.9f %.3f %d", (double)world.t * 1e-9,
          (double)((world.real_ns - (long double)clock_true_ns()) * 1e-9L),
          (world.freq + world.rate) * 1e6, world.status);
}

void clock_advance(int64_t t)
{
    while (world.t < t) {
        int64_t step = world.next_sample < t ? world.next_sample : t;

        run_clocks(step - world.t);
        if (world.t == world.next_sample) {
            second();
            world.next_sample += NS_PER_S;
        }
    }
    if (world.t > NS_PER_S / 10)
        world.reading_moves = false;
    world.readings = 0;
}

int64_t clock_true_from_local(int64_t local_ns)
{
    return (int64_t)ceil((double)local_ns / local_rate());
}

static void moved(void)
{
    if (++world.readings > READINGS_MAX)
        violation("the clock is read in a loop without waiting");
}

static void to_timespec(long double ns, struct timespec *ts)
{
    int64_t n = (int64_t)floorl(ns);

    ts->tv_sec = (time_t)(n / NS_PER_S);
    ts->tv_nsec = (long)(n % NS_PER_S);
    if (ts->tv_nsec < 0) {
        ts->tv_nsec += NS_PER_S;
        ts->tv_sec--;
    }
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
    enter("clock_gettime");
    moved();
    switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        if (world.reading_moves && id == CLOCK_REALTIME)
            world.real_ns += 101.0L * (long double)(1 + random_bits() % 3);
        to_timespec(world.real_ns, ts);
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
        to_timespec(world.mono_ns, ts);
        return 0;
    case CLOCK_MONOTONIC_RAW:
        to_timespec(world.raw_ns, ts);
        return 0;
    default:
        errno = EINVAL;
        return -1;
    }
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec ts;

    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = (suseconds_t)(ts.tv_nsec / 1000);
    return 0;
}

time_t time(time_t *out)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    if (out)
        *out = ts.tv_sec;
    return ts.tv_sec;
}

int clock_settime(clockid_t id, const struct timespec *ts)
{
    enter("clock_settime");
    if (id != CLOCK_REALTIME || ts->tv_sec < 0 || ts->tv_sec > INT64_MAX / NS_PER_S) {
        errno = EINVAL;
        return -1;
    }
    world.real_ns = (long double)ts->tv_sec * 1e9L + (long double)ts->tv_nsec;
    trace("settime %.6f", (double)world.t * 1e-9);
    return 0;
}

int settimeofday(const struct timeval *tv, const struct timezone *zone)
{
    struct timespec ts = {.tv_sec = tv->tv_sec, .tv_nsec = tv->tv_usec * 1000};

    (void)zone;
    return clock_settime(CLOCK_REALTIME, &ts);
}

static int refused(void)
{
    errno = EINVAL;
    return -1;
}

static int step(const struct timex *tx)
{
    long double part = (long double)tx->time.tv_usec * (tx->modes & ADJ_NANO ? 1.0L : 1e3L);

    if (part < 0 || part >= 1e9L)
        return refused();
    world.real_ns += (long double)tx->time.tv_sec * 1e9L + part;
    world.status |= STA_UNSYNC;
    world.max_error_us = 16000000;
    trace("step %.6f %.9f", (double)world.t * 1e-9,
          (double)tx->time.tv_sec + (double)(part * 1e-9L));
    return 0;
}

/* The part of adjtimex() that clknetsim-like worlds have. */
int clock_adjtime(clockid_t id, struct timex *tx)
{
    enter("adjtimex");
    if (id != CLOCK_REALTIME)
        return refused();
    if (tx->modes == ADJ_OFFSET_SINGLESHOT)
        world.slew_left_s = (double)tx->offset * 1e-6;
    else if (tx->modes &
             ~(unsigned)(ADJ_OFFSET | ADJ_FREQUENCY | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_STATUS |
                         ADJ_TIMECONST | ADJ_TAI | ADJ_SETOFFSET | ADJ_MICRO | ADJ_NANO | ADJ_TICK))
        return refused();
    if (tx->modes & ADJ_TICK && tx->modes != ADJ_OFFSET_SINGLESHOT) {
        if (tx->tick < TICK_NOMINAL * 9 / 10 || tx->tick > TICK_NOMINAL * 11 / 10)
            return refused();
        world.tick = tx->tick;
    }
    if (tx->modes != ADJ_OFFSET_SINGLESHOT) {
        if (tx->modes & ADJ_FREQUENCY)
            world.freq_scaled = tx->freq > 32768000    ? 32768000
                                : tx->freq < -32768000 ? -32768000
                                                       : tx->freq;
        if (tx->modes & ADJ_STATUS)
            world.status = tx->status & 0xff;
        if (tx->modes & ADJ_MAXERROR)
            world.max_error_us = tx->maxerror;
        if (tx->modes & ADJ_ESTERROR)
            world.est_error_us = tx->esterror;
        if (tx->modes & ADJ_TAI)
            world.tai = (int)tx->constant;
        if (tx->modes & ADJ_SETOFFSET && step(tx) < 0)
            return -1;
    }
    world.rate =
        (double)(world.tick - TICK_NOMINAL) * 100e-6 + (double)world.freq_scaled / 65536.0 * 1e-6;
    memset(tx, 0, sizeof *tx);
    tx->tick = world.tick;
    tx->freq = world.freq_scaled;
    tx->status = world.status;
    tx->maxerror = world.max_error_us;
    tx->esterror = world.est_error_us;
    tx->tai = world.tai;
    return world.status & STA_UNSYNC ? TIME_ERROR : world.leap_state;
}

int adjtimex(struct timex *tx)
{
    return clock_adjtime(CLOCK_REALTIME, tx);
}

int ntp_adjtime(struct timex *tx)
{
    return clock_adjtime(CLOCK_REALTIME, tx);
}

int adjtime(const struct timeval *delta, struct timeval *old)
{
    enter("adjtime");
    if (old)
        memset(old, 0, sizeof *old);
    if (delta)
        world.slew_left_s = (double)delta->tv_sec + (double)delta->tv_usec * 1e-6;
    return 0;
}
