/* restless.h - what an estimate may be wrong by if the oscillator is less steady than was learned.
 *
 * How much an oscillator wanders is learned from some dozen noisy samples. One that is taken for
 * steadier than it is makes an estimate that follows too slowly and is sure of itself, for hours,
 * and nothing in its deviation tells. So the register is read a second time with as much wander as
 * the samples leave possible: how far the second reading is from the first, and how unsure it is of
 * itself, says what to expect. The estimate itself remains that of the first. */
#ifndef CHRONYD_TRACK_RESTLESS_H
#define CHRONYD_TRACK_RESTLESS_H

#include "chronyd/track/filter.h"
#include "chronyd/track/sample.h"

/* Both readings at the instant of the estimate, and the wander of the second. */
struct restless restless_of(const struct filter_state *estimate, const struct filter_state *second,
                            double wander);
/* For an estimate whose deviations are these times as large (>= 0), because others took part. */
void restless_scale(struct restless *r, double offset_times, double freq_times);
/* Seconds that the error hardly exceeds, age_s >= 0 after the estimate. */
double restless_error_s(const struct restless *r, double age_s);

#endif
