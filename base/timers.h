/* timers.h - what has to happen later, ordered by time.
 *
 * A binary heap of timers that live inside their owners. It reads no clock: whoever owns the loop
 * asks `timers_next` how long to wait and calls `timers_fire` with the time. Timers of equal time
 * fire in the order in which they were set, so that a simulation repeats. */
#ifndef BASE_TIMERS_H
#define BASE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

struct timer {
    void (*fire)(void *ctx, struct mono now); /* may set or cancel any timer, also this one */
    void *ctx;
    struct mono at;
    uint64_t order; /* private */
    size_t slot;    /* private: position in the heap + 1; 0 = not set */
};

struct timers {
    struct timer **heap;
    size_t used, size;
    uint64_t order;
    bool firing; /* private: inside timers_fire, where nothing new is due before `floor` */
    struct mono floor;
};

/* Zero-initialised `struct timers` and `struct timer` are valid and empty. */
void timers_free(struct timers *t);
/* Set (or move) a timer. Its fire and ctx must be filled in. */
void timer_set(struct timers *t, struct timer *timer, struct mono at);
/* Forget it; harmless when it is not set. Must be called before the owner's memory is freed. */
void timer_cancel(struct timers *t, struct timer *timer);
static inline bool timer_is_set(const struct timer *timer)
{
    return timer->slot != 0;
}
/* MONO_NEVER when there is none. */
struct mono timers_next(const struct timers *t);
/* Fire all that are due at `now`; those set meanwhile for `now` or earlier wait for the next call.
 */
void timers_fire(struct timers *t, struct mono now);

#endif
