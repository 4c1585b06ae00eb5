#include <math.h>

#include "base/defs.h"
#include "chronyd/track/track_private.h"

/* Samples among which the narrowest is taken to judge the slope by. */
#define OPEN_SLOPE_ANCHORS 8

struct slope_range {
    double slope, open; /* the truth's slope is within slope +- open */
};

/* What the boxes leave open of the slope if the errors of the samples are anything but
 * independent, as in a queue that fills for an hour: two boxes far apart allow no more than
 * their widths over the time between them. The newest narrow one is held against all others. */
static struct slope_range open_slope(const struct track *t, size_t first)
{
    size_t newest = t->count - 1, anchor = newest;
    double shortest = HUGE_VAL;
    struct slope_range r = {.slope = track_reciprocal(t->prior_freq_ppm * 1e-6),
                            .open = t->prior_skew_ppm * 1e-6};

    /* What looks like another route may be a queue that fills slowly: one shortest delay for
     * all. */
    for (size_t i = first; i < t->count; i++) {
        shortest = min_d(shortest, t->samples[i].delay_s);
        if (i + OPEN_SLOPE_ANCHORS > newest && t->samples[i].delay_s < t->samples[anchor].delay_s)
            anchor = i;
    }
    for (size_t i = first; i < t->count; i++) {
        double apart = t->points[anchor].t_s - t->points[i].t_s;
        double widths = (t->samples[anchor].delay_s + t->samples[i].delay_s) / 2.0 - shortest +
                        t->usual_excess_s;

        if (i != anchor && widths < r.open * fabs(apart)) {
            r.open = widths / fabs(apart);
            r.slope = (t->points[anchor].y_s - t->points[i].y_s) / apart;
        }
    }
    return r;
}

/* The truth lies within each sample's root distance of it, whatever the network does. So the
 * sample bounds the error of the path by that distance and what the path is apart from it; since
 * then the bound grows by what is open of the slope, and by how far the path has left the
 * straight line, for it may have followed a queue and not the oscillator. Samples from before a
 * jump bound nothing. */
void track_bound(struct track *t, const struct filter_path *path, const double *residuals,
                 const double *slopes)
{
    double least = HUGE_VAL;
    size_t first = t->count - 1;
    struct slope_range range;

    while (first > 0 && !path->jump[first])
        first--;
    range = open_slope(t, first);
    t->open_slope = first < t->count - 1 ? range.open : 0.0;
    for (size_t i = t->count; i-- > first;) {
        const struct sample *s = &t->samples[i];
        const struct filter_point *p = &t->points[i];
        double slope = clamp_d(slopes[i], range.slope - range.open, range.slope + range.open);
        double straight = p->y_s - residuals[i] - slope * p->t_s;
        double apart = fabs(residuals[i]) + fabs(t->filter.state.x_s - straight);
        double bound = s->root_delay_s / 2.0 + s->root_dispersion_s + apart -
                       p->t_s * (t->settings.max_clock_error + t->open_slope);

        if (bound < least) {
            least = bound;
            t->best = i;
            t->best_apart_s = apart;
        }
    }
}
