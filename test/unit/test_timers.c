#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/defs.h"
#include "base/timers.h"

#define COUNT 200

struct world {
    struct timers timers;
    struct timer timer[COUNT];
    int fired[4 * COUNT];
    size_t n;
};

struct owner {
    struct world *world;
    int id;
    int64_t again_ns; /* set anew for this time when fired, -1 = no */
    int cancel;       /* the timer to cancel when fired, -1 = none */
};

static void fire(void *ctx, struct mono now)
{
    struct owner *o = ctx;
    struct world *w = o->world;

    (void)now;
    w->fired[w->n++] = o->id;
    if (o->cancel >= 0)
        timer_cancel(&w->timers, &w->timer[o->cancel]);
    if (o->again_ns >= 0)
        timer_set(&w->timers, &w->timer[o->id], (struct mono){o->again_ns});
}

static void prepare(struct world *w, struct owner *owners, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        owners[i] = (struct owner){.world = w, .id = (int)i, .again_ns = -1, .cancel = -1};
        w->timer[i] = (struct timer){.fire = fire, .ctx = &owners[i]};
    }
}

static void timers_fire_in_order_of_time(void **state)
{
    struct world w = {0};
    struct owner owners[COUNT];
    uint32_t seed = 3;
    int64_t last = -1;

    (void)state;
    prepare(&w, owners, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        seed = seed * 1664525 + 1013904223;
        timer_set(&w.timers, &w.timer[i], (struct mono){seed >> 20});
    }
    for (size_t i = 0; i < COUNT; i += 3)
        timer_cancel(&w.timers, &w.timer[i]);
    for (size_t i = 1; i < COUNT; i += 5) /* moved */
        timer_set(&w.timers, &w.timer[i], (struct mono){(int64_t)i * 7});
    while (timers_next(&w.timers).ns != INT64_MAX) {
        assert_true(timers_next(&w.timers).ns >= last);
        last = timers_next(&w.timers).ns;
        timers_fire(&w.timers, (struct mono){last});
    }
    for (size_t i = 0; i < w.n; i++)
        assert_true(i == 0 || w.timer[w.fired[i - 1]].at.ns <= w.timer[w.fired[i]].at.ns);
    assert_true(w.n >= COUNT * 2 / 3);
    timers_free(&w.timers);
}

static void equal_times_fire_in_the_order_of_setting(void **state)
{
    struct world w = {0};
    struct owner owners[50];

    (void)state;
    prepare(&w, owners, 50);
    for (size_t i = 0; i < 50; i++)
        timer_set(&w.timers, &w.timer[(i * 7) % 50], (struct mono){9});
    timers_fire(&w.timers, (struct mono){8});
    assert_int_equal(w.n, 0);
    timers_fire(&w.timers, (struct mono){9});
    assert_int_equal(w.n, 50);
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(w.fired[i], (i * 7) % 50);
    timers_free(&w.timers);
}

static void a_timer_set_for_the_past_while_firing_waits_and_delays_nobody(void **state)
{
    struct world w = {0};
    struct owner owners[3];

    (void)state;
    prepare(&w, owners, 3);
    owners[0].again_ns = 0;
    timer_set(&w.timers, &w.timer[0], (struct mono){1});
    timer_set(&w.timers, &w.timer[1], (struct mono){5});
    timer_set(&w.timers, &w.timer[2], (struct mono){10});
    timers_fire(&w.timers, (struct mono){10});
    assert_int_equal(w.n, 3);
    assert_true(timer_is_set(&w.timer[0]));
    assert_int_equal(timers_next(&w.timers).ns, 10);
    timers_fire(&w.timers, (struct mono){10});
    assert_int_equal(w.n, 4);
    timers_free(&w.timers);
    assert_false(timer_is_set(&w.timer[0]));
}

static void a_firing_timer_may_cancel_one_that_is_due(void **state)
{
    struct world w = {0};
    struct owner owners[3];

    (void)state;
    prepare(&w, owners, 3);
    owners[0].cancel = 1;
    for (size_t i = 0; i < 3; i++)
        timer_set(&w.timers, &w.timer[i], (struct mono){1});
    timers_fire(&w.timers, (struct mono){2});
    assert_int_equal(w.n, 2);
    assert_int_equal(w.fired[1], 2);
    timer_cancel(&w.timers, &w.timer[1]);
    assert_int_equal(timers_next(&w.timers).ns, INT64_MAX);
    timers_free(&w.timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order_of_time),
        cmocka_unit_test(equal_times_fire_in_the_order_of_setting),
        cmocka_unit_test(a_timer_set_for_the_past_while_firing_waits_and_delays_nobody),
        cmocka_unit_test(a_firing_timer_may_cancel_one_that_is_due),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
