/* chronyd.h - a daemon is a value: created from a configuration and a world, fed with events.
 *
 * No state outside it, so a thousand of them run in one process. The owner's loop is:
 *     wait until chronyd_next_wake() or an event; chronyd_handle(); look at chronyd_state(). */
#ifndef CHRONYD_CHRONYD_H
#define CHRONYD_CHRONYD_H

#include "chronyd/config/config.h"
#include "chronyd/os/event.h"

struct chronyd;

struct chronyd_options {
    enum reference_mode mode; /* -q, -Q */
    bool reload_dumps;        /* -r */
    bool restart;             /* -R: no makestep limit > 0, no initstepslew */
    bool set_from_rtc;        /* -s */
    enum addr_family only;    /* -4, -6 */
    double timeout_s;         /* -t, 0 = none */
    /* Read the configuration once more, finished and with all options applied as the first was,
     * into *out, which is config_free'd in any case. NULL: it cannot be read again (command line).
     */
    bool (*read_config)(void *ctx, struct config *out, struct err *err);
    void *read_ctx;
};

/* Opens NTP and command sockets (before privileges are dropped). `config` is lent for the daemon's
 * life; os and log are copied. */
struct chronyd *chronyd_create(const struct config *config, const struct chronyd_options *options,
                               const struct os *os, const struct log *log, struct err *err);
/* The rest of the start, with the final privileges: drift file, Unix socket, sources, names. With
 * initstepslew the clock is first set from its hosts; the daemon is ready after that. */
void chronyd_start(struct chronyd *d);
/* Clean end: dump files, drift file; sockets are closed. NULL is allowed. */
void chronyd_destroy(struct chronyd *d);

void chronyd_handle(struct chronyd *d, const struct event *ev);
bool chronyd_is_ready(const struct chronyd *d);
struct mono chronyd_next_wake(const struct chronyd *d);

enum chronyd_state { CHRONYD_RUNNING, CHRONYD_DONE, CHRONYD_FAILED }; /* exit status 0 and 1 */
enum chronyd_state chronyd_state(const struct chronyd *d);
void chronyd_verdict(const struct chronyd *d, struct verdict *out);
/* For the simulation and tests: the rooms, lent. */
const struct control_rooms *chronyd_rooms(const struct chronyd *d);

#endif
