/* test_scale.c - what four times as many sources cost.
 *
 * Four times as much work takes four times as long if each source costs the same, and sixteen times
 * if each has to be looked for among all others. The limit lies between, far from both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>

#include "test/unit/reload_daemon.h"

#define FEW 2048
#define MANY (4 * FEW)
#define RATIO_MAX 9.0
#define TRIES 5

struct trial {
    struct toy_daemon d;
    char *texts[2]; /* configurations of `count` sources, none of them in both */
    int count;
};

static struct addr address_of(int net, int i)
{
    return addr_from_ipv4(0x0a000000u + ((uint32_t)net << 16) + (uint32_t)i);
}

static char *configuration(int net, int count)
{
    size_t size = (size_t)count * 32 + 32, used = 0;
    char *text = malloc(size), name[ADDR_TEXT_MAX];

    assert_non_null(text);
    used += strlen(text_format(text, size, "port 0\n"));
    for (int i = 0; i < count; i++) {
        struct addr a = address_of(net, i);

        used += strlen(text_format(text + used, size - used, "server %s offline\n",
                                   addr_format(&a, name, sizeof(name))));
    }
    return text;
}

static void set_up(struct trial *t, int count)
{
    t->count = count;
    t->texts[0] = configuration(1, count);
    t->texts[1] = configuration(2, count);
    reload_begin(&t->d, t->texts[0]);
}

static void tear_down(struct trial *t)
{
    toy_daemon_stop(&t->d);
    free(t->texts[0]);
    free(t->texts[1]);
}

static void ask_number(struct trial *t, uint16_t command, int number)
{
    uint8_t buf[CANDM_REQUEST_MAX];
    struct wire_out out = toy_request(buf, sizeof(buf), command);
    size_t length = candm_required_length(candm_row(command));

    candm_put_req_int(&out, &(struct candm_req_int){number});
    assert_int_equal(toy_ask(&t->d, &toy_local, buf, length, NULL), CANDM_SUCCESS);
}

static void ask_address(struct trial *t, uint16_t command, struct addr address)
{
    uint8_t buf[CANDM_REQUEST_MAX];
    struct wire_out out = toy_request(buf, sizeof(buf), command);
    size_t length = candm_required_length(candm_row(command));

    candm_put_req_address(&out, &(struct candm_req_address){address});
    assert_int_equal(toy_ask(&t->d, &toy_local, buf, length, NULL), CANDM_SUCCESS);
}

static void list_sources(struct trial *t)
{
    for (int i = 0; i < t->count; i++) {
        ask_number(t, CANDM_REQ_SOURCE_DATA, i);
        ask_number(t, CANDM_REQ_SOURCESTATS, i);
        ask_number(t, CANDM_REQ_SELECT_DATA, i);
        ask_address(t, CANDM_REQ_NTP_SOURCE_NAME, address_of(1, i));
        ask_address(t, CANDM_REQ_NTP_DATA, address_of(1, i));
        ask_address(t, CANDM_REQ_AUTH_DATA, address_of(1, i));
    }
}

static void add_and_delete(struct trial *t)
{
    uint8_t buf[CANDM_REQUEST_MAX];
    size_t length = candm_required_length(candm_row(CANDM_REQ_ADD_SOURCE));

    for (int i = 0; i < t->count; i++) {
        struct wire_out out = toy_request(buf, sizeof(buf), CANDM_REQ_ADD_SOURCE);
        struct candm_req_add_source r = {.type = 1, .max_sources = 1};
        struct addr a = address_of(3, i);

        addr_format(&a, r.name, sizeof(r.name));
        candm_put_req_add_source(&out, &r);
        assert_int_equal(toy_ask(&t->d, &toy_local, buf, length, NULL), CANDM_SUCCESS);
    }
    for (int i = 0; i < t->count; i++)
        ask_address(t, CANDM_REQ_DEL_SOURCE, address_of(3, i));
}

static void change_all(struct trial *t)
{
    struct candm_rpy_reload_config r = reload(&t->d, t->texts[1]);

    assert_int_equal(r.added, t->count);
    assert_int_equal(r.removed, t->count);
    assert_int_equal(reload(&t->d, t->texts[1]).kept, t->count);
    r = reload(&t->d, "port 0\n");
    assert_int_equal(r.removed, t->count);
    assert_int_equal(reload(&t->d, t->texts[0]).added, t->count);
}

/* The processor's time of the fastest of a few tries: what else runs only makes it longer. */
static double cost_s(int count, void (*work)(struct trial *t))
{
    struct trial t;
    double best_s = 1e9;

    set_up(&t, count);
    for (int i = 0; i < TRIES; i++) {
        clock_t begin = clock();

        work(&t);
        best_s = min_d(best_s, (double)(clock() - begin) / CLOCKS_PER_SEC);
    }
    tear_down(&t);
    return best_s;
}

static void expect_proportional(void (*work)(struct trial *t))
{
    double few_s = cost_s(FEW, work), many_s = cost_s(MANY, work);

    print_message("%d: %.4f s, %d: %.4f s\n", FEW, few_s, MANY, many_s);
    assert_true(many_s < RATIO_MAX * few_s);
}

static void listing_four_times_as_many_sources_takes_four_times_as_long(void **state)
{
    (void)state;
    expect_proportional(list_sources);
}

static void adding_and_deleting_four_times_as_many_takes_four_times_as_long(void **state)
{
    (void)state;
    expect_proportional(add_and_delete);
}

static void reloading_four_times_as_many_takes_four_times_as_long(void **state)
{
    (void)state;
    expect_proportional(change_all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listing_four_times_as_many_sources_takes_four_times_as_long),
        cmocka_unit_test(adding_and_deleting_four_times_as_many_takes_four_times_as_long),
        cmocka_unit_test(reloading_four_times_as_many_takes_four_times_as_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
