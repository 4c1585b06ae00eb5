/* timers.c - the heap of timers: slot 0 is the next one, children of n are 2n+1 and 2n+2. */
#include "base/timers.h"

#include <assert.h>
#include <stdlib.h>

static bool before(const struct timer *a, const struct timer *b)
{
    return a->at.ns != b->at.ns ? a->at.ns < b->at.ns : a->order < b->order;
}

static void place(struct timers *t, struct timer *timer, size_t slot)
{
    t->heap[slot] = timer;
    timer->slot = slot + 1;
}

static void sift_up(struct timers *t, size_t slot)
{
    struct timer *timer = t->heap[slot];

    while (slot > 0) {
        size_t parent = (slot - 1) / 2;

        if (!before(timer, t->heap[parent]))
            break;
        place(t, t->heap[parent], slot);
        slot = parent;
    }
    place(t, timer, slot);
}

static void sift_down(struct timers *t, size_t slot)
{
    struct timer *timer = t->heap[slot];

    for (;;) {
        size_t child = 2 * slot + 1;

        if (child >= t->used)
            break;
        if (child + 1 < t->used && before(t->heap[child + 1], t->heap[child]))
            child++;
        if (!before(t->heap[child], timer))
            break;
        place(t, t->heap[child], slot);
        slot = child;
    }
    place(t, timer, slot);
}

static void grow(struct timers *t)
{
    size_t size = t->size ? 2 * t->size : 16;
    struct timer **heap = realloc(t->heap, size * sizeof(*heap));

    /* Owners of timers are bounded by the tables they live in, and a daemon that lost a timer would
     * be silently wrong: better an end that the service manager sees. */
    if (!heap)
        abort();
    t->heap = heap;
    t->size = size;
}

void timers_free(struct timers *t)
{
    for (size_t i = 0; i < t->used; i++)
        t->heap[i]->slot = 0;
    free(t->heap);
    *t = (struct timers){0};
}

void timer_set(struct timers *t, struct timer *timer, struct mono at)
{
    assert(timer->fire);
    timer_cancel(t, timer);
    if (t->used == t->size)
        grow(t);
    /* While timers fire, a new one cannot be due before those that were waiting. */
    timer->at = t->firing && mono_before(at, t->floor) ? t->floor : at;
    timer->order = t->order++;
    t->heap[t->used] = timer;
    sift_up(t, t->used++);
}

void timer_cancel(struct timers *t, struct timer *timer)
{
    size_t slot = timer->slot;
    struct timer *last;

    if (slot == 0)
        return;
    slot--;
    assert(slot < t->used && t->heap[slot] == timer);
    timer->slot = 0;
    last = t->heap[--t->used];
    if (last == timer)
        return;
    place(t, last, slot);
    sift_up(t, slot);
    sift_down(t, last->slot - 1);
}

struct mono timers_next(const struct timers *t)
{
    return t->used ? t->heap[0]->at : MONO_NEVER;
}

void timers_fire(struct timers *t, struct mono now)
{
    uint64_t end = t->order;

    assert(!t->firing);
    t->firing = true;
    t->floor = now;
    while (t->used && !mono_before(now, t->heap[0]->at) && t->heap[0]->order < end) {
        struct timer *timer = t->heap[0];

        timer_cancel(t, timer);
        timer->fire(timer->ctx, now);
    }
    t->firing = false;
}
