/* law.c - what the delay of a sample tells about its error: the assumptions, and which one holds.
 */
#include <math.h>
#include <string.h>

#include "base/defs.h"
#include "chronyd/track/track_private.h"

/* With more than so many samples it may turn out that something else holds than that both ways
 * queue alike: noise of the time stamps */
#define STAMPS_SAMPLES 2
/* by that much more log likelihood; below so great a chance either of these two is ignored. */
#define STAMPS_EVIDENCE 2.0
#define CHANCE_LEAST 0.02
/* Delays that vary by less than this part of the clock's precision do not vary. */
#define PRECISION_PART 0.5
/* Or queues on one way, */
#define ONE_WAY_SAMPLES 8
/* (with more samples than that looked for only at every so many of the learnings, for the time it
 * takes) */
#define ALWAYS_SAMPLES 32
#define SELDOM 3
#define ONE_WAY_EVIDENCE 4.0
/* with so much for each side that is chosen to fit, */
#define SIDE_EVIDENCE 1.0
/* and so much that speaks for one direction and not for the other. */
#define DIRECTION_EVIDENCE 4.0
/* The wander of a clock that is called steady. */
#define STEADY_WANDER 3e-9

static bool is_one_way(enum track_law law)
{
    return law == LAW_UPWARD || law == LAW_DOWNWARD || law == LAW_EITHER;
}

/* Which way sample i queued under the law: -1 to the source, 1 back. */
static int lean(const struct track *t, enum track_law law, size_t i)
{
    return law == LAW_UPWARD ? -1 : law == LAW_DOWNWARD ? 1 : law == LAW_EITHER ? t->side[i] : 0;
}

/* The points as they are under the law. */
static void apply(const struct track *t, enum track_law law, struct filter_point *points)
{
    memcpy(points, t->points, t->count * sizeof points[0]);
    if (law == LAW_STAMPS)
        filter_flatten(t->points, t->count, points);
    for (size_t i = 0; i < t->count; i++) {
        int way = lean(t, law, i);

        if (way == 0)
            continue;
        points[i].y_s += way * points[i].queue_s / 2.0;
        points[i].half_s = points[i].lean_half_s;
    }
}

/* The side on which the path of a steady oscillator through the boxes passes each by, where it is
 * near an edge. Returns how many have one: each is a freedom that has to be paid for. */
static int find_sides(struct track *t, const struct filter_prior *prior)
{
    struct filter_result steady = {
        .wander = STEADY_WANDER, .scale = 1.0, .slope_sd = prior->slope_sd};
    struct filter_path path;
    double residuals[TRACK_SAMPLES_MAX], slopes[TRACK_SAMPLES_MAX];
    int sides = 0;

    filter_run(t->points, t->count, prior->slope, &steady, &path);
    filter_residuals(t->points, t->count, &path, residuals, slopes);
    for (size_t i = 0; i < t->count; i++) {
        double queue = t->points[i].queue_s;

        t->side[i] =
            queue > 0.0 && fabs(residuals[i]) >= queue / 4.0 ? (residuals[i] > 0.0 ? -1 : 1) : 0;
        sides += t->side[i] != 0;
    }
    return sides;
}

/* What a less simple law has to explain better, in log likelihood. */
static double price(enum track_law law, int sides)
{
    if (law == LAW_STAMPS)
        return STAMPS_EVIDENCE;
    if (law == LAW_EITHER)
        return ONE_WAY_EVIDENCE + SIDE_EVIDENCE * sides;
    return is_one_way(law) ? ONE_WAY_EVIDENCE : 0.0;
}

/* Learns under the law. Returns what speaks for it. */
static double evidence(struct track *t, enum track_law law, const struct filter_prior *prior,
                       int sides)
{
    struct filter_prior p = *prior;
    struct filter_point points[TRACK_SAMPLES_MAX];
    struct filter_result *r = &t->learned[law];

    /* Samples whose errors have much in common agree with each other better than with the truth. */
    p.least_scale = law == LAW_QUEUES ? min_d(2.0 * t->standing, 1.0) : 0.0;
    apply(t, law, points);
    filter_learn(points, t->count, &p, r->scale, r);
    /* A queue on one way is a reason for errors only if it makes the clock no less steady. */
    if (is_one_way(law) && r->wander > max_d(STEADY_WANDER, max_d(t->learned[LAW_QUEUES].wander,
                                                                  t->learned[LAW_STAMPS].wander)))
        return -HUGE_VAL;
    return r->evidence - price(law, sides);
}

/* May it hold at all? */
static bool is_possible(const struct track *t, enum track_law law)
{
    if (law == LAW_QUEUES)
        return true;
    if (law == LAW_STAMPS)
        return t->count > STAMPS_SAMPLES &&
               t->usual_excess_s >= PRECISION_PART * t->settings.precision_s;
    return t->count > ONE_WAY_SAMPLES && !track_has_fixed_asymmetry(t) &&
           (law != LAW_EITHER || t->standing > 0.0);
}

/* That a short round trip is a good one, and one through a queue as often early as late, holds
 * where both ways queue alike. It does not where the link is loaded in one direction: then the
 * offset follows the delay, and a clock would have to wander a lot to do so by itself. Nor does it
 * where the time stamps themselves are the noise: then all samples are equal, and to prefer some is
 * to throw the others away. The evidence decides; without much of it queues are assumed. */
void track_choose_law(struct track *t, const struct filter_prior *prior)
{
    bool look = t->count <= ALWAYS_SAMPLES || is_one_way(t->law) || ++t->learnings % SELDOM == 0;
    int sides = look && is_possible(t, LAW_EITHER) ? find_sides(t, prior) : 0;
    double best = -HUGE_VAL;

    for (enum track_law law = LAW_QUEUES; law < TRACK_LAWS; law++) {
        double e;

        if (!is_possible(t, law) || (is_one_way(law) && !look))
            continue;
        e = evidence(t, law, prior, sides);
        if (law == LAW_QUEUES || e > best) {
            best = e;
            t->law = law;
        }
    }
    /* A queue that fills and a clock that is fast look alike, and so do the two directions. */
    if ((t->law == LAW_UPWARD || t->law == LAW_DOWNWARD) &&
        fabs(t->learned[LAW_UPWARD].evidence - t->learned[LAW_DOWNWARD].evidence) <
            DIRECTION_EVIDENCE)
        t->law = LAW_QUEUES;
    t->filter = t->learned[t->law];
}

/* The chance that not the chosen law holds but the other one of these two: both ways queue alike,
 * or the time stamps are the noise. */
static double other_chance(const struct track *t)
{
    double d = t->learned[LAW_STAMPS].evidence - t->learned[LAW_QUEUES].evidence - STAMPS_EVIDENCE;
    double stamps = 1.0 / (1.0 + exp(-clamp_d(d, -50.0, 50.0)));

    if ((t->law != LAW_QUEUES && t->law != LAW_STAMPS) || !is_possible(t, LAW_STAMPS))
        return 0.0;
    return t->law == LAW_STAMPS ? 1.0 - stamps : stamps;
}

/* Two distributions, the second with the chance b, become one normal distribution of the same mean
 * and variance. */
static void mix(struct filter_state *f, const struct filter_state *second, double b)
{
    double a = 1.0 - b, dx = second->x_s - f->x_s, ds = second->slope - f->slope;

    f->x_s += b * dx;
    f->slope += b * ds;
    f->var_x = a * f->var_x + b * second->var_x + a * b * dx * dx;
    f->cov = a * f->cov + b * second->cov + a * b * dx * ds;
    f->var_slope = a * f->var_slope + b * second->var_slope + a * b * ds * ds;
}

static void run(const struct track *t, enum track_law law, const struct filter_prior *prior,
                struct filter_point *points, struct filter_result *r, struct filter_path *path)
{
    if (law == LAW_STAMPS)
        filter_flatten(t->points, t->count, points);
    for (size_t i = 0; i < t->count; i++)
        points[i].lean = lean(t, law, i);
    filter_run(points, t->count, prior->slope, r, path);
}

void track_run_law(struct track *t, const struct filter_prior *prior, struct filter_path *path)
{
    enum track_law second = t->law == LAW_STAMPS ? LAW_QUEUES : LAW_STAMPS;
    struct filter_result other = t->learned[second];
    double chance = other_chance(t);

    if (chance > CHANCE_LEAST) {
        struct filter_point points[TRACK_SAMPLES_MAX];

        memcpy(points, t->points, t->count * sizeof points[0]);
        run(t, second, prior, points, &other, path);
    }
    run(t, t->law, prior, t->points, &t->filter, path);
    if (chance > CHANCE_LEAST)
        mix(&t->filter.state, &other.state, chance);
}
