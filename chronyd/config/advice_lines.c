/* advice_lines.c - lines that do nothing, or not what they say. */
#include "chronyd/config/advice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- lines without effect --- */

static void not_implemented(struct advice *a, const struct config_item *item)
{
    if (item->row->flags & DIRECTIVE_PENDING)
        advise(a, "not-implemented", item, NULL, "%s is read, but this version does not act on it",
               item->row->name);
}

/* Does a second line take the place of the first as a whole? */
static bool replaces(const struct config_item *first, const struct config_item *second)
{
    const struct directive *row = second->row;

    if (row->flags & DIRECTIVE_ADDS || row->parse == parse_ratelimit)
        return false;
    if (row->parse == parse_bind || row->parse == parse_bindcmd) {
        char one[256], two[256];

        item_argument(first, 1, one);
        item_argument(second, 1, two);
        return (one[0] == '/') == (two[0] == '/') && !strchr(one, ':') == !strchr(two, ':');
    }
    return row->kind != DIRECTIVE_FLAG && row->kind != DIRECTIVE_OBSOLETE &&
           row->kind != DIRECTIVE_SILENT;
}

static void repeated(struct advice *a)
{
    const struct config_extra *extra = a->config->extra;
    /* The newest line of each row. */
    const struct config_item **last = calloc(config_directive_count, sizeof(*last));

    for (size_t i = 0; last && extra && i < extra->item_count; i++) {
        const struct config_item *item = &extra->items[i];
        const struct config_item **before = &last[item->row - config_directives];

        if (*before && replaces(*before, item))
            advise(a, "repeated", *before, NULL,
                   "%s stands here in vain: line %d%s%s takes its place", item->row->name,
                   item->line, item->file ? " of " : "", item->file ? item->file : "");
        *before = item;
    }
    free(last);
}

/* --- values that are taken as others --- */

static void clamped_value(struct advice *a, const struct config_item *item)
{
    const struct directive *row = item->row;
    char word[256];
    double v;

    if (row->kind != DIRECTIVE_FLOAT || row->min <= -1e9)
        return;
    v = strtod(item_argument(item, 1, word), NULL);
    if (v < row->min || v > row->max)
        advise(a, "clamped", item, word, "%s %s is taken as %g", row->name, word,
               v < row->min ? row->min : row->max);
}

/* What a number option was typed as, and what became of it. */
static void clamped_options(struct advice *a, const struct config_item *item,
                            const struct option *options, size_t count, const void *settings)
{
    for (size_t i = 0; i < count; i++) {
        const void *place = (const char *)settings + options[i].place;
        double typed, taken;

        if (options[i].kind == OPTION_INT)
            taken = *(const int *)place;
        else if (options[i].kind == OPTION_FLOAT)
            taken = *(const double *)place;
        else
            continue;
        if (!item_number(item, options[i].name, &typed) || fabs(typed - taken) <= 1e-12)
            continue;
        /* 0 is the documented way to say "as many as fit". */
        if (typed == 0.0 && strcmp(options[i].name, "maxsamples") == 0)
            continue;
        advise(a, "clamped", item, options[i].name, "%s %g is taken as %g", options[i].name, typed,
               taken);
    }
}

static void clamped(struct advice *a)
{
    const struct config *c = a->config;
    size_t sources = 0, clocks = 0, source_count, clock_count;
    const struct option *for_sources = source_options(&source_count);
    const struct option *for_clocks = refclock_options(&clock_count);

    for (size_t i = 0; c->extra && i < c->extra->item_count; i++) {
        const struct config_item *item = &c->extra->items[i];

        not_implemented(a, item);
        clamped_value(a, item);
        if (item->row->parse == parse_source && sources < c->ntp_source_count)
            clamped_options(a, item, for_sources, source_count, &c->ntp_sources[sources++]);
        if (item->row->parse == parse_refclock && clocks < c->refclock_count)
            clamped_options(a, item, for_clocks, clock_count, &c->refclocks[clocks++]);
    }
}

void advise_lines(struct advice *a)
{
    clamped(a);
    repeated(a);
}
