/* fuzz_envelope.c - arbitrary bytes as an authenticated datagram: a trailer is found where it has
 * to be and nowhere else, reads back as written, and its MAC holds for these very bytes alone. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "candm/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DATAGRAM_MAX (CANDM_REQUEST_MAX + ENVELOPE_REQUEST_BYTES)

static void must(bool so)
{
    if (!so)
        abort();
}

/* Any bytes: found only at the right length, and then the same when written again. */
static void read_any(const uint8_t *data, size_t size)
{
    uint8_t again[ENVELOPE_REQUEST_BYTES];
    struct wire_out out = wire_out_of(again, sizeof(again));
    struct envelope_request request;
    struct envelope_reply reply;
    size_t base;

    if (envelope_is_request(data, size)) {
        must(size >= CANDM_REQUEST_MIN + ENVELOPE_REQUEST_BYTES);
        envelope_get_request(data, size, &request);
        envelope_put_request(&out, &request);
        must(memcmp(again, data + size - ENVELOPE_REQUEST_BYTES,
                    ENVELOPE_REQUEST_BYTES - ENVELOPE_MAC_BYTES) == 0);
    }
    out.used = 0;
    if (envelope_get_reply(data, size, &reply, &base)) {
        must(base + ENVELOPE_REPLY_BYTES == size);
        envelope_put_reply(&out, &reply);
        must(memcmp(again, data + base, ENVELOPE_REPLY_BYTES - ENVELOPE_MAC_BYTES) == 0);
    }
}

/* A request around the bytes, for the row that the first of them chooses; one bit is turned. */
static void sign_and_spoil(const struct envelope_keys *keys, const uint8_t *data, size_t size)
{
    uint8_t datagram[DATAGRAM_MAX] = {CANDM_VERSION, 1};
    struct wire_in in = wire_in_of(data, size);
    struct envelope_request e = {.key_id = 7};
    size_t count, base, length, n, bit;
    const struct candm_row *rows = candm_rows(&count), *row = &rows[wire_get_u8(&in) % count];
    struct wire_out out;

    bit = wire_get_u16(&in);
    e.counter = wire_get_u64(&in);
    wire_get_bytes(&in, e.nonce, sizeof(e.nonce));
    base = candm_required_length(row);
    datagram[4] = (uint8_t)(row->code >> 8);
    datagram[5] = (uint8_t)row->code;
    n = in.bad ? 0 : in.left;
    if (n > base - CANDM_REQUEST_HEADER)
        n = base - CANDM_REQUEST_HEADER;
    if (n > 0)
        memcpy(datagram + CANDM_REQUEST_HEADER, wire_take(&in, n), n);
    out = wire_out_of(datagram, sizeof(datagram));
    out.used = base;
    envelope_put_request(&out, &e);
    length = out.used;
    must(!out.bad && envelope_is_request(datagram, length));
    must(!envelope_check_request(keys, datagram, length));
    envelope_sign_request(keys, datagram, length);
    must(envelope_check_request(keys, datagram, length));
    bit %= length * 8;
    datagram[bit / 8] ^= (uint8_t)(1u << bit % 8);
    must(!envelope_check_request(keys, datagram, length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct key key = {.id = 7, .type = KEY_SHA1, .length = 16, .secret = "0123456789abcdef"};
    struct envelope_keys keys;

    must(envelope_derive(&key, &keys));
    read_any(data, size);
    must(!envelope_check_reply(&keys, key.secret, data, size));
    sign_and_spoil(&keys, data, size);
    return 0;
}
