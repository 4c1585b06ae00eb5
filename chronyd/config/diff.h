/* diff.h - what a changed configuration means for a daemon that is running.
 *
 * Compares two configurations that were read and finished alike. Says which sources go and
 * come, and which directives have another value, and of each whether a running daemon can take it
 * on. Compares meaning, not text, where it can: a line that only spells out a default is no change.
 * Applies nothing. */
#ifndef CHRONYD_CONFIG_DIFF_H
#define CHRONYD_CONFIG_DIFF_H

#include "chronyd/config/config.h"

struct config_change {
    const char *directive;      /* static */
    const char *before, *after; /* the line that counts, lent; NULL: none, the default holds */
    bool at_run_time;           /* else only a restart brings it */
};

struct config_diff {
    size_t *gone; /* indices of before->ntp_sources */
    size_t gone_count;
    size_t *come; /* indices of after->ntp_sources */
    size_t come_count;
    struct config_change *changes; /* of everything but the sources, sorted by name */
    size_t change_count;
};

/* False only without memory; *out is empty then. Both configurations have to outlive it. */
MUST_CHECK bool config_diff(const struct config *before, const struct config *after,
                            struct config_diff *out);
void config_diff_free(struct config_diff *diff);

#endif
