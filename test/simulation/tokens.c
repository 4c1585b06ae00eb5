/* tokens.c - words, values and places of a scenario's line. */
#include "test/simulation/tokens.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    double factor;
} units[] = {
    {"", 1.0},     {"s", 1.0},    {"ms", 1e-3},   {"us", 1e-6},  {"ns", 1e-9},
    {"min", 60.0}, {"h", 3600.0}, {"d", 86400.0}, {"ppm", 1e-6}, {"ppb", 1e-9},
    {"k", 1e3},    {"M", 1e6},    {"%", 0.01},
};
#define UNITS_TOLD "ns us ms s min h d ppm ppb %% k M" /* in a format */

bool value_parse(const char *text, double *out)
{
    char *end;
    double v = strtod(text, &end);

    if (end == text || !isfinite(v))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (strcmp(end, units[i].name) == 0) {
            *out = v * units[i].factor;
            return true;
        }
    }
    return false;
}

static char *cut_quoted(char *from, char **to)
{
    char *out = *to;

    while (*from && *from != '"') {
        if (from[0] == '\\' && from[1] != '\0') {
            from++;
            *out++ = *from == 'n' ? '\n' : *from;
            from++;
        } else {
            *out++ = *from++;
        }
    }
    *to = out;
    return *from == '"' ? from + 1 : NULL;
}

bool tokens_cut(struct tokens *t, const char *line)
{
    size_t length = strlen(line), end = 0;
    char *from, *to;

    t->buffer = malloc(2 * length + 2);
    assert(t->buffer);
    memcpy(t->buffer, line, length + 1);
    from = t->buffer;
    to = t->buffer + length + 1;
    t->raw = line;
    t->indented = *from == ' ' || *from == '\t';
    t->count = t->next = 0;
    for (;;) {
        struct token *w = &t->word[t->count];

        from += strspn(from, " \t\r");
        if (*from == '\0' || *from == '#') {
            t->buffer[end] = '\0';
            return true;
        }
        if (t->count == TOKENS_MAX)
            return tokens_fail(t, "a line has at most %d words", TOKENS_MAX);
        *w = (struct token){.text = to, .column = t->before + (int)(from - t->buffer) + 1};
        t->count++;
        if (*from == '"') {
            w->quoted = true;
            from = cut_quoted(from + 1, &to);
            if (!from) {
                t->next = t->count;
                return tokens_fail(t, "the quote is not closed");
            }
        } else {
            size_t n = strcspn(from, " \t\r");

            memcpy(to, from, n);
            to += n;
            from += n;
        }
        *to++ = '\0';
        end = (size_t)(from - t->buffer);
        w->after = t->before + (int)end + 1;
    }
}

void tokens_free(struct tokens *t)
{
    free(t->buffer);
    t->buffer = NULL;
}

static bool fail_at(struct tokens *t, int column, const char *text)
{
    return err_set(t->err, ERR_SYNTAX, "%s:%d:%d: %s", t->path, t->line, column, text);
}

bool tokens_fail(struct tokens *t, const char *format, ...)
{
    char text[300];
    va_list args;
    int column = 1;

    if (t->next > 0)
        column = t->word[t->next - 1].column;
    else if (t->count > 0)
        column = t->word[0].column;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return fail_at(t, column, text);
}

bool tokens_expected(struct tokens *t, const char *what)
{
    char text[300];

    if (tokens_left(t)) {
        const struct token *w = &t->word[t->next];

        snprintf(text, sizeof(text), "%s is expected here, not \"%s\"", what, w->text);
        return fail_at(t, w->column, text);
    }
    snprintf(text, sizeof(text), "%s is missing here", what);
    return fail_at(t, t->count > 0 ? t->word[t->count - 1].after : 1, text);
}

bool tokens_left(const struct tokens *t)
{
    return t->next < t->count;
}

const char *tokens_peek(const struct tokens *t)
{
    return tokens_left(t) ? t->word[t->next].text : NULL;
}

const char *tokens_take(struct tokens *t)
{
    return tokens_left(t) ? t->word[t->next++].text : NULL;
}

bool tokens_accept(struct tokens *t, const char *word)
{
    if (!tokens_left(t) || t->word[t->next].quoted || strcmp(t->word[t->next].text, word) != 0)
        return false;
    t->next++;
    return true;
}

bool tokens_word(struct tokens *t, const char *what, const char **out)
{
    *out = tokens_take(t);
    return *out || tokens_expected(t, what);
}

bool tokens_value(struct tokens *t, const char *what, double *out)
{
    const char *text, *dots;
    double high;
    char low[64];

    if (!tokens_word(t, what, &text))
        return false;
    dots = strstr(text, "..");
    if (!dots)
        return value_parse(text, out) ||
               tokens_fail(t,
                           "\"%s\" is no value for %s: a number, with one of " UNITS_TOLD
                           " at it or none",
                           text, what);
    if ((size_t)(dots - text) >= sizeof(low))
        return tokens_fail(t, "the value is too long");
    memcpy(low, text, (size_t)(dots - text));
    low[dots - text] = '\0';
    if (!value_parse(low, out) || !value_parse(dots + 2, &high))
        return tokens_fail(t, "\"%s\" is no range for %s, like 1ms..2ms", text, what);
    *out = rng_between(t->rng, *out, high);
    return true;
}

bool tokens_between(struct tokens *t, const char *what, double least, double most, double *out)
{
    if (!tokens_value(t, what, out))
        return false;
    return (*out >= least && *out <= most) ||
           tokens_fail(t, "%s is between %g and %g", what, least, most);
}

bool tokens_count(struct tokens *t, const char *what, long *out)
{
    double v;
    bool drawn = tokens_left(t) && strstr(t->word[t->next].text, "..");

    if (!tokens_value(t, what, &v))
        return false;
    if (drawn)
        v = floor(v);
    if (v != floor(v) || fabs(v) > 1e9)
        return tokens_fail(t, "%s has to be a whole number", what);
    *out = (long)v;
    return true;
}

static bool is_unit(const char *word)
{
    for (size_t i = 1; i < ARRAY_LEN(units); i++) {
        if (strcmp(word, units[i].name) == 0)
            return true;
    }
    return false;
}

bool tokens_end(struct tokens *t)
{
    const char *word = tokens_take(t);

    if (!word)
        return true;
    return tokens_fail(t, "nothing more was expected here, but there is \"%s\"%s", word,
                       is_unit(word) ? " (a unit follows its number without a blank)" : "");
}

const char *tokens_rest(struct tokens *t)
{
    const char *rest = tokens_left(t) ? t->buffer + t->word[t->next].column - 1 - t->before : "";

    t->next = t->count;
    return rest;
}
