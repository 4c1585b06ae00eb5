#include "chronyd/ntp/hwstamps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chronyd/ntp/hwclock.h"
#include "chronyd/ntp/room.h"

/* A kernel's stamp is better than one of an interface whose clock is known less well. */
#define ERROR_USEFUL_S 5e-5
/* How much later than the interface the kernel stamps what comes in at most (and earlier what
 * leaves), and by how much it may seem to be the other way round. */
#define KERNEL_LATE_MAX_S 0.05
#define KERNEL_EARLY_MAX_S 1e-4
/* The daemon itself may have had to wait for its turn. */
#define DAEMON_LATE_MAX_S 1.0

struct port {
    struct hwstamps *owner;
    struct hwtimestamp_settings settings;
    char name[OS_INTERFACE_NAME_MAX];
    struct os_hwstamp_port world;
    struct hwclock *clock;
    struct timer timer;
    struct mono read_at; /* the clock */
};

struct hwstamps {
    struct ntp_room *room;
    struct port ports[OS_HWSTAMP_PORTS_MAX];
    size_t count;
};

/* --- the interfaces' clocks ------------------------------------------------------------------ */

/* Seldom while nobody needs it: reading takes a while. Use brings the next reading forward. */
static void read_clock(void *ctx, struct mono now)
{
    struct port *p = ctx;
    struct ntp_room *room = p->owner->room;
    struct os_hwclock_reading r;
    int poll;

    p->read_at = now;
    if (room->os.ops->hwclock_read(room->os.ctx, p->world.clock, &r))
        hwclock_add(p->clock, clock_osc(room->clock, r.stamp), r.clock_ns,
                    max_d(r.error_s, p->settings.precision_s));
    poll = hwclock_ready(p->clock) ? p->settings.maxpoll : p->settings.minpoll;
    timer_set(room->timers, &p->timer, mono_add_s(now, ldexp(1.0, poll)));
}

static void note_use(struct port *p)
{
    struct ntp_room *room = p->owner->room;
    struct mono at = mono_add_s(p->read_at, ldexp(1.0, p->settings.minpoll));
    struct mono now = room_mono(room);

    if (mono_before(at, now))
        at = now;
    if (!timer_is_set(&p->timer) || mono_before(at, p->timer.at))
        timer_set(room->timers, &p->timer, at);
}

/* --- enabling -------------------------------------------------------------------------------- */

static bool is_enabled(const struct hwstamps *h, const char *name)
{
    for (size_t i = 0; i < h->count; i++) {
        if (strcmp(h->ports[i].name, name) == 0)
            return true;
    }
    return false;
}

static bool enable(struct hwstamps *h, const char *name, const struct hwtimestamp_settings *s,
                   struct err *err)
{
    struct ntp_room *room = h->room;
    const struct os_hwstamp_params params = {name, s->rx_filter, s->no_cross_stamps};
    struct port *p = &h->ports[h->count];

    if (is_enabled(h, name))
        return true;
    if (h->count == OS_HWSTAMP_PORTS_MAX)
        return err_set(err, ERR_LIMIT, "Too many interfaces");
    if (!room->os.ops->hwstamp_enable)
        return err_set(err, ERR_UNSUPPORTED, "HW timestamping is not supported here");
    *p = (struct port){.owner = h, .settings = *s};
    if (!text_copy(p->name, sizeof(p->name), name))
        return err_set(err, ERR_RANGE, "No such interface");
    p->clock = hwclock_create(s->min_samples, s->max_samples);
    if (!p->clock)
        return err_no_memory(err);
    if (!room->os.ops->hwstamp_enable(room->os.ctx, &params, &p->world, err)) {
        hwclock_destroy(p->clock);
        return false;
    }
    h->count++;
    p->timer = (struct timer){.fire = read_clock, .ctx = p};
    log_info(room->log, "Enabled HW timestamping %son %s", p->world.receives ? "" : "(TX only) ",
             name);
    read_clock(p, room_mono(room));
    return true;
}

static void enable_all(struct hwstamps *h, const struct hwtimestamp_settings *s)
{
    const struct os *os = &h->room->os;
    char names[OS_HWSTAMP_PORTS_MAX][OS_INTERFACE_NAME_MAX];
    size_t count = os->ops->interfaces ? os->ops->interfaces(os->ctx, names, ARRAY_LEN(names)) : 0;
    struct err err;

    for (size_t i = 0; i < count; i++) {
        if (!enable(h, names[i], s, &err))
            log_debug(h->room->log, "Could not enable HW timestamping on %s: %s", names[i],
                      err.text);
    }
    if (h->count == 0)
        log_warning(h->room->log, "No interface can take HW timestamps");
}

struct hwstamps *hwstamps_create(struct ntp_room *room, const struct hwtimestamp_settings *list,
                                 size_t count, struct err *err)
{
    struct hwstamps *h = calloc(1, sizeof(*h));
    const struct hwtimestamp_settings *all = NULL;
    struct err why;

    if (!h) {
        err_no_memory(err);
        return NULL;
    }
    h->room = room;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].interface, "*") == 0) {
            all = all ? all : &list[i];
        } else if (!enable(h, list[i].interface, &list[i], &why)) {
            log_error(room->log, "%s: %s", list[i].interface, why.text);
            err_set(err, why.code, "Could not enable HW timestamping on %s", list[i].interface);
            hwstamps_destroy(h);
            return NULL;
        }
    }
    if (all)
        enable_all(h, all);
    return h;
}

void hwstamps_destroy(struct hwstamps *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->count; i++) {
        timer_cancel(h->room->timers, &h->ports[i].timer);
        hwclock_destroy(h->ports[i].clock);
    }
    free(h);
}

void hwstamps_break(struct hwstamps *h)
{
    for (size_t i = 0; h && i < h->count; i++) {
        struct port *p = &h->ports[i];

        hwclock_reset(p->clock);
        timer_set(h->room->timers, &p->timer, room_mono(h->room));
    }
}

/* --- stamps ---------------------------------------------------------------------------------- */

static struct port *port_of(struct hwstamps *h, const struct os_hw_stamp *hw)
{
    for (size_t i = 0; h && hw->clock != 0 && i < h->count; i++) {
        if (h->ports[i].world.clock == hw->clock)
            return &h->ports[i];
    }
    return NULL;
}

/* The system clock at a stamp, and how much later (seconds) something else happened. */
static bool convert(struct port *p, int64_t clock_ns, double later_s, struct departure *out)
{
    const struct clock_view view = clock_view(p->owner->room->clock);
    struct osc at;

    note_use(p);
    if (!hwclock_convert(p->clock, clock_ns, &at, &out->error_s) || out->error_s > ERROR_USEFUL_S)
        return false;
    out->at = clock_view_raw(&view, osc_add_s(at, later_s));
    out->by = STAMP_HARDWARE;
    return true;
}

/* Between the interface and whoever else stamped the packet lies a wait, and not a long one: else
 * the interface's clock is not what its line says. */
static bool is_credible(double late_s, enum os_stamp other)
{
    double most_s = other == STAMP_DAEMON ? DAEMON_LATE_MAX_S : KERNEL_LATE_MAX_S;

    return late_s <= most_s && late_s >= -KERNEL_EARLY_MAX_S;
}

void hwstamps_receive(struct hwstamps *h, struct os_datagram *d)
{
    struct port *p = port_of(h, &d->hw);
    struct departure got;

    /* NTP's receive time is the end of the packet, which is when the kernel gets it (and what makes
     * both directions alike); interfaces stamp its beginning. */
    if (!p || !convert(p, d->hw.ns, d->hw.frame_s - p->settings.rx_comp_s, &got))
        return;
    if (!is_credible(utc_diff_s(d->stamp, got.at), d->stamp_by))
        return;
    d->stamp = got.at;
    d->stamp_by = got.by;
    d->stamp_error_s = got.error_s;
}

void hwstamps_sent(struct hwstamps *h, const struct event *ev, struct departure *out)
{
    struct port *p = port_of(h, &ev->send_stamp.hw);
    struct departure got;
    double late_s;

    *out = (struct departure){.at = ev->send_stamp.stamp, .by = ev->send_stamp.stamp_by};
    if (!p || !convert(p, ev->send_stamp.hw.ns, p->settings.tx_comp_s, &got))
        return;
    late_s = utc_diff_s(got.at, ev->send_stamp.stamp);
    /* Alone, it is told after the fact. */
    if (ev->send_stamp.stamp_by == STAMP_DAEMON)
        late_s = -late_s;
    if (is_credible(late_s, ev->send_stamp.stamp_by))
        *out = got;
}

bool hwstamps_expected(const struct hwstamps *h, int interface)
{
    for (size_t i = 0; h && i < h->count; i++) {
        const struct port *p = &h->ports[i];

        /* One alone may lie below another interface (a VLAN, a bond). */
        if ((interface == 0 || h->count == 1 || p->world.interface == interface) &&
            hwclock_ready(p->clock))
            return true;
    }
    return false;
}
