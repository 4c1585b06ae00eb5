#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chronyd/ntp/mac.h"
#include "chronyd/ntp/respond.h"

#define START INT64_C(1700000000000000000)

struct desk {
    struct ntp_view view;
    struct access_table *access;
    struct keystore *keys;
    struct os_datagram request;
    uint8_t data[NTP_PACKET_BYTES_MAX];
    struct respond_out out;
};

static const struct ntp_header client_request = {
    .version = 4,
    .mode = NTP_MODE_CLIENT,
    .poll = 6,
    .precision = 32,
    .transmit = {0xdeadbeef12345678},
};

static int setup(void **state)
{
    static struct desk desk;
    static const char text[] = "7 SHA1 0123456789abcdef\n8 SHA256 0123456789abcdef\n";
    static const struct log silent = {.least = LEVEL_FATAL};
    struct desk *d = &desk;
    struct access_rule all = {.allow = true};
    struct err err;

    memset(d, 0, sizeof(*d));
    d->access = access_create();
    d->keys = keystore_create();
    if (!d->access || !d->keys || !access_apply(d->access, &all, &err) ||
        keystore_load(d->keys, text, strlen(text), "keys", &silent) != 2)
        return -1;
    d->view.clock.raw_anchor = d->view.clock.true_anchor = (struct utc){START};
    d->view.figures = (struct reference_figures){
        .synchronised = true,
        .stratum = 3,
        .refid = 0xc0000201,
        .ref_time = {START - 5 * NS_PER_S},
        .root_delay_s = 0.25,
        .root_dispersion_s = 0.5,
    };
    d->view.figures_at = (struct utc){START};
    d->view.precision = -20;
    d->view.poll_min = -128;
    d->view.fuzz_seed = 12345;
    d->view.access = d->access;
    d->view.keys = d->keys;
    d->request.remote = (struct endpoint){addr_from_ipv4(0xc0000207), 40000};
    d->request.data = d->data;
    d->request.stamp = (struct utc){START + NS_PER_S};
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    struct desk *d = *state;

    access_destroy(d->access);
    keystore_destroy(d->keys);
    return 0;
}

static void put(struct desk *d, const struct ntp_header *h)
{
    ntp_header_encode(h, d->data);
    d->request.length = NTP_HEADER_BYTES;
}

static enum respond_verdict answer(struct desk *d, const struct respond_interleaved *il, bool kod)
{
    struct utc now = {START + NS_PER_S + 50000};

    return ntp_respond(&d->view, &d->request, il, now, kod, &d->out);
}

static struct ntp_header reply(const struct desk *d)
{
    struct ntp_packet p;

    assert_true(ntp_packet_decode(d->out.data, d->out.length, &p));
    return p.header;
}

static void respond_tells_figures_and_sends_the_cookie_back(void **state)
{
    struct desk *d = *state;
    struct ntp_header h;

    put(d, &client_request);
    assert_int_equal(answer(d, NULL, false), RESPOND_SEND);
    h = reply(d);
    assert_int_equal(d->out.length, NTP_HEADER_BYTES);
    assert_int_equal(h.mode, NTP_MODE_SERVER);
    assert_int_equal(h.version, 4);
    assert_int_equal(h.leap, LEAP_NORMAL);
    assert_int_equal(h.stratum, 3);
    assert_int_equal(h.poll, 6);
    assert_int_equal(h.precision, -20);
    assert_int_equal(h.refid, 0xc0000201);
    assert_int_equal(h.root_delay, 0x4000);
    assert_true(h.origin.bits == client_request.transmit.bits);
    assert_true(s_from_ntp_short(h.root_dispersion) >= 0.5);
    assert_true(utc_from_ntp_time(h.receive, d->request.stamp).ns - d->request.stamp.ns < 2000);
    assert_true(h.transmit.bits > h.receive.bits);
}

static void respond_knows_which_modes_to_answer(void **state)
{
    static const struct {
        uint8_t version, mode;
        uint16_t port;
        enum respond_verdict verdict;
        uint8_t reply_mode;
    } cases[] = {
        {4, 3, 40000, RESPOND_SEND, 4},      {3, 3, 123, RESPOND_SEND, 4},
        {2, 3, 40000, RESPOND_SEND, 4},      {1, 3, 40000, RESPOND_SEND, 4},
        {4, 1, 123, RESPOND_SEND, 2},        {1, 0, 40000, RESPOND_SEND, 4},
        {1, 0, 123, RESPOND_MALFORMED, 0},   {2, 0, 40000, RESPOND_MALFORMED, 0},
        {4, 2, 40000, RESPOND_MALFORMED, 0}, {4, 4, 123, RESPOND_MALFORMED, 0},
        {4, 5, 123, RESPOND_MALFORMED, 0},   {4, 6, 40000, RESPOND_MALFORMED, 0},
        {2, 7, 40000, RESPOND_MALFORMED, 0}, {0, 3, 40000, RESPOND_MALFORMED, 0},
        {5, 3, 40000, RESPOND_MALFORMED, 0},
    };
    struct desk *d = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ntp_header h = client_request;

        h.version = cases[i].version;
        h.mode = cases[i].mode;
        d->request.remote.port = cases[i].port;
        put(d, &h);
        assert_int_equal(answer(d, NULL, false), cases[i].verdict);
        if (cases[i].verdict != RESPOND_SEND)
            continue;
        assert_int_equal(reply(d).mode, cases[i].reply_mode);
        assert_int_equal(reply(d).version, cases[i].version);
    }
}

static void respond_is_silent_to_addresses_that_are_not_allowed(void **state)
{
    struct desk *d = *state;
    struct access_rule deny = {.net = d->request.remote.addr, .bits = 32};
    struct err err;

    assert_true(access_apply(d->access, &deny, &err));
    put(d, &client_request);
    assert_int_equal(answer(d, NULL, false), RESPOND_DENIED);
}

static void respond_unsynchronised_says_so(void **state)
{
    struct desk *d = *state;
    struct ntp_header h;

    d->view.figures.synchronised = false;
    d->view.figures.stratum = 16;
    put(d, &client_request);
    assert_int_equal(answer(d, NULL, false), RESPOND_SEND);
    h = reply(d);
    assert_int_equal(h.leap, LEAP_UNSYNCHRONISED);
    assert_int_equal(h.stratum, 0);
    assert_int_equal(h.refid, 0);
    assert_true(h.receive.bits != 0 && h.transmit.bits != 0);
}

static void respond_authenticates_with_the_key_of_the_request(void **state)
{
    static const struct {
        uint32_t id;
        uint8_t version;
        size_t mac;
    } cases[] = {{7, 4, 20}, {8, 4, 20}, {8, 3, 32}};
    struct desk *d = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct key *key = keystore_find(d->keys, cases[i].id);
        struct ntp_header h = client_request;
        struct ntp_packet p;

        h.version = cases[i].version;
        put(d, &h);
        assert_true(ntp_mac_append(key, h.version, d->data, &d->request.length, sizeof(d->data)));
        assert_int_equal(answer(d, NULL, false), RESPOND_SEND);
        assert_true(d->out.authenticated);
        assert_int_equal(d->out.length, NTP_HEADER_BYTES + 4 + cases[i].mac);
        assert_true(ntp_packet_decode(d->out.data, d->out.length, &p));
        assert_true(ntp_mac_check(key, d->out.data, &p));
    }
}

static void respond_is_silent_to_wrong_macs(void **state)
{
    struct desk *d = *state;
    const struct key *key = keystore_find(d->keys, 7);

    put(d, &client_request);
    assert_true(ntp_mac_append(key, 4, d->data, &d->request.length, sizeof(d->data)));
    d->data[60] ^= 1;
    assert_int_equal(answer(d, NULL, false), RESPOND_AUTH_FAILED);
    d->data[60] ^= 1;
    d->data[51] = 99; /* a key that we don't have */
    assert_int_equal(answer(d, NULL, false), RESPOND_AUTH_FAILED);
    /* A crypto-NAK is an answer, not a question. */
    memset(d->data + 48, 0, 4);
    d->request.length = 52;
    assert_int_equal(answer(d, NULL, false), RESPOND_MALFORMED);
}

static void respond_interleaved_carries_the_previous_transmit_time(void **state)
{
    struct desk *d = *state;
    struct respond_interleaved il = {{0x1111111122222222}, {0x3333333344444444}};
    struct ntp_header h = client_request;

    h.origin = il.prev_receive;
    h.receive.bits = 0x5555555566666666;
    put(d, &h);
    assert_int_equal(answer(d, &il, false), RESPOND_SEND);
    assert_true(d->out.interleaved);
    assert_true(reply(d).origin.bits == h.receive.bits);
    assert_true(reply(d).transmit.bits == il.prev_transmit.bits);
    assert_true(d->out.transmit.bits != il.prev_transmit.bits);
}

static void respond_stays_basic_when_interleaving_cannot_work(void **state)
{
    struct desk *d = *state;
    struct respond_interleaved il = {{0x1111111122222222}, {0x3333333344444444}};
    struct ntp_header h = client_request;

    /* Another origin; equal receive and transmit; a symmetric peer; nothing saved. */
    h.origin.bits = 1;
    put(d, &h);
    assert_int_equal(answer(d, &il, false), RESPOND_SEND);
    assert_false(d->out.interleaved);
    h.origin = il.prev_receive;
    h.receive = h.transmit;
    put(d, &h);
    assert_int_equal(answer(d, &il, false), RESPOND_SEND);
    assert_false(d->out.interleaved);
    h.receive.bits = 5;
    put(d, &h);
    il.prev_transmit.bits = 0;
    assert_int_equal(answer(d, &il, false), RESPOND_SEND);
    assert_false(d->out.interleaved);
    assert_true(reply(d).origin.bits == h.transmit.bits);
    assert_int_equal(answer(d, NULL, false), RESPOND_SEND);
    assert_false(d->out.interleaved);
}

static void respond_kiss_of_death_tells_no_time(void **state)
{
    struct desk *d = *state;
    struct ntp_header h;

    d->view.poll_min = 10;
    put(d, &client_request);
    assert_int_equal(answer(d, NULL, true), RESPOND_SEND);
    h = reply(d);
    assert_int_equal(h.leap, LEAP_UNSYNCHRONISED);
    assert_int_equal(h.stratum, 0);
    assert_int_equal(h.refid, 0x52415445);
    assert_int_equal(h.poll, 10);
    assert_true(h.origin.bits == client_request.transmit.bits);
}

static void respond_serves_corrected_time(void **state)
{
    struct desk *d = *state;
    int64_t error_ns;

    /* The system clock is a second ahead of what we believe. */
    d->view.clock.true_anchor.ns -= NS_PER_S;
    put(d, &client_request);
    assert_int_equal(answer(d, NULL, false), RESPOND_SEND);
    error_ns =
        utc_from_ntp_time(reply(d).receive, d->request.stamp).ns - (d->request.stamp.ns - NS_PER_S);
    assert_true(error_ns > -1000 && error_ns < 1000);
}

static void respond_dispersion_grows_with_age(void **state)
{
    struct desk *d = *state;

    d->view.dispersion_rate = 0.125;
    put(d, &client_request);
    assert_int_equal(answer(d, NULL, false), RESPOND_SEND);
    assert_float_equal(s_from_ntp_short(reply(d).root_dispersion), 0.625, 1e-4);
}

static void respond_smoothed_time_is_marked(void **state)
{
    struct desk *d = *state;
    double ahead_s;

    d->view.smoothing = true;
    d->view.smooth_offset_s = 0.5;
    d->view.smooth_freq = 0.25;
    put(d, &client_request);
    assert_int_equal(answer(d, NULL, false), RESPOND_SEND);
    ahead_s = utc_diff_s(utc_from_ntp_time(reply(d).receive, d->request.stamp), d->request.stamp);
    assert_float_equal(ahead_s, 0.75, 1e-5);
    assert_int_equal(reply(d).refid, 0x7f7f01ff);
}

static void respond_is_never_longer_than_the_request(void **state)
{
    struct desk *d = *state;
    uint32_t seed = 1;

    for (int i = 0; i < 20000; i++) {
        struct ntp_header h = client_request;

        put(d, &h);
        for (size_t k = 48; k < 256; k++) {
            seed = seed * 1664525 + 1013904223;
            d->data[k] = (uint8_t)(seed >> 24);
        }
        d->request.length = seed % 256;
        if (answer(d, NULL, i % 2) == RESPOND_SEND)
            assert_true(d->out.length <= d->request.length);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(respond_tells_figures_and_sends_the_cookie_back),
        TEST(respond_knows_which_modes_to_answer),
        TEST(respond_is_silent_to_addresses_that_are_not_allowed),
        TEST(respond_unsynchronised_says_so),
        TEST(respond_authenticates_with_the_key_of_the_request),
        TEST(respond_is_silent_to_wrong_macs),
        TEST(respond_interleaved_carries_the_previous_transmit_time),
        TEST(respond_stays_basic_when_interleaving_cannot_work),
        TEST(respond_kiss_of_death_tells_no_time),
        TEST(respond_serves_corrected_time),
        TEST(respond_dispersion_grows_with_age),
        TEST(respond_smoothed_time_is_marked),
        TEST(respond_is_never_longer_than_the_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
