/* access_rules.h - the rules of allow and deny in their order, host names included.
 *
 * Fills a table of base/access.h. A host name is looked up in the background; until its answer is
 * there its rule is missing, and then it is put where it stands in the configuration (first address
 * only, later changes of the name are not followed). What does not resolve is told once and tried
 * again. Rules that commands added meanwhile stay behind all others. */
#ifndef CHRONYD_ACCESS_RULES_H
#define CHRONYD_ACCESS_RULES_H

#include "base/timers.h"
#include "chronyd/config/config.h"
#include "chronyd/os/event.h"

struct access_rules;

struct access_rules_params {
    const struct os *os;
    struct timers *timers;
    const struct log *log;
    struct access_table *table; /* lent; filled from here alone, but for access_rules_append */
    const char *allow, *deny;   /* words of the directives */
    uint32_t token;             /* look-ups have this number and the 2^24 that follow */
};
struct access_rules *access_rules_create(const struct access_rules_params *params);
void access_rules_destroy(struct access_rules *r); /* NULL is allowed */

/* Forget all rules and take these, which are copied. On failure the old ones stay. */
MUST_CHECK bool access_rules_load(struct access_rules *r, const struct access_list *list,
                                  struct err *err);
/* Begin to look names up; before that nothing is asked. */
void access_rules_start(struct access_rules *r);
/* A command has applied this rule to the table: remember it for as long as names are missing. */
void access_rules_append(struct access_rules *r, const struct access_rule *rule);
/* Names that did not resolve may do so now. */
void access_rules_try_again(struct access_rules *r);
/* True if the event was an answer for us; the table may have changed then. */
bool access_rules_handle(struct access_rules *r, const struct event *ev);

#endif
