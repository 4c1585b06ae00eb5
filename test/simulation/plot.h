/* plot.h - a drawing of a run: true error and announced bound, frequency, selected source.
 *
 * One SVG file without scripts or outside references. It reads in black and white: what colours
 * tell, dashes and rows tell as well. Four panels over one axis of time: the size of the error and
 * the bound on logarithmic paper, because they are decades apart; the error with its sign; the
 * frequency; a row for each source, black while it is selected. Every pixel column shows the moment
 * of it that is worst for us, so what the picture leaves out is never a failure. */
#ifndef SIMULATION_PLOT_H
#define SIMULATION_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plot_row {
    double at_s, error_s;
    double bound_s; /* < 0: not synchronised, nothing is announced */
    double freq;    /* of the clock relative to true time, fraction */
    int selected;   /* node, -1 = none */
    bool asleep;    /* suspended or paused: nobody reads the clock, and nothing is judged */
};

#define PLOT_SOURCES_MAX 8

struct plot_series {
    const char *name;
    struct plot_row *rows; /* in the order of time */
    size_t count, size;
    int sources[PLOT_SOURCES_MAX]; /* nodes that get a row: those that it may follow */
    size_t source_count;
};

/* What the scenario did to the world. */
struct plot_event {
    double at_s, every_s, to_s; /* every_s 0: once */
    char text[80];
};

struct plot_frame {
    const char *title, *subtitle; /* a sentence; what was simulated */
    double duration_s;
    const char **node_name; /* by the number in `selected` */
    const struct plot_event *events;
    size_t event_count;
};

/* False: the file cannot be written. */
bool plot_write(const char *path, const struct plot_frame *frame, const struct plot_series *series,
                size_t count);

#endif
