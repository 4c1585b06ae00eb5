#include "ntp_world.h"

#include "chronyd/ntp/association.h"

static struct world *start(const struct ntp_source_settings *s)
{
    struct ntp_settings settings = world_settings();
    struct world *w = world_create(&settings);

    assert_int_equal(ntp_add_source(w->ntp, s), NTP_ADDED);
    ntp_start(w->ntp);
    return w;
}

static struct source *only_source(const struct world *w)
{
    return sources_at(w->sources, 0);
}

static void first_request_leaves_after_200_ms_with_random_cookie(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w = start(&s);
    struct ntp_header h;

    (void)state;
    world_run(w, 0.19);
    assert_int_equal(w->sent_count, 0);
    world_run(w, 0.02);
    assert_int_equal(w->sent_count, 1);
    h = world_header(&w->sent[0]);
    assert_int_equal(w->sent[0].length, NTP_HEADER_BYTES);
    assert_int_equal(h.version, 4);
    assert_int_equal(h.mode, NTP_MODE_CLIENT);
    assert_int_equal(h.stratum, 0);
    assert_int_equal(h.poll, 6);
    assert_true(h.origin.bits == 0 && h.receive.bits == 0 && h.reference.bits == 0);
    /* Nothing of our clock: more than 68 years away or not, it is no time. */
    assert_true(h.transmit.bits != 0);
    assert_true((h.transmit.bits ^ ntp_time_from_utc((struct utc){w->utc_ns}).bits) >> 36 != 0);
    world_destroy(w);
}

static void good_answer_becomes_a_sample(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w = start(&s);
    const struct sample *sample;
    struct ntp_data_report r;

    (void)state;
    w->server.offset_s = 0.125;
    world_run(w, 1);
    assert_int_equal(track_count(source_track(only_source(w))), 1);
    sample = track_newest(source_track(only_source(w)));
    assert_float_equal(sample->offset_then_s, 0.125, 1e-6);
    assert_float_equal(sample->delay_s, 0.02, 1e-6);
    assert_float_equal(sample->root_delay_s, 0.021, 2e-5);
    assert_true(sample->dispersion_s > 0 && sample->dispersion_s < 1e-5);
    assert_int_equal(source_reach(only_source(w)), 1);
    r = world_data(w, 1);
    assert_int_equal(r.tests, 0x3ff);
    assert_int_equal(r.total_tx, 1);
    assert_int_equal(r.total_rx, 1);
    assert_int_equal(r.total_valid, 1);
    assert_int_equal(r.total_good, 1);
    assert_int_equal(r.total_kernel_rx, 1);
    assert_int_equal(r.stratum, 2);
    assert_int_equal(r.mode, NTP_MODE_SERVER);
    assert_float_equal(r.offset_s, 0.125, 1e-6);
    assert_int_equal(r.tx_stamp, 'D');
    assert_int_equal(r.rx_stamp, 'K');
    assert_int_equal(r.remote_port, 123);
    world_destroy(w);
}

static void socket_is_closed_after_the_answer_and_after_silence(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w = start(&s);

    (void)state;
    world_run(w, 1);
    assert_false(w->open[w->sent[0].sock]);
    w->server.silent = true;
    world_run(w, 66);
    assert_int_equal(w->sent_count, 2);
    assert_true(w->open[w->sent[1].sock]);
    world_run(w, 7);
    assert_false(w->open[w->sent[1].sock]);
    world_destroy(w);
}

static void iburst_stops_after_4_good_answers(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w;

    (void)state;
    s.iburst = true;
    w = start(&s);
    world_run(w, 60);
    assert_int_equal(w->sent_count, 4);
    assert_in_range(s_from_ns(w->sent[1].at.ns - w->sent[0].at.ns) * 1000, 2000, 2080);
    world_run(w, 20);
    assert_int_equal(w->sent_count, 5);
    world_destroy(w);
}

static void iburst_is_hopeless_after_6_requests_and_ends_after_8(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w;

    (void)state;
    s.iburst = true;
    w = start(&s);
    w->server.silent = true;
    world_run(w, 9.5);
    assert_int_equal(w->sent_count, 5);
    assert_false(ntp_all_given_up(w->ntp));
    world_run(w, 1.5);
    assert_int_equal(w->sent_count, 6);
    assert_true(ntp_all_given_up(w->ntp));
    world_run(w, 49);
    assert_int_equal(w->sent_count, 8);
    world_run(w, 150);
    assert_in_range(w->sent_count, 9, 11);
    assert_int_equal(source_reach(only_source(w)), 0);
    world_destroy(w);
}

static void requests_of_many_sources_keep_their_distance(void **state)
{
    struct ntp_settings settings = world_settings();
    struct world *w = world_create(&settings);

    (void)state;
    w->server.silent = true;
    for (int i = 1; i <= 20; i++) {
        char name[32];
        struct ntp_source_settings s;

        s = world_source(text_format(name, sizeof(name), "192.0.2.%d", i));
        assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    }
    ntp_start(w->ntp);
    world_run(w, 300);
    assert_true(w->sent_count >= 40);
    for (size_t i = 1; i < w->sent_count; i++) {
        double gap_s = s_from_ns(w->sent[i].at.ns - w->sent[i - 1].at.ns);

        assert_true(gap_s >= 0.002 - 1e-9);
    }
    assert_float_equal(world_at_s(&w->sent[0]), 0.2, 1e-9);
    assert_float_equal(world_at_s(&w->sent[1]), 0.4, 1e-9);
    world_destroy(w);
}

static void interval_is_lengthened_by_up_to_2_percent(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w;

    (void)state;
    s.minpoll = s.maxpoll = 4;
    w = start(&s);
    world_run(w, 2000);
    for (size_t i = 1; i < w->sent_count; i++) {
        double gap_s = s_from_ns(w->sent[i].at.ns - w->sent[i - 1].at.ns);

        assert_true(gap_s >= 16.0 && gap_s <= 16.4);
    }
    world_destroy(w);
}

/* --- what is not believed --------------------------------------------------------------------- */

enum forgery {
    FORGE_ORIGIN,
    FORGE_ORIGIN_ZERO,
    FORGE_RECEIVE_ZERO,
    FORGE_TRANSMIT_ZERO,
    FORGE_MODE,
    FORGE_VERSION,
    FORGE_SHORT,
    FORGE_MAC,
    FORGE_NAK,
};

static bool forge(void *ctx, const struct world_sent *request, uint8_t *data, size_t *length)
{
    (void)request;
    switch (*(enum forgery *)ctx) {
    case FORGE_ORIGIN:
        data[31] ^= 1;
        break;
    case FORGE_ORIGIN_ZERO:
        memset(data + 24, 0, 8);
        break;
    case FORGE_RECEIVE_ZERO:
        memset(data + 32, 0, 8);
        break;
    case FORGE_TRANSMIT_ZERO:
        memset(data + 40, 0, 8);
        break;
    case FORGE_MODE:
        data[0] = (uint8_t)((data[0] & ~7) | NTP_MODE_BROADCAST);
        break;
    case FORGE_VERSION:
        data[0] = (uint8_t)((data[0] & ~0x38) | 5 << 3);
        break;
    case FORGE_SHORT:
        *length = 44;
        break;
    case FORGE_MAC:
        memset(data + 48, 1, 20);
        *length = 68;
        break;
    case FORGE_NAK:
        memset(data + 48, 0, 4);
        *length = 52;
        break;
    }
    return true;
}

static void forged_answers_are_not_believed_and_the_true_one_still_is(void **state)
{
    (void)state;
    for (enum forgery f = FORGE_ORIGIN; f <= FORGE_NAK; f++) {
        struct ntp_source_settings s = world_source("192.0.2.1");
        struct world *w = start(&s);
        struct ntp_data_report r;

        w->server.touch = forge;
        w->server.ctx = &f;
        world_run(w, 1);
        r = world_data(w, 1);
        assert_int_equal(r.total_tx, 1);
        assert_int_equal(r.total_valid, 0);
        assert_int_equal(track_count(source_track(only_source(w))), 0);
        assert_int_equal(source_reach(only_source(w)), 0);
        /* The socket still waits. */
        w->server.touch = NULL;
        assert_true(w->open[w->sent[0].sock]);
        world_answer(w, &w->sent[0]);
        assert_int_equal(world_data(w, 1).total_good, 1);
        world_destroy(w);
    }
}

static void replayed_answer_is_refused(void **state)
{
    struct ntp_settings settings = world_settings();
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w;
    struct world_sent first;

    (void)state;
    settings.acquisition_port = 0; /* the socket stays open */
    w = world_create(&settings);
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    ntp_start(w->ntp);
    world_run(w, 1);
    assert_int_equal(world_data(w, 1).total_good, 1);
    first = w->sent[0];
    world_answer(w, &first);
    world_answer(w, &first);
    assert_int_equal(world_data(w, 1).total_good, 1);
    assert_int_equal(world_data(w, 1).total_valid, 1);
    /* and after the next request as well */
    w->server.silent = true;
    world_run(w, 70);
    w->server.silent = false;
    assert_int_equal(w->sent_count, 2);
    world_answer(w, &first);
    assert_int_equal(world_data(w, 1).total_valid, 1);
    assert_int_equal(world_data(w, 1).total_rx, 4);
    world_destroy(w);
}

static void origin_zero_is_never_an_answer(void **state)
{
    struct ntp_settings settings = world_settings();
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct endpoint from = {addr_from_ipv4(0xc0000201), 123};
    struct ntp_header h = {
        .version = 4, .mode = NTP_MODE_SERVER, .stratum = 1, .receive = {1}, .transmit = {2}};
    uint8_t data[NTP_HEADER_BYTES];
    struct world *w;

    (void)state;
    settings.acquisition_port = 0;
    w = world_create(&settings);
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    ntp_start(w->ntp);
    world_run(w, 1);
    ntp_header_encode(&h, data);
    world_deliver(w, w->sent[0].sock, &from, data, sizeof(data));
    assert_int_equal(world_data(w, 1).total_valid, 1);
    world_destroy(w);
}

static void answer_from_another_port_is_not_taken(void **state)
{
    struct ntp_settings settings = world_settings();
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct endpoint from = {addr_from_ipv4(0xc0000201), 124};
    uint8_t data[NTP_HEADER_BYTES] = {0x24};
    struct world *w;

    (void)state;
    settings.acquisition_port = 0;
    w = world_create(&settings);
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    ntp_start(w->ntp);
    world_run(w, 1);
    world_deliver(w, w->sent[0].sock, &from, data, sizeof(data));
    assert_int_equal(world_data(w, 1).total_rx, 1);
    world_destroy(w);
}

/* --- tests 6, 7, A..D ------------------------------------------------------------------------- */

static void unsynchronised_server_clears_a_bit_of_reach(void **state)
{
    static const struct {
        uint8_t leap, stratum;
        double dispersion_s;
        uint16_t failed;
    } cases[] = {{3, 2, 0, 0x20}, {0, 0, 0, 0x20}, {0, 16, 0, 0x20}, {0, 2, 16.1, 0x10}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ntp_source_settings s = world_source("192.0.2.1");
        struct world *w = start(&s);

        world_run(w, 1);
        assert_int_equal(source_reach(only_source(w)), 1);
        w->server.leap = cases[i].leap;
        w->server.stratum = cases[i].stratum;
        w->server.root_dispersion_s = cases[i].dispersion_s;
        world_run(w, 66);
        assert_int_equal(source_reach(only_source(w)), 2);
        /* No time to be measured: A to D are not even tried. */
        assert_int_equal(world_data(w, 1).tests, 0x3f0 & ~cases[i].failed);
        assert_int_equal(world_data(w, 1).total_valid, 2);
        assert_int_equal(world_data(w, 1).total_good, 1);
        world_destroy(w);
    }
}

static void long_delay_and_slow_server_fail_test_a(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w;

    (void)state;
    s.max_delay_s = 0.1;
    s.minpoll = s.maxpoll = 3;
    w = start(&s);
    w->server.delay_s = 0.06;
    world_run(w, 1);
    assert_int_equal(world_data(w, 1).tests & 0x3f, 0x37);
    /* Reachable all the same. */
    assert_int_equal(source_reach(only_source(w)), 1);
    w->server.delay_s = 0.01;
    w->server.hold_s = 4.01;
    world_run(w, 9);
    assert_int_equal(world_data(w, 1).total_valid, 2);
    assert_int_equal(world_data(w, 1).total_good, 0);
    world_destroy(w);
}

static void delay_ratio_fails_test_b(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w;

    (void)state;
    s.max_delay_ratio = 2.0;
    s.minpoll = s.maxpoll = 3;
    w = start(&s);
    world_run(w, 1);
    w->server.delay_s = 0.03;
    world_run(w, 8.4);
    assert_int_equal(world_data(w, 1).total_valid, 2);
    assert_false(world_data(w, 1).tests & 0x4);
    w->server.delay_s = 0.011;
    world_run(w, 8.4);
    assert_int_equal(world_data(w, 1).tests, 0x3ff);
    world_destroy(w);
}

static void outlier_in_delay_fails_test_c_unless_the_offset_moved_more(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w;

    (void)state;
    s.minpoll = s.maxpoll = 3;
    w = start(&s);
    world_run(w, 150);
    w->server.delay_s = 0.1;
    world_run(w, 8.4);
    assert_false(world_data(w, 1).tests & 0x2);
    w->server.offset_s = 1.0;
    world_run(w, 8.4);
    assert_true(world_data(w, 1).tests & 0x2);
    world_destroy(w);
}

static void delay_above_the_quantile_fails_test_c(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w;
    struct ntp_data_report r;

    (void)state;
    s.minpoll = s.maxpoll = 0;
    s.max_delay_quant = 0.5;
    w = start(&s);
    for (int i = 0; i < 300; i++) {
        w->server.delay_s = 0.001 * (1 + (i * 7) % 10);
        world_run(w, 1.0);
    }
    r = world_data(w, 1);
    assert_in_range(r.total_good * 100 / r.total_valid, 40, 70);
    world_destroy(w);
}

static void loop_to_ourselves_fails_test_d_while_we_serve(void **state)
{
    struct ntp_settings settings = world_settings();
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct access_rule all = {.allow = true};
    struct world *w = world_create(&settings);
    struct err err;

    (void)state;
    s.minpoll = s.maxpoll = 3;
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    ntp_start(w->ntp);
    w->server.refid = 0xc0a80001; /* our address */
    world_run(w, 10);
    assert_int_equal(world_data(w, 1).tests, 0x3ff);
    assert_true(access_apply(w->access, &all, &err));
    assert_true(ntp_open_server(w->ntp, &err));
    world_run(w, 8.4);
    assert_int_equal(world_data(w, 1).tests, 0x3fe);
    world_destroy(w);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void key_makes_a_mac_and_only_its_mac_is_believed(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w;

    (void)state;
    s.key_id = 1;
    s.minpoll = s.maxpoll = 3;
    w = start(&s);
    world_run(w, 1);
    assert_int_equal(w->sent[0].length, NTP_HEADER_BYTES + 20);
    assert_int_equal(world_data(w, 1).total_rx, 1);
    assert_int_equal(world_data(w, 1).total_valid, 0);
    w->server.key = keystore_find(w->keys, 2);
    world_run(w, 8.4);
    assert_int_equal(world_data(w, 1).total_valid, 0);
    w->server.key = keystore_find(w->keys, 1);
    world_run(w, 8.4);
    assert_int_equal(world_data(w, 1).total_good, 1);
    assert_true(world_data(w, 1).authenticated);
    world_destroy(w);
}

static void version_follows_the_length_of_the_mac(void **state)
{
    static const struct {
        uint32_t key;
        int version;
        bool xleave;
        uint8_t expected;
        size_t length;
    } cases[] = {
        {0, 0, false, 4, 48}, {1, 0, false, 4, 68}, {2, 0, false, 3, 84}, {2, 0, true, 4, 72},
        {2, 4, false, 4, 72}, {0, 2, false, 2, 48}, {1, 1, false, 1, 68},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ntp_source_settings s = world_source("192.0.2.1");
        struct world *w;

        s.key_id = cases[i].key;
        s.version = cases[i].version;
        s.xleave = cases[i].xleave;
        w = start(&s);
        w->server.key = keystore_find(w->keys, cases[i].key);
        world_run(w, 1);
        assert_int_equal(world_header(&w->sent[0]).version, cases[i].expected);
        assert_int_equal(w->sent[0].length, cases[i].length);
        assert_int_equal(world_data(w, 1).total_good, 1);
        world_destroy(w);
    }
}

static void missing_key_is_warned_about_and_nothing_is_sent(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct addr a = addr_from_ipv4(0xc0000201);
    struct reason why;
    struct world *w;

    (void)state;
    s.key_id = 99;
    w = start(&s);
    assert_true(world_logged(w, "Key 99 is missing"));
    world_run(w, 200);
    assert_int_equal(w->sent_count, 0);
    ntp_source_reason(w->ntp, &a, &why);
    assert_int_equal(why.code, REASON_KEY_MISSING);
    world_destroy(w);
    s.key_id = 3;
    w = start(&s);
    assert_true(world_logged(w, "Key 3 is too short"));
    world_destroy(w);
}

/* --- kiss of death, presend, filter, offset --------------------------------------------------- */

static void kiss_of_death_puts_the_next_request_off(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w;

    (void)state;
    s.minpoll = s.maxpoll = 4;
    s.iburst = true;
    w = start(&s);
    w->server.leap = 3;
    w->server.stratum = 0;
    w->server.refid = 0x52415445;
    world_run(w, 79);
    assert_true(world_logged(w, "Received KoD RATE from 192.0.2.1"));
    assert_int_equal(w->sent_count, 1);
    world_run(w, 4);
    assert_int_equal(w->sent_count, 2);
    world_destroy(w);
}

static void presend_answer_is_not_used_for_time(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w;

    (void)state;
    s.presend_minpoll = 6;
    w = start(&s);
    world_run(w, 1);
    assert_int_equal(w->sent_count, 1);
    assert_int_equal(world_data(w, 1).total_valid, 1);
    assert_int_equal(world_data(w, 1).total_good, 0);
    world_run(w, 2);
    assert_int_equal(w->sent_count, 2);
    assert_int_equal(world_data(w, 1).total_good, 1);
    assert_float_equal((float)s_from_ns(w->sent[1].at.ns - w->sent[0].at.ns), 2.0, 0.001);
    world_run(w, 60);
    assert_int_equal(w->sent_count, 2);
    world_destroy(w);
}

static void filter_makes_one_sample_of_several_polls(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w;

    (void)state;
    s.filter_length = 5;
    s.minpoll = s.maxpoll = 1;
    w = start(&s);
    world_run(w, 9.5);
    assert_int_equal(world_data(w, 1).total_good, 5);
    assert_int_equal(track_count(source_track(only_source(w))), 1);
    world_destroy(w);
}

static void offset_option_moves_the_samples(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct addr a = addr_from_ipv4(0xc0000201);
    struct world *w;

    (void)state;
    s.offset_s = 0.5;
    s.minpoll = s.maxpoll = 3;
    w = start(&s);
    world_run(w, 1);
    assert_float_equal(world_data(w, 1).offset_s, 0.5, 1e-6);
    assert_true(ntp_modify(w->ntp, &a, NTP_MODIFY_OFFSET, -0.25));
    world_run(w, 8.4);
    assert_float_equal(world_data(w, 1).offset_s, -0.25, 1e-5);
    world_destroy(w);
}

static void steps_between_request_and_answer_do_not_matter(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w = start(&s);
    struct err err;

    (void)state;
    w->server.silent = true;
    world_run(w, 0.21);
    assert_int_equal(w->sent_count, 1);
    clock_steer(w->clock,
                &(struct clock_order){.at = clock_osc_now(w->clock),
                                      .truth = utc_add_s(clock_now(w->clock), 7.0),
                                      .step = true},
                &err);
    w->server.silent = false;
    world_answer(w, &w->sent[0]);
    assert_float_equal(world_data(w, 1).peer_delay_s, 0.03, 0.011);
    assert_float_equal(world_data(w, 1).offset_s, -7.0, 0.02);
    world_destroy(w);
}

/* --- interleaved mode ------------------------------------------------------------------------- */

struct interleaving_server {
    struct ntp_time receive, transmit; /* of the previous exchange */
    double correction_s;               /* the true transmit time is later than the one told */
    int interleaved;
    bool stop;
};

static bool interleave(void *ctx, const struct world_sent *request, uint8_t *data, size_t *length)
{
    struct interleaving_server *v = ctx;
    struct ntp_header in = world_header(request);
    struct ntp_packet p;
    struct ntp_header h;
    struct ntp_time told;

    assert_true(ntp_packet_decode(data, *length, &p));
    h = p.header;
    told = h.transmit;
    if (in.origin.bits != 0 && in.origin.bits == v->receive.bits && !v->stop) {
        h.origin = in.receive;
        h.transmit.bits = v->transmit.bits + (uint64_t)(v->correction_s * 4294967296.0);
        v->interleaved++;
    }
    v->receive = h.receive;
    v->transmit = told;
    ntp_header_encode(&h, data);
    return true;
}

static void xleave_uses_the_times_of_the_previous_exchange(void **state)
{
    struct interleaving_server v = {.correction_s = 0.002};
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w;
    struct ntp_data_report r;

    (void)state;
    s.xleave = true;
    s.minpoll = s.maxpoll = 3;
    w = start(&s);
    w->server.touch = interleave;
    w->server.ctx = &v;
    world_run(w, 1);
    assert_false(world_data(w, 1).interleaved);
    world_run(w, 16.5);
    r = world_data(w, 1);
    assert_true(r.interleaved);
    assert_int_equal(v.interleaved, 2);
    assert_int_equal(r.tests, 0x3ff);
    assert_float_equal(r.peer_delay_s, 0.018, 1e-5);
    assert_float_equal(r.response_time_s, 0.00201, 1e-5);
    /* The origin of an interleaved request is what the server told as its receive time. */
    assert_true(world_header(&w->sent[2]).origin.bits != 0);
    assert_true(world_header(&w->sent[2]).receive.bits != world_header(&w->sent[2]).transmit.bits);
    world_destroy(w);
}

/* A source in interleaved mode, whose server does as `v` says. */
static struct world *start_interleaved(struct interleaving_server *v)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w;

    s.xleave = true;
    s.minpoll = s.maxpoll = 3;
    w = start(&s);
    w->server.touch = interleave;
    w->server.ctx = v;
    return w;
}

/* A server that finds its time tells so before the times of the answer that was still wrong. */
static void xleave_takes_nothing_from_before_the_server_knew_the_time(void **state)
{
    struct interleaving_server v = {.correction_s = 0.0};
    struct world *w = start_interleaved(&v);

    (void)state;
    w->server.leap = LEAP_UNSYNCHRONISED;
    w->server.offset_s = 0.015;
    world_run(w, 12);
    w->server.leap = LEAP_NORMAL;
    w->server.offset_s = 0.0;
    world_run(w, 8);
    assert_true(v.interleaved > 0);
    assert_true(world_data(w, 1).interleaved);
    assert_int_equal(world_data(w, 1).tests & 0x380, 0x380 & ~0x40);
    world_destroy(w);
}

static void xleave_falls_back_to_basic_answers(void **state)
{
    struct interleaving_server v = {0};
    struct world *w = start_interleaved(&v);

    (void)state;
    world_run(w, 30);
    v.stop = true;
    world_run(w, 30);
    assert_false(world_data(w, 1).interleaved);
    assert_int_equal(world_data(w, 1).tests, 0x3ff);
    /* After 4 lost answers the next request is a basic one. */
    w->server.silent = true;
    world_run(w, 60);
    assert_true(world_header(&w->sent[w->sent_count - 1]).origin.bits == 0);
    world_destroy(w);
}

/* --- states ----------------------------------------------------------------------------------- */

static void offline_source_is_silent_and_online_bursts(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct addr none = {0}, a = addr_from_ipv4(0xc0000201);
    struct ntp_activity act;
    struct reason why;
    struct world *w;

    (void)state;
    s.offline = s.iburst = true;
    w = start(&s);
    world_run(w, 1000);
    assert_int_equal(w->sent_count, 0);
    ntp_activity(w->ntp, &act);
    assert_int_equal(act.offline, 1);
    ntp_source_reason(w->ntp, &a, &why);
    assert_int_equal(why.code, REASON_OFFLINE);
    assert_true(ntp_set_online(w->ntp, &none, &none, true));
    assert_true(world_logged(w, "Source 192.0.2.1 online"));
    ntp_activity(w->ntp, &act);
    assert_int_equal(act.burst_online, 1);
    world_run(w, 10);
    assert_int_equal(w->sent_count, 4);
    assert_true(ntp_set_online(w->ntp, &none, &none, false));
    assert_true(world_logged(w, "Source 192.0.2.1 offline"));
    world_run(w, 1000);
    assert_int_equal(w->sent_count, 4);
    world_destroy(w);
}

static void burst_of_an_offline_source_returns_to_offline(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct addr none = {0};
    struct ntp_activity act;
    struct world *w;

    (void)state;
    s.offline = true;
    w = start(&s);
    world_run(w, 1);
    assert_true(ntp_burst(w->ntp, &none, &none, 2, 10));
    ntp_activity(w->ntp, &act);
    assert_int_equal(act.burst_offline, 1);
    world_run(w, 100);
    assert_int_equal(w->sent_count, 2);
    ntp_activity(w->ntp, &act);
    assert_int_equal(act.offline, 1);
    world_destroy(w);
}

static void measuring_again_leaves_offline_sources_alone(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1"), off = world_source("192.0.2.2");
    struct world *w;

    (void)state;
    off.offline = true;
    w = start(&s);
    assert_int_equal(ntp_add_source(w->ntp, &off), NTP_ADDED);
    world_run(w, 10);
    assert_int_equal(w->sent_count, 1);
    ntp_measure_again(w->ntp);
    world_run(w, 30);
    assert_int_equal(w->sent_count, 5);
    assert_int_equal(world_data(w, 2).total_tx, 0);
    world_destroy(w);
}

static void auto_offline_gives_in_when_sending_fails(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct addr none = {0};
    struct world *w;

    (void)state;
    s.auto_offline = true;
    w = start(&s);
    w->send_fails = true;
    world_run(w, 100);
    assert_true(world_logged(w, "Source 192.0.2.1 offline"));
    w->send_fails = false;
    world_run(w, 1000);
    assert_int_equal(w->sent_count, 0);
    w->no_route = true;
    ntp_onoffline(w->ntp);
    world_run(w, 1000);
    assert_int_equal(w->sent_count, 0);
    w->no_route = false;
    ntp_onoffline(w->ntp);
    world_run(w, 1);
    assert_int_equal(w->sent_count, 1);
    assert_false(ntp_burst(w->ntp, &none, &(struct addr){.family = ADDR_IPV6}, 1, 1));
    world_destroy(w);
}

static void network_change_asks_the_silent_again_but_not_too_often(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct event change = {.type = EVENT_NETWORK};
    struct world *w;
    size_t before;

    (void)state;
    w = start(&s);
    /* Whoever answers is left alone. */
    world_run(w, 10);
    ntp_handle(w->ntp, &change);
    world_run(w, 10);
    assert_int_equal(w->sent_count, 1);
    w->no_route = true;
    world_run(w, 1000);
    w->no_route = false;
    before = w->sent_count;
    ntp_handle(w->ntp, &change);
    world_run(w, 2);
    assert_int_equal(w->sent_count, before + 1);
    w->server.silent = true;
    world_run(w, 1000);
    before = w->sent_count;
    for (int i = 0; i < 100; i++) {
        ntp_handle(w->ntp, &change);
        world_run(w, 1);
    }
    assert_in_range(w->sent_count - before, 5, 8);
    world_destroy(w);
}

static void socket_limit_closes_the_one_that_waited_longest(void **state)
{
    struct ntp_settings settings = world_settings();
    struct world *w = world_create(&settings);
    int open = 0;

    (void)state;
    w->server.silent = true;
    w->open_limit = 5;
    for (int i = 1; i <= 10; i++) {
        char name[32];
        struct ntp_source_settings s;

        s = world_source(text_format(name, sizeof(name), "192.0.2.%d", i));
        assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    }
    ntp_start(w->ntp);
    world_run(w, 2.3);
    assert_int_equal(w->sent_count, 10);
    for (int i = 0; i < WORLD_SOCKS; i++)
        open += w->open[i];
    assert_int_equal(open, 5);
    world_answer(w, &w->sent[9]);
    world_destroy(w);
}

static void raw_measurement_line_has_its_columns(void **state)
{
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w = start(&s);
    const char *line;

    (void)state;
    w->server.offset_s = -1.234e-4;
    world_run(w, 1);
    assert_non_null(w->appended);
    line = strstr(w->appended, "2023-11-14 22:13:20");
    assert_non_null(line);
    assert_memory_equal(line, "2023-11-14 22:13:20 192.0.2.1       N  2 111 111 1111   6  6 0.00 ",
                        66);
    assert_memory_equal(line + 66, "-1.234e-04  2.000e-02", 21);
    assert_memory_equal(line + 121, "C6336401 4B D K\n", 16);
    world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_request_leaves_after_200_ms_with_random_cookie),
        cmocka_unit_test(good_answer_becomes_a_sample),
        cmocka_unit_test(socket_is_closed_after_the_answer_and_after_silence),
        cmocka_unit_test(iburst_stops_after_4_good_answers),
        cmocka_unit_test(iburst_is_hopeless_after_6_requests_and_ends_after_8),
        cmocka_unit_test(requests_of_many_sources_keep_their_distance),
        cmocka_unit_test(interval_is_lengthened_by_up_to_2_percent),
        cmocka_unit_test(forged_answers_are_not_believed_and_the_true_one_still_is),
        cmocka_unit_test(replayed_answer_is_refused),
        cmocka_unit_test(origin_zero_is_never_an_answer),
        cmocka_unit_test(answer_from_another_port_is_not_taken),
        cmocka_unit_test(unsynchronised_server_clears_a_bit_of_reach),
        cmocka_unit_test(long_delay_and_slow_server_fail_test_a),
        cmocka_unit_test(delay_ratio_fails_test_b),
        cmocka_unit_test(outlier_in_delay_fails_test_c_unless_the_offset_moved_more),
        cmocka_unit_test(delay_above_the_quantile_fails_test_c),
        cmocka_unit_test(loop_to_ourselves_fails_test_d_while_we_serve),
        cmocka_unit_test(key_makes_a_mac_and_only_its_mac_is_believed),
        cmocka_unit_test(version_follows_the_length_of_the_mac),
        cmocka_unit_test(missing_key_is_warned_about_and_nothing_is_sent),
        cmocka_unit_test(kiss_of_death_puts_the_next_request_off),
        cmocka_unit_test(presend_answer_is_not_used_for_time),
        cmocka_unit_test(filter_makes_one_sample_of_several_polls),
        cmocka_unit_test(offset_option_moves_the_samples),
        cmocka_unit_test(steps_between_request_and_answer_do_not_matter),
        cmocka_unit_test(xleave_uses_the_times_of_the_previous_exchange),
        cmocka_unit_test(xleave_takes_nothing_from_before_the_server_knew_the_time),
        cmocka_unit_test(xleave_falls_back_to_basic_answers),
        cmocka_unit_test(offline_source_is_silent_and_online_bursts),
        cmocka_unit_test(burst_of_an_offline_source_returns_to_offline),
        cmocka_unit_test(measuring_again_leaves_offline_sources_alone),
        cmocka_unit_test(auto_offline_gives_in_when_sending_fails),
        cmocka_unit_test(network_change_asks_the_silent_again_but_not_too_often),
        cmocka_unit_test(socket_limit_closes_the_one_that_waited_longest),
        cmocka_unit_test(raw_measurement_line_has_its_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
