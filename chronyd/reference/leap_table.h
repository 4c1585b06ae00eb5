/* leap_table.h - the leap seconds of the past and the near future, from a file of the host.
 *
 * Reads a "right/" time zone (TZif, RFC 8536) or a list in the format of NIST and IERS
 * (spec chrony-conf 19.7), checks it by two days of 2012, and answers for a day: does it end in a
 * leap second, and what is TAI - UTC. The file is read again when it was last read 12 h ago. */
#ifndef CHRONYD_REFERENCE_LEAP_TABLE_H
#define CHRONYD_REFERENCE_LEAP_TABLE_H

#include "base/log.h"
#include "chronyd/os/os.h"
#include "chronyd/track/sample.h"

#define LEAP_TABLE_MAX 64

struct leap_table {
    struct {
        int64_t from_s; /* seconds since 1970, always a midnight */
        int tai_offset; /* from then on */
    } entry[LEAP_TABLE_MAX];
    size_t count;
    int tai_before;    /* before the first entry; 0 = not known */
    int64_t expires_s; /* 0 = not said */
};

/* What a day of UTC is like. */
struct leap_day {
    enum leap leap;
    int tai_offset; /* at the time asked for; 0 = not known */
};

MUST_CHECK bool leap_table_from_tzif(struct leap_table *t, const uint8_t *data, size_t length,
                                     struct err *err);
MUST_CHECK bool leap_table_from_list(struct leap_table *t, const char *text, struct err *err);
struct leap_day leap_table_day(const struct leap_table *t, struct utc at);
/* 30 June 2012 ends in a leap second at TAI - UTC = 34, 31 December 2012 in none at 35. */
bool leap_table_is_sane(const struct leap_table *t);
/* The midnight (UTC) that ends the day of `at`. */
struct utc leap_midnight_after(struct utc at);

struct leap_source;
/* Either or both may be NULL; the list wins if both pass the check. What fails it is warned about
 * and ignored. NULL if nothing is left. */
struct leap_source *leap_source_create(const struct os *os, const struct log *log, const char *zone,
                                       const char *list);
void leap_source_destroy(struct leap_source *s);
struct leap_day leap_source_day(struct leap_source *s, struct utc at);

#endif
