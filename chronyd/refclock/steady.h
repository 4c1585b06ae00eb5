/* steady.h - a clock that runs freely but evenly, as a better oscillator (option local).
 *
 * What such a clock shows is not the time, but it runs more evenly than the host's oscillator. The
 * oscillator's count is made to follow it, in frequency and phase, by the compensation that is
 * otherwise that of the temperature (so both together make no sense); the frequency that they
 * differ by at first is kept. All other sources are then measured against the better oscillator.
 * Private to refclock/. */
#ifndef CHRONYD_REFCLOCK_STEADY_H
#define CHRONYD_REFCLOCK_STEADY_H

#include "chronyd/clock/clock.h"
#include "chronyd/refclock/median.h"

struct steady;

/* NULL only without memory. */
struct steady *steady_create(struct clock *clock);
void steady_destroy(struct steady *s); /* NULL is allowed; the compensation stays as it is */
/* Begin anew: phase or time were lost. */
void steady_reset(struct steady *s);
/* Instants are called by other names from now on: `by_s` later. */
void steady_relabel(struct steady *s, double by_s);
/* What the clock showed in a polling interval of poll_s. */
void steady_update(struct steady *s, const struct reading *r, double poll_s);

#endif
