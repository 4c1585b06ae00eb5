/* filter.h - what a register of samples tells about offset and slope.
 *
 * Two steps. A bank of Kalman filters (states: distance between source and oscillator, and its
 * slope), each believing in another amount of frequency wander, runs over the points; how well
 * each predicts them tells how much the oscillator wanders and how large the errors are against
 * what the delays promise. Then one filter with these figures runs over the points again and
 * takes each for what it is: a box, because a round trip that took r longer than the shortest
 * possible bounds the offset to r/2 on either side and says little about where inside. Private
 * to track/. */
#ifndef CHRONYD_TRACK_FILTER_H
#define CHRONYD_TRACK_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#define FILTER_POINTS_MAX 64
#define FILTER_MODELS 12
/* The probability that an oscillator wanders more than wander_most. */
#define FILTER_MOST 0.05

struct filter_point {
    double t_s;     /* oscillator time, relative to the newest point: <= 0, increasing */
    double y_s;     /* source minus oscillator, relative to the newest point */
    double half_s;  /* half the width of the box in which the truth is, */
    double edge_s;  /* and how soft its edges are (standard deviation, > 0) */
    int lean;       /* its queue was probably on the way to the source (-1) or back (1): then the
                       truth is near that edge of the box; 0: anywhere in it */
    double queue_s; /* the queue, which moved the offset by half of its length, */
    double lean_half_s; /* and half the width of the box around there */
    double shift_s;     /* the path may have changed before it, and the offset by so much */
    bool new_level;     /* the offset before this point says nothing about the one
                           from here on */
};

/* Where the source's clock is expected and how sure that is, `t_s` as in the points. */
struct filter_state {
    double x_s, slope;
    double var_x, cov, var_slope;
};

/* Expected slope; the first two or three points meet it, after that the data speak. `vague`
 * widens it by itself where the points say so. */
struct filter_prior {
    double slope, slope_sd;
    bool vague;
    double least_scale; /* the points are not believed to be better than that */
};

struct filter_result {
    struct filter_state state; /* at the newest point */
    double wander;             /* frequency wander per square root of a second */
    double wander_most;        /* as much as the points leave possible, with FILTER_MOST */
    double scale;              /* errors are this much larger than the points say */
    double slope_sd;           /* prior in use */
    double evidence;           /* log likelihood of the points, to compare assumptions about them */
};

/* The variance of the error of a point, before it is scaled. */
double filter_point_var(const struct filter_point *p);
/* The way of the filter through the points, for the way back. */
struct filter_path {
    struct filter_state before[FILTER_POINTS_MAX], after[FILTER_POINTS_MAX];
    bool jump[FILTER_POINTS_MAX]; /* a new level begins there, announced or found
                                   */
};

/* First step: wander, scale and slope_sd. count >= 1; `scale` is the one found the last time (1
 * at first). */
void filter_learn(const struct filter_point *points, size_t count, const struct filter_prior *prior,
                  double scale, struct filter_result *out);
/* The same points, but all of the same normal error: how they are if their delays tell nothing. */
void filter_flatten(const struct filter_point *points, size_t count, struct filter_point *flat);
/* Second step: the state, by what was learned. `slope` is the prior's. */
void filter_run(const struct filter_point *points, size_t count, double slope,
                struct filter_result *r, struct filter_path *path);
/* The state `dt_s` later without further points. */
struct filter_state filter_ahead(const struct filter_state *s, double wander, double dt_s);
/* What the points say about each other in hindsight: their residuals against the smoothed path,
 * and its slope at each. */
void filter_residuals(const struct filter_point *points, size_t count,
                      const struct filter_path *path, double *residuals, double *slopes);

#endif
