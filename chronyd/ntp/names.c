#include "chronyd/ntp/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define SOURCES_MAX 65536
#define POOL_MAX 16
#define RETRY_UNIT_S 7.0
#define RETRY_LOG2_MIN 2
#define RETRY_LOG2_MAX 9
#define FIRST_REQUEST_S 0.2
#define REPLACE_PAUSE_MAX_S 3584.0
/* Polling of literal addresses does not wait longer than this for a slow resolver. */
#define FIRST_ROUND_MAX_S 10.0

struct line {
    struct ntp_source_settings settings;
    struct names *names;
    bool literal; /* the name is an address */
    enum names_origin origin;
    bool asked;   /* in this round */
    bool refresh; /* addresses are to be checked against the name */
    int wanted;   /* pool: members to keep, shrinks when one is deleted */
    struct mono resolved_at;
    struct association *members[POOL_MAX];
    int count;
};

enum purpose { ASK_ADDRESSES, ASK_REPLACEMENT, ASK_REFRESH };

struct names {
    struct ntp_room *room;
    struct line **lines;
    size_t count, size;
    struct association **all; /* of all lines, in order */
    size_t all_count, all_size;
    uint32_t next_id, next_token;
    bool started, in_round, again, polling;
    int retry_log2;
    struct timer retry_timer, first_timer;
    /* the query on its way */
    struct line *asked;
    enum purpose purpose;
    uint32_t token;
    struct association *replacing; /* waits for a look-up, or is looked up for */
    struct mono replace_allowed, refreshed_at;
};

static void next_query(struct names *n);
static void retry(void *ctx, struct mono now);
static void begin_polling(void *ctx, struct mono now);

struct names *names_create(struct ntp_room *room)
{
    struct names *n = calloc(1, sizeof(*n));

    if (!n)
        return NULL;
    n->room = room;
    n->next_id = 1;
    n->retry_log2 = RETRY_LOG2_MIN;
    n->retry_timer = (struct timer){.fire = retry, .ctx = n};
    n->first_timer = (struct timer){.fire = begin_polling, .ctx = n};
    n->replace_allowed = n->refreshed_at = room_mono(room);
    return n;
}

static void cancel_query(struct names *n)
{
    if (!n->asked)
        return;
    n->room->os.ops->resolve_cancel(n->room->os.ctx, n->token);
    n->asked = NULL;
}

static void free_line(struct line *l)
{
    struct names *n = l->names;

    if (n->asked == l)
        cancel_query(n);
    for (int i = 0; i < l->count; i++) {
        if (n->replacing == l->members[i])
            n->replacing = NULL;
        association_destroy(l->members[i]);
    }
    free(l);
}

void names_destroy(struct names *n)
{
    if (!n)
        return;
    timer_cancel(n->room->timers, &n->retry_timer);
    timer_cancel(n->room->timers, &n->first_timer);
    for (size_t i = 0; i < n->count; i++)
        free_line(n->lines[i]);
    free(n->lines);
    free(n->all);
    free(n);
}

/* The flat list is made anew after each change: there are few, and it is walked often. */
static void list_again(struct names *n)
{
    n->all_count = 0;
    for (size_t i = 0; i < n->count; i++) {
        for (int k = 0; k < n->lines[i]->count; k++)
            n->all[n->all_count++] = n->lines[i]->members[k];
    }
}

static bool reserve(struct names *n, size_t members)
{
    if (n->count == n->size) {
        size_t size = n->size ? n->size * 2 : 8;
        struct line **lines = realloc(n->lines, size * sizeof(struct line *));

        if (!lines)
            return false;
        n->lines = lines;
        n->size = size;
    }
    if (n->all_count + members > n->all_size) {
        size_t size = (n->all_count + members) * 2;
        struct association **all = realloc(n->all, size * sizeof(struct association *));

        if (!all)
            return false;
        n->all = all;
        n->all_size = size;
    }
    return true;
}

size_t names_count(const struct names *n)
{
    return n->all_count;
}

struct association *names_at(const struct names *n, size_t index)
{
    return index < n->all_count ? n->all[index] : NULL;
}

struct association *names_find(const struct names *n, const struct addr *addr)
{
    for (size_t i = 0; i < n->all_count; i++) {
        if (addr_equal(association_addr(n->all[i]), addr))
            return n->all[i];
    }
    return NULL;
}

static struct line *line_of(const struct names *n, const struct association *a, int *member)
{
    for (size_t i = 0; i < n->count; i++) {
        for (int k = 0; k < n->lines[i]->count; k++) {
            if (n->lines[i]->members[k] == a) {
                if (member)
                    *member = k;
                return n->lines[i];
            }
        }
    }
    return NULL;
}

bool names_needs_server(const struct names *n, enum addr_family family)
{
    for (size_t i = 0; i < n->all_count; i++) {
        if (association_settings(n->all[i])->kind == SOURCE_PEER &&
            association_addr(n->all[i])->family == family)
            return true;
    }
    return false;
}

/* --- which address may be used ---------------------------------------------------------------- */

static bool family_ok(const struct names *n, const struct line *l, enum addr_family family)
{
    enum addr_family only = n->room->settings.only;

    return (family == ADDR_IPV4 || family == ADDR_IPV6) && (only == ADDR_NONE || only == family) &&
           (l->settings.family == ADDR_NONE || l->settings.family == family);
}

static bool usable(const struct names *n, const struct line *l, const struct addr *a)
{
    const struct os *os = &n->room->os;

    return family_ok(n, l, a->family) && !names_find(n, a) && os->ops->has_route(os->ctx, a);
}

static bool contains(const struct event *ev, const struct addr *a)
{
    for (size_t i = 0; i < ev->resolved.count; i++) {
        if (addr_equal(&ev->resolved.addrs[i], a))
            return true;
    }
    return false;
}

static void start_member(struct names *n, struct association *a)
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
        association_set_address(l->members[member], &ev->resolved.addrs[i]);
        start_member(n, l->members[member]);
    }
}

/* Another address for one member, from a random place in the answer on, so that the clients of a
 * name spread over its addresses. */
static bool replace_member(struct names *n, struct line *l, struct association *a,
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
        association_set_address(a, to);
        start_member(n, a);
        return true;
    }
    return false;
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

static bool incomplete(const struct line *l)
{
    for (int i = 0; i < l->count; i++) {
        if (!association_resolved(l->members[i]))
            return true;
    }
    return false;
}

static bool all_complete(const struct names *n)
{
    for (size_t i = 0; i < n->count; i++) {
        if (incomplete(n->lines[i]))
            return false;
    }
    return true;
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
    for (size_t i = 0; i < n->count; i++)
        n->lines[i]->asked = false;
    n->in_round = true;
    n->again = false;
}

static void end_round(struct names *n)
{
    n->in_round = false;
    if (!n->polling)
        begin_polling(n, room_mono(n->room));
    if (n->again) {
        begin_round(n);
        next_query(n);
        return;
    }
    if (all_complete(n)) {
        n->retry_log2 = RETRY_LOG2_MIN;
        return;
    }
    timer_set(n->room->timers, &n->retry_timer,
              mono_add_s(room_mono(n->room), RETRY_UNIT_S * (1 << n->retry_log2)));
    if (n->retry_log2 < RETRY_LOG2_MAX)
        n->retry_log2++;
}

static struct line *next_in_round(struct names *n)
{
    for (size_t i = 0; n->in_round && i < n->count; i++) {
        struct line *l = n->lines[i];

        if (!l->asked && !l->literal && incomplete(l))
            return l;
    }
    return NULL;
}

static struct line *next_refresh(struct names *n)
{
    for (size_t i = 0; i < n->count; i++) {
        if (n->lines[i]->refresh)
            return n->lines[i];
    }
    return NULL;
}

static void next_query(struct names *n)
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
        ask(n, line_of(n, n->replacing, NULL), ASK_REPLACEMENT);
        return;
    }
    l = next_refresh(n);
    if (l) {
        l->refresh = false;
        ask(n, l, ASK_REFRESH);
    }
}

static void retry(void *ctx, struct mono now)
{
    struct names *n = ctx;

    (void)now;
    begin_round(n);
    next_query(n);
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
    next_query(n);
    return true;
}

static void begin_polling(void *ctx, struct mono now)
{
    struct names *n = ctx;

    if (n->polling)
        return;
    timer_cancel(n->room->timers, &n->first_timer);
    n->polling = true;
    room_gave_up(n->room); /* there may be nobody to poll */
    for (size_t i = 0; i < n->all_count; i++)
        association_start(n->all[i], mono_add_s(now, FIRST_REQUEST_S));
}

void names_start(struct names *n)
{
    n->started = true;
    timer_set(n->room->timers, &n->first_timer, mono_add_s(room_mono(n->room), FIRST_ROUND_MAX_S));
    begin_round(n);
    next_query(n);
}

bool names_started_polling(const struct names *n)
{
    return n->polling;
}

void names_try_again(struct names *n)
{
    if (!n->started || all_complete(n))
        return;
    n->retry_log2 = RETRY_LOG2_MIN;
    if (n->in_round) {
        n->again = true;
        return;
    }
    begin_round(n);
    next_query(n);
}

void names_refresh(struct names *n)
{
    for (size_t i = 0; i < n->count; i++)
        n->lines[i]->refresh = !n->lines[i]->literal;
    n->refreshed_at = room_mono(n->room);
    names_try_again(n);
    next_query(n);
}

double names_next_try_s(const struct names *n)
{
    if (!timer_is_set(&n->retry_timer))
        return 0.0;
    return max_d(mono_diff_s(n->retry_timer.at, room_mono(n->room)), 0.0);
}

/* --- what associations report ----------------------------------------------------------------- */

static void remove_member(struct line *l, int member)
{
    struct names *n = l->names;

    if (n->replacing == l->members[member]) {
        n->replacing = NULL;
        if (n->purpose == ASK_REPLACEMENT)
            cancel_query(n);
    }
    association_destroy(l->members[member]);
    for (int i = member; i + 1 < l->count; i++)
        l->members[i] = l->members[i + 1];
    l->count--;
}

/* As many members of the pool are proved as are wanted: the others are not needed. */
static void proved(void *ctx, struct association *a)
{
    struct line *l = ctx;
    int good = 0;

    (void)a;
    if (!l->settings.pool || l->literal)
        return;
    for (int i = 0; i < l->count; i++)
        good += association_proved(l->members[i]);
    if (good < l->wanted)
        return;
    for (int i = l->count - 1; i >= 0; i--) {
        if (!association_proved(l->members[i]))
            remove_member(l, i);
    }
    list_again(l->names);
}

static void failed(void *ctx, struct association *a)
{
    struct line *l = ctx;
    struct names *n = l->names;
    struct mono now = room_mono(n->room);

    if (l->literal || n->replacing || mono_before(now, n->replace_allowed))
        return;
    n->replacing = a;
    n->replace_allowed = mono_add_s(now, REPLACE_PAUSE_MAX_S * room_random_unit(n->room));
    next_query(n);
}

/* An answer shows that the network works: a good moment to see whether names still mean the same
 * addresses, one at a time, the oldest knowledge first. */
static void measured(void *ctx, struct association *a)
{
    struct line *l = ctx, *oldest = NULL;
    struct names *n = l->names;
    struct mono now = room_mono(n->room);
    int refresh_s = n->room->settings.refresh_s;

    (void)a;
    if (refresh_s <= 0 || mono_diff_s(now, n->refreshed_at) < refresh_s)
        return;
    n->refreshed_at = now;
    for (size_t i = 0; i < n->count; i++) {
        if (!n->lines[i]->literal &&
            (!oldest || mono_before(n->lines[i]->resolved_at, oldest->resolved_at)))
            oldest = n->lines[i];
    }
    if (!oldest)
        return;
    oldest->refresh = true;
    next_query(n);
}

/* --- lines ------------------------------------------------------------------------------------ */

static bool name_ok(const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < length; i++) {
        if (name[i] <= ' ' || name[i] > '~')
            return false;
    }
    return length > 0;
}

static bool add_members(struct names *n, struct line *l, const struct addr *addr)
{
    const struct association_owner owner = {proved, failed, measured, l};
    int count = 1;

    if (l->settings.pool && !l->literal)
        count = clamp_i(2 * l->wanted, 1, POOL_MAX);
    for (int i = 0; i < count; i++) {
        struct addr id = addr_from_id(n->next_id);

        if (!l->literal)
            n->next_id++;
        l->members[i] = association_create(n->room, &l->settings, l->literal ? addr : &id, &owner);
        if (!l->members[i])
            return false;
        l->count++;
    }
    return true;
}

enum ntp_add_status names_add(struct names *n, const struct ntp_source_settings *s,
                              enum names_origin origin)
{
    struct addr addr;
    struct line *l;

    if (!name_ok(s->name))
        return NTP_ADD_BAD_NAME;
    if (n->all_count >= SOURCES_MAX || !reserve(n, POOL_MAX))
        return NTP_ADD_TOO_MANY;
    l = calloc(1, sizeof(*l));
    if (!l)
        return NTP_ADD_TOO_MANY;
    l->settings = *s;
    l->names = n;
    l->origin = origin;
    l->wanted = clamp_i(s->max_sources, 1, POOL_MAX);
    l->literal = addr_parse(s->name, &addr);
    l->resolved_at = room_mono(n->room);
    if (l->literal && (!family_ok(n, l, addr.family) || names_find(n, &addr))) {
        bool duplicate = family_ok(n, l, addr.family);

        free(l);
        return duplicate ? NTP_ADD_DUPLICATE : NTP_ADD_BAD_FAMILY;
    }
    if (!add_members(n, l, &addr)) {
        free_line(l);
        return NTP_ADD_TOO_MANY;
    }
    n->lines[n->count++] = l;
    list_again(n);
    if (n->polling && l->literal)
        start_member(n, l->members[0]);
    names_try_again(n);
    return NTP_ADDED;
}

static void remove_line(struct names *n, size_t index)
{
    free_line(n->lines[index]);
    for (size_t i = index; i + 1 < n->count; i++)
        n->lines[i] = n->lines[i + 1];
    n->count--;
    list_again(n);
}

bool names_delete(struct names *n, const struct addr *addr)
{
    struct association *a = names_find(n, addr);
    struct line *l;
    int member = 0;

    if (!a)
        return false;
    l = line_of(n, a, &member);
    if (l->wanted > 1 && l->settings.pool)
        l->wanted--;
    remove_member(l, member);
    list_again(n);
    for (size_t i = 0; l->count == 0 && i < n->count; i++) {
        if (n->lines[i] == l) {
            remove_line(n, i);
            break;
        }
    }
    next_query(n);
    return true;
}

/* The place of `s` in the list, not yet claimed by another line; `count` if there is none. The
 * search begins at `from`: lists mostly come in the order of the lines. */
static size_t claim(const struct ntp_source_settings *s, const struct ntp_source_settings *list,
                    bool *claimed, size_t count, size_t from)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = from + i < count ? from + i : from + i - count;

        if (!claimed[at] && ntp_source_settings_equal(s, &list[at])) {
            claimed[at] = true;
            return at;
        }
    }
    return count;
}

static const char *kind_of(const struct ntp_source_settings *s)
{
    return s->pool ? "pool" : "source";
}

/* Lines that are to stay keep all that they have, whatever file they are in now. */
static void remove_unlisted(struct names *n, const struct names_list *list, bool *claimed,
                            struct ntp_replaced *out)
{
    size_t count = list->config_count + list->dir_count, from = 0;

    for (size_t i = 0; i < n->count;) {
        struct line *l = n->lines[i];
        bool listed = l->origin == NAMES_DIR || (l->origin == NAMES_CONFIG && !list->only_dirs);
        size_t at = listed ? claim(&l->settings, list->items, claimed, count, from) : count;

        if (listed && at == count) {
            log_info(n->room->log, "Removed %s %s", kind_of(&l->settings), l->settings.name);
            remove_line(n, i);
            out->removed++;
            continue;
        }
        if (listed) {
            l->origin = at < list->config_count ? NAMES_CONFIG : NAMES_DIR;
            from = at + 1 < count ? at + 1 : 0;
            out->kept++;
        }
        i++;
    }
}

static void add_listed(struct names *n, const struct names_list *list, const bool *claimed,
                       struct ntp_replaced *out)
{
    for (size_t i = 0; i < list->config_count + list->dir_count; i++) {
        const struct ntp_source_settings *s = &list->items[i];

        if (claimed[i])
            continue;
        if (names_add(n, s, i < list->config_count ? NAMES_CONFIG : NAMES_DIR) != NTP_ADDED) {
            log_warning(n->room->log, "Could not add %s %s", kind_of(s), s->name);
            continue;
        }
        out->added++;
        if (n->started)
            log_info(n->room->log, "Added %s %s", kind_of(s), s->name);
    }
}

bool names_replace(struct names *n, const struct names_list *list, struct ntp_replaced *out)
{
    bool *claimed = calloc(list->config_count + list->dir_count + 1, sizeof(*claimed));

    *out = (struct ntp_replaced){0};
    if (!claimed)
        return false;
    remove_unlisted(n, list, claimed, out);
    add_listed(n, list, claimed, out);
    free(claimed);
    next_query(n);
    return true;
}
