#include "chronyd/track/combine.h"

#include <math.h>

#include "base/defs.h"
#include "chronyd/track/restless.h"

/* What paths hide is not known beforehand: it is taken to be one of these parts of the root
 * distance (standard deviation), each as likely as the others. Sources that agree to within
 * their noise speak for the small ones, and then the noise alone decides the weights. */
static const double bias_per_distance[] = {0.001, 0.01, 0.03, 0.1};
#define BIASES ARRAY_LEN(bias_per_distance)

/* Errors of the estimates that all sources share: they watch the same oscillator wander. */
#define COMMON 0.35

static bool takes_part(const struct candidate *c)
{
    return c->state == SELECT_SELECTED || c->state == SELECT_COMBINED;
}

static double sd_of(const struct estimate *e)
{
    return max_d(e->offset_sd_s, 1e-12);
}

static double skew_of(const struct estimate *e)
{
    return max_d(e->skew_ppm, 1e-9);
}

/* One assumption about the bias, and what follows from it. */
struct mean {
    double offset_s; /* relative to the selected source */
    double var;
    double loglik;
};

static struct mean mean_offset(const struct candidate *cs, size_t n, const struct estimate *origin,
                               double bias)
{
    double weights = 0.0, sum = 0.0, squares = 0.0, logs = 0.0, noise = 0.0, common = 0.0;
    struct mean m;

    for (size_t i = 0; i < n; i++) {
        double d, v, y;

        if (!takes_part(&cs[i]))
            continue;
        d = bias * cs[i].distance_s;
        v = sd_of(&cs[i].estimate) * sd_of(&cs[i].estimate) + d * d;
        y = utc_diff_s(cs[i].estimate.truth, origin->truth);
        weights += 1.0 / v;
        sum += y / v;
        squares += y * y / v;
        logs += log(v);
        noise += (1.0 - COMMON) * sd_of(&cs[i].estimate) * sd_of(&cs[i].estimate) / (v * v);
        common += sd_of(&cs[i].estimate) / v;
    }
    m.offset_s = sum / weights;
    m.var = (noise + COMMON * common * common) / (weights * weights);
    m.loglik = -0.5 * (logs + log(weights) + squares - sum * sum / weights);
    return m;
}

static void combine_offsets(const struct candidate *cs, size_t n, const struct candidate *best,
                            struct estimate *out)
{
    struct mean means[BIASES];
    double most = -HUGE_VAL, total = 0.0, offset = 0.0, var = 0.0;

    for (size_t k = 0; k < BIASES; k++) {
        means[k] = mean_offset(cs, n, &best->estimate, bias_per_distance[k]);
        most = max_d(most, means[k].loglik);
    }
    for (size_t k = 0; k < BIASES; k++) {
        double w = exp(means[k].loglik - most);

        total += w;
        offset += w * means[k].offset_s;
        var += w * (means[k].var + means[k].offset_s * means[k].offset_s);
    }
    offset /= total;
    out->truth = utc_add_s(best->estimate.truth, offset);
    out->offset_sd_s = sqrt(max_d(var / total - offset * offset, 0.0));
}

static void combine_frequencies(const struct candidate *cs, size_t n, const struct candidate *best,
                                struct estimate *out)
{
    double weights = 0.0, sum = 0.0, common = 0.0;

    for (size_t i = 0; i < n; i++) {
        double skew, w;

        if (!takes_part(&cs[i]))
            continue;
        skew = skew_of(&cs[i].estimate);
        w = 1.0 / (skew * skew);
        weights += w;
        sum += w * (cs[i].estimate.freq_ppm - best->estimate.freq_ppm);
        common += w * skew;
    }
    out->freq_ppm += sum / weights;
    out->skew_ppm = sqrt((1.0 - COMMON) / weights + COMMON * common * common / (weights * weights));
}

int combine_sources(const struct candidate *candidates, size_t count, int selected,
                    struct estimate *out)
{
    const struct candidate *best = &candidates[selected];
    int combined = 0;

    for (size_t i = 0; i < count; i++)
        combined += takes_part(&candidates[i]);
    *out = best->estimate;
    if (combined > 1) {
        combine_offsets(candidates, count, best, out);
        combine_frequencies(candidates, count, best, out);
        restless_scale(&out->restless, sd_of(out) / sd_of(&best->estimate),
                       skew_of(out) / skew_of(&best->estimate));
        /* What bounds the error is known of the selected source's own estimate. */
        out->root_dispersion_s += fabs(utc_diff_s(out->truth, best->estimate.truth));
    }
    return combined;
}
