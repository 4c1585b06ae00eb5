/* yardstick.c - clock filter and phase-locked loop by the letter of RFC 5905, sections 10 and 11.3.
 *
 * One server, no selection. The loop corrects once per second of its own clock; frequency is first
 * measured over 15 minutes (state FREQ), as the RFC wants it for a clock without a frequency file.
 */
#include "test/simulation/yardstick.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test/simulation/host_parts.h"

#define STAGES 8
#define STEP_THRESHOLD_S 0.128
#define STEPOUT_S 900.0
#define LOOP_GAIN 16.0
#define MAX_FREQ 500e-6
#define POLL_MIN 6
#define POLL_MAX 10
#define POLL_LIMIT 30
#define DISPERSION_RATE 15e-6
#define PORT 45123

enum loop_state { LOOP_UNSET, LOOP_FREQ, LOOP_SYNC };

struct stage {
    double offset_s, delay_s, dispersion_s;
    int64_t at_ns; /* by the node's own monotonic clock */
};

struct loop {
    enum loop_state state;
    struct stage stages[STAGES];
    int used;
    int64_t last_used_ns, last_update_ns, next_poll_ns, freq_from_ns;
    double offset_s; /* still to be corrected */
    double freq, jitter_s;
    int poll, poll_counter;
    struct ntp_time origin;
    int64_t sent_ns;
};

static struct loop *loop_of(struct node *n)
{
    return ((struct host_state *)n->host_state)->more;
}

static int64_t local_ns(struct node *n)
{
    return simclock_raw(&n->clock, n->world->now_ns);
}

static void set_rate(struct node *n, double rate)
{
    simclock_set_rate(&n->clock, n->world->now_ns, clamp_d(rate, -MAX_FREQ, MAX_FREQ));
}

static void send_request(struct node *n)
{
    struct host_state *state = n->host_state;
    struct loop *l = loop_of(n);
    struct endpoint source = {.addr = n->addr4, .port = PORT};
    struct endpoint target = {.port = 123};
    struct ntp_header h = {.version = 4, .mode = NTP_MODE_CLIENT, .poll = (int8_t)l->poll};
    uint8_t data[NTP_HEADER_BYTES];

    if (!state->target)
        return;
    target.addr = state->target->addr4;
    l->sent_ns = local_ns(n);
    h.transmit = ntp_time_from_utc((struct utc){l->sent_ns});
    l->origin = h.transmit;
    ntp_header_encode(&h, data);
    host_send(n, &source, &target, data, sizeof(data));
}

static void schedule(struct node *n)
{
    struct world *w = n->world;
    int64_t mono = simclock_mono(&n->clock, w->now_ns);

    queue_set(&w->queue, &n->wake, simclock_when(&n->clock, w->now_ns, mono + NS_PER_S));
}

static void yardstick_start(struct node *n)
{
    struct host_state *state = n->host_state;

    if (!state->more)
        state->more = calloc(1, sizeof(struct loop));
    assert(state->more);
    *loop_of(n) = (struct loop){.poll = POLL_MIN};
    state->target = world_node(n->world, state->law.target);
    schedule(n);
}

/* Section 11.3, once per second: work off a part of the offset. */
static void yardstick_timer(struct node *n)
{
    struct loop *l = loop_of(n);
    int64_t mono = simclock_mono(&n->clock, n->world->now_ns);
    double part_s =
        l->state == LOOP_SYNC ? l->offset_s / (LOOP_GAIN * (double)(1 << l->poll)) : 0.0;

    l->offset_s -= part_s;
    set_rate(n, l->freq + part_s);
    if (mono >= l->next_poll_ns) {
        send_request(n);
        l->next_poll_ns = mono + (INT64_C(1) << l->poll) * NS_PER_S;
    }
    schedule(n);
}

static void adapt_poll(struct loop *l, double offset_s)
{
    if (fabs(offset_s) < 4.0 * l->jitter_s) {
        l->poll_counter += l->poll;
        if (l->poll_counter > POLL_LIMIT) {
            l->poll_counter = 0;
            l->poll += l->poll < POLL_MAX;
        }
    } else {
        l->poll_counter -= 2 * l->poll;
        if (l->poll_counter < -POLL_LIMIT) {
            l->poll_counter = 0;
            l->poll -= l->poll > POLL_MIN;
        }
    }
}

static void forget_samples(struct loop *l)
{
    l->used = 0;
    l->offset_s = 0.0;
}

/* Section 11.3: what an offset does to phase and frequency. */
static void update_loop(struct node *n, double offset_s, int64_t now_ns)
{
    struct loop *l = loop_of(n);
    double elapsed_s = (double)(now_ns - l->last_update_ns) * 1e-9, constant_s;

    if (l->state == LOOP_UNSET || fabs(offset_s) > STEP_THRESHOLD_S) {
        simclock_step(&n->clock, n->world->now_ns, ns_from_s(offset_s));
        n->counts.steps++;
        l->state = l->state == LOOP_UNSET ? LOOP_FREQ : l->state;
        l->freq_from_ns = l->last_update_ns = now_ns;
        forget_samples(l);
        return;
    }
    if (l->state == LOOP_FREQ) {
        double span_s = (double)(now_ns - l->freq_from_ns) * 1e-9;

        if (span_s < STEPOUT_S)
            return;
        l->freq = clamp_d(l->freq + offset_s / span_s, -MAX_FREQ, MAX_FREQ);
        l->state = LOOP_SYNC;
    } else {
        constant_s = 4.0 * LOOP_GAIN * (double)(1 << l->poll);
        l->freq += offset_s * min_d(elapsed_s, (double)(1 << l->poll)) / (constant_s * constant_s);
        l->freq = clamp_d(l->freq, -MAX_FREQ, MAX_FREQ);
        adapt_poll(l, offset_s);
    }
    l->offset_s = offset_s;
    l->last_update_ns = now_ns;
}

/* Section 10: the sample of least delay, if it is newer than the one used before. */
static void filter(struct node *n, const struct stage *fresh)
{
    struct loop *l = loop_of(n);
    int best = 0;
    double sum = 0.0;

    memmove(&l->stages[1], &l->stages[0], (STAGES - 1) * sizeof(l->stages[0]));
    l->stages[0] = *fresh;
    l->used += l->used < STAGES;
    for (int i = 1; i < l->used; i++) {
        if (l->stages[i].delay_s < l->stages[best].delay_s)
            best = i;
    }
    for (int i = 0; i < l->used; i++)
        sum += pow(l->stages[i].offset_s - l->stages[best].offset_s, 2.0);
    l->jitter_s = max_d(sqrt(sum / max_d(l->used - 1, 1)), 1e-6);
    if (l->stages[best].at_ns <= l->last_used_ns)
        return;
    l->last_used_ns = l->stages[best].at_ns;
    update_loop(n, l->stages[best].offset_s, l->stages[best].at_ns);
}

static void yardstick_datagram(struct node *n, const struct packet *p)
{
    struct loop *l = loop_of(n);
    struct ntp_packet reply;
    struct stage fresh;
    int64_t now = local_ns(n), receive, transmit;

    n->counts.received++;
    if (!ntp_packet_decode(p->data, p->length, &reply) || l->origin.bits == 0 ||
        reply.header.origin.bits != l->origin.bits || reply.header.leap == 3)
        return;
    l->origin.bits = 0;
    receive = utc_from_ntp_time(reply.header.receive, (struct utc){now}).ns;
    transmit = utc_from_ntp_time(reply.header.transmit, (struct utc){now}).ns;
    fresh.offset_s = ((double)(receive - l->sent_ns) + (double)(transmit - now)) * 0.5e-9;
    fresh.delay_s = ((double)(now - l->sent_ns) - (double)(transmit - receive)) * 1e-9;
    fresh.dispersion_s = DISPERSION_RATE * fresh.delay_s;
    fresh.at_ns = simclock_mono(&n->clock, n->world->now_ns);
    filter(n, &fresh);
}

static void yardstick_destroy(struct node *n)
{
    free(((struct host_state *)n->host_state)->more);
    host_free_state(n);
}

const struct host_kind *yardstick_kind(const char *name)
{
    static const struct host_kind kind = {
        "yardstick", yardstick_start, yardstick_datagram, yardstick_timer, yardstick_destroy, true,
        false};

    return strcmp(name, kind.name) == 0 ? &kind : NULL;
}
