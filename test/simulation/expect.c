/* expect.c - collect what expectations need while the world runs, and judge at the end. */
#include "test/simulation/expect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "test/simulation/tool.h"

#define NEVER_WITHIN (1e18)

const char *node_state_name(enum node_state s)
{
    static const char *const names[] = {"off", "running", "done", "failed"};

    return names[s];
}

struct node *node_selected(struct node *n, bool *synchronised)
{
    struct reference_figures f;

    *synchronised = false;
    if (!n->daemon)
        return NULL;
    reference_figures(chronyd_rooms(n->daemon)->reference, &f);
    *synchronised = f.synchronised;
    return f.synchronised && !f.local ? world_node_by_addr(n->world, &f.addr) : NULL;
}

uint32_t node_selected_refid(struct node *n)
{
    struct reference_figures f;

    if (!n->daemon)
        return 0;
    reference_figures(chronyd_rooms(n->daemon)->reference, &f);
    return f.synchronised ? f.refid : 0;
}

bool expectation_probes(const struct expectation *e)
{
    return e->metric <= METRIC_WITHIN;
}

bool expectation_counts(const struct expectation *e)
{
    return e->metric >= METRIC_SENT;
}

bool expectation_samples(const struct expectation *e)
{
    return !expectation_probes(e) && !expectation_counts(e) && !e->is_point;
}

/* --- looking --- */

static double count_now(const struct expectation *e)
{
    const struct node *n = e->node;

    switch (e->metric) {
    case METRIC_SENT:
        return (double)n->counts.sent;
    case METRIC_RECEIVED:
        return (double)n->counts.received;
    case METRIC_STEPS:
        return (double)n->counts.steps;
    case METRIC_RATES:
        return (double)n->counts.rates;
    case METRIC_WAKES:
        return (double)n->counts.wakes;
    case METRIC_STARTS:
        return (double)n->counts.starts;
    default:
        return 0.0;
    }
}

static bool file_is_as_wanted(const struct expectation *e)
{
    const struct sim_file *f = disk_find(&e->node->disk, e->word);

    if (e->content)
        return f && f->data && strstr((const char *)f->data, e->content) != NULL;
    return f != NULL;
}

/* Blanks count as one, so that columns need not be counted. */
static bool chronyc_says(struct expectation *e)
{
    char *text = tool_run(e->node, e->word);
    char *to = text;
    bool found;

    for (const char *from = text; *from; from++) {
        if (*from != ' ' || from[1] != ' ')
            *to++ = *from;
    }
    *to = '\0';
    found = strstr(text, e->content) != NULL;
    free(e->printed);
    e->printed = text;
    return found;
}

static bool kernel_is(const struct node *n, const char *word)
{
    if (strcmp(word, "insert") == 0)
        return n->leap_armed == OS_LEAP_INSERT;
    if (strcmp(word, "delete") == 0)
        return n->leap_armed == OS_LEAP_DELETE;
    if (strcmp(word, "no-leap") == 0)
        return n->leap_armed == OS_LEAP_NONE;
    return n->kernel_synchronised == (strcmp(word, "synchronised") == 0);
}

static bool word_holds(struct expectation *e)
{
    struct node *n = e->node;
    struct verdict v;
    bool synchronised;

    switch (e->metric) {
    case METRIC_VERDICT:
        if (!n->daemon)
            return false;
        chronyd_verdict(n->daemon, &v);
        return strcmp(verdict_name(v.state), e->word) == 0;
    case METRIC_SELECTED:
        if (e->other)
            return node_selected(n, &synchronised) == e->other;
        if (e->word)
            return node_selected_refid(n) == refid_of(e->word);
        return !node_selected(n, &synchronised);
    case METRIC_STATE:
        return strcmp(node_state_name(n->state), e->word) == 0;
    case METRIC_FILE:
        return file_is_as_wanted(e);
    case METRIC_CHRONYC:
        return chronyc_says(e);
    case METRIC_KERNEL:
        return kernel_is(n, e->word);
    default:
        return false;
    }
}

static double figure_now(struct expectation *e)
{
    struct node *n = e->node;
    struct verdict v;
    double d = 0.0;

    switch (e->metric) {
    case METRIC_SERVED_ERROR:
        return fabs(node_served_error_s(n));
    case METRIC_BOUND:
        if (!n->daemon) {
            e->no_answer = true;
            return 0.0;
        }
        chronyd_verdict(n->daemon, &v);
        return v.bound_s;
    case METRIC_TAI:
        return n->kernel_tai;
    case METRIC_RTC_ERROR:
        return fabs((double)(rtc_now_ns(n) - truth_utc_ns(&n->world->truth, n->world->now_ns)) *
                    1e-9);
    case METRIC_REPORT:
        if (!question_ask(n, e->question, &d))
            e->no_answer = true;
        return d;
    default:
        return 0.0;
    }
}

bool expectation_is_word(const struct expectation *e)
{
    return e->metric >= METRIC_VERDICT && e->metric <= METRIC_KERNEL && e->metric != METRIC_REPORT;
}

/* Outside the announced bound, while the daemon does not say that it does not know? */
static bool lies(struct node *n)
{
    struct verdict v;

    chronyd_verdict(n->daemon, &v);
    return v.state != VERDICT_UNSYNCHRONISED && fabs(node_error_s(n)) > v.bound_s;
}

static void look(struct expectation *e)
{
    if (e->metric == METRIC_HONEST) {
        if (e->node->daemon && !e->node->halted) {
            e->samples++;
            e->hits += lies(e->node);
        }
        return;
    }
    e->samples++;
    if (expectation_is_word(e)) {
        e->hits += word_holds(e);
        return;
    }
    e->figure = e->samples == 1 ? figure_now(e) : max_d(e->figure, figure_now(e));
}

static void observe(struct world *w, struct happening *h)
{
    struct run *r = CONTAINER_OF(h, struct run, observe);
    double now_s = (double)w->now_ns * 1e-9;

    for (struct expectation *e = r->expectations; e; e = e->next) {
        if (expectation_samples(e) && now_s >= e->from_s && now_s <= e->to_s)
            look(e);
    }
    queue_set(&w->queue, h, w->now_ns + ns_from_s(r->observe_s));
}

static void window_begins(struct world *w, struct happening *h)
{
    struct expectation *e = CONTAINER_OF(h, struct expectation, begin);

    (void)w;
    e->active = true;
    e->base = e->from_s > 0.0 ? count_now(e) : 0.0;
}

static void window_ends(struct world *w, struct happening *h)
{
    struct expectation *e = CONTAINER_OF(h, struct expectation, end);

    (void)w;
    e->active = false;
    e->ended = true;
    if (e->is_point)
        look(e);
    else
        e->figure = count_now(e) - e->base;
}

static void log_comes(struct log_reader *reader, int64_t at_ns, enum log_level level,
                      const char *text)
{
    struct expectation *e = CONTAINER_OF(reader, struct expectation, reader);
    double at_s = (double)at_ns * 1e-9;

    (void)level;
    if (at_s >= e->from_s && at_s <= e->to_s && strstr(text, e->word))
        e->hits++;
}

static void arm(struct expectation *e)
{
    struct run *r = e->run;
    struct world *w = r->world;

    if (expectation_probes(e)) {
        e->probe.from_ns = ns_from_s(e->metric == METRIC_WITHIN ? 0.0 : e->from_s);
        e->probe.to_ns = ns_from_s(e->to_s);
        if (e->is_point) { /* the whole second that it lies in */
            e->probe.from_ns = (int64_t)floor(e->from_s) * NS_PER_S;
            e->probe.to_ns = e->probe.from_ns;
        }
        e->probe.threshold_s = e->metric == METRIC_WITHIN ? e->limit : INFINITY;
        simclock_add_probe(&e->node->clock, w->now_ns, &e->probe);
    } else if (e->metric == METRIC_LOG) {
        e->reader.line = log_comes;
        e->reader.next = e->node->readers;
        e->node->readers = &e->reader;
    } else if (expectation_counts(e) || e->is_point) {
        e->begin.fire = window_begins;
        e->end.fire = window_ends;
        /* What happens at that very time belongs to the window. */
        queue_set(&w->queue, &e->begin, ns_from_s(e->from_s) - (e->from_s > 0.0));
        queue_set(&w->queue, &e->end, ns_from_s(e->to_s));
    } else {
        r->observing = true;
    }
}

static void start_nodes(struct world *w, struct happening *h)
{
    (void)h;
    for (size_t i = 0; i < w->node_count; i++) {
        if (!w->nodes[i]->waits)
            node_start(w->nodes[i]);
    }
}

void expectations_arm(struct run *r)
{
    for (struct expectation *e = r->expectations; e; e = e->next)
        arm(e);
    start_nodes(r->world, NULL);
    if (r->observing) {
        r->observe.fire = observe;
        queue_set(&r->world->queue, &r->observe, ns_from_s(r->observe_s));
    }
}

/* --- judging --- */

static bool compare(const struct expectation *e, double v)
{
    switch (e->comparison) {
    case CMP_LESS:
        return v < e->limit;
    case CMP_LESS_EQUAL:
        return v <= e->limit;
    case CMP_GREATER:
        return v > e->limit;
    case CMP_GREATER_EQUAL:
        return v >= e->limit;
    case CMP_EQUAL:
        return v == e->limit;
    case CMP_NOT_EQUAL:
        return v != e->limit;
    case CMP_IN:
        return v >= e->limit && v <= e->limit_high;
    }
    return false;
}

static double probe_figure(const struct expectation *e)
{
    const struct probe *p = &e->probe;
    double count = (double)p->count;

    switch (e->metric) {
    case METRIC_ERROR:
        return p->max_error_s;
    case METRIC_RMS:
        return sqrt(p->sum_error2 / count);
    case METRIC_MEAN:
        return fabs(p->sum_error_s / count);
    case METRIC_FREQ:
        return p->max_freq;
    case METRIC_FREQ_RMS:
        return sqrt(p->sum_freq2 / count);
    default:
        return 0.0;
    }
}

static bool judge_probe(const struct expectation *e, char *why, size_t size)
{
    const struct probe *p = &e->probe;
    double v, last_s = p->last_above_ns < 0 ? 0.0 : (double)p->last_above_ns * 1e-9;

    if (p->count == 0) {
        text_format(why, size, "nothing was measured");
        return false;
    }
    if (e->metric == METRIC_WITHIN) {
        text_format(why, size, "last outside at %.0f s, at most %.9f s off", last_s,
                    p->max_error_s);
        return last_s <= e->from_s;
    }
    v = probe_figure(e);
    text_format(why, size, "it was %.9g", v);
    return compare(e, v);
}

static bool judge_words(const struct expectation *e, char *why, size_t size)
{
    text_format(why, size, "true in %llu of %llu looks", (unsigned long long)e->hits,
                (unsigned long long)e->samples);
    if (e->quantifier == QUANT_NEVER)
        return e->hits == 0;
    if (e->quantifier == QUANT_ALWAYS || e->is_point)
        return e->hits == e->samples && e->samples > 0;
    return e->hits > 0;
}

static double extreme(const struct expectation *e)
{
    const struct node *n = e->node;

    switch (e->metric) {
    case METRIC_LARGEST_STEP:
        return n->counts.largest_step_s;
    case METRIC_LARGEST_RATE:
        return n->counts.largest_rate;
    case METRIC_SOCKETS:
        return (double)n->sockets_open_max;
    case METRIC_DISK:
        return (double)n->disk.bytes_max;
    case METRIC_LOG:
        return (double)e->hits;
    default:
        return e->figure;
    }
}

bool expectation_holds(struct expectation *e, char *why, size_t size)
{
    double v;

    if (expectation_probes(e))
        return judge_probe(e, why, size);
    if (expectation_is_word(e))
        return judge_words(e, why, size);
    if (e->metric == METRIC_HONEST) {
        v = e->samples ? (double)e->hits / (double)e->samples : 1.0;
        text_format(why, size, "outside the bound in %llu of %llu looks",
                    (unsigned long long)e->hits, (unsigned long long)e->samples);
        return v <= e->limit;
    }
    if (e->no_answer) {
        text_format(why, size, "the daemon did not answer");
        return false;
    }
    v = extreme(e);
    text_format(why, size, "it was %.9g", v);
    return compare(e, v);
}

static void complain(struct run *r, const struct run_options *options, struct run_result *result,
                     int line, const char *text, const char *why)
{
    if (result->first_failure[0] == '\0')
        text_format(result->first_failure, sizeof(result->first_failure), "line %d: %s", line, why);
    if (options->complaints)
        fprintf(options->complaints, "    %s:%d: %s\n        %s\n", r->path, line, text, why);
}

static void show_printed(FILE *out, const char *text)
{
    fputs("        chronyc printed at last:\n", out);
    while (*text) {
        size_t length = strcspn(text, "\n");

        fprintf(out, "        | %.*s\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
}

/* A daemon that ended badly, of which nobody says that it does. */
static void judge_daemons(struct run *r, const struct run_options *options,
                          struct run_result *result)
{
    for (size_t i = 0; i < r->world->node_count; i++) {
        const struct node *n = r->world->nodes[i];
        bool known = n->state != NODE_FAILED;

        for (const struct expectation *e = r->expectations; e && !known; e = e->next)
            known = e->node == n && (e->metric == METRIC_STATE || e->metric == METRIC_LOG);
        if (known)
            continue;
        result->failed++;
        complain(r, options, result, n->line, n->name, n->failure);
    }
}

void expectations_judge(struct run *r, const struct run_options *options, struct run_result *result)
{
    char why[300];

    for (struct expectation *e = r->expectations; e; e = e->next) {
        char text[300];

        result->expectations++;
        if (expectation_holds(e, why, sizeof(why)))
            continue;
        result->failed++;
        text_format(text, sizeof(text), "%s: %s", e->node->name, e->text);
        complain(r, options, result, e->line, text, why);
        if (options->complaints && e->printed)
            show_printed(options->complaints, e->printed);
    }
    judge_daemons(r, options, result);
    if (r->world->fault[0] != '\0') {
        result->failed++;
        complain(r, options, result, 0, "what must never happen", r->world->fault);
    }
    result->passed = result->failed == 0;
}
