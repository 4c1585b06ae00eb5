/* lines.c - directives with a grammar of their own, but not about networks or sources. */
#include "chronyd/config/parse.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "candm/candm.h"

bool parse_log(struct parser *p, struct words *w)
{
    static const struct choice names[] = {
        {"measurements", LOG_MEASUREMENTS},
        {"rawmeasurements", LOG_RAWMEASUREMENTS},
        {"statistics", LOG_STATISTICS},
        {"tracking", LOG_TRACKING},
        {"rtc", LOG_RTC},
        {"refclocks", LOG_REFCLOCKS},
        {"tempcomp", LOG_TEMPCOMP},
        {"selection", LOG_SELECTION},
        {NULL, 0},
    };
    const char *word;

    while ((word = words_next(w))) {
        int bit = choice_value(names, word, false);
        char where[360];

        if (bit < 0) {
            parser_hint_choice(p, names, word);
            return err_set(p->err, ERR_UNKNOWN, "Invalid log parameter %s",
                           parser_where(p, where, sizeof(where)));
        }
        p->config->logs |= (unsigned)bit;
    }
    return true;
}

bool parse_makestep(struct parser *p, struct words *w)
{
    struct reference_settings *r = &p->config->reference;

    return take_count(p, w, 2) && take_float(p, w, &r->makestep_threshold_s) &&
           take_int(p, w, INT_MIN, INT_MAX, &r->makestep_limit);
}

bool parse_maxchange(struct parser *p, struct words *w)
{
    struct reference_settings *r = &p->config->reference;

    return take_count(p, w, 3) && take_float(p, w, &r->maxchange_s) &&
           take_int(p, w, INT_MIN, INT_MAX, &r->maxchange_start) &&
           take_int(p, w, INT_MIN, INT_MAX, &r->maxchange_ignore);
}

bool parse_initstepslew(struct parser *p, struct words *w)
{
    struct config *c = p->config;
    const char *word;

    /* The list replaces an earlier one. */
    c->initstepslew_count = 0;
    if (words_at_end(w) || !take_float(p, w, &c->initstepslew_threshold_s))
        return fail_parse(p);
    while ((word = words_next(w))) {
        const char **hosts = c->initstepslew_hosts;

        word = config_string(c, word);
        hosts = word ? config_grow(hosts, c->initstepslew_count, sizeof(*hosts)) : NULL;
        if (!hosts)
            return fail_memory(p);
        c->initstepslew_hosts = hosts;
        hosts[c->initstepslew_count++] = word;
    }
    return true;
}

bool parse_fallbackdrift(struct parser *p, struct words *w)
{
    struct reference_settings *r = &p->config->reference;

    return take_count(p, w, 2) && take_int(p, w, INT_MIN, INT_MAX, &r->fallback_drift_min) &&
           take_int(p, w, INT_MIN, INT_MAX, &r->fallback_drift_max);
}

bool parse_mailonchange(struct parser *p, struct words *w)
{
    struct reference_settings *r = &p->config->reference;

    return take_count(p, w, 2) && take_word(p, w, &r->mail_user) &&
           take_float(p, w, &r->mail_threshold_s);
}

bool parse_driftfile(struct parser *p, struct words *w)
{
    static const struct option options[] = {{"interval", OPTION_INT, 0, 1, INT_MAX, NULL}};
    struct reference_settings *r = &p->config->reference;
    const char *culprit;
    enum option_status status;

    r->drift_interval_s = 3600;
    if (!take_word(p, w, &r->drift_file))
        return false;
    status = options_parse(options, ARRAY_LEN(options), w, &r->drift_interval_s, &culprit);
    if (status != OPTION_OK)
        return status == OPTION_UNKNOWN ? fail_extra(p) : fail_parse(p);
    return true;
}

bool parse_local(struct parser *p, struct words *w)
{
#define AT(field) offsetof(struct local_settings, field)
    static const struct option options[] = {
        {"stratum", OPTION_INT, AT(stratum), 1, 15, NULL},
        {"orphan", OPTION_FLAG, AT(orphan), 0, 0, NULL},
        {"distance", OPTION_FLOAT, AT(distance_s), -1e9, 1e9, NULL},
        {"activate", OPTION_FLOAT, AT(activate_s), -1e9, 1e9, NULL},
        {"waitsynced", OPTION_FLOAT, AT(wait_synced_s), -1e9, 1e9, NULL},
        {"waitunsynced", OPTION_FLOAT, AT(wait_unsynced_s), -1e9, 1e9, NULL},
    };
#undef AT
    const double not_given = -2e9; /* cannot be typed: the option is clamped above it */
    struct local_settings s = {
        .enabled = true, .stratum = 10, .distance_s = 1.0, .wait_unsynced_s = not_given};
    const char *culprit;
    enum option_status status = options_parse(options, ARRAY_LEN(options), w, &s, &culprit);

    if (status != OPTION_OK)
        return fail_option(p, status, culprit, options, ARRAY_LEN(options));
    if (s.wait_unsynced_s <= not_given)
        s.wait_unsynced_s = s.orphan ? 300.0 : 0.0;
    p->config->reference.local = s;
    return true;
}

bool parse_smoothtime(struct parser *p, struct words *w)
{
    struct smooth_settings s = {0};
    const char *word;

    if (!take_float(p, w, &s.max_freq_ppm) || !take_float(p, w, &s.max_wander_ppm))
        return false;
    word = words_next(w);
    if (word && !text_equal_nocase(word, "leaponly"))
        return fail_parse(p);
    s.leap_only = word != NULL;
    if (!words_at_end(w))
        return fail_extra(p);
    p->config->smooth = s;
    return true;
}

bool parse_tempcomp(struct parser *p, struct words *w)
{
    struct tempcomp_settings s = {0};
    int blanks = 0;

    for (const char *c = w->rest; *c; c++)
        blanks += *c == ' ';
    if (!take_word(p, w, &s.sensor) || !take_float(p, w, &s.interval_s))
        return false;
    if (s.interval_s <= 0.0)
        s.interval_s = 1.0;
    /* Three words: the last one is a file of points. */
    if (blanks == 2) {
        if (!take_word(p, w, &s.points))
            return false;
    } else if (!take_count(p, w, 4) || !take_float(p, w, &s.t0) || !take_float(p, w, &s.k0) ||
               !take_float(p, w, &s.k1) || !take_float(p, w, &s.k2)) {
        return false;
    }
    p->config->tempcomp = s;
    return true;
}

bool parse_clientloglimit(struct parser *p, struct words *w)
{
    const uint64_t most = UINT64_C(1) << 40;
    const char *word;
    uint64_t bytes;

    if (!take_count(p, w, 1))
        return false;
    word = words_next(w);
    if (!word || !text_uint(word, &bytes))
        return fail_parse(p);
    p->config->ntp.clients.memory_limit = (size_t)(bytes < most ? bytes : most);
    return true;
}

bool parse_noclientlog(struct parser *p, struct words *w)
{
    p->config->ntp.clients.enabled = false;
    return take_count(p, w, 0);
}

bool parse_opencommands(struct parser *p, struct words *w)
{
    static const struct choice names[] = {
        {"activity", CANDM_OPEN_ACTIVITY},     {"authdata", CANDM_OPEN_AUTHDATA},
        {"clients", CANDM_OPEN_CLIENTS},       {"manual", CANDM_OPEN_MANUAL},
        {"ntpdata", CANDM_OPEN_NTPDATA},       {"rtcdata", CANDM_OPEN_RTCDATA},
        {"selectdata", CANDM_OPEN_SELECTDATA}, {"serverstats", CANDM_OPEN_SERVERSTATS},
        {"smoothing", CANDM_OPEN_SMOOTHING},   {"sourcename", CANDM_OPEN_SOURCENAME},
        {"sources", CANDM_OPEN_SOURCES},       {"sourcestats", CANDM_OPEN_SOURCESTATS},
        {"tracking", CANDM_OPEN_TRACKING},     {NULL, 0},
    };
    uint64_t bits = 0;
    const char *word;

    while ((word = words_next(w))) {
        int bit = choice_value(names, word, true);

        if (bit < 0) {
            parser_hint_choice(p, names, word);
            return fail_parse(p);
        }
        bits |= (uint64_t)bit;
    }
    p->config->control.open_commands = bits;
    return true;
}

bool parse_pidfile(struct parser *p, struct words *w)
{
    const char *path = NULL;

    if (!take_count(p, w, 1) || !take_word(p, w, &path))
        return false;
    p->config->pid_file = strcmp(path, "/") == 0 ? NULL : path;
    return true;
}

static bool add_word(struct parser *p, struct words *w, const char ***list, size_t *count)
{
    const char *word = NULL, **grown;

    if (!take_word(p, w, &word))
        return false;
    grown = config_grow(*list, *count, sizeof(**list));
    if (!grown)
        return fail_memory(p);
    *list = grown;
    grown[(*count)++] = word;
    return true;
}

bool parse_list(struct parser *p, struct words *w)
{
    struct config *c = p->config;

    switch ((enum list_name)p->row->detail) {
    case LIST_SOURCE_DIRS:
        while (!words_at_end(w)) {
            if (!add_word(p, w, &c->source_dirs, &c->source_dir_count))
                return false;
        }
        return true;
    case LIST_NTS_CERTS:
        return take_count(p, w, 1) &&
               add_word(p, w, &c->nts.server_certs, &c->nts.server_cert_count);
    case LIST_NTS_KEYS:
        return take_count(p, w, 1) && add_word(p, w, &c->nts.server_keys, &c->nts.server_key_count);
    }
    return false;
}

bool parse_ntsaeads(struct parser *p, struct words *w)
{
    struct nts_settings *nts = &p->config->nts;

    nts->aead_count = 0;
    while (!words_at_end(w)) {
        int id;

        if (!take_int(p, w, 0, INT_MAX, &id))
            return fail_parse(p);
        if (nts->aead_count < ARRAY_LEN(nts->aeads))
            nts->aeads[nts->aead_count++] = id;
    }
    return true;
}

bool parse_ntstrustedcerts(struct parser *p, struct words *w)
{
    struct nts_settings *nts = &p->config->nts;
    struct nts_trusted trusted = {0}, *grown;
    uint64_t set = 0;

    if (strchr(w->rest, ' ')) {
        const char *word;

        if (!take_count(p, w, 2))
            return false;
        word = words_next(w);
        if (!word || !text_uint(word, &set) || set > UINT32_MAX)
            return fail_parse(p);
        trusted.set = (uint32_t)set;
    }
    if (!take_word(p, w, &trusted.path))
        return false;
    grown = config_grow(nts->trusted, nts->trusted_count, sizeof(*grown));
    if (!grown)
        return fail_memory(p);
    nts->trusted = grown;
    grown[nts->trusted_count++] = trusted;
    return true;
}
