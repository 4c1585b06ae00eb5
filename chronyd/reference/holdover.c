/* holdover.c - how far the oscillator's frequency strays when nobody looks.
 *
 * At each update the frequency is compared with what it was 2^k seconds before, for all k; the mean
 * square of these differences tells how wrong the present frequency will be after as long a time
 * without sources: the day's temperature, the traffic of the morning, the fan. So the bound that is
 * announced grows as this oscillator deserves, and not only as maxclockerror promises. */
#include <math.h>

#include "chronyd/reference/private.h"

/* The mean remembers about so many differences. */
#define MEMORY 16

void reference_holdover_update(struct reference *r, double interval_s)
{
    double freq_ppm = clock_freq_ppm(r->clock);

    for (int k = 0; k < HOLDOVER_LAGS; k++) {
        struct holdover_lag *lag = &r->holdover[k];
        bool better = r->skew_ppm < lag->skew_ppm / 2.0;
        double change = freq_ppm - lag->freq_ppm, noise2;

        lag->age_s += interval_s;
        if (lag->known && !better && lag->age_s < ldexp(1.0, k + HOLDOVER_LAG_MIN))
            continue;
        /* A frequency that was hardly known is no measure; a better one takes its place early. What
         * the estimates themselves are unsure of (a skew is two standard deviations) is no
         * change of the oscillator. */
        noise2 = (lag->skew_ppm * lag->skew_ppm + r->skew_ppm * r->skew_ppm) / 4.0;
        if (lag->known && !better) {
            lag->count = lag->count < MEMORY ? lag->count + 1 : MEMORY;
            lag->square_ppm2 += (change * change - noise2 - lag->square_ppm2) / lag->count;
        }
        lag->known = true;
        lag->freq_ppm = freq_ppm;
        lag->skew_ppm = r->skew_ppm;
        lag->age_s = 0.0;
    }
}

double reference_holdover_ppm(const struct reference *r, double age_s)
{
    double square = 0.0;

    /* What was seen over a shorter time may happen over a longer one too. */
    for (int k = 0; k < HOLDOVER_LAGS && ldexp(1.0, k + HOLDOVER_LAG_MIN - 1) <= age_s; k++)
        square = max_d(square, r->holdover[k].square_ppm2);
    return sqrt(square);
}
