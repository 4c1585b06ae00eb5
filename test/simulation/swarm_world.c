/* swarm_world.c - a random scenario text from a seed.
 *
 * Every number is written out, so that a text can be edited and shrunk without changing the rest.
 */
#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "test/simulation/rng.h"
#include "test/simulation/swarm.h"

#define HONEST_MAX 7
#define RELAYS_MAX 2
#define CLIENTS_MAX 3

struct draft {
    struct rng rng;
    FILE *out;
    double duration_s, faults_end_s;
    int honest, liars, relays, clients;
    bool has_leap;
};

static void put(struct draft *d, const char *format, ...) PRINTF_LIKE(2, 3);

static void put(struct draft *d, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(d->out, format, args);
    va_end(args);
}

static bool chance(struct draft *d, double p)
{
    return rng_chance(&d->rng, p);
}

static int pick(struct draft *d, int lo, int hi)
{
    return lo + (int)rng_below(&d->rng, (uint64_t)(hi - lo + 1));
}

static double between(struct draft *d, double lo, double hi)
{
    return rng_between(&d->rng, lo, hi);
}

/* Uniform in the logarithm: small things are as likely as large ones. */
static double scale(struct draft *d, double lo, double hi)
{
    return exp(between(d, log(lo), log(hi)));
}

static double sign(struct draft *d)
{
    return chance(d, 0.5) ? 1.0 : -1.0;
}

/* --- servers --- */

static void put_honest(struct draft *d, int i)
{
    put(d, "host honest%d server", i);
    if (chance(d, 0.3))
        put(d, " root-delay %.6f root-dispersion %.6f stratum %d", scale(d, 1e-4, 0.1),
            scale(d, 1e-5, 0.05), pick(d, 1, 4));
    if (chance(d, 0.3))
        put(d, " hold %.6f", scale(d, 1e-6, 1e-2));
    if (chance(d, 0.2))
        put(d, " precision %d", pick(d, -28, -12));
    put(d, "\n");
}

static void put_liar(struct draft *d, int i)
{
    switch (pick(d, 0, 5)) {
    case 0:
    case 1:
        put(d, "host liar%d server offset %.3f from %.0f\n", i, sign(d) * scale(d, 1.0, 1000),
            chance(d, 0.5) ? 0.0 : between(d, 0, d->faults_end_s));
        break;
    case 2:
        put(d, "host liar%d server drift %.3gppm\n", i, sign(d) * scale(d, 5, 500));
        break;
    case 3:
        put(d, "host liar%d kod chance %.2f\n", i, between(d, 0.1, 1.0));
        break;
    case 4:
        put(d, "host liar%d malformed chance %.2f offset %.3f\n", i, between(d, 0.1, 1.0),
            sign(d) * scale(d, 1.0, 100));
        break;
    default:
        put(d, "host liar%d silent\n", i);
        break;
    }
}

/* --- daemons --- */

static void put_clock(struct draft *d)
{
    put(d, "  clock freq %.3fppm offset %.6f wander %.3g resolution %.0fns", between(d, -100, 100),
        sign(d) * scale(d, 1e-5, chance(d, 0.3) ? 100.0 : 0.3), scale(d, 1e-11, 1e-8),
        scale(d, 1, 1000));
    if (chance(d, 0.3))
        put(d, " swing %.3fppm phase %.3f", scale(d, 0.05, 3), between(d, 0, 1));
    put(d, "\n");
    if (chance(d, 0.3))
        put(d, "  stamps daemon exp %.3gus\n", scale(d, 1, 300));
    else if (chance(d, 0.2))
        put(d, "  stamps hardware normal %.3gns\n", scale(d, 5, 500));
}

static void put_source(struct draft *d, const char *kind, const char *name)
{
    int minpoll = chance(d, 0.4) ? 6 : pick(d, 1, 7);

    put(d, "  conf %s %s", kind, name);
    if (chance(d, 0.7))
        put(d, " iburst");
    if (minpoll != 6 || chance(d, 0.3))
        put(d, " minpoll %d maxpoll %d", minpoll, minpoll + pick(d, 0, 3));
    if (chance(d, 0.15))
        put(d, " xleave");
    if (chance(d, 0.1))
        put(d, " burst");
    if (chance(d, 0.1))
        put(d, " filter %d", pick(d, 2, 6));
    if (chance(d, 0.1))
        put(d, " polltarget %d", pick(d, 6, 30));
    if (chance(d, 0.1))
        put(d, " presend %d", pick(d, 6, 10));
    if (chance(d, 0.1))
        put(d, " prefer");
    if (chance(d, 0.1))
        put(d, " maxdelaydevratio %d", pick(d, 4, 20));
    if (chance(d, 0.1))
        put(d, " maxsamples %d", pick(d, 4, 40));
    put(d, "\n");
}

static void put_directives(struct draft *d)
{
    static const char *const modes[] = {"system", "step", "slew", "ignore"};

    if (chance(d, 0.6))
        put(d, "  conf makestep %.3g %d\n", scale(d, 1e-3, 10), pick(d, -1, 5));
    if (chance(d, 0.6))
        put(d, "  conf driftfile /var/lib/chrony/drift\n");
    if (chance(d, 0.4))
        put(d, "  conf dumpdir /var/lib/chrony\n  options reload\n");
    if (chance(d, 0.3))
        put(d, "  conf logdir /var/log/chrony\n"
               "  conf log measurements statistics tracking selection rawmeasurements\n");
    if (chance(d, 0.5))
        put(d, "  conf rtcsync\n");
    if (chance(d, 0.2))
        put(d, "  conf maxslewrate %.0f\n", scale(d, 1000, 83333));
    if (chance(d, 0.2))
        put(d, "  conf corrtimeratio %.1f\n", scale(d, 0.5, 20));
    if (chance(d, 0.2))
        put(d, "  conf leapsecmode %s\n", modes[pick(d, 0, d->has_leap ? 2 : 3)]);
    if (chance(d, 0.1))
        put(d, "  conf maxupdateskew %.0f\n", scale(d, 10, 1000));
    if (chance(d, 0.1))
        put(d, "  conf stratumweight 0\n");
    if (chance(d, 0.2))
        put(d, "  conf ratelimit interval %d burst %d leak %d\n", pick(d, 0, 4), pick(d, 8, 32),
            pick(d, 1, 4));
}

/* A relay follows hosts and serves; a client follows hosts and relays. Whoever has liars among its
 * sources wants more than they are to agree. */
static void put_daemon(struct draft *d, const char *name, bool is_client)
{
    char server[24];
    int relay = is_client && d->relays > 0 && chance(d, 0.7) ? pick(d, 1, d->relays) : 0;

    put(d, "node %s\n", name);
    put_clock(d);
    if (chance(d, 0.3))
        put(d, "  starts %.1f\n", between(d, 0, 100));
    for (int i = 1; i <= d->honest; i++) {
        snprintf(server, sizeof(server), "honest%d", i);
        put_source(d, "server", server);
    }
    for (int i = 1; i <= d->liars; i++) {
        snprintf(server, sizeof(server), "liar%d", i);
        put_source(d, "server", server);
    }
    if (relay) {
        snprintf(server, sizeof(server), "relay%d", relay);
        put_source(d, "server", server);
    }
    if (d->liars > 0)
        put(d, "  conf minsources %d\n", d->liars + 1);
    if (!is_client)
        put(d, "  conf allow\n");
    put_directives(d);
}

/* --- network --- */

static void put_delay(struct draft *d, const char *way)
{
    double base = scale(d, 5e-5, 0.15), jitter = base * scale(d, 0.01, 0.5);

    put(d, " %s delay %.6f", way, base);
    switch (pick(d, 0, 4)) {
    case 0:
        put(d, " normal %.7f", jitter / 3);
        break;
    case 1:
        put(d, " gamma %.7f %.1f", jitter, between(d, 0.5, 4));
        break;
    case 2:
        put(d, " product %.7f %d", jitter, pick(d, 2, 3));
        break;
    case 3:
        put(d, " exp %.7f", jitter);
        break;
    default:
        put(d, " uniform %.7f", jitter);
        break;
    }
    if (chance(d, 0.15)) {
        double height = scale(d, 0.005, 0.3); /* slopes below 50 ppm: else it is no oscillator */

        put(d, " bloat %.4f %.0f", height, height * scale(d, 40000, 1000000));
    }
    if (chance(d, 0.3))
        put(d, " loss %.3f", scale(d, 0.001, 0.3));
    if (chance(d, 0.1))
        put(d, " duplicate %.3f", between(d, 0, 0.3));
    if (chance(d, 0.1))
        put(d, " reorder %.3f %.3f", between(d, 0, 0.2), scale(d, 0.001, 1));
    if (chance(d, 0.1))
        put(d, " burst %.3f %.3f", between(d, 0.001, 0.05), between(d, 0.1, 0.6));
    put(d, "\n");
}

static void put_link(struct draft *d, const char *from, const char *to)
{
    if (chance(d, 0.7)) {
        put(d, "link %s %s", from, to);
        put_delay(d, "");
    } else {
        put(d, "link %s %s\n ", from, to);
        put_delay(d, "up");
        put(d, " ");
        put_delay(d, "down");
    }
}

static void put_network(struct draft *d)
{
    char from[24], to[24];

    for (int who = 1; who <= d->relays + d->clients; who++) {
        if (who <= d->relays)
            snprintf(from, sizeof(from), "relay%d", who);
        else
            snprintf(from, sizeof(from), "client%d", who - d->relays);
        for (int i = 1; i <= d->honest; i++) {
            snprintf(to, sizeof(to), "honest%d", i);
            put_link(d, from, to);
        }
        for (int i = 1; i <= d->liars; i++) {
            snprintf(to, sizeof(to), "liar%d", i);
            put_link(d, from, to);
        }
        for (int i = 1; who > d->relays && i <= d->relays; i++) {
            snprintf(to, sizeof(to), "relay%d", i);
            put_link(d, from, to);
        }
    }
}

/* --- faults --- */

static void random_daemon(struct draft *d, char *out, size_t size)
{
    int who = pick(d, 1, d->relays + d->clients);

    if (who <= d->relays)
        snprintf(out, size, "relay%d", who);
    else
        snprintf(out, size, "client%d", who - d->relays);
}

static void put_network_fault(struct draft *d, double at, double end, const char *who)
{
    char to[24];

    if (d->liars > 0 && chance(d, 0.2))
        snprintf(to, sizeof(to), "liar%d", pick(d, 1, d->liars));
    else if (chance(d, 0.3))
        snprintf(to, sizeof(to), "honest*");
    else
        snprintf(to, sizeof(to), "honest%d", pick(d, 1, d->honest));
    switch (pick(d, 0, 4)) {
    case 0:
    case 1:
        put(d, "at %.1f link %s %s %s cut\n", at, who, to, chance(d, 0.7) ? "" : "up");
        put(d, "at %.1f link %s %s join\n", end, who, to);
        break;
    case 2:
        put(d, "at %.1f link %s %s unreachable\n", at, who, to);
        put(d, "at %.1f link %s %s join\n", end, who, to);
        put(d, "at %.1f network %s\n", end, who);
        break;
    case 3:
        put(d, "at %.1f link %s %s loss %.2f\n", at, who, to, between(d, 0.3, 0.95));
        put(d, "at %.1f link %s %s loss %.3f\n", end, who, to, between(d, 0, 0.1));
        break;
    default:
        put(d, "at %.1f link %s %s%s", at, who, to, chance(d, 0.3) ? " up" : "");
        put_delay(d, "");
        break;
    }
}

static void put_disk_fault(struct draft *d, double at, double end, const char *who)
{
    switch (pick(d, 0, 3)) {
    case 0:
        put(d, "at %.1f disk %s full\n", at, who);
        break;
    case 1:
        put(d, "at %.1f disk %s readonly\n", at, who);
        break;
    case 2:
        put(d, "at %.1f disk %s fail %d\n", at, who, pick(d, 0, 20));
        break;
    default:
        put(d, "at %.1f disk %s tear %d\n", at, who, pick(d, 0, 3));
        break;
    }
    put(d, "at %.1f disk %s ok\n", end, who);
    put(d, "at %.1f start %s\n", end + 1, who);
}

static void put_order(struct draft *d, double at, double end, const char *who)
{
    static const char *const orders[] = {"makestep",  "reselect", "refresh",   "burst 2 4",
                                         "cyclelogs", "dump",     "onoffline", "reset",
                                         "rekey",     "reload",   "burst 4 8"};

    if (chance(d, 0.3)) {
        put(d, "at %.1f chronyc %s offline\n", at, who);
        put(d, "at %.1f chronyc %s online\n", end, who);
    } else {
        put(d, "at %.1f chronyc %s %s\n", at, who, orders[pick(d, 0, ARRAY_LEN(orders) - 1)]);
    }
}

static void put_name_fault(struct draft *d, double at, double end)
{
    int i = pick(d, 1, d->honest);

    put(d, "at %.1f dns honest%d %s\n", at, i, chance(d, 0.5) ? "temporary" : "permanent");
    put(d, "at %.1f dns honest%d honest%d\n", end, i, i);
}

static void put_fault(struct draft *d)
{
    double at = between(d, 200, d->faults_end_s);
    double end = min_d(at + scale(d, 5, 20000), d->faults_end_s + 1.0);
    char who[24];

    random_daemon(d, who, sizeof(who));
    switch (pick(d, 0, 13)) {
    case 0:
    case 1:
    case 2:
    case 3:
        put_network_fault(d, at, end, who);
        break;
    case 4:
        put(d, "at %.1f suspend %s %.1f error %.4f\n", at, who, end - at,
            chance(d, 0.5) ? 0.0 : sign(d) * scale(d, 1e-3, 2));
        break;
    case 5:
        put(d, "at %.1f pause %s %.3f%s\n", at, who, min_d(end - at, scale(d, 0.1, 600)),
            chance(d, 0.3) ? " stopped" : "");
        break;
    case 6:
        put(d, "at %.1f crash %s\nat %.1f start %s\n", at, who, end, who);
        break;
    case 7:
        put(d, "at %.1f restart %s\n", at, who);
        break;
    case 8:
        put_disk_fault(d, at, end, who);
        break;
    case 9:
        put(d, "at %.1f step %s %.6f%s\n", at, who, sign(d) * scale(d, 1e-3, 1000),
            chance(d, 0.3) ? " silent" : "");
        break;
    case 10:
        put(d, "at %.1f steer %s %.2fppm\n", at, who, sign(d) * scale(d, 1, 200));
        break;
    case 11:
        put(d, "at %.1f freq %s %.3fppm\n", at, who, sign(d) * scale(d, 0.1, 5));
        break;
    case 12:
        put_order(d, at, end, who);
        break;
    default:
        put_name_fault(d, at, end);
        break;
    }
}

static void put_attackers(struct draft *d)
{
    char who[24];

    if (!chance(d, 0.25))
        return;
    random_daemon(d, who, sizeof(who));
    switch (pick(d, 0, 2)) {
    case 0:
        put(d, "host attacker blind target %s victim honest1 offset 77 every %.3f count 3\n", who,
            scale(d, 0.1, 10));
        break;
    case 1:
        put(d, "host attacker replayer target %s victim honest1 every %.3f\n", who,
            scale(d, 0.5, 20));
        put(d, "link attacker honest1 delay 5ms\n");
        break;
    default:
        put(d, "host attacker babbler target %s every %.3f count 2\n", who, scale(d, 1, 20));
        break;
    }
    put(d, "link attacker %s delay 5ms exp 1ms\n", who);
}

char *swarm_world(uint64_t seed)
{
    struct draft d = {.duration_s = 0};
    char *text = NULL, name[24];
    size_t used = 0;
    int faults;

    rng_seed(&d.rng, seed, RNG_SWARM, 0);
    d.out = open_memstream(&text, &used);
    assert(d.out);
    d.duration_s = 60.0 * pick(&d, 240, 2000);
    d.faults_end_s = d.duration_s * 0.55;
    d.honest = pick(&d, 1, HONEST_MAX);
    d.liars = pick(&d, 0, (d.honest - 1) / 2);
    d.relays = pick(&d, 0, RELAYS_MAX);
    d.clients = pick(&d, 1, CLIENTS_MAX);
    if (chance(&d, 0.1))
        put(&d, "start 2036-02-07T0%d:00:00\n", pick(&d, 0, 6));
    put(&d, "duration %.0f\n", d.duration_s);
    for (int i = 1; i <= d.honest; i++)
        put_honest(&d, i);
    for (int i = 1; i <= d.liars; i++)
        put_liar(&d, i);
    for (int i = 1; i <= d.relays; i++) {
        snprintf(name, sizeof(name), "relay%d", i);
        put_daemon(&d, name, false);
    }
    for (int i = 1; i <= d.clients; i++) {
        snprintf(name, sizeof(name), "client%d", i);
        put_daemon(&d, name, true);
    }
    put_network(&d);
    put_attackers(&d);
    faults = chance(&d, 0.2) ? 0 : pick(&d, 1, 10);
    for (int i = 0; i < faults; i++)
        put_fault(&d);
    fclose(d.out);
    return text;
}
