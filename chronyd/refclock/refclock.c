#include "chronyd/refclock/refclock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chronyd/refclock/median.h"
#include "chronyd/refclock/pulse.h"
#include "chronyd/refclock/steady.h"

#define LOCK_LIMIT 0.4      /* of the interval between pulses; spec chrony-conf section 6 */
#define UNLOCKED_LIMIT 0.5  /* the same without another refclock */
#define SHORTEST_LOG2 (-10) /* no device is asked more often */
#define SANE_S 4e9          /* larger offsets are nonsense, and would leave int64 nanoseconds */

static const char heading[] =
    "   Date (UTC) Time         Refid  DP L P  Raw offset   Cooked offset      Disp.";

struct refclock {
    struct refclocks *owner;
    struct refclock_settings settings;
    char name[5]; /* refid as text */
    uint32_t refid;
    int handle; /* of the world; -1 = not open */
    bool polled;
    struct source *source;
    struct steady *steady; /* option local; NULL = a usual source */
    struct refclock *lock; /* tells which second a pulse is; NULL = the clock does */
    struct median median;
    struct reading last; /* newest reading, for those that are locked to it */
    bool has_last;
    int readings; /* in this polling interval, refused ones included */
    struct timer timer;
    struct mono due;
    double asked, asks_per_poll;
};

struct refclocks {
    struct os os;
    struct timers *timers;
    const struct log *log;
    struct clock *clock;
    struct reference *ref;
    struct refclock *list;
    size_t count;
    double relabelled_s; /* by leap seconds that the readings have gone through */
    bool started;
    struct logfile *logfile;
};

/* --- log ------------------------------------------------------------------------------------ */

static char leap_letter(enum leap leap)
{
    return leap == LEAP_INSERT ? '+' : leap == LEAP_DELETE ? '-' : leap == LEAP_NORMAL ? 'N' : '?';
}

static double offset_now(const struct refclock *c, const struct reading *r)
{
    return utc_diff_s(r->truth, clock_corrected(c->owner->clock, r->at));
}

static int microseconds(struct utc t)
{
    return utc_calendar(t).ns / 1000;
}

static void log_reading(const struct refclock *c, const struct os_refclock_sample *s,
                        const struct reading *r)
{
    char when[20];

    logfile_write(c->owner->logfile, "%s.%06d %-5s %3d %c %d %13.6e %13.6e %10.3e",
                  logfile_time(s->stamp, when), microseconds(s->stamp), c->name, c->readings,
                  leap_letter(r->leap), s->pulse, s->offset_s, offset_now(c, r), r->dispersion_s);
}

static void log_combined(const struct refclock *c, const struct reading *r)
{
    struct utc when = clock_corrected(c->owner->clock, r->at);
    char text[20];

    logfile_write(c->owner->logfile, "%s.%06d %-5s   - %c -       -       %13.6e %10.3e",
                  logfile_time(when, text), microseconds(when), c->name, leap_letter(r->leap),
                  offset_now(c, r), r->dispersion_s);
}

/* --- readings ------------------------------------------------------------------------------- */

/* Not from the future, and not older than two polling intervals. */
static bool is_recent(const struct refclock *c, struct osc at)
{
    const struct clock *clock = c->owner->clock;
    double age_s = clock_interval_s(clock, at, clock_osc_now(clock));

    return age_s >= 0.0 && age_s <= ldexp(1.0, c->settings.poll + 1);
}

/* The truth of a clock that tells the whole time. */
static bool read_time(const struct refclock *c, const struct os_refclock_sample *s,
                      struct reading *r)
{
    if (s->leap < LEAP_NORMAL || s->leap >= LEAP_UNSYNCHRONISED)
        return false;
    r->leap = (enum leap)s->leap;
    r->truth = utc_add_s(s->stamp, s->offset_s + c->settings.offset_s);
    if (c->settings.tai) {
        int tai_s = reference_tai_offset(c->owner->ref, r->truth);

        /* The table is ordered by UTC: half a minute before a leap second TAI is beyond it. */
        tai_s = reference_tai_offset(c->owner->ref, utc_add_s(r->truth, -tai_s));
        if (tai_s == 0)
            return false;
        r->truth = utc_add_s(r->truth, -tai_s);
    }
    return true;
}

/* A pulse belongs to the second that the refclock it is locked to tells. */
static bool place_by_lock(const struct refclock *c, double offset_s, const struct reading *r,
                          enum leap *leap, double *placed_s)
{
    const struct refclock_settings *s = &c->settings;
    const struct pulse_rule rule = {1.0 / s->rate, s->width_s, LOCK_LIMIT};
    const struct reading *by = &c->lock->last;
    double age_s;

    if (!c->lock->has_last)
        return false;
    age_s = clock_interval_s(c->owner->clock, by->at, r->at);
    if (fabs(age_s) > s->max_lock_age * rule.interval_s)
        return false;
    *leap = by->leap;
    return pulse_place(&rule, offset_s, offset_now(c->lock, by), r->dispersion_s + by->dispersion_s,
                       placed_s);
}

/* A clock that runs freely continues its own line, whatever second that began with. */
static bool place_by_itself(const struct refclock *c, double offset_s, const struct reading *r,
                            double *placed_s)
{
    const struct refclock_settings *s = &c->settings;
    const struct pulse_rule rule = {1.0 / s->rate, s->width_s, LOCK_LIMIT};

    if (c->has_last && is_recent(c, c->last.at))
        return pulse_place(&rule, offset_s, offset_now(c, &c->last), r->dispersion_s, placed_s);
    steady_reset(c->steady);
    *placed_s = offset_s;
    return isfinite(offset_s);
}

/* Without a lock it is the second that our own clock shows, if that is known well enough. */
static bool place_by_clock(struct refclock *c, double offset_s, enum leap *leap, double *placed_s)
{
    const struct refclock_settings *s = &c->settings;
    const struct pulse_rule rule = {1.0 / s->rate, s->width_s, UNLOCKED_LIMIT};
    struct reference_figures f;
    double distance_s;

    reference_figures(c->owner->ref, &f);
    distance_s = f.root_delay_s / 2.0 + f.root_dispersion_s;
    if (!f.synchronised || !(distance_s < rule.limit * rule.interval_s)) {
        median_clear(&c->median);
        return false;
    }
    *leap = f.leap;
    return pulse_place(&rule, offset_s, 0.0, s->width_s > 0.0 ? distance_s : 0.0, placed_s);
}

static bool read_pulse(struct refclock *c, const struct os_refclock_sample *s, struct reading *r)
{
    struct utc corrected = clock_corrected(c->owner->clock, r->at);
    double offset_s = s->offset_s + c->settings.offset_s + utc_diff_s(s->stamp, corrected);
    double placed_s;

    if (c->steady) {
        if (!place_by_itself(c, offset_s, r, &placed_s))
            return false;
    } else if (c->lock ? !place_by_lock(c, offset_s, r, &r->leap, &placed_s)
                       : !place_by_clock(c, offset_s, &r->leap, &placed_s))
        return false;
    r->truth = utc_add_s(corrected, placed_s);
    return r->leap != LEAP_UNSYNCHRONISED;
}

static double precision_of(const struct refclock *c)
{
    return max_d(c->settings.precision_s, clock_precision_s(c->owner->clock));
}

static void take(struct refclock *c, const struct os_refclock_sample *told)
{
    struct os_refclock_sample s = *told;
    struct reading r = {.at = clock_osc(c->owner->clock, s.stamp)};

    s.pulse = s.pulse || c->settings.pps || c->settings.local;
    c->readings++;
    if (!(fabs(s.offset_s) < SANE_S) || !(s.dispersion_s >= 0.0) || !is_recent(c, r.at))
        return;
    r.dispersion_s = s.dispersion_s + precision_of(c);
    if (s.pulse ? !read_pulse(c, &s, &r) : !read_time(c, &s, &r))
        return;
    if (reference_in_leap_window(c->owner->ref, r.truth))
        return;
    log_reading(c, &s, &r);
    median_add(&c->median, &r);
    c->last = r;
    c->has_last = true;
}

/* A leap second calls all instants by other names, those of the readings at hand too. */
static void follow_labels(struct refclocks *rs)
{
    double by_s = reference_relabelled_s(rs->ref) - rs->relabelled_s;

    if (fabs(by_s) < 0.5)
        return;
    rs->relabelled_s += by_s;
    for (size_t i = 0; i < rs->count; i++) {
        struct refclock *c = &rs->list[i];

        median_relabel(&c->median, by_s);
        c->last.truth = utc_add_s(c->last.truth, by_s);
        if (c->steady)
            steady_relabel(c->steady, by_s);
    }
}

/* --- polls ---------------------------------------------------------------------------------- */

/* One polling interval is over: what it has brought goes to the source. */
static bool combine(struct refclock *c)
{
    const struct refclock_settings *s = &c->settings;
    struct clock_view view = clock_view(c->owner->clock);
    struct reading r;
    struct sample sample;
    bool any = median_combine(&c->median, &view, &r);

    median_clear(&c->median);
    c->readings = 0;
    if (!any || (s->max_dispersion_s > 0.0 && r.dispersion_s > s->max_dispersion_s))
        return false;
    log_combined(c, &r);
    if (c->steady) {
        source_update_reach(c->source, true);
        steady_update(c->steady, &r, ldexp(1.0, s->poll));
        return true;
    }
    sample = (struct sample){
        .at = r.at,
        .truth = r.truth,
        .delay_s = s->delay_s,
        .dispersion_s = r.dispersion_s,
        .root_delay_s = s->delay_s,
        .root_dispersion_s = r.dispersion_s,
        .offset_then_s = offset_now(c, &r),
    };
    source_update_reach(c->source, true);
    source_update_status(c->source, s->stratum, r.leap);
    source_add_sample(c->source, &sample);
    return true;
}

static double interval_s(const struct refclock *c)
{
    int log2_s = c->polled ? c->settings.driver_poll : c->settings.poll;

    return ldexp(1.0, log2_s > SHORTEST_LOG2 ? log2_s : SHORTEST_LOG2);
}

static void on_timer(void *ctx, struct mono now)
{
    struct refclock *c = ctx;
    struct refclocks *rs = c->owner;
    struct os_refclock_sample s;

    c->due = mono_add_s(c->due, interval_s(c));
    if (mono_before(c->due, now))
        c->due = mono_add_s(now, interval_s(c));
    timer_set(rs->timers, &c->timer, c->due);
    follow_labels(rs);
    if (c->polled && rs->os.ops->refclock_poll(rs->os.ctx, c->handle, &s))
        take(c, &s);
    if (++c->asked < c->asks_per_poll)
        return;
    c->asked = 0.0;
    if (!combine(c))
        source_update_reach(c->source, false);
}

bool refclocks_handle(struct refclocks *rs, const struct event *ev)
{
    if (!rs || ev->type != EVENT_REFCLOCK)
        return false;
    follow_labels(rs);
    for (size_t i = 0; i < rs->count && rs->started; i++) {
        if (rs->list[i].handle == ev->refclock.clock)
            take(&rs->list[i], &ev->refclock.sample);
    }
    return true;
}

void refclocks_start(struct refclocks *rs)
{
    if (!rs)
        return;
    rs->started = true;
    for (size_t i = 0; i < rs->count; i++) {
        struct refclock *c = &rs->list[i];

        c->asks_per_poll =
            c->polled ? max_d(ldexp(1.0, c->settings.poll) / interval_s(c), 1.0) : 1.0;
        c->due = mono_add_s(rs->os.ops->mono(rs->os.ctx), interval_s(c));
        timer_set(rs->timers, &c->timer, c->due);
    }
}

void refclocks_break(struct refclocks *rs)
{
    for (size_t i = 0; rs && i < rs->count; i++) {
        median_clear(&rs->list[i].median);
        rs->list[i].has_last = false;
        if (rs->list[i].steady)
            steady_reset(rs->list[i].steady);
    }
}

/* --- life ----------------------------------------------------------------------------------- */

/* The reference id unless one is given: "PPS0" to "PPS9", then "PP10". */
static void make_name(struct refclock *c, size_t index)
{
    const struct refclock_settings *s = &c->settings;
    unsigned number = (unsigned)(index % 100);

    if (s->refid[0])
        text_copy(c->name, sizeof(c->name), s->refid);
    else if (number < 10)
        text_format(c->name, sizeof(c->name), "%.3s%u", s->driver, number);
    else
        text_format(c->name, sizeof(c->name), "%.2s%u", s->driver, number);
    c->refid = 0;
    for (size_t i = 0, length = strlen(c->name); i < 4; i++)
        c->refid = c->refid << 8 | (i < length ? (uint8_t)c->name[i] : 0);
}

static struct refclock *find(struct refclocks *rs, const char *name)
{
    for (size_t i = 0; i < rs->count; i++)
        if (strcmp(rs->list[i].name, name) == 0)
            return &rs->list[i];
    return NULL;
}

static bool open_device(struct refclock *c, struct err *err)
{
    const struct os *os = &c->owner->os;
    const struct os_refclock_params params = {.driver = c->settings.driver,
                                              .parameter = c->settings.parameter,
                                              .options = c->settings.driver_options};

    if (!os->ops->refclock_open)
        return err_set(err, ERR_UNSUPPORTED, "There are no refclocks in this world");
    c->handle = os->ops->refclock_open(os->ctx, &params, &c->polled, err);
    return c->handle >= 0;
}

static bool add_source(struct refclock *c, const struct refclocks_settings *all,
                       struct sources *sources)
{
    const struct refclock_settings *s = &c->settings;
    const struct source_settings settings = {
        .kind = SOURCE_REFCLOCK,
        .select_options = s->select_options,
        .min_samples = s->min_samples >= 0 ? s->min_samples : all->min_samples,
        .max_samples = s->max_samples >= 0 ? s->max_samples : all->max_samples,
        .max_unreach = s->max_unreach,
        .asymmetry = 0.0, /* there is no path that could be */
    };
    const struct addr none = {0};

    c->source = sources_add(sources, &settings, NULL, &none, c->refid);
    return c->source != NULL;
}

static bool add(struct refclocks *rs, const struct refclocks_settings *all, size_t i,
                struct sources *sources, struct err *err)
{
    struct refclock *c = &rs->list[i];

    *c = (struct refclock){.owner = rs, .settings = all->list[i], .handle = -1};
    c->timer = (struct timer){.fire = on_timer, .ctx = c};
    median_init(&c->median, c->settings.filter_length);
    make_name(c, i);
    if (find(rs, c->name))
        return err_set(err, ERR_DUPLICATE, "Refclock refid %s is used twice", c->name);
    if (!open_device(c, err))
        return false;
    rs->count++;
    if (c->settings.local)
        c->steady = steady_create(rs->clock);
    return ((c->steady || !c->settings.local) && add_source(c, all, sources)) || err_no_memory(err);
}

static void find_locks(struct refclocks *rs)
{
    for (size_t i = 0; i < rs->count; i++) {
        struct refclock *c = &rs->list[i];

        if (!c->settings.lock[0])
            continue;
        c->lock = find(rs, c->settings.lock);
        if (!c->lock)
            log_warning(rs->log, "Invalid lock refid %s", c->settings.lock);
    }
}

struct refclocks *refclocks_create(const struct os *os, struct timers *timers,
                                   const struct log *log, struct clock *clock,
                                   struct reference *ref, struct sources *sources,
                                   const struct refclocks_settings *settings, struct err *err)
{
    struct refclocks *rs = calloc(1, sizeof(*rs));

    if (rs)
        rs->list = calloc(settings->count ? settings->count : 1, sizeof(*rs->list));
    if (!rs || !rs->list) {
        free(rs);
        (void)err_no_memory(err);
        return NULL;
    }
    rs->os = *os;
    rs->timers = timers;
    rs->log = log;
    rs->clock = clock;
    rs->ref = ref;
    for (size_t i = 0; i < settings->count; i++) {
        if (!add(rs, settings, i, sources, err)) {
            refclocks_destroy(rs);
            return NULL;
        }
    }
    find_locks(rs);
    if (settings->log && rs->count > 0)
        rs->logfile = logfile_create(os, log, &settings->logs, "refclocks", heading);
    return rs;
}

void refclocks_destroy(struct refclocks *rs)
{
    if (!rs)
        return;
    for (size_t i = 0; i < rs->count; i++) {
        timer_cancel(rs->timers, &rs->list[i].timer);
        rs->os.ops->refclock_close(rs->os.ctx, rs->list[i].handle);
        steady_destroy(rs->list[i].steady);
    }
    logfile_destroy(rs->logfile);
    free(rs->list);
    free(rs);
}

bool refclocks_all_silent(const struct refclocks *rs)
{
    for (size_t i = 0; rs && i < rs->count; i++)
        if (source_reach(rs->list[i].source) ||
            source_reach_polls(rs->list[i].source) < SOURCE_REACH_BITS)
            return false;
    return true;
}

int refclocks_poll_log2(const struct refclocks *rs, uint32_t refid)
{
    for (size_t i = 0; rs && i < rs->count; i++)
        if (rs->list[i].refid == refid)
            return rs->list[i].settings.poll;
    return 0;
}

bool refclocks_set_offset(struct refclocks *rs, uint32_t refid, double offset_s)
{
    for (size_t i = 0; rs && i < rs->count; i++) {
        if (rs->list[i].refid == refid) {
            rs->list[i].settings.offset_s = offset_s;
            return true;
        }
    }
    return false;
}

void refclocks_cycle_logs(struct refclocks *rs)
{
    if (rs)
        logfile_cycle(rs->logfile);
}
