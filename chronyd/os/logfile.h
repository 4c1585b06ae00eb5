/* logfile.h - the log files with columns in `logdir` (spec chrony-conf section 20).
 *
 * Decides when a file is opened (when the first record is due), when a banner is due, and what
 * happens when the directory is missing or the disk is full (one warning, and the daemon runs on).
 * The rooms format their own records. */
#ifndef CHRONYD_OS_LOGFILE_H
#define CHRONYD_OS_LOGFILE_H

#include "base/log.h"
#include "chronyd/os/os.h"

struct logfile;

struct logfile_settings {
    const char *dir; /* NULL: not configured */
    int banner;      /* records between two banners, 0 = never */
};

/* `name` ("measurements") and `heading` are kept by reference and must outlive the file. */
struct logfile *logfile_create(const struct os *os, const struct log *log,
                               const struct logfile_settings *settings, const char *name,
                               const char *heading);
void logfile_destroy(struct logfile *f); /* NULL is allowed */
/* Append one record; the newline is added. NULL `f` (that log is off): nothing happens. */
void logfile_write(struct logfile *f, const char *format, ...) PRINTF_LIKE(2, 3);
/* Close; the next record opens the file again (chronyc cyclelogs). */
void logfile_cycle(struct logfile *f);
/* "2026-06-10 07:15:02", 19 characters. */
const char *logfile_time(struct utc t, char buf[20]);

#endif
