/* leap.c - bring leap seconds into the clock, in the way that leapsecmode wants.
 *
 * UTC is relabelled at a leap second, so three things have to move by a second: raw (by the kernel,
 * by a step, by a slew, or not at all), the corrected line, and all times of day that samples keep.
 * The last two move together at one instant, when the timer fires or, in system mode, when the
 * kernel's own jump is noticed. */
#include "chronyd/reference/private.h"

#include <math.h>

/* Samples from around a leap second are of no use: clocks disagree on what they call it. */
#define WINDOW_S 5.0
#define CLOSE_S 2.0
/* The kernel's jump, as far as the two clocks can be compared. */
#define JUMP_TOLERANCE_S 0.1
#define EARLY_S 1e-4

static double leap_offset_s(enum leap kind)
{
    return kind == LEAP_INSERT ? -1.0 : 1.0;
}

/* When the labels change: an inserted second repeats 23:59:59 from midnight on, a deleted one skips
 * it. */
static struct utc leap_moment(const struct leap_state *l)
{
    return l->kind == LEAP_INSERT ? l->when : utc_add_s(l->when, -1.0);
}

static bool in_system_mode(const struct reference *r)
{
    return r->settings.leapsec_mode == LEAPSEC_SYSTEM && clock_in_control(r->clock);
}

static void set_timer(struct reference *r, double wait_s)
{
    timer_set(r->timers, &r->leaps.timer,
              mono_add_s(r->os.ops->mono(r->os.ctx), max_d(wait_s, 0.0)));
}

void reference_leap_start(struct reference *r)
{
    r->leaps.timer = (struct timer){.fire = reference_leap_fired, .ctx = r};
    if (r->settings.leapsec_tz || r->settings.leapsec_list)
        r->leap_source =
            leap_source_create(&r->os, r->log, r->settings.leapsec_tz, r->settings.leapsec_list);
}

void reference_set_leap_listener(struct reference *r, void (*leaped)(void *ctx, double offset_s),
                                 void *ctx)
{
    r->leaped = leaped;
    r->leaped_ctx = ctx;
}

int reference_tai_offset(struct reference *r, struct utc t)
{
    return r->leap_source ? leap_source_day(r->leap_source, t).tai_offset : 0;
}

bool reference_in_leap_window(const struct reference *r, struct utc t)
{
    const struct leap_state *l = &r->leaps;

    if (l->stage != LEAP_IDLE && fabs(utc_diff_s(t, l->when)) <= WINDOW_S + 1.0)
        return true;
    return l->done.ns && fabs(utc_diff_s(t, l->done)) <= WINDOW_S;
}

double reference_relabelled_s(const struct reference *r)
{
    return r->leaps.relabelled_s;
}

enum os_leap reference_leap_for_kernel(const struct reference *r)
{
    const struct leap_state *l = &r->leaps;

    if (!l->in_kernel || (l->stage != LEAP_ARMED && l->stage != LEAP_AWAITS))
        return OS_LEAP_NONE;
    return l->kind == LEAP_INSERT ? OS_LEAP_INSERT : OS_LEAP_DELETE;
}

/* So near the moment a clock does not know on which side of it the world is, and from then on until
 * the labels have changed it is a second off for sure. */
double reference_leap_doubt_s(const struct reference *r, double bound_s)
{
    const struct leap_state *l = &r->leaps;
    bool doubtful = l->ignored || l->stage == LEAP_AWAITS || l->stage == LEAP_CLOSING;

    if (l->stage == LEAP_ARMED)
        doubtful = utc_diff_s(leap_moment(l), clock_now(r->clock)) <= bound_s;
    return doubtful ? fabs(leap_offset_s(l->kind)) : 0.0;
}

static void arm(struct reference *r, enum leap kind, struct utc when)
{
    struct leap_state *l = &r->leaps;

    l->stage = LEAP_ARMED;
    l->kind = kind;
    l->when = when;
    l->in_kernel = in_system_mode(r);
    if (l->in_kernel)
        log_info(r->log, "System clock status set to %s leap second",
                 kind == LEAP_INSERT ? "insert" : "delete");
    set_timer(r, utc_diff_s(leap_moment(l), clock_now(r->clock)));
}

static void disarm(struct reference *r)
{
    if (r->leaps.in_kernel)
        log_info(r->log, "System clock status reset after leap second");
    r->leaps.in_kernel = false;
    r->leaps.stage = LEAP_IDLE;
    timer_cancel(r->timers, &r->leaps.timer);
}

static bool ends_in_june_or_december(struct utc t)
{
    struct utc_calendar c = utc_calendar(t);

    return (c.month == 6 && c.day == 30) || (c.month == 12 && c.day == 31);
}

static void set_tai(struct reference *r, int tai_offset)
{
    if (!in_system_mode(r) || tai_offset == 0 || tai_offset == r->leaps.kernel_tai)
        return;
    r->leaps.kernel_tai = tai_offset;
    log_info(r->log, "System clock TAI offset set to %d seconds", tai_offset);
}

void reference_leap_update(struct reference *r, enum leap voted)
{
    struct leap_state *l = &r->leaps;
    struct utc now = clock_now(r->clock), midnight = leap_midnight_after(now);
    enum leap kind = voted == LEAP_UNSYNCHRONISED ? LEAP_NORMAL : voted;

    if (r->leap_source) {
        struct leap_day day = leap_source_day(r->leap_source, now);

        if (kind == LEAP_NORMAL)
            kind = day.leap;
        set_tai(r, day.tai_offset);
    }
    /* Sources may need a while to take their announcement back. */
    if (l->done.ns && fabs(utc_diff_s(now, l->done)) < 86400.0)
        kind = LEAP_NORMAL;
    r->leap = kind;
    if (l->stage == LEAP_AWAITS || l->stage == LEAP_CLOSING)
        return;
    if (!ends_in_june_or_december(now))
        kind = LEAP_NORMAL;
    if (l->stage == LEAP_ARMED && (kind != l->kind || midnight.ns != l->when.ns))
        disarm(r);
    if (l->stage == LEAP_ARMED)
        set_timer(r, utc_diff_s(leap_moment(l), now));
    else if (kind != LEAP_NORMAL)
        arm(r, kind, midnight);
}

/* The labels have changed: tell those who keep times of day. */
static void relabel(struct reference *r)
{
    struct leap_state *l = &r->leaps;
    double offset_s = leap_offset_s(l->kind);

    r->ref_time = utc_add_s(r->ref_time, offset_s);
    l->relabelled_s += offset_s;
    if (l->in_kernel && l->kernel_tai)
        l->kernel_tai -= (int)offset_s;
    if (r->leaped)
        r->leaped(r->leaped_ctx, offset_s);
    r->leap = LEAP_NORMAL;
    l->done = l->when;
    l->stage = LEAP_CLOSING;
}

static void announce_unsynchronised(struct reference *r)
{
    r->leaps.unsynced = true;
    r->leaps.unsynced_end = osc_add_s(clock_osc_now(r->clock), CLOSE_S);
    set_timer(r, CLOSE_S);
}

bool reference_leap_jumped(struct reference *r, const struct clock_jump *jump)
{
    struct leap_state *l = &r->leaps;

    if (!l->in_kernel || (l->stage != LEAP_ARMED && l->stage != LEAP_AWAITS) ||
        fabs(jump->offset_s - leap_offset_s(l->kind)) > JUMP_TOLERANCE_S ||
        fabs(utc_diff_s(clock_now(r->clock), l->when)) > WINDOW_S)
        return false;
    clock_leap(r->clock, leap_offset_s(l->kind), CLOCK_LEAP_DONE);
    relabel(r);
    announce_unsynchronised(r);
    reference_announce(r);
    return true;
}

static void leap_now(struct reference *r)
{
    double offset_s = leap_offset_s(r->leaps.kind);
    struct line before = reference_line(r);

    switch (r->settings.leapsec_mode) {
    case LEAPSEC_IGNORE:
        /* The samples move, the clock does not: it finds itself a second off and does about it what
         * it does about any offset. */
        log_warning(r->log, "Ignoring leap second");
        r->leaps.ignored = true;
        break;
    case LEAPSEC_SLEW:
        log_warning(r->log, "Adjusting system clock for leap second");
        clock_leap(r->clock, offset_s, CLOCK_LEAP_SLEW);
        reference_line_moved(r, &before, true);
        break;
    case LEAPSEC_SYSTEM: /* the kernel did nothing: do it for it */
    case LEAPSEC_STEP:
        if (clock_in_control(r->clock))
            log_warning(r->log, "System clock was stepped for leap second");
        clock_leap(r->clock, offset_s, CLOCK_LEAP_STEP);
        reference_smooth_restart(r);
        break;
    }
    relabel(r);
}

void reference_leap_fired(void *ctx, struct mono now)
{
    struct reference *r = ctx;
    struct leap_state *l = &r->leaps;
    double early_s;

    (void)now;
    switch (l->stage) {
    case LEAP_IDLE:
        break;
    case LEAP_ARMED:
        early_s = utc_diff_s(leap_moment(l), clock_now(r->clock));
        if (early_s > EARLY_S) {
            set_timer(r, early_s);
            return;
        }
        if (l->in_kernel)
            l->stage = LEAP_AWAITS;
        else
            leap_now(r);
        announce_unsynchronised(r);
        break;
    case LEAP_AWAITS:
        leap_now(r);
        announce_unsynchronised(r);
        break;
    case LEAP_CLOSING:
        l->unsynced = false;
        disarm(r);
        break;
    }
    reference_announce(r);
}
