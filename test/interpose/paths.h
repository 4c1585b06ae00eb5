/* paths.h - what a datagram meets between the program and a server, by a law per direction.
 *
 * WORLD_PATH is the path to all servers, WORLD_PATH_n the one to node n, in words:
 *
 *     [up|down|both] [delay BASE LAW...] [loss P] [open LENGTH every PERIOD] [reroute AT MORE]
 *
 * with the laws of test/simulation/delay.h; `up` is from the program to the server, and `open` says
 * that the path is there only for the first LENGTH of each PERIOD, `reroute` that it takes so much
 * longer from a time on. Without such words WORLD_DELAY and WORLD_JITTER count. */
#ifndef TEST_INTERPOSE_PATHS_H
#define TEST_INTERPOSE_PATHS_H

#include <stdbool.h>

/* One packet's way to (up) or from a server. False: it is lost. */
bool path_take(int node, bool up, double *delay_s);

#endif
