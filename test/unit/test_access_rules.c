/* test_access_rules.c - host names in allow and deny. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "chronyd/access_rules.h"
#include "test/unit/config_world.h"

struct query {
    uint32_t token;
    char name[64];
    bool cancelled;
};

struct world {
    struct config_world files;
    struct os_ops ops;
    struct os os;
    struct mono mono;
    struct query query; /* the newest */
    int queries;
    struct timers timers;
    struct access_table *table;
    struct access_rules *rules;
};

static struct mono now(void *ctx)
{
    return ((struct world *)ctx)->mono;
}

static void resolve(void *ctx, uint32_t token, const char *name, enum addr_family family)
{
    struct world *w = ctx;

    assert_int_equal(family, ADDR_NONE);
    w->query = (struct query){.token = token};
    (void)text_copy(w->query.name, sizeof(w->query.name), name);
    w->queries++;
}

static void cancel(void *ctx, uint32_t token)
{
    struct world *w = ctx;

    assert_int_equal(token, w->query.token);
    w->query.cancelled = true;
}

static void load(struct world *w, const char *text)
{
    struct config c;
    struct err err;

    w->files.count = 0;
    if (!world_config(&w->files, &c, text, &err))
        fail_msg("refused: %s", err.text);
    assert_true(access_rules_load(w->rules, &c.ntp_access, &err));
    config_free(&c);
}

static struct world *begin(const char *text)
{
    struct world *w = test_calloc(1, sizeof(*w));
    struct access_rules_params params = {.timers = &w->timers,
                                         .log = &w->files.sink,
                                         .allow = "allow",
                                         .deny = "deny",
                                         .token = 0xa0000000u};

    world_init(&w->files);
    w->ops = (struct os_ops){.mono = now, .resolve = resolve, .resolve_cancel = cancel};
    w->os = (struct os){&w->ops, w};
    w->table = access_create();
    params.os = &w->os;
    params.table = w->table;
    w->rules = access_rules_create(&params);
    load(w, text);
    return w;
}

static void end(struct world *w)
{
    access_rules_destroy(w->rules);
    access_destroy(w->table);
    timers_free(&w->timers);
    test_free(w);
}

static bool allows(const struct world *w, const char *address)
{
    struct addr a;

    assert_true(addr_parse(address, &a));
    return access_allows(w->table, &a);
}

/* `address` NULL: it does not resolve. */
static bool answer(struct world *w, const char *address)
{
    struct event ev = {.type = EVENT_RESOLVED};

    ev.resolved.token = w->query.token;
    ev.resolved.status = address ? OS_RESOLVED : OS_RESOLVE_TEMPORARY;
    if (address) {
        assert_true(addr_parse(address, &ev.resolved.addrs[0]));
        assert_true(addr_parse("10.99.99.99", &ev.resolved.addrs[1]));
        ev.resolved.count = 2;
    } else {
        (void)text_copy(ev.resolved.error, sizeof(ev.resolved.error), "try again");
    }
    return access_rules_handle(w->rules, &ev);
}

static void names_take_their_place_in_the_order(void **state)
{
    struct world *w = begin("allow 10/8\ndeny a.example\nallow b.example\nallow 10.0.0.7\n"
                            "deny c.example\n");

    (void)state;
    assert_int_equal(w->queries, 0);
    access_rules_start(w->rules);
    assert_string_equal(w->query.name, "a.example");
    assert_true(allows(w, "10.0.0.7"));
    assert_true(answer(w, "10.0.0.7"));
    assert_true(allows(w, "10.0.0.7")); /* a later rule allows it */
    assert_string_equal(w->query.name, "b.example");
    assert_true(answer(w, "2001:db8::1"));
    assert_true(allows(w, "2001:db8::1"));
    assert_false(allows(w, "10.99.99.99") && !allows(w, "10.1.1.1"));
    assert_true(answer(w, "10.0.0.7"));
    assert_false(allows(w, "10.0.0.7")); /* the last one denies it */
    assert_true(allows(w, "10.0.0.8"));
    assert_int_equal(w->queries, 3);
    assert_int_equal(timers_next(&w->timers).ns, MONO_NEVER.ns);
    end(w);
}

static void an_unknown_name_is_told_once_and_tried_again(void **state)
{
    struct world *w = begin("allow a.example\n");

    (void)state;
    access_rules_start(w->rules);
    for (int i = 0; i < 3; i++) {
        assert_true(answer(w, NULL));
        assert_false(answer(w, NULL)); /* nobody asked */
        assert_int_equal(w->queries, i + 1);
        w->mono = timers_next(&w->timers);
        assert_int_not_equal(w->mono.ns, MONO_NEVER.ns);
        timers_fire(&w->timers, w->mono);
    }
    assert_string_equal(w->files.log, "1 Could not resolve a.example in allow directive (try "
                                      "again), trying again later\n");
    assert_true(answer(w, NULL));
    access_rules_try_again(w->rules);
    assert_int_equal(w->queries, 5);
    access_rules_try_again(w->rules);
    assert_int_equal(w->queries, 5);
    assert_true(answer(w, "192.0.2.1"));
    assert_true(allows(w, "192.0.2.1"));
    end(w);
}

static void rules_of_commands_stay_behind_all_others(void **state)
{
    struct world *w = begin("allow a.example\n");
    struct access_rule rule = {.allow = false};
    struct err err;

    (void)state;
    access_rules_start(w->rules);
    assert_true(addr_parse("192.0.2.1", &rule.net));
    rule.bits = 32;
    assert_true(access_apply(w->table, &rule, &err));
    access_rules_append(w->rules, &rule);
    assert_true(answer(w, "192.0.2.1"));
    assert_false(allows(w, "192.0.2.1"));
    end(w);
}

static void loading_again_replaces_rules_and_questions(void **state)
{
    struct world *w = begin("allow a.example\nallow 10/8\n");

    (void)state;
    access_rules_start(w->rules);
    load(w, "allow b.example\nallow 11/8\n");
    assert_string_equal(w->query.name, "b.example");
    assert_false(allows(w, "10.0.0.1"));
    assert_true(allows(w, "11.0.0.1"));
    load(w, "");
    assert_true(w->query.cancelled);
    assert_false(answer(w, "192.0.2.1"));
    assert_false(access_any(w->table, ADDR_NONE));
    end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_take_their_place_in_the_order),
        cmocka_unit_test(an_unknown_name_is_told_once_and_tried_again),
        cmocka_unit_test(rules_of_commands_stay_behind_all_others),
        cmocka_unit_test(loading_again_replaces_rules_and_questions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
