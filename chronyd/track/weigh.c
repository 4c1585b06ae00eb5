#include <math.h>

#include "base/defs.h"
#include "chronyd/track/route.h"
#include "chronyd/track/track_private.h"

/* A change of the route shifts the offset by this part of what it changes the delay by (standard
 * deviation; half would be the most). */
#define SHIFT_PER_DELAY 0.15
/* Few samples may lie close together by chance. Before n of them have shown how much delays
 * usually vary, they are taken to vary by this part of the shortest, over n squared. */
#define YOUNG_JITTER 0.6
/* But more than two that lie this close together do not do so by chance: their delays vary by no
 * more than so many of what they are apart. */
#define YOUNG_SAMPLES 2
#define YOUNG_EXCESSES 3.0
/* Of the bounds this much is left open when the asymmetry is known. */
#define FIXED_OPEN 0.2
/* Of the usual excess, over the square root of n, this much the shortest of n delays lies above
 * the shortest possible. (One would be right if both ways queue exponentially; delays of heavier
 * tails have more short ones.) */
#define GAP_PER_EXCESS 0.7
#define GAP_YOUNG 1.2
/* An autocorrelation of delays by chance, in standard deviations. */
#define CHANCE_SIGMA 2.0
/* From so many samples on one that met no queue may be there by chance. */
#define IDLE_SAMPLES 34
/* If it is known on which way a queue was, so much of its length is known. */
#define KNOWN_OF_QUEUE 0.8
/* How soft the bounds are for want of knowing the shortest delay. */
#define EDGE_PER_GAP 0.2

/* Source minus oscillator at sample s, relative to the same at sample ref. */
static double level_s(const struct sample *s, const struct sample *ref)
{
    int64_t truth, osc;

    if (__builtin_sub_overflow(s->truth.ns, ref->truth.ns, &truth) ||
        __builtin_sub_overflow(s->at.ns, ref->at.ns, &osc))
        return track_diff_s(s->truth.ns, ref->truth.ns);
    return track_diff_s(truth, osc);
}

/* The excess of those samples that met no queue worth the name: the second smallest, once there are
 * enough to have one to spare. */
static double idle_excess_s(const struct track *t, const double *delays, const double *floors)
{
    double least = HUGE_VAL, second = HUGE_VAL;

    for (size_t i = 0; i < t->count; i++) {
        double e = delays[i] - floors[t->routes[i]];

        if (e < least) {
            second = least;
            least = e;
        } else if (e < second) {
            second = e;
        }
    }
    return t->count >= IDLE_SAMPLES ? second : least;
}

/* The shortest delay of each route, and by how much the shortest possible may be below it: with n
 * samples that is a part of the usual excess, which shrinks with the square root of n. */
static void find_floors(struct track *t, double floors[ROUTES_MAX], double gaps[ROUTES_MAX])
{
    double delays[TRACK_SAMPLES_MAX], fixed = t->settings.min_delay_s;
    int samples[ROUTES_MAX] = {0};

    for (size_t i = 0; i < t->count; i++) {
        delays[i] = t->samples[i].delay_s;
        samples[t->routes[i]]++;
    }
    route_floors(delays, t->routes, t->count, floors);
    t->usual_excess_s = route_excess(delays, t->routes, t->count, floors, 0.5);
    t->idle_excess_s = idle_excess_s(t, delays, floors);
    for (size_t r = 0; r < ROUTES_MAX; r++) {
        double n = max_d(samples[r], 1.0), young;

        young = YOUNG_JITTER * max_d(floors[r], 0.0) / (n * n);
        if (t->count > YOUNG_SAMPLES)
            young = min_d(young, YOUNG_EXCESSES * t->usual_excess_s);
        gaps[r] = ((GAP_PER_EXCESS + GAP_YOUNG / n) * t->usual_excess_s + young) / sqrt(n);
        if (fixed > 0.0) {
            floors[r] = fixed;
            gaps[r] = 0.0;
        }
    }
}

/* Are delays like the ones before? Then it is not many short queues that make them but a few long
 * ones, and what the samples are wrong by they have in common: fewer errors than samples. That is
 * the autocorrelation of the excess, less what may be chance. */
static double standing(const struct track *t)
{
    double mean = 0.0, sum = 0.0, product = 0.0, n = (double)t->count;

    for (size_t i = 0; i < t->count; i++)
        mean += t->excess_s[i] / n;
    for (size_t i = 0; i < t->count; i++) {
        double e = t->excess_s[i] - mean;

        sum += e * e;
        product +=
            i > 0 && t->routes[i] == t->routes[i - 1] ? e * (t->excess_s[i - 1] - mean) : 0.0;
    }
    return sum > 0.0 ? clamp_d(product / sum - CHANCE_SIGMA / sqrt(n), 0.0, 0.95) : 0.0;
}

/* How much each sample can be wrong. If both directions queue alike, a round trip that took r
 * longer than the shortest possible leaves an offset anywhere within r/2 of the truth. The
 * shortest possible is not in the register, but somewhat below the shortest that is. */
void track_weigh(struct track *t)
{
    double floors[ROUTES_MAX], gaps[ROUTES_MAX];
    double precision = t->settings.precision_s;
    double asymmetry = track_has_fixed_asymmetry(t) ? t->settings.asymmetry : 0.0;
    double least = HUGE_VAL; /* dispersion: what all have in common tells nothing of their weight */

    find_floors(t, floors, gaps);
    for (size_t i = 0; i < t->count; i++)
        least = min_d(least, fabs(t->samples[i].dispersion_s));
    t->min_delay_s = floors[t->routes[t->count - 1]];
    for (size_t i = 0; i < t->count; i++) {
        const struct sample *s = &t->samples[i];
        uint8_t r = t->routes[i];
        double dispersion = fabs(s->dispersion_s);

        t->excess_s[i] = fabs(s->delay_s - floors[r]);
        /* A configured asymmetry tells how much of the excess was on which way: that is taken
         * out of the offset, and its bounds become narrower. */
        t->shift_s[i] = asymmetry * t->excess_s[i];
        t->points[i].half_s =
            (t->excess_s[i] + gaps[r]) / 2.0 * max_d(1.0 - 2.0 * fabs(asymmetry), FIXED_OPEN);
        t->points[i].edge_s =
            sqrt(precision * precision + EDGE_PER_GAP * gaps[r] * EDGE_PER_GAP * gaps[r] +
                 (dispersion - least) * (dispersion + least));
        t->points[i].t_s = track_diff_s(s->at.ns, t->samples[t->count - 1].at.ns);
        t->points[i].y_s = level_s(s, &t->samples[t->count - 1]) + t->shift_s[i];
        t->points[i].queue_s = max_d(t->excess_s[i] - t->idle_excess_s, 0.0);
        t->points[i].lean_half_s =
            t->points[i].half_s - KNOWN_OF_QUEUE * t->points[i].queue_s / 2.0;
        t->points[i].lean = 0;
        t->points[i].new_level = t->new_level[i];
        t->points[i].shift_s =
            i == 0 ? 0.0 : SHIFT_PER_DELAY * fabs(floors[r] - floors[t->routes[i - 1]]);
    }
    t->standing = standing(t);
    for (size_t i = 0; i < t->count; i++)
        t->points[i].half_s *= sqrt((1.0 + t->standing) / (1.0 - t->standing));
}
