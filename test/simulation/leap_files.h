/* leap_files.h - files with leap seconds, as the zone data and the IERS publish them.
 *
 * Made from the history of UTC, with what a scenario cuts off or adds. */
#ifndef SIMULATION_LEAP_FILES_H
#define SIMULATION_LEAP_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEAP_EXTRA_MAX 8

struct leap_file_law {
    int64_t until_s; /* later ones of history are left out; UTC, seconds since 1970 */
    size_t extra_count;
    struct leap_extra {
        int64_t from_s;      /* the midnight that follows it */
        int sign;            /* +1 insert, -1 delete */
    } extra[LEAP_EXTRA_MAX]; /* in order, after history */
    int64_t expires_s;
};

/* TAI - UTC at a time of history. */
int leap_history_tai(int64_t utc_s);
/* A text like leap-seconds.list; malloc'd. */
char *leap_list_make(const struct leap_file_law *law, size_t *length);
/* A zone of the "right" kind, version 2 (RFC 8536): UTC, and a table of leap seconds; malloc'd. */
uint8_t *leap_zone_make(const struct leap_file_law *law, size_t *length);

#endif
