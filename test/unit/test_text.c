#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <math.h>

#include "base/err.h"
#include "base/log.h"
#include "base/reason.h"
#include "base/text.h"

static void lines_are_normalised(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"  server\t a \r\n", "server a"},
        {"# comment", ""},
        {"  ! x", ""},
        {"% x", ""},
        {"; x", ""},
        {"a # b", "a # b"},
        {" \t\v\f\r\n ", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char line[64];

        assert_true(text_copy(line, sizeof(line), cases[i].in));
        text_normalise(line);
        assert_string_equal(line, cases[i].out);
    }
}

static void words_are_cut_off_one_by_one(void **state)
{
    char line[] = " one  two three";
    char *rest = line;

    (void)state;
    assert_string_equal(text_word(&rest), "one");
    assert_string_equal(text_word(&rest), "two");
    assert_string_equal(rest, "three");
    assert_string_equal(text_word(&rest), "three");
    assert_null(text_word(&rest));
    assert_null(text_word(&rest));
}

static void integers_are_whole_words(void **state)
{
    static const char *const bad[] = {
        "", "-", "1x", "0x10", "1e3", "5s", " 1", "1 ", "+", "99999999999999999999", "1.0"};
    int64_t v;
    uint64_t u;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(text_int(bad[i], &v));
    assert_true(text_int("-17", &v) && v == -17);
    assert_true(text_int("+9223372036854775807", &v) && v == INT64_MAX);
    assert_true(text_uint("18446744073709551615", &u) && u == UINT64_MAX);
    assert_false(text_uint("-1", &u));
    assert_false(text_uint("18446744073709551616", &u));
}

static void floats_are_what_scanf_takes(void **state)
{
    double v;

    (void)state;
    assert_true(text_double("1.5e-3", &v) && v == 1.5e-3);
    assert_true(text_double("0x1p-3", &v) && v == 0.125);
    assert_true(text_double("-inf", &v) && isinf(v));
    assert_true(text_double("nan", &v) && isnan(v));
    assert_true(text_double(".5", &v) && v == 0.5);
    assert_false(text_double("3.0abc", &v));
    assert_false(text_double("", &v));
    assert_false(text_double(" 1", &v));
}

static void hex_needs_pairs_and_room(void **state)
{
    uint8_t out[4];

    (void)state;
    assert_int_equal(text_hex("00fFA1", out, sizeof(out)), 3);
    assert_int_equal(out[1], 0xff);
    assert_int_equal(text_hex("", out, sizeof(out)), 0);
    assert_int_equal(text_hex("123", out, sizeof(out)), -1);
    assert_int_equal(text_hex("1g", out, sizeof(out)), -1);
    assert_int_equal(text_hex("0011223344", out, sizeof(out)), -1);
}

static void copies_and_formats_stay_terminated(void **state)
{
    char buf[4];

    (void)state;
    assert_true(text_copy(buf, sizeof(buf), "abc"));
    assert_false(text_copy(buf, sizeof(buf), "abcd"));
    assert_string_equal(buf, "abc");
    assert_string_equal(text_format(buf, sizeof(buf), "%d", 12345), "123");
    assert_string_equal(text_format(buf, 0, "x"), "");
}

static void case_is_ignored_where_asked(void **state)
{
    (void)state;
    assert_true(text_equal_nocase("MakeStep", "makestep"));
    assert_false(text_equal_nocase("makestep", "makesteps"));
    assert_false(text_equal_nocase("a", "b"));
}

static void the_nearest_word_is_found_if_one_is_near(void **state)
{
    static const char *const words[] = {"makestep", "maxdelay", "server", "pool", "log"};

    (void)state;
    assert_string_equal(text_nearest("makstep", words, ARRAY_LEN(words)), "makestep");
    assert_string_equal(text_nearest("sevrer", words, ARRAY_LEN(words)), "server");
    assert_string_equal(text_nearest("POOL", words, ARRAY_LEN(words)), "pool");
    assert_null(text_nearest("xyz", words, ARRAY_LEN(words)));
    assert_null(text_nearest("averyveryverylongwordthatisnodirectiveatall", words, 5));
}

static void errors_carry_code_text_and_cause(void **state)
{
    struct err e;

    (void)state;
    assert_false(err_set(&e, ERR_RANGE, "line %d", 3));
    assert_int_equal(e.code, ERR_RANGE);
    assert_int_equal(e.sys, 0);
    assert_string_equal(e.text, "line 3");
    assert_false(err_set_sys(&e, ERR_IO, 2, "Could not open %s", "F"));
    assert_int_equal(e.sys, 2);
    assert_string_equal(e.text, "Could not open F: No such file or directory");
    assert_false(err_set(NULL, ERR_IO, "x"));
    assert_false(err_set_sys(NULL, ERR_IO, 2, "x"));
}

static void keep_line(void *ctx, enum log_level level, const char *line)
{
    (void)level;
    text_copy(ctx, 64, line);
}

static void log_lines_have_no_control_characters_and_respect_the_level(void **state)
{
    char line[64] = "";
    struct log log = {.write = keep_line, .ctx = line, .least = LEVEL_WARNING};

    (void)state;
    log_info(&log, "silent");
    assert_string_equal(line, "");
    log_warning(&log, "a\nb%c", 0x1b);
    assert_string_equal(line, "a?b?");
    log_error(NULL, "nobody");
}

static void every_reason_has_its_own_name(void **state)
{
    (void)state;
    for (int i = 0; i < REASON_COUNT; i++) {
        assert_int_equal(reason_from_name(reason_name((enum reason_code)i)), i);
        assert_string_not_equal(reason_name((enum reason_code)i), "unknown");
        for (int j = 0; j < i; j++)
            assert_string_not_equal(reason_name((enum reason_code)i),
                                    reason_name((enum reason_code)j));
    }
    assert_string_equal(reason_name(REASON_COUNT), "unknown");
    assert_int_equal(reason_from_name("bad weather"), REASON_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_normalised),
        cmocka_unit_test(words_are_cut_off_one_by_one),
        cmocka_unit_test(integers_are_whole_words),
        cmocka_unit_test(floats_are_what_scanf_takes),
        cmocka_unit_test(hex_needs_pairs_and_room),
        cmocka_unit_test(copies_and_formats_stay_terminated),
        cmocka_unit_test(case_is_ignored_where_asked),
        cmocka_unit_test(the_nearest_word_is_found_if_one_is_near),
        cmocka_unit_test(errors_carry_code_text_and_cause),
        cmocka_unit_test(log_lines_have_no_control_characters_and_respect_the_level),
        cmocka_unit_test(every_reason_has_its_own_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
