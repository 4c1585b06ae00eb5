/* source.c - server, pool and peer lines (spec chrony-conf section 5). */
#include "chronyd/config/parse.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define AT(field) offsetof(struct ntp_source_settings, field)
#define NO_LIMIT 1e9

static bool parse_extfield(struct words *w, void *out)
{
    struct ntp_source_settings *s = out;
    char *word = words_next(w), *end;
    unsigned long type;

    if (!word || *word == '-' || *word == '+')
        return false;
    type = strtoul(word, &end, 16);
    if (end == word)
        return false;
    if (*end)
        w->pending = end;
    if (type == 0xf323)
        s->ef_mono_root = true;
    else if (type == 0x10a || type == 0xf324) /* F324 was its number in 4.5 to 4.8 */
        s->ef_net_correction = true;
    else
        return false;
    return true;
}

static bool parse_ipv4(struct words *w, void *out)
{
    struct ntp_source_settings *s = out;

    (void)w;
    s->family = ADDR_IPV4;
    return true;
}

static bool parse_ipv6(struct words *w, void *out)
{
    struct ntp_source_settings *s = out;

    (void)w;
    s->family = ADDR_IPV6;
    return true;
}

static const struct option options[] = {
    {"asymmetry", OPTION_FLOAT, AT(asymmetry), -NO_LIMIT, NO_LIMIT, NULL},
    {"auto_offline", OPTION_FLAG, AT(auto_offline), 0, 0, NULL},
    {"burst", OPTION_FLAG, AT(burst), 0, 0, NULL},
    {"certset", OPTION_UINT32, AT(cert_set), 0, UINT32_MAX, NULL},
    {"copy", OPTION_FLAG, AT(copy), 0, 0, NULL},
    {"extfield", OPTION_SPECIAL, 0, 0, 0, parse_extfield},
    {"filter", OPTION_INT, AT(filter_length), 0, INT_MAX, NULL},
    {"iburst", OPTION_FLAG, AT(iburst), 0, 0, NULL},
    {"ipv4", OPTION_SPECIAL, 0, 0, 0, parse_ipv4},
    {"ipv6", OPTION_SPECIAL, 0, 0, 0, parse_ipv6},
    {"key", OPTION_UINT32, AT(key_id), 1, UINT32_MAX, NULL},
    {"maxdelay", OPTION_FLOAT, AT(max_delay_s), 0.0, NTP_MAX_DELAY_MAX_S, NULL},
    {"maxdelaydevratio", OPTION_FLOAT, AT(max_delay_dev_ratio), 0.0, NTP_MAX_DELAY_RATIO_MAX, NULL},
    {"maxdelayquant", OPTION_FLOAT, AT(max_delay_quant), 0.0, NTP_DELAY_QUANTILE_MAX, NULL},
    {"maxdelayratio", OPTION_FLOAT, AT(max_delay_ratio), 0.0, NTP_MAX_DELAY_RATIO_MAX, NULL},
    {"maxpoll", OPTION_INT, AT(maxpoll), -32, 32, NULL},
    {"maxsamples", OPTION_INT, AT(max_samples), 0, INT_MAX, NULL},
    {"maxsources", OPTION_INT, AT(max_sources), 1, INT_MAX, NULL},
    {"maxunreach", OPTION_INT, AT(max_unreach), 0, INT_MAX, NULL},
    {"mindelay", OPTION_FLOAT, AT(min_delay_s), -NO_LIMIT, NO_LIMIT, NULL},
    {"minpoll", OPTION_INT, AT(minpoll), INT_MIN, INT_MAX, NULL},
    {"minsamples", OPTION_INT, AT(min_samples), 0, INT_MAX, NULL},
    {"minstratum", OPTION_INT, AT(min_stratum), 0, 16, NULL},
    {"noselect", OPTION_BIT, AT(select_options), SELECT_NOSELECT, 0, NULL},
    {"nts", OPTION_FLAG, AT(nts), 0, 0, NULL},
    {"ntsport", OPTION_PORT, AT(nts_port), 0, 65535, NULL},
    {"offline", OPTION_FLAG, AT(offline), 0, 0, NULL},
    {"offset", OPTION_FLOAT, AT(offset_s), -NO_LIMIT, NO_LIMIT, NULL},
    {"polltarget", OPTION_INT, AT(poll_target), 1, INT_MAX, NULL},
    {"port", OPTION_PORT, AT(port), 0, 65535, NULL},
    {"prefer", OPTION_BIT, AT(select_options), SELECT_PREFER, 0, NULL},
    {"presend", OPTION_INT, AT(presend_minpoll), -32, 32, NULL},
    {"require", OPTION_BIT, AT(select_options), SELECT_REQUIRE, 0, NULL},
    {"trust", OPTION_BIT, AT(select_options), SELECT_TRUST, 0, NULL},
    {"version", OPTION_INT, AT(version), 1, 4, NULL},
    {"xleave", OPTION_FLAG, AT(xleave), 0, 0, NULL},
};

const struct option *source_options(size_t *count)
{
    *count = ARRAY_LEN(options);
    return options;
}

/* The clamps after "->" in the table of section 5.1: silent, because they always were. */
static void clamp_source(struct ntp_source_settings *s)
{
    ntp_source_clamp_polls(s);
    if (s->max_delay_ratio < 1.0)
        s->max_delay_ratio = 0.0;
    if (s->max_delay_quant > 0.0)
        s->max_delay_quant =
            clamp_d(s->max_delay_quant, NTP_DELAY_QUANTILE_MIN, NTP_DELAY_QUANTILE_MAX);
    if (s->filter_length > 0)
        s->filter_length = clamp_i(s->filter_length, 1, NTP_FILTER_LENGTH_MAX);
    clamp_samples(&s->min_samples, &s->max_samples);
    s->min_stratum = clamp_i(s->min_stratum, 0, NTP_STRATUM_MAX);
    s->max_sources = clamp_i(s->max_sources, 1, NTP_POOL_SOURCES_MAX);
}

static bool good_name(const char *name)
{
    for (const char *c = name; *c; c++) {
        if (*c <= ' ' || *c > '~')
            return false;
    }
    return *name != '\0';
}

bool parse_source(struct parser *p, struct words *w)
{
    const size_t sources_max = 65536;
    struct config *c = p->config;
    struct ntp_source_settings s, *grown;
    const char *name = words_next(w), *culprit;
    enum option_status status;

    ntp_source_defaults(&s);
    if (!name || !good_name(name) || !text_copy(s.name, sizeof(s.name), name))
        return fail_syntax(p);
    status = options_parse(options, ARRAY_LEN(options), w, &s, &culprit);
    if (status != OPTION_OK)
        return fail_option(p, status, culprit, options, ARRAY_LEN(options));
    clamp_source(&s);
    s.pool = p->row->detail == SOURCE_WORD_POOL;
    s.kind = p->row->detail == SOURCE_WORD_PEER ? SOURCE_PEER : SOURCE_SERVER;
    if (c->ntp_source_count >= sources_max) {
        parser_hint(p, "There can be no more than %zu sources", sources_max);
        return fail_parse(p);
    }
    grown = config_grow(c->ntp_sources, c->ntp_source_count, sizeof(*grown));
    if (!grown)
        return fail_memory(p);
    c->ntp_sources = grown;
    grown[c->ntp_source_count++] = s;
    return true;
}
