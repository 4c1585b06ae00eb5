/* manual.c - a line through the entries.
 *
 * Entries are compared with the corrected clock, so the numbers of the regression are small: x is
 * the oscillator's time relative to the newest entry, y what has to be added to the clock. */
#include "chronyd/reference/manual.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Fingers are no better than this, unless many entries agree. */
#define ENTRY_SD_S 1.0
#define ENTRY_SD_LEAST_S 0.01
/* A frequency counts when it is this many of its own standard deviations away from the present, and
 * when an oscillator can be that wrong: entries that contradict each other are no frequency. */
#define SIGNIFICANT 3.0
#define FREQ_PLAUSIBLE 500e-6
#define SEPARATION_S 1.0

struct point {
    struct osc at;
    struct utc truth;
    double original_s;
};

struct manual {
    struct clock *clock;
    struct reference *reference;
    bool enabled;
    struct point points[MANUAL_SAMPLES_MAX];
    size_t count;
};

/* y = offset_s + slope * x */
struct line {
    double offset_s, slope;
    bool has_slope;
};

struct manual *manual_create(struct clock *clock, struct reference *ref, bool enabled)
{
    struct manual *m = calloc(1, sizeof(*m));

    assert(m);
    m->clock = clock;
    m->reference = ref;
    m->enabled = enabled;
    return m;
}

void manual_destroy(struct manual *m)
{
    free(m);
}

void manual_enable(struct manual *m, bool enabled)
{
    m->enabled = enabled;
}

void manual_reset(struct manual *m)
{
    m->count = 0;
}

size_t manual_count(const struct manual *m)
{
    return m->count;
}

/* --- the line ------------------------------------------------------------------------------- */

static double x_of(const struct manual *m, size_t i)
{
    return osc_diff_s(m->points[i].at, m->points[m->count - 1].at);
}

/* What has to be added to the clock at entry i. */
static double y_of(const struct manual *m, size_t i)
{
    return utc_diff_s(m->points[i].truth, clock_corrected(m->clock, m->points[i].at));
}

/* The standard deviation of an entry: as typed, or as the entries themselves tell. */
static double entry_sd_s(const struct manual *m, const struct line *line)
{
    double sum = 0.0;

    if (m->count < 4)
        return ENTRY_SD_S;
    for (size_t i = 0; i < m->count; i++) {
        double residual = y_of(m, i) - line->offset_s - line->slope * x_of(m, i);

        sum += residual * residual;
    }
    return max_d(sqrt(sum / (double)(m->count - 2)), ENTRY_SD_LEAST_S);
}

/* Least squares. Without a slope that means something the newest entry is what counts. */
static struct line fit(const struct manual *m)
{
    struct line line = {.offset_s = y_of(m, m->count - 1)};
    double n = (double)m->count, mean_x = 0.0, mean_y = 0.0, sxx = 0.0, sxy = 0.0;

    if (m->count < 2)
        return line;
    for (size_t i = 0; i < m->count; i++) {
        mean_x += x_of(m, i) / n;
        mean_y += y_of(m, i) / n;
    }
    for (size_t i = 0; i < m->count; i++) {
        sxx += (x_of(m, i) - mean_x) * (x_of(m, i) - mean_x);
        sxy += (x_of(m, i) - mean_x) * (y_of(m, i) - mean_y);
    }
    if (!(sxx > 0.0))
        return line;
    line.slope = sxy / sxx;
    line.offset_s = mean_y - line.slope * mean_x; /* at x = 0, the newest entry */
    if (fabs(line.slope) < FREQ_PLAUSIBLE &&
        fabs(line.slope) > SIGNIFICANT * entry_sd_s(m, &line) / sqrt(sxx)) {
        line.has_slope = true;
        return line;
    }
    return (struct line){.offset_s = y_of(m, m->count - 1)};
}

/* Believe the line. The oscillator is fast by f when true time runs at 1 / (1 + f) of it. */
static void apply(struct manual *m, struct manual_result *out)
{
    struct line line = fit(m);
    double before_ppm = clock_freq_ppm(m->clock);
    double slope = 1.0 / (1.0 + before_ppm * 1e-6) + line.slope;
    double freq_ppm = line.has_slope && slope > 0.5 ? (1.0 / slope - 1.0) * 1e6 : before_ppm;

    reference_manual(m->reference, line.offset_s, freq_ppm, line.has_slope);
    out->offset_s = 0.0 - line.offset_s;
    out->freq_ppm = clock_freq_ppm(m->clock); /* within the bounds of maxdrift */
    out->change_ppm = out->freq_ppm - before_ppm;
}

/* --- entries -------------------------------------------------------------------------------- */

enum manual_status manual_enter(struct manual *m, struct utc truth, struct manual_result *out)
{
    struct osc now = clock_osc_now(m->clock);
    struct point *p;

    if (!m->enabled)
        return MANUAL_DISABLED;
    if (truth.ns <= 0 || truth.ns == INT64_MAX)
        return MANUAL_REFUSED;
    if (m->count > 0 && osc_diff_s(now, m->points[m->count - 1].at) < SEPARATION_S)
        return MANUAL_REFUSED;
    if (m->count == MANUAL_SAMPLES_MAX) {
        memmove(m->points, m->points + 1, (m->count - 1) * sizeof(*m->points));
        m->count--;
    }
    p = &m->points[m->count++];
    p->at = now;
    p->truth = truth;
    p->original_s = 0.0 - utc_diff_s(truth, clock_corrected(m->clock, now));
    apply(m, out);
    return MANUAL_ACCEPTED;
}

void manual_entry(const struct manual *m, size_t index, struct manual_entry *out)
{
    struct line line = fit(m);

    *out = (struct manual_entry){
        .when = m->points[index].truth,
        .original_s = m->points[index].original_s,
        .slewed_s = 0.0 - y_of(m, index),
        .residual_s = line.offset_s + line.slope * x_of(m, index) - y_of(m, index),
    };
}

bool manual_delete(struct manual *m, size_t index)
{
    struct manual_result result;

    if (index >= m->count)
        return false;
    memmove(m->points + index, m->points + index + 1, (m->count - index - 1) * sizeof(*m->points));
    m->count--;
    if (m->count > 0)
        apply(m, &result);
    return true;
}
