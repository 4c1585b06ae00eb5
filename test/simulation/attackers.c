/* attackers.c - forged, repeated and senseless datagrams. */
#include "test/simulation/attackers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "test/simulation/host_parts.h"

static void next_attack(struct node *n)
{
    struct host_state *state = n->host_state;
    struct world *w = n->world;

    queue_set(&w->queue, &n->wake, w->now_ns + ns_from_s(state->law.every_s));
}

static void find_parties(struct node *n)
{
    struct host_state *state = n->host_state;

    state->target = world_node(n->world, state->law.target);
    state->victim = world_node(n->world, state->law.victim);
}

static void start_attack(struct node *n)
{
    find_parties(n);
    next_attack(n);
}

static void ignore(struct node *n, const struct packet *p)
{
    (void)p;
    n->counts.received++;
}

static void no_timer(struct node *n)
{
    (void)n;
}

/* A reply as the victim would send it, with our time in it; of stratum 0 it is a kiss of death. */
static void forge(struct node *n, struct ntp_header *h, struct ntp_time origin)
{
    struct utc now = host_time(n, n->world->now_ns);
    const struct host_law *law = host_law(n);

    *h = (struct ntp_header){
        .leap = law->stratum == 0 ? 3 : 0,
        .version = 4,
        .mode = NTP_MODE_SERVER,
        .stratum = (uint8_t)law->stratum,
        .poll = 6,
        .precision = -23,
        .refid = law->refid,
        .reference = ntp_time_from_utc((struct utc){now.ns - NS_PER_S}),
        .origin = origin,
        .receive = ntp_time_from_utc(now),
        .transmit = ntp_time_from_utc(now),
    };
}

static void send_forged(struct node *n, const struct ntp_header *h, uint16_t port)
{
    struct host_state *state = n->host_state;
    struct endpoint source = {.addr = state->victim->addr4, .port = 123};
    struct endpoint target = {.addr = state->target->addr4, .port = port};
    uint8_t data[NTP_HEADER_BYTES];

    ntp_header_encode(h, data);
    host_send(n, &source, &target, data, sizeof(data));
}

/* --- blind --- */

static void blind_timer(struct node *n)
{
    struct host_state *state = n->host_state;
    const uint64_t origins[] = {0, rng_u64(&state->rng), UINT64_MAX};

    if (state->target && state->victim) {
        for (int i = 0; i < state->law.count; i++) {
            struct ntp_header h;

            forge(n, &h, (struct ntp_time){origins[rng_below(&state->rng, 3)]});
            if (rng_chance(&state->rng, 0.2)) { /* or tell it to go away */
                h.stratum = 0;
                h.refid = 0x52415445;
            }
            send_forged(n, &h,
                        rng_chance(&state->rng, 0.5)
                            ? 123
                            : (uint16_t)(32768 + rng_below(&state->rng, 28232)));
        }
    }
    next_attack(n);
}

/* --- with sight --- */

static void sighted_sees(struct tap *t, const struct packet *p)
{
    struct node *n = t->owner;
    struct host_state *state = n->host_state;
    struct ntp_packet request;
    struct ntp_header h;

    if (p->from != state->target || p->to != state->victim || p->target.port != 123 ||
        n->state != NODE_RUNNING || !ntp_packet_decode(p->data, p->length, &request) ||
        !rng_chance(&state->rng, state->law.probability) ||
        (double)n->world->now_ns * 1e-9 < state->law.from_s)
        return;
    forge(n, &h, request.header.transmit);
    send_forged(n, &h, p->source.port);
}

static void listen_in(struct node *n, void (*sent)(struct tap *, const struct packet *))
{
    struct tap *t = calloc(1, sizeof(*t));

    assert(t);
    t->sent = sent;
    t->owner = n;
    t->next = n->world->taps;
    n->world->taps = t;
}

static void sighted_start(struct node *n)
{
    find_parties(n);
    if (n->counts.starts == 1)
        listen_in(n, sighted_sees);
}

/* --- replayer --- */

static void replayer_hears(struct tap *t, const struct packet *p)
{
    struct node *n = t->owner;
    struct host_state *state = n->host_state;
    struct memory_of_packet *m;
    bool asked = p->from == state->target && p->to == state->victim;
    bool answered = p->from == state->victim && p->to == state->target;

    if ((!asked && !answered) || p->length > sizeof(m->data))
        return;
    m = &state->heard[state->heard_count++ % ARRAY_LEN(state->heard)];
    m->source = p->source;
    m->target = p->target;
    m->length = p->length;
    memcpy(m->data, p->data, p->length);
}

static void replayer_start(struct node *n)
{
    find_parties(n);
    if (n->counts.starts == 1)
        listen_in(n, replayer_hears);
    next_attack(n);
}

static void replayer_timer(struct node *n)
{
    struct host_state *state = n->host_state;
    uint64_t known =
        state->heard_count < ARRAY_LEN(state->heard) ? state->heard_count : ARRAY_LEN(state->heard);

    if (known > 0) {
        const struct memory_of_packet m = state->heard[rng_below(&state->rng, known)];

        host_send(n, &m.source, &m.target, m.data, m.length);
    }
    next_attack(n);
}

/* --- floods --- */

static void flood_timer(struct node *n)
{
    struct host_state *state = n->host_state;
    struct ntp_header h = {.version = 4, .mode = NTP_MODE_CLIENT};
    uint8_t data[NTP_HEADER_BYTES];

    for (int i = 0; state->target && i < state->law.count; i++) {
        struct endpoint source = {.port = (uint16_t)(1024 + rng_below(&state->rng, 60000))};
        struct endpoint target = {.addr = state->target->addr4, .port = 123};

        source.addr =
            state->law.count == 1 ? n->addr4 : addr_from_ipv4(0x0b000000u + (uint32_t)i + 1);
        h.transmit.bits = rng_u64(&state->rng);
        ntp_header_encode(&h, data);
        host_send(n, &source, &target, data, sizeof(data));
    }
    next_attack(n);
}

static void babbler_timer(struct node *n)
{
    struct host_state *state = n->host_state;
    struct endpoint source = {.addr = n->addr4, .port = 123}, target = {.port = 123};
    uint8_t data[600];

    for (int i = 0; state->target && i < state->law.count; i++) {
        size_t length = (size_t)rng_below(&state->rng, sizeof(data) + 1);

        if (rng_chance(&state->rng, 0.5))
            length = length % 128;
        rng_bytes(&state->rng, data, length);
        if (length > 0 && rng_chance(&state->rng, 0.7)) /* plausible first byte */
            data[0] = (uint8_t)((data[0] & 7) | (1 + data[0] % 4) << 3);
        target.addr = state->target->addr4;
        target.port = rng_chance(&state->rng, 0.3) ? 323 : 123;
        if (target.port == 323 && length > 4) { /* looks like a command */
            memset(data, 0, 4);
            data[0] = 6;
            data[1] = 1;
            if (length > 6)
                data[4] = 0;
        }
        host_send(n, &source, &target, data, length);
    }
    next_attack(n);
}

const struct host_kind *attacker_kind(const char *name)
{
    static const struct host_kind kinds[] = {
        {"blind", start_attack, ignore, blind_timer, host_free_state, true, true},
        {"sighted", sighted_start, ignore, no_timer, host_free_state, true, true},
        {"replayer", replayer_start, ignore, replayer_timer, host_free_state, true, true},
        {"flood", start_attack, ignore, flood_timer, host_free_state, true, false},
        {"babbler", start_attack, ignore, babbler_timer, host_free_state, true, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}
