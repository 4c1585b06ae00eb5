/* diff.c - see diff.h. */
#include "chronyd/config/diff.h"

#include <stdlib.h>
#include <string.h>

#include "chronyd/config/parse.h"

/* --- sources --- */

struct ranked {
    const struct ntp_source_settings *settings;
    size_t index;
    bool matched;
};

static int by_name(const void *x, const void *y)
{
    const struct ranked *a = x, *b = y;
    int order = strcmp(a->settings->name, b->settings->name);

    return order ? order : a->index < b->index ? -1 : a->index > b->index;
}

static struct ranked *rank(const struct config *c)
{
    struct ranked *r = calloc(c->ntp_source_count + 1, sizeof(*r));

    for (size_t i = 0; r && i < c->ntp_source_count; i++)
        r[i] = (struct ranked){&c->ntp_sources[i], i, false};
    if (r)
        qsort(r, c->ntp_source_count, sizeof(*r), by_name);
    return r;
}

/* Each source of one side is paired with an equal one of the other, if there is one left. */
static void match(struct ranked *a, size_t a_count, struct ranked *b, size_t b_count)
{
    size_t start = 0;

    for (size_t i = 0; i < a_count; i++) {
        const char *name = a[i].settings->name;

        while (start < b_count && strcmp(b[start].settings->name, name) < 0)
            start++;
        for (size_t j = start; j < b_count && strcmp(b[j].settings->name, name) == 0; j++) {
            if (b[j].matched || !ntp_source_settings_equal(a[i].settings, b[j].settings))
                continue;
            a[i].matched = b[j].matched = true;
            break;
        }
    }
}

static int by_index(const void *x, const void *y)
{
    const size_t *a = x, *b = y;

    return *a < *b ? -1 : *a > *b;
}

/* The indices of those without a partner, in the order of the file. */
static bool unmatched(const struct ranked *r, size_t count, size_t **out, size_t *out_count)
{
    *out = calloc(count + 1, sizeof(**out));
    for (size_t i = 0; *out && i < count; i++) {
        if (!r[i].matched)
            (*out)[(*out_count)++] = r[i].index;
    }
    if (*out)
        qsort(*out, *out_count, sizeof(**out), by_index);
    return *out != NULL;
}

static bool diff_sources(const struct config *before, const struct config *after,
                         struct config_diff *out)
{
    struct ranked *a = rank(before), *b = rank(after);
    bool good = a && b;

    if (good) {
        match(a, before->ntp_source_count, b, after->ntp_source_count);
        good = unmatched(a, before->ntp_source_count, &out->gone, &out->gone_count) &&
               unmatched(b, after->ntp_source_count, &out->come, &out->come_count);
    }
    free(a);
    free(b);
    return good;
}

/* --- directives --- */

static bool same_word(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_value(const struct directive *row, const void *a, const void *b)
{
    switch (row->kind) {
    case DIRECTIVE_FLAG:
        return *(const bool *)a == *(const bool *)b;
    case DIRECTIVE_INT:
    case DIRECTIVE_CHOICE:
        return *(const int *)a == *(const int *)b;
    case DIRECTIVE_PORT:
        return *(const uint16_t *)a == *(const uint16_t *)b;
    case DIRECTIVE_FLOAT:
        return *(const double *)a >= *(const double *)b && *(const double *)a <= *(const double *)b;
    case DIRECTIVE_WORD:
        return same_word(*(const char *const *)a, *(const char *const *)b);
    default:
        return true; /* includes and words of the past */
    }
}

static bool same_access(const struct access_list *a, const struct access_list *b)
{
    if (a->count != b->count || a->name_count != b->name_count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct access_rule *x = &a->rules[i], *y = &b->rules[i];

        if (!addr_equal(&x->net, &y->net) || x->bits != y->bits || x->allow != y->allow ||
            x->all != y->all)
            return false;
    }
    for (size_t i = 0; i < a->name_count; i++) {
        const struct access_name *x = &a->names[i], *y = &b->names[i];

        if (!same_word(x->name, y->name) || x->allow != y->allow || x->all != y->all ||
            x->position != y->position)
            return false;
    }
    return true;
}

static bool same_local(const struct local_settings *a, const struct local_settings *b)
{
    return a->enabled == b->enabled && a->stratum == b->stratum && a->orphan == b->orphan &&
           !(a->distance_s < b->distance_s || a->distance_s > b->distance_s) &&
           !(a->activate_s < b->activate_s || a->activate_s > b->activate_s) &&
           !(a->wait_synced_s < b->wait_synced_s || a->wait_synced_s > b->wait_synced_s) &&
           !(a->wait_unsynced_s < b->wait_unsynced_s || a->wait_unsynced_s > b->wait_unsynced_s);
}

static bool same_ratelimit(const struct ratelimit_settings *a, const struct ratelimit_settings *b)
{
    return a->enabled == b->enabled && a->interval == b->interval && a->burst == b->burst &&
           a->leak == b->leak && a->kod == b->kod;
}

static const char *arguments(const struct config_item *item)
{
    const char *blank = strchr(item->text, ' ');

    return blank ? blank : "";
}

static const struct config_item *next_item(const struct config *c, const struct directive *row,
                                           size_t *at)
{
    while (c->extra && *at < c->extra->item_count) {
        if (c->extra->items[(*at)++].row == row)
            return &c->extra->items[*at - 1];
    }
    return NULL;
}

/* The lines of the directive one by one; of directives that replace each other the last alone. */
static bool same_lines(const struct directive *row, const struct config *before,
                       const struct config *after)
{
    size_t a = 0, b = 0;
    const struct config_item *x, *y;

    if (!(row->flags & DIRECTIVE_ADDS) && row->parse != parse_bind && row->parse != parse_bindcmd) {
        x = config_item_of(before, row->name);
        y = config_item_of(after, row->name);
        return (!x && !y) || (x && y && strcmp(arguments(x), arguments(y)) == 0);
    }
    do {
        x = next_item(before, row, &a);
        y = next_item(after, row, &b);
        if (!x != !y || (x && strcmp(arguments(x), arguments(y)) != 0))
            return false;
    } while (x);
    return true;
}

static bool same_special(const struct directive *row, const struct config *before,
                         const struct config *after)
{
    if (row->parse == parse_source)
        return true; /* told apart one by one */
    if (row->parse == parse_access)
        return same_access((const void *)((const char *)before + row->place),
                           (const void *)((const char *)after + row->place));
    if (row->parse == parse_local)
        return same_local(&before->reference.local, &after->reference.local);
    if (row->parse == parse_ratelimit)
        return same_ratelimit(&before->ntp.clients.limits[row->detail],
                              &after->ntp.clients.limits[row->detail]);
    return same_lines(row, before, after);
}

static bool same(const struct directive *row, const struct config *before,
                 const struct config *after)
{
    if (row->kind == DIRECTIVE_SPECIAL)
        return same_special(row, before, after);
    return same_value(row, (const char *)before + row->place, (const char *)after + row->place);
}

/* allow and deny are one list, ntscachedir is ntsdumpdir: such a change is told once, by the first
 * row that has a line on either side. */
static bool tells(const struct directive *row, const struct config *before,
                  const struct config *after)
{
    const struct directive *first = NULL;

    if (row->kind != DIRECTIVE_WORD && row->parse != parse_access)
        return true;
    for (size_t i = 0; i < config_directive_count; i++) {
        const struct directive *other = &config_directives[i];

        if (other->place != row->place || other->kind != row->kind || other->parse != row->parse)
            continue;
        if (config_item_of(before, other->name) || config_item_of(after, other->name))
            return other == row;
        if (!first)
            first = other;
    }
    return first == row;
}

static bool add_change(struct config_diff *out, const struct directive *row,
                       const struct config *before, const struct config *after)
{
    const struct config_item *x = config_item_of(before, row->name);
    const struct config_item *y = config_item_of(after, row->name);
    struct config_change *grown = config_grow(out->changes, out->change_count, sizeof(*grown));

    if (!grown)
        return false;
    out->changes = grown;
    grown[out->change_count++] =
        (struct config_change){.directive = row->name,
                               .before = x ? x->text : NULL,
                               .after = y ? y->text : NULL,
                               .at_run_time = row->flags & DIRECTIVE_RUNTIME};
    return true;
}

bool config_diff(const struct config *before, const struct config *after, struct config_diff *out)
{
    bool good;

    *out = (struct config_diff){0};
    good = diff_sources(before, after, out);
    for (size_t i = 0; good && i < config_directive_count; i++) {
        const struct directive *row = &config_directives[i];

        if (!same(row, before, after) && tells(row, before, after))
            good = add_change(out, row, before, after);
    }
    if (!good)
        config_diff_free(out);
    return good;
}

void config_diff_free(struct config_diff *diff)
{
    free(diff->gone);
    free(diff->come);
    free(diff->changes);
    *diff = (struct config_diff){0};
}
