#include "ntp_world.h"

#include "chronyd/ntp/fields.h"

static struct world *serving(void (*tweak)(struct ntp_settings *))
{
    struct ntp_settings settings = world_settings();
    struct access_rule all = {.allow = true};
    struct world *w;
    struct err err;

    if (tweak)
        tweak(&settings);
    w = world_create(&settings);
    assert_true(access_apply(w->access, &all, &err));
    assert_true(ntp_open_server(w->ntp, &err));
    ntp_start(w->ntp);
    return w;
}

static int open_sockets(const struct world *w)
{
    int n = 0;

    for (int i = 0; i < WORLD_SOCKS; i++)
        n += w->open[i];
    return n;
}

/* The server's socket of the family, -1 = none. */
static int server_sock(const struct world *w, enum addr_family family)
{
    for (int i = 0; i < WORLD_SOCKS; i++) {
        if (w->open[i] && w->params[i].use == OS_UDP_NTP_SERVER && w->params[i].family == family)
            return i;
    }
    return -1;
}

/* A request from a client; true if it was answered, and the answer is *reply. */
static bool ask(struct world *w, uint8_t from, const struct ntp_header *request,
                struct ntp_header *reply)
{
    struct endpoint client = {addr_from_ipv4(0xc6336400U + from), 40000};
    size_t before = w->sent_count;
    uint8_t data[NTP_HEADER_BYTES];

    ntp_header_encode(request, data);
    world_deliver(w, server_sock(w, ADDR_IPV4), &client, data, sizeof(data));
    w->answered = w->sent_count;
    if (w->sent_count == before)
        return false;
    assert_true(endpoint_equal(&w->sent[before % WORLD_SENT].remote, &client));
    *reply = world_header(&w->sent[before % WORLD_SENT]);
    return true;
}

static const struct ntp_header basic = {
    .version = 4, .mode = NTP_MODE_CLIENT, .poll = 6, .transmit = {0x1111111122222222}};

static void port_is_closed_until_somebody_may_ask(void **state)
{
    struct ntp_settings settings = world_settings();
    struct world *w = world_create(&settings);
    struct access_rule net = {.net = addr_from_ipv4(0xc6336400), .bits = 24, .allow = true};
    struct access_rule none = {.all = true};
    struct err err;

    (void)state;
    assert_true(ntp_open_server(w->ntp, &err));
    assert_int_equal(open_sockets(w), 0);
    assert_true(access_apply(w->access, &net, &err));
    assert_true(ntp_open_server(w->ntp, &err));
    assert_int_equal(open_sockets(w), 1);
    assert_true(server_sock(w, ADDR_IPV4) >= 0);
    assert_true(access_apply(w->access, &none, &err));
    assert_true(ntp_open_server(w->ntp, &err));
    assert_int_equal(open_sockets(w), 0);
    world_destroy(w);
}

static void port_zero(struct ntp_settings *s)
{
    s->port = 0;
}

static void port_0_is_never_opened(void **state)
{
    struct world *w = serving(port_zero);

    (void)state;
    assert_int_equal(open_sockets(w), 0);
    world_destroy(w);
}

static void port_that_is_taken_is_logged_once_and_survived(void **state)
{
    struct ntp_settings settings = world_settings();
    struct access_rule all = {.allow = true};
    struct world *w = world_create(&settings);
    const char *line;
    struct err err;

    (void)state;
    assert_true(access_apply(w->access, &all, &err));
    w->open_limit = 0;
    assert_true(ntp_open_server(w->ntp, &err));
    assert_true(ntp_open_server(w->ntp, &err));
    line = strstr(w->text, "Could not open NTP socket on 0.0.0.0:123");
    assert_non_null(line);
    assert_null(strstr(line + 1, "Could not open NTP socket on 0.0.0.0:123"));
    assert_true(world_logged(w, "Could not open NTP socket on [::]:123"));
    world_destroy(w);
}

static void acquisition_port_of_the_server_is_needed(void **state)
{
    struct ntp_settings settings = world_settings();
    struct world *w;
    struct err err;

    (void)state;
    settings.acquisition_port = 123;
    w = world_create(&settings);
    w->open_limit = 0;
    assert_false(ntp_open_server(w->ntp, &err));
    assert_string_equal(err.text, "Could not open NTP sockets");
    world_destroy(w);
}

static void unsynchronised_server_answers_so(void **state)
{
    struct world *w = serving(NULL);
    struct ntp_header reply;
    struct server_stats stats;

    (void)state;
    assert_true(ask(w, 1, &basic, &reply));
    assert_int_equal(reply.leap, 3);
    assert_int_equal(reply.stratum, 0);
    assert_true(reply.origin.bits == basic.transmit.bits);
    clientlog_stats(ntp_clientlog(w->ntp), &stats);
    assert_int_equal(stats.hits[CLIENT_NTP], 1);
    assert_int_equal(stats.ntp_timestamps, 1);
    world_destroy(w);
}

static void answers_and_strangers_get_nothing(void **state)
{
    struct world *w = serving(NULL);
    struct access_rule one = {.net = addr_from_ipv4(0xc6336407), .bits = 32};
    struct ntp_header h = basic, reply;
    struct server_stats stats;
    struct err err;

    (void)state;
    h.mode = NTP_MODE_SERVER;
    assert_false(ask(w, 1, &h, &reply));
    assert_true(access_apply(w->access, &one, &err));
    assert_false(ask(w, 7, &basic, &reply));
    clientlog_stats(ntp_clientlog(w->ntp), &stats);
    assert_int_equal(stats.hits[CLIENT_NTP], 0);
    world_destroy(w);
}

static void local_reference_is_served(void **state)
{
    struct world *w = serving(NULL);
    struct local_settings local = {.enabled = true, .stratum = 7, .distance_s = 1.0};
    struct ntp_header reply;

    (void)state;
    reference_set_local(w->reference, &local);
    world_run(w, 2);
    assert_true(ask(w, 1, &basic, &reply));
    assert_int_equal(reply.leap, 0);
    assert_int_equal(reply.stratum, 7);
    assert_int_equal(reply.refid, 0x7f7f0101);
    assert_true(llabs(utc_from_ntp_time(reply.transmit, (struct utc){w->utc_ns}).ns - w->utc_ns) <
                1000);
    world_destroy(w);
}

static void interleaved_answer_has_the_time_that_the_kernel_saw(void **state)
{
    struct world *w = serving(NULL);
    struct ntp_header first, h = basic, reply;
    struct event ev = {.type = EVENT_SEND_STAMP};
    struct ntp_time kernel;
    struct server_stats stats;

    (void)state;
    /* The first answer is basic, the second shows that the client remembers. */
    assert_true(ask(w, 1, &basic, &first));
    h.origin = first.receive;
    h.receive.bits = 5;
    assert_true(ask(w, 1, &h, &first));
    world_pass(w, 20000);
    ev.send_stamp.sock = w->sent[1].sock;
    ev.send_stamp.tx_id = w->sent[1].tx_id;
    ev.send_stamp.stamp = (struct utc){w->utc_ns};
    ev.send_stamp.stamp_by = STAMP_KERNEL;
    kernel = ntp_time_from_utc(ev.send_stamp.stamp);
    assert_true(ntp_handle(w->ntp, &ev));
    world_pass(w, NS_PER_S);
    h.origin = first.receive;
    h.receive.bits = 0x7777777788888888;
    assert_true(ask(w, 1, &h, &reply));
    assert_true(reply.origin.bits == h.receive.bits);
    assert_true(llabs((int64_t)(reply.transmit.bits - kernel.bits)) < 4295); /* 1 us */
    clientlog_stats(ntp_clientlog(w->ntp), &stats);
    assert_int_equal(stats.ntp_interleaved_hits, 2);
    assert_int_equal(stats.tx_stamps[0], 2);
    assert_int_equal(stats.tx_stamps[1], 1);
    world_destroy(w);
}

static void limit_one_client(struct ntp_settings *s)
{
    s->clients.limits[CLIENT_NTP] = (struct ratelimit_settings){true, 5, 2, 4, 1};
}

static void rate_limit_drops_kisses_and_announces_itself(void **state)
{
    struct world *w = serving(limit_one_client);
    struct ntp_header reply;
    int answered = 0, kissed = 0;

    (void)state;
    assert_true(ask(w, 1, &basic, &reply));
    assert_int_equal(reply.poll, 6);
    for (int i = 0; i < 1000; i++) {
        struct ntp_header h = basic;

        h.poll = 0;
        if (!ask(w, 1, &h, &reply))
            continue;
        answered++;
        kissed += reply.refid == 0x52415445;
        assert_int_equal(reply.poll, 5);
    }
    assert_in_range(kissed, 350, 600);
    assert_in_range(answered - kissed, 30, 110);
    assert_true(ask(w, 2, &basic, &reply));
    assert_int_not_equal(reply.refid, 0x52415445);
    world_destroy(w);
}

static void mono_field_is_steady_when_the_clock_is_stepped(void **state)
{
    struct world *w = serving(NULL);
    struct endpoint client = {addr_from_ipv4(0xc6336401), 40000};
    uint8_t data[NTP_HEADER_BYTES + MONO_ROOT_BYTES];
    struct wire_out out = wire_out_of(data, sizeof(data));
    struct mono_root mono[2];
    struct ntp_time receive[2];
    struct err err;

    (void)state;
    ntp_header_encode(&basic, data);
    out.used = NTP_HEADER_BYTES;
    mono_root_put(&out, NULL);
    for (int i = 0; i < 2; i++) {
        struct ntp_packet p;

        world_deliver(w, server_sock(w, ADDR_IPV4), &client, data, sizeof(data));
        assert_true(ntp_packet_decode(w->sent[i].data, w->sent[i].length, &p));
        assert_int_equal(w->sent[i].length, sizeof(data));
        assert_true(mono_root_find(&p, &mono[i]));
        receive[i] = p.header.receive;
        world_pass(w, NS_PER_S);
        clock_steer(w->clock,
                    &(struct clock_order){.at = clock_osc_now(w->clock),
                                          .truth = utc_add_s(clock_now(w->clock), 100.0),
                                          .step = true},
                    &err);
    }
    w->answered = w->sent_count;
    assert_int_equal(mono[0].epoch, mono[1].epoch);
    assert_float_equal(ldexp((double)(mono[1].mono_receive.bits - mono[0].mono_receive.bits), -32),
                       1.0, 1e-5);
    assert_float_equal(ldexp((double)(receive[1].bits - receive[0].bits), -32), 101.0, 1e-5);
    world_destroy(w);
}

static void broadcast_is_sent_at_its_interval(void **state)
{
    struct ntp_settings settings = world_settings();
    struct world *w = world_create(&settings);
    struct endpoint to = {addr_from_ipv4(0xc63364ff), 123};
    struct ntp_header h;
    struct err err;

    (void)state;
    assert_true(ntp_add_broadcast(w->ntp, &to, 64));
    assert_true(ntp_open_server(w->ntp, &err));
    assert_int_equal(open_sockets(w), 1);
    assert_true(w->params[server_sock(w, ADDR_IPV4)].broadcast);
    ntp_start(w->ntp);
    w->server.silent = true;
    world_run(w, 200);
    assert_int_equal(w->sent_count, 3);
    h = world_header(&w->sent[0]);
    assert_int_equal(h.mode, NTP_MODE_BROADCAST);
    assert_int_equal(h.poll, 6);
    assert_true(h.origin.bits == 0 && h.receive.bits == 0 && h.transmit.bits != 0);
    world_destroy(w);
}

/* --- symmetric peers -------------------------------------------------------------------------- */

static struct ntp_source_settings peer_line(void)
{
    struct ntp_source_settings s = world_source("192.0.2.1");

    s.kind = SOURCE_PEER;
    s.minpoll = s.maxpoll = 3;
    return s;
}

static struct world *peering(const struct ntp_source_settings *s)
{
    struct ntp_settings settings = world_settings();
    struct world *w = world_create(&settings);

    assert_int_equal(ntp_add_source(w->ntp, s), NTP_ADDED);
    ntp_start(w->ntp);
    assert_true(server_sock(w, ADDR_IPV4) >= 0);
    return w;
}

static const struct endpoint peer_end = {{ADDR_IPV4, {192, 0, 2, 1}}, 123};

/* What the peer sends: its times, and what it has of us. */
static void peer_sends(struct world *w, uint64_t origin, uint64_t receive, uint64_t transmit,
                       const struct key *key)
{
    struct ntp_header h = {.version = 4,
                           .mode = NTP_MODE_ACTIVE,
                           .stratum = 2,
                           .poll = 3,
                           .precision = -20,
                           .refid = 0xc6336401,
                           .origin = {origin},
                           .receive = {receive},
                           .transmit = {transmit}};
    uint8_t data[256];
    size_t length = NTP_HEADER_BYTES;

    ntp_header_encode(&h, data);
    if (key)
        assert_true(ntp_mac_append(key, 4, data, &length, sizeof(data)));
    world_deliver(w, server_sock(w, ADDR_IPV4), &peer_end, data, length);
}

static uint64_t peer_now(const struct world *w)
{
    return ntp_time_from_utc(world_server_time(w)).bits;
}

static void peer_is_asked_from_the_server_port_with_real_times(void **state)
{
    struct ntp_source_settings s = peer_line();
    struct world *w = peering(&s);
    struct ntp_header h;

    (void)state;
    w->server.silent = true;
    world_run(w, 1);
    assert_int_equal(w->sent_count, 1);
    assert_int_equal(w->params[w->sent[0].sock].use, OS_UDP_NTP_SERVER);
    h = world_header(&w->sent[0]);
    assert_int_equal(h.mode, NTP_MODE_ACTIVE);
    assert_true(llabs((int64_t)(h.transmit.bits - peer_now(w))) < (INT64_C(2) << 32));
    world_destroy(w);
}

static void peers_measure_each_other(void **state)
{
    struct ntp_source_settings s = peer_line();
    struct world *w = peering(&s);
    struct ntp_header h;
    uint64_t heard, first;
    int64_t now_ns;

    (void)state;
    w->server.silent = true;
    w->server.offset_s = 0.25;
    /* The peer speaks before it has heard us: nothing to measure, but we can answer. */
    world_run(w, 0.3);
    first = peer_now(w);
    peer_sends(w, 0, 0, first, NULL);
    assert_int_equal(world_data(w, 1).total_valid, 0);
    world_run(w, 8.2);
    h = world_header(&w->sent[1]);
    assert_true(h.origin.bits == first);
    assert_true(h.receive.bits != 0);
    now_ns = w->mono_ns;
    w->mono_ns = w->sent[1].at.ns;
    heard = peer_now(w);
    w->mono_ns = now_ns; /* it answers now */
    peer_sends(w, h.transmit.bits, heard, peer_now(w), NULL);
    assert_int_equal(world_data(w, 1).total_good, 1);
    assert_float_equal(world_data(w, 1).offset_s, 0.25, 1e-5);
    assert_true(world_data(w, 1).response_time_s > 0.01);
    assert_int_equal(world_data(w, 1).mode, NTP_MODE_ACTIVE);
    world_destroy(w);
}

static void peer_may_take_its_time_to_answer(void **state)
{
    struct ntp_source_settings s = peer_line();
    struct world *w = peering(&s);
    struct ntp_header h;
    uint64_t heard;

    (void)state;
    w->server.silent = true;
    world_run(w, 0.3);
    h = world_header(&w->sent[0]);
    heard = peer_now(w);
    world_run(w, 7);
    peer_sends(w, h.transmit.bits, heard, peer_now(w), NULL);
    assert_int_equal(world_data(w, 1).total_good, 1);
    assert_true(world_data(w, 1).response_time_s > 6.9);
    /* Seven seconds at a frequency that nobody knows yet. */
    assert_true(world_data(w, 1).peer_dispersion_s > 0.01);
    world_destroy(w);
}

static void packet_without_its_mac_does_not_disturb_a_peer(void **state)
{
    struct ntp_source_settings s = peer_line();
    struct world *w;
    const struct key *key;
    uint64_t real;

    (void)state;
    s.key_id = 1;
    w = peering(&s);
    key = keystore_find(w->keys, 1);
    w->server.silent = true;
    world_run(w, 0.3);
    real = peer_now(w);
    peer_sends(w, 0, 0, real, key);
    peer_sends(w, 0, 0, real + 12345, NULL);
    peer_sends(w, 0, 0, real + 23456, keystore_find(w->keys, 3));
    world_run(w, 8.2);
    assert_true(world_header(&w->sent[1]).origin.bits == real);
    world_destroy(w);
}

static void blind_forger_cannot_keep_peers_apart(void **state)
{
    struct ntp_source_settings s = peer_line();
    struct world *w = peering(&s);
    struct ntp_header h;
    uint64_t told;

    (void)state;
    w->server.silent = true;
    world_run(w, 0.3);
    h = world_header(&w->sent[0]);
    told = peer_now(w);
    peer_sends(w, h.transmit.bits, told, told, NULL);
    assert_int_equal(world_data(w, 1).total_good, 1);
    for (uint64_t i = 1; i < 100; i++)
        peer_sends(w, i * 123456789, told + i, told + i, NULL);
    /* The peer polls faster than we do: its second packet refers to ours that it answered. */
    peer_sends(w, h.transmit.bits, told + 5000, told + 5000, NULL);
    world_run(w, 8.2);
    assert_true(world_header(&w->sent[1]).origin.bits == told + 5000);
    /* It was restarted and knows nothing of us any more. */
    world_run(w, 17);
    peer_sends(w, 0, 0, told + 7000, NULL);
    world_run(w, 8.2);
    assert_true(world_header(&w->sent[w->sent_count - 1]).origin.bits == told + 7000);
    world_destroy(w);
}

static void replayed_packet_of_a_peer_is_a_duplicate(void **state)
{
    struct ntp_source_settings s = peer_line();
    struct world *w = peering(&s);
    struct ntp_header h;
    uint64_t heard, told;

    (void)state;
    w->server.silent = true;
    world_run(w, 0.3);
    h = world_header(&w->sent[0]);
    heard = told = peer_now(w);
    peer_sends(w, h.transmit.bits, heard, told, NULL);
    assert_int_equal(world_data(w, 1).total_good, 1);
    peer_sends(w, h.transmit.bits, heard, told, NULL);
    peer_sends(w, h.transmit.bits, heard, told + 1, NULL);
    assert_int_equal(world_data(w, 1).total_valid, 1);
    assert_int_equal(source_reach(sources_at(w->sources, 0)), 1);
    world_destroy(w);
}

static void stranger_in_symmetric_mode_gets_a_passive_answer(void **state)
{
    struct world *w = serving(NULL);
    struct ntp_header h = basic, reply;

    (void)state;
    h.mode = NTP_MODE_ACTIVE;
    assert_true(ask(w, 9, &h, &reply));
    assert_int_equal(reply.mode, NTP_MODE_PASSIVE);
    assert_int_equal(sources_count(w->sources), 0);
    world_destroy(w);
}

static void client_requests_of_a_peer_are_answered_too(void **state)
{
    struct ntp_source_settings s = peer_line();
    struct world *w = peering(&s);
    struct access_rule all = {.allow = true};
    uint8_t data[NTP_HEADER_BYTES];
    struct err err;

    (void)state;
    assert_true(access_apply(w->access, &all, &err));
    w->server.silent = true;
    world_run(w, 0.3);
    ntp_header_encode(&basic, data);
    world_deliver(w, server_sock(w, ADDR_IPV4), &peer_end, data, sizeof(data));
    assert_int_equal(w->sent_count, 2);
    assert_int_equal(world_header(&w->sent[1]).mode, NTP_MODE_SERVER);
    assert_int_equal(world_data(w, 1).total_rx, 0);
    world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_is_closed_until_somebody_may_ask),
        cmocka_unit_test(port_0_is_never_opened),
        cmocka_unit_test(port_that_is_taken_is_logged_once_and_survived),
        cmocka_unit_test(acquisition_port_of_the_server_is_needed),
        cmocka_unit_test(unsynchronised_server_answers_so),
        cmocka_unit_test(answers_and_strangers_get_nothing),
        cmocka_unit_test(local_reference_is_served),
        cmocka_unit_test(interleaved_answer_has_the_time_that_the_kernel_saw),
        cmocka_unit_test(rate_limit_drops_kisses_and_announces_itself),
        cmocka_unit_test(mono_field_is_steady_when_the_clock_is_stepped),
        cmocka_unit_test(broadcast_is_sent_at_its_interval),
        cmocka_unit_test(peer_is_asked_from_the_server_port_with_real_times),
        cmocka_unit_test(peers_measure_each_other),
        cmocka_unit_test(peer_may_take_its_time_to_answer),
        cmocka_unit_test(packet_without_its_mac_does_not_disturb_a_peer),
        cmocka_unit_test(blind_forger_cannot_keep_peers_apart),
        cmocka_unit_test(replayed_packet_of_a_peer_is_a_duplicate),
        cmocka_unit_test(stranger_in_symmetric_mode_gets_a_passive_answer),
        cmocka_unit_test(client_requests_of_a_peer_are_answered_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
