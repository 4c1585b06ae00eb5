/* recorder.c - rows over time for CSV and plots. */
#include "test/simulation/recorder.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "test/simulation/expect.h"
#include "test/simulation/hosts.h"
#include "test/simulation/plot.h"

#define ROWS_MAX 200000  /* of a plot; longer runs are recorded in longer intervals */
#define ROWS_WANTED 3000 /* so that short runs are drawn finely */
#define NODES_SHOWN_MAX 8

struct recorder {
    struct run *run;
    FILE *csv;
    const char *plot;
    struct happening due;
    double interval_s;
    struct node *nodes[NODES_SHOWN_MAX];
    struct plot_series series[NODES_SHOWN_MAX];
    size_t count;
};

static void keep(struct plot_series *s, const struct plot_row *row)
{
    if (s->count == s->size) {
        s->size = s->size ? 2 * s->size : 1024;
        s->rows = realloc(s->rows, s->size * sizeof(*s->rows));
        assert(s->rows);
    }
    s->rows[s->count++] = *row;
}

static void take_row(struct recorder *rec, size_t i)
{
    struct node *n = rec->nodes[i], *selected;
    struct world *w = n->world;
    struct plot_row row = {.at_s = (double)w->now_ns * 1e-9, .bound_s = -1.0, .selected = -1};
    struct verdict v = {.state = VERDICT_UNSYNCHRONISED, .bound_s = -1.0};
    bool synchronised = false;

    row.error_s = node_error_s(n);
    row.freq = n->clock.slope;
    row.asleep = n->halted;
    selected = node_selected(n, &synchronised);
    if (n->daemon)
        chronyd_verdict(n->daemon, &v);
    if (synchronised)
        row.bound_s = v.bound_s;
    if (selected)
        row.selected = (int)selected->index;
    if (rec->plot)
        keep(&rec->series[i], &row);
    if (rec->csv)
        fprintf(rec->csv, "%.3f,%s,%.9f,%.9f,%.6f,%s,%s,%llu\n", row.at_s, n->name, row.error_s,
                v.bound_s, row.freq * 1e6, n->daemon ? verdict_name(v.state) : "off",
                selected ? selected->name : "", (unsigned long long)n->counts.sent);
}

static void take_rows(struct world *w, struct happening *h)
{
    struct recorder *rec = CONTAINER_OF(h, struct recorder, due);

    for (size_t i = 0; i < rec->count; i++)
        take_row(rec, i);
    queue_set(&w->queue, h, w->now_ns + ns_from_s(rec->interval_s));
}

struct recorder *recorder_create(struct run *r, const struct run_options *options)
{
    struct recorder *rec = calloc(1, sizeof(*rec));
    struct world *w = r->world;

    assert(rec);
    rec->run = r;
    rec->csv = options->csv;
    rec->plot = options->plot;
    rec->interval_s = r->observe_s;
    if (rec->plot && r->duration_s / rec->interval_s > ROWS_MAX)
        rec->interval_s = r->duration_s / ROWS_MAX;
    else if (rec->plot && !rec->csv && r->duration_s / rec->interval_s < ROWS_WANTED)
        rec->interval_s = r->duration_s / ROWS_WANTED;
    for (size_t i = 0; i < w->node_count && rec->count < NODES_SHOWN_MAX; i++) {
        if (w->nodes[i]->host && strcmp(w->nodes[i]->host->name, "yardstick") != 0)
            continue;
        rec->series[rec->count].name = w->nodes[i]->name;
        rec->nodes[rec->count++] = w->nodes[i];
    }
    if (rec->csv)
        fputs("time_s,node,error_s,bound_s,frequency_ppm,verdict,selected,sent\n", rec->csv);
    rec->due.fire = take_rows;
    queue_set(&w->queue, &rec->due, 0);
    return rec;
}

/* --- the drawing --- */

/* The sentence that the file is named by; `title` where the name is none. */
static void title_of(const struct run *r, char *buf, size_t size)
{
    const char *slash = strrchr(r->path, '/'), *end = strstr(r->path, ".scenario");

    text_copy(buf, size, r->title[0] ? r->title : r->path);
    if (!end)
        return;
    text_copy(buf, size, slash ? slash + 1 : r->path);
    buf[strlen(buf) - strlen(end)] = '\0';
    for (char *p = buf; *p; p++)
        *p = *p == '-' ? ' ' : *p;
    if (buf[0] >= 'a' && buf[0] <= 'z')
        buf[0] = (char)(buf[0] - 'a' + 'A');
}

static int by_time(const void *a, const void *b)
{
    const struct plot_event *x = a, *y = b;

    return x->at_s != y->at_s ? (x->at_s > y->at_s) - (x->at_s < y->at_s)
                              : strcmp(x->text, y->text);
}

static void add_event(struct plot_event *events, size_t *count, double at_s, const char *text)
{
    events[*count] = (struct plot_event){.at_s = at_s};
    text_copy(events[(*count)++].text, sizeof(events->text), text);
}

/* What the scenario did, in the order of time; freed by the caller. */
static struct plot_event *events_of(const struct run *r, size_t *count)
{
    struct world *w = r->world;
    size_t size = 1 + w->node_count;
    struct plot_event *events;

    for (const struct action *a = r->actions; a; a = a->next)
        size++;
    events = calloc(size, sizeof(*events));
    assert(events);
    *count = 0;
    for (const struct action *a = r->actions; a; a = a->next) {
        add_event(events, count, a->at_s, a->text);
        events[*count - 1].every_s = a->every_s;
        events[*count - 1].to_s = a->to_s;
    }
    for (size_t i = 0; i < w->node_count; i++) {
        const struct host_law *law = w->nodes[i]->host ? host_law(w->nodes[i]) : NULL;
        char text[80];

        text_format(text, sizeof(text), "%s begins to lie", w->nodes[i]->name);
        if (law && law->from_s > 0.0)
            add_event(events, count, law->from_s, text);
    }
    if (w->leap_at_ns != 0 && w->leap_at_ns <= w->now_ns)
        add_event(events, count, (double)w->leap_at_ns * 1e-9, "leap second");
    qsort(events, *count, sizeof(*events), by_time);
    return events;
}

/* A row for each scripted host on a link to the node and for each that it ever followed. */
static void find_sources(const struct world *w, const struct node *n, struct plot_series *s)
{
    for (size_t i = 0; i < w->node_count && s->source_count < PLOT_SOURCES_MAX; i++) {
        bool follows = w->nodes[i] != n && w->nodes[i]->host && network_find(w, n, w->nodes[i]);

        for (size_t k = 0; k < s->count && !follows; k++)
            follows = s->rows[k].selected == (int)i;
        if (follows)
            s->sources[s->source_count++] = (int)i;
    }
}

static void draw(struct recorder *rec)
{
    const struct run *r = rec->run;
    struct world *w = r->world;
    char title[200], subtitle[400];
    size_t event_count;
    struct plot_event *events = events_of(r, &event_count);
    const char **names = calloc(w->node_count + 1, sizeof(char *));
    struct plot_frame frame = {.title = title,
                               .subtitle = subtitle,
                               .duration_s = r->duration_s,
                               .node_name = names,
                               .events = events,
                               .event_count = event_count};

    assert(names);
    title_of(r, title, sizeof(title));
    text_format(subtitle, sizeof(subtitle), "%s; seed %llu", r->title[0] ? r->title : r->path,
                (unsigned long long)r->seed);
    for (size_t i = 0; i < w->node_count; i++)
        names[i] = w->nodes[i]->name;
    for (size_t i = 0; i < rec->count; i++)
        find_sources(w, rec->nodes[i], &rec->series[i]);
    if (!plot_write(rec->plot, &frame, rec->series, rec->count))
        fprintf(stderr, "simulate: cannot write %s\n", rec->plot);
    free(names);
    free(events);
}

void recorder_finish(struct recorder *rec)
{
    if (!rec)
        return;
    if (rec->plot)
        draw(rec);
    for (size_t i = 0; i < rec->count; i++)
        free(rec->series[i].rows);
    free(rec);
}
