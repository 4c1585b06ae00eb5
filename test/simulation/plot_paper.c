/* plot_paper.c - axes and texts of a drawing, as SVG by hand. */
#include "test/simulation/plot_paper.h"

#include <math.h>

void paper_words(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        default:
            putc(*text, out);
        }
    }
}

void paper_text(FILE *out, double x, double y, const char *anchor, const char *style,
                const char *text)
{
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s%s>", x, y, anchor,
            *style ? " " : "", style);
    paper_words(out, text);
    fputs("</text>\n", out);
}

static void put_seconds(char *buf, size_t size, double v)
{
    double a = fabs(v);

    if (a < 0.9999e-6)
        snprintf(buf, size, "%.3g ns", v * 1e9);
    else if (a < 0.9999e-3)
        snprintf(buf, size, "%.3g µs", v * 1e6);
    else if (a < 0.9999)
        snprintf(buf, size, "%.3g ms", v * 1e3);
    else
        snprintf(buf, size, a < 1000.0 ? "%.3g s" : "%.0f s", v);
}

void paper_value(char *buf, size_t size, double v, enum paper_unit unit)
{
    double ppm = v * 1e6;

    if (v == 0.0)
        snprintf(buf, size, "0");
    else if (unit == PAPER_SECONDS)
        put_seconds(buf, size, v);
    else if (fabs(ppm) < 0.0999)
        snprintf(buf, size, "%.3g ppb", ppm * 1e3);
    else
        snprintf(buf, size, fabs(ppm) < 1000.0 ? "%.3g ppm" : "%.0f ppm", ppm);
}

double paper_x(double duration_s, double at_s)
{
    return PAPER_LEFT + PAPER_PLOT * at_s / duration_s;
}

double paper_y(const struct paper_axis *a, double v)
{
    double part;

    if (a->logarithmic)
        v = log10(v > 1e-30 ? v : 1e-30);
    part = (v - a->lo) / (a->hi - a->lo);
    part = part < -0.1 ? -0.1 : part > 1.1 ? 1.1 : part;
    return a->top + a->height * (1.0 - part);
}

/* --- values --- */

/* 1, 2 or 5 times a power of ten, so that about `parts` ticks fit. */
static double tick_step(double span, int parts)
{
    double raw = span / parts, power = pow(10.0, floor(log10(raw))), lead = raw / power;

    return power * (lead < 1.5 ? 1.0 : lead < 3.5 ? 2.0 : lead < 7.5 ? 5.0 : 10.0);
}

static void put_grid_line(FILE *out, double y, const char *colour)
{
    fprintf(out, "<path d=\"M%d %.1fh%d\" stroke=\"%s\"/>\n", PAPER_LEFT, y, PAPER_PLOT, colour);
}

static void put_decades(FILE *out, const struct paper_axis *a)
{
    for (int decade = (int)a->lo; decade <= (int)a->hi; decade++) {
        double v = pow(10.0, decade), y = paper_y(a, v);
        char text[32];

        put_grid_line(out, y, "#ddd");
        paper_value(text, sizeof(text), v, a->unit);
        paper_text(out, PAPER_LEFT - 7, y + 4, "end", "", text);
    }
}

static void put_values(FILE *out, const struct paper_axis *a)
{
    double step = tick_step(a->hi - a->lo, a->height / 32);

    for (double v = ceil(a->lo / step) * step; v <= a->hi + step * 1e-9; v += step) {
        char text[32];
        double y;

        if (fabs(v) < step * 1e-6)
            v = 0.0;
        y = paper_y(a, v);
        put_grid_line(out, y, v == 0.0 ? "#888" : "#ddd");
        paper_value(text, sizeof(text), v, a->unit);
        paper_text(out, PAPER_LEFT - 7, y + 4, "end", "", text);
    }
}

void paper_grid(FILE *out, const struct paper_axis *a)
{
    if (a->logarithmic)
        put_decades(out, a);
    else
        put_values(out, a);
}

void paper_frame(FILE *out, const struct paper_axis *a, const char *heading, const char *remark)
{
    fprintf(out,
            "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#888\"/>\n",
            PAPER_LEFT, a->top, PAPER_PLOT, a->height);
    paper_text(out, PAPER_LEFT, a->top - 7, "start", "class=\"halo\" font-weight=\"bold\"",
               heading);
    if (*remark)
        paper_text(out, PAPER_WIDTH - PAPER_RIGHT, a->top - 7, "end",
                   "class=\"halo\" fill=\"#555\"", remark);
}

/* --- time --- */

struct time_ticks {
    double step_s, unit_s;
    const char *unit;
};

/* Steps that people count time in: six to twelve of them fit. */
static struct time_ticks time_ticks(double duration_s)
{
    static const double steps[] = {
        0.1,  0.2,  0.5,  1,     2,     5,     10,    20,     60,     120,    300,     600,    1200,
        1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000, 864000, 2592000, 8640000};
    size_t count = sizeof(steps) / sizeof(steps[0]), i = 0;
    struct time_ticks t = {.unit_s = 1.0, .unit = "seconds"};

    while (i + 1 < count && duration_s / steps[i] > 13.0)
        i++;
    t.step_s = duration_s / steps[i] > 13.0 ? tick_step(duration_s, 10) : steps[i];
    if (duration_s > 13.0 * 21600.0)
        t = (struct time_ticks){t.step_s, 86400.0, "days"};
    else if (duration_s > 13.0 * 1200.0)
        t = (struct time_ticks){t.step_s, 3600.0, "hours"};
    else if (duration_s > 13.0 * 20.0)
        t = (struct time_ticks){t.step_s, 60.0, "minutes"};
    return t;
}

void paper_time_grid(FILE *out, double duration_s, int top, int bottom)
{
    struct time_ticks t = time_ticks(duration_s);

    fputs("<path stroke=\"#e8e8e8\" d=\"", out);
    for (double at = t.step_s; at < duration_s * (1.0 - 1e-9); at += t.step_s)
        fprintf(out, "M%.1f %dV%d", paper_x(duration_s, at), top, bottom);
    fputs("\"/>\n", out);
}

void paper_time_axis(FILE *out, double duration_s, int y)
{
    struct time_ticks t = time_ticks(duration_s);
    char text[48];

    for (double at = 0.0; at <= duration_s * (1.0 + 1e-9); at += t.step_s) {
        snprintf(text, sizeof(text), "%.4g", at / t.unit_s);
        paper_text(out, paper_x(duration_s, at), y + 16, "middle", "", text);
    }
    snprintf(text, sizeof(text), "%s of true time since the start", t.unit);
    paper_text(out, PAPER_LEFT + PAPER_PLOT / 2, y + 34, "middle", "", text);
}
