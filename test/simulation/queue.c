/* queue.c - a heap with four branches: shallower than a binary one, and its keys lie together. */
#include "test/simulation/queue.h"

#include <assert.h>
#include <stdlib.h>

void queue_free(struct queue *q)
{
    free(q->heap);
    *q = (struct queue){0};
}

static bool before(const struct queue_entry *a, const struct queue_entry *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->order < b->order);
}

static void place(struct queue *q, size_t i, struct queue_entry e)
{
    q->heap[i] = e;
    e.what->slot = i + 1;
}

static void sift_up(struct queue *q, size_t i, struct queue_entry e)
{
    while (i > 0) {
        size_t parent = (i - 1) / 4;

        if (!before(&e, &q->heap[parent]))
            break;
        place(q, i, q->heap[parent]);
        i = parent;
    }
    place(q, i, e);
}

static void sift_down(struct queue *q, size_t i, struct queue_entry e)
{
    for (;;) {
        size_t first = 4 * i + 1, last = first + 4 < q->used ? first + 4 : q->used, best = first;

        if (first >= q->used)
            break;
        for (size_t child = first + 1; child < last; child++) {
            if (before(&q->heap[child], &q->heap[best]))
                best = child;
        }
        if (!before(&q->heap[best], &e))
            break;
        place(q, i, q->heap[best]);
        i = best;
    }
    place(q, i, e);
}

static void settle(struct queue *q, size_t i, struct queue_entry e)
{
    if (i > 0 && before(&e, &q->heap[(i - 1) / 4]))
        sift_up(q, i, e);
    else
        sift_down(q, i, e);
}

void queue_set(struct queue *q, struct happening *h, int64_t at_ns)
{
    struct queue_entry e = {.at_ns = at_ns, .order = q->order++, .what = h};

    if (h->slot) {
        settle(q, h->slot - 1, e);
        return;
    }
    if (q->used == q->size) {
        q->size = q->size ? 2 * q->size : 64;
        q->heap = realloc(q->heap, q->size * sizeof(*q->heap));
        assert(q->heap);
    }
    sift_up(q, q->used++, e);
}

void queue_cancel(struct queue *q, struct happening *h)
{
    size_t i;

    if (!h->slot)
        return;
    i = h->slot - 1;
    h->slot = 0;
    q->used--;
    if (i < q->used)
        settle(q, i, q->heap[q->used]);
}

int64_t queue_next(const struct queue *q)
{
    return q->used ? q->heap[0].at_ns : INT64_MAX;
}

struct happening *queue_pop(struct queue *q)
{
    struct happening *h;

    assert(q->used > 0);
    h = q->heap[0].what;
    h->slot = 0;
    q->used--;
    if (q->used > 0)
        sift_down(q, 0, q->heap[q->used]);
    return h;
}
