/* watch_view.c - the model of `watch` as lines of text. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chronyc/reports.h"
#include "chronyc/sentences.h"
#include "chronyc/watch.h"

/* --- history --------------------------------------------------------------------------------- */

void history_add(struct history *h, double v)
{
    if (h->count == WATCH_HISTORY) {
        memmove(h->values, h->values + 1, sizeof(h->values) - sizeof(h->values[0]));
        h->count--;
    }
    h->values[h->count++] = v;
}

const char *history_sparkline(const struct history *h, size_t width, char *buf, size_t size)
{
    static const char levels[] = "_.-:=+*#%@";
    size_t shown = h->count < width ? h->count : width, used = 0;
    const double *values = h->values + (h->count - shown);
    double largest = 0.0;

    for (size_t i = 0; i < shown; i++)
        if (fabs(values[i]) > largest && isfinite(values[i]))
            largest = fabs(values[i]);
    for (size_t i = shown; i < width && used + 1 < size; i++)
        buf[used++] = ' ';
    for (size_t i = 0; i < shown && used + 1 < size; i++) {
        double share = largest > 0.0 ? fabs(values[i]) / largest : 0.0;
        size_t level = share < 1.0 ? (size_t)(share * (sizeof(levels) - 1)) : sizeof(levels) - 2;

        buf[used++] = isfinite(values[i]) ? levels[level] : '?';
    }
    if (size > 0)
        buf[used] = '\0';
    return buf;
}

/* --- sources --------------------------------------------------------------------------------- */

static bool same_source(const struct source_id *a, const struct source_id *b)
{
    return addr_equal(&a->addr, &b->addr) && (a->addr.family != ADDR_NONE || a->refid == b->refid);
}

struct watch_source *watch_find(struct watch_model *m, const struct source_id *id)
{
    struct watch_source *s;

    for (size_t i = 0; i < m->count; i++)
        if (!m->sources[i].seen && same_source(&m->sources[i].view.id, id))
            return &m->sources[i];
    if (m->count == WATCH_SOURCES_MAX)
        return NULL;
    s = &m->sources[m->count++];
    memset(s, 0, sizeof(*s));
    return s;
}

void watch_sweep(struct watch_model *m)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->count; i++) {
        if (!m->sources[i].seen)
            continue;
        m->sources[i].seen = false;
        if (kept != i)
            m->sources[kept] = m->sources[i];
        kept++;
    }
    m->count = kept;
}

static int state_rank(const struct watch_source *s)
{
    static const int ranks[] = {
        [CANDM_SELECTED] = 0, [CANDM_UNSELECTED] = 1,  [CANDM_SELECTABLE] = 2,
        [CANDM_JITTERY] = 3,  [CANDM_FALSETICKER] = 4, [CANDM_NONSELECTABLE] = 5,
    };

    return s->view.data.state < ARRAY_LEN(ranks) ? ranks[s->view.data.state] : 6;
}

/* Whether b belongs before a. Equal ones keep the daemon's order. */
static bool out_of_order(const struct watch_source *a, const struct watch_source *b,
                         enum watch_order order)
{
    switch (order) {
    case ORDER_STATE:
        return state_rank(b) < state_rank(a);
    case ORDER_OFFSET:
        return fabs(b->view.data.latest_meas_s) > fabs(a->view.data.latest_meas_s);
    case ORDER_NAME:
        return strcmp(b->name, a->name) < 0;
    default:
        return false;
    }
}

/* Insertion keeps equal ones in place, and lists are short. */
static void sort_sources(const struct watch_model *m, const struct watch_source **out)
{
    for (size_t i = 0; i < m->count; i++) {
        size_t at = i;

        while (at > 0 && out_of_order(out[at - 1], &m->sources[i], m->order)) {
            out[at] = out[at - 1];
            at--;
        }
        out[at] = &m->sources[i];
    }
}

/* --- lines ----------------------------------------------------------------------------------- */

struct page {
    struct watch_line *lines;
    size_t count, height, width;
};

static void put(struct page *p, enum watch_style style, const char *format, ...) PRINTF_LIKE(3, 4);
static void put(struct page *p, enum watch_style style, const char *format, ...)
{
    struct watch_line *line;
    va_list args;
    size_t length;

    if (p->count >= p->height)
        return;
    line = &p->lines[p->count++];
    line->style = style;
    va_start(args, format);
    vsnprintf(line->text, sizeof(line->text), format, args);
    va_end(args);
    length = strlen(line->text);
    /* A bar is as wide as the screen. */
    while (style == STYLE_REVERSE && length < p->width)
        line->text[length++] = ' ';
    line->text[length < p->width ? length : p->width] = '\0';
}

/* A sentence on exactly two lines, broken between words where it has to be. */
static void put_sentence(struct page *p, const char *text)
{
    size_t length = strlen(text), cut = length;

    if (length > p->width) {
        cut = p->width;
        while (cut > 0 && text[cut] != ' ')
            cut--;
        if (cut == 0)
            cut = p->width;
    }
    put(p, STYLE_BOLD, "%.*s", (int)cut, text);
    put(p, STYLE_BOLD, "%s", text + cut + (text[cut] == ' ' ? 1 : 0));
}

static void put_host(struct page *p, const struct watch_model *m)
{
    const struct candm_rpy_tracking *t = &m->host.tracking;
    char a[FORMAT_MAX], b[FORMAT_MAX], c[FORMAT_MAX], spark[WATCH_HISTORY + 1];
    char sentence[SENTENCE_MAX];

    put_sentence(p, host_view_sentence(sentence, sizeof(sentence), &m->host));
    put(p, STYLE_PLAIN, "Reference    %08X (%s)  stratum %u  leap: %s", t->refid, m->reference,
        t->stratum, leap_words(t->leap));
    put(p, STYLE_PLAIN, "Frequency    %+.3f ppm  residual %+.3f ppm  skew %.3f ppm", t->freq_ppm,
        t->resid_freq_ppm, t->skew_ppm);
    put(p, STYLE_PLAIN, "Distance     root delay %s  dispersion %s  interval %.1f s",
        human_time(a, sizeof(a), t->root_delay_s), human_time(b, sizeof(b), t->root_dispersion_s),
        t->last_update_interval_s);
    put(p, STYLE_PLAIN, "Last offset  %s  RMS %s",
        format_offset(a, sizeof(a), t->last_offset_s, true),
        format_offset(b, sizeof(b), t->rms_offset_s, false));
    put(p, STYLE_PLAIN, "To correct   %s  [%s]",
        format_offset(a, sizeof(a), t->current_correction_s, true),
        history_sparkline(&m->correction, WATCH_HISTORY, spark, sizeof(spark)));
    put(p, STYLE_PLAIN, "Error bound  %s  [%s]",
        m->host.verdict.state == CANDM_VERDICT_UNSYNCHRONISED
            ? "unknown"
            : text_format(c, sizeof(c), " %s",
                          format_offset(a, sizeof(a), m->host.verdict.bound_s, false)),
        history_sparkline(&m->bound, WATCH_HISTORY, spark, sizeof(spark)));
    put(p, STYLE_PLAIN, "%s", "");
}

#define NAME_COLUMNS 25

static void put_source(struct page *p, const struct watch_model *m, const struct watch_source *s)
{
    const struct candm_rpy_source_data *d = &s->view.data;
    char age[FORMAT_MAX], offset[FORMAT_MAX], error[FORMAT_MAX], spark[WATCH_HISTORY + 1];
    char sentence[SENTENCE_MAX];
    size_t columns = 64; /* of what stands left of the history */
    size_t width = p->width > columns + 2 ? p->width - columns : 2;

    put(p, d->state == CANDM_SELECTED ? STYLE_BOLD : STYLE_PLAIN,
        "%c%c %-*.*s %3u %3d %4o %s %s %s  %s", source_mode_char(d->mode),
        source_state_char(d->state), NAME_COLUMNS, NAME_COLUMNS, s->name, d->stratum, d->poll,
        d->reachability, format_interval(age, sizeof(age), d->since_sample_s),
        format_offset(offset, sizeof(offset), d->latest_meas_s, true),
        format_offset(error, sizeof(error), d->latest_meas_err_s, false),
        history_sparkline(&s->offset, width < WATCH_HISTORY ? width : WATCH_HISTORY, spark,
                          sizeof(spark)));
    if (m->expanded)
        put(p, STYLE_PLAIN, "     %s", source_view_sentence(sentence, sizeof(sentence), &s->view));
}

static const char *order_word(enum watch_order order)
{
    static const char *const words[ORDER_COUNT] = {"configuration", "state", "offset", "name"};

    return (unsigned)order < ORDER_COUNT ? words[order] : "?";
}

size_t watch_lines(const struct watch_model *m, size_t width, size_t height,
                   struct watch_line *lines)
{
    const struct watch_source *sorted[WATCH_SOURCES_MAX];
    struct page p = {.lines = lines, .width = width < WATCH_LINE_MAX ? width : WATCH_LINE_MAX - 1};
    char when[FORMAT_MAX];

    if (height > WATCH_LINES_MAX)
        height = WATCH_LINES_MAX;
    p.height = height > 0 ? height - 1 : 0; /* the last line is for the keys */
    put(&p, STYLE_REVERSE, "chronyc watch%s   %s UTC   every %g s   %s",
        m->paused      ? "   PAUSED"
        : !m->answered ? "   NO ANSWER"
                       : "",
        format_date(when, sizeof(when), &m->now), m->interval_s, m->peer);
    if (m->have_host)
        put_host(&p, m);
    put(&p, STYLE_REVERSE, "%s",
        "MS Name/IP address           Str Pol Reach Age  Offset  Error  History");
    sort_sources(m, sorted);
    for (size_t i = m->first; i < m->count; i++)
        put_source(&p, m, sorted[i]);
    while (p.count < p.height)
        put(&p, STYLE_PLAIN, "%s", "");
    p.height = height;
    put(&p, STYLE_REVERSE, "q quit   p pause   s sort (by %s)   e %s   j k scroll",
        order_word(m->order), m->expanded ? "fewer words" : "explain");
    return p.count;
}

const char *watch_summary(const struct watch_model *m, char *buf, size_t size)
{
    char when[FORMAT_MAX], offset[FORMAT_MAX], sentence[SENTENCE_MAX];

    format_rfc3339(when, sizeof(when), &m->now);
    if (!m->answered)
        return text_format(buf, size, "%s no answer", when);
    return text_format(
        buf, size, "%s %08X (%s) %s  %s", when, m->host.tracking.refid, m->reference,
        format_offset(offset, sizeof(offset), m->host.tracking.current_correction_s, true),
        host_view_sentence(sentence, sizeof(sentence), &m->host));
}
