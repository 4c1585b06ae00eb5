/* ask.h - what chronyc would be told and what it would order, over the node's Unix socket. */
#ifndef SIMULATION_ASK_H
#define SIMULATION_ASK_H

#include "test/simulation/tokens.h"
#include "test/simulation/world.h"

/* "online", "offline", "burst 4 8", "makestep", "delete NODE", ... An order that the daemon refuses
 * is logged in the trace, not an error: the scenario may want that. */
MUST_CHECK bool ask_command(struct node *n, struct tokens *t);

/* The code of a reference clock's name, and may the name be one? */
uint32_t refid_of(const char *name);
bool is_refid(const struct node *n, const char *name);

/* A figure of a report: `tracking FIELD`, `activity FIELD`, `server FIELD`, `smoothing FIELD`,
 * `source NODE FIELD`, `stats NODE FIELD`, `select NODE FIELD`, `ntpdata NODE FIELD`,
 * `auth NODE FIELD`, `rtc FIELD`. */
struct question;
struct question *question_read(struct node *n, struct tokens *t); /* NULL: reported */
void question_free(struct question *q);
/* False: the daemon does not answer, or has no such source. */
MUST_CHECK bool question_ask(struct node *n, const struct question *q, double *out);

#endif
