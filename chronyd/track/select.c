#include "chronyd/track/select.h"

#include <math.h>

#include "base/defs.h"
#include "chronyd/track/combine.h"

/* A source that is this many times as good as the selected one takes over. */
#define SCORE_LIMIT 10.0
/* A source that failed to be combined stays out for this many updates. */
#define DISTANT_UPDATES 32
#define DISTANT_UPDATES_NEW 1
#define REACH_POLLS_FULL 8
/* From so many samples on, a sample of any combined source moves the clock. Before, when updates
 * are counted (makestep, maxchange) and steps are large, only one of the selected source does. */
#define SETTLED_SAMPLES 8
/* Distances are compared as ratios: keep them off zero. */
#define DISTANCE_LEAST_S 1e-12

/* The state that everything begins with, and that is left to those which may be selected. */
#define SELECTABLE SELECT_UNKNOWN

static void set_state(struct candidate *c, enum select_state state, enum reason_code code,
                      double figure, double limit, const char *directive)
{
    c->state = state;
    c->reason = (struct reason){code, figure, limit, directive};
}

static bool has(const struct candidate *c, enum select_option option)
{
    return (c->effective_options & option) != 0;
}

/* --- options --- */

/* authselectmode: what the mix of authenticated and other sources makes of the configured
 * options. Sources that are not to be selected anyway do not count. */
static void set_effective_options(const struct select_settings *s, struct candidate *cs, size_t n)
{
    bool any_auth = false, any_plain = false;

    for (size_t i = 0; i < n; i++) {
        cs[i].effective_options = cs[i].options;
        if (cs[i].options & SELECT_NOSELECT || cs[i].is_refclock)
            continue;
        if (cs[i].authenticated)
            any_auth = true;
        else
            any_plain = true;
    }
    for (size_t i = 0; i < n; i++) {
        struct candidate *c = &cs[i];
        bool plain = !c->is_refclock && !c->authenticated;

        if (c->options & SELECT_NOSELECT)
            continue;
        if (plain && (s->auth_mode == SELECT_AUTH_REQUIRE ||
                      (s->auth_mode == SELECT_AUTH_PREFER && any_auth)))
            c->effective_options |= SELECT_NOSELECT;
        if (!plain && s->auth_mode == SELECT_AUTH_MIX && any_auth && any_plain)
            c->effective_options |= SELECT_REQUIRE | SELECT_TRUST;
    }
}

/* --- what a source is by itself --- */

static void judge_alone(const struct select_settings *s, struct candidate *c)
{
    c->low_s = c->high_s = c->distance_s = 0.0;
    if (c->has_estimate) {
        c->distance_s = c->estimate.root_delay_s / 2.0 + c->estimate.root_dispersion_s;
        if (c->distance_s < DISTANCE_LEAST_S)
            c->distance_s = DISTANCE_LEAST_S; /* what is no number stays none, and is refused */
        c->low_s = c->offset_s - c->distance_s;
        c->high_s = c->offset_s + c->distance_s;
    }
    if (has(c, SELECT_NOSELECT))
        set_state(c, SELECT_NOSELECTED, REASON_NOSELECT, 0.0, 0.0,
                  c->options & SELECT_NOSELECT ? "noselect" : "authselectmode");
    else if (!c->has_estimate)
        set_state(c, SELECT_FEW_SAMPLES, REASON_FEW_SAMPLES, c->samples, 3.0, NULL);
    else if (c->leap == LEAP_UNSYNCHRONISED)
        set_state(c, SELECT_UNSYNCHRONISED, REASON_UNSYNCHRONISED, 0.0, 0.0, NULL);
    else if (c->stratum < s->min_stratum)
        set_state(c, SELECT_BAD_STRATUM, REASON_STRATUM, c->stratum, s->min_stratum, "minstratum");
    else if (c->stratum > s->max_stratum)
        set_state(c, SELECT_BAD_STRATUM, REASON_STRATUM, c->stratum, s->max_stratum, "maxstratum");
    else if (!(c->distance_s <= s->max_distance_s))
        set_state(c, SELECT_BAD_DISTANCE, REASON_DISTANCE, c->distance_s, s->max_distance_s,
                  "maxdistance");
    else if (!(c->sd_s <= s->max_jitter_s))
        set_state(c, SELECT_JITTERY, REASON_JITTER, c->sd_s, s->max_jitter_s, "maxjitter");
    else
        set_state(c, SELECTABLE, REASON_NONE, 0.0, 0.0, NULL);
}

/* At the start the first source that has enough samples would win, however bad: wait while
 * another one is answering and is about to have as many. */
static bool postpone(struct candidate *cs, size_t n, int previous)
{
    int coming = 0, ready = 0;

    if (previous >= 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        ready += cs[i].state == SELECTABLE;
        coming += cs[i].state == SELECT_FEW_SAMPLES && cs[i].has_stats_soon;
    }
    if (coming == 0 || ready == 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (cs[i].state == SELECTABLE)
            set_state(&cs[i], SELECT_WAITS_STATS, REASON_WAITS_FOR_OTHERS, coming, 0.0, NULL);
    return true;
}

/* An unreachable source is of use only while its samples are not older than all that the
 * reachable ones have. With nobody reachable it cannot be selected: the clock goes on as it is, and
 * reports say so. */
static void mark_stale(struct candidate *cs, size_t n)
{
    double oldest = 0.0;

    for (size_t i = 0; i < n; i++)
        if (cs[i].state == SELECTABLE && cs[i].reach != 0)
            oldest = max_d(oldest, cs[i].oldest_age_s);
    for (size_t i = 0; i < n; i++) {
        struct candidate *c = &cs[i];

        if (c->state != SELECTABLE || c->reach != 0)
            continue;
        if (c->unreachable_polls > c->max_unreach)
            set_state(c, SELECT_STALE, REASON_STALE, c->unreachable_polls, c->max_unreach,
                      "maxunreach");
        else if (c->newest_age_s > oldest)
            set_state(c, SELECT_STALE, REASON_STALE, c->newest_age_s, oldest, NULL);
    }
}

/* Servers that would fall back on an orphan local reference of our stratum agree on one of them:
 * the one with the smallest reference id, and only when nobody has a better source. */
static void mark_orphans(const struct select_settings *s, struct candidate *cs, size_t n)
{
    struct candidate *leader = NULL;
    bool better = false;

    if (s->orphan_stratum > 15)
        return;
    for (size_t i = 0; i < n; i++) {
        struct candidate *c = &cs[i];

        if (c->state != SELECTABLE)
            continue;
        if (c->stratum < s->orphan_stratum) {
            better = true;
            continue;
        }
        set_state(c, SELECT_ORPHAN, REASON_ORPHAN, c->stratum, s->orphan_stratum, "local");
        if (c->stratum == s->orphan_stratum && (!leader || c->refid < leader->refid))
            leader = c;
    }
    if (leader && !better && leader->refid < s->orphan_refid)
        set_state(leader, SELECTABLE, REASON_NONE, 0.0, 0.0, NULL);
}

/* --- what the others make of it --- */

/* Shell's sort of the candidates' ends, in place and without memory of its own: `by_low` of
 * entry k becomes the index of the k-th lowest lower end, `by_high` the same for the upper ends. */
static void sort_ends(struct candidate *cs, size_t n)
{
    size_t gap = 1;

    for (size_t i = 0; i < n; i++)
        cs[i].by_low = cs[i].by_high = (uint32_t)i;
    while (gap < n / 3)
        gap = 3 * gap + 1;
    for (; gap > 0; gap /= 3)
        for (size_t i = gap; i < n; i++) {
            uint32_t low = cs[i].by_low, high = cs[i].by_high;
            size_t j;

            for (j = i; j >= gap && cs[cs[j - gap].by_low].low_s > cs[low].low_s; j -= gap)
                cs[j].by_low = cs[j - gap].by_low;
            cs[j].by_low = low;
            for (j = i; j >= gap && cs[cs[j - gap].by_high].high_s > cs[high].high_s; j -= gap)
                cs[j].by_high = cs[j - gap].by_high;
            cs[j].by_high = high;
        }
}

/* The part of the axis that most intervals share. */
struct overlap {
    int depth;        /* intervals there */
    int voters;       /* of all intervals */
    double low, high; /* from where that depth is first reached to where it is
                         last left */
};

static bool votes(const struct candidate *c, bool trusted_only)
{
    return c->state == SELECTABLE && (!trusted_only || has(c, SELECT_TRUST));
}

/* Sweep over the ends of all intervals (RFC 5905 section 11.2.1). Ones that only touch overlap. */
static struct overlap find_overlap(const struct candidate *cs, size_t n, bool trusted_only)
{
    struct overlap o = {0};
    int depth = 0;

    for (size_t l = 0, h = 0; h < n;) {
        const struct candidate *low = l < n ? &cs[cs[l].by_low] : NULL;
        const struct candidate *high = &cs[cs[h].by_high];

        if (low && !votes(low, trusted_only)) {
            l++;
        } else if (!votes(high, trusted_only)) {
            h++;
        } else if (low && low->low_s <= high->high_s) {
            o.voters++;
            if (++depth > o.depth) {
                o.depth = depth;
                o.low = low->low_s;
            }
            l++;
        } else {
            if (depth-- == o.depth)
                o.high = high->high_s;
            h++;
        }
    }
    return o;
}

static void mark_falseticker(struct candidate *c, const struct overlap *o)
{
    bool above = c->low_s > o->high;

    set_state(c, SELECT_FALSETICKER, REASON_FALSETICKER, above ? c->low_s : c->high_s,
              above ? o->high : o->low, NULL);
}

/* More than half of those who may vote have to share a point. Sources with `trust` vote alone if
 * there are any, and the others have to lie inside of what they agree on. */
static bool mark_falsetickers(struct candidate *cs, size_t n, struct reason *why)
{
    bool trusted_only = false;
    struct overlap o;

    for (size_t i = 0; i < n; i++)
        trusted_only = trusted_only || votes(&cs[i], true);
    sort_ends(cs, n);
    o = find_overlap(cs, n, trusted_only);
    if (2 * o.depth <= o.voters) {
        *why = (struct reason){REASON_NO_MAJORITY, o.depth, o.voters / 2 + 1,
                               trusted_only ? "trust" : NULL};
        for (size_t i = 0; i < n; i++)
            if (cs[i].state == SELECTABLE)
                set_state(&cs[i], SELECT_FALSETICKER, REASON_NO_MAJORITY, o.depth, o.voters / 2 + 1,
                          trusted_only ? "trust" : NULL);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        struct candidate *c = &cs[i];

        if (c->state != SELECTABLE)
            continue;
        if (trusted_only && !has(c, SELECT_TRUST)) {
            if (c->low_s < o.low)
                set_state(c, SELECT_UNTRUSTED, REASON_UNTRUSTED, c->low_s, o.low, "trust");
            else if (c->high_s > o.high)
                set_state(c, SELECT_UNTRUSTED, REASON_UNTRUSTED, c->high_s, o.high, "trust");
        } else if (c->low_s > o.high || c->high_s < o.low) {
            mark_falseticker(c, &o);
        }
    }
    return true;
}

static int count_selectable(const struct candidate *cs, size_t n)
{
    int k = 0;

    for (size_t i = 0; i < n; i++)
        k += cs[i].state == SELECTABLE;
    return k;
}

static void set_all_selectable(struct candidate *cs, size_t n, enum select_state state,
                               const struct reason *why)
{
    for (size_t i = 0; i < n; i++)
        if (cs[i].state == SELECTABLE) {
            cs[i].state = state;
            cs[i].reason = *why;
        }
}

/* minsources and require. */
static bool are_enough(const struct select_settings *s, struct candidate *cs, size_t n,
                       struct reason *why)
{
    int selectable = count_selectable(cs, n);
    bool required = false, found = false;

    for (size_t i = 0; i < n; i++) {
        if (cs[i].state == SELECT_NOSELECTED || !has(&cs[i], SELECT_REQUIRE))
            continue;
        required = true;
        found = found || cs[i].state == SELECTABLE;
    }
    if (selectable < s->min_sources)
        *why = (struct reason){REASON_FEW_SOURCES, selectable, s->min_sources, "minsources"};
    else if (required && !found)
        *why = (struct reason){REASON_REQUIRED_MISSING, 0.0, 1.0, "require"};
    else
        return true;
    set_all_selectable(cs, n, SELECT_WAITS_SOURCES, why);
    return false;
}

static void mark_nonpreferred(struct candidate *cs, size_t n)
{
    bool preferred = false;

    for (size_t i = 0; i < n; i++)
        preferred = preferred || (cs[i].state == SELECTABLE && has(&cs[i], SELECT_PREFER));
    for (size_t i = 0; preferred && i < n; i++)
        if (cs[i].state == SELECTABLE && !has(&cs[i], SELECT_PREFER))
            set_state(&cs[i], SELECT_NONPREFERRED, REASON_NOT_PREFERRED, 0.0, 0.0, "prefer");
}

/* --- the choice --- */

/* Root distance with the handicaps: for each stratum above the lowest, and for an NTP source
 * that is not the selected one, so that equals do not take turns. */
static double handicapped(const struct select_settings *s, const struct candidate *cs, size_t i,
                          int previous, int lowest_stratum)
{
    const struct candidate *c = &cs[i];
    double d = c->distance_s + s->stratum_weight_s * (c->stratum - lowest_stratum);

    if ((int)i != previous && !c->is_refclock)
        d += s->reselect_distance_s;
    return max_d(d, DISTANCE_LEAST_S);
}

static int nearest(const struct select_settings *s, const struct candidate *cs, size_t n,
                   int previous, int lowest_stratum)
{
    int best = -1;
    double least = HUGE_VAL;

    for (size_t i = 0; i < n; i++) {
        double d;

        if (cs[i].state != SELECTABLE)
            continue;
        d = handicapped(s, cs, i, previous, lowest_stratum);
        if (best < 0 || d < least) {
            best = (int)i;
            least = d;
        }
    }
    return best;
}

/* Every sample of a source multiplies its score by how much nearer it is than the selected one;
 * a sample of the selected one updates all scores. */
static int choose(const struct select_settings *s, struct candidate *cs, size_t n, int previous,
                  int updated)
{
    int lowest = 16, best = previous;

    for (size_t i = 0; i < n; i++)
        if (cs[i].state == SELECTABLE && cs[i].stratum < lowest)
            lowest = cs[i].stratum;
    if (previous < 0 || cs[previous].state != SELECTABLE) {
        for (size_t i = 0; i < n; i++)
            cs[i].score = 1.0;
        return nearest(s, cs, n, -1, lowest);
    }

    double mine = handicapped(s, cs, (size_t)previous, previous, lowest);

    for (size_t i = 0; i < n; i++) {
        struct candidate *c = &cs[i];

        if (c->state != SELECTABLE || (int)i == previous) {
            c->score = 1.0;
            continue;
        }
        if (updated == previous || updated == (int)i)
            c->score = max_d(1.0, c->score * mine / handicapped(s, cs, i, previous, lowest));
        if (c->score > SCORE_LIMIT && (best == previous || c->score > cs[best].score))
            best = (int)i;
    }
    if (best != previous)
        for (size_t i = 0; i < n; i++)
            cs[i].score = 1.0;
    return best;
}

/* --- the update --- */

/* Which of the other selectable sources are near enough to the selected one to be used with it. */
static void mark_combined(const struct select_settings *s, struct candidate *cs, size_t n,
                          int selected, bool updates)
{
    const struct candidate *best = &cs[selected];
    double limit = s->combine_limit * best->distance_s;

    for (size_t i = 0; i < n; i++) {
        struct candidate *c = &cs[i];
        double freq = fabs(c->estimate.freq_ppm - best->estimate.freq_ppm);
        double freq_limit = s->combine_limit * (c->estimate.skew_ppm + best->estimate.skew_ppm +
                                                s->max_clock_error * 1e6);

        if (c->state != SELECTABLE || (int)i == selected)
            continue;
        if (c->distance_s > limit || freq > freq_limit) {
            c->distant_updates =
                c->reach_polls < REACH_POLLS_FULL ? DISTANT_UPDATES_NEW : DISTANT_UPDATES;
            if (c->distance_s > limit)
                set_state(c, SELECT_DISTANT, REASON_OUTLIER_DISTANCE, c->distance_s, limit,
                          "combinelimit");
            else
                set_state(c, SELECT_DISTANT, REASON_OUTLIER_DISTANCE, freq * 1e-6,
                          freq_limit * 1e-6, "combinelimit");
        } else if (c->distant_updates > 0) {
            c->distant_updates -= updates;
            set_state(c, SELECT_DISTANT, REASON_OUTLIER_DISTANCE, c->distance_s, limit,
                      "combinelimit");
        } else {
            set_state(c, SELECT_COMBINED, REASON_COMBINED, c->distance_s, limit, "combinelimit");
        }
    }
}

/* A leap second needs more than half of those who may speak for it. */
static enum leap vote_leap(const struct candidate *cs, size_t n)
{
    int voters = 0, insert = 0, delete = 0;
    bool trusted_only = false;

    for (size_t i = 0; i < n; i++)
        trusted_only = trusted_only || votes(&cs[i], true);
    for (size_t i = 0; i < n; i++) {
        if (!votes(&cs[i], trusted_only))
            continue;
        voters++;
        insert += cs[i].leap == LEAP_INSERT;
        delete += cs[i].leap == LEAP_DELETE;
    }
    return 2 * insert > voters ? LEAP_INSERT : 2 * delete > voters ? LEAP_DELETE : LEAP_NORMAL;
}

static void finish(const struct select_settings *s, struct candidate *cs, size_t n, int previous,
                   int selected, struct selection *out)
{
    struct candidate *best = &cs[selected];
    struct reason wait = {REASON_WAITS_FOR_UPDATE, 0.0, 0.0, NULL};
    bool news = best->updated, settled = best->samples >= SETTLED_SAMPLES;

    out->selected = selected;
    out->changed = selected != previous;
    out->stratum = best->stratum;
    out->sd_s = best->sd_s;
    out->agreeing = 1;
    out->estimate = best->estimate;
    set_state(best, SELECT_SELECTED, REASON_SELECTED, best->distance_s, 0.0, NULL);
    if (out->changed && !best->updated) {
        set_all_selectable(cs, n, SELECT_WAITS_UPDATE, &wait);
        return;
    }
    mark_combined(s, cs, n, selected, best->updated);
    for (size_t i = 0; i < n; i++) {
        out->agreeing += cs[i].state == SELECT_COMBINED;
        news = news || (settled && cs[i].state == SELECT_COMBINED && cs[i].updated);
    }
    if (news)
        out->combined = combine_sources(cs, n, selected, &out->estimate);
}

void select_sources(const struct select_settings *settings, struct candidate *candidates,
                    size_t count, int previous, int updated, struct selection *out)
{
    int selected;

    *out = (struct selection){.selected = -1, .leap = LEAP_NORMAL};
    if (previous >= (int)count)
        previous = -1;
    out->changed = previous >= 0;
    set_effective_options(settings, candidates, count);
    for (size_t i = 0; i < count; i++)
        judge_alone(settings, &candidates[i]);
    if (postpone(candidates, count, previous)) {
        out->reason = (struct reason){REASON_WAITS_FOR_OTHERS, 0.0, 0.0, NULL};
        return;
    }
    mark_stale(candidates, count);
    mark_orphans(settings, candidates, count);
    if (count_selectable(candidates, count) == 0) {
        out->reason.code = count == 0 ? REASON_NO_SOURCES : REASON_NO_SELECTABLE;
        out->reason.figure = (double)count;
        return;
    }
    if (!mark_falsetickers(candidates, count, &out->reason) ||
        !are_enough(settings, candidates, count, &out->reason))
        return;
    out->leap = vote_leap(candidates, count);
    mark_nonpreferred(candidates, count);
    selected = choose(settings, candidates, count, previous, updated);
    finish(settings, candidates, count, previous, selected, out);
}
