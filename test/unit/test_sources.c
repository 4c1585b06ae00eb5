/* test_sources.c - the registry, who is followed, and what is said and written about it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chronyd/reference/sources.h"
#include "test/unit/fake_os.h"

#define TEST(name) static void name(void **state)
#define START_S 1.8e9
#define assert_near(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

struct world {
    struct fake_os f;
    struct clock *c;
    struct reference *r;
    struct sources *ss;
    unsigned noise; /* of samples, a few microseconds, repeatable */
};

static const struct clock_settings clock_settings = {
    .control = true, .max_slew_ppm = 83333.333, .max_drift_ppm = 1e5, .max_clock_error_ppm = 1.0};

static void start(struct world *w)
{
    struct reference_settings rs = {.maxchange_start = -1,
                                    .max_update_skew_ppm = 1000.0,
                                    .corr_time_ratio = 3.0,
                                    .log_change_s = 1.0,
                                    .drift_interval_s = 3600,
                                    .local = {.stratum = 10, .distance_s = 1.0}};
    struct sources_settings ss = {.select = {.max_distance_s = 3.0,
                                             .max_jitter_s = 1.0,
                                             .reselect_distance_s = 1e-4,
                                             .stratum_weight_s = 1e-3,
                                             .combine_limit = 3.0,
                                             .min_sources = 1,
                                             .max_stratum = 15,
                                             .auth_mode = SELECT_AUTH_MIX},
                                  .log_statistics = true,
                                  .log_selection = true,
                                  .logs = {.dir = "/logs", .banner = 32}};

    w->c = clock_create(&w->f.os, &w->f.timers, &w->f.log, &clock_settings);
    w->r = reference_create(&w->f.os, &w->f.timers, &w->f.log, w->c, &rs);
    w->ss = sources_create(&w->f.os, &w->f.log, w->c, w->r, &ss);
    reference_start(w->r);
}

static void stop(struct world *w)
{
    sources_destroy(w->ss);
    reference_destroy(w->r);
    clock_destroy(w->c);
}

static struct world *make_world(double offset_s, double freq_ppm)
{
    struct world *w = calloc(1, sizeof(*w));

    fake_init(&w->f, START_S, offset_s, freq_ppm);
    start(w);
    return w;
}

static void free_world(struct world *w)
{
    stop(w);
    fake_free(&w->f);
    free(w);
}

static struct source *add(struct world *w, enum source_kind kind, uint32_t id, const char *name)
{
    struct source_settings s = {.kind = kind, .max_unreach = 100000, .asymmetry = 1.0};
    struct addr none = {0}, addr = addr_from_ipv4(id);
    struct source *source =
        sources_add(w->ss, &s, name, kind == SOURCE_REFCLOCK ? &none : &addr, id);

    source_update_status(source, 1, LEAP_NORMAL);
    return source;
}

/* One measurement of a source that is `error_s` wrong, over a path of delay_s. */
static void measure_over(struct world *w, struct source *s, double error_s, double delay_s)
{
    struct osc at = clock_osc_now(w->c);
    double noise_s = 1e-6 * ((w->noise = w->noise * 1103515245u + 12345u) >> 16 & 7);
    struct utc truth = utc_add_s(fake_true(&w->f), error_s + noise_s);
    struct sample sample = {.at = at,
                            .truth = truth,
                            .delay_s = delay_s + noise_s,
                            .dispersion_s = 1e-6,
                            .root_delay_s = delay_s + noise_s,
                            .root_dispersion_s = 1e-5,
                            .offset_then_s = utc_diff_s(truth, clock_corrected(w->c, at))};

    source_update_reach(s, true);
    source_add_sample(s, &sample);
}

static void measure(struct world *w, struct source *s, double error_s)
{
    measure_over(w, s, error_s, 0.001);
}

static void measure_delayed(struct world *w, struct source *s, double delay_s)
{
    measure_over(w, s, 0.0, delay_s);
}

static void measure_often(struct world *w, struct source *s, double error_s, int n)
{
    for (int i = 0; i < n; i++) {
        measure(w, s, error_s);
        fake_run(&w->f, 2.0);
    }
}

static bool is_synchronised(const struct world *w)
{
    struct reference_figures figures;

    reference_figures(w->r, &figures);
    return figures.synchronised;
}

TEST(sources_are_ordered_refclocks_first)
{
    struct world *w = make_world(0.0, 0.0);
    struct source *a = add(w, SOURCE_SERVER, 1, "a"), *gps, *pps, *b;
    struct addr addr = addr_from_ipv4(2);

    (void)state;
    gps = add(w, SOURCE_REFCLOCK, 0x47505300, NULL);
    b = add(w, SOURCE_PEER, 2, "b");
    pps = add(w, SOURCE_REFCLOCK, 0x50505300, NULL);
    assert_ptr_equal(sources_at(w->ss, 0), gps);
    assert_ptr_equal(sources_at(w->ss, 1), pps);
    assert_ptr_equal(sources_at(w->ss, 2), a);
    assert_ptr_equal(sources_at(w->ss, 3), b);
    assert_null(sources_at(w->ss, 4));
    assert_ptr_equal(sources_find(w->ss, &addr), b);
    assert_ptr_equal(sources_find_refid(w->ss, 0x50505300), pps);
    assert_null(sources_find_refid(w->ss, 2));
    sources_remove(w->ss, pps);
    assert_int_equal(sources_count(w->ss), 3);
    assert_ptr_equal(sources_at(w->ss, 1), a);
    free_world(w);
}

TEST(source_text_adds_a_name_that_is_not_the_address)
{
    struct world *w = make_world(0.0, 0.0);
    struct addr id = addr_from_id(7), none = {0};
    struct source_settings s = {.kind = SOURCE_SERVER};
    char buf[300];

    (void)state;
    assert_string_equal(source_text(add(w, SOURCE_SERVER, 0xc0000207, "ntp.example"), buf, 300),
                        "192.0.2.7 (ntp.example)");
    assert_string_equal(source_text(add(w, SOURCE_SERVER, 0xc0000208, "192.0.2.8"), buf, 300),
                        "192.0.2.8");
    assert_string_equal(source_text(add(w, SOURCE_REFCLOCK, 0x47505300, NULL), buf, 300), "GPS");
    assert_string_equal(source_text(sources_add(w->ss, &s, "x.example", &id, 0), buf, 300),
                        "ID#0000000007 (x.example)");
    assert_string_equal(source_text(sources_add(w->ss, &s, NULL, &none, 0), buf, 300), "0.0.0.0");
    free_world(w);
}

TEST(third_sample_selects_and_sets_the_clock)
{
    struct world *w = make_world(-0.2, 0.0);
    struct source *s = add(w, SOURCE_SERVER, 0xc0000207, "192.0.2.7");
    struct reference_report report;

    (void)state;
    measure_often(w, s, 0.0, 2);
    assert_false(is_synchronised(w));
    assert_false(source_is_selected(s));
    measure(w, s, 0.0);
    assert_true(is_synchronised(w));
    assert_true(source_is_selected(s));
    assert_string_equal(w->f.lines, "Selected source 192.0.2.7\n");
    reference_report(w->r, &report);
    assert_int_equal(report.figures.stratum, 2);
    assert_int_equal(report.figures.refid, 0xc0000207);
    assert_near(report.last_offset_s, -0.2, 1e-4);
    measure_often(w, s, 0.0, 20);
    assert_near(fake_error_s(&w->f), 0.0, 1e-5);
    assert_string_equal(w->f.lines, "Selected source 192.0.2.7\n");
    free_world(w);
}

TEST(update_needs_a_new_sample_of_the_selected_source_until_it_has_eight)
{
    struct world *w = make_world(0.0, 0.0);
    struct source *a = add(w, SOURCE_SERVER, 1, "a"), *b = add(w, SOURCE_SERVER, 2, "b");
    struct reference_report report;
    long updates;

    (void)state;
    for (int i = 0; i < 6; i++) {
        measure(w, a, 0.0);
        measure(w, b, 0.0);
        fake_run(&w->f, 2.0);
    }
    reference_report(w->r, &report);
    updates = report.updates;
    measure_often(w, source_is_selected(a) ? b : a, 0.0, 5);
    sources_select(w->ss, NULL);
    reference_report(w->r, &report);
    assert_int_equal(report.updates, updates);
    measure_often(w, source_is_selected(a) ? a : b, 0.0, 4);
    reference_report(w->r, &report);
    assert_int_equal(report.updates, updates + 4);
    measure(w, source_is_selected(a) ? b : a, 0.0);
    reference_report(w->r, &report);
    assert_int_equal(report.updates, updates + 5);
    sources_select(w->ss, NULL);
    reference_report(w->r, &report);
    assert_int_equal(report.updates, updates + 5);
    free_world(w);
}

TEST(falseticker_is_told_once_and_counted)
{
    struct world *w = make_world(0.0, 0.0);
    struct source *good[2] = {add(w, SOURCE_SERVER, 1, "a"), add(w, SOURCE_SERVER, 2, "b")};
    struct source *bad = add(w, SOURCE_SERVER, 3, "c");

    (void)state;
    for (int i = 0; i < 8; i++) {
        measure(w, good[0], 0.0);
        measure(w, good[1], 1e-4);
        measure(w, bad, 0.5);
        fake_run(&w->f, 2.0);
    }
    assert_int_equal(fake_log_count(&w->f, "Detected falseticker 0.0.0.3 (c)\n"), 1);
    assert_true(source_bad_selections(bad) >= 4);
    assert_int_equal(source_bad_selections(good[0]), 0);
    assert_near(fake_error_s(&w->f), 0.0, 1e-3);
    free_world(w);
}

TEST(no_majority_is_told_once_and_unsynchronises)
{
    struct world *w = make_world(0.0, 0.0);
    struct source *a = add(w, SOURCE_SERVER, 1, "a"), *b = add(w, SOURCE_SERVER, 2, "b");
    struct verdict v;

    (void)state;
    measure_often(w, a, 0.0, 10);
    assert_true(is_synchronised(w));
    for (int i = 0; i < 10; i++) {
        measure(w, a, 0.0);
        measure(w, b, 2.0);
        fake_run(&w->f, 2.0);
    }
    assert_int_equal(fake_log_count(&w->f, "Can't synchronise: no majority"), 1);
    assert_false(is_synchronised(w));
    reference_verdict(w->r, &v);
    assert_int_equal(v.reason.code, REASON_NO_MAJORITY);
    assert_false(fake_logged(&w->f, "Detected falseticker"));
    free_world(w);
}

TEST(too_few_sources_are_told_when_no_more_are_coming)
{
    struct world *w = make_world(0.0, 0.0);
    struct source *a, *b;

    (void)state;
    sources_destroy(w->ss);
    w->ss = sources_create(&w->f.os, &w->f.log, w->c, w->r,
                           &(struct sources_settings){.select = {.max_distance_s = 3.0,
                                                                 .max_jitter_s = 1.0,
                                                                 .combine_limit = 3.0,
                                                                 .min_sources = 2,
                                                                 .max_stratum = 15}});
    a = add(w, SOURCE_SERVER, 1, "a");
    b = add(w, SOURCE_SERVER, 2, "b");
    source_update_reach(b, true);
    measure_often(w, a, 0.0, 4);
    assert_string_equal(w->f.lines, "");
    for (int i = 0; i < 8; i++)
        source_update_reach(b, false);
    measure_often(w, a, 0.0, 4);
    assert_string_equal(w->f.lines, "Can't synchronise: not enough selectable sources\n");
    measure_often(w, b, 0.0, 3);
    measure_often(w, a, 0.0, 1);
    assert_true(is_synchronised(w));
    free_world(w);
}

TEST(clock_is_held_when_the_only_source_falls_silent)
{
    struct world *w = make_world(0.0, 0.0);
    struct source *s = add(w, SOURCE_SERVER, 1, "a");

    (void)state;
    measure_often(w, s, 0.0, 20);
    for (int i = 0; i < 7; i++)
        source_update_reach(s, false);
    assert_true(source_is_selected(s));
    assert_false(fake_logged(&w->f, "Can't synchronise"));
    source_update_reach(s, false);
    assert_int_equal(source_reach(s), 0);
    assert_false(source_is_selected(s));
    assert_true(is_synchronised(w));
    assert_true(fake_logged(&w->f, "Can't synchronise: no selectable sources (1 unreachable"));
    fake_run(&w->f, 4e6);
    sources_select(w->ss, NULL);
    assert_true(is_synchronised(w));
    assert_true(fake_logged(&w->f, "Root distance of 0.0.0.1 (a) exceeds maxdistance of 3.000 s"));
    free_world(w);
}

TEST(source_that_is_not_asked_any_longer_is_not_selected)
{
    struct world *w = make_world(0.0, 0.0);
    struct source *s = add(w, SOURCE_SERVER, 1, "a");

    (void)state;
    measure_often(w, s, 0.0, 5);
    source_fell_silent(s);
    assert_int_equal(source_reach(s), 0);
    assert_false(source_is_selected(s));
    assert_true(is_synchronised(w));
    free_world(w);
}

TEST(reset_forgets_all_samples_and_begins_again)
{
    struct world *w = make_world(0.0, 0.0);
    struct source *s = add(w, SOURCE_SERVER, 1, "a");

    (void)state;
    measure_often(w, s, 0.0, 5);
    sources_reset(w->ss);
    assert_int_equal(source_reach(s), 0);
    assert_int_equal(sources_selection(w->ss)->selected, -1);
    assert_false(is_synchronised(w));
    assert_true(fake_logged(&w->f, "Can't synchronise: no selectable sources"));
    measure_often(w, s, 0.0, 3);
    assert_true(source_is_selected(s));
    assert_true(is_synchronised(w));
    free_world(w);
}

TEST(silent_source_gives_way_to_one_with_many_newer_samples)
{
    struct world *w = make_world(0.0, 0.0);
    struct source *near = add(w, SOURCE_SERVER, 1, "near"), *far = add(w, SOURCE_SERVER, 2, "far");

    (void)state;
    for (int i = 0; i < 64; i++) {
        measure_delayed(w, near, 0.001);
        measure_delayed(w, far, 0.1);
        fake_run(&w->f, 64.0);
    }
    assert_true(source_is_selected(near));
    for (int i = 0; i < 15; i++) {
        source_update_reach(near, false);
        measure_delayed(w, far, 0.1);
        fake_run(&w->f, 64.0);
    }
    assert_true(source_is_selected(near));
    measure_delayed(w, far, 0.1);
    measure_delayed(w, far, 0.1);
    assert_true(source_is_selected(far));
    assert_true(is_synchronised(w));
    free_world(w);
}

TEST(removed_source_leaves_nothing_to_follow)
{
    struct world *w = make_world(0.0, 0.0);
    struct source *s = add(w, SOURCE_SERVER, 1, "a");

    (void)state;
    measure_often(w, s, 0.0, 5);
    sources_remove(w->ss, s);
    assert_int_equal(sources_selection(w->ss)->selected, -1);
    assert_true(is_synchronised(w));
    assert_true(fake_logged(&w->f, "Can't synchronise: no sources\n"));
    free_world(w);
}

TEST(removal_at_the_end_is_silent)
{
    struct world *w = make_world(0.0, 0.0);
    struct source *s = add(w, SOURCE_SERVER, 1, "a");

    (void)state;
    measure_often(w, s, 0.0, 5);
    sources_stop(w->ss);
    sources_remove(w->ss, s);
    assert_false(fake_logged(&w->f, "Can't synchronise"));
    assert_true(is_synchronised(w));
    free_world(w);
}

TEST(sleep_holds_the_reference_until_a_new_sample)
{
    struct world *w = make_world(0.0, 0.0);
    struct source *s = add(w, SOURCE_SERVER, 1, "a");

    (void)state;
    measure_often(w, s, 0.0, 10);
    sources_break(w->ss, 3600.0);
    sources_select(w->ss, NULL);
    assert_true(is_synchronised(w));
    assert_false(fake_logged(&w->f, "Can't"));
    fake_pass(&w->f, 1.0);
    measure(w, s, 0.3);
    assert_true(is_synchronised(w));
    assert_near(clock_remaining_s(w->c), 0.3, 0.01);
    free_world(w);
}

TEST(reset_of_all_sources_unsynchronises)
{
    struct world *w = make_world(0.0, 0.0);
    struct source *s = add(w, SOURCE_SERVER, 1, "a");

    (void)state;
    measure_often(w, s, 0.0, 10);
    sources_reset(w->ss);
    assert_false(is_synchronised(w));
    assert_int_equal(track_count(source_track(s)), 0);
    measure_often(w, s, 0.0, 3);
    assert_true(is_synchronised(w));
    free_world(w);
}

TEST(reports_tell_offsets_in_the_sign_of_corrections)
{
    struct world *w = make_world(-0.05, 0.0);
    struct source *s = add(w, SOURCE_SERVER, 1, "a");
    struct source_report report;

    (void)state;
    source_report(s, &report);
    assert_false(report.has_sample);
    assert_int_equal(report.stratum, 0);
    measure_often(w, s, 0.0, 2);
    source_report(s, &report);
    assert_true(report.has_sample && !report.has_estimate);
    assert_near(report.offset_then_s, 0.05, 1e-4);
    assert_near(report.offset_now_s, 0.05, 1e-4);
    assert_near(report.sample_age_s, 2.0, 1e-3);
    assert_near(report.error_s, 0.00051, 1e-5);
    measure(w, s, 0.0);
    source_report(s, &report);
    assert_near(report.offset_then_s, 0.05, 1e-4);
    assert_near(report.offset_now_s, 0.0, 1e-4);
    assert_int_equal(report.reach, 7);
    assert_int_equal(report.stratum, 1);
    assert_int_equal(report.select.state, SELECT_SELECTED);
    free_world(w);
}

TEST(logs_have_the_columns_of_the_specification)
{
    struct world *w = make_world(0.0, 0.0);
    struct source *s = add(w, SOURCE_SERVER, 0xc0000207, "a");
    const char *statistics, *selection, *line;
    int columns = 0;
    char word[32];

    (void)state;
    measure_often(w, s, 0.0, 3);
    statistics = fake_read(&w->f, "/logs/statistics.log");
    selection = fake_read(&w->f, "/logs/selection.log");
    line = strstr(selection, "\n2027");
    assert_int_equal(
        strncmp(line, "\n2027-01-15 08:00:00 192.0.2.7       M -----    1  1.00  ", 57), 0);
    line = strstr(statistics, "\n2027");
    assert_non_null(line);
    assert_int_equal(strncmp(line, "\n2027-01-15 08:00:04 192.0.2.7      ", 36), 0);
    while (sscanf(line, "%31s", word) == 1) {
        line = strstr(line, word) + strlen(word);
        columns++;
    }
    assert_int_equal(columns, 13);
    free_world(w);
}

TEST(reselect_takes_the_nearest_without_telling_it_twice)
{
    struct world *w = make_world(0.0, 0.0);
    struct source *a = add(w, SOURCE_SERVER, 1, "a");

    (void)state;
    measure_often(w, a, 0.0, 5);
    sources_reselect(w->ss);
    assert_true(source_is_selected(a));
    assert_int_equal(fake_log_count(&w->f, "Selected source"), 1);
    free_world(w);
}

TEST(dump_is_loaded_by_the_next_process)
{
    struct world *w = make_world(0.0, 15.0);
    struct source *s = add(w, SOURCE_SERVER, 0xc0000207, "ntp.example");
    struct source *gps = add(w, SOURCE_REFCLOCK, 0x47505300, NULL);
    struct estimate before, after;

    (void)state;
    measure_often(w, s, 0.0, 12);
    measure_often(w, gps, 0.0, 4);
    sources_dump(w->ss, "/dump");
    assert_true(track_estimate(source_track(s), clock_osc_now(w->c), &before));
    assert_int_equal(strncmp(fake_read(&w->f, "/dump/192.0.2.7.dat"),
                             "SRC0\nntp.example\n0 377 8 1 0\n12 0\n", 34),
                     0);
    assert_int_equal(
        strncmp(fake_read(&w->f, "/dump/refid:47505300.dat"), "SRC0\n.\n0 17 4 1 0\n4 0\n", 22), 0);
    stop(w);

    fake_pass(&w->f, 30.0);
    start(w);
    s = add(w, SOURCE_SERVER, 0xc0000207, "ntp.example");
    gps = add(w, SOURCE_REFCLOCK, 0x47505300, NULL);
    sources_load_dumps(w->ss, "/dump");
    assert_true(fake_logged(&w->f, "Loaded dump file for 192.0.2.7 (ntp.example)\n"));
    assert_true(fake_logged(&w->f, "Loaded dump file for GPS\n"));
    assert_int_equal(track_count(source_track(s)), 12);
    assert_int_equal(source_reach(s), 0xff);
    assert_true(track_estimate(source_track(s), clock_osc_now(w->c), &after));
    assert_near(utc_diff_s(after.truth, fake_true(&w->f)), 0.0, 1e-4);
    assert_near(after.freq_ppm, before.freq_ppm, 0.1);

    fake_write(&w->f, "/dump/other.dat", "keep");
    sources_remove_dumps(w->ss, "/dump");
    assert_null(fake_read(&w->f, "/dump/192.0.2.7.dat"));
    assert_null(fake_read(&w->f, "/dump/refid:47505300.dat"));
    assert_non_null(fake_read(&w->f, "/dump/other.dat"));
    free_world(w);
}

#define HEAD "SRC0\nname\n0 377 8 2 0\n"
#define ONE "1700000000.000000000 1e-3 2e-3 1e-2 1e-6 2e-2 1e-5\n"

TEST(dump_that_is_not_ours_or_not_sane_is_refused)
{
    static const char *const bad[] = {
        "",
        "SRC1\nname\n0 377 8 2 0\n1 0\n" ONE,
        "SRC0\nother\n0 377 8 2 0\n1 0\n" ONE,
        "SRC0\nname\n0 400 8 2 0\n1 0\n" ONE,
        "SRC0\nname\n0 377 9 2 0\n1 0\n" ONE,
        "SRC0\nname\n0 377 8 16 0\n1 0\n" ONE,
        "SRC0\nname\n0 377 8 2 3\n1 0\n" ONE,
        "SRC0\nname\n0 377 8 2\n1 0\n" ONE,
        HEAD "0 0\n",
        HEAD "65 0\n" ONE,
        HEAD "2 0\n" ONE,
        HEAD "2 0\n" ONE ONE,
        HEAD "1 0\n1900000000.000000000 1e-3 2e-3 1e-2 1e-6 2e-2 1e-5\n",
        HEAD "1 0\n1700000000.000000000 1e30 2e-3 1e-2 1e-6 2e-2 1e-5\n",
        HEAD "1 0\n1700000000.000000000 nan 2e-3 1e-2 1e-6 2e-2 1e-5\n",
        HEAD "1 0\n1700000000.000000000 1e-3 2e-3 -1e-2 1e-6 2e-2 1e-5\n",
        HEAD "1 0\n1700000000.000000000 1e-3 2e-3 1e-2 1e-6 2e-2\n",
    };
    struct world *w = make_world(0.0, 0.0);
    struct source *s = add(w, SOURCE_SERVER, 0xc0000207, "name");
    struct source_settings authenticated = *source_settings(s);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        fake_write(&w->f, "/dump/192.0.2.7.dat", bad[i]);
        sources_load_dumps(w->ss, "/dump");
        assert_int_equal(track_count(source_track(s)), 0);
    }
    fake_write(&w->f, "/dump/192.0.2.7.dat", HEAD "1 0\n" ONE);
    authenticated.authenticated = true;
    source_set_settings(s, &authenticated);
    sources_load_dumps(w->ss, "/dump");
    assert_int_equal(track_count(source_track(s)), 0);
    authenticated.authenticated = false;
    source_set_settings(s, &authenticated);
    sources_load_dumps(w->ss, "/dump");
    assert_int_equal(track_count(source_track(s)), 1);
    free_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_are_ordered_refclocks_first),
        cmocka_unit_test(source_text_adds_a_name_that_is_not_the_address),
        cmocka_unit_test(third_sample_selects_and_sets_the_clock),
        cmocka_unit_test(update_needs_a_new_sample_of_the_selected_source_until_it_has_eight),
        cmocka_unit_test(falseticker_is_told_once_and_counted),
        cmocka_unit_test(no_majority_is_told_once_and_unsynchronises),
        cmocka_unit_test(too_few_sources_are_told_when_no_more_are_coming),
        cmocka_unit_test(clock_is_held_when_the_only_source_falls_silent),
        cmocka_unit_test(source_that_is_not_asked_any_longer_is_not_selected),
        cmocka_unit_test(reset_forgets_all_samples_and_begins_again),
        cmocka_unit_test(silent_source_gives_way_to_one_with_many_newer_samples),
        cmocka_unit_test(removed_source_leaves_nothing_to_follow),
        cmocka_unit_test(removal_at_the_end_is_silent),
        cmocka_unit_test(sleep_holds_the_reference_until_a_new_sample),
        cmocka_unit_test(reset_of_all_sources_unsynchronises),
        cmocka_unit_test(reports_tell_offsets_in_the_sign_of_corrections),
        cmocka_unit_test(logs_have_the_columns_of_the_specification),
        cmocka_unit_test(reselect_takes_the_nearest_without_telling_it_twice),
        cmocka_unit_test(dump_is_loaded_by_the_next_process),
        cmocka_unit_test(dump_that_is_not_ours_or_not_sane_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
