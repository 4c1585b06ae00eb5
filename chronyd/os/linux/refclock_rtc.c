/* refclock_rtc.c - the real-time clock as a reference clock: the beginnings of its seconds, or,
 * where it does not announce them, whatever second it shows. */
#include <linux/rtc.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "chronyd/os/linux/refclock.h"

/* The time shown, as UTC. */
static bool read_time(const struct refclock_device *d, struct utc *out)
{
    struct rtc_time shown;
    struct tm tm;
    time_t seconds;

    if (ioctl(d->fd, RTC_RD_TIME, &shown) < 0 || shown.tm_year < 70 || shown.tm_year > 361)
        return false;
    tm = (struct tm){.tm_sec = shown.tm_sec,
                     .tm_min = shown.tm_min,
                     .tm_hour = shown.tm_hour,
                     .tm_mday = shown.tm_mday,
                     .tm_mon = shown.tm_mon,
                     .tm_year = shown.tm_year,
                     .tm_isdst = d->utc ? 0 : -1};
    seconds = d->utc ? timegm(&tm) : mktime(&tm);
    if (seconds == (time_t)-1)
        return false;
    out->ns = (int64_t)seconds * NS_PER_S;
    return true;
}

static bool rtc_open(struct world *w, struct refclock_device *d, const char *options,
                     struct err *err)
{
    char buf[64];
    struct utc shown;

    (void)w;
    d->utc = refclock_option(options, "utc", buf, sizeof buf) != NULL;
    if (!refclock_open_device(d, "RTC", err))
        return false;
    d->reports = ioctl(d->fd, RTC_UIE_ON, 0) == 0;
    if (!d->reports && !read_time(d, &shown))
        return err_set(err, ERR_UNSUPPORTED, "%s is no real-time clock", d->parameter);
    return true;
}

static bool rtc_receive(struct refclock_device *d, struct os_refclock_sample *out)
{
    unsigned long interrupts;
    struct utc shown;

    out->stamp = world_utc(NULL); /* at once: the second has just begun */
    if (read(d->fd, &interrupts, sizeof interrupts) < 0 || !read_time(d, &shown))
        return false;
    out->offset_s = utc_diff_s(shown, out->stamp);
    return true;
}

/* Somewhere in the second that it shows. */
static bool rtc_poll(struct refclock_device *d, struct os_refclock_sample *out)
{
    struct utc shown;

    out->stamp = world_utc(NULL);
    if (!read_time(d, &shown))
        return false;
    out->offset_s = utc_diff_s(shown, out->stamp) + 0.5;
    out->dispersion_s = 0.5;
    return true;
}

static void rtc_stop(struct refclock_device *d)
{
    if (d->reports)
        (void)ioctl(d->fd, RTC_UIE_OFF, 0);
}

const struct refclock_driver refclock_rtc = {.name = "RTC",
                                             .options = "utc ",
                                             .open = rtc_open,
                                             .poll = rtc_poll,
                                             .receive = rtc_receive,
                                             .close = rtc_stop};
