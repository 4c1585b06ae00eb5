#include "chronyd/track/filter.h"

#include <math.h>

#include "base/defs.h"

/* Wander of the models, from a good ovenised crystal to a virtual machine on a busy host: half a
 * decade apart, which costs less than a per cent of accuracy between two of them. */
static const double model_wander[FILTER_MODELS] = {
    1e-11, 3.16e-11, 1e-10, 3.16e-10, 1e-9, 3.16e-9, 1e-8, 3.16e-8, 1e-7, 3.16e-7, 1e-6,
};

/* Log of the prior weight. Crystals of ordinary computers lie near 1e-9; the others have to be
 * shown by the data, but two or three telling samples are enough. */
static const double model_prior[FILTER_MODELS] = {
    -4.0, -2.6, -1.3, -0.4, 0.0, -0.1, -0.4, -1.0, -1.6, -2.8, -4.0,
};

/* The belief that the points' standard deviations are right weighs as much as this many points. */
#define SCALE_PRIOR_POINTS 4.0
/* Beyond this many standard deviations an error neither pulls harder nor counts for more, */
#define GATE 3.0
/* and after this many of the same sign in a row the source did jump. */
#define GATED_TO_JUMP 3

struct bank {
    double x[FILTER_MODELS], s[FILTER_MODELS];
    double pxx[FILTER_MODELS], pxs[FILTER_MODELS], pss[FILTER_MODELS];
    double sum[FILTER_MODELS];     /* of squared normalised errors, each up to the gate */
    double log_var[FILTER_MODELS]; /* of the predictions */
    int gated[FILTER_MODELS];      /* in a row; the sign is the sign of the errors */
};

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

static void bank_restart(struct bank *b, size_t m, const struct filter_point *p, double var)
{
    b->x[m] = p->y_s;
    b->pxx[m] = var;
    b->pxs[m] = 0.0;
}

static void bank_predict(struct bank *b, double dt)
{
    for (size_t m = 0; m < FILTER_MODELS; m++) {
        double q = model_wander[m] * model_wander[m];

        b->x[m] += b->s[m] * dt;
        b->pxx[m] += dt * (2.0 * b->pxs[m] + dt * (b->pss[m] + q * dt / 3.0));
        b->pxs[m] += dt * (b->pss[m] + q * dt / 2.0);
        b->pss[m] += q * dt;
    }
}

/* One model takes one point. Returns false if it has seen enough to believe in a jump. */
static void bank_update(struct bank *b, size_t m, const struct filter_point *p, double var)
{
    double e = p->y_s - b->x[m];
    double total = b->pxx[m] + var;
    double z = fabs(e) / sqrt(total);

    b->log_var[m] += log(total);
    b->sum[m] += min_d(z * z, GATE * GATE);
    if (z > GATE) {
        int sign = e > 0.0 ? 1 : -1;

        b->gated[m] = b->gated[m] * sign > 0 ? b->gated[m] + sign : sign;
        if (b->gated[m] * sign >= GATED_TO_JUMP) {
            b->gated[m] = 0;
            bank_restart(b, m, p, var);
            return;
        }
        var = max_d(var, fabs(e) * sqrt(total) / GATE - b->pxx[m]);
        total = b->pxx[m] + var;
    } else {
        b->gated[m] = 0;
    }

    double kx = b->pxx[m] / total, ks = b->pxs[m] / total;

    b->x[m] += kx * e;
    b->s[m] += ks * e;
    b->pss[m] -= ks * b->pxs[m];
    b->pxs[m] -= kx * b->pxs[m];
    b->pxx[m] = kx * var;
}

static void bank_run(struct bank *b, const struct filter_point *points, size_t count,
                     const struct filter_prior *prior, double scale)
{
    for (size_t m = 0; m < FILTER_MODELS; m++) {
        bank_restart(b, m, &points[0], scale * scale * points[0].sd_s * points[0].sd_s);
        b->s[m] = prior->slope;
        b->pss[m] = prior->slope_sd * prior->slope_sd;
        b->sum[m] = b->log_var[m] = 0.0;
        b->gated[m] = 0;
    }
    for (size_t i = 1; i < count; i++) {
        const struct filter_point *p = &points[i];
        double var = scale * scale * p->sd_s * p->sd_s;

        bank_predict(b, p->t_s - points[i - 1].t_s);
        for (size_t m = 0; m < FILTER_MODELS; m++) {
            if (p->new_level)
                bank_restart(b, m, p, var);
            else
                bank_update(b, m, p, var);
        }
    }
}

/* Weights from the likelihoods, with the common scale of the errors integrated out: a model's
 * predictions follow Student's law. */
static void weigh_models(const struct bank *b, size_t predicted, double scale, double *var_scale,
                         double *weight)
{
    double dof = SCALE_PRIOR_POINTS + (double)predicted;
    double loglik[FILTER_MODELS], best = -HUGE_VAL, total = 0.0;

    for (size_t m = 0; m < FILTER_MODELS; m++) {
        var_scale[m] = (SCALE_PRIOR_POINTS / (scale * scale) + b->sum[m]) / dof;
        loglik[m] = model_prior[m] - 0.5 * (b->log_var[m] + dof * log(var_scale[m]));
        best = max_d(best, loglik[m]);
    }
    for (size_t m = 0; m < FILTER_MODELS; m++) {
        weight[m] = exp(loglik[m] - best);
        total += weight[m];
    }
    for (size_t m = 0; m < FILTER_MODELS; m++)
        weight[m] /= total;
}

/* Mean and spread of the whole bank. */
static void mix_models(const struct bank *b, const double *var_scale, struct filter_result *out)
{
    struct filter_state *f = &out->state;
    double var_wander = 0.0;

    *f = (struct filter_state){0};
    out->best = 0;
    for (size_t m = 0; m < FILTER_MODELS; m++) {
        f->x_s += out->weight[m] * b->x[m];
        f->slope += out->weight[m] * b->s[m];
        var_wander += out->weight[m] * var_scale[m] * model_wander[m] * model_wander[m];
        if (out->weight[m] > out->weight[out->best])
            out->best = m;
    }
    for (size_t m = 0; m < FILTER_MODELS; m++) {
        double dx = b->x[m] - f->x_s, ds = b->s[m] - f->slope;

        f->var_x += out->weight[m] * (var_scale[m] * b->pxx[m] + dx * dx);
        f->cov += out->weight[m] * (var_scale[m] * b->pxs[m] + dx * ds);
        f->var_slope += out->weight[m] * (var_scale[m] * b->pss[m] + ds * ds);
    }
    out->wander = sqrt(var_wander);
}

void filter_run(const struct filter_point *points, size_t count, const struct filter_prior *prior,
                double scale, struct filter_result *out)
{
    struct bank bank;
    double var_scale[FILTER_MODELS];

    /* The scale found is used for the next round; it settles at once unless the points were far
     * wrong about themselves. */
    for (int round = 0;; round++) {
        size_t predicted = 0;
        double mean = 0.0;

        bank_run(&bank, points, count, prior, scale);
        for (size_t i = 1; i < count; i++)
            predicted += !points[i].new_level;
        weigh_models(&bank, predicted, scale, var_scale, out->weight);
        for (size_t m = 0; m < FILTER_MODELS; m++)
            mean += out->weight[m] * var_scale[m];
        if (round == 3 || (mean > 0.25 && mean < 4.0)) {
            out->scale = scale * sqrt(mean);
            break;
        }
        scale *= sqrt(mean);
    }
    mix_models(&bank, var_scale, out);
}

void filter_residuals(const struct filter_point *points, size_t count,
                      const struct filter_prior *prior, const struct filter_result *result,
                      double *residuals)
{
    struct filter_state before[FILTER_POINTS_MAX], after[FILTER_POINTS_MAX], smooth;
    double wander = model_wander[result->best];

    for (size_t i = 0; i < count; i++) {
        double var = result->scale * result->scale * points[i].sd_s * points[i].sd_s;

        if (i == 0)
            before[0] = (struct filter_state){.slope = prior->slope,
                                              .var_slope = prior->slope_sd * prior->slope_sd};
        else
            before[i] = filter_ahead(&after[i - 1], wander, points[i].t_s - points[i - 1].t_s);
        after[i] = before[i];
        if (i == 0 || points[i].new_level) {
            after[i].x_s = points[i].y_s;
            after[i].var_x = var;
            after[i].cov = 0.0;
            continue;
        }

        double e = points[i].y_s - before[i].x_s, total = before[i].var_x + var;

        total = max_d(total, fabs(e) * sqrt(total) / GATE);

        double kx = before[i].var_x / total, ks = before[i].cov / total;

        after[i].x_s += kx * e;
        after[i].slope += ks * e;
        after[i].var_slope -= ks * before[i].cov;
        after[i].cov -= kx * before[i].cov;
        after[i].var_x -= kx * before[i].var_x;
    }
    /* Rauch, Tung and Striebel: back from the newest point. Only the means are needed. */
    smooth = after[count - 1];
    residuals[count - 1] = points[count - 1].y_s - smooth.x_s;
    for (size_t i = count - 1; i-- > 0;) {
        const struct filter_state *a = &after[i], *b = &before[i + 1];
        double dt = points[i + 1].t_s - points[i].t_s;
        double det = b->var_x * b->var_slope - b->cov * b->cov;
        double dx = smooth.x_s - b->x_s, ds = smooth.slope - b->slope;
        double c0 = a->var_x + dt * a->cov; /* covariances of (x, slope) now with x then */
        double c1 = a->cov + dt * a->var_slope;

        if (points[i + 1].new_level)
            dx = det = 0.0;
        smooth = *a;
        if (det > 0.0) {
            double u = (b->var_slope * dx - b->cov * ds) / det;
            double v = (b->var_x * ds - b->cov * dx) / det;

            smooth.x_s += c0 * u + a->cov * v;
            smooth.slope += c1 * u + a->var_slope * v;
        }
        residuals[i] = points[i].y_s - smooth.x_s;
    }
}
