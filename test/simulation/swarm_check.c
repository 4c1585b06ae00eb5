/* swarm_check.c - the invariants, looked at every few seconds and at every datagram. */
#include "test/simulation/swarm_check.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chronyd/reference/sources.h"
#include "test/simulation/hosts.h"
#include "test/simulation/swarm_watch.h"

#define LOOK_S 5.0
#define LIAR_LOOKS_MAX 6
#define ANSWERS_TO_KNOW 12
#define LOG_LINES_PER_HOUR_MAX 300 /* and one for each packet sent: each may be refused */
/* Four samples of a few seconds, through milliseconds of noise, may make this of a frequency. */
#define YOUNG_FREQUENCY_MOST 1e-2
#define LOOKS_PER_MEMORY 120
/* Of the run: all is well again. */
#define LATE_SHARE 0.9
#define CORRECTION_NOISE_S 1e-3
#define AROUND_LEAP_S 3600.0
#define WAKES_PER_HOUR_MAX 40000

struct our_tap {
    struct tap tap; /* freed by the world */
    struct swarm_check *check;
};

void violated(struct swarm_check *c, const struct node *n, const char *invariant,
              const char *format, ...)
{
    struct world *w = c->run->world;
    char text[300];
    va_list args;

    if (c->out->invariant[0] != '\0')
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    text_copy(c->out->invariant, sizeof(c->out->invariant), invariant);
    text_format(c->out->words, sizeof(c->out->words), "%s at %.1f s: %s", n ? n->name : "the world",
                (double)w->now_ns * 1e-9, text);
    c->out->failed_s = (double)w->now_ns * 1e-9;
    if (w->fault[0] == '\0') /* nothing more is to be learned from this world */
        text_copy(w->fault, sizeof(w->fault), c->out->words);
}

/* --- what a daemon was told --- */

static bool is_liar(const struct node *n)
{
    return n && strncmp(n->name, "liar", 4) == 0;
}

void learn_peers(struct watch *w)
{
    struct node *n = w->node;

    if (w->starts == n->counts.starts || !n->daemon)
        return;
    w->starts = n->counts.starts;
    w->steps_at_start = n->counts.steps;
    w->peer_count = 0;
    for (size_t i = 0; i < n->config.ntp_source_count && w->peer_count < PEERS_MAX; i++) {
        const struct ntp_source_settings *s = &n->config.ntp_sources[i];
        struct node *other = world_node(n->world, s->name);

        if (other)
            w->peers[w->peer_count++] = (struct peer){
                .addr = other->addr4, .node = other, .settings = s, .last_ns = -1, .tokens = 60};
    }
}

static bool is_connected(const struct node *n, const struct node *other)
{
    struct link *l = network_find(n->world, n, other);

    return l && !l->way[0].down && !l->way[1].down && !l->way[0].unreachable &&
           !l->way[1].unreachable;
}

static bool is_alone(const struct watch *w)
{
    for (size_t i = 0; i < w->peer_count; i++) {
        const struct node *other = w->peers[i].node;

        if (!is_liar(other) && other->host && is_connected(w->node, other))
            return false;
    }
    return true;
}

/* Are the honest sources that can be reached a majority, and more needed than lie? */
static bool has_honest_majority(const struct watch *w)
{
    int honest = 0, liars = 0;

    for (size_t i = 0; i < w->peer_count; i++) {
        const struct node *other = w->peers[i].node;

        if (is_liar(other))
            liars++;
        else if (other->host && is_connected(w->node, other))
            honest++;
    }
    return liars == 0 || (honest > 2 * liars && w->node->config.sources.select.min_sources > liars);
}

static double slowest_poll_s(const struct watch *w)
{
    double slowest = 64.0;

    for (size_t i = 0; i < w->peer_count; i++) {
        const struct ntp_source_settings *s = w->peers[i].settings;
        double samples = s->filter_length > 1 ? s->filter_length : 1;

        slowest = max_d(slowest, ldexp(samples, s->maxpoll));
    }
    return slowest;
}

/* How far a source that is not a second off at once, but creeps away, may take the clock with it.
 * As long as its interval meets those of the honest it is one of them for all that a daemon can
 * know, and the narrowest path decides: so the sum of two root distances, and what it moves until
 * it is asked again. */
static double creep_s(const struct watch *w)
{
    struct sources *ss = chronyd_rooms(w->node->daemon)->sources;
    double distance_s = 0.0, drift = 0.0;

    for (size_t i = 0; i < w->peer_count; i++) {
        struct node *other = w->peers[i].node;
        struct source *s = sources_find(ss, &w->peers[i].addr);
        struct source_report r;

        if (other->host)
            drift = max_d(drift, fabs(host_law(other)->drift));
        if (!s || is_liar(other))
            continue;
        source_report(s, &r);
        distance_s = max_d(distance_s, max_d(r.error_s, r.select.distance_s));
    }
    return drift > 0.0 ? 2.0 * distance_s + drift * slowest_poll_s(w) : 0.0;
}

static bool was_disturbed(const struct node *n, double for_s)
{
    return n->counts.disturbed_ns >= 0 &&
           (double)(n->world->now_ns - n->counts.disturbed_ns) * 1e-9 < for_s;
}

/* So long a disturbance may go unnoticed and unlearned. */
static double recovers_in_s(const struct watch *w)
{
    return 6.0 * slowest_poll_s(w) + 300.0;
}

/* Relays that were disturbed hand it on, until they had time to notice and their clients too. */
static bool has_disturbed_relay(const struct watch *w)
{
    for (size_t i = 0; i < w->peer_count; i++) {
        const struct node *other = w->peers[i].node;

        for (size_t k = 0; !other->host && k < w->check->count; k++) {
            const struct watch *relay = &w->check->watches[k];

            if (relay->node == other &&
                was_disturbed(other, recovers_in_s(relay) + 2.0 * recovers_in_s(w)))
                return true;
        }
    }
    return false;
}

static bool excused(struct watch *w)
{
    const struct node_counts *counts = &w->node->counts;
    double for_s = recovers_in_s(w);

    if (counts->disturbed_ns != w->disturbed_ns) {
        w->disturbed_ns = counts->disturbed_ns;
        w->answers = counts->answers;
    }
    /* Without an honest majority and without a network nothing can be known. */
    if (!has_honest_majority(w) ||
        (w->disturbed_ns >= 0 && counts->answers - w->answers < ANSWERS_TO_KNOW))
        w->unknown_ns = w->node->world->now_ns;
    if (was_disturbed(w->node, for_s) ||
        (w->unknown_ns >= 0 && (double)(w->node->world->now_ns - w->unknown_ns) * 1e-9 < for_s))
        return true;
    return has_disturbed_relay(w);
}

/* --- at every look --- */

/* Who may not set the clock tells what is true instead. */
static double error_now_s(struct node *n)
{
    return n->clock_law.may_set ? node_error_s(n) : node_served_error_s(n);
}

static void check_honest(struct watch *w)
{
    struct node *n = w->node;
    struct verdict v;
    double wrong_s = error_now_s(n);
    bool excuse = excused(w);

    chronyd_verdict(n->daemon, &v);
    if (v.state != VERDICT_UNSYNCHRONISED && !excuse && fabs(wrong_s) > v.bound_s &&
        fabs(wrong_s) > v.bound_s + creep_s(w))
        violated(w->check, n, "honest", "the clock is %.9f s wrong, %.9f s are announced (%s)",
                 wrong_s, v.bound_s, verdict_name(v.state));
}

static void check_minority(struct watch *w)
{
    struct node *n = w->node;
    bool synchronised;
    struct node *selected = node_selected(n, &synchronised);
    const struct host_law *law;

    if (!is_liar(selected) || excused(w)) {
        w->liar = 0;
        return;
    }
    law = host_law(selected);
    if (fabs(law->offset_s) < 1.0 ||
        (double)n->world->now_ns * 1e-9 < law->from_s + 4.0 * slowest_poll_s(w) + 600.0) {
        w->liar = 0;
        return;
    }
    if (++w->liar > LIAR_LOOKS_MAX)
        violated(w->check, n, "minority", "%s is followed, which is %.3f s off", selected->name,
                 law->offset_s);
}

static void check_steps(struct watch *w)
{
    const struct node *n = w->node;
    const struct reference_settings *r = &n->config.reference;
    uint64_t steps = n->counts.steps - w->steps_at_start;
    /* A leap second is stepped where that is wanted, or where the kernel did not make it. */
    bool leaps = n->world->leap_at_ns != 0;

    if (steps == 0 || r->makestep_limit < 0)
        return;
    if (steps > (uint64_t)r->makestep_limit + n->counts.orders + leaps)
        violated(w->check, n, "step", "%llu steps, makestep allows %d updates",
                 (unsigned long long)steps, r->makestep_limit);
    if (n->counts.orders == 0 && !leaps &&
        n->counts.smallest_step_s < 0.99 * r->makestep_threshold_s)
        violated(w->check, n, "step", "a step of %.9f s, makestep wants at least %.9f s",
                 n->counts.smallest_step_s, r->makestep_threshold_s);
}

static void check_tables(struct watch *w)
{
    struct node *n = w->node;
    uint64_t wakes = n->counts.wakes;
    int64_t hour = n->world->now_ns / (3600 * NS_PER_S);
    double drift = min_d(n->config.clock.max_drift_ppm * 1e-6, YOUNG_FREQUENCY_MOST);
    double most = n->config.clock.max_slew_ppm * 1.01e-6 + drift;

    if (n->counts.largest_rate > min_d(most, 0.1000001))
        violated(w->check, n, "rate", "steered by %.1f ppm", n->counts.largest_rate * 1e6);
    if (n->sockets_open_max > 8 + 4 * w->peer_count)
        violated(w->check, n, "table", "%zu sockets for %zu sources", n->sockets_open_max,
                 w->peer_count);
    if (hour != w->hour) {
        w->hour = hour;
        w->lines = 0;
        w->wakes_at_hour = wakes;
        w->sent_at_hour = n->counts.sent;
    }
    if (w->lines > LOG_LINES_PER_HOUR_MAX + n->counts.sent - w->sent_at_hour)
        violated(w->check, n, "table", "%llu log lines in an hour", (unsigned long long)w->lines);
    if (wakes - w->wakes_at_hour > WAKES_PER_HOUR_MAX)
        violated(w->check, n, "table", "%llu wake-ups in an hour",
                 (unsigned long long)(wakes - w->wakes_at_hour));
}

/* A leap second is slewed out where that is wanted, or found out about by measuring. */
static bool is_around_leap(const struct world *w)
{
    return w->leap_at_ns != 0 && fabs((double)(w->now_ns - w->leap_at_ns) * 1e-9) < AROUND_LEAP_S;
}

/* How much of the correction is still to be made, long after the last fault. */
static void note_correction(struct watch *w)
{
    struct node *n = w->node;
    double remaining_s = fabs(node_served_error_s(n) - node_error_s(n));
    struct verdict v;

    if (!n->clock_law.may_set || is_around_leap(n->world) ||
        (double)n->world->now_ns * 1e-9 < LATE_SHARE * w->check->run->duration_s)
        return;
    chronyd_verdict(n->daemon, &v);
    if (w->late_looks == 0)
        w->remaining_first_s = remaining_s;
    w->remaining_sum_s += remaining_s;
    w->bound_sum_s += v.bound_s - remaining_s;
    w->late_looks++;
}

static void look_at(struct watch *w)
{
    struct node *n = w->node;

    if (n->state == NODE_FAILED || n->state == NODE_DONE) {
        violated(w->check, n, "state", "the daemon ended: %s", n->failure);
        return;
    }
    if (w->ran != (n->daemon != NULL) || w->starts != n->counts.starts)
        check_files(w);
    w->ran = n->daemon != NULL;
    if (!n->daemon || n->halted)
        return;
    learn_peers(w);
    check_honest(w);
    check_minority(w);
    check_steps(w);
    check_tables(w);
    note_correction(w);
}

static void look(struct world *w, struct happening *h)
{
    struct swarm_check *c = CONTAINER_OF(h, struct swarm_check, look);

    for (size_t i = 0; i < c->count; i++)
        look_at(&c->watches[i]);
    if (++c->looks % LOOKS_PER_MEMORY == 0)
        check_memory(c);
    queue_set(&w->queue, h, w->now_ns + ns_from_s(LOOK_S));
}

static void datagram_sent(struct tap *t, const struct packet *p)
{
    check_datagram(CONTAINER_OF(t, struct our_tap, tap)->check, p);
}

static void log_comes(struct log_reader *reader, int64_t at_ns, enum log_level level,
                      const char *text)
{
    (void)at_ns;
    (void)level;
    (void)text;
    CONTAINER_OF(reader, struct watch, reader)->lines++;
}

/* --- the ends of a run --- */

/* What may not be stepped takes as long as maxslewrate lets it take. */
static bool is_on_its_way(const struct watch *w)
{
    struct node *n = w->node;
    double remaining_s = fabs(node_served_error_s(n) - node_error_s(n));
    double most_s = n->config.clock.max_slew_ppm * 1e-6 * LOOK_S * w->late_looks;

    return w->remaining_first_s - remaining_s > 0.5 * most_s;
}

static void check_recovery(struct watch *w)
{
    struct node *n = w->node;
    double rest_s = 0.45 * w->check->run->duration_s;
    double served_s = fabs(node_served_error_s(n));
    struct verdict v;

    learn_peers(w);
    if (rest_s < 20.0 * slowest_poll_s(w) || !has_honest_majority(w) || is_alone(w) ||
        is_around_leap(n->world))
        return;
    if (!n->daemon) {
        violated(w->check, n, "recovery", "the daemon is not running (%s)",
                 node_state_name(n->state));
        return;
    }
    chronyd_verdict(n->daemon, &v);
    if (v.state == VERDICT_UNSYNCHRONISED)
        violated(w->check, n, "recovery", "not synchronised long after the last fault");
    else if (served_s > 0.5)
        violated(w->check, n, "recovery", "believes in a time %.6f s off after the last fault",
                 served_s);
    else if (w->remaining_sum_s > w->bound_sum_s + w->late_looks * CORRECTION_NOISE_S &&
             !is_on_its_way(w))
        violated(w->check, n, "recovery",
                 "knows the time, but the clock is %.6f s off on average, of %.6f s announced",
                 w->remaining_sum_s / w->late_looks, w->bound_sum_s / w->late_looks);
}

static void check_end(struct watch *w)
{
    check_recovery(w);
    check_files(w);
}

struct swarm_check *swarm_check_create(struct swarm_outcome *out)
{
    struct swarm_check *c = calloc(1, sizeof(*c));

    assert(c);
    c->out = out;
    return c;
}

void swarm_check_free(struct swarm_check *c)
{
    if (c)
        free(c->watches);
    free(c);
}

void swarm_check_prepare(struct run *r, void *check)
{
    struct swarm_check *c = check;
    struct world *w = r->world;
    struct our_tap *tap = calloc(1, sizeof(*tap));

    assert(tap);
    c->run = r;
    c->memory_before = memory_in_use();
    c->watches = calloc(w->node_count, sizeof(*c->watches));
    assert(c->watches);
    for (size_t i = 0; i < w->node_count; i++) {
        struct watch *watch = &c->watches[c->count];

        if (w->nodes[i]->host)
            continue;
        watch->check = c;
        watch->unknown_ns = watch->disturbed_ns = -1;
        watch->node = w->nodes[i];
        watch->reader.line = log_comes;
        watch->reader.next = watch->node->readers;
        watch->node->readers = &watch->reader;
        c->count++;
    }
    tap->check = c;
    tap->tap.sent = datagram_sent;
    tap->tap.next = w->taps;
    w->taps = &tap->tap;
    c->look.fire = look;
    queue_set(&w->queue, &c->look, ns_from_s(LOOK_S));
}

void swarm_check_finished(struct run *r, void *check)
{
    struct swarm_check *c = check;

    if (r->world->fault[0] != '\0')
        violated(c, NULL, "spin", "%s", r->world->fault);
    for (size_t i = 0; i < c->count; i++)
        check_end(&c->watches[i]);
    check_memory(c);
}
