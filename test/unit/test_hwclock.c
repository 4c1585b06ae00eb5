#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "chronyd/ntp/hwclock.h"

#define START_NS (INT64_C(1700000000) * NS_PER_S)

/* What a clock shows that runs `freq` fast, was `ahead_ns` ahead at the start. */
struct device {
    int64_t ahead_ns;
    double freq;
};

static int64_t shows(const struct device *d, double at_s)
{
    return START_NS + d->ahead_ns + (int64_t)llrint(at_s * (1 + d->freq) * 1e9);
}

static struct osc at(double at_s)
{
    return osc_add_s((struct osc){START_NS}, at_s);
}

static void read_often(struct hwclock *c, const struct device *d, double from_s, int count)
{
    for (int i = 0; i < count; i++)
        hwclock_add(c, at(from_s + i), shows(d, from_s + i), 1e-7);
}

/* How far a stamp is turned to the wrong instant; NAN: not at all. */
static double wrong_s(const struct hwclock *c, const struct device *d, double at_s, double *error_s)
{
    struct osc got;

    if (!hwclock_convert(c, shows(d, at_s), &got, error_s))
        return NAN;
    return osc_diff_s(got, at(at_s));
}

static void stamps_become_instants_whatever_the_clock_shows(void **state)
{
    static const struct device devices[] = {
        {0, 0},
        {37 * NS_PER_S, 20e-6},
        {-START_NS, -50e-6},
        {INT64_C(7000000000) * NS_PER_S, 1e-3},
        {INT64_MIN / 2, 9e-3},
    };
    double error_s;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
        struct hwclock *c = hwclock_create(2, 16);

        read_often(c, &devices[i], 0, 10);
        for (double t = -5; t < 20; t += 0.37) {
            double wrong = wrong_s(c, &devices[i], t, &error_s);

            assert_true(fabs(wrong) < 5e-9);
            assert_true(error_s >= 1e-7 && error_s < 1e-6);
        }
        hwclock_destroy(c);
    }
}

static void too_few_readings_turn_nothing(void **state)
{
    const struct device d = {0, 0};
    struct hwclock *c = hwclock_create(4, 16);
    double error_s;

    (void)state;
    for (int i = 0; i < 3; i++) {
        read_often(c, &d, i, 1);
        assert_false(hwclock_ready(c));
        assert_true(isnan(wrong_s(c, &d, 3, &error_s)));
    }
    read_often(c, &d, 3, 1);
    assert_true(hwclock_ready(c));
    assert_true(fabs(wrong_s(c, &d, 3, &error_s)) < 2e-9);
    /* Nobody stamped a packet a day ago. */
    assert_true(isnan(wrong_s(c, &d, 86400, &error_s)));
    hwclock_destroy(c);
}

static void noise_is_averaged_and_the_bound_covers_it(void **state)
{
    const struct device d = {12345, 30e-6};
    struct hwclock *c = hwclock_create(2, 16);
    uint64_t seed = 1;
    double error_s;

    (void)state;
    for (int i = 0; i < 100; i++) {
        double noise_s;

        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        noise_s = ((double)(seed >> 40) / (1 << 24) - 0.5) * 2e-6;
        hwclock_add(c, at(i), shows(&d, i) + ns_from_s(noise_s), 1e-6);
        if (i >= 4) {
            assert_true(fabs(wrong_s(c, &d, i + 0.5, &error_s)) <= error_s);
            assert_true(error_s < 1e-5);
        }
        if (i >= 16)
            assert_true(fabs(wrong_s(c, &d, i + 0.5, &error_s)) < 1.5e-6);
    }
    hwclock_destroy(c);
}

static void bound_grows_with_the_distance_from_the_readings(void **state)
{
    const struct device d = {0, 0};
    struct hwclock *c = hwclock_create(2, 16);
    double near_s, far_s;

    (void)state;
    read_often(c, &d, 0, 4);
    (void)wrong_s(c, &d, 4, &near_s);
    (void)wrong_s(c, &d, 1000, &far_s);
    assert_true(far_s > 50 * near_s);
    hwclock_destroy(c);
}

static void clock_that_somebody_set_is_learned_anew(void **state)
{
    struct device d = {0, 10e-6};
    static const int64_t steps_ns[] = {1000000, -1000000, 37 * NS_PER_S, 100000};
    struct hwclock *c = hwclock_create(2, 16);
    double error_s;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(steps_ns); i++) {
        read_often(c, &d, (double)i * 20, 20);
        assert_true(fabs(wrong_s(c, &d, (double)i * 20 + 19.5, &error_s)) < 5e-9);
        d.ahead_ns += steps_ns[i];
        read_often(c, &d, (double)i * 20 + 19.9, 1);
        assert_false(hwclock_ready(c));
    }
    hwclock_destroy(c);
}

static void readings_of_no_worth_are_left_out(void **state)
{
    const struct device d = {0, 0};
    struct hwclock *c = hwclock_create(2, 16);
    double error_s;

    (void)state;
    hwclock_add(c, at(0), shows(&d, 0), 10.0);
    hwclock_add(c, at(1), shows(&d, 1), NAN);
    hwclock_add(c, at(2), shows(&d, 2), INFINITY);
    assert_false(hwclock_ready(c));
    /* A clock that stands still, or goes backwards, is none. */
    for (int i = 0; i < 5; i++)
        hwclock_add(c, at(3 + i), START_NS, 1e-7);
    assert_false(hwclock_ready(c));
    for (int i = 0; i < 5; i++)
        hwclock_add(c, at(8 + i), shows(&d, -i), 1e-7);
    assert_false(hwclock_ready(c));
    /* The same instant twice says nothing of the rate. */
    hwclock_add(c, at(20), shows(&d, 20), 1e-7);
    hwclock_add(c, at(20), shows(&d, 20), 1e-7);
    assert_false(hwclock_ready(c));
    read_often(c, &d, 21, 3);
    assert_true(fabs(wrong_s(c, &d, 24, &error_s)) < 5e-9);
    hwclock_destroy(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamps_become_instants_whatever_the_clock_shows),
        cmocka_unit_test(too_few_readings_turn_nothing),
        cmocka_unit_test(noise_is_averaged_and_the_bound_covers_it),
        cmocka_unit_test(bound_grows_with_the_distance_from_the_readings),
        cmocka_unit_test(clock_that_somebody_set_is_learned_anew),
        cmocka_unit_test(readings_of_no_worth_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
