/* swarm_world.c - a random scenario text from a seed.
 *
 * Every number is written out, so that a text can be edited and shrunk without changing the rest.
 */
#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "test/simulation/swarm.h"
#include "test/simulation/swarm_draft.h"

#define HONEST_MAX 7
#define RELAYS_MAX 2
#define CLIENTS_MAX 3
/* What a world may cost: most are small, so that many can be looked at, and some are large. */
#define REQUESTS_MIN 5e3
#define REQUESTS_MAX 2e5
#define DURATION_MIN_S 5400.0
#define DURATION_MAX_S 120000.0
#define KEY_FILE                                                                                   \
    "  file /etc/chrony.keys \"7 SHA256 HEX:000102030405060708090a0b0c0d0e0f\\n\"\n"               \
    "  conf keyfile /etc/chrony.keys\n"

void put(struct draft *d, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(d->out, format, args);
    va_end(args);
}

bool chance(struct draft *d, double p)
{
    return rng_chance(&d->rng, p);
}

int pick(struct draft *d, int lo, int hi)
{
    return lo + (int)rng_below(&d->rng, (uint64_t)(hi - lo + 1));
}

double between(struct draft *d, double lo, double hi)
{
    return rng_between(&d->rng, lo, hi);
}

double scale(struct draft *d, double lo, double hi)
{
    return exp(between(d, log(lo), log(hi)));
}

static double sign(struct draft *d)
{
    return chance(d, 0.5) ? 1.0 : -1.0;
}

double either(struct draft *d, double lo, double hi)
{
    double side = sign(d);

    return side * scale(d, lo, hi);
}

/* --- servers --- */

static void put_honest(struct draft *d, int i)
{
    put(d, "host honest%d server", i);
    if (chance(d, 0.3)) {
        int stratum = pick(d, 1, 4);
        double dispersion_s = scale(d, 1e-5, 0.05);

        put(d, " root-delay %.6f root-dispersion %.6f stratum %d", scale(d, 1e-4, 0.1),
            dispersion_s, stratum);
    }
    if (chance(d, 0.3))
        put(d, " hold %.6f", scale(d, 1e-6, 1e-2));
    if (chance(d, 0.2))
        put(d, " precision %d", pick(d, -28, -12));
    put(d, "\n");
}

static void put_liar(struct draft *d, int i)
{
    double from_s, offset_s;

    switch (pick(d, 0, 5)) {
    case 0:
    case 1:
        from_s = chance(d, 0.5) ? 0.0 : between(d, 0, d->faults_end_s);
        put(d, "host liar%d server offset %.3f from %.0f\n", i, either(d, 1.0, 1000), from_s);
        break;
    case 2:
        put(d, "host liar%d server drift %.3gppm\n", i, either(d, 5, 500));
        break;
    case 3:
        put(d, "host liar%d kod chance %.2f\n", i, between(d, 0.1, 1.0));
        break;
    case 4:
        offset_s = either(d, 1.0, 100);
        put(d, "host liar%d malformed chance %.2f offset %.3f\n", i, between(d, 0.1, 1.0),
            offset_s);
        break;
    default:
        put(d, "host liar%d silent\n", i);
        break;
    }
}

/* --- daemons --- */

static void put_clock(struct draft *d)
{
    double resolution_ns = scale(d, 1, 1000), wander = scale(d, 1e-11, 1e-8);
    double side = sign(d), offset_s = side * scale(d, 1e-5, chance(d, 0.3) ? 100.0 : 0.3);

    put(d, "  clock freq %.3fppm offset %.6f wander %.3g resolution %.0fns", between(d, -100, 100),
        offset_s, wander, resolution_ns);
    if (chance(d, 0.3)) {
        double phase = between(d, 0, 1);

        put(d, " swing %.3fppm phase %.3f", scale(d, 0.05, 3), phase);
    }
    if (chance(d, 0.05))
        put(d, " fixed");
    put(d, "\n");
    if (chance(d, 0.3))
        put(d, "  stamps daemon exp %.3gus\n", scale(d, 1, 300));
    else if (chance(d, 0.2))
        put(d, "  stamps hardware normal %.3gns\n", scale(d, 5, 500));
}

/* The options of a source that say when it is asked. */
static void put_polling(struct draft *d)
{
    int minpoll = chance(d, 0.4) ? 6 : pick(d, 1, 7);
    bool bursts = false;

    if (d->wants_fast_poll) {
        d->has_queues = chance(d, 0.3);
        d->wants_fast_poll = false;
        minpoll = pick(d, -3, 0);
    }
    if (chance(d, 0.7))
        put(d, " iburst");
    if (minpoll != 6 || chance(d, 0.3))
        put(d, " minpoll %d maxpoll %d", minpoll, minpoll + pick(d, 0, 3));
    if (chance(d, 0.1)) {
        put(d, " burst");
        bursts = true;
    }
    if (chance(d, 0.1))
        put(d, " polltarget %d", pick(d, 6, 30));
    if (chance(d, 0.1))
        put(d, " presend %d", pick(d, 6, 10));
    if (chance(d, 0.05))
        put(d, " auto_offline");
    d->requests_per_s += ldexp(bursts ? 2.0 : 1.0, -minpoll);
}

/* ... and those that say what is made of the answers. */
static void put_filters(struct draft *d)
{
    if (chance(d, 0.15))
        put(d, " xleave");
    if (chance(d, 0.1))
        put(d, " filter %d", pick(d, 2, 6));
    if (chance(d, 0.1))
        put(d, " prefer");
    if (chance(d, 0.1))
        put(d, " maxdelaydevratio %d", pick(d, 4, 20));
    if (chance(d, 0.05))
        put(d, " maxdelayquant %.2f", between(d, 0.3, 0.9));
    if (chance(d, 0.1))
        put(d, " maxsamples %d", pick(d, 4, 40));
    if (chance(d, 0.05))
        put(d, " minsamples %d", pick(d, 4, 30));
}

static void put_source(struct draft *d, const char *kind, const char *name, int number, bool key)
{
    put(d, "  conf %s %s%d", kind, name, number);
    if (key)
        put(d, " key 7");
    put_polling(d);
    put_filters(d);
    put(d, "\n");
}

static void put_files(struct draft *d)
{
    static const char *const records[] = {"measurements",    "statistics", "tracking",
                                          "rawmeasurements", "selection",  "refclocks"};

    if (chance(d, 0.6))
        put(d, "  conf driftfile /var/lib/chrony/drift\n");
    if (chance(d, 0.5))
        put(d, "  conf dumpdir /var/lib/chrony\n  options reload\n");
    if (chance(d, 0.2))
        put(d, "  conf logdir /var/log/chrony\n  conf log tracking %s\n",
            records[pick(d, 0, ARRAY_LEN(records) - 1)]);
    if (chance(d, 0.5))
        put(d, "  conf rtcsync\n");
}

static void put_directives(struct draft *d)
{
    static const char *const modes[] = {"system", "step", "slew", "ignore"};

    if (chance(d, 0.6)) {
        int limit = pick(d, -1, 5);

        put(d, "  conf makestep %.3g %d\n", scale(d, 1e-3, 10), limit);
    }
    if (chance(d, 0.2))
        put(d, "  conf maxslewrate %.0f\n", scale(d, 1000, 83333));
    if (chance(d, 0.2))
        put(d, "  conf corrtimeratio %.1f\n", scale(d, 0.5, 20));
    if (chance(d, 0.2))
        put(d, "  conf leapsecmode %s\n", modes[pick(d, 0, d->has_leap ? 2 : 3)]);
    if (chance(d, 0.1))
        put(d, "  conf maxupdateskew %.0f\n", scale(d, 10, 1000));
    if (chance(d, 0.1))
        put(d, "  conf maxclockerror %.2f\n", scale(d, 1, 50));
    if (chance(d, 0.1))
        put(d, "  conf stratumweight 0\n");
    if (chance(d, 0.1))
        put(d, "  conf combinelimit %.1f\n", between(d, 0, 10));
    if (chance(d, 0.1))
        put(d, "  conf fallbackdrift 14 16\n");
    if (chance(d, 0.2)) {
        int leak = pick(d, 1, 4), burst = pick(d, 8, 32);

        put(d, "  conf ratelimit interval %d burst %d leak %d\n", pick(d, 0, 4), burst, leak);
    }
    if (chance(d, 0.2))
        put(d, "  conf clientloglimit %d\n", pick(d, 1, 64) * 1024);
}

static void put_relay(struct draft *d, int i)
{
    bool has_peer = d->relays == 2 && chance(d, 0.2);

    put(d, "node relay%d\n", i);
    put_clock(d);
    for (int k = 1; k <= d->honest; k++)
        put_source(d, "server", "honest", k, false);
    for (int k = 1; k <= d->liars; k++)
        put_source(d, "server", "liar", k, false);
    if (has_peer)
        put_source(d, "peer", "relay", 3 - i, false);
    put(d, "  conf allow\n");
    if (i == d->keyed_relay)
        put(d, KEY_FILE);
}

static void put_client(struct draft *d, int i)
{
    int relay = i == d->keyed_client              ? d->keyed_relay
                : d->relays > 0 && chance(d, 0.7) ? pick(d, 1, d->relays)
                                                  : 0;

    put(d, "node client%d\n", i);
    put_clock(d);
    for (int k = 1; k <= d->honest; k++)
        put_source(d, "server", "honest", k, false);
    for (int k = 1; k <= d->liars; k++)
        put_source(d, "server", "liar", k, false);
    if (relay)
        put_source(d, "server", "relay", relay, i == d->keyed_client);
    if (i == d->keyed_client)
        put(d, KEY_FILE);
    /* The source with a key would decide alone otherwise, and be too few for minsources. */
    if (i == d->keyed_client && (d->liars > 0 || chance(d, 0.5)))
        put(d, "  conf authselectmode ignore\n");
    if (chance(d, 0.1))
        put(d, "  conf port 0\n");
}

/* A relay follows hosts and serves; a client follows hosts and relays. Whoever has liars among its
 * sources wants more than they are to agree. */
static void put_daemons(struct draft *d)
{
    for (int i = 1; i <= d->relays + d->clients; i++) {
        if (i <= d->relays)
            put_relay(d, i);
        else
            put_client(d, i - d->relays);
        if (chance(d, 0.3))
            put(d, "  starts %.1f\n", between(d, 0, 100));
        if (d->liars > 0)
            put(d, "  conf minsources %d\n", d->liars + 1);
        put_files(d);
        put_directives(d);
    }
}

/* --- the world --- */

/* Some hours before midnight, at the end of a month that may have a leap second, or not. */
static void put_calendar(struct draft *d)
{
    int hour = 23 - pick(d, 0, 5);

    if (chance(d, 0.1)) { /* the end of the NTP era: 06:28:16 */
        put(d, "start 2036-02-07T0%d:00:00\n", pick(d, 0, 6));
    } else if (chance(d, 0.1)) {
        d->has_leap = true;
        put(d, "start 2026-12-31T%d:00:00\n", hour);
        put(d, "leap %s 2027-01-01T00:00:00\n", chance(d, 0.8) ? "insert" : "delete");
    }
}

static void choose_parties(struct draft *d)
{
    d->honest = pick(d, 1, HONEST_MAX);
    d->liars = pick(d, 0, (d->honest - 1) / 2);
    d->relays = pick(d, 0, RELAYS_MAX);
    d->clients = pick(d, 1, CLIENTS_MAX);
    d->wants_fast_poll = chance(d, 0.1);
    if (d->relays > 0 && chance(d, 0.2)) {
        d->keyed_relay = pick(d, 1, d->relays);
        d->keyed_client = pick(d, 1, d->clients);
    }
}

static void choose_duration(struct draft *d)
{
    double most_s = scale(d, REQUESTS_MIN, REQUESTS_MAX) / d->requests_per_s;

    d->duration_s = min_d(scale(d, DURATION_MIN_S, DURATION_MAX_S), most_s);
    d->duration_s = max_d(60.0 * floor(d->duration_s / 60.0), DURATION_MIN_S);
    d->faults_end_s = d->duration_s * 0.55;
    put(d, "duration %.0f\n", d->duration_s);
}

char *swarm_world(uint64_t seed)
{
    struct draft d = {.duration_s = 0};
    char *text = NULL;
    size_t used = 0;
    int faults;

    rng_seed(&d.rng, seed, RNG_SWARM, 0);
    d.out = open_memstream(&text, &used);
    assert(d.out);
    put_calendar(&d);
    choose_parties(&d);
    put_daemons(&d);
    choose_duration(&d);
    for (int i = 1; i <= d.honest; i++)
        put_honest(&d, i);
    for (int i = 1; i <= d.liars; i++)
        put_liar(&d, i);
    put_network(&d);
    put_attackers(&d);
    faults = chance(&d, 0.2) ? 0 : pick(&d, 1, 10);
    for (int i = 0; i < faults; i++)
        put_fault(&d);
    fclose(d.out);
    return text;
}
