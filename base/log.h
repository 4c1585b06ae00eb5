/* log.h - one line for a human, handed to whoever owns the daemon.
 *
 * A sink hangs on the instance; nothing here writes, formats time or knows syslog. A line names its
 * subject and its numbers with units. The texts that tools match are in spec chrony-conf
 * section 21. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/defs.h"

enum log_level { LEVEL_DEBUG = -1, LEVEL_INFO = 0, LEVEL_WARNING, LEVEL_ERROR, LEVEL_FATAL };

struct log {
    void (*write)(void *ctx, enum log_level level, const char *line); /* line without newline */
    void *ctx;
    enum log_level least; /* below this nothing is formatted */
};

void log_write(const struct log *log, enum log_level level, const char *format, ...)
    PRINTF_LIKE(3, 4);

#define log_debug(log, ...) log_write(log, LEVEL_DEBUG, __VA_ARGS__)
#define log_info(log, ...) log_write(log, LEVEL_INFO, __VA_ARGS__)
#define log_warning(log, ...) log_write(log, LEVEL_WARNING, __VA_ARGS__)
#define log_error(log, ...) log_write(log, LEVEL_ERROR, __VA_ARGS__)

#endif
