/* watch.h - the report stream: reports to ask for and events to wait for (doc/candm-stream.adoc).
 *
 * A Unix stream socket on which nothing can be changed: requests of the classes N and V are
 * answered as over any transport, others are refused by construction. Who subscribes is told when
 * the verdict, a source's state, the selected source or the clock changes.
 *
 * A thousand may listen: one who reads costs a kilobyte or two; one who does not has a queue of
 * WATCH_QUEUE_BYTES, then loses events, is told how many, and is cut off when nothing was read for
 * WATCH_PATIENCE_S. Nobody else notices. */
#ifndef CHRONYD_CONTROL_WATCH_H
#define CHRONYD_CONTROL_WATCH_H

#include "candm/events.h"
#include "chronyd/control/control.h"

#define WATCHERS_MAX 1024
#define WATCH_QUEUE_BYTES 16384
#define WATCH_PATIENCE_S 15.0

struct watch;
struct watcher; /* one connection */

/* Answers one request of a stream, as control_answer() does. */
typedef bool watch_answer(void *ctx, struct watcher *w, const uint8_t *request, size_t length,
                          uint8_t *reply, size_t *reply_length);

struct watch *watch_create(const struct os *os, struct timers *timers,
                           const struct control_rooms *rooms, watch_answer *answer, void *ctx);
void watch_destroy(struct watch *w); /* NULL is allowed */
MUST_CHECK bool watch_open(struct watch *w, const char *path, unsigned mode, const char *group,
                           struct err *err);
bool watch_handle(struct watch *w, const struct event *ev);
/* The events that a connection wants, bits of CANDM_EVENT_BIT; 0 ends it. The verdict and the
 * selected source of now are told at once. */
void watch_subscribe(struct watcher *w, uint32_t events);

#endif
