/* rtc.c - /dev/rtc: a clock of whole seconds with an interrupt at the beginning of each. */
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include <linux/rtc.h>

#include "world.h"

int64_t rtc_now(void)
{
    return clock_true_ns() + (int64_t)(world.set.rtc_offset_s * 1e9) +
           (int64_t)((double)world.t * world.set.rtc_ppm * 1e-6) + world.rtc_adjust;
}

void rtc_arm(void)
{
    int64_t part = rtc_now() % NS_PER_S;

    if (part < 0)
        part += NS_PER_S;
    world.rtc_next =
        world.t + (int64_t)ceil((double)(NS_PER_S - part) / (1.0 + world.set.rtc_ppm * 1e-6));
    if (world.rtc_next <= world.t)
        world.rtc_next = world.t + 1;
}

static void show(struct rtc_time *out)
{
    /* The interrupt may come a nanosecond early in our arithmetic. */
    time_t s = (time_t)((rtc_now() + 1000) / NS_PER_S);
    struct tm tm;

    gmtime_r(&s, &tm);
    memset(out, 0, sizeof *out);
    out->tm_sec = tm.tm_sec;
    out->tm_min = tm.tm_min;
    out->tm_hour = tm.tm_hour;
    out->tm_mday = tm.tm_mday;
    out->tm_mon = tm.tm_mon;
    out->tm_year = tm.tm_year;
}

/* Setting starts the second anew. */
static void set(const struct rtc_time *t)
{
    struct tm tm = {.tm_sec = t->tm_sec,
                    .tm_min = t->tm_min,
                    .tm_hour = t->tm_hour,
                    .tm_mday = t->tm_mday,
                    .tm_mon = t->tm_mon,
                    .tm_year = t->tm_year};

    world.rtc_adjust += (int64_t)timegm(&tm) * NS_PER_S - rtc_now();
    trace("rtc set %.6f error %.6f", (double)world.t * 1e-9,
          (double)(rtc_now() - clock_true_ns()) * 1e-9);
    if (world.rtc_next > 0)
        rtc_arm();
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    void *arg;

    va_start(args, request);
    arg = va_arg(args, void *);
    va_end(args);
    enter("ioctl");
    if (fd != RTC_FD)
        return refclocks_ioctl(fd, request, arg);
    if (request == RTC_UIE_ON)
        rtc_arm();
    else if (request == RTC_UIE_OFF)
        world.rtc_next = world.rtc_due = 0;
    else if (request == RTC_RD_TIME)
        show(arg);
    else if (request == RTC_SET_TIME)
        set(arg);
    else
        errno = EINVAL;
    return request == RTC_UIE_ON || request == RTC_UIE_OFF || request == RTC_RD_TIME ||
                   request == RTC_SET_TIME
               ? 0
               : -1;
}
