/* delay.c - see delay.h. */
#include "test/simulation/delay.h"

#include <math.h>
#include <string.h>

static double draw_part(const struct delay_part *p, struct rng *r, int64_t now_ns)
{
    double x, phase;

    switch (p->kind) {
    case DELAY_NORMAL:
        return p->a * rng_normal(r);
    case DELAY_EXPONENTIAL:
        return p->a * rng_exponential(r);
    case DELAY_GAMMA:
        return p->a * rng_gamma(r, p->b) / p->b;
    case DELAY_PRODUCT:
        x = p->a;
        for (int i = 0; i < (int)p->b; i++)
            x *= rng_exponential(r);
        return x;
    case DELAY_UNIFORM:
        return p->a * rng_unit(r);
    case DELAY_PARETO:
        return p->a * (pow(rng_unit(r), -1.0 / p->b) - 1.0);
    case DELAY_BLOAT:
        /* A queue that fills in the first half of the period and drains in the second. */
        phase = fmod((double)now_ns * 1e-9, p->b) / p->b;
        return p->a * (phase < 0.5 ? 2.0 * phase : 2.0 - 2.0 * phase);
    }
    return 0.0;
}

double delay_draw(const struct delay_law *law, struct rng *r, int64_t now_ns)
{
    double s = law->base_s;

    for (size_t i = 0; i < law->count; i++)
        s += draw_part(&law->parts[i], r, now_ns);
    return s > 0.0 ? s : 0.0;
}

/* --- as text --- */

static const struct {
    const char *name;
    enum delay_kind kind;
    bool second;
} delay_words[] = {
    {"normal", DELAY_NORMAL, false},   {"exp", DELAY_EXPONENTIAL, false},
    {"gamma", DELAY_GAMMA, true},      {"product", DELAY_PRODUCT, true},
    {"uniform", DELAY_UNIFORM, false}, {"bloat", DELAY_BLOAT, true},
    {"pareto", DELAY_PARETO, true},
};

bool delay_read(struct tokens *t, struct delay_law *law, bool *any)
{
    *any = false;
    if (tokens_accept(t, "delay")) {
        *law = (struct delay_law){0};
        *any = true;
        if (!tokens_between(t, "the delay", 0.0, 1e6, &law->base_s))
            return false;
    }
    for (;;) {
        struct delay_part part = {.a = 0.0};
        size_t i = 0;

        while (i < ARRAY_LEN(delay_words) &&
               (!tokens_left(t) || strcmp(tokens_peek(t), delay_words[i].name) != 0))
            i++;
        if (i == ARRAY_LEN(delay_words))
            return true;
        tokens_take(t);
        *any = true;
        part.kind = delay_words[i].kind;
        if (!tokens_between(t, delay_words[i].name, 0.0, 1e6, &part.a) ||
            (delay_words[i].second && !tokens_value(t, "the second figure", &part.b)))
            return false;
        if (delay_words[i].second && part.b <= 0.0)
            return tokens_fail(t, "the second figure has to be positive");
        if (law->count == DELAY_PARTS_MAX)
            return tokens_fail(t, "a delay has at most %d random parts", DELAY_PARTS_MAX);
        law->parts[law->count++] = part;
    }
}
