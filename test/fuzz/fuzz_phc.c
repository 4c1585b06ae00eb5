/* A driver of a PTP clock that fills its replies with anything: readings are times in order, and
 * the line through them turns stamps into instants or refuses to. The first byte says which ways of
 * reading the driver has. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/ptp_clock.h>

#include "chronyd/ntp/hwclock.h"

struct incoming {
    const uint8_t *data;
    size_t left;
    uint8_t ways;
};

static struct incoming incoming;

static int fed_ioctl(int fd, unsigned long request, void *arg)
{
    size_t size = request == PTP_SYS_OFFSET_PRECISE    ? sizeof(struct ptp_sys_offset_precise)
                  : request == PTP_SYS_OFFSET_EXTENDED ? sizeof(struct ptp_sys_offset_extended)
                                                       : sizeof(struct ptp_sys_offset);
    size_t n = incoming.left < size ? incoming.left : size;

    (void)fd;
    if ((request == PTP_SYS_OFFSET_PRECISE && incoming.ways & 1) ||
        (request == PTP_SYS_OFFSET_EXTENDED && incoming.ways & 2))
        return -1;
    memcpy(arg, incoming.data, n);
    incoming.data += n;
    incoming.left -= n;
    return 0;
}

#define ioctl fed_ioctl
#include "chronyd/os/linux/phc.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int socket_plain(const struct world *w, int domain, int type)
{
    (void)w;
    (void)domain;
    (void)type;
    return -1;
}

static void use(const struct hwclock *c, int64_t clock_ns)
{
    struct osc at;
    double error_s = -1.0;

    if (hwclock_convert(c, clock_ns, &at, &error_s) && !(error_s > 0.0 && isfinite(error_s)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct phc_reading readings[PHC_READINGS_MAX];
    struct phc_ways ways = {0};
    struct hwclock *c = hwclock_create(2, 16);

    if (size == 0 || !c) {
        hwclock_destroy(c);
        return 0;
    }
    incoming = (struct incoming){data + 1, size - 1, data[0]};
    for (int round = 0; round < 40 && incoming.left > 0; round++) {
        size_t count = phc_read(-1, &ways, readings, PHC_READINGS_MAX);

        if (count > PHC_READINGS_MAX)
            abort();
        for (size_t i = 0; i < count; i++) {
            const struct phc_reading *r = &readings[i];

            if (r->after_ns < r->before_ns)
                abort();
            hwclock_add(c, (struct osc){r->before_ns}, r->device_ns,
                        s_from_ns(r->after_ns - r->before_ns) / 2);
            use(c, r->device_ns);
            use(c, r->device_ns + NS_PER_S);
        }
        use(c, INT64_MIN);
        use(c, INT64_MAX);
        use(c, 0);
    }
    hwclock_destroy(c);
    return 0;
}
