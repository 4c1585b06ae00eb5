/* line.h - a straight line through the readings of the RTC: least squares, oldest samples dropped
 * when the residuals show that it has bent. Pure. */
#ifndef CHRONYD_RTC_LINE_H
#define CHRONYD_RTC_LINE_H

#include <stdbool.h>
#include <stddef.h>

#define RTC_SAMPLES_MAX 64

struct rtc_point {
    double t_s;    /* relative to any fixed instant */
    double fast_s; /* RTC - corrected clock, > 0: RTC ahead */
};

struct rtc_line {
    bool valid;    /* enough points */
    size_t first;  /* oldest point used */
    int runs;      /* of residuals of the same sign */
    double fast_s; /* at the newest point */
    double rate;   /* fraction, > 0: RTC gains */
};

/* Points in the order of time. Fewer than 3 give the newest reading with rate 0 and valid = false.
 */
struct rtc_line rtc_line_fit(const struct rtc_point *points, size_t count);

#endif
