/* refclock_phc.c - hardware clocks of network interfaces and hypervisors (PTP devices).
 *
 * Read as a time, the closest readings out of many at once; or, with option extpps, as a stamp of
 * pulses on one of its pins. */
#include <linux/ethtool.h>
#include <linux/ptp_clock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "chronyd/os/linux/refclock.h"

/* Readings that took this much longer than the fastest were held up somewhere. */
#define SLOW_FACTOR 1.1

/* The mean of the readings that were hardly held up. */
static bool read_clock(struct refclock_device *d, struct os_refclock_sample *out)
{
    struct phc_reading readings[PHC_READINGS_MAX];
    size_t count = phc_read(d->fd, &d->ways, readings, PHC_READINGS_MAX), used = 0;
    int64_t fastest_ns = INT64_MAX, device_ns = 0, system_ns = 0;
    const struct phc_reading *first = NULL;

    for (size_t i = 0; i < count; i++) {
        if (phc_duration_ns(&readings[i]) < fastest_ns)
            fastest_ns = phc_duration_ns(&readings[i]);
    }
    for (size_t i = 0; i < count; i++) {
        const struct phc_reading *r = &readings[i];

        if ((double)phc_duration_ns(r) > (double)fastest_ns * SLOW_FACTOR)
            continue;
        first = first ? first : r;
        device_ns += r->device_ns - first->device_ns;
        system_ns += r->before_ns + phc_duration_ns(r) / 2 - first->before_ns;
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

    memset(&function, 0, sizeof function);
    function.index = (unsigned)pin;
    function.func = PTP_PF_EXTTS;
    function.chan = (unsigned)d->channel;
    if (pin >= 0 && ioctl(d->fd, PTP_PIN_SETFUNC, &function) < 0)
        return err_from_errno(err, "Could not set pin %d of %s", pin, d->parameter);
    memset(&request, 0, sizeof request);
    request.index = (unsigned)d->channel;
    request.flags = PTP_ENABLE_FEATURE | (d->falling ? PTP_FALLING_EDGE : PTP_RISING_EDGE);
    if (ioctl(d->fd, PTP_EXTTS_REQUEST, &request) < 0)
        return err_from_errno(err, "Could not get pulses of %s", d->parameter);
    return true;
}

/* The pulse was stamped by the device's clock: look where that stands against the system's. */
static bool phc_receive(struct refclock_device *d, struct os_refclock_sample *out)
{
    struct ptp_extts_event event;
    struct os_refclock_sample now;
    int64_t pulse_ns, fraction_ns;

    if (read(d->fd, &event, sizeof event) != (ssize_t)sizeof event ||
        event.index != (unsigned)d->channel || !phc_time(&event.t, &pulse_ns) ||
        !read_clock(d, &now))
        return false;
    out->stamp.ns = ns_add(pulse_ns, -ns_from_s(now.offset_s));
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
    char *path;

    if (strchr(d->parameter, '/') || strlen(d->parameter) >= IFNAMSIZ)
        return true;
    if (!phc_of_interface(w, d->parameter, &info) || info.phc_index < 0)
        return err_set(err, ERR_MISSING, "Interface %s has no PTP clock", d->parameter);
    path = malloc(PHC_PATH_MAX);
    if (!path)
        return err_no_memory(err);
    (void)phc_path(info.phc_index, path);
    free(d->parameter);
    d->parameter = path;
    return true;
}

static bool phc_open(struct world *w, struct refclock_device *d, const char *options,
                     struct err *err)
{
    char buf[64];
    int pin = 0;

    d->reports = refclock_option(options, "extpps", buf, sizeof buf) != NULL;
    d->falling = refclock_option(options, "clear", buf, sizeof buf) != NULL;
    d->ways.no_cross_stamps = refclock_option(options, "nocrossts", buf, sizeof buf) != NULL;
    if (!refclock_option_int(options, "pin", -1, INT16_MAX, &pin, err) ||
        !refclock_option_int(options, "channel", 0, INT16_MAX, &d->channel, err) ||
        !find_device(w, d, err) || !refclock_open_device(d, "PTP", err))
        return false;
    if (!phc_is_clock(d->fd))
        return err_from_errno(err, "%s is no PTP clock", d->parameter);
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
