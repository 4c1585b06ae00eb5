/* parse.c - words, options, and the kinds of directives that need no handler. */
#include "chronyd/config/parse.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* --- memory --- */

struct config_string {
    struct config_string *next;
    char text[];
};

struct config_extra *config_extra(struct config *c)
{
    if (!c->extra)
        c->extra = calloc(1, sizeof(*c->extra));
    return c->extra;
}

void config_extra_free(struct config_extra *extra)
{
    if (!extra)
        return;
    while (extra->strings) {
        struct config_string *s = extra->strings;

        extra->strings = s->next;
        free(s);
    }
    free(extra->items);
    free(extra);
}

const struct config_item *config_item_of(const struct config *c, const char *directive)
{
    for (size_t i = c->extra ? c->extra->item_count : 0; i > 0; i--) {
        if (strcmp(c->extra->items[i - 1].row->name, directive) == 0)
            return &c->extra->items[i - 1];
    }
    return NULL;
}

const char *config_string(struct config *c, const char *text)
{
    struct config_extra *extra = config_extra(c);
    size_t length = strlen(text);
    struct config_string *s = extra ? malloc(sizeof(*s) + length + 1) : NULL;

    if (!s)
        return NULL;
    memcpy(s->text, text, length + 1);
    s->next = extra->strings;
    extra->strings = s;
    return s->text;
}

void *config_grow(void *array, size_t count, size_t item_size)
{
    /* Full at each power of two, and at the start. */
    if (count > 0 && (count & (count - 1)) != 0)
        return array;
    if (count > SIZE_MAX / 2 / item_size)
        return NULL;
    return realloc(array, (count > 0 ? 2 * count : 1) * item_size);
}

/* --- words --- */

char *words_next(struct words *w)
{
    char *word = w->pending ? w->pending : text_word(&w->rest);

    w->pending = NULL;
    if (word)
        w->last = word;
    return word;
}

bool words_at_end(const struct words *w)
{
    return !w->pending && w->rest[strspn(w->rest, " ")] == '\0';
}

/* Numbers at the beginning of the next word. False: no word, not a number, NaN, or too large. */
static bool words_int(struct words *w, int64_t *out)
{
    char *word = words_next(w), *end;
    long long v;

    if (!word)
        return false;
    errno = 0;
    v = strtoll(word, &end, 10);
    if (end == word || errno == ERANGE)
        return false;
    if (*end)
        w->pending = end;
    *out = v;
    return true;
}

static bool words_double(struct words *w, double *out)
{
    char *word = words_next(w), *end;
    double v;

    if (!word)
        return false;
    v = strtod(word, &end);
    /* Nobody means "not a number", and no clamp catches it. */
    if (end == word || v != v)
        return false;
    if (*end)
        w->pending = end;
    *out = v;
    return true;
}

/* --- options --- */

static bool option_number(const struct option *o, struct words *w, void *place)
{
    int64_t v;

    if (!words_int(w, &v) || (double)v < o->min || (double)v > o->max)
        return false;
    if (o->kind == OPTION_PORT)
        *(uint16_t *)place = (uint16_t)v;
    else if (o->kind == OPTION_UINT32)
        *(uint32_t *)place = (uint32_t)v;
    else
        *(int *)place = (int)v;
    return true;
}

static bool option_parse(const struct option *o, struct words *w, void *out)
{
    void *place = (char *)out + o->place;
    double v;

    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)place = true;
        return true;
    case OPTION_BIT:
        *(uint8_t *)place |= (uint8_t)o->min;
        return true;
    case OPTION_INT:
    case OPTION_PORT:
    case OPTION_UINT32:
        return option_number(o, w, place);
    case OPTION_FLOAT:
        if (!words_double(w, &v))
            return false;
        *(double *)place = clamp_d(v, o->min, o->max);
        return true;
    case OPTION_SPECIAL:
        return o->parse(w, out);
    }
    return false;
}

enum option_status options_parse(const struct option *table, size_t count, struct words *w,
                                 void *out, const char **culprit)
{
    const char *word;

    while ((word = words_next(w))) {
        size_t i = 0;

        *culprit = word;
        while (i < count && !text_equal_nocase(table[i].name, word))
            i++;
        if (i == count)
            return OPTION_UNKNOWN;
        if (!option_parse(&table[i], w, out))
            return OPTION_BAD_VALUE;
    }
    return OPTION_OK;
}

void clamp_samples(int *min_samples, int *max_samples)
{
    int most;

    if (*max_samples == 0)
        *max_samples = TRACK_SAMPLES_MAX;
    if (*max_samples > 0)
        *max_samples = clamp_i(*max_samples, 1, TRACK_SAMPLES_MAX);
    most = *max_samples > 0 ? *max_samples : TRACK_SAMPLES_MAX;
    if (*min_samples >= 0)
        *min_samples = clamp_i(*min_samples, 1, most);
}

/* --- mistakes --- */

const char *parser_where(const struct parser *p, char *buf, size_t size)
{
    if (p->file)
        return text_format(buf, size, "at line %d in file %s", p->line, p->file);
    return text_format(buf, size, "at line %d", p->line);
}

/* A line may be 2 kB long; what is quoted of it has to leave room for the place. */
#define QUOTE "%.80s"

static bool fail(struct parser *p, enum err_code code, const char *before, const char *after)
{
    char where[360];

    return err_set(p->err, code, "%s" QUOTE "%s %s", before, p->word, after,
                   parser_where(p, where, sizeof(where)));
}

bool fail_parse(struct parser *p)
{
    return fail(p, ERR_SYNTAX, "Could not parse ", " directive");
}

bool fail_missing(struct parser *p)
{
    return fail(p, ERR_MISSING, "Missing arguments for ", " directive");
}

bool fail_extra(struct parser *p)
{
    return fail(p, ERR_EXTRA, "Too many arguments for ", " directive");
}

bool fail_syntax(struct parser *p)
{
    return fail(p, ERR_SYNTAX, "Invalid syntax for ", " directive");
}

bool fail_memory(struct parser *p)
{
    return fail(p, ERR_LIMIT, "No memory for ", " directive");
}

static bool fail_range(struct parser *p, int64_t value, int64_t min, int64_t max)
{
    char where[360];

    return err_set(p->err, ERR_RANGE,
                   "Invalid value %lld in " QUOTE " directive (min %lld, max %lld) %s",
                   (long long)value, p->word, (long long)min, (long long)max,
                   parser_where(p, where, sizeof(where)));
}

bool fail_option(struct parser *p, enum option_status status, const char *culprit,
                 const struct option *table, size_t count)
{
    const char *names[64], *near;

    if (status == OPTION_BAD_VALUE) {
        parser_hint(p, "The value of option " QUOTE " is missing or out of range", culprit);
        return fail(p, ERR_RANGE, "Invalid value in ", " directive");
    }
    for (size_t i = 0; i < count && i < ARRAY_LEN(names); i++)
        names[i] = table[i].name;
    near = text_nearest(culprit, names, count < ARRAY_LEN(names) ? count : ARRAY_LEN(names));
    p->nearest = near;
    if (near)
        parser_hint(p, "Option " QUOTE " is not known, did you mean %s?", culprit, near);
    else if (!strchr("!;#%", culprit[0]))
        parser_hint(p, "Option " QUOTE " is not known", culprit);
    return fail(p, ERR_UNKNOWN, "Invalid option in ", " directive");
}

void parser_hint(struct parser *p, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(p->hint, sizeof(p->hint), format, args);
    va_end(args);
}

void parser_hint_choice(struct parser *p, const struct choice *table, const char *word)
{
    const char *names[32];
    size_t count = 0;

    while (count < ARRAY_LEN(names) && table[count].word) {
        names[count] = table[count].word;
        count++;
    }
    p->nearest = text_nearest(word, names, count);
    if (p->nearest)
        parser_hint(p, QUOTE " is not known, did you mean %s?", word, p->nearest);
}

/* A doubt about the line: "TEXT at line 3 in file F". */
PRINTF_LIKE(2, 3)
static void parser_warn(struct parser *p, const char *format, ...)
{
    char text[400], where[360];
    struct config_remark remark = {
        .level = LEVEL_WARNING, .file = p->file, .line = p->line, .text = text};
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (p->reader->remark)
        p->reader->remark(p->reader->remark_ctx, &remark);
    else if (p->reader->log)
        log_warning(p->reader->log, "%s %s", text, parser_where(p, where, sizeof(where)));
}

/* --- arguments --- */

bool take_int(struct parser *p, struct words *w, int64_t min, int64_t max, int *out)
{
    const char *word = words_next(w);
    int64_t v;

    if (!word)
        return fail_missing(p);
    if (!text_int(word, &v))
        return fail_parse(p);
    if (v < min || v > max)
        return fail_range(p, v, min, max);
    *out = (int)v;
    return true;
}

bool take_float(struct parser *p, struct words *w, double *out)
{
    if (words_at_end(w))
        return fail_missing(p);
    if (!words_double(w, out))
        return fail_parse(p);
    /* "3.0abc" has always been read as 3.0 (spec section 24); say so instead of refusing it. */
    if (w->pending) {
        parser_warn(p, "Ignored " QUOTE " after a number in " QUOTE " directive", w->pending,
                    p->word);
        w->pending = NULL;
    }
    return true;
}

bool take_word(struct parser *p, struct words *w, const char **out)
{
    const char *word = words_next(w);

    if (!word)
        return fail_missing(p);
    word = config_string(p->config, word);
    if (!word)
        return fail_memory(p);
    *out = word;
    return true;
}

/* --- directives --- */

const struct directive *directive_find(const char *word)
{
    for (size_t i = 0; i < config_directive_count; i++) {
        if (text_equal_nocase(config_directives[i].name, word))
            return &config_directives[i];
    }
    return NULL;
}

bool directive_is_pending(const char *word)
{
    const struct directive *row = directive_find(word);

    return row && row->flags & DIRECTIVE_PENDING;
}

const char *directive_nearest(const char *word)
{
    const char *names[160];
    size_t count = 0;

    for (; count < config_directive_count && count < ARRAY_LEN(names); count++)
        names[count] = config_directives[count].name;
    return text_nearest(word, names, count);
}

void *parser_place(const struct parser *p)
{
    return (char *)p->config + p->row->place;
}

int choice_value(const struct choice *table, const char *word, bool any_case)
{
    for (const struct choice *c = table; c->word; c++) {
        if (any_case ? text_equal_nocase(c->word, word) : strcmp(c->word, word) == 0)
            return c->value;
    }
    return -1;
}

/* The rest of the line has to be one of the words, and nothing more. */
static bool parse_choice(struct parser *p, struct words *w)
{
    int value = choice_value(p->row->choices, w->rest, true);

    if (*w->rest)
        w->last = w->rest;
    if (value < 0) {
        parser_hint_choice(p, p->row->choices, w->rest);
        return fail_parse(p);
    }
    *(int *)parser_place(p) = value;
    return true;
}

/* The count of words is judged before their content, so that "port 1 x" has too many arguments. */
bool take_count(struct parser *p, const struct words *w, int wanted)
{
    int count = 0;

    for (const char *c = w->rest; *c; c++)
        count += *c != ' ' && (c == w->rest || c[-1] == ' ');
    if (count < wanted)
        return fail_missing(p);
    return count == wanted || fail_extra(p);
}

static bool parse_number(struct parser *p, struct words *w)
{
    const struct directive *row = p->row;
    double *place = parser_place(p);
    int v;

    if (row->kind == DIRECTIVE_FLOAT) {
        if (!take_float(p, w, place))
            return false;
        *place = clamp_d(*place, row->min, row->max);
        return true;
    }
    if (!take_int(p, w, (int64_t)row->min, (int64_t)row->max, &v))
        return false;
    if (row->kind == DIRECTIVE_PORT)
        *(uint16_t *)parser_place(p) = (uint16_t)v;
    else
        *(int *)parser_place(p) = v;
    return true;
}

bool directive_parse(struct parser *p, struct words *w)
{
    switch (p->row->kind) {
    case DIRECTIVE_FLAG:
        *(bool *)parser_place(p) = true;
        return take_count(p, w, 0);
    case DIRECTIVE_INT:
    case DIRECTIVE_PORT:
    case DIRECTIVE_FLOAT:
        return take_count(p, w, 1) && parse_number(p, w);
    case DIRECTIVE_WORD:
        return take_count(p, w, 1) && take_word(p, w, parser_place(p));
    case DIRECTIVE_CHOICE:
        return parse_choice(p, w);
    case DIRECTIVE_SPECIAL:
        return p->row->parse(p, w);
    case DIRECTIVE_OBSOLETE:
        parser_warn(p, "%s directive is no longer supported", p->row->name);
        return true;
    case DIRECTIVE_INCLUDE:
    case DIRECTIVE_SILENT:
        return true;
    }
    return false;
}
