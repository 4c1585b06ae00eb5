/* screen.h - a terminal taken over and given back: keys without Enter, whole pages at once.
 *
 * Plain ANSI sequences, no terminal database. The terminal is restored by screen_close, whatever
 * happened in between. */
#ifndef CHRONYC_SCREEN_H
#define CHRONYC_SCREEN_H

#include <signal.h>
#include <stdio.h>

#include "chronyc/watch.h"

struct screen;

/* NULL: input or output is no terminal. */
struct screen *screen_open(FILE *out);
void screen_close(struct screen *s); /* NULL is allowed */
void screen_size(const struct screen *s, size_t *width, size_t *height);
void screen_draw(struct screen *s, const struct watch_line *lines, size_t count);
/* The next key, 0 when `seconds` have passed or a signal came. */
int screen_key(struct screen *s, double seconds, const volatile sig_atomic_t *stop);

#endif
