/* envelope.c - trailers, derived keys and MACs. */
#include "candm/envelope.h"

#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>

static const uint8_t magic[4] = {'C', 'M', 'A', '1'};

/* --- trailers --- */

bool envelope_is_request(const uint8_t *data, size_t length)
{
    struct candm_request_header header;
    struct wire_in in = wire_in_of(data, length);
    const struct candm_row *row;

    candm_get_request_header(&in, &header);
    row = in.bad ? NULL : candm_row(header.command);
    return row && length == candm_required_length(row) + ENVELOPE_REQUEST_BYTES &&
           memcmp(data + length - ENVELOPE_REQUEST_BYTES, magic, sizeof(magic)) == 0;
}

void envelope_get_request(const uint8_t *data, size_t length, struct envelope_request *out)
{
    struct wire_in in = wire_in_of(data + length - ENVELOPE_REQUEST_BYTES, ENVELOPE_REQUEST_BYTES);

    (void)wire_take(&in, sizeof(magic));
    out->key_id = wire_get_u32(&in);
    wire_get_bytes(&in, out->nonce, sizeof(out->nonce));
    wire_get_bytes(&in, out->cookie, sizeof(out->cookie));
    out->counter = wire_get_u64(&in);
    wire_get_bytes(&in, out->mac, sizeof(out->mac));
}

void envelope_put_request(struct wire_out *out, const struct envelope_request *e)
{
    wire_put_bytes(out, magic, sizeof(magic));
    wire_put_u32(out, e->key_id);
    wire_put_bytes(out, e->nonce, sizeof(e->nonce));
    wire_put_bytes(out, e->cookie, sizeof(e->cookie));
    wire_put_u64(out, e->counter);
    wire_put_zeros(out, ENVELOPE_MAC_BYTES);
}

bool envelope_is_hello(const struct envelope_request *e)
{
    static const uint8_t none[ENVELOPE_COOKIE_BYTES];

    return memcmp(e->cookie, none, sizeof(none)) == 0;
}

bool envelope_get_reply(const uint8_t *data, size_t length, struct envelope_reply *out,
                        size_t *base)
{
    struct wire_in in;

    if (length < CANDM_REPLY_HEADER + ENVELOPE_REPLY_BYTES ||
        memcmp(data + length - ENVELOPE_REPLY_BYTES, magic, sizeof(magic)) != 0)
        return false;
    in = wire_in_of(data + length - ENVELOPE_REPLY_BYTES, ENVELOPE_REPLY_BYTES);
    (void)wire_take(&in, sizeof(magic));
    out->key_id = wire_get_u32(&in);
    wire_get_bytes(&in, out->cookie, sizeof(out->cookie));
    out->counter = wire_get_u64(&in);
    wire_get_bytes(&in, out->mac, sizeof(out->mac));
    if (base)
        *base = length - ENVELOPE_REPLY_BYTES;
    return true;
}

void envelope_put_reply(struct wire_out *out, const struct envelope_reply *e)
{
    wire_put_bytes(out, magic, sizeof(magic));
    wire_put_u32(out, e->key_id);
    wire_put_bytes(out, e->cookie, sizeof(e->cookie));
    wire_put_u64(out, e->counter);
    wire_put_zeros(out, ENVELOPE_MAC_BYTES);
}

/* --- keys --- */

/* The general types of nettle's callbacks. */
static void prf_update(void *ctx, size_t length, const uint8_t *data)
{
    hmac_sha256_update(ctx, length, data);
}

static void prf_digest(void *ctx, size_t length, uint8_t *out)
{
    hmac_sha256_digest(ctx, length, out);
}

/* The key id binds a derived key to its place in the key file. */
static void expand(struct hmac_sha256_ctx *prk, const char *label, uint32_t key_id, uint8_t out[32])
{
    uint8_t info[64];
    struct wire_out w = wire_out_of(info, sizeof(info));

    wire_put_bytes(&w, label, strlen(label));
    wire_put_u32(&w, key_id);
    hkdf_expand(prk, prf_update, prf_digest, SHA256_DIGEST_SIZE, w.used, info, 32, out);
}

/* RFC 5869 with an empty salt. */
bool envelope_derive(const struct key *key, struct envelope_keys *out)
{
    struct hmac_sha256_ctx hmac;
    uint8_t prk[SHA256_DIGEST_SIZE];

    if (key->length < ENVELOPE_KEY_LEAST)
        return false;
    hmac_sha256_set_key(&hmac, 0, (const uint8_t *)"");
    hkdf_extract(&hmac, prf_update, prf_digest, SHA256_DIGEST_SIZE, key->length, key->secret, prk);
    hmac_sha256_set_key(&hmac, sizeof(prk), prk);
    expand(&hmac, "candm auth v1 request", key->id, out->request);
    expand(&hmac, "candm auth v1 reply", key->id, out->reply);
    explicit_bzero(prk, sizeof(prk));
    explicit_bzero(&hmac, sizeof(hmac));
    return true;
}

void envelope_forget(struct envelope_keys *keys)
{
    explicit_bzero(keys, sizeof(*keys));
}

/* --- MACs --- */

static void mac_of(const uint8_t key[32], const uint8_t *first, const uint8_t *data, size_t length,
                   uint8_t out[ENVELOPE_MAC_BYTES])
{
    struct hmac_sha256_ctx hmac;

    hmac_sha256_set_key(&hmac, 32, key);
    if (first)
        hmac_sha256_update(&hmac, ENVELOPE_MAC_BYTES, first);
    hmac_sha256_update(&hmac, length - ENVELOPE_MAC_BYTES, data);
    hmac_sha256_digest(&hmac, ENVELOPE_MAC_BYTES, out);
    explicit_bzero(&hmac, sizeof(hmac));
}

static bool check(const uint8_t key[32], const uint8_t *first, const uint8_t *data, size_t length)
{
    uint8_t expected[ENVELOPE_MAC_BYTES];

    if (length < ENVELOPE_MAC_BYTES)
        return false;
    mac_of(key, first, data, length, expected);
    return memeql_sec(expected, data + length - ENVELOPE_MAC_BYTES, ENVELOPE_MAC_BYTES);
}

void envelope_sign_request(const struct envelope_keys *keys, uint8_t *data, size_t length)
{
    mac_of(keys->request, NULL, data, length, data + length - ENVELOPE_MAC_BYTES);
}

bool envelope_check_request(const struct envelope_keys *keys, const uint8_t *data, size_t length)
{
    return check(keys->request, NULL, data, length);
}

void envelope_sign_reply(const struct envelope_keys *keys,
                         const uint8_t request_mac[ENVELOPE_MAC_BYTES], uint8_t *data,
                         size_t length)
{
    mac_of(keys->reply, request_mac, data, length, data + length - ENVELOPE_MAC_BYTES);
}

bool envelope_check_reply(const struct envelope_keys *keys,
                          const uint8_t request_mac[ENVELOPE_MAC_BYTES], const uint8_t *data,
                          size_t length)
{
    return check(keys->reply, request_mac, data, length);
}
