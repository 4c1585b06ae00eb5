/* authenticated.h - who holds a key may ask from afar: cookies, sessions, replays.
 *
 * The daemon's side of the envelope (candm/envelope.h; the seven rules of doc/candm-auth.adoc).
 * Nothing is kept for a client before it has proved that it holds the key and receives at its
 * address; after that a session of fixed size, at most 64 per key. Runs no command itself. */
#ifndef CHRONYD_CONTROL_AUTHENTICATED_H
#define CHRONYD_CONTROL_AUTHENTICATED_H

#include "base/keys.h"
#include "base/log.h"
#include "candm/envelope.h"
#include "chronyd/os/os.h"

#define AUTHENTICATED_REPLY_MAX (CANDM_REPLY_MAX + ENVELOPE_REPLY_BYTES)
#define AUTHENTICATED_SESSIONS 64 /* per key */

/* One key id of a `cmdkey` directive. */
struct control_key {
    uint32_t id;
    bool control;      /* else it may only look */
    const char *where; /* "at line 3 in file F" */
};

struct authenticated;

/* `keys` is lent and outlives this; `store` may be loaded anew at any time. */
struct authenticated *authenticated_create(const struct os *os, const struct log *log,
                                           const struct keystore *store,
                                           const struct control_key *keys, size_t count);
void authenticated_destroy(struct authenticated *a); /* NULL is allowed */
/* Are the keys there and long enough? A missing one is warned about, a short one refused. */
MUST_CHECK bool authenticated_keys_fit(const struct control_key *keys, size_t count,
                                       const struct keystore *store, const struct log *log,
                                       struct err *err);

enum auth_verdict {
    AUTH_DROP,   /* no answer */
    AUTH_REFUSE, /* status 2, to be sealed */
    AUTH_REPEAT, /* the stored reply is the answer */
    AUTH_RUN,    /* execute it and seal the reply */
};

struct auth_session;

/* What judging found out; lent to the two calls below, for the same request. */
struct auth_ticket {
    struct envelope_request envelope;
    struct envelope_keys keys;
    uint8_t cookie[ENVELOPE_COOKIE_BYTES]; /* for the reply */
    struct auth_session *session;          /* NULL: the reply is not authenticated */
    const struct control_key *key;
};

/* `data` has a trailer (envelope_is_request). */
enum auth_verdict authenticated_judge(struct authenticated *a, const uint8_t *data, size_t length,
                                      const struct endpoint *from, struct auth_ticket *ticket);
/* AUTH_REPEAT: copy the stored reply to `reply` (AUTHENTICATED_REPLY_MAX bytes). */
size_t authenticated_repeat(const struct auth_ticket *ticket, uint8_t *reply);
/* Append the trailer to a reply of *length bytes, in a buffer of AUTHENTICATED_REPLY_MAX, and keep
 * it for a repetition of the request. */
void authenticated_seal(struct auth_ticket *ticket, uint8_t *reply, size_t *length);

/* Requests with a wrong MAC so far. */
uint64_t authenticated_failures(const struct authenticated *a);

#endif
