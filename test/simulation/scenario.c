/* scenario.c - the statements of a scenario and the run that they make. Grammar: doc/simulation. */
#include <assert.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "test/simulation/hosts.h"
#include "test/simulation/recorder.h"
#include "test/simulation/run.h"

#define NODES_MAX 100000

/* A line further down may describe it, so tell where to look. */
bool no_node(struct tokens *t, const char *name)
{
    return tokens_fail(t, "there is no node \"%s\" (so far: describe nodes before naming them)",
                       name);
}

bool run_nodes(struct run *r, struct tokens *t, struct node ***list, size_t *count)
{
    struct world *w = r->world;
    const char *pattern;
    bool exact;

    *list = NULL;
    *count = 0;
    if (!tokens_word(t, "a node", &pattern))
        return false;
    exact = strpbrk(pattern, "*?[") == NULL;
    *list = calloc(exact ? 1 : w->node_count + 1, sizeof(struct node *));
    assert(*list);
    if (exact) {
        (*list)[0] = world_node(w, pattern);
        *count = (*list)[0] ? 1 : 0;
    } else {
        for (size_t i = 0; i < w->node_count; i++) {
            if (fnmatch(pattern, w->nodes[i]->name, 0) == 0)
                (*list)[(*count)++] = w->nodes[i];
        }
    }
    if (*count > 0)
        return true;
    free(*list);
    *list = NULL;
    return no_node(t, pattern);
}

bool run_node(struct run *r, struct tokens *t, struct node **out)
{
    const char *name;

    if (!tokens_word(t, "a node", &name))
        return false;
    *out = world_node(r->world, name);
    return *out || no_node(t, name);
}

static bool is_date(const int part[6])
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap_year = part[0] % 4 == 0 && (part[0] % 100 != 0 || part[0] % 400 == 0);

    return part[0] >= 1970 && part[0] <= 2200 && part[1] >= 1 && part[1] <= 12 && part[2] >= 1 &&
           part[2] <= month_days[part[1] - 1] + (part[1] == 2 && leap_year) && part[3] >= 0 &&
           part[3] < 24 && part[4] >= 0 && part[4] < 60 && part[5] >= 0 && part[5] < 60;
}

bool read_date(struct tokens *t, struct utc *out)
{
    const char *word;
    int part[6] = {0}, used = 0;

    if (!tokens_word(t, "a date", &word))
        return false;
    if (sscanf(word, "%d-%d-%dT%d:%d:%d%n", &part[0], &part[1], &part[2], &part[3], &part[4],
               &part[5], &used) != 6 ||
        word[used] != '\0' || !is_date(part))
        return tokens_fail(t, "\"%s\" is no date like 2026-06-30T23:00:00", word);
    out->ns = (days_from_civil(part[0], part[1], part[2]) * 86400 + part[3] * 3600 + part[4] * 60 +
               part[5]) *
              NS_PER_S;
    return true;
}

/* --- statements --- */

static bool read_title(struct run *r, struct tokens *t)
{
    text_copy(r->title, sizeof(r->title), tokens_rest(t));
    return true;
}

static bool read_duration(struct run *r, struct tokens *t)
{
    if (r->expectations)
        return tokens_fail(t, "duration has to come before the first expectation");
    return tokens_between(t, "the duration", 1e-3, TIME_MAX_S, &r->duration_s) && tokens_end(t);
}

static bool read_observe(struct run *r, struct tokens *t)
{
    return tokens_between(t, "the interval", 1e-3, TIME_MAX_S, &r->observe_s) && tokens_end(t);
}

static bool read_start(struct run *r, struct tokens *t)
{
    struct utc date;

    if (r->world->node_count > 0)
        return tokens_fail(t, "start has to come before the first node");
    if (!read_date(t, &date))
        return false;
    r->world->truth.epoch_ns = date.ns;
    return tokens_end(t);
}

/* The time of day on the wall, for clocks that keep it. */
static bool read_zone(struct run *r, struct tokens *t)
{
    const char *word;

    if (!tokens_word(t, "the zone", &word))
        return false;
    if (!text_copy(r->zone, sizeof(r->zone), word))
        return tokens_fail(t, "the name of the zone is too long");
    return tokens_end(t);
}

static bool open_scope(struct run *r, struct tokens *t, const char *name, size_t count)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    char text[NODE_NAME_MAX];

    if (*name == '\0' || strlen(name) > 30 || name[strspn(name, letters)] != '\0')
        return tokens_fail(t, "a name has 1 to 30 letters, digits and - _ .");
    free(r->scope);
    r->scope = calloc(count, sizeof(struct node *));
    assert(r->scope);
    r->scope_count = count;
    r->link_scope_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (count == 1)
            text_copy(text, sizeof(text), name);
        else
            text_format(text, sizeof(text), "%.30s%zu", name, i + 1);
        if (world_node(r->world, text))
            return tokens_fail(t, "there is a node \"%s\" already", text);
        r->scope[i] = world_add_node(r->world, text);
        r->scope[i]->line = t->line;
    }
    return true;
}

static bool read_node(struct run *r, struct tokens *t)
{
    const char *name;

    return tokens_word(t, "the name", &name) && open_scope(r, t, name, 1) && tokens_end(t);
}

static bool read_nodes(struct run *r, struct tokens *t)
{
    const char *name;
    long count;

    if (!tokens_word(t, "the name", &name) || !tokens_count(t, "the number of nodes", &count))
        return false;
    if (count < 1 || count > NODES_MAX)
        return tokens_fail(t, "there can be 1 to %d nodes", NODES_MAX);
    return tokens_end(t) && open_scope(r, t, name, (size_t)count);
}

static bool read_host(struct run *r, struct tokens *t)
{
    const char *name, *kind;
    struct host_law law;

    host_law_defaults(&law);
    if (!tokens_word(t, "the name", &name) || !tokens_word(t, "the kind of host", &kind) ||
        !open_scope(r, t, name, 1))
        return false;
    if (!host_attach(r->scope[0], kind, &law))
        return tokens_fail(t, "there is no kind of host \"%s\"", kind);
    return read_host_law(t, host_law(r->scope[0]));
}

static bool read_dns(struct run *r, struct tokens *t)
{
    const char *name, *word;
    struct dns_entry *d;

    if (!tokens_word(t, "the name", &name))
        return false;
    d = world_dns(r->world, name);
    d->status = OS_RESOLVED;
    d->never = false;
    d->count = 0;
    if (!tokens_left(t))
        return tokens_word(t, "an answer", &word);
    while ((word = tokens_take(t)) != NULL) {
        const struct node *n = world_node(r->world, word);
        struct addr a;

        if (strcmp(word, "temporary") == 0)
            d->status = OS_RESOLVE_TEMPORARY;
        else if (strcmp(word, "permanent") == 0)
            d->status = OS_RESOLVE_PERMANENT;
        else if (strcmp(word, "never") == 0)
            d->never = true;
        else if (strcmp(word, "late") == 0) {
            if (!tokens_value(t, "the delay", &d->delay_s))
                return false;
        } else if (d->count == OS_RESOLVE_MAX)
            return tokens_fail(t, "a name has at most %d addresses", OS_RESOLVE_MAX);
        else if (n)
            d->addrs[d->count++] = n->addr4;
        else if (addr_parse(word, &a))
            d->addrs[d->count++] = a;
        else
            return tokens_fail(t, "\"%s\" is neither a node nor an address", word);
    }
    return true;
}

static bool read_leap(struct run *r, struct tokens *t)
{
    struct world *w = r->world;
    struct utc date;
    int sign = tokens_accept(t, "insert") ? 1 : tokens_accept(t, "delete") ? -1 : 0;

    if (sign == 0)
        return tokens_expected(t, "insert or delete");
    if (!read_date(t, &date))
        return false;
    if (date.ns % (86400 * NS_PER_S) != 0 || date.ns <= truth_utc_ns(&w->truth, w->now_ns))
        return tokens_fail(t, "a leap second needs a midnight that is to come");
    /* A deleted second ends the day one second before midnight would come. */
    world_schedule_leap(w, date.ns - w->truth.epoch_ns - (sign < 0 ? NS_PER_S : 0), sign);
    return tokens_end(t);
}

static bool read_icmp(struct run *r, struct tokens *t)
{
    if (!tokens_accept(t, "off"))
        return tokens_expected(t, "off");
    r->world->icmp = false;
    return tokens_end(t);
}

static struct action *new_action(struct run *r, const struct tokens *t)
{
    struct action *a = calloc(1, sizeof(*a));

    assert(a);
    a->run = r;
    a->line = t->line;
    a->next = r->actions;
    r->actions = a;
    return a;
}

static void action_due(struct world *w, struct happening *h)
{
    struct action *a = CONTAINER_OF(h, struct action, due);
    struct run *r = a->run;
    struct tokens t = {
        .path = r->path, .line = a->line, .before = a->before, .rng = &r->rng, .err = &r->err};

    if (!tokens_cut(&t, a->text) || !do_action(r, &t)) {
        r->failed_action = true;
        text_copy(w->fault, sizeof(w->fault), r->err.text);
    }
    tokens_free(&t);
    if (a->every_s > 0.0 && (double)w->now_ns * 1e-9 + a->every_s <= a->to_s)
        queue_set(&w->queue, h, w->now_ns + ns_from_s(a->every_s));
}

static bool read_timed(struct run *r, struct tokens *t, bool repeated)
{
    struct action *a = new_action(r, t);

    a->due.fire = action_due;
    a->to_s = 1e18;
    if (!repeated) {
        if (!tokens_between(t, "the time", 0.0, TIME_MAX_S, &a->at_s))
            return false;
    } else {
        if (!tokens_between(t, "the interval", 1e-3, TIME_MAX_S, &a->every_s))
            return false;
        a->at_s = a->every_s;
        if (tokens_accept(t, "from") && !tokens_between(t, "the time", 0.0, TIME_MAX_S, &a->at_s))
            return false;
        if (tokens_accept(t, "to") && !tokens_between(t, "the time", a->at_s, TIME_MAX_S, &a->to_s))
            return false;
    }
    a->column = t->word[t->next - 1].column;
    if (!tokens_left(t))
        return tokens_expected(t, "what happens");
    if (!is_action(tokens_peek(t))) {
        const char *word = tokens_take(t);

        return tokens_fail(t, "\"%s\" is nothing that can happen", word);
    }
    a->before = t->word[t->next].column - 1;
    a->text = strdup(tokens_rest(t));
    assert(a->text);
    queue_set(&r->world->queue, &a->due, ns_from_s(a->at_s));
    return true;
}

static bool read_at(struct run *r, struct tokens *t)
{
    return read_timed(r, t, false);
}

static bool read_every(struct run *r, struct tokens *t)
{
    return read_timed(r, t, true);
}

bool read_statement(struct run *r, struct tokens *t)
{
    static const struct {
        const char *word;
        bool (*read)(struct run *r, struct tokens *t);
    } statements[] = {
        {"title", read_title}, {"duration", read_duration},  {"observe", read_observe},
        {"start", read_start}, {"node", read_node},          {"nodes", read_nodes},
        {"host", read_host},   {"link", read_link},          {"dns", read_dns},
        {"leap", read_leap},   {"icmp", read_icmp},          {"at", read_at},
        {"every", read_every}, {"expect", read_expectation}, {"zone", read_zone},
    };
    const char *word;

    if (!tokens_left(t))
        return true;
    if (t->indented) {
        if (r->link_scope_count > 0)
            return read_link_part(r, t);
        if (r->scope_count > 0)
            return read_node_part(r, t);
        return tokens_fail(t, "an indented line has to follow a node, host or link");
    }
    r->scope_count = r->link_scope_count = 0;
    word = tokens_take(t);
    for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
        if (strcmp(statements[i].word, word) == 0)
            return statements[i].read(r, t);
    }
    return tokens_fail(t, "there is no statement \"%s\"", word);
}

/* --- a run --- */

static bool fail_there(const struct run *r, struct err *err, int line, int column, const char *text)
{
    return err_set(err, ERR_SYNTAX, "%s:%d:%d: %s", r->path, line, column, text);
}

static bool check_party(const struct run *r, bool wanted, const char *name,
                        const struct word_place *at, const struct node *n, struct err *err)
{
    char text[200];

    if (name[0] == '\0' && wanted)
        text_format(text, sizeof(text), "%s, a host that is \"%s\", needs a target%s", n->name,
                    n->host->name, n->host->wants_victim ? " and a victim" : "");
    else if (name[0] != '\0' && !world_node(r->world, name))
        text_format(text, sizeof(text), "there is no node \"%s\"", name);
    else
        return true;
    return at->line > 0 ? fail_there(r, err, at->line, at->column, text)
                        : err_set(err, ERR_SYNTAX, "%s: %s", r->path, text);
}

/* What only the whole text tells: who is meant, and whether the time for it comes. */
static bool check_whole(const struct run *r, const struct run_options *options, struct err *err)
{
    char text[120];

    if (r->world->node_count == 0)
        return err_set(err, ERR_SYNTAX, "%s: there is no node", r->path);
    for (size_t i = 0; i < r->world->node_count; i++) {
        struct node *n = r->world->nodes[i];
        const struct host_law *law = n->host ? host_law(n) : NULL;

        if (law && (!check_party(r, n->host->wants_target, law->target, &law->target_at, n, err) ||
                    !check_party(r, n->host->wants_victim, law->victim, &law->victim_at, n, err)))
            return false;
    }
    text_format(text, sizeof(text), "this is after the end of the run (duration %g)",
                r->duration_s);
    for (const struct action *a = r->actions; options->strict && a; a = a->next) {
        if (a->at_s > r->duration_s)
            return fail_there(r, err, a->line, a->column, text);
    }
    return true;
}

static bool read_text(struct run *r, const char *text, struct err *err)
{
    struct tokens t = {.path = r->path, .rng = &r->rng, .err = err};
    char *copy = strdup(text), *line = copy;
    bool good = true;

    assert(copy);
    while (line && good) {
        char *end = strchr(line, '\n');

        if (end)
            *end = '\0';
        t.line++;
        good = tokens_cut(&t, line) && read_statement(r, &t);
        tokens_free(&t);
        line = end ? end + 1 : NULL;
    }
    free(copy);
    return good;
}

static void run_free(struct run *r)
{
    recorder_finish(r->recorder);
    world_destroy(r->world);
    expectations_free(r);
    for (struct action *a = r->actions, *next; a; a = next) {
        next = a->next;
        free(a->text);
        free(a);
    }
    free(r->scope);
    free(r->link_scope);
}

static double wall_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void sum_up(struct run *r, struct run_result *result)
{
    const struct world *w = r->world;

    result->hash = w->hash;
    result->simulated_s = r->duration_s;
    for (size_t i = 0; i < w->node_count; i++) {
        struct node *n = w->nodes[i];

        result->sent += n->counts.sent;
        if (!n->host && n->state == NODE_RUNNING && n->clock_law.may_set)
            result->worst_error_s = max_d(result->worst_error_s,
                                          node_error_s(n) < 0 ? -node_error_s(n) : node_error_s(n));
    }
}

/* Local time is the C library's business; that of this machine must not matter. */
static void enter_zone(const char *zone)
{
    if (setenv("TZ", zone, 1) == 0)
        tzset();
}

/* In slices, which change nothing, if somebody watches. */
static void run_world(struct run *r, bool progress)
{
    int64_t end_ns = ns_from_s(r->duration_s);
    double shown_s = wall_s();
    bool any = false;

    for (int i = 1; progress && i < 1000; i++) {
        world_run(r->world, end_ns / 1000 * i);
        if (wall_s() - shown_s < 1.0)
            continue;
        shown_s = wall_s();
        any = true;
        fprintf(stderr, "\r%s: %.1f %% of %.0f s ", r->path, i / 10.0, r->duration_s);
    }
    world_run(r->world, end_ns);
    if (any)
        fputs("\r\033[K", stderr);
}

bool run_scenario(const char *path, const char *text, const struct run_options *options,
                  struct run_result *result, struct err *err)
{
    struct run r = {.path = path, .seed = options->seed, .duration_s = 1000.0, .observe_s = 1.0};
    double begin_s = wall_s();
    bool good;

    *result = (struct run_result){.passed = false};
    r.expectations_tail = &r.expectations;
    text_copy(r.zone, sizeof(r.zone), "UTC0");
    rng_seed(&r.rng, options->seed, RNG_SCENARIO, 0);
    /* 2026-06-01 00:00:00 UTC unless the scenario says otherwise. */
    r.world = world_create(options->seed, days_from_civil(2026, 6, 1) * 86400 * NS_PER_S);
    r.world->trace = options->trace;
    good = read_text(&r, text, err) && check_whole(&r, options, err);
    if (good) {
        enter_zone(r.zone);
        if (options->csv || options->plot)
            r.recorder = recorder_create(&r, options);
        if (options->prepare)
            options->prepare(&r, options->ctx);
        expectations_arm(&r);
        run_world(&r, options->progress);
        if (!r.failed_action)
            expectations_judge(&r, options, result);
        sum_up(&r, result);
        if (options->finished)
            options->finished(&r, options->ctx);
        if (r.failed_action)
            good = err_set(err, r.err.code, "%s", r.err.text);
    }
    run_free(&r);
    result->wall_s = wall_s() - begin_s;
    return good;
}
