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
    return !needed || tokens_fail(t, "a comparison (< <= > >= = != in) is missing after this");
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
        return tokens_fail(t, "the times are not within the run's %g s", e->run->duration_s);
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
        return tokens_fail(t, "there is no node \"%s\"", name);
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

    if (!read_word(e, t, "synchronised, unsynchronised, insert, delete or no-leap"))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(words[i], e->word) == 0)
            return true;
    }
    return tokens_fail(t, "a kernel is never \"%s\"", e->word);
}

static bool read_metric(struct expectation *e, struct tokens *t)
{
    switch (e->metric) {
    case METRIC_WITHIN:
        if (!tokens_value(t, "the limit", &e->limit))
            return false;
        if (!tokens_accept(t, "by"))
            return tokens_fail(t, "by is missing after this");
        e->has_from = true;
        return tokens_value(t, "the time", &e->from_s);
    case METRIC_HONEST: /* share of samples that may lie outside */
        e->comparison = CMP_LESS_EQUAL;
        return !tokens_left(t) || !starts_number(tokens_peek(t)) ||
               tokens_value(t, "the share", &e->limit);
    case METRIC_VERDICT:
        return read_word(e, t, "a verdict");
    case METRIC_STATE:
        return read_word(e, t, "a state");
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

static bool read_one(struct expectation *e, struct tokens *t)
{
    const char *word;

    if (tokens_accept(t, "never") || tokens_accept(t, "no"))
        e->quantifier = QUANT_NEVER;
    else if (tokens_accept(t, "always"))
        e->quantifier = QUANT_ALWAYS;
    if (!tokens_word(t, "a metric", &word))
        return false;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (strcmp(metric_words[i], word) == 0) {
            e->metric = (enum metric)i;
            return read_metric(e, t) && read_window(e, t);
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
        free(e);
    }
}
