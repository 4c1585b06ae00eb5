/* lookup.c - which address a name gives to which association, and when names are looked up (spec
 * chrony-conf section 5, "Name resolution" to "Replacement"). */
#include "chronyd/ntp/names_private.h"

#define RETRY_UNIT_S 7.0
#define FIRST_REQUEST_S 0.2
/* Polling of literal addresses does not wait longer than this for a slow resolver. */
#define FIRST_ROUND_MAX_S 10.0

/* --- which address may be used ---------------------------------------------------------------- */

bool lookup_family_ok(const struct names *n, const struct line *l, enum addr_family family)
{
    enum addr_family only = n->room->settings.only;

    return (family == ADDR_IPV4 || family == ADDR_IPV6) && (only == ADDR_NONE || only == family) &&
           (l->settings.family == ADDR_NONE || l->settings.family == family);
}

static bool usable(const struct names *n, const struct line *l, const struct addr *a)
{
    const struct os *os = &n->room->os;

    return lookup_family_ok(n, l, a->family) && !names_find(n, a) && os->ops->has_route(os->ctx, a);
}

static bool contains(const struct event *ev, const struct addr *a)
{
    for (size_t i = 0; i < ev->resolved.count; i++) {
        if (addr_equal(&ev->resolved.addrs[i], a))
            return true;
    }
    return false;
}

void lookup_start_member(struct names *n, struct association *a)
{
    if (n->polling)
        association_start(a, mono_add_s(room_mono(n->room), FIRST_REQUEST_S));
}

/* Give placeholders the addresses, in the resolver's order. */
static void fill_members(struct names *n, struct line *l, const struct event *ev)
{
    int member = 0;

    for (size_t i = 0; i < ev->resolved.count; i++) {
        while (member < l->count && association_resolved(l->members[member]))
            member++;
        if (member == l->count)
            return;
        if (!usable(n, l, &ev->resolved.addrs[i]))
            continue;
        names_set_address(n, l->members[member], &ev->resolved.addrs[i]);
        lookup_start_member(n, l->members[member]);
    }
}

/* Another address for one member, from a random place in the answer on, so that the clients of a
 * name spread over its addresses. */
static void replace_member(struct names *n, struct line *l, struct association *a,
                           const struct event *ev)
{
    size_t count = ev->resolved.count;
    size_t first = count ? (size_t)(room_random(n->room) % count) : 0;
    char old[ADDR_TEXT_MAX], new[ADDR_TEXT_MAX];

    for (size_t i = 0; i < count; i++) {
        const struct addr *to = &ev->resolved.addrs[(first + i) % count];

        if (!usable(n, l, to))
            continue;
        addr_format(association_addr(a), old, sizeof(old));
        addr_format(to, new, sizeof(new));
        log_info(n->room->log, "Source %s replaced with %s (%s)", old, new, l->settings.name);
        names_set_address(n, a, to);
        lookup_start_member(n, a);
        return;
    }
}

static void refresh_members(struct names *n, struct line *l, const struct event *ev)
{
    if (ev->resolved.count == 0)
        return;
    for (int i = 0; i < l->count; i++) {
        if (association_resolved(l->members[i]) && !contains(ev, association_addr(l->members[i])))
            replace_member(n, l, l->members[i], ev);
    }
}

/* --- queries, one after another --------------------------------------------------------------- */

void lookup_cancel(struct names *n)
{
    if (!n->asked)
        return;
    n->room->os.ops->resolve_cancel(n->room->os.ctx, n->token);
    n->asked = NULL;
}

static bool incomplete(const struct line *l)
{
    for (int i = 0; i < l->count; i++) {
        if (!association_resolved(l->members[i]))
            return true;
    }
    return false;
}

static void ask(struct names *n, struct line *l, enum purpose purpose)
{
    enum addr_family family = l->settings.family;

    if (family == ADDR_NONE)
        family = n->room->settings.only;
    n->asked = l;
    n->purpose = purpose;
    n->token = ++n->next_token;
    n->room->os.ops->resolve(n->room->os.ctx, n->token, l->settings.name, family);
}

static void begin_round(struct names *n)
{
    timer_cancel(n->room->timers, &n->retry_timer);
    for (struct line *l = n->first; l; l = l->next)
        l->asked = false;
    n->round = n->first;
    n->in_round = true;
    n->again = false;
}

static void end_round(struct names *n)
{
    n->in_round = false;
    if (!n->polling)
        lookup_begin_polling(n, room_mono(n->room));
    if (n->again) {
        begin_round(n);
        lookup_next(n);
        return;
    }
    if (n->unresolved == 0) {
        n->retry_log2 = LOOKUP_RETRY_LOG2_MIN;
        return;
    }
    timer_set(n->room->timers, &n->retry_timer,
              mono_add_s(room_mono(n->room), RETRY_UNIT_S * (1 << n->retry_log2)));
    if (n->retry_log2 < LOOKUP_RETRY_LOG2_MAX)
        n->retry_log2++;
}

static struct line *next_in_round(struct names *n)
{
    if (!n->in_round)
        return NULL;
    while (n->round && (n->round->asked || n->round->literal || !incomplete(n->round)))
        n->round = n->round->next;
    return n->round;
}

static struct line *next_refresh(struct names *n)
{
    while (n->refresh && !n->refresh->refresh)
        n->refresh = n->refresh->next;
    return n->refresh;
}

void lookup_next(struct names *n)
{
    struct line *l;

    if (n->asked || !n->started)
        return;
    l = next_in_round(n);
    if (l) {
        l->asked = true;
        ask(n, l, ASK_ADDRESSES);
        return;
    }
    if (n->in_round) {
        end_round(n);
        if (n->asked)
            return;
    }
    if (n->replacing) {
        ask(n, names_line_of(n->replacing, NULL), ASK_REPLACEMENT);
        return;
    }
    l = next_refresh(n);
    if (l) {
        l->refresh = false;
        ask(n, l, ASK_REFRESH);
    }
}

void lookup_retry(void *ctx, struct mono now)
{
    struct names *n = ctx;

    (void)now;
    begin_round(n);
    lookup_next(n);
}

bool names_resolved(struct names *n, const struct event *ev)
{
    struct line *l = n->asked;

    if (!l || ev->resolved.token != n->token)
        return false;
    n->asked = NULL;
    if (ev->resolved.status == OS_RESOLVED) {
        l->resolved_at = room_mono(n->room);
        if (n->purpose == ASK_ADDRESSES)
            fill_members(n, l, ev);
        else if (n->purpose == ASK_REFRESH)
            refresh_members(n, l, ev);
        else if (n->replacing)
            replace_member(n, l, n->replacing, ev);
    }
    if (n->purpose == ASK_REPLACEMENT)
        n->replacing = NULL;
    lookup_next(n);
    return true;
}

void lookup_begin_polling(void *ctx, struct mono now)
{
    struct names *n = ctx;

    if (n->polling)
        return;
    timer_cancel(n->room->timers, &n->first_timer);
    n->polling = true;
    room_gave_up(n->room); /* there may be nobody to poll */
    for (size_t i = 0; i < names_count(n); i++)
        association_start(names_at(n, i), mono_add_s(now, FIRST_REQUEST_S));
}

void names_start(struct names *n)
{
    n->started = true;
    timer_set(n->room->timers, &n->first_timer, mono_add_s(room_mono(n->room), FIRST_ROUND_MAX_S));
    begin_round(n);
    lookup_next(n);
}

bool names_started_polling(const struct names *n)
{
    return n->polling;
}

static bool has_address(const struct line *l)
{
    for (int i = 0; i < l->count; i++) {
        if (association_resolved(l->members[i]))
            return true;
    }
    return false;
}

bool names_awaited(const struct names *n)
{
    if (n->unresolved == 0)
        return false;
    for (const struct line *l = n->first; l; l = l->next) {
        if (!l->literal && l->count > 0 && !has_address(l) && !association_given_up(l->members[0]))
            return true;
    }
    return false;
}

void names_try_again(struct names *n)
{
    if (!n->started || n->unresolved == 0)
        return;
    n->retry_log2 = LOOKUP_RETRY_LOG2_MIN;
    if (n->in_round) {
        n->again = true;
        return;
    }
    begin_round(n);
    lookup_next(n);
}

void names_refresh(struct names *n)
{
    for (struct line *l = n->first; l; l = l->next)
        l->refresh = !l->literal;
    n->refresh = n->first;
    n->refreshed_at = room_mono(n->room);
    names_try_again(n);
    lookup_next(n);
}

double names_next_try_s(const struct names *n)
{
    if (!timer_is_set(&n->retry_timer))
        return 0.0;
    return max_d(mono_diff_s(n->retry_timer.at, room_mono(n->room)), 0.0);
}
