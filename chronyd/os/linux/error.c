/* error.c - refusals of the system in our words. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "chronyd/os/linux/internal.h"

static enum err_code code_of(int sys)
{
    switch (sys) {
    case EACCES:
    case EPERM:
        return ERR_PERMISSION;
    case EADDRINUSE:
        return ERR_IN_USE;
    case ENOENT:
    case ENOTDIR:
        return ERR_MISSING;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case ECONNREFUSED:
        return ERR_UNREACHABLE;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
        return ERR_LIMIT;
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
    case EINVAL:
        return ERR_UNSUPPORTED;
    default:
        return ERR_IO;
    }
}

bool err_from_errno(struct err *err, const char *format, ...)
{
    int sys = errno;
    char text[sizeof err->text];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return err_set_sys(err, code_of(sys), sys, "%s", text);
}
