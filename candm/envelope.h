/* envelope.h - authenticated commands over UDP: a trailer behind a complete, padded v6 packet.
 *
 * Layouts, keys and MACs of doc/candm-auth.adoc, for both ends. Pure: who may
 * do what, cookies, sessions and replays are for control/authenticated.h and chronyc to decide. */
#ifndef CANDM_ENVELOPE_H
#define CANDM_ENVELOPE_H

#include "base/keys.h"
#include "candm/candm.h"

#define ENVELOPE_REQUEST_BYTES 104
#define ENVELOPE_REPLY_BYTES 88
#define ENVELOPE_NONCE_BYTES 16
#define ENVELOPE_COOKIE_BYTES 40
#define ENVELOPE_MAC_BYTES 32
#define ENVELOPE_KEY_LEAST 16 /* bytes of a key that may be used */

struct envelope_request {
    uint32_t key_id;
    uint8_t nonce[ENVELOPE_NONCE_BYTES];
    uint8_t cookie[ENVELOPE_COOKIE_BYTES]; /* all zero: hello */
    uint64_t counter;
    uint8_t mac[ENVELOPE_MAC_BYTES];
};

struct envelope_reply {
    uint32_t key_id;
    uint8_t cookie[ENVELOPE_COOKIE_BYTES]; /* all zero in a refusal that a retry cannot change */
    uint64_t counter;
    uint8_t mac[ENVELOPE_MAC_BYTES]; /* all zero: not authenticated */
};

/* --- requests: a datagram of exactly the padded length of its command and a trailer --- */

/* Is there a trailer? */
bool envelope_is_request(const uint8_t *data, size_t length);
/* The trailer of a datagram for which that is so. */
void envelope_get_request(const uint8_t *data, size_t length, struct envelope_request *out);
/* Append a trailer with a zero MAC. */
void envelope_put_request(struct wire_out *out, const struct envelope_request *e);
bool envelope_is_hello(const struct envelope_request *e);

/* --- replies --- */

/* False if the last bytes are no trailer. *base (NULL allowed) gets the length without it. */
MUST_CHECK bool envelope_get_reply(const uint8_t *data, size_t length, struct envelope_reply *out,
                                   size_t *base);
void envelope_put_reply(struct wire_out *out, const struct envelope_reply *e);

/* --- keys and MACs --- */

struct envelope_keys {
    uint8_t request[32], reply[32];
};

/* False if the key is too short. Wipe the result when it is not needed any more. */
MUST_CHECK bool envelope_derive(const struct key *key, struct envelope_keys *out);
void envelope_forget(struct envelope_keys *keys);

/* Fill in, or check, the MAC in the last bytes of a datagram. `request_mac` is that of the request
 * that the reply answers. Checks take constant time. */
void envelope_sign_request(const struct envelope_keys *keys, uint8_t *data, size_t length);
MUST_CHECK bool envelope_check_request(const struct envelope_keys *keys, const uint8_t *data,
                                       size_t length);
void envelope_sign_reply(const struct envelope_keys *keys,
                         const uint8_t request_mac[ENVELOPE_MAC_BYTES], uint8_t *data,
                         size_t length);
MUST_CHECK bool envelope_check_reply(const struct envelope_keys *keys,
                                     const uint8_t request_mac[ENVELOPE_MAC_BYTES],
                                     const uint8_t *data, size_t length);

#endif
