/* refclock_pps.c - the kernel's timestamps of pulses (RFC 2783). */
#include "chronyd/os/linux/refclock.h"
#include "features.h"

#ifdef HAVE_PPS
#include <linux/pps.h>
#include <string.h>
#include <sys/ioctl.h>

/* Asks for the wanted edge, and for times in seconds and nanoseconds. */
static bool set_mode(const struct refclock_device *d, struct err *err)
{
    const int edge = d->falling ? PPS_CAPTURECLEAR : PPS_CAPTUREASSERT;
    struct pps_kparams params;
    int abilities = 0;

    if (ioctl(d->fd, PPS_GETCAP, &abilities) < 0)
        return err_from_errno(err, "%s is no PPS device", d->parameter);
    if (!(abilities & edge))
        return err_set(err, ERR_UNSUPPORTED, "PPS device %s cannot capture the %s edge",
                       d->parameter, d->falling ? "clear" : "assert");
    memset(&params, 0, sizeof params);
    if (ioctl(d->fd, PPS_GETPARAMS, &params) == 0) {
        bool captures = params.mode & edge; /* somebody has set it up */

        params.mode |= edge | PPS_TSFMT_TSPEC;
        if (ioctl(d->fd, PPS_SETPARAMS, &params) == 0 || captures)
            return true;
    }
    return err_from_errno(err, "Could not set up PPS device %s", d->parameter);
}

static bool pps_open(struct world *w, struct refclock_device *d, const char *options,
                     struct err *err)
{
    char buf[64];

    (void)w;
    d->falling = refclock_option(options, "clear", buf, sizeof buf) != NULL;
    return refclock_open_device(d, "PPS", err) && set_mode(d, err);
}

static bool pps_poll(struct refclock_device *d, struct os_refclock_sample *out)
{
    struct pps_fdata fetched;
    const struct pps_ktime *t;
    uint32_t sequence;

    memset(&fetched, 0, sizeof fetched); /* a timeout of zero: the newest, without waiting */
    if (ioctl(d->fd, PPS_FETCH, &fetched) < 0)
        return false;
    t = d->falling ? &fetched.info.clear_tu : &fetched.info.assert_tu;
    sequence = d->falling ? fetched.info.clear_sequence : fetched.info.assert_sequence;
    if ((d->has_sequence && sequence == d->sequence) || t->nsec < 0 || t->nsec >= NS_PER_S ||
        (t->sec == 0 && t->nsec == 0))
        return false;
    d->has_sequence = true;
    d->sequence = sequence;
    out->stamp.ns = t->sec * NS_PER_S + t->nsec;
    out->offset_s = s_from_ns(t->nsec < NS_PER_S / 2 ? -t->nsec : NS_PER_S - t->nsec);
    out->pulse = true;
    return true;
}
#else
static bool pps_open(struct world *w, struct refclock_device *d, const char *options,
                     struct err *err)
{
    (void)w;
    (void)d;
    (void)options;
    return err_set(err, ERR_UNSUPPORTED, "Refclock driver PPS is not compiled in");
}

#define pps_poll NULL
#endif

const struct refclock_driver refclock_pps = {
    .name = "PPS", .options = "clear ", .open = pps_open, .poll = pps_poll};
