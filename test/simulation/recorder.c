/* recorder.c - rows over time for CSV and plots. */
#include "test/simulation/recorder.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test/simulation/expect.h"
#include "test/simulation/hosts.h"
#include "test/simulation/plot.h"

#define ROWS_MAX 200000 /* of a plot; longer runs are recorded in longer intervals */
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
    row.sent = n->counts.sent;
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
                selected ? selected->name : "", (unsigned long long)row.sent);
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

void recorder_finish(struct recorder *rec)
{
    struct plot_frame frame;
    struct world *w;

    if (!rec)
        return;
    w = rec->run->world;
    if (rec->plot) {
        frame = (struct plot_frame){.title = rec->run->title[0] ? rec->run->title : rec->run->path,
                                    .seed = rec->run->seed,
                                    .duration_s = rec->run->duration_s,
                                    .node_name = NULL};
        frame.node_name = calloc(w->node_count, sizeof(char *));
        assert(frame.node_name);
        for (size_t i = 0; i < w->node_count; i++)
            frame.node_name[i] = w->nodes[i]->name;
        if (!plot_write(rec->plot, &frame, rec->series, rec->count))
            fprintf(stderr, "simulate: cannot write %s\n", rec->plot);
        free(frame.node_name);
    }
    for (size_t i = 0; i < rec->count; i++)
        free(rec->series[i].rows);
    free(rec);
}
