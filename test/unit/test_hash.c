/* test_hash.c - the table that finds things by a number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/hash.h"

#define THINGS 512
/* Few numbers, so that they meet; and such as lie at the table's end, so that they wrap. */
static uint32_t number_of(size_t i)
{
    return i % 3 == 0 ? 0xffffffffu - (uint32_t)(i % 7) : (uint32_t)(i % 13);
}

static bool holds(const struct hash *h, uint32_t number, const void *item)
{
    size_t at = 0, seen = 0;
    const void *found;

    while ((found = hash_next(h, number, &at)))
        seen += found == item;
    assert_true(seen <= 1);
    return seen == 1;
}

static void table_holds_what_was_added_and_not_removed(void **state)
{
    char things[THINGS] = {0};
    bool there[THINGS] = {false};
    struct hash h = {0};
    uint32_t dice = 1;

    (void)state;
    hash_remove(&h, 1, things);
    for (int step = 0; step < 4000; step++) {
        size_t i = (dice = hash_number(dice + (uint32_t)step)) % THINGS;

        if (there[i])
            hash_remove(&h, number_of(i), &things[i]);
        else
            assert_true(hash_add(&h, number_of(i), &things[i]));
        there[i] = !there[i];
        if (step % 97 != 0)
            continue;
        for (size_t k = 0; k < THINGS; k++)
            assert_int_equal(holds(&h, number_of(k), &things[k]), there[k]);
    }
    hash_free(&h);
    assert_null(hash_next(&h, 1, &(size_t){0}));
}

/* A source that waits on a socket may wait for a timestamp as well. */
static void thing_under_two_numbers_stays_under_the_other_one(void **state)
{
    struct hash h = {0};
    char first, thing;

    (void)state;
    assert_true(hash_add(&h, 5, &first));
    assert_true(hash_add(&h, 5, &thing));
    assert_true(hash_add(&h, 6, &thing));
    hash_remove(&h, 6, &thing);
    assert_true(holds(&h, 5, &thing));
    assert_false(holds(&h, 6, &thing));
    hash_remove(&h, 6, &thing);
    assert_true(holds(&h, 5, &thing));
    hash_free(&h);
}

static void room_that_was_reserved_is_there(void **state)
{
    struct hash h = {0};
    char things[100] = {0};
    const struct hash_entry *entries;

    (void)state;
    assert_true(hash_reserve(&h, 100));
    entries = h.entries;
    for (size_t i = 0; i < 100; i++)
        hash_put(&h, hash_number(i), &things[i]);
    assert_ptr_equal(h.entries, entries);
    hash_free(&h);
}

static void numbers_of_neighbours_differ_in_the_low_bits(void **state)
{
    int used[256] = {0}, most = 0;
    char text[3] = "aa";

    (void)state;
    for (uint64_t i = 0; i < 2048; i++)
        most = ++used[hash_number(i << 20) & 255] > most ? used[hash_number(i << 20) & 255] : most;
    assert_true(most < 32); /* 8 would be even */
    assert_int_not_equal(hash_text(text), hash_text("ab"));
    assert_int_equal(hash_text(text), hash_text("aa"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_holds_what_was_added_and_not_removed),
        cmocka_unit_test(thing_under_two_numbers_stays_under_the_other_one),
        cmocka_unit_test(room_that_was_reserved_is_there),
        cmocka_unit_test(numbers_of_neighbours_differ_in_the_low_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
