#include "chronyd/refclock/median.h"

#include <math.h>
#include <stdlib.h>

struct point {
    int64_t offset_ns; /* truth - corrected */
    const struct reading *reading;
};

void median_init(struct median *m, int length)
{
    m->length = (size_t)clamp_i(length, 1, MEDIAN_LENGTH_MAX);
    median_clear(m);
}

void median_clear(struct median *m)
{
    m->used = m->next = 0;
}

void median_relabel(struct median *m, double by_s)
{
    for (size_t i = 0; i < m->used; i++)
        m->readings[i].truth = utc_add_s(m->readings[i].truth, by_s);
}

void median_add(struct median *m, const struct reading *r)
{
    m->readings[m->next] = *r;
    m->next = (m->next + 1) % m->length;
    if (m->used < m->length)
        m->used++;
}

static const struct reading *newest(const struct median *m)
{
    return &m->readings[(m->next + m->length - 1) % m->length];
}

/* Equal offsets are ordered by time, so that the result does not depend on the sort. */
static int compare(const void *a, const void *b)
{
    const struct point *p = a, *q = b;

    if (p->offset_ns != q->offset_ns)
        return p->offset_ns < q->offset_ns ? -1 : 1;
    if (p->reading->at.ns != q->reading->at.ns)
        return p->reading->at.ns < q->reading->at.ns ? -1 : 1;
    return 0;
}

/* The points nearest to the median are neighbours in the sorted list: take away from its ends. */
static struct point *nearest(struct point *points, size_t count, size_t *kept)
{
    const int64_t middle_ns = points[count / 2].offset_ns;
    size_t first = 0, end = count;

    *kept = (count * 6 + 9) / 10;
    while (end - first > *kept) {
        if (middle_ns - points[first].offset_ns > points[end - 1].offset_ns - middle_ns)
            first++;
        else
            end--;
    }
    return points + first;
}

/* Far from the ends of int64, so that differences of them are right too. */
static int64_t offset_ns(struct utc truth, struct utc corrected)
{
    int64_t ns = ns_add(truth.ns, -corrected.ns);

    return ns > INT64_MAX / 4 ? INT64_MAX / 4 : ns < INT64_MIN / 4 ? INT64_MIN / 4 : ns;
}

bool median_combine(const struct median *m, const struct clock_view *view, struct reading *out)
{
    struct point points[MEDIAN_LENGTH_MAX], *chosen;
    double age_s = 0.0, mean_s = 0.0, squares = 0.0, dispersion_s = 0.0;
    size_t n;

    if (m->used == 0)
        return false;
    for (size_t i = 0; i < m->used; i++) {
        const struct reading *r = &m->readings[i];
        struct utc corrected = clock_view_corrected(view, r->at);

        points[i] = (struct point){offset_ns(r->truth, corrected), r};
    }
    qsort(points, m->used, sizeof(points[0]), compare);
    chosen = nearest(points, m->used, &n);
    for (size_t i = 0; i < n; i++) {
        age_s += osc_diff_s(newest(m)->at, chosen[i].reading->at) / (double)n;
        mean_s += s_from_ns(chosen[i].offset_ns - chosen[0].offset_ns) / (double)n;
        dispersion_s += chosen[i].reading->dispersion_s / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        double off_s = s_from_ns(chosen[i].offset_ns - chosen[0].offset_ns) - mean_s;

        squares += off_s * off_s;
    }
    out->at = osc_add_s(newest(m)->at, -age_s);
    out->truth = utc_add_s(clock_view_corrected(view, out->at), mean_s);
    out->truth.ns = ns_add(out->truth.ns, chosen[0].offset_ns);
    out->dispersion_s = dispersion_s + (n > 1 ? sqrt(squares / (double)(n - 1) / (double)n) : 0.0);
    out->leap = newest(m)->leap;
    return true;
}
