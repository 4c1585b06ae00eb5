#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/defs.h"
#include "base/time.h"

static void seconds_become_nanoseconds_rounded_and_saturated(void **state)
{
    static const struct {
        double s;
        int64_t ns;
    } cases[] = {
        {0.0, 0},          {1.5e-9, 2},        {-1.5e-9, -2},        {0.4e-9, 0},
        {1.0, 1000000000}, {1e300, INT64_MAX}, {-1e300, -INT64_MAX}, {0.0 / 1.0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(ns_from_s(cases[i].s), cases[i].ns);
    assert_int_equal(ns_from_s(__builtin_nan("")), 0);
    assert_int_equal(ns_from_s(__builtin_inf()), INT64_MAX);
}

static void sums_saturate(void **state)
{
    (void)state;
    assert_int_equal(ns_add(INT64_MAX, 1), INT64_MAX);
    assert_int_equal(ns_add(-INT64_MAX, -1), -INT64_MAX);
    assert_int_equal(ns_add(-INT64_MAX, -INT64_MAX), -INT64_MAX);
    assert_int_equal(ns_add(5, -7), -2);
}

static void calendar_knows_leap_years_and_times_before_1970(void **state)
{
    static const struct {
        int64_t s;
        int year, month, day, hour, minute, second, weekday;
    } cases[] = {
        {0, 1970, 1, 1, 0, 0, 0, 4},
        {-1, 1969, 12, 31, 23, 59, 59, 3},
        {951782400, 2000, 2, 29, 0, 0, 0, 2},
        {951868800, 2000, 3, 1, 0, 0, 0, 3},
        {4107542400, 2100, 3, 1, 0, 0, 0, 1},
        {4107456000, 2100, 2, 28, 0, 0, 0, 0},
        {1781075702, 2026, 6, 10, 7, 15, 2, 3},
        {-2208988800, 1900, 1, 1, 0, 0, 0, 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct utc_calendar c = utc_calendar((struct utc){cases[i].s * NS_PER_S + 7});

        assert_int_equal(c.year, cases[i].year);
        assert_int_equal(c.month, cases[i].month);
        assert_int_equal(c.day, cases[i].day);
        assert_int_equal(c.hour, cases[i].hour);
        assert_int_equal(c.minute, cases[i].minute);
        assert_int_equal(c.second, cases[i].second);
        assert_int_equal(c.weekday, cases[i].weekday);
        assert_int_equal(c.ns, 7);
        assert_int_equal(days_from_civil(c.year, c.month, c.day),
                         (cases[i].s - (cases[i].s % 86400 + 86400) % 86400) / 86400);
    }
}

static void every_day_reads_back_the_same(void **state)
{
    (void)state;
    for (int64_t day = days_from_civil(1700, 1, 1); day < days_from_civil(2250, 1, 1); day++) {
        struct utc_calendar c = utc_calendar((struct utc){day * 86400 * NS_PER_S});

        assert_int_equal(days_from_civil(c.year, c.month, c.day), day);
    }
}

static void ntp_time_keeps_nanoseconds_in_every_era(void **state)
{
    static const int64_t seconds[] = {-2208988801, -1,         0,         1781075702,
                                      2085978495,  2085978497, 7000000000};
    static const int64_t fractions[] = {0, 1, 2, 499999999, 500000000, 999999998, 999999999};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(seconds); i++) {
        for (size_t j = 0; j < ARRAY_LEN(fractions); j++) {
            struct utc t = {seconds[i] * NS_PER_S + fractions[j]};
            struct utc near = {t.ns + INT64_C(60) * 365 * 86400 * NS_PER_S};
            struct utc before = {t.ns - INT64_C(60) * 365 * 86400 * NS_PER_S};

            assert_int_equal(utc_from_ntp_time(ntp_time_from_utc(t), near).ns, t.ns);
            assert_int_equal(utc_from_ntp_time(ntp_time_from_utc(t), before).ns, t.ns);
        }
    }
}

static void the_first_instant_of_an_era_is_not_taken_for_unset(void **state)
{
    struct utc era1 = {INT64_C(2085978496) * NS_PER_S};

    (void)state;
    assert_true(ntp_time_from_utc(era1).bits != 0);
    assert_int_equal(utc_from_ntp_time(ntp_time_from_utc(era1), era1).ns, era1.ns);
}

static void times_beyond_the_range_saturate(void **state)
{
    struct ntp_time t = {UINT64_MAX};

    (void)state;
    (void)utc_from_ntp_time(t, (struct utc){INT64_MAX});
    (void)utc_from_ntp_time((struct ntp_time){1}, (struct utc){-INT64_MAX});
    (void)utc_calendar((struct utc){INT64_MAX});
    (void)utc_calendar((struct utc){-INT64_MAX});
    (void)mono_diff_s(MONO_NEVER, (struct mono){-INT64_MAX});
    assert_int_equal(mono_add_s(MONO_NEVER, 1e9).ns, INT64_MAX);
}

static void short_format_rounds_up_and_saturates(void **state)
{
    (void)state;
    assert_int_equal(ntp_short_from_s(0.0), 0);
    assert_int_equal(ntp_short_from_s(1e-9), 1);
    assert_int_equal(ntp_short_from_s(1.0), 65536);
    assert_int_equal(ntp_short_from_s(1.00001), 65537);
    assert_int_equal(ntp_short_from_s(65536.0), UINT32_MAX);
    assert_int_equal(ntp_short_from_s(-1.0), 0);
    assert_int_equal(ntp_short_from_s(__builtin_nan("")), 0);
    assert_true(s_from_ntp_short(65536 + 32768) == 1.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_become_nanoseconds_rounded_and_saturated),
        cmocka_unit_test(sums_saturate),
        cmocka_unit_test(calendar_knows_leap_years_and_times_before_1970),
        cmocka_unit_test(every_day_reads_back_the_same),
        cmocka_unit_test(ntp_time_keeps_nanoseconds_in_every_era),
        cmocka_unit_test(the_first_instant_of_an_era_is_not_taken_for_unset),
        cmocka_unit_test(times_beyond_the_range_saturate),
        cmocka_unit_test(short_format_rounds_up_and_saturates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
