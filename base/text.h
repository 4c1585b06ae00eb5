/* text.h - words and numbers of configuration lines and command lines.
 *
 * One set of lexical rules for chrony.conf, key files and chronyc (spec chrony-conf sections 1
 * and 3, chronyc section 3). Nothing here knows a directive. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

#define TEXT_LINE_MAX 2047 /* bytes of a line, newline included */

/* Collapse runs of white space to one blank, drop leading and trailing ones, and empty the line if
 * its first character is one of ! ; # %. In place. */
void text_normalise(char *line);

/* Cut the next blank-separated word off `*rest` (in place, NUL-terminated); NULL at the end. */
char *text_word(char **rest);

bool text_equal_nocase(const char *a, const char *b);

/* Whole-word numbers: decimal INT with optional sign; FLOAT as scanf %lf takes it (decimal,
 * exponent, hex float, inf, nan). Trailing garbage is refused. */
MUST_CHECK bool text_int(const char *word, int64_t *out);
MUST_CHECK bool text_uint(const char *word, uint64_t *out);
MUST_CHECK bool text_double(const char *word, double *out);
/* Even number of hex digits of any case; the count of bytes, or -1. */
int text_hex(const char *word, uint8_t *out, size_t size);

/* snprintf that never leaves the buffer unterminated; returns the buffer. */
const char *text_format(char *buf, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);

/* strlcpy: copy what fits, terminate, and say whether all fitted. */
bool text_copy(char *out, size_t size, const char *in);

/* Edit distance for "did you mean": the entry nearest to `word`, or NULL if none is near. */
const char *text_nearest(const char *word, const char *const *words, size_t count);

#endif
