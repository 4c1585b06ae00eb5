/* sources.c - the registry of sources: who is there, reachability, samples, reports. */
#include "chronyd/reference/sources.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chronyd/reference/private.h"
#include "chronyd/reference/sources_private.h"

/* A frequency that was right when it was written may have moved by this since: another temperature,
 * another calibration at boot. */
#define PRIOR_SKEW_START_PPM 5.0
#define PRIOR_SKEW_LEAST_PPM 0.1

static void labels_moved(void *ctx, double offset_s);

struct sources *sources_create(const struct os *os, const struct log *log, struct clock *clock,
                               struct reference *ref, const struct sources_settings *settings)
{
    struct sources *ss = calloc(1, sizeof(*ss));

    assert(ss);
    ss->os = *os;
    ss->log = log;
    ss->clock = clock;
    ss->ref = ref;
    ss->settings = *settings;
    ss->settings.select.max_clock_error = clock_max_error_rate(clock);
    ss->selection.selected = -1;
    sources_open_logs(ss);
    reference_set_leap_listener(ref, labels_moved, ss);
    return ss;
}

void sources_stop(struct sources *ss)
{
    ss->stopped = true;
}

static void source_free(struct source *s)
{
    track_destroy(s->track);
    free(s->name);
    free(s);
}

void sources_destroy(struct sources *ss)
{
    if (!ss)
        return;
    reference_set_leap_listener(ss->ref, NULL, NULL);
    sources_settle(ss);
    for (size_t i = 0; i < ss->count; i++)
        source_free(ss->list[i]);
    free(ss->list);
    free(ss->candidates);
    logfile_destroy(ss->statistics_log);
    logfile_destroy(ss->selection_log);
    free(ss);
}

/* --- registry ------------------------------------------------------------------------------- */

static struct track_settings track_settings_of(const struct source *s)
{
    const struct source_settings *o = &s->settings;

    return (struct track_settings){
        .min_samples = o->min_samples > 0 ? o->min_samples : 6,
        .max_samples = o->max_samples > 0 ? o->max_samples : TRACK_SAMPLES_MAX,
        .min_delay_s = o->min_delay_s,
        .asymmetry = o->asymmetry,
        .max_clock_error = clock_max_error_rate(s->owner->clock),
        .precision_s = clock_precision_s(s->owner->clock),
    };
}

/* What the clock's own history says about the oscillator, before the source has said anything. */
static void set_prior(struct source *s)
{
    struct reference_report r;
    double skew_ppm;

    reference_report(s->owner->ref, &r);
    if (r.skew_ppm <= 0.0)
        return;
    skew_ppm = r.updates ? max_d(2.0 * r.skew_ppm, PRIOR_SKEW_LEAST_PPM)
                         : max_d(r.skew_ppm, PRIOR_SKEW_START_PPM);
    if (skew_ppm < 100.0)
        track_set_prior(s->track, r.freq_ppm, skew_ppm);
}

/* Removals leave holes behind, so that thousands of them take one walk and not one each. */
void sources_settle(struct sources *ss)
{
    size_t kept = 0;

    if (ss->holes == 0)
        return;
    for (size_t i = 0; i < ss->count; i++) {
        struct source *s = ss->list[i];

        if (!s)
            continue;
        s->place = kept;
        ss->list[kept++] = s;
    }
    ss->count = kept;
    ss->holes = 0;
}

/* Refclocks come first, each kind in the order in which it was added. */
static void put_in_place(struct sources *ss, struct source *s)
{
    size_t at = ss->count++;

    if (s->settings.kind == SOURCE_REFCLOCK) {
        for (; at > 0 && ss->list[at - 1]->settings.kind != SOURCE_REFCLOCK; at--) {
            ss->list[at] = ss->list[at - 1];
            ss->list[at]->place = at;
        }
    }
    ss->list[at] = s;
    s->place = at;
}

static bool make_room(struct sources *ss)
{
    size_t size = ss->size ? 2 * ss->size : 8;
    struct source **list;
    struct candidate *candidates;

    sources_settle(ss);
    if (ss->count < ss->size)
        return true;
    list = realloc(ss->list, size * sizeof(*list));
    if (!list)
        return false;
    ss->list = list;
    candidates = realloc(ss->candidates, size * sizeof(*candidates));
    if (!candidates)
        return false;
    ss->candidates = candidates;
    ss->size = size;
    return true;
}

struct source *sources_add(struct sources *ss, const struct source_settings *settings,
                           const char *name, const struct addr *addr, uint32_t refid)
{
    struct source *s = calloc(1, sizeof(*s));
    struct track_settings ts;

    if (!s || !make_room(ss)) {
        free(s);
        return NULL;
    }
    s->owner = ss;
    s->settings = *settings;
    s->addr = *addr;
    s->refid = refid;
    s->active = true;
    s->leap = LEAP_UNSYNCHRONISED;
    s->candidate.score = 1.0;
    s->candidate.state = SELECT_FEW_SAMPLES;
    ts = track_settings_of(s);
    s->track = track_create(&ts);
    s->name = name ? strdup(name) : NULL;
    if (!s->track || (name && !s->name)) {
        source_free(s);
        return NULL;
    }
    set_prior(s);
    put_in_place(ss, s);
    ss->changed = true;
    return s;
}

/* The selected source went: another one has to take its place. */
static void replace_lost(struct sources *ss)
{
    if (ss->lost && !ss->held && !ss->stopped)
        sources_select(ss, NULL);
}

void sources_remove(struct sources *ss, struct source *s)
{
    assert(ss->list[s->place] == s);
    ss->list[s->place] = NULL;
    ss->holes++;
    ss->changed = true;
    if (ss->told == s)
        ss->told = NULL;
    if (ss->selected == s) {
        ss->selection.selected = -1;
        ss->selected = NULL;
        ss->lost = true;
    }
    source_free(s);
    replace_lost(ss);
}

void sources_hold(struct sources *ss)
{
    ss->held = true;
}

void sources_release(struct sources *ss)
{
    ss->held = false;
    replace_lost(ss);
}

void sources_arrange(struct sources *ss, struct source *const *order, size_t count)
{
    size_t first;

    sources_settle(ss);
    assert(count <= ss->count);
    first = ss->count - count;
    for (size_t i = 0; i < count; i++) {
        assert(order[i]->owner == ss && order[i]->place >= first);
        ss->list[first + i] = order[i];
    }
    for (size_t i = first; i < ss->count; i++)
        ss->list[i]->place = i;
}

void source_set_address(struct source *s, const struct addr *addr, uint32_t refid)
{
    s->addr = *addr;
    s->refid = refid;
    source_reset(s);
    source_reset_reach(s);
    s->stratum = 0;
    s->leap = LEAP_UNSYNCHRONISED;
}

void source_set_refid(struct source *s, uint32_t refid)
{
    s->refid = refid;
}

void source_set_local_refid(struct source *s, uint32_t refid)
{
    s->local_refid = refid;
}

void source_set_settings(struct source *s, const struct source_settings *settings)
{
    struct track_settings ts;

    s->settings = *settings;
    s->owner->changed = true;
    ts = track_settings_of(s);
    track_set_settings(s->track, &ts);
}

const struct source_settings *source_settings(const struct source *s)
{
    return &s->settings;
}

void source_set_active(struct source *s, bool active)
{
    s->active = active;
}

size_t sources_count(const struct sources *ss)
{
    return ss->count - ss->holes;
}

struct source *sources_at(struct sources *ss, size_t index)
{
    sources_settle(ss);
    return index < ss->count ? ss->list[index] : NULL;
}

struct source *sources_find(struct sources *ss, const struct addr *addr)
{
    sources_settle(ss);
    for (size_t i = 0; i < ss->count; i++)
        if (ss->list[i]->settings.kind != SOURCE_REFCLOCK && addr_equal(&ss->list[i]->addr, addr))
            return ss->list[i];
    return NULL;
}

struct source *sources_find_refid(struct sources *ss, uint32_t refid)
{
    sources_settle(ss);
    for (size_t i = 0; i < ss->count; i++)
        if (ss->list[i]->settings.kind == SOURCE_REFCLOCK && ss->list[i]->refid == refid)
            return ss->list[i];
    return NULL;
}

const char *source_name(const struct source *s)
{
    return s->name;
}

const char *source_log_name(const struct source *s, char *buf, size_t size)
{
    struct addr none = {0};

    return reference_id_text(s->refid, s->settings.kind == SOURCE_REFCLOCK ? &none : &s->addr, buf,
                             size);
}

const char *source_text(const struct source *s, char *buf, size_t size)
{
    char id[ADDR_TEXT_MAX];

    source_log_name(s, id, sizeof(id));
    if (!s->name || strcmp(s->name, id) == 0)
        return text_format(buf, size, "%s", id);
    return text_format(buf, size, "%s (%s)", id, s->name);
}

/* --- reachability and status ---------------------------------------------------------------- */

void source_update_reach(struct source *s, bool reached)
{
    bool was_reached = s->reach != 0;

    s->reach = (uint8_t)(s->reach << 1 | (reached ? 1 : 0));
    s->reach_polls = clamp_i(s->reach_polls + 1, 0, SOURCE_REACH_BITS);
    s->unreachable_polls = s->reach == 0 ? s->unreachable_polls + 1 : 0;
    /* A source that fell silent may have to give way to one with newer samples. One that never said
     * anything changes nothing: ten thousand of those must not keep the selection busy. */
    if (s->reach == 0 &&
        (was_reached || track_count(s->track) > 0 || s->owner->changed || s->owner->selection_log))
        sources_select(s->owner, NULL);
}

void source_reset_reach(struct source *s)
{
    s->reach = 0;
    s->reach_polls = 0;
    s->unreachable_polls = 0;
}

void source_fell_silent(struct source *s)
{
    bool was_reached = s->reach != 0;

    source_reset_reach(s);
    if (was_reached)
        sources_select(s->owner, NULL);
}

uint8_t source_reach(const struct source *s)
{
    return s->reach;
}

int source_reach_polls(const struct source *s)
{
    return s->reach_polls;
}

void source_update_status(struct source *s, int stratum, enum leap leap)
{
    s->stratum = stratum;
    s->leap = leap;
}

/* --- samples -------------------------------------------------------------------------------- */

void source_add_sample(struct source *s, const struct sample *sample)
{
    if (!track_add(s->track, sample))
        return;
    s->broken = false;
    s->candidate.updated = true;
    sources_log_statistics(s);
    sources_select(s->owner, s);
}

void source_reset(struct source *s)
{
    track_reset(s->track);
    s->broken = false;
    s->bad_selections = 0;
    s->candidate = (struct candidate){.score = 1.0, .state = SELECT_FEW_SAMPLES};
    set_prior(s);
}

struct track *source_track(struct source *s)
{
    return s->track;
}

int source_bad_selections(const struct source *s)
{
    return s->bad_selections;
}

bool source_is_selected(const struct source *s)
{
    return s->owner->selected == s;
}

void sources_reset(struct sources *ss)
{
    struct reason why = {.code = REASON_FEW_SAMPLES, .limit = 3.0};

    sources_settle(ss);
    for (size_t i = 0; i < ss->count; i++) {
        source_reset(ss->list[i]);
        source_reset_reach(ss->list[i]);
    }
    reference_unsynchronise(ss->ref, NULL, &why);
    sources_select(ss, NULL);
}

void sources_break_since(struct sources *ss, struct osc since)
{
    sources_settle(ss);
    for (size_t i = 0; i < ss->count; i++)
        track_break_since(ss->list[i]->track, since);
}

void sources_break(struct sources *ss, double slept_s)
{
    struct osc now = clock_osc_now(ss->clock);

    (void)slept_s;
    sources_settle(ss);
    for (size_t i = 0; i < ss->count; i++) {
        track_break(ss->list[i]->track, now);
        ss->list[i]->broken = true;
    }
}

/* A leap second: the same instants are called otherwise now. */
static void relabel(struct track *t, double offset_s)
{
    struct sample kept[TRACK_SAMPLES_MAX];
    size_t count = track_count(t);

    for (size_t i = 0; i < count; i++) {
        kept[i] = *track_sample(t, i);
        kept[i].truth = utc_add_s(kept[i].truth, offset_s);
    }
    track_reset(t);
    for (size_t i = 0; i < count; i++)
        track_add(t, &kept[i]);
}

void source_shift(struct source *s, double offset_s)
{
    relabel(s->track, offset_s);
}

static void labels_moved(void *ctx, double offset_s)
{
    struct sources *ss = ctx;

    sources_settle(ss);
    for (size_t i = 0; i < ss->count; i++)
        relabel(ss->list[i]->track, offset_s);
}

/* --- reports -------------------------------------------------------------------------------- */

static void report_sample(const struct source *s, const struct sample *newest, struct osc now,
                          struct source_report *out)
{
    const struct clock *c = s->owner->clock;
    double age_s = clock_interval_s(c, newest->at, now);

    out->has_sample = true;
    out->sample_age_s = age_s;
    out->offset_then_s = newest->offset_then_s;
    out->offset_now_s = utc_diff_s(newest->truth, clock_corrected(c, newest->at));
    out->error_s = newest->root_delay_s / 2.0 + newest->root_dispersion_s;
}

void source_report(const struct source *s, struct source_report *out)
{
    const struct clock *c = s->owner->clock;
    const struct sample *newest = track_newest(s->track);
    struct osc now = clock_osc_now(c);
    struct estimate e;

    *out = (struct source_report){.kind = s->settings.kind,
                                  .addr = s->addr,
                                  .refid = s->refid,
                                  .reach = s->reach,
                                  .stratum = newest ? s->stratum : 0,
                                  .select = s->candidate,
                                  .authenticated = s->settings.authenticated};
    if (newest)
        report_sample(s, newest, now, out);
    track_report(s->track, &out->track);
    if (track_estimate(s->track, now, &e)) {
        out->has_estimate = true;
        out->offset_s = utc_diff_s(e.truth, clock_corrected(c, now));
        out->offset_sd_s = e.offset_sd_s;
        out->resid_freq_ppm = e.freq_ppm - clock_freq_ppm(c);
    }
}

/* Sources that came or went since may have moved the selected one. */
const struct selection *sources_selection(struct sources *ss)
{
    sources_settle(ss);
    ss->selection.selected = ss->selected ? (int)ss->selected->place : -1;
    return &ss->selection;
}
