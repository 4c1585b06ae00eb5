/* swarm_faults.c - the random networks of the swarm, what goes wrong in them, and who attacks. */
#include <stdio.h>

#include "base/defs.h"
#include "test/simulation/swarm_draft.h"

/* --- network --- */

static void put_delay(struct draft *d, const char *way)
{
    double base = scale(d, 5e-5, 0.15), jitter = base * scale(d, 0.01, 0.5), second;

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
    if (d->has_queues && chance(d, 0.3)) {
        double height = scale(d, 0.005, 0.3); /* slopes below 50 ppm: else it is no oscillator */

        put(d, " bloat %.4f %.0f", height, height * scale(d, 40000, 1000000));
    }
    if (chance(d, 0.3))
        put(d, " loss %.3f", scale(d, 0.001, 0.3));
    if (chance(d, 0.1))
        put(d, " duplicate %.3f", between(d, 0, 0.3));
    if (chance(d, 0.1)) {
        second = scale(d, 0.001, 1);
        put(d, " reorder %.3f %.3f", between(d, 0, 0.2), second);
    }
    if (chance(d, 0.1)) {
        second = between(d, 0.1, 0.6);
        put(d, " burst %.3f %.3f", between(d, 0.001, 0.05), second);
    }
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

void put_network(struct draft *d)
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

void put_fault(struct draft *d)
{
    double at = between(d, 200, d->faults_end_s);
    double end = min_d(at + scale(d, 5, 20000), d->faults_end_s + 1.0);
    const char *more;
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
            chance(d, 0.5) ? 0.0 : either(d, 1e-3, 2));
        break;
    case 5:
        more = chance(d, 0.3) ? " stopped" : "";
        put(d, "at %.1f pause %s %.3f%s\n", at, who, min_d(end - at, scale(d, 0.1, 600)), more);
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
        more = chance(d, 0.3) ? " silent" : "";
        put(d, "at %.1f step %s %.6f%s\n", at, who, either(d, 1e-3, 1000), more);
        break;
    case 10:
        put(d, "at %.1f steer %s %.2fppm\n", at, who, either(d, 1, 200));
        break;
    case 11:
        put(d, "at %.1f freq %s %.3fppm\n", at, who, either(d, 0.1, 5));
        break;
    case 12:
        put_order(d, at, end, who);
        break;
    default:
        put_name_fault(d, at, end);
        break;
    }
}

/* Who sees every request and answers first, on the path that a key protects. */
static void put_sighted(struct draft *d)
{
    put(d, "host sighted sighted target client%d victim relay%d offset %.3f\n", d->keyed_client,
        d->keyed_relay, either(d, 0.1, 1000));
    put(d, "link sighted client%d delay 20us\n", d->keyed_client);
}

void put_attackers(struct draft *d)
{
    char who[24];
    int count;

    if (d->keyed_client > 0 && chance(d, 0.5))
        put_sighted(d);
    if (!chance(d, 0.3))
        return;
    random_daemon(d, who, sizeof(who));
    switch (pick(d, 0, 3)) {
    case 0:
        put(d, "host attacker blind target %s victim honest1 offset 77 every %.3f count 3\n", who,
            scale(d, 0.3, 10) * d->duration_s / 20000);
        break;
    case 1:
        put(d, "host attacker replayer target %s victim honest1 every %.3f\n", who,
            scale(d, 0.5, 20) * d->duration_s / 20000);
        put(d, "link attacker honest1 delay 5ms\n");
        break;
    case 2:
        count = (int)scale(d, 1, 10000);
        put(d, "host attacker flood target %s every %.3f count %d\n", who,
            d->duration_s / pick(d, 2, 10), count);
        break;
    default:
        put(d, "host attacker babbler target %s every %.3f count 2\n", who,
            scale(d, 1, 20) * d->duration_s / 20000);
        break;
    }
    put(d, "link attacker %s delay 5ms exp 1ms\n", who);
}
