/* replace.c - the lines that there should be, and what of them is there already (a reload). */
#include <stdlib.h>

#include "chronyd/ntp/names_private.h"

struct claims {
    const struct names_list *list;
    struct hash by_settings; /* items of the list, by the places in: */
    struct line **lines;     /* what an item has become */
};

static size_t list_length(const struct names_list *list)
{
    return list->config_count + list->dir_count;
}

/* Of the name alone: enough to tell most lines apart. */
static uint32_t number_of_settings(const struct ntp_source_settings *s)
{
    struct addr addr;

    return addr_parse(s->name, &addr) ? addr_hash(&addr, 0) : hash_text(s->name);
}

static size_t place_of(const struct claims *c, struct line *const *line)
{
    return (size_t)(line - c->lines);
}

/* The first source with an address has it; one that comes later in the list is none. */
static bool is_taken(const struct claims *c, const struct ntp_source_settings *s)
{
    struct addr addr, other;
    struct line **line;
    size_t at = 0;

    if (!addr_parse(s->name, &addr))
        return false;
    while ((line = hash_next(&c->by_settings, number_of_settings(s), &at))) {
        if (addr_parse(c->list->items[place_of(c, line)].name, &other) && addr_equal(&addr, &other))
            return true;
    }
    return false;
}

static void free_claims(struct claims *c)
{
    hash_free(&c->by_settings);
    free(c->lines);
}

static bool make_claims(struct claims *c, const struct names_list *list)
{
    size_t count = list_length(list);

    *c = (struct claims){.list = list, .lines = calloc(count + 1, sizeof(struct line *))};
    if (!c->lines || !hash_reserve(&c->by_settings, count)) {
        free_claims(c);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_taken(c, &list->items[i]))
            hash_put(&c->by_settings, number_of_settings(&list->items[i]), &c->lines[i]);
    }
    return true;
}

/* Is the line in the list? Each item is there for one line. */
static bool claim(struct claims *c, struct line *l)
{
    struct line **line;
    size_t at = 0;

    while ((line = hash_next(&c->by_settings, number_of_settings(&l->settings), &at))) {
        size_t place = place_of(c, line);

        if (*line || !ntp_source_settings_equal(&l->settings, &c->list->items[place]))
            continue;
        *line = l;
        l->origin = place < c->list->config_count ? NAMES_CONFIG : NAMES_DIR;
        return true;
    }
    return false;
}

static const char *kind_of(const struct ntp_source_settings *s)
{
    return s->pool ? "pool" : "source";
}

/* Lines that are to stay keep all that they have, whatever file they are in now. */
static void remove_unlisted(struct names *n, struct claims *c, struct ntp_replaced *out)
{
    struct line *l, *next;

    for (l = n->first; l; l = next) {
        next = l->next;
        if (l->origin != NAMES_DIR && (l->origin != NAMES_CONFIG || c->list->only_dirs))
            continue;
        if (claim(c, l)) {
            out->kept++;
            continue;
        }
        if (!c->list->quiet)
            log_info(n->room->log, "Removed %s %s", kind_of(&l->settings), l->settings.name);
        names_remove_line(l);
        out->removed++;
    }
}

static void add_listed(struct names *n, struct claims *c, struct ntp_replaced *out)
{
    const struct names_list *list = c->list;

    for (size_t i = 0; i < list_length(list); i++) {
        const struct ntp_source_settings *s = &list->items[i];

        if (c->lines[i])
            continue;
        if (names_add(n, s, i < list->config_count ? NAMES_CONFIG : NAMES_DIR) != NTP_ADDED) {
            log_warning(n->room->log, "Could not add %s %s", kind_of(s), s->name);
            continue;
        }
        c->lines[i] = n->last;
        out->added++;
        if (n->started && !list->quiet)
            log_info(n->room->log, "Added %s %s", kind_of(s), s->name);
    }
}

/* --- the order -------------------------------------------------------------------------------- */

/* As after a start: the configuration, the sourcedirs, and then what was added by command. */
static void arrange_lines(struct names *n, const struct claims *c)
{
    struct line *l = n->first, *commands = NULL, **end = &commands, *next;

    n->first = n->last = NULL;
    for (; l; l = next) {
        next = l->next;
        if (l->origin == NAMES_COMMAND) {
            *end = l;
            end = &l->next;
        } else if (l->origin == NAMES_CONFIG && c->list->only_dirs) {
            names_append_line(n, l);
        }
    }
    *end = NULL;
    for (size_t i = 0; i < list_length(c->list); i++) {
        if (c->lines[i])
            names_append_line(n, c->lines[i]);
    }
    for (l = commands; l; l = next) {
        next = l->next;
        names_append_line(n, l);
    }
    n->round = n->refresh = n->first;
    n->changed = true;
}

/* Without memory the reports show them in the order in which they came. */
static void arrange_sources(struct names *n)
{
    size_t count = names_count(n);
    struct source **order = calloc(count + 1, sizeof(struct source *));

    for (size_t i = 0; order && i < count; i++)
        order[i] = association_source(n->all[i]);
    if (order)
        sources_arrange(n->room->sources, order, count);
    free(order);
}

bool names_replace(struct names *n, const struct names_list *list, struct ntp_replaced *out)
{
    struct claims claims;

    *out = (struct ntp_replaced){0};
    if (!make_claims(&claims, list))
        return false;
    sources_hold(n->room->sources);
    remove_unlisted(n, &claims, out);
    add_listed(n, &claims, out);
    arrange_lines(n, &claims);
    arrange_sources(n);
    sources_release(n->room->sources);
    free_claims(&claims);
    lookup_next(n);
    return true;
}
