/* watch.h - what `watch` knows and how it looks: pure functions from a model to lines.
 *
 * The model is filled by watch.c from a daemon and drawn by it on a terminal; here nothing is asked
 * and nothing is printed, so that a test can hold a screen in its hands. Lines are ASCII and no
 * longer than the screen is wide. */
#ifndef CHRONYC_WATCH_H
#define CHRONYC_WATCH_H

#include "chronyc/explain.h"

#define WATCH_SOURCES_MAX 256
#define WATCH_HISTORY 48
#define WATCH_LINE_MAX 256
#define WATCH_LINES_MAX 200
#define WATCH_WIDTH_MIN 40
#define WATCH_HEIGHT_MIN 8

/* The newest values of a figure, oldest first. */
struct history {
    double values[WATCH_HISTORY];
    size_t count;
};
void history_add(struct history *h, double v);
/* `width` characters, the newest to the right; the height of each is its share of the largest
 * magnitude. */
const char *history_sparkline(const struct history *h, size_t width, char *buf, size_t size);

struct watch_source {
    struct source_view view;
    char name[NAME_SHOWN_MAX];
    struct history offset;
    bool seen; /* in the present round */
};

enum watch_order { ORDER_DAEMON, ORDER_STATE, ORDER_OFFSET, ORDER_NAME, ORDER_COUNT };

struct watch_model {
    bool answered; /* the newest round; the figures are those of the last good one */
    bool have_host;
    struct host_view host;
    char reference[NAME_SHOWN_MAX], peer[160];
    struct history correction, bound;
    struct watch_source sources[WATCH_SOURCES_MAX];
    size_t count;
    struct candm_time now;
    double interval_s;
    /* how to show it */
    bool paused, expanded;
    enum watch_order order;
    size_t first; /* row of the list at the top, for lists longer than the screen */
};

/* The source with that identity: kept from earlier rounds, with its history, or new; NULL when
 * there is no room. */
struct watch_source *watch_find(struct watch_model *m, const struct source_id *id);
/* Forget sources that the round did not see. */
void watch_sweep(struct watch_model *m);

enum watch_style { STYLE_PLAIN, STYLE_BOLD, STYLE_REVERSE };
struct watch_line {
    enum watch_style style;
    char text[WATCH_LINE_MAX];
};
/* At most `height` lines (WATCH_LINES_MAX) for a screen of that size; returns how many. */
size_t watch_lines(const struct watch_model *m, size_t width, size_t height,
                   struct watch_line *lines);
/* One line for an output that is no terminal. */
const char *watch_summary(const struct watch_model *m, char *buf, size_t size);

#endif
