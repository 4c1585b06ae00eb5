/* refclock.c - refclock lines (spec chrony-conf section 6).
 *
 * Drivers are judged when they are started; here their name and options are only words. */
#include "chronyd/config/parse.h"

#include <limits.h>
#include <string.h>

#include "base/text.h"

#define AT(field) offsetof(struct refclock_settings, field)

static bool parse_refid_to(struct words *w, char out[5])
{
    const char *word = words_next(w);

    return word && text_copy(out, 5, word);
}

static bool parse_refid(struct words *w, void *out)
{
    return parse_refid_to(w, ((struct refclock_settings *)out)->refid);
}

static bool parse_lock(struct words *w, void *out)
{
    return parse_refid_to(w, ((struct refclock_settings *)out)->lock);
}

static const struct option options[] = {
    {"delay", OPTION_FLOAT, AT(delay_s), 0.0, 1e9, NULL},
    {"dpoll", OPTION_INT, AT(driver_poll), -32, 32, NULL},
    {"filter", OPTION_INT, AT(filter_length), 0, INT_MAX, NULL},
    {"local", OPTION_FLAG, AT(local), 0, 0, NULL},
    {"lock", OPTION_SPECIAL, 0, 0, 0, parse_lock},
    {"maxdispersion", OPTION_FLOAT, AT(max_dispersion_s), 0.0, 1e9, NULL},
    {"maxlockage", OPTION_INT, AT(max_lock_age), 0, INT_MAX, NULL},
    {"maxsamples", OPTION_INT, AT(max_samples), 0, INT_MAX, NULL},
    {"maxunreach", OPTION_INT, AT(max_unreach), 0, INT_MAX, NULL},
    {"minsamples", OPTION_INT, AT(min_samples), 0, INT_MAX, NULL},
    {"noselect", OPTION_BIT, AT(select_options), SELECT_NOSELECT, 0, NULL},
    {"offset", OPTION_FLOAT, AT(offset_s), -1e9, 1e9, NULL},
    {"poll", OPTION_INT, AT(poll), -32, 32, NULL},
    {"pps", OPTION_FLAG, AT(pps), 0, 0, NULL},
    {"precision", OPTION_FLOAT, AT(precision_s), 0.0, 1e9, NULL},
    {"prefer", OPTION_BIT, AT(select_options), SELECT_PREFER, 0, NULL},
    {"rate", OPTION_INT, AT(rate), 1, INT_MAX, NULL},
    {"refid", OPTION_SPECIAL, 0, 0, 0, parse_refid},
    {"require", OPTION_BIT, AT(select_options), SELECT_REQUIRE, 0, NULL},
    {"stratum", OPTION_INT, AT(stratum), 0, 15, NULL},
    {"tai", OPTION_FLAG, AT(tai), 0, 0, NULL},
    {"trust", OPTION_BIT, AT(select_options), SELECT_TRUST, 0, NULL},
    {"width", OPTION_FLOAT, AT(width_s), 0.0, 1e9, NULL},
};

const struct option *refclock_options(size_t *count)
{
    *count = ARRAY_LEN(options);
    return options;
}

static void clamp_refclock(struct refclock_settings *s)
{
    if (s->driver_poll > s->poll)
        s->driver_poll = s->poll;
    s->filter_length = clamp_i(s->filter_length, 1, 256);
    clamp_samples(&s->min_samples, &s->max_samples);
}

bool parse_refclock(struct parser *p, struct words *w)
{
    struct refclock_settings s = {
        .poll = 4,
        .filter_length = 64,
        .rate = 1,
        .max_lock_age = 2,
        .delay_s = 1e-9,
        .min_samples = -1,
        .max_samples = -1,
        .max_unreach = 100000,
        .driver_options = "",
    };
    struct refclock_settings *grown;
    struct config *c = p->config;
    const char *culprit;
    char *driver = words_next(w), *parameter = words_next(w), *colon;
    enum option_status status;

    if (!driver || !parameter)
        return fail_syntax(p);
    colon = strchr(parameter, ':');
    if (colon)
        *colon++ = '\0';
    s.driver = config_string(c, driver);
    s.parameter = config_string(c, parameter);
    if (colon)
        s.driver_options = config_string(c, colon);
    if (!s.driver || !s.parameter || !s.driver_options)
        return fail_memory(p);
    status = options_parse(options, ARRAY_LEN(options), w, &s, &culprit);
    if (status != OPTION_OK)
        return fail_option(p, status, culprit, options, ARRAY_LEN(options));
    clamp_refclock(&s);
    grown = config_grow(c->refclocks, c->refclock_count, sizeof(*grown));
    if (!grown)
        return fail_memory(p);
    c->refclocks = grown;
    grown[c->refclock_count++] = s;
    return true;
}
