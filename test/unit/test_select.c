#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/defs.h"
#include "chronyd/track/select.h"

#define SOURCES_MAX 6

static const struct select_settings defaults = {
    .max_distance_s = 3.0,
    .max_jitter_s = 1.0,
    .reselect_distance_s = 1e-4,
    .stratum_weight_s = 0.001,
    .combine_limit = 3.0,
    .min_sources = 1,
    .max_stratum = 15,
    .auth_mode = SELECT_AUTH_MIX,
    .max_clock_error = 1e-6,
    .orphan_stratum = 16,
};

/* One source of a table: what matters for most cases, the rest is healthy. */
struct source {
    double offset_s, distance_s;
    uint8_t options;
    int stratum; /* 0: 2 */
};

static struct candidate healthy(const struct source *s)
{
    return (struct candidate){
        .options = s->options,
        .stratum = s->stratum ? s->stratum : 2,
        .has_estimate = true,
        .estimate = {.truth = {1000000000000 + (int64_t)(s->offset_s * 1e9)},
                     .offset_sd_s = 1e-5,
                     .skew_ppm = 0.1,
                     .root_delay_s = s->distance_s,
                     .root_dispersion_s = s->distance_s / 2.0},
        .offset_s = s->offset_s,
        .sd_s = 1e-4,
        .samples = 8,
        .oldest_age_s = 600.0,
        .newest_age_s = 10.0,
        .reach = 0377,
        .reach_polls = 8,
        .max_unreach = 100000,
        .updated = true,
        .score = 1.0,
    };
}

static size_t fill(struct candidate *cs, const struct source *sources)
{
    size_t n = 0;

    for (; n < SOURCES_MAX && sources[n].distance_s > 0.0; n++)
        cs[n] = healthy(&sources[n]);
    return n;
}

static void assert_states(const struct candidate *cs, const char *states, const char *name)
{
    char got[SOURCES_MAX + 1] = {0};

    for (size_t i = 0; states[i]; i++)
        got[i] = (char)cs[i].state;
    if (strcmp(got, states) != 0)
        fail_msg("%s: states %s, expected %s", name, got, states);
}

/* --- tables of whole situations --- */

#define P SELECT_PREFER
#define T SELECT_TRUST
#define R SELECT_REQUIRE
#define N SELECT_NOSELECT

static const struct situation {
    const char *name;
    struct source sources[SOURCES_MAX];
    int min_sources;
    double combine_limit;
    const char *states;
    int selected, combined;
    enum reason_code why;
} situations[] = {
    {"a single source is selected", {{0.1, 0.01, 0, 0}}, 1, 3, "*", 0, 1, REASON_NONE},
    {"two that agree are combined",
     {{0.001, 0.01, 0, 0}, {0.002, 0.012, 0, 0}},
     1,
     3,
     "*+",
     0,
     2,
     REASON_NONE},
    {"two agree and the third is a falseticker",
     {{0.001, 0.01, 0, 0}, {0.1, 0.005, 0, 0}, {0.002, 0.012, 0, 0}},
     1,
     3,
     "*x+",
     0,
     2,
     REASON_NONE},
    {"two that disagree have no majority",
     {{0.0, 0.01, 0, 0}, {0.1, 0.01, 0, 0}},
     1,
     3,
     "xx",
     -1,
     0,
     REASON_NO_MAJORITY},
    {"two against two have no majority",
     {{0.0, 0.01, 0, 0}, {0.1, 0.01, 0, 0}, {0.0, 0.01, 0, 0}, {0.1, 0.01, 0, 0}},
     1,
     3,
     "xxxx",
     -1,
     0,
     REASON_NO_MAJORITY},
    {"intervals that touch agree",
     {{0.0, 0.01, 0, 0}, {0.02, 0.01, 0, 0}},
     1,
     3,
     "*+",
     0,
     2,
     REASON_NONE},
    {"a chain of overlaps is one majority",
     {{0.0, 0.01, 0, 0}, {0.015, 0.01, 0, 0}, {0.030, 0.01, 0, 0}},
     1,
     3,
     "*++",
     0,
     3,
     REASON_NONE},
    {"too few sources wait", {{0.0, 0.01, 0, 0}}, 2, 3, "W", -1, 0, REASON_FEW_SOURCES},
    {"a distant source is not combined",
     {{0.0, 0.01, 0, 0}, {0.0, 0.031, 0, 0}},
     1,
     3,
     "*D",
     0,
     1,
     REASON_NONE},
    {"combinelimit 0 combines nothing",
     {{0.0, 0.01, 0, 0}, {0.0, 0.01, 0, 0}},
     1,
     0,
     "*D",
     0,
     1,
     REASON_NONE},
    {"a preferred source wins over a better one",
     {{0.0, 0.01, 0, 0}, {0.0, 0.03, P, 0}},
     1,
     3,
     "P*",
     1,
     1,
     REASON_NONE},
    {"preferred sources are combined with each other",
     {{0.0, 0.01, 0, 0}, {0.0, 0.03, P, 0}, {0.0, 0.02, P, 0}},
     1,
     3,
     "P+*",
     2,
     2,
     REASON_NONE},
    {"a preferred falseticker prefers nothing",
     {{0.0, 0.01, 0, 0}, {0.1, 0.01, P, 0}, {0.0, 0.02, 0, 0}},
     1,
     3,
     "*x+",
     0,
     2,
     REASON_NONE},
    {"noselect is only watched",
     {{0.0, 0.001, N, 0}, {0.0, 0.03, 0, 0}},
     1,
     3,
     "N*",
     1,
     1,
     REASON_NONE},
    {"one trusted source outvotes two others",
     {{0.1, 0.01, 0, 0}, {0.1, 0.01, 0, 0}, {0.0, 0.02, T, 0}},
     1,
     3,
     "TT*",
     2,
     1,
     REASON_NONE},
    {"an untrusted source inside the trusted interval is used",
     {{0.001, 0.01, 0, 0}, {0.0, 0.02, T, 0}},
     1,
     3,
     "*+",
     0,
     2,
     REASON_NONE},
    {"trusted sources that disagree have no majority",
     {{0.0, 0.01, 0, 0}, {0.0, 0.01, T, 0}, {0.1, 0.02, T, 0}},
     1,
     3,
     "xxx",
     -1,
     0,
     REASON_NO_MAJORITY},
    {"a required source that is a falseticker blocks the rest",
     {{0.0, 0.01, 0, 0}, {0.0, 0.01, 0, 0}, {0.1, 0.01, R, 0}},
     1,
     3,
     "WWx",
     -1,
     0,
     REASON_REQUIRED_MISSING},
    {"a required source that agrees is enough",
     {{0.0, 0.01, 0, 0}, {0.0, 0.02, R, 0}},
     1,
     3,
     "*+",
     0,
     2,
     REASON_NONE},
    {"require with noselect requires nothing",
     {{0.0, 0.01, 0, 0}, {0.0, 0.02, R | N, 0}},
     1,
     3,
     "*N",
     0,
     1,
     REASON_NONE},
    {"a far source is refused", {{0.0, 3.1, 0, 0}}, 1, 3, "d", -1, 0, REASON_NO_SELECTABLE},
    {"stratum counts as distance",
     {{0.0, 0.0100, 0, 4}, {0.0, 0.0115, 0, 2}},
     1,
     3,
     "+*",
     1,
     2,
     REASON_NONE},
    {"no sources at all", {{0, 0, 0, 0}}, 1, 3, "", -1, 0, REASON_NO_SOURCES},
};

static void select_gives_each_situation_its_states(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(situations); i++) {
        const struct situation *s = &situations[i];
        struct select_settings settings = defaults;
        struct candidate cs[SOURCES_MAX];
        struct selection out;
        size_t n = fill(cs, s->sources);

        settings.min_sources = s->min_sources;
        settings.combine_limit = s->combine_limit;
        select_sources(&settings, cs, n, -1, 0, &out);
        assert_states(cs, s->states, s->name);
        if (out.selected != s->selected || out.combined != s->combined || out.reason.code != s->why)
            fail_msg("%s: selected %d, combined %d, reason %d", s->name, out.selected, out.combined,
                     (int)out.reason.code);
        assert_int_equal(out.changed, s->selected >= 0);
    }
}

static const struct source one[] = {{0.0, 0.01, 0, 0}, {0.0, 0.0, 0, 0}};
static const struct source two[] = {{0.0, 0.01, 0, 0}, {0.0, 0.011, 0, 0}, {0.0, 0.0, 0, 0}};
static const struct source three[] = {
    {0.0, 0.01, 0, 0}, {0.0, 0.011, 0, 0}, {0.0, 0.012, 0, 0}, {0.0, 0.0, 0, 0}};

/* --- states of a source by itself, in their order --- */

static void select_checks_a_source_in_the_documented_order(void **state)
{
    static const struct {
        enum select_state state;
        enum reason_code code;
        const char *directive;
    } expected[] = {
        {SELECT_NOSELECTED, REASON_NOSELECT, "noselect"},
        {SELECT_FEW_SAMPLES, REASON_FEW_SAMPLES, NULL},
        {SELECT_UNSYNCHRONISED, REASON_UNSYNCHRONISED, NULL},
        {SELECT_BAD_STRATUM, REASON_STRATUM, "maxstratum"},
        {SELECT_BAD_STRATUM, REASON_STRATUM, "minstratum"},
        {SELECT_BAD_DISTANCE, REASON_DISTANCE, "maxdistance"},
        {SELECT_JITTERY, REASON_JITTER, "maxjitter"},
        {SELECT_STALE, REASON_STALE, "maxunreach"},
        {SELECT_ORPHAN, REASON_ORPHAN, "local"},
        {SELECT_SELECTED, REASON_SELECTED, NULL},
    };

    (void)state;
    /* Everything is wrong at first; the causes are taken away one by one. */
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        struct select_settings settings = defaults;
        struct candidate c = healthy(&one[0]);
        struct selection out;

        settings.min_stratum = 1;
        settings.orphan_stratum = 10;
        c.options = i < 1 ? SELECT_NOSELECT : 0;
        c.has_estimate = i >= 2;
        c.leap = i < 3 ? LEAP_UNSYNCHRONISED : LEAP_NORMAL;
        c.stratum = i < 4 ? 16 : i < 5 ? 0 : i < 9 ? 10 : 2;
        c.estimate.root_delay_s = i < 6 ? 10.0 : 0.01;
        c.sd_s = i < 7 ? 2.0 : 0.001;
        c.reach = i < 8 ? 0 : 1;
        c.unreachable_polls = 11;
        c.max_unreach = 10;
        select_sources(&settings, &c, 1, -1, 0, &out);
        assert_int_equal(c.state, expected[i].state);
        assert_int_equal(c.reason.code, expected[i].code);
        if (expected[i].directive)
            assert_string_equal(c.reason.directive, expected[i].directive);
        else
            assert_null(c.reason.directive);
    }
}

static void select_gives_figure_and_limit_of_a_refusal(void **state)
{
    struct candidate c = healthy(&one[0]);
    struct selection out;

    (void)state;
    c.estimate.root_delay_s = 4.0;
    c.estimate.root_dispersion_s = 1.5;
    select_sources(&defaults, &c, 1, -1, 0, &out);
    assert_float_equal(c.reason.figure, 3.5, 1e-9);
    assert_float_equal(c.reason.limit, 3.0, 1e-9);
    assert_float_equal(c.low_s, -3.5, 1e-9);
    assert_float_equal(c.high_s, 3.5, 1e-9);
    assert_int_equal(out.reason.code, REASON_NO_SELECTABLE);
}

static void select_with_a_figure_that_is_not_a_number_refuses(void **state)
{
    struct candidate c = healthy(&one[0]);
    struct selection out;

    (void)state;
    c.estimate.root_dispersion_s = (double)NAN;
    select_sources(&defaults, &c, 1, -1, 0, &out);
    assert_int_equal(out.selected, -1);
}

/* --- authselectmode --- */

static void select_computes_effective_options_per_mode(void **state)
{
    /* sources: authenticated, plain, refclock */
    static const struct {
        enum select_auth_mode mode;
        bool with_auth;
        uint8_t options[3];
    } expected[] = {
        {SELECT_AUTH_IGNORE, true, {0, 0, 0}},   {SELECT_AUTH_MIX, true, {R | T, 0, R | T}},
        {SELECT_AUTH_MIX, false, {0, 0, 0}},     {SELECT_AUTH_PREFER, true, {0, N, 0}},
        {SELECT_AUTH_PREFER, false, {0, 0, 0}},  {SELECT_AUTH_REQUIRE, true, {0, N, 0}},
        {SELECT_AUTH_REQUIRE, false, {N, N, 0}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        struct select_settings settings = defaults;
        struct candidate cs[SOURCES_MAX];
        struct selection out;
        size_t n = fill(cs, three);

        settings.auth_mode = expected[i].mode;
        cs[0].authenticated = expected[i].with_auth;
        cs[2].is_refclock = true;
        select_sources(&settings, cs, n, -1, 0, &out);
        for (size_t k = 0; k < 3; k++)
            assert_int_equal(cs[k].effective_options, expected[i].options[k]);
    }
}

static void select_leaves_noselect_sources_out_of_the_mix(void **state)
{
    struct candidate cs[SOURCES_MAX];
    struct selection out;
    size_t n = fill(cs, two);

    (void)state;
    cs[0].authenticated = true;
    cs[0].options = SELECT_NOSELECT;
    select_sources(&defaults, cs, n, -1, 1, &out);
    assert_int_equal(cs[0].effective_options, SELECT_NOSELECT);
    assert_int_equal(cs[1].effective_options, 0);
    assert_int_equal(out.selected, 1);
}

/* --- waiting, stale, orphan --- */

static void select_waits_at_start_for_sources_that_answer(void **state)
{
    struct candidate cs[SOURCES_MAX];
    struct selection out;
    size_t n = fill(cs, two);

    (void)state;
    cs[1].has_estimate = false;
    cs[1].has_stats_soon = true;
    select_sources(&defaults, cs, n, -1, 0, &out);
    assert_states(cs, "wM", "at start");
    assert_int_equal(out.reason.code, REASON_WAITS_FOR_OTHERS);
    select_sources(&defaults, cs, n, 0, 0, &out);
    assert_states(cs, "*M", "later");
    cs[1].has_stats_soon = false;
    select_sources(&defaults, cs, n, -1, 0, &out);
    assert_states(cs, "*M", "the other is silent");
}

static void select_calls_an_old_unreachable_source_stale(void **state)
{
    struct candidate cs[SOURCES_MAX];
    struct selection out;
    size_t n = fill(cs, two);

    (void)state;
    cs[0].reach = 0;
    cs[0].newest_age_s = 500.0;
    select_sources(&defaults, cs, n, 0, 1, &out);
    assert_states(cs, "*+", "younger than the oldest of the others");
    cs[0].newest_age_s = 700.0;
    select_sources(&defaults, cs, n, 0, 1, &out);
    assert_states(cs, "S*", "older than all of the others");
    cs[1].reach = 0;
    select_sources(&defaults, cs, n, 0, 1, &out);
    assert_states(cs, "SS", "nobody is reachable");
    assert_int_equal(out.selected, -1);
}

static void select_follows_the_orphan_with_the_smallest_refid(void **state)
{
    struct select_settings settings = defaults;
    struct candidate cs[SOURCES_MAX];
    struct selection out;
    size_t n = fill(cs, three);

    (void)state;
    settings.orphan_stratum = 5;
    settings.orphan_refid = 30;
    for (size_t i = 0; i < n; i++) {
        cs[i].stratum = 5;
        cs[i].refid = 20 - (uint32_t)i;
    }
    cs[2].stratum = 6;
    select_sources(&settings, cs, n, -1, 1, &out);
    assert_states(cs, "O*O", "the smallest one");
    settings.orphan_refid = 19;
    select_sources(&settings, cs, n, -1, 1, &out);
    assert_states(cs, "OOO", "we are the smallest");
    settings.orphan_refid = 30;
    cs[2].stratum = 4;
    select_sources(&settings, cs, n, -1, 2, &out);
    assert_states(cs, "OO*", "a better source exists");
}

/* --- scores, updates, combination --- */

static void select_changes_only_when_the_score_passes_ten(void **state)
{
    struct candidate cs[SOURCES_MAX];
    struct selection out;
    size_t n = fill(cs, two);
    int updates = 0;

    (void)state;
    cs[0].estimate.root_delay_s = 0.020; /* distance 0.025 against 0.011 */
    cs[0].estimate.root_dispersion_s = 0.015;
    for (int selected = 0; selected == 0; updates++) {
        select_sources(&defaults, cs, n, selected, 1, &out);
        selected = out.selected;
        assert_true(updates < 100);
    }
    /* 0.025 / (0.011 + 0.0001) = 2.25; its third power is above ten. */
    assert_int_equal(updates, 3);
    assert_true(out.changed);
    assert_float_equal(cs[0].score, 1.0, 0.0);
    assert_float_equal(cs[1].score, 1.0, 0.0);
}

static void select_keeps_a_score_when_another_source_is_updated(void **state)
{
    struct candidate cs[SOURCES_MAX];
    struct selection out;
    size_t n = fill(cs, three);

    (void)state;
    cs[0].estimate.root_delay_s = 0.030;
    cs[2].score = 2.0;
    select_sources(&defaults, cs, n, 0, 1, &out);
    assert_true(cs[1].score > 1.0);
    assert_float_equal(cs[2].score, 2.0, 0.0);
    select_sources(&defaults, cs, n, 0, 0, &out);
    assert_true(cs[2].score > 2.0);
}

static void select_after_a_change_waits_for_a_new_sample(void **state)
{
    struct candidate cs[SOURCES_MAX];
    struct selection out;
    size_t n = fill(cs, two);

    (void)state;
    cs[0].updated = false;
    cs[0].samples = 7;
    select_sources(&defaults, cs, n, -1, 1, &out);
    assert_states(cs, "*U", "just changed");
    assert_int_equal(out.combined, 0);
    select_sources(&defaults, cs, n, 0, 1, &out);
    assert_states(cs, "*+", "as before");
    assert_int_equal(out.combined, 0);
    assert_false(out.changed);
    cs[0].updated = true;
    select_sources(&defaults, cs, n, 0, 0, &out);
    assert_int_equal(out.combined, 2);
}

/* At first, while updates are counted, only a sample of the selected source makes one. */
static void select_once_settled_uses_the_samples_of_all_combined_sources(void **state)
{
    struct candidate cs[SOURCES_MAX];
    struct selection out;
    size_t n = fill(cs, two);

    (void)state;
    cs[0].updated = false;
    cs[0].samples = 7;
    select_sources(&defaults, cs, n, 0, 1, &out);
    assert_int_equal(out.combined, 0);
    cs[0].samples = 8;
    select_sources(&defaults, cs, n, 0, 1, &out);
    assert_int_equal(out.combined, 2);
    cs[1].updated = false;
    select_sources(&defaults, cs, n, 0, 1, &out);
    assert_int_equal(out.combined, 0);
}

static void select_keeps_a_distant_source_out_for_32_updates(void **state)
{
    struct candidate cs[SOURCES_MAX];
    struct selection out;
    size_t n = fill(cs, two);
    int updates = 0;

    (void)state;
    cs[1].estimate.root_delay_s = 0.1;
    select_sources(&defaults, cs, n, 0, 0, &out);
    assert_states(cs, "*D", "too distant");
    cs[1].estimate.root_delay_s = 0.01;
    for (; cs[1].state == SELECT_DISTANT; updates++)
        select_sources(&defaults, cs, n, 0, 0, &out);
    assert_int_equal(updates, 33); /* 32 updates outside, the next one inside */
    cs[1].reach_polls = 7;
    cs[1].estimate.freq_ppm = 10.0;
    select_sources(&defaults, cs, n, 0, 0, &out);
    assert_states(cs, "*D", "another frequency");
    cs[1].estimate.freq_ppm = 0.0;
    select_sources(&defaults, cs, n, 0, 0, &out);
    assert_states(cs, "*D", "one more");
    select_sources(&defaults, cs, n, 0, 0, &out);
    assert_states(cs, "*+", "back");
}

static void select_combines_offsets_between_the_sources(void **state)
{
    struct candidate cs[SOURCES_MAX];
    struct selection out;
    size_t n = fill(cs, two);

    (void)state;
    cs[0].estimate.truth.ns = 1000000;
    cs[1].estimate.truth.ns = 3000000;
    cs[1].estimate.root_delay_s = cs[0].estimate.root_delay_s;
    cs[1].estimate.root_dispersion_s = cs[0].estimate.root_dispersion_s;
    cs[1].estimate.freq_ppm = 0.2;
    select_sources(&defaults, cs, n, 0, 0, &out);
    assert_int_equal(out.combined, 2);
    assert_true(llabs(out.estimate.truth.ns - 2000000) < 10);
    assert_float_equal(out.estimate.freq_ppm, 0.1, 1e-9);
    /* The selected source's bound holds for its own estimate, a millisecond away. */
    assert_true(out.estimate.root_dispersion_s > cs[0].estimate.root_dispersion_s + 0.00099);
    assert_true(out.estimate.skew_ppm < cs[0].estimate.skew_ppm);
}

static void select_needs_a_majority_for_a_leap_second(void **state)
{
    static const struct {
        enum leap leaps[3];
        enum leap voted;
    } cases[] = {
        {{LEAP_INSERT, LEAP_NORMAL, LEAP_NORMAL}, LEAP_NORMAL},
        {{LEAP_INSERT, LEAP_INSERT, LEAP_NORMAL}, LEAP_INSERT},
        {{LEAP_DELETE, LEAP_DELETE, LEAP_DELETE}, LEAP_DELETE},
        {{LEAP_DELETE, LEAP_INSERT, LEAP_NORMAL}, LEAP_NORMAL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct candidate cs[SOURCES_MAX];
        struct selection out;
        size_t n = fill(cs, three);

        for (size_t k = 0; k < n; k++)
            cs[k].leap = cases[i].leaps[k];
        select_sources(&defaults, cs, n, -1, 0, &out);
        assert_int_equal(out.leap, cases[i].voted);
    }
}

static void select_prefers_a_refclock_at_the_reselection_distance(void **state)
{
    struct candidate cs[SOURCES_MAX];
    struct selection out;
    size_t n = fill(cs, two);

    (void)state;
    cs[1].is_refclock = true;
    cs[1].estimate.root_delay_s = cs[0].estimate.root_delay_s;
    cs[1].estimate.root_dispersion_s = cs[0].estimate.root_dispersion_s;
    select_sources(&defaults, cs, n, -1, 0, &out);
    assert_int_equal(out.selected, 1);
}

static void select_with_hundreds_of_sources_finds_the_majority(void **state)
{
    enum { COUNT = 500 };
    static struct candidate cs[COUNT];
    struct selection out;

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        /* Every other source is right; of the wrong ones no two agree; one right one more. */
        bool right = i % 2 == 0 || i == 1;
        struct source s = {right ? 0.0 : (double)((i * 7919) % COUNT), 0.01, 0, 0};

        if (!right && s.offset_s == 0.0)
            s.offset_s = -1.0;
        cs[i] = healthy(&s);
    }
    select_sources(&defaults, cs, COUNT, -1, 0, &out);
    assert_int_equal(out.selected, 0);
    for (size_t i = 1; i < COUNT; i++)
        assert_int_equal(cs[i].state, i % 2 == 0 || i == 1 ? SELECT_COMBINED : SELECT_FALSETICKER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(select_gives_each_situation_its_states),
        cmocka_unit_test(select_checks_a_source_in_the_documented_order),
        cmocka_unit_test(select_gives_figure_and_limit_of_a_refusal),
        cmocka_unit_test(select_with_a_figure_that_is_not_a_number_refuses),
        cmocka_unit_test(select_computes_effective_options_per_mode),
        cmocka_unit_test(select_leaves_noselect_sources_out_of_the_mix),
        cmocka_unit_test(select_waits_at_start_for_sources_that_answer),
        cmocka_unit_test(select_calls_an_old_unreachable_source_stale),
        cmocka_unit_test(select_follows_the_orphan_with_the_smallest_refid),
        cmocka_unit_test(select_changes_only_when_the_score_passes_ten),
        cmocka_unit_test(select_keeps_a_score_when_another_source_is_updated),
        cmocka_unit_test(select_after_a_change_waits_for_a_new_sample),
        cmocka_unit_test(select_once_settled_uses_the_samples_of_all_combined_sources),
        cmocka_unit_test(select_keeps_a_distant_source_out_for_32_updates),
        cmocka_unit_test(select_combines_offsets_between_the_sources),
        cmocka_unit_test(select_needs_a_majority_for_a_leap_second),
        cmocka_unit_test(select_prefers_a_refclock_at_the_reselection_distance),
        cmocka_unit_test(select_with_hundreds_of_sources_finds_the_majority),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
