#include "chronyd/ntp/sample_filter.h"

#include <stdlib.h>

#include "base/defs.h"

/* Of the samples, sorted by offset, so many around the median are averaged. */
#define KEPT_SHARE 0.6

struct entry {
    double offset_s; /* truth - corrected, by the line of now */
    struct sample sample;
};

struct sample_filter {
    int length, polls, count;
    double relabelled_s;
    struct entry entries[];
};

struct sample_filter *sample_filter_create(int length)
{
    struct sample_filter *f = calloc(1, sizeof(*f) + (size_t)length * sizeof(f->entries[0]));

    if (f)
        f->length = length;
    return f;
}

void sample_filter_destroy(struct sample_filter *f)
{
    free(f);
}

void sample_filter_reset(struct sample_filter *f)
{
    f->polls = f->count = 0;
}

void sample_filter_relabel(struct sample_filter *f, double total_s)
{
    double by_s = total_s - f->relabelled_s;

    f->relabelled_s = total_s;
    for (int i = 0; i < f->count; i++)
        f->entries[i].sample.truth = utc_add_s(f->entries[i].sample.truth, by_s);
}

void sample_filter_add(struct sample_filter *f, const struct sample *s)
{
    if (f->count < f->length)
        f->entries[f->count++].sample = *s;
}

static int by_offset(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->offset_s != y->offset_s)
        return x->offset_s < y->offset_s ? -1 : 1;
    return x->sample.at.ns < y->sample.at.ns ? -1 : x->sample.at.ns > y->sample.at.ns;
}

/* The mean of entries first..first+n-1. The result lies at the mean of their times; its offset is
 * put on the corrected line there. */
static void combine(const struct entry *e, int n, const struct clock *clock, struct sample *out)
{
    double offset_s = 0.0, age_s = 0.0, delay_s = 0.0, dispersion_s = 0.0, then_s = 0.0;
    struct osc newest = e[0].sample.at;
    const struct entry *median = &e[n / 2];

    for (int i = 0; i < n; i++) {
        if (e[i].sample.at.ns > newest.ns)
            newest = e[i].sample.at;
    }
    for (int i = 0; i < n; i++) {
        offset_s += e[i].offset_s / n;
        age_s += osc_diff_s(newest, e[i].sample.at) / n;
        delay_s += e[i].sample.delay_s / n;
        dispersion_s += e[i].sample.dispersion_s / n;
        then_s += e[i].sample.offset_then_s / n;
    }
    *out = median->sample;
    out->root_delay_s += delay_s - out->delay_s;
    out->root_dispersion_s += dispersion_s - out->dispersion_s;
    out->at = osc_add_s(newest, -age_s);
    out->truth = utc_add_s(clock_corrected(clock, out->at), offset_s);
    out->delay_s = delay_s;
    out->dispersion_s = dispersion_s;
    out->offset_then_s = then_s;
}

bool sample_filter_poll(struct sample_filter *f, const struct clock *clock, struct sample *out)
{
    int n = f->count, kept;

    if (++f->polls < f->length)
        return false;
    f->polls = 0;
    f->count = 0;
    if (n == 0)
        return false;
    for (int i = 0; i < n; i++) {
        struct entry *e = &f->entries[i];

        e->offset_s = utc_diff_s(e->sample.truth, clock_corrected(clock, e->sample.at));
    }
    qsort(f->entries, (size_t)n, sizeof(f->entries[0]), by_offset);
    kept = (int)(n * KEPT_SHARE + 0.5);
    kept = clamp_i(kept, 1, n);
    combine(f->entries + (n - kept) / 2, kept, clock, out);
    return true;
}
