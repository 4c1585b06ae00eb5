/* os_device.c - struct os of a simulated node: real-time clock and reference clocks. */
#include "test/simulation/devices.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "test/simulation/os_parts.h"

#define COPY_INTERVAL_NS (660 * NS_PER_S)

/* --- the real-time clock ---------------------------------------------------------------------- */

int64_t rtc_now_ns(const struct node *n)
{
    const struct world *w = n->world;

    /* It knows nothing of leap seconds. */
    return w->truth.epoch_ns + w->now_ns + n->rtc.offset_ns +
           (int64_t)floor((double)w->now_ns * n->rtc.freq);
}

static void next_tick(struct node *n)
{
    int64_t part_ns = rtc_now_ns(n) % NS_PER_S;
    double wait_ns = ceil((double)(NS_PER_S - part_ns) / (1.0 + n->rtc.freq));

    queue_set(&n->world->queue, &n->rtc.tick, n->world->now_ns + (int64_t)wait_ns);
}

void rtc_set_ns(struct node *n, int64_t shows_ns)
{
    n->rtc.offset_ns += shows_ns - rtc_now_ns(n);
    n->rtc.settings++;
    if (n->rtc.ticking)
        next_tick(n);
    world_note(n->world, n, "rtc", &shows_ns, sizeof(shows_ns), "set, %+.6f s from the truth",
               (double)(shows_ns - truth_utc_ns(&n->world->truth, n->world->now_ns)) * 1e-9);
}

/* The second that began with the last tick. A tick may come a moment early in our arithmetic. */
static struct utc_calendar rtc_shows(const struct node *n)
{
    struct utc now = {rtc_now_ns(n) + 1000};
    struct utc_calendar c = utc_calendar(now);

    if (n->rtc.local) {
        time_t seconds = (time_t)(now.ns / NS_PER_S);
        struct tm tm;

        localtime_r(&seconds, &tm);
        c = (struct utc_calendar){.year = tm.tm_year + 1900,
                                  .month = tm.tm_mon + 1,
                                  .day = tm.tm_mday,
                                  .hour = tm.tm_hour,
                                  .minute = tm.tm_min,
                                  .second = tm.tm_sec};
    }
    c.ns = 0;
    return c;
}

static int64_t rtc_from_calendar(const struct node *n, const struct utc_calendar *c)
{
    int64_t s = days_from_civil(c->year, c->month, c->day) * 86400 + c->hour * 3600 +
                c->minute * 60 + c->second;

    if (n->rtc.local) {
        struct tm tm = {.tm_year = c->year - 1900,
                        .tm_mon = c->month - 1,
                        .tm_mday = c->day,
                        .tm_hour = c->hour,
                        .tm_min = c->minute,
                        .tm_sec = c->second,
                        .tm_isdst = -1};

        s = (int64_t)mktime(&tm);
    }
    return s * NS_PER_S;
}

static void rtc_ticks_now(struct world *w, struct happening *h)
{
    struct node *n = CONTAINER_OF(h, struct node, rtc.tick);
    struct event ev = {.type = EVENT_RTC_TICK};

    next_tick(n);
    if (n->halted) /* interrupts of a machine that stands still are lost */
        return;
    ev.rtc.shows = rtc_shows(n);
    ev.rtc.stamp.ns = simclock_raw(&n->clock, w->now_ns);
    node_give(n, &ev, NULL);
}

static bool no_rtc(const struct node *n, const char *device, struct err *err)
{
    if (n->rtc.present && (!device || strcmp(device, "/dev/rtc") == 0))
        return false;
    err_set_sys(err, ERR_MISSING, ENOENT, "Could not open %s", device ? device : "the RTC");
    return true;
}

bool sim_rtc_open(void *ctx, const char *device, struct err *err)
{
    return !no_rtc(ctx, device, err);
}

void sim_rtc_close(void *ctx)
{
    struct node *n = ctx;

    n->rtc.ticking = false;
    queue_cancel(&n->world->queue, &n->rtc.tick);
}

bool sim_rtc_ticks(void *ctx, bool on, struct err *err)
{
    struct node *n = ctx;

    if (no_rtc(n, NULL, err))
        return false;
    n->rtc.ticking = on;
    n->rtc.tick.fire = rtc_ticks_now;
    if (on)
        next_tick(n);
    else
        queue_cancel(&n->world->queue, &n->rtc.tick);
    return true;
}

/* As a CMOS clock: the next second begins half a second after it was set. */
bool sim_rtc_set(void *ctx, const struct utc_calendar *to, struct err *err)
{
    struct node *n = ctx;

    if (n->dying)
        return true;
    if (no_rtc(n, NULL, err))
        return false;
    rtc_set_ns(n, rtc_from_calendar(n, to) + NS_PER_S / 2);
    return true;
}

/* Nobody can wait here: the tick that lies behind tells the same as the one to come. */
bool sim_rtc_read(void *ctx, const char *device, struct utc_calendar *shows, struct utc *stamp,
                  struct err *err)
{
    struct node *n = ctx;
    int64_t since_ns;

    if (no_rtc(n, device, err))
        return false;
    *shows = rtc_shows(n);
    since_ns = rtc_now_ns(n) % NS_PER_S;
    stamp->ns = simclock_raw(&n->clock, n->world->now_ns) -
                (int64_t)((double)since_ns * (1.0 + n->clock.slope - n->rtc.freq));
    return true;
}

static void copy_time(struct world *w, struct happening *h)
{
    struct node *n = CONTAINER_OF(h, struct node, rtc.copy);

    if (!n->kernel_synchronised)
        return;
    if (!n->halted)
        rtc_set_ns(n, simclock_exact(&n->clock, w->now_ns));
    queue_set(&w->queue, h, w->now_ns + COPY_INTERVAL_NS);
}

void rtc_follow_kernel(struct node *n)
{
    n->rtc.copy.fire = copy_time;
    if (n->rtc.present && n->kernel_synchronised && !happening_is_set(&n->rtc.copy))
        queue_set(&n->world->queue, &n->rtc.copy, n->world->now_ns + COPY_INTERVAL_NS);
}

/* --- reference clocks ------------------------------------------------------------------------- */

void refclock_law_defaults(struct refclock_law *law)
{
    *law = (struct refclock_law){.every_s = 1.0, .leap = -1};
}

struct sim_refclock *node_refclock(struct node *n, const char *driver, const char *parameter)
{
    struct sim_refclock *c = n->refclocks;

    while (c && (strcmp(c->driver, driver) != 0 || strcmp(c->parameter, parameter) != 0))
        c = c->next;
    return c;
}

struct sim_refclock *node_add_refclock(struct node *n, const char *driver, const char *parameter)
{
    struct sim_refclock *c = calloc(1, sizeof(*c));

    assert(c);
    c->node = n;
    c->handle = n->refclocks ? n->refclocks->handle + 1 : 0;
    text_copy(c->driver, sizeof(c->driver), driver);
    text_copy(c->parameter, sizeof(c->parameter), parameter);
    refclock_law_defaults(&c->law);
    c->law.pulse = strcmp(driver, "PPS") == 0;
    rng_seed(&c->rng, n->world->seed, RNG_DEVICE, (uint64_t)n->index << 8 | (uint64_t)c->handle);
    c->next = n->refclocks;
    n->refclocks = c;
    return c;
}

void node_free_devices(struct node *n)
{
    while (n->refclocks) {
        struct sim_refclock *c = n->refclocks;

        n->refclocks = c->next;
        queue_cancel(&n->world->queue, &c->next_sample);
        queue_cancel(&n->world->queue, &c->second_edge);
        free(c);
    }
    queue_cancel(&n->world->queue, &n->rtc.tick);
    queue_cancel(&n->world->queue, &n->rtc.copy);
    free(n->sensor_path);
    n->sensor_path = NULL;
}

/* Between -0.5 and 0.5. */
static double fraction_s(int64_t ns)
{
    int64_t part_ns = ns % NS_PER_S;

    return (double)(part_ns < NS_PER_S / 2 ? part_ns : part_ns - NS_PER_S) * 1e-9;
}

/* What the device says about this instant. */
static void make_sample(struct sim_refclock *c)
{
    struct node *n = c->node;
    struct world *w = n->world;
    const struct refclock_law *law = &c->law;
    double error_s = law->offset_s + law->drift * (double)w->now_ns * 1e-9;
    int64_t raw_ns = simclock_raw(&n->clock, w->now_ns);

    if (law->wander_s != 0.0)
        c->walk_s += law->wander_s * rng_normal(&c->rng);
    error_s += c->walk_s;
    if (law->jitter_s != 0.0)
        error_s += law->jitter_s * rng_normal(&c->rng);
    if (rng_chance(&c->rng, law->outlier_chance))
        error_s += rng_chance(&c->rng, 0.5) ? law->outlier_s : -law->outlier_s;
    error_s -= delay_draw(&law->late, &c->rng, w->now_ns);
    if (law->tai)
        error_s += world_tai_offset(w);
    c->sample = (struct os_refclock_sample){.stamp = {raw_ns},
                                            .dispersion_s = law->dispersion_s,
                                            .leap = law->leap >= 0 ? law->leap : world_leap(w),
                                            .pulse = law->pulse};
    if (law->pulse) /* a second began: the driver takes the nearest one of the system clock */
        error_s -= fraction_s(raw_ns);
    else
        error_s += (double)(truth_utc_ns(&w->truth, w->now_ns) - raw_ns) * 1e-9;
    c->sample.offset_s = error_s;
    c->fresh = true;
}

static void tell(struct sim_refclock *c)
{
    struct event ev = {.type = EVENT_REFCLOCK};

    if (strcmp(c->driver, "SOCK") != 0)
        return;
    ev.refclock.clock = c->handle;
    ev.refclock.sample = c->sample;
    c->fresh = false;
    node_give(c->node, &ev, NULL);
}

/* The other edge of the pulse, which the driver takes for a pulse too. */
static void edge_due(struct world *w, struct happening *h)
{
    struct sim_refclock *c = CONTAINER_OF(h, struct sim_refclock, second_edge);

    (void)w;
    if (c->law.silent || c->node->halted)
        return;
    make_sample(c);
    tell(c);
}

static void arm_sample(struct sim_refclock *c)
{
    struct world *w = c->node->world;
    int64_t every_ns = ns_from_s(c->law.every_s);

    queue_set(&w->queue, &c->next_sample, (w->now_ns / every_ns + 1) * every_ns);
}

static void sample_due(struct world *w, struct happening *h)
{
    struct sim_refclock *c = CONTAINER_OF(h, struct sim_refclock, next_sample);

    arm_sample(c);
    if (c->law.silent || c->node->halted)
        return;
    make_sample(c);
    tell(c);
    if (c->law.width_s > 0.0)
        queue_set(&w->queue, &c->second_edge, w->now_ns + ns_from_s(c->law.width_s));
}

static bool is_read(const struct sim_refclock *c)
{
    return strcmp(c->driver, "PHC") == 0 || strcmp(c->driver, "RTC") == 0;
}

int sim_refclock_open(void *ctx, const struct os_refclock_params *params, bool *polled,
                      struct err *err)
{
    struct node *n = ctx;
    struct sim_refclock *c = node_refclock(n, params->driver, params->parameter);

    if (!c) {
        err_set_sys(err, ERR_MISSING, ENOENT, "Could not open %s device %s", params->driver,
                    params->parameter);
        return -1;
    }
    c->open = true;
    c->fresh = false;
    c->next_sample.fire = sample_due;
    c->second_edge.fire = edge_due;
    *polled = strcmp(c->driver, "SOCK") != 0;
    if (!is_read(c))
        arm_sample(c);
    return c->handle;
}

static struct sim_refclock *by_handle(struct node *n, int handle)
{
    struct sim_refclock *c = n->refclocks;

    while (c && c->handle != handle)
        c = c->next;
    return c;
}

bool sim_refclock_poll(void *ctx, int clock, struct os_refclock_sample *out)
{
    struct sim_refclock *c = by_handle(ctx, clock);

    if (is_read(c) && !c->law.silent)
        make_sample(c);
    if (!c->fresh)
        return false;
    c->fresh = false;
    *out = c->sample;
    return true;
}

void sim_refclock_close(void *ctx, int clock)
{
    struct node *n = ctx;
    struct sim_refclock *c = by_handle(n, clock);

    if (!c)
        return;
    c->open = false;
    queue_cancel(&n->world->queue, &c->next_sample);
    queue_cancel(&n->world->queue, &c->second_edge);
}
