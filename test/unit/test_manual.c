#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "chronyd/reference/manual.h"
#include "test/unit/toy_os.h"

/* The rooms below, and an oscillator that is fast by `fast_ppm` against true time. */
struct world {
    struct toy toy;
    struct timers timers;
    struct clock *clock;
    struct reference *reference;
    struct manual *manual;
    struct utc truth;
    double fast_ppm;
};

static void setup(struct world *w, double fast_ppm)
{
    static const struct clock_settings clock = {.control = true,
                                                .max_slew_ppm = 83333.0,
                                                .max_drift_ppm = 1000.0,
                                                .max_clock_error_ppm = 1.0};
    static const struct reference_settings reference = {
        .max_update_skew_ppm = 1000.0, .corr_time_ratio = 3.0, .log_change_s = 1.0};

    *w = (struct world){.fast_ppm = fast_ppm};
    toy_init(&w->toy);
    w->truth = w->toy.utc;
    w->clock = clock_create(&w->toy.os, &w->timers, &w->toy.log, &clock);
    w->reference = reference_create(&w->toy.os, &w->timers, &w->toy.log, w->clock, &reference);
    reference_start(w->reference);
    w->manual = manual_create(w->clock, w->reference, true);
}

static void teardown(struct world *w)
{
    manual_destroy(w->manual);
    reference_destroy(w->reference);
    clock_destroy(w->clock);
    timers_free(&w->timers);
}

static void pass(struct world *w, double s)
{
    struct mono until = mono_add_s(w->toy.mono, s);

    w->truth = utc_add_s(w->truth, s / (1.0 + w->fast_ppm * 1e-6));
    while (mono_before(w->toy.mono, until)) {
        struct mono next = timers_next(&w->timers);

        if (mono_before(until, next))
            next = until;
        toy_advance(&w->toy, max_d(mono_diff_s(next, w->toy.mono), 1e-6));
        timers_fire(&w->timers, w->toy.mono);
    }
}

static enum manual_status enter(struct world *w, double mistake_s, struct manual_result *r)
{
    return manual_enter(w->manual, utc_add_s(w->truth, mistake_s), r);
}

static double error_s(const struct world *w)
{
    return utc_diff_s(clock_now(w->clock), w->truth);
}

static void the_first_entry_sets_the_offset_alone(void **state)
{
    struct world w;
    struct manual_result r;

    (void)state;
    setup(&w, 0.0);
    assert_int_equal(enter(&w, -7.5, &r), MANUAL_ACCEPTED);
    assert_true(fabs(r.offset_s - 7.5) < 1e-6);
    assert_true(r.change_ppm == 0.0);
    assert_true(fabs(error_s(&w) + 7.5) < 1e-6);
    teardown(&w);
}

static void entries_must_be_times_and_a_second_apart(void **state)
{
    struct world w;
    struct manual_result r;

    (void)state;
    setup(&w, 0.0);
    assert_int_equal(manual_enter(w.manual, (struct utc){0}, &r), MANUAL_REFUSED);
    assert_int_equal(manual_enter(w.manual, (struct utc){-5}, &r), MANUAL_REFUSED);
    assert_int_equal(manual_enter(w.manual, (struct utc){INT64_MAX}, &r), MANUAL_REFUSED);
    assert_int_equal(enter(&w, 0.0, &r), MANUAL_ACCEPTED);
    pass(&w, 0.9);
    assert_int_equal(enter(&w, 0.0, &r), MANUAL_REFUSED);
    pass(&w, 0.2);
    assert_int_equal(enter(&w, 0.0, &r), MANUAL_ACCEPTED);
    manual_enable(w.manual, false);
    pass(&w, 2.0);
    assert_int_equal(enter(&w, 0.0, &r), MANUAL_DISABLED);
    assert_int_equal(manual_count(w.manual), 2);
    teardown(&w);
}

/* Days apart even careless entries tell a frequency; minutes apart they do not. */
static void a_frequency_is_believed_once_it_means_something(void **state)
{
    struct world w;
    struct manual_result r;

    (void)state;
    setup(&w, 40.0);
    assert_int_equal(enter(&w, 0.2, &r), MANUAL_ACCEPTED);
    pass(&w, 60.0);
    assert_int_equal(enter(&w, -0.2, &r), MANUAL_ACCEPTED);
    assert_true(r.change_ppm == 0.0);
    pass(&w, 2 * 86400.0);
    assert_int_equal(enter(&w, 0.1, &r), MANUAL_ACCEPTED);
    assert_true(fabs(r.freq_ppm - 40.0) < 4.0);
    assert_true(fabs(r.change_ppm - r.freq_ppm) < 1e-9);
    assert_true(fabs(error_s(&w)) < 0.3);
    pass(&w, 86400.0);
    assert_true(fabs(error_s(&w)) < 0.6);
    teardown(&w);
}

static void entries_keep_what_they_were_and_show_what_became_of_them(void **state)
{
    struct world w;
    struct manual_result r;
    struct manual_entry e;

    (void)state;
    setup(&w, 0.0);
    assert_int_equal(enter(&w, -3.0, &r), MANUAL_ACCEPTED);
    pass(&w, 100.0);
    assert_int_equal(enter(&w, -5.0, &r), MANUAL_ACCEPTED);
    manual_entry(w.manual, 0, &e);
    assert_true(fabs(e.original_s - 3.0) < 1e-6);
    assert_true(fabs(e.slewed_s + 2.0) < 1e-3); /* the clock was set back by 2 s since */
    manual_entry(w.manual, 1, &e);
    assert_true(fabs(e.original_s - 2.0) < 1e-3);
    assert_true(fabs(e.slewed_s) < 1e-3 && fabs(e.residual_s) < 1e-6);
    /* The mistake is taken out, and the first entry is believed again. */
    assert_false(manual_delete(w.manual, 2));
    assert_true(manual_delete(w.manual, 1));
    assert_true(fabs(error_s(&w) + 3.0) < 1e-2);
    assert_true(manual_delete(w.manual, 0));
    assert_false(manual_delete(w.manual, 0));
    teardown(&w);
}

static void the_oldest_of_too_many_entries_goes(void **state)
{
    struct world w;
    struct manual_result r;
    struct manual_entry e;

    (void)state;
    setup(&w, 0.0);
    for (int i = 0; i < MANUAL_SAMPLES_MAX + 3; i++) {
        assert_int_equal(enter(&w, i == 0 ? -100.0 : 0.0, &r), MANUAL_ACCEPTED);
        pass(&w, 10.0);
    }
    assert_int_equal(manual_count(w.manual), MANUAL_SAMPLES_MAX);
    for (size_t i = 1; i < MANUAL_SAMPLES_MAX; i++) {
        struct utc before;

        manual_entry(w.manual, i - 1, &e);
        before = e.when;
        manual_entry(w.manual, i, &e);
        assert_true(utc_diff_s(e.when, before) > 9.0);
    }
    manual_reset(w.manual);
    assert_int_equal(manual_count(w.manual), 0);
    teardown(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_entry_sets_the_offset_alone),
        cmocka_unit_test(entries_must_be_times_and_a_second_apart),
        cmocka_unit_test(a_frequency_is_believed_once_it_means_something),
        cmocka_unit_test(entries_keep_what_they_were_and_show_what_became_of_them),
        cmocka_unit_test(the_oldest_of_too_many_entries_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
