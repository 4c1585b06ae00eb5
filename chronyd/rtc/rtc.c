#include "chronyd/rtc/rtc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "chronyd/rtc/line.h"

#define PERIOD_MIN_S 15
#define PERIOD_MAX_S 960
#define TICK_TIMEOUT_S 3.0 /* an RTC that does not tick within this is given up for this round */
#define TRIM_MIN_S 1.0     /* the RTC can only be set to whole seconds */
#define FILE_BYTES_MAX 4096

static const char heading[] =
    "   Date (UTC) Time   RTC fast (s) Val   Est fast (s)   Slope (ppm)  Ns  Nr Meas";

struct reading {
    struct osc at;
    struct utc rtc; /* what the RTC showed, taken as UTC */
};

struct rtc {
    struct os os;
    struct timers *timers;
    const struct log *log;
    struct clock *clock;
    struct reference *ref;
    struct rtc_settings settings;
    struct logfile *logfile;
    bool on_utc;
    struct reading readings[RTC_SAMPLES_MAX];
    size_t count;
    int period_s;
    bool waiting_for_tick;
    bool was_set;         /* by us: what the file holds is not true any more */
    struct timer measure; /* next measurement, or the end of waiting for a tick */
    struct timer set;     /* the instant at which the RTC has to be set */
};

/* --- what a reading means ------------------------------------------------------------------- */

/* Calendar fields of the RTC to a time. Local time goes through the C library's zone. */
static bool rtc_time(const struct utc_calendar *c, bool on_utc, struct utc *out)
{
    int64_t day_s;

    if (c->year < 1970 || c->year > 2261 || c->month < 1 || c->month > 12)
        return false;
    day_s = days_from_civil(c->year, c->month, c->day) * 86400;
    *out = (struct utc){(day_s + c->hour * 3600 + c->minute * 60 + c->second) * NS_PER_S};
    if (!on_utc) {
        struct tm tm = {
            .tm_year = c->year - 1900,
            .tm_mon = c->month - 1,
            .tm_mday = c->day,
            .tm_hour = c->hour,
            .tm_min = c->minute,
            .tm_sec = c->second,
            .tm_isdst = -1,
        };
        time_t t = mktime(&tm);

        if (t == (time_t)-1)
            return false;
        out->ns = (int64_t)t * NS_PER_S;
    }
    return true;
}

static struct utc_calendar rtc_calendar(struct utc t, bool on_utc)
{
    struct utc_calendar c = utc_calendar(t);

    if (!on_utc) {
        time_t seconds = (time_t)(t.ns / NS_PER_S);
        struct tm tm;

        if (localtime_r(&seconds, &tm)) {
            c.year = tm.tm_year + 1900;
            c.month = tm.tm_mon + 1;
            c.day = tm.tm_mday;
            c.hour = tm.tm_hour;
            c.minute = tm.tm_min;
            c.second = tm.tm_sec;
        }
    }
    return c;
}

/* The third line of the adjtime file says what the RTC keeps. */
static bool keeps_utc(const struct os *os, const struct log *log, const struct rtc_settings *s)
{
    char *text, *line;
    size_t length;
    struct err err;
    bool on_utc = s->on_utc;

    if (!s->hwclock)
        return on_utc;
    if (!os->ops->file_read(os->ctx, s->hwclock, FILE_BYTES_MAX, &text, &length, &err)) {
        log_warning(log, "Could not read hwclockfile %s: %s", s->hwclock, err.text);
        return on_utc;
    }
    line = strchr(text, '\n');
    line = line ? strchr(line + 1, '\n') : NULL;
    if (line && strncmp(line + 1, "UTC", 3) == 0)
        on_utc = true;
    else if (line && strncmp(line + 1, "LOCAL", 5) == 0)
        on_utc = false;
    else
        log_warning(log, "Could not read RTC LOCAL/UTC setting from %s", s->hwclock);
    free(text);
    return on_utc;
}

/* --- the file ------------------------------------------------------------------------------- */

struct rtc_file {
    bool rate_known;
    double ref_time_s; /* since 1970 */
    double fast_s, rate_ppm;
};

static bool read_file(const struct os *os, const struct log *log, const char *path,
                      struct rtc_file *out)
{
    char *text, *rest;
    size_t length;
    double v[4];
    struct err err;
    int n = 0;

    if (!path || !os->ops->file_read(os->ctx, path, FILE_BYTES_MAX, &text, &length, &err)) {
        if (path && err.code != ERR_MISSING)
            log_warning(log, "Could not read rtcfile %s: %s", path, err.text);
        return false;
    }
    text_normalise(text);
    rest = text;
    for (char *word; n < 4 && (word = text_word(&rest)); n++) {
        if (!text_double(word, &v[n]) || !isfinite(v[n]))
            break;
    }
    free(text);
    if (n < 4 || fabs(v[2]) > 1e9 || fabs(v[3]) > 1e6) {
        log_warning(log, "Could not read coefficients from rtcfile %s", path);
        return false;
    }
    *out = (struct rtc_file){v[0] >= 0.5, v[1], v[2], v[3]};
    return true;
}

/* --- measuring ------------------------------------------------------------------------------ */

static size_t points_of(const struct rtc *r, struct rtc_point *points)
{
    for (size_t i = 0; i < r->count; i++) {
        points[i].t_s = osc_diff_s(r->readings[i].at, r->readings[0].at);
        points[i].fast_s =
            utc_diff_s(r->readings[i].rtc, clock_corrected(r->clock, r->readings[i].at));
    }
    return r->count;
}

static struct rtc_line fit(const struct rtc *r)
{
    struct rtc_point points[RTC_SAMPLES_MAX];

    return rtc_line_fit(points, points_of(r, points));
}

static void forget(struct rtc *r, size_t n)
{
    memmove(r->readings, r->readings + n, (r->count - n) * sizeof(r->readings[0]));
    r->count -= n;
}

static void wait_until_next(struct rtc *r, double delay_s)
{
    timer_set(r->timers, &r->measure, mono_add_s(r->os.ops->mono(r->os.ctx), delay_s));
}

static void on_measure(void *ctx, struct mono now)
{
    struct rtc *r = ctx;
    struct err err;

    (void)now;
    if (r->waiting_for_tick) {
        r->waiting_for_tick = false;
        r->os.ops->rtc_ticks(r->os.ctx, false, &err);
        wait_until_next(r, r->period_s);
        return;
    }
    if (!r->os.ops->rtc_ticks(r->os.ctx, true, &err)) {
        log_warning(r->log, "Could not measure the RTC: %s", err.text);
        wait_until_next(r, PERIOD_MAX_S);
        return;
    }
    r->waiting_for_tick = true;
    wait_until_next(r, TICK_TIMEOUT_S);
}

static bool may_trim(const struct rtc *r)
{
    struct reference_figures figures;

    reference_figures(r->ref, &figures);
    return figures.synchronised && !figures.local;
}

static void log_record(struct rtc *r, const struct rtc_line *line, double measured_fast_s)
{
    char when[20];

    logfile_write(r->logfile, "%s %14.6f %1d  %14.6f  %12.3f  %2zu  %2d %4d",
                  logfile_time(clock_now(r->clock), when), measured_fast_s, line->valid,
                  line->fast_s, line->rate * 1e6, r->count - line->first, line->runs, r->period_s);
}

bool rtc_handle(struct rtc *r, const struct event *ev)
{
    struct rtc_line line;
    struct reading reading;
    struct err err;

    if (!r || ev->type != EVENT_RTC_TICK)
        return false;
    if (!r->waiting_for_tick)
        return true;
    r->waiting_for_tick = false;
    r->os.ops->rtc_ticks(r->os.ctx, false, &err);
    wait_until_next(r, r->period_s);
    reading.at = clock_osc(r->clock, ev->rtc.stamp);
    if (!rtc_time(&ev->rtc.shows, r->on_utc, &reading.rtc)) {
        log_warning(r->log, "The RTC shows no valid time");
        return true;
    }
    if (r->count == RTC_SAMPLES_MAX)
        forget(r, 1);
    r->readings[r->count++] = reading;
    line = fit(r);
    log_record(r, &line, utc_diff_s(reading.rtc, clock_corrected(r->clock, reading.at)));
    forget(r, line.first);
    if (r->count >= 6 && r->count % 6 == 0 && r->period_s < PERIOD_MAX_S)
        r->period_s *= 2;
    if (line.valid && r->settings.autotrim_s > 0.0 &&
        fabs(line.fast_s) >= fmax(r->settings.autotrim_s, TRIM_MIN_S) && may_trim(r)) {
        log_info(r->log, "RTC wrong by %.3f seconds (step)", line.fast_s);
        rtc_trim(r);
    }
    return true;
}

/* --- setting -------------------------------------------------------------------------------- */

static void write_or_warn(struct rtc *r)
{
    struct err err;

    if (!rtc_write(r, &err))
        log_warning(r->log, "Could not write rtcfile: %s", err.text);
}

/* A CMOS clock counts its next second half a second after it was set, so the instant to set it to a
 * whole second is half a second after that second began. */
static void on_set(void *ctx, struct mono now)
{
    struct rtc *r = ctx;
    struct utc_calendar c = rtc_calendar(clock_now(r->clock), r->on_utc);
    struct err err;

    (void)now;
    if (!r->os.ops->rtc_set(r->os.ctx, &c, &err)) {
        log_warning(r->log, "Could not set the RTC: %s", err.text);
        return;
    }
    log_info(r->log, "RTC set to the system time");
    r->was_set = true;
    r->count = 0;
    r->period_s = PERIOD_MIN_S;
    wait_until_next(r, PERIOD_MIN_S);
    write_or_warn(r);
}

bool rtc_trim(struct rtc *r)
{
    int64_t into_ns = utc_calendar(clock_now(r->clock)).ns;
    double wait_s = s_from_ns(NS_PER_S / 2 - into_ns);

    timer_set(r->timers, &r->set,
              mono_add_s(r->os.ops->mono(r->os.ctx), wait_s < 0.0 ? wait_s + 1.0 : wait_s));
    return true;
}

bool rtc_write(struct rtc *r, struct err *err)
{
    struct rtc_line line = fit(r);
    struct osc at = r->count > 0 ? r->readings[r->count - 1].at : clock_osc_now(r->clock);
    char text[128];
    int length;

    if (!line.valid) {
        struct rtc_file file = {.rate_known = false};
        bool any = read_file(&r->os, r->log, r->settings.file, &file);

        /* The file may know more: a rate that was learned in days is not to be lost in a minute. It
         * outlives setting the RTC, too. */
        if (!r->was_set && (r->count == 0 || (any && file.rate_known)))
            return true;
        line.valid = file.rate_known;
        line.rate = file.rate_ppm * 1e-6;
    }
    length = snprintf(text, sizeof(text), "%1d %.0f %.6f %.3f\n", line.valid,
                      s_from_ns(clock_corrected(r->clock, at).ns), line.fast_s, line.rate * 1e6);
    return r->os.ops->file_replace(r->os.ctx, r->settings.file, text, (size_t)length, 0644, err);
}

void rtc_report(const struct rtc *r, struct rtc_report *out)
{
    struct rtc_line line = fit(r);

    *out = (struct rtc_report){
        .samples = (int)(r->count - line.first),
        .runs = line.runs,
        .fast_s = line.fast_s,
        .gain_ppm = line.rate * 1e6,
    };
    if (r->count > 0) {
        const struct reading *newest = &r->readings[r->count - 1];

        out->ref_time = clock_corrected(r->clock, newest->at);
        out->span_s = osc_diff_s(newest->at, r->readings[line.first].at);
    }
}

/* --- life ----------------------------------------------------------------------------------- */

struct rtc *rtc_create(const struct os *os, struct timers *timers, const struct log *log,
                       struct clock *clock, struct reference *ref,
                       const struct rtc_settings *settings)
{
    struct err err;
    struct rtc *r;

    if (!settings->file)
        return NULL;
    if (!os->ops->rtc_open(os->ctx, settings->device, &err)) {
        log_error(log, "Could not open RTC device %s: %s", settings->device, err.text);
        return NULL;
    }
    r = calloc(1, sizeof(*r));
    if (!r) {
        log_error(log, "No memory for RTC device %s", settings->device);
        os->ops->rtc_close(os->ctx);
        return NULL;
    }
    r->os = *os;
    r->timers = timers;
    r->log = log;
    r->clock = clock;
    r->ref = ref;
    r->settings = *settings;
    r->period_s = PERIOD_MIN_S;
    r->on_utc = keeps_utc(os, log, settings);
    r->measure = (struct timer){.fire = on_measure, .ctx = r};
    r->set = (struct timer){.fire = on_set, .ctx = r};
    if (settings->log_rtc)
        r->logfile = logfile_create(os, log, &settings->logs, "rtc", heading);
    return r;
}

void rtc_destroy(struct rtc *r)
{
    if (!r)
        return;
    write_or_warn(r);
    timer_cancel(r->timers, &r->measure);
    timer_cancel(r->timers, &r->set);
    r->os.ops->rtc_close(r->os.ctx);
    logfile_destroy(r->logfile);
    free(r);
}

void rtc_start(struct rtc *r)
{
    if (r)
        wait_until_next(r, 0.0);
}

void rtc_cycle_logs(struct rtc *r)
{
    if (r)
        logfile_cycle(r->logfile);
}

/* --- option -s ------------------------------------------------------------------------------ */

static bool time_from_rtc(const struct os *os, const struct log *log,
                          const struct rtc_settings *settings, struct clock *clock,
                          struct utc *truth, struct osc *at)
{
    struct utc_calendar shows;
    struct rtc_file file;
    struct utc stamp;
    struct err err;

    if (!os->ops->rtc_read(os->ctx, settings->device, &shows, &stamp, &err)) {
        log_warning(log, "Could not read the RTC: %s", err.text);
        return false;
    }
    if (!rtc_time(&shows, keeps_utc(os, log, settings), truth)) {
        log_warning(log, "The RTC shows no valid time");
        return false;
    }
    *at = clock_osc(clock, stamp);
    if (read_file(os, log, settings->file, &file)) {
        double age_s = s_from_ns(truth->ns) - file.ref_time_s;
        double fast_s = file.fast_s + (file.rate_known ? age_s * file.rate_ppm * 1e-6 : 0.0);

        *truth = utc_add_s(*truth, -fast_s);
    }
    return true;
}

void rtc_set_system_clock(const struct os *os, const struct log *log, struct clock *clock,
                          const struct rtc_settings *settings, const char *drift_file)
{
    struct clock_order order = {.freq_ppm = clock_freq_ppm(clock), .step = true};
    struct utc saved = {0};
    bool have_saved = drift_file && os->ops->file_mtime(os->ctx, drift_file, &saved);
    bool from_rtc = time_from_rtc(os, log, settings, clock, &order.truth, &order.at);
    double offset_s;
    struct err err;

    if (!from_rtc || (have_saved && order.truth.ns < saved.ns)) {
        if (!have_saved)
            return;
        order.at = clock_osc_now(clock);
        order.truth = saved;
        from_rtc = false;
    }
    offset_s = utc_diff_s(order.truth, clock_corrected(clock, order.at));
    if (fabs(offset_s) < 1.0 || (!from_rtc && offset_s < 0.0))
        return;
    if (clock_steer(clock, &order, &err))
        log_info(log, "System time %s", from_rtc ? "set from RTC" : "restored from driftfile");
    else
        log_warning(log, "Could not set the system time from the RTC: %s", err.text);
}
