#include "chronyd/refclock/steady.h"

#include <stdlib.h>

#define BASE_READINGS 8 /* over so many the difference in frequency is measured */
/* Of a phase error, how much is made up for until the next reading, and how much of that is taken
 * for an error in frequency: critically damped. */
#define PHASE_GAIN 0.25
#define FREQUENCY_GAIN (PHASE_GAIN / 4.0)
#define COMPENSATION_MAX 500e-6

struct steady {
    struct clock *clock;
    int readings;
    /* The line that the oscillator's count has to keep: this time then, and this slope. */
    struct osc base_at;
    struct utc base_truth;
    double base_freq; /* fraction by which the count is faster */
    double frequency; /* of the oscillator, its change since then */
};

struct steady *steady_create(struct clock *clock)
{
    struct steady *s = calloc(1, sizeof(*s));

    if (s)
        s->clock = clock;
    return s;
}

void steady_destroy(struct steady *s)
{
    free(s);
}

void steady_reset(struct steady *s)
{
    s->readings = 0;
}

void steady_relabel(struct steady *s, double by_s)
{
    s->base_truth = utc_add_s(s->base_truth, by_s);
}

void steady_update(struct steady *s, const struct reading *r, double poll_s)
{
    double count_s, truth_s, rate;

    if (s->readings++ == 0) {
        s->base_at = r->at;
        s->base_truth = r->truth;
        return;
    }
    count_s = osc_diff_s(r->at, s->base_at);
    truth_s = utc_diff_s(r->truth, s->base_truth);
    if (s->readings < BASE_READINGS || truth_s <= 0.0)
        return;
    if (s->readings == BASE_READINGS)
        s->base_freq = count_s / truth_s - 1.0;
    rate = PHASE_GAIN * (count_s - truth_s * (1.0 + s->base_freq)) / poll_s;
    s->frequency =
        clamp_d(s->frequency + FREQUENCY_GAIN * rate, -COMPENSATION_MAX, COMPENSATION_MAX);
    rate = clamp_d(s->frequency + rate, -COMPENSATION_MAX, COMPENSATION_MAX);
    clock_set_temp_comp(s->clock, -rate * 1e6); /* counts too fast: count slower */
}
