/* access_rules.c - see access_rules.h. */
#include "chronyd/access_rules.h"

#include <stdlib.h>
#include <string.h>

#define TOKENS_MASK 0xffffffu
#define RETRY_UNIT_S 7.0
#define RETRY_LOG2_MIN 2
#define RETRY_LOG2_MAX 9
/* Beyond that somebody floods us with rules while a name does not resolve. */
#define RULES_MAX 100000

struct missing {
    char *name;
    bool allow, all;
    bool asked; /* in this round */
    bool told;  /* that it does not resolve */
    size_t position;
};

struct access_rules {
    struct access_rules_params params;
    struct os os;
    struct log log;
    struct access_rule *rules; /* in their order; kept for as long as names are missing */
    size_t count;
    struct missing *names; /* positions never fall */
    size_t name_count;
    bool started;
    size_t asked; /* index of the name whose answer we wait for; SIZE_MAX = none */
    uint32_t sequence;
    int retry_log2;
    struct timer retry;
};

static void next_query(struct access_rules *r);

static void begin_round(struct access_rules *r)
{
    timer_cancel(r->params.timers, &r->retry);
    for (size_t i = 0; i < r->name_count; i++)
        r->names[i].asked = false;
    next_query(r);
}

static void retry(void *ctx, struct mono now)
{
    (void)now;
    begin_round(ctx);
}

struct access_rules *access_rules_create(const struct access_rules_params *params)
{
    struct access_rules *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->params = *params;
    r->os = *params->os;
    r->log = *params->log;
    r->asked = SIZE_MAX;
    r->retry_log2 = RETRY_LOG2_MIN;
    r->retry = (struct timer){.fire = retry, .ctx = r};
    return r;
}

static uint32_t token(const struct access_rules *r)
{
    return r->params.token + (r->sequence & TOKENS_MASK);
}

static void forget(struct access_rules *r)
{
    timer_cancel(r->params.timers, &r->retry);
    if (r->asked != SIZE_MAX)
        r->os.ops->resolve_cancel(r->os.ctx, token(r));
    r->asked = SIZE_MAX;
    for (size_t i = 0; i < r->name_count; i++)
        free(r->names[i].name);
    free(r->names);
    free(r->rules);
    r->names = NULL;
    r->rules = NULL;
    r->name_count = r->count = 0;
}

void access_rules_destroy(struct access_rules *r)
{
    if (!r)
        return;
    forget(r);
    free(r);
}

/* --- the table ------------------------------------------------------------------------------- */

/* The whole table anew: a rule in the middle may hide what stands before it. */
static bool rebuild(struct access_table *table, const struct access_rule *rules, size_t count,
                    struct err *err)
{
    struct access_table *fresh = access_create();
    bool good = fresh != NULL;

    if (!fresh)
        return err_set(err, ERR_LIMIT, "No memory for access rules");
    for (size_t i = 0; good && i < count; i++)
        good = access_apply(fresh, &rules[i], err);
    if (good)
        access_move(table, fresh);
    access_destroy(fresh);
    return good;
}

static bool copy_names(const struct access_list *list, struct missing *names)
{
    for (size_t i = 0; i < list->name_count; i++) {
        const struct access_name *n = &list->names[i];

        names[i] = (struct missing){
            .name = strdup(n->name), .allow = n->allow, .all = n->all, .position = n->position};
        if (!names[i].name) {
            while (i > 0)
                free(names[--i].name);
            return false;
        }
    }
    return true;
}

bool access_rules_load(struct access_rules *r, const struct access_list *list, struct err *err)
{
    struct access_rule *rules;
    struct missing *names;

    if (!rebuild(r->params.table, list->rules, list->count, err))
        return false;
    rules = calloc(list->count + 1, sizeof(*rules));
    names = calloc(list->name_count + 1, sizeof(*names));
    if (!rules || !names || !copy_names(list, names)) {
        free(rules);
        free(names);
        return err_set(err, ERR_LIMIT, "No memory for access rules");
    }
    forget(r);
    if (list->count > 0)
        memcpy(rules, list->rules, list->count * sizeof(*rules));
    r->rules = rules;
    r->count = list->count;
    r->names = names;
    r->name_count = list->name_count;
    r->retry_log2 = RETRY_LOG2_MIN;
    if (r->started)
        begin_round(r);
    return true;
}

static bool insert(struct access_rules *r, size_t at, const struct access_rule *rule)
{
    struct access_rule *grown = realloc(r->rules, (r->count + 1) * sizeof(*grown));

    if (!grown)
        return false;
    r->rules = grown;
    memmove(&grown[at + 1], &grown[at], (r->count - at) * sizeof(*grown));
    grown[at] = *rule;
    r->count++;
    return true;
}

void access_rules_append(struct access_rules *r, const struct access_rule *rule)
{
    if (r->name_count > 0 && r->count < RULES_MAX && !insert(r, r->count, rule))
        log_error(&r->log, "No memory for access rules");
}

/* --- look-ups, one at a time ------------------------------------------------------------------ */

static const char *word(const struct access_rules *r, const struct missing *n)
{
    return n->allow ? r->params.allow : r->params.deny;
}

static void next_query(struct access_rules *r)
{
    size_t i = 0;

    if (!r->started || r->asked != SIZE_MAX || r->name_count == 0)
        return;
    while (i < r->name_count && r->names[i].asked)
        i++;
    if (i < r->name_count) {
        r->names[i].asked = true;
        r->asked = i;
        r->sequence++;
        r->os.ops->resolve(r->os.ctx, token(r), r->names[i].name, ADDR_NONE);
        return;
    }
    timer_set(r->params.timers, &r->retry,
              mono_add_s(r->os.ops->mono(r->os.ctx), RETRY_UNIT_S * (1 << r->retry_log2)));
    if (r->retry_log2 < RETRY_LOG2_MAX)
        r->retry_log2++;
}

/* The rule of a name whose address is known now. */
static void settle(struct access_rules *r, size_t index, const struct addr *addr)
{
    const struct missing *n = &r->names[index];
    const struct access_rule rule = {
        .net = *addr, .bits = addr_bits(addr), .allow = n->allow, .all = n->all};
    char text[ADDR_TEXT_MAX];
    struct err err;

    if (!insert(r, n->position, &rule) || !rebuild(r->params.table, r->rules, r->count, &err)) {
        log_error(&r->log, "No memory for %s %s", word(r, n), n->name);
    } else {
        log_info(&r->log, "%s %s applies to %s", word(r, n), n->name,
                 addr_format(addr, text, sizeof(text)));
        for (size_t i = index + 1; i < r->name_count; i++)
            r->names[i].position++;
    }
    free(r->names[index].name);
    memmove(&r->names[index], &r->names[index + 1],
            (r->name_count - index - 1) * sizeof(*r->names));
    r->name_count--;
}

static void complain(const struct access_rules *r, struct missing *n, const char *why)
{
    if (!n->told)
        log_warning(&r->log, "Could not resolve %s in %s directive (%s), trying again later",
                    n->name, word(r, n), why[0] ? why : "no address");
    n->told = true;
}

bool access_rules_handle(struct access_rules *r, const struct event *ev)
{
    size_t index = r->asked;

    if (ev->type != EVENT_RESOLVED || index == SIZE_MAX || ev->resolved.token != token(r))
        return false;
    r->asked = SIZE_MAX;
    if (ev->resolved.status == OS_RESOLVED && ev->resolved.count > 0)
        settle(r, index, &ev->resolved.addrs[0]);
    else
        complain(r, &r->names[index], ev->resolved.error);
    next_query(r);
    return true;
}

void access_rules_start(struct access_rules *r)
{
    r->started = true;
    begin_round(r);
}

void access_rules_try_again(struct access_rules *r)
{
    /* A query that is on its way goes on; the round that it belongs to asks again by itself. */
    if (!timer_is_set(&r->retry))
        return;
    r->retry_log2 = RETRY_LOG2_MIN;
    begin_round(r);
}
