#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/access.h"

static bool rule(struct access_table *t, const char *verb, const char *subnet)
{
    struct access_rule r = {.allow = strncmp(verb, "allow", 5) == 0,
                            .all = strstr(verb, " all") != NULL};
    struct err err;

    assert_true(access_parse_subnet(subnet, &r.net, &r.bits));
    return access_apply(t, &r, &err);
}

static bool allows(const struct access_table *t, const char *text)
{
    struct addr a;

    assert_true(addr_parse(text, &a));
    return access_allows(t, &a);
}

static void an_empty_table_denies_everybody(void **state)
{
    struct access_table *t = access_create();
    struct addr id = addr_from_id(1), none = {0};

    (void)state;
    assert_false(allows(t, "127.0.0.1"));
    assert_false(allows(t, "::1"));
    assert_false(access_allows(t, &id));
    assert_false(access_allows(t, &none));
    assert_false(access_any(t, ADDR_NONE));
    access_destroy(t);
}

static void the_longest_prefix_wins_whatever_the_order(void **state)
{
    struct access_table *t = access_create();

    (void)state;
    assert_true(rule(t, "deny", "10.1.0.0/16"));
    assert_true(rule(t, "allow", "10"));
    assert_true(rule(t, "allow", "10.1.2.3"));
    assert_true(allows(t, "10.2.0.1"));
    assert_false(allows(t, "10.1.2.4"));
    assert_true(allows(t, "10.1.2.3"));
    assert_false(allows(t, "11.0.0.1"));
    access_destroy(t);
}

/* Prefix lengths 21 to 24 share the nodes of one level, so among them the later line wins. */
static void within_one_level_the_later_rule_wins(void **state)
{
    struct access_table *t = access_create();

    (void)state;
    assert_true(rule(t, "deny", "10.0.1.0/24"));
    assert_true(rule(t, "allow", "10.0.0.0/22"));
    assert_true(allows(t, "10.0.1.1"));
    assert_true(allows(t, "10.0.3.255"));
    assert_false(allows(t, "10.0.4.1"));
    assert_true(rule(t, "deny", "10.0.1.0/24"));
    assert_false(allows(t, "10.0.1.1"));
    assert_true(allows(t, "10.0.2.1"));
    access_destroy(t);
}

static void all_removes_what_lies_below(void **state)
{
    struct access_table *t = access_create();

    (void)state;
    assert_true(rule(t, "deny", "10.1.2.0/24"));
    assert_true(rule(t, "allow all", "10.0.0.0/8"));
    assert_true(allows(t, "10.1.2.3"));
    assert_true(rule(t, "allow", "10.9.9.9"));
    assert_true(rule(t, "deny all", "10.8.0.0/14"));
    assert_false(allows(t, "10.9.9.9"));
    assert_true(allows(t, "10.12.0.1"));
    access_destroy(t);
}

static void a_rule_without_address_covers_both_families(void **state)
{
    struct access_table *t = access_create();

    (void)state;
    assert_true(rule(t, "allow", "all"));
    assert_true(allows(t, "192.0.2.1"));
    assert_true(allows(t, "2001:db8::1"));
    assert_true(rule(t, "deny", "0/0"));
    assert_false(allows(t, "192.0.2.1"));
    assert_true(allows(t, "2001:db8::1"));
    access_destroy(t);
}

static void a_prefix_that_does_not_fit_the_family_is_refused(void **state)
{
    struct access_table *t = access_create();
    struct access_rule r = {.allow = true, .bits = 33};
    struct err err;

    (void)state;
    assert_true(addr_parse("1.2.3.4", &r.net));
    assert_false(access_apply(t, &r, &err));
    assert_int_equal(err.code, ERR_RANGE);
    assert_string_equal(err.text, "Bad subnet in 1.2.3.4/33");
    r.bits = -1;
    assert_false(access_apply(t, &r, &err));
    r.net = (struct addr){0};
    r.bits = 1;
    assert_false(access_apply(t, &r, &err));
    r.net = addr_from_id(1);
    r.bits = 0;
    assert_false(access_apply(t, &r, &err));
    assert_false(access_any(t, ADDR_NONE));
    access_destroy(t);
}

static void any_tells_whether_somebody_could_be_allowed(void **state)
{
    struct access_table *t = access_create();

    (void)state;
    assert_true(rule(t, "allow", "2001:db8::1"));
    assert_true(access_any(t, ADDR_IPV6));
    assert_true(access_any(t, ADDR_NONE));
    assert_false(access_any(t, ADDR_IPV4));
    assert_true(rule(t, "deny", "2001:db8::1"));
    assert_false(access_any(t, ADDR_NONE));
    /* Allowed at the root, but denied in every branch below. */
    assert_true(rule(t, "allow", "0/0"));
    for (int i = 0; i < 256; i += 16) {
        char net[32];

        assert_true(snprintf(net, sizeof(net), "%d/4", i) > 0);
        assert_true(rule(t, "deny", net));
    }
    assert_false(access_any(t, ADDR_IPV4));
    access_destroy(t);
}

/* The tree against its definition: the last rule among those of the deepest level that match. */
static void the_tree_agrees_with_a_list_of_rules(void **state)
{
    struct access_table *t = access_create();
    struct access_rule rules[200];
    uint32_t seed = 5;
    struct err err;

    (void)state;
    for (size_t n = 0; n < ARRAY_LEN(rules); n++) {
        seed = seed * 1664525 + 1013904223;
        rules[n] = (struct access_rule){.net = addr_from_ipv4(seed & 0xf3f0f00f),
                                        .bits = (int)(seed >> 27 & 31) + (int)(seed >> 5 & 1),
                                        .allow = seed >> 12 & 1};
        assert_true(access_apply(t, &rules[n], &err));
        for (uint32_t probe = 0; probe < 50; probe++) {
            struct addr a = addr_from_ipv4((seed = seed * 1664525 + 1013904223) & 0xf3f0f00f);
            int deepest = -1;
            bool expected = false;

            for (size_t i = 0; i <= n; i++) {
                int level = (rules[i].bits + 3) / 4;

                if (level >= deepest && addr_in_subnet(&a, &rules[i].net, rules[i].bits)) {
                    deepest = level;
                    expected = rules[i].allow;
                }
            }
            assert_int_equal(access_allows(t, &a), expected);
        }
    }
    access_destroy(t);
}

static void subnets_are_read_in_all_their_forms(void **state)
{
    static const struct {
        const char *word, *addr;
        int bits;
    } cases[] = {
        {"1", "1.0.0.0", 8},
        {"1.2", "1.2.0.0", 16},
        {"1.2.3", "1.2.3.0", 24},
        {"1.2.3.4", "1.2.3.4", 32},
        {"1.2.3.4/7", "1.2.3.4", 7},
        {"10/8", "10.0.0.0", 8},
        {"0/0", "0.0.0.0", 0},
        {"1.2/33", "1.2.0.0", 33},
        {"::/0", "::", 0},
        {"2001:db8::/32", "2001:db8::", 32},
        {"::1", "::1", 128},
        {"256", NULL, 0},
        {"1.", NULL, 0},
        {"1.2.", NULL, 0},
        {".1", NULL, 0},
        {"1.2.3.4/", NULL, 0},
        {"1.2.3.4/x", NULL, 0},
        {"1.2.3.4/-1", NULL, 0},
        {"ntp.example", NULL, 0},
        {"", NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct addr net;
        char text[ADDR_TEXT_MAX];
        int bits;
        bool ok = access_parse_subnet(cases[i].word, &net, &bits);

        if (ok != (cases[i].addr != NULL))
            fail_msg("\"%s\"", cases[i].word);
        if (!ok)
            continue;
        assert_string_equal(addr_format(&net, text, sizeof(text)), cases[i].addr);
        assert_int_equal(bits, cases[i].bits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_denies_everybody),
        cmocka_unit_test(the_longest_prefix_wins_whatever_the_order),
        cmocka_unit_test(within_one_level_the_later_rule_wins),
        cmocka_unit_test(all_removes_what_lies_below),
        cmocka_unit_test(a_rule_without_address_covers_both_families),
        cmocka_unit_test(a_prefix_that_does_not_fit_the_family_is_refused),
        cmocka_unit_test(any_tells_whether_somebody_could_be_allowed),
        cmocka_unit_test(the_tree_agrees_with_a_list_of_rules),
        cmocka_unit_test(subnets_are_read_in_all_their_forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
