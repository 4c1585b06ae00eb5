/* test_chronyc_format.c - numbers as scripts read them (spec chronyc section 5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

#include "chronyc/format.h"

static char buf[FORMAT_MAX];

#define CHECK(expected, call) assert_string_equal(call, expected)

static void interval_changes_unit_where_digits_would_run_out(void **state)
{
    static const struct {
        uint32_t seconds;
        const char *text;
    } rows[] = {
        {0, "   0"},
        {9, "   9"},
        {1199, "1199"},
        {1200, " 20m"},
        {1259, " 20m"},
        {35999, "599m"},
        {36000, " 10h"},
        {345599, " 95h"},
        {345600, "  4d"},
        {86400 * 999u, "999d"},
        {86400 * 1000u, "  2y"},
        {UINT32_MAX - 1, "136y"},
        {UINT32_MAX, "   -"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(rows[i].text, format_interval(buf, sizeof(buf), rows[i].seconds));
}

static void offset_changes_unit_at_the_limits(void **state)
{
    static const struct {
        double seconds;
        const char *sign, *magnitude;
    } rows[] = {
        {0.0, "   +0ns", "   0ns"},
        {1e-9, "   +1ns", "   1ns"},
        {-1e-9, "   -1ns", "   1ns"},
        {9999.4e-9, "+9999ns", "9999ns"},
        {9999.6e-9, "  +10us", "  10us"},
        {-12e-6, "  -12us", "  12us"},
        {9999.4e-6, "+9999us", "9999us"},
        {9999.6e-6, "  +10ms", "  10ms"},
        {9.9994, "+9999ms", "9999ms"},
        {9.9996, " +10.0s", " 10.0s"},
        {999.4, "+999.4s", "999.4s"},
        {999.6, " +1000s", " 1000s"},
        {99999.4, "+99999s", "99999s"},
        {99999.6, " +1667m", " 1667m"},
        {99999.4 * 60, "+99999m", "99999m"},
        {99999.6 * 60, " +1667h", " 1667h"},
        {99999.6 * 3600, " +4167d", " 4167d"},
        {99999.6 * 86400, "  +274y", "  274y"},
        {-1e15, "-31709792y", "31709792y"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK(rows[i].sign, format_offset(buf, sizeof(buf), rows[i].seconds, true));
        CHECK(rows[i].magnitude, format_offset(buf, sizeof(buf), rows[i].seconds, false));
    }
}

static void offset_that_is_no_number_does_not_overflow(void **state)
{
    (void)state;
    format_offset(buf, sizeof(buf), NAN, true);
    format_offset(buf, sizeof(buf), INFINITY, true);
    format_offset(buf, sizeof(buf), -1.7e308, true);
}

static void ppm_drops_its_decimals_when_large(void **state)
{
    (void)state;
    CHECK("    +0.000", format_ppm(buf, sizeof(buf), 0.0, true));
    CHECK("   -12.345", format_ppm(buf, sizeof(buf), -12.345, true));
    CHECK("  2000.000", format_ppm(buf, sizeof(buf), 2000.0, false));
    CHECK(" 99999.400", format_ppm(buf, sizeof(buf), 99999.4, false));
    CHECK("    100000", format_ppm(buf, sizeof(buf), 99999.6, false));
    CHECK("   -100000", format_ppm(buf, sizeof(buf), -99999.6, true));
}

static void client_interval_of_127_is_unknown(void **state)
{
    (void)state;
    CHECK(" 6", format_log2(buf, sizeof(buf), 6));
    CHECK("-4", format_log2(buf, sizeof(buf), -4));
    CHECK("126", format_log2(buf, sizeof(buf), 126));
    CHECK(" -", format_log2(buf, sizeof(buf), 127));
}

static void time_is_utc_whatever_the_zone(void **state)
{
    const struct candm_time t = {1485510557, 123456789}, epoch = {0, 0}, before = {-1, 5};

    (void)state;
    CHECK("Fri Jan 27 09:49:17 2017", format_time(buf, sizeof(buf), &t));
    CHECK("Thu Jan 01 00:00:00 1970", format_time(buf, sizeof(buf), &epoch));
    CHECK("Wed Dec 31 23:59:59 1969", format_time(buf, sizeof(buf), &before));
    CHECK("2017-01-27 09:49:17", format_date(buf, sizeof(buf), &t));
    CHECK("2017-01-27T09:49:17.123456789Z", format_rfc3339(buf, sizeof(buf), &t));
}

static void time_beyond_all_calendars_does_not_overflow(void **state)
{
    const struct candm_time far = {INT64_MAX, 999999999}, past = {INT64_MIN, 0};

    (void)state;
    format_time(buf, sizeof(buf), &far);
    format_time(buf, sizeof(buf), &past);
    format_rfc3339(buf, sizeof(buf), &past);
}

static void zero_offset_is_fast_and_zero_frequency_is_slow(void **state)
{
    (void)state;
    CHECK("0.000000000 seconds fast", format_offset_word(buf, sizeof(buf), 0.0));
    CHECK("0.000012345 seconds slow", format_offset_word(buf, sizeof(buf), 12.345e-6));
    CHECK("0.000012345 seconds fast", format_offset_word(buf, sizeof(buf), -12.345e-6));
    CHECK("0.000 ppm slow", format_freq_word(buf, sizeof(buf), 0.0));
    CHECK("1.500 ppm fast", format_freq_word(buf, sizeof(buf), 1.5));
    CHECK("1.500 ppm slow", format_freq_word(buf, sizeof(buf), -1.5));
}

static void leap_status_outside_its_range_is_invalid(void **state)
{
    (void)state;
    CHECK("Normal", leap_words(0));
    CHECK("Insert second", leap_words(1));
    CHECK("Delete second", leap_words(2));
    CHECK("Not synchronised", leap_words(3));
    CHECK("Invalid", leap_words(4));
    assert_int_equal(leap_char(0), 'N');
    assert_int_equal(leap_char(1), '+');
    assert_int_equal(leap_char(2), '-');
    assert_int_equal(leap_char(3), '?');
    assert_int_equal(leap_char(200), '?');
}

static void refid_text_has_printable_characters_only(void **state)
{
    (void)state;
    CHECK("GPS", format_refid_text(buf, sizeof(buf), 0x47505300));
    CHECK("SHM0", format_refid_text(buf, sizeof(buf), 0x53484d30));
    CHECK("", format_refid_text(buf, sizeof(buf), 0));
    CHECK("A", format_refid_text(buf, sizeof(buf), 0x1b410aff));
}

static void json_numbers_are_finite(void **state)
{
    (void)state;
    CHECK("0", format_json_number(buf, sizeof(buf), 0.0));
    CHECK("-1.2345e-05", format_json_number(buf, sizeof(buf), -12.345e-6));
    CHECK("null", format_json_number(buf, sizeof(buf), NAN));
    CHECK("null", format_json_number(buf, sizeof(buf), -INFINITY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interval_changes_unit_where_digits_would_run_out),
        cmocka_unit_test(offset_changes_unit_at_the_limits),
        cmocka_unit_test(offset_that_is_no_number_does_not_overflow),
        cmocka_unit_test(ppm_drops_its_decimals_when_large),
        cmocka_unit_test(client_interval_of_127_is_unknown),
        cmocka_unit_test(time_is_utc_whatever_the_zone),
        cmocka_unit_test(time_beyond_all_calendars_does_not_overflow),
        cmocka_unit_test(zero_offset_is_fast_and_zero_frequency_is_slow),
        cmocka_unit_test(leap_status_outside_its_range_is_invalid),
        cmocka_unit_test(refid_text_has_printable_characters_only),
        cmocka_unit_test(json_numbers_are_finite),
    };

    return cmocka_run_group_tests_name("chronyc_format", tests, NULL, NULL);
}
