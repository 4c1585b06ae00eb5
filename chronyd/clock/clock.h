/* clock.h - the host's clock: what it shows, what we believe, and how the one becomes the other.
 *
 * Three lines over one axis. The axis is the free-running oscillator (struct osc): the system clock
 * with every rate and step that we (or somebody else) applied taken out again, so samples and
 * filter states kept on it never have to be adjusted. Over it lie two lines:
 *
 * - raw: what the system clock shows; its slope is 1 + the rate that is set in the kernel;
 * - corrected: what we believe to be true; one straight line, replaced at each update.
 *
 * The remaining correction is corrected - raw, known analytically at every instant while it is
 * slewed out. Where the system clock may not be steered (containers, -x) raw is left alone and the
 * same corrected line lives in software.
 *
 * Decides how a correction is brought into the system clock (slew speed, rate, end of a slew, step)
 * and notices when somebody else moved it. It never decides what the time is (reference/ does).
 * Signs: offsets are corrections, > 0 means the clock is slow and has to go forward;
 * frequencies are errors of the oscillator, > 0 means it runs fast. */
#ifndef CHRONYD_CLOCK_CLOCK_H
#define CHRONYD_CLOCK_CLOCK_H

#include <stdbool.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "base/timers.h"
#include "chronyd/os/os.h"

struct clock_settings {
    bool control;               /* false with -x: never touch the system clock */
    double max_slew_ppm;        /* maxslewrate, 83333.333 */
    double max_drift_ppm;       /* maxdrift, 0..100000 */
    double max_clock_error_ppm; /* maxclockerror, 1.0 */
    double precision_s;         /* clockprecision; 0 = as measured by the os */
};

/* The lines at one instant, as a value: all that is needed to correct a timestamp. Immutable; part
 * of the server's view. */
struct clock_view {
    struct utc raw_anchor;  /* the system clock showed this ... */
    struct osc osc_anchor;  /* ... at this oscillator count, */
    double rate;            /* and since then runs at (1 + rate) of the oscillator (fraction) */
    struct utc true_anchor; /* corrected time ... */
    struct osc true_osc;    /* ... at this oscillator count, */
    double freq;            /* of an oscillator that is fast by this fraction */
};

struct osc clock_view_osc(const struct clock_view *v, struct utc raw);
struct utc clock_view_corrected(const struct clock_view *v, struct osc at);
struct utc clock_view_raw(const struct clock_view *v, struct osc at);     /* what raw shows then */
struct osc clock_view_when(const struct clock_view *v, struct utc truth); /* inverse of corrected */

/* What became known about the world outside; told to the one listener (chronyd.c passes it on). */
enum clock_jump_cause { CLOCK_JUMP_FOREIGN, CLOCK_JUMP_SUSPEND, CLOCK_JUMP_RATE };
struct clock_jump {
    enum clock_jump_cause cause;
    double offset_s;  /* FOREIGN: raw went forward by this; SUSPEND: time slept; RATE: 0 */
    struct osc since; /* RATE: somebody else set it at an unknown time after this; until now counts
                         of the oscillator are wrong by an unknown amount */
};

struct clock;

/* Reads the clock's abilities. Without permission to set the clock it says so once (log) and goes
 * on in software. `settings` is copied. */
struct clock *clock_create(const struct os *os, struct timers *timers, const struct log *log,
                           const struct clock_settings *settings);
/* Stops a running slew and leaves the base frequency in the system clock. NULL is allowed. */
void clock_destroy(struct clock *c);

/* jumped: called from clock_notice_jump (below), after the lines were mended. */
void clock_set_listener(struct clock *c, void (*jumped)(void *ctx, const struct clock_jump *jump),
                        void *ctx);
/* Compare system and monotonic clock; to be called at each event, before anything reads the clock.
 * A foreign step leaves the oscillator axis and the corrected line as they are (raw alone moved,
 * and is brought back by the next correction); sleep moves all lines on together. */
void clock_notice_jump(struct clock *c);

/* A number that changes whenever one of the lines does: copies of a view are stale then. */
uint64_t clock_generation(const struct clock *c);

/* --- reading --- */
bool clock_in_control(const struct clock *c);
bool clock_control_wanted(const struct clock *c); /* not -x */
double clock_precision_s(const struct clock *c);
struct clock_view clock_view(const struct clock *c);
struct osc clock_osc(const struct clock *c, struct utc raw); /* a raw stamp on the axis */
struct osc clock_osc_now(const struct clock *c);
struct utc clock_corrected(const struct clock *c, struct osc at); /* the line, past and future */
struct utc clock_now(const struct clock *c);                      /* corrected, now */
/* True seconds between two counts, with the frequency known now. */
double clock_interval_s(const struct clock *c, struct osc from, struct osc to);
double clock_remaining_s(const struct clock *c); /* corrected - raw, now; `tracking` System time */
double clock_freq_ppm(const struct clock *c);    /* of the line: what `tracking` shows */
double clock_max_error_rate(const struct clock *c); /* maxclockerror as a fraction */
double clock_max_slew_ppm(const struct clock *c);   /* maxslewrate, as far as the system can */
double clock_slew_left_s(const struct clock *c);    /* seconds until the slew ends */

/* --- correcting --- */
struct clock_order {
    struct osc at;    /* from here on ... */
    struct utc truth; /* ... the corrected line passes through this time */
    double freq_ppm;  /* with this frequency error of the oscillator (clamped to maxdrift) */
    bool step;        /* bring raw to the line at once (if in control) */
    double slew_s;    /* else: wanted duration of the slew; clamped by maxslewrate; 0 = as fast as
                         maxslewrate allows */
};
/* Replace the corrected line and start bringing the system clock to it. False only if the step was
 * refused by the system (then it is slewed instead). */
bool clock_steer(struct clock *c, const struct clock_order *order, struct err *err);
/* Step raw onto the line now (chronyc makestep). */
bool clock_make_step(struct clock *c, struct err *err);
/* The frequency alone: the line bends at this instant, the slew that runs keeps its end. */
void clock_set_freq(struct clock *c, double freq_ppm);
/* The oscillator runs at another temperature: count it as one that is faster by ppm than it is. The
 * axis is that of the compensated oscillator from now on; lines, frequency and slew stay. */
void clock_set_temp_comp(struct clock *c, double ppm);
/* UTC itself is relabelled by a leap second: from now on the corrected line shows offset_s more
 * (-1 = a second was inserted). Raw is moved too if `step`, is left for a slew otherwise, or, with
 * `done` (the kernel did it, as clock_notice_jump found), has moved already. */
enum clock_leap_way { CLOCK_LEAP_STEP, CLOCK_LEAP_SLEW, CLOCK_LEAP_DONE };
void clock_leap(struct clock *c, double offset_s, enum clock_leap_way way);
/* Did another program change the rate of the system clock (*ppm faster than ours) since this was
 * last asked? It is accounted for from when it was found, and the next change sets ours again. */
bool clock_notice_interference(struct clock *c, double *ppm);

#endif
