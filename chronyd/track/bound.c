#include <math.h>

#include "base/defs.h"
#include "chronyd/track/track_private.h"

/* Samples among which the narrowest is taken to judge the slope by. */
#define OPEN_SLOPE_ANCHORS 8
/* So many samples are too few to know how wrong a slope through them may be: they may lie close
 * together by chance, while delays vary by the shortest, over their number squared. */
#define YOUNG_SAMPLES 8
#define YOUNG_JITTER 1.0
/* So many that were all held up look like as many that were not. */
#define UNTRIED_SAMPLES 3
/* So many times the width of a box. */
#define FAR_OUTSIDE 3.0
/* Among so many of the newest is looked for how fast the source's own dispersion grows, */
#define GROWTH_SAMPLES 8
/* which packets tell in steps of this. */
#define DISPERSION_STEP_S (1.0 / 65536)

struct slope_range {
    double slope, open; /* the truth's slope is within slope +- open */
};

/* The source's own way to the root. */
static double source_delay_s(const struct sample *s)
{
    return s->root_delay_s - s->delay_s;
}

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

        /* A source that turned to another one in between may have moved with it. */
        widths += fabs(source_delay_s(&t->samples[anchor]) - source_delay_s(&t->samples[i])) / 2.0;
        if (i != anchor && widths < r.open * fabs(apart)) {
            r.open = widths / fabs(apart);
            r.slope = (t->points[anchor].y_s - t->points[i].y_s) / apart;
        }
    }
    return r;
}

/* A source that turned to one much nearer to the root moved by what the farther one may have
 * hidden, while we took that for its rate. */
static double moved_rate(const struct track *t, size_t i)
{
    double own_s = source_delay_s(&t->samples[i]), was_s = source_delay_s(&t->samples[i - 1]);

    return own_s < was_s / 2.0 ? (was_s - own_s) / 2.0 / -t->points[i - 1].t_s : 0.0;
}

/* A source that has not measured for a while, or not often yet, may run at a wrong rate itself, and
 * whoever follows it learns that rate and sees nothing. How wrong it may be is what it says of its
 * own dispersion: it grows. A source whose dispersion stays the same knows its rate. */
static double source_rate(const struct track *t, size_t first)
{
    size_t from = t->count > GROWTH_SAMPLES ? t->count - GROWTH_SAMPLES : 0;
    double most = 0.0, start_s = 0.0;

    from = from > first ? from : first;
    for (size_t i = from, start = from; i < t->count; i++) {
        const struct sample *s = &t->samples[i];
        double own_s = s->root_dispersion_s - s->dispersion_s;
        double gone_s = t->points[i].t_s - t->points[start].t_s;

        if (i == from || own_s < start_s) { /* it has measured since then */
            start = i;
            start_s = own_s;
        } else if (gone_s > 0.0) {
            most = max_d(most, (own_s - start_s - DISPERSION_STEP_S) / gone_s);
        }
        if (i > from)
            most = max_d(most, moved_rate(t, i));
    }
    return most;
}

/* How fast the truth may part from the line through few samples. Neither beyond what their boxes
 * leave open, and by how much it misses them, nor beyond what an oscillator can be off its nominal
 * rate. */
static double young_rate(const struct track *t, const struct slope_range *r,
                         const double *residuals)
{
    double missed_s = 0.0;
    double n = (double)t->count, span_s = -t->points[0].t_s, slope = t->filter.state.slope;
    double least, most;

    if (t->count > YOUNG_SAMPLES || !(span_s > 0.0))
        return 0.0;
    most = fabs(slope - track_reciprocal(t->prior_freq_ppm * 1e-6)) + t->prior_skew_ppm * 1e-6;
    for (size_t i = 0; i < t->count; i++)
        missed_s = max_d(missed_s, fabs(residuals[i]));
    least = fabs(slope - r->slope) + r->open +
            (YOUNG_JITTER * t->min_delay_s / (n * n) + 2.0 * missed_s) / span_s;
    return t->count <= UNTRIED_SAMPLES ? most : min_d(least, most);
}

/* A line that leaves the newest samples far outside of their boxes, one after the other, was drawn
 * through something else, as a source that moved: it parts from the truth as it parts from them. */
static double missed_rate(const struct track *t, const double *residuals)
{
    size_t newest = t->count - 1;

    if (newest < 1)
        return 0.0;
    for (size_t i = newest - 1; i <= newest; i++)
        if (fabs(residuals[i]) < FAR_OUTSIDE * (t->points[i].half_s + t->points[i].edge_s))
            return 0.0;
    return (residuals[newest] - residuals[newest - 1]) / t->points[newest - 1].t_s;
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
    double source;

    while (first > 0 && !path->jump[first])
        first--;
    range = open_slope(t, first);
    source = source_rate(t, first);
    t->open_slope = (first < t->count - 1 ? range.open : 0.0) + source;
    t->open_rate = source + young_rate(t, &range, residuals) + fabs(missed_rate(t, residuals));
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
