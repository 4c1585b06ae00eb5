/* world.h - the Linux host as a world for the daemon: implements struct os and runs the loop.
 *
 * Included by main.c alone. The world finds out at its creation whether it is a restricted one (an
 * interposing simulator, where flags in a socket's type are refused): then it uses the plain
 * variants of all calls, opens no optional descriptor and makes no raw system call. Everything runs
 * on the caller's thread; one helper thread resolves names once there is a name to resolve. */
#ifndef CHRONYD_OS_LINUX_WORLD_H
#define CHRONYD_OS_LINUX_WORLD_H

#include "base/log.h"
#include "chronyd/os/event.h"

struct world;

struct world_params {
    bool control_clock; /* false with -x and -Q: the system clock is never touched */
    uint32_t uid, gid;  /* who owns the run directory; may be set later */
};

/* `log` is copied. NULL with err set only on lack of memory. */
struct world *world_create(const struct log *log, const struct world_params *params,
                           struct err *err);
void world_destroy(struct world *w); /* NULL is allowed */
struct os world_os(struct world *w);
bool world_is_restricted(const struct world *w);
/* The user that the daemon runs as after its start: owner of the run directory. */
void world_set_user(struct world *w, uint32_t uid, uint32_t gid);
/* May the system clock be set and steered? */
bool world_controls_clock(const struct world *w);
/* Descriptors passed by a service manager (LISTEN_FDS): 3 .. 3 + count - 1. A socket that is about
 * to be opened takes one of them if type, address and port agree. */
void world_adopt_sockets(struct world *w, int count);
/* Descriptors that report changes of the network and of the clock; needs no privileges. */
void world_watch_host(struct world *w);

typedef void (*world_handler)(void *ctx, const struct event *ev);
/* Wait until `wake` or until something happens, and hand what happened to `handle`. */
void world_turn(struct world *w, struct mono wake, world_handler handle, void *ctx);

#endif
