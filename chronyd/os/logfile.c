/* logfile.c - one log file with columns: opened late, banner now and then, one warning on failure.
 */
#include "chronyd/os/logfile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGFILE_LINE_MAX 512
#define LOGFILE_MODE 0644

struct logfile {
    struct os os;
    struct log log;
    char *path; /* NULL: there is no directory */
    const char *heading;
    int banner;
    int file;          /* append handle, -1 = closed */
    long records;      /* since the file was opened; decides when a banner is due */
    bool open_refused; /* told already, and not tried again before the logs are cycled */
    bool write_failed; /* told already */
};

struct logfile *logfile_create(const struct os *os, const struct log *log,
                               const struct logfile_settings *settings, const char *name,
                               const char *heading)
{
    struct logfile *f = calloc(1, sizeof *f);
    size_t size = (settings->dir ? strlen(settings->dir) : 0) + strlen(name) + sizeof "/.log";

    if (f && settings->dir)
        f->path = malloc(size);
    if (!f || (settings->dir && !f->path)) {
        free(f);
        return NULL;
    }
    if (f->path)
        snprintf(f->path, size, "%s/%s.log", settings->dir, name);
    f->os = *os;
    f->log = *log;
    f->heading = heading;
    f->banner = settings->banner;
    f->file = -1;
    return f;
}

void logfile_destroy(struct logfile *f)
{
    if (!f)
        return;
    logfile_cycle(f);
    free(f->path);
    free(f);
}

void logfile_cycle(struct logfile *f)
{
    if (!f)
        return;
    if (f->file >= 0)
        f->os.ops->append_close(f->os.ctx, f->file);
    f->file = -1;
    f->records = 0;
    f->open_refused = false;
    f->write_failed = false;
}

static bool open_file(struct logfile *f)
{
    struct err err;

    if (f->file >= 0)
        return true;
    if (f->open_refused)
        return false;
    if (!f->path)
        err_set(&err, ERR_MISSING, "logdir not specified");
    else
        f->file = f->os.ops->append_open(f->os.ctx, f->path, LOGFILE_MODE, &err);
    if (f->file >= 0)
        return true;
    f->open_refused = true;
    log_warning(&f->log, "%s", err.text);
    return false;
}

/* A full disk is told once; the next record is tried again, so that logging goes on when there is
 * room again. */
static void append(struct logfile *f, const char *line, size_t length)
{
    struct err err;

    if (f->os.ops->append_write(f->os.ctx, f->file, line, length, &err)) {
        f->write_failed = false;
        return;
    }
    if (!f->write_failed)
        log_warning(&f->log, "%s: %s", f->path, err.text);
    f->write_failed = true;
}

static void append_banner(struct logfile *f)
{
    char rule[LOGFILE_LINE_MAX], text[3 * LOGFILE_LINE_MAX];
    size_t width = strlen(f->heading);
    int n;

    if (width >= sizeof rule)
        width = sizeof rule - 1;
    memset(rule, '=', width);
    rule[width] = '\0';
    n = snprintf(text, sizeof text, "%s\n%s\n%s\n", rule, f->heading, rule);
    if (n > 0 && (size_t)n < sizeof text)
        append(f, text, (size_t)n);
}

void logfile_write(struct logfile *f, const char *format, ...)
{
    char line[LOGFILE_LINE_MAX];
    va_list args;
    int n;

    if (!f || !open_file(f))
        return;
    if (f->banner > 0 && f->records % f->banner == 0)
        append_banner(f);
    f->records++;
    va_start(args, format);
    n = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    if (n < 0)
        return;
    if ((size_t)n > sizeof line - 2)
        n = (int)sizeof line - 2;
    line[n] = '\n';
    append(f, line, (size_t)n + 1);
}

const char *logfile_time(struct utc t, char buf[20])
{
    struct utc_calendar c = utc_calendar(t);

    snprintf(buf, 20, "%04u-%02u-%02u %02u:%02u:%02u", (unsigned)c.year % 10000,
             (unsigned)c.month % 100, (unsigned)c.day % 100, (unsigned)c.hour % 100,
             (unsigned)c.minute % 100, (unsigned)c.second % 100);
    return buf;
}
