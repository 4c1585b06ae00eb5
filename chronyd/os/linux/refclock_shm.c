/* refclock_shm.c - the shared memory that receivers' programs fill in (spec chrony-conf section 6).
 *
 * The other side may be anybody who is allowed to write there: every field is copied once and then
 * checked. */
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <time.h>

#include "chronyd/os/linux/refclock.h"

#define SHM_KEY 0x4e545030

struct shm_time {
    int mode;
    int count;
    time_t clock_s;
    int clock_us;
    time_t receive_s;
    int receive_us;
    int leap;
    int precision;
    int samples;
    int valid;
    unsigned clock_ns;
    unsigned receive_ns;
    int spare[8];
};

static bool shm_open_segment(struct world *w, struct refclock_device *d, const char *options,
                             struct err *err)
{
    char buf[64], *end;
    const char *perm = refclock_option(options, "perm", buf, sizeof buf);
    unsigned long mode = 0600;
    long unit;
    int id;
    void *at;

    (void)w;
    unit = strtol(d->parameter, &end, 10);
    if (end == d->parameter || *end || unit < 0 || unit > 255)
        return err_set(err, ERR_RANGE, "Invalid SHM unit %s", d->parameter);
    if (perm) {
        mode = strtoul(perm, &end, 8);
        if (end == perm || *end)
            return err_set(err, ERR_RANGE, "Invalid value of refclock driver option perm");
    }
    id = shmget((key_t)(SHM_KEY + unit), sizeof(struct shm_time), IPC_CREAT | (int)(mode & 0777));
    at = id < 0 ? NULL : shmat(id, NULL, 0);
    if (!at || at == (void *)-1)
        return err_from_errno(err, "Could not open shared memory of SHM unit %ld", unit);
    d->segment = at;
    return true;
}

static void shm_close_segment(struct refclock_device *d)
{
    if (d->segment)
        (void)shmdt((const void *)(uintptr_t)d->segment);
}

/* The whole segment, as it was while nobody changed it. */
static bool take_copy(volatile struct shm_time *segment, struct shm_time *copy)
{
    int mode = segment->mode, count = segment->count;

    if ((mode != 0 && mode != 1) || !segment->valid)
        return false;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    copy->clock_s = segment->clock_s;
    copy->clock_us = segment->clock_us;
    copy->receive_s = segment->receive_s;
    copy->receive_us = segment->receive_us;
    copy->leap = segment->leap;
    copy->clock_ns = segment->clock_ns;
    copy->receive_ns = segment->receive_ns;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (mode == 1 && segment->count != count)
        return false;
    segment->valid = 0;
    return true;
}

/* Old writers leave the nanoseconds alone: they count only if they say the same. */
static bool time_of(int64_t seconds, int us, unsigned ns, struct utc *out)
{
    int64_t fraction_ns = ns / 1000 == (unsigned)us ? (int64_t)ns : (int64_t)us * 1000;

    return ns_from_parts(seconds, fraction_ns, &out->ns);
}

static bool shm_poll(struct refclock_device *d, struct os_refclock_sample *out)
{
    struct shm_time copy;
    struct utc truth;

    if (!take_copy(d->segment, &copy) ||
        !time_of(copy.clock_s, copy.clock_us, copy.clock_ns, &truth) ||
        !time_of(copy.receive_s, copy.receive_us, copy.receive_ns, &out->stamp))
        return false;
    out->offset_s = utc_diff_s(truth, out->stamp);
    out->leap = copy.leap;
    return true;
}

const struct refclock_driver refclock_shm = {.name = "SHM",
                                             .options = "perm= ",
                                             .open = shm_open_segment,
                                             .poll = shm_poll,
                                             .close = shm_close_segment};
