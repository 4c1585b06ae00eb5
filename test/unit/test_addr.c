#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/addr.h"

struct text_case {
    const char *in, *out; /* out NULL: refused; otherwise how it prints */
};

static void literals_are_read_as_inet_pton_does_and_print_canonically(void **state)
{
    static const struct text_case cases[] = {
        {"1.2.3.4", "1.2.3.4"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"1.2.3", NULL},
        {"1.2.3.4.5", NULL},
        {"1.2.3.256", NULL},
        {"01.2.3.4", NULL},
        {"1.2.3.4 ", NULL},
        {"1.2..4", NULL},
        {"", NULL},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:DB8::1", "2001:db8::1"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
        {"0:2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:0:0:4:0:0:0:8", "1:0:0:4::8"},
        {"::ffff:1.2.3.4", "::ffff:1.2.3.4"},
        {"::1.2.3.4", "::1.2.3.4"},
        {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
        {"1:2:3:4:5:6:7:1.2.3.4", NULL},
        {"1::2::3", NULL},
        {":1", NULL},
        {":", NULL},
        {"1:", NULL},
        {":::", NULL},
        {"1:2:3:4:5:6:7", NULL},
        {"1:2:3:4:5:6:7:8:9", NULL},
        {"1:2:3:4:5:6:7:8::", NULL},
        {"::1:2:3:4:5:6:7:8", NULL},
        {"12345::", NULL},
        {"g::", NULL},
        {"fe80::1%eth0", NULL},
        {"::1.2.3", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[ADDR_TEXT_MAX];
        struct addr a;
        bool ok = addr_parse(cases[i].in, &a);

        if (ok != (cases[i].out != NULL))
            fail_msg("\"%s\"", cases[i].in);
        if (ok)
            assert_string_equal(addr_format(&a, text, sizeof(text)), cases[i].out);
    }
}

static void every_printed_ipv6_address_reads_back_the_same(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct addr a = {.family = ADDR_IPV6}, b;
        char text[ADDR_TEXT_MAX];

        /* Mostly zeros, so that runs of them occur at every place. */
        for (size_t i = 0; i < 16; i++) {
            seed = seed * 1664525 + 1013904223;
            a.bytes[i] = seed >> 28 < 5 ? (uint8_t)(seed >> 16) : 0;
        }
        assert_true(addr_parse(addr_format(&a, text, sizeof(text)), &b));
        assert_true(addr_equal(&a, &b));
    }
}

static void a_short_buffer_cuts_the_text_and_stays_terminated(void **state)
{
    struct addr a;
    char text[ADDR_TEXT_MAX];

    (void)state;
    assert_true(addr_parse("1:2:3:4:5:6:7:8", &a));
    for (size_t size = 1; size < sizeof(text); size++) {
        memset(text, 'x', sizeof(text));
        addr_format(&a, text, size);
        assert_true(strlen(text) < size);
    }
}

static void an_id_prints_with_ten_digits_and_reads_any(void **state)
{
    struct addr a = addr_from_id(7), b;
    char text[ADDR_TEXT_MAX];

    (void)state;
    assert_string_equal(addr_format(&a, text, sizeof(text)), "ID#0000000007");
    assert_true(addr_parse_id("ID#7", &b));
    assert_true(addr_equal(&a, &b));
    assert_true(addr_parse_id("ID#4294967295", &b));
    assert_int_equal(addr_id(&b), UINT32_MAX);
    assert_false(addr_parse_id("ID#4294967296", &b));
    assert_false(addr_parse_id("ID#", &b));
    assert_false(addr_parse_id("ID#-1", &b));
    assert_false(addr_parse_id("ID#1x", &b));
    assert_false(addr_parse_id("id#1", &b));
}

static void endpoints_bracket_ipv6(void **state)
{
    struct endpoint e = {.port = 123};
    char text[ADDR_TEXT_MAX + 8];

    (void)state;
    assert_true(addr_parse("::1", &e.addr));
    assert_string_equal(endpoint_format(&e, text, sizeof(text)), "[::1]:123");
    e.addr = addr_from_ipv4(0x01020304);
    assert_string_equal(endpoint_format(&e, text, sizeof(text)), "1.2.3.4:123");
}

static void only_two_addresses_are_loopback(void **state)
{
    struct addr a;

    (void)state;
    assert_true(addr_parse("127.0.0.1", &a) && addr_is_loopback(&a));
    assert_true(addr_parse("::1", &a) && addr_is_loopback(&a));
    assert_true(addr_parse("127.0.0.2", &a) && !addr_is_loopback(&a));
    assert_true(addr_parse("::", &a) && !addr_is_loopback(&a));
    assert_true(addr_parse("febf::1", &a) && addr_is_link_local(&a));
    assert_true(addr_parse("fec0::1", &a) && !addr_is_link_local(&a));
}

static void subnets_compare_whole_and_partial_bytes(void **state)
{
    static const struct {
        const char *addr, *net;
        int bits;
        bool in;
    } cases[] = {
        {"10.1.2.3", "10.1.2.4", 29, true},
        {"10.1.2.3", "10.1.2.4", 30, false},
        {"10.1.2.3", "99.0.0.0", 0, true},
        {"10.1.2.3", "10.1.2.3", 32, true},
        {"10.1.2.3", "10.1.2.2", 32, false},
        {"10.1.2.3", "10.1.2.3", 33, false},
        {"10.1.2.3", "::", 0, false},
        {"2001:db8::1", "2001:db8::", 32, true},
        {"2001:db8::1", "2001:db8::", 128, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct addr a, net;

        assert_true(addr_parse(cases[i].addr, &a) && addr_parse(cases[i].net, &net));
        assert_int_equal(addr_in_subnet(&a, &net, cases[i].bits), cases[i].in);
    }
}

static void reference_ids_are_the_address_or_its_digest(void **state)
{
    struct addr a = addr_from_ipv4(0xc0000207);

    (void)state;
    assert_int_equal(addr_refid(&a), 0xc0000207);
    assert_true(addr_parse("::1", &a));
    assert_int_equal(addr_refid(&a), 0xcf404dc8);
    a = addr_from_id(3);
    assert_int_equal(addr_refid(&a), 0);
}

static void the_hash_depends_on_the_secret_and_spreads_neighbours(void **state)
{
    unsigned buckets[256] = {0};
    struct addr a = addr_from_ipv4(1);

    (void)state;
    assert_int_not_equal(addr_hash(&a, 1), addr_hash(&a, 2));
    for (uint32_t i = 0; i < 65536; i++) {
        a = addr_from_ipv4(0x0a000000 + i);
        buckets[addr_hash(&a, 77) & 255]++;
    }
    /* 256 expected in each, standard deviation 16. */
    for (size_t i = 0; i < 256; i++)
        assert_in_range(buckets[i], 160, 352);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_are_read_as_inet_pton_does_and_print_canonically),
        cmocka_unit_test(every_printed_ipv6_address_reads_back_the_same),
        cmocka_unit_test(a_short_buffer_cuts_the_text_and_stays_terminated),
        cmocka_unit_test(an_id_prints_with_ten_digits_and_reads_any),
        cmocka_unit_test(endpoints_bracket_ipv6),
        cmocka_unit_test(only_two_addresses_are_loopback),
        cmocka_unit_test(subnets_compare_whole_and_partial_bytes),
        cmocka_unit_test(reference_ids_are_the_address_or_its_digest),
        cmocka_unit_test(the_hash_depends_on_the_secret_and_spreads_neighbours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
