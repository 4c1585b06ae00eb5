#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/defs.h"
#include "chronyd/track/track.h"

/* cmocka compares floats; here doubles count. */
static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.9g is not within %.3g of %.9g", a, tolerance, b);
}

#define EPOCH_NS INT64_C(1800000000000000000)

static const struct track_settings defaults = {
    .min_samples = 6,
    .max_samples = 64,
    .asymmetry = 1.0,
    .max_clock_error = 1e-6,
    .precision_s = 1e-7,
};

/* A clock that is slow by `offset_s` at 0 and runs fast by `freq`, seen through a path whose
 * directions take up_s and down_s. */
static struct sample measured(double t_s, double offset_s, double freq, double up_s, double down_s)
{
    double delay = up_s + down_s;
    double error = (up_s - down_s) / 2.0;

    return (struct sample){
        .at = {ns_from_s(t_s)},
        .truth = {EPOCH_NS + ns_from_s(t_s) + ns_from_s(offset_s - freq * t_s + error)},
        .delay_s = delay,
        .dispersion_s = 1e-6,
        .root_delay_s = delay,
        .root_dispersion_s = 1e-5,
        .offset_then_s = offset_s,
    };
}

/* Exponential variables of mean 1 that are the same everywhere. */
static double exponential(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return -log(((double)(*seed >> 11) + 0.5) / 9007199254740992.0);
}

static double error_s(const struct estimate *e, double offset_s, double freq)
{
    double t = s_from_ns(e->at.ns);

    return s_from_ns(e->truth.ns - EPOCH_NS - e->at.ns) - (offset_s - freq * t);
}

static struct track *filled(int samples, double step_s, double jitter_s, uint64_t seed)
{
    struct track *t = track_create(&defaults);

    assert_non_null(t);
    for (int i = 0; i < samples; i++) {
        struct sample s = measured(i * step_s, 0.1, 20e-6, 0.01 + jitter_s * exponential(&seed),
                                   0.01 + jitter_s * exponential(&seed));

        assert_true(track_add(t, &s));
    }
    return t;
}

static void track_needs_three_samples_for_an_estimate(void **state)
{
    struct track *t = track_create(&defaults);
    struct estimate e;

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct sample s = measured(2.0 * i, 0.0, 0.0, 0.01, 0.01);

        assert_int_equal(track_estimate(t, s.at, &e), i >= 3);
        assert_true(track_add(t, &s));
    }
    assert_true(track_estimate(t, (struct osc){0}, &e));
    track_destroy(t);
}

static void track_with_maxsamples_1_estimates_from_one(void **state)
{
    struct track_settings settings = defaults;
    struct sample s = measured(5.0, 0.25, 0.0, 0.01, 0.01);
    struct track *t;
    struct estimate e;

    (void)state;
    settings.max_samples = 1;
    t = track_create(&settings);
    assert_false(track_estimate(t, s.at, &e));
    assert_true(track_add(t, &s));
    assert_true(track_estimate(t, s.at, &e));
    assert_near(error_s(&e, 0.25, 0.0), 0.0, 1e-6);
    track_destroy(t);
}

static void track_without_noise_finds_offset_and_frequency(void **state)
{
    static const struct {
        double offset_s, freq, step_s;
        int samples;
    } cases[] = {
        {0.1, 20e-6, 64.0, 10},   {-3600.0, -400e-6, 64.0, 10}, {1e9, 1e-6, 1024.0, 64},
        {-1e9, 5e-5, 0.125, 200}, {0.0, 0.0, 131072.0, 20},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct track *t = track_create(&defaults);
        struct estimate e;
        double last = cases[i].step_s * cases[i].samples;

        for (int k = 1; k <= cases[i].samples; k++) {
            struct sample s =
                measured(cases[i].step_s * k, cases[i].offset_s, cases[i].freq, 0.01, 0.01);

            assert_true(track_add(t, &s));
        }
        assert_true(track_estimate(t, (struct osc){ns_from_s(last)}, &e));
        assert_near(error_s(&e, cases[i].offset_s, cases[i].freq), 0.0, 2e-7);
        /* The truth of these samples runs at 1 - freq of the oscillator. */
        assert_near(e.freq_ppm, (1.0 / (1.0 - cases[i].freq) - 1.0) * 1e6, 0.5 / cases[i].step_s);
        track_destroy(t);
    }
}

/* The burst at the start, then ordinary polling: the kernel's tick can be wrong by so much. */
static void track_finds_a_clock_that_is_off_by_per_cents(void **state)
{
    static const double freqs[] = {0.05, -0.05, 0.005, 0.09, -0.09};
    static const double times[] = {0.2,   2.2,   4.2,   6.2,   70.0,   134.0,
                                   198.0, 262.0, 326.0, 390.0, 1000.0, 2000.0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(freqs); i++) {
        struct track *t = track_create(&defaults);
        struct estimate e;

        for (size_t k = 0; k < ARRAY_LEN(times); k++) {
            struct sample s = measured(times[k], 0.1, freqs[i], 1e-4, 1e-4);

            assert_true(track_add(t, &s));
            if (k < 2)
                continue;
            assert_true(track_estimate(t, (struct osc){ns_from_s(times[k])}, &e));
            assert_near(error_s(&e, 0.1, freqs[i]), 0.0, 1e-4);
            assert_near(e.freq_ppm, (1.0 / (1.0 - freqs[i]) - 1.0) * 1e6, k < 4 ? 100.0 : 10.0);
        }
        track_destroy(t);
    }
}

static void track_refuses_samples_out_of_order_and_nonsense(void **state)
{
    struct track *t = filled(3, 1.0, 0.0, 1);
    struct sample s = measured(2.0, 0.1, 0.0, 0.01, 0.01);

    (void)state;
    assert_false(track_add(t, &s));
    s.at.ns += 1;
    s.delay_s = (double)NAN;
    assert_false(track_add(t, &s));
    s.delay_s = -1.0;
    assert_false(track_add(t, &s));
    s.delay_s = 0.02;
    s.root_dispersion_s = HUGE_VAL;
    assert_false(track_add(t, &s));
    s.root_dispersion_s = 0.0;
    assert_true(track_add(t, &s));
    assert_int_equal(track_count(t), 4);
    track_destroy(t);
}

static void track_keeps_no_more_than_maxsamples(void **state)
{
    struct track_settings settings = defaults;
    struct track *t = filled(100, 16.0, 1e-3, 3);

    (void)state;
    assert_int_equal(track_count(t), 64);
    assert_int_equal(track_sample(t, 0)->at.ns, ns_from_s(36 * 16.0));
    assert_int_equal(track_newest(t)->at.ns, ns_from_s(99 * 16.0));
    settings.max_samples = 8;
    track_set_settings(t, &settings);
    assert_int_equal(track_count(t), 8);
    assert_int_equal(track_newest(t)->at.ns, ns_from_s(99 * 16.0));
    track_destroy(t);
}

static void track_believes_a_short_round_trip_more_than_a_long_one(void **state)
{
    struct track *t = filled(20, 16.0, 1e-4, 5);
    struct sample s = measured(20 * 16.0, 0.1, 20e-6, 0.06, 0.01);
    struct estimate e;

    (void)state;
    assert_true(track_add(t, &s)); /* 25 ms wrong, and its delay says so */
    assert_true(track_estimate(t, s.at, &e));
    assert_near(error_s(&e, 0.1, 20e-6), 0.0, 2e-4);
    track_destroy(t);
}

static void track_shrugs_off_one_wild_sample_of_ordinary_delay(void **state)
{
    struct track *t = filled(20, 16.0, 1e-4, 5);
    struct sample s = measured(20 * 16.0, 0.6, 20e-6, 0.01, 0.01);
    struct estimate e;

    (void)state;
    assert_true(track_add(t, &s));
    assert_true(track_estimate(t, s.at, &e));
    assert_near(error_s(&e, 0.1, 20e-6), 0.0, 5e-4);
    track_destroy(t);
}

static void track_follows_a_source_that_stepped(void **state)
{
    struct track *t = filled(20, 16.0, 1e-4, 5);
    struct estimate e;
    uint64_t seed = 9;

    (void)state;
    for (int i = 20; i < 26; i++) {
        struct sample s = measured(i * 16.0, 0.6, 20e-6, 0.01 + 1e-4 * exponential(&seed),
                                   0.01 + 1e-4 * exponential(&seed));

        assert_true(track_add(t, &s));
    }
    assert_true(track_estimate(t, track_newest(t)->at, &e));
    assert_near(error_s(&e, 0.6, 20e-6), 0.0, 5e-4);
    track_destroy(t);
}

static void track_after_sleep_keeps_the_frequency_only(void **state)
{
    struct track *t = filled(30, 64.0, 1e-4, 7);
    struct sample s = measured(10000.0, 7.0, 20e-6, 0.01, 0.01);
    struct estimate e;

    (void)state;
    track_break(t, (struct osc){ns_from_s(5000.0)});
    assert_false(track_estimate(t, s.at, &e));
    assert_true(track_add(t, &s));
    assert_true(track_estimate(t, s.at, &e));
    assert_near(error_s(&e, 7.0, 20e-6), 0.0, 5e-4);
    assert_near(e.freq_ppm, 20.0, 2.0);
    track_destroy(t);
}

/* Counts from 1200 s on were wrong by an unknown amount: the newest sample alone tells the offset.
 */
static void track_break_since_leaves_the_newest_sample_and_the_frequency(void **state)
{
    struct track *t = filled(20, 64.0, 1e-4, 7);
    struct sample s = measured(1400.0, 0.1 + 0.05, 20e-6, 0.01, 0.01); /* 50 ms off the others */
    struct estimate e;

    (void)state;
    assert_true(track_add(t, &s));
    track_break_since(t, (struct osc){ns_from_s(1300.0)});
    assert_true(track_estimate(t, s.at, &e));
    assert_near(error_s(&e, 0.1 + 0.05, 20e-6), 0.0, 5e-4);
    assert_near(e.freq_ppm, 20.0, 2.0);
    track_destroy(t);
}

/* Of many runs the true time has to lie within two announced deviations in about 19 of 20 cases. */
static void track_announces_uncertainties_that_hold(void **state)
{
    int outside = 0, runs = 400;

    (void)state;
    for (int i = 0; i < runs; i++) {
        struct track *t = filled(4 + i % 40, 64.0, 1e-3, (uint64_t)i * 77 + 1);
        struct estimate e;

        assert_true(track_estimate(t, track_newest(t)->at, &e));
        outside += fabs(error_s(&e, 0.1, 20e-6)) > 2.0 * e.offset_sd_s;
        outside += fabs(e.freq_ppm - 20.0) > e.skew_ppm;
        track_destroy(t);
    }
    assert_in_range(outside, 0, 2 * runs / 10);
}

/* Samples whose source says that its own dispersion grows, and measures anew every `fresh`. */
static double open_rate(int samples, double step_s, double growth, int fresh)
{
    struct track *t = track_create(&defaults);
    struct estimate e;

    assert_non_null(t);
    for (int i = 0; i < samples; i++) {
        struct sample s = measured(i * step_s, 0.1, 20e-6, 0.01, 0.01);

        s.root_dispersion_s = 1e-3 + s.dispersion_s + growth * step_s * (i % fresh);
        assert_true(track_add(t, &s));
    }
    assert_true(track_estimate(t, track_newest(t)->at, &e));
    track_destroy(t);
    return e.open_rate;
}

static void track_few_samples_leave_the_rate_open(void **state)
{
    int beyond_skew = 0, beyond_open = 0;

    (void)state;
    /* An oscillator is within 100 ppm of its nominal rate, whatever four samples say. */
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        struct track *t = filled(4, 2.0, 1e-3, seed);
        struct estimate e;
        double wrong;

        assert_true(track_estimate(t, track_newest(t)->at, &e));
        wrong = fabs(e.freq_ppm - 20.0);
        beyond_skew += wrong > e.skew_ppm;
        beyond_open += wrong > fmax(e.skew_ppm, e.open_rate * 1e6);
        track_destroy(t);
    }
    assert_true(beyond_skew > 5 && beyond_skew > 4 * beyond_open);
    assert_near(open_rate(20, 64.0, 0.0, 1), 0.0, 0.0);
}

static void track_the_rate_of_a_source_is_open_while_its_dispersion_grows(void **state)
{
    (void)state;
    assert_near(open_rate(20, 64.0, 30e-6, 5), 30e-6, 0.3e-6);
    /* What one step of the packet's field is says nothing. */
    assert_near(open_rate(20, 1.0, 15e-6, 2), 0.0, 0.0);
    assert_near(open_rate(20, 64.0, -1e-9, 20), 0.0, 0.0);
}

static void track_a_source_that_came_nearer_may_have_moved(void **state)
{
    struct track *t = track_create(&defaults);
    struct estimate e;

    (void)state;
    assert_non_null(t);
    for (int i = 0; i < 20; i++) {
        struct sample s = measured(i * 64.0, 0.1, 20e-6, 0.01, 0.01);

        s.root_delay_s += i < 17 ? 0.036 : 0.004;
        assert_true(track_add(t, &s));
    }
    assert_true(track_estimate(t, track_newest(t)->at, &e));
    assert_near(e.open_rate, 0.016 / (3.0 * 64.0), 1e-7);
    track_destroy(t);
}

static void track_uncertainty_grows_with_time(void **state)
{
    struct track *t = filled(20, 64.0, 1e-3, 7);
    struct estimate now, later;
    struct utc truth;
    double dispersion;

    (void)state;
    assert_true(track_estimate(t, track_newest(t)->at, &now));
    assert_true(track_estimate(t, osc_add_s(track_newest(t)->at, 86400.0), &later));
    assert_true(later.offset_sd_s > 2.0 * now.offset_sd_s);
    assert_true(later.root_dispersion_s > now.root_dispersion_s + 0.0864);
    assert_true(later.skew_ppm >= now.skew_ppm);
    assert_true(track_predict(t, track_newest(t)->at, &truth, &dispersion));
    assert_int_equal(truth.ns, now.truth.ns);
    assert_true(dispersion > 0.0);
    track_destroy(t);
}

static void track_prior_frequency_serves_the_first_samples(void **state)
{
    struct track *t = track_create(&defaults);
    struct estimate e;

    (void)state;
    track_set_prior(t, 20.0, 0.1);
    for (int i = 0; i < 3; i++) {
        struct sample s = measured(2.0 * i, 0.1, 20e-6, 0.01 + 1e-3 * i, 0.01);

        assert_true(track_add(t, &s));
    }
    assert_true(track_estimate(t, track_newest(t)->at, &e));
    assert_near(e.freq_ppm, 20.0, 0.2);
    assert_true(e.skew_ppm < 0.4);
    track_destroy(t);
}

static void track_reports_what_sourcestats_shows(void **state)
{
    struct track *t = track_create(&defaults);
    struct track_report r;

    (void)state;
    track_report(t, &r);
    assert_int_equal(r.samples, 0);
    assert_near(r.sd_s, 4.0, 0.0);
    assert_near(r.skew_ppm, 2000.0, 0.0);
    track_destroy(t);
    t = filled(30, 64.0, 1e-3, 11);
    track_report(t, &r);
    assert_int_equal(r.samples, 30);
    assert_in_range(r.runs, 5, 25);
    assert_near(r.span_s, 29 * 64.0, 1e-6);
    assert_true(r.sd_s > 1e-4 && r.sd_s < 2e-3);
    assert_true(r.offset_sd_s > 1e-5 && r.offset_sd_s < 1e-3);
    assert_true(r.skew_ppm > 0.01 && r.skew_ppm < 10.0);
    track_destroy(t);
}

static void track_gives_the_figures_of_the_delay_tests(void **state)
{
    struct track *t = track_create(&defaults);
    struct track_delay d;

    (void)state;
    track_delay(t, &d);
    assert_true(d.min_delay_s < 0.0);
    track_destroy(t);
    t = filled(10, 64.0, 1e-3, 11);
    track_delay(t, &d);
    assert_true(d.min_delay_s >= 0.02 && d.min_delay_s < 0.022);
    assert_int_equal(d.newest.ns, ns_from_s(9 * 64.0));
    track_reset(t);
    track_delay(t, &d);
    assert_true(d.min_delay_s < 0.0);
    track_destroy(t);
}

/* Delays that are all the same leave nothing but the precision of the clock, and that is next to
 * nothing beside a dispersion of a source that is adrift. */
static void track_of_equal_delays_and_great_dispersions_has_an_estimate(void **state)
{
    struct track_settings settings = defaults;
    struct track *t;
    struct estimate e;

    (void)state;
    settings.precision_s = 1e-10;
    t = track_create(&settings);
    for (int i = 0; i < 8; i++) {
        struct sample s = measured(64.0 * i, 0.1, 20e-6, 0.0, 0.0);

        s.dispersion_s = 0.0262695367;
        assert_true(track_add(t, &s));
        if (i < 2)
            continue;
        assert_true(track_estimate(t, s.at, &e));
        assert_near(e.freq_ppm, 20.0, 0.1);
        assert_true(e.skew_ppm >= 0.0 && e.offset_sd_s >= 0.0);
        assert_near(error_s(&e, 0.1, 20e-6), 0.0, 1e-6);
    }
    track_destroy(t);
}

static void track_equal_inputs_give_equal_outputs(void **state)
{
    struct track *a = filled(50, 64.0, 1e-3, 13), *b = filled(50, 64.0, 1e-3, 13);
    struct estimate ea, eb;

    (void)state;
    assert_true(track_estimate(a, track_newest(a)->at, &ea));
    assert_true(track_estimate(b, track_newest(b)->at, &eb));
    assert_int_equal(ea.truth.ns, eb.truth.ns);
    assert_true(ea.freq_ppm == eb.freq_ppm && ea.skew_ppm == eb.skew_ppm);
    track_destroy(a);
    track_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(track_needs_three_samples_for_an_estimate),
        cmocka_unit_test(track_with_maxsamples_1_estimates_from_one),
        cmocka_unit_test(track_without_noise_finds_offset_and_frequency),
        cmocka_unit_test(track_finds_a_clock_that_is_off_by_per_cents),
        cmocka_unit_test(track_refuses_samples_out_of_order_and_nonsense),
        cmocka_unit_test(track_keeps_no_more_than_maxsamples),
        cmocka_unit_test(track_believes_a_short_round_trip_more_than_a_long_one),
        cmocka_unit_test(track_shrugs_off_one_wild_sample_of_ordinary_delay),
        cmocka_unit_test(track_follows_a_source_that_stepped),
        cmocka_unit_test(track_after_sleep_keeps_the_frequency_only),
        cmocka_unit_test(track_break_since_leaves_the_newest_sample_and_the_frequency),
        cmocka_unit_test(track_announces_uncertainties_that_hold),
        cmocka_unit_test(track_few_samples_leave_the_rate_open),
        cmocka_unit_test(track_the_rate_of_a_source_is_open_while_its_dispersion_grows),
        cmocka_unit_test(track_a_source_that_came_nearer_may_have_moved),
        cmocka_unit_test(track_uncertainty_grows_with_time),
        cmocka_unit_test(track_prior_frequency_serves_the_first_samples),
        cmocka_unit_test(track_reports_what_sourcestats_shows),
        cmocka_unit_test(track_gives_the_figures_of_the_delay_tests),
        cmocka_unit_test(track_of_equal_delays_and_great_dispersions_has_an_estimate),
        cmocka_unit_test(track_equal_inputs_give_equal_outputs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
