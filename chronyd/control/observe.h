/* observe.h - what has changed since it was last looked.
 *
 * Keeps the verdict, the state of each source, who is selected and the count of steps, and tells
 * each difference as an event. */
#ifndef CHRONYD_CONTROL_OBSERVE_H
#define CHRONYD_CONTROL_OBSERVE_H

#include "candm/events.h"
#include "chronyd/control/control.h"

struct observer;

typedef void observe_tell(void *ctx, enum candm_event event,
                          const union candm_event_payload *payload);

/* Begins with what is there now. */
struct observer *observer_create(const struct control_rooms *rooms);
void observer_destroy(struct observer *o); /* NULL is allowed */
void observer_look(struct observer *o, observe_tell *tell, void *ctx);
/* What is now, as an event: verdict and selected only. */
void observer_present(const struct observer *o, enum candm_event event,
                      union candm_event_payload *out);

#endif
