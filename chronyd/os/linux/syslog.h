/* syslog.h - where the log lines go: syslog, standard error or a file.
 *
 * Lines on standard error and in a file begin with UTC time, "2026-06-10T07:15:02Z "; a fatal one
 * also with "Fatal error : " (spec chrony-conf section 21). */
#ifndef CHRONYD_OS_LINUX_SYSLOG_H
#define CHRONYD_OS_LINUX_SYSLOG_H

#include "base/err.h"
#include "base/log.h"

struct log_sink;

enum log_where { LOG_WHERE_STDERR, LOG_WHERE_SYSLOG, LOG_WHERE_FILE };

/* Begins on standard error; dies with the process. NULL: no memory. */
struct log_sink *log_sink_create(enum log_level least);
void log_sink_destroy(struct log_sink *s);
/* The log that writes here; valid as long as the sink. */
struct log log_sink_log(struct log_sink *s);
/* `path` only with LOG_WHERE_FILE; it is opened again when it vanishes (log rotation). */
bool log_sink_redirect(struct log_sink *s, enum log_where where, const char *path, struct err *err);
/* While it is not -1, fatal lines are also written to this descriptor: the parent that waits for
 * the daemon prints them. */
void log_sink_parent(struct log_sink *s, int fd);

#endif
