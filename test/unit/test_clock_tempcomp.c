/* test_clock_tempcomp.c - compensation of the oscillator by temperature. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chronyd/clock/tempcomp.h"
#include "test/unit/fake_os.h"

#define TEST(name) static void name(void **state)
#define assert_near(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

struct world {
    struct fake_os f;
    struct clock *c;
    struct tempcomp *t;
};

static void start(struct world *w, const struct tempcomp_law *law, bool may_set)
{
    static const struct clock_settings settings = {
        .control = true, .max_slew_ppm = 1e4, .max_drift_ppm = 1e5, .max_clock_error_ppm = 1.0};

    fake_init(&w->f, 1.8e9, 0.0, 0.0);
    w->f.may_set = may_set;
    w->c = clock_create(&w->f.os, &w->f.timers, &w->f.log, &settings);
    w->t = tempcomp_create(&w->f.os, &w->f.timers, &w->f.log, w->c, law, NULL);
}

static void stop(struct world *w)
{
    tempcomp_destroy(w->t);
    clock_destroy(w->c);
    fake_free(&w->f);
}

TEST(tempcomp_off_is_nothing)
{
    struct world w;
    struct tempcomp_law law = {0};

    (void)state;
    start(&w, &law, true);
    assert_null(w.t);
    tempcomp_start(w.t);
    tempcomp_cycle_logs(w.t);
    stop(&w);
}

TEST(tempcomp_keeps_line_and_axis_while_the_oscillator_warms_up)
{
    struct tempcomp_law law = {.sensor = "sensor",
                               .interval_s = 10.0,
                               .t0 = 25000.0,
                               .k1 = 1e-4,
                               .log = true,
                               .logs = {.dir = "/logs"}};

    (void)state;
    for (int may_set = 0; may_set < 2; may_set++) {
        struct world w;

        start(&w, &law, may_set);
        fake_write(&w.f, "sensor", "25000\n");
        tempcomp_start(w.t);
        fake_run(&w.f, 100.0);
        fake_write(&w.f, "sensor", "45000\n"); /* +2 ppm */
        w.f.freq = 1.0 / (1.0 + 2e-6) - 1.0;   /* which is what the oscillator lacks now */
        fake_run(&w.f, 9.0);
        fake_run(&w.f, 10000.0);
        assert_near(utc_diff_s(clock_now(w.c), fake_true(&w.f)), 0.0, 1e-4);
        assert_near(clock_freq_ppm(w.c), 0.0, 1e-12);
        if (may_set)
            assert_near(fake_error_s(&w.f), 0.0, 1e-4);
        assert_non_null(
            strstr(fake_read(&w.f, "/logs/tempcomp.log"), "  4.5000e+04  2.0000e+00\n"));
        stop(&w);
    }
}

TEST(tempcomp_interpolates_and_extrapolates_points)
{
    struct world w;
    struct tempcomp_law law = {.sensor = "sensor", .points = "points"};

    (void)state;
    fake_init(&w.f, 1.8e9, 0.0, 0.0);
    fake_write(&w.f, "points", "20 1.0\n30 3.0\r\n40.0\t4.0");
    w.c = NULL;
    w.t = tempcomp_create(&w.f.os, &w.f.timers, &w.f.log, NULL, &law, NULL);
    assert_non_null(w.t);
    assert_near(tempcomp_ppm(w.t, 20.0), 1.0, 1e-12);
    assert_near(tempcomp_ppm(w.t, 25.0), 2.0, 1e-12);
    assert_near(tempcomp_ppm(w.t, 35.0), 3.5, 1e-12);
    assert_near(tempcomp_ppm(w.t, 10.0), -1.0, 1e-12);
    assert_near(tempcomp_ppm(w.t, 60.0), 6.0, 1e-12);
    stop(&w);
}

TEST(tempcomp_refuses_bad_points)
{
    static const char *const bad[] = {"",
                                      "20 1.0\n",
                                      "20 1.0\n30\n",
                                      "20 1.0\n30 2.0 x\n",
                                      "20 1.0\n\n30 2.0\n",
                                      "# no\n20 1\n30 2\n",
                                      "20 1\n20 2\n",
                                      "20 nan\n30 1\n"};
    struct fake_os f;
    struct tempcomp_law law = {.sensor = "sensor", .points = "points"};

    (void)state;
    fake_init(&f, 1.8e9, 0.0, 0.0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err err = {0};

        fake_write(&f, "points", bad[i]);
        assert_null(tempcomp_create(&f.os, &f.timers, &f.log, NULL, &law, &err));
        assert_int_equal(err.code, ERR_SYNTAX);
    }
    fake_free(&f);
}

TEST(tempcomp_warns_once_about_a_broken_sensor)
{
    struct world w;
    struct tempcomp_law law = {.sensor = "sensor", .interval_s = 1.0, .k1 = 1.0};

    (void)state;
    start(&w, &law, true);
    tempcomp_start(w.t);
    fake_run(&w.f, 10.0);
    assert_int_equal(fake_log_count(&w.f, "sensor"), 1);
    fake_write(&w.f, "sensor", "5");
    fake_run(&w.f, 2.0);
    assert_near(w.f.rate, 5e-6, 1e-12);
    fake_write(&w.f, "sensor", "11");
    fake_run(&w.f, 5.0);
    assert_near(w.f.rate, 5e-6, 1e-12);
    assert_int_equal(fake_log_count(&w.f, "Temperature compensation of 11.000 ppm exceeds"), 1);
    fake_write(&w.f, "sensor", "hot");
    fake_run(&w.f, 5.0);
    assert_near(w.f.rate, 5e-6, 1e-12);
    stop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tempcomp_off_is_nothing),
        cmocka_unit_test(tempcomp_keeps_line_and_axis_while_the_oscillator_warms_up),
        cmocka_unit_test(tempcomp_interpolates_and_extrapolates_points),
        cmocka_unit_test(tempcomp_refuses_bad_points),
        cmocka_unit_test(tempcomp_warns_once_about_a_broken_sensor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
