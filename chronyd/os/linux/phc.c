/* phc.c - see phc.h. */
#include "chronyd/os/linux/phc.h"

#include <assert.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/ptp_clock.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyd/os/linux/internal.h"

#define READING_MAX_NS 1e9
#define SERIES_MAX_NS 6e10
#define APART_MAX_NS 9e18

const char *phc_path(int number, char path[PHC_PATH_MAX])
{
    (void)snprintf(path, PHC_PATH_MAX, "/dev/ptp%d", number);
    return path;
}

bool phc_is_clock(int fd)
{
    struct ptp_clock_caps caps;

    memset(&caps, 0, sizeof caps);
    return ioctl(fd, PTP_CLOCK_GETCAPS, &caps) >= 0;
}

bool phc_time(const struct ptp_clock_time *t, int64_t *ns)
{
    return ns_from_parts(t->sec, t->nsec, ns);
}

static bool near(int64_t a, int64_t b, double limit_ns)
{
    double distance = (double)a - (double)b;

    return distance < limit_ns && distance > -limit_ns;
}

/* One more reading, if it is one: not taking long, about at the time of the first one, and such
 * that its times can be subtracted. */
static bool take(struct phc_reading *list, size_t count, const struct ptp_clock_time *before,
                 const struct ptp_clock_time *device, const struct ptp_clock_time *after)
{
    struct phc_reading *r = &list[count];

    return phc_time(before, &r->before_ns) && phc_time(device, &r->device_ns) &&
           phc_time(after, &r->after_ns) && r->after_ns >= r->before_ns &&
           near(r->after_ns, r->before_ns, READING_MAX_NS) &&
           near(r->device_ns, r->before_ns, APART_MAX_NS) &&
           near(r->before_ns, list[0].before_ns, SERIES_MAX_NS) &&
           near(r->device_ns, list[0].device_ns, SERIES_MAX_NS);
}

static bool read_cross_stamp(int fd, struct phc_reading *out)
{
    struct ptp_sys_offset_precise o;

    memset(&o, 0, sizeof o);
    return ioctl(fd, PTP_SYS_OFFSET_PRECISE, &o) == 0 &&
           take(out, 0, &o.sys_realtime, &o.device, &o.sys_realtime);
}

static size_t read_extended(int fd, struct phc_reading *out, unsigned wanted)
{
    struct ptp_sys_offset_extended o;
    size_t count = 0;

    memset(&o, 0, sizeof o);
    o.n_samples = wanted;
    if (ioctl(fd, PTP_SYS_OFFSET_EXTENDED, &o) < 0)
        return 0;
    for (unsigned i = 0; i < wanted; i++)
        count += take(out, count, &o.ts[i][0], &o.ts[i][1], &o.ts[i][2]);
    return count;
}

static size_t read_plain(int fd, struct phc_reading *out, unsigned wanted)
{
    struct ptp_sys_offset o;
    size_t count = 0;

    memset(&o, 0, sizeof o);
    o.n_samples = wanted;
    if (ioctl(fd, PTP_SYS_OFFSET, &o) < 0)
        return 0;
    for (unsigned i = 0; i < wanted; i++)
        count += take(out, count, &o.ts[2 * i], &o.ts[2 * i + 1], &o.ts[2 * i + 2]);
    return count;
}

/* The best way that the driver offers; what failed once is not tried again. */
size_t phc_read(int fd, struct phc_ways *ways, struct phc_reading *out, size_t wanted)
{
    size_t count;

    assert(wanted > 0 && wanted <= PHC_READINGS_MAX && wanted <= PTP_MAX_SAMPLES);
    if (!ways->no_cross_stamps) {
        errno = 0;
        if (read_cross_stamp(fd, out))
            return 1;
        ways->no_cross_stamps = errno != EBUSY && errno != EAGAIN;
    }
    if (!ways->no_extended) {
        count = read_extended(fd, out, (unsigned)wanted);
        if (count)
            return count;
        ways->no_extended = true;
    }
    return read_plain(fd, out, (unsigned)wanted);
}

bool interface_ask(const struct world *w, const char *name, unsigned long what, struct ifreq *out)
{
    int fd = socket_plain(w, AF_INET, SOCK_DGRAM), result, sys;

    if (fd < 0)
        fd = socket_plain(w, AF_INET6, SOCK_DGRAM);
    if (fd < 0 || !text_copy(out->ifr_name, sizeof out->ifr_name, name)) {
        if (fd >= 0)
            (void)close(fd);
        errno = ENODEV;
        return false;
    }
    result = ioctl(fd, what, out);
    sys = errno;
    (void)close(fd);
    errno = sys;
    return result >= 0;
}

bool phc_of_interface(const struct world *w, const char *name, struct ethtool_ts_info *out)
{
    struct ifreq request;

    memset(out, 0, sizeof *out);
    memset(&request, 0, sizeof request);
    out->cmd = ETHTOOL_GET_TS_INFO;
    request.ifr_data = (void *)out;
    return interface_ask(w, name, SIOCETHTOOL, &request);
}
