/* test_chronyc_args.c - addresses, masks, subnets and options of commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "chronyc/args.h"
#include "chronyc/date.h"

static void subnets_have_their_short_forms(void **state)
{
    static const struct {
        const char *text, *net;
        int32_t bits;
    } rows[] = {
        {"10", "10.0.0.0", 8},
        {"10.1", "10.1.0.0", 16},
        {"10.1.2", "10.1.2.0", 24},
        {"10.1.2.3", "10.1.2.3", 32},
        {"10/7", "10.0.0.0", 7},
        {"0/0", "0.0.0.0", 0},
        {"10.1.2/25", "10.1.2.0", 25},
        {"1.2.3.4/33", "1.2.3.4", 33},
        {"::/0", "::", 0},
        {"2001:db8::/32", "2001:db8::", 32},
        {"2001:db8::1", "2001:db8::1", 128},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct candm_req_subnet subnet;
        char text[ADDR_TEXT_MAX];

        assert_true(parse_subnet(rows[i].text, FAMILY_ANY, &subnet));
        assert_string_equal(addr_format(&subnet.net, text, sizeof(text)), rows[i].net);
        assert_int_equal(subnet.bits, rows[i].bits);
    }
}

static void no_subnet_is_everything(void **state)
{
    struct candm_req_subnet subnet;

    (void)state;
    assert_true(parse_subnet("", FAMILY_ANY, &subnet));
    assert_int_equal(subnet.net.family, ADDR_NONE);
    assert_int_equal(subnet.bits, 0);
}

static void malformed_subnets_are_refused(void **state)
{
    static const char *const rows[] = {
        "300",   "256.1", "1..2",  "1.2.3.4.5", "10.", "1.2.3.4/", "10/x",
        "10/-1", "10/ 8", "10 /8", ".1",        "/8",  "::1%lo",   "1.2.3.4/99999999999",
        "00001"};
    struct candm_req_subnet subnet;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_false(parse_subnet(rows[i], FAMILY_ANY, &subnet));
}

static void masks_and_addresses_come_in_four_forms(void **state)
{
    static const struct {
        const char *text, *mask, *address;
    } rows[] = {
        {"", "", ""},
        {"1.2.3.4", "255.255.255.255", "1.2.3.4"},
        {"255.255.0.0/1.2.3.4", "255.255.0.0", "1.2.3.4"},
        {"1.2.3.4/9", "255.128.0.0", "1.2.3.4"},
        {"1.2.3.4/99", "255.255.255.255", "1.2.3.4"},
        {"1.2.3.4/0", "0.0.0.0", "1.2.3.4"},
        {"::1/127", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", "::1"},
        {"ffff::/2001::1", "ffff::", "2001::1"},
        {"ID#12", "", "ID#0000000012"},
        /* surplus words */
        {"1.2.3.4/9 x", "255.128.0.0", "1.2.3.4"},
        {"255.255.0.0/1.2.3.4 x", "255.255.0.0", "1.2.3.4"},
        {"ID#12 x", "", "ID#0000000012"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct addr mask, address;
        char text[ADDR_TEXT_MAX];

        assert_int_equal(parse_mask_address(rows[i].text, FAMILY_ANY, &mask, &address), MASK_OK);
        assert_string_equal(addr_format(&mask, text, sizeof(text)), rows[i].mask);
        assert_string_equal(addr_format(&address, text, sizeof(text)), rows[i].address);
    }
}

static void malformed_masks_are_refused(void **state)
{
    static const char *const rows[] = {"1.2.3.4/x", "a/b",      "1.2.3.4/-1",
                                       "/8",        "1.2.3.4/", "255.0.0.0/1.2.3"};
    struct addr mask, address;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(parse_mask_address(rows[i], FAMILY_ANY, &mask, &address), MASK_SYNTAX);
}

static void literals_of_the_other_family_do_not_count(void **state)
{
    struct addr a;

    (void)state;
    assert_true(parse_host_address("127.0.0.1", FAMILY_IPV4, &a));
    assert_false(parse_host_address("127.0.0.1", FAMILY_IPV6, &a));
    assert_false(parse_host_address("::1", FAMILY_IPV4, &a));
    assert_false(parse_host_address("", FAMILY_ANY, &a));
    assert_true(parse_source_address("ID#7", FAMILY_IPV6, &a));
}

static void refids_have_one_to_four_characters(void **state)
{
    uint32_t refid;

    (void)state;
    assert_true(parse_refid("GPS", &refid));
    assert_int_equal(refid, 0x47505300);
    assert_true(parse_refid("SHM0", &refid));
    assert_int_equal(refid, 0x53484d30);
    assert_false(parse_refid("", &refid));
    assert_false(parse_refid("TOOLONG", &refid));
}

static enum add_error parse_add(const char *text, struct candm_req_add_source *out)
{
    char line[TEXT_LINE_MAX + 1];

    assert_true(text_copy(line, sizeof(line), text));
    return parse_add_source(line, out);
}

static void add_without_options_sends_the_defaults(void **state)
{
    struct candm_req_add_source a;

    (void)state;
    assert_int_equal(parse_add("server ntp.example", &a), ADD_OK);
    assert_int_equal(a.type, CANDM_SERVER);
    assert_string_equal(a.name, "ntp.example");
    assert_int_equal(a.port, 123);
    assert_int_equal(a.minpoll, 6);
    assert_int_equal(a.maxpoll, 10);
    assert_int_equal(a.presend_minpoll, 100);
    assert_int_equal(a.poll_target, 8);
    assert_int_equal(a.max_sources, 4);
    assert_int_equal(a.min_samples, -1);
    assert_int_equal(a.max_samples, -1);
    assert_int_equal(a.nts_port, 4460);
    assert_int_equal(a.max_unreach, 100000);
    assert_int_equal(a.flags, CANDM_FLAG_ONLINE);
    assert_true(a.max_delay_s == 3.0 && a.max_delay_dev_ratio == 10.0 && a.asymmetry == 1.0);
    assert_int_equal(parse_add("PEER x", &a), ADD_OK);
    assert_int_equal(a.type, CANDM_PEER);
    assert_int_equal(parse_add("pool x", &a), ADD_OK);
    assert_int_equal(a.type, CANDM_POOL);
}

static void add_takes_every_option(void **state)
{
    struct candm_req_add_source a;

    (void)state;
    assert_int_equal(parse_add("pool x port 1 minpoll -2 maxpoll 3 presend 4 minstratum 5 "
                               "polltarget 6 version 3 maxsources 7 minsamples 8 maxsamples 9 "
                               "key 10 ntsport 11 maxdelay 1.5 maxdelayratio 2.5 "
                               "maxdelaydevratio 3.5 mindelay 4.5 asymmetry 0.25 offset -0.5 "
                               "filter 12 certset 13 maxdelayquant 0.1 maxunreach 14",
                               &a),
                     ADD_OK);
    assert_int_equal(a.port, 1);
    assert_int_equal(a.minpoll, -2);
    assert_int_equal(a.maxpoll, 3);
    assert_int_equal(a.presend_minpoll, 4);
    assert_int_equal(a.min_stratum, 5);
    assert_int_equal(a.poll_target, 6);
    assert_int_equal(a.version, 3);
    assert_int_equal(a.max_sources, 7);
    assert_int_equal(a.min_samples, 8);
    assert_int_equal(a.max_samples, 9);
    assert_int_equal(a.key_id, 10);
    assert_int_equal(a.nts_port, 11);
    assert_true(a.max_delay_s == 1.5 && a.max_delay_ratio == 2.5 && a.max_delay_dev_ratio == 3.5);
    assert_true(a.min_delay_s == 4.5 && a.asymmetry == 0.25 && a.offset_s == -0.5);
    assert_int_equal(a.filter_length, 12);
    assert_int_equal(a.cert_set, 13);
    assert_true(a.max_delay_quant == 0.1);
    assert_int_equal(a.max_unreach, 14);
}

static void add_takes_every_flag_in_any_case(void **state)
{
    struct candm_req_add_source a;

    (void)state;
    assert_int_equal(parse_add("server x IBURST burst auto_offline prefer noselect trust require "
                               "xleave nts copy extfield F323 extfield 10a offline ipv6",
                               &a),
                     ADD_OK);
    assert_int_equal(a.flags, 0x7ffe & ~0x2000);
    assert_int_equal(parse_add("server x ipv6 ipv4", &a), ADD_OK);
    assert_int_equal(a.flags, CANDM_FLAG_ONLINE | CANDM_FLAG_IPV4);
}

static void add_takes_an_option_that_sticks_to_a_number(void **state)
{
    struct candm_req_add_source a;

    (void)state;
    assert_int_equal(parse_add("server x minpoll 4iburst maxdelay 0.1prefer", &a), ADD_OK);
    assert_int_equal(a.minpoll, 4);
    assert_true(a.max_delay_s == 0.1);
    assert_int_equal(a.flags, CANDM_FLAG_ONLINE | CANDM_FLAG_IBURST | CANDM_FLAG_PREFER);
}

static void add_says_what_is_wrong(void **state)
{
    static const struct {
        const char *text;
        enum add_error error;
    } rows[] = {
        {"", ADD_SYNTAX},
        {"server", ADD_SYNTAX},
        {"refclock SHM", ADD_SYNTAX},
        {"server x foo", ADD_OPTION},
        {"server x minpoll 4.5", ADD_OPTION},
        {"server x minpoll", ADD_VALUE},
        {"server x minpoll y", ADD_VALUE},
        {"server x maxpoll 33", ADD_VALUE},
        {"server x key 0", ADD_VALUE},
        {"server x key 4294967296", ADD_VALUE},
        {"server x port 65536", ADD_VALUE},
        {"server x version 5", ADD_VALUE},
        {"server x extfield 1234", ADD_VALUE},
        {"server x extfield", ADD_VALUE},
        {"server x maxdelay abc", ADD_VALUE},
    };
    struct candm_req_add_source a;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(parse_add(rows[i].text, &a), rows[i].error);
}

static void add_refuses_a_name_the_protocol_cannot_carry(void **state)
{
    struct candm_req_add_source a;
    char text[400] = "server ";

    (void)state;
    memset(text + 7, 'a', 255);
    assert_int_equal(parse_add(text, &a), ADD_OK);
    text[7 + 255] = 'a';
    assert_int_equal(parse_add(text, &a), ADD_SYNTAX);
}

static bool parse_local_text(const char *text, struct candm_req_local *out)
{
    char line[TEXT_LINE_MAX + 1];

    assert_true(text_copy(line, sizeof(line), text));
    return parse_local_command(line, out);
}

static void local_has_defaults_and_options(void **state)
{
    struct candm_req_local v;

    (void)state;
    assert_true(parse_local_text("", &v));
    assert_true(v.on == 1 && v.stratum == 10 && v.distance_s == 1.0 && v.orphan == 0);
    assert_true(v.activate_s == 0.0 && v.wait_synced_s == 0.0 && v.wait_unsynced_s == 0.0);
    assert_true(parse_local_text("Stratum 5 orphan distance 2 activate 0.5 waitsynced 7", &v));
    assert_true(v.stratum == 5 && v.orphan == 1 && v.distance_s == 2.0 && v.activate_s == 0.5);
    assert_true(v.wait_synced_s == 7.0 && v.wait_unsynced_s == 300.0);
    assert_true(parse_local_text("orphan waitunsynced 0", &v));
    assert_true(v.wait_unsynced_s == 0.0);
    assert_true(parse_local_text("off", &v));
    assert_true(v.on == 0 && v.stratum == 0 && v.distance_s == 0.0);
    assert_false(parse_local_text("off now", &v));
    assert_false(parse_local_text("OFF", &v));
    assert_false(parse_local_text("stratum 16", &v));
    assert_false(parse_local_text("stratum", &v));
    assert_false(parse_local_text("nonsense", &v));
}

static void select_options_use_two_sets_of_bits(void **state)
{
    uint32_t mask = 0, options = 0;

    (void)state;
    assert_true(parse_select_option("+trust", &mask, &options));
    assert_true(parse_select_option("-NoSelect", &mask, &options));
    assert_true(parse_select_option("+prefer", &mask, &options));
    assert_true(parse_select_option("+require", &mask, &options));
    assert_true(parse_select_option("-prefer", &mask, &options));
    assert_int_equal(mask, 15);
    assert_int_equal(options, CANDM_FLAG_TRUST | CANDM_FLAG_REQUIRE);
    assert_false(parse_select_option("trust", &mask, &options));
    assert_false(parse_select_option("+iburst", &mask, &options));
    assert_false(parse_select_option("", &mask, &options));
}

static void leading_numbers_may_have_a_tail(void **state)
{
    double d;
    int32_t v;

    (void)state;
    assert_true(parse_leading_int("4x", &v));
    assert_int_equal(v, 4);
    assert_true(parse_leading_int("99999999999999999999", &v));
    assert_int_equal(v, INT32_MAX);
    assert_false(parse_leading_int("x4", &v));
    assert_false(parse_leading_int("", &v));
    assert_true(parse_leading_double("1e-3s", &d));
    assert_true(d == 1e-3);
    assert_false(parse_leading_double("s", &d));
}

/* 2026-11-21 05:15:38 UTC, a Saturday */
#define NOW INT64_C(1795238138)

static void dates_are_read_in_many_forms(void **state)
{
    static const struct {
        const char *text;
        int64_t expected;
    } rows[] = {
        {"16:30", 1795278600},
        {"16:30:05", 1795278605},
        {"16:30:05.75", 1795278605},
        {"4:30 pm", 1795278600},
        {"4:30pm", 1795278600},
        {"12 am", 1795219200},
        {"Sep 25, 2015 16:30:05", 1443198605},
        {"25 Sep 2015 16:30:05", 1443198605},
        {"25-Sep-2015 16:30:05", 1443198605},
        {"September 25 2015 16:30:05", 1443198605},
        {"2015-09-25 16:30:05", 1443198605},
        {"2015-09-25T16:30:05Z", 1443198605},
        {"2015-09-25 18:30:05 +0200", 1443198605},
        {"2015-09-25 11:00:05 -05:30", 1443198605},
        {"9/25/2015 16:30:05", 1443198605},
        {"9/25/15 16:30:05", 1443198605},
        {"Fri Sep 25 16:30:05 UTC 2015", 1443198605},
        {"Sep 25 16:30:05", 1790353805},
        {"2015-09-25", 1443139200},
        {"@1443198605", 1443198605},
        {"now", NOW},
        {"tomorrow", NOW + 86400},
        {"yesterday 16:30", 1795278600 - 86400},
        {"2 hours ago", NOW - 7200},
        {"+30 minutes", NOW + 1800},
        {"-1 day", NOW - 86400},
        {"1 week", NOW + 7 * 86400},
        {"sunday 16:30", 1795278600 + 86400},
        {"monday", 1795219200 + 2 * 86400},
        {"last monday", 1795219200 - 5 * 86400},
        {"last day", NOW - 86400},
        {"last week 16:30", 1795278600 - 7 * 86400},
        {"last month", NOW - 31 * 86400},
        {"2015/09/25 16:30:05", 1443198605},
        {"20150925 16:30:05", 1443198605},
        {"2015-09-25 11:30:05 EST", 1443198605},
        {"2015-09-25 18:30:05 CEST", 1443198605},
        {"Fri Sep 25 09:30:05 PDT 2015", 1443198605},
        {"", 0},
        {"nonsense", 0},
        {"25:00", 0},
        {"12:60", 0},
        {"2015-13-01", 0},
        {"12:00 13:00", 0},
        {"5", 0},
        {"99999999999", 0},
        {"12:", 0},
        {"last", 0},
        {"last 5", 0},
        {"5 monday", 0},
        {"last week 3 monday", 0},
        {"2015/09", 0},
        {"20151301", 0},
        {"Sep", 0},
        {"12:00 +9900", 0},
        {"ago", 0},
        {"13 pm", 0},
        {"@", 0},
        {"@5 12:00", 0},
        {"12:00 #", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t seconds = -1;
        bool ok = date_parse(rows[i].text, NOW, &seconds);

        if (rows[i].expected == 0 ? ok : !ok || seconds != rows[i].expected)
            fail_msg("'%s' gave %d, %lld", rows[i].text, ok, (long long)seconds);
    }
}

static void many_large_steps_of_a_date_are_refused(void **state)
{
    static const char step[] = "1000000 fortnights ";
    char text[160 * sizeof(step)] = "";
    int64_t seconds;

    (void)state;
    for (size_t i = 0; i < 160; i++)
        memcpy(text + i * strlen(step), step, strlen(step));
    assert_false(date_parse(text, 1700000000, &seconds));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subnets_have_their_short_forms),
        cmocka_unit_test(no_subnet_is_everything),
        cmocka_unit_test(malformed_subnets_are_refused),
        cmocka_unit_test(masks_and_addresses_come_in_four_forms),
        cmocka_unit_test(malformed_masks_are_refused),
        cmocka_unit_test(literals_of_the_other_family_do_not_count),
        cmocka_unit_test(refids_have_one_to_four_characters),
        cmocka_unit_test(add_without_options_sends_the_defaults),
        cmocka_unit_test(add_takes_every_option),
        cmocka_unit_test(add_takes_every_flag_in_any_case),
        cmocka_unit_test(add_takes_an_option_that_sticks_to_a_number),
        cmocka_unit_test(add_says_what_is_wrong),
        cmocka_unit_test(add_refuses_a_name_the_protocol_cannot_carry),
        cmocka_unit_test(local_has_defaults_and_options),
        cmocka_unit_test(select_options_use_two_sets_of_bits),
        cmocka_unit_test(leading_numbers_may_have_a_tail),
        cmocka_unit_test(dates_are_read_in_many_forms),
        cmocka_unit_test(many_large_steps_of_a_date_are_refused),
    };

    setenv("TZ", "UTC0", 1);
    return cmocka_run_group_tests_name("chronyc_args", tests, NULL, NULL);
}
