/* test_chronyc_explain.c - reasons as sentences, for every code there is and for strangers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/reason.h"
#include "base/text.h"
#include "chronyc/explain.h"
#include "chronyc/sentences.h"

static char buf[SENTENCE_MAX];

static struct candm_reason reason(const char *name, double figure, double limit)
{
    struct candm_reason r = {.figure = figure, .limit = limit};

    assert_true(text_copy(r.name, sizeof(r.name), name));
    return r;
}

static void times_have_the_unit_that_reads_best(void **state)
{
    static const struct {
        double seconds;
        const char *text;
    } rows[] = {
        {0.0, "0 ns"},        {12e-9, "12 ns"},   {-1.25e-5, "12.5 us"},
        {0.00123, "1.23 ms"}, {1.0, "1 s"},       {119.4, "119 s"},
        {600.0, "10 min"},    {18360.0, "5.1 h"}, {276480.0, "3.2 days"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(human_time(buf, sizeof(buf), rows[i].seconds), rows[i].text);
}

/* A stranger's reason ends with its figures in parentheses. */
static bool is_fallback(const char *sentence, const char *name)
{
    return strncmp(sentence, name, strlen(name)) == 0;
}

static void every_reason_has_a_sentence_of_its_own(void **state)
{
    (void)state;
    for (int code = REASON_NONE + 1; code < REASON_COUNT; code++) {
        const char *name = reason_name((enum reason_code)code);
        struct candm_reason bare = reason(name, 0.0, 0.0), full = reason(name, 2.0, 3.0);
        char as_source[SENTENCE_MAX], as_host[SENTENCE_MAX];
        bool known;

        known = !is_fallback(source_sentence(as_source, sizeof(as_source), &full), name) ||
                !is_fallback(host_sentence(as_host, sizeof(as_host), &full), name);
        if (!known)
            fail_msg("%s has no sentence", name);
        assert_null(strstr(as_source, "%"));
        known = !is_fallback(source_sentence(as_source, sizeof(as_source), &bare), name) ||
                !is_fallback(host_sentence(as_host, sizeof(as_host), &bare), name);
        assert_true(known);
        assert_null(strstr(as_source, "%"));
    }
}

static void figures_and_limits_are_filled_in(void **state)
{
    static const struct {
        const char *name;
        double figure, limit;
        const char *text;
    } rows[] = {
        {"few-samples", 2, 3, "it has 2 samples, 3 are needed"},
        {"few-samples", 0, 0, "it has too few samples"},
        {"distance", 3.5, 3.0, "it may be wrong by 3.5 s, more than the allowed 3 s"},
        {"falseticker", 0.5, 0.25, "it is wrong: it misses the majority by 250 ms and is not used"},
        {"unresolved", 23, 0,
         "its name has no address yet; the next try is in 23 s (if this lasts, check the name and "
         "DNS)"},
        {"outlier-distance", 3e-3, 1e-3,
         "it agrees, but is too far from the selected one to help: 3 ms, more than the allowed 1 "
         "ms"},
        {"outlier-distance", 1e-3, 3e-3,
         "it agrees, but was too far from the selected one lately; it is watched for some more "
         "updates"},
        {"test-failed", 11, 0, "its replies fail test B: their delay is far above the least one"},
        {"test-failed", 9, 0, "its replies fail a test"},
        {"test-failed", -1, 0, "its replies fail a test"},
        {"test-failed", 1e30, 0, "its replies fail a test"},
        {"selected", 0, 0, "it is followed"},
        {"none", 0, 0, "it is good"},
        {"tomorrow's-reason", 1.5, 2, "tomorrow's-reason (1.5, 2)"},
        {"\x1b[2J%s%n", 0, 0, "?[2J%s%n (0, 0)"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct candm_reason r = reason(rows[i].name, rows[i].figure, rows[i].limit);

        assert_string_equal(source_sentence(buf, sizeof(buf), &r), rows[i].text);
    }
}

static void letters_of_selectdata_have_reasons(void **state)
{
    (void)state;
    for (const char *letter = "NMsrd~wSOxTWPUD+*"; *letter != '\0'; letter++)
        assert_string_not_equal(reason_of_letter((unsigned char)*letter), "unknown");
    assert_string_equal(reason_of_letter('?'), "unknown");
    assert_string_equal(reason_of_letter(0), "unknown");
}

static void verdict_comes_first_and_names_the_bound(void **state)
{
    struct host_view v = {.verdict = {.bound_s = 0.0012, .reason = {.name = "none"}}};

    (void)state;
    assert_string_equal(host_view_sentence(buf, sizeof(buf), &v),
                        "OK: the clock is right within 1.2 ms");
    v.verdict.state = CANDM_VERDICT_SETTLING;
    v.verdict.reason = reason("slewing", 0.1, 45);
    assert_string_equal(host_view_sentence(buf, sizeof(buf), &v),
                        "SETTLING: the clock may be wrong by 1.2 ms; 100 ms are being slewed out, "
                        "which takes another 45 s (chronyc makestep corrects it at once)");
    v.verdict.state = CANDM_VERDICT_UNSYNCHRONISED;
    v.verdict.reason = reason("no-selectable", 4, 0);
    assert_string_equal(host_view_sentence(buf, sizeof(buf), &v),
                        "UNSYNCHRONISED: nobody knows how wrong the clock is; none of 4 sources "
                        "can be used");
    v.verdict.state = CANDM_VERDICT_NOT_IN_CONTROL;
    v.verdict.reason = reason("control-off", 0, 0);
    assert_string_equal(host_view_sentence(buf, sizeof(buf), &v),
                        "NOT IN CONTROL: the clock may be wrong by 1.2 ms and is not corrected: "
                        "control of the clock is switched off (-x)");
    v.verdict.state = 77;
    host_view_sentence(buf, sizeof(buf), &v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_have_the_unit_that_reads_best),
        cmocka_unit_test(every_reason_has_a_sentence_of_its_own),
        cmocka_unit_test(figures_and_limits_are_filled_in),
        cmocka_unit_test(letters_of_selectdata_have_reasons),
        cmocka_unit_test(verdict_comes_first_and_names_the_bound),
    };

    return cmocka_run_group_tests_name("chronyc_explain", tests, NULL, NULL);
}
