/* hosts.c - servers in a few lines: they know true time and tell it, or something else. */
#include "test/simulation/hosts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chronyd/ntp/packet.h"
#include "test/simulation/attackers.h"
#include "test/simulation/host_parts.h"
#include "test/simulation/yardstick.h"

#define KISS_RATE 0x52415445u /* "RATE" */

void host_law_defaults(struct host_law *law)
{
    *law = (struct host_law){
        .stratum = 1,
        .leap = -1,
        .precision = -23,
        .every_s = 1.0,
        .probability = 1.0,
        .refid = 0x53494d00, /* "SIM" */
        .count = 1,
    };
}

/* --- what a server says --- */

static double lie_s(const struct host_law *law, int64_t now_ns)
{
    double age_s = (double)now_ns * 1e-9 - law->from_s;
    double lie = law->drift * age_s;

    if (age_s < 0.0)
        return 0.0;
    if (law->drift_max_s > 0.0)
        lie = clamp_d(lie, -law->drift_max_s, law->drift_max_s);
    return law->offset_s + lie;
}

struct utc host_time(struct node *n, int64_t at_ns)
{
    struct world *w = n->world;
    const struct host_law *law = host_law(n);
    int64_t base =
        law->own_clock ? simclock_exact(&n->clock, at_ns) : truth_utc_ns(&w->truth, at_ns);

    return (struct utc){base + ns_from_s(lie_s(law, at_ns))};
}

static uint8_t announced_leap(struct node *n)
{
    const struct host_law *law = host_law(n);

    return (uint8_t)(law->leap >= 0 ? law->leap : world_leap(n->world));
}

/* The answer to a request; false: it is none. */
bool host_answer(struct node *n, const struct packet *p, struct ntp_header *reply)
{
    const struct host_law *law = host_law(n);
    struct ntp_packet request;
    int64_t now_ns = n->world->now_ns;
    struct utc received = host_time(n, now_ns);
    struct utc leaves = {received.ns + ns_from_s(law->hold_s)};

    if (p->target.port != 123 || !ntp_packet_decode(p->data, p->length, &request) ||
        (request.header.mode != NTP_MODE_CLIENT && request.header.mode != NTP_MODE_ACTIVE))
        return false;
    *reply = (struct ntp_header){
        .leap = announced_leap(n),
        .version = request.header.version,
        .mode = request.header.mode == NTP_MODE_CLIENT ? NTP_MODE_SERVER : NTP_MODE_PASSIVE,
        .stratum = (uint8_t)law->stratum,
        .poll = request.header.poll,
        .precision = (int8_t)law->precision,
        .root_delay = ntp_short_from_s(law->root_delay_s),
        .root_dispersion = ntp_short_from_s(law->root_dispersion_s),
        .refid = law->refid,
        .reference = ntp_time_from_utc((struct utc){received.ns - 16 * NS_PER_S}),
        .origin = request.header.transmit,
        .receive = ntp_time_from_utc(received),
        .transmit = ntp_time_from_utc(leaves),
    };
    return true;
}

void host_send(struct node *n, const struct endpoint *source, const struct endpoint *target,
               const void *data, size_t length)
{
    struct world *w = n->world;

    n->counts.sent++;
    n->counts.sent_bytes += length;
    n->counts.last_sent_ns = w->now_ns;
    world_note(w, n, "send", data, length, "%zu bytes", length);
    network_send(w, n, source, target, data, length);
}

/* --- kinds of servers --- */

struct held_reply {
    struct happening due;
    struct node *node;
    struct endpoint source, target;
    uint8_t data[NTP_HEADER_BYTES];
};

static void send_held(struct world *w, struct happening *h)
{
    struct held_reply *r = CONTAINER_OF(h, struct held_reply, due);

    (void)w;
    host_send(r->node, &r->source, &r->target, r->data, sizeof(r->data));
    free(r);
}

static void discard_held(struct world *w, struct happening *h)
{
    (void)w;
    free(CONTAINER_OF(h, struct held_reply, due));
}

static void reply_after(struct node *n, const struct packet *p, const struct ntp_header *header)
{
    struct world *w = n->world;
    const struct host_law *law = host_law(n);
    struct held_reply *r;
    uint8_t data[NTP_HEADER_BYTES];

    ntp_header_encode(header, data);
    if (law->hold_s <= 0.0) {
        host_send(n, &p->target, &p->source, data, sizeof(data));
        return;
    }
    r = calloc(1, sizeof(*r));
    assert(r);
    r->node = n;
    r->source = p->target;
    r->target = p->source;
    memcpy(r->data, data, sizeof(data));
    r->due.fire = send_held;
    r->due.discard = discard_held;
    queue_set(&w->queue, &r->due, w->now_ns + ns_from_s(law->hold_s));
}

static void server_datagram(struct node *n, const struct packet *p)
{
    struct ntp_header reply;

    n->counts.received++;
    if (host_answer(n, p, &reply))
        reply_after(n, p, &reply);
}

static void silent_datagram(struct node *n, const struct packet *p)
{
    (void)p;
    n->counts.received++;
}

/* Tells clients to slow down, always or with a probability. */
static void kod_datagram(struct node *n, const struct packet *p)
{
    struct host_state *state = n->host_state;
    struct ntp_header reply;

    n->counts.received++;
    if (!host_answer(n, p, &reply))
        return;
    if (rng_chance(&state->rng, state->law.probability)) {
        reply.leap = 3;
        reply.stratum = 0;
        reply.refid = KISS_RATE;
    }
    reply_after(n, p, &reply);
}

/* Answers with bits flipped, cut off or added. */
static void malformed_datagram(struct node *n, const struct packet *p)
{
    struct host_state *state = n->host_state;
    struct ntp_header reply;
    uint8_t data[NTP_HEADER_BYTES + 64] = {0};
    size_t length = NTP_HEADER_BYTES;

    n->counts.received++;
    if (!host_answer(n, p, &reply))
        return;
    ntp_header_encode(&reply, data);
    if (rng_chance(&state->rng, state->law.probability)) {
        uint64_t flips = 1 + rng_below(&state->rng, 16);

        length = (size_t)rng_below(&state->rng, sizeof(data) + 1);
        while (flips-- > 0) {
            uint8_t *at = &data[rng_below(&state->rng, sizeof(data))]; /* the first of two draws */

            *at ^= (uint8_t)(1u << rng_below(&state->rng, 8));
        }
    }
    host_send(n, &p->target, &p->source, data, length);
}

static void nothing_to_start(struct node *n)
{
    (void)n;
}

void host_free_state(struct node *n)
{
    free(n->host_state);
}

static const struct host_kind kinds[] = {
    {"server", nothing_to_start, server_datagram, nothing_to_start, host_free_state, false, false},
    {"silent", nothing_to_start, silent_datagram, nothing_to_start, host_free_state, false, false},
    {"kod", nothing_to_start, kod_datagram, nothing_to_start, host_free_state, false, false},
    {"malformed", nothing_to_start, malformed_datagram, nothing_to_start, host_free_state, false,
     false},
};

static const struct host_kind *find_kind(const char *name)
{
    const struct host_kind *k;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    k = attacker_kind(name);
    return k ? k : yardstick_kind(name);
}

bool host_attach(struct node *n, const char *kind, const struct host_law *law)
{
    const struct host_kind *k = find_kind(kind);
    struct host_state *state;

    if (!k)
        return false;
    state = calloc(1, sizeof(*state));
    assert(state);
    state->law = *law;
    rng_seed(&state->rng, n->world->seed, RNG_HOST, n->index);
    n->host = k;
    n->host_state = state;
    return true;
}

struct host_law *host_law(struct node *n)
{
    return &((struct host_state *)n->host_state)->law;
}
