/* plot_paper.h - what a drawing is made on: texts, axes, grids, scales, in SVG.
 *
 * Knows pixels and numbers, and nothing of clocks. All output goes to one stream whose errors are
 * found when it is closed. */
#ifndef SIMULATION_PLOT_PAPER_H
#define SIMULATION_PLOT_PAPER_H

#include <stdbool.h>
#include <stdio.h>

#define PAPER_WIDTH 1000
#define PAPER_LEFT 96
#define PAPER_RIGHT 28
#define PAPER_PLOT (PAPER_WIDTH - PAPER_LEFT - PAPER_RIGHT)

enum paper_unit { PAPER_SECONDS, PAPER_PPM };

struct paper_axis {
    double lo, hi; /* values at the bottom and at the top; of a logarithmic one powers of ten */
    int top, height;
    bool logarithmic;
    enum paper_unit unit;
};

/* SVG text; `anchor` is start, middle or end, `style` further attributes. */
void paper_text(FILE *out, double x, double y, const char *anchor, const char *style,
                const char *text);
/* Only the words, with &, < and > made harmless. */
void paper_words(FILE *out, const char *text);
/* "2.5 ms", "100 ppm" */
void paper_value(char *buf, size_t size, double v, enum paper_unit unit);

double paper_x(double duration_s, double at_s);
/* Beyond the frame it goes on, a little: the clip path cuts it. */
double paper_y(const struct paper_axis *a, double v);

/* Lines of the grid with their figures at the left; drawn before what stands on them. */
void paper_grid(FILE *out, const struct paper_axis *a);
/* Frame, heading above, remark above at the right (may be empty). */
void paper_frame(FILE *out, const struct paper_axis *a, const char *heading, const char *remark);
/* Lines from `top` to `bottom` at the ticks of time, and figures below. */
void paper_time_grid(FILE *out, double duration_s, int top, int bottom);
void paper_time_axis(FILE *out, double duration_s, int y);

#endif
