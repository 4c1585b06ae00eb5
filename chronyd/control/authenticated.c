/* authenticated.c - the rules of the envelope, in their order. */
#include "chronyd/control/authenticated.h"

#include <assert.h>
#include <stdlib.h>

#include <nettle/hmac.h>
#include <nettle/memops.h>

#define COOKIE_LIFE_S 300
#define ISSUE_BYTES 8
#define COOKIE_MAC_BYTES (ENVELOPE_COOKIE_BYTES - ISSUE_BYTES)
/* Addresses whose wrong MACs were logged within the last minute. */
#define COMPLAINTS 16
#define COMPLAINT_EVERY_S 60.0

struct auth_session {
    uint8_t nonce[ENVELOPE_NONCE_BYTES];
    uint64_t counter; /* highest seen; 0: the slot is free */
    uint64_t issued;  /* of the newest cookie that was used */
    uint64_t used;    /* for the choice of who is forgotten */
    size_t reply_length;
    uint8_t reply[AUTHENTICATED_REPLY_MAX];
};

struct key_state {
    uint64_t floor; /* cookies issued up to here are not honoured any more */
    struct auth_session *sessions;
};

struct complaint {
    struct addr from;
    struct mono at;
};

struct authenticated {
    struct os os;
    struct log log;
    const struct keystore *store;
    const struct control_key *keys;
    struct key_state *states; /* one per key */
    size_t count;
    uint8_t secret[32];
    uint64_t uses, failures;
    struct complaint complaints[COMPLAINTS];
};

struct authenticated *authenticated_create(const struct os *os, const struct log *log,
                                           const struct keystore *store,
                                           const struct control_key *keys, size_t count)
{
    struct authenticated *a = calloc(1, sizeof(*a));

    assert(a);
    a->os = *os;
    a->log = *log;
    a->store = store;
    a->keys = keys;
    a->count = count;
    a->states = calloc(count ? count : 1, sizeof(*a->states));
    assert(a->states);
    for (size_t i = 0; i < count; i++) {
        a->states[i].sessions = calloc(AUTHENTICATED_SESSIONS, sizeof(struct auth_session));
        assert(a->states[i].sessions);
    }
    os->ops->random(os->ctx, a->secret, sizeof(a->secret));
    return a;
}

void authenticated_destroy(struct authenticated *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->count; i++)
        free(a->states[i].sessions);
    free(a->states);
    explicit_bzero(a, sizeof(*a));
    free(a);
}

bool authenticated_keys_fit(const struct control_key *keys, size_t count,
                            const struct keystore *store, const struct log *log, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct key *key = store ? keystore_find(store, keys[i].id) : NULL;

        if (!key)
            log_warning(log, "Key %u is missing", keys[i].id);
        else if (key->length < ENVELOPE_KEY_LEAST)
            return err_set(err, ERR_RANGE, "Key %u is too short for cmdkey directive %s",
                           keys[i].id, keys[i].where);
    }
    return true;
}

uint64_t authenticated_failures(const struct authenticated *a)
{
    return a->failures;
}

/* --- cookies -------------------------------------------------------------------------------- */

static uint64_t now_s(const struct authenticated *a)
{
    return (uint64_t)(a->os.ops->mono(a->os.ctx).ns / NS_PER_S);
}

static void cookie_mac(const struct authenticated *a, uint64_t issued,
                       const struct envelope_request *e, const struct endpoint *from,
                       uint8_t out[COOKIE_MAC_BYTES])
{
    uint8_t data[64];
    struct wire_out w = wire_out_of(data, sizeof(data));
    struct hmac_sha256_ctx hmac;

    wire_put_u64(&w, issued);
    wire_put_u32(&w, e->key_id);
    wire_put_bytes(&w, e->nonce, sizeof(e->nonce));
    wire_put_u8(&w, from->addr.family);
    wire_put_bytes(&w, from->addr.bytes, sizeof(from->addr.bytes));
    wire_put_u16(&w, from->port);
    assert(!w.bad);
    hmac_sha256_set_key(&hmac, sizeof(a->secret), a->secret);
    hmac_sha256_update(&hmac, w.used, data);
    hmac_sha256_digest(&hmac, COOKIE_MAC_BYTES, out);
}

/* A cookie is always newer than the floor of its key, if need be by dating it ahead: else the
 * second in which a session was forgotten would refuse everybody. */
static uint64_t newest_issue(const struct authenticated *a, const struct key_state *state)
{
    uint64_t now = now_s(a);

    return now > state->floor ? now : state->floor + 1;
}

static void make_cookie(const struct authenticated *a, const struct key_state *state,
                        const struct envelope_request *e, const struct endpoint *from,
                        uint8_t out[ENVELOPE_COOKIE_BYTES])
{
    uint64_t issued = newest_issue(a, state);
    struct wire_out w = wire_out_of(out, ENVELOPE_COOKIE_BYTES);

    wire_put_u64(&w, issued);
    cookie_mac(a, issued, e, from, out + ISSUE_BYTES);
}

/* Ours, not expired and above the floor? *issued gets its time. */
static bool cookie_holds(const struct authenticated *a, const struct key_state *state,
                         const struct envelope_request *e, const struct endpoint *from,
                         uint64_t *issued)
{
    uint8_t expected[COOKIE_MAC_BYTES];
    struct wire_in in = wire_in_of(e->cookie, sizeof(e->cookie));
    uint64_t newest = newest_issue(a, state);

    *issued = wire_get_u64(&in);
    cookie_mac(a, *issued, e, from, expected);
    return memeql_sec(expected, e->cookie + ISSUE_BYTES, sizeof(expected)) && *issued <= newest &&
           newest - *issued <= COOKIE_LIFE_S && *issued > state->floor;
}

/* --- sessions ------------------------------------------------------------------------------- */

static struct auth_session *find_session(struct key_state *state, const uint8_t *nonce)
{
    for (size_t i = 0; i < AUTHENTICATED_SESSIONS; i++) {
        struct auth_session *s = &state->sessions[i];

        if (s->counter > 0 && memcmp(s->nonce, nonce, sizeof(s->nonce)) == 0)
            return s;
    }
    return NULL;
}

/* A free slot, or that of the session that was silent for longest. What it had received stays
 * refused for ever: its cookies lie below the floor from now on. */
static struct auth_session *new_session(struct key_state *state, const uint8_t *nonce)
{
    struct auth_session *oldest = &state->sessions[0];

    for (size_t i = 0; i < AUTHENTICATED_SESSIONS; i++) {
        struct auth_session *s = &state->sessions[i];

        if (s->used < oldest->used)
            oldest = s;
    }
    if (oldest->counter > 0 && oldest->issued > state->floor)
        state->floor = oldest->issued;
    *oldest = (struct auth_session){0};
    memcpy(oldest->nonce, nonce, sizeof(oldest->nonce));
    return oldest;
}

/* --- the rules ------------------------------------------------------------------------------ */

/* At most one line per address and minute, and a bounded number of addresses. */
static void complain(struct authenticated *a, const struct endpoint *from, uint32_t key_id)
{
    struct mono now = a->os.ops->mono(a->os.ctx);
    struct complaint *free_slot = NULL;
    char text[ADDR_TEXT_MAX];

    for (size_t i = 0; i < COMPLAINTS; i++) {
        struct complaint *c = &a->complaints[i];
        bool recent = c->from.family != ADDR_NONE && mono_diff_s(now, c->at) < COMPLAINT_EVERY_S;

        if (recent && addr_equal(&c->from, &from->addr))
            return;
        if (!recent)
            free_slot = c;
    }
    if (!free_slot)
        return;
    *free_slot = (struct complaint){from->addr, now};
    log_warning(&a->log, "Command from %s failed authentication with key %u",
                addr_format(&from->addr, text, sizeof(text)), key_id);
}

/* Rule 2: the configured key of that id, with the keys derived from it. */
static bool find_key(const struct authenticated *a, struct auth_ticket *t, struct key_state **state)
{
    const struct key *key;

    for (size_t i = 0; i < a->count; i++) {
        if (a->keys[i].id != t->envelope.key_id)
            continue;
        key = a->store ? keystore_find(a->store, t->envelope.key_id) : NULL;
        t->key = &a->keys[i];
        *state = &a->states[i];
        return key && envelope_derive(key, &t->keys);
    }
    return false;
}

/* Rule 6: the session, and whether its request is new. */
static enum auth_verdict admit(struct authenticated *a, struct key_state *state,
                               struct auth_ticket *t, uint64_t issued)
{
    struct auth_session *s = find_session(state, t->envelope.nonce);

    if (t->envelope.counter == 0 || (s && t->envelope.counter < s->counter))
        return AUTH_DROP;
    if (s && t->envelope.counter == s->counter) {
        t->session = s;
        return AUTH_REPEAT;
    }
    if (!s)
        s = new_session(state, t->envelope.nonce);
    s->counter = t->envelope.counter;
    s->used = ++a->uses;
    if (issued > s->issued)
        s->issued = issued;
    t->session = s;
    return AUTH_RUN;
}

enum auth_verdict authenticated_judge(struct authenticated *a, const uint8_t *data, size_t length,
                                      const struct endpoint *from, struct auth_ticket *ticket)
{
    struct key_state *state = NULL;
    enum auth_verdict verdict;
    uint64_t issued;

    *ticket = (struct auth_ticket){0};
    envelope_get_request(data, length, &ticket->envelope);
    if (!find_key(a, ticket, &state))
        return AUTH_REFUSE;
    if (envelope_is_hello(&ticket->envelope) ||
        !cookie_holds(a, state, &ticket->envelope, from, &issued)) {
        make_cookie(a, state, &ticket->envelope, from, ticket->cookie);
        return AUTH_REFUSE;
    }
    if (!envelope_check_request(&ticket->keys, data, length)) {
        a->failures++;
        complain(a, from, ticket->envelope.key_id);
        return AUTH_REFUSE;
    }
    verdict = admit(a, state, ticket, issued);
    if (verdict == AUTH_RUN)
        make_cookie(a, state, &ticket->envelope, from, ticket->cookie);
    return verdict;
}

size_t authenticated_repeat(const struct auth_ticket *ticket, uint8_t *reply)
{
    memcpy(reply, ticket->session->reply, ticket->session->reply_length);
    return ticket->session->reply_length;
}

void authenticated_seal(struct auth_ticket *ticket, uint8_t *reply, size_t *length)
{
    struct envelope_reply e = {.key_id = ticket->envelope.key_id,
                               .counter = ticket->envelope.counter};
    struct wire_out out = wire_out_of(reply, AUTHENTICATED_REPLY_MAX);
    struct auth_session *s = ticket->session;

    out.used = *length;
    memcpy(e.cookie, ticket->cookie, sizeof(e.cookie));
    envelope_put_reply(&out, &e);
    assert(!out.bad);
    *length = out.used;
    if (s) {
        envelope_sign_reply(&ticket->keys, ticket->envelope.mac, reply, *length);
        memcpy(s->reply, reply, *length);
        s->reply_length = *length;
    }
    envelope_forget(&ticket->keys);
}
