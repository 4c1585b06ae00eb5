/* hwclock.h - the clock of a network interface against ours.
 *
 * Readings (both clocks at one instant) become a line on the axis of our oscillator, by which a
 * stamp of the interface's clock is turned into an instant of ours, with an honest bound of the
 * error. On that axis steering our clock disturbs nothing. Reads no clock itself. */
#ifndef CHRONYD_NTP_HWCLOCK_H
#define CHRONYD_NTP_HWCLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/time.h"

#define HWCLOCK_SAMPLES_MAX 64

struct hwclock;

/* Readings that it needs and keeps, 2 .. HWCLOCK_SAMPLES_MAX. NULL: out of memory. */
struct hwclock *hwclock_create(int min_samples, int max_samples);
void hwclock_destroy(struct hwclock *c); /* NULL is allowed */
/* One more reading, good to +-error_s (> 0). One that does not fit says that somebody set or
 * steered the interface's clock: all before it is forgotten. */
void hwclock_add(struct hwclock *c, struct osc at, int64_t clock_ns, double error_s);
/* What is known does not hold any more (our oscillator's axis has a break): begin anew. */
void hwclock_reset(struct hwclock *c);
/* False: not enough readings, or the stamp is too far from them. */
MUST_CHECK bool hwclock_convert(const struct hwclock *c, int64_t clock_ns, struct osc *at,
                                double *error_s);
bool hwclock_ready(const struct hwclock *c);

#endif
