/* refclock.h - clocks that are attached to this host: receivers, pulses, hardware clocks.
 *
 * The world reads the devices (os.h); here their readings become samples. Decides which of them are
 * believed (age, leap state, edge of the pulse), which second a pulse belongs to, and what the
 * readings of one polling interval say together: the ones around their median, combined. Each
 * refclock is a source of the registry (sources.h) and owns nothing that selection needs. Also
 * writes refclocks.log. Spec chrony-conf section 6. */
#ifndef CHRONYD_REFCLOCK_REFCLOCK_H
#define CHRONYD_REFCLOCK_REFCLOCK_H

#include "base/timers.h"
#include "chronyd/os/event.h"
#include "chronyd/os/logfile.h"
#include "chronyd/reference/sources.h"

/* One `refclock` line. Strings are lent by the configuration. Driver names and driver options are
 * judged when the refclock is opened. */
struct refclock_settings {
    const char *driver;         /* "SHM", "SOCK", "PPS", "PHC", "RTC"; as typed */
    const char *parameter;      /* up to the first ':' */
    const char *driver_options; /* after it: "perm=0644", "extpps:pin=1"; "" if there are none */
    int poll, driver_poll;      /* log2 s; driver_poll <= poll */
    int filter_length;          /* 1..256; 64 */
    char refid[5], lock[5];     /* "" = none given */
    int rate;                   /* pulses per second, 1.. */
    int max_lock_age;           /* pulses, 2 */
    double width_s;             /* 0 = off */
    bool pps, local, tai;
    double offset_s, delay_s, precision_s; /* precision 0: the clock's */
    double max_dispersion_s;               /* 0 = off */
    int stratum;                           /* 0..15 */
    int min_samples, max_samples;          /* -1: the directive's */
    int max_unreach;                       /* 100000 */
    uint8_t select_options;                /* enum select_option */
};

/* What is common to all of them. */
struct refclocks_settings {
    const struct refclock_settings *list; /* in the order of the file; lent */
    size_t count;
    int min_samples, max_samples; /* directives */
    bool log;
    struct logfile_settings logs;
};

struct refclocks;

/* Opens the devices (before privileges are dropped) and registers the sources. NULL with err set if
 * one cannot be opened. */
struct refclocks *refclocks_create(const struct os *os, struct timers *timers,
                                   const struct log *log, struct clock *clock,
                                   struct reference *ref, struct sources *sources,
                                   const struct refclocks_settings *settings, struct err *err);
/* Their sources stay in the registry, which ends with them. NULL is allowed. */
void refclocks_destroy(struct refclocks *rs);
/* Readings are taken from now on. */
void refclocks_start(struct refclocks *rs);
bool refclocks_handle(struct refclocks *rs, const struct event *ev);
/* The host slept: readings from before and after do not go together. */
void refclocks_break(struct refclocks *rs);
/* Has none of them told anything during its last eight polls? Also true if there are none. */
bool refclocks_all_silent(const struct refclocks *rs);
/* log2 of the polling interval, for `sources`; 0 if there is no such refclock. */
int refclocks_poll_log2(const struct refclocks *rs, uint32_t refid);
/* Another offset for the readings to come; false: no such refclock. */
bool refclocks_set_offset(struct refclocks *rs, uint32_t refid, double offset_s);
void refclocks_cycle_logs(struct refclocks *rs);

#endif
