/* check.c - collecting findings: those of the parser, of the checks between lines, and advice. */
#include "chronyd/config/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chronyd/config/advice.h"

struct check_report {
    struct config strings; /* owns the texts; nothing else of it is used */
    struct config config;  /* what was read; lends file names */
    struct finding *findings;
    size_t count, errors;
    bool incomplete; /* out of memory on the way */
};

size_t check_count(const struct check_report *report)
{
    return report->count;
}

const struct finding *check_finding(const struct check_report *report, size_t index)
{
    return index < report->count ? &report->findings[index] : NULL;
}

int check_status(const struct check_report *report)
{
    if (report->errors > 0 || report->incomplete)
        return 2;
    return report->count > 0 ? 1 : 0;
}

static const char *keep(struct check_report *r, const char *text)
{
    const char *kept = text ? config_string(&r->strings, text) : NULL;

    r->incomplete |= text && !kept;
    return kept;
}

static void add(struct check_report *r, const struct finding *f)
{
    struct finding *grown = config_grow(r->findings, r->count, sizeof(*grown));
    struct finding copy = *f;

    if (!grown) {
        r->incomplete = true;
        return;
    }
    r->findings = grown;
    copy.file = keep(r, f->file);
    copy.text = keep(r, f->text);
    copy.hint = keep(r, f->hint);
    copy.nearest = keep(r, f->nearest);
    r->errors += f->severity == FINDING_ERROR;
    grown[r->count++] = copy;
}

static void on_remark(void *ctx, const struct config_remark *remark)
{
    bool error = remark->level == LEVEL_ERROR;
    const struct finding f = {.severity = error ? FINDING_ERROR : FINDING_ADVICE,
                              .code = error ? "syntax" : "doubt",
                              .file = remark->file,
                              .line = remark->line,
                              .column = remark->column,
                              .text = remark->text,
                              .hint = remark->hint,
                              .nearest = remark->nearest};

    add(ctx, &f);
}

/* A line of a *.sources file is skipped, the daemon starts. */
static void on_source_remark(void *ctx, const struct config_remark *remark)
{
    struct config_remark doubt = *remark;

    doubt.level = LEVEL_WARNING;
    on_remark(ctx, &doubt);
}

static void add_error(struct check_report *r, const char *code, const char *text)
{
    const struct finding f = {.severity = FINDING_ERROR, .code = code, .text = text};

    add(r, &f);
}

/* --- for the topics --- */

/* Offset of a whole word, without regard to case, where it stands last (of an option that is given
 * twice the last one counts); -1 if it is not there. */
static long word_offset(const char *text, const char *word)
{
    size_t length = strlen(word);
    long offset = -1;

    for (size_t i = 0; text[i]; i++) {
        char found[64];

        if (i > 0 && text[i - 1] != ' ')
            continue;
        if (length < sizeof(found) && strcspn(text + i, " ") == length) {
            memcpy(found, text + i, length);
            found[length] = '\0';
            if (text_equal_nocase(found, word))
                offset = (long)i;
        }
    }
    return offset;
}

void advise(struct advice *a, const char *code, const struct config_item *item, const char *word,
            const char *format, ...)
{
    char text[600];
    struct finding f = {.severity = FINDING_ADVICE, .code = code, .text = text};
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (item) {
        long at = word ? word_offset(item->text, word) : 0;

        f.file = item->file;
        f.line = item->line;
        f.column =
            line_column(item->raw ? item->raw : item->text, item->text, at > 0 ? (size_t)at : 0);
    }
    add(a->report, &f);
}

const char *item_word_after(const struct config_item *item, const char *word, char buf[64])
{
    long at = item ? word_offset(item->text, word) : -1;
    const char *next;
    size_t length;

    if (at < 0)
        return NULL;
    next = item->text + at + strlen(word);
    next += *next == ' ';
    length = strcspn(next, " ");
    if (length >= 64)
        length = 63;
    memcpy(buf, next, length);
    buf[length] = '\0';
    return buf;
}

bool item_number(const struct config_item *item, const char *word, double *out)
{
    char buf[64];
    const char *next = item_word_after(item, word, buf);
    char *end;

    if (!next)
        return false;
    *out = strtod(next, &end);
    return end != next;
}

const char *item_argument(const struct config_item *item, int n, char buf[256])
{
    const char *at = item->text;
    size_t length;

    for (; n > 0; n--) {
        at += strcspn(at, " ");
        at += *at == ' ';
    }
    length = strcspn(at, " ");
    if (length > 255)
        length = 255;
    memcpy(buf, at, length);
    buf[length] = '\0';
    return buf;
}

/* --- the order of a reader --- */

struct placed {
    struct finding finding;
    size_t file, order; /* number of the first finding in the same file; of this one */
};

static bool same_file(const struct finding *a, const struct finding *b)
{
    return a->file == b->file || (a->file && b->file && strcmp(a->file, b->file) == 0);
}

/* What is about the configuration as a whole comes last. */
static bool is_about_all(const struct finding *f)
{
    return !f->file && f->line == 0;
}

static int by_place(const void *x, const void *y)
{
    const struct placed *a = x, *b = y;
    bool all[2] = {is_about_all(&a->finding), is_about_all(&b->finding)};

    if (all[0] != all[1])
        return all[0] ? 1 : -1;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    if (a->finding.line != b->finding.line)
        return a->finding.line < b->finding.line ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

/* File by file, line by line; without memory for that in the order in which they were found. */
static void sort_findings(struct check_report *r)
{
    struct placed *placed = calloc(r->count + 1, sizeof(*placed));

    if (!placed)
        return;
    for (size_t i = 0; i < r->count; i++) {
        placed[i] = (struct placed){r->findings[i], 0, i};
        while (!same_file(&r->findings[placed[i].file], &r->findings[i]))
            placed[i].file++;
    }
    qsort(placed, r->count, sizeof(*placed), by_place);
    for (size_t i = 0; i < r->count; i++)
        r->findings[i] = placed[i].finding;
    free(placed);
}

/* --- the whole check --- */

const struct config_item *item_next(const struct config *c, size_t *at,
                                    bool (*parse)(struct parser *p, struct words *w))
{
    while (c->extra && *at < c->extra->item_count) {
        const struct config_item *item = &c->extra->items[(*at)++];

        if (item->row->parse == parse)
            return item;
    }
    return NULL;
}

/* All sources, with those that the files of sourcedirs hold now. */
static void collect_sources(struct advice *a, const struct ntp_source_settings *more, size_t count)
{
    const struct config *c = a->config;
    size_t all = c->ntp_source_count + count, at = 0;

    a->sources = calloc(all + 1, sizeof(*a->sources));
    if (!a->sources) {
        a->report->incomplete = true;
        return;
    }
    for (size_t i = 0; i < c->ntp_source_count; i++)
        a->sources[i] =
            (struct advised_source){&c->ntp_sources[i], item_next(c, &at, parse_source)};
    for (size_t i = 0; i < count; i++)
        a->sources[c->ntp_source_count + i].settings = &more[i];
    a->source_count = all;
}

static void give_advice(struct check_report *r, const struct config_reader *reader,
                        bool clock_untouched)
{
    struct config_reader for_sources = *reader;
    struct ntp_source_settings *more = NULL;
    size_t count = 0;
    struct advice a = {
        .config = &r->config, .os = reader->os, .report = r, .clock_untouched = clock_untouched};

    for_sources.remark = on_source_remark;
    advise_lines(&a);
    if (!config_read_sources(&r->config, &for_sources, &more, &count))
        r->incomplete = true;
    collect_sources(&a, more, count);
    /* With a line missing, advice about the whole would be about another configuration. */
    if (r->errors == 0 && a.sources) {
        advise_sources(&a);
        advise_clock(&a);
        advise_server(&a);
        advise_files(&a);
    }
    free(a.sources);
    free(more);
}

struct check_report *config_check(const struct check_input *in)
{
    struct check_report *r = calloc(1, sizeof(*r));
    const struct config_reader reader = {.os = in->os, .remark = on_remark, .remark_ctx = r};
    struct err err = {0};
    bool good = true;

    if (!r)
        return NULL;
    config_defaults(&r->config);
    if (in->path)
        good = config_read_file(&r->config, &reader, in->path, &err);
    for (size_t i = 0; good && i < in->directive_count; i++)
        good = config_read_line(&r->config, &reader, in->directives[i], (int)i + 1, &err);
    if (!good)
        add_error(r, "unreadable", err.text);
    else if (!config_finish(&r->config, &reader, &err))
        add_error(r, "combination", err.text);
    if (good)
        give_advice(r, &reader, in->clock_untouched);
    sort_findings(r);
    return r;
}

void check_destroy(struct check_report *report)
{
    if (!report)
        return;
    config_free(&report->config);
    config_free(&report->strings);
    free(report->findings);
    free(report);
}
