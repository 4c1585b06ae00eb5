/* rtc.c - the real-time clock's device: its seconds as events, reading and setting it. */
#include <sys/ioctl.h>
#include <sys/select.h>
#include <unistd.h>

#include <linux/rtc.h>

#include "chronyd/os/linux/internal.h"

#define TICK_WAIT_S 2

static struct utc_calendar calendar_from_rtc(const struct rtc_time *t)
{
    return (struct utc_calendar){.year = t->tm_year + 1900,
                                 .month = t->tm_mon + 1,
                                 .day = t->tm_mday,
                                 .hour = t->tm_hour,
                                 .minute = t->tm_min,
                                 .second = t->tm_sec};
}

static int open_rtc(const char *device, struct err *err)
{
    int fd = open_device(device);

    if (fd < 0)
        (void)err_from_errno(err, "Could not open RTC device %s", device);
    return fd;
}

bool world_rtc_open(void *ctx, const char *device, struct err *err)
{
    struct world *w = ctx;

    if (w->rtc_fd < 0)
        w->rtc_fd = open_rtc(device, err);
    return w->rtc_fd >= 0;
}

void world_rtc_close(void *ctx)
{
    struct world *w = ctx;

    if (w->rtc_fd >= 0)
        (void)close(w->rtc_fd);
    w->rtc_fd = -1;
    w->rtc_ticks = false;
}

bool world_rtc_ticks(void *ctx, bool on, struct err *err)
{
    struct world *w = ctx;

    if (w->rtc_fd < 0)
        return err_set(err, ERR_MISSING, "RTC is not open");
    if (ioctl(w->rtc_fd, on ? RTC_UIE_ON : RTC_UIE_OFF, 0) < 0)
        return err_from_errno(err, "Could not switch RTC update interrupt");
    w->rtc_ticks = on;
    return true;
}

bool world_rtc_set(void *ctx, const struct utc_calendar *to, struct err *err)
{
    struct world *w = ctx;
    struct rtc_time t = {.tm_year = to->year - 1900,
                         .tm_mon = to->month - 1,
                         .tm_mday = to->day,
                         .tm_hour = to->hour,
                         .tm_min = to->minute,
                         .tm_sec = to->second};

    if (w->rtc_fd < 0)
        return err_set(err, ERR_MISSING, "RTC is not open");
    if (ioctl(w->rtc_fd, RTC_SET_TIME, &t) < 0)
        return err_from_errno(err, "Could not set RTC");
    return true;
}

/* The interrupt says when the second began, so the stamp comes first. */
static bool take_tick(int fd, struct utc_calendar *shows, struct utc *stamp)
{
    struct rtc_time t;
    unsigned long count;

    *stamp = world_utc(NULL);
    if (read(fd, &count, sizeof count) < 0 || ioctl(fd, RTC_RD_TIME, &t) < 0)
        return false;
    *shows = calendar_from_rtc(&t);
    return true;
}

void rtc_tick(struct world *w, world_handler handle_event, void *ctx)
{
    struct event ev = {.type = EVENT_RTC_TICK};

    if (take_tick(w->rtc_fd, &ev.rtc.shows, &ev.rtc.stamp))
        handle_event(ctx, &ev);
}

/* With select(), which no fortified build gives another name. */
static bool wait_for_tick(int fd)
{
    struct timeval timeout = {.tv_sec = TICK_WAIT_S};
    fd_set in;

    if (fd >= FD_SETSIZE)
        return false;
    FD_ZERO(&in);
    FD_SET(fd, &in);
    return select(fd + 1, &in, NULL, NULL, &timeout) == 1;
}

bool world_rtc_read(void *ctx, const char *device, struct utc_calendar *shows, struct utc *stamp,
                    struct err *err)
{
    int fd = open_rtc(device, err);
    bool ok;

    (void)ctx;
    if (fd < 0)
        return false;
    ok = ioctl(fd, RTC_UIE_ON, 0) == 0 && wait_for_tick(fd) && take_tick(fd, shows, stamp);
    if (!ok)
        (void)err_set(err, ERR_IO, "Could not read RTC device %s", device);
    (void)ioctl(fd, RTC_UIE_OFF, 0);
    (void)close(fd);
    return ok;
}
