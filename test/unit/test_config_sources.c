/* test_config_sources.c - server, pool, peer and refclock lines, option by option. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "test/unit/config_world.h"

static struct ntp_source_settings one(const char *options)
{
    struct config_world w;
    struct config c;
    struct err err = {0};
    struct ntp_source_settings s;
    char line[400];

    world_init(&w);
    if (!world_config(&w, &c, text_format(line, sizeof(line), "server a.example %s", options),
                      &err))
        fail_msg("refused: %s: %s", options, err.text);
    assert_int_equal(c.ntp_source_count, 1);
    s = c.ntp_sources[0];
    config_free(&c);
    return s;
}

static struct refclock_settings clock_of(struct config *c, const char *line)
{
    struct config_world w;
    struct err err = {0};

    world_init(&w);
    if (!world_config(&w, c, line, &err))
        fail_msg("refused: %s: %s", line, err.text);
    assert_int_equal(c->refclock_count, 1);
    return c->refclocks[0];
}

static void the_word_decides_about_kind_and_pool(void **state)
{
    struct config_world w;
    struct config c;
    struct err err = {0};

    (void)state;
    world_init(&w);
    assert_true(world_config(&w, &c, "server a\nPOOL b\npeer 2001:db8::1\n", &err));
    assert_int_equal(c.ntp_source_count, 3);
    assert_int_equal(c.ntp_sources[0].kind, SOURCE_SERVER);
    assert_false(c.ntp_sources[0].pool);
    assert_int_equal(c.ntp_sources[1].kind, SOURCE_SERVER);
    assert_true(c.ntp_sources[1].pool);
    assert_int_equal(c.ntp_sources[2].kind, SOURCE_PEER);
    assert_string_equal(c.ntp_sources[2].name, "2001:db8::1");
    config_free(&c);
}

static void a_source_without_options_has_the_defaults(void **state)
{
    struct ntp_source_settings s = one("");

    (void)state;
    assert_string_equal(s.name, "a.example");
    assert_int_equal(s.minpoll, 6);
    assert_int_equal(s.maxpoll, 10);
    assert_int_equal(s.poll_target, 8);
    assert_int_equal(s.presend_minpoll, 100);
    assert_int_equal(s.port, 123);
    assert_int_equal(s.nts_port, 4460);
    assert_int_equal(s.key_id, 0);
    assert_int_equal(s.version, 0);
    assert_int_equal(s.max_sources, 4);
    assert_int_equal(s.min_samples, -1);
    assert_int_equal(s.max_samples, -1);
    assert_int_equal(s.max_unreach, 100000);
    assert_int_equal(s.family, ADDR_NONE);
    assert_int_equal(s.select_options, 0);
    assert_float_equal(s.max_delay_s, 3.0, 0);
    assert_float_equal(s.max_delay_ratio, 0.0, 0);
    assert_float_equal(s.max_delay_dev_ratio, 10.0, 0);
    assert_true(s.asymmetry > 0.5 || s.asymmetry < -0.5);
    assert_false(s.iburst || s.burst || s.xleave || s.copy || s.nts || s.offline);
}

static void integers_of_a_source_are_clamped_silently(void **state)
{
#define AT(field) offsetof(struct ntp_source_settings, field)
    static const struct {
        const char *options;
        size_t at;
        int value;
    } table[] = {
        {"minpoll -7", AT(minpoll), -7},
        {"minpoll -8", AT(minpoll), 6},
        {"minpoll 25", AT(minpoll), 24},
        {"minpoll 24", AT(maxpoll), 24},
        {"maxpoll -7 minpoll -7", AT(maxpoll), -7},
        {"maxpoll -8", AT(maxpoll), 10},
        {"maxpoll 32", AT(maxpoll), 24},
        {"maxpoll 4", AT(maxpoll), 6},
        {"maxpoll 12", AT(maxpoll), 12},
        {"MinPoll 4 maxpoll 5", AT(minpoll), 4},
        {"polltarget 30", AT(poll_target), 30},
        {"presend 9", AT(presend_minpoll), 9},
        {"version 1", AT(version), 1},
        {"version 4", AT(version), 4},
        {"filter 0", AT(filter_length), 0},
        {"filter 5", AT(filter_length), 5},
        {"filter 300", AT(filter_length), 256},
        {"minsamples 0", AT(min_samples), 1},
        {"minsamples 100", AT(min_samples), 64},
        {"minsamples 10 maxsamples 5", AT(min_samples), 5},
        {"maxsamples 0", AT(max_samples), 64},
        {"maxsamples 1", AT(max_samples), 1},
        {"maxsamples 65", AT(max_samples), 64},
        {"minstratum 16", AT(min_stratum), 15},
        {"minstratum 3", AT(min_stratum), 3},
        {"maxunreach 5", AT(max_unreach), 5},
        {"maxsources 17", AT(max_sources), 16},
        {"maxsources 1", AT(max_sources), 1},
    };
#undef AT

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct ntp_source_settings s = one(table[i].options);
        int is = *(int *)(void *)((char *)&s + table[i].at);

        if (is != table[i].value)
            fail_msg("%s: %d", table[i].options, is);
    }
}

static void floats_of_a_source_are_clamped_silently(void **state)
{
#define AT(field) offsetof(struct ntp_source_settings, field)
    static const struct {
        const char *options;
        size_t at;
        double value;
    } table[] = {
        {"maxdelay 0.1", AT(max_delay_s), 0.1},
        {"maxdelay -1", AT(max_delay_s), 0.0},
        {"maxdelay 1e9", AT(max_delay_s), 1000.0},
        {"maxdelay inf", AT(max_delay_s), 1000.0},
        {"maxdelayratio 1.5", AT(max_delay_ratio), 1.5},
        {"maxdelayratio 0.9", AT(max_delay_ratio), 0.0},
        {"maxdelayratio 1e7", AT(max_delay_ratio), 1e6},
        {"maxdelaydevratio 2", AT(max_delay_dev_ratio), 2.0},
        {"maxdelaydevratio 1e7", AT(max_delay_dev_ratio), 1e6},
        {"maxdelayquant 0", AT(max_delay_quant), 0.0},
        {"maxdelayquant -1", AT(max_delay_quant), 0.0},
        {"maxdelayquant 0.01", AT(max_delay_quant), 0.05},
        {"maxdelayquant 0.5", AT(max_delay_quant), 0.5},
        {"maxdelayquant 2", AT(max_delay_quant), 0.95},
        {"mindelay 1e-4", AT(min_delay_s), 1e-4},
        {"asymmetry 0", AT(asymmetry), 0.0},
        {"asymmetry -0.5", AT(asymmetry), -0.5},
        {"offset -1.5", AT(offset_s), -1.5},
        {"offset 0.1prefer", AT(offset_s), 0.1},
    };
#undef AT

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct ntp_source_settings s = one(table[i].options);
        double is = *(double *)(void *)((char *)&s + table[i].at);

        if (is < table[i].value - 1e-12 || is > table[i].value + 1e-12)
            fail_msg("%s: %g", table[i].options, is);
    }
}

static void flags_and_identities_of_a_source_are_stored(void **state)
{
    struct ntp_source_settings s =
        one("iburst burst xleave copy nts offline auto_offline prefer trust require noselect "
            "key 4294967295 port 0 ntsport 65535 certset 7 extfield f323 ExtField 0x10A IPv6");

    (void)state;
    assert_true(s.iburst && s.burst && s.xleave && s.copy && s.nts && s.offline && s.auto_offline &&
                s.ef_mono_root && s.ef_net_correction);
    assert_int_equal(s.select_options,
                     SELECT_PREFER | SELECT_TRUST | SELECT_REQUIRE | SELECT_NOSELECT);
    assert_int_equal(s.key_id, 4294967295);
    assert_int_equal(s.port, 0);
    assert_int_equal(s.nts_port, 65535);
    assert_int_equal(s.cert_set, 7);
    assert_int_equal(s.family, ADDR_IPV6);
    s = one("ipv6 ipv4 extfield F324");
    assert_int_equal(s.family, ADDR_IPV4);
    assert_true(s.ef_net_correction);
    assert_false(s.ef_mono_root);
}

static void an_option_may_stick_to_a_number(void **state)
{
    struct ntp_source_settings s = one("minpoll 4iburst maxdelay 0.1prefer maxpoll +5");

    (void)state;
    assert_int_equal(s.minpoll, 4);
    assert_int_equal(s.maxpoll, 5);
    assert_true(s.iburst);
    assert_float_equal(s.max_delay_s, 0.1, 0);
    assert_int_equal(s.select_options, SELECT_PREFER);
}

static void a_name_has_at_most_255_characters(void **state)
{
    char line[300] = "server ";
    char *name = line + strlen(line);

    (void)state;
    for (size_t length = 255; length <= 256; length++) {
        struct config_world w;
        struct config c;
        struct err err = {0};

        memset(name, 'a', length);
        name[length] = '\0';
        world_init(&w);
        assert_int_equal(world_config(&w, &c, line, &err), length == 255);
        assert_int_equal(err.code, length == 255 ? ERR_NONE : ERR_SYNTAX);
        if (length == 255)
            config_free(&c);
    }
}

static void a_refclock_without_options_has_the_defaults(void **state)
{
    struct config c;
    struct refclock_settings s = clock_of(&c, "refclock SHM 0");

    (void)state;
    assert_string_equal(s.driver, "SHM");
    assert_string_equal(s.parameter, "0");
    assert_string_equal(s.driver_options, "");
    assert_int_equal(s.poll, 4);
    assert_int_equal(s.driver_poll, 0);
    assert_int_equal(s.filter_length, 64);
    assert_string_equal(s.refid, "");
    assert_string_equal(s.lock, "");
    assert_int_equal(s.rate, 1);
    assert_int_equal(s.max_lock_age, 2);
    assert_float_equal(s.delay_s, 1e-9, 0);
    assert_float_equal(s.precision_s, 0, 0);
    assert_int_equal(s.stratum, 0);
    assert_int_equal(s.min_samples, -1);
    assert_int_equal(s.max_unreach, 100000);
    config_free(&c);
}

static void refclock_options_are_stored(void **state)
{
    struct config c;
    struct refclock_settings s = clock_of(
        &c, "leapsectz right/UTC\nrefclock PHC /dev/ptp0:extpps:pin=1 poll -2 dpoll 3 filter 300 "
            "refid GPS1 lock NMEA rate 5 maxlockage 10 width 0.2 pps local offset -0.1 delay 0.2 "
            "precision 1e-7 maxdispersion 0.5 stratum 15 tai minsamples 100 maxsamples 32 "
            "maxunreach 9 prefer trust require noselect");

    (void)state;
    assert_string_equal(s.driver, "PHC");
    assert_string_equal(s.parameter, "/dev/ptp0");
    assert_string_equal(s.driver_options, "extpps:pin=1");
    assert_int_equal(s.poll, -2);
    assert_int_equal(s.driver_poll, -2);
    assert_int_equal(s.filter_length, 256);
    assert_string_equal(s.refid, "GPS1");
    assert_string_equal(s.lock, "NMEA");
    assert_int_equal(s.rate, 5);
    assert_int_equal(s.max_lock_age, 10);
    assert_float_equal(s.width_s, 0.2, 0);
    assert_true(s.pps && s.local && s.tai);
    assert_float_equal(s.offset_s, -0.1, 0);
    assert_float_equal(s.delay_s, 0.2, 0);
    assert_float_equal(s.precision_s, 1e-7, 0);
    assert_float_equal(s.max_dispersion_s, 0.5, 0);
    assert_int_equal(s.stratum, 15);
    assert_int_equal(s.min_samples, 32);
    assert_int_equal(s.max_samples, 32);
    assert_int_equal(s.max_unreach, 9);
    assert_int_equal(s.select_options,
                     SELECT_PREFER | SELECT_TRUST | SELECT_REQUIRE | SELECT_NOSELECT);
    config_free(&c);
}

static void an_unknown_driver_is_not_the_parsers_business(void **state)
{
    struct config c;
    struct refclock_settings s = clock_of(&c, "refclock sundial /garden:moss=7");

    (void)state;
    assert_string_equal(s.driver, "sundial");
    assert_string_equal(s.driver_options, "moss=7");
    config_free(&c);
}

static void many_sources_keep_their_order(void **state)
{
    struct config_world w;
    struct config c;
    struct err err = {0};

    (void)state;
    world_init(&w);
    config_defaults(&c);
    for (int i = 0; i < 1000; i++) {
        char line[60];

        assert_true(config_read_line(
            &c, &w.reader, text_format(line, sizeof(line), "server host%d", i), i + 1, &err));
    }
    assert_int_equal(c.ntp_source_count, 1000);
    assert_string_equal(c.ntp_sources[0].name, "host0");
    assert_string_equal(c.ntp_sources[999].name, "host999");
    config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_word_decides_about_kind_and_pool),
        cmocka_unit_test(a_source_without_options_has_the_defaults),
        cmocka_unit_test(integers_of_a_source_are_clamped_silently),
        cmocka_unit_test(floats_of_a_source_are_clamped_silently),
        cmocka_unit_test(flags_and_identities_of_a_source_are_stored),
        cmocka_unit_test(an_option_may_stick_to_a_number),
        cmocka_unit_test(a_name_has_at_most_255_characters),
        cmocka_unit_test(a_refclock_without_options_has_the_defaults),
        cmocka_unit_test(refclock_options_are_stored),
        cmocka_unit_test(an_unknown_driver_is_not_the_parsers_business),
        cmocka_unit_test(many_sources_keep_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
