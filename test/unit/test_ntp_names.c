#include "ntp_world.h"

static struct world *empty(void)
{
    struct ntp_settings settings = world_settings();

    return world_create(&settings);
}

static struct ntp_source_settings pool_of(const char *name, int wanted)
{
    struct ntp_source_settings s = world_source(name);

    s.pool = true;
    s.max_sources = wanted;
    s.iburst = true;
    return s;
}

static int count_unresolved(const struct world *w)
{
    struct ntp_activity a;

    ntp_activity(w->ntp, &a);
    return a.unresolved;
}

static int count_resolved(const struct world *w)
{
    return (int)sources_count(w->sources) - count_unresolved(w);
}

static void name_is_looked_up_and_polled(void **state)
{
    struct ntp_source_settings s = world_source("ntp.example");
    struct world *w = empty();
    struct addr a = addr_from_ipv4(0xc0000205);
    char name[64];

    (void)state;
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    assert_int_equal(w->query_count, 0);
    ntp_start(w->ntp);
    assert_int_equal(w->query_count, 1);
    assert_string_equal(w->queries[0].name, "ntp.example");
    assert_int_equal(count_unresolved(w), 1);
    assert_false(ntp_resolved_once(w->ntp));
    world_resolved(w, 0, 5, 3);
    assert_true(ntp_resolved_once(w->ntp));
    assert_int_equal(count_unresolved(w), 0);
    assert_true(ntp_source_name(w->ntp, &a, name, sizeof(name)));
    assert_string_equal(name, "ntp.example");
    world_run(w, 1);
    assert_int_equal(world_data(w, 5).total_good, 1);
    world_destroy(w);
}

static void retries_come_after_28_56_112_seconds(void **state)
{
    static const double waits_s[] = {28, 56, 112, 224, 448, 896, 1792, 3584, 3584};
    struct ntp_source_settings s = world_source("ntp.example");
    struct addr id = addr_from_id(1);
    struct world *w = empty();
    struct reason why;

    (void)state;
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    ntp_start(w->ntp);
    for (size_t i = 0; i < ARRAY_LEN(waits_s); i++) {
        world_resolved(w, i, 0, 0);
        ntp_source_reason(w->ntp, &id, &why);
        assert_int_equal(why.code, REASON_UNRESOLVED);
        assert_float_equal(why.figure, waits_s[i], 1e-6);
        world_run(w, waits_s[i] - 0.1);
        assert_int_equal(w->query_count, i + 1);
        world_run(w, 0.2);
        assert_int_equal(w->query_count, i + 2);
    }
    world_destroy(w);
}

static void network_change_and_online_look_up_at_once(void **state)
{
    struct ntp_source_settings s = world_source("ntp.example");
    struct event change = {.type = EVENT_NETWORK};
    struct addr none = {0};
    struct world *w = empty();

    (void)state;
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    ntp_start(w->ntp);
    world_resolved(w, 0, 0, 0);
    ntp_handle(w->ntp, &change);
    assert_int_equal(w->query_count, 2);
    /* While a query is out there is no second one, but a round after it. */
    ntp_set_online(w->ntp, &none, &none, true);
    assert_int_equal(w->query_count, 2);
    world_resolved(w, 1, 0, 0);
    assert_int_equal(w->query_count, 3);
    world_resolved(w, 2, 5, 1);
    assert_int_equal(w->query_count, 3);
    world_destroy(w);
}

static void slow_resolver_does_not_hold_up_literal_addresses_for_ever(void **state)
{
    struct ntp_source_settings s = world_source("ntp.example"), literal = world_source("192.0.2.9");
    struct world *w = empty();

    (void)state;
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    assert_int_equal(ntp_add_source(w->ntp, &literal), NTP_ADDED);
    ntp_start(w->ntp);
    world_run(w, 9);
    assert_int_equal(w->sent_count, 0);
    world_run(w, 2);
    assert_int_equal(w->sent_count, 1);
    assert_true(ntp_resolved_once(w->ntp));
    world_destroy(w);
}

static void pool_makes_twice_as_many_placeholders_and_keeps_the_proved(void **state)
{
    struct ntp_source_settings s = pool_of("pool.example", 2);
    struct world *w = empty();

    (void)state;
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    assert_int_equal(sources_count(w->sources), 4);
    ntp_start(w->ntp);
    world_resolved(w, 0, 5, 3);
    assert_int_equal(count_resolved(w), 3);
    world_run(w, 3);
    assert_int_equal(sources_count(w->sources), 2);
    assert_int_equal(count_unresolved(w), 0);
    world_destroy(w);
}

static void pool_looks_up_again_as_long_as_a_placeholder_is_empty(void **state)
{
    struct ntp_source_settings s = pool_of("pool.example", 4);
    struct world *w = empty();

    (void)state;
    w->server.silent = true;
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    ntp_start(w->ntp);
    world_resolved(w, 0, 5, 4);
    assert_int_equal(count_unresolved(w), 4);
    world_run(w, 30);
    assert_int_equal(w->query_count, 2);
    /* Two of the answer are known already. */
    world_resolved(w, 1, 7, 4);
    assert_int_equal(count_unresolved(w), 2);
    world_destroy(w);
}

static void pool_members_stay_together_at_their_line(void **state)
{
    struct ntp_source_settings pool = pool_of("pool.example", 1), last = world_source("192.0.2.99");
    struct world *w = empty();
    struct source_report r;

    (void)state;
    assert_int_equal(ntp_add_source(w->ntp, &pool), NTP_ADDED);
    assert_int_equal(ntp_add_source(w->ntp, &last), NTP_ADDED);
    ntp_start(w->ntp);
    world_resolved(w, 0, 5, 2);
    source_report(sources_at(w->sources, 0), &r);
    assert_true(addr_equal(&r.addr, &(struct addr){ADDR_IPV4, {192, 0, 2, 5}}));
    source_report(sources_at(w->sources, 2), &r);
    assert_true(addr_equal(&r.addr, &(struct addr){ADDR_IPV4, {192, 0, 2, 99}}));
    world_destroy(w);
}

static void one_address_belongs_to_one_source(void **state)
{
    struct ntp_source_settings a = world_source("a.example"), b = world_source("b.example"),
                               c = world_source("192.0.2.5");
    struct world *w = empty();

    (void)state;
    assert_int_equal(ntp_add_source(w->ntp, &c), NTP_ADDED);
    assert_int_equal(ntp_add_source(w->ntp, &c), NTP_ADD_DUPLICATE);
    assert_int_equal(ntp_add_source(w->ntp, &a), NTP_ADDED);
    assert_int_equal(ntp_add_source(w->ntp, &b), NTP_ADDED);
    ntp_start(w->ntp);
    world_resolved(w, 0, 5, 2);
    assert_int_equal(count_unresolved(w), 1);
    world_resolved(w, 1, 5, 2);
    assert_int_equal(count_unresolved(w), 1);
    world_destroy(w);
}

static void addresses_without_a_route_and_of_the_wrong_family_are_skipped(void **state)
{
    struct ntp_source_settings s = world_source("ntp.example");
    struct world *w = empty();

    (void)state;
    s.family = ADDR_IPV6;
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    s = world_source("other.example");
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    s = world_source("192.0.2.1");
    s.family = ADDR_IPV6;
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADD_BAD_FAMILY);
    ntp_start(w->ntp);
    world_resolved(w, 0, 5, 2);
    assert_int_equal(count_unresolved(w), 2);
    w->no_route = true;
    world_resolved(w, 1, 5, 2);
    assert_int_equal(count_unresolved(w), 2);
    world_destroy(w);
}

static void names_with_blanks_or_nothing_are_refused(void **state)
{
    static const char *const names[] = {"", "a b", "a\tb", "a\x7f", "caf\xc3\xa9"};
    struct world *w = empty();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct ntp_source_settings s = world_source(names[i]);

        assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADD_BAD_NAME);
    }
    world_destroy(w);
}

/* Everything but what the test is about answers; that one is silent. */
static bool silent_one(void *ctx, const struct world_sent *request, uint8_t *data, size_t *length)
{
    (void)data, (void)length;
    return request->remote.addr.bytes[3] != *(uint8_t *)ctx;
}

static void unreachable_source_is_replaced(void **state)
{
    struct ntp_source_settings s = world_source("ntp.example");
    struct world *w = empty();
    uint8_t bad = 5;

    (void)state;
    s.minpoll = s.maxpoll = 3;
    w->server.touch = silent_one;
    w->server.ctx = &bad;
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    ntp_start(w->ntp);
    world_resolved(w, 0, 5, 1);
    world_run(w, 60);
    assert_int_equal(w->query_count, 1);
    world_run(w, 20);
    assert_int_equal(w->query_count, 2);
    world_resolved(w, 1, 5, 2);
    assert_true(world_logged(w, "Source 192.0.2.5 replaced with 192.0.2.6 (ntp.example)"));
    world_run(w, 10);
    assert_int_equal(world_data(w, 6).total_good, 2);
    world_destroy(w);
}

static void replacements_are_rare_and_literal_addresses_stay(void **state)
{
    struct ntp_source_settings s = world_source("ntp.example"), literal = world_source("192.0.2.9");
    struct world *w = empty();

    (void)state;
    s.minpoll = s.maxpoll = literal.minpoll = literal.maxpoll = 3;
    w->server.silent = true;
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    assert_int_equal(ntp_add_source(w->ntp, &literal), NTP_ADDED);
    ntp_start(w->ntp);
    world_resolved(w, 0, 5, 1);
    for (int i = 0; i < 100; i++) {
        world_run(w, 36);
        if (w->query_count > 1 && !w->queries[w->query_count - 1].cancelled)
            world_resolved(w, w->query_count - 1, (uint8_t)(5 + w->query_count), 1);
        assert_true(w->query_count <= 12);
    }
    assert_true(w->query_count >= 2);
    assert_false(world_logged(w, "Source 192.0.2.9 replaced"));
    world_destroy(w);
}

static void refresh_replaces_what_vanished_from_the_name(void **state)
{
    struct ntp_source_settings s = world_source("ntp.example");
    struct world *w = empty();

    (void)state;
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    ntp_start(w->ntp);
    world_resolved(w, 0, 5, 1);
    ntp_refresh(w->ntp);
    assert_int_equal(w->query_count, 2);
    world_resolved(w, 1, 5, 4);
    assert_false(world_logged(w, "replaced"));
    ntp_refresh(w->ntp);
    world_resolved(w, 2, 6, 1);
    assert_true(world_logged(w, "Source 192.0.2.5 replaced with 192.0.2.6 (ntp.example)"));
    /* A failed look-up proves nothing. */
    ntp_refresh(w->ntp);
    world_resolved(w, 3, 0, 0);
    assert_int_equal(count_unresolved(w), 0);
    world_destroy(w);
}

static void refresh_comes_by_itself_after_its_time(void **state)
{
    struct ntp_settings settings = world_settings();
    struct ntp_source_settings s = world_source("ntp.example");
    struct world *w;

    (void)state;
    settings.refresh_s = 3600;
    w = world_create(&settings);
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    ntp_start(w->ntp);
    world_resolved(w, 0, 5, 1);
    world_run(w, 3500);
    assert_int_equal(w->query_count, 1);
    world_run(w, 1200);
    assert_int_equal(w->query_count, 2);
    world_destroy(w);
}

static void reload_keeps_the_unchanged_and_logs_the_rest(void **state)
{
    struct ntp_source_settings list[3] = {world_source("192.0.2.1"), world_source("192.0.2.2"),
                                          pool_of("pool.example", 1)};
    struct ntp_source_settings main_line = world_source("192.0.2.3");
    struct world *w = empty();

    (void)state;
    assert_int_equal(ntp_add_source(w->ntp, &main_line), NTP_ADDED);
    ntp_reload_sources(w->ntp, list, 2);
    assert_false(world_logged(w, "Added"));
    ntp_start(w->ntp);
    world_run(w, 2);
    assert_int_equal(world_data(w, 1).total_good, 1);
    list[1].iburst = true;
    ntp_reload_sources(w->ntp, list, 3);
    assert_true(world_logged(w, "Removed source 192.0.2.2\nAdded source 192.0.2.2\n"
                                "Added pool pool.example\n"));
    assert_int_equal(world_data(w, 1).total_good, 1);
    assert_int_equal(world_data(w, 2).total_tx, 0);
    assert_int_equal(world_data(w, 3).total_good, 1);
    ntp_reload_sources(w->ntp, NULL, 0);
    assert_true(world_logged(w, "Removed pool pool.example"));
    assert_int_equal(sources_count(w->sources), 1);
    world_destroy(w);
}

static void sources_of_all_files_are_replaced_at_once(void **state)
{
    struct ntp_source_settings list[4] = {world_source("192.0.2.1"), world_source("192.0.2.2"),
                                          world_source("192.0.2.4"), world_source("192.0.2.5")};
    struct ntp_source_settings typed = world_source("192.0.2.3");
    struct ntp_replaced out;
    struct world *w = empty();

    (void)state;
    assert_int_equal(ntp_add_configured(w->ntp, &list[0]), NTP_ADDED);
    assert_int_equal(ntp_add_configured(w->ntp, &list[1]), NTP_ADDED);
    ntp_start(w->ntp);
    assert_int_equal(ntp_add_source(w->ntp, &typed), NTP_ADDED);
    world_run(w, 2);
    assert_int_equal(world_data(w, 2).total_good, 1);
    /* The first one is gone, the second one is in a source directory now, a third is new. */
    assert_true(ntp_replace_sources(w->ntp, list + 1, 0, 2, &out));
    assert_int_equal(out.removed, 1);
    assert_int_equal(out.kept, 1);
    assert_int_equal(out.added, 1);
    assert_int_equal(world_data(w, 2).total_good, 1);
    assert_int_equal(world_data(w, 3).total_good, 1);
    /* What is in a directory goes with the directory. */
    ntp_reload_sources(w->ntp, NULL, 0);
    assert_int_equal(sources_count(w->sources), 1);
    assert_true(ntp_replace_sources(w->ntp, list, 4, 0, &out));
    assert_int_equal(out.added, 4);
    ntp_reload_sources(w->ntp, NULL, 0);
    assert_int_equal(sources_count(w->sources), 5);
    world_destroy(w);
}

static void deleted_source_leaves_nothing_behind(void **state)
{
    struct ntp_source_settings s = world_source("ntp.example"), p = pool_of("pool.example", 2);
    struct addr id = addr_from_id(1), a = addr_from_ipv4(0xc0000205), none = {0};
    struct world *w = empty();

    (void)state;
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    assert_int_equal(ntp_add_source(w->ntp, &p), NTP_ADDED);
    ntp_start(w->ntp);
    assert_true(ntp_delete_source(w->ntp, &id));
    assert_true(w->queries[0].cancelled);
    assert_int_equal(w->query_count, 2);
    world_resolved(w, 1, 5, 4);
    world_run(w, 0.3); /* a request is on its way */
    assert_true(ntp_delete_source(w->ntp, &a));
    assert_false(ntp_delete_source(w->ntp, &a));
    assert_false(ntp_delete_source(w->ntp, &none));
    world_run(w, 10);
    /* One was taken from the pool: one is enough. */
    assert_int_equal(sources_count(w->sources), 1);
    world_destroy(w);
}

static void a_name_without_an_address_is_waited_for(void **state)
{
    struct ntp_source_settings s = world_source("ntp.example");
    struct world *w = empty();

    (void)state;
    assert_int_equal(ntp_add_source(w->ntp, &s), NTP_ADDED);
    ntp_start(w->ntp);
    world_run(w, 2);
    world_resolved(w, 0, 0, 0);
    world_run(w, 1000);
    assert_false(ntp_all_given_up(w->ntp));
    world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_is_looked_up_and_polled),
        cmocka_unit_test(retries_come_after_28_56_112_seconds),
        cmocka_unit_test(network_change_and_online_look_up_at_once),
        cmocka_unit_test(slow_resolver_does_not_hold_up_literal_addresses_for_ever),
        cmocka_unit_test(pool_makes_twice_as_many_placeholders_and_keeps_the_proved),
        cmocka_unit_test(pool_looks_up_again_as_long_as_a_placeholder_is_empty),
        cmocka_unit_test(pool_members_stay_together_at_their_line),
        cmocka_unit_test(one_address_belongs_to_one_source),
        cmocka_unit_test(addresses_without_a_route_and_of_the_wrong_family_are_skipped),
        cmocka_unit_test(names_with_blanks_or_nothing_are_refused),
        cmocka_unit_test(unreachable_source_is_replaced),
        cmocka_unit_test(replacements_are_rare_and_literal_addresses_stay),
        cmocka_unit_test(refresh_replaces_what_vanished_from_the_name),
        cmocka_unit_test(refresh_comes_by_itself_after_its_time),
        cmocka_unit_test(reload_keeps_the_unchanged_and_logs_the_rest),
        cmocka_unit_test(sources_of_all_files_are_replaced_at_once),
        cmocka_unit_test(deleted_source_leaves_nothing_behind),
        cmocka_unit_test(a_name_without_an_address_is_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
