/* plot_columns.h - many rows become what one pixel column shows, and how large things are.
 *
 * A column shows the moment of it that is worst: where the error comes closest to its bound, or
 * leaves it. Reads rows, draws nothing. */
#ifndef SIMULATION_PLOT_COLUMNS_H
#define SIMULATION_PLOT_COLUMNS_H

#include "test/simulation/plot.h"

enum plot_condition { ANNOUNCED, UNANNOUNCED, ASLEEP };

enum plot_condition plot_condition(const struct plot_row *r);
/* The true error is larger than the bound that is announced. */
bool plot_outside(const struct plot_row *r);

/* What one pixel column shows of a series: all rows of the condition that comes first in the list
 * above. */
struct plot_column {
    int x;
    size_t first, count;
    const struct plot_row *worst; /* where the error comes closest to the bound */
    enum plot_condition condition;
    double error_lo, error_hi, freq_lo, freq_hi;
};

/* The next one; false: there are no more rows. Begin with zeroes. */
bool plot_next_column(double duration_s, const struct plot_series *s, struct plot_column *c);

enum plot_quantity { SIZE_OF_ERROR, SIZE_OF_BOUND, SIZE_OF_FREQ };

/* The value that a `part` of all rows does not exceed, within 12 %; 0 without rows. */
double plot_quantile(const struct plot_series *series, size_t count, enum plot_quantity what,
                     double part);

#endif
