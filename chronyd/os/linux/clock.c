/* clock.c - reading and steering the kernel's clock with adjtimex().
 *
 * The kernel adds two rates: that of the tick, in steps of 100 ppm, and the frequency, up to
 * 500 ppm in units of 2^-16 ppm. Together they reach 100000 ppm either way. Both are set with one
 * call, so that no moment has the one without the other. */
#include <math.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "chronyd/os/linux/internal.h"

#define MAX_RATE_PPM 100000.0
/* Up to here the tick stays at its nominal length; the kernel's limit is 500 ppm. */
#define FREQ_ALONE_PPM 450.0
#define FREQ_UNITS_PER_PPM 65536.0
/* The kernel declares a clock unsynchronised when its announced error exceeds this. */
#define MAX_ERROR_US 16000000.0
#define RESOLUTION_READINGS 1000

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;

    if (clock_gettime(id, &ts) < 0)
        return 0;
    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

struct mono world_mono(void *ctx)
{
    (void)ctx;
    return (struct mono){read_clock(CLOCK_MONOTONIC)};
}

struct utc world_utc(void *ctx)
{
    (void)ctx;
    return (struct utc){read_clock(CLOCK_REALTIME)};
}

double world_suspended_s(void *ctx)
{
    const struct world *w = ctx;
    struct timespec boot;
    int64_t mono;

    if (w->restricted || clock_gettime(CLOCK_BOOTTIME, &boot) < 0)
        return -1.0;
    mono = read_clock(CLOCK_MONOTONIC);
    return s_from_ns((int64_t)boot.tv_sec * NS_PER_S + boot.tv_nsec - mono);
}

/* The smallest step seen, or what a reading takes: the clock's precision in the sense of RFC 5905
 * section 7.3. The count is bounded, for a clock that stands still while we compute. */
static double measure_resolution(void)
{
    int64_t last = read_clock(CLOCK_REALTIME), smallest = NS_PER_S;

    for (int i = 0; i < RESOLUTION_READINGS; i++) {
        int64_t now = read_clock(CLOCK_REALTIME);

        if (now > last && now - last < smallest)
            smallest = now - last;
        last = now;
    }
    return smallest < NS_PER_S ? s_from_ns(smallest) : 1e-6;
}

static double rate_from_timex(const struct world_clock *c, const struct timex *tx)
{
    return (double)(tx->tick - c->tick_nominal) * c->ppm_per_tick +
           (double)tx->freq / FREQ_UNITS_PER_PPM;
}

/* Whether we may set the clock shows only in trying: capabilities do not tell of a filter or of a
 * user namespace around us. Setting the frequency that is there changes nothing. */
void clock_init(struct world *w, bool wanted)
{
    struct world_clock *c = &w->clock;
    struct timex tx = {0};
    long hz = sysconf(_SC_CLK_TCK);

    if (hz <= 0)
        hz = 100;
    c->resolution_s = measure_resolution();
    c->tick_nominal = (1000000 + hz / 2) / hz;
    c->ppm_per_tick = (double)hz;
    if (adjtimex(&tx) < 0)
        return;
    c->rate_ppm = rate_from_timex(c, &tx);
    if (!wanted)
        return;
    tx = (struct timex){.modes = ADJ_FREQUENCY, .freq = tx.freq};
    c->control = adjtimex(&tx) >= 0;
}

void world_clock_info(void *ctx, struct os_clock_info *out)
{
    const struct world *w = ctx;
    struct timex tx = {0};

    *out = (struct os_clock_info){.may_set = w->clock.control,
                                  .max_rate_ppm = MAX_RATE_PPM,
                                  .rate_ppm = w->clock.rate_ppm,
                                  .resolution_s = w->clock.resolution_s};
    /* Asked anew, for another program may have set it. */
    if (adjtimex(&tx) >= 0 && tx.tick > 0)
        out->rate_ppm = rate_from_timex(&w->clock, &tx);
}

/* What another program left running in the kernel would pull at the clock beside us: a slew of
 * adjtime(), and the phase-locked loop with its remaining offset. Errors do not matter: what is not
 * there cannot be stopped. */
static void stop_kernel_loops(struct world_clock *c)
{
    struct timex tx = {.modes = ADJ_OFFSET_SINGLESHOT};

    (void)adjtimex(&tx);
    tx = (struct timex){0};
    if (adjtimex(&tx) >= 0 && tx.offset != 0) {
        tx = (struct timex){.modes = ADJ_OFFSET | ADJ_STATUS, .status = STA_PLL | STA_UNSYNC};
        (void)adjtimex(&tx);
    }
    tx = (struct timex){.modes = ADJ_STATUS, .status = STA_UNSYNC};
    (void)adjtimex(&tx);
    c->prepared = true;
}

bool world_set_rate(void *ctx, double rate_ppm, double *applied_ppm, struct err *err)
{
    struct world *w = ctx;
    struct world_clock *c = &w->clock;
    struct timex tx = {.modes = ADJ_TICK | ADJ_FREQUENCY};
    double asked_ppm;
    long steps = 0;

    if (!c->control)
        return err_set(err, ERR_PERMISSION, "No permission to adjust the system clock");
    if (!c->prepared)
        stop_kernel_loops(c);
    rate_ppm = clamp_d(rate_ppm, -MAX_RATE_PPM, MAX_RATE_PPM);
    if (fabs(rate_ppm) > FREQ_ALONE_PPM)
        steps = lround(rate_ppm / c->ppm_per_tick);
    tx.tick = c->tick_nominal + steps;
    tx.freq = lround((rate_ppm - (double)steps * c->ppm_per_tick) * FREQ_UNITS_PER_PPM);
    asked_ppm = rate_from_timex(c, &tx);
    if (adjtimex(&tx) < 0)
        return err_from_errno(err, "Could not adjust the system clock");
    /* The kernel answers with what is in force; it may have clamped what we asked for. */
    c->rate_ppm = tx.tick > 0 ? rate_from_timex(c, &tx) : asked_ppm;
    if (applied_ppm)
        *applied_ppm = c->rate_ppm;
    return true;
}

/* ADJ_SETOFFSET moves the clock without a reading in between; where it is missing, the time between
 * reading and setting is lost. */
bool world_step(void *ctx, double offset_s, struct err *err)
{
    struct world *w = ctx;
    int64_t ns = ns_from_s(offset_s), now;
    int64_t seconds = ns / NS_PER_S - (ns % NS_PER_S < 0);
    struct timex tx = {.modes = ADJ_SETOFFSET | ADJ_NANO};
    struct timespec ts;

    if (!w->clock.control)
        return err_set(err, ERR_PERMISSION, "No permission to set the system clock");
    tx.time.tv_sec = (time_t)seconds;
    tx.time.tv_usec = (suseconds_t)(ns - seconds * NS_PER_S); /* nanoseconds with ADJ_NANO */
    if (adjtimex(&tx) >= 0)
        return true;
    now = ns_add(read_clock(CLOCK_REALTIME), ns);
    seconds = now / NS_PER_S - (now % NS_PER_S < 0);
    ts = (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)(now - seconds * NS_PER_S)};
    if (clock_settime(CLOCK_REALTIME, &ts) < 0)
        return err_from_errno(err, "Could not step the system clock");
    return true;
}

bool world_set_clock_status(void *ctx, const struct os_clock_status *status, struct err *err)
{
    struct world *w = ctx;
    struct timex tx = {.modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR};

    if (!w->clock.control)
        return err_set(err, ERR_PERMISSION, "No permission to set the system clock's status");
    tx.status = status->synchronised ? 0 : STA_UNSYNC;
    if (status->leap == OS_LEAP_INSERT)
        tx.status |= STA_INS;
    if (status->leap == OS_LEAP_DELETE)
        tx.status |= STA_DEL;
    tx.maxerror = lround(clamp_d(status->max_error_s * 1e6, 0.0, MAX_ERROR_US));
    tx.esterror = lround(clamp_d(status->est_error_s * 1e6, 0.0, MAX_ERROR_US));
    if (status->tai_offset_s != 0) {
        tx.modes |= ADJ_TAI;
        tx.constant = status->tai_offset_s;
    }
    if (adjtimex(&tx) < 0)
        return err_from_errno(err, "Could not set the system clock's status");
    return true;
}
