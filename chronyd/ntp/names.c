#include "chronyd/ntp/names_private.h"

#include <stdlib.h>
#include <string.h>

#define SOURCES_MAX 65536
#define REPLACE_PAUSE_MAX_S 3584.0

struct names *names_create(struct ntp_room *room)
{
    struct names *n = calloc(1, sizeof(*n));

    if (!n)
        return NULL;
    n->room = room;
    n->next_id = 1;
    n->retry_log2 = LOOKUP_RETRY_LOG2_MIN;
    n->retry_timer = (struct timer){.fire = lookup_retry, .ctx = n};
    n->first_timer = (struct timer){.fire = lookup_begin_polling, .ctx = n};
    n->replace_allowed = n->refreshed_at = room_mono(room);
    return n;
}

/* --- members and their addresses -------------------------------------------------------------- */

static uint32_t number_of(const struct addr *a)
{
    return addr_hash(a, 0);
}

/* Keep the sums over all members: `change` is 1 for one that comes and -1 for one that goes. */
static void count_member(struct names *n, const struct association *a, int change)
{
    const struct addr *addr = association_addr(a);

    n->all_count += (size_t)change;
    n->changed = true;
    if (!association_resolved(a))
        n->unresolved += (size_t)change;
    else if (association_settings(a)->kind == SOURCE_PEER)
        n->peers[addr->family == ADDR_IPV6] += (size_t)change;
}

static void forget_member(struct names *n, struct association *a)
{
    count_member(n, a, -1);
    hash_remove(&n->by_addr, number_of(association_addr(a)), a);
    if (n->replacing == a) {
        n->replacing = NULL;
        if (n->purpose == ASK_REPLACEMENT)
            lookup_cancel(n);
    }
    association_destroy(a);
}

/* One entry goes and one comes: the table has room for it. */
void names_set_address(struct names *n, struct association *a, const struct addr *to)
{
    bool changed = n->changed;

    count_member(n, a, -1);
    hash_remove(&n->by_addr, number_of(association_addr(a)), a);
    association_set_address(a, to);
    hash_put(&n->by_addr, number_of(to), a);
    count_member(n, a, 1);
    n->changed = changed;
}

static bool reserve(struct names *n, size_t members)
{
    size_t wanted = n->all_count + members;
    struct association **all;

    if (!hash_reserve(&n->by_addr, members))
        return false;
    if (wanted <= n->all_size)
        return true;
    all = realloc(n->all, 2 * wanted * sizeof(struct association *));
    if (!all)
        return false;
    n->all = all;
    n->all_size = 2 * wanted;
    return true;
}

size_t names_count(struct names *n)
{
    size_t k = 0;

    if (!n->changed)
        return n->all_count;
    for (const struct line *l = n->first; l; l = l->next) {
        for (int i = 0; i < l->count; i++)
            n->all[k++] = l->members[i];
    }
    n->changed = false;
    return n->all_count;
}

struct association *names_at(struct names *n, size_t index)
{
    return index < names_count(n) ? n->all[index] : NULL;
}

struct association *names_find(const struct names *n, const struct addr *addr)
{
    struct association *a;
    size_t at = 0;

    while ((a = hash_next(&n->by_addr, number_of(addr), &at))) {
        if (addr_equal(association_addr(a), addr))
            return a;
    }
    return NULL;
}

struct line *names_line_of(const struct association *a, int *member)
{
    struct line *l = association_owner(a);

    for (int i = 0; member && i < l->count; i++) {
        if (l->members[i] == a)
            *member = i;
    }
    return l;
}

bool names_needs_server(const struct names *n, enum addr_family family)
{
    return n->peers[family == ADDR_IPV6] > 0;
}

/* --- what associations report ----------------------------------------------------------------- */

static void remove_member(struct line *l, int member)
{
    forget_member(l->names, l->members[member]);
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
    lookup_next(n);
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
    for (struct line *other = n->first; other; other = other->next) {
        if (!other->literal && (!oldest || mono_before(other->resolved_at, oldest->resolved_at)))
            oldest = other;
    }
    if (!oldest)
        return;
    oldest->refresh = true;
    n->refresh = n->first;
    lookup_next(n);
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

/* The room for them has been reserved. */
static bool add_members(struct names *n, struct line *l, const struct addr *addr)
{
    const struct association_owner owner = {proved, failed, measured, l};
    int count = 1;

    if (l->settings.pool && !l->literal)
        count = clamp_i(2 * l->wanted, 1, NTP_POOL_SOURCES_MAX);
    for (int i = 0; i < count; i++) {
        struct addr id = addr_from_id(n->next_id);

        if (!l->literal)
            n->next_id++;
        l->members[i] = association_create(n->room, &l->settings, l->literal ? addr : &id, &owner);
        if (!l->members[i])
            return false;
        l->count++;
        count_member(n, l->members[i], 1);
        hash_put(&n->by_addr, number_of(association_addr(l->members[i])), l->members[i]);
    }
    return true;
}

void names_append_line(struct names *n, struct line *l)
{
    l->previous = n->last;
    l->next = NULL;
    if (n->last)
        n->last->next = l;
    else
        n->first = l;
    n->last = l;
    if (!n->round)
        n->round = l;
}

void names_remove_line(struct line *l)
{
    struct names *n = l->names;

    if (n->asked == l)
        lookup_cancel(n);
    while (l->count > 0)
        forget_member(n, l->members[--l->count]);
    if (n->round == l)
        n->round = l->next;
    if (n->refresh == l)
        n->refresh = l->next;
    if (l->previous)
        l->previous->next = l->next;
    else
        n->first = l->next;
    if (l->next)
        l->next->previous = l->previous;
    else
        n->last = l->previous;
    free(l);
}

void names_destroy(struct names *n)
{
    if (!n)
        return;
    timer_cancel(n->room->timers, &n->retry_timer);
    timer_cancel(n->room->timers, &n->first_timer);
    while (n->first)
        names_remove_line(n->first);
    free(n->all);
    hash_free(&n->by_addr);
    free(n);
}

enum ntp_add_status names_add(struct names *n, const struct ntp_source_settings *s,
                              enum names_origin origin)
{
    struct addr addr;
    struct line *l;

    if (!name_ok(s->name))
        return NTP_ADD_BAD_NAME;
    if (n->all_count >= SOURCES_MAX || !reserve(n, NTP_POOL_SOURCES_MAX))
        return NTP_ADD_TOO_MANY;
    l = calloc(1, sizeof(*l));
    if (!l)
        return NTP_ADD_TOO_MANY;
    l->settings = *s;
    l->names = n;
    l->origin = origin;
    l->wanted = clamp_i(s->max_sources, 1, NTP_POOL_SOURCES_MAX);
    l->literal = addr_parse(s->name, &addr);
    l->resolved_at = room_mono(n->room);
    if (l->literal && (!lookup_family_ok(n, l, addr.family) || names_find(n, &addr))) {
        bool duplicate = lookup_family_ok(n, l, addr.family);

        free(l);
        return duplicate ? NTP_ADD_DUPLICATE : NTP_ADD_BAD_FAMILY;
    }
    names_append_line(n, l);
    if (!add_members(n, l, &addr)) {
        names_remove_line(l);
        return NTP_ADD_TOO_MANY;
    }
    if (n->polling && l->literal)
        lookup_start_member(n, l->members[0]);
    names_try_again(n);
    return NTP_ADDED;
}

bool names_delete(struct names *n, const struct addr *addr)
{
    struct association *a = names_find(n, addr);
    struct line *l;
    int member = 0;

    if (!a)
        return false;
    l = names_line_of(a, &member);
    if (l->wanted > 1 && l->settings.pool)
        l->wanted--;
    remove_member(l, member);
    if (l->count == 0)
        names_remove_line(l);
    lookup_next(n);
    return true;
}
