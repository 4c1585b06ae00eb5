/* plot.c - SVG by hand: three panels over one time axis. */
#include "test/simulation/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 960
#define LEFT 90
#define RIGHT 20
#define PLOT_WIDTH (WIDTH - LEFT - RIGHT)
#define ERROR_HEIGHT 260
#define FREQ_HEIGHT 130
#define STRIP_HEIGHT 18
#define GAP 34
#define TOP 46

static const char *const colours[] = {"#1f5fa8", "#b5461e", "#2d7f4f", "#7a4aa0",
                                      "#9c7a12", "#12808a", "#a83263", "#555555"};
#define COLOURS 8

struct axis {
    double lo, hi;   /* values at the bottom and top */
    int top, height; /* pixels */
};

static double x_of(const struct plot_frame *f, double at_s)
{
    return LEFT + PLOT_WIDTH * at_s / f->duration_s;
}

static double y_of(const struct axis *a, double v)
{
    double part = (v - a->lo) / (a->hi - a->lo);

    part = part < 0.0 ? 0.0 : part > 1.0 ? 1.0 : part;
    return a->top + a->height * (1.0 - part);
}

/* 1, 2 or 5 times a power of ten, so that about `parts` ticks fit. */
static double tick_step(double span, int parts)
{
    double raw = span / parts, power = pow(10.0, floor(log10(raw))), lead = raw / power;

    return power * (lead < 1.5 ? 1.0 : lead < 3.5 ? 2.0 : lead < 7.5 ? 5.0 : 10.0);
}

static void put_text(FILE *out, double x, double y, const char *anchor, const char *text)
{
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    for (; *text; text++) {
        if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '&')
            fputs("&amp;", out);
        else
            putc(*text, out);
    }
    fputs("</text>\n", out);
}

static void put_seconds(char *buf, size_t size, double v)
{
    double a = fabs(v);

    if (a == 0.0)
        snprintf(buf, size, "0");
    else if (a < 0.9999e-6)
        snprintf(buf, size, "%.3g ns", v * 1e9);
    else if (a < 0.9999e-3)
        snprintf(buf, size, "%.3g µs", v * 1e6);
    else if (a < 0.9999)
        snprintf(buf, size, "%.3g ms", v * 1e3);
    else
        snprintf(buf, size, "%.3g s", v);
}

static void put_axis(FILE *out, const struct axis *a, const char *label, double factor)
{
    double step = tick_step(a->hi - a->lo, 5);

    fprintf(out,
            "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" "
            "stroke=\"#999\"/>\n",
            LEFT, a->top, PLOT_WIDTH, a->height);
    for (double v = ceil(a->lo / step) * step; v <= a->hi + step * 1e-9; v += step) {
        char text[32];
        double y = y_of(a, v);

        if (fabs(v) < step * 1e-6)
            v = 0.0;
        fprintf(out, "<path d=\"M%d %.1fh%d\" stroke=\"%s\"/>\n", LEFT, y, PLOT_WIDTH,
                v == 0.0 ? "#999" : "#e4e4e4");
        if (factor == 0.0)
            put_seconds(text, sizeof(text), v);
        else
            snprintf(text, sizeof(text), "%.4g", v * factor);
        put_text(out, LEFT - 6, y + 4, "end", text);
    }
    put_text(out, LEFT, a->top - 6, "start", label);
}

static void put_time_axis(FILE *out, const struct plot_frame *f, int y)
{
    double unit = f->duration_s > 3 * 86400.0 ? 86400.0 : f->duration_s > 3 * 3600.0 ? 3600.0 : 1.0;
    const char *name = unit > 4000.0 ? "d" : unit > 1.0 ? "h" : "s";
    double step = tick_step(f->duration_s / unit, 8);

    for (double v = 0.0; v <= f->duration_s / unit * (1.0 + 1e-9); v += step) {
        char text[32];

        snprintf(text, sizeof(text), "%.6g %s", v, name);
        put_text(out, x_of(f, v * unit), y + 16, "middle", text);
    }
}

/* --- scales --- */

/* A height that shows nearly all: the `part` quantile by a coarse histogram of logarithms, so that
 * the first second of a run does not flatten the rest. */
static double typical(const struct plot_series *series, size_t count, double part, bool of_freq,
                      double middle)
{
    size_t bins[400] = {0}, total = 0, seen = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < series[i].count; k++) {
            const struct plot_row *r = &series[i].rows[k];
            double v = fabs(of_freq ? r->freq - middle : r->error_s);
            double place = 200.0 + 10.0 * log10(v > 1e-19 ? v : 1e-19);

            bins[(size_t)(place < 0.0 ? 0.0 : place > 399.0 ? 399.0 : place)]++;
            total++;
        }
    }
    for (size_t b = 0; b < 400; b++) {
        seen += bins[b];
        if ((double)seen >= part * (double)total)
            return pow(10.0, ((double)b + 1.0 - 200.0) / 10.0);
    }
    return 1.0;
}

/* --- curves --- */

/* One vertical stroke per pixel column from the least to the greatest value in it. */
static void put_curve(FILE *out, const struct plot_frame *f, const struct axis *a,
                      const struct plot_series *s, bool of_freq, const char *colour)
{
    double lo = 0.0, hi = 0.0;
    int column = -1;

    fputs("<path fill=\"none\" stroke-width=\"1.2\" d=\"", out);
    for (size_t i = 0; i < s->count; i++) {
        const struct plot_row *r = &s->rows[i];
        double v = of_freq ? r->freq : r->error_s;
        int c = (int)x_of(f, r->at_s);

        if (c != column) {
            if (column >= 0)
                fprintf(out, "L%d %.1fV%.1f", column, y_of(a, lo), y_of(a, hi));
            else
                fprintf(out, "M%d %.1f", c, y_of(a, v));
            column = c;
            lo = hi = v;
        }
        lo = v < lo ? v : lo;
        hi = v > hi ? v : hi;
    }
    fprintf(out, "\" stroke=\"%s\"/>\n", colour);
}

/* The announced bound as a band around zero. */
static void put_band(FILE *out, const struct plot_frame *f, const struct axis *a,
                     const struct plot_series *s, const char *colour)
{
    int last = -1;

    for (size_t i = 0; i < s->count; i++) {
        const struct plot_row *r = &s->rows[i];
        int c = (int)x_of(f, r->at_s);
        double top, bottom;

        if (c == last || r->bound_s < 0.0)
            continue;
        last = c;
        top = y_of(a, r->bound_s);
        bottom = y_of(a, -r->bound_s);
        fprintf(out, "<path d=\"M%d %.1fV%.1f\" stroke=\"%s\" opacity=\"0.13\"/>\n", c, top, bottom,
                colour);
    }
}

static void put_strip(FILE *out, const struct plot_frame *f, const struct plot_series *s, int y)
{
    size_t from = 0;

    put_text(out, LEFT - 6, y + 13, "end", s->name);
    for (size_t i = 1; i <= s->count; i++) {
        double x, width;
        int who = s->rows[from].selected;

        if (i < s->count && s->rows[i].selected == who)
            continue;
        x = x_of(f, s->rows[from].at_s);
        width = x_of(f, i < s->count ? s->rows[i].at_s : f->duration_s) - x;
        fprintf(out, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", x, y,
                width, STRIP_HEIGHT - 3, who < 0 ? "#dddddd" : colours[who % COLOURS]);
        if (width > 60.0) {
            fputs("<g fill=\"#fff\">", out);
            put_text(out, x + width / 2, y + 12, "middle", who < 0 ? "none" : f->node_name[who]);
            fputs("</g>\n", out);
        }
        from = i;
    }
}

bool plot_write(const char *path, const struct plot_frame *frame, const struct plot_series *series,
                size_t count)
{
    FILE *out = fopen(path, "w");
    double reach = 1.3 * typical(series, count, 0.97, false, 0.0);
    double swing = 1.3 * typical(series, count, 0.95, true, 0.0);
    struct axis error = {-reach, reach, TOP + 10, ERROR_HEIGHT};
    struct axis freq = {-swing, swing, error.top + ERROR_HEIGHT + GAP, FREQ_HEIGHT};
    int strips = freq.top + FREQ_HEIGHT + GAP - 8;
    int height = strips + (int)count * STRIP_HEIGHT + 34;
    char text[300];

    if (!out)
        return false;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "font-family=\"sans-serif\" font-size=\"11\" fill=\"#333\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            WIDTH, height);
    snprintf(text, sizeof(text), "%s (seed %llu)", frame->title, (unsigned long long)frame->seed);
    fputs("<g font-size=\"14\">", out);
    put_text(out, LEFT, 20, "start", text);
    fputs("</g>\n", out);
    put_axis(out, &error, "error of the clock, and the announced bound as a band", 0.0);
    put_axis(out, &freq, "frequency error, ppm", 1e6);
    for (size_t i = 0; i < count; i++)
        put_band(out, frame, &error, &series[i], colours[i % COLOURS]);
    for (size_t i = 0; i < count; i++) {
        put_curve(out, frame, &error, &series[i], false, colours[i % COLOURS]);
        put_curve(out, frame, &freq, &series[i], true, colours[i % COLOURS]);
        put_strip(out, frame, &series[i], strips + (int)i * STRIP_HEIGHT);
    }
    put_text(out, LEFT, strips - 5, "start", "selected source");
    put_time_axis(out, frame, strips + (int)count * STRIP_HEIGHT);
    fputs("</svg>\n", out);
    return fclose(out) == 0;
}
