/* format.h - numbers as scripts have always read them from chronyc (spec chronyc section 5).
 *
 * Pure functions from a value to its text. Widths are minimal: a number that is too big for its
 * column is never cut. Every function writes at most `size` bytes with the NUL to `buf` and returns
 * `buf`. */
#ifndef CHRONYC_FORMAT_H
#define CHRONYC_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "candm/messages.h"

#define FORMAT_MAX 400 /* enough for every number below: the longest double has 310 digits */
#define INTERVAL_UNKNOWN UINT32_MAX
#define LOG2_UNKNOWN 127

/* "I": seconds in four columns, in minutes, hours, days or years where they get too many. */
const char *format_interval(char *buf, size_t size, uint32_t seconds);
/* "S+" (seven columns, with sign) and "S" (six columns, magnitude). */
const char *format_offset(char *buf, size_t size, double seconds, bool with_sign);
/* "P+" and "P": parts per million in ten columns. */
const char *format_ppm(char *buf, size_t size, double ppm, bool with_sign);
/* "C": log2 of seconds in two columns. */
const char *format_log2(char *buf, size_t size, int64_t log2_s);
/* "T": date and time in UTC, as the C locale writes it. */
const char *format_time(char *buf, size_t size, const struct candm_time *t);
/* "2026-11-21 11:59:59" in UTC. */
const char *format_date(char *buf, size_t size, const struct candm_time *t);
/* RFC 3339 in UTC with nanoseconds: "2026-11-21T11:59:59.123456789Z". */
const char *format_rfc3339(char *buf, size_t size, const struct candm_time *t);
/* "O" and "F": magnitude and a word for the sign. */
const char *format_offset_word(char *buf, size_t size, double seconds);
const char *format_freq_word(char *buf, size_t size, double ppm);
/* "1.5"/"null": the shortest form that reads back as the same 24-bit wire float. */
const char *format_json_number(char *buf, size_t size, double v);
/* Up to four printable characters of a reference ID; others are left out. */
const char *format_refid_text(char *buf, size_t size, uint32_t refid);

const char *leap_words(uint64_t leap);
char leap_char(uint64_t leap);

#endif
