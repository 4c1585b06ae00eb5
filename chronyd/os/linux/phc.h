/* phc.h - the clock of a PTP device (of a network interface, a hypervisor), read against the system
 * clock. Private to os/linux/. */
#ifndef CHRONYD_OS_LINUX_PHC_H
#define CHRONYD_OS_LINUX_PHC_H

#include <net/if.h>

#include "chronyd/os/linux/internal.h"

struct ethtool_ts_info;
struct ptp_clock_time;

#define PHC_READINGS_MAX 25

struct phc {
    int fd;
    bool no_cross_stamps, no_extended; /* configured, or found out */
};

/* The system clock before and after the device was read. */
struct phc_reading {
    int64_t before_ns, device_ns, after_ns;
};

/* Up to `wanted` readings, all of which took time >= 0; returns how many. */
size_t phc_read(struct phc *p, struct phc_reading *out, size_t wanted);
/* What it reads from a driver may be anything: false if it is no time. */
bool phc_time(const struct ptp_clock_time *t, int64_t *ns);
/* A request to the driver of an interface; false with errno set. */
bool interface_ask(const struct world *w, const char *name, unsigned long what, struct ifreq *out);
/* What an interface can stamp, and which device is its clock. */
bool phc_of_interface(const struct world *w, const char *name, struct ethtool_ts_info *out);

#endif
