/* clock.c - keep the three lines, and steer the system clock along them. */
#include "chronyd/clock/clock.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* A slew shorter than this would be spoilt by a timer that is a millisecond late. */
#define SLEW_MIN_S 1.0
/* What is left below this is not worth another change of the rate: it is known anyway. */
#define SLEW_DONE_S 5e-9
/* Slower than this a slew drowns in the kernel's resolution of the frequency (2^-16 ppm). */
#define SLEW_MIN_RATE 1e-9
/* A rate that is found at start and is larger is what a killed daemon left of a slew. */
#define RATE_LEFT_OVER_PPM 1000.0
/* System and monotonic clock are read one after the other; what moves less than this is noise. */
#define JUMP_NOISE_S 1e-4
#define SLEPT_NOISE_S 1e-3
#define STAMP_AHEAD_NS 100000
#define SANDWICH_TRIES 5
/* Larger than what rounding does to a frequency that is set and read back. */
#define INTERFERENCE_PPM 1e-2
#define SANDWICH_GOOD_S 5e-6
/* Segments of the raw line that are kept for stamps from before the last change of the rate. */
#define PAST_SEGMENTS 8

/* A stretch of the raw line that has ended. */
struct segment {
    struct utc raw_start, raw_end;
    struct osc osc_start;
    double rate;
};

/* System clock against monotonic clock at one moment. */
struct sandwich {
    struct mono mono;
    struct utc raw;
    double width_s;
};

struct clock {
    struct os os;
    struct timers *timers;
    const struct log *log;
    struct clock_settings settings;
    struct os_clock_info info;
    bool control;
    struct clock_view view;
    struct segment past[PAST_SEGMENTS]; /* newest last */
    size_t past_count;
    double asked_rate_ppm;   /* what set_rate was last asked for; NaN = never */
    double temp_comp;        /* fraction that is added to the oscillator's speed */
    double rate;             /* wanted of the compensated oscillator, fraction */
    double interference_ppm; /* what another program added to the rate, until it is asked for */
    bool rate_refused;       /* and logged */
    bool freq_clamped;       /* and logged */
    double slew;             /* raw gains this much on the corrected line, fraction; 0 = no slew */
    struct osc slew_end;
    struct timer slew_timer;
    struct sandwich base; /* the last look at both clocks */
    double suspended_s;   /* at that time; < 0 = cannot be told */
    struct osc rate_seen; /* when the rate was last seen to be ours */
    uint64_t generation;
    void (*jumped)(void *ctx, const struct clock_jump *jump);
    void *jumped_ctx;
};

/* --- raw and monotonic ---------------------------------------------------------------------- */

static struct utc raw_now(const struct clock *c)
{
    return c->os.ops->utc(c->os.ctx);
}

/* Both clocks as near to each other as the scheduler lets us. */
static struct sandwich read_both(const struct clock *c)
{
    struct sandwich best = {.width_s = HUGE_VAL};

    for (int i = 0; i < SANDWICH_TRIES && best.width_s > SANDWICH_GOOD_S; i++) {
        struct mono before = c->os.ops->mono(c->os.ctx);
        struct utc raw = raw_now(c);
        struct mono after = c->os.ops->mono(c->os.ctx);
        double width_s = mono_diff_s(after, before);

        if (width_s < best.width_s || i == 0) {
            best.mono = (struct mono){before.ns + (after.ns - before.ns) / 2};
            best.raw = raw;
            best.width_s = width_s;
        }
    }
    return best;
}

/* How much more the system clock went forward than the monotonic one. */
static double raw_gain_s(const struct sandwich *from, const struct sandwich *to)
{
    return s_from_ns(
        ns_add(ns_add(to->raw.ns, -from->raw.ns), -ns_add(to->mono.ns, -from->mono.ns)));
}

/* --- the raw line --------------------------------------------------------------------------- */

/* End the present segment at `raw` and begin one at (raw, osc) with another rate. */
static void begin_segment(struct clock *c, struct utc raw_end, struct utc raw, struct osc osc,
                          double rate)
{
    if (c->past_count == PAST_SEGMENTS) {
        for (size_t i = 1; i < PAST_SEGMENTS; i++)
            c->past[i - 1] = c->past[i];
        c->past_count--;
    }
    c->past[c->past_count++] = (struct segment){.raw_start = c->view.raw_anchor,
                                                .raw_end = raw_end,
                                                .osc_start = c->view.osc_anchor,
                                                .rate = c->view.rate};
    c->view.raw_anchor = raw;
    c->view.osc_anchor = osc;
    c->view.rate = rate;
    c->generation++;
}

/* After a step back a stamp from before it looks as if it were from the future; but so does a fresh
 * one a little, if it is finer than the readings of the clock. */
static bool is_from_before_step(const struct clock *c, struct utc raw)
{
    for (size_t i = 0; i < c->past_count; i++)
        if (c->past[i].raw_end.ns > c->view.raw_anchor.ns && raw.ns <= c->past[i].raw_end.ns)
            return raw.ns > raw_now(c).ns + STAMP_AHEAD_NS;
    return false;
}

struct osc clock_osc(const struct clock *c, struct utc raw)
{
    if (raw.ns >= c->view.raw_anchor.ns && !is_from_before_step(c, raw))
        return clock_view_osc(&c->view, raw);
    for (size_t i = c->past_count; i-- > 0;) {
        const struct segment *s = &c->past[i];

        if (raw.ns >= s->raw_start.ns && raw.ns <= s->raw_end.ns) {
            struct clock_view v = {
                .raw_anchor = s->raw_start, .osc_anchor = s->osc_start, .rate = s->rate};

            return clock_view_osc(&v, raw);
        }
    }
    return clock_view_osc(&c->view, raw);
}

/* Has another program changed the rate? From when on is not known; at least from now on raw is
 * accounted for as it runs. */
static void look_for_interference(struct clock *c)
{
    struct clock_jump jump = {.cause = CLOCK_JUMP_RATE, .since = c->rate_seen};
    struct os_clock_info info = {0};
    double difference_ppm;
    struct utc raw = raw_now(c);

    c->rate_seen = clock_view_osc(&c->view, raw);
    if (isnan(c->asked_rate_ppm))
        return;
    c->os.ops->clock_info(c->os.ctx, &info);
    difference_ppm = info.rate_ppm - ((1.0 + c->view.rate) * (1.0 + c->temp_comp) - 1.0) * 1e6;
    if (fabs(difference_ppm) < INTERFERENCE_PPM)
        return;
    c->interference_ppm = difference_ppm;
    begin_segment(c, raw, raw, clock_view_osc(&c->view, raw),
                  (1.0 + info.rate_ppm * 1e-6) / (1.0 + c->temp_comp) - 1.0);
    c->asked_rate_ppm = NAN;
    if (c->jumped)
        c->jumped(c->jumped_ctx, &jump);
}

/* Let raw run at (1 + rate) of the oscillator, and account exactly for what the system made of it:
 * the change took place between two readings of the clock. */
static void set_rate(struct clock *c, double rate)
{
    double kernel_ppm = ((1.0 + rate) * (1.0 + c->temp_comp) - 1.0) * 1e6;
    double wanted_ppm = clamp_d(kernel_ppm, -c->info.max_rate_ppm, c->info.max_rate_ppm);
    double applied_ppm = wanted_ppm;
    struct utc before, after, middle;
    struct err err = {0};

    c->rate = rate;
    if (!c->control)
        return;
    look_for_interference(c);
    if (wanted_ppm == c->asked_rate_ppm)
        return;
    before = raw_now(c);
    if (!c->os.ops->set_rate(c->os.ctx, wanted_ppm, &applied_ppm, &err)) {
        if (!c->rate_refused)
            log_error(c->log, "Could not set the rate of the system clock: %s", err.text);
        c->rate_refused = true;
        return;
    }
    after = raw_now(c);
    middle.ns = before.ns + (after.ns - before.ns) / 2;
    begin_segment(c, middle, middle, clock_view_osc(&c->view, middle),
                  (1.0 + applied_ppm * 1e-6) / (1.0 + c->temp_comp) - 1.0);
    c->asked_rate_ppm = wanted_ppm;
    c->rate_refused = false;
    c->base = read_both(c);
}

/* Raw went forward by offset_s just now, the oscillator did not. */
static void account_step(struct clock *c, double offset_s)
{
    struct utc raw = raw_now(c);
    struct utc without = utc_add_s(raw, -offset_s);

    begin_segment(c, without, raw, clock_view_osc(&c->view, without), c->view.rate);
}

/* The host slept: all three lines went on by as much, whatever their slopes are. */
static void account_sleep(struct clock *c, double slept_s)
{
    struct utc raw = raw_now(c);
    struct osc awake = clock_view_osc(&c->view, utc_add_s(raw, -slept_s));
    struct utc truth = clock_view_corrected(&c->view, awake);

    begin_segment(c, utc_add_s(raw, -slept_s), raw, osc_add_s(awake, slept_s), c->view.rate);
    c->view.true_osc = c->view.osc_anchor;
    c->view.true_anchor = utc_add_s(truth, slept_s);
}

/* --- slewing -------------------------------------------------------------------------------- */

static double base_rate(const struct clock *c)
{
    return -c->view.freq / (1.0 + c->view.freq);
}

static double remaining_at(const struct clock *c, struct utc raw)
{
    return utc_diff_s(clock_view_corrected(&c->view, clock_view_osc(&c->view, raw)), raw);
}

static void stop_slew(struct clock *c)
{
    timer_cancel(c->timers, &c->slew_timer);
    c->slew = 0.0;
    set_rate(c, base_rate(c));
}

/* Wake when the slew ends. The monotonic clock runs as raw does (or as the oscillator, in some
 * worlds: then the timer is early and looks again). */
static void arm_slew(struct clock *c, double remaining_s)
{
    double left_s = remaining_s / c->slew; /* of true time */

    c->slew_end = osc_add_s(clock_osc_now(c), left_s * (1.0 + c->view.freq));
    timer_set(c->timers, &c->slew_timer,
              mono_add_s(c->os.ops->mono(c->os.ctx), left_s * (1.0 + c->slew)));
}

/* Bring raw to the corrected line in about duration_s, at most maxslewrate fast. */
static void begin_slew(struct clock *c, double duration_s)
{
    double max_slew = c->settings.max_slew_ppm * 1e-6;
    double remaining_s, slew;

    if (!c->control)
        return;
    remaining_s = remaining_at(c, raw_now(c));
    if (fabs(remaining_s) < SLEW_DONE_S) {
        stop_slew(c);
        return;
    }
    duration_s = max_d(duration_s, SLEW_MIN_S);
    slew = clamp_d(max_d(fabs(remaining_s) / duration_s, SLEW_MIN_RATE), 0.0, max_slew);
    /* raw advances (1 + rate) (1 + freq) per true second, which has to be 1 + slew */
    set_rate(c, (1.0 + copysign(slew, remaining_s)) / (1.0 + c->view.freq) - 1.0);
    c->slew = (1.0 + c->view.rate) * (1.0 + c->view.freq) - 1.0;
    remaining_s = remaining_at(c, raw_now(c));
    if (c->slew * remaining_s <= 0.0) { /* the base rate has used up all that the kernel can do */
        timer_cancel(c->timers, &c->slew_timer);
        c->slew = 0.0;
        return;
    }
    arm_slew(c, remaining_s);
}

static void slew_timer_fired(void *ctx, struct mono now)
{
    struct clock *c = ctx;
    double remaining_s = remaining_at(c, raw_now(c));
    double left_s = remaining_s / c->slew;

    (void)now;
    if (left_s > SLEW_MIN_S) {
        arm_slew(c, remaining_s);
        return;
    }
    /* The timer is always a little late, and raw went beyond the line by slew * lateness. How much
     * is known, so it is brought back, ten times slower than it came, until nothing is left. */
    begin_slew(c, max_d(SLEW_MIN_S, -10.0 * left_s));
}

/* --- life ----------------------------------------------------------------------------------- */

struct clock *clock_create(const struct os *os, struct timers *timers, const struct log *log,
                           const struct clock_settings *settings)
{
    struct clock *c = calloc(1, sizeof(*c));

    assert(c);
    c->os = *os;
    c->timers = timers;
    c->log = log;
    c->settings = *settings;
    c->settings.max_drift_ppm = clamp_d(settings->max_drift_ppm, 0.0, 100000.0);
    c->slew_timer = (struct timer){.fire = slew_timer_fired, .ctx = c};
    c->asked_rate_ppm = NAN;
    os->ops->clock_info(os->ctx, &c->info);
    c->control = settings->control && c->info.may_set;
    if (settings->control && !c->info.may_set)
        log_warning(log, "CAP_SYS_TIME not present");
    c->settings.max_slew_ppm = clamp_d(settings->max_slew_ppm, 1e-3, c->info.max_rate_ppm);

    c->base = read_both(c);
    c->suspended_s = os->ops->suspended_s(os->ctx);
    /* Without control the kernel's rate is somebody else's, and part of the oscillator for us. */
    if (c->control && fabs(c->info.rate_ppm) <= RATE_LEFT_OVER_PPM)
        c->rate = c->view.rate = c->info.rate_ppm * 1e-6;
    c->view.raw_anchor = c->base.raw;
    c->view.osc_anchor = (struct osc){c->base.raw.ns};
    c->view.true_anchor = c->base.raw;
    c->view.true_osc = c->view.osc_anchor;
    if (c->view.rate != 0.0)
        c->view.freq = -c->view.rate / (1.0 + c->view.rate);
    if (c->control && c->view.rate * 1e6 != c->info.rate_ppm)
        set_rate(c, 0.0);
    return c;
}

void clock_destroy(struct clock *c)
{
    if (!c)
        return;
    stop_slew(c);
    free(c);
}

void clock_set_listener(struct clock *c, void (*jumped)(void *ctx, const struct clock_jump *jump),
                        void *ctx)
{
    c->jumped = jumped;
    c->jumped_ctx = ctx;
}

static void tell(const struct clock *c, enum clock_jump_cause cause, double offset_s)
{
    struct clock_jump jump = {.cause = cause, .offset_s = offset_s};

    if (c->jumped)
        c->jumped(c->jumped_ctx, &jump);
}

void clock_notice_jump(struct clock *c)
{
    struct sandwich now = read_both(c);
    double gain_s = raw_gain_s(&c->base, &now);
    double noise_s = JUMP_NOISE_S + now.width_s + c->base.width_s;
    double free_s = mono_diff_s(now.mono, c->base.mono) * c->view.rate;
    double suspended_s = c->os.ops->suspended_s(c->os.ctx);
    double slept_s = suspended_s - c->suspended_s;

    c->base = now;
    if (c->suspended_s < 0.0 || slept_s < SLEPT_NOISE_S)
        slept_s = 0.0;
    else
        c->suspended_s = suspended_s;
    /* A monotonic clock that is not steered with the system clock drifts from it as the rate says.
     */
    if (fabs(gain_s - free_s) < noise_s || fabs(gain_s) < noise_s)
        gain_s = 0.0;
    else if (fabs(gain_s - slept_s) < noise_s + SLEPT_NOISE_S)
        slept_s = slept_s > 0.0 ? gain_s : 0.0;
    if (slept_s > 0.0) {
        account_sleep(c, slept_s);
        tell(c, CLOCK_JUMP_SUSPEND, slept_s);
        gain_s = gain_s != 0.0 ? gain_s - slept_s : 0.0;
    }
    if (gain_s != 0.0) {
        account_step(c, gain_s);
        /* The end of a running slew is not where it was; what to do is the reference's decision. */
        stop_slew(c);
        tell(c, CLOCK_JUMP_FOREIGN, gain_s);
    }
}

/* --- reading -------------------------------------------------------------------------------- */

uint64_t clock_generation(const struct clock *c)
{
    return c->generation;
}

bool clock_in_control(const struct clock *c)
{
    return c->control;
}

bool clock_control_wanted(const struct clock *c)
{
    return c->settings.control;
}

double clock_precision_s(const struct clock *c)
{
    double s = c->settings.precision_s > 0.0 ? c->settings.precision_s : c->info.resolution_s;

    return clamp_d(s, 1e-9, 1.0);
}

struct clock_view clock_view(const struct clock *c)
{
    return c->view;
}

struct osc clock_osc_now(const struct clock *c)
{
    return clock_view_osc(&c->view, raw_now(c));
}

struct utc clock_corrected(const struct clock *c, struct osc at)
{
    return clock_view_corrected(&c->view, at);
}

struct utc clock_now(const struct clock *c)
{
    return clock_view_corrected(&c->view, clock_osc_now(c));
}

double clock_interval_s(const struct clock *c, struct osc from, struct osc to)
{
    return osc_diff_s(to, from) / (1.0 + c->view.freq);
}

double clock_remaining_s(const struct clock *c)
{
    return remaining_at(c, raw_now(c));
}

double clock_freq_ppm(const struct clock *c)
{
    return c->view.freq * 1e6;
}

double clock_max_error_rate(const struct clock *c)
{
    return c->settings.max_clock_error_ppm * 1e-6;
}

double clock_max_slew_ppm(const struct clock *c)
{
    return c->settings.max_slew_ppm;
}

double clock_slew_left_s(const struct clock *c)
{
    if (c->slew == 0.0)
        return 0.0;
    return max_d(0.0, clock_interval_s(c, clock_osc_now(c), c->slew_end));
}

/* --- correcting ----------------------------------------------------------------------------- */

/* The frequency as a fraction, within maxdrift. */
static double limit_freq(struct clock *c, double freq_ppm)
{
    double limit = c->settings.max_drift_ppm;
    bool clamped = !(fabs(freq_ppm) <= limit);

    if (clamped && !c->freq_clamped)
        log_warning(c->log, "Frequency %.1f ppm exceeds allowed maximum", freq_ppm);
    c->freq_clamped = clamped;
    if (!isfinite(freq_ppm))
        return c->view.freq;
    return clamp_d(freq_ppm, -limit, limit) * 1e-6;
}

static bool step_raw(struct clock *c, double offset_s, struct err *err)
{
    struct sandwich before = read_both(c), after;
    double moved_s;

    if (!c->os.ops->step(c->os.ctx, offset_s, err))
        return false;
    after = read_both(c);
    /* A system that can only set the clock, not move it, loses the time of the call. */
    moved_s = raw_gain_s(&before, &after);
    if (fabs(moved_s - offset_s) < 1e-6 + before.width_s + after.width_s ||
        fabs(moved_s - offset_s) > 0.1)
        moved_s = offset_s;
    account_step(c, moved_s);
    c->base = after;
    return true;
}

bool clock_make_step(struct clock *c, struct err *err)
{
    if (!c->control)
        return err_set(err, ERR_PERMISSION, "The system clock is not under control");
    if (!step_raw(c, remaining_at(c, raw_now(c)), err))
        return false;
    begin_slew(c, 0.0);
    return true;
}

bool clock_steer(struct clock *c, const struct clock_order *order, struct err *err)
{
    bool done = true;

    c->view.true_osc = order->at;
    c->view.true_anchor = order->truth;
    c->view.freq = limit_freq(c, order->freq_ppm);
    c->generation++;
    if (order->step && c->control)
        done = step_raw(c, remaining_at(c, raw_now(c)), err);
    begin_slew(c, order->step ? 0.0 : order->slew_s);
    return done;
}

void clock_set_freq(struct clock *c, double freq_ppm)
{
    struct osc now = clock_osc_now(c);
    double left_s = clock_slew_left_s(c);

    c->view.true_anchor = clock_view_corrected(&c->view, now);
    c->view.true_osc = now;
    c->view.freq = limit_freq(c, freq_ppm);
    c->generation++;
    begin_slew(c, left_s);
}

void clock_set_temp_comp(struct clock *c, double ppm)
{
    struct utc raw;

    c->temp_comp = ppm * 1e-6;
    if (c->control) {
        set_rate(c, c->rate);
        return;
    }
    /* Raw is left alone; it runs slow of an oscillator that is counted as faster. */
    raw = raw_now(c);
    begin_segment(c, raw, raw, clock_view_osc(&c->view, raw), 1.0 / (1.0 + c->temp_comp) - 1.0);
}

void clock_leap(struct clock *c, double offset_s, enum clock_leap_way way)
{
    c->view.true_anchor = utc_add_s(c->view.true_anchor, offset_s);
    c->generation++;
    if (way == CLOCK_LEAP_STEP && c->control && !step_raw(c, offset_s, NULL))
        way = CLOCK_LEAP_SLEW;
    if (way == CLOCK_LEAP_SLEW || c->slew == 0.0)
        begin_slew(c, 0.0);
    else
        arm_slew(c, remaining_at(c, raw_now(c)));
}

bool clock_notice_interference(struct clock *c, double *ppm)
{
    if (c->control)
        look_for_interference(c);
    *ppm = c->interference_ppm;
    c->interference_ppm = 0.0;
    return *ppm != 0.0;
}
