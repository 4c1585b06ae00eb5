/* test_clock.c - lines, slews, steps and jumps of the local clock. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chronyd/clock/clock.h"
#include "test/unit/fake_os.h"

#define TEST(name) static void name(void **state)
#define START_S 1.8e9
#define assert_near(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

static const struct clock_settings usual = {
    .control = true,
    .max_slew_ppm = 83333.333,
    .max_drift_ppm = 100000.0,
    .max_clock_error_ppm = 1.0,
};

struct world {
    struct fake_os *f;
    struct clock *c;
    int jumps;
    struct clock_jump jump;
};

static void on_jump(void *ctx, const struct clock_jump *jump)
{
    struct world *w = ctx;

    w->jumps++;
    w->jump = *jump;
}

static struct world make_world(double offset_s, double freq_ppm)
{
    struct world w = {.f = malloc(sizeof(*w.f))};

    fake_init(w.f, START_S, offset_s, freq_ppm);
    w.c = clock_create(&w.f->os, &w.f->timers, &w.f->log, &usual);
    return w;
}

static void free_world(struct world *w)
{
    clock_destroy(w->c);
    fake_free(w->f);
    free(w->f);
}

/* Tell the clock the whole truth. */
static void steer_to_truth(struct world *w, bool step, double slew_s)
{
    struct clock_order order = {.at = clock_osc_now(w->c),
                                .truth = fake_true(w->f),
                                .freq_ppm = w->f->freq * 1e6,
                                .step = step,
                                .slew_s = slew_s};

    assert_true(clock_steer(w->c, &order, NULL));
}

static double line_error_s(const struct world *w)
{
    return utc_diff_s(clock_now(w->c), fake_true(w->f));
}

TEST(view_inverses_agree_over_years)
{
    struct clock_view v = {.raw_anchor = {1800000000 * NS_PER_S},
                           .osc_anchor = {1799000000 * NS_PER_S},
                           .rate = -57e-6,
                           .true_anchor = {1800000001 * NS_PER_S},
                           .true_osc = {1799000500 * NS_PER_S},
                           .freq = 57e-6};

    (void)state;
    for (int64_t s = -100000000; s <= 100000000; s += 7654321) {
        struct osc at = {v.osc_anchor.ns + s * NS_PER_S + 123456789};

        assert_true(llabs(clock_view_osc(&v, clock_view_raw(&v, at)).ns - at.ns) <= 1);
        assert_true(llabs(clock_view_when(&v, clock_view_corrected(&v, at)).ns - at.ns) <= 1);
    }
}

TEST(line_follows_truth_while_raw_is_slewed)
{
    struct world w = make_world(-0.1, 100.0);

    (void)state;
    fake_run(w.f, 10.0);
    steer_to_truth(&w, false, 100.0);
    for (int i = 0; i < 300; i++) {
        fake_run(w.f, 1.0);
        assert_near(line_error_s(&w), 0.0, 1e-8);
    }
    assert_near(fake_error_s(w.f), 0.0, 2e-8);
    assert_true(clock_slew_left_s(w.c) == 0.0);
    free_world(&w);
}

TEST(slew_takes_the_wanted_time_and_never_overshoots_much)
{
    struct world w = make_world(-0.01, 0.0);
    double worst = 0.0;

    (void)state;
    w.f->late_s = 1e-3;
    steer_to_truth(&w, false, 50.0);
    fake_run(w.f, 49.0);
    assert_true(fake_error_s(w.f) < -1e-4);
    for (int i = 0; i < 100; i++) {
        fake_run(w.f, 0.1);
        worst = fmax(worst, fake_error_s(w.f));
    }
    assert_true(worst < 1e-6);
    assert_near(fake_error_s(w.f), 0.0, 1e-8);
    free_world(&w);
}

TEST(very_late_timer_is_brought_back_ten_times_slower)
{
    struct world w = make_world(-1.0, 0.0);

    (void)state;
    steer_to_truth(&w, false, 0.0);
    w.f->late_s = 3.0;
    fake_run(w.f, 16.0);
    assert_true(fake_error_s(w.f) > 0.2);
    assert_true(fabs(w.f->rate) <= 0.0084);
    w.f->late_s = 0.0;
    fake_run(w.f, 120.0);
    assert_near(fake_error_s(w.f), 0.0, 1e-8);
    free_world(&w);
}

TEST(slew_without_duration_uses_maxslewrate)
{
    struct world w = make_world(10.0, 20.0);

    (void)state;
    steer_to_truth(&w, false, 0.0);
    assert_near(((1.0 + w.f->rate) * (1.0 + w.f->freq) - 1.0) * 1e6, -83333.333, 0.01);
    fake_run(w.f, 119.0);
    assert_true(fake_error_s(w.f) > 0.05);
    fake_run(w.f, 3.0);
    assert_near(fake_error_s(w.f), 0.0, 1e-8);
    free_world(&w);
}

TEST(base_rate_of_a_fast_oscillator_is_exact)
{
    struct world w = make_world(0.0, 50000.0);

    (void)state;
    steer_to_truth(&w, false, 0.0);
    fake_run(w.f, 100000.0);
    assert_near(fake_error_s(w.f), 0.0, 1e-6);
    assert_near(w.f->rate, -0.05 / 1.05, 1e-12);
    free_world(&w);
}

TEST(coarse_kernel_frequency_is_accounted_for)
{
    struct world w = make_world(0.0, 33.3333);

    (void)state;
    w.f->rate_resolution_ppm = 0.5;
    steer_to_truth(&w, false, 0.0);
    fake_run(w.f, 1000.0);
    assert_near(line_error_s(&w), 0.0, 1e-8);
    assert_near(clock_remaining_s(w.c), -fake_error_s(w.f), 1e-8);
    assert_true(fabs(fake_error_s(w.f)) > 1e-5);
    free_world(&w);
}

TEST(timer_in_a_world_with_a_free_monotonic_clock_looks_again)
{
    struct world w = make_world(-5.0, 0.0);

    (void)state;
    w.f->mono_is_free = true;
    steer_to_truth(&w, false, 0.0);
    for (int i = 0; i < 200; i++) {
        fake_run(w.f, 1.0);
        clock_notice_jump(w.c);
    }
    assert_near(fake_error_s(w.f), 0.0, 1e-8);
    assert_false(fake_logged(w.f, "jump"));
    free_world(&w);
}

TEST(step_is_immediate_and_stops_the_slew)
{
    struct world w = make_world(-3600.0, 10.0);

    (void)state;
    steer_to_truth(&w, false, 0.0);
    fake_run(w.f, 5.0);
    steer_to_truth(&w, true, 0.0);
    assert_int_equal(w.f->steps, 1);
    assert_near(fake_error_s(w.f), 0.0, 1e-6);
    fake_run(w.f, 10.0);
    assert_near(fake_error_s(w.f), 0.0, 1e-8);
    free_world(&w);
}

TEST(refused_step_becomes_a_slew)
{
    struct world w = make_world(-1.0, 0.0);
    struct clock_order order = {.step = true};
    struct err err;

    (void)state;
    w.f->refuse_step = true;
    order.at = clock_osc_now(w.c);
    order.truth = fake_true(w.f);
    assert_false(clock_steer(w.c, &order, &err));
    fake_run(w.f, 20.0);
    assert_near(fake_error_s(w.f), 0.0, 1e-8);
    free_world(&w);
}

TEST(without_permission_the_line_lives_in_software)
{
    struct fake_os f;
    struct clock *c;
    struct clock_order order = {.freq_ppm = 100.0, .step = true};

    (void)state;
    fake_init(&f, START_S, 5.0, 100.0);
    f.may_set = false;
    c = clock_create(&f.os, &f.timers, &f.log, &usual);
    assert_int_equal(fake_log_count(&f, "CAP_SYS_TIME not present"), 1);
    assert_false(clock_in_control(c));
    order.at = clock_osc_now(c);
    order.truth = fake_true(&f);
    assert_true(clock_steer(c, &order, NULL));
    fake_run(&f, 1000.0);
    assert_near(utc_diff_s(clock_now(c), fake_true(&f)), 0.0, 1e-8);
    assert_near(clock_remaining_s(c), -5.1, 1e-6);
    assert_int_equal(f.rates_set + f.steps, 0);
    assert_false(clock_make_step(c, NULL));
    clock_destroy(c);
    assert_int_equal(f.rates_set, 0);
    fake_free(&f);
}

TEST(initial_rate_of_the_kernel_is_kept_as_frequency)
{
    struct fake_os f;
    struct clock *c;

    (void)state;
    fake_init(&f, START_S, 0.0, 30.0);
    f.rate = -30e-6 / (1.0 + 30e-6);
    c = clock_create(&f.os, &f.timers, &f.log, &usual);
    assert_near(clock_freq_ppm(c), 30.0, 1e-9);
    fake_run(&f, 10000.0);
    assert_near(utc_diff_s(clock_now(c), fake_true(&f)), 0.0, 1e-8);
    clock_destroy(c);
    fake_free(&f);
}

TEST(leftover_slew_of_a_killed_daemon_is_stopped)
{
    struct fake_os f;
    struct clock *c;

    (void)state;
    fake_init(&f, START_S, 0.0, 0.0);
    f.rate = 0.08;
    c = clock_create(&f.os, &f.timers, &f.log, &usual);
    assert_true(f.rate == 0.0);
    assert_true(clock_freq_ppm(c) == 0.0);
    clock_destroy(c);
    fake_free(&f);
}

TEST(destroy_stops_the_slew_and_leaves_the_base_rate)
{
    struct world w = make_world(-10.0, 80.0);

    (void)state;
    steer_to_truth(&w, false, 0.0);
    assert_true(w.f->rate > 0.08);
    clock_destroy(w.c);
    assert_near(w.f->rate, -80e-6 / (1.0 + 80e-6), 1e-12);
    fake_free(w.f);
    free(w.f);
}

TEST(frequency_is_clamped_to_maxdrift_and_told_once)
{
    struct world w = make_world(0.0, 0.0);

    (void)state;
    clock_set_freq(w.c, 200000.0);
    clock_set_freq(w.c, 150000.0);
    assert_near(clock_freq_ppm(w.c), 100000.0, 1e-9);
    assert_int_equal(fake_log_count(w.f, "Frequency 200000.0 ppm exceeds allowed maximum"), 1);
    clock_set_freq(w.c, NAN);
    assert_near(clock_freq_ppm(w.c), 100000.0, 1e-9);
    free_world(&w);
}

TEST(set_freq_bends_the_line_and_keeps_the_slew)
{
    struct world w = make_world(-0.1, 50.0);
    double left;

    (void)state;
    steer_to_truth(&w, false, 100.0);
    fake_run(w.f, 20.0);
    left = clock_slew_left_s(w.c);
    clock_set_freq(w.c, 51.0);
    assert_near(clock_slew_left_s(w.c), left, 0.01);
    assert_near(line_error_s(&w), 0.0, 1e-8);
    free_world(&w);
}

TEST(foreign_step_leaves_axis_and_line)
{
    struct world w = make_world(0.0, 12.0);
    struct osc before;

    (void)state;
    clock_set_listener(w.c, on_jump, &w);
    steer_to_truth(&w, true, 0.0);
    fake_run(w.f, 100.0);
    clock_notice_jump(w.c);
    before = clock_osc_now(w.c);
    fake_foreign_step(w.f, -7.5);
    clock_notice_jump(w.c);
    assert_int_equal(w.jumps, 1);
    assert_int_equal(w.jump.cause, CLOCK_JUMP_FOREIGN);
    assert_near(w.jump.offset_s, -7.5, 1e-6);
    assert_near(osc_diff_s(clock_osc_now(w.c), before), 0.0, 1e-6);
    assert_near(line_error_s(&w), 0.0, 1e-6);
    assert_near(clock_remaining_s(w.c), 7.5, 1e-6);
    free_world(&w);
}

TEST(sleep_moves_all_lines_together)
{
    struct world w = make_world(0.0, 40.0);

    (void)state;
    clock_set_listener(w.c, on_jump, &w);
    steer_to_truth(&w, true, 0.0);
    fake_run(w.f, 100.0);
    clock_notice_jump(w.c);
    fake_sleep(w.f, 28800.0);
    clock_notice_jump(w.c);
    assert_int_equal(w.jumps, 1);
    assert_int_equal(w.jump.cause, CLOCK_JUMP_SUSPEND);
    assert_near(w.jump.offset_s, 28800.0, 1e-3);
    assert_near(line_error_s(&w), 0.0, 1e-6);
    assert_near(clock_remaining_s(w.c), 0.0, 1e-6);
    free_world(&w);
}

TEST(sleep_in_the_middle_of_a_slew_keeps_what_remains)
{
    struct world w = make_world(-1.0, 0.0);
    double remaining;

    (void)state;
    steer_to_truth(&w, false, 0.0);
    fake_run(w.f, 5.0);
    clock_notice_jump(w.c);
    remaining = clock_remaining_s(w.c);
    fake_sleep(w.f, 3600.0);
    clock_notice_jump(w.c);
    assert_near(clock_remaining_s(w.c), remaining, 1e-6);
    assert_near(line_error_s(&w), 0.0, 1e-6);
    free_world(&w);
}

TEST(slow_readings_are_no_jump)
{
    struct world w = make_world(0.0, 0.0);

    (void)state;
    clock_set_listener(w.c, on_jump, &w);
    for (int i = 0; i < 100; i++) {
        w.f->read_ns = i % 7 == 0 ? 5e6 : 50.0;
        fake_run(w.f, 0.5);
        clock_notice_jump(w.c);
    }
    assert_int_equal(w.jumps, 0);
    free_world(&w);
}

TEST(stamp_from_before_a_rate_change_is_mapped_by_the_old_rate)
{
    struct world w = make_world(-1.0, 0.0);
    struct utc raw;
    struct osc osc;

    (void)state;
    steer_to_truth(&w, false, 0.0);
    fake_run(w.f, 5.0);
    raw = (struct utc){(int64_t)w.f->raw_ns};
    osc = clock_osc(w.c, raw);
    fake_run(w.f, 10.0); /* the slew ends */
    assert_near(osc_diff_s(clock_osc(w.c, raw), osc), 0.0, 1e-8);
    free_world(&w);
}

TEST(stamp_from_before_a_step_back_is_mapped_by_the_old_line)
{
    struct world w = make_world(2.0, 0.0);
    struct utc raw;
    struct osc osc;

    (void)state;
    fake_run(w.f, 5.0);
    raw = (struct utc){(int64_t)w.f->raw_ns};
    osc = clock_osc(w.c, raw);
    fake_run(w.f, 0.1);
    steer_to_truth(&w, true, 0.0);
    assert_near(osc_diff_s(clock_osc(w.c, raw), osc), 0.0, 1e-8);
    free_world(&w);
}

/* A kernel's stamp is finer than a reading of the clock, and may seem to be ahead of it. */
TEST(stamp_that_is_a_little_ahead_after_a_step_back_is_mapped_by_the_new_line)
{
    struct world w = make_world(2.0, 0.0);
    struct utc now, ahead;

    (void)state;
    fake_run(w.f, 5.0);
    steer_to_truth(&w, true, 0.0);
    fake_run(w.f, 0.1);
    now = (struct utc){(int64_t)w.f->raw_ns};
    ahead = utc_add_s(now, 1e-6);
    assert_near(osc_diff_s(clock_osc(w.c, ahead), clock_osc(w.c, now)), 1e-6, 1e-8);
    free_world(&w);
}

TEST(leap_second_by_step_moves_line_and_raw)
{
    struct world w = make_world(0.0, 10.0);

    (void)state;
    steer_to_truth(&w, true, 0.0);
    fake_run(w.f, 10.0);
    clock_leap(w.c, -1.0, CLOCK_LEAP_STEP);
    assert_near(line_error_s(&w), -1.0, 1e-6);
    assert_near(fake_error_s(w.f), -1.0, 1e-6);
    free_world(&w);
}

TEST(leap_second_by_slew_moves_the_line_at_once)
{
    struct world w = make_world(0.0, 10.0);

    (void)state;
    steer_to_truth(&w, true, 0.0);
    fake_run(w.f, 10.0);
    clock_leap(w.c, -1.0, CLOCK_LEAP_SLEW);
    assert_near(line_error_s(&w), -1.0, 1e-6);
    assert_near(fake_error_s(w.f), 0.0, 1e-6);
    fake_run(w.f, 20.0);
    assert_near(fake_error_s(w.f), -1.0, 1e-6);
    free_world(&w);
}

TEST(foreign_rate_is_noticed_once_and_accounted_for)
{
    struct world w = make_world(0.0, 10.0);
    double ppm = 0.0;

    (void)state;
    steer_to_truth(&w, true, 0.0);
    fake_run(w.f, 10.0);
    assert_false(clock_notice_interference(w.c, &ppm));
    w.f->rate += 100e-6;
    assert_true(clock_notice_interference(w.c, &ppm));
    assert_near(ppm, 100.0, 1e-6);
    fake_run(w.f, 100.0);
    assert_near(line_error_s(&w), 0.0, 1e-6);
    steer_to_truth(&w, false, 1.0);
    assert_false(clock_notice_interference(w.c, &ppm));
    fake_run(w.f, 100.0);
    assert_near(fake_error_s(w.f), 0.0, 1e-8);
    free_world(&w);
}

TEST(foreign_rate_is_noticed_by_the_end_of_a_slew)
{
    struct world w = make_world(-0.1, 0.0);
    double ppm = 0.0;

    (void)state;
    steer_to_truth(&w, false, 100.0);
    fake_run(w.f, 10.0);
    w.f->rate += 200e-6;
    fake_run(w.f, 200.0);
    assert_near(clock_remaining_s(w.c), 0.0, 1e-8);
    assert_true(clock_notice_interference(w.c, &ppm));
    assert_near(ppm, 200.0, 1e-6);
    assert_false(clock_notice_interference(w.c, &ppm));
    free_world(&w);
}

TEST(refused_rate_is_told_once_and_the_line_stays_right)
{
    struct world w = make_world(-0.1, 0.0);

    (void)state;
    w.f->refuse_rate = true;
    steer_to_truth(&w, false, 10.0);
    fake_run(w.f, 10.0);
    steer_to_truth(&w, false, 10.0);
    assert_int_equal(fake_log_count(w.f, "Could not set the rate"), 1);
    assert_near(line_error_s(&w), 0.0, 1e-8);
    assert_near(clock_remaining_s(w.c), 0.1, 1e-8);
    free_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(view_inverses_agree_over_years),
        cmocka_unit_test(line_follows_truth_while_raw_is_slewed),
        cmocka_unit_test(slew_takes_the_wanted_time_and_never_overshoots_much),
        cmocka_unit_test(very_late_timer_is_brought_back_ten_times_slower),
        cmocka_unit_test(slew_without_duration_uses_maxslewrate),
        cmocka_unit_test(base_rate_of_a_fast_oscillator_is_exact),
        cmocka_unit_test(coarse_kernel_frequency_is_accounted_for),
        cmocka_unit_test(timer_in_a_world_with_a_free_monotonic_clock_looks_again),
        cmocka_unit_test(step_is_immediate_and_stops_the_slew),
        cmocka_unit_test(refused_step_becomes_a_slew),
        cmocka_unit_test(without_permission_the_line_lives_in_software),
        cmocka_unit_test(initial_rate_of_the_kernel_is_kept_as_frequency),
        cmocka_unit_test(leftover_slew_of_a_killed_daemon_is_stopped),
        cmocka_unit_test(destroy_stops_the_slew_and_leaves_the_base_rate),
        cmocka_unit_test(frequency_is_clamped_to_maxdrift_and_told_once),
        cmocka_unit_test(set_freq_bends_the_line_and_keeps_the_slew),
        cmocka_unit_test(foreign_step_leaves_axis_and_line),
        cmocka_unit_test(sleep_moves_all_lines_together),
        cmocka_unit_test(sleep_in_the_middle_of_a_slew_keeps_what_remains),
        cmocka_unit_test(slow_readings_are_no_jump),
        cmocka_unit_test(stamp_from_before_a_rate_change_is_mapped_by_the_old_rate),
        cmocka_unit_test(stamp_from_before_a_step_back_is_mapped_by_the_old_line),
        cmocka_unit_test(stamp_that_is_a_little_ahead_after_a_step_back_is_mapped_by_the_new_line),
        cmocka_unit_test(leap_second_by_step_moves_line_and_raw),
        cmocka_unit_test(leap_second_by_slew_moves_the_line_at_once),
        cmocka_unit_test(foreign_rate_is_noticed_once_and_accounted_for),
        cmocka_unit_test(foreign_rate_is_noticed_by_the_end_of_a_slew),
        cmocka_unit_test(refused_rate_is_told_once_and_the_line_stays_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
