/* median.h - what the readings of one polling interval say together.
 *
 * Readings of receivers have outliers on one side (a late serial line, a busy host), so they are
 * not averaged: those nearest to the median are, about 60 % of them. Keeps the newest ones in a
 * ring on the oscillator axis, so that corrections of the clock meanwhile do not matter. Private to
 * refclock/. */
#ifndef CHRONYD_REFCLOCK_MEDIAN_H
#define CHRONYD_REFCLOCK_MEDIAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "chronyd/clock/clock.h"
#include "chronyd/track/sample.h"

#define MEDIAN_LENGTH_MAX 256

struct reading {
    struct osc at;
    struct utc truth; /* what the refclock says the time was then */
    double dispersion_s;
    enum leap leap;
};

struct median {
    struct reading readings[MEDIAN_LENGTH_MAX]; /* a ring: the oldest gives way */
    size_t length;                              /* of the ring, 1..MEDIAN_LENGTH_MAX */
    size_t used, next;
};

void median_init(struct median *m, int length);
void median_clear(struct median *m);
/* Instants are called by other names from now on: `by_s` later. */
void median_relabel(struct median *m, double by_s);
void median_add(struct median *m, const struct reading *r);
/* Offsets are taken against the corrected line of `view`. The leap state is that of the newest
 * reading. False if there are no readings. */
MUST_CHECK bool median_combine(const struct median *m, const struct clock_view *view,
                               struct reading *out);

#endif
