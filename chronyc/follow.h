/* follow.h - chronyc --follow: what changes in a daemon, a line for each event, until stopped.
 *
 * Subscribes at the report stream of a daemon on this host (doc/candm-stream.adoc) and waits for it
 * again when it ends. Text is for people, JSON (doc/schema/event.json) for programs. */
#ifndef CHRONYC_FOLLOW_H
#define CHRONYC_FOLLOW_H

#include "candm/events.h"
#include "chronyc/session.h"

/* The exit status of the process: 0 stopped by a signal, the end of input or of who reads; 1 the
 * output cannot be written; 2 the daemon cannot be reached. `words`: of a command, which has no
 * place here. */
int follow(struct session *s, int words);

/* One line, in the form of the present rendering. */
void follow_print(struct session *s, const struct candm_event_header *h,
                  const union candm_event_payload *e);

/* Ask for all events, over a stream of reports that is open. */
bool follow_subscribe(struct transport *t);

#endif
