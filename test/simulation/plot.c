/* plot.c - the panels of a drawing, and how many rows become one pixel column. */
#include "test/simulation/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "test/simulation/plot_columns.h"
#include "test/simulation/plot_paper.h"

#define SIZE_HEIGHT 230
#define ERROR_HEIGHT 170
#define FREQ_HEIGHT 130
#define STRIP_HEIGHT 17
#define GAP 40
#define EVENT_ROWS 4
#define EVENT_ROW_HEIGHT 14
#define REPEATS_SHOWN_MAX 200

/* Told apart by hue, and without colour by their dashes. */
static const struct {
    const char *colour, *dash;
} pens[] = {
    {"#0b4f9e", ""},    {"#c0480c", "7 2"},  {"#14774f", "3 2"},     {"#8a3a8c", "9 2 2 2"},
    {"#8c6a00", "1 2"}, {"#0a7d8c", "12 3"}, {"#a8204e", "5 2 1 2"}, {"#444444", "2 4"},
};
#define PENS (sizeof(pens) / sizeof(pens[0]))
#define BOUND_COLOUR "#b3440b"

struct drawing {
    FILE *out;
    const struct plot_frame *frame;
    const struct plot_series *series;
    size_t count;
    struct paper_axis size, error, freq;
    int strips, bottom; /* pixels */
};

/* --- scales --- */

/* From a decade below the usual error to one that holds the largest, nine decades at most. */
static struct paper_axis size_axis(const struct drawing *d, int top)
{
    double most = fmax(plot_quantile(d->series, d->count, SIZE_OF_ERROR, 1.0),
                       plot_quantile(d->series, d->count, SIZE_OF_BOUND, 0.995));
    double least = plot_quantile(d->series, d->count, SIZE_OF_ERROR, 0.1);
    double hi = ceil(log10(most > 1e-8 ? most : 1e-8) - 1e-9);
    double lo = floor(log10(least > 1e-9 ? least : 1e-9));

    lo = fmin(fmax(lo, hi - 9.0), hi - 2.0);
    return (struct paper_axis){lo, hi, top, SIZE_HEIGHT, true, PAPER_SECONDS};
}

/* What is seen nearly always fills the panel: the first second of a run must not flatten the rest.
 */
static struct paper_axis signed_axis(const struct drawing *d, enum plot_quantity what, int top,
                                     int height)
{
    double reach =
        1.25 * plot_quantile(d->series, d->count, what, what == SIZE_OF_FREQ ? 0.95 : 0.97);
    enum paper_unit unit = what == SIZE_OF_FREQ ? PAPER_PPM : PAPER_SECONDS;

    return (struct paper_axis){-reach, reach, top, height, false, unit};
}

/* --- curves --- */

enum curve { CURVE_SIZE, CURVE_BOUND, CURVE_ERROR, CURVE_FREQ };

static void put_path_head(FILE *out, const char *colour, const char *dash, double width)
{
    fprintf(out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\"", colour, width);
    if (*dash)
        fprintf(out, " stroke-dasharray=\"%s\"", dash);
    fputs(" stroke-linejoin=\"round\" d=\"", out);
}

/* Points of a path; those within a level stretch are left out. */
struct pencil {
    FILE *out;
    bool down, waits;
    double x, y; /* where it is */
};

static void pencil_to(struct pencil *p, double x, double y)
{
    if (p->down && fabs(y - p->y) < 0.05) {
        p->x = x;
        p->waits = true;
        return;
    }
    if (p->waits)
        fprintf(p->out, "H%.0f", p->x);
    fprintf(p->out, "%c%.0f %.1f", p->down ? 'L' : 'M', x, y);
    *p = (struct pencil){.out = p->out, .down = true, .x = x, .y = y};
}

static void pencil_lift(struct pencil *p)
{
    if (p->waits)
        fprintf(p->out, "H%.0f", p->x);
    *p = (struct pencil){.out = p->out};
}

static void put_curve(const struct drawing *d, size_t which, enum curve what)
{
    const struct plot_series *s = &d->series[which];
    const struct paper_axis *a = what == CURVE_FREQ    ? &d->freq
                                 : what == CURVE_ERROR ? &d->error
                                                       : &d->size;
    struct pencil p = {.out = d->out};
    struct plot_column c = {0};

    while (plot_next_column(d->frame->duration_s, s, &c)) {
        double lo = what == CURVE_FREQ ? c.freq_lo : c.error_lo;
        double hi = what == CURVE_FREQ ? c.freq_hi : c.error_hi;

        if (c.condition == ASLEEP || (what == CURVE_BOUND && c.condition != ANNOUNCED)) {
            pencil_lift(&p);
        } else if (what == CURVE_BOUND) {
            pencil_to(&p, c.x, paper_y(a, c.worst->bound_s));
        } else if (what == CURVE_SIZE) {
            pencil_to(&p, c.x, paper_y(a, fabs(c.worst->error_s)));
        } else { /* a stroke over all that was in the column, nearer end first */
            double low = paper_y(a, lo), high = paper_y(a, hi);
            bool low_first = !p.down || fabs(p.y - low) < fabs(p.y - high);

            pencil_to(&p, c.x, low_first ? low : high);
            pencil_to(&p, c.x, low_first ? high : low);
        }
    }
    pencil_lift(&p);
}

static void put_curves(const struct drawing *d, enum curve what)
{
    for (size_t i = 0; i < d->count; i++) {
        const char *colour = pens[i % PENS].colour, *dash = pens[i % PENS].dash;

        if (what == CURVE_BOUND)
            put_path_head(d->out, d->count == 1 ? BOUND_COLOUR : colour, "5 3", 1.1);
        else
            put_path_head(d->out, colour, dash, 1.3);
        put_curve(d, i, what);
        fputs("\"/>\n", d->out);
    }
}

/* --- areas; of one series only, several would cover each other --- */

/* Stretches without an announced bound are hatched, those of sleep are dotted. */
static void put_condition(const struct drawing *d, const struct paper_axis *a,
                          enum plot_condition what, const char *fill)
{
    struct plot_column c = {0};
    int from = -1, end = a->top + a->height;

    fprintf(d->out, "<path fill=\"url(#%s)\" d=\"", fill);
    while (plot_next_column(d->frame->duration_s, &d->series[0], &c)) {
        if (c.condition == what && from < 0)
            from = c.x;
        if (c.condition != what && from >= 0) {
            fprintf(d->out, "M%d %dH%dV%dH%dz", from, a->top, c.x, end, from);
            from = -1;
        }
    }
    if (from >= 0)
        fprintf(d->out, "M%d %dH%dV%dH%dz", from, a->top, PAPER_LEFT + PAPER_PLOT, end, from);
    fputs("\"/>\n", d->out);
}

static bool ever(const struct drawing *d, enum plot_condition what)
{
    for (size_t i = 0; i < d->count; i++) {
        for (size_t k = 0; k < d->series[i].count; k++) {
            if (plot_condition(&d->series[i].rows[k]) == what)
                return true;
        }
    }
    return false;
}

/* What the bound allows, grey: below it on logarithmic paper, on both sides of zero otherwise. */
static void put_allowed(const struct drawing *d, const struct paper_axis *a)
{
    struct plot_column c = {0};
    double x = -1.0, top = 0.0, bottom = 0.0;

    fputs("<path fill=\"#e9e9e9\" d=\"", d->out);
    while (plot_next_column(d->frame->duration_s, &d->series[0], &c)) {
        bool announced = c.condition == ANNOUNCED;
        double high = announced ? paper_y(a, c.worst->bound_s) : 0.0;
        double low = a->logarithmic ? a->top + a->height : paper_y(a, -c.worst->bound_s);

        if (x >= 0.0 && (!announced || fabs(high - top) > 0.4)) {
            fprintf(d->out, "M%.0f %.1fH%dV%.1fH%.0fz", x, top, c.x, bottom, x);
            x = -1.0;
        }
        if (announced && x < 0.0) {
            x = c.x;
            top = high;
            bottom = low;
        }
    }
    if (x >= 0.0)
        fprintf(d->out, "M%.0f %.1fH%dV%.1fH%.0fz", x, top, c.x, bottom, x);
    fputs("\"/>\n", d->out);
}

/* A bar at the top of the panel over each column in which the error was outside of its bound. */
static void put_outside(const struct drawing *d)
{
    for (size_t i = 0; i < d->count; i++) {
        struct plot_column c = {0};

        while (plot_next_column(d->frame->duration_s, &d->series[i], &c)) {
            if (plot_outside(c.worst))
                fprintf(d->out, "<path d=\"M%d %dv9\" stroke=\"#c00\" stroke-width=\"2\"/>\n", c.x,
                        d->size.top);
        }
    }
}

/* --- words --- */

static double put_key(const struct drawing *d, double x, int y, const char *mark, const char *text)
{
    fprintf(d->out, "<path d=\"M%.0f %d%s/>\n", x, y, mark);
    paper_text(d->out, x + 34, y, "start", "", text);
    return x + 60.0 + 6.2 * (double)strlen(text);
}

static void put_legend(const struct drawing *d, int y)
{
    double x = PAPER_LEFT;

    if (d->count > 1) {
        for (size_t i = 0; i < d->count; i++) {
            char mark[120];

            snprintf(mark, sizeof(mark),
                     "m0 -4h28\" stroke=\"%s\" stroke-dasharray=\"%s\" stroke-width=\"1.8\"",
                     pens[i % PENS].colour, pens[i % PENS].dash);
            x = put_key(d, x, y, mark, d->series[i].name);
        }
        paper_text(d->out, x, y, "start", "", "thin and dashed: announced bounds");
        return;
    }
    x = put_key(d, x, y, "m0 -4h28\" stroke=\"#0b4f9e\" stroke-width=\"1.8\"", "true error");
    put_key(d, x, y, "v-9h28v9z\" fill=\"#e9e9e9\"", "");
    x = put_key(d, x, y, "m0 -9h28\" stroke=\"" BOUND_COLOUR "\" stroke-dasharray=\"5 3\"",
                "announced bound");
    if (ever(d, UNANNOUNCED))
        x = put_key(d, x, y, "v-11h28v11z\" fill=\"url(#hatch)\" stroke=\"#aaa\"",
                    "not synchronised, no bound announced");
    if (ever(d, ASLEEP))
        put_key(d, x, y, "v-11h28v11z\" fill=\"url(#dots)\" stroke=\"#aaa\"", "asleep");
}

static void honesty(const struct drawing *d, char *buf, size_t size)
{
    size_t looks = 0, bad = 0;

    for (size_t i = 0; i < d->count; i++) {
        for (size_t k = 0; k < d->series[i].count; k++) {
            looks += plot_condition(&d->series[i].rows[k]) == ANNOUNCED;
            bad += plot_outside(&d->series[i].rows[k]);
        }
    }
    if (looks == 0)
        snprintf(buf, size, "a bound was never announced");
    else if (bad == 0)
        snprintf(buf, size, "never outside of the bound");
    else
        snprintf(buf, size, "outside of the bound for %.2g %% of the time (marks at the top)",
                 100.0 * (double)bad / (double)looks);
}

/* Say so when a curve leaves its panel. */
static void excess(const struct drawing *d, const struct paper_axis *a, char *buf, size_t size)
{
    double most = 0.0;
    char value[32];

    for (size_t i = 0; i < d->count; i++) {
        for (size_t k = 0; k < d->series[i].count; k++) {
            const struct plot_row *r = &d->series[i].rows[k];
            double v = fabs(a->unit == PAPER_PPM ? r->freq : r->error_s);

            most = r->asleep ? most : fmax(most, v);
        }
    }
    buf[0] = '\0';
    if (most <= a->hi)
        return;
    paper_value(value, sizeof(value), most, a->unit);
    snprintf(buf, size, "beyond the scale up to %s", value);
}

/* --- events --- */

static void put_event_line(const struct drawing *d, double x, double top, const char *style)
{
    fprintf(d->out, "<path d=\"M%.1f %.0fV%d\" stroke=\"#333\" %s/>\n", x, top, d->bottom, style);
}

static double event_text_width(const struct plot_event *e, char *text, size_t size)
{
    if (e->every_s > 0.0)
        snprintf(text, size, "every %.4g s: %s", e->every_s, e->text);
    else
        snprintf(text, size, "%s", e->text);
    if (strlen(text) > 64)
        memcpy(text + 61, "...", 4);
    return 6.1 * (double)strlen(text) + 8.0;
}

/* A dotted line through all panels, its words above the first one, in the row that has room. */
static void put_events(const struct drawing *d, int top)
{
    double taken[EVENT_ROWS] = {0};

    for (size_t i = 0; i < d->frame->event_count; i++) {
        const struct plot_event *e = &d->frame->events[i];
        double x = paper_x(d->frame->duration_s, e->at_s),
               end = fmin(e->to_s, d->frame->duration_s);
        char text[300];
        double width = event_text_width(e, text, sizeof(text));
        double left = fmin(x, PAPER_WIDTH - PAPER_RIGHT - width);
        int row = 0, shown = 0;

        if (e->at_s > d->frame->duration_s)
            continue;
        while (row < EVENT_ROWS && taken[row] > left)
            row++;
        put_event_line(d, x, row < EVENT_ROWS ? top + row * EVENT_ROW_HEIGHT + 3 : d->size.top,
                       "stroke-dasharray=\"1 3\"");
        if (row < EVENT_ROWS) {
            taken[row] = left + width;
            paper_text(d->out, left + 4, top + row * EVENT_ROW_HEIGHT + 11, "start",
                       "class=\"halo\"", text);
        }
        for (double at = e->at_s + e->every_s; e->every_s > 0.0 && at <= end; at += e->every_s) {
            if (++shown > REPEATS_SHOWN_MAX)
                break;
            fprintf(d->out, "<path d=\"M%.1f %dv-6\" stroke=\"#333\"/>\n",
                    paper_x(d->frame->duration_s, at), d->size.top);
        }
    }
}

static int event_rows(const struct plot_frame *f)
{
    return f->event_count < EVENT_ROWS ? (int)f->event_count : EVENT_ROWS;
}

/* --- selected sources --- */

static bool selected_in(const struct plot_series *s, const struct plot_column *c, int who)
{
    for (size_t i = c->first; i < c->first + c->count; i++) {
        if (s->rows[i].selected == who && !s->rows[i].asleep)
            return true;
    }
    return false;
}

/* One row of bars, at the times at which `who` was selected. */
static void put_strip(const struct drawing *d, size_t which, int who, int y)
{
    const struct plot_series *s = &d->series[which];
    struct plot_column c = {0};
    char label[64];
    int from = -1;

    snprintf(label, sizeof(label), "%.14s", d->frame->node_name[who]);
    if (d->count > 1)
        snprintf(label, sizeof(label), "%.7s: %.7s", s->name, d->frame->node_name[who]);
    paper_text(d->out, PAPER_LEFT - 7, y + 12, "end", "", label);
    fprintf(d->out, "<path d=\"M%d %dh%d\" stroke=\"#ccc\"/>\n<path fill=\"%s\" d=\"", PAPER_LEFT,
            y + STRIP_HEIGHT / 2, PAPER_PLOT, pens[which % PENS].colour);
    while (plot_next_column(d->frame->duration_s, s, &c)) {
        bool here = selected_in(s, &c, who);

        if (here && from < 0)
            from = c.x;
        if (!here && from >= 0) {
            fprintf(d->out, "M%d %dH%dv11H%dz", from, y + 3, c.x, from);
            from = -1;
        }
    }
    if (from >= 0)
        fprintf(d->out, "M%d %dH%dv11H%dz", from, y + 3, PAPER_LEFT + PAPER_PLOT, from);
    fputs("\"/>\n", d->out);
}

static void put_strips(const struct drawing *d)
{
    int y = d->strips;

    for (size_t i = 0; i < d->count; i++) {
        for (size_t k = 0; k < d->series[i].source_count; k++, y += STRIP_HEIGHT)
            put_strip(d, i, d->series[i].sources[k], y);
    }
}

static int strips_height(const struct drawing *d)
{
    size_t rows = 0;

    for (size_t i = 0; i < d->count; i++)
        rows += d->series[i].source_count;
    return (int)(rows > 0 ? rows : 1) * STRIP_HEIGHT;
}

/* --- the sheet --- */

static const struct paper_axis *panel(const struct drawing *d, int number)
{
    return number == 0 ? &d->size : number == 1 ? &d->error : &d->freq;
}

static void put_head(const struct drawing *d, int height)
{
    FILE *out = d->out;

    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\" role=\"img\" font-family=\"DejaVu Sans, Verdana, sans-serif\" "
            "font-size=\"11\" fill=\"#222\">\n<title>",
            PAPER_WIDTH, height, PAPER_WIDTH, height);
    paper_words(out, d->frame->title);
    fputs("</title>\n<desc>", out);
    paper_words(out, d->frame->subtitle);
    fputs("</desc>\n<style>.halo{paint-order:stroke;stroke:#fff;stroke-width:3px}</style>\n"
          "<defs>\n"
          "<pattern id=\"hatch\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\">"
          "<path d=\"M-1 8L8 -1\" stroke=\"#bbb\"/></pattern>\n"
          "<pattern id=\"dots\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">"
          "<path d=\"M1 1h1.4v1.4h-1.4z\" fill=\"#999\"/></pattern>\n",
          out);
    for (int i = 0; i < 3; i++) {
        const struct paper_axis *a = panel(d, i);

        fprintf(out, "<clipPath id=\"panel%d\"><path d=\"M%d %dh%dv%dh-%dz\"/></clipPath>\n", i,
                PAPER_LEFT, a->top, PAPER_PLOT, a->height, PAPER_PLOT);
    }
    fputs("</defs>\n<path d=\"M0 0h2000v4000H0z\" fill=\"#fff\"/>\n", out);
    paper_text(out, 16, 27, "start", "font-size=\"17\" font-weight=\"bold\"", d->frame->title);
    paper_text(out, 16, 46, "start", "font-size=\"12\" fill=\"#555\"", d->frame->subtitle);
}

static void put_areas(const struct drawing *d, int number)
{
    const struct paper_axis *a = panel(d, number);

    if (d->count != 1)
        return;
    fprintf(d->out, "<g clip-path=\"url(#panel%d)\">\n", number);
    if (number < 2) {
        put_allowed(d, a);
        put_condition(d, a, UNANNOUNCED, "hatch");
    }
    put_condition(d, a, ASLEEP, "dots");
    fputs("</g>\n", d->out);
}

static void put_panel(const struct drawing *d, int number)
{
    paper_grid(d->out, panel(d, number));
    fprintf(d->out, "<g clip-path=\"url(#panel%d)\">\n", number);
    if (number == 0)
        put_curves(d, CURVE_BOUND);
    put_curves(d, number == 0 ? CURVE_SIZE : number == 1 ? CURVE_ERROR : CURVE_FREQ);
    if (number == 0)
        put_outside(d);
    fputs("</g>\n", d->out);
}

static void put_sheet(const struct drawing *d, int event_top)
{
    char remark[120];

    for (int i = 0; i < 3; i++)
        put_areas(d, i);
    paper_time_grid(d->out, d->frame->duration_s, d->size.top, d->bottom);
    for (int i = 0; i < 3; i++)
        put_panel(d, i);
    put_strips(d);
    put_events(d, event_top);
    honesty(d, remark, sizeof(remark));
    paper_frame(d->out, &d->size, "Size of the error, logarithmic", remark);
    excess(d, &d->error, remark, sizeof(remark));
    paper_frame(d->out, &d->error, "Error of the clock (above zero: ahead)", remark);
    excess(d, &d->freq, remark, sizeof(remark));
    paper_frame(d->out, &d->freq, "Frequency of the clock against true time (above zero: fast)",
                remark);
    paper_text(d->out, PAPER_LEFT, d->strips - 5, "start", "class=\"halo\" font-weight=\"bold\"",
               "Selected source");
    paper_time_axis(d->out, d->frame->duration_s, d->bottom);
}

bool plot_write(const char *path, const struct plot_frame *frame, const struct plot_series *series,
                size_t count)
{
    struct drawing d = {.frame = frame, .series = series, .count = count};
    const int legend = 68, event_top = legend + 8;
    bool good;

    d.out = fopen(path, "w");
    if (!d.out)
        return false;
    d.size = size_axis(&d, event_top + event_rows(frame) * EVENT_ROW_HEIGHT + 26);
    d.error = signed_axis(&d, SIZE_OF_ERROR, d.size.top + SIZE_HEIGHT + GAP, ERROR_HEIGHT);
    d.freq = signed_axis(&d, SIZE_OF_FREQ, d.error.top + ERROR_HEIGHT + GAP, FREQ_HEIGHT);
    d.strips = d.freq.top + FREQ_HEIGHT + GAP - 8;
    d.bottom = d.strips + strips_height(&d) + 4;
    put_head(&d, d.bottom + 46);
    put_legend(&d, legend);
    put_sheet(&d, event_top);
    fputs("</svg>\n", d.out);
    good = ferror(d.out) == 0;
    return fclose(d.out) == 0 && good;
}
