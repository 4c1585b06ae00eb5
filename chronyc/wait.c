/* wait.c - wait until the clock is right enough, for scripts and service units.
 *
 * Unlike waitsync it judges by the bound on the error, has one limit of time for everything, and
 * tells by its status why it ended: 0 right enough, 1 not within the time, 2 nobody to ask. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "chronyc/commands.h"
#include "chronyc/explain.h"
#include "chronyc/sentences.h"

#define INTERVAL_S 0.5
#define REPLY_TIMEOUT_MS 500
#define OFFLINE_GRACE_MS 10000 /* a network that comes up late is not an absent one */
#define STATUS_NOT_REACHED 1
#define STATUS_NOBODY 2

struct wait_options {
    double max_error_s; /* 0 = any */
    double timeout_s;   /* 0 = for ever */
    bool allow_offline;
};

static bool take_number(char **rest, double *out)
{
    const char *word = text_word(rest);

    return word && text_double(word, out) && *out >= 0.0 && *out <= 1e9;
}

static bool wait_options(char *rest, struct wait_options *out)
{
    const char *word;

    memset(out, 0, sizeof(*out));
    while ((word = text_word(&rest)) != NULL) {
        bool ok = true;

        if (strcmp(word, "--max-error") == 0)
            ok = take_number(&rest, &out->max_error_s);
        else if (strcmp(word, "--timeout") == 0)
            ok = take_number(&rest, &out->timeout_s);
        else if (strcmp(word, "--allow-offline") == 0)
            out->allow_offline = true;
        else
            return false;
        if (!ok)
            return false;
    }
    return true;
}

/* --- asking ---------------------------------------------------------------------------------- */

static bool right_enough(const struct host_view *v, const struct wait_options *o)
{
    bool bounded = o->max_error_s > 0.0 && v->verdict.bound_s <= o->max_error_s;

    switch (v->verdict.state) {
    case CANDM_VERDICT_OK:
    case CANDM_VERDICT_SETTLING:
    case CANDM_VERDICT_DEGRADED:
        return bounded || o->max_error_s == 0.0;
    case CANDM_VERDICT_NOT_IN_CONTROL:
        /* Nobody puts the clock right; it may happen to be. */
        return bounded;
    default:
        return false;
    }
}

/* No source that could be reached: no address, no route, or switched off. */
static bool is_offline(struct session *s)
{
    static const char *const absent[] = {"unresolved", "no-route", "offline"};
    struct source_view v;
    uint32_t count;

    if (!fetch_source_count(s, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        bool found = false;

        if (session_stopped(s) || !fetch_source(s, i, &v))
            return false;
        for (size_t j = 0; j < ARRAY_LEN(absent); j++)
            found |= strcmp(v.network.name, absent[j]) == 0;
        if (!found)
            return false;
    }
    return true;
}

struct wait_state {
    struct host_view host;
    bool answered, reached, offline;
    int64_t start_ms, offline_since_ms; /* -1: not offline */
};

static void look(struct session *s, const struct wait_options *o, struct wait_state *w)
{
    int64_t now_ms;

    w->answered = fetch_host(s, &w->host);
    w->reached = w->answered && right_enough(&w->host, o);
    if (!o->allow_offline || w->reached)
        return;
    now_ms = transport_now_ms();
    if (!w->answered || !is_offline(s))
        w->offline_since_ms = -1;
    else if (w->offline_since_ms < 0)
        w->offline_since_ms = now_ms;
    w->offline = w->offline_since_ms >= 0 && now_ms - w->offline_since_ms >= OFFLINE_GRACE_MS;
}

static void wait_for(struct session *s, const struct wait_options *o, struct wait_state *w)
{
    int64_t end_ms = w->start_ms + (int64_t)(o->timeout_s * 1000.0);

    for (;;) {
        int64_t left_ms;

        look(s, o, w);
        left_ms = end_ms - transport_now_ms();
        if (w->reached || w->offline || session_stopped(s) || (o->timeout_s > 0.0 && left_ms <= 0))
            break;
        if (!transport_sleep(s->stop, o->timeout_s > 0.0
                                          ? min_d(INTERVAL_S, (double)left_ms / 1000.0)
                                          : INTERVAL_S))
            break;
    }
    if (o->allow_offline && w->offline_since_ms >= 0)
        w->offline = true;
}

/* --- printing -------------------------------------------------------------------------------- */

static const struct field wait_fields[] = {
    {"right: ", KIND_YESNO, 0, 0, 0, "", "right"},
    {", offline: ", KIND_YESNO, 0, 0, 0, "", "offline"},
    {", verdict: ", KIND_TEXT, 0, 0, 0, "", "verdict"},
    {", error bound: ", KIND_REAL, 0, 9, 0, " s", "error_bound_s"},
    {", waited: ", KIND_REAL, 0, 1, 0, " s\n", "waited_s"},
};
static const struct report report_wait = {"wait", NULL,        NULL,
                                          NULL,   wait_fields, ARRAY_LEN(wait_fields)};

static void print_wait(struct session *s, const struct wait_state *w)
{
    struct printer p = session_printer(s);
    bool known = w->answered && w->host.verdict.state != CANDM_VERDICT_UNSYNCHRONISED;
    const struct value v[] = {
        value_u(w->reached),
        value_u(w->offline),
        value_s(w->answered ? verdict_word(w->host.verdict.state) : "no answer"),
        {.unknown = !known, .v.d = known ? w->host.verdict.bound_s : (double)INFINITY},
        value_d((double)(transport_now_ms() - w->start_ms) / 1000.0),
    };

    printer_begin(&p, &report_wait);
    printer_row(&p, v);
    printer_end(&p);
}

bool run_wait(struct session *s, const struct command *c, char *rest)
{
    const struct settings settings = s->settings;
    struct wait_state w = {.offline_since_ms = -1, .start_ms = transport_now_ms()};
    struct wait_options options;
    FILE *out = s->out, *nowhere;

    (void)c;
    if (!wait_options(rest, &options)) {
        s->status = STATUS_NOBODY;
        return complain(s, "Invalid syntax for wait command");
    }
    /* Failures on the way are expected while a host boots; only the end is told. */
    nowhere = fopen("/dev/null", "w");
    s->out = nowhere ? nowhere : out;
    s->settings.hints = false;
    s->settings.retries = 0;
    if (s->settings.timeout_ms > REPLY_TIMEOUT_MS)
        s->settings.timeout_ms = REPLY_TIMEOUT_MS;
    wait_for(s, &options, &w);
    if (nowhere)
        fclose(nowhere);
    s->settings = settings;
    s->out = out;
    print_wait(s, &w);
    if (w.reached || w.offline)
        return true;
    s->status = w.answered ? STATUS_NOT_REACHED : STATUS_NOBODY;
    return false;
}
