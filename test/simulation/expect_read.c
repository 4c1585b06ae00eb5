/* expect_read.c - the grammar of expectations. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "test/simulation/expect.h"

static const char *const metric_words[METRIC_COUNT] = {
    [METRIC_ERROR] = "error",
    [METRIC_RMS] = "rms",
    [METRIC_MEAN] = "mean",
    [METRIC_FREQ] = "freq",
    [METRIC_FREQ_RMS] = "freq-rms",
    [METRIC_WITHIN] = "within",
    [METRIC_SERVED_ERROR] = "served-error",
    [METRIC_BOUND] = "bound",
    [METRIC_TAI] = "tai",
    [METRIC_RTC_ERROR] = "rtc-error",
    [METRIC_HONEST] = "honest",
    [METRIC_VERDICT] = "verdict",
    [METRIC_SELECTED] = "selected",
    [METRIC_REPORT] = "report",
    [METRIC_STATE] = "state",
    [METRIC_FILE] = "file",
    [METRIC_CHRONYC] = "chronyc",
    [METRIC_KERNEL] = "kernel",
    [METRIC_SENT] = "sent",
    [METRIC_RECEIVED] = "received",
    [METRIC_STEPS] = "steps",
    [METRIC_RATES] = "rates",
    [METRIC_WAKES] = "wakes",
    [METRIC_STARTS] = "starts",
    [METRIC_LARGEST_STEP] = "largest-step",
    [METRIC_LARGEST_RATE] = "largest-rate",
    [METRIC_SOCKETS] = "sockets",
    [METRIC_DISK] = "disk",
    [METRIC_LOG] = "log",
};

static bool read_comparison(struct expectation *e, struct tokens *t, bool needed)
{
    static const char *const words[] = {"<", "<=", ">", ">=", "=", "!=", "in"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        const char *next;

        if (!tokens_accept(t, words[i]))
            continue;
        e->comparison = (enum comparison)i;
        next = tokens_peek(t);
        /* A single letter stands for its code: states of selectdata. */
        if (next && strlen(next) == 1 && (*next < '0' || *next > '9')) {
            e->limit = (unsigned char)*tokens_take(t);
            return true;
        }
        return tokens_value(t, "the limit", &e->limit) &&
               (e->comparison != CMP_IN || tokens_value(t, "the upper limit", &e->limit_high));
    }
    return !needed || tokens_expected(t, "a comparison (< <= > >= = != in)");
}

static bool read_window(struct expectation *e, struct tokens *t)
{
    e->to_s = e->run->duration_s;
    while (tokens_left(t)) {
        double v;

        if (tokens_accept(t, "from") || tokens_accept(t, "after")) {
            if (!tokens_value(t, "the time", &e->from_s))
                return false;
            e->has_from = true;
        } else if (tokens_accept(t, "to") || tokens_accept(t, "before")) {
            if (!tokens_value(t, "the time", &e->to_s))
                return false;
            e->has_to = true;
        } else if (tokens_accept(t, "at")) {
            if (!tokens_value(t, "the time", &v))
                return false;
            e->from_s = e->to_s = v;
            e->is_point = true;
        } else {
            return tokens_end(t);
        }
    }
    if (e->to_s > e->run->duration_s || e->from_s > e->to_s)
        return tokens_fail(t, "the times are no part of the run's %g s", e->run->duration_s);
    return true;
}

static bool read_word(struct expectation *e, struct tokens *t, const char *what)
{
    const char *word;

    if (!tokens_word(t, what, &word))
        return false;
    e->word = strdup(word);
    assert(e->word);
    return true;
}

static bool read_selected(struct expectation *e, struct tokens *t)
{
    const char *name;

    if (!tokens_word(t, "a node or none", &name))
        return false;
    if (strcmp(name, "none") == 0)
        return true;
    e->other = world_node(e->run->world, name);
    if (e->other)
        return true;
    if (!is_refid(e->node, name))
        return no_node(t, name);
    e->word = strdup(name);
    assert(e->word);
    return true;
}

static bool read_content(struct expectation *e, struct tokens *t, const char *what)
{
    const char *content;

    if (!tokens_word(t, what, &content))
        return false;
    e->content = strdup(content);
    assert(e->content);
    return true;
}

static bool read_file_condition(struct expectation *e, struct tokens *t)
{
    if (!read_word(e, t, "the path"))
        return false;
    if (tokens_accept(t, "missing"))
        e->quantifier = QUANT_NEVER;
    else if (!tokens_accept(t, "exists"))
        return read_content(e, t, "exists, missing or a text");
    return true;
}

static bool starts_number(const char *word)
{
    return *word >= '0' && *word <= '9';
}

static bool read_kernel(struct expectation *e, struct tokens *t)
{
    static const char *const words[] = {"synchronised", "unsynchronised", "insert", "delete",
                                        "no-leap"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (tokens_left(t) && strcmp(words[i], tokens_peek(t)) == 0)
            return read_word(e, t, "a state of the kernel");
    }
    return tokens_expected(t, "synchronised, unsynchronised, insert, delete or no-leap");
}

/* One of so many names, the last of which has the number `last`. */
typedef struct {
    const char *(*name)(int number);
    int last;
} named;

static const char *verdict_text(int number)
{
    return verdict_name((enum verdict_state)number);
}

static const char *state_text(int number)
{
    return node_state_name((enum node_state)number);
}

static bool read_name(struct expectation *e, struct tokens *t, named list, const char *what)
{
    char text[160];
    size_t used;

    text_format(text, sizeof(text), "%s (", what);
    for (int i = 0; i <= list.last; i++) {
        if (tokens_left(t) && strcmp(tokens_peek(t), list.name(i)) == 0)
            return read_word(e, t, what);
        used = strlen(text);
        text_format(text + used, sizeof(text) - used, "%s%s%s", i > 0 ? ", " : "", list.name(i),
                    i == list.last ? ")" : "");
    }
    return tokens_expected(t, text);
}

static bool read_metric(struct expectation *e, struct tokens *t)
{
    switch (e->metric) {
    case METRIC_WITHIN:
        if (!tokens_value(t, "the limit", &e->limit))
            return false;
        if (!tokens_accept(t, "by"))
            return tokens_expected(t, "by");
        e->has_from = true;
        return tokens_value(t, "the time", &e->from_s);
    case METRIC_HONEST: /* share of samples that may lie outside */
        e->comparison = CMP_LESS_EQUAL;
        return !tokens_left(t) || !starts_number(tokens_peek(t)) ||
               tokens_value(t, "the share", &e->limit);
    case METRIC_VERDICT:
        return read_name(e, t, (named){verdict_text, VERDICT_NOT_IN_CONTROL}, "a verdict");
    case METRIC_STATE:
        return read_name(e, t, (named){state_text, NODE_FAILED}, "a state");
    case METRIC_KERNEL:
        return read_kernel(e, t);
    case METRIC_SELECTED:
        return read_selected(e, t);
    case METRIC_REPORT:
        e->question = question_read(e->node, t);
        return e->question && read_comparison(e, t, true);
    case METRIC_FILE:
        return read_file_condition(e, t);
    case METRIC_CHRONYC:
        return read_word(e, t, "a command") && read_content(e, t, "what it prints");
    case METRIC_LOG:
        e->comparison = e->quantifier == QUANT_NEVER ? CMP_EQUAL : CMP_GREATER_EQUAL;
        e->limit = e->quantifier == QUANT_NEVER ? 0.0 : 1.0;
        return read_word(e, t, "a text") && read_comparison(e, t, false);
    default:
        return read_comparison(e, t, true);
    }
}

/* Some metrics are not about a part of the run, and only words can be so always or never. */
static bool check_sense(const struct expectation *e, struct tokens *t, int first)
{
    bool of_words = expectation_is_word(e);
    bool of_whole_run = (e->metric >= METRIC_LARGEST_STEP && e->metric <= METRIC_DISK) ||
                        e->metric == METRIC_WITHIN;
    t->next = first + 1;
    if (e->quantifier != QUANT_PLAIN && !of_words &&
        !(e->metric == METRIC_LOG && e->quantifier == QUANT_NEVER))
        return tokens_fail(t, "always and never are for metrics that are words, no for log too");
    if (of_whole_run && (e->has_to || e->is_point || (e->has_from && e->metric != METRIC_WITHIN)))
        return tokens_fail(t, "%s is of the whole run: it takes no times", metric_words[e->metric]);
    if (e->metric >= METRIC_SENT && e->is_point)
        return tokens_fail(t, "%s is counted between two times: from and to",
                           metric_words[e->metric]);
    t->next = t->count;
    return true;
}

static bool read_one(struct expectation *e, struct tokens *t)
{
    const char *word;
    int first;

    if (tokens_accept(t, "never") || tokens_accept(t, "no"))
        e->quantifier = QUANT_NEVER;
    else if (tokens_accept(t, "always"))
        e->quantifier = QUANT_ALWAYS;
    first = t->next;
    if (!tokens_word(t, "a metric", &word))
        return false;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (strcmp(metric_words[i], word) == 0) {
            e->metric = (enum metric)i;
            return read_metric(e, t) && read_window(e, t) && check_sense(e, t, first);
        }
    }
    return tokens_fail(t, "there is no metric \"%s\"", word);
}

bool read_expectation(struct run *r, struct tokens *t)
{
    struct node **list;
    size_t count;
    int again;
    bool good = true;

    if (!run_nodes(r, t, &list, &count))
        return false;
    again = t->next;
    for (size_t i = 0; i < count && good; i++) {
        struct expectation *e = calloc(1, sizeof(*e));

        assert(e);
        e->run = r;
        e->node = list[i];
        e->line = t->line;
        text_copy(e->text, sizeof(e->text), t->raw);
        *r->expectations_tail = e;
        r->expectations_tail = &e->next;
        t->next = again;
        good = read_one(e, t);
    }
    free(list);
    return good;
}

void expectations_free(struct run *r)
{
    for (struct expectation *e = r->expectations, *next; e; e = next) {
        next = e->next;
        question_free(e->question);
        free(e->word);
        free(e->content);
        free(e->printed);
        free(e);
    }
}
