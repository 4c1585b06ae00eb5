/* sources_dump.c - samples that outlive the process (spec chrony-conf 19.3), in the format that
 * chrony 4.1 and later write and read. Offsets there are positive when the local clock is fast. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chronyd/reference/sources_private.h"

#define DUMP_MAGIC "SRC0"
#define DUMP_BYTES_MAX 32768
#define REFID_PREFIX "refid:"
#define SUFFIX ".dat"
/* No honest sample has an offset or a delay as large as this; keeps int64 arithmetic in range. */
#define SANE_S 4e9
#define TIME_MAX INT64_C(4000000000)

struct text_buffer {
    char data[DUMP_BYTES_MAX];
    size_t used;
};

static void append(struct text_buffer *b, const char *format, ...) PRINTF_LIKE(2, 3);

static void append(struct text_buffer *b, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(b->data + b->used, sizeof(b->data) - b->used, format, args);
    va_end(args);
    if (n > 0)
        b->used = b->used + (size_t)n < sizeof(b->data) ? b->used + (size_t)n : sizeof(b->data) - 1;
}

static bool dump_path(const struct source *s, const char *dir, char *buf, size_t size)
{
    char addr[ADDR_TEXT_MAX];
    int n;

    if (s->settings.kind == SOURCE_REFCLOCK)
        n = snprintf(buf, size, "%s/" REFID_PREFIX "%08x" SUFFIX, dir, s->refid);
    else if (s->addr.family == ADDR_IPV4 || s->addr.family == ADDR_IPV6)
        n = snprintf(buf, size, "%s/%s" SUFFIX, dir, addr_format(&s->addr, addr, sizeof(addr)));
    else
        return false;
    return n > 0 && (size_t)n < size;
}

static const char *dump_name(const struct source *s)
{
    return s->name ? s->name : ".";
}

/* --- writing -------------------------------------------------------------------------------- */

/* Times are those of the system clock as it is left behind: whoever reads the file begins with it,
 * and nothing of the correction that was still to come, or that it may not be given at all. */
static void append_sample(struct text_buffer *b, const struct clock *clock, const struct sample *s)
{
    struct utc at = utc_add_s(clock_corrected(clock, s->at), -clock_remaining_s(clock));
    int64_t seconds = at.ns / NS_PER_S, ns = at.ns % NS_PER_S;

    if (ns < 0) {
        seconds--;
        ns += NS_PER_S;
    }
    append(b, "%lld.%09lld %.6e %.6e %.6e %.6e %.6e %.6e\n", (long long)seconds, (long long)ns,
           utc_diff_s(at, s->truth), -s->offset_then_s, s->delay_s, s->dispersion_s,
           s->root_delay_s, s->root_dispersion_s);
}

static void dump_source(const struct source *s, const char *dir)
{
    const struct sources *ss = s->owner;
    size_t count = track_count(s->track);
    struct track_report report;
    struct text_buffer *b;
    struct err err = {0};
    char path[512];

    if (count == 0 || !dump_path(s, dir, path, sizeof(path)))
        return;
    b = calloc(1, sizeof(*b));
    if (!b)
        return;
    track_report(s->track, &report);
    append(b, "%s\n%s\n%d %o %d %d %d\n%zu %d\n", DUMP_MAGIC, dump_name(s),
           s->settings.authenticated ? 1 : 0, s->reach, s->reach_polls, s->stratum, (int)s->leap,
           count, report.asymmetry_run);
    for (size_t i = 0; i < count; i++)
        append_sample(b, ss->clock, track_sample(s->track, i));
    if (!ss->os.ops->file_replace(ss->os.ctx, path, b->data, b->used, 0644, &err))
        log_warning(ss->log, "Could not write dump file %s: %s", path, err.text);
    free(b);
}

void sources_dump(struct sources *ss, const char *dir)
{
    sources_settle(ss);
    for (size_t i = 0; i < ss->count; i++)
        dump_source(ss->list[i], dir);
}

/* --- reading -------------------------------------------------------------------------------- */

/* What a file says, before any of it is believed. */
struct dump {
    int authenticated, reach_polls, stratum, leap, count, asymmetry_run;
    unsigned reach;
    struct sample samples[TRACK_SAMPLES_MAX];
};

static char *next_line(char **rest)
{
    char *line = *rest, *end;

    if (!line || !*line)
        return NULL;
    end = strchr(line, '\n');
    if (end)
        *end = '\0';
    *rest = end ? end + 1 : line + strlen(line);
    return line;
}

static bool all_sane(const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(v[i]) < SANE_S)) /* false for what is no number, too */
            return false;
    return true;
}

static bool parse_sample(const char *line, const struct clock_view *view, struct sample *out)
{
    long long seconds;
    long ns;
    double v[6];
    int used = 0;
    struct utc at;

    if (sscanf(line, "%lld.%9ld %lf %lf %lf %lf %lf %lf %n", &seconds, &ns, &v[0], &v[1], &v[2],
               &v[3], &v[4], &v[5], &used) != 8 ||
        line[used] || ns < 0 || seconds < -TIME_MAX || seconds > TIME_MAX || !all_sane(v, 6))
        return false;
    if (v[2] < 0.0 || v[3] < 0.0 || v[4] < 0.0 || v[5] < 0.0)
        return false;
    at.ns = seconds * NS_PER_S + ns;
    *out = (struct sample){.at = clock_view_when(view, at),
                           .truth = utc_add_s(at, -v[0]),
                           .offset_then_s = -v[1],
                           .delay_s = v[2],
                           .dispersion_s = v[3],
                           .root_delay_s = v[4],
                           .root_dispersion_s = v[5]};
    return true;
}

static bool parse_head(const struct source *s, char **rest, struct dump *d)
{
    const char *magic = next_line(rest), *name = next_line(rest), *line;

    if (!magic || !name || strcmp(magic, DUMP_MAGIC) != 0 || strcmp(name, dump_name(s)) != 0)
        return false;
    line = next_line(rest);
    if (!line || sscanf(line, "%d %o %d %d %d", &d->authenticated, &d->reach, &d->reach_polls,
                        &d->stratum, &d->leap) != 5)
        return false;
    line = next_line(rest);
    if (!line || sscanf(line, "%d %d", &d->count, &d->asymmetry_run) != 2)
        return false;
    return (d->authenticated || !s->settings.authenticated) && d->reach <= 0xff &&
           d->reach_polls >= 0 && d->reach_polls <= SOURCE_REACH_BITS && d->stratum >= 0 &&
           d->stratum <= 15 && d->leap >= LEAP_NORMAL && d->leap < LEAP_UNSYNCHRONISED &&
           d->count >= 1 && d->count <= TRACK_SAMPLES_MAX;
}

static bool parse(const struct source *s, char *text, struct dump *d)
{
    struct clock_view view = clock_view(s->owner->clock);
    struct osc now = clock_osc_now(s->owner->clock);

    if (!parse_head(s, &text, d))
        return false;
    for (int i = 0; i < d->count; i++) {
        const char *line = next_line(&text);

        if (!line || !parse_sample(line, &view, &d->samples[i]))
            return false;
        if (d->samples[i].at.ns >= now.ns ||
            (i > 0 && d->samples[i].at.ns <= d->samples[i - 1].at.ns))
            return false;
    }
    return true;
}

static void take_over(struct source *s, const struct dump *d)
{
    char text[512];

    track_reset(s->track);
    for (int i = 0; i < d->count; i++)
        track_add(s->track, &d->samples[i]);
    s->reach = (uint8_t)d->reach;
    s->reach_polls = d->reach_polls;
    s->stratum = d->stratum;
    s->leap = (enum leap)d->leap;
    log_info(s->owner->log, "Loaded dump file for %s", source_text(s, text, sizeof(text)));
}

static void load_source(struct source *s, const char *dir)
{
    struct sources *ss = s->owner;
    struct dump *d;
    struct err err = {0};
    char path[512], name[ADDR_TEXT_MAX], *data;
    size_t length;

    if (!dump_path(s, dir, path, sizeof(path)) ||
        !ss->os.ops->file_read(ss->os.ctx, path, DUMP_BYTES_MAX, &data, &length, &err))
        return;
    d = calloc(1, sizeof(*d));
    if (d && strlen(data) == length && parse(s, data, d))
        take_over(s, d);
    else
        log_warning(ss->log, "Could not load dump file for %s",
                    source_log_name(s, name, sizeof(name)));
    free(d);
    free(data);
}

void sources_load_dumps(struct sources *ss, const char *dir)
{
    sources_settle(ss);
    for (size_t i = 0; i < ss->count; i++)
        load_source(ss->list[i], dir);
}

/* --- removing ------------------------------------------------------------------------------- */

/* Is this the name of a dump file? Others may live in the same directory. */
static bool is_dump_name(const char *name)
{
    char stem[ADDR_TEXT_MAX];
    size_t length = strlen(name), suffix = strlen(SUFFIX), prefix = strlen(REFID_PREFIX);
    struct addr addr;

    if (length <= suffix || length - suffix >= sizeof(stem) ||
        strcmp(name + length - suffix, SUFFIX) != 0)
        return false;
    memcpy(stem, name, length - suffix);
    stem[length - suffix] = '\0';
    if (strncmp(stem, REFID_PREFIX, prefix) == 0)
        return strlen(stem) == prefix + 8 && strspn(stem + prefix, "0123456789abcdef") == 8;
    return addr_parse(stem, &addr);
}

void sources_remove_dumps(struct sources *ss, const char *dir)
{
    char pattern[512];
    char **paths = NULL;
    size_t count = 0;

    text_format(pattern, sizeof(pattern), "%s/*" SUFFIX, dir);
    if (!ss->os.ops->glob(ss->os.ctx, pattern, &paths, &count, NULL))
        return;
    for (size_t i = 0; i < count; i++) {
        const char *slash = strrchr(paths[i], '/');

        if (is_dump_name(slash ? slash + 1 : paths[i]))
            ss->os.ops->file_remove(ss->os.ctx, paths[i], NULL);
    }
    os_free_list(paths, count);
}
