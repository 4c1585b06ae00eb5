#include "chronyd/ntp/names_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

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

static void free_line(struct line *l)
{
    struct names *n = l->names;

    if (n->asked == l)
        lookup_cancel(n);
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
    free(n->keys);
    free(n);
}

/* Different for most addresses: with tens of thousands of sources it is the comparison of whole
 * addresses that takes the time. */
static uint32_t key_of(const struct addr *a)
{
    uint32_t key = a->family;

    for (size_t i = 0; i < sizeof(a->bytes); i++)
        key = key * 31 + a->bytes[i];
    return key;
}

/* The members of a line that was added behind all others. */
static void list_more(struct names *n, const struct line *l)
{
    for (int k = 0; k < l->count; k++) {
        n->keys[n->all_count] = key_of(association_addr(l->members[k]));
        n->all[n->all_count++] = l->members[k];
    }
}

/* The flat list is made anew after each other change: there are few, and it is walked often. */
static void list_again(struct names *n)
{
    n->all_count = 0;
    for (size_t i = 0; i < n->count; i++)
        list_more(n, n->lines[i]);
}

void names_set_address(struct names *n, struct association *a, const struct addr *to)
{
    association_set_address(a, to);
    list_again(n);
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
        uint32_t *keys;

        if (!all)
            return false;
        n->all = all;
        keys = realloc(n->keys, size * sizeof(*keys));
        if (!keys)
            return false;
        n->keys = keys;
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
    const uint32_t key = key_of(addr);

    for (size_t i = 0; i < n->all_count; i++) {
        if (n->keys[i] == key && addr_equal(association_addr(n->all[i]), addr))
            return n->all[i];
    }
    return NULL;
}

struct line *names_line_of(const struct names *n, const struct association *a, int *member)
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

/* --- what associations report ----------------------------------------------------------------- */

static void remove_member(struct line *l, int member)
{
    struct names *n = l->names;

    if (n->replacing == l->members[member]) {
        n->replacing = NULL;
        if (n->purpose == ASK_REPLACEMENT)
            lookup_cancel(n);
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
    for (size_t i = 0; i < n->count; i++) {
        if (!n->lines[i]->literal &&
            (!oldest || mono_before(n->lines[i]->resolved_at, oldest->resolved_at)))
            oldest = n->lines[i];
    }
    if (!oldest)
        return;
    oldest->refresh = true;
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
    if (l->literal && (!lookup_family_ok(n, l, addr.family) || names_find(n, &addr))) {
        bool duplicate = lookup_family_ok(n, l, addr.family);

        free(l);
        return duplicate ? NTP_ADD_DUPLICATE : NTP_ADD_BAD_FAMILY;
    }
    if (!add_members(n, l, &addr)) {
        free_line(l);
        return NTP_ADD_TOO_MANY;
    }
    n->lines[n->count++] = l;
    list_more(n, l);
    if (n->polling && l->literal)
        lookup_start_member(n, l->members[0]);
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
    l = names_line_of(n, a, &member);
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
    lookup_next(n);
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
    lookup_next(n);
    return true;
}
