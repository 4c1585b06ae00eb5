/* test_reference.c - what an update does to the clock, and what is announced. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chronyd/reference/reference.h"
#include "test/unit/fake_os.h"

#define TEST(name) static void name(void **state)
#define START_S 1.8e9
#define assert_near(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

struct world {
    struct fake_os f;
    struct clock *c;
    struct reference *r;
    struct reference_settings settings;
    struct clock_settings clock_settings;
};

static void on_jump(void *ctx, const struct clock_jump *jump)
{
    reference_clock_jumped(ctx, jump);
}

static struct world *make_world(double offset_s, double freq_ppm)
{
    struct world *w = calloc(1, sizeof(*w));

    fake_init(&w->f, START_S, offset_s, freq_ppm);
    w->clock_settings = (struct clock_settings){.control = true,
                                                .max_slew_ppm = 83333.333,
                                                .max_drift_ppm = 100000.0,
                                                .max_clock_error_ppm = 1.0};
    w->settings = (struct reference_settings){.maxchange_start = -1,
                                              .max_update_skew_ppm = 1000.0,
                                              .corr_time_ratio = 3.0,
                                              .log_change_s = 1.0,
                                              .drift_interval_s = 3600,
                                              .local = {.stratum = 10, .distance_s = 1.0}};
    return w;
}

static void start(struct world *w)
{
    w->c = clock_create(&w->f.os, &w->f.timers, &w->f.log, &w->clock_settings);
    w->r = reference_create(&w->f.os, &w->f.timers, &w->f.log, w->c, &w->settings);
    clock_set_listener(w->c, on_jump, w->r);
    reference_start(w->r);
}

static void free_world(struct world *w)
{
    reference_destroy(w->r);
    clock_destroy(w->c);
    fake_free(&w->f);
    free(w);
}

/* An update that tells the truth, plus an error. */
static struct reference_update good_update(struct world *w, double error_s)
{
    return (struct reference_update){
        .estimate = {.at = clock_osc_now(w->c),
                     .truth = utc_add_s(fake_true(&w->f), error_s),
                     .offset_sd_s = 1e-6,
                     .freq_ppm = w->f.freq * 1e6,
                     .skew_ppm = 0.1,
                     .root_delay_s = 0.010,
                     .root_dispersion_s = 0.001},
        .sd_s = 1e-6,
        .sources = 1,
        .stratum = 2,
        .refid = 0xc0000207,
        .addr = addr_from_ipv4(0xc0000207),
    };
}

static void update(struct world *w, double error_s)
{
    struct reference_update u = good_update(w, error_s);

    reference_update(w->r, &u);
}

TEST(update_slews_without_makestep)
{
    struct world *w = make_world(-0.5, 50.0);
    struct reference_report report;

    (void)state;
    start(w);
    update(w, 0.0);
    assert_int_equal(w->f.steps, 0);
    reference_report(w->r, &report);
    assert_near(report.remaining_s, 0.5, 1e-3);
    assert_near(report.last_offset_s, -0.5, 1e-3);
    assert_near(report.freq_ppm, 50.0, 1e-6);
    assert_int_equal(report.figures.stratum, 3);
    fake_run(&w->f, 100.0);
    assert_near(fake_error_s(&w->f), 0.0, 1e-6);
    free_world(w);
}

TEST(makestep_steps_above_the_threshold_for_so_many_updates)
{
    struct world *w = make_world(-5.0, 0.0);

    (void)state;
    w->settings.makestep_threshold_s = 1.0;
    w->settings.makestep_limit = 3;
    start(w);
    update(w, 0.0);
    assert_int_equal(w->f.steps, 1);
    assert_true(fake_logged(&w->f, "System clock wrong by 5.000000 seconds\n"));
    assert_true(fake_logged(&w->f, "System clock was stepped by 5.000000 seconds\n"));
    update(w, 0.9);
    assert_int_equal(w->f.steps, 1);
    fake_run(&w->f, 60.0);
    update(w, -2.0);
    assert_int_equal(w->f.steps, 2);
    update(w, 3.0);
    assert_int_equal(w->f.steps, 2);
    reference_set_makestep(w->r, 1.0, -1);
    update(w, 8.0);
    assert_int_equal(w->f.steps, 3);
    free_world(w);
}

TEST(makestep_counts_updates_that_did_not_step)
{
    struct world *w = make_world(0.0, 0.0);

    (void)state;
    w->settings.makestep_threshold_s = 1.0;
    w->settings.makestep_limit = 2;
    start(w);
    update(w, 0.0);
    update(w, 0.0);
    update(w, 5.0);
    assert_int_equal(w->f.steps, 0);
    free_world(w);
}

TEST(maxchange_ignores_then_exits)
{
    struct world *w = make_world(0.0, 0.0);
    struct verdict v;

    (void)state;
    w->settings.maxchange_s = 10.0;
    w->settings.maxchange_start = 1;
    w->settings.maxchange_ignore = 2;
    start(w);
    update(w, 100.0); /* the start is free */
    fake_run(&w->f, 2000.0);
    update(w, 50.0);
    update(w, 50.0);
    assert_false(reference_wants_exit(w->r));
    assert_int_equal(
        fake_log_count(&w->f, "exceeds the allowed maximum of 10.000 seconds (ignored)"), 2);
    reference_verdict(w->r, &v);
    assert_int_equal(v.state, VERDICT_DEGRADED);
    assert_int_equal(v.reason.code, REASON_OFFSET_IGNORED);
    update(w, 50.0);
    assert_true(reference_wants_exit(w->r));
    assert_true(fake_logged(&w->f, "(exiting)"));
    free_world(w);
}

TEST(update_with_a_large_skew_leaves_the_frequency)
{
    struct world *w = make_world(0.0, 40.0);
    struct reference_update u;

    (void)state;
    w->settings.max_update_skew_ppm = 100.0;
    start(w);
    u = good_update(w, 0.0);
    u.estimate.skew_ppm = 200.0;
    reference_update(w->r, &u);
    assert_near(clock_freq_ppm(w->c), 0.0, 1e-9);
    reference_set_max_update_skew(w->r, 300.0);
    reference_update(w->r, &u);
    assert_near(clock_freq_ppm(w->c), 40.0, 1e-9);
    free_world(w);
}

TEST(drift_file_sets_the_frequency_and_is_written_on_updates_and_at_the_end)
{
    struct world *w = make_world(0.0, -20.0);

    (void)state;
    w->settings.drift_file = "drift";
    w->settings.drift_interval_s = 1000;
    fake_write(&w->f, "drift", "-20.5 0.3\n");
    start(w);
    assert_true(fake_logged(&w->f, "Frequency -20.500 +/- 0.300 ppm read from drift\n"));
    assert_near(w->f.rate, 20.5e-6, 1e-9);
    for (int i = 0; i < 11; i++) {
        assert_string_equal(fake_read(&w->f, "drift"), "-20.5 0.3\n");
        update(w, 0.0);
        fake_run(&w->f, 99.0);
    }
    update(w, 0.0);
    assert_string_equal(fake_read(&w->f, "drift"), "          -20.000000             0.100000\n");
    fake_write(&w->f, "drift", "");
    fake_run(&w->f, 10.0);
    update(w, 0.0);
    reference_destroy(w->r);
    w->r = NULL;
    assert_string_equal(fake_read(&w->f, "drift"), "          -20.000000             0.100000\n");
    free_world(w);
}

/* Starts with that file and ends without an update; whether it holds `wanted` then. */
static void check_drift_file(const char *before, const char *wanted)
{
    struct world *w = make_world(0.0, 0.0);

    w->settings.drift_file = "drift";
    if (before)
        fake_write(&w->f, "drift", before);
    w->f.rate = -3e-6;
    start(w);
    reference_destroy(w->r);
    w->r = NULL;
    assert_string_equal(fake_read(&w->f, "drift"), wanted);
    free_world(w);
}

TEST(drift_file_is_written_at_the_end_without_an_update)
{
    (void)state;
    check_drift_file("12.5 0.5\n", "           12.500000             0.500000\n");
    check_drift_file("0.0 0.5\n", "            3.000009             0.500000\n"); /* the kernel's */
    check_drift_file(NULL, "            3.000009       1000000.000000\n");
    check_drift_file("x\n", "x\n");
}

TEST(tracking_log_begins_unsynchronised)
{
    struct world *w = make_world(1.2e-5, 0.0);
    struct reason why = {.code = REASON_NO_SELECTABLE};
    const char *log;

    (void)state;
    w->settings.log_tracking = true;
    w->settings.logs = (struct logfile_settings){.dir = "/logs", .banner = 32};
    start(w);
    reference_unsynchronise(w->r, NULL, &why);
    reference_unsynchronise(w->r, NULL, &why);
    update(w, 0.0);
    log = fake_read(&w->f, "/logs/tracking.log");
    assert_non_null(log);
    assert_non_null(strstr(log, "2027-01-15 08:00:00 0.0.0.0          0      0.000 1000000.000  "
                                "0.000e+00 ?  0  0.000e+00  0.000e+00  1.000e+00  1.000e+00  "
                                "1.500e+00\n"));
    assert_non_null(strstr(log, "2027-01-15 08:00:00 192.0.2.7        3      0.000      0.100 "
                                " 1.200e-05 N  1  1.000e-06  0.000e+00  1.000e-02  1.000e-03  "
                                "1.500e+00\n"));
    free_world(w);
}

TEST(dispersion_grows_with_skew_and_maxclockerror)
{
    struct world *w = make_world(0.0, 0.0);
    struct reference_figures figures;
    struct verdict v;

    (void)state;
    start(w);
    update(w, 0.0);
    fake_run(&w->f, 1000.0);
    reference_figures(w->r, &figures);
    assert_near(figures.root_dispersion_s, 0.001 + 1000.0 * 1.1e-6, 1e-8);
    assert_near(figures.dispersion_rate, 1.1e-6, 1e-12);
    reference_verdict(w->r, &v);
    assert_int_equal(v.state, VERDICT_OK);
    assert_near(v.bound_s, 0.0021 + 0.005, 1e-6);
    /* five deviations: of the offset, and of what the frequency brought about */
    assert_near(v.expected_s, 5.0 * (1e-6 + 1000.0 * 0.05e-6), 1e-7);
    free_world(w);
}

TEST(what_a_restless_oscillator_may_bring_about_is_expected)
{
    struct world *w = make_world(0.0, 0.0);
    struct reference_update u;
    struct verdict now, later;

    (void)state;
    start(w);
    u = good_update(w, 0.0);
    u.estimate.restless = (struct restless){.apart_s = -1e-3, .var_x = 1e-8, .wander = 1e-8};
    reference_update(w->r, &u);
    reference_verdict(w->r, &now);
    assert_near(now.expected_s, 1e-3 + 2.95 * 1e-4, 1e-9);
    fake_run(&w->f, 1000.0);
    reference_verdict(w->r, &later);
    assert_near(later.expected_s, 1e-3 + 2.95 * sqrt(1e-8 + 1e-16 * 1e9 / 3.0), 1e-9);
    assert_true(later.expected_s < later.bound_s);
    free_world(w);
}

TEST(unsynchronised_figures_are_those_of_the_protocol)
{
    struct world *w = make_world(0.0, 0.0);
    struct reason why = {.code = REASON_NO_MAJORITY};
    struct reference_report report;
    struct verdict v;

    (void)state;
    start(w);
    update(w, 0.0);
    reference_unsynchronise(w->r, NULL, &why);
    reference_report(w->r, &report);
    assert_int_equal(report.figures.stratum, 0);
    assert_int_equal(report.figures.leap, LEAP_UNSYNCHRONISED);
    assert_int_equal(report.figures.refid, 0);
    assert_int_equal(report.figures.addr.family, ADDR_NONE);
    assert_true(report.figures.root_delay_s == 1.0 && report.figures.root_dispersion_s == 1.0);
    reference_verdict(w->r, &v);
    assert_int_equal(v.state, VERDICT_UNSYNCHRONISED);
    assert_int_equal(v.reason.code, REASON_NO_MAJORITY);
    assert_true(v.expected_s >= v.bound_s);
    free_world(w);
}

TEST(client_of_stratum_15_has_nothing_to_announce)
{
    struct world *w = make_world(-0.1, 0.0);
    struct reference_update u;
    struct reference_figures figures;

    (void)state;
    start(w);
    u = good_update(w, 0.0);
    u.stratum = 15;
    reference_update(w->r, &u);
    reference_figures(w->r, &figures);
    assert_false(figures.synchronised);
    assert_int_equal(figures.leap, LEAP_UNSYNCHRONISED);
    fake_run(&w->f, 60.0);
    assert_near(fake_error_s(&w->f), 0.0, 1e-6); /* but knows the time */
    free_world(w);
}

TEST(local_reference_serves_at_once)
{
    struct world *w = make_world(0.0, 0.0);
    struct reference_figures figures;

    (void)state;
    w->settings.local.enabled = true;
    start(w);
    reference_figures(w->r, &figures);
    assert_true(figures.synchronised && figures.local);
    assert_int_equal(figures.stratum, 10);
    assert_int_equal(figures.refid, 0x7f7f0101);
    assert_int_equal(figures.leap, LEAP_NORMAL);
    assert_true(figures.root_delay_s == 0.0 && figures.root_dispersion_s == 0.0);
    assert_int_equal(reference_orphan_stratum(w->r), 16);
    free_world(w);
}

TEST(local_reference_waits_for_its_times_and_bumps_the_generation)
{
    struct world *w = make_world(0.0, 0.0);
    struct reference_figures figures;
    struct reason why = {.code = REASON_NO_SELECTABLE};
    uint64_t generation;

    (void)state;
    w->settings.local.enabled = true;
    w->settings.local.orphan = true;
    w->settings.local.wait_unsynced_s = 300.0;
    start(w);
    assert_int_equal(reference_orphan_stratum(w->r), 10);
    reference_figures(w->r, &figures);
    assert_false(figures.synchronised);
    fake_run(&w->f, 299.0);
    reference_figures(w->r, &figures);
    assert_false(figures.synchronised);
    generation = reference_generation(w->r);
    fake_run(&w->f, 2.0);
    reference_figures(w->r, &figures);
    assert_true(figures.local);
    assert_true(reference_generation(w->r) != generation);

    update(w, 0.0);
    reference_figures(w->r, &figures);
    assert_false(figures.local);
    reference_unsynchronise(w->r, NULL, &why);
    reference_figures(w->r, &figures);
    assert_false(figures.synchronised);
    fake_run(&w->f, 301.0);
    reference_figures(w->r, &figures);
    assert_true(figures.local);
    free_world(w);
}

TEST(local_reference_takes_over_when_the_distance_has_grown)
{
    struct world *w = make_world(0.0, 0.0);
    struct reference_figures figures;
    uint64_t generation;

    (void)state;
    w->settings.local.enabled = true;
    w->settings.local.distance_s = 0.01;
    w->settings.local.wait_synced_s = 2000.0;
    start(w);
    update(w, 0.0); /* distance 0.006, growing by 1.1e-6: 3636 s */
    fake_run(&w->f, 3500.0);
    reference_figures(w->r, &figures);
    assert_false(figures.local);
    generation = reference_generation(w->r);
    fake_run(&w->f, 200.0);
    reference_figures(w->r, &figures);
    assert_true(figures.local);
    assert_true(reference_generation(w->r) != generation);
    free_world(w);
}

TEST(local_reference_activates_only_after_a_good_distance)
{
    struct world *w = make_world(0.0, 0.0);
    struct reference_figures figures;
    struct reason why = {.code = REASON_NO_SELECTABLE};

    (void)state;
    w->settings.local.enabled = true;
    w->settings.local.activate_s = 0.1;
    start(w);
    fake_run(&w->f, 1000.0);
    reference_figures(w->r, &figures);
    assert_false(figures.synchronised);
    update(w, 0.0);
    reference_unsynchronise(w->r, NULL, &why);
    reference_figures(w->r, &figures);
    assert_true(figures.local);
    free_world(w);
}

TEST(rtcsync_tells_the_kernel_the_bound_and_keeps_it_fresh)
{
    struct world *w = make_world(0.0, 0.0);
    struct reason why = {.code = REASON_NO_SELECTABLE};
    int set;

    (void)state;
    w->settings.rtcsync = true;
    start(w);
    assert_false(w->f.status.synchronised);
    update(w, 0.0);
    assert_true(w->f.status.synchronised);
    assert_near(w->f.status.max_error_s, 0.006, 1e-4);
    set = w->f.statuses_set;
    fake_run(&w->f, 1000.0);
    assert_true(w->f.statuses_set - set >= 15);
    assert_near(w->f.status.max_error_s, 0.0071, 1e-4);
    reference_unsynchronise(w->r, NULL, &why);
    assert_false(w->f.status.synchronised);
    free_world(w);
}

TEST(kernel_stays_unsynchronised_without_rtcsync)
{
    struct world *w = make_world(0.0, 0.0);

    (void)state;
    start(w);
    update(w, 0.0);
    assert_false(w->f.status.synchronised);
    free_world(w);
}

TEST(once_steps_whatever_the_size_and_is_done)
{
    struct world *w = make_world(-0.25, 0.0);

    (void)state;
    w->settings.mode = REFERENCE_UPDATE_ONCE;
    start(w);
    assert_int_equal(reference_once(w->r), ONCE_WAITING);
    update(w, 0.0);
    assert_int_equal(reference_once(w->r), ONCE_DONE);
    assert_near(fake_error_s(&w->f), 0.0, 1e-6);
    assert_string_equal(w->f.lines, "System clock wrong by 0.250000 seconds (step)\n");
    free_world(w);
}

TEST(print_once_only_prints)
{
    struct world *w = make_world(0.25, 0.0);

    (void)state;
    w->settings.mode = REFERENCE_PRINT_ONCE;
    start(w);
    update(w, 0.0);
    assert_int_equal(reference_once(w->r), ONCE_DONE);
    assert_int_equal(w->f.steps + w->f.rates_set, 0);
    assert_string_equal(w->f.lines, "System clock wrong by -0.250000 seconds (ignored)\n");
    free_world(w);
}

TEST(fallbackdrift_installs_longer_averages_as_silence_lasts)
{
    struct world *w = make_world(0.0, 0.0);
    struct verdict v;

    (void)state;
    w->settings.fallback_drift_min = 10;
    w->settings.fallback_drift_max = 12;
    start(w);
    for (int i = 0; i < 100; i++) { /* 6400 s, the frequency goes from 0 to 9.9 ppm */
        w->f.freq = i * 0.1e-6;
        update(w, 0.0);
        fake_run(&w->f, 64.0);
    }
    assert_near(clock_freq_ppm(w->c), 9.9, 1e-6);
    fake_run(&w->f, 900.0);
    assert_near(clock_freq_ppm(w->c), 9.9, 1e-6);
    fake_run(&w->f, 100.0);
    assert_true(clock_freq_ppm(w->c) < 9.0 && clock_freq_ppm(w->c) > 7.5);
    reference_verdict(w->r, &v);
    assert_int_equal(v.state, VERDICT_UNSYNCHRONISED);
    fake_run(&w->f, 4096.0);
    assert_true(clock_freq_ppm(w->c) < 7.0 && clock_freq_ppm(w->c) > 4.0);
    free_world(w);
}

TEST(holdover_grows_as_the_oscillator_has_strayed_before)
{
    struct world *w = make_world(0.0, 0.0);
    struct verdict v;

    (void)state;
    start(w);
    for (int i = 0; i < 1350; i++) { /* a day's curve of 2 ppm for four days, every 256 s */
        w->f.freq = 2e-6 * sin(i * 256.0 * 2.0 * M_PI / 86400.0);
        update(w, 0.0);
        fake_run(&w->f, 256.0);
    }
    reference_verdict(w->r, &v);
    assert_true(v.bound_s < 0.0066); /* no difference while it is updated */
    w->f.freq += 3e-6;
    fake_run(&w->f, 43200.0);
    reference_verdict(w->r, &v);
    assert_true(fabs(fake_error_s(&w->f)) < v.bound_s);
    assert_true(v.bound_s < 0.4);
    free_world(w);
}

TEST(small_foreign_step_is_brought_back)
{
    struct world *w = make_world(0.0, 0.0);

    (void)state;
    start(w);
    update(w, 0.0);
    fake_run(&w->f, 10.0);
    clock_notice_jump(w->c);
    fake_foreign_step(&w->f, 2.0);
    clock_notice_jump(w->c);
    fake_run(&w->f, 60.0);
    assert_near(fake_error_s(&w->f), 0.0, 1e-5);
    free_world(w);
}

TEST(large_foreign_step_unsynchronises_until_it_is_measured)
{
    struct world *w = make_world(0.0, 0.0);
    struct verdict v;

    (void)state;
    start(w);
    update(w, 0.0);
    fake_run(&w->f, 10.0);
    clock_notice_jump(w->c);
    fake_foreign_step(&w->f, -3600.0);
    clock_notice_jump(w->c);
    assert_true(fake_logged(&w->f, "Backward time jump detected!"));
    reference_verdict(w->r, &v);
    assert_int_equal(v.state, VERDICT_UNSYNCHRONISED);
    assert_int_equal(v.reason.code, REASON_CLOCK_JUMPED);
    fake_foreign_step(&w->f, 7200.0);
    clock_notice_jump(w->c);
    assert_true(fake_logged(&w->f, "Forward time jump detected!"));
    free_world(w);
}

TEST(sleep_keeps_the_reference_with_a_larger_bound)
{
    struct world *w = make_world(0.0, 0.0);
    struct verdict v;

    (void)state;
    start(w);
    update(w, 0.0);
    fake_run(&w->f, 10.0);
    clock_notice_jump(w->c);
    fake_sleep(&w->f, 3600.0);
    clock_notice_jump(w->c);
    reference_verdict(w->r, &v);
    assert_true(v.bound_s > 0.5 && v.bound_s < 2.0);
    assert_true(v.expected_s > 0.5 && v.expected_s <= v.bound_s);
    assert_int_not_equal(v.state, VERDICT_UNSYNCHRONISED);
    free_world(w);
}

TEST(interference_is_told_once_per_occurrence)
{
    struct world *w = make_world(0.0, 0.0);
    struct verdict v;

    (void)state;
    start(w);
    update(w, 0.0);
    fake_run(&w->f, 10.0);
    for (int i = 0; i < 3; i++) {
        w->f.rate += 50e-6;
        update(w, 0.0);
        fake_run(&w->f, 10.0);
    }
    assert_int_equal(
        fake_log_count(&w->f, "System clock interference detected (another NTP client?)"), 1);
    reference_verdict(w->r, &v);
    assert_int_equal(v.reason.code, REASON_INTERFERENCE);
    update(w, 0.0);
    reference_verdict(w->r, &v);
    assert_int_equal(v.reason.code, REASON_NONE);
    free_world(w);
}

TEST(doffset_and_dfreq_move_the_line_as_asked)
{
    struct world *w = make_world(0.0, 0.0);

    (void)state;
    start(w);
    update(w, 0.0);
    assert_true(reference_add_offset(w->r, 0.02)); /* the clock is ahead */
    fake_run(&w->f, 30.0);
    assert_near(fake_error_s(&w->f), -0.02, 1e-6);
    reference_add_freq(w->r, 3.0);
    assert_near(clock_freq_ppm(w->c), 3.0, 1e-9);
    assert_false(reference_add_offset(w->r, NAN));
    assert_false(reference_add_offset(w->r, 1e12));
    free_world(w);
}

TEST(makestep_command_steps_what_remains)
{
    struct world *w = make_world(-0.4, 0.0);

    (void)state;
    start(w);
    update(w, 0.0);
    assert_true(reference_make_step(w->r));
    assert_near(fake_error_s(&w->f), 0.0, 1e-6);
    assert_true(fake_logged(&w->f, "System clock was stepped by 0.4"));
    w->f.refuse_step = true;
    assert_false(reference_make_step(w->r));
    free_world(w);
}

TEST(mail_is_sent_about_a_large_change)
{
    struct world *w = make_world(-0.3, 0.0);

    (void)state;
    w->settings.mail_user = "root@localhost";
    w->settings.mail_threshold_s = 0.2;
    start(w);
    update(w, -0.2);
    assert_string_equal(w->f.mail, "");
    update(w, 0.3);
    assert_int_equal(strncmp(w->f.mail,
                             "To: root@localhost\n"
                             "Subject: The system clock was wrong by 0.500 seconds\n\n",
                             72),
                     0);
    assert_non_null(strstr(w->f.mail, " UTC chronyd found"));
    assert_non_null(strstr(w->f.mail, "seconds behind true time"));
    free_world(w);
}

TEST(smoothing_keeps_the_served_time_continuous)
{
    struct world *w = make_world(0.0, 0.0);
    struct reference_figures before, after;
    struct reference_smoothing s;

    (void)state;
    w->settings.smooth = (struct smooth_limits){.max_freq_ppm = 400.0, .max_wander_ppm = 0.01};
    start(w);
    update(w, 0.0);
    reference_figures(w->r, &before);
    assert_true(before.smoothing);
    assert_true(before.smooth_offset_s == 0.0);
    fake_run(&w->f, 64.0);
    update(w, 0.01); /* the corrected time goes forward by 10 ms */
    reference_figures(w->r, &after);
    assert_near(after.smooth_offset_s, -0.01, 1e-6);
    assert_true(reference_smoothing(w->r, &s));
    assert_true(s.active && !s.leap_only);
    assert_near(s.remaining_s, 2.0 * sqrt(0.01 / 1e-8), 1.0);
    fake_run(&w->f, 3000.0);
    reference_figures(w->r, &after);
    assert_true(after.smooth_offset_s == 0.0);
    assert_true(reference_add_offset(w->r, 0.02));
    assert_true(reference_smoothing_command(w->r, false));
    reference_figures(w->r, &after);
    assert_true(after.smoothing && after.smooth_offset_s == 0.0);
    free_world(w);
}

TEST(smoothing_waits_for_a_good_frequency_or_a_command)
{
    struct world *w = make_world(0.0, 0.0);
    struct reference_figures figures;

    (void)state;
    w->settings.smooth = (struct smooth_limits){.max_freq_ppm = 400.0, .max_wander_ppm = 1e-6};
    start(w);
    update(w, 0.0);
    reference_figures(w->r, &figures);
    assert_false(figures.smoothing);
    assert_true(reference_smoothing_command(w->r, true));
    reference_figures(w->r, &figures);
    assert_true(figures.smoothing);
    free_world(w);
}

TEST(smoothing_of_leap_seconds_alone_lets_updates_through)
{
    struct world *w = make_world(0.0, 0.0);
    struct reference_figures figures;

    (void)state;
    w->settings.smooth =
        (struct smooth_limits){.max_freq_ppm = 400.0, .max_wander_ppm = 0.001, .leap_only = true};
    w->settings.leapsec_mode = LEAPSEC_SLEW;
    start(w);
    update(w, 0.0);
    update(w, 0.01);
    reference_figures(w->r, &figures);
    assert_true(!figures.smoothing && figures.smooth_offset_s == 0.0);
    free_world(w);
}

TEST(verdict_without_control_says_why)
{
    struct world *w = make_world(-5.0, 0.0);
    struct verdict v;

    (void)state;
    w->clock_settings.control = false;
    w->settings.makestep_threshold_s = 0.1;
    w->settings.makestep_limit = -1;
    start(w);
    update(w, 0.0);
    reference_verdict(w->r, &v);
    assert_int_equal(v.state, VERDICT_NOT_IN_CONTROL);
    assert_int_equal(v.reason.code, REASON_CONTROL_OFF);
    assert_near(v.bound_s, 5.006, 1e-3);
    assert_int_equal(w->f.steps + w->f.rates_set + w->f.statuses_set, 0);
    assert_false(fake_logged(&w->f, "stepped"));
    free_world(w);
}

TEST(verdict_names_are_words)
{
    (void)state;
    assert_string_equal(verdict_name(VERDICT_OK), "ok");
    assert_string_equal(verdict_name(VERDICT_NOT_IN_CONTROL), "not in control");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(update_slews_without_makestep),
        cmocka_unit_test(makestep_steps_above_the_threshold_for_so_many_updates),
        cmocka_unit_test(makestep_counts_updates_that_did_not_step),
        cmocka_unit_test(maxchange_ignores_then_exits),
        cmocka_unit_test(update_with_a_large_skew_leaves_the_frequency),
        cmocka_unit_test(drift_file_sets_the_frequency_and_is_written_on_updates_and_at_the_end),
        cmocka_unit_test(drift_file_is_written_at_the_end_without_an_update),
        cmocka_unit_test(tracking_log_begins_unsynchronised),
        cmocka_unit_test(dispersion_grows_with_skew_and_maxclockerror),
        cmocka_unit_test(what_a_restless_oscillator_may_bring_about_is_expected),
        cmocka_unit_test(unsynchronised_figures_are_those_of_the_protocol),
        cmocka_unit_test(client_of_stratum_15_has_nothing_to_announce),
        cmocka_unit_test(local_reference_serves_at_once),
        cmocka_unit_test(local_reference_waits_for_its_times_and_bumps_the_generation),
        cmocka_unit_test(local_reference_takes_over_when_the_distance_has_grown),
        cmocka_unit_test(local_reference_activates_only_after_a_good_distance),
        cmocka_unit_test(rtcsync_tells_the_kernel_the_bound_and_keeps_it_fresh),
        cmocka_unit_test(kernel_stays_unsynchronised_without_rtcsync),
        cmocka_unit_test(once_steps_whatever_the_size_and_is_done),
        cmocka_unit_test(print_once_only_prints),
        cmocka_unit_test(fallbackdrift_installs_longer_averages_as_silence_lasts),
        cmocka_unit_test(holdover_grows_as_the_oscillator_has_strayed_before),
        cmocka_unit_test(small_foreign_step_is_brought_back),
        cmocka_unit_test(large_foreign_step_unsynchronises_until_it_is_measured),
        cmocka_unit_test(sleep_keeps_the_reference_with_a_larger_bound),
        cmocka_unit_test(interference_is_told_once_per_occurrence),
        cmocka_unit_test(doffset_and_dfreq_move_the_line_as_asked),
        cmocka_unit_test(makestep_command_steps_what_remains),
        cmocka_unit_test(mail_is_sent_about_a_large_change),
        cmocka_unit_test(smoothing_keeps_the_served_time_continuous),
        cmocka_unit_test(smoothing_waits_for_a_good_frequency_or_a_command),
        cmocka_unit_test(smoothing_of_leap_seconds_alone_lets_updates_through),
        cmocka_unit_test(verdict_without_control_says_why),
        cmocka_unit_test(verdict_names_are_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
