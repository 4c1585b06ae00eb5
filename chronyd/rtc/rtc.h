/* rtc.h - the real-time clock: how wrong it is, how fast it runs, and the time it gives at boot.
 *
 * Measures the RTC against the corrected clock at its update ticks, keeps error and rate in a file
 * (spec chrony-conf section 19.6), sets the RTC when it is too far off, and turns a reading at boot
 * into a time. Needs the clock's lines; never decides what the time is. Samples sit on the
 * oscillator's axis, so steps and slews of the system clock do not touch them. */
#ifndef CHRONYD_RTC_RTC_H
#define CHRONYD_RTC_RTC_H

#include "base/timers.h"
#include "chronyd/clock/clock.h"
#include "chronyd/os/event.h"
#include "chronyd/os/logfile.h"
#include "chronyd/reference/reference.h"

struct rtc_settings {
    const char *file;    /* rtcfile; NULL = do not track */
    const char *device;  /* rtcdevice */
    const char *hwclock; /* hwclockfile; NULL = none. Its third line overrides on_utc */
    bool on_utc;         /* rtconutc; else the RTC keeps local time */
    double autotrim_s;   /* rtcautotrim, 0 = off */
    bool log_rtc;
    struct logfile_settings logs;
};

struct rtc;

/* Opens the device for tracking if `file` is set; NULL (and a log line) if there is none to track.
 */
struct rtc *rtc_create(const struct os *os, struct timers *timers, const struct log *log,
                       struct clock *clock, struct reference *ref,
                       const struct rtc_settings *settings);
void rtc_destroy(struct rtc *r); /* writes the file; NULL is allowed */
void rtc_start(struct rtc *r);   /* begin to measure */
bool rtc_handle(struct rtc *r, const struct event *ev);
void rtc_cycle_logs(struct rtc *r);

struct rtc_report {
    struct utc ref_time; /* for which the figures hold */
    int samples, runs;
    double span_s;
    double fast_s;   /* > 0: the RTC is ahead */
    double gain_ppm; /* > 0: it gains */
};
void rtc_report(const struct rtc *r, struct rtc_report *out);
/* Set the RTC to the corrected time. False: it cannot be set now. */
bool rtc_trim(struct rtc *r);
bool rtc_write(struct rtc *r, struct err *err);

/* Option -s: step the system clock to the RTC's time (corrected by what the file tells), or to the
 * time of `drift_file` if the RTC cannot be read or is earlier than that; only if they differ by
 * 1 s or more, and by the drift file only forward. To be called once at start. */
void rtc_set_system_clock(const struct os *os, const struct log *log, struct clock *clock,
                          const struct rtc_settings *settings, const char *drift_file);

#endif
