#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "candm/envelope.h"

#define DATAGRAM_MAX 1024

/* The vectors here were made with Python's hmac from the text of doc/candm-auth.adoc. */
static struct envelope_keys vector_keys(void)
{
    struct key key = {.id = 7, .type = KEY_SHA1, .length = 32};
    struct envelope_keys keys;

    for (size_t i = 0; i < key.length; i++)
        key.secret[i] = (uint8_t)i;
    assert_true(envelope_derive(&key, &keys));
    return keys;
}

static void fill(uint8_t *out, size_t length, uint8_t first)
{
    for (size_t i = 0; i < length; i++)
        out[i] = (uint8_t)(first + i);
}

/* A TRACKING request of 104 bytes and its trailer. */
static size_t vector_request(uint8_t *data, const struct envelope_keys *keys)
{
    struct wire_out out = wire_out_of(data, DATAGRAM_MAX);
    struct envelope_request e = {.key_id = 7, .counter = 5};

    fill(e.nonce, sizeof(e.nonce), 0x10);
    fill(e.cookie, sizeof(e.cookie), 0x40);
    candm_put_request_header(&out,
                             &(struct candm_request_header){
                                 .version = 6, .type = 1, .command = 33, .sequence = 0xdeadbeef});
    wire_put_zeros(&out, 84);
    envelope_put_request(&out, &e);
    assert_false(out.bad);
    envelope_sign_request(keys, data, out.used);
    return out.used;
}

static size_t vector_reply(uint8_t *data, const struct envelope_keys *keys,
                           const uint8_t *request_mac)
{
    struct wire_out out = wire_out_of(data, DATAGRAM_MAX);
    struct envelope_reply e = {.key_id = 7, .counter = 5};

    fill(e.cookie, sizeof(e.cookie), 0x80);
    candm_put_reply_header(&out, &(struct candm_reply_header){.version = 6,
                                                              .type = 2,
                                                              .command = 33,
                                                              .reply = 1,
                                                              .status = 2,
                                                              .sequence = 0xdeadbeef});
    envelope_put_reply(&out, &e);
    envelope_sign_reply(keys, request_mac, data, out.used);
    return out.used;
}

static void assert_hex(const uint8_t *data, const char *hex)
{
    uint8_t expected[64];
    int n = text_hex(hex, expected, sizeof(expected));

    assert_true(n > 0);
    assert_memory_equal(data, expected, (size_t)n);
}

static void keys_and_macs_match_another_implementation(void **state)
{
    struct envelope_keys keys = vector_keys();
    uint8_t request[DATAGRAM_MAX], reply[DATAGRAM_MAX];
    size_t length;

    (void)state;
    assert_hex(keys.request, "98187275ba746c6298455b8f6b62655f5bb477893349af1e096880ac491b1e31");
    assert_hex(keys.reply, "9ab0478b6893f52f89951a8070469388d3dc810272951363b74630188bba321a");
    length = vector_request(request, &keys);
    assert_int_equal(length, 104 + ENVELOPE_REQUEST_BYTES);
    assert_hex(request + length - 32,
               "12f9b486b094ec46d17d0591b2fa80a291b4309c8b35fb8b7733254914f79730");
    length = vector_reply(reply, &keys, request + length - 32);
    assert_int_equal(length, 28 + ENVELOPE_REPLY_BYTES);
    assert_hex(reply + length - 32,
               "34aee371bed857db0770a3de9160cb244deccde2ef93f5eb806a87bc7985d47f");
}

static void trailers_read_back_as_written(void **state)
{
    struct envelope_keys keys = vector_keys();
    uint8_t data[DATAGRAM_MAX], expected[ENVELOPE_COOKIE_BYTES];
    size_t length = vector_request(data, &keys), base;
    struct envelope_request q;
    struct envelope_reply r;

    (void)state;
    assert_true(envelope_is_request(data, length));
    envelope_get_request(data, length, &q);
    assert_int_equal(q.key_id, 7);
    assert_int_equal(q.counter, 5);
    fill(expected, sizeof(q.nonce), 0x10);
    assert_memory_equal(q.nonce, expected, sizeof(q.nonce));
    assert_memory_equal(q.mac, data + length - 32, 32);
    assert_false(envelope_is_hello(&q));
    length = vector_reply(data, &keys, q.mac);
    assert_true(envelope_get_reply(data, length, &r, &base));
    assert_int_equal(base, 28);
    assert_int_equal(r.key_id, 7);
    assert_int_equal(r.counter, 5);
    fill(expected, sizeof(r.cookie), 0x80);
    assert_memory_equal(r.cookie, expected, sizeof(r.cookie));
    assert_false(envelope_get_reply(data, 28 + 87, &r, NULL));
}

static void only_the_exact_length_of_a_command_makes_an_envelope(void **state)
{
    struct envelope_keys keys = vector_keys();
    uint8_t data[DATAGRAM_MAX] = {0};
    size_t length = vector_request(data, &keys);

    (void)state;
    for (size_t l = 0; l < sizeof(data); l++)
        assert_int_equal(envelope_is_request(data, l), l == length);
    data[5] = 200; /* no such command */
    assert_false(envelope_is_request(data, length));
    data[5] = 44; /* of another length */
    assert_false(envelope_is_request(data, length));
}

static void every_flipped_bit_of_a_request_is_noticed(void **state)
{
    struct envelope_keys keys = vector_keys();
    uint8_t data[DATAGRAM_MAX];
    size_t length = vector_request(data, &keys);

    (void)state;
    assert_true(envelope_check_request(&keys, data, length));
    for (size_t bit = 0; bit < length * 8; bit++) {
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(envelope_check_request(&keys, data, length));
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_false(envelope_check_request(&keys, data, length - 1));
    assert_false(envelope_check_request(&keys, data, 31));
}

static void every_flipped_bit_of_a_reply_and_another_request_are_noticed(void **state)
{
    struct envelope_keys keys = vector_keys();
    uint8_t request_mac[ENVELOPE_MAC_BYTES] = {1}, data[DATAGRAM_MAX];
    size_t length = vector_reply(data, &keys, request_mac);

    (void)state;
    assert_true(envelope_check_reply(&keys, request_mac, data, length));
    for (size_t bit = 0; bit < length * 8; bit++) {
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(envelope_check_reply(&keys, request_mac, data, length));
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    request_mac[31] ^= 1;
    assert_false(envelope_check_reply(&keys, request_mac, data, length));
    /* A request cannot be passed off as a reply. */
    assert_false(envelope_check_request(&keys, data, length));
}

static void keys_depend_on_secret_and_id_and_are_not_short(void **state)
{
    struct key a = {.id = 1, .type = KEY_MD5, .length = 16}, b = a, c = a;
    struct envelope_keys ka, kb, kc;

    (void)state;
    b.id = 2;
    c.secret[15] = 1;
    assert_true(envelope_derive(&a, &ka) && envelope_derive(&b, &kb) && envelope_derive(&c, &kc));
    assert_memory_not_equal(ka.request, kb.request, 32);
    assert_memory_not_equal(ka.request, kc.request, 32);
    assert_memory_not_equal(ka.request, ka.reply, 32);
    a.length = 15;
    assert_false(envelope_derive(&a, &ka));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_macs_match_another_implementation),
        cmocka_unit_test(trailers_read_back_as_written),
        cmocka_unit_test(only_the_exact_length_of_a_command_makes_an_envelope),
        cmocka_unit_test(every_flipped_bit_of_a_request_is_noticed),
        cmocka_unit_test(every_flipped_bit_of_a_reply_and_another_request_are_noticed),
        cmocka_unit_test(keys_depend_on_secret_and_id_and_are_not_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
