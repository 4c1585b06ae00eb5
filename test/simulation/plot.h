/* plot.h - a drawing of a run: true error within the announced bound, frequency, selected source.
 *
 * A plain SVG file without scripts or outside references. */
#ifndef SIMULATION_PLOT_H
#define SIMULATION_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plot_row {
    double at_s, error_s;
    double bound_s; /* < 0: not synchronised */
    double freq;    /* of the clock relative to true time, fraction */
    int selected;   /* node, -1 = none */
    uint64_t sent;
};

struct plot_series {
    const char *name;
    struct plot_row *rows;
    size_t count, size;
};

struct plot_frame {
    const char *title;
    uint64_t seed;
    double duration_s;
    const char **node_name; /* by the number in `selected` */
};

bool plot_write(const char *path, const struct plot_frame *frame, const struct plot_series *series,
                size_t count);

#endif
