/* scenario_link.c - what a scenario says about the network. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "test/simulation/run.h"

/* What a law changes; the words are read once and applied to every link in scope. */
struct way_change {
    bool has_delay, extends_delay;
    struct delay_law delay;
    double loss, duplicate, reorder, reorder_s, burst_enter, burst_leave;
    double mtu;
    int down, unreachable, fifo; /* -1: not said */
};

static bool read_chance(struct tokens *t, const char *what, double *out)
{
    if (!tokens_value(t, what, out))
        return false;
    return (*out >= 0.0 && *out <= 1.0) || tokens_fail(t, "a chance is between 0 and 1");
}

static bool read_way_word(struct tokens *t, struct way_change *c, const char *word)
{
    if (strcmp(word, "loss") == 0)
        return read_chance(t, word, &c->loss);
    if (strcmp(word, "duplicate") == 0)
        return read_chance(t, word, &c->duplicate);
    if (strcmp(word, "reorder") == 0)
        return read_chance(t, word, &c->reorder) &&
               tokens_between(t, "the extra delay", 0.0, 1e6, &c->reorder_s);
    if (strcmp(word, "burst") == 0)
        return read_chance(t, "the chance to enter", &c->burst_enter) &&
               read_chance(t, "the chance to leave", &c->burst_leave);
    if (strcmp(word, "mtu") == 0)
        return tokens_between(t, word, 0.0, 65536.0, &c->mtu);
    if (strcmp(word, "fifo") == 0)
        c->fifo = 1;
    else if (strcmp(word, "cut") == 0)
        c->down = 1;
    else if (strcmp(word, "join") == 0)
        c->down = c->unreachable = 0;
    else if (strcmp(word, "unreachable") == 0)
        c->unreachable = 1;
    else
        return tokens_fail(t, "a link has no \"%s\"", word);
    return true;
}

static bool read_change(struct tokens *t, struct way_change *c)
{
    *c = (struct way_change){.loss = -1,
                             .duplicate = -1,
                             .reorder = -1,
                             .burst_enter = -1,
                             .mtu = -1,
                             .down = -1,
                             .unreachable = -1,
                             .fifo = -1};
    while (tokens_left(t)) {
        bool starts = strcmp(tokens_peek(t), "delay") == 0, any;

        if (!delay_read(t, &c->delay, &any))
            return false;
        if (any) {
            c->has_delay |= starts;
            c->extends_delay |= !starts;
            continue;
        }
        if (!read_way_word(t, c, tokens_take(t)))
            return false;
    }
    return true;
}

static void apply(const struct way_change *c, struct direction *d)
{
    if (c->has_delay)
        d->delay = c->delay;
    else if (c->extends_delay) {
        d->delay.count = c->delay.count;
        memcpy(d->delay.parts, c->delay.parts, sizeof(c->delay.parts));
    }
    if (c->loss >= 0)
        d->loss = c->loss;
    if (c->duplicate >= 0)
        d->duplicate = c->duplicate;
    if (c->reorder >= 0) {
        d->reorder = c->reorder;
        d->reorder_s = c->reorder_s;
    }
    if (c->burst_enter >= 0) {
        d->burst_enter = c->burst_enter;
        d->burst_leave = c->burst_leave;
        d->in_burst = false;
    }
    if (c->mtu >= 0)
        d->mtu = (size_t)c->mtu;
    if (c->fifo >= 0)
        d->fifo = c->fifo;
    if (c->down >= 0)
        d->down = c->down;
    if (c->unreachable >= 0)
        d->unreachable = c->unreachable;
}

enum ways { WAY_UP = 1, WAY_DOWN = 2, WAY_BOTH = 3 };

static enum ways read_ways(struct tokens *t)
{
    if (tokens_accept(t, "up"))
        return WAY_UP;
    if (tokens_accept(t, "down"))
        return WAY_DOWN;
    return WAY_BOTH;
}

/* `up` is from the first name to the second one. */
static void apply_ways(const struct way_change *c, struct link *l, const struct node *first,
                       enum ways ways)
{
    struct direction *up = link_direction(l, first);
    struct direction *down = up == &l->way[0] ? &l->way[1] : &l->way[0];

    if (ways & WAY_UP)
        apply(c, up);
    if (ways & WAY_DOWN)
        apply(c, down);
}

static bool read_between(struct run *r, struct tokens *t, struct node **a, size_t a_count,
                         struct node **b, size_t b_count)
{
    enum ways ways = read_ways(t);
    struct way_change change;

    if (!read_change(t, &change))
        return false;
    free(r->link_scope);
    r->link_scope = calloc(a_count * b_count, sizeof(struct link *));
    free(r->scope);
    r->scope = calloc(a_count * b_count, sizeof(struct node *));
    assert(r->link_scope && r->scope);
    r->link_scope_count = 0;
    for (size_t i = 0; i < a_count; i++) {
        for (size_t k = 0; k < b_count; k++) {
            struct link *l;

            if (a[i] == b[k])
                continue;
            l = network_link(r->world, a[i], b[k]);
            apply_ways(&change, l, a[i], ways);
            r->scope[r->link_scope_count] = a[i];
            r->link_scope[r->link_scope_count++] = l;
        }
    }
    r->scope_count = r->link_scope_count;
    return r->link_scope_count > 0 || tokens_fail(t, "a link has two ends");
}

bool read_link(struct run *r, struct tokens *t)
{
    struct node **a, **b;
    size_t a_count, b_count;
    bool good;

    if (!run_nodes(r, t, &a, &a_count))
        return false;
    if (!run_nodes(r, t, &b, &b_count)) {
        free(a);
        return false;
    }
    good = read_between(r, t, a, a_count, b, b_count);
    free(a);
    free(b);
    return good;
}

bool read_link_part(struct run *r, struct tokens *t)
{
    enum ways ways = read_ways(t);
    struct way_change change;

    if (!read_change(t, &change))
        return false;
    for (size_t i = 0; i < r->link_scope_count; i++)
        apply_ways(&change, r->link_scope[i], r->scope[i], ways);
    return true;
}
