/* test_reference_leap.c - leap seconds: where they are known from, and how they get into the clock.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/wire.h"
#include "chronyd/reference/leap_table.h"
#include "chronyd/reference/reference.h"
#include "test/unit/fake_os.h"

#define TEST(name) static void name(void **state)
#define assert_near(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

static struct utc at(int year, int month, int day, int hour, int minute)
{
    return (struct utc){(days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60) *
                        NS_PER_S};
}

/* --- files ---------------------------------------------------------------------------------- */

static const char list[] = "#$\t3676924800\n"
                           "#@\t4000000000\n"
                           "# comment\n"
                           "2272060800\t10\t# 1 Jan 1972\n"
                           "3345062400 33\n"
                           "3439756800\t34\n"
                           "3550089600\t35\t# 1 Jul 2012\r\n"
                           "\n"
                           "3644697600\t36\n"
                           "3692217600\t37";

/* The last four leap seconds as a "right/" zone has them; version 1 has 32-bit times only. */
static size_t make_tzif(uint8_t *data, size_t size, char version)
{
    static const struct {
        int64_t at;
        int32_t correction;
    } leaps[] = {{1341100824, 25}, {1435708825, 26}, {1483228826, 27}};
    struct wire_out out = wire_out_of(data, size);
    int blocks = version >= '2' ? 2 : 1;

    for (int b = 0; b < blocks; b++) {
        wire_put_bytes(&out, "TZif", 4);
        wire_put_u8(&out, version == '1' ? 0 : (uint8_t)version);
        for (int i = 0; i < 15; i++)
            wire_put_u8(&out, 0);
        wire_put_u32(&out, 1);
        wire_put_u32(&out, 1);
        wire_put_u32(&out, ARRAY_LEN(leaps) + 1);
        wire_put_u32(&out, 0);
        wire_put_u32(&out, 1);
        wire_put_u32(&out, 4);
        wire_put_bytes(&out, "\0\0\0\0\0\0UTC", 10);
        /* all before 2012 as one record: the test looks at nothing older */
        for (size_t i = 0; i <= ARRAY_LEN(leaps); i++) {
            int64_t when = i ? leaps[i - 1].at : 1230768000;

            if (b == 1)
                wire_put_u64(&out, (uint64_t)when);
            else
                wire_put_u32(&out, (uint32_t)when);
            wire_put_u32(&out, (uint32_t)(i ? leaps[i - 1].correction : 24));
        }
        wire_put_u8(&out, 0);
        wire_put_u8(&out, 0);
    }
    assert_false(out.bad);
    return out.used;
}

static void check_table(const struct leap_table *t)
{
    static const struct {
        int year, month, day, hour;
        enum leap leap;
        int tai;
    } days[] = {
        {2012, 6, 29, 23, LEAP_NORMAL, 34}, {2012, 6, 30, 0, LEAP_INSERT, 34},
        {2012, 6, 30, 23, LEAP_INSERT, 34}, {2012, 7, 1, 0, LEAP_NORMAL, 35},
        {2015, 6, 30, 12, LEAP_INSERT, 35}, {2016, 12, 31, 12, LEAP_INSERT, 36},
        {2017, 1, 1, 0, LEAP_NORMAL, 37},   {2030, 12, 31, 0, LEAP_NORMAL, 37},
    };

    for (size_t i = 0; i < ARRAY_LEN(days); i++) {
        struct leap_day day =
            leap_table_day(t, at(days[i].year, days[i].month, days[i].day, days[i].hour, 59));

        assert_int_equal(day.leap, days[i].leap);
        assert_int_equal(day.tai_offset, days[i].tai);
    }
    assert_true(leap_table_is_sane(t));
}

TEST(leap_list_tells_days_and_tai)
{
    struct leap_table t;
    struct err err = {0};

    (void)state;
    assert_true(leap_table_from_list(&t, list, &err));
    check_table(&t);
}

TEST(leap_zone_tells_the_same_in_both_formats)
{
    uint8_t data[512];
    struct leap_table t;
    struct err err = {0};

    (void)state;
    assert_true(leap_table_from_tzif(&t, data, make_tzif(data, sizeof(data), '1'), &err));
    check_table(&t);
    assert_true(leap_table_from_tzif(&t, data, make_tzif(data, sizeof(data), '2'), &err));
    check_table(&t);
}

TEST(leap_zone_cut_anywhere_is_refused)
{
    uint8_t data[512];
    size_t length = make_tzif(data, sizeof(data), '2');
    struct leap_table t;

    (void)state;
    for (size_t i = 0; i + 2 < length; i++) {
        uint8_t *cut = malloc(i + 1);

        memcpy(cut, data, i);
        assert_false(leap_table_from_tzif(&t, cut, i, NULL));
        free(cut);
    }
}

TEST(leap_list_with_a_fault_is_refused)
{
    static const char *const bad[] = {
        "",
        "#$ 3676924800\n2272060800 10\n",
        "#@ 3676924800\n2272060800 10\n",
        "#$ 1\n#@ 2\n",
        "#$ 1\n#@ 2\n2272060800\n",
        "#$ 1\n#@ 2\nx 10\n",
        "#$ 1\n#@ 2\n2272060800 10\n2272060800 11\n",
        "#$ 1\n#@ 2\n-1 10\n",
    };
    struct leap_table t;
    char long_line[1200] = "#";

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(leap_table_from_list(&t, bad[i], NULL));
    memset(long_line + 1, 'x', sizeof(long_line) - 2);
    assert_false(leap_table_from_list(&t, long_line, NULL));
}

TEST(leap_source_prefers_the_list_and_drops_what_is_not_sane)
{
    struct fake_os f;
    struct leap_source *s;
    char *data = calloc(1, 512);

    (void)state;
    fake_init(&f, 1.8e9, 0.0, 0.0);
    fake_write(&f, "list", list);
    s = leap_source_create(&f.os, &f.log, "right/UTC", "list");
    assert_non_null(s);
    assert_true(fake_logged(&f, "Using leap second list list"));
    leap_source_destroy(s);
    fake_write(&f, "list", "#$ 1\n#@ 2\n2272060800 10\n");
    assert_null(leap_source_create(&f.os, &f.log, "right/UTC", "list"));
    assert_true(fake_logged(&f, "Leap second list list failed check, ignoring"));
    assert_true(fake_logged(&f, "Timezone right/UTC failed leap second check, ignoring"));
    assert_null(leap_source_create(&f.os, &f.log, "../../etc/passwd", NULL));
    free(data);
    fake_free(&f);
}

/* --- the clock ------------------------------------------------------------------------------ */

struct world {
    struct fake_os f;
    struct clock *c;
    struct reference *r;
    struct reference_settings settings;
    double leaped_s;
};

static void on_jump(void *ctx, const struct clock_jump *jump)
{
    struct world *w = ctx;

    reference_clock_jumped(w->r, jump);
}

static void on_leap(void *ctx, double offset_s)
{
    struct world *w = ctx;

    w->leaped_s += offset_s;
}

/* `before_s` before the end of 2027-06-30. */
static struct world *make_world(enum leapsec_mode mode, double before_s)
{
    static const struct clock_settings clock_settings = {
        .control = true, .max_slew_ppm = 1000.0, .max_drift_ppm = 1e5, .max_clock_error_ppm = 1.0};
    struct world *w = calloc(1, sizeof(*w));

    fake_init(&w->f, 1814400000.0 - before_s, 0.0, 10.0);
    w->settings = (struct reference_settings){.leapsec_mode = mode,
                                              .maxchange_start = -1,
                                              .max_update_skew_ppm = 1000.0,
                                              .corr_time_ratio = 3.0,
                                              .log_change_s = 10.0,
                                              .drift_interval_s = 3600};
    w->c = clock_create(&w->f.os, &w->f.timers, &w->f.log, &clock_settings);
    w->r = reference_create(&w->f.os, &w->f.timers, &w->f.log, w->c, &w->settings);
    clock_set_listener(w->c, on_jump, w);
    reference_set_leap_listener(w->r, on_leap, w);
    reference_start(w->r);
    return w;
}

static void free_world(struct world *w)
{
    reference_destroy(w->r);
    clock_destroy(w->c);
    fake_free(&w->f);
    free(w);
}

static void update(struct world *w, enum leap leap)
{
    struct reference_update u = {.estimate = {.at = clock_osc_now(w->c),
                                              .truth = fake_true(&w->f),
                                              .offset_sd_s = 1e-6,
                                              .freq_ppm = 10.0,
                                              .skew_ppm = 0.01},
                                 .sources = 1,
                                 .stratum = 1,
                                 .leap = leap,
                                 .refid = 1};

    reference_update(w->r, &u);
}

/* Time passes as events come in, and UTC itself leaps at midnight. */
static void run_through(struct world *w, double before_s, double after_s, double utc_leap_s,
                        bool kernel)
{
    for (double t = 0.0; t < before_s; t += 0.5) {
        fake_run(&w->f, 0.5);
        clock_notice_jump(w->c);
    }
    w->f.true_ns += (long double)utc_leap_s * 1e9L;
    if (kernel)
        fake_foreign_step(&w->f, utc_leap_s);
    for (double t = 0.0; t < after_s; t += 0.5) {
        clock_notice_jump(w->c);
        fake_run(&w->f, 0.5);
    }
}

static double line_error_s(const struct world *w)
{
    return utc_diff_s(clock_now(w->c), fake_true(&w->f));
}

static enum leap announced(const struct world *w)
{
    struct reference_figures figures;

    reference_figures(w->r, &figures);
    return figures.leap;
}

static double bound_s(const struct world *w)
{
    struct verdict v;

    reference_verdict(w->r, &v);
    return v.bound_s;
}

TEST(leap_is_in_the_bound_until_the_labels_have_changed)
{
    struct world *w = make_world(LEAPSEC_SYSTEM, 100.0);

    (void)state;
    update(w, LEAP_INSERT);
    run_through(w, 99.5, 0.0, 0.0, false);
    assert_true(bound_s(w) < 0.01);
    fake_run(&w->f, 0.5);
    assert_true(bound_s(w) > 1.0);
    run_through(w, 0.0, 1.0, -1.0, true);
    assert_true(bound_s(w) > 1.0);
    fake_run(&w->f, 3.0);
    assert_true(bound_s(w) < 0.01);
    free_world(w);
}

TEST(leap_by_the_kernel_moves_all_lines_once)
{
    struct world *w = make_world(LEAPSEC_SYSTEM, 100.0);

    (void)state;
    update(w, LEAP_INSERT);
    assert_true(fake_logged(&w->f, "System clock status set to insert leap second\n"));
    assert_int_equal(w->f.status.leap, OS_LEAP_INSERT);
    assert_int_equal(announced(w), LEAP_INSERT);
    run_through(w, 100.0, 1.5, -1.0, true);
    assert_int_equal(announced(w), LEAP_UNSYNCHRONISED);
    fake_run(&w->f, 3.0);
    assert_int_equal(announced(w), LEAP_NORMAL);
    assert_near(line_error_s(w), 0.0, 1e-5);
    assert_near(fake_error_s(&w->f), 0.0, 1e-5);
    assert_near(w->leaped_s, -1.0, 0.0);
    assert_int_equal(w->f.status.leap, OS_LEAP_NONE);
    assert_true(fake_logged(&w->f, "System clock status reset after leap second\n"));
    assert_int_equal(w->f.steps, 0);
    /* a source that is late to take it back */
    fake_run(&w->f, 60.0);
    update(w, LEAP_INSERT);
    assert_int_equal(w->f.status.leap, OS_LEAP_NONE);
    assert_int_equal(announced(w), LEAP_NORMAL);
    free_world(w);
}

TEST(leap_that_the_kernel_forgot_is_stepped)
{
    struct world *w = make_world(LEAPSEC_SYSTEM, 50.0);

    (void)state;
    update(w, LEAP_INSERT);
    run_through(w, 50.0, 10.0, -1.0, false);
    assert_near(line_error_s(w), 0.0, 1e-5);
    assert_near(fake_error_s(&w->f), 0.0, 1e-5);
    assert_int_equal(w->f.steps, 1);
    free_world(w);
}

TEST(leap_deleted_by_the_kernel)
{
    struct world *w = make_world(LEAPSEC_SYSTEM, 50.0);

    (void)state;
    update(w, LEAP_DELETE);
    assert_int_equal(w->f.status.leap, OS_LEAP_DELETE);
    run_through(w, 49.0, 10.0, 1.0, true);
    assert_near(line_error_s(w), 0.0, 1e-5);
    assert_near(fake_error_s(&w->f), 0.0, 1e-5);
    assert_near(w->leaped_s, 1.0, 0.0);
    free_world(w);
}

TEST(leap_by_step_in_both_directions)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct world *w = make_world(LEAPSEC_STEP, 50.0);

        update(w, i ? LEAP_DELETE : LEAP_INSERT);
        assert_int_equal(w->f.status.leap, OS_LEAP_NONE);
        run_through(w, i ? 49.0 : 50.0, 10.0, i ? 1.0 : -1.0, false);
        assert_near(line_error_s(w), 0.0, 1e-5);
        assert_near(fake_error_s(&w->f), 0.0, 1e-5);
        assert_int_equal(w->f.steps, 1);
        assert_true(fake_logged(&w->f, "System clock was stepped for leap second\n"));
        free_world(w);
    }
}

TEST(leap_by_slew_keeps_the_line_right)
{
    struct world *w = make_world(LEAPSEC_SLEW, 50.0);

    (void)state;
    update(w, LEAP_INSERT);
    run_through(w, 50.0, 100.0, -1.0, false);
    assert_near(line_error_s(w), 0.0, 1e-5);
    assert_true(fake_error_s(&w->f) > 0.5);
    run_through(w, 1000.0, 1.0, 0.0, false);
    assert_near(fake_error_s(&w->f), 0.0, 1e-5);
    assert_int_equal(w->f.steps, 0);
    assert_true(fake_logged(&w->f, "Adjusting system clock for leap second\n"));
    free_world(w);
}

TEST(leap_by_slew_with_smoothing_is_smeared_and_not_announced)
{
    struct world *w = make_world(LEAPSEC_SLEW, 50.0);
    struct reference_figures figures;

    (void)state;
    reference_destroy(w->r);
    w->settings.smooth =
        (struct smooth_limits){.max_freq_ppm = 400.0, .max_wander_ppm = 0.01, .leap_only = true};
    w->r = reference_create(&w->f.os, &w->f.timers, &w->f.log, w->c, &w->settings);
    reference_set_leap_listener(w->r, on_leap, w);
    update(w, LEAP_INSERT);
    assert_int_equal(announced(w), LEAP_NORMAL);
    run_through(w, 50.0, 1.0, -1.0, false);
    assert_int_equal(announced(w), LEAP_NORMAL);
    reference_figures(w->r, &figures);
    /* the corrected time went back by a second, the served one did not */
    assert_near(figures.smooth_offset_s, 1.0, 1e-4);
    free_world(w);
}

TEST(leap_ignored_is_found_by_the_next_update)
{
    struct world *w = make_world(LEAPSEC_IGNORE, 50.0);

    (void)state;
    update(w, LEAP_INSERT);
    run_through(w, 50.0, 10.0, -1.0, false);
    assert_true(fake_logged(&w->f, "Ignoring leap second\n"));
    assert_near(line_error_s(w), 1.0, 1e-5);
    assert_near(w->leaped_s, -1.0, 0.0);
    assert_true(bound_s(w) > 1.0);
    update(w, LEAP_NORMAL);
    assert_near(line_error_s(w), 0.0, 1e-5);
    assert_true(bound_s(w) < 1.01);
    free_world(w);
}

TEST(leap_votes_on_other_days_are_announced_but_not_armed)
{
    struct world *w = make_world(LEAPSEC_SYSTEM, 86400.0 * 3);

    (void)state;
    update(w, LEAP_INSERT);
    assert_int_equal(announced(w), LEAP_INSERT);
    assert_int_equal(w->f.status.leap, OS_LEAP_NONE);
    free_world(w);
}

TEST(leap_vote_taken_back_disarms)
{
    struct world *w = make_world(LEAPSEC_SYSTEM, 3600.0);

    (void)state;
    update(w, LEAP_INSERT);
    assert_int_equal(w->f.status.leap, OS_LEAP_INSERT);
    update(w, LEAP_NORMAL);
    assert_int_equal(w->f.status.leap, OS_LEAP_NONE);
    run_through(w, 3600.0, 10.0, 0.0, false);
    assert_near(line_error_s(w), 0.0, 1e-4);
    assert_near(w->leaped_s, 0.0, 0.0);
    free_world(w);
}

TEST(samples_near_a_leap_second_are_marked)
{
    struct world *w = make_world(LEAPSEC_STEP, 50.0);
    struct utc midnight = {1814400000 * NS_PER_S};

    (void)state;
    assert_false(reference_in_leap_window(w->r, midnight));
    update(w, LEAP_INSERT);
    assert_true(reference_in_leap_window(w->r, midnight));
    assert_true(reference_in_leap_window(w->r, utc_add_s(midnight, -4.9)));
    assert_false(reference_in_leap_window(w->r, utc_add_s(midnight, -7.0)));
    run_through(w, 50.0, 10.0, -1.0, false);
    assert_true(reference_in_leap_window(w->r, utc_add_s(midnight, 4.9)));
    assert_false(reference_in_leap_window(w->r, utc_add_s(midnight, 7.0)));
    free_world(w);
}

TEST(leap_file_arms_by_itself_and_sets_tai)
{
    struct world *w = make_world(LEAPSEC_SYSTEM, 50.0);
    char text[512];

    (void)state;
    /* 2027-07-01 in seconds since 1900 */
    snprintf(text, sizeof(text), "%s\n%lld 38\n", list, 1814400000LL + 2208988800LL);
    fake_write(&w->f, "list", text);
    reference_destroy(w->r);
    w->settings.leapsec_list = "list";
    w->r = reference_create(&w->f.os, &w->f.timers, &w->f.log, w->c, &w->settings);
    reference_set_leap_listener(w->r, on_leap, w);
    update(w, LEAP_NORMAL);
    assert_true(fake_logged(&w->f, "System clock TAI offset set to 37 seconds\n"));
    assert_int_equal(w->f.status.tai_offset_s, 37);
    assert_int_equal(w->f.status.leap, OS_LEAP_INSERT);
    assert_int_equal(reference_tai_offset(w->r, fake_true(&w->f)), 37);
    run_through(w, 50.0, 10.0, -1.0, true);
    assert_int_equal(w->f.status.tai_offset_s, 38);
    update(w, LEAP_NORMAL);
    assert_int_equal(fake_log_count(&w->f, "TAI offset"), 1);
    free_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leap_list_tells_days_and_tai),
        cmocka_unit_test(leap_zone_tells_the_same_in_both_formats),
        cmocka_unit_test(leap_zone_cut_anywhere_is_refused),
        cmocka_unit_test(leap_list_with_a_fault_is_refused),
        cmocka_unit_test(leap_source_prefers_the_list_and_drops_what_is_not_sane),
        cmocka_unit_test(leap_is_in_the_bound_until_the_labels_have_changed),
        cmocka_unit_test(leap_by_the_kernel_moves_all_lines_once),
        cmocka_unit_test(leap_that_the_kernel_forgot_is_stepped),
        cmocka_unit_test(leap_deleted_by_the_kernel),
        cmocka_unit_test(leap_by_step_in_both_directions),
        cmocka_unit_test(leap_by_slew_keeps_the_line_right),
        cmocka_unit_test(leap_by_slew_with_smoothing_is_smeared_and_not_announced),
        cmocka_unit_test(leap_ignored_is_found_by_the_next_update),
        cmocka_unit_test(leap_votes_on_other_days_are_announced_but_not_armed),
        cmocka_unit_test(leap_vote_taken_back_disarms),
        cmocka_unit_test(samples_near_a_leap_second_are_marked),
        cmocka_unit_test(leap_file_arms_by_itself_and_sets_tai),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
