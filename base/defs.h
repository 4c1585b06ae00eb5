/* defs.h - the few compiler idioms that every room uses.
 *
 * Decides nothing. Everything here is a macro or a pure inline function. */
#ifndef BASE_DEFS_H
#define BASE_DEFS_H

#include <stddef.h>

/* The caller has to look at the result: it says whether a value may be used at all. */
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define NORETURN __attribute__((noreturn))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* From a member back to the structure that holds it. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline double clamp_d(double v, double lo, double hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static inline int clamp_i(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static inline double max_d(double a, double b)
{
    return a > b ? a : b;
}

static inline double min_d(double a, double b)
{
    return a < b ? a : b;
}

#endif
