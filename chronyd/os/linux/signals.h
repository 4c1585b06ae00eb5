/* signals.h - what signals leave behind for the loop.
 *
 * Handlers only take notes. The notes are the one mutable state at file scope of the project: a
 * handler has no argument that could lead it to the daemon. */
#ifndef CHRONYD_OS_LINUX_SIGNALS_H
#define CHRONYD_OS_LINUX_SIGNALS_H

#include <stdbool.h>

/* SIGINT, SIGTERM, SIGQUIT and SIGHUP end the daemon; SIGPIPE is ignored. */
void signals_install(void);
/* A signal that comes just before the loop begins to wait makes this timer descriptor ready at
 * once, so that it is not slept over; -1: none. */
void signals_wake(int timer_fd);
/* Has a signal asked for the end? Reported once. */
bool signals_take_stop(void);

/* With the tolerant system call filter: a refused call fails with ENOSYS and is noted. False where
 * the processor's way to return a value is not known here. */
bool signals_catch_refused_calls(void);
/* The number of a call that was refused since the last question, -1 if none. */
int signals_take_refused_call(void);

#endif
