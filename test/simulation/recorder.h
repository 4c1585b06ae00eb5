/* recorder.h - rows of true error, announced bound, frequency and selected source over time.
 *
 * Written as CSV while the world runs, and kept for a plot. */
#ifndef SIMULATION_RECORDER_H
#define SIMULATION_RECORDER_H

#include "test/simulation/run.h"

struct recorder;

struct recorder *recorder_create(struct run *r, const struct run_options *options);
/* Draw what is to be drawn and free it. NULL is allowed. */
void recorder_finish(struct recorder *rec);

#endif
