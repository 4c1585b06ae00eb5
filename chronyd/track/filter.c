#include "chronyd/track/filter.h"

#include <math.h>

#include "base/defs.h"

/* Wander of the models, from a good ovenised crystal to a virtual machine on a busy host: half a
 * decade apart, which costs less than a per cent of accuracy between two of them. */
static const double model_wander[FILTER_MODELS] = {
    1e-11, 3.16e-11, 1e-10, 3.16e-10, 1e-9, 3.16e-9, 1e-8, 3.16e-8, 1e-7, 3.16e-7, 1e-6, 3.16e-6,
};

#define DECADE 2.302585093

/* Log of the prior weight. Crystals of ordinary computers lie near 1e-9; the others have to be
 * shown by the data, but two or three telling samples are enough. */
static const double model_prior[FILTER_MODELS] = {
    -4.0, -2.6, -1.3, -0.4, 0.0, -0.1, -0.4, -1.0, -1.6, -2.8, -4.0, -6.0,
};

/* Where the frequency is not known from before, it is this far off, with these odds. The last is
 * for a clock whose tick is wrong by per cents: the kernel can correct ten of them. */
#define PRIORS 4
static const double vague_factor[PRIORS] = {0.3, 1.0, 10.0, 600.0};
static const double vague_log_weight[PRIORS] = {-2.0, -0.5, -6.0, -10.0};

/* A box this narrow against what is known is as good as a normal error (half width, in standard
 * deviations), */
#define BOX_LEAST 0.7
/* and one this wide is no news. */
#define BOX_WIDE 5.0
/* So likely a point that seems to lean does not. */
#define UNLIKELY_SIDE 0.3
/* The belief that the points know their errors weighs as much as this many points. */
#define SCALE_PRIOR_POINTS 32.0
#define SCALE_YOUNG_POINTS 4.0
/* Beyond this many standard deviations an error neither pulls harder nor counts for more, */
#define GATE 3.0
/* (not for the first points: they meet the prior, which may well be wrong) */
#define UNGATED_POINTS 2
#define GATE_YOUNG 6.0
/* costs the model that did not expect it this much of its log likelihood, */
#define GATE_PENALTY 2.0
/* and after this many of the same sign in a row the source did jump. */
#define GATED_TO_JUMP 3
/* What subtracting nearly equal variances loses, of the larger one. */
#define ROUNDING 1e-15

/* The first predictions are less sure than they say. */
static double gate_at(size_t i)
{
    return i > UNGATED_POINTS ? GATE * (1.0 + GATE_YOUNG / ((double)i * (double)i)) : HUGE_VAL;
}

struct bank {
    double x[FILTER_MODELS], s[FILTER_MODELS];
    double pxx[FILTER_MODELS], pxs[FILTER_MODELS], pss[FILTER_MODELS];
    double sum[FILTER_MODELS];     /* of squared normalised errors, each up to the
                                      gate */
    double penalty[FILTER_MODELS]; /* log likelihood lost at the gate */
    double product[FILTER_MODELS]; /* of the predicted variances, in units of
                                      `unit` */
    double log_var[FILTER_MODELS]; /* the same of complete products, as a
                                      logarithm */
    int gated[FILTER_MODELS];      /* in a row; the sign is the sign of the errors */
    double unit;
    bool watch; /* any of `gated` is not zero */
};

double filter_point_var(const struct filter_point *p)
{
    return p->half_s * p->half_s / 3.0 + p->edge_s * p->edge_s;
}

struct filter_state filter_ahead(const struct filter_state *f, double wander, double dt_s)
{
    double q = wander * wander;
    double dt = fabs(dt_s);
    struct filter_state n;

    /* White noise in the frequency's change integrates to these covariances. */
    n.x_s = f->x_s + f->slope * dt_s;
    n.slope = f->slope;
    n.var_x = f->var_x + 2.0 * dt_s * f->cov + dt_s * dt_s * f->var_slope + q * dt * dt * dt / 3.0;
    n.cov = f->cov + dt_s * f->var_slope + q * dt * dt_s / 2.0;
    n.var_slope = f->var_slope + q * dt;
    return n;
}

static void bank_restart(struct bank *b, size_t m, double y, double var)
{
    b->x[m] = y;
    b->pxx[m] = var;
    b->pxs[m] = 0.0;
}

/* One model takes a point that is outside of the gate of some model. */
static void bank_update_gated(struct bank *b, size_t m, double y, double var, double e,
                              double total)
{
    double z2 = e * e / total, gain = 1.0, kx, ks;

    if (z2 > GATE * GATE) {
        int sign = e > 0.0 ? 1 : -1;

        b->gated[m] = b->gated[m] * sign > 0 ? b->gated[m] + sign : sign;
        b->penalty[m] += GATE_PENALTY + log(z2 / (GATE * GATE));
        if (b->gated[m] * sign >= GATED_TO_JUMP) {
            b->gated[m] = 0;
            bank_restart(b, m, y, var);
            return;
        }
        b->watch = true;
        gain = GATE / sqrt(z2); /* pulls as one at the gate would */
    } else {
        b->gated[m] = 0;
    }
    kx = b->pxx[m] / total * gain;
    ks = b->pxs[m] / total * gain;
    b->x[m] += kx * e;
    b->s[m] += ks * e;
    b->pss[m] -= ks * b->pxs[m];
    b->pxs[m] -= kx * b->pxs[m];
    b->pxx[m] -= kx * b->pxx[m];
}

/* Predict and update all models with one point. The loops are straight arithmetic over arrays,
 * so that compilers use the vector unit; the rare surprise goes the slow way. */
static void bank_step(struct bank *b, double dt, double y, double var, double gate2)
{
    double e[FILTER_MODELS], total[FILTER_MODELS], inverse[FILTER_MODELS], per_unit = 1.0 / b->unit;
    double worst = 0.0;

    for (size_t m = 0; m < FILTER_MODELS; m++) {
        double q = model_wander[m] * model_wander[m] * dt;
        double z2, t;

        b->x[m] += b->s[m] * dt;
        b->pxx[m] += dt * (2.0 * b->pxs[m] + dt * (b->pss[m] + q / 3.0));
        b->pxs[m] += dt * (b->pss[m] + q / 2.0);
        b->pss[m] += q;
        e[m] = y - b->x[m];
        total[m] = b->pxx[m] + var;
        inverse[m] = 1.0 / total[m];
        z2 = e[m] * e[m] * inverse[m];
        t = total[m] * per_unit;
        t = t < 1e15 ? t : 1e15;
        b->product[m] *= t > 1e-15 ? t : 1e-15;
        worst = z2 > worst ? z2 : worst;
        b->sum[m] += z2 < gate2 ? z2 : gate2;
    }
    if (worst > gate2 || b->watch) {
        b->watch = false;
        for (size_t m = 0; m < FILTER_MODELS; m++)
            bank_update_gated(b, m, y, var, e[m], total[m]);
        return;
    }
    for (size_t m = 0; m < FILTER_MODELS; m++) {
        double kx = b->pxx[m] * inverse[m], ks = b->pxs[m] * inverse[m];
        double least = ROUNDING * b->pss[m], pss = b->pss[m] - ks * b->pxs[m];

        b->x[m] += kx * e[m];
        b->s[m] += ks * e[m];
        b->pss[m] = pss > least ? pss : least;
        b->pxs[m] -= kx * b->pxs[m];
        b->pxx[m] -= kx * b->pxx[m];
    }
}

/* The offset begins anew, the frequency goes on; nothing is learned from such a point. */
static void bank_new_level(struct bank *b, double dt, double y, double var)
{
    for (size_t m = 0; m < FILTER_MODELS; m++) {
        b->gated[m] = 0;
        b->pss[m] += model_wander[m] * model_wander[m] * dt;
        bank_restart(b, m, y, var);
    }
}

static void bank_shift(struct bank *b, double var)
{
    for (size_t m = 0; m < FILTER_MODELS; m++)
        b->pxx[m] += var;
}

static void bank_fold(struct bank *b)
{
    for (size_t m = 0; m < FILTER_MODELS; m++) {
        b->log_var[m] += log(b->product[m]);
        b->product[m] = 1.0;
    }
}

static void bank_run(struct bank *b, const struct filter_point *points, size_t count, double slope,
                     double slope_sd, double scale)
{
    b->unit = scale * scale * filter_point_var(&points[count - 1]);
    b->watch = false;
    for (size_t m = 0; m < FILTER_MODELS; m++) {
        bank_restart(b, m, points[0].y_s, scale * scale * filter_point_var(&points[0]));
        b->s[m] = slope;
        b->pss[m] = slope_sd * slope_sd;
        b->sum[m] = b->log_var[m] = b->penalty[m] = 0.0;
        b->product[m] = 1.0;
        b->gated[m] = 0;
    }
    for (size_t i = 1; i < count; i++) {
        const struct filter_point *p = &points[i];
        double dt = p->t_s - points[i - 1].t_s, var = scale * scale * filter_point_var(p);

        if (p->shift_s > 0.0)
            bank_shift(b, p->shift_s * p->shift_s);
        if (p->new_level)
            bank_new_level(b, dt, p->y_s, var);
        else
            bank_step(b, dt, p->y_s, var, gate_at(i) * gate_at(i));
        if (i % 16 == 0)
            bank_fold(b);
    }
    bank_fold(b);
}

/* What the bank learned, summed over models and priors with the weights of their likelihoods. */
struct lesson {
    double weight, wander, var_scale, log_slope_sd;
    double model[FILTER_MODELS]; /* the weight of each */
    double best;                 /* largest log likelihood so far, the sums are relative to it */
};

static double scale_prior_points(double n, double scale)
{
    double settled = n / (n + SCALE_PRIOR_POINTS) / max_d(1.0, scale * scale / 4.0);

    return SCALE_YOUNG_POINTS + (SCALE_PRIOR_POINTS - SCALE_YOUNG_POINTS) * settled;
}

/* Stirling's series, good to four digits from 2 on; the library's writes a global variable. */
static double log_gamma(double x)
{
    return (x - 0.5) * log(x) - x + 0.918938533 + 1.0 / (12.0 * x);
}

/* What learn_from leaves out because all models of one call have it in common. */
static double common_evidence(double n, double scale)
{
    double prior_points = scale_prior_points(n, scale), dof = n + prior_points;

    return 0.5 * prior_points * log(prior_points / (scale * scale)) + log_gamma(dof / 2.0) -
           log_gamma(prior_points / 2.0) - 0.5 * dof * log(dof);
}

/* Weights from the likelihoods, with the common scale of the errors integrated out: a model's
 * predictions follow Student's law. */
static void learn_from(struct lesson *l, const struct bank *b, size_t predicted, double scale,
                       double slope_sd, double log_weight, double least_scale)
{
    double n = (double)predicted, prior_points = scale_prior_points(n, scale);
    double dof = prior_points + n;
    double log_unit = (double)predicted * log(b->unit);

    for (size_t m = 0; m < FILTER_MODELS; m++) {
        double var_scale = max_d((prior_points / (scale * scale) + b->sum[m]) / dof,
                                 least_scale * least_scale / (scale * scale));
        double loglik = log_weight + model_prior[m] - b->penalty[m] -
                        0.5 * (b->log_var[m] + log_unit + dof * log(var_scale));
        double w;

        if (loglik > l->best) {
            double f = exp(l->best - loglik);

            l->weight *= f;
            l->wander *= f;
            l->var_scale *= f;
            l->log_slope_sd *= f;
            for (size_t k = 0; k < FILTER_MODELS; k++)
                l->model[k] *= f;
            l->best = loglik;
        }
        w = exp(loglik - l->best);
        l->weight += w;
        l->model[m] += w;
        l->wander += w * model_wander[m];
        l->var_scale += w * var_scale;
        l->log_slope_sd += w * log(slope_sd);
    }
}

/* Each model stands for the quarters of a decade on both sides of it, all alike. */
static double wander_most(const struct lesson *l)
{
    double left = FILTER_MOST * l->weight;
    size_t m = FILTER_MODELS - 1;

    while (m > 0 && l->model[m] < left)
        left -= l->model[m--];
    return model_wander[m] * exp(DECADE / 4.0 - DECADE / 2.0 * min_d(left / l->model[m], 1.0));
}

void filter_learn(const struct filter_point *points, size_t count, const struct filter_prior *prior,
                  double scale, struct filter_result *out)
{
    size_t predicted = 0;

    for (size_t i = 1; i < count; i++)
        predicted += !points[i].new_level;
    /* The scale found is used for the next round; it settles at once unless the points were far
     * wrong about themselves. */
    for (int round = 0;; round++) {
        struct lesson l = {.best = -HUGE_VAL};

        for (size_t k = 0; k < PRIORS; k++) {
            double sd = prior->slope_sd * (prior->vague ? vague_factor[k] : 1.0);
            struct bank bank;

            bank_run(&bank, points, count, prior->slope, sd, scale);
            learn_from(&l, &bank, predicted, scale, sd, prior->vague ? vague_log_weight[k] : 0.0,
                       prior->least_scale);
            if (!prior->vague)
                break;
        }
        l.var_scale /= l.weight;
        out->wander = l.wander / l.weight;
        out->wander_most = wander_most(&l);
        out->slope_sd = exp(l.log_slope_sd / l.weight);
        out->scale = scale * sqrt(l.var_scale);
        out->evidence = l.best + log(l.weight) + common_evidence((double)predicted, scale);
        if (round == 3 || (l.var_scale > 0.2 && l.var_scale < 5.0))
            return;
        scale = out->scale;
    }
}

void filter_flatten(const struct filter_point *points, size_t count, struct filter_point *flat)
{
    double mean = 0.0;

    for (size_t i = 0; i < count; i++)
        mean += filter_point_var(&points[i]) / (double)count;
    for (size_t i = 0; i < count; i++) {
        flat[i] = points[i];
        flat[i].half_s = 0.0;
        flat[i].edge_s = sqrt(mean);
    }
}

/* --- the one filter --- */

/* What is left of the variances has to stay one of something: where points are far better than what
 * was known before, rounding alone may leave less than nothing. */
static void keep_positive(struct filter_state *f, const struct filter_state *before)
{
    f->var_x = max_d(f->var_x, ROUNDING * before->var_x);
    f->var_slope = max_d(f->var_slope, ROUNDING * before->var_slope);
    if (f->var_x > 0.0)
        f->var_slope = max_d(f->var_slope, f->cov * f->cov / f->var_x);
}

/* A point of ordinary error: Kalman's update, the pull of one outside of the gate limited.
 * Returns -1 or 1 if it was outside. */
static int take_plain(struct filter_state *f, double y, double var, double gate)
{
    const struct filter_state before = *f;
    double e = y - f->x_s, total = f->var_x + var;
    double z = fabs(e) / sqrt(total);
    double gain = z > gate ? gate / z : 1.0;
    double kx = f->var_x / total * gain, ks = f->cov / total * gain;

    f->x_s += kx * e;
    f->slope += ks * e;
    f->var_slope -= ks * f->cov;
    f->cov -= kx * f->cov;
    f->var_x -= kx * f->var_x;
    keep_positive(f, &before);
    return z <= gate ? 0 : e > 0.0 ? 1 : -1;
}

/* The normal density and the part of the distribution above z >= 0 (Abramowitz and Stegun
 * 26.2.17, within 1e-7): one exponential for both, and the same on every machine. */
static double normal_density(double z)
{
    return exp(-0.5 * z * z) * 0.398942280401432678;
}

static double normal_above(double z, double density)
{
    double t = 1.0 / (1.0 + 0.2316419 * z);

    return density * t *
           (0.319381530 +
            t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
}

/* What a point makes of the distribution of x, and how likely it was. */
struct marginal {
    double x_s, var, density;
};

static struct marginal meet_normal(const struct filter_state *f, double y, double var)
{
    double e = y - f->x_s, total = f->var_x + var;

    return (struct marginal){.x_s = f->x_s + f->var_x / total * e,
                             .var = f->var_x * var / total,
                             .density = normal_density(e / sqrt(total)) / sqrt(total)};
}

/* The distribution is cut to a box with soft edges: mean and variance of what is left. */
static struct marginal meet_box(const struct filter_state *f, double y, double half, double edge)
{
    double sd = sqrt(f->var_x + edge * edge);
    double low = (y - half - f->x_s) / sd, high = (y + half - f->x_s) / sd;
    double at_low = normal_density(low), at_high = normal_density(high);
    double inside = low > 0.0 ? normal_above(low, at_low) : 1.0 - normal_above(-low, at_low);
    double g, h;

    inside -= high > 0.0 ? normal_above(high, at_high) : 1.0 - normal_above(-high, at_high);
    /* First and second derivative of the logarithm of what is inside. */
    g = (at_low - at_high) / (inside * sd);
    h = max_d(g * g - (low * at_low - high * at_high) / (inside * sd * sd), 0.0);
    return (struct marginal){.x_s = f->x_s + f->var_x * g,
                             .var = f->var_x - f->var_x * f->var_x * h,
                             .density = inside / (2.0 * half)};
}

/* The normal distribution of this mean and variance of x goes on. */
static void become(struct filter_state *f, double x_s, double var)
{
    const struct filter_state before = *f;
    double per_x = f->cov / f->var_x;

    f->x_s = x_s;
    f->slope += per_x * (x_s - before.x_s);
    f->var_slope -= per_x * per_x * (before.var_x - var);
    f->cov = per_x * var;
    f->var_x = var;
    keep_positive(f, &before);
}

/* A point whose queue was probably on one way: near that edge of its box then, anywhere in it
 * otherwise. The mean and variance of both, by how likely they made it, go on. */
static void take_leaning(struct filter_state *f, const struct filter_point *p, double scale,
                         double half)
{
    double edge = scale * p->edge_s, narrow = scale * p->lean_half_s;
    struct marginal near =
        meet_normal(f, p->y_s + p->lean * p->queue_s / 2.0, narrow * narrow / 3.0 + edge * edge);
    struct marginal far = meet_box(f, p->y_s, half, edge);
    double a = (1.0 - UNLIKELY_SIDE) * near.density, b = UNLIKELY_SIDE * far.density;
    double apart = near.x_s - far.x_s;

    a /= a + b;
    b = 1.0 - a;
    become(f, a * near.x_s + b * far.x_s, a * near.var + b * far.var + a * b * apart * apart);
}

/* A point that is a box: the state's distribution is cut to the box (with soft edges), and the
 * normal one with the same mean and variance goes on. One that may be near its edge has to be as
 * wide as the delay says. */
static int take_box(struct filter_state *f, const struct filter_point *p, double scale, double gate)
{
    double half = (p->lean != 0 ? max_d(scale, 1.0) : scale) * p->half_s;
    double edge = scale * p->edge_s, sd = sqrt(f->var_x + edge * edge);
    double low = (p->y_s - half - f->x_s) / sd, high = (p->y_s + half - f->x_s) / sd;
    struct marginal m;

    if (half < BOX_LEAST * sd || low > GATE || high < -GATE)
        return take_plain(f, p->y_s, half * half / 3.0 + edge * edge, gate);
    if (p->lean != 0 && p->queue_s > 0.0) {
        take_leaning(f, p, scale, half);
        return 0;
    }
    if (low < -BOX_WIDE && high > BOX_WIDE)
        return 0; /* tells nothing that is not known */
    m = meet_box(f, p->y_s, half, edge);
    become(f, m.x_s, m.var);
    return 0;
}

static void restart(struct filter_state *f, double y, double var)
{
    f->x_s = y;
    f->var_x = var;
    f->cov = 0.0;
}

/* The states before and after each point are kept for the way back. Where errors of the same
 * sign turn out to be a jump, the new level begins with the first of them: the filter goes back
 * there once. */
void filter_run(const struct filter_point *points, size_t count, double slope,
                struct filter_result *r, struct filter_path *path)
{
    struct filter_state f = {.slope = slope, .var_slope = r->slope_sd * r->slope_sd};
    double scale = r->scale;
    int gated = 0;

    for (size_t i = 0; i < count; i++)
        path->jump[i] = i == 0 || points[i].new_level;
    for (size_t i = 0; i < count; i++) {
        const struct filter_point *p = &points[i];
        double var = scale * scale * filter_point_var(p);
        int side = 0;

        if (i > 0)
            f = filter_ahead(&path->after[i - 1], r->wander, p->t_s - points[i - 1].t_s);
        f.var_x += p->shift_s * p->shift_s;
        path->before[i] = f;
        if (path->jump[i])
            restart(&f, p->y_s, var);
        else
            side = take_box(&f, p, scale, gate_at(i));
        path->after[i] = f;
        gated = side == 0 ? 0 : gated * side > 0 ? gated + side : side;
        if (gated * side >= GATED_TO_JUMP) {
            gated = 0;
            i -= GATED_TO_JUMP - 1;
            path->jump[i--] = true;
        }
    }
    r->state = path->after[count - 1];
}

/* Rauch, Tung and Striebel: back from the newest point. Only the means are needed. */
void filter_residuals(const struct filter_point *points, size_t count,
                      const struct filter_path *path, double *residuals, double *slopes)
{
    struct filter_state smooth = path->after[count - 1];

    residuals[count - 1] = points[count - 1].y_s - smooth.x_s;
    slopes[count - 1] = smooth.slope;
    for (size_t i = count - 1; i-- > 0;) {
        const struct filter_state *a = &path->after[i], *b = &path->before[i + 1];
        double dt = points[i + 1].t_s - points[i].t_s;
        double det = b->var_x * b->var_slope - b->cov * b->cov;
        double dx = smooth.x_s - b->x_s, ds = smooth.slope - b->slope;

        smooth = *a;
        if (det > 0.0 && !path->jump[i + 1]) {
            double u = (b->var_slope * dx - b->cov * ds) / det;
            double v = (b->var_x * ds - b->cov * dx) / det;

            /* covariances of (x, slope) now with x and slope then */
            smooth.x_s += (a->var_x + dt * a->cov) * u + a->cov * v;
            smooth.slope += (a->cov + dt * a->var_slope) * u + a->var_slope * v;
        }
        residuals[i] = points[i].y_s - smooth.x_s;
        slopes[i] = smooth.slope;
    }
}
