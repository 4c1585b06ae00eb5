/* yardstick.h - a textbook discipline to measure ours against.
 *
 * The clock filter of RFC 5905 section 10 (the sample of least delay among the last eight) and its
 * phase-locked loop of section 11.3, as a host that polls one server and steers its own clock. */
#ifndef SIMULATION_YARDSTICK_H
#define SIMULATION_YARDSTICK_H

#include "test/simulation/hosts.h"

const struct host_kind *yardstick_kind(const char *name); /* "yardstick", else NULL */

#endif
