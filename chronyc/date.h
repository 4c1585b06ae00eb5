/* date.h - times as people type them, for `settime`.
 *
 * Date and time in any order and many forms, in the local time zone unless one is given: "16:30",
 * "2026-09-25 16:30:05", "Sep 25, 2026 4:30 pm", "25 Sep 2026", "9/25/2026", "@1795238126",
 * "tomorrow 12:00", "+2 hours", "10 minutes ago", "... UTC", "... +0200". What is not said is
 * today's; a date without a time is its midnight. */
#ifndef CHRONYC_DATE_H
#define CHRONYC_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970 that `text` means when it is `now_s`; false if it means nothing. */
bool date_parse(const char *text, int64_t now_s, int64_t *out_s);
/* What the system clock says, seconds since 1970. */
int64_t date_now(void);

#endif
