/* syslog.c - log lines to where they belong. */
#include "chronyd/os/linux/syslog.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"
#include "chronyd/os/linux/internal.h"

#define LOG_FILE_MODE 0640

struct log_sink {
    enum log_where where;
    enum log_level least;
    int fd; /* standard error or the file */
    int parent_fd;
    char path[PATH_MAX];
};

struct log_sink *log_sink_create(enum log_level least)
{
    struct log_sink *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->least = least;
    s->fd = STDERR_FILENO;
    s->parent_fd = -1;
    return s;
}

void log_sink_destroy(struct log_sink *s)
{
    if (!s)
        return;
    if (s->where == LOG_WHERE_FILE)
        (void)close(s->fd);
    if (s->where == LOG_WHERE_SYSLOG)
        closelog();
    free(s);
}

static int open_log_file(const char *path)
{
    return open(path,
                O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC,
                LOG_FILE_MODE);
}

bool log_sink_redirect(struct log_sink *s, enum log_where where, const char *path, struct err *err)
{
    if (where == LOG_WHERE_FILE) {
        int fd = -1;

        errno = ENAMETOOLONG;
        if (text_copy(s->path, sizeof s->path, path))
            fd = open_log_file(path);
        if (fd < 0)
            return err_set_sys(err, ERR_IO, errno, "Could not open log file %s", path);
        s->fd = fd;
    }
    if (where == LOG_WHERE_SYSLOG)
        openlog("chronyd", LOG_PID, LOG_DAEMON);
    s->where = where;
    return true;
}

void log_sink_parent(struct log_sink *s, int fd)
{
    s->parent_fd = fd;
}

static int syslog_priority(enum log_level level)
{
    switch (level) {
    case LEVEL_DEBUG:
        return LOG_DEBUG;
    case LEVEL_INFO:
        return LOG_INFO;
    case LEVEL_WARNING:
        return LOG_WARNING;
    case LEVEL_ERROR:
        return LOG_ERR;
    default:
        return LOG_CRIT;
    }
}

static const char *prefix_of(enum log_level level)
{
    return level == LEVEL_FATAL ? "Fatal error : " : "";
}

/* A file that was moved away is followed only as long as there is no way to open a new one. */
static void follow_path(struct log_sink *s)
{
    struct stat st;
    int fd;

    if (s->where != LOG_WHERE_FILE || stat(s->path, &st) == 0 || errno != ENOENT)
        return;
    fd = open_log_file(s->path);
    if (fd < 0)
        return;
    (void)close(s->fd);
    s->fd = fd;
}

static void write_stamped(struct log_sink *s, enum log_level level, const char *line)
{
    char text[2200];
    struct timespec now = {.tv_sec = 0};
    struct utc_calendar c;
    int n;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    c = utc_calendar((struct utc){(int64_t)now.tv_sec * NS_PER_S});
    n = snprintf(text, sizeof text - 1, "%04d-%02d-%02dT%02d:%02d:%02dZ %s%s", c.year, c.month,
                 c.day, c.hour, c.minute, c.second, prefix_of(level), line);
    if (n < 0)
        return;
    n = n < (int)sizeof text - 1 ? n : (int)sizeof text - 2;
    text[n] = '\n';
    follow_path(s);
    (void)write_all(s->fd, text, (size_t)n + 1);
}

/* Who waits for the start, or looks at the terminal, is told why it failed. */
static void tell_who_started(struct log_sink *s, const char *line)
{
    const char *prefix = s->parent_fd >= 0 ? "" : prefix_of(LEVEL_FATAL);
    int fd = s->parent_fd >= 0 ? s->parent_fd : STDERR_FILENO;

    if (s->parent_fd < 0 && s->where != LOG_WHERE_SYSLOG)
        return;
    (void)write_all(fd, prefix, strlen(prefix));
    (void)write_all(fd, line, strlen(line));
    (void)write_all(fd, "\n", 1);
}

static void write_line(void *ctx, enum log_level level, const char *line)
{
    struct log_sink *s = ctx;

    if (s->where == LOG_WHERE_SYSLOG)
        syslog(syslog_priority(level), "%s%s", prefix_of(level), line);
    else
        write_stamped(s, level, line);
    if (level == LEVEL_FATAL)
        tell_who_started(s, line);
}

struct log log_sink_log(struct log_sink *s)
{
    return (struct log){.write = write_line, .ctx = s, .least = s->least};
}
