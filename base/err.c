/* err.c - filling in a refusal. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set_text(struct err *e, enum err_code code, int sys, const char *format, va_list args)
{
    e->code = code;
    e->sys = sys;
    /* A cut sentence is better than none. */
    (void)vsnprintf(e->text, sizeof(e->text), format, args);
}

bool err_set(struct err *e, enum err_code code, const char *format, ...)
{
    va_list args;

    if (!e)
        return false;
    va_start(args, format);
    set_text(e, code, 0, format, args);
    va_end(args);
    return false;
}

bool err_set_sys(struct err *e, enum err_code code, int sys, const char *format, ...)
{
    va_list args;
    size_t used;

    if (!e)
        return false;
    va_start(args, format);
    set_text(e, code, sys, format, args);
    va_end(args);
    used = strlen(e->text);
    /* strerror is one of the few functions whose result depends on the locale; none is ever set. */
    (void)snprintf(e->text + used, sizeof(e->text) - used, ": %s", strerror(sys));
    return false;
}

bool err_no_memory(struct err *e)
{
    return err_set(e, ERR_LIMIT, "Out of memory");
}
