/* The command line of chronyd as a value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "chronyd/options.h"

#define WORDS_MAX 16

struct parsed {
    char text[256];
    char *argv[WORDS_MAX];
    int argc;
    struct options o;
    struct err err;
    enum options_action action;
};

/* Words are separated by '|', so that directives can have blanks. */
static void parse(struct parsed *p, const char *line)
{
    char *at;

    memset(p, 0, sizeof *p);
    assert_true(text_copy(p->text, sizeof p->text, line));
    p->argv[p->argc++] = p->text;
    for (at = strchr(p->text, '|'); at; at = strchr(at, '|')) {
        *at++ = '\0';
        p->argv[p->argc++] = at;
    }
    p->action = command_line_parse(p->argc, p->argv, &p->o, &p->err);
}

static void options_none_runs_in_the_background(void **state)
{
    struct parsed p;

    (void)state;
    parse(&p, "chronyd");
    assert_int_equal(p.action, OPTIONS_RUN);
    assert_false(p.o.foreground);
    assert_false(p.o.log_to_stderr);
    assert_int_equal(p.o.directive_count, 0);
    assert_int_equal(p.o.priority, -1);
    assert_int_equal(p.o.ready_fd, -1);
    assert_int_equal(p.o.filter, FILTER_DEFAULT);
    assert_int_equal(p.o.least, LEVEL_INFO);
}

static void options_are_bundled_and_permuted(void **state)
{
    struct parsed p;

    (void)state;
    parse(&p, "chronyd|server a iburst|-4xdt5|makestep 1 3|-f|/c|-unobody|--|-q");
    assert_int_equal(p.action, OPTIONS_RUN);
    assert_int_equal(p.o.only, ADDR_IPV4);
    assert_true(p.o.no_clock_control && p.o.foreground && p.o.log_to_stderr);
    assert_false(p.o.set_once);
    assert_float_equal(p.o.timeout_s, 5.0, 0.0);
    assert_string_equal(p.o.config_file, "/c");
    assert_string_equal(p.o.user, "nobody");
    assert_int_equal(p.o.directive_count, 3);
    assert_string_equal(p.o.directives[0], "server a iburst");
    assert_string_equal(p.o.directives[1], "makestep 1 3");
    assert_string_equal(p.o.directives[2], "-q");
}

static void options_that_stay_in_the_foreground(void **state)
{
    static const struct {
        const char *line;
        bool foreground, log_to_stderr;
    } cases[] = {
        {"chronyd|-n", true, false},  {"chronyd|-d", true, true},
        {"chronyd|-dd", true, true},  {"chronyd|-d|-d", true, true},
        {"chronyd|-q", true, true},   {"chronyd|-Q", true, true},
        {"chronyd|-p", true, true},   {"chronyd|--check", true, true},
        {"chronyd|-x", false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct parsed p;

        parse(&p, cases[i].line);
        assert_int_equal(p.o.foreground, cases[i].foreground);
        assert_int_equal(p.o.log_to_stderr, cases[i].log_to_stderr);
    }
}

static void options_say_what_is_to_be_done(void **state)
{
    static const struct {
        const char *line;
        enum options_action action;
    } cases[] = {
        {"chronyd|-p", OPTIONS_PRINT_CONFIG}, {"chronyd|-p|server a", OPTIONS_PRINT_CONFIG},
        {"chronyd|--check", OPTIONS_CHECK},   {"chronyd|-h", OPTIONS_HELP},
        {"chronyd|--help", OPTIONS_HELP},     {"chronyd|-v", OPTIONS_VERSION},
        {"chronyd|-dv", OPTIONS_VERSION},     {"chronyd|x|--version", OPTIONS_VERSION},
        {"chronyd|-Z", OPTIONS_USAGE},        {"chronyd|-dZ", OPTIONS_USAGE},
        {"chronyd|--hel", OPTIONS_USAGE},     {"chronyd|-f", OPTIONS_USAGE},
        {"chronyd|-p|-v", OPTIONS_VERSION},   {"chronyd|-p|-t|x", OPTIONS_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct parsed p;

        parse(&p, cases[i].line);
        assert_int_equal(p.action, cases[i].action);
    }
}

static void options_with_a_bad_number_name_it(void **state)
{
    static const char *const bad[] = {"x", "1x", "", "1.0", "0x10", "99999999999", " "};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct parsed p;
        char line[64], text[64];

        text_format(line, sizeof line, "chronyd|-t|%s", bad[i]);
        text_format(text, sizeof text, "Invalid argument %s", bad[i]);
        parse(&p, line);
        assert_int_equal(p.action, OPTIONS_INVALID);
        assert_string_equal(p.err.text, text);
    }
}

static void options_refuse_priorities_and_filters_that_do_not_exist(void **state)
{
    static const struct {
        const char *line, *text;
    } cases[] = {
        {"chronyd|-P|100", "Bad scheduler priority: 100"},
        {"chronyd|-P-1", "Bad scheduler priority: -1"},
        {"chronyd|-F|3", "Unsupported filter level"},
        {"chronyd|-F|-3", "Unsupported filter level"},
    };
    struct parsed p;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        parse(&p, cases[i].line);
        assert_int_equal(p.action, OPTIONS_INVALID);
        assert_string_equal(p.err.text, cases[i].text);
    }
    parse(&p, "chronyd|-P|99");
    assert_int_equal(p.action, OPTIONS_RUN);
    assert_int_equal(p.o.priority, 99);
}

static void options_levels_are_clamped_and_filters_named(void **state)
{
    static const struct {
        const char *line;
        enum options_filter filter;
        bool by_signal;
    } filters[] = {
        {"chronyd|-F|0", FILTER_OFF, false},       {"chronyd|-F1", FILTER_ALLOW_LIST, false},
        {"chronyd|-F|2", FILTER_DENY_LIST, false}, {"chronyd|-F|-1", FILTER_ALLOW_LIST, true},
        {"chronyd|-F-2", FILTER_DENY_LIST, true},
    };
    struct parsed p;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        parse(&p, filters[i].line);
        assert_int_equal(p.action, OPTIONS_RUN);
        assert_int_equal(p.o.filter, filters[i].filter);
        assert_int_equal(p.o.filter_signal, filters[i].by_signal);
    }
    parse(&p, "chronyd|-L|-7");
    assert_int_equal(p.o.least, LEVEL_DEBUG);
    parse(&p, "chronyd|-L9");
    assert_int_equal(p.o.least, LEVEL_FATAL);
    parse(&p, "chronyd|-N|3|-P|50|-mrRsU");
    assert_int_equal(p.o.ready_fd, 3);
    assert_int_equal(p.o.priority, 50);
    assert_true(p.o.lock_memory && p.o.reload_dumps && p.o.restart && p.o.set_from_rtc);
    assert_true(p.o.no_root_check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_none_runs_in_the_background),
        cmocka_unit_test(options_are_bundled_and_permuted),
        cmocka_unit_test(options_that_stay_in_the_foreground),
        cmocka_unit_test(options_say_what_is_to_be_done),
        cmocka_unit_test(options_with_a_bad_number_name_it),
        cmocka_unit_test(options_refuse_priorities_and_filters_that_do_not_exist),
        cmocka_unit_test(options_levels_are_clamped_and_filters_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
