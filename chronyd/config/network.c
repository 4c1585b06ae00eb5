/* network.c - directives about addresses: access rules, binding, rate limits, interfaces. */
#include "chronyd/config/parse.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* --- allow, deny, cmdallow, cmddeny (spec section 11) --- */

static bool add_rule(struct parser *p, struct access_list *list, const struct access_rule *rule)
{
    struct access_rule *rules = config_grow(list->rules, list->count, sizeof(*rules));

    if (!rules)
        return fail_memory(p);
    list->rules = rules;
    rules[list->count++] = *rule;
    return true;
}

static bool is_host_name(const char *word)
{
    bool letter = false;

    for (const char *c = word; *c; c++) {
        bool alpha = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');

        if (!alpha && !(*c >= '0' && *c <= '9') && !strchr("-._", *c))
            return false;
        letter |= alpha;
    }
    /* "300.1" is a mistyped address. */
    return letter && strlen(word) < 256 && !strstr(word, "..") && word[0] != '.';
}

static bool add_name(struct parser *p, struct access_list *list, const char *name, bool all)
{
    struct access_name *names = config_grow(list->names, list->name_count, sizeof(*names));

    name = names ? config_string(p->config, name) : NULL;
    if (names)
        list->names = names;
    if (!name)
        return fail_memory(p);
    names[list->name_count++] = (struct access_name){
        .name = name, .allow = p->row->detail == 1, .all = all, .position = list->count};
    return true;
}

bool parse_access(struct parser *p, struct words *w)
{
    struct access_list *list = parser_place(p);
    struct access_rule rule = {.allow = p->row->detail == 1};
    const char *word = words_next(w);

    if (word && strcmp(word, "all") == 0) {
        rule.all = true;
        word = words_next(w);
    }
    if (!words_at_end(w))
        return fail_parse(p);
    if (!word)
        return add_rule(p, list, &rule);
    if (strcmp(word, "all") == 0)
        return fail_parse(p);
    if (!access_parse_subnet(word, &rule.net, &rule.bits))
        return is_host_name(word) ? add_name(p, list, word, rule.all) : fail_parse(p);
    if (rule.bits > addr_bits(&rule.net)) {
        parser_hint(p, "Bad subnet in %s", word);
        return fail_parse(p);
    }
    return add_rule(p, list, &rule);
}

/* --- addresses to bind to: one per family --- */

bool parse_bind(struct parser *p, struct words *w)
{
    struct addr addr, *place = parser_place(p);
    const char *word;

    if (!take_count(p, w, 1))
        return false;
    word = words_next(w);
    if (!word || !addr_parse(word, &addr))
        return fail_parse(p);
    if (addr.family == ADDR_IPV6)
        place = (struct addr *)(void *)((char *)p->config + p->row->detail);
    *place = addr;
    return true;
}

bool parse_bindcmd(struct parser *p, struct words *w)
{
    struct control_settings *s = &p->config->control;

    if (w->rest[0] != '/')
        return parse_bind(p, w);
    if (!take_count(p, w, 1) || !take_word(p, w, &s->unix_path))
        return false;
    if (strcmp(s->unix_path, "/") == 0)
        s->unix_path = NULL;
    return true;
}

/* --- ratelimit, ntsratelimit, cmdratelimit --- */

bool parse_ratelimit(struct parser *p, struct words *w)
{
#define AT(field) offsetof(struct ratelimit_settings, field)
    /* The last one is for NTP alone. */
    static const struct option options[] = {
        {"interval", OPTION_INT, AT(interval), -32, 32, NULL},
        {"burst", OPTION_INT, AT(burst), INT_MIN, INT_MAX, NULL},
        {"leak", OPTION_INT, AT(leak), -32, 32, NULL},
        {"kod", OPTION_INT, AT(kod), -32, 32, NULL},
    };
#undef AT
    struct ratelimit_settings *s = &p->config->ntp.clients.limits[p->row->detail];
    size_t count = ARRAY_LEN(options) - (p->row->detail == CLIENT_NTP ? 0 : 1);
    const char *culprit;

    if (options_parse(options, count, w, s, &culprit) != OPTION_OK)
        return fail_parse(p);
    s->enabled = true;
    s->interval = clamp_i(s->interval, -19, 12);
    s->burst = clamp_i(s->burst, 1, 255);
    s->leak = clamp_i(s->leak, 1, 4);
    s->kod = clamp_i(s->kod, 0, 4);
    return true;
}

/* --- broadcast, hwtimestamp --- */

bool parse_broadcast(struct parser *p, struct words *w)
{
    struct config *c = p->config;
    struct broadcast_settings s = {.port = 123}, *grown;
    const char *word;
    int port;

    if (!take_int(p, w, INT_MIN, INT_MAX, &s.interval_s))
        return fail_parse(p);
    s.interval_s = clamp_i(s.interval_s, 1, 1 << 24);
    word = words_next(w);
    if (!word || !addr_parse(word, &s.addr))
        return fail_parse(p);
    if (!words_at_end(w)) {
        if (!take_int(p, w, INT_MIN, INT_MAX, &port) || !words_at_end(w))
            return fail_parse(p);
        /* Not a range error in any release; what went out was the low 16 bits. */
        s.port = (uint16_t)(port & 0xffff);
    }
    grown = config_grow(c->broadcasts, c->broadcast_count, sizeof(*grown));
    if (!grown)
        return fail_memory(p);
    c->broadcasts = grown;
    grown[c->broadcast_count++] = s;
    return true;
}

static bool parse_rxfilter(struct words *w, void *out)
{
    static const struct choice names[] = {
        {"none", HWTS_FILTER_NONE},
        {"ntp", HWTS_FILTER_NTP},
        {"ptp", HWTS_FILTER_PTP},
        {"all", HWTS_FILTER_ALL},
    };
    struct hwtimestamp_settings *s = out;
    const char *word = words_next(w);

    for (size_t i = 0; word && i < ARRAY_LEN(names); i++) {
        if (text_equal_nocase(names[i].word, word)) {
            s->rx_filter = (enum os_rx_filter)names[i].value;
            return true;
        }
    }
    return false;
}

bool parse_hwtimestamp(struct parser *p, struct words *w)
{
#define AT(field) offsetof(struct hwtimestamp_settings, field)
    static const struct option options[] = {
        {"minpoll", OPTION_INT, AT(minpoll), -32, 32, NULL},
        {"maxpoll", OPTION_INT, AT(maxpoll), -32, 32, NULL},
        {"minsamples", OPTION_INT, AT(min_samples), INT_MIN, INT_MAX, NULL},
        {"maxsamples", OPTION_INT, AT(max_samples), INT_MIN, INT_MAX, NULL},
        {"precision", OPTION_FLOAT, AT(precision_s), 0.0, 1.0, NULL},
        {"txcomp", OPTION_FLOAT, AT(tx_comp_s), -1.0, 1.0, NULL},
        {"rxcomp", OPTION_FLOAT, AT(rx_comp_s), -1.0, 1.0, NULL},
        {"nocrossts", OPTION_FLAG, AT(no_cross_stamps), 0, 0, NULL},
        {"rxfilter", OPTION_SPECIAL, 0, 0, 0, parse_rxfilter},
    };
#undef AT
    struct config *c = p->config;
    struct hwtimestamp_settings *grown,
        s = {.maxpoll = INT_MAX, .min_samples = 2, .max_samples = 16, .precision_s = 100e-9};
    const char *culprit;

    if (words_at_end(w))
        return fail_parse(p);
    if (!take_word(p, w, &s.interface))
        return false;
    if (options_parse(options, ARRAY_LEN(options), w, &s, &culprit) != OPTION_OK)
        return fail_parse(p);
    s.minpoll = clamp_i(s.minpoll, -6, 20);
    s.maxpoll = clamp_i(s.maxpoll == INT_MAX ? s.minpoll + 1 : s.maxpoll, s.minpoll, 20);
    s.min_samples = clamp_i(s.min_samples, 2, 64);
    s.max_samples = clamp_i(s.max_samples, s.min_samples, 64);
    grown = config_grow(c->hwtimestamps, c->hwtimestamp_count, sizeof(*grown));
    if (!grown)
        return fail_memory(p);
    c->hwtimestamps = grown;
    grown[c->hwtimestamp_count++] = s;
    return true;
}
