/* quantile.h - a running quantile of the last measurements (option maxdelayquant).
 *
 * Keeps the most recent values and looks them up exactly, so that a changed route is forgotten
 * after as many measurements as it holds. */
#ifndef CHRONYD_NTP_QUANTILE_H
#define CHRONYD_NTP_QUANTILE_H

#include <stdbool.h>

struct quantile;

struct quantile *quantile_create(double p); /* 0..1 */
void quantile_destroy(struct quantile *q);  /* NULL is allowed */
void quantile_reset(struct quantile *q);
void quantile_add(struct quantile *q, double value);
/* False while there are too few values to tell. */
bool quantile_value(const struct quantile *q, double *out);

#endif
