#include "chronyd/track/route.h"

#include <math.h>

#include "base/defs.h"

#define VALUES_MAX 64

/* So many samples in a row may be taken for the beginning of another route, */
#define TAIL_LEAST 3
#define TAIL_MOST 12
/* compared with at least so many on the old one, */
#define BASE_LEAST 6
/* if chance would bring it about less often than this, */
#define CHANCE 1e-5
/* and they lie closer together than this part of the change, and no further apart than this many
 * usual excesses. */
#define SCATTER 0.25
#define SCATTER_USUAL 2.0
/* It begins with a step: most of the last so many delays before it were less than half as much
 * longer. What rises slowly is a queue that fills. */
#define STEP_SAMPLES 3
/* A delay so many usual excesses below all others took a shorter way; one that is within so many
 * of a known floor may belong to it. */
#define SHORTER 4.0
#define NEAR 2.0

/* The k-th smallest of n values (Hoare's selection), which get reordered. */
static double kth(double *v, size_t n, size_t which)
{
    ptrdiff_t k = (ptrdiff_t)which, low = 0, high = (ptrdiff_t)n - 1;

    while (low < high) {
        double pivot = v[k];
        ptrdiff_t i = low, j = high;

        do {
            while (v[i] < pivot)
                i++;
            while (pivot < v[j])
                j--;
            if (i <= j) {
                double swap = v[i];

                v[i++] = v[j];
                v[j--] = swap;
            }
        } while (i <= j);
        if (j < k)
            low = i;
        if (k < i)
            high = j;
    }
    return v[k];
}

void route_floors(const double *delays, const uint8_t *labels, size_t count,
                  double floors[ROUTES_MAX])
{
    for (size_t r = 0; r < ROUTES_MAX; r++)
        floors[r] = -1.0;
    for (size_t i = 0; i < count; i++)
        if (floors[labels[i]] < 0.0 || delays[i] < floors[labels[i]])
            floors[labels[i]] = delays[i];
}

double route_excess(const double *delays, const uint8_t *labels, size_t count,
                    const double floors[ROUTES_MAX], double part)
{
    double excess[VALUES_MAX];

    for (size_t i = 0; i < count; i++)
        excess[i] = delays[i] - floors[labels[i]];
    return count > 0 ? kth(excess, count, (size_t)(part * (double)count)) : 0.0;
}

/* A known route with about this floor, an unused label, or (when all are used) the one in use. */
static uint8_t label_for(double floor, double near, const double floors[ROUTES_MAX],
                         uint8_t current)
{
    uint8_t label = current;

    for (uint8_t r = 0; r < ROUTES_MAX; r++) {
        if (r == current)
            continue;
        /* What comes back may come back through a queue. */
        if (floors[r] >= 0.0 && floor >= floors[r] - near && floor <= floors[r] + 2.0 * near)
            return r;
        if (floors[r] < 0.0 && label == current)
            label = r;
    }
    return label;
}

/* Could the last k delays by chance all be as long as they are? The base are the other ones of
 * the same label. */
static int is_another_route(const double *delays, const uint8_t *labels, size_t count, size_t k,
                            double usual)
{
    uint8_t current = labels[count - 1];
    double tail[TAIL_MOST], least = HUGE_VAL, base_least = HUGE_VAL;
    int base = 0, as_long = 0;
    double scatter, before[STEP_SAMPLES] = {0};

    for (size_t i = 0; i < k; i++) {
        tail[i] = delays[count - k + i];
        least = min_d(least, tail[i]);
    }
    for (size_t i = 0; i < count - k; i++) {
        if (labels[i] != current)
            continue;
        before[base++ % STEP_SAMPLES] = delays[i];
        as_long += delays[i] >= least;
        base_least = min_d(base_least, delays[i]);
    }
    scatter = kth(tail, k, k / 2) - least;
    return base >= BASE_LEAST && least > base_least &&
           kth(before, STEP_SAMPLES, STEP_SAMPLES / 2) < (least + base_least) / 2.0 &&
           pow((as_long + 1.0) / (base + 2.0), (double)k) < CHANCE &&
           scatter <= SCATTER * (least - base_least) && scatter <= SCATTER_USUAL * usual;
}

static void label_longer(const double *delays, uint8_t *labels, size_t count,
                         const double floors[ROUTES_MAX], double near)
{
    uint8_t current = labels[count - 1], label;
    double least = HUGE_VAL;
    size_t k, found = 0;

    for (k = 1; k <= TAIL_MOST && k < count && labels[count - k] == current; k++) {
        /* A delay near the floor ends it: what is before that was not on a longer route. */
        if (delays[count - k] <= floors[current] + near)
            break;
        if (k >= TAIL_LEAST && is_another_route(delays, labels, count, k, near / NEAR))
            found = k;
    }
    if (found == 0)
        return;
    for (k = 1; k <= found; k++)
        least = min_d(least, delays[count - k]);
    label = label_for(least, near, floors, current);
    for (k = 1; k <= found; k++)
        labels[count - k] = label;
}

void route_label(const double *delays, uint8_t *labels, size_t count)
{
    double newest = delays[count - 1], floors[ROUTES_MAX], near;
    size_t same = 0;
    uint8_t current;

    labels[count - 1] = count > 1 ? labels[count - 2] : 0;
    if (count <= BASE_LEAST)
        return;
    current = labels[count - 1];
    route_floors(delays, labels, count - 1, floors);
    near = NEAR * route_excess(delays, labels, count - 1, floors, 0.5);
    for (size_t i = 0; i < count - 1; i++)
        same += labels[i] == current;
    if (newest < floors[current] - near * (SHORTER / NEAR)) {
        labels[count - 1] = label_for(newest, near, floors, current);
        return;
    }
    if (newest <= floors[current] + near)
        return;
    /* A route of a few delays only is left again without ado. */
    if (same < BASE_LEAST) {
        for (uint8_t r = 0; r < ROUTES_MAX; r++)
            if (r != current && floors[r] >= 0.0 && newest >= floors[r] &&
                newest <= floors[r] + near)
                labels[count - 1] = r;
        return;
    }
    label_longer(delays, labels, count, floors, near);
}
