/* reload.h - take on a configuration that was changed while the daemon runs.
 *
 * Compares and applies what a running daemon can take on, directive by directive; tells of the rest
 * that it waits for a restart. Sources, keys and source directories are applied by the caller, who
 * knows when. */
#ifndef CHRONYD_RELOAD_H
#define CHRONYD_RELOAD_H

#include "candm/messages.h"
#include "chronyd/access_rules.h"

struct reload_target {
    const struct control_rooms *rooms;
    struct access_rules *ntp_rules, *command_rules;
    const struct log *log;
    bool restart; /* -R: no makestep limit > 0 */
};

struct reload_change {
    const struct config *started; /* what the daemon was started with: some of it cannot change */
    const struct config *now;     /* what was applied last */
    const struct config *next;
};

/* Adds up `applied`, `restart` and `text` of *out. False only without memory, before anything was
 * changed. */
MUST_CHECK bool reload_apply(const struct reload_target *t, const struct reload_change *change,
                             struct candm_rpy_reload_config *out, struct err *err);
/* Is there code for a change of this directive? It has to be there for all that config_diff says
 * can change at run time. */
bool reload_knows(const char *directive);

#endif
