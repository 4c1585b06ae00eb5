#include "chronyd/track/combine.h"

#include <math.h>

#include "base/defs.h"

/* Typical asymmetry of routes: this part of the root distance counts as a
 * standard deviation. */
#define BIAS_PER_DISTANCE 0.1

static bool takes_part(const struct candidate *c)
{
    return c->state == SELECT_SELECTED || c->state == SELECT_COMBINED;
}

int combine_sources(const struct candidate *candidates, size_t count, int selected,
                    struct estimate *out)
{
    const struct candidate *best = &candidates[selected];
    double offset = 0.0, weights = 0.0, var = 0.0;
    double freq = 0.0, freq_weights = 0.0;
    int combined = 0;

    for (size_t i = 0; i < count; i++) {
        const struct candidate *c = &candidates[i];

        if (!takes_part(c))
            continue;

        double bias = BIAS_PER_DISTANCE * c->distance_s;
        double sd = max_d(c->estimate.offset_sd_s, 1e-12);
        double skew = max_d(c->estimate.skew_ppm, 1e-9);
        double w = 1.0 / (sd * sd + bias * bias), fw = 1.0 / (skew * skew);

        offset += w * utc_diff_s(c->estimate.truth, best->estimate.truth);
        var += w * w * sd * sd;
        weights += w;
        freq += fw * (c->estimate.freq_ppm - best->estimate.freq_ppm);
        freq_weights += fw;
        combined++;
    }
    *out = best->estimate;
    if (combined > 1) {
        out->truth = utc_add_s(out->truth, offset / weights);
        out->offset_sd_s = sqrt(var) / weights;
        out->freq_ppm += freq / freq_weights;
        out->skew_ppm = 1.0 / sqrt(freq_weights);
    }
    return combined;
}
