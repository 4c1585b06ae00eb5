/* filter.h - a bank of Kalman filters over one register of samples.
 *
 * Each filter has two states, the distance between the source and our oscillator and its slope, and
 * believes in another amount of frequency wander. All run over the same points; how well each
 * predicted them is its weight, so that the oscillator's own noise decides how far back the past
 * binds. The size of the measurement noise is integrated out: the caller says how the points
 * compare with each other, the residuals say how large their errors are. Private to track/. */
#ifndef CHRONYD_TRACK_FILTER_H
#define CHRONYD_TRACK_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#define FILTER_POINTS_MAX 64
#define FILTER_MODELS 11

struct filter_point {
    double t_s;     /* oscillator time, relative to the newest point: <= 0, increasing */
    double y_s;     /* source minus oscillator, relative to the newest point */
    double sd_s;    /* standard deviation of its error, as far as its delay tells it; > 0 */
    bool new_level; /* the offset before this point says nothing about the one from here on */
};

/* Where the source's clock is expected and how sure that is, `t_s` as in the points. */
struct filter_state {
    double x_s, slope;
    double var_x, cov, var_slope;
};

struct filter_prior {
    double slope, slope_sd;
};

struct filter_result {
    struct filter_state state; /* at the newest point: mean and spread of the whole bank */
    double wander;             /* frequency wander per square root of a second (weighted) */
    double scale;              /* errors are this much larger than the points say */
    size_t best;               /* model with the largest weight */
    double weight[FILTER_MODELS];
};

/* count >= 1. `scale` is the one found the last time (1 at first). */
void filter_run(const struct filter_point *points, size_t count, const struct filter_prior *prior,
                double scale, struct filter_result *out);
/* The state `dt_s` later without further points. */
struct filter_state filter_ahead(const struct filter_state *s, double wander, double dt_s);
/* What the points say about each other in hindsight: residuals of the points against the smoothed
 * path of one model. */
void filter_residuals(const struct filter_point *points, size_t count,
                      const struct filter_prior *prior, const struct filter_result *result,
                      double *residuals);

#endif
