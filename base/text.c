/* text.c - lexical rules. All of them are those of the C locale, whatever the process has set. */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void text_normalise(char *line)
{
    char *out = line;

    for (const char *in = line; *in; in++) {
        if (!is_space(*in))
            *out++ = *in;
        else if (out > line && out[-1] != ' ')
            *out++ = ' ';
    }
    if (out > line && out[-1] == ' ')
        out--;
    *out = '\0';
    if (*line && strchr("!;#%", *line))
        *line = '\0';
}

char *text_word(char **rest)
{
    char *p = *rest, *word;

    while (is_space(*p))
        p++;
    word = p;
    while (*p && !is_space(*p))
        p++;
    if (*p)
        *p++ = '\0';
    *rest = p;
    return *word ? word : NULL;
}

bool text_equal_nocase(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        if (lower(*a) != lower(*b))
            return false;
    }
    return *a == *b;
}

bool text_int(const char *word, int64_t *out)
{
    char *end;
    long long v;

    if (!*word || is_space(*word))
        return false;
    errno = 0;
    v = strtoll(word, &end, 10);
    if (end == word || *end || errno == ERANGE)
        return false;
    *out = v;
    return true;
}

bool text_uint(const char *word, uint64_t *out)
{
    char *end;
    unsigned long long v;

    /* strtoull would take "-1" as the largest number. */
    if (!*word || is_space(*word) || *word == '-')
        return false;
    errno = 0;
    v = strtoull(word, &end, 10);
    if (end == word || *end || errno == ERANGE)
        return false;
    *out = v;
    return true;
}

bool text_double(const char *word, double *out)
{
    char *end;
    double v;

    if (!*word || is_space(*word))
        return false;
    v = strtod(word, &end);
    if (end == word || *end)
        return false;
    *out = v;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int text_hex(const char *word, uint8_t *out, size_t size)
{
    size_t n = 0;

    for (; *word; word += 2, n++) {
        int high = hex_digit(word[0]);
        int low = high < 0 ? -1 : hex_digit(word[1]);

        if (low < 0 || n >= size)
            return -1;
        out[n] = (uint8_t)(high << 4 | low);
    }
    return (int)n;
}

const char *text_format(char *buf, size_t size, const char *format, ...)
{
    va_list args;

    if (size == 0)
        return "";
    va_start(args, format);
    if (vsnprintf(buf, size, format, args) < 0)
        buf[0] = '\0';
    va_end(args);
    return buf;
}

bool text_copy(char *out, size_t size, const char *in)
{
    size_t length = strlen(in);
    size_t n = length < size ? length : size ? size - 1 : 0;

    if (size > 0) {
        memcpy(out, in, n);
        out[n] = '\0';
    }
    return n == length && size > 0;
}

#define WORD_LENGTH_MAX 32

/* Levenshtein distance with one row, of words that are not too long to be directives. */
static size_t distance(const char *a, const char *b)
{
    size_t length = strlen(b);
    size_t row[WORD_LENGTH_MAX + 1];

    if (strlen(a) > WORD_LENGTH_MAX || length > WORD_LENGTH_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t best = diagonal + (lower(a[i]) != lower(b[j]));

            diagonal = row[j + 1];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (diagonal + 1 < best)
                best = diagonal + 1;
            row[j + 1] = best;
        }
    }
    return row[length];
}

const char *text_nearest(const char *word, const char *const *words, size_t count)
{
    const char *nearest = NULL;
    /* A third of the letters may be wrong: "makstep" is meant, "foo" is not. */
    size_t best = strlen(word) / 3 + 1;

    for (size_t i = 0; i < count; i++) {
        size_t d = distance(word, words[i]);

        if (d < best) {
            best = d;
            nearest = words[i];
        }
    }
    return nearest;
}
