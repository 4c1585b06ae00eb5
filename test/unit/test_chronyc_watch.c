/* test_chronyc_watch.c - the live view as lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>

#include "base/text.h"
#include "chronyc/watch.h"

static struct watch_model *model_of(size_t sources)
{
    struct watch_model *m = calloc(1, sizeof(*m));

    assert_non_null(m);
    m->answered = m->have_host = true;
    m->interval_s = 1.0;
    m->host.verdict.bound_s = 0.0012;
    assert_true(text_copy(m->peer, sizeof(m->peer), "/run/chrony/chronyd.sock"));
    for (size_t i = 0; i < sources; i++) {
        struct source_id id = {addr_from_ipv4(0xc0000200 + (uint32_t)i), 0};
        struct watch_source *s = watch_find(m, &id);

        if (!s)
            break;
        s->seen = true;
        s->view.id = id;
        s->view.data.address = id.addr;
        s->view.data.latest_meas_s = 1e-6 * (double)(i % 7);
        s->view.data.state = (uint16_t)(i % 6);
        addr_format(&id.addr, s->name, sizeof(s->name));
    }
    watch_sweep(m);
    return m;
}

static struct watch_line *lines_of(const struct watch_model *m, size_t width, size_t height,
                                   size_t *count)
{
    struct watch_line *lines = calloc(WATCH_LINES_MAX, sizeof(*lines));

    assert_non_null(lines);
    *count = watch_lines(m, width, height, lines);
    return lines;
}

static void every_screen_is_filled_and_never_overfilled(void **state)
{
    static const size_t sizes[][2] = {{80, 24}, {40, 8}, {200, 60}, {255, 199}, {1000, 1000}};
    static const size_t sources[] = {0, 1, 4, 30, 300};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        for (size_t j = 0; j < ARRAY_LEN(sources); j++) {
            struct watch_model *m = model_of(sources[j]);
            size_t count, height = sizes[i][1] < WATCH_LINES_MAX ? sizes[i][1] : WATCH_LINES_MAX;
            struct watch_line *lines;

            m->expanded = j % 2;
            lines = lines_of(m, sizes[i][0], sizes[i][1], &count);
            assert_int_equal(count, height);
            for (size_t k = 0; k < count; k++)
                assert_true(strlen(lines[k].text) <= sizes[i][0]);
            assert_non_null(strstr(lines[count - 1].text, "q quit"));
            free(lines);
            free(m);
        }
    }
}

static void verdict_stands_at_the_top_and_breaks_between_words(void **state)
{
    struct watch_model *m = model_of(1);
    struct watch_line *lines;
    size_t count;

    (void)state;
    m->host.verdict.state = CANDM_VERDICT_UNSYNCHRONISED;
    assert_true(text_copy(m->host.verdict.reason.name, 32, "required-missing"));
    lines = lines_of(m, 80, 24, &count);
    assert_string_equal(
        lines[1].text,
        "UNSYNCHRONISED: nobody knows how wrong the clock is; no source with the require");
    assert_string_equal(lines[2].text, "option can be used");
    free(lines);
    free(m);
}

static void history_shows_shares_of_the_largest(void **state)
{
    struct history h = {.count = 0};
    char buf[64];

    (void)state;
    assert_string_equal(history_sparkline(&h, 5, buf, sizeof(buf)), "     ");
    history_add(&h, 0.0);
    history_add(&h, 0.5);
    history_add(&h, -1.0);
    assert_string_equal(history_sparkline(&h, 5, buf, sizeof(buf)), "  _+@");
    assert_string_equal(history_sparkline(&h, 2, buf, sizeof(buf)), "+@");
    assert_string_equal(history_sparkline(&h, 50, buf, 4), "   ");
    history_add(&h, NAN);
    assert_string_equal(history_sparkline(&h, 4, buf, sizeof(buf)), "_+@?");
    for (int i = 0; i < 100; i++)
        history_add(&h, i);
    assert_int_equal(h.count, WATCH_HISTORY);
    assert_true(h.values[WATCH_HISTORY - 1] == 99.0);
}

static size_t row_of(const struct watch_line *lines, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strstr(lines[i].text, name))
            return i;
    fail_msg("%s is not shown", name);
    return 0;
}

static void sources_are_ordered_as_asked(void **state)
{
    struct watch_model *m = model_of(6);
    struct watch_line *lines;
    size_t count;

    (void)state;
    m->order = ORDER_STATE; /* states 0 to 5: selected first, then combined, selectable */
    lines = lines_of(m, 80, 24, &count);
    assert_true(row_of(lines, count, "192.0.2.0 ") < row_of(lines, count, "192.0.2.4 "));
    assert_true(row_of(lines, count, "192.0.2.4 ") < row_of(lines, count, "192.0.2.5 "));
    assert_true(row_of(lines, count, "192.0.2.5 ") < row_of(lines, count, "192.0.2.1 "));
    free(lines);
    m->order = ORDER_OFFSET;
    lines = lines_of(m, 80, 24, &count);
    assert_true(row_of(lines, count, "192.0.2.5 ") < row_of(lines, count, "192.0.2.4 "));
    assert_true(row_of(lines, count, "192.0.2.1 ") < row_of(lines, count, "192.0.2.0 "));
    free(lines);
    m->order = ORDER_DAEMON;
    m->first = 5;
    lines = lines_of(m, 80, 24, &count);
    row_of(lines, count, "192.0.2.5 ");
    for (size_t i = 0; i < count; i++)
        assert_null(strstr(lines[i].text, "192.0.2.4 "));
    free(lines);
    free(m);
}

static void source_keeps_its_history_until_it_is_gone(void **state)
{
    struct watch_model *m = model_of(2);
    struct source_id id = m->sources[1].view.id;
    struct watch_source *s = watch_find(m, &id);

    (void)state;
    history_add(&s->offset, 1.0);
    s->seen = true;
    watch_sweep(m);
    assert_int_equal(m->count, 1);
    s = watch_find(m, &id);
    assert_int_equal(s->offset.count, 1);
    watch_sweep(m);
    assert_int_equal(m->count, 0);
    s = watch_find(m, &id);
    assert_int_equal(s->offset.count, 0);
    free(m);
}

static void summary_is_one_line(void **state)
{
    struct watch_model *m = model_of(0);
    char buf[1000];

    (void)state;
    m->now.sec = 1485510557;
    assert_string_equal(
        watch_summary(m, buf, sizeof(buf)),
        "2017-01-27T09:49:17.000000000Z 00000000 ()    +0ns  OK: the clock is right "
        "within 1.2 ms");
    m->answered = false;
    assert_string_equal(watch_summary(m, buf, sizeof(buf)),
                        "2017-01-27T09:49:17.000000000Z no answer");
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_screen_is_filled_and_never_overfilled),
        cmocka_unit_test(verdict_stands_at_the_top_and_breaks_between_words),
        cmocka_unit_test(history_shows_shares_of_the_largest),
        cmocka_unit_test(sources_are_ordered_as_asked),
        cmocka_unit_test(source_keeps_its_history_until_it_is_gone),
        cmocka_unit_test(summary_is_one_line),
    };

    return cmocka_run_group_tests_name("chronyc_watch", tests, NULL, NULL);
}
