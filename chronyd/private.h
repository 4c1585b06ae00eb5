/* private.h - the inside of a daemon, shared by chronyd.c (life, events), hooks.c (what commands do
 * beyond their rooms, and the configuration once more) and initial.c (the sources of the start). */
#ifndef CHRONYD_PRIVATE_H
#define CHRONYD_PRIVATE_H

#include "chronyd/chronyd.h"
#include "chronyd/clock/tempcomp.h"
#include "chronyd/reload.h"

struct chronyd {
    const struct config *config; /* that of the start; most of it holds until the end */
    struct config reloaded;      /* what came after it */
    bool has_reloaded;
    struct chronyd_options options;
    struct os os;
    struct log log;
    struct timers timers;
    struct keystore *keys;
    struct access_table *ntp_access, *command_access;
    struct access_rules *ntp_rules, *command_rules;
    struct clock *clock;
    struct tempcomp *tempcomp; /* NULL = off */
    struct reference *reference;
    struct sources *sources;
    struct ntp *ntp;
    struct rtc *rtc; /* NULL = not tracked */
    struct refclocks *refclocks;
    struct manual *manual;
    struct control *control;
    struct control_hooks hooks;
    struct control_rooms rooms;
    struct timer timeout;     /* -t */
    struct timer initial_end; /* initstepslew takes no longer */
    bool initial;             /* initstepslew is going on */
    bool started;
    bool names_settled; /* the first round of name resolution has ended */
    enum chronyd_state state;
};

/* What can change at run time is to be taken from here. */
static inline const struct config *chronyd_current(const struct chronyd *d)
{
    return d->has_reloaded ? &d->reloaded : d->config;
}

/* chronyd.c: end in this state, unless another end has come first. */
void chronyd_finish(struct chronyd *d, enum chronyd_state state);

/* hooks.c */
/* The keys of a file, NULL: none. What cannot be read is told and leaves the store as it is. */
void chronyd_load_keys(struct chronyd *d, const char *path, struct keystore *keys,
                       const struct log *log);
/* Those of the source directories; `strict`: if a file cannot be read, nothing changes. */
void chronyd_read_source_dirs(struct chronyd *d, bool strict);
void chronyd_set_hooks(struct chronyd *d);

/* initial.c: initstepslew. False if there is nothing to do before the other sources are added. */
bool chronyd_begin_initial(struct chronyd *d);
void chronyd_end_initial(struct chronyd *d);
void chronyd_on_initial_end(void *ctx, struct mono now);
void chronyd_add_sources(struct chronyd *d);

#endif
