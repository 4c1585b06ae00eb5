/* advice_sources.c - whom the host asks for the time. */
#include "chronyd/config/advice.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* --- what is known about names --- */

/* Is the name one of the domain, or the domain itself? */
static bool in_domain(const char *name, const char *domain)
{
    size_t length = strlen(name), tail = strlen(domain);

    if (length > 0 && name[length - 1] == '.')
        length--;
    if (length < tail || (length > tail && name[length - tail - 1] != '.'))
        return false;
    for (size_t i = 0; i < tail; i++) {
        char c = name[length - tail + i];

        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != domain[i])
            return false;
    }
    return true;
}

static bool in_any(const char *name, const char *const *domains, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (in_domain(name, domains[i]))
            return true;
    }
    return false;
}

/* Servers that spread a leap second over a day, as their operators say. */
static bool is_smeared(const char *name)
{
    static const char *const names[] = {
        "time.google.com",    "time1.google.com",         "time2.google.com",
        "time3.google.com",   "time4.google.com",         "time.android.com",
        "time.aws.com",       "metadata.google.internal", "time.facebook.com",
        "time1.facebook.com", "time2.facebook.com",       "time3.facebook.com",
        "time4.facebook.com", "time5.facebook.com",
    };

    return in_any(name, names, ARRAY_LEN(names)) || strcmp(name, "169.254.169.123") == 0 ||
           text_equal_nocase(name, "fd00:ec2::123");
}

/* The server of the machine below a virtual one: one is enough, and there is no second. */
static bool is_of_the_host(const char *name)
{
    return strncmp(name, "169.254.", 8) == 0 || text_equal_nocase(name, "fd00:ec2::123") ||
           in_domain(name, "metadata.google.internal");
}

/* Open to everybody, and paid for by somebody else. */
static bool is_public(const char *name)
{
    static const char *const domains[] = {
        "ntp.org",
        "time.google.com",
        "time.cloudflare.com",
        "nist.gov",
        "nwtime.org",
        "time.windows.com",
        "time.apple.com",
        "time.facebook.com",
        "time.aws.com",
        "ntp.ubuntu.com",
        "ptb.de",
        "netnod.se",
        "ntp.se",
        "nict.jp",
        "inrim.it",
    };

    return in_any(name, domains, ARRAY_LEN(domains));
}

/* --- how many --- */

static bool votes(const struct ntp_source_settings *s)
{
    return !(s->select_options & SELECT_NOSELECT);
}

static int count_voters(const struct advice *a)
{
    int count = 0;

    for (size_t i = 0; i < a->source_count && count < 1000; i++) {
        const struct ntp_source_settings *s = a->sources[i].settings;

        if (votes(s))
            count += s->pool ? s->max_sources : 1;
    }
    for (size_t i = 0; i < a->config->refclock_count; i++)
        count += !(a->config->refclocks[i].select_options & SELECT_NOSELECT);
    return count;
}

static const struct advised_source *first_voter(const struct advice *a)
{
    for (size_t i = 0; i < a->source_count; i++) {
        if (votes(a->sources[i].settings))
            return &a->sources[i];
    }
    return NULL;
}

static void how_many(struct advice *a)
{
    const struct config *c = a->config;
    const struct advised_source *one = first_voter(a);
    int count = count_voters(a);

    if (count == 0) {
        /* Sources may still come from a network script, by hand, or not at all. */
        if (c->source_dir_count == 0 && !c->manual && !c->reference.local.enabled)
            advise(a, "no-sources", NULL, NULL,
                   "Nothing tells the time: there is no server, pool, peer or refclock that may "
                   "be selected");
        return;
    }
    if (c->sources.select.min_sources > count)
        advise(a, "minsources", config_item_of(c, "minsources"), NULL,
               "The clock will never be set: minsources asks for %d sources, there are %d",
               c->sources.select.min_sources, count);
    if (c->refclock_count > 0 || !one || is_of_the_host(one->settings->name))
        return;
    if (count == 1)
        advise(a, "few-sources", one->item, NULL,
               "With one source nobody notices when %s is wrong; use three or more, or a pool",
               one->settings->name);
    else if (count == 2)
        advise(a, "few-sources", one->item, NULL,
               "Of two sources that disagree nobody can tell which one is wrong; use three or "
               "more, or a pool");
}

/* --- which --- */

static void smeared(struct advice *a)
{
    const struct advised_source *smears = NULL, *tells = NULL;
    const struct config *c = a->config;

    for (size_t i = 0; i < a->source_count; i++) {
        const struct advised_source *s = &a->sources[i];

        if (!votes(s->settings))
            continue;
        if (is_smeared(s->settings->name))
            smears = s;
        else
            tells = s;
    }
    if (!smears)
        return;
    if (tells || c->refclock_count > 0)
        advise(a, "smear-mix", smears->item, smears->settings->name,
               "%s smears leap seconds and %s does not: for a day around one they disagree by up "
               "to half a second. Use one kind",
               smears->settings->name, tells ? tells->settings->name : "a refclock");
    if (c->reference.leapsec_tz || c->reference.leapsec_list)
        advise(a, "smear-leap",
               config_item_of(c, c->reference.leapsec_list ? "leapseclist" : "leapsectz"), NULL,
               "%s smears leap seconds; with a leap second of its own the clock is wrong "
               "by a second in the end",
               smears->settings->name);
}

static void courtesy(struct advice *a, const struct advised_source *s)
{
    const struct ntp_source_settings *is = s->settings;

    if (!is_public(is->name) && !(is->pool && is_public(is->name)))
        return;
    if (is->minpoll < 6)
        advise(a, "fast-poll", s->item, "minpoll",
               "%s is a public service, and minpoll %d (%g s) is below the 64 s that are "
               "acceptable there; its servers may refuse to answer",
               is->name, is->minpoll,
               is->minpoll < 0 ? 1.0 / (1 << -is->minpoll) : (double)(1 << is->minpoll));
    if (is->burst)
        advise(a, "burst", s->item, "burst",
               "%s is a public service: burst at every poll is too much for it, iburst does it "
               "once",
               is->name);
}

/* --- options that do nothing --- */

static void without_effect(struct advice *a, const struct advised_source *s, bool given,
                           const char *option, const char *why)
{
    if (given)
        advise(a, "no-effect", s->item, option, "%s has no effect %s", option, why);
}

static void options(struct advice *a, const struct advised_source *s)
{
    const struct ntp_source_settings *is = s->settings;
    bool peer = is->kind == SOURCE_PEER;
    char buf[64];

    without_effect(a, s, peer && is->iburst, "iburst", "on a peer");
    without_effect(a, s, peer && is->burst, "burst", "on a peer");
    without_effect(a, s, peer && is->copy, "copy", "on a peer");
    without_effect(a, s, peer && is->nts, "nts", "on a peer: the exchange is not authenticated");
    without_effect(a, s, !is->pool && item_word_after(s->item, "maxsources", buf), "maxsources",
                   "but on a pool");
    without_effect(a, s, is->nts && is->key_id != 0, "key", "next to nts");
    if (is->nts && !peer && directive_is_pending("ntsdumpdir"))
        advise(a, "not-implemented", s->item, "nts",
               "nts is read, but this version cannot do it: rather than without authentication, "
               "%s is never asked",
               is->name);
    without_effect(a, s, !votes(is) && is->select_options & SELECT_PREFER, "prefer",
                   "next to noselect");
    without_effect(a, s, !votes(is) && is->select_options & SELECT_TRUST, "trust",
                   "next to noselect");
    if (!votes(is) && is->select_options & SELECT_REQUIRE)
        advise(a, "require", s->item, "require",
               "require next to noselect: the source is never selected");
    if (is->key_id != 0 && !is->nts && !a->config->key_file)
        advise(a, "no-keyfile", s->item, "key",
               "There is no keyfile, so key %u does not exist and %s is never asked",
               (unsigned)is->key_id, is->name);
}

/* --- twice --- */

static int by_name(const void *x, const void *y)
{
    const struct advised_source *a = x, *b = y;
    int order = strcmp(a->settings->name, b->settings->name);

    /* In the order of the file if the names are equal. */
    if (order == 0 && a->item && b->item)
        return a->item < b->item ? -1 : a->item > b->item;
    return order;
}

static void twice(struct advice *a)
{
    struct advised_source *sorted = calloc(a->source_count + 1, sizeof(*sorted));

    if (!sorted)
        return;
    memcpy(sorted, a->sources, a->source_count * sizeof(*sorted));
    qsort(sorted, a->source_count, sizeof(*sorted), by_name);
    for (size_t i = 1; i < a->source_count; i++) {
        const char *name = sorted[i].settings->name;

        if (strcmp(sorted[i - 1].settings->name, name) == 0)
            advise(a, "duplicate", sorted[i].item, name,
                   "%s is named twice; two sources cannot have the same address", name);
    }
    free(sorted);
}

/* --- reference clocks --- */

static bool has_refid(const struct config *c, const char *refid)
{
    for (size_t i = 0; i < c->refclock_count && i < 1000; i++) {
        char automatic[16];

        text_format(automatic, sizeof(automatic), "%.3s%d", c->refclocks[i].driver, (int)(i % 10));
        if (strcmp(c->refclocks[i].refid[0] ? c->refclocks[i].refid : automatic, refid) == 0)
            return true;
    }
    return false;
}

static void refclock(struct advice *a, size_t index, const struct config_item *item)
{
    static const char *const drivers[] = {"PPS", "SOCK", "SHM", "PHC", "RTC"};
    const struct config *c = a->config;
    const struct refclock_settings *s = &c->refclocks[index];
    bool known = false;

    for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
        known |= strcmp(drivers[i], s->driver) == 0;
    if (!known)
        advise(a, "driver", item, s->driver,
               "No refclock driver is called %.40s (PPS, SOCK, SHM, PHC, RTC): the start will fail",
               s->driver);
    if (s->lock[0] && !has_refid(c, s->lock))
        advise(a, "lock", item, "lock", "No refclock has the refid %s to lock to", s->lock);
    if (strcmp(s->driver, "PPS") == 0 && !s->lock[0] && !s->local && a->source_count == 0 &&
        c->refclock_count == 1)
        advise(a, "lone-pps", item, NULL,
               "Pulses alone do not tell which second it is: add a source or lock them to a "
               "refclock");
    for (size_t i = 0; i < index && i < 64; i++) {
        if (s->refid[0] && strcmp(s->refid, c->refclocks[i].refid) == 0)
            advise(a, "refid", item, "refid", "The refid %s is used twice", s->refid);
    }
}

/* --- all --- */

static void authentication(struct advice *a)
{
    const struct config *c = a->config;

    if (c->sources.select.auth_mode != SELECT_AUTH_REQUIRE || a->source_count == 0)
        return;
    for (size_t i = 0; i < a->source_count; i++) {
        if (a->sources[i].settings->nts || a->sources[i].settings->key_id != 0)
            return;
    }
    advise(a, "authselectmode", config_item_of(c, "authselectmode"), NULL,
           "authselectmode require, but no source has key or nts: none will be selected");
}

void advise_sources(struct advice *a)
{
    size_t at = 0;

    how_many(a);
    smeared(a);
    authentication(a);
    for (size_t i = 0; i < a->source_count; i++) {
        courtesy(a, &a->sources[i]);
        options(a, &a->sources[i]);
    }
    twice(a);
    for (size_t i = 0; i < a->config->refclock_count && i < 1000; i++)
        refclock(a, i, item_next(a->config, &at, parse_refclock));
}
