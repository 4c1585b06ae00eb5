#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chronyd/ntp/mac.h"
#include "chronyd/ntp/packet.h"

static const struct ntp_header sample = {
    .leap = 1,
    .version = 4,
    .mode = NTP_MODE_SERVER,
    .stratum = 2,
    .poll = -3,
    .precision = -25,
    .root_delay = 0x00010203,
    .root_dispersion = 0x04050607,
    .refid = 0xc0000207,
    .reference = {0x0102030405060708},
    .origin = {0x1112131415161718},
    .receive = {0x2122232425262728},
    .transmit = {0x3132333435363738},
};

static size_t build(uint8_t *data, int version, size_t tail)
{
    struct ntp_header h = sample;

    h.version = (uint8_t)version;
    memset(data, 0, NTP_PACKET_BYTES_MAX + 4);
    ntp_header_encode(&h, data);
    return NTP_HEADER_BYTES + tail;
}

static void put_field(uint8_t *at, uint16_t type, uint16_t length)
{
    at[0] = (uint8_t)(type >> 8);
    at[1] = (uint8_t)type;
    at[2] = (uint8_t)(length >> 8);
    at[3] = (uint8_t)length;
}

static void header_survives_the_wire(void **state)
{
    uint8_t data[NTP_HEADER_BYTES];
    struct ntp_packet p;

    (void)state;
    ntp_header_encode(&sample, data);
    assert_int_equal(data[0], 1 << 6 | 4 << 3 | 4);
    assert_int_equal(data[2], 0xfd);
    assert_int_equal(data[24], 0x11);
    assert_true(ntp_packet_decode(data, sizeof(data), &p));
    assert_int_equal(p.header.leap, 1);
    assert_int_equal(p.header.version, 4);
    assert_int_equal(p.header.mode, NTP_MODE_SERVER);
    assert_int_equal(p.header.stratum, 2);
    assert_int_equal(p.header.poll, -3);
    assert_int_equal(p.header.precision, -25);
    assert_int_equal(p.header.root_delay, sample.root_delay);
    assert_int_equal(p.header.root_dispersion, sample.root_dispersion);
    assert_int_equal(p.header.refid, sample.refid);
    assert_true(p.header.reference.bits == sample.reference.bits);
    assert_true(p.header.origin.bits == sample.origin.bits);
    assert_true(p.header.receive.bits == sample.receive.bits);
    assert_true(p.header.transmit.bits == sample.transmit.bits);
    assert_int_equal(p.auth, NTP_AUTH_NONE);
    assert_int_equal(p.authenticated_length, NTP_HEADER_BYTES);
}

static void length_after_the_header_decides_what_it_is(void **state)
{
    static const struct {
        int version;
        size_t tail;
        bool ok;
        enum ntp_auth auth;
        size_t mac_length;
    } cases[] = {
        {4, 0, true, NTP_AUTH_NONE, 0},   {4, 4, true, NTP_AUTH_CRYPTO_NAK, 0},
        {4, 8, false, NTP_AUTH_NONE, 0},  {4, 16, false, NTP_AUTH_NONE, 0},
        {4, 20, true, NTP_AUTH_MAC, 16},  {4, 24, true, NTP_AUTH_MAC, 20},
        {4, 28, false, NTP_AUTH_NONE, 0}, /* a field, but its length is 0 */
        {3, 20, true, NTP_AUTH_MAC, 16},  {3, 24, true, NTP_AUTH_MAC, 20},
        {3, 36, true, NTP_AUTH_MAC, 32},  {3, 68, true, NTP_AUTH_MAC, 64},
        {3, 72, false, NTP_AUTH_NONE, 0}, {3, 21, false, NTP_AUTH_NONE, 0},
        {2, 20, true, NTP_AUTH_MAC, 16},  {1, 0, true, NTP_AUTH_NONE, 0},
        {0, 0, false, NTP_AUTH_NONE, 0},  {5, 0, false, NTP_AUTH_NONE, 0},
        {7, 0, false, NTP_AUTH_NONE, 0},
    };
    uint8_t data[NTP_PACKET_BYTES_MAX + 4];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ntp_packet p;
        size_t length = build(data, cases[i].version, cases[i].tail);

        assert_int_equal(ntp_packet_decode(data, length, &p), cases[i].ok);
        if (!cases[i].ok)
            continue;
        assert_int_equal(p.auth, cases[i].auth);
        assert_int_equal(p.mac_length, cases[i].mac_length);
        assert_int_equal(p.authenticated_length, NTP_HEADER_BYTES);
    }
}

static void every_shorter_packet_is_refused(void **state)
{
    uint8_t data[NTP_PACKET_BYTES_MAX + 4];
    struct ntp_packet p;

    (void)state;
    build(data, 4, 0);
    for (size_t length = 0; length < NTP_HEADER_BYTES; length++)
        assert_false(ntp_packet_decode(data, length, &p));
    assert_false(ntp_packet_decode(data, NTP_PACKET_BYTES_MAX + 4, &p));
}

static void fields_are_walked_and_the_mac_is_found_behind_them(void **state)
{
    uint8_t data[NTP_PACKET_BYTES_MAX + 4];
    size_t length = build(data, 4, 16 + 28 + 24), offset = 0;
    struct ntp_field f;
    struct ntp_packet p;

    (void)state;
    put_field(data + 48, 0x0104, 16);
    put_field(data + 64, 0xF323, 28);
    data[92 + 3] = 7; /* key id */
    assert_true(ntp_packet_decode(data, length, &p));
    assert_int_equal(p.auth, NTP_AUTH_MAC);
    assert_int_equal(p.key_id, 7);
    assert_int_equal(p.authenticated_length, 92);
    assert_int_equal(p.fields_length, 44);
    assert_true(ntp_field_next(&p, &offset, &f));
    assert_int_equal(f.type, 0x0104);
    assert_int_equal(f.length, 12);
    assert_true(ntp_field_next(&p, &offset, &f));
    assert_int_equal(f.type, 0xF323);
    assert_int_equal(f.length, 24);
    assert_ptr_equal(f.body, data + 68);
    assert_false(ntp_field_next(&p, &offset, &f));
}

static void broken_fields_are_refused(void **state)
{
    static const uint16_t lengths[] = {0, 4, 12, 15, 17, 30, 36, 0xfffc};
    uint8_t data[NTP_PACKET_BYTES_MAX + 4];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct ntp_packet p;
        size_t length = build(data, 4, 32);

        put_field(data + 48, 0x0104, lengths[i]);
        assert_false(ntp_packet_decode(data, length, &p));
    }
}

static struct keystore *keys(void)
{
    static const char text[] = "1 MD5 0123456789\n2 SHA1 0123456789\n3 SHA256 0123456789\n"
                               "4 AES128 HEX:00112233445566778899aabbccddeeff\n"
                               "5 SHA512 0123456789\n";
    static const struct log silent = {.least = LEVEL_FATAL};
    struct keystore *ks = keystore_create();

    assert_non_null(ks);
    assert_int_equal(keystore_load(ks, text, strlen(text), "keys", &silent), 5);
    return ks;
}

static void mac_is_truncated_in_version_4_only(void **state)
{
    static const struct {
        uint32_t id;
        int version;
        size_t mac_length;
    } cases[] = {{1, 4, 16}, {2, 4, 20}, {3, 4, 20}, {3, 3, 32},
                 {4, 4, 16}, {5, 3, 64}, {5, 4, 20}};
    struct keystore *ks = keys();
    uint8_t data[NTP_PACKET_BYTES_MAX + 4];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct key *k = keystore_find(ks, cases[i].id);
        size_t length = build(data, cases[i].version, 0);
        struct ntp_packet p;

        assert_true(ntp_mac_append(k, cases[i].version, data, &length, NTP_PACKET_BYTES_MAX));
        assert_int_equal(length, NTP_HEADER_BYTES + 4 + cases[i].mac_length);
        assert_true(ntp_packet_decode(data, length, &p));
        assert_true(ntp_mac_check(k, data, &p));
        data[20] ^= 1;
        assert_false(ntp_mac_check(k, data, &p));
        data[20] ^= 1;
        data[length - 1] ^= 0x80;
        assert_false(ntp_mac_check(k, data, &p));
    }
    keystore_destroy(ks);
}

static void mac_of_another_key_or_length_is_refused(void **state)
{
    struct keystore *ks = keys();
    uint8_t data[NTP_PACKET_BYTES_MAX + 4];
    const struct key *k = keystore_find(ks, 2);
    size_t length = build(data, 4, 0);
    struct ntp_packet p;

    (void)state;
    assert_true(ntp_mac_append(k, 4, data, &length, NTP_PACKET_BYTES_MAX));
    assert_true(ntp_packet_decode(data, length, &p));
    assert_false(ntp_mac_check(keystore_find(ks, 1), data, &p));
    /* Cut to 16 bytes it is still 16 right bytes, but not what the key makes. */
    assert_true(ntp_packet_decode(data, length - 4, &p));
    assert_false(ntp_mac_check(k, data, &p));
    assert_false(ntp_mac_append(k, 4, data, &length, length + 23));
    keystore_destroy(ks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_survives_the_wire),
        cmocka_unit_test(length_after_the_header_decides_what_it_is),
        cmocka_unit_test(every_shorter_packet_is_refused),
        cmocka_unit_test(fields_are_walked_and_the_mac_is_found_behind_them),
        cmocka_unit_test(broken_fields_are_refused),
        cmocka_unit_test(mac_is_truncated_in_version_4_only),
        cmocka_unit_test(mac_of_another_key_or_length_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
