/* time.c - arithmetic of the time types. */
#include "base/time.h"

#include <math.h>

int64_t ns_from_s(double s)
{
    double ns = s * 1e9;

    if (isnan(ns))
        return 0;
    /* INT64_MAX is not a double: 2^63 is the first value that does not fit. The lowest result is
     * -INT64_MAX, so that callers may negate any time. */
    if (ns >= 0x1p63)
        return INT64_MAX;
    if (ns <= -0x1p63)
        return -INT64_MAX;
    return llround(ns);
}

int64_t ns_add(int64_t a, int64_t b)
{
    int64_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return a > 0 ? INT64_MAX : -INT64_MAX;
    return sum == INT64_MIN ? -INT64_MAX : sum;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;

    return a % b < 0 ? q - 1 : q;
}

/* Nanoseconds since the last whole second, 0..999999999. */
static int64_t floor_rest(int64_t ns)
{
    int64_t rest = ns % NS_PER_S;

    return rest < 0 ? rest + NS_PER_S : rest;
}

int64_t days_from_civil(int year, int month, int day)
{
    /* Years begin in March, so that the leap day is the last day of a year; 400 years, an era, have
     * 146097 days. Day 0 of this count is 0000-03-01, 719468 days before 1970-01-01. */
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

struct utc_calendar utc_calendar(struct utc t)
{
    struct utc_calendar c;
    int64_t seconds = floor_div(t.ns, NS_PER_S);
    int64_t days = floor_div(seconds, 86400);
    int64_t second_of_day = seconds - days * 86400;
    int64_t z = days + 719468; /* the inverse of days_from_civil */
    int64_t era = floor_div(z, 146097);
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;

    c.day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    c.month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    c.year = (int)(year_of_era + era * 400 + (c.month <= 2));
    c.hour = (int)(second_of_day / 3600);
    c.minute = (int)(second_of_day / 60 % 60);
    c.second = (int)(second_of_day % 60);
    c.weekday = (int)(days + 4 - floor_div(days + 4, 7) * 7); /* 1970-01-01 was a Thursday */
    c.ns = (int32_t)floor_rest(t.ns);
    return c;
}

struct ntp_time ntp_time_from_utc(struct utc t)
{
    int64_t seconds = floor_div(t.ns, NS_PER_S);
    uint64_t ns = (uint64_t)floor_rest(t.ns);
    uint64_t bits = (uint64_t)(seconds + NTP_UNIX_OFFSET) << 32 | (ns << 32) / (uint64_t)NS_PER_S;

    /* Zero means "not set"; the one instant per era that would look so is moved by 2^-32 s. */
    return (struct ntp_time){bits ? bits : 1};
}

struct utc utc_from_ntp_time(struct ntp_time t, struct utc pivot)
{
    int64_t pivot_seconds = floor_div(pivot.ns, NS_PER_S) + NTP_UNIX_OFFSET;
    uint32_t wire_seconds = (uint32_t)(t.bits >> 32);
    int32_t distance = (int32_t)(wire_seconds - (uint32_t)(uint64_t)pivot_seconds);
    int64_t seconds = pivot_seconds + distance - NTP_UNIX_OFFSET;
    uint64_t fraction = t.bits & UINT32_MAX;
    int64_t ns = (int64_t)((fraction * (uint64_t)NS_PER_S + UINT64_C(0x80000000)) >> 32);
    int64_t whole;

    if (__builtin_mul_overflow(seconds, NS_PER_S, &whole))
        return (struct utc){seconds > 0 ? INT64_MAX : -INT64_MAX};
    return (struct utc){ns_add(whole, ns)};
}

double s_from_ntp_short(uint32_t v)
{
    return (double)v / 65536.0;
}

uint32_t ntp_short_from_s(double s)
{
    double v = ceil(s * 65536.0);

    if (!(v > 0.0))
        return 0;
    return v >= 0x1p32 ? UINT32_MAX : (uint32_t)v;
}
