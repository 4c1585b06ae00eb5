/* err.h - why something was refused: a code for the program, a sentence for the reader.
 *
 * A function that can fail on outside input takes a `struct err *` as its last argument and returns
 * bool (or a pointer, or an index with -1). The text is complete: it names file and line, packet or
 * path, and the reason. Nothing here allocates, prints or exits. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

#include "base/defs.h"

enum err_code {
    ERR_NONE,
    ERR_SYNTAX,      /* cannot be parsed */
    ERR_RANGE,       /* parsed, but outside its bounds */
    ERR_MISSING,     /* arguments, file or key that has to be there is not */
    ERR_EXTRA,       /* too many arguments */
    ERR_UNKNOWN,     /* word, option or type that nobody knows */
    ERR_DUPLICATE,   /* exists already */
    ERR_LIMIT,       /* a budget is used up: table full, too large */
    ERR_PERMISSION,  /* the system or an access rule says no */
    ERR_IN_USE,      /* address or port taken */
    ERR_UNREACHABLE, /* no route, network or host unreachable */
    ERR_IO,          /* reading, writing or another call failed */
    ERR_UNSUPPORTED, /* not possible here or not built in */
};

struct err {
    enum err_code code;
    int sys; /* errno of the call that failed, 0 if none did */
    char text[480];
};

/* Fill `e` (NULL is allowed: the caller does not want to know) and return false, so that a refusal
 * reads `return err_set(err, ERR_RANGE, ...)`. */
bool err_set(struct err *e, enum err_code code, const char *format, ...) PRINTF_LIKE(3, 4);
/* The same for a failed system call: appends ": " and the text of `sys`, and keeps it. */
bool err_set_sys(struct err *e, enum err_code code, int sys, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* ERR_LIMIT, "Out of memory". */
bool err_no_memory(struct err *e);

#endif
