#include "ntp_world.h"

#include "chronyd/ntp/fields.h"
#include "chronyd/ntp/ptp.h"

#define CORRECTION_FIELD 8

/* --- the codec ------------------------------------------------------------------------------- */

static void set_correction(uint8_t *data, double correction_s)
{
    uint64_t v = (uint64_t)(int64_t)(correction_s * 1e9 * 65536.0);

    for (int i = 0; i < 8; i++)
        data[CORRECTION_FIELD + i] = (uint8_t)(v >> (56 - 8 * i));
}

static void wrapped_message_has_the_layout_of_an_event_message(void **state)
{
    static const uint8_t prefix[PTP_PREFIX_BYTES] = {
        [0] = 0x01,  [1] = 0x02,  [3] = 102,   [4] = 123,   [6] = 0x04,  [30] = 0x12, [31] = 0x34,
        [32] = 0x01, [33] = 0x7f, [44] = 0x80, [47] = 0x36, [50] = 0x5e, [53] = 0x01};
    uint8_t ntp[NTP_HEADER_BYTES], out[PTP_PACKET_BYTES_MAX];

    (void)state;
    memset(ntp, 0xa5, sizeof(ntp));
    assert_int_equal(ptp_wrap(ntp, sizeof(ntp), 123, 0x1234, out), 102);
    assert_memory_equal(out, prefix, sizeof(prefix));
    assert_memory_equal(out + PTP_PREFIX_BYTES, ntp, sizeof(ntp));
}

static void unwrapping_gives_message_and_correction_back(void **state)
{
    static const double corrections[] = {0.0, 1e-6, 123.456e-6, 1.0, -1e-6, 1e5};
    uint8_t ntp[NTP_PACKET_BYTES_MAX], out[PTP_PACKET_BYTES_MAX];
    struct ptp_message m;
    size_t length;

    (void)state;
    for (size_t i = 0; i < sizeof(ntp); i++)
        ntp[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < ARRAY_LEN(corrections); i++) {
        length = ptp_wrap(ntp, sizeof(ntp), 0, 1, out);
        set_correction(out, corrections[i]);
        assert_true(ptp_unwrap(out, length, 0, &m));
        assert_int_equal(m.length, sizeof(ntp));
        assert_memory_equal(m.ntp, ntp, sizeof(ntp));
        assert_true(fabs(m.correction_s - corrections[i]) < 1e-12);
    }
    /* The two bytes that a switch adds over IPv6 are no part of it. */
    length = ptp_wrap(ntp, 48, 0, 1, out);
    assert_true(ptp_unwrap(out, length + 2, 0, &m) && m.length == 48);
    assert_false(ptp_unwrap(out, length + 3, 0, &m));
}

static void what_is_no_ntp_over_ptp_is_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *what;
    } faults[] = {
        {0, 0x00, "Sync"},
        {0, 0x09, "Delay_Resp"},
        {1, 0x01, "version 1"},
        {2, 0xff, "longer than the datagram"},
        {3, 43, "shorter than its header"},
        {3, 46, "ends within a TLV"},
        {4, 0, "another domain"},
        {44, 0x20, "another TLV"},
        {46, 0x01, "TLV longer than the message"},
        {47, 5, "TLV too short for its organisation"},
        {50, 0x5f, "another organisation"},
        {53, 0x02, "another kind of message"},
    };
    uint8_t ntp[NTP_HEADER_BYTES] = {0x23}, out[PTP_PACKET_BYTES_MAX];
    struct ptp_message m;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        size_t length = ptp_wrap(ntp, sizeof(ntp), 123, 1, out);

        out[faults[i].at] = faults[i].value;
        if (ptp_unwrap(out, length, 123, &m))
            fail_msg("taken: %s", faults[i].what);
    }
    for (size_t length = 0; length < 102; length++) {
        (void)!ptp_wrap(ntp, sizeof(ntp), 123, 1, out);
        assert_false(ptp_unwrap(out, length, 123, &m));
    }
}

static void the_message_may_follow_another_tlv(void **state)
{
    uint8_t ntp[NTP_HEADER_BYTES] = {0x23}, out[PTP_PACKET_BYTES_MAX], more[256] = {0};
    size_t length = ptp_wrap(ntp, sizeof(ntp), 123, 1, out);
    struct ptp_message m;

    (void)state;
    memcpy(more, out, 44);
    more[44] = 0x80; /* one of somebody else, 8 bytes in all */
    more[47] = 4;
    memcpy(more + 52, out + 44, length - 44);
    more[3] = (uint8_t)(length + 8);
    assert_true(ptp_unwrap(more, length + 8, 123, &m));
    assert_int_equal(m.length, sizeof(ntp));
    assert_int_equal(m.ntp[0], 0x23);
}

static void correction_field_is_found_whatever_it_holds(void **state)
{
    static const double values[] = {0.0, 1e-6, 0.25, -0.25, 1e6};
    uint8_t data[NTP_PACKET_BYTES_MAX] = {0x23};
    struct ntp_packet p;
    double got;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct wire_out w = wire_out_of(data, sizeof(data));

        w.used = NTP_HEADER_BYTES;
        correction_put(&w, values[i]);
        assert_int_equal(w.used, NTP_HEADER_BYTES + CORRECTION_BYTES);
        assert_true(ntp_packet_decode(data, w.used, &p));
        assert_true(correction_find(&p, &got));
        assert_true(fabs(got - values[i]) < 1e-9);
    }
    assert_true(ntp_packet_decode(data, NTP_HEADER_BYTES, &p));
    assert_false(correction_find(&p, &got));
}

/* --- a client -------------------------------------------------------------------------------- */

/* Switches on the way: what they add, and what they say that they add. */
struct way {
    double request_s, answer_s;
    double claim_request_s, claim_answer_s;
    bool told; /* the server tells that of the request */
    int requests;
};

static bool over_ptp(void *ctx, const struct world_sent *s, uint8_t *data, size_t *length)
{
    struct way *way = ctx;
    uint8_t plain[256], wrapped[PTP_PACKET_BYTES_MAX];
    struct wire_out w = wire_out_of(plain, sizeof(plain));
    struct ptp_message m;

    assert_true(ptp_unwrap(s->data, s->length, 123, &m));
    way->requests++;
    memcpy(plain, data, NTP_HEADER_BYTES);
    memcpy(plain + 24, m.ntp + 40, 8);
    w.used = NTP_HEADER_BYTES;
    if (way->told)
        correction_put(&w, way->claim_request_s);
    *length = ptp_wrap(plain, w.used, 123, 9, wrapped);
    set_correction(wrapped, way->claim_answer_s);
    memcpy(data, wrapped, *length);
    return true;
}

/* The world's server reads the request as it is, so it is shown a plain one. */
static void answer_all(struct world *w)
{
    while (w->answered < w->sent_count) {
        struct world_sent s = w->sent[w->answered++ % WORLD_SENT], shown = s;
        struct ptp_message m;
        struct way *way = w->server.ctx;
        uint8_t data[256];
        size_t length = NTP_HEADER_BYTES;
        struct ntp_header h = {
            .version = 4, .mode = NTP_MODE_SERVER, .stratum = 1, .precision = -22, .poll = 6};

        assert_int_equal(s.remote.port, 319);
        assert_int_equal(s.params.local_port, 319);
        assert_true(ptp_unwrap(s.data, s.length, 123, &m));
        world_pass(w, ns_from_s(w->server.delay_s + way->request_s));
        h.receive = h.reference = ntp_time_from_utc(world_server_time(w));
        h.transmit = h.receive;
        h.transmit.bits++;
        world_pass(w, ns_from_s(w->server.delay_s + way->answer_s));
        ntp_header_encode(&h, data);
        assert_true(over_ptp(way, &shown, data, &length));
        world_deliver(w, s.sock, &s.remote, data, length);
    }
}

static struct world *client(struct way *way)
{
    struct ntp_settings settings = world_settings();
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w;

    settings.ptp_port = 319;
    settings.ptp_domain = 123;
    s.port = 319;
    s.ef_net_correction = true;
    w = world_create(&settings);
    w->server.ctx = way;
    w->server.delay_s = 1e-4;
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    ntp_start(w->ntp);
    return w;
}

static const struct sample *ask_once(struct world *w)
{
    struct mono next;

    do {
        next = timers_next(&w->timers);
        world_pass(w, next.ns - w->mono_ns > 0 ? next.ns - w->mono_ns : 0);
        timers_fire(&w->timers, next);
    } while (w->answered == w->sent_count);
    answer_all(w);
    return track_newest(source_track(sources_at(w->sources, 0)));
}

static void time_spent_in_switches_is_taken_out(void **state)
{
    struct way way = {5e-3, 1e-3, 5e-3, 1e-3, .told = true};
    struct world *w = client(&way);
    const struct sample *s = ask_once(w);

    (void)state;
    assert_int_equal(way.requests, 1);
    assert_true(fabs(s->offset_then_s) < 2e-7);
    assert_true(fabs(s->delay_s - 2e-4) < 1e-6);
    /* Nobody vouches for it: the bound on the error keeps all of the delay. */
    assert_true(s->root_delay_s > 6.1e-3);
    world_destroy(w);
}

static void corrections_of_one_way_alone_or_beyond_reason_are_left_out(void **state)
{
    static const struct way ways[] = {
        {5e-3, 1e-3, 5e-3, 1e-3, .told = false}, /* by a server that does not know the field */
        {5e-3, 1e-3, 5e-3, 0, .told = true},     /* one way alone, and the other */
        {5e-3, 1e-3, 0, 1e-3, .told = true},     {1e-3, 1e-3, 1.0, 1.0, .told = true},
        {5e-3, 1e-3, 5e-3, 1e5, .told = true},   {5e-3, 1e-3, -2e-3, -2e-3, .told = true},
        {5e-3, 1e-3, 7e-3, -1e-3, .told = true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct way way = ways[i];
        struct world *w = client(&way);
        const struct sample *s = ask_once(w);
        double off_s = (way.request_s - way.answer_s) / 2;

        assert_true(fabs(s->offset_then_s - off_s) < 2e-7);
        assert_true(fabs(s->delay_s - 2e-4 - way.request_s - way.answer_s) < 1e-6);
        assert_true(fabs(s->root_delay_s - s->delay_s) < 1e-6);
        world_destroy(w);
    }
}

/* --- a server -------------------------------------------------------------------------------- */

static void server_answers_over_ptp_and_tells_the_correction(void **state)
{
    struct ntp_settings settings = world_settings();
    struct access_rule all = {.allow = true};
    struct endpoint from = {addr_from_ipv4(0xc6336401), 319};
    struct ntp_header h = {.version = 4, .mode = NTP_MODE_CLIENT, .transmit = {0x1111111122222222}};
    uint8_t ntp[256], data[PTP_PACKET_BYTES_MAX];
    struct wire_out out = wire_out_of(ntp, sizeof(ntp));
    struct ptp_message m;
    struct ntp_packet p;
    struct world *w;
    struct err err;
    double told = -1;
    size_t length;
    int sock = 0;

    (void)state;
    settings.ptp_port = 319;
    settings.ptp_domain = 123;
    w = world_create(&settings);
    assert_true(access_apply(w->access, &all, &err));
    assert_true(ntp_open_server(w->ntp, &err));
    while (!w->open[sock] || w->params[sock].local_port != 319)
        sock++;
    ntp_header_encode(&h, ntp);
    out.used = NTP_HEADER_BYTES;
    correction_put(&out, 0.0);
    length = ptp_wrap(ntp, out.used, 123, 1, data);
    set_correction(data, 1.5e-4);
    world_deliver(w, sock, &from, data, length);
    assert_int_equal(w->sent_count, 1);
    assert_int_equal(w->sent[0].sock, sock);
    assert_int_equal(w->sent[0].length, length);
    assert_true(ptp_unwrap(w->sent[0].data, w->sent[0].length, 123, &m));
    assert_true(m.correction_s < 1e-12);
    assert_true(ntp_packet_decode(m.ntp, m.length, &p));
    assert_int_equal(p.header.mode, NTP_MODE_SERVER);
    assert_int_equal(p.header.origin.bits, h.transmit.bits);
    assert_true(correction_find(&p, &told));
    assert_true(fabs(told - 1.5e-4) < 1e-9);
    /* Another domain, and a request that is not in PTP, get nothing. */
    data[4] = 0;
    world_deliver(w, sock, &from, data, length);
    world_deliver(w, sock, &from, ntp, out.used);
    assert_int_equal(w->sent_count, 1);
    world_destroy(w);
}

static void ptp_sockets_are_open_for_a_client_alone(void **state)
{
    struct way way = {.told = true};
    struct world *w = client(&way);
    int open = 0;

    (void)state;
    for (int i = 0; i < WORLD_SOCKS; i++)
        open += w->open[i] && w->params[i].local_port == 319;
    assert_int_equal(open, 2);
    world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrapped_message_has_the_layout_of_an_event_message),
        cmocka_unit_test(unwrapping_gives_message_and_correction_back),
        cmocka_unit_test(what_is_no_ntp_over_ptp_is_refused),
        cmocka_unit_test(the_message_may_follow_another_tlv),
        cmocka_unit_test(correction_field_is_found_whatever_it_holds),
        cmocka_unit_test(time_spent_in_switches_is_taken_out),
        cmocka_unit_test(corrections_of_one_way_alone_or_beyond_reason_are_left_out),
        cmocka_unit_test(server_answers_over_ptp_and_tells_the_correction),
        cmocka_unit_test(ptp_sockets_are_open_for_a_client_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
