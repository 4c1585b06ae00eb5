/* auth.h - proof that we hold a key: the client's side of the envelope (doc/candm-auth.adoc).
 *
 * Over UDP each request gets a trailer, and only a reply that proves the same key counts. Over the
 * Unix socket nothing changes: the kernel knows there who asks. */
#ifndef CHRONYC_AUTH_H
#define CHRONYC_AUTH_H

#include "base/err.h"
#include "candm/envelope.h"

struct auth {
    bool on;
    uint32_t key_id;
    struct envelope_keys keys;
    uint8_t nonce[ENVELOPE_NONCE_BYTES];   /* once per session and key */
    uint8_t cookie[ENVELOPE_COOKIE_BYTES]; /* the newest one; all zero: none yet */
    uint64_t counter;                      /* of the last request */
};

/* Read a key from a key file and derive from it. `path` NULL: the file that the daemon's
 * configuration names. *exposed tells that others than the owner may read it. */
MUST_CHECK bool auth_start(struct auth *a, const char *path, uint32_t key_id, bool *exposed,
                           struct err *err);
void auth_stop(struct auth *a);

/* Append the trailer of a new request to `length` bytes of datagram in a buffer of `size`; returns
 * the new length. `mac` (ENVELOPE_MAC_BYTES) gets what the reply will be bound to. */
size_t auth_seal(struct auth *a, uint8_t *data, size_t length, size_t size, uint8_t *mac);

enum auth_result {
    AUTH_GOOD,     /* proved; *base is the length without trailer */
    AUTH_COOKIE,   /* not proved, but it brought a cookie with which to ask again */
    AUTH_REFUSED,  /* the daemon knows no such key */
    AUTH_UNPROVED, /* neither: not to be looked at */
    AUTH_PLAIN,    /* no trailer at all: an unauthenticated daemon, or anybody */
};
/* Judge a reply to the datagram with that MAC. */
enum auth_result auth_open(struct auth *a, const uint8_t *data, size_t length, const uint8_t *mac,
                           size_t *base);

#endif
