/* refclocks.c - receivers, pulses and hardware clocks: shared memory of units 0 to 3, /dev/pps0 and
 * /dev/ptp0. All tell true time, with some noise. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include <linux/pps.h>
#include <linux/ptp_clock.h>

#include "world.h"

#define SHM_KEY 0x4e545030
#define SHM_UNITS 4
#define SHM_ID 1000

struct unit {
    int mode, count;
    time_t clock_s;
    int clock_us;
    time_t receive_s;
    int receive_us, leap, precision, samples, valid;
    unsigned clock_ns, receive_ns;
    int spare[8];
};

static struct unit units[SHM_UNITS];
static bool attached[SHM_UNITS];
static int64_t pulse_ns; /* the program's clock at the last pulse */
static unsigned pulses;

static double noise_s(void)
{
    return (random_unit() - 0.5) * 2.0 * world.set.refclock_jitter_s;
}

static int64_t told_ns(void)
{
    return clock_true_ns() + (int64_t)((world.set.refclock_offset_s + noise_s()) * 1e9);
}

/* What /dev/ptp0 shows, exactly. */
int64_t refclocks_ptp_ns(void)
{
    bool stepped = world.set.ptp_step_at > 0 && world.t >= (int64_t)(world.set.ptp_step_at * 1e9);

    return clock_true_ns() +
           (int64_t)((world.set.refclock_offset_s + (stepped ? world.set.ptp_step_s : 0)) * 1e9);
}

/* --- shared memory --------------------------------------------------------------------------- */

int shmget(key_t key, size_t size, int flags)
{
    (void)flags;
    enter("shmget");
    if (key < SHM_KEY || key >= SHM_KEY + SHM_UNITS || size != sizeof(struct unit))
        violation("shared memory of key %x, %zu bytes", (unsigned)key, size);
    return SHM_ID + (key - SHM_KEY);
}

void *shmat(int id, const void *address, int flags)
{
    (void)address;
    (void)flags;
    enter("shmat");
    if (id < SHM_ID || id >= SHM_ID + SHM_UNITS)
        violation("shared memory %d", id);
    attached[id - SHM_ID] = true;
    return &units[id - SHM_ID];
}

int shmdt(const void *address)
{
    (void)address;
    return 0;
}

void refclocks_renew(void)
{
    for (int i = 0; i < SHM_UNITS; i++) {
        struct unit *u = &units[i];
        int64_t clock, receive;

        if (!attached[i])
            continue;
        clock = told_ns();
        receive = (int64_t)world.real_ns;
        u->mode = 1;
        u->count++;
        u->clock_s = (time_t)(clock / NS_PER_S);
        u->clock_ns = (unsigned)(clock % NS_PER_S);
        u->clock_us = (int)(u->clock_ns / 1000);
        u->receive_s = (time_t)(receive / NS_PER_S);
        u->receive_ns = (unsigned)(receive % NS_PER_S);
        u->receive_us = (int)(u->receive_ns / 1000);
        u->valid = 1;
    }
}

/* --- devices --------------------------------------------------------------------------------- */

void refclocks_second(void)
{
    pulse_ns = (int64_t)world.real_ns - (int64_t)(noise_s() * 1e9);
    pulses++;
}

int refclocks_open(const char *path)
{
    if (strcmp(path, "/dev/pps0") == 0)
        return PPS_FD;
    if (strcmp(path, "/dev/ptp0") == 0)
        return PTP_FD;
    return -1;
}

static int pps_ioctl(unsigned long request, void *arg)
{
    struct pps_fdata *fetched = arg;

    if (request == PPS_GETCAP) {
        *(int *)arg = PPS_CAPTUREASSERT | PPS_TSFMT_TSPEC;
    } else if (request == PPS_GETPARAMS) {
        memset(arg, 0, sizeof(struct pps_kparams));
    } else if (request == PPS_FETCH) {
        memset(&fetched->info, 0, sizeof fetched->info);
        fetched->info.assert_sequence = pulses;
        fetched->info.assert_tu.sec = pulse_ns / NS_PER_S;
        fetched->info.assert_tu.nsec = (int32_t)(pulse_ns % NS_PER_S);
    } else if (request != PPS_SETPARAMS) {
        errno = EINVAL;
        return -1;
    }
    return 0;
}

static void put(struct ptp_clock_time *out, int64_t ns)
{
    *out = (struct ptp_clock_time){.sec = ns / NS_PER_S, .nsec = (unsigned)(ns % NS_PER_S)};
}

static int64_t ptp_told_ns(void)
{
    return refclocks_ptp_ns() + (int64_t)(noise_s() * 1e9);
}

static void read_often(struct ptp_sys_offset *o, struct ptp_sys_offset_extended *e)
{
    for (unsigned i = 0; o && i < o->n_samples; i++) {
        put(&o->ts[2 * i], (int64_t)world.real_ns);
        put(&o->ts[2 * i + 1], ptp_told_ns());
        put(&o->ts[2 * i + 2], (int64_t)world.real_ns);
    }
    for (unsigned i = 0; e && i < e->n_samples; i++) {
        put(&e->ts[i][0], (int64_t)world.real_ns);
        put(&e->ts[i][1], ptp_told_ns());
        put(&e->ts[i][2], (int64_t)world.real_ns);
    }
}

static int ptp_ioctl(unsigned long request, void *arg)
{
    struct ptp_sys_offset_precise *p = arg;
    bool known = true;

    if (request == PTP_CLOCK_GETCAPS) {
        memset(arg, 0, sizeof(struct ptp_clock_caps));
    } else if (request == PTP_SYS_OFFSET) {
        read_often(arg, NULL);
    } else if (request == PTP_SYS_OFFSET_EXTENDED && world.set.ptp_ways > 1) {
        read_often(NULL, arg);
    } else if (request == PTP_SYS_OFFSET_PRECISE && world.set.ptp_ways > 2) {
        put(&p->device, ptp_told_ns());
        put(&p->sys_realtime, (int64_t)world.real_ns);
    } else if (request == PTP_PIN_SETFUNC || request == PTP_EXTTS_REQUEST) {
        world.ptp_pulses = request == PTP_EXTTS_REQUEST;
    } else {
        known = false;
        errno = EOPNOTSUPP;
    }
    if (known)
        trace("ptp %lx", request & 0xff);
    return known ? 0 : -1;
}

ssize_t refclocks_read(void *buf, size_t length)
{
    struct ptp_extts_event event = {.index = 1};

    if (!world.ptp_due || length < sizeof event)
        violation("reads /dev/ptp0 before it is ready");
    world.ptp_due = false;
    put(&event.t, ptp_told_ns());
    memcpy(buf, &event, sizeof event);
    return (ssize_t)sizeof event;
}

int refclocks_ioctl(int fd, unsigned long request, void *arg)
{
    if (fd == PPS_FD)
        return pps_ioctl(request, arg);
    if (fd == PTP_FD)
        return ptp_ioctl(request, arg);
    if (slot_of(fd))
        return hardware_ioctl(request, arg);
    errno = EINVAL;
    return -1;
}
