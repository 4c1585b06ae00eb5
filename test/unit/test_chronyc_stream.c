/* test_chronyc_stream.c - packets are cut out of a stream however its bytes arrive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/defs.h"
#include "chronyc/stream.h"

/* Feed bytes in pieces of at most `step`; returns how many replies were taken, the last one in
 * `out`. */
static size_t feed(struct stream *s, const uint8_t *data, size_t length, size_t step, uint8_t *out,
                   size_t *out_length)
{
    size_t taken = 0;

    while (length > 0 && !s->bad) {
        size_t space;
        uint8_t *room = stream_room(s, &space);
        size_t n = length < step ? length : step;

        if (space == 0)
            break;
        if (n > space)
            n = space;
        memcpy(room, data, n);
        stream_added(s, n);
        data += n;
        length -= n;
        taken += stream_take(s, out, STREAM_PACKET_MAX, out_length);
    }
    return taken;
}

static void replies_are_whole_however_the_bytes_come(void **state)
{
    static const uint8_t data[] = {0, 4, 6, 2, 'a', 'b', 0, 3, 6, 3, 'e', 0, 3, 6, 2, 'c'};
    uint8_t out[STREAM_PACKET_MAX];

    (void)state;
    for (size_t step = 1; step <= sizeof(data); step++) {
        struct stream s = {.used = 0};
        size_t length = 0;

        assert_int_equal(feed(&s, data, sizeof(data), step, out, &length), 2);
        assert_int_equal(length, 3);
        assert_int_equal(out[2], 'c');
        assert_false(s.bad);
    }
}

static void events_are_taken_where_they_are_wanted(void **state)
{
    static const uint8_t data[] = {0, 3, 6, 3, 'e', 0, 3, 6, 2, 'c', 0, 3, 6, 1, 'r', 0, 1, 6};
    uint8_t out[STREAM_PACKET_MAX];

    (void)state;
    for (size_t step = 1; step <= sizeof(data); step++) {
        struct stream s = {.events = true};
        size_t length = 0;

        assert_int_equal(feed(&s, data, sizeof(data), step, out, &length), 2);
        assert_int_equal(s.used, 0);
    }
}

static void lengths_that_no_packet_has_end_the_stream(void **state)
{
    static const uint8_t rows[][4] = {{0, 0, 0, 0}, {3, 0x5d, 0, 0}, {0xff, 0xff, 0, 0}};
    uint8_t out[STREAM_PACKET_MAX];
    size_t length;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct stream s = {.used = 0};

        assert_int_equal(feed(&s, rows[i], sizeof(rows[i]), 4, out, &length), 0);
        assert_true(s.bad);
    }
}

static void largest_packet_fits(void **state)
{
    static uint8_t data[STREAM_HEADER + STREAM_PACKET_MAX] = {3, 0x5c, 6, 2};
    uint8_t out[STREAM_PACKET_MAX];
    struct stream s = {.used = 0};
    size_t length = 0;

    (void)state;
    data[sizeof(data) - 1] = 'z';
    assert_int_equal(feed(&s, data, sizeof(data), 1000, out, &length), 1);
    assert_int_equal(length, STREAM_PACKET_MAX);
    assert_int_equal(out[STREAM_PACKET_MAX - 1], 'z');
}

static void short_buffer_gets_the_head(void **state)
{
    static const uint8_t data[] = {0, 4, 6, 2, 'a', 'b'};
    struct stream s = {.used = 0};
    uint8_t out[3];
    size_t space, length = 0;

    (void)state;
    memcpy(stream_room(&s, &space), data, 2);
    stream_added(&s, 2);
    memcpy(stream_room(&s, &space), data + 2, 4);
    stream_added(&s, 4);
    assert_true(stream_take(&s, out, sizeof(out), &length));
    assert_int_equal(length, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_whole_however_the_bytes_come),
        cmocka_unit_test(events_are_taken_where_they_are_wanted),
        cmocka_unit_test(lengths_that_no_packet_has_end_the_stream),
        cmocka_unit_test(largest_packet_fits),
        cmocka_unit_test(short_buffer_gets_the_head),
    };

    return cmocka_run_group_tests_name("chronyc_stream", tests, NULL, NULL);
}
