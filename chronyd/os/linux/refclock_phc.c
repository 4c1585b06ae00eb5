/* refclock_phc.c - hardware clocks of network interfaces and hypervisors (PTP devices).
 *
 * Read as a time, the closest readings out of many at once; or, with option extpps, as a stamp of
 * pulses on one of its pins. */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/ptp_clock.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyd/os/linux/refclock.h"

#define READINGS 25
/* Readings that took this much longer than the fastest were held up somewhere. */
#define SLOW_FACTOR 1.1
#define SECONDS_MAX INT64_C(9000000000)

/* The system clock before and after the device was read. */
struct phc_reading {
    int64_t before_ns, device_ns, after_ns;
};

static bool to_ns(const struct ptp_clock_time *t, int64_t *ns)
{
    if (t->sec < -SECONDS_MAX || t->sec > SECONDS_MAX || t->nsec >= NS_PER_S)
        return false;
    *ns = t->sec * NS_PER_S + t->nsec;
    return true;
}

/* --- reading --------------------------------------------------------------------------------- */

static bool read_cross_stamp(const struct refclock_device *d, struct phc_reading *out)
{
    struct ptp_sys_offset_precise p;

    memset(&p, 0, sizeof p);
    if (ioctl(d->fd, PTP_SYS_OFFSET_PRECISE, &p) < 0 || !to_ns(&p.sys_realtime, &out->before_ns) ||
        !to_ns(&p.device, &out->device_ns))
        return false;
    out->after_ns = out->before_ns;
    return true;
}

static size_t read_extended(const struct refclock_device *d, struct phc_reading *out)
{
    struct ptp_sys_offset_extended e;
    size_t count = 0;

    memset(&e, 0, sizeof e);
    e.n_samples = READINGS;
    if (ioctl(d->fd, PTP_SYS_OFFSET_EXTENDED, &e) < 0)
        return 0;
    for (size_t i = 0; i < READINGS; i++) {
        if (to_ns(&e.ts[i][0], &out[count].before_ns) &&
            to_ns(&e.ts[i][1], &out[count].device_ns) && to_ns(&e.ts[i][2], &out[count].after_ns))
            count++;
    }
    return count;
}

static size_t read_plain(const struct refclock_device *d, struct phc_reading *out)
{
    struct ptp_sys_offset o;
    size_t count = 0;

    memset(&o, 0, sizeof o);
    o.n_samples = READINGS;
    if (ioctl(d->fd, PTP_SYS_OFFSET, &o) < 0)
        return 0;
    for (size_t i = 0; i < READINGS; i++) {
        const struct ptp_clock_time *t = &o.ts[2 * i];

        if (to_ns(&t[0], &out[count].before_ns) && to_ns(&t[1], &out[count].device_ns) &&
            to_ns(&t[2], &out[count].after_ns))
            count++;
    }
    return count;
}

/* The best way that the driver offers; what failed once is not tried again. */
static size_t read_device(struct refclock_device *d, struct phc_reading *out)
{
    size_t count;

    if (!d->no_cross_stamps) {
        if (read_cross_stamp(d, out))
            return 1;
        d->no_cross_stamps = errno != EBUSY && errno != EAGAIN;
    }
    if (!d->no_extended) {
        count = read_extended(d, out);
        if (count)
            return count;
        d->no_extended = true;
    }
    return read_plain(d, out);
}

static int64_t duration_ns(const struct phc_reading *r)
{
    return r->after_ns - r->before_ns;
}

/* The mean of the readings that were hardly held up. */
static bool read_clock(struct refclock_device *d, struct os_refclock_sample *out)
{
    struct phc_reading readings[READINGS];
    size_t count = read_device(d, readings), used = 0;
    int64_t fastest_ns = INT64_MAX, device_ns = 0, system_ns = 0;
    const struct phc_reading *first = NULL;

    for (size_t i = 0; i < count; i++) {
        if (duration_ns(&readings[i]) >= 0 && duration_ns(&readings[i]) < fastest_ns)
            fastest_ns = duration_ns(&readings[i]);
    }
    for (size_t i = 0; i < count; i++) {
        const struct phc_reading *r = &readings[i];

        if (duration_ns(r) < 0 || (double)duration_ns(r) > (double)fastest_ns * SLOW_FACTOR)
            continue;
        first = first ? first : r;
        device_ns += r->device_ns - first->device_ns;
        system_ns += r->before_ns + duration_ns(r) / 2 - first->before_ns;
        used++;
    }
    if (!first)
        return false;
    out->stamp.ns = first->before_ns + system_ns / (int64_t)used;
    out->offset_s = s_from_ns(first->device_ns + device_ns / (int64_t)used - out->stamp.ns);
    out->dispersion_s = s_from_ns(fastest_ns) / 2.0;
    return true;
}

/* --- pulses ---------------------------------------------------------------------------------- */

static bool start_pulses(const struct refclock_device *d, int pin, struct err *err)
{
    struct ptp_pin_desc function;
    struct ptp_extts_request request;
    int sys;

    memset(&function, 0, sizeof function);
    function.index = (unsigned)pin;
    function.func = PTP_PF_EXTTS;
    function.chan = (unsigned)d->channel;
    if (pin >= 0 && ioctl(d->fd, PTP_PIN_SETFUNC, &function) < 0) {
        sys = errno;
        return err_set_sys(err, err_code_from_errno(sys), sys, "Could not set pin %d of %s", pin,
                           d->parameter);
    }
    memset(&request, 0, sizeof request);
    request.index = (unsigned)d->channel;
    request.flags = PTP_ENABLE_FEATURE | (d->falling ? PTP_FALLING_EDGE : PTP_RISING_EDGE);
    if (ioctl(d->fd, PTP_EXTTS_REQUEST, &request) < 0) {
        sys = errno;
        return err_set_sys(err, err_code_from_errno(sys), sys, "Could not get pulses of %s",
                           d->parameter);
    }
    return true;
}

/* The pulse was stamped by the device's clock: look where that stands against the system's. */
static bool phc_receive(struct refclock_device *d, struct os_refclock_sample *out)
{
    struct ptp_extts_event event;
    struct os_refclock_sample now;
    int64_t pulse_ns, fraction_ns;

    if (read(d->fd, &event, sizeof event) != (ssize_t)sizeof event ||
        event.index != (unsigned)d->channel || !to_ns(&event.t, &pulse_ns) || !read_clock(d, &now))
        return false;
    out->stamp.ns = pulse_ns - ns_from_s(now.offset_s);
    fraction_ns = utc_calendar(out->stamp).ns;
    out->offset_s = s_from_ns(fraction_ns < NS_PER_S / 2 ? -fraction_ns : NS_PER_S - fraction_ns);
    out->dispersion_s = now.dispersion_s;
    out->pulse = true;
    return true;
}

/* --- opening --------------------------------------------------------------------------------- */

/* An interface's name in place of a device: ask which clock it has. */
static bool find_device(struct world *w, struct refclock_device *d, struct err *err)
{
    struct ethtool_ts_info info;
    struct ifreq request;
    char *path;
    int fd, asked;

    memset(&info, 0, sizeof info);
    memset(&request, 0, sizeof request);
    info.cmd = ETHTOOL_GET_TS_INFO;
    request.ifr_data = (void *)&info;
    if (strchr(d->parameter, '/') ||
        !text_copy(request.ifr_name, sizeof request.ifr_name, d->parameter))
        return true;
    fd = socket_plain(w, AF_INET, SOCK_DGRAM);
    asked = fd < 0 ? -1 : ioctl(fd, SIOCETHTOOL, &request);
    if (fd >= 0)
        (void)close(fd);
    if (asked < 0 || info.phc_index < 0)
        return err_set(err, ERR_MISSING, "Interface %s has no PTP clock", d->parameter);
    path = malloc(32);
    if (!path)
        return err_set(err, ERR_LIMIT, "No memory");
    (void)snprintf(path, 32, "/dev/ptp%d", info.phc_index);
    free(d->parameter);
    d->parameter = path;
    return true;
}

static bool phc_open(struct world *w, struct refclock_device *d, const char *options,
                     struct err *err)
{
    struct ptp_clock_caps caps;
    char buf[64];
    int pin = 0;

    d->reports = refclock_option(options, "extpps", buf, sizeof buf) != NULL;
    d->falling = refclock_option(options, "clear", buf, sizeof buf) != NULL;
    d->no_cross_stamps = refclock_option(options, "nocrossts", buf, sizeof buf) != NULL;
    if (!refclock_option_int(options, "pin", -1, INT16_MAX, &pin, err) ||
        !refclock_option_int(options, "channel", 0, INT16_MAX, &d->channel, err) ||
        !find_device(w, d, err) || !refclock_open_device(d, "PTP", err))
        return false;
    memset(&caps, 0, sizeof caps);
    if (ioctl(d->fd, PTP_CLOCK_GETCAPS, &caps) < 0) {
        int sys = errno;

        return err_set_sys(err, err_code_from_errno(sys), sys, "%s is no PTP clock", d->parameter);
    }
    return !d->reports || start_pulses(d, pin, err);
}

static bool phc_poll(struct refclock_device *d, struct os_refclock_sample *out)
{
    return read_clock(d, out);
}

const struct refclock_driver refclock_phc = {.name = "PHC",
                                             .options = "nocrossts extpps pin= channel= clear ",
                                             .open = phc_open,
                                             .poll = phc_poll,
                                             .receive = phc_receive};
