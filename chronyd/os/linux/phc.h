/* phc.h - the clock of a PTP device (of a network interface, a hypervisor), read against the system
 * clock. Private to os/linux/. */
#ifndef CHRONYD_OS_LINUX_PHC_H
#define CHRONYD_OS_LINUX_PHC_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ethtool_ts_info;
struct ptp_clock_time;
struct world;

#define PHC_READINGS_MAX 25
#define PHC_PATH_MAX 32 /* with the NUL */

/* Which ways of reading a device are not to be tried: by configuration, or because its driver did
 * not know them. */
struct phc_ways {
    bool no_cross_stamps, no_extended;
};

/* The system clock before and after the device was read. */
struct phc_reading {
    int64_t before_ns, device_ns, after_ns;
};

/* The device of a number, "/dev/ptp0"; returns `path`. */
const char *phc_path(int number, char path[PHC_PATH_MAX]);
/* Does it answer as a PTP clock? False with errno set. */
bool phc_is_clock(int fd);
/* Up to `wanted` (1 .. PHC_READINGS_MAX) readings, all of which took time >= 0; returns how many.
 * Learns which ways fail. */
size_t phc_read(int fd, struct phc_ways *ways, struct phc_reading *out, size_t wanted);
static inline int64_t phc_duration_ns(const struct phc_reading *r)
{
    return r->after_ns - r->before_ns;
}

/* What it reads from a driver may be anything: false if it is no time. */
bool phc_time(const struct ptp_clock_time *t, int64_t *ns);
/* A request to the driver of an interface; false with errno set. */
bool interface_ask(const struct world *w, const char *name, unsigned long what, struct ifreq *out);
/* What an interface can stamp, and which device is its clock. */
bool phc_of_interface(const struct world *w, const char *name, struct ethtool_ts_info *out);

#endif
