#include "ntp_world.h"

#define LATE_S                                                                                     \
    40e-6 /* the kernel stamps so much after the interface what comes in, before what leaves */

static const struct world_hw stamping = {
    .present = true, .ahead_ns = INT64_C(37000000000), .freq = 25e-6, .error_s = 2e-7};

static const struct hwtimestamp_settings eth0 = {
    .interface = "eth0", .maxpoll = 1, .min_samples = 2, .max_samples = 16, .precision_s = 1e-7};

/* A client of 192.0.2.1, polling every second, whose interface's clock is known. */
static struct world *client(const struct hwtimestamp_settings *line, double timeout_s)
{
    struct ntp_settings settings = world_settings();
    struct ntp_source_settings s = world_source("192.0.2.1");
    struct world *w;

    settings.hwtimestamps = line;
    settings.hwtimestamp_count = 1;
    settings.hwts_timeout_s = timeout_s;
    w = world_create_with(&settings, &stamping);
    assert_non_null(w->ntp);
    s.minpoll = s.maxpoll = 0;
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    ntp_start(w->ntp);
    world_run(w, 5);
    return w;
}

/* Until the next request has left. */
static struct world_sent next_request(struct world *w)
{
    size_t before = w->sent_count;

    while (w->sent_count == before) {
        struct mono next = timers_next(&w->timers);

        if (next.ns > w->mono_ns)
            world_pass(w, next.ns - w->mono_ns);
        timers_fire(&w->timers, (struct mono){w->mono_ns});
    }
    w->answered = w->sent_count;
    return w->sent[before % WORLD_SENT];
}

/* The stamps of a packet that left at this moment. */
struct moment {
    int64_t mono_ns, utc_ns;
};

static struct moment now(const struct world *w)
{
    return (struct moment){w->mono_ns, w->utc_ns};
}

static void tell_sent(struct world *w, const struct world_sent *s, struct moment left, bool kernel,
                      int64_t hw_wrong_ns)
{
    struct event ev = {.type = EVENT_SEND_STAMP};

    ev.send_stamp.sock = s->sock;
    ev.send_stamp.tx_id = s->tx_id;
    ev.send_stamp.stamp.ns = kernel ? left.utc_ns - ns_from_s(LATE_S) : w->utc_ns;
    ev.send_stamp.stamp_by = kernel ? STAMP_KERNEL : STAMP_DAEMON;
    ev.send_stamp.hw.clock = 1;
    ev.send_stamp.hw.ns = world_hw_ns(w, left.mono_ns) + hw_wrong_ns;
    ntp_handle(w->ntp, &ev);
}

/* The answer, 10 ms each way; the interface stamps it. */
static void answer_and_copy(struct world *w, const struct world_sent *s, double frame_s,
                            int64_t hw_wrong_ns, int copies)
{
    struct ntp_packet in;
    struct ntp_header h;
    uint8_t data[NTP_HEADER_BYTES];
    struct moment came;
    struct event ev = {.type = EVENT_DATAGRAM};

    assert_true(ntp_packet_decode(s->data, s->length, &in));
    world_pass(w, ns_from_s(0.01));
    h = (struct ntp_header){.version = 4,
                            .mode = NTP_MODE_SERVER,
                            .stratum = 1,
                            .precision = -25,
                            .origin = in.header.transmit,
                            .receive = ntp_time_from_utc(world_server_time(w))};
    h.reference = h.receive;
    world_pass(w, 10000);
    h.transmit = ntp_time_from_utc(world_server_time(w));
    world_pass(w, ns_from_s(0.01));
    came = now(w);
    world_pass(w, ns_from_s(LATE_S));
    ntp_header_encode(&h, data);
    ev.datagram = (struct os_datagram){
        .sock = s->sock,
        .remote = s->remote,
        .local = addr_from_ipv4(0xc0a80001),
        .interface = 2,
        .data = data,
        .length = sizeof(data),
        .stamp = {w->utc_ns},
        .stamp_by = STAMP_KERNEL,
        .hw = {1, world_hw_ns(w, came.mono_ns - ns_from_s(frame_s)) + hw_wrong_ns, frame_s}};
    for (int i = 0; i <= copies; i++)
        ntp_handle(w->ntp, &ev);
}

static void answer(struct world *w, const struct world_sent *s, double frame_s, int64_t hw_wrong_ns)
{
    answer_and_copy(w, s, frame_s, hw_wrong_ns, 0);
}

static const struct sample *newest(const struct world *w)
{
    return track_newest(source_track(sources_at(w->sources, 0)));
}

static size_t samples(const struct world *w)
{
    return (size_t)track_count(source_track(sources_at(w->sources, 0)));
}

/* --- enabling -------------------------------------------------------------------------------- */

static void named_interface_that_cannot_stamp_ends_the_start(void **state)
{
    struct ntp_settings settings = world_settings();
    struct hwtimestamp_settings line = eth0;
    struct world *w;

    (void)state;
    line.interface = "lo";
    settings.hwtimestamps = &line;
    settings.hwtimestamp_count = 1;
    w = world_create_with(&settings, &stamping);
    assert_null(w->ntp);
    assert_string_equal(w->err.text, "Could not enable HW timestamping on lo");
    assert_true(world_logged(w, "lo: Not supported by the interface\n"));
    world_destroy(w);
}

static void star_takes_all_that_can_and_the_first_line_counts(void **state)
{
    struct ntp_settings settings = world_settings();
    struct hwtimestamp_settings lines[3] = {eth0, eth0, eth0};
    struct world *w;

    (void)state;
    lines[0].interface = "*";
    lines[1].interface = "eth1";
    lines[1].rx_filter = HWTS_FILTER_NONE;
    lines[2].interface = "eth1";
    settings.hwtimestamps = lines;
    settings.hwtimestamp_count = 3;
    w = world_create_with(&settings, &stamping);
    assert_non_null(w->ntp);
    assert_true(world_logged(w, "Enabled HW timestamping on eth0\n"));
    assert_true(world_logged(w, "Enabled HW timestamping (TX only) on eth1\n"));
    assert_false(world_logged(w, "Enabled HW timestamping on eth1\n"));
    assert_false(world_logged(w, "timestamping on lo\n"));
    world_destroy(w);
    w = world_create_with(&settings, &(struct world_hw){.present = false});
    assert_null(w->ntp);
    world_destroy(w);
    settings.hwtimestamp_count = 1;
    w = world_create_with(&settings, &(struct world_hw){.present = false});
    assert_non_null(w->ntp);
    assert_true(world_logged(w, "No interface can take HW timestamps"));
    world_destroy(w);
}

static void clock_is_read_seldom_while_nobody_needs_it(void **state)
{
    struct ntp_settings settings = world_settings();
    struct hwtimestamp_settings line = eth0;
    struct world *w;

    (void)state;
    line.maxpoll = 4;
    settings.hwtimestamps = &line;
    settings.hwtimestamp_count = 1;
    w = world_create_with(&settings, &stamping);
    world_run(w, 161);
    assert_in_range(w->hw.reads, 11, 12);
    world_destroy(w);
    w = client(&line, 0);
    w->hw.reads = 0;
    for (int i = 0; i < 20; i++) {
        struct world_sent s = next_request(w);

        tell_sent(w, &s, now(w), false, 0);
        answer(w, &s, 0, 0);
    }
    assert_in_range(w->hw.reads, 18, 22);
    world_destroy(w);
}

/* --- measuring ------------------------------------------------------------------------------- */

static void measurement_is_made_of_the_interface_s_stamps(void **state)
{
    struct world *w = client(&eth0, 0.001);
    struct world_sent s = next_request(w);
    struct moment left;
    struct ntp_data_report r;

    (void)state;
    world_pass(w, 200000);
    left = now(w);
    world_pass(w, 300000);
    tell_sent(w, &s, left, true, 0);
    answer(w, &s, 0, 0);
    assert_true(fabs(newest(w)->delay_s - 0.0203) < 1e-7);
    assert_true(fabs(newest(w)->offset_then_s - 150e-6) < 1e-6);
    /* As good as the clock is known. */
    assert_true(newest(w)->dispersion_s > 2e-7 && newest(w)->dispersion_s < 1e-6);
    r = world_data(w, 1);
    assert_int_equal(r.tx_stamp, 'H');
    assert_int_equal(r.rx_stamp, 'H');
    assert_int_equal(r.total_hw_rx, 1);
    assert_int_equal(r.total_hw_tx, 1);
    assert_int_equal(r.total_kernel_tx, 0);
    world_destroy(w);
}

static void kernel_stamp_before_that_of_the_interface_is_replaced(void **state)
{
    struct world *w = client(&eth0, 0.001);
    struct world_sent s = next_request(w);
    struct moment left = now(w);
    struct event ev = {.type = EVENT_SEND_STAMP};

    (void)state;
    ev.send_stamp.sock = s.sock;
    ev.send_stamp.tx_id = s.tx_id;
    ev.send_stamp.stamp.ns = left.utc_ns;
    ev.send_stamp.stamp_by = STAMP_KERNEL;
    ntp_handle(w->ntp, &ev);
    assert_int_equal(world_data(w, 1).total_kernel_tx, 1);
    tell_sent(w, &s, left, false, 0);
    assert_int_equal(world_data(w, 1).total_kernel_tx, 0);
    assert_int_equal(world_data(w, 1).total_hw_tx, 1);
    ntp_handle(w->ntp, &ev);
    assert_int_equal(world_data(w, 1).total_kernel_tx, 0);
    answer(w, &s, 0, 0);
    assert_int_equal(world_data(w, 1).tx_stamp, 'H');
    world_destroy(w);
}

static void compensations_and_the_length_of_the_frame_count(void **state)
{
    struct hwtimestamp_settings line = eth0;
    struct world *w;
    struct world_sent s;

    (void)state;
    line.tx_comp_s = 3e-6;
    line.rx_comp_s = 1e-6;
    w = client(&line, 0.001);
    s = next_request(w);
    tell_sent(w, &s, now(w), false, 0);
    /* 7 us on the wire: the end of the packet is when it came. */
    answer(w, &s, 7e-6, 0);
    assert_true(fabs(newest(w)->delay_s - (0.02 - 4e-6)) < 1e-7);
    world_destroy(w);
}

static void stamps_that_contradict_the_kernel_are_left_out(void **state)
{
    static const int64_t wrong_ns[] = {INT64_C(80000000),   INT64_C(-80000000),
                                       INT64_C(2000000000), INT64_C(-2000000000),
                                       INT64_MAX / 4,       INT64_MIN / 4};
    static const int64_t early_ns[] = {INT64_C(500000)};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong_ns); i++) {
        struct world *w = client(&eth0, 0.001);
        struct world_sent s = next_request(w);

        tell_sent(w, &s, now(w), true, wrong_ns[i]);
        answer(w, &s, 0, wrong_ns[i]);
        timers_fire(&w->timers, (struct mono){w->mono_ns + 2000000});
        assert_int_equal(world_data(w, 1).tx_stamp, 'K');
        assert_int_equal(world_data(w, 1).rx_stamp, 'K');
        world_destroy(w);
    }
    for (size_t i = 0; i < ARRAY_LEN(early_ns); i++) {
        struct world *w = client(&eth0, 0.0);
        struct world_sent s = next_request(w);

        /* Left before the kernel had it, came after it was here. */
        tell_sent(w, &s, now(w), true, -early_ns[i]);
        answer(w, &s, 0, early_ns[i]);
        assert_int_equal(world_data(w, 1).tx_stamp, 'K');
        assert_int_equal(world_data(w, 1).rx_stamp, 'K');
        world_destroy(w);
    }
}

/* By a few milliseconds the kernel's stamps cannot tell that what was known does not hold. */
static void stamps_after_a_sleep_wait_until_the_clock_is_known_again(void **state)
{
    struct world *w = client(&eth0, 0.001);
    struct world_sent s = next_request(w);

    (void)state;
    w->hw.ahead_ns += INT64_C(19000000);
    ntp_break(w->ntp);
    tell_sent(w, &s, now(w), true, 0);
    answer(w, &s, 0, 0);
    timers_fire(&w->timers, (struct mono){w->mono_ns + 2000000});
    assert_int_equal(world_data(w, 1).tx_stamp, 'K');
    assert_int_equal(world_data(w, 1).rx_stamp, 'K');
    assert_true(fabs(world_data(w, 1).peer_delay_s - 0.02 - 2 * LATE_S) < 1e-6);
    for (int i = 0; i < 4; i++) {
        s = next_request(w);
        tell_sent(w, &s, now(w), true, 0);
        answer(w, &s, 0, 0);
    }
    assert_int_equal(world_data(w, 1).tx_stamp, 'H');
    assert_int_equal(world_data(w, 1).rx_stamp, 'H');
    assert_true(fabs(newest(w)->delay_s - 0.02) < 1e-6);
    world_destroy(w);
}

static void clock_that_cannot_be_read_leaves_the_kernel_s_stamps(void **state)
{
    struct world *w = client(&eth0, 0.001);
    struct world_sent s;

    (void)state;
    w->hw.silent = true;
    world_run(w, 4000);
    s = next_request(w);
    tell_sent(w, &s, now(w), true, 0);
    answer(w, &s, 0, 0);
    timers_fire(&w->timers, (struct mono){w->mono_ns + 2000000});
    assert_int_equal(world_data(w, 1).tx_stamp, 'K');
    assert_int_equal(world_data(w, 1).rx_stamp, 'K');
    world_destroy(w);
}

/* --- waiting for the stamp ------------------------------------------------------------------- */

static void answer_waits_for_the_stamp_of_its_request(void **state)
{
    struct world *w = client(&eth0, 0.001);
    struct world_sent s = next_request(w);
    struct moment left = now(w);
    size_t before = samples(w);

    (void)state;
    answer_and_copy(w, &s, 0, 0, 2);
    assert_int_equal(samples(w), before);
    assert_true(w->open[s.sock]);
    world_pass(w, 500000);
    tell_sent(w, &s, left, false, 0);
    assert_int_equal(samples(w), before + 1);
    assert_true(fabs(newest(w)->delay_s - 0.02) < 1e-7);
    assert_int_equal(world_data(w, 1).tx_stamp, 'H');
    assert_false(w->open[s.sock]);
    world_destroy(w);
}

static void forged_answer_does_not_keep_the_true_one_out(void **state)
{
    struct hwtimestamp_settings line = eth0;
    struct world *w;
    struct world_sent s, seen;
    size_t before;

    (void)state;
    w = client(&line, 0.05);
    s = next_request(w);
    before = samples(w);
    /* It knows the request; its times are those of an impossible exchange. */
    seen = s;
    w->server.offset_s = -1e6;
    w->hw.silent = true;
    answer(w, &seen, 0, 0);
    w->server.offset_s = 0;
    answer(w, &s, 0, 0);
    assert_int_equal(samples(w), before + 1);
    assert_true(fabs(newest(w)->offset_then_s) < 1.0);
    world_destroy(w);
}

static void answer_waits_no_longer_than_hwtstimeout(void **state)
{
    struct world *w = client(&eth0, 0.05);
    struct world_sent s = next_request(w);
    size_t before = samples(w);

    (void)state;
    answer(w, &s, 0, 0);
    world_pass(w, ns_from_s(0.049));
    timers_fire(&w->timers, (struct mono){w->mono_ns});
    assert_int_equal(samples(w), before);
    world_pass(w, ns_from_s(0.002));
    timers_fire(&w->timers, (struct mono){w->mono_ns});
    assert_int_equal(samples(w), before + 1);
    assert_int_equal(world_data(w, 1).tx_stamp, 'D');
    assert_int_equal(world_data(w, 1).rx_stamp, 'H');
    world_destroy(w);
}

static void answer_does_not_wait_where_no_stamp_will_come(void **state)
{
    static const double timeouts_s[] = {0.0, -1.0};
    struct world *w;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(timeouts_s); i++) {
        struct world_sent s;
        size_t before;

        w = client(&eth0, timeouts_s[i]);
        s = next_request(w);
        before = samples(w);
        answer(w, &s, 0, 0);
        assert_int_equal(samples(w), before + 1);
        world_destroy(w);
    }
}

/* A hwtstimeout that is longer than the polling interval does not make a source unreachable. */
static void answer_waits_no_longer_than_until_the_next_request(void **state)
{
    struct world *w = client(&eth0, 100.0);
    struct world_sent s = next_request(w);
    struct source *source = sources_at(w->sources, 0);
    size_t before = samples(w);

    (void)state;
    for (int i = 0; i < 8; i++) {
        answer(w, &s, 0.0, 0);
        s = next_request(w);
    }
    assert_int_equal(samples(w), before + 8);
    assert_int_equal(source_reach(source), 0xff);
    world_destroy(w);
}

static void answer_that_waits_goes_with_its_source(void **state)
{
    struct addr a = addr_from_ipv4(0xc0000201);
    struct world *w = client(&eth0, 0.5);
    struct world_sent s = next_request(w);

    (void)state;
    answer(w, &s, 0, 0);
    assert_true(ntp_delete_source(w->ntp, &a));
    world_pass(w, ns_from_s(1));
    timers_fire(&w->timers, (struct mono){w->mono_ns});
    world_destroy(w);
}

/* --- serving --------------------------------------------------------------------------------- */

/* A request of an interleaved client, come in now; the answer. */
static struct ntp_header ask(struct world *w, int sock, struct ntp_time origin,
                             struct ntp_time receive, struct world_sent *sent)
{
    struct endpoint from = {addr_from_ipv4(0xc6336401), 40000};
    struct ntp_header h = {.version = 4,
                           .mode = NTP_MODE_CLIENT,
                           .origin = origin,
                           .receive = receive,
                           .transmit = {(uint64_t)w->mono_ns}};
    struct event ev = {.type = EVENT_DATAGRAM};
    uint8_t data[NTP_HEADER_BYTES];
    size_t before = w->sent_count;

    ntp_header_encode(&h, data);
    ev.datagram = (struct os_datagram){.sock = sock,
                                       .remote = from,
                                       .data = data,
                                       .length = sizeof(data),
                                       .stamp = {w->utc_ns + ns_from_s(LATE_S)},
                                       .stamp_by = STAMP_KERNEL,
                                       .hw = {1, world_hw_ns(w, w->mono_ns), 0}};
    ntp_handle(w->ntp, &ev);
    assert_int_equal(w->sent_count, before + 1);
    *sent = w->sent[before % WORLD_SENT];
    return world_header(sent);
}

static void server_tells_interleaved_clients_the_interface_s_times(void **state)
{
    struct ntp_settings settings = world_settings();
    struct access_rule all = {.allow = true};
    struct server_stats stats;
    struct ntp_header first, second, third;
    struct world_sent sent;
    struct moment came, left;
    struct world *w;
    struct err err;
    int sock = 0;

    (void)state;
    settings.hwtimestamps = &eth0;
    settings.hwtimestamp_count = 1;
    settings.max_tx_buffers = 1000;
    w = world_create_with(&settings, &stamping);
    assert_true(access_apply(w->access, &all, &err));
    assert_true(ntp_open_server(w->ntp, &err));
    while (!w->open[sock])
        sock++;
    assert_true(w->params[sock].numbered);
    world_run(w, 5);
    first = ask(w, sock, (struct ntp_time){0}, (struct ntp_time){0}, &sent);
    world_pass(w, NS_PER_S);
    came = now(w);
    second = ask(w, sock, first.receive, (struct ntp_time){1}, &sent);
    assert_true(fabs(utc_diff_s(utc_from_ntp_time(second.receive, (struct utc){w->utc_ns}),
                                (struct utc){came.utc_ns})) < 1e-6);
    world_pass(w, 20000);
    left = now(w);
    tell_sent(w, &sent, left, true, 0);
    world_pass(w, NS_PER_S);
    third = ask(w, sock, second.receive, (struct ntp_time){2}, &sent);
    assert_true(fabs(utc_diff_s(utc_from_ntp_time(third.transmit, (struct utc){w->utc_ns}),
                                (struct utc){left.utc_ns})) < 1e-6);
    clientlog_stats(ntp_clientlog(w->ntp), &stats);
    assert_int_equal(stats.rx_stamps[2], 3);
    assert_int_equal(stats.tx_stamps[2], 1);
    world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_interface_that_cannot_stamp_ends_the_start),
        cmocka_unit_test(star_takes_all_that_can_and_the_first_line_counts),
        cmocka_unit_test(clock_is_read_seldom_while_nobody_needs_it),
        cmocka_unit_test(measurement_is_made_of_the_interface_s_stamps),
        cmocka_unit_test(kernel_stamp_before_that_of_the_interface_is_replaced),
        cmocka_unit_test(compensations_and_the_length_of_the_frame_count),
        cmocka_unit_test(stamps_that_contradict_the_kernel_are_left_out),
        cmocka_unit_test(stamps_after_a_sleep_wait_until_the_clock_is_known_again),
        cmocka_unit_test(clock_that_cannot_be_read_leaves_the_kernel_s_stamps),
        cmocka_unit_test(answer_waits_for_the_stamp_of_its_request),
        cmocka_unit_test(forged_answer_does_not_keep_the_true_one_out),
        cmocka_unit_test(answer_waits_no_longer_than_hwtstimeout),
        cmocka_unit_test(answer_does_not_wait_where_no_stamp_will_come),
        cmocka_unit_test(answer_waits_no_longer_than_until_the_next_request),
        cmocka_unit_test(answer_that_waits_goes_with_its_source),
        cmocka_unit_test(server_tells_interleaved_clients_the_interface_s_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
