/* test_smooth.c - the served time follows the corrected one without jolts. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/defs.h"
#include "chronyd/reference/smooth.h"

#define TEST(name) static void name(void **state)
#define assert_near(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

static struct osc osc_at(double s)
{
    return osc_add_s((struct osc){1800000000 * NS_PER_S}, s);
}

/* Walk along the path: limits are kept, nothing jumps, and the end is zero at rest. */
static void check_path(const struct smooth *s, double from_s)
{
    double f = s->limits.max_freq_ppm * 1e-6, w = s->limits.max_wander_ppm * 1e-6;
    struct smooth_now now = smooth_now(s, osc_at(from_s));
    double total_s = now.remaining_s, step_s = total_s / 1000.0;
    double first = fmax(f, fabs(now.freq));

    for (int i = 1; i <= 1000; i++) {
        struct smooth_now next = smooth_now(s, osc_at(from_s + i * step_s));

        assert_true(fabs(next.freq) <= first * (1.0 + 1e-9));
        assert_true(fabs(next.wander) <= w * (1.0 + 1e-9));
        assert_near(next.freq, now.freq, w * step_s * 1.001 + 1e-12);
        assert_near(next.offset_s, now.offset_s, first * step_s + 1e-9);
        assert_near(next.remaining_s, total_s - i * step_s, 1e-6 * total_s + 1e-8);
        now = next;
    }
    now = smooth_now(s, osc_at(from_s + total_s + 1.0));
    assert_true(now.offset_s == 0.0 && now.freq == 0.0 && now.remaining_s == 0.0);
    /* the last of the path met it without a jump */
    now = smooth_now(s, osc_at(from_s + total_s - 1e-3));
    assert_near(now.offset_s, 0.0, 1e-9);
    assert_near(now.freq, 0.0, w * 2e-3 + 1e-12);
}

TEST(smooth_is_off_without_limits)
{
    struct smooth s = {.limits = {.max_freq_ppm = 400.0}};

    (void)state;
    assert_false(smooth_is_on(&s));
    s.limits.max_wander_ppm = 0.01;
    assert_true(smooth_is_on(&s));
    assert_true(smooth_now(&s, osc_at(0.0)).offset_s == 0.0);
    smooth_moved(&s, osc_at(0.0), 1.0, 0.0);
    assert_true(smooth_now(&s, osc_at(1.0)).offset_s == 0.0);
}

TEST(smooth_path_keeps_its_limits_from_any_state)
{
    static const struct {
        double offset_s, freq_ppm;
    } moves[] = {
        {1.0, 0.0},  {-1.0, 0.0},    {1e-3, 0.0},   {-1e-3, 0.0},  {1e-6, 0.0},  {0.0, 1.0},
        {0.0, -1.0}, {0.01, 50.0},   {0.01, -50.0}, {-0.01, 50.0}, {-0.01, -50}, {1e-9, 300.0},
        {30.0, 0.0}, {-30.0, 399.0}, {0.0, 400.0},  {0.0, 0.0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
        struct smooth s = {.limits = {.max_freq_ppm = 400.0, .max_wander_ppm = 0.1}};
        struct smooth_now now;

        smooth_start(&s, osc_at(0.0));
        smooth_moved(&s, osc_at(10.0), moves[i].offset_s, moves[i].freq_ppm * 1e-6);
        now = smooth_now(&s, osc_at(10.0));
        assert_near(now.offset_s, -moves[i].offset_s, 1e-12);
        assert_near(now.freq, -moves[i].freq_ppm * 1e-6, 1e-15);
        check_path(&s, 10.0);
    }
}

TEST(smooth_second_of_a_leap_takes_the_shortest_time)
{
    struct smooth s = {.limits = {.max_freq_ppm = 400.0, .max_wander_ppm = 0.001}};

    (void)state;
    smooth_start(&s, osc_at(0.0));
    smooth_moved(&s, osc_at(0.0), -1.0, 0.0);
    /* half the way up, half the way down, never as fast as 400 ppm: 2 sqrt(1 / 1e-9) */
    assert_near(smooth_now(&s, osc_at(0.0)).remaining_s, 2.0 * sqrt(1e9), 1e-3);
    assert_near(smooth_now(&s, osc_at(sqrt(1e9))).offset_s, 0.5, 1e-6);
}

TEST(smooth_moves_add_up_on_the_way)
{
    struct smooth s = {.limits = {.max_freq_ppm = 100.0, .max_wander_ppm = 1.0}};
    struct smooth_now before, after;

    (void)state;
    smooth_start(&s, osc_at(0.0));
    for (int i = 0; i < 50; i++) {
        double at_s = 16.0 * i, offset_s = (i % 5 - 2) * 1e-4, freq = (i % 3 - 1) * 1e-6;

        before = smooth_now(&s, osc_at(at_s));
        smooth_moved(&s, osc_at(at_s), offset_s, freq);
        after = smooth_now(&s, osc_at(at_s));
        assert_near(after.offset_s, before.offset_s - offset_s, 1e-12);
        assert_near(after.freq, before.freq - freq, 1e-15);
    }
    check_path(&s, 16.0 * 49);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smooth_is_off_without_limits),
        cmocka_unit_test(smooth_path_keeps_its_limits_from_any_state),
        cmocka_unit_test(smooth_second_of_a_leap_takes_the_shortest_time),
        cmocka_unit_test(smooth_moves_add_up_on_the_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
