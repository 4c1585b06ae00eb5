/* sources_select.c - run the selection, tell what changed, and hand the estimate on. */
#include "chronyd/reference/sources_private.h"

#include "chronyd/reference/private.h"

/* A source that fell silent gives way to one that has made so many measurements since: the register
 * is long enough for days, and the silent one's frequency is not that good. */
#define STALE_SAMPLES 16

/* --- into the selection --------------------------------------------------------------------- */

static void fill_from_last_sample(const struct source *s, struct candidate *c)
{
    const struct clock *clock = s->owner->clock;
    const struct sample *newest = track_newest(s->track);
    double offset_s, distance_s;

    if (!newest || c->has_estimate)
        return;
    offset_s = utc_diff_s(newest->truth, clock_corrected(clock, newest->at));
    distance_s = newest->root_delay_s / 2.0 + newest->root_dispersion_s;
    c->low_s = offset_s - distance_s;
    c->high_s = offset_s + distance_s;
}

static void fill(struct source *s, struct osc at)
{
    const struct clock *clock = s->owner->clock;
    struct candidate *c = &s->candidate;
    size_t count = track_count(s->track);
    struct track_report report;

    track_report(s->track, &report);
    c->is_refclock = s->settings.kind == SOURCE_REFCLOCK;
    c->authenticated = s->settings.authenticated;
    c->options = s->settings.select_options;
    c->refid = s->refid;
    c->stratum = s->stratum > s->settings.min_stratum ? s->stratum : s->settings.min_stratum;
    c->leap = s->leap;
    c->has_estimate = s->active && track_estimate(s->track, at, &c->estimate);
    c->offset_s = c->has_estimate ? utc_diff_s(c->estimate.truth, clock_corrected(clock, at)) : 0.0;
    c->sd_s = report.sd_s;
    c->samples = (int)count;
    c->oldest_age_s = c->newest_age_s = 0.0;
    if (count) {
        size_t oldest = count > STALE_SAMPLES ? count - STALE_SAMPLES : 0;

        c->oldest_age_s = clock_interval_s(clock, track_sample(s->track, oldest)->at, at);
        c->newest_age_s = clock_interval_s(clock, track_newest(s->track)->at, at);
    }
    c->reach = s->reach;
    c->reach_polls = s->reach_polls;
    c->unreachable_polls = s->unreachable_polls;
    c->max_unreach = s->settings.max_unreach;
    c->has_stats_soon = s->active && s->reach != 0 && s->reach_polls < SOURCE_REACH_BITS;
}

/* Our own reference id as those see it that would follow us as an orphan. */
static uint32_t local_refid(const struct sources *ss)
{
    for (size_t i = 0; i < ss->count; i++)
        if (ss->list[i]->local_refid)
            return ss->list[i]->local_refid;
    return 0;
}

/* --- what is said --------------------------------------------------------------------------- */

static void log_state_change(const struct source *s, enum select_state before)
{
    const struct sources *ss = s->owner;
    const struct candidate *c = &s->candidate;
    const struct reason *why = &c->reason;
    char text[512];

    if (c->state == before)
        return;
    source_text(s, text, sizeof(text));
    switch (c->state) {
    case SELECT_FALSETICKER:
        if (why->code == REASON_FALSETICKER)
            log_warning(ss->log, "Detected falseticker %s", text);
        break;
    case SELECT_BAD_DISTANCE:
        log_warning(ss->log, "Root distance of %s exceeds maxdistance of %.3f seconds", text,
                    ss->settings.select.max_distance_s);
        break;
    case SELECT_JITTERY:
        log_warning(ss->log, "Jitter of %s exceeds maxjitter of %.3f seconds", text,
                    ss->settings.select.max_jitter_s);
        break;
    case SELECT_BAD_STRATUM:
        if (c->stratum < ss->settings.select.min_stratum)
            log_warning(ss->log, "Stratum of %s below minstratum of %d", text,
                        ss->settings.select.min_stratum);
        else
            log_warning(ss->log, "Stratum of %s above maxstratum of %d", text,
                        ss->settings.select.max_stratum);
        break;
    default:
        break;
    }
}

static void log_no_selection(struct sources *ss, const struct reason *why)
{
    int unreachable = 0;

    switch (why->code) {
    case REASON_NO_SOURCES:
        log_warning(ss->log, "Can't synchronise: no sources");
        break;
    case REASON_NO_MAJORITY:
        log_warning(ss->log, "Can't synchronise: no majority (%d of %d needed agree)",
                    (int)why->figure, (int)why->limit);
        break;
    case REASON_FEW_SOURCES:
        log_warning(ss->log, "Can't synchronise: not enough selectable sources");
        break;
    case REASON_REQUIRED_MISSING:
        log_warning(ss->log, "Can't synchronise: no required source in selectable sources");
        break;
    default:
        for (size_t i = 0; i < ss->count; i++)
            unreachable += ss->list[i]->reach == 0;
        if (unreachable)
            log_warning(ss->log,
                        "Can't synchronise: no selectable sources (%d unreachable sources)",
                        unreachable);
        else
            log_warning(ss->log, "Can't synchronise: no selectable sources");
        break;
    }
}

/* Is a source answering that has not made enough measurements yet? */
static bool any_is_coming(const struct sources *ss)
{
    for (size_t i = 0; i < ss->count; i++)
        if (ss->list[i]->candidate.state == SELECT_FEW_SAMPLES &&
            ss->list[i]->candidate.has_stats_soon)
            return true;
    return false;
}

/* Once per change; at the start, while nobody has enough samples yet, there is nothing to tell, and
 * for -q and the like it is always the start. */
static void tell_no_selection(struct sources *ss, bool lost, const struct reason *why)
{
    bool at_start = why->code == REASON_NO_SELECTABLE || why->code == REASON_NO_SOURCES ||
                    why->code == REASON_WAITS_FOR_OTHERS ||
                    (why->code == REASON_FEW_SOURCES && any_is_coming(ss));

    if (((lost && !reference_is_once(ss->ref)) || !at_start) && why->code != ss->told_why) {
        log_no_selection(ss, why);
        ss->told_why = why->code;
    }
    ss->told = NULL;
}

static void tell_selection(struct sources *ss)
{
    char text[512];

    ss->told_why = REASON_NONE;
    if (ss->told == ss->selected)
        return;
    ss->told = ss->selected;
    if (!reference_is_once(ss->ref))
        log_info(ss->log, "Selected source %s", source_text(ss->selected, text, sizeof(text)));
}

/* --- what follows --------------------------------------------------------------------------- */

static bool is_bad(enum select_state state)
{
    return state == SELECT_FALSETICKER || state == SELECT_BAD_DISTANCE || state == SELECT_JITTERY ||
           state == SELECT_BAD_STRATUM;
}

static void take_results(struct sources *ss, const struct source *updated)
{
    for (size_t i = 0; i < ss->count; i++) {
        struct source *s = ss->list[i];
        enum select_state before = s->candidate.state;

        s->candidate = ss->candidates[i];
        fill_from_last_sample(s, &s->candidate);
        if (s == updated)
            s->bad_selections = is_bad(s->candidate.state) ? s->bad_selections + 1 : 0;
        log_state_change(s, before);
    }
}

/* After a sleep no source has a valid estimate for a while; that is no reason to give up what the
 * clock was set to before. */
static bool only_broken(const struct sources *ss)
{
    return ss->selected && ss->selected->broken && ss->selected->active;
}

/* With several sources an update may come soon after the one before. How long a source's sample has
 * to hold is another thing. */
static double sample_interval_s(const struct source *s)
{
    size_t n = track_count(s->track);

    if (n < 2)
        return 0.0;
    return clock_interval_s(s->owner->clock, track_sample(s->track, n - 2)->at,
                            track_newest(s->track)->at);
}

static void follow(struct sources *ss)
{
    const struct selection *sel = &ss->selection;
    struct reference_update update = {.estimate = sel->estimate,
                                      .sd_s = sel->sd_s,
                                      .sources = sel->combined,
                                      .interval_s = sample_interval_s(ss->selected),
                                      .stratum = sel->stratum,
                                      .leap = sel->leap,
                                      .refid = ss->selected->refid};

    if (sel->combined == 0)
        return;
    if (ss->selected->settings.kind != SOURCE_REFCLOCK)
        update.addr = ss->selected->addr;
    for (size_t i = 0; i < ss->count; i++) {
        enum select_state state = ss->list[i]->candidate.state;

        if (state == SELECT_SELECTED || state == SELECT_COMBINED)
            ss->list[i]->candidate.updated = false;
    }
    reference_update(ss->ref, &update);
}

/* Without a source that can be selected the clock holds what it was set to, and the bound on its
 * error grows. Only sources that contradict each other make doubtful what they told before. */
static void give_up_time(struct sources *ss, const struct reason *why)
{
    if (reference_is_synchronised(ss->ref) && why->code != REASON_NO_MAJORITY)
        reference_explain(ss->ref, why);
    else
        reference_unsynchronise(ss->ref, NULL, why);
}

void sources_select(struct sources *ss, struct source *updated)
{
    struct osc at = clock_osc_now(ss->clock);
    struct select_settings settings = ss->settings.select;
    struct selection *sel = &ss->selection;
    int previous = -1, updated_index = -1;

    sources_settle(ss);
    ss->changed = false;
    settings.orphan_stratum = reference_orphan_stratum(ss->ref);
    settings.orphan_refid = local_refid(ss);
    for (size_t i = 0; i < ss->count; i++) {
        fill(ss->list[i], at);
        ss->candidates[i] = ss->list[i]->candidate;
        if (ss->list[i] == ss->selected)
            previous = (int)i;
        if (ss->list[i] == updated)
            updated_index = (int)i;
    }
    select_sources(&settings, ss->candidates, ss->count, previous, updated_index, sel);
    take_results(ss, updated);
    sources_log_selection(ss);
    if (sel->selected < 0) {
        bool lost = ss->selected != NULL || previous >= 0;

        if (only_broken(ss)) {
            reference_explain(ss->ref, &sel->reason);
            return;
        }
        ss->selected = NULL;
        tell_no_selection(ss, lost || ss->lost, &sel->reason);
        ss->lost = false;
        give_up_time(ss, &sel->reason);
        return;
    }
    ss->selected = ss->list[sel->selected];
    ss->lost = false;
    tell_selection(ss);
    follow(ss);
}

void sources_reselect(struct sources *ss)
{
    sources_settle(ss);
    ss->selected = NULL;
    for (size_t i = 0; i < ss->count; i++)
        ss->list[i]->candidate.score = 1.0;
    sources_select(ss, NULL);
}

void sources_set_reselect_distance(struct sources *ss, double distance_s)
{
    ss->settings.select.reselect_distance_s = distance_s;
}

void sources_set_select_options(struct source *s, uint8_t options)
{
    s->settings.select_options = options;
    sources_select(s->owner, NULL);
}
