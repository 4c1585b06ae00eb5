/* Routes, queues and what several sources say together: the parts of track/ that judge paths. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/defs.h"
#include "chronyd/track/asymmetry.h"
#include "chronyd/track/combine.h"
#include "chronyd/track/route.h"
#include "chronyd/track/track.h"

static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.9g is not within %.3g of %.9g", a, tolerance, b);
}

static double uniform(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(*seed >> 11) + 0.5) / 9007199254740992.0;
}

static double queue(uint64_t *seed, double mean_s)
{
    return -mean_s * (log(uniform(seed)) + log(uniform(seed)));
}

/* The delays of a path whose base changes; `labels` as they come out, one by one. */
static void label(const double *base_s, double jitter_s, size_t count, uint64_t seed,
                  uint8_t *labels)
{
    double delays[64];

    for (size_t i = 0; i < count; i++) {
        delays[i] = base_s[i] + queue(&seed, jitter_s);
        labels[i] = 0;
        route_label(delays, labels, i + 1);
    }
}

static void route_finds_a_longer_way_a_shorter_one_and_the_way_back(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        double base[64];
        uint8_t labels[64];

        for (size_t i = 0; i < 64; i++)
            base[i] = i < 20 ? 0.030 : i < 40 ? 0.060 : 0.030;
        label(base, 1e-3, 64, seed, labels);
        assert_int_equal(labels[0], labels[19]);
        assert_int_not_equal(labels[20], labels[19]);
        assert_int_equal(labels[39], labels[20]);
        assert_int_equal(labels[45], labels[0]);
        assert_int_equal(labels[63], labels[0]);
        for (size_t i = 0; i < 64; i++)
            base[i] = i < 30 ? 0.060 : 0.020;
        label(base, 1e-3, 64, seed, labels);
        assert_int_equal(labels[29], labels[0]);
        assert_int_not_equal(labels[30], labels[0]);
        for (size_t i = 36; i < 64; i++)
            assert_int_equal(labels[i], labels[35]); /* the first ones may have met a queue */
    }
}

static void route_takes_queues_for_queues(void **state)
{
    int wrong = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        double base[64];
        uint8_t labels[64];
        uint64_t s = seed + 1000;

        /* No change at all; and a queue that comes and goes with a scatter of its own size. */
        for (size_t i = 0; i < 64; i++)
            base[i] = 0.02;
        label(base, 1e-3, 64, seed, labels);
        for (size_t i = 0; i < 64; i++)
            wrong += labels[i] != 0;
        for (size_t i = 0; i < 64; i++)
            base[i] = 0.02 + (i / 8 % 2 ? queue(&s, 0.01) : 0.0);
        label(base, 1e-3, 64, seed, labels);
        for (size_t i = 0; i < 64; i++)
            wrong += labels[i] != 0;
    }
    assert_in_range(wrong, 0, 300 * 128 / 50); /* one of fifty */
}

static void route_takes_a_slow_rise_for_a_queue(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        double base[40];
        uint8_t labels[40];

        for (size_t i = 0; i < 40; i++)
            base[i] = 0.030 + 2e-3 * (double)i;
        label(base, 5e-4, 40, seed, labels);
        for (size_t i = 0; i < 40; i++)
            assert_int_equal(labels[i], labels[0]);
    }
}

static void route_never_runs_out_of_labels(void **state)
{
    double delays[64];
    uint8_t labels[64] = {0};
    uint64_t seed = 4;

    (void)state;
    for (size_t i = 0; i < 64; i++) {
        delays[i] = 0.001 * (double)(1 + (i / 4) * 37 % 101) + queue(&seed, 1e-6);
        route_label(delays, labels, i + 1);
        for (size_t k = 0; k <= i; k++)
            assert_in_range(labels[k], 0, ROUTES_MAX - 1);
    }
}

static void route_excess_is_counted_over_the_own_floor(void **state)
{
    static const double delays[] = {10.0, 11.0, 12.0, 30.0, 33.0};
    static const uint8_t labels[] = {0, 0, 0, 1, 1};
    double floors[ROUTES_MAX];

    (void)state;
    route_floors(delays, labels, 5, floors);
    assert_near(floors[0], 10.0, 0.0);
    assert_near(floors[1], 30.0, 0.0);
    assert_true(floors[2] < 0.0);
    assert_near(route_excess(delays, labels, 5, floors, 0.5), 1.0, 0.0);
    assert_near(route_excess(delays, labels, 5, floors, 0.9), 3.0, 0.0);
    assert_near(route_excess(delays, labels, 0, floors, 0.5), 0.0, 0.0);
}

static void asymmetry_tells_in_which_direction_the_queue_stands(void **state)
{
    double excess[10], error[10];
    struct asymmetry a = {0};

    (void)state;
    for (int i = 0; i < 10; i++) {
        excess[i] = i < 4 ? 1e-4 : 0.02;
        error[i] = i < 4 ? 0.0 : 0.0099; /* above the path: late on the way to the source */
    }
    for (int i = 1; i <= 12; i++) {
        asymmetry_learn(&a, excess, error, 10, 1e-4);
        assert_near(a.value, -0.495, 1e-9);
        assert_int_equal(a.run, i);
    }
    for (int i = 4; i < 10; i++)
        error[i] = -0.01;
    asymmetry_learn(&a, excess, error, 10, 1e-4);
    assert_near(a.value, 0.5, 1e-9);
    assert_int_equal(a.run, 1);
    asymmetry_learn(&a, excess, error, 4, 1e-4);
    assert_near(a.value, 0.0, 0.0);
    assert_int_equal(a.run, 0);
}

/* --- what the register makes of it --- */

static struct sample exchange(double t_s, double up_s, double down_s)
{
    return (struct sample){.at = {ns_from_s(t_s)},
                           .truth = {ns_from_s(t_s + (up_s - down_s) / 2.0)},
                           .delay_s = up_s + down_s,
                           .dispersion_s = 1e-6,
                           .root_delay_s = up_s + down_s};
}

static const struct track_settings settings = {6, 64, 0.0, 1.0, 1e-6, 1e-7};

static double error_s(const struct track *t)
{
    struct estimate e;

    assert_true(track_estimate(t, track_newest(t)->at, &e));
    return s_from_ns(e.truth.ns - e.at.ns);
}

static void track_on_a_longer_route_is_as_good_as_before(void **state)
{
    double sum = 0.0;

    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct track *t = track_create(&settings);
        uint64_t s = seed;

        assert_non_null(t);
        for (int i = 0; i < 60; i++) {
            double base = i < 30 ? 0.015 : 0.030;
            struct sample m = exchange(64.0 * i, base + queue(&s, 5e-4), base + queue(&s, 5e-4));

            assert_true(track_add(t, &m));
        }
        sum += error_s(t) * error_s(t) / 30.0;
        track_destroy(t);
    }
    assert_true(sqrt(sum) < 3e-4);
}

static void track_with_a_known_asymmetry_corrects_by_it(void **state)
{
    struct track_settings fixed = settings;
    struct track *t;
    struct track_report r;
    uint64_t seed = 3;

    (void)state;
    fixed.asymmetry = -0.5; /* all that varies is on the way to the source */
    t = track_create(&fixed);
    assert_non_null(t);
    for (int i = 0; i < 20; i++) {
        struct sample m =
            exchange(64.0 * i, 0.01 + (i > 0 ? 5e-3 + queue(&seed, 5e-3) : 0.0), 0.01);

        assert_true(track_add(t, &m));
    }
    assert_near(error_s(t), 0.0, 3e-4);
    track_report(t, &r);
    assert_near(r.asymmetry, -0.5, 0.0);
    track_destroy(t);
}

static void track_takes_four_refusals_for_a_new_route(void **state)
{
    struct track *t = track_create(&settings);
    struct track_delay d;
    uint64_t seed = 3;

    (void)state;
    assert_non_null(t);
    for (int i = 0; i < 10; i++) {
        struct sample m = exchange(64.0 * i, 0.01 + queue(&seed, 1e-4), 0.01);

        assert_true(track_add(t, &m));
    }
    for (int i = 0; i < 4; i++) {
        track_delay(t, &d);
        assert_near(d.min_delay_s, 0.02, 1e-3);
        track_refused(t, 0.06 + 1e-4 * i);
    }
    track_delay(t, &d);
    assert_near(d.min_delay_s, 0.06, 1e-9);
    track_refused(t, 0.5); /* refusals that scatter are queues */
    track_delay(t, &d);
    assert_near(d.min_delay_s, 0.02, 1e-3);
    track_destroy(t);
}

/* A queue that fills and drains between 0 and 60 ms every hour: the first two hours on the one
 * way, the others on that or the other one. Returns the root mean square of the errors after three
 * hours, without correcting them. */
static double error_under_load_s(int first, int then, uint64_t seed)
{
    struct track *t = track_create(&settings);
    double sum = 0.0;
    int n = 0;

    assert_non_null(t);
    for (int i = 0; i < 225; i++) {
        double hours = 64.0 * i / 3600.0, phase = hours - floor(hours);
        double load = 0.12 * (phase < 0.5 ? phase : 1.0 - phase);
        int way = fmod(hours, 4.0) < 2.0 ? first : then;
        struct sample m = exchange(64.0 * i, 0.01 + queue(&seed, 5e-4) + (way < 0 ? load : 0.0),
                                   0.01 + queue(&seed, 5e-4) + (way > 0 ? load : 0.0));

        assert_true(track_add(t, &m));
        if (hours > 3.0) {
            sum += error_s(t) * error_s(t);
            n++;
        }
    }
    track_destroy(t);
    return sqrt(sum / n);
}

static void track_sees_through_a_loaded_link(void **state)
{
    static const struct {
        int first, then;
        double limit_s; /* half of the queue's mean is 15 ms */
    } rows[] = {{-1, -1, 1.5e-3}, {1, 1, 1.5e-3}, {-1, 1, 2e-3}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        double sum = 0.0;

        for (uint64_t seed = 1; seed <= 20; seed++)
            sum += log(error_under_load_s(rows[i].first, rows[i].then, seed)) / 20.0;
        if (exp(sum) > rows[i].limit_s)
            fail_msg("row %zu: %.3g s", i, exp(sum));
    }
}

/* --- combination --- */

static struct candidate agreeing(double offset_s, double sd_s, double distance_s)
{
    return (struct candidate){.state = SELECT_COMBINED,
                              .distance_s = distance_s,
                              .estimate = {.truth = {1000000000 + ns_from_s(offset_s)},
                                           .offset_sd_s = sd_s,
                                           .skew_ppm = 0.1}};
}

static double combined_s(struct candidate *cs, size_t count, struct estimate *e)
{
    cs[0].state = SELECT_SELECTED;
    assert_int_equal(combine_sources(cs, count, 0, e), (int)count);
    return s_from_ns(e->truth.ns - 1000000000);
}

static void combine_weighs_by_noise_when_sources_agree_and_by_distance_when_not(void **state)
{
    struct candidate close[] = {agreeing(0.0, 1e-4, 0.01), agreeing(1e-4, 1e-4, 0.1)};
    struct candidate apart[] = {agreeing(0.0, 1e-4, 0.01), agreeing(5e-3, 1e-4, 0.1)};
    struct estimate e;

    (void)state;
    assert_near(combined_s(close, 2, &e), 3.5e-5, 2e-5);
    assert_true(e.offset_sd_s < 1.2e-4);
    assert_near(combined_s(apart, 2, &e), 0.0, 5e-4);
}

static void combine_of_equals_is_surer_than_each_but_shares_the_oscillator(void **state)
{
    struct candidate cs[4];
    struct estimate e;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        cs[i] = agreeing(1e-5 * (double)i, 1e-4, 0.01);
    assert_near(combined_s(cs, 4, &e), 1.5e-5, 1e-6);
    assert_true(e.offset_sd_s < 0.8e-4 && e.offset_sd_s > 0.5e-4);
    assert_true(e.skew_ppm < 0.08 && e.skew_ppm > 0.05);
    assert_int_equal(combine_sources(cs, 1, 0, &e), 1);
    assert_near(e.offset_sd_s, 1e-4, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(route_finds_a_longer_way_a_shorter_one_and_the_way_back),
        cmocka_unit_test(route_takes_queues_for_queues),
        cmocka_unit_test(route_takes_a_slow_rise_for_a_queue),
        cmocka_unit_test(route_never_runs_out_of_labels),
        cmocka_unit_test(route_excess_is_counted_over_the_own_floor),
        cmocka_unit_test(asymmetry_tells_in_which_direction_the_queue_stands),
        cmocka_unit_test(track_on_a_longer_route_is_as_good_as_before),
        cmocka_unit_test(track_with_a_known_asymmetry_corrects_by_it),
        cmocka_unit_test(track_takes_four_refusals_for_a_new_route),
        cmocka_unit_test(track_sees_through_a_loaded_link),
        cmocka_unit_test(combine_weighs_by_noise_when_sources_agree_and_by_distance_when_not),
        cmocka_unit_test(combine_of_equals_is_surer_than_each_but_shares_the_oscillator),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
