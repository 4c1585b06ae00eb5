/* refclock.h - drivers of reference clocks: how each kind of device is opened and read.
 *
 * A driver has a row in refclock.c's table. It decides what its parameter and its options mean and
 * what a reading is worth, never what becomes of it (chronyd/refclock/ does). Devices are opened
 * with plain open(). Private to os/linux/. */
#ifndef CHRONYD_OS_LINUX_REFCLOCK_H
#define CHRONYD_OS_LINUX_REFCLOCK_H

#include "chronyd/os/linux/internal.h"

struct refclock_device {
    const struct refclock_driver *driver;
    char *parameter;
    int fd;       /* of the device or socket; -1 = none */
    bool reports; /* by itself, when fd becomes readable */
    /* SHM */
    volatile void *segment;
    /* PPS and PHC */
    bool falling; /* take the other edge of the pulse */
    uint32_t sequence;
    bool has_sequence;
    /* PHC */
    int channel;
    struct phc_ways ways;
    /* RTC */
    bool utc;
};

struct refclock_driver {
    const char *name;
    const char *options; /* words that it takes, each with a blank behind it; "pin= " has a value */
    bool (*open)(struct world *w, struct refclock_device *d, const char *options, struct err *err);
    /* Of those that are polled, and of those that report (fd is readable): false = no sample. */
    bool (*poll)(struct refclock_device *d, struct os_refclock_sample *out);
    bool (*receive)(struct refclock_device *d, struct os_refclock_sample *out);
    void (*close)(struct refclock_device *d); /* NULL: closing fd is all */
};

extern const struct refclock_driver refclock_shm, refclock_sock, refclock_pps, refclock_phc,
    refclock_rtc;

/* Is the option among those after the parameter? Its value, "" without one; NULL = not there. */
const char *refclock_option(const char *options, const char *name, char *buf, size_t size);
/* The same for a whole number in a range; *out stays as it is if the option is not there. */
bool refclock_option_int(const char *options, const char *name, int least, int most, int *out,
                         struct err *err);
/* Open d->parameter for reading and writing, or at least for reading. */
bool refclock_open_device(struct refclock_device *d, const char *what, struct err *err);

#endif
