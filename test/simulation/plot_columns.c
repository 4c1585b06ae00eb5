/* plot_columns.c - the worst moment of each pixel column, and quantiles for the scales. */
#include "test/simulation/plot_columns.h"

#include <math.h>

#include "test/simulation/plot_paper.h"

bool plot_outside(const struct plot_row *r)
{
    return !r->asleep && r->bound_s >= 0.0 && fabs(r->error_s) > r->bound_s;
}

enum plot_condition plot_condition(const struct plot_row *r)
{
    return r->asleep ? ASLEEP : r->bound_s < 0.0 ? UNANNOUNCED : ANNOUNCED;
}

/* Is this moment worse for us than that one? Both are of the same condition. */
static bool worse(const struct plot_row *a, const struct plot_row *b)
{
    if (a->bound_s < 0.0)
        return fabs(a->error_s) > fabs(b->error_s);
    return fabs(a->error_s) * (b->bound_s + 1e-12) > fabs(b->error_s) * (a->bound_s + 1e-12);
}

static void into_column(struct plot_column *c, const struct plot_row *r)
{
    enum plot_condition condition = plot_condition(r);

    if (condition > c->condition)
        return;
    if (condition < c->condition) {
        c->condition = condition;
        c->worst = r;
        c->error_lo = c->error_hi = r->error_s;
        c->freq_lo = c->freq_hi = r->freq;
    }
    if (worse(r, c->worst))
        c->worst = r;
    c->error_lo = fmin(c->error_lo, r->error_s);
    c->error_hi = fmax(c->error_hi, r->error_s);
    c->freq_lo = fmin(c->freq_lo, r->freq);
    c->freq_hi = fmax(c->freq_hi, r->freq);
}

bool plot_next_column(double duration_s, const struct plot_series *s, struct plot_column *c)
{
    size_t i = c->first + c->count;
    const struct plot_row *r;

    if (i >= s->count)
        return false;
    r = &s->rows[i];
    *c = (struct plot_column){.first = i, .worst = r, .condition = plot_condition(r)};
    c->x = (int)paper_x(duration_s, r->at_s);
    c->error_lo = c->error_hi = r->error_s;
    c->freq_lo = c->freq_hi = r->freq;
    for (; i < s->count && (int)paper_x(duration_s, s->rows[i].at_s) == c->x; i++) {
        into_column(c, &s->rows[i]);
        c->count++;
    }
    return true;
}

/* < 0: does not count */
static double quantity(const struct plot_row *r, enum plot_quantity what)
{
    if (r->asleep)
        return -1.0;
    if (what == SIZE_OF_BOUND)
        return r->bound_s < 1e6 ? r->bound_s : -1.0;
    return fabs(what == SIZE_OF_FREQ ? r->freq : r->error_s);
}

/* By a histogram of logarithms. */
double plot_quantile(const struct plot_series *series, size_t count, enum plot_quantity what,
                     double part)
{
    size_t bins[600] = {0}, total = 0, seen = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < series[i].count; k++) {
            double v = quantity(&series[i].rows[k], what), place;

            if (v < 0.0)
                continue;
            place = 320.0 + 20.0 * log10(v > 1e-15 ? v : 1e-15);
            bins[(size_t)(place < 0.0 ? 0.0 : place > 599.0 ? 599.0 : place)]++;
            total++;
        }
    }
    for (size_t b = 0; b < 600; b++) {
        seen += bins[b];
        if (seen > 0 && (double)seen >= part * (double)total)
            return pow(10.0, ((double)b + 1.0 - 320.0) / 20.0);
    }
    return 0.0;
}
