/* queue.h - what will happen, ordered by true time.
 *
 * A heap of happenings that live inside their owners. Equal times happen in the order in which they
 * were set, so that a run repeats; nothing depends on addresses. */
#ifndef SIMULATION_QUEUE_H
#define SIMULATION_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct world;

struct happening {
    void (*fire)(struct world *w, struct happening *h);
    void (*discard)(struct world *w, struct happening *h); /* it will not happen; NULL allowed */
    size_t slot; /* private: position in the heap + 1; 0 = not set */
};

struct queue_entry {
    int64_t at_ns;
    uint64_t order;
    struct happening *what;
};

struct queue {
    struct queue_entry *heap;
    size_t used, size;
    uint64_t order;
};

void queue_free(struct queue *q);
/* Set or move. */
void queue_set(struct queue *q, struct happening *h, int64_t at_ns);
void queue_cancel(struct queue *q, struct happening *h);
static inline bool happening_is_set(const struct happening *h)
{
    return h->slot != 0;
}
/* INT64_MAX when nothing will happen. */
int64_t queue_next(const struct queue *q);
/* Take the earliest one out. The queue must not be empty. */
struct happening *queue_pop(struct queue *q);

#endif
