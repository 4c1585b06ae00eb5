#include "chronyd/ntp/hwclock.h"

#include <math.h>
#include <stdlib.h>

/* No interface's clock is that far off, nor stamps packets that long ago. */
#define FREQ_MAX 1e-2
#define REACH_S 3600.0
#define ERROR_MAX_S 0.1 /* a worse reading says nothing */
/* How far a reading may be from the line, in units of what the others are; and at least, because a
 * few that agree by chance say little about the noise. What fits widens the bound. */
#define MISFIT 5.0
#define MISFIT_MIN_S 1e-5
/* The rate of two free oscillators changes by about that much within a minute. */
#define WANDER 2e-8

struct reading {
    struct osc at;
    int64_t clock_ns;
    double error_s;
};

struct hwclock {
    int min_samples, max_samples, count;
    struct reading readings[HWCLOCK_SAMPLES_MAX]; /* the oldest first */
    /* The line: at `at` the clock showed clock_ns, and it runs at 1 + freq of our oscillator. */
    struct osc at;
    int64_t clock_ns;
    double freq, freq_error, error_s;
};

struct hwclock *hwclock_create(int min_samples, int max_samples)
{
    struct hwclock *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->min_samples = clamp_i(min_samples, 2, HWCLOCK_SAMPLES_MAX);
    c->max_samples = clamp_i(max_samples, c->min_samples, HWCLOCK_SAMPLES_MAX);
    return c;
}

void hwclock_destroy(struct hwclock *c)
{
    free(c);
}

/* How much more the clock went on than our oscillator did. Differences of 64 bits are taken modulo
 * 2^64: a clock may show anything. */
static double excess_s(int64_t from_clock_ns, struct osc from, int64_t clock_ns, struct osc at)
{
    uint64_t gone = (uint64_t)clock_ns - (uint64_t)from_clock_ns;
    uint64_t expected = (uint64_t)at.ns - (uint64_t)from.ns;

    return (double)(int64_t)(gone - expected) * 1e-9;
}

/* Least squares about the newest reading, weighted by how good each is. The bound is that of the
 * best reading or what the residuals are, whichever is more. */
static void fit(struct hwclock *c)
{
    const struct reading *newest = &c->readings[c->count - 1];
    double w = 0, x = 0, y = 0, xx = 0, xy = 0, rr = 0, best_s = INFINITY, span_s;

    for (int i = 0; i < c->count; i++) {
        const struct reading *r = &c->readings[i];
        double weight = 1.0 / (r->error_s * r->error_s);
        double at_s = osc_diff_s(r->at, newest->at);
        double off_s = excess_s(newest->clock_ns, newest->at, r->clock_ns, r->at);

        w += weight;
        x += weight * at_s;
        y += weight * off_s;
        best_s = r->error_s < best_s ? r->error_s : best_s;
    }
    x /= w;
    y /= w;
    for (int i = 0; i < c->count; i++) {
        const struct reading *r = &c->readings[i];
        double weight = 1.0 / (r->error_s * r->error_s);
        double at_s = osc_diff_s(r->at, newest->at) - x;

        xx += weight * at_s * at_s;
        xy += weight * at_s * (excess_s(newest->clock_ns, newest->at, r->clock_ns, r->at) - y);
    }
    c->freq = xx > 0 ? xy / xx : 0;
    for (int i = 0; i < c->count; i++) {
        const struct reading *r = &c->readings[i];
        double at_s = osc_diff_s(r->at, newest->at) - x;
        double off_s = excess_s(newest->clock_ns, newest->at, r->clock_ns, r->at) - y;

        rr = fmax(rr, fabs(off_s - c->freq * at_s));
    }
    span_s = osc_diff_s(newest->at, c->readings[0].at);
    c->error_s = fmax(best_s, rr);
    c->freq_error = (span_s > 0 ? 2 * c->error_s / span_s : FREQ_MAX) + WANDER;
    /* The line at the newest reading; what is below a nanosecond goes into the bound. */
    c->at = newest->at;
    c->clock_ns = (int64_t)((uint64_t)newest->clock_ns + (uint64_t)llrint((y - c->freq * x) * 1e9));
    c->error_s += 1e-9;
}

bool hwclock_ready(const struct hwclock *c)
{
    return c->count >= c->min_samples;
}

/* Is the reading where the line says, within what line and reading are good for? */
static bool fits(const struct hwclock *c, const struct reading *r)
{
    double since_s = osc_diff_s(r->at, c->at);
    double off_s = excess_s(c->clock_ns, c->at, r->clock_ns, r->at);

    if (c->count < 2)
        return fabs(off_s) <= FREQ_MAX * since_s + r->error_s;
    return fabs(off_s - c->freq * since_s) <=
           fmax(MISFIT_MIN_S, MISFIT * (c->error_s + r->error_s + c->freq_error * since_s));
}

void hwclock_add(struct hwclock *c, struct osc at, int64_t clock_ns, double error_s)
{
    const struct reading r = {at, clock_ns, fmax(error_s, 1e-9)};

    if (!(error_s <= ERROR_MAX_S))
        return;
    if (c->count > 0 &&
        (osc_diff_s(at, c->at) <= 0 || osc_diff_s(at, c->at) > REACH_S * 1e3 || !fits(c, &r)))
        c->count = 0;
    if (c->count == c->max_samples) {
        for (int i = 1; i < c->count; i++)
            c->readings[i - 1] = c->readings[i];
        c->count--;
    }
    c->readings[c->count++] = r;
    fit(c);
    if (fabs(c->freq) > FREQ_MAX) {
        c->readings[0] = r;
        c->count = 1;
        fit(c);
    }
}

void hwclock_reset(struct hwclock *c)
{
    c->count = 0;
}

bool hwclock_convert(const struct hwclock *c, int64_t clock_ns, struct osc *at, double *error_s)
{
    double gone_s = (double)(int64_t)((uint64_t)clock_ns - (uint64_t)c->clock_ns) * 1e-9, ours_s;

    if (!hwclock_ready(c) || fabs(gone_s) > REACH_S)
        return false;
    ours_s = gone_s / (1 + c->freq);
    *at = osc_add_s(c->at, ours_s);
    *error_s = c->error_s + c->freq_error * fabs(ours_s);
    return true;
}
