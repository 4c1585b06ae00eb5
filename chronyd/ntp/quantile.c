#include "chronyd/ntp/quantile.h"

#include <stdlib.h>
#include <string.h>

#define VALUES 100
#define VALUES_MIN 5

struct quantile {
    double p;
    double recent[VALUES]; /* ring */
    double sorted[VALUES];
    int count, next;
};

struct quantile *quantile_create(double p)
{
    struct quantile *q = calloc(1, sizeof(*q));

    if (q)
        q->p = p;
    return q;
}

void quantile_destroy(struct quantile *q)
{
    free(q);
}

void quantile_reset(struct quantile *q)
{
    q->count = q->next = 0;
}

static void sorted_remove(struct quantile *q, double value)
{
    int i = 0;

    while (i < q->count - 1 && q->sorted[i] < value)
        i++;
    memmove(&q->sorted[i], &q->sorted[i + 1], (size_t)(q->count - 1 - i) * sizeof(double));
    q->count--;
}

static void sorted_insert(struct quantile *q, double value)
{
    int i = q->count;

    while (i > 0 && q->sorted[i - 1] > value) {
        q->sorted[i] = q->sorted[i - 1];
        i--;
    }
    q->sorted[i] = value;
    q->count++;
}

void quantile_add(struct quantile *q, double value)
{
    if (q->count == VALUES)
        sorted_remove(q, q->recent[q->next]);
    q->recent[q->next] = value;
    q->next = (q->next + 1) % VALUES;
    sorted_insert(q, value);
}

bool quantile_value(const struct quantile *q, double *out)
{
    if (q->count < VALUES_MIN)
        return false;
    *out = q->sorted[(int)(q->p * (q->count - 1) + 0.5)];
    return true;
}
