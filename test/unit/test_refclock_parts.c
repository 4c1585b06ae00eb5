/* test_refclock_parts.c - the arithmetic of pulses, and the median filter. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chronyd/refclock/median.h"
#include "chronyd/refclock/pulse.h"

#define TEST(name) static void name(void **state)
#define assert_near(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

TEST(pulse_belongs_to_the_nearest_interval)
{
    static const struct {
        double interval_s, width_s, limit, offset_s, about_s, uncertainty_s;
        bool placed;
        double result_s;
    } cases[] = {
        {1.0, 0.0, 0.4, 0.1, 0.0, 0.0, true, 0.1},
        {1.0, 0.0, 0.4, 0.1, 5.2, 0.0, true, 5.1},
        {1.0, 0.0, 0.4, 0.1, -7.0, 0.0, true, -6.9},
        {1.0, 0.0, 0.4, -3.9, 0.2, 0.0, true, 0.1},
        /* as far as this is too far */
        {1.0, 0.0, 0.4, 0.0, 0.39, 0.0, true, 0.0},
        {1.0, 0.0, 0.4, 0.0, 0.41, 0.0, false, 0.0},
        {1.0, 0.0, 0.4, 0.0, 0.3, 0.09, true, 0.0},
        {1.0, 0.0, 0.4, 0.0, 0.3, 0.11, false, 0.0},
        {1.0, 0.0, 0.5, 0.0, 0.45, 0.0, true, 0.0},
        /* ten pulses per second */
        {0.1, 0.0, 0.4, 0.04, 12.35, 0.0, true, 12.34},
        {0.1, 0.0, 0.4, 0.04, 12.385, 0.0, false, 0.0},
        /* the other edge of a pulse of 0.2 s, and of one of 0.8 s */
        {1.0, 0.2, 0.4, 0.0, 0.09, 0.0, true, 0.0},
        {1.0, 0.2, 0.4, 0.0, 0.11, 0.0, false, 0.0},
        {1.0, 0.8, 0.4, 0.0, 0.11, 0.0, false, 0.0},
        {1.0, 0.2, 0.4, 0.0, 0.05, 0.06, false, 0.0},
        /* no numbers */
        {1.0, 0.0, 0.4, NAN, 0.0, 0.0, false, 0.0},
        {1.0, 0.0, 0.4, 0.0, INFINITY, 0.0, false, 0.0},
        {1.0, 0.0, 0.4, 0.0, 0.0, NAN, false, 0.0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct pulse_rule rule = {cases[i].interval_s, cases[i].width_s, cases[i].limit};
        double placed_s = 0.0;

        assert_int_equal(pulse_place(&rule, cases[i].offset_s, cases[i].about_s,
                                     cases[i].uncertainty_s, &placed_s),
                         cases[i].placed);
        if (cases[i].placed)
            assert_near(placed_s, cases[i].result_s, 1e-12);
    }
}

/* Oscillator, raw and corrected time are the same. */
static struct clock_view plain_view(void)
{
    return (struct clock_view){0};
}

static void add(struct median *m, double at_s, double offset_s)
{
    struct reading r = {.at = {ns_from_s(at_s)},
                        .truth = {ns_from_s(at_s + offset_s)},
                        .dispersion_s = 1e-6,
                        .leap = LEAP_NORMAL};

    median_add(m, &r);
}

static double offset_of(const struct reading *r)
{
    return s_from_ns(r->truth.ns - r->at.ns);
}

TEST(median_of_nothing_is_nothing)
{
    struct clock_view view = plain_view();
    struct median m;
    struct reading r;

    (void)state;
    median_init(&m, 64);
    assert_false(median_combine(&m, &view, &r));
    add(&m, 1.0, 0.5);
    median_clear(&m);
    assert_false(median_combine(&m, &view, &r));
}

TEST(median_of_one_is_itself)
{
    struct clock_view view = plain_view();
    struct median m;
    struct reading r;

    (void)state;
    median_init(&m, 64);
    add(&m, 1.0, 0.5);
    assert_true(median_combine(&m, &view, &r));
    assert_int_equal(r.at.ns, NS_PER_S);
    assert_near(offset_of(&r), 0.5, 1e-9);
    assert_near(r.dispersion_s, 1e-6, 1e-12);
}

TEST(median_leaves_out_four_in_ten)
{
    struct clock_view view = plain_view();
    static const double offsets[] = {1e-6, 9.0, 2e-6, 3e-6, 0.4, -2e-6, 0.5, 0.0, -1e-6, 4e-6};
    struct median m;
    struct reading r;

    (void)state;
    median_init(&m, 64);
    for (size_t i = 0; i < ARRAY_LEN(offsets); i++)
        add(&m, (double)i, offsets[i]);
    assert_true(median_combine(&m, &view, &r));
    /* six remain around the sixth of the sorted ten, 2e-6: 4e-6 down to -1e-6 */
    assert_near(offset_of(&r), 1.5e-6, 1e-9);
    assert_near(osc_diff_s(r.at, (struct osc){0}), (0 + 2 + 3 + 7 + 8 + 9) / 6.0, 1e-9);
    /* 1e-6 of each, and the uncertainty of the mean */
    assert_near(r.dispersion_s, 1e-6 + 1.8708e-6 / sqrt(6.0), 1e-9);
}

TEST(median_keeps_the_newest)
{
    struct clock_view view = plain_view();
    struct median m;
    struct reading r;

    (void)state;
    median_init(&m, 3);
    for (int i = 0; i < 10; i++)
        add(&m, i, i < 7 ? 5.0 : 1.0);
    assert_true(median_combine(&m, &view, &r));
    assert_near(offset_of(&r), 1.0, 1e-9);
}

TEST(median_of_hostile_offsets_does_not_overflow)
{
    struct clock_view view = plain_view();
    struct median m;
    struct reading r;

    (void)state;
    median_init(&m, 1000);
    assert_int_equal(m.length, MEDIAN_LENGTH_MAX);
    for (int i = 0; i < 2 * MEDIAN_LENGTH_MAX; i++) {
        struct reading hostile = {.at = {i}, .truth = {i % 2 ? INT64_MAX : INT64_MIN}};

        median_add(&m, &hostile);
    }
    assert_true(median_combine(&m, &view, &r));
    assert_true(isfinite(r.dispersion_s));
}

TEST(median_does_not_depend_on_the_order_of_equal_offsets)
{
    struct clock_view view = plain_view();
    struct median forth, back;
    struct reading a, b;

    (void)state;
    median_init(&forth, 16);
    median_init(&back, 16);
    for (int i = 0; i < 10; i++) {
        add(&forth, i, i % 2 * 1e-3);
        add(&back, 9 - i, (9 - i) % 2 * 1e-3);
    }
    assert_true(median_combine(&forth, &view, &a));
    assert_true(median_combine(&back, &view, &b));
    assert_near(offset_of(&a), offset_of(&b), 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pulse_belongs_to_the_nearest_interval),
        cmocka_unit_test(median_of_nothing_is_nothing),
        cmocka_unit_test(median_of_one_is_itself),
        cmocka_unit_test(median_leaves_out_four_in_ten),
        cmocka_unit_test(median_keeps_the_newest),
        cmocka_unit_test(median_of_hostile_offsets_does_not_overflow),
        cmocka_unit_test(median_does_not_depend_on_the_order_of_equal_offsets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
