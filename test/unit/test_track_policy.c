/* Steering, polling and what to expect: the decisions that track/ takes for others. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/defs.h"
#include "chronyd/track/poll.h"
#include "chronyd/track/restless.h"
#include "chronyd/track/steer.h"

static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.9g is not within %.3g of %.9g", a, tolerance, b);
}

/* --- steer --- */

/* 100 us and 0.1 ppm: by nature 2000 s, of which 1.8 parts are taken. */
static const struct steer usual = {.offset_s = 50e-6,
                                   .offset_sd_s = 100e-6,
                                   .skew_ppm = 0.1,
                                   .interval_s = 1000.0,
                                   .updates = 100,
                                   .corr_time_ratio = 3.0,
                                   .max_slew_ppm = 83333.333};

static void steer_spreads_noise_over_the_ratio_of_uncertainties(void **state)
{
    static const struct {
        double offset_s, skew_ppm, ratio, interval_s;
        long updates;
        double expected_s;
    } cases[] = {
        {50e-6, 0.1, 3.0, 1000.0, 100, 3600.0},    {-50e-6, 0.1, 3.0, 1000.0, 100, 3600.0},
        {50e-6, 0.1, 1.5, 1000.0, 100, 1800.0},    {50e-6, 0.2, 3.0, 1000.0, 100, 1800.0},
        {50e-6, 0.1, 3.0, 1000.0, 8, 2247.4},      {50e-6, 0.1, 3.0, 100.0, 100, 750.0},
        {50e-6, 0.1, 0.3, 1000.0, 100, 360.0},     {50e-6, 0.1, 6.0, 100.0, 100, 1500.0},
        {50e-6, 0.1, 3.0, 0.0, 0, 50e-6 / 0.0833}, {0.0, 0.1, 3.0, 1000.0, 0, 0.0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct steer s = usual;

        s.offset_s = cases[i].offset_s;
        s.skew_ppm = cases[i].skew_ppm;
        s.corr_time_ratio = cases[i].ratio;
        s.interval_s = cases[i].interval_s;
        s.updates = cases[i].updates;
        assert_near(steer_slew_s(&s), cases[i].expected_s, cases[i].expected_s * 1e-3);
    }
}

static void steer_never_asks_for_more_than_maxslewrate(void **state)
{
    struct steer s = usual;

    (void)state;
    s.offset_s = 1000.0;
    s.max_slew_ppm = 1000.0;
    assert_true(steer_slew_s(&s) >= 1e6 * 0.999);
    s.max_slew_ppm = 0.0;
    assert_true(isfinite(steer_slew_s(&s)));
}

static void steer_hurries_when_the_offset_is_no_noise(void **state)
{
    struct steer s = usual;
    double slow = steer_slew_s(&s);

    (void)state;
    s.offset_s = 0.01;
    assert_true(steer_slew_s(&s) < slow / 20.0);
}

static void steer_without_figures_slews_as_fast_as_it_may(void **state)
{
    struct steer s = usual;

    (void)state;
    s.skew_ppm = 0.0;
    assert_near(steer_slew_s(&s), 50e-6 / 0.0833333, 1e-6);
    s.skew_ppm = (double)NAN;
    assert_near(steer_slew_s(&s), 50e-6 / 0.0833333, 1e-6);
}

static void steer_takes_a_frequency_unless_its_skew_is_too_large(void **state)
{
    struct steer_freq now = {10.0, 0.5}, next;
    struct estimate e = {.freq_ppm = 20.0, .skew_ppm = 0.2};

    (void)state;
    next = steer_frequency(&now, &e, 1000.0, 64.0);
    assert_near(next.freq_ppm, 20.0, 0.0);
    assert_near(next.skew_ppm, 0.2, 0.0);
    next = steer_frequency(&now, &e, 0.1, 64.0);
    assert_near(next.freq_ppm, 10.0, 0.0);
    assert_true(next.skew_ppm > 0.5);
    e.skew_ppm = (double)NAN;
    next = steer_frequency(&now, &e, 1000.0, 64.0);
    assert_near(next.freq_ppm, 10.0, 0.0);
    e.skew_ppm = 0.2;
    e.freq_ppm = (double)INFINITY;
    next = steer_frequency(&now, &e, 1000.0, 64.0);
    assert_near(next.freq_ppm, 10.0, 0.0);
}

/* --- poll --- */

static const struct poll_settings limits = {.minpoll = 6, .maxpoll = 10, .target = 8};

/* A register of a clock that wanders, seen through a path with this jitter. */
static struct track *watched(double wander, double jitter_s, double step_s, int count)
{
    static const struct track_settings settings = {6, 64, 0.0, 1.0, 1e-6, 1e-8};
    struct track *t = track_create(&settings);
    double offset = 0.0, freq = 0.0;
    uint64_t seed = 1;

    assert_non_null(t);
    for (int i = 0; i < count; i++) {
        struct sample s = {.at = {ns_from_s(step_s * i)}};
        double u[4];

        for (int k = 0; k < 4; k++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            u[k] = ((double)(seed >> 11) + 0.5) / 9007199254740992.0;
        }
        freq += wander * sqrt(step_s) * (u[2] + u[3] - 1.0) * 2.45;
        offset += freq * step_s;
        s.delay_s = 0.001 - jitter_s * (log(u[0]) + log(u[1]));
        s.truth.ns = s.at.ns + ns_from_s(offset + jitter_s * (log(u[1]) - log(u[0])) / 2.0);
        s.root_delay_s = s.delay_s;
        assert_true(track_add(t, &s));
    }
    return t;
}

static int settled_poll(double wander, double jitter_s, struct poll_settings s)
{
    struct poll p;
    struct track *t = watched(wander, jitter_s, 64.0, 64);

    poll_reset(&p, &s);
    for (int i = 0; i < 30; i++)
        poll_sample(&p, &s, t, 0.0, 1.0);
    track_destroy(t);
    return p.log2_s;
}

static void poll_asks_a_wandering_clock_often_and_a_quiet_one_seldom(void **state)
{
    struct poll_settings eager = limits, shared = limits;

    (void)state;
    assert_int_equal(settled_poll(1e-6, 50e-6, limits), 6);
    assert_int_equal(settled_poll(1e-10, 5e-3, limits), 10);
    eager.target = 100;
    assert_true(settled_poll(1e-9, 1e-4, eager) < settled_poll(1e-9, 1e-4, limits));
    shared.sources = 100;
    assert_true(settled_poll(1e-9, 1e-4, shared) >= settled_poll(1e-9, 1e-4, limits));
}

static void poll_begins_at_minpoll_and_keeps_its_limits(void **state)
{
    struct track *t = watched(1e-9, 1e-3, 64.0, 2);
    struct poll p;

    (void)state;
    poll_reset(&p, &limits);
    assert_int_equal(p.log2_s, 6);
    for (int i = 0; i < 10; i++) {
        poll_sample(&p, &limits, t, 0.0, 1.0); /* no estimate yet */
        assert_int_equal(p.log2_s, 6);
        assert_true(p.score >= 0.0 && p.score <= 1.0);
    }
    p.log2_s = 17;
    poll_clamp(&p, &limits);
    assert_int_equal(p.log2_s, 10);
    track_destroy(t);
}

static void poll_comes_down_when_a_prediction_failed(void **state)
{
    struct track *t = watched(1e-9, 1e-3, 64.0, 10);
    struct poll p;

    (void)state;
    poll_reset(&p, &limits);
    p.log2_s = 10;
    poll_sample(&p, &limits, t, 0.008, 0.001); /* eight times the distance: three powers of two */
    assert_int_equal(p.log2_s, 7);
    poll_sample(&p, &limits, t, -1e30, 0.001);
    assert_int_equal(p.log2_s, 6);
    track_destroy(t);
}

static void poll_counts_bad_answers_slowly(void **state)
{
    struct poll p;

    (void)state;
    poll_reset(&p, &limits);
    poll_bad_answer(&p, &limits, false);
    assert_near(p.score, 0.1, 1e-9);
    poll_bad_answer(&p, &limits, true);
    assert_near(p.score, 0.12, 1e-9);
    for (int i = 0; i < 9; i++)
        poll_bad_answer(&p, &limits, false);
    assert_int_equal(p.log2_s, 7);
}

static void poll_doubles_in_silence_and_stays_until_a_surprise(void **state)
{
    struct track *t = watched(1e-9, 1e-4, 64.0, 8);
    struct poll p;

    (void)state;
    poll_reset(&p, &limits);
    poll_silence(&p, &limits, t); /* one lost packet is nothing */
    assert_int_equal(p.log2_s, 6);
    poll_silence(&p, &limits, t);
    assert_int_equal(p.log2_s, 7);
    for (int i = 0; i < 10; i++)
        poll_silence(&p, &limits, t);
    assert_int_equal(p.log2_s, 10);
    assert_int_equal(p.missed, 12);
    poll_bad_answer(&p, &limits, false);
    assert_int_equal(p.log2_s, 10);
    assert_int_equal(p.missed, 0);
    poll_sample(&p, &limits, t, 4.0, 1.0); /* off by four times what it may be */
    assert_int_equal(p.log2_s, 9);
    track_destroy(t);
}

static void poll_is_patient_while_there_are_few_samples(void **state)
{
    struct track *t = watched(1e-9, 1e-4, 64.0, 7);
    struct poll p;

    (void)state;
    poll_reset(&p, &limits);
    for (int i = 0; i < 4; i++)
        poll_silence(&p, &limits, t);
    assert_int_equal(p.log2_s, 6);
    poll_silence(&p, &limits, t);
    assert_int_equal(p.log2_s, 7);
    track_destroy(t);
}

static void poll_varies_the_longest_interval_in_silence_only(void **state)
{
    struct poll p = {.log2_s = 10};
    double least = HUGE_VAL, most = 0.0;

    (void)state;
    assert_near(poll_interval_s(&p, &limits), 1024.0, 0.0);
    for (p.missed = 2; p.missed < 30; p.missed++) {
        double s = poll_interval_s(&p, &limits);

        least = fmin(least, s);
        most = fmax(most, s);
    }
    assert_true(least >= 512.0 && least < 600.0);
    assert_true(most <= 1024.0 * 1.21 && most > 1100.0);
    p.log2_s = 9;
    assert_near(poll_interval_s(&p, &limits), 512.0, 0.0);
}

/* --- restless --- */

static struct estimate estimate_of(double wander, double jitter_s, double step_s, int count)
{
    struct track *t = watched(wander, jitter_s, step_s, count);
    struct estimate e;

    assert_true(track_estimate(t, track_newest(t)->at, &e));
    track_destroy(t);
    return e;
}

static void restless_leaves_possible_what_noise_would_hide(void **state)
{
    struct estimate noisy = estimate_of(1e-11, 2e-3, 1024.0, 30);
    struct estimate clear = estimate_of(1e-8, 1e-6, 64.0, 60);

    (void)state;
    /* Noise of milliseconds hides an ordinary crystal; microseconds show how restless it is. */
    assert_true(noisy.restless.wander > 3e-10);
    assert_true(clear.restless.wander > 0.8e-8 && clear.restless.wander < 4e-8);
    assert_true(restless_error_s(&noisy.restless, 0.0) > 2.95 * noisy.offset_sd_s);
    assert_true(restless_error_s(&noisy.restless, 1e5) >
                3.0 * restless_error_s(&noisy.restless, 1e4));
    assert_true(restless_error_s(&clear.restless, 0.0) < 5.0 * clear.offset_sd_s);
}

static void restless_is_scaled_with_the_deviations(void **state)
{
    struct restless r = {1e-3, 1e-7, 4e-8, 2e-12, 1e-14, 0.0};
    double before_s = restless_error_s(&r, 0.0), slope = restless_error_s(&r, 1e9) * 1e-9;

    (void)state;
    assert_near(before_s, 1e-3 + 2.95 * 2e-4, 1e-12);
    restless_scale(&r, 0.5, 0.25);
    assert_near(restless_error_s(&r, 0.0), before_s / 2.0, 1e-12);
    assert_near(restless_error_s(&r, 1e9) * 1e-9, slope / 4.0, 1e-10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steer_spreads_noise_over_the_ratio_of_uncertainties),
        cmocka_unit_test(steer_never_asks_for_more_than_maxslewrate),
        cmocka_unit_test(steer_hurries_when_the_offset_is_no_noise),
        cmocka_unit_test(steer_without_figures_slews_as_fast_as_it_may),
        cmocka_unit_test(steer_takes_a_frequency_unless_its_skew_is_too_large),
        cmocka_unit_test(poll_asks_a_wandering_clock_often_and_a_quiet_one_seldom),
        cmocka_unit_test(poll_begins_at_minpoll_and_keeps_its_limits),
        cmocka_unit_test(poll_comes_down_when_a_prediction_failed),
        cmocka_unit_test(poll_counts_bad_answers_slowly),
        cmocka_unit_test(poll_doubles_in_silence_and_stays_until_a_surprise),
        cmocka_unit_test(poll_is_patient_while_there_are_few_samples),
        cmocka_unit_test(poll_varies_the_longest_interval_in_silence_only),
        cmocka_unit_test(restless_leaves_possible_what_noise_would_hide),
        cmocka_unit_test(restless_is_scaled_with_the_deviations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
