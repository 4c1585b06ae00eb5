/* swarm_check.h - what must hold in every world whose honest servers are a majority.
 *
 * honest     the clock's true error lies within the announced bound, or the verdict says that the
 *            time is not known; a disturbance that no daemon can see (a foreign hand, a machine
 *            that was paused) excuses it until it had time to measure again
 * step       steps only as makestep allows
 * rate       the clock is never steered faster than maxslewrate and maxdrift allow
 * poll       a server is never asked more often than minpoll (or a burst) allows
 * minority   a source that is known to lie is not selected while the honest ones are more
 * length     a reply is never longer than the request
 * table      sockets, log lines and wake-ups stay bounded
 * memory     so does what all daemons allocate
 * files      drift and dump files are whole, whenever a daemon ended or died
 * recovery   after the last fault a daemon with a reachable honest majority is synchronised, its
 *            error is small, and the clock itself is brought to what is known
 * state      a daemon starts with whatever files a crash left, and runs on
 * spin       no daemon computes without end
 * crash      none ends the process
 *
 * doc/simulation.adoc has the figures and the excuses. */
#ifndef SIMULATION_SWARM_CHECK_H
#define SIMULATION_SWARM_CHECK_H

#include "test/simulation/run.h"
#include "test/simulation/swarm.h"

struct swarm_check;

struct swarm_check *swarm_check_create(struct swarm_outcome *out);
void swarm_check_free(struct swarm_check *c);
/* For run_options. */
void swarm_check_prepare(struct run *r, void *check);
void swarm_check_finished(struct run *r, void *check);

#endif
