/* test_refclock.c - refclocks in a world whose devices are made here. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "chronyd/refclock/refclock.h"
#include "test/unit/fake_os.h"

#define TEST(name) static void name(void **state)
#define START_S 1.8e9
#define DEVICES_MAX 12
#define assert_near(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

/* A device tells the truth, `error_s` more, about the instant `late_s` ago. */
struct device {
    bool open, silent;
    bool pulse;
    double error_s, late_s, dispersion_s;
    int leap, outlier; /* every so many: a second off; 0 = none */
    int polls;
};

struct world {
    struct fake_os f; /* first, so that the ops find the rest */
    struct os_ops ops;
    struct device devices[DEVICES_MAX];
    int opened;
    bool refuse;
    struct clock *c;
    struct reference *r;
    struct sources *ss;
    struct refclocks *rs;
};

static struct os_refclock_sample sample_of(struct world *w, const struct device *d)
{
    double raw_s = -d->late_s, error_s = d->error_s;
    struct os_refclock_sample s = {.stamp = utc_add_s(w->ops.utc(w), raw_s),
                                   .dispersion_s = d->dispersion_s,
                                   .leap = d->leap,
                                   .pulse = d->pulse};

    if (d->outlier && d->polls % d->outlier == 0)
        error_s += 1.0;
    s.offset_s = -fake_error_s(&w->f) + error_s;
    if (d->pulse) /* which second it was is not told */
        s.offset_s -= round(s.offset_s);
    return s;
}

static int device_open(void *ctx, const struct os_refclock_params *p, bool *polled, struct err *err)
{
    struct world *w = ctx;

    if (w->refuse) {
        err_set(err, ERR_MISSING, "Could not open %s device %s", p->driver, p->parameter);
        return -1;
    }
    *polled = strcmp(p->driver, "SOCK") != 0;
    w->devices[w->opened].open = true;
    return w->opened++;
}

static bool device_poll(void *ctx, int clock, struct os_refclock_sample *out)
{
    struct world *w = ctx;
    struct device *d = &w->devices[clock];

    d->polls++;
    *out = sample_of(w, d);
    return !d->silent;
}

static void device_close(void *ctx, int clock)
{
    ((struct world *)ctx)->devices[clock].open = false;
}

static void start(struct world *w)
{
    const struct clock_settings cs = {.control = true,
                                      .max_slew_ppm = 83333.333,
                                      .max_drift_ppm = 1e5,
                                      .max_clock_error_ppm = 1.0};
    const struct reference_settings rs = {.maxchange_start = -1,
                                          .max_update_skew_ppm = 1000.0,
                                          .corr_time_ratio = 3.0,
                                          .log_change_s = 1.0,
                                          .drift_interval_s = 3600,
                                          .leapsec_list = "/leaps",
                                          .local = {.stratum = 10, .distance_s = 1.0}};
    const struct sources_settings ss = {.select = {.max_distance_s = 3.0,
                                                   .max_jitter_s = 1.0,
                                                   .reselect_distance_s = 1e-4,
                                                   .stratum_weight_s = 1e-3,
                                                   .combine_limit = 3.0,
                                                   .min_sources = 1,
                                                   .max_stratum = 15,
                                                   .auth_mode = SELECT_AUTH_MIX}};

    w->ops = *w->f.os.ops;
    w->ops.refclock_open = device_open;
    w->ops.refclock_poll = device_poll;
    w->ops.refclock_close = device_close;
    w->f.os.ops = &w->ops;
    fake_write(
        &w->f, "/leaps",
        "#$ 3676924800\n#@ 4200000000\n2272060800 10\n3345062400 33\n3439756800 34\n3550089600 35\n"
        "3644697600 36\n3692217600 37\n");
    w->c = clock_create(&w->f.os, &w->f.timers, &w->f.log, &cs);
    w->r = reference_create(&w->f.os, &w->f.timers, &w->f.log, w->c, &rs);
    w->ss = sources_create(&w->f.os, &w->f.log, w->c, w->r, &ss);
    reference_start(w->r);
}

static struct world *make_world(double offset_s)
{
    struct world *w = calloc(1, sizeof(*w));

    fake_init(&w->f, START_S, offset_s, 5.0);
    start(w);
    return w;
}

static bool create(struct world *w, const struct refclock_settings *list, size_t count,
                   struct err *err)
{
    const struct refclocks_settings settings = {.list = list,
                                                .count = count,
                                                .min_samples = 6,
                                                .max_samples = 64,
                                                .log = true,
                                                .logs = {.dir = "/logs", .banner = 32}};

    w->rs = refclocks_create(&w->f.os, &w->f.timers, &w->f.log, w->c, w->r, w->ss, &settings, err);
    return w->rs != NULL;
}

static void run(struct world *w, const struct refclock_settings *list, size_t count, double s)
{
    assert_true(create(w, list, count, NULL));
    refclocks_start(w->rs);
    fake_run(&w->f, s);
}

static void free_world(struct world *w)
{
    refclocks_destroy(w->rs);
    for (int i = 0; i < w->opened; i++)
        assert_false(w->devices[i].open);
    sources_destroy(w->ss);
    reference_destroy(w->r);
    clock_destroy(w->c);
    fake_free(&w->f);
    free(w);
}

static struct refclock_settings plain(const char *driver)
{
    return (struct refclock_settings){.driver = driver,
                                      .parameter = "0",
                                      .driver_options = "",
                                      .poll = 2,
                                      .filter_length = 64,
                                      .rate = 1,
                                      .max_lock_age = 2,
                                      .delay_s = 1e-9,
                                      .min_samples = -1,
                                      .max_samples = -1,
                                      .max_unreach = 100000};
}

static struct source_report report_of(const struct world *w, size_t i)
{
    struct source_report r;

    source_report(sources_at(w->ss, i), &r);
    return r;
}

static const char *refid_text(uint32_t refid, char buf[5])
{
    for (int i = 0; i < 4; i++)
        buf[i] = (char)(refid >> (24 - 8 * i));
    buf[4] = '\0';
    return buf;
}

/* --- identity ------------------------------------------------------------------------------- */

TEST(refids_are_made_of_driver_and_number)
{
    struct refclock_settings list[DEVICES_MAX];
    struct world *w = make_world(0.0);
    static const char *const names[DEVICES_MAX] = {"SHM0", "SHM1", "PPS2", "SOC3", "GPS",  "PHC5",
                                                   "RTC6", "SHM7", "SHM8", "SHM9", "PP10", "SH11"};
    char buf[5];

    (void)state;
    for (size_t i = 0; i < DEVICES_MAX; i++)
        list[i] = plain("SHM");
    list[2].driver = list[10].driver = "PPS";
    list[3].driver = "SOCK";
    text_copy(list[4].refid, 5, "GPS");
    list[5].driver = "PHC";
    list[6].driver = "RTC";
    assert_true(create(w, list, DEVICES_MAX, NULL));
    assert_int_equal(sources_count(w->ss), DEVICES_MAX);
    for (size_t i = 0; i < DEVICES_MAX; i++)
        assert_string_equal(refid_text(report_of(w, i).refid, buf), names[i]);
    assert_int_equal(report_of(w, 4).refid, 0x47505300);
    assert_int_equal(refclocks_poll_log2(w->rs, 0x47505300), 2);
    assert_int_equal(refclocks_poll_log2(w->rs, 0x47505301), 0);
    free_world(w);
}

TEST(a_refid_is_used_once)
{
    struct refclock_settings list[2] = {plain("SHM"), plain("SHM")};
    struct world *w = make_world(0.0);
    struct err err;

    (void)state;
    text_copy(list[1].refid, 5, "SHM0");
    assert_false(create(w, list, 2, &err));
    assert_int_equal(err.code, ERR_DUPLICATE);
    assert_false(w->devices[0].open);
    free_world(w);
}

TEST(a_device_that_cannot_be_opened_is_an_error)
{
    struct refclock_settings shm = plain("SHM");
    struct world *w = make_world(0.0);
    struct err err;

    (void)state;
    w->refuse = true;
    assert_false(create(w, &shm, 1, &err));
    assert_string_equal(err.text, "Could not open SHM device 0");
    w->ops.refclock_open = NULL;
    assert_false(create(w, &shm, 1, &err));
    assert_int_equal(err.code, ERR_UNSUPPORTED);
    /* no refclocks, no devices needed */
    assert_true(create(w, NULL, 0, &err));
    free_world(w);
}

/* --- clocks that tell the whole time -------------------------------------------------------- */

TEST(the_clock_follows_a_refclock)
{
    struct refclock_settings shm = plain("SHM");
    struct world *w = make_world(0.01);
    struct source_report s;

    (void)state;
    shm.stratum = 3;
    run(w, &shm, 1, 200.0);
    s = report_of(w, 0);
    assert_int_equal(s.reach, 0377);
    assert_int_equal(s.stratum, 3);
    assert_int_equal(s.select.state, SELECT_SELECTED);
    assert_near(fake_error_s(&w->f), 0.0, 1e-6);
    assert_in_range(w->devices[0].polls, 199, 201);
    free_world(w);
}

TEST(outliers_do_not_matter)
{
    struct refclock_settings shm = plain("SHM");
    struct world *w = make_world(0.01);

    (void)state;
    w->devices[0].outlier = 4;
    run(w, &shm, 1, 200.0);
    assert_near(fake_error_s(&w->f), 0.0, 1e-6);
    free_world(w);
}

TEST(offset_is_added_and_delay_is_told)
{
    struct refclock_settings shm = plain("SHM");
    struct world *w = make_world(0.0);
    struct reference_figures f;

    (void)state;
    w->devices[0].error_s = -0.2;
    shm.offset_s = 0.2;
    shm.delay_s = 0.05;
    run(w, &shm, 1, 200.0);
    assert_near(fake_error_s(&w->f), 0.0, 1e-6);
    reference_figures(w->r, &f);
    assert_near(f.root_delay_s, 0.05, 1e-9);
    free_world(w);
}

TEST(silence_is_seen_in_the_reach_register)
{
    struct refclock_settings shm = plain("SHM");
    struct world *w = make_world(0.0);

    (void)state;
    run(w, &shm, 1, 100.5);
    w->devices[0].silent = true;
    fake_run(&w->f, 8.0); /* two polling intervals */
    assert_int_equal(report_of(w, 0).reach, 0374);
    fake_run(&w->f, 40.0);
    assert_int_equal(report_of(w, 0).reach, 0);
    assert_true(refclocks_all_silent(w->rs));
    free_world(w);
}

TEST(silence_is_only_sure_after_eight_polls)
{
    struct refclock_settings shm = plain("SHM");
    struct world *w = make_world(0.0);

    (void)state;
    w->devices[0].silent = true;
    run(w, &shm, 1, 30.0);
    assert_false(refclocks_all_silent(w->rs));
    fake_run(&w->f, 4.0);
    assert_true(refclocks_all_silent(w->rs));
    assert_true(refclocks_all_silent(NULL));
    free_world(w);
}

TEST(samples_that_cannot_be_right_are_dropped)
{
    static const struct {
        struct device device;
        bool taken;
    } cases[] = {
        {{.leap = 0}, true},
        {{.leap = 2}, true},
        {{.leap = 3}, false},
        {{.leap = -1}, false},
        {{.leap = 4}, false},
        {{.late_s = 7.0}, true}, /* two polling intervals are eight seconds */
        {{.late_s = 9.0}, false},
        {{.late_s = -0.5}, false},
        {{.late_s = 9e9}, false},
        {{.late_s = -9e9}, false},
        {{.late_s = 9e9, .pulse = true}, false},
        {{.error_s = NAN}, false},
        {{.error_s = 1e300}, false},
        {{.dispersion_s = NAN}, false},
        {{.dispersion_s = -1.0}, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct refclock_settings shm = plain("SHM");
        struct world *w = make_world(0.0);

        w->devices[0] = cases[i].device;
        run(w, &shm, 1, 20.5);
        assert_int_equal(report_of(w, 0).has_sample, cases[i].taken);
        free_world(w);
    }
}

TEST(the_leap_state_is_passed_on)
{
    struct refclock_settings shm = plain("SHM");
    struct world *w = make_world(0.0);

    (void)state;
    w->devices[0].leap = 1;
    run(w, &shm, 1, 60.0);
    assert_int_equal(report_of(w, 0).select.leap, LEAP_INSERT);
    free_world(w);
}

TEST(tai_is_turned_into_utc)
{
    struct refclock_settings phc = plain("PHC");
    struct world *w = make_world(0.01);

    (void)state;
    phc.tai = true;
    w->devices[0].error_s = 37.0;
    run(w, &phc, 1, 200.0);
    assert_near(fake_error_s(&w->f), 0.0, 1e-6);
    free_world(w);
}

/* The table of leap seconds is one of UTC: until midnight the old difference holds, although TAI is
 * half a minute into the new year. START_S is far away, so the world begins at another time. */
TEST(tai_is_turned_into_utc_in_the_last_minute_of_a_year)
{
    const double midnight_s = 1483228800.0; /* 2017-01-01 */
    struct refclock_settings phc = plain("PHC");
    struct world *w = calloc(1, sizeof(*w));

    (void)state;
    fake_init(&w->f, midnight_s - 30.0, 0.01, 5.0);
    start(w);
    phc.tai = true;
    phc.poll = 1;
    w->devices[0].error_s = 36.0;
    run(w, &phc, 1, 20.0);
    assert_near(fake_error_s(&w->f), 0.0, 1e-3);
    free_world(w);
}

TEST(dispersion_is_limited_and_never_below_the_precision)
{
    struct refclock_settings shm = plain("SHM");
    struct world *w = make_world(0.0);

    (void)state;
    shm.precision_s = 1e-3;
    shm.max_dispersion_s = 1.5e-3;
    run(w, &shm, 1, 60.0);
    assert_true(report_of(w, 0).error_s >= 1e-3);
    assert_int_equal(report_of(w, 0).reach, 0377);
    w->devices[0].dispersion_s = 1e-3;
    fake_run(&w->f, 40.0);
    assert_int_equal(report_of(w, 0).reach, 0);
    free_world(w);
}

TEST(a_clock_that_reports_by_itself_is_not_asked)
{
    struct refclock_settings sock = plain("SOCK");
    struct event ev = {.type = EVENT_REFCLOCK};
    struct world *w = make_world(0.01);

    (void)state;
    assert_true(create(w, &sock, 1, NULL));
    for (int i = 0; i < 200; i++) {
        if (i == 5)
            refclocks_start(w->rs);
        fake_run(&w->f, 1.0);
        ev.refclock.sample = sample_of(w, &w->devices[0]);
        assert_true(refclocks_handle(w->rs, &ev));
        if (i < 5)
            assert_null(fake_read(&w->f, "/logs/refclocks.log"));
    }
    assert_int_equal(w->devices[0].polls, 0);
    assert_near(fake_error_s(&w->f), 0.0, 1e-6);
    ev.refclock.clock = 77; /* somebody else's */
    assert_true(refclocks_handle(w->rs, &ev));
    ev.type = EVENT_TIMER;
    assert_false(refclocks_handle(w->rs, &ev));
    assert_false(refclocks_handle(NULL, &ev));
    free_world(w);
}

/* --- pulses --------------------------------------------------------------------------------- */

TEST(pulses_alone_tell_nothing)
{
    struct refclock_settings pps = plain("PPS");
    struct world *w = make_world(0.01);

    (void)state;
    w->devices[0].pulse = true;
    run(w, &pps, 1, 100.0);
    assert_false(report_of(w, 0).has_sample);
    assert_int_equal(report_of(w, 0).reach, 0);
    free_world(w);
}

TEST(pulses_refine_what_other_sources_tell)
{
    struct refclock_settings list[2] = {plain("SHM"), plain("PPS")};
    struct world *w = make_world(5.3);

    (void)state;
    list[0].delay_s = 0.1;
    w->devices[0].error_s = 0.03;
    w->devices[1].pulse = true;
    run(w, list, 2, 1500.0);
    assert_int_equal(report_of(w, 1).reach, 0377);
    assert_int_equal(report_of(w, 1).select.state, SELECT_SELECTED);
    assert_near(fake_error_s(&w->f), 0.0, 1e-5);
    free_world(w);
}

TEST(pulses_belong_to_the_second_of_the_clock_they_are_locked_to)
{
    struct refclock_settings list[2] = {plain("PPS"), plain("SHM")};
    struct world *w = make_world(5.3);

    (void)state;
    text_copy(list[0].lock, 5, "NMEA");
    text_copy(list[1].refid, 5, "NMEA");
    list[1].select_options = SELECT_NOSELECT;
    w->devices[0].pulse = true;
    w->devices[1].error_s = 0.3; /* late, but less than 0.4 s */
    run(w, list, 2, 400.0);
    assert_int_equal(report_of(w, 0).reach, 0377);
    assert_int_equal(report_of(w, 0).select.state, SELECT_SELECTED);
    assert_near(fake_error_s(&w->f), 0.0, 1e-5);
    free_world(w);
}

TEST(pulses_are_refused_when_the_lock_is_too_far_off_or_too_old)
{
    static const struct {
        double error_s, late_s, width_s;
        bool silent, taken;
    } cases[] = {
        {0.39, 0.0, 0.0, false, true},  {0.45, 0.0, 0.0, false, false},
        {0.0, 1.5, 0.0, false, true},   {0.0, 3.5, 0.0, false, false},
        {0.0, 0.0, 0.0, true, false},   {0.04, 0.0, 0.1, false, true},
        {0.06, 0.0, 0.1, false, false}, {0.06, 0.0, 0.9, false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct refclock_settings list[2] = {plain("SHM"), plain("PPS")};
        struct world *w = make_world(0.0);

        list[0].select_options = SELECT_NOSELECT;
        text_copy(list[1].lock, 5, "SHM0");
        list[1].width_s = cases[i].width_s;
        w->devices[0].error_s = cases[i].error_s;
        w->devices[0].late_s = cases[i].late_s;
        w->devices[0].silent = cases[i].silent;
        w->devices[1].pulse = true;
        run(w, list, 2, 20.5);
        assert_int_equal(report_of(w, 1).has_sample, cases[i].taken);
        free_world(w);
    }
}

TEST(any_clock_can_be_treated_as_pulses)
{
    struct refclock_settings list[2] = {plain("SHM"), plain("SHM")};
    struct world *w = make_world(0.02);

    (void)state;
    list[0].select_options = SELECT_NOSELECT;
    list[1].pps = true;
    text_copy(list[1].lock, 5, "SHM0");
    w->devices[1].error_s = 7200.0; /* whole seconds do not count */
    run(w, list, 2, 200.0);
    assert_near(fake_error_s(&w->f), 0.0, 1e-5);
    free_world(w);
}

/* The host's oscillator gets warm; a clock that is wrong by hours, but steady, makes up for it. */
TEST(a_local_clock_steadies_the_oscillator)
{
    struct refclock_settings shm = plain("SHM");
    struct world *w = make_world(0.0);
    double before_s, after_s, rate;

    (void)state;
    shm.local = true;
    w->devices[0].error_s = 7200.2;
    run(w, &shm, 1, 400.0);
    before_s = fake_error_s(&w->f);
    fake_run(&w->f, 100.0);
    rate = (fake_error_s(&w->f) - before_s) / 100.0;
    assert_near(rate, 5e-6, 1e-8);
    w->f.freq += 3e-6;
    fake_run(&w->f, 400.0);
    after_s = fake_error_s(&w->f);
    assert_near(after_s - before_s, 500.0 * rate, 2e-6); /* the phase came back, too */
    fake_run(&w->f, 100.0);
    assert_near(fake_error_s(&w->f) - after_s, 100.0 * rate, 1e-6);
    assert_false(report_of(w, 0).has_sample);
    assert_int_equal(report_of(w, 0).reach, 0377);
    free_world(w);
}

/* One that is unsteady itself by whole intervals starts a new line after silence. */
TEST(a_local_clock_that_was_silent_begins_anew)
{
    struct refclock_settings shm = plain("SHM");
    struct world *w = make_world(0.0);
    double before_s;

    (void)state;
    shm.local = true;
    run(w, &shm, 1, 400.0);
    w->devices[0].silent = true;
    fake_run(&w->f, 20.0);
    w->devices[0].silent = false;
    w->devices[0].error_s = 0.45;
    before_s = fake_error_s(&w->f);
    fake_run(&w->f, 100.0);
    assert_near(fake_error_s(&w->f) - before_s, 5e-4, 1e-6);
    assert_int_equal(report_of(w, 0).reach, 0377);
    free_world(w);
}

TEST(an_unknown_lock_is_warned_about)
{
    struct refclock_settings pps = plain("PPS");
    struct world *w = make_world(0.0);

    (void)state;
    text_copy(pps.lock, 5, "NMEA");
    assert_true(create(w, &pps, 1, NULL));
    assert_true(fake_logged(&w->f, "Invalid lock refid NMEA"));
    free_world(w);
}

TEST(pulses_and_readings_before_a_sleep_are_forgotten)
{
    struct refclock_settings list[2] = {plain("SHM"), plain("PPS")};
    struct world *w = make_world(0.0);

    (void)state;
    text_copy(list[1].lock, 5, "SHM0");
    list[0].select_options = SELECT_NOSELECT;
    w->devices[1].pulse = true;
    run(w, list, 2, 18.5);
    w->devices[0].silent = true;
    refclocks_break(w->rs);
    fake_run(&w->f, 2.0);
    assert_int_equal(report_of(w, 0).reach, 036);
    assert_int_equal(report_of(w, 1).reach, 036);
    free_world(w);
}

/* --- log ------------------------------------------------------------------------------------ */

static const char *line_of(const char *text, int n)
{
    while (text && n-- > 0) {
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
    }
    return text;
}

TEST(records_have_their_columns)
{
    struct refclock_settings list[2] = {plain("SHM"), plain("PPS")};
    struct world *w = make_world(0.0);
    const char *log, *raw, *combined;

    (void)state;
    text_copy(list[0].refid, 5, "GPS");
    list[0].poll = 1;
    list[1].poll = 1;
    text_copy(list[1].lock, 5, "GPS");
    w->devices[0].error_s = 0.0125;
    w->devices[0].leap = 1;
    w->devices[1].pulse = true;
    run(w, list, 2, 3.5);
    log = fake_read(&w->f, "/logs/refclocks.log");
    assert_non_null(log);
    assert_memory_equal(log, "=====", 5);
    assert_int_equal(strcspn(log, "\n"), 79);
    assert_int_equal(strcspn(line_of(log, 1), "\n"), 79);
    raw = line_of(log, 3);
    assert_int_equal(strcspn(raw, "\n"), 79);
    assert_memory_equal(raw + 19, ".", 1);
    assert_memory_equal(raw + 26, " GPS     1 + 0  1.2", 19);
    raw = line_of(log, 4);
    assert_memory_equal(raw + 26, " PPS1    1 + 1 ", 15);
    raw = line_of(log, 5);
    assert_memory_equal(raw + 26, " GPS     2 + 0  1.2", 19);
    combined = line_of(log, 6);
    assert_memory_equal(combined + 26, " GPS     - + -       -        1.2", 33);
    assert_int_equal(strcspn(combined, "\n"), 79);
    refclocks_cycle_logs(w->rs);
    refclocks_cycle_logs(NULL);
    free_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refids_are_made_of_driver_and_number),
        cmocka_unit_test(a_refid_is_used_once),
        cmocka_unit_test(a_device_that_cannot_be_opened_is_an_error),
        cmocka_unit_test(the_clock_follows_a_refclock),
        cmocka_unit_test(outliers_do_not_matter),
        cmocka_unit_test(offset_is_added_and_delay_is_told),
        cmocka_unit_test(silence_is_seen_in_the_reach_register),
        cmocka_unit_test(silence_is_only_sure_after_eight_polls),
        cmocka_unit_test(samples_that_cannot_be_right_are_dropped),
        cmocka_unit_test(the_leap_state_is_passed_on),
        cmocka_unit_test(tai_is_turned_into_utc),
        cmocka_unit_test(tai_is_turned_into_utc_in_the_last_minute_of_a_year),
        cmocka_unit_test(dispersion_is_limited_and_never_below_the_precision),
        cmocka_unit_test(a_clock_that_reports_by_itself_is_not_asked),
        cmocka_unit_test(pulses_alone_tell_nothing),
        cmocka_unit_test(pulses_refine_what_other_sources_tell),
        cmocka_unit_test(pulses_belong_to_the_second_of_the_clock_they_are_locked_to),
        cmocka_unit_test(pulses_are_refused_when_the_lock_is_too_far_off_or_too_old),
        cmocka_unit_test(any_clock_can_be_treated_as_pulses),
        cmocka_unit_test(a_local_clock_steadies_the_oscillator),
        cmocka_unit_test(a_local_clock_that_was_silent_begins_anew),
        cmocka_unit_test(an_unknown_lock_is_warned_about),
        cmocka_unit_test(pulses_and_readings_before_a_sleep_are_forgotten),
        cmocka_unit_test(records_have_their_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
