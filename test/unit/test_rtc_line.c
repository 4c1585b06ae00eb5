/* The straight line through RTC readings. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "chronyd/rtc/line.h"

static void rtc_line_of_two_points_is_not_valid(void **state)
{
    const struct rtc_point p[] = {{0.0, 1.0}, {15.0, 2.0}};
    struct rtc_line line = rtc_line_fit(p, 2);

    (void)state;
    assert_false(line.valid);
    assert_true(line.fast_s == 2.0);
}

static void rtc_line_finds_offset_and_rate(void **state)
{
    struct rtc_point p[20];
    struct rtc_line line;

    (void)state;
    for (int i = 0; i < 20; i++)
        p[i] = (struct rtc_point){i * 15.0, 0.25 + i * 15.0 * 20e-6 + (i % 2 ? 1e-6 : -1e-6)};
    line = rtc_line_fit(p, 20);
    assert_true(line.valid);
    assert_int_equal(line.first, 0);
    assert_true(fabs(line.rate - 20e-6) < 1e-8);
    assert_true(fabs(line.fast_s - (0.25 + 285.0 * 20e-6)) < 2e-6);
}

static void rtc_line_drops_the_points_before_a_bend(void **state)
{
    struct rtc_point p[40];
    struct rtc_line line;

    (void)state;
    for (int i = 0; i < 40; i++) {
        double bend = i < 20 ? 0.0 : (i - 20) * 15.0 * 100e-6;

        p[i] = (struct rtc_point){i * 15.0, bend + (i % 2 ? 1e-6 : -1e-6)};
    }
    line = rtc_line_fit(p, 40);
    assert_true(line.first >= 18);
    assert_true(fabs(line.rate - 100e-6) < 2e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rtc_line_of_two_points_is_not_valid),
        cmocka_unit_test(rtc_line_finds_offset_and_rate),
        cmocka_unit_test(rtc_line_drops_the_points_before_a_bend),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
