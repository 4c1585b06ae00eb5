/* simclock.c - oscillator and kernel clock: straight lines between the grid's seconds. */
#include "test/simulation/simclock.h"

#include <math.h>

#define TWO_PI 6.283185307179586

static void update_slope(struct simclock *c)
{
    double freq = c->law.freq + c->walk + c->white + c->swing;

    c->slope = freq + c->rate + freq * c->rate;
}

/* Between -1 and 1. */
static double curve_at(const struct clock_law *law, int64_t at_ns)
{
    double period = law->period_s > 0.0 ? law->period_s : 86400.0;

    return sin(TWO_PI * (law->phase + (double)at_ns * 1e-9 / period));
}

static double temperature_at(const struct clock_law *law, int64_t at_ns)
{
    return law->temperature + (law->warming != 0.0 ? law->warming * curve_at(law, at_ns) : 0.0);
}

static double swing_at(const struct clock_law *law, int64_t at_ns)
{
    double swing = law->swing != 0.0 ? law->swing * curve_at(law, at_ns) : 0.0, warm;

    if (law->tempco == 0.0 && law->tempco2 == 0.0)
        return swing;
    warm = temperature_at(law, at_ns) - law->turnover;
    return swing + warm * law->tempco + warm * warm * law->tempco2;
}

static void update_restless(struct simclock *c, int64_t at_ns)
{
    bool restless = c->law.wander != 0.0 || c->law.white != 0.0 || c->law.swing != 0.0 ||
                    c->law.warming != 0.0 || c->probes;

    if (restless && !c->restless)
        c->grid_ns = (at_ns / NS_PER_S + 1) * NS_PER_S;
    c->restless = restless;
}

void simclock_start(struct simclock *c, const struct clock_law *law, const struct truth *truth,
                    uint64_t seed, uint64_t index)
{
    *c = (struct simclock){.truth = truth, .law = *law};
    rng_seed(&c->rng, seed, RNG_OSCILLATOR, index);
    c->reading_seed = seed ^ index << 48;
    /* A host has been up for a while when its daemon starts: monotonic time is not zero. */
    c->mono_ns = 100 * NS_PER_S;
    c->utc_offset_ns = truth_utc_ns(truth, 0) + ns_from_s(law->offset_s) - c->mono_ns;
    c->swing = swing_at(law, 0);
    update_restless(c, 0);
    update_slope(c);
}

/* Move the anchor along the line. */
static void anchor(struct simclock *c, int64_t at_ns)
{
    int64_t d = at_ns - c->at_ns;
    double x, whole;

    if (d == 0)
        return;
    c->at_ns = at_ns;
    if (c->asleep)
        return;
    x = c->fraction_ns + (double)d * c->slope;
    whole = floor(x);
    c->mono_ns += d + (int64_t)whole;
    c->fraction_ns = x - whole;
}

static void probe_look(struct probe *p, int64_t at_ns, double error_s, double freq)
{
    double size = fabs(error_s);

    if (at_ns < p->from_ns || at_ns > p->to_ns)
        return;
    p->count++;
    p->last_error_s = error_s;
    p->sum_error_s += error_s;
    p->sum_error2 += error_s * error_s;
    p->sum_freq2 += freq * freq;
    if (size > p->max_error_s)
        p->max_error_s = size;
    if (fabs(freq) > p->max_freq)
        p->max_freq = fabs(freq);
    if (size > p->threshold_s)
        p->last_above_ns = at_ns;
    if (p->held)
        return;
    if (size > p->threshold_s)
        p->inside_ns = at_ns + NS_PER_S;
    else if (at_ns - p->inside_ns >= p->hold_ns)
        p->held = true;
}

static void look(struct simclock *c)
{
    double error_s = ((double)(c->mono_ns + c->utc_offset_ns - truth_utc_ns(c->truth, c->at_ns)) +
                      c->fraction_ns) *
                     1e-9;

    for (struct probe *p = c->probes; p; p = p->next)
        probe_look(p, c->at_ns, error_s, c->slope);
}

void simclock_advance(struct simclock *c, int64_t at_ns)
{
    if (!c->restless)
        return;
    while (c->grid_ns <= at_ns) {
        anchor(c, c->grid_ns);
        if (c->probes && !c->asleep)
            look(c);
        if (c->law.wander != 0.0)
            c->walk += c->law.wander * rng_normal(&c->rng);
        if (c->law.white != 0.0)
            c->white = c->law.white * rng_normal(&c->rng);
        if (c->law.swing != 0.0 || c->law.warming != 0.0)
            c->swing = swing_at(&c->law, c->grid_ns);
        update_slope(c);
        c->grid_ns += NS_PER_S;
    }
}

static int64_t exact_mono(const struct simclock *c, int64_t at_ns)
{
    int64_t d = at_ns - c->at_ns;

    if (c->asleep)
        return c->mono_ns;
    return c->mono_ns + d + (int64_t)floor(c->fraction_ns + (double)d * c->slope);
}

static int64_t as_read(const struct simclock *c, int64_t ns)
{
    int64_t step = c->law.resolution_ns;
    int64_t rest = step > 1 ? ns % step : 0;

    return ns - (rest < 0 ? rest + step : rest);
}

static double reading_noise(const struct simclock *c, int64_t cell)
{
    struct rng r;

    rng_seed(&r, c->reading_seed, RNG_READING, (uint64_t)cell);
    return rng_unit(&r);
}

/* How late the reading of the count comes. A function of the count alone: nobody disturbs a clock
 * by looking at it, and no reading is before an earlier one. */
static int64_t late_ns(const struct simclock *c, int64_t mono_ns)
{
    int64_t most_ns = ns_from_s(c->law.noise_s), cell, late, least;

    if (most_ns <= 0)
        return 0;
    cell = mono_ns / most_ns;
    late = (int64_t)((double)most_ns * reading_noise(c, cell));
    least = (int64_t)((double)most_ns * reading_noise(c, cell - 1)) - mono_ns % most_ns;
    return late > least ? late : least;
}

int64_t simclock_mono(struct simclock *c, int64_t at_ns)
{
    int64_t mono_ns;

    simclock_advance(c, at_ns);
    mono_ns = exact_mono(c, at_ns);
    return as_read(c, mono_ns + late_ns(c, mono_ns));
}

int64_t simclock_exact(struct simclock *c, int64_t at_ns)
{
    simclock_advance(c, at_ns);
    return exact_mono(c, at_ns) + c->utc_offset_ns;
}

int64_t simclock_raw(struct simclock *c, int64_t at_ns)
{
    return as_read(c, simclock_exact(c, at_ns) + late_ns(c, exact_mono(c, at_ns)));
}

double simclock_error_s(struct simclock *c, int64_t at_ns)
{
    return (double)(simclock_exact(c, at_ns) - truth_utc_ns(c->truth, at_ns)) * 1e-9;
}

int64_t simclock_when(struct simclock *c, int64_t at_ns, int64_t mono_ns)
{
    int64_t step = c->law.resolution_ns > 1 ? c->law.resolution_ns : 1;
    double left;

    simclock_advance(c, at_ns);
    /* A reading shows it only at the next multiple of the resolution. */
    left = (double)(mono_ns - exact_mono(c, at_ns) + step - 1);
    left = ceil(left / (1.0 + c->slope));
    return left > 9e18 - (double)at_ns ? INT64_MAX : at_ns + (int64_t)left;
}

void simclock_set_rate(struct simclock *c, int64_t at_ns, double rate)
{
    simclock_advance(c, at_ns);
    anchor(c, at_ns);
    c->rate = rate;
    update_slope(c);
}

void simclock_step(struct simclock *c, int64_t at_ns, int64_t step_ns)
{
    simclock_advance(c, at_ns);
    c->utc_offset_ns += step_ns;
}

void simclock_change_freq(struct simclock *c, int64_t at_ns, double change)
{
    simclock_advance(c, at_ns);
    anchor(c, at_ns);
    c->law.freq += change;
    update_slope(c);
}

double simclock_temperature(const struct simclock *c, int64_t at_ns)
{
    return temperature_at(&c->law, at_ns);
}

void simclock_warm(struct simclock *c, int64_t at_ns, double degrees)
{
    simclock_advance(c, at_ns);
    anchor(c, at_ns);
    c->law.temperature += degrees;
    c->swing = swing_at(&c->law, at_ns);
    update_slope(c);
}

void simclock_halt(struct simclock *c, int64_t at_ns)
{
    simclock_advance(c, at_ns);
    anchor(c, at_ns);
    c->asleep = true;
}

void simclock_resume(struct simclock *c, int64_t at_ns)
{
    simclock_advance(c, at_ns);
    anchor(c, at_ns);
    c->asleep = false;
}

void simclock_add_probe(struct simclock *c, int64_t at_ns, struct probe *p)
{
    simclock_advance(c, at_ns);
    anchor(c, at_ns);
    p->last_above_ns = -1;
    p->next = c->probes;
    c->probes = p;
    update_restless(c, at_ns);
}
