#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/defs.h"
#include "candm/messages.h"
#include "test/unit/candm_packets.h"

#define PACKET_MAX 860

/* Unfold the notation of candm_packets.h. */
static size_t unfold(const char *text, uint8_t *out)
{
    size_t n = 0;

    while (*text) {
        if (*text == '*') {
            size_t zeros = strtoul(text + 1, (char **)&text, 10);

            memset(out + n, 0, zeros);
            n += zeros;
            text += *text == ' ';
        } else {
            char pair[3] = {text[0], text[1], '\0'};

            out[n++] = (uint8_t)strtoul(pair, NULL, 16);
            text += 2;
        }
        assert_true(n <= PACKET_MAX);
    }
    return n;
}

/* The two ends of a codec pair, by payload. */
static void request_again(enum candm_request r, struct wire_in *in, struct wire_out *out)
{
    switch (r) {
#define X(name, bytes)                                                                             \
    case CANDM_PAYLOAD_##name: {                                                                   \
        struct candm_req_##name v;                                                                 \
        candm_get_req_##name(in, &v);                                                              \
        candm_put_req_##name(out, &v);                                                             \
        break;                                                                                     \
    }
        CANDM_REQUESTS(X)
#undef X
    }
}

static void reply_again(uint16_t code, const union candm_reply_payload *v, struct wire_out *out)
{
    switch (code) {
#define X(name, number, bytes)                                                                     \
    case number:                                                                                   \
        candm_put_rpy_##name(out, &v->name##_);                                                    \
        break;
        CANDM_REPLIES(X)
#undef X
    default:
        fail();
    }
}

static void recorded_requests_decode_and_encode_to_the_same_bytes(void **state)
{
    size_t requests = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(recorded_packets); i++) {
        uint8_t data[PACKET_MAX], again[PACKET_MAX] = {0};
        size_t length = unfold(recorded_packets[i].bytes, data);
        struct wire_in in = wire_in_of(data, length);
        struct wire_out out = wire_out_of(again, length);
        struct candm_request_header h;
        const struct candm_row *row;

        if (data[1] != 1)
            continue;
        requests++;
        candm_get_request_header(&in, &h);
        candm_put_request_header(&out, &h);
        row = candm_row(h.command);
        assert_non_null(row);
        assert_true(length <= candm_required_length(row));
        request_again(row->request, &in, &out);
        assert_false(in.bad || out.bad);
        assert_int_equal(out.used, CANDM_REQUEST_HEADER + candm_request_bytes(row->request));
        assert_memory_equal(again, data, length);
    }
    assert_true(requests > 25);
}

static void recorded_replies_decode_and_encode_to_the_same_bytes(void **state)
{
    size_t replies = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(recorded_packets); i++) {
        uint8_t data[PACKET_MAX], again[PACKET_MAX] = {0};
        size_t length = unfold(recorded_packets[i].bytes, data);
        struct wire_out out = wire_out_of(again, length);
        struct candm_reply_header h;
        union candm_reply_payload v;

        if (data[1] != 2)
            continue;
        replies++;
        assert_true(candm_decode_reply(data, length, &h, &v));
        candm_put_reply_header(&out, &h);
        reply_again(h.reply, &v, &out);
        assert_false(out.bad);
        assert_int_equal(out.used, length);
        assert_memory_equal(again, data, length);
        for (size_t shorter = 0; shorter < length; shorter++)
            assert_false(candm_decode_reply(data, shorter, &h, &v));
    }
    assert_true(replies > 20);
}

static const union candm_reply_payload *recorded(const char *title, union candm_reply_payload *v)
{
    for (size_t i = 0; i < ARRAY_LEN(recorded_packets); i++) {
        uint8_t data[PACKET_MAX];
        size_t length = unfold(recorded_packets[i].bytes, data);
        struct candm_reply_header h;

        if (data[1] != 2 || strcmp(recorded_packets[i].title, title) != 0)
            continue;
        assert_true(candm_decode_reply(data, length, &h, v));
        return v;
    }
    fail_msg("no packet %s", title);
    return NULL;
}

static void recorded_values_land_in_their_fields(void **state)
{
    union candm_reply_payload v;
    char text[ADDR_TEXT_MAX];

    (void)state;
    recorded("TRACKING", &v);
    assert_int_equal(v.tracking_.refid, 0xcf404dc8);
    assert_string_equal(addr_format(&v.tracking_.address, text, sizeof(text)), "::1");
    assert_int_equal(v.tracking_.stratum, 4);
    assert_int_equal(v.tracking_.ref_time.sec, 1795178820);
    assert_int_equal(v.tracking_.ref_time.nsec, 478075098);
    assert_true(fabs(v.tracking_.last_update_interval_s - 0.109351315) < 1e-9);
    recorded("SOURCE_DATA, unresolved source (index 5)", &v);
    assert_string_equal(addr_format(&v.source_data_.address, text, sizeof(text)), "ID#0000000001");
    assert_int_equal(v.source_data_.since_sample_s, UINT32_MAX);
    recorded("SOURCE_DATA, IPv4 source (index 1)", &v);
    assert_int_equal(v.source_data_.poll, -2);
    recorded("NTP_DATA, server and client 4.3 (reply 16)", &v);
    assert_int_equal(v.ntp_data_.total_good, 157);
    assert_int_equal(v.ntp_data_.total_hw_rx, UINT32_MAX);
    recorded("SERVER_STATS, server and client 4.3 (reply 24)", &v);
    assert_true(v.server_stats3_.daemon_rx == UINT64_MAX);
    assert_true(v.server_stats3_.cmd_hits < 100000);
    recorded("MANUAL_LIST with one sample", &v);
    assert_int_equal(v.manual_list_.count, 1);
    assert_true(fabs(v.manual_list_.samples[0].original_s - 2825.3501) < 1e-3);
}

/* Every codec moves exactly the bytes that the table says, and stops at the end. */
static void every_codec_has_the_size_of_its_row(void **state)
{
    uint8_t data[PACKET_MAX] = {0}, again[PACKET_MAX];

    (void)state;
#define X(name, bytes)                                                                             \
    {                                                                                              \
        struct wire_in in = wire_in_of(data, bytes);                                               \
        struct wire_out out = wire_out_of(again, bytes);                                           \
        request_again(CANDM_PAYLOAD_##name, &in, &out);                                            \
        assert_false(in.bad || out.bad);                                                           \
        assert_true(in.left == 0 && out.used == bytes);                                            \
        assert_true(candm_request_bytes(CANDM_PAYLOAD_##name) == bytes);                           \
    }
    CANDM_REQUESTS(X)
#undef X
#define X(name, code, bytes)                                                                       \
    {                                                                                              \
        struct candm_rpy_##name v;                                                                 \
        struct wire_in in = wire_in_of(data, bytes);                                               \
        struct wire_out out = wire_out_of(again, bytes);                                           \
        candm_get_rpy_##name(&in, &v);                                                             \
        candm_put_rpy_##name(&out, &v);                                                            \
        assert_false(in.bad || out.bad);                                                           \
        assert_true(in.left == 0 && out.used == bytes);                                            \
        assert_true(candm_reply_bytes(CANDM_RPY_##name) == bytes);                                 \
    }
    CANDM_REPLIES(X)
#undef X
}

static void the_table_has_the_lengths_replies_and_classes_of_the_specification(void **state)
{
    static const struct {
        uint16_t code;
        size_t length;
        int reply;
        enum candm_class class;
    } expected[] = {
        {1, 60, 1, CANDM_U},    {2, 60, 1, CANDM_U},    {3, 68, 1, CANDM_U},
        {4, 44, 1, CANDM_U},    {5, 44, 1, CANDM_U},    {6, 28, 1, CANDM_U},
        {7, 44, 1, CANDM_U},    {8, 44, 1, CANDM_U},    {9, 28, 1, CANDM_U},
        {11, 40, 17, CANDM_U},  {13, 28, 1, CANDM_U},   {14, 32, 2, CANDM_N},
        {15, 76, 3, CANDM_N},   {16, 28, 1, CANDM_U},   {17, 44, 1, CANDM_U},
        {18, 44, 1, CANDM_U},   {19, 44, 1, CANDM_U},   {20, 44, 1, CANDM_U},
        {21, 44, 1, CANDM_U},   {22, 44, 1, CANDM_U},   {23, 44, 1, CANDM_U},
        {24, 44, 1, CANDM_U},   {25, 40, 1, CANDM_U},   {26, 40, 1, CANDM_U},
        {29, 40, 1, CANDM_U},   {30, 28, 1, CANDM_U},   {31, 28, 1, CANDM_U},
        {33, 104, 5, CANDM_N},  {34, 84, 6, CANDM_N},   {35, 56, 7, CANDM_N},
        {36, 28, 1, CANDM_U},   {37, 28, 1, CANDM_U},   {41, 416, 18, CANDM_N},
        {42, 28, 1, CANDM_U},   {43, 28, 1, CANDM_U},   {44, 48, 12, CANDM_N},
        {45, 44, 1, CANDM_U},   {46, 44, 1, CANDM_U},   {47, 44, 1, CANDM_U},
        {48, 28, 1, CANDM_U},   {49, 28, 1, CANDM_U},   {50, 28, 1, CANDM_U},
        {51, 52, 13, CANDM_N},  {52, 28, 1, CANDM_U},   {53, 28, 1, CANDM_U},
        {54, 196, 25, CANDM_V}, {57, 172, 26, CANDM_V}, {62, 28, 1, CANDM_U},
        {63, 28, 1, CANDM_U},   {64, 372, 1, CANDM_U},  {65, 284, 19, CANDM_N},
        {66, 28, 1, CANDM_U},   {67, 52, 20, CANDM_V},  {68, 520, 21, CANDM_V},
        {69, 76, 23, CANDM_V},  {70, 28, 1, CANDM_U},   {71, 28, 1, CANDM_U},
        {72, 52, 1, CANDM_U},   {73, 48, 1, CANDM_U},   {74, 48, 1, CANDM_U},
    };
    size_t count;
    const struct candm_row *rows = candm_rows(&count);

    (void)state;
    assert_true(count >= ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        const struct candm_row *row = candm_row(expected[i].code);

        assert_non_null(row);
        assert_int_equal(candm_required_length(row), expected[i].length);
        assert_int_equal(row->reply, expected[i].reply);
        assert_int_equal(row->class, expected[i].class);
        assert_int_equal(row->open != 0, row->class != CANDM_U);
    }
    for (size_t i = 1; i < count; i++)
        assert_true(rows[i].code > rows[i - 1].code);
    for (uint32_t code = 0; code <= UINT16_MAX; code++) {
        const struct candm_row *row = candm_row((uint16_t)code);

        assert_true(!row || row->code == code);
    }
    assert_null(candm_row(0));
    assert_null(candm_row(75));
}

static void floats_encode_to_the_words_of_the_specification(void **state)
{
    static const struct {
        double value;
        uint32_t word;
        double decoded;
    } vectors[] = {
        {0.0, 0x00000000, 0.0},
        {1.0, 0x04800000, 1.0},
        {-1.0, 0x03000000, -1.0},
        {0.5, 0x02800000, 0.5},
        {-0.5, 0x01000000, -0.5},
        {0.25, 0x00800000, 0.25},
        {-0.25, 0xFF000000, -0.25},
        {2.0, 0x06800000, 2.0},
        {3.0, 0x06C00000, 3.0},
        {10.0, 0x0AA00000, 10.0},
        {300.0, 0x14960000, 300.0},
        {0.1, 0xFCCCCCCD, 0.10000000149011612},
        {-0.1, 0xFD333333, -0.10000000149011612},
        {0.3, 0x0099999A, 0.30000001192092896},
        {0.001, 0xF083126F, 0.0010000000474974513},
        {1e-06, 0xDC8637BD, 9.999999974752427e-07},
        {1e-09, 0xC889705F, 9.999999717180685e-10},
        {-1e-09, 0xC9768FA1, -9.999999717180685e-10},
        {123456.789, 0x24F12065, 123456.7890625},
        {1000000.0, 0x2AF42400, 1000000.0},
        {1000000000.0, 0x3EEE6B28, 1000000000.0},
        {16777217.0, 0x34800000, 16777216.0},
        {33554431.0, 0x34FFFFFF, 33554430.0},
        {1e+18, 0x7ADE0B6B, 9.999999843067494e+17},
        {1e+19, 0x7EFFFFFF, 4.611685743549481e+18},
        {-1e+19, 0x7F000000, -4.611686018427388e+18},
        {0x1p-64, 0x84800000, 5.421010862427522e-20},
        {0x1p-88, 0x80000002, 3.2311742677852644e-27},
        {0x1p-90, 0x80000000, 0.0},
        {NAN, 0x00000000, 0.0},
        {INFINITY, 0x7EFFFFFF, 4.611685743549481e+18},
        {-INFINITY, 0x7F000000, -4.611686018427388e+18},
        {-0.0, 0, 0.0},
        {1e101, 0x7EFFFFFF, 0x1p62 - 0x1p38},
        {1e-101, 0, 0.0},
        {0x1p-89, 0x80000001, 0x1p-89},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        if (candm_float_encode(vectors[i].value) != vectors[i].word)
            fail_msg("%g: %08x", vectors[i].value, candm_float_encode(vectors[i].value));
        assert_true(candm_float_decode(vectors[i].word) == vectors[i].decoded);
    }
}

/* The steps of section 3.2, with the logarithm that they name, against the encoder without. */
static uint32_t encode_by_the_book(double v)
{
    double x = fabs(v);
    int negative = v < 0, e;
    int64_t limit = negative ? 16777216 : 16777215, c;

    if (isnan(v) || x < 1e-100)
        return 0;
    e = (int)(log(x) / log(2) + 1);
    c = (int64_t)(ldexp(x, 25 - e) + 0.5);
    for (; c > limit; e++)
        c /= 2;
    if (e > 63) {
        e = 63;
        c = limit;
    } else if (e < -64) {
        c = e >= -89 ? c >> (-64 - e) : 0;
        e = e >= -89 ? -64 : 0;
    }
    return ((uint32_t)e & 0x7f) << 25 | ((uint32_t)(negative ? -c : c) & 0x1ffffff);
}

static void floats_encode_as_with_logarithms(void **state)
{
    uint64_t seed = 9;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        double v;

        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        v = ldexp((double)(seed >> 11), (int)(seed & 127) - 120);
        if (seed & 1024)
            v = -v;
        if (candm_float_encode(v) != encode_by_the_book(v))
            fail_msg("%a: %08x %08x", v, candm_float_encode(v), encode_by_the_book(v));
    }
}

static void every_word_survives_decoding_and_encoding_in_value(void **state)
{
    (void)state;
    for (uint64_t word = 0; word <= UINT32_MAX; word += 9973) {
        double v = candm_float_decode((uint32_t)word);

        assert_true(fabs(candm_float_decode(candm_float_encode(v)) - v) <=
                    fabs(v) * 0x1p-23 + 0x1p-89);
    }
}

static void strange_addresses_and_times_are_tamed(void **state)
{
    static const uint8_t addr[20] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0, 1};
    uint8_t other[20], settime[12] = {0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff};
    struct candm_req_address a;
    struct candm_req_settime t;
    struct addr expected = addr_from_ipv4(0x01020304), none = {0};
    struct wire_in in = wire_in_of(addr, sizeof(addr));

    (void)state;
    /* Bytes behind an IPv4 address do not count. */
    candm_get_req_address(&in, &a);
    assert_true(addr_equal(&a.address, &expected));
    memcpy(other, addr, sizeof(other));
    other[17] = 4;
    in = wire_in_of(other, sizeof(other));
    candm_get_req_address(&in, &a);
    assert_true(addr_equal(&a.address, &none));
    in = wire_in_of(settime, sizeof(settime));
    candm_get_req_settime(&in, &t);
    assert_int_equal(t.time.sec, 5);
    assert_int_equal(t.time.nsec, 999999999);
}

static void an_expected_error_is_rounded_up_by_less_than_a_thousandth(void **state)
{
    static const double durations_s[] = {1e-9, 3.3e-6, 0.5, 1.0, 100.0};
    struct candm_rpy_verdict v = {.state = CANDM_VERDICT_OK}, again;
    uint8_t data[80];

    (void)state;
    for (size_t i = 0; i <= ARRAY_LEN(durations_s); i++) {
        double wanted_s = i < ARRAY_LEN(durations_s) ? durations_s[i] : 0.0;
        struct wire_out out = wire_out_of(data, sizeof(data));
        struct wire_in in;

        v.expected_s = wanted_s;
        candm_put_rpy_verdict(&out, &v);
        in = wire_in_of(data, sizeof(data));
        candm_get_rpy_verdict(&in, &again);
        assert_true(again.expected_s >= wanted_s * (1.0 - 1e-9));
        assert_true(again.expected_s <= wanted_s * 1.001);
    }
}

static void counts_beyond_a_reply_are_cut(void **state)
{
    uint8_t data[CANDM_REPLY_MAX] = {6, 2, 0, 0, 0, 41, 0, CANDM_RPY_manual_list};
    union candm_reply_payload v;
    struct candm_reply_header h;

    (void)state;
    memset(data + 28, 0xff, 4);
    assert_true(candm_decode_reply(data, sizeof(data), &h, &v));
    assert_int_equal(v.manual_list_.count, CANDM_MANUAL_SAMPLES);
    data[7] = CANDM_RPY_client_accesses;
    memset(data + 36, 0xff, 4);
    assert_true(candm_decode_reply(data, sizeof(data), &h, &v));
    assert_int_equal(v.client_accesses_.count, CANDM_CLIENTS_PER_REPLY);
    data[7] = 4; /* obsolete */
    assert_false(candm_decode_reply(data, sizeof(data), &h, &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_requests_decode_and_encode_to_the_same_bytes),
        cmocka_unit_test(recorded_replies_decode_and_encode_to_the_same_bytes),
        cmocka_unit_test(recorded_values_land_in_their_fields),
        cmocka_unit_test(every_codec_has_the_size_of_its_row),
        cmocka_unit_test(the_table_has_the_lengths_replies_and_classes_of_the_specification),
        cmocka_unit_test(floats_encode_to_the_words_of_the_specification),
        cmocka_unit_test(floats_encode_as_with_logarithms),
        cmocka_unit_test(every_word_survives_decoding_and_encoding_in_value),
        cmocka_unit_test(strange_addresses_and_times_are_tamed),
        cmocka_unit_test(an_expected_error_is_rounded_up_by_less_than_a_thousandth),
        cmocka_unit_test(counts_beyond_a_reply_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
