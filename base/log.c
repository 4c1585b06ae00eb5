/* log.c - from format to line. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_BYTES_MAX 2048

void log_write(const struct log *log, enum log_level level, const char *format, ...)
{
    char line[LINE_BYTES_MAX];
    va_list args;

    if (!log || !log->write || level < log->least)
        return;
    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    /* Names of sources and words of files end up here: a line stays a line. */
    for (char *c = line; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    }
    log->write(log->ctx, level, line);
}
