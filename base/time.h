/* time.h - the three clocks of this project, as types that the compiler refuses to mix.
 *
 * - `struct mono` is for waiting: CLOCK_MONOTONIC, never stepped, stops in suspend.
 * - `struct utc` is a time of day: nanoseconds since 1970-01-01 00:00 UTC without leap seconds. It
 *   is either what the system clock shows ("raw") or what we believe to be true.
 * - `struct osc` is the count of the free-running oscillator: what the system clock would show had
 *   nobody ever stepped or steered it. Samples and states are kept in it, so that no correction of
 *   the clock ever has to be applied to them (see chronyd/clock/clock.h).
 *
 * All are signed 64-bit nanoseconds: utc reaches from 1678 to 2262. Durations that are measurements
 * are double seconds with the suffix _s. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

struct mono {
    int64_t ns;
};
struct utc {
    int64_t ns;
};
struct osc {
    int64_t ns;
};

#define MONO_NEVER ((struct mono){INT64_MAX})
#define NS_PER_S INT64_C(1000000000)

/* Seconds to nanoseconds, rounded to nearest and saturated at the ends of int64. NaN gives 0. */
int64_t ns_from_s(double s);
/* Sum that saturates instead of overflowing. */
int64_t ns_add(int64_t a, int64_t b);

static inline double s_from_ns(int64_t ns)
{
    return (double)ns * 1e-9;
}

/* a - b in seconds; exact while the difference is below 2^53 ns (104 days), rounded above. */
static inline double mono_diff_s(struct mono a, struct mono b)
{
    return s_from_ns(ns_add(a.ns, -b.ns));
}
static inline double utc_diff_s(struct utc a, struct utc b)
{
    return s_from_ns(ns_add(a.ns, -b.ns));
}
static inline double osc_diff_s(struct osc a, struct osc b)
{
    return s_from_ns(ns_add(a.ns, -b.ns));
}
static inline struct mono mono_add_s(struct mono t, double s)
{
    return (struct mono){ns_add(t.ns, ns_from_s(s))};
}
static inline struct utc utc_add_s(struct utc t, double s)
{
    return (struct utc){ns_add(t.ns, ns_from_s(s))};
}
static inline struct osc osc_add_s(struct osc t, double s)
{
    return (struct osc){ns_add(t.ns, ns_from_s(s))};
}
static inline bool mono_before(struct mono a, struct mono b)
{
    return a.ns < b.ns;
}

/* Calendar parts of a UTC time, without the C library's zones and locales (floor division, so times
 * before 1970 are right too). */
struct utc_calendar {
    int year, month, day, hour, minute, second; /* month 1..12, day 1..31 */
    int weekday;                                /* 0 = Sunday */
    int32_t ns;                                 /* 0..999999999 */
};
struct utc_calendar utc_calendar(struct utc t);
/* Days since 1970-01-01 of a Gregorian date. */
int64_t days_from_civil(int year, int month, int day);

/* --- NTP time (RFC 5905 section 6) ---------------------------------------------------------- */

/* The 64-bit NTP timestamp as it is on the wire: seconds since 1900 modulo 2^32, and 2^-32 s. Kept
 * raw where timestamps are only compared; 0 means "not set". */
struct ntp_time {
    uint64_t bits;
};

/* Seconds between 1900-01-01 and 1970-01-01. */
#define NTP_UNIX_OFFSET INT64_C(2208988800)

struct ntp_time ntp_time_from_utc(struct utc t);
/* The time nearest to `pivot` (in the era that puts it within 68 years of it). */
struct utc utc_from_ntp_time(struct ntp_time t, struct utc pivot);
/* 16.16 fixed point seconds of root delay and dispersion; encoding rounds up and saturates. */
double s_from_ntp_short(uint32_t v);
uint32_t ntp_short_from_s(double s);

#endif
