#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chronyd/ntp/clientlog.h"

#define SECOND NS_PER_S

static void fake_random(void *ctx, void *out, size_t length)
{
    uint64_t *seed = ctx;
    uint8_t *to = out;

    for (size_t i = 0; i < length; i++) {
        *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        to[i] = (uint8_t)(*seed >> 56);
    }
}

static const struct os_ops ops = {.random = fake_random};

static const struct clientlog_settings plain = {
    .enabled = true,
    .memory_limit = 524288,
    .limits = {{.interval = 3, .burst = 8, .leak = 2},
               {.interval = 6, .burst = 8, .leak = 2},
               {.interval = -4, .burst = 8, .leak = 2}},
};

static struct clientlog *make(const struct clientlog_settings *s)
{
    static uint64_t seed;
    struct os os = {&ops, &seed};
    struct clientlog *cl;

    seed = 42;
    cl = clientlog_create(&os, s);
    assert_non_null(cl);
    return cl;
}

static struct clientlog *make_limited(int interval, int burst, int leak, int kod)
{
    struct clientlog_settings s = plain;

    s.limits[CLIENT_NTP] = (struct ratelimit_settings){true, interval, burst, leak, kod};
    return make(&s);
}

static struct addr client(uint32_t n)
{
    return addr_from_ipv4(0x0a000000 + n);
}

static bool report_of(struct clientlog *cl, const struct addr *a, struct mono now,
                      struct client_report *out)
{
    for (size_t i = 0; i < clientlog_slots(cl); i++) {
        if (clientlog_report(cl, i, 0, false, now, out) && addr_equal(&out->addr, a))
            return true;
    }
    return false;
}

static size_t count_records(struct clientlog *cl)
{
    struct client_report r;
    size_t n = 0;

    for (size_t i = 0; i < clientlog_slots(cl); i++)
        n += clientlog_report(cl, i, 0, false, (struct mono){0}, &r);
    return n;
}

static void clientlog_counts_hits_and_intervals(void **state)
{
    struct clientlog *cl = make(&plain);
    struct addr a = client(1);
    struct client_report r;
    struct mono now = {0};

    (void)state;
    for (int i = 0; i < 20; i++) {
        now.ns = i * 64 * SECOND;
        assert_int_equal(clientlog_hit(cl, CLIENT_NTP, &a, now), CLIENT_ANSWER);
    }
    now.ns += 5 * SECOND;
    assert_true(report_of(cl, &a, now, &r));
    assert_int_equal(r.hits[CLIENT_NTP], 20);
    assert_int_equal(r.drops[CLIENT_NTP], 0);
    assert_int_equal(r.interval[CLIENT_NTP], 6);
    assert_int_equal(r.last_ago_s[CLIENT_NTP], 5);
    assert_int_equal(r.interval[CLIENT_COMMAND], 127);
    assert_int_equal(r.ntp_timeout_interval, 127);
    assert_true(r.last_ago_s[CLIENT_COMMAND] == UINT32_MAX);
    clientlog_destroy(cl);
}

static void clientlog_default_memory_holds_4096_addresses(void **state)
{
    struct clientlog *cl = make(&plain);

    (void)state;
    for (uint32_t i = 0; i < 100000; i++) {
        struct addr a = client(i);

        clientlog_hit(cl, CLIENT_NTP, &a, (struct mono){i});
    }
    assert_int_equal(clientlog_slots(cl), 4096);
    assert_true(count_records(cl) == 4096);
    clientlog_destroy(cl);
}

static void clientlog_smallest_memory_is_one_slot(void **state)
{
    struct clientlog_settings s = plain;
    struct clientlog *cl;
    struct server_stats stats;

    (void)state;
    s.memory_limit = 0;
    cl = make(&s);
    for (uint32_t i = 0; i < 9; i++) {
        struct addr a = client(i);

        clientlog_hit(cl, CLIENT_NTP, &a, (struct mono){i});
    }
    assert_int_equal(clientlog_slots(cl), 8);
    clientlog_stats(cl, &stats);
    assert_int_equal(stats.log_drops, 1);
    clientlog_destroy(cl);
}

static void clientlog_full_slot_forgets_who_was_silent_longest(void **state)
{
    struct clientlog_settings s = plain;
    struct clientlog *cl;
    struct client_report r;
    struct addr a[9];

    (void)state;
    s.memory_limit = 0;
    cl = make(&s);
    for (uint32_t i = 0; i < 9; i++) {
        a[i] = client(i);
        clientlog_hit(cl, i == 3 ? CLIENT_COMMAND : CLIENT_NTP, &a[i],
                      (struct mono){i == 3 ? 0 : (100 + i) * NS_PER_S});
    }
    assert_false(report_of(cl, &a[3], (struct mono){200}, &r));
    for (uint32_t i = 0; i < 9; i++) {
        if (i != 3)
            assert_true(report_of(cl, &a[i], (struct mono){200}, &r));
    }
    clientlog_destroy(cl);
}

static void clientlog_growing_keeps_all_records(void **state)
{
    struct clientlog *cl = make(&plain);
    struct client_report r;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        struct addr a = client(i);

        clientlog_hit(cl, CLIENT_NTP, &a, (struct mono){i});
    }
    for (uint32_t i = 0; i < 1000; i++) {
        struct addr a = client(i);

        assert_true(report_of(cl, &a, (struct mono){1000}, &r));
    }
    clientlog_destroy(cl);
}

/* Of `count` requests `every_ns` apart, how many were answered, dropped and kissed? */
static void run(struct clientlog *cl, int count, int64_t every_ns, int out[3])
{
    struct addr a = client(1);

    out[0] = out[1] = out[2] = 0;
    for (int i = 0; i < count; i++)
        out[clientlog_hit(cl, CLIENT_NTP, &a, (struct mono){i * every_ns})]++;
}

static void ratelimit_client_at_the_limit_is_always_answered(void **state)
{
    struct clientlog *cl = make_limited(3, 8, 2, 0);
    int n[3];

    (void)state;
    run(cl, 1000, 8 * SECOND, n);
    assert_int_equal(n[CLIENT_ANSWER], 1000);
    clientlog_destroy(cl);
}

static void ratelimit_burst_is_let_through(void **state)
{
    struct clientlog *cl = make_limited(10, 8, 4, 0);
    struct addr a = client(1);

    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(clientlog_hit(cl, CLIENT_NTP, &a, (struct mono){i}), CLIENT_ANSWER);
    clientlog_destroy(cl);
}

static void ratelimit_leaks_one_in_two_to_the_leak(void **state)
{
    (void)state;
    for (int leak = 1; leak <= 4; leak++) {
        struct clientlog *cl = make_limited(12, 1, leak, 0);
        int n[3], expected = 10000 >> leak;

        run(cl, 10000, 1000, n);
        assert_in_range(n[CLIENT_ANSWER], expected * 85 / 100, expected * 115 / 100);
        assert_int_equal(n[CLIENT_KOD], 0);
        clientlog_destroy(cl);
    }
}

static void ratelimit_sends_kisses_when_told_to(void **state)
{
    struct clientlog *cl = make_limited(12, 1, 2, 2);
    struct server_stats stats;
    int n[3];

    (void)state;
    run(cl, 10000, 1000, n);
    assert_in_range(n[CLIENT_KOD], 1500, 2250);
    clientlog_stats(cl, &stats);
    assert_int_equal(stats.drops[CLIENT_NTP], n[CLIENT_KOD] + n[CLIENT_DROP]);
    assert_int_equal(stats.hits[CLIENT_NTP], 10000);
    clientlog_destroy(cl);
}

static void ratelimit_one_client_does_not_spend_anothers_tokens(void **state)
{
    struct clientlog *cl = make_limited(10, 4, 2, 0);
    struct addr other = client(2);
    int n[3];

    (void)state;
    run(cl, 1000, 1000, n);
    assert_int_equal(clientlog_hit(cl, CLIENT_NTP, &other, (struct mono){SECOND}), CLIENT_ANSWER);
    clientlog_destroy(cl);
}

static void ratelimit_never_hits_local_commands(void **state)
{
    struct clientlog_settings s = plain;
    struct addr local = addr_from_ipv4(0x7f000001);
    struct clientlog *cl;

    (void)state;
    s.limits[CLIENT_COMMAND].enabled = true;
    cl = make(&s);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(clientlog_hit(cl, CLIENT_COMMAND, &local, (struct mono){i}),
                         CLIENT_ANSWER);
    clientlog_destroy(cl);
}

static void clientlog_report_filters_and_resets(void **state)
{
    struct clientlog *cl = make(&plain);
    struct addr a = client(1);
    struct client_report r;
    size_t slot = 0;

    (void)state;
    for (int i = 0; i < 5; i++)
        clientlog_hit(cl, CLIENT_NTP, &a, (struct mono){i});
    while (slot < clientlog_slots(cl) &&
           !clientlog_report(cl, slot, 0, false, (struct mono){9}, &r))
        slot++;
    assert_false(clientlog_report(cl, slot, 6, false, (struct mono){9}, &r));
    assert_true(clientlog_report(cl, slot, 5, true, (struct mono){9}, &r));
    assert_int_equal(r.hits[CLIENT_NTP], 5);
    assert_true(clientlog_report(cl, slot, 0, false, (struct mono){9}, &r));
    assert_int_equal(r.hits[CLIENT_NTP], 0);
    assert_false(clientlog_report(cl, clientlog_slots(cl), 0, false, (struct mono){9}, &r));
    clientlog_destroy(cl);
}

static void noclientlog_answers_all_and_keeps_nothing(void **state)
{
    struct clientlog_settings s = plain;
    struct addr a = client(1);
    struct ntp_time t;
    enum os_stamp by;
    struct clientlog *cl;

    (void)state;
    s.enabled = false;
    cl = make(&s);
    assert_false(clientlog_enabled(cl));
    assert_int_equal(clientlog_hit(cl, CLIENT_NTP, &a, (struct mono){0}), CLIENT_ANSWER);
    assert_int_equal(clientlog_slots(cl), 0);
    clientlog_save_times(cl, (struct ntp_time){1}, (struct utc){0}, (struct ntp_time){2}, 'D');
    assert_false(clientlog_find_times(cl, (struct ntp_time){1}, &t, &by));
    clientlog_destroy(cl);
}

static void timestamps_are_found_by_the_receive_time_and_improved(void **state)
{
    struct clientlog *cl = make(&plain);
    struct server_stats stats;
    struct ntp_time t;
    enum os_stamp by;

    (void)state;
    for (uint64_t i = 1; i <= 100; i++)
        clientlog_save_times(cl, (struct ntp_time){i << 32}, (struct utc){(int64_t)i * SECOND},
                             (struct ntp_time){i}, STAMP_DAEMON);
    clientlog_update_transmit(cl, (struct ntp_time){UINT64_C(7) << 32}, (struct ntp_time){77},
                              STAMP_KERNEL);
    assert_true(clientlog_find_times(cl, (struct ntp_time){UINT64_C(7) << 32}, &t, &by));
    assert_true(t.bits == 77);
    assert_int_equal(by, STAMP_KERNEL);
    assert_true(clientlog_find_times(cl, (struct ntp_time){UINT64_C(8) << 32}, &t, &by));
    assert_true(t.bits == 8);
    assert_false(clientlog_find_times(cl, (struct ntp_time){0}, &t, &by));
    assert_false(clientlog_find_times(cl, (struct ntp_time){5}, &t, &by));
    clientlog_stats(cl, &stats);
    assert_int_equal(stats.ntp_timestamps, 100);
    assert_int_equal(stats.ntp_span_s, 99);
    clientlog_destroy(cl);
}

static void timestamps_stay_within_their_memory(void **state)
{
    struct clientlog_settings s = plain;
    struct server_stats stats;
    struct clientlog *cl;

    (void)state;
    s.memory_limit = 0;
    cl = make(&s);
    for (uint64_t i = 1; i <= 1000; i++)
        clientlog_save_times(cl, (struct ntp_time){i}, (struct utc){(int64_t)i * SECOND},
                             (struct ntp_time){i}, STAMP_DAEMON);
    clientlog_stats(cl, &stats);
    assert_int_equal(stats.ntp_timestamps, 8);
    assert_int_equal(stats.ntp_span_s, 7);
    clientlog_destroy(cl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clientlog_counts_hits_and_intervals),
        cmocka_unit_test(clientlog_default_memory_holds_4096_addresses),
        cmocka_unit_test(clientlog_smallest_memory_is_one_slot),
        cmocka_unit_test(clientlog_full_slot_forgets_who_was_silent_longest),
        cmocka_unit_test(clientlog_growing_keeps_all_records),
        cmocka_unit_test(ratelimit_client_at_the_limit_is_always_answered),
        cmocka_unit_test(ratelimit_burst_is_let_through),
        cmocka_unit_test(ratelimit_leaks_one_in_two_to_the_leak),
        cmocka_unit_test(ratelimit_sends_kisses_when_told_to),
        cmocka_unit_test(ratelimit_one_client_does_not_spend_anothers_tokens),
        cmocka_unit_test(ratelimit_never_hits_local_commands),
        cmocka_unit_test(clientlog_report_filters_and_resets),
        cmocka_unit_test(noclientlog_answers_all_and_keeps_nothing),
        cmocka_unit_test(timestamps_are_found_by_the_receive_time_and_improved),
        cmocka_unit_test(timestamps_stay_within_their_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
