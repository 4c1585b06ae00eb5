/* actions.c - what can happen at a time that a scenario tells. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "test/simulation/ask.h"
#include "test/simulation/hosts.h"
#include "test/simulation/run.h"

static bool do_start(struct run *r, struct node *n, struct tokens *t)
{
    (void)r;
    node_start(n);
    return tokens_end(t);
}

static bool do_stop(struct run *r, struct node *n, struct tokens *t)
{
    (void)r;
    node_stop(n);
    return tokens_end(t);
}

static bool do_crash(struct run *r, struct node *n, struct tokens *t)
{
    long events;

    (void)r;
    if (!tokens_accept(t, "after")) {
        node_crash(n);
        return tokens_end(t);
    }
    if (!tokens_count(t, "the number of events", &events))
        return false;
    node_crash_after(n, events);
    return tokens_end(t);
}

static bool do_restart(struct run *r, struct node *n, struct tokens *t)
{
    (void)r;
    node_stop(n);
    node_start(n);
    return tokens_end(t);
}

static bool do_suspend(struct run *r, struct node *n, struct tokens *t)
{
    struct halt_law law = {.suspend = true};

    (void)r;
    if (!tokens_between(t, "the duration", 0.0, TIME_MAX_S, &law.duration_s) ||
        (tokens_accept(t, "error") && !tokens_value(t, "the error", &law.error_s)))
        return false;
    law.by_rtc = tokens_accept(t, "rtc");
    if (law.by_rtc && !n->rtc.present)
        return tokens_fail(t, "%s has no real-time clock", n->name);
    node_halt(n, &law);
    return tokens_end(t);
}

static bool do_pause(struct run *r, struct node *n, struct tokens *t)
{
    struct halt_law law = {.clock_runs = true};

    (void)r;
    if (!tokens_between(t, "the duration", 0.0, TIME_MAX_S, &law.duration_s))
        return false;
    if (tokens_accept(t, "stopped"))
        law.clock_runs = false;
    node_halt(n, &law);
    return tokens_end(t);
}

/* To another machine: the clocks stand still on the way, and then count other beats. */
static bool do_migrate(struct run *r, struct node *n, struct tokens *t)
{
    struct halt_law law = {.clock_runs = false};

    (void)r;
    if (!tokens_between(t, "the duration", 0.0, TIME_MAX_S, &law.duration_s) ||
        (tokens_accept(t, "freq") && !tokens_value(t, "the change", &law.freq_change)) ||
        (tokens_accept(t, "step") && !tokens_value(t, "the step", &law.step_s)))
        return false;
    node_halt(n, &law);
    return tokens_end(t);
}

static bool do_warm(struct run *r, struct node *n, struct tokens *t)
{
    double v;

    if (!tokens_value(t, "the degrees", &v))
        return false;
    simclock_warm(&n->clock, r->world->now_ns, v);
    n->counts.disturbed_ns = r->world->now_ns;
    node_rearm(n);
    return tokens_end(t);
}

static bool do_step(struct run *r, struct node *n, struct tokens *t)
{
    double v;

    (void)r;
    if (!tokens_value(t, "the step", &v))
        return false;
    node_foreign_step(n, v, tokens_accept(t, "silent"));
    return tokens_end(t);
}

static bool do_steer(struct run *r, struct node *n, struct tokens *t)
{
    double v;

    (void)r;
    if (!tokens_value(t, "the change of rate", &v))
        return false;
    node_foreign_rate(n, v);
    return tokens_end(t);
}

static bool do_freq(struct run *r, struct node *n, struct tokens *t)
{
    double v;

    if (!tokens_value(t, "the change of frequency", &v))
        return false;
    simclock_change_freq(&n->clock, r->world->now_ns, v);
    n->counts.disturbed_ns = r->world->now_ns;
    node_rearm(n);
    return tokens_end(t);
}

static bool do_disk(struct run *r, struct node *n, struct tokens *t)
{
    struct disk *d = &n->disk;

    (void)r;
    if (tokens_accept(t, "full"))
        d->full = true;
    else if (tokens_accept(t, "readonly"))
        d->read_only = true;
    else if (tokens_accept(t, "fail"))
        return tokens_count(t, "the number of writes", &d->fail_after) && tokens_end(t);
    else if (tokens_accept(t, "tear"))
        return tokens_count(t, "the number of writes", &d->crash_after) && tokens_end(t);
    else if (tokens_accept(t, "ok")) {
        d->full = d->read_only = false;
        d->fail_after = d->crash_after = -1;
    } else
        return tokens_expected(t, "full, readonly, fail, tear or ok");
    return tokens_end(t);
}

/* `conf NODE add LINE`, `conf NODE drop LINE`: an editor is at work; nobody reads it yet. */
static bool do_conf(struct run *r, struct node *n, struct tokens *t)
{
    char line[1024];
    bool add = tokens_accept(t, "add");

    if (!add && !tokens_accept(t, "drop"))
        return tokens_expected(t, "add or drop");
    if (!tokens_left(t))
        return tokens_expected(t, "the line");
    if (!read_conf_line(r, t, line, sizeof(line)))
        return false;
    if (add)
        node_add_conf(n, line);
    else if (!node_drop_conf(n, line))
        return tokens_fail(t, "there is no such line");
    return true;
}

static bool do_rebind(struct run *r, struct node *n, struct tokens *t)
{
    (void)r;
    n->nat_generation++;
    return tokens_end(t);
}

static bool do_law(struct run *r, struct node *n, struct tokens *t)
{
    (void)r;
    if (!n->host)
        return tokens_fail(t, "%s is no scripted host", n->name);
    return read_host_law(t, host_law(n));
}

static bool do_network(struct run *r, struct node *n, struct tokens *t)
{
    static const struct event changed = {.type = EVENT_NETWORK};

    n->counts.prodded_ns = r->world->now_ns;
    node_give(n, &changed, NULL);
    return tokens_end(t);
}

static bool do_clockset(struct run *r, struct node *n, struct tokens *t)
{
    static const struct event set = {.type = EVENT_CLOCK_SET};

    (void)r;
    node_give(n, &set, NULL);
    return tokens_end(t);
}

static bool do_chronyc(struct run *r, struct node *n, struct tokens *t)
{
    n->counts.orders++;
    n->counts.prodded_ns = r->world->now_ns;
    return ask_command(n, t);
}

static const struct {
    const char *word;
    bool (*act)(struct run *r, struct node *n, struct tokens *t);
} actions[] = {
    {"start", do_start},     {"stop", do_stop},         {"crash", do_crash},
    {"restart", do_restart}, {"suspend", do_suspend},   {"pause", do_pause},
    {"step", do_step},       {"steer", do_steer},       {"freq", do_freq},
    {"disk", do_disk},       {"file", read_file},       {"rebind", do_rebind},
    {"law", do_law},         {"network", do_network},   {"clockset", do_clockset},
    {"chronyc", do_chronyc}, {"conf", do_conf},         {"migrate", do_migrate},
    {"warm", do_warm},       {"options", read_options}, {"refclock", read_refclock},
    {"rtc", read_rtc},
};

/* Statements that may also happen later. */
static const char *const late_statements[] = {"link", "dns", "leap", "icmp"};

bool is_action(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        if (strcmp(actions[i].word, word) == 0)
            return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(late_statements); i++) {
        if (strcmp(late_statements[i], word) == 0)
            return true;
    }
    return false;
}

static bool act_on_all(struct run *r, struct tokens *t,
                       bool (*act)(struct run *r, struct node *n, struct tokens *t))
{
    struct node **list;
    size_t count;
    int again;
    bool good = true;

    if (!run_nodes(r, t, &list, &count))
        return false;
    again = t->next;
    for (size_t i = 0; i < count && good; i++) {
        t->next = again;
        good = act(r, list[i], t);
    }
    free(list);
    return good;
}

bool do_action(struct run *r, struct tokens *t)
{
    const char *word = tokens_peek(t);

    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        if (strcmp(actions[i].word, word) == 0) {
            tokens_take(t);
            return act_on_all(r, t, actions[i].act);
        }
    }
    t->indented = false;
    return read_statement(r, t);
}
