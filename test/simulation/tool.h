/* tool.h - chronyc inside the simulation: the same program, with a simulated daemon at its other
 * end in the place of a socket. */
#ifndef SIMULATION_TOOL_H
#define SIMULATION_TOOL_H

#include "test/simulation/world.h"

/* What chronyc prints for a line of commands ("-c sources", "tracking"), errors included; malloc'd.
 * Addresses are not resolved. */
char *tool_run(struct node *n, const char *line);

#endif
