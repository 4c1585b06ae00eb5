/* test_config_values.c - what each directive says is found where the rooms look for it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "candm/candm.h"
#include "test/unit/config_world.h"

/* Reads the text into a configuration; the caller frees it. */
static void read_well(struct config_world *w, struct config *c, const char *text)
{
    struct err err = {0};

    world_init(w);
    if (!world_config(w, c, text, &err))
        fail_msg("refused: %s", err.text);
}

#define AT(field) offsetof(struct config, field)

static void integers_are_stored_and_have_their_defaults(void **state)
{
    static const struct {
        const char *line;
        size_t at;
        int value, initial;
    } table[] = {
        {"acquisitionport 0", AT(ntp.acquisition_port), 0, -1},
        {"acquisitionport 65535", AT(ntp.acquisition_port), 65535, -1},
        {"dscp 63", AT(ntp.dscp), 63, 0},
        {"logbanner 0", AT(log_banner), 0, 32},
        {"maxntsconnections 7", AT(nts.max_connections), 7, 100},
        {"maxsamples 20", AT(ntp.max_samples), 20, 64},
        {"maxsamples 0", AT(ntp.max_samples), 64, 64},
        {"maxsamples 2147483647", AT(ntp.max_samples), 64, 64},
        {"maxstratum 3", AT(sources.select.max_stratum), 3, 15},
        {"maxtxbuffers 1048576", AT(transport.max_tx_buffers), 1048576, 0},
        {"minsamples 10", AT(ntp.min_samples), 10, 6},
        {"minsamples 0", AT(ntp.min_samples), 1, 6},
        {"maxsamples 3", AT(ntp.min_samples), 3, 6},
        {"minsources 3", AT(sources.select.min_sources), 3, 1},
        {"minstratum 2", AT(sources.select.min_stratum), 2, 0},
        {"nocerttimecheck 1", AT(nts.no_cert_time_check), 1, 0},
        {"ntsprocesses 1000", AT(nts.processes), 1000, 1},
        {"ntsrefresh 60", AT(nts.refresh_s), 60, 2419200},
        {"ntsrotate 0", AT(nts.rotate_s), 0, 604800},
        {"ptpdomain 0", AT(transport.ptp_domain), 0, 123},
        {"refresh 0", AT(ntp.refresh_s), 0, 1209600},
        {"sched_priority 99", AT(sched_priority), 99, 0},
        {"LogBanner +5", AT(log_banner), 5, 32},
        {"leapsecmode Slew", AT(reference.leapsec_mode), LEAPSEC_SLEW, LEAPSEC_SYSTEM},
        {"leapsecmode step", AT(reference.leapsec_mode), LEAPSEC_STEP, LEAPSEC_SYSTEM},
        {"leapsecmode ignore", AT(reference.leapsec_mode), LEAPSEC_IGNORE, LEAPSEC_SYSTEM},
        {"leapsecmode system", AT(reference.leapsec_mode), LEAPSEC_SYSTEM, LEAPSEC_SYSTEM},
        {"authselectmode require", AT(sources.select.auth_mode), SELECT_AUTH_REQUIRE,
         SELECT_AUTH_MIX},
        {"authselectmode PREFER", AT(sources.select.auth_mode), SELECT_AUTH_PREFER,
         SELECT_AUTH_MIX},
        {"authselectmode mix", AT(sources.select.auth_mode), SELECT_AUTH_MIX, SELECT_AUTH_MIX},
        {"authselectmode ignore", AT(sources.select.auth_mode), SELECT_AUTH_IGNORE,
         SELECT_AUTH_MIX},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct config_world w;
        struct config c;

        read_well(&w, &c, "");
        if (*(int *)(void *)((char *)&c + table[i].at) != table[i].initial)
            fail_msg("default of: %s", table[i].line);
        config_free(&c);
        read_well(&w, &c, table[i].line);
        if (*(int *)(void *)((char *)&c + table[i].at) != table[i].value)
            fail_msg("value of: %s", table[i].line);
        config_free(&c);
    }
}

static void ports_are_stored_and_have_their_defaults(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    read_well(&w, &c, "");
    assert_int_equal(c.ntp.port, 123);
    assert_int_equal(c.control.port, 323);
    assert_int_equal(c.nts.port, 4460);
    assert_int_equal(c.transport.ptp_port, 0);
    config_free(&c);
    read_well(&w, &c, "port 65535\ncmdport 0\nntsport 1\nptpport 319\n");
    assert_int_equal(c.ntp.port, 65535);
    assert_int_equal(c.control.port, 0);
    assert_int_equal(c.nts.port, 1);
    assert_int_equal(c.transport.ptp_port, 319);
    config_free(&c);
}

static void floats_are_clamped_silently_and_have_their_defaults(void **state)
{
    static const struct {
        const char *line;
        size_t at;
        double value, initial;
    } table[] = {
        {"clockprecision 1e-6", AT(clock.precision_s), 1e-6, 0.0},
        {"clockprecision -1", AT(clock.precision_s), 1e-9, 0.0},
        {"clockprecision 5", AT(clock.precision_s), 1.0, 0.0},
        {"combinelimit 0", AT(sources.select.combine_limit), 0.0, 3.0},
        {"corrtimeratio 10", AT(reference.corr_time_ratio), 10.0, 3.0},
        {"hwtstimeout -1", AT(transport.hwts_timeout_s), -1.0, 0.001},
        {"logchange 0.5", AT(reference.log_change_s), 0.5, 1.0},
        {"maxclockerror 10", AT(clock.max_clock_error_ppm), 10.0, 1.0},
        {"maxclockerror 10", AT(sources.select.max_clock_error), 10e-6, 1e-6},
        {"maxdistance 16.0", AT(sources.select.max_distance_s), 16.0, 3.0},
        {"maxdistance 0x1p-1", AT(sources.select.max_distance_s), 0.5, 3.0},
        {"maxdistance inf", AT(sources.select.max_distance_s), 1e9, 3.0},
        {"maxdrift 500", AT(clock.max_drift_ppm), 500.0, 100000.0},
        {"maxdrift 1e6", AT(clock.max_drift_ppm), 100000.0, 100000.0},
        {"maxdrift -1", AT(clock.max_drift_ppm), 0.0, 100000.0},
        {"maxjitter 0.1", AT(sources.select.max_jitter_s), 0.1, 1.0},
        {"maxslewrate 500", AT(clock.max_slew_ppm), 500.0, 83333.333},
        {"maxupdateskew 100.0", AT(reference.max_update_skew_ppm), 100.0, 1000.0},
        {"maxupdateskew -5", AT(reference.max_update_skew_ppm), 5.0, 1000.0},
        {"reselectdist 1e-5", AT(sources.select.reselect_distance_s), 1e-5, 1e-4},
        {"rtcautotrim 30", AT(rtc.autotrim_s), 30.0, 0.0},
        {"stratumweight 0", AT(sources.select.stratum_weight_s), 0.0, 0.001},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct config_world w;
        struct config c;

        read_well(&w, &c, "");
        assert_float_equal(*(double *)(void *)((char *)&c + table[i].at), table[i].initial, 1e-12);
        config_free(&c);
        read_well(&w, &c, table[i].line);
        if (*(double *)(void *)((char *)&c + table[i].at) - table[i].value > 1e-12 ||
            *(double *)(void *)((char *)&c + table[i].at) - table[i].value < -1e-12)
            fail_msg("value of: %s", table[i].line);
        config_free(&c);
    }
}

static void garbage_after_a_float_is_ignored_with_a_warning(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    read_well(&w, &c, "maxdistance 3.5abc\nmakestep 1s 3\n");
    assert_float_equal(c.sources.select.max_distance_s, 3.5, 0);
    assert_float_equal(c.reference.makestep_threshold_s, 1.0, 0);
    assert_string_equal(
        w.log, "1 Ignored abc after a number in maxdistance directive at line 1 in file F\n"
               "1 Ignored s after a number in makestep directive at line 2 in file F\n");
    config_free(&c);
}

static void words_are_stored(void **state)
{
    static const struct {
        const char *line;
        size_t at;
        const char *value;
    } table[] = {
        {"bindacqdevice eth1", AT(ntp.bind_acq_device), "eth1"},
        {"bindcmddevice lo", AT(control.bind_device), "lo"},
        {"binddevice eth0", AT(ntp.bind_device), "eth0"},
        {"bindcmdaddress /run/x.sock", AT(control.unix_path), "/run/x.sock"},
        {"bindcmdaddress /", AT(control.unix_path), NULL},
        {"dumpdir /var/d", AT(dump_dir), "/var/d"},
        {"driftfile /var/drift", AT(reference.drift_file), "/var/drift"},
        {"hwclockfile /etc/adjtime", AT(rtc.hwclock), "/etc/adjtime"},
        {"keyfile /etc/keys", AT(key_file), "/etc/keys"},
        {"leapseclist /usr/leap", AT(reference.leapsec_list), "/usr/leap"},
        {"leapsectz right/UTC", AT(reference.leapsec_tz), "right/UTC"},
        {"logdir /log", AT(log_dir), "/log"},
        {"logdir /log", AT(ntp.logs.dir), "/log"},
        {"logdir /log", AT(sources.logs.dir), "/log"},
        {"logdir /log", AT(reference.logs.dir), "/log"},
        {"ntpsigndsocket /samba", AT(transport.signd_socket), "/samba"},
        {"ntscachedir /nts", AT(nts.dump_dir), "/nts"},
        {"ntsdumpdir /nts", AT(nts.dump_dir), "/nts"},
        {"ntsntpserver ntp.example", AT(nts.ntp_server), "ntp.example"},
        {"pidfile /p", AT(pid_file), "/p"},
        {"pidfile /", AT(pid_file), NULL},
        {"rtcdevice /dev/rtc7", AT(rtc.device), "/dev/rtc7"},
        {"rtcfile /var/rtc", AT(rtc.file), "/var/rtc"},
        {"user ntp", AT(user), "ntp"},
        {"user first\nuser second", AT(user), "second"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct config_world w;
        struct config c;
        const char *value;

        read_well(&w, &c, table[i].line);
        value = *(const char **)(void *)((char *)&c + table[i].at);
        if (!table[i].value ? value != NULL : !value || strcmp(value, table[i].value) != 0)
            fail_msg("value of: %s", table[i].line);
        config_free(&c);
    }
}

static void flags_are_set_and_off_by_default(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    read_well(&w, &c, "");
    assert_false(c.lock_all || c.manual || c.nts.no_system_certs || c.rtc.on_utc ||
                 c.reference.rtcsync);
    assert_true(c.ntp.clients.enabled && c.clock.control);
    config_free(&c);
    read_well(&w, &c, "lock_all\nmanual\nnoclientlog\nnosystemcert\nrtconutc\nrtcsync\n");
    assert_true(c.lock_all && c.manual && c.nts.no_system_certs && c.rtc.on_utc &&
                c.reference.rtcsync);
    assert_false(c.ntp.clients.enabled);
    config_free(&c);
}

static void reference_directives_with_several_words_are_stored(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    read_well(&w, &c, "");
    assert_int_equal(c.reference.makestep_limit, 0);
    assert_int_equal(c.reference.maxchange_start, -1);
    assert_int_equal(c.reference.fallback_drift_min, 0);
    assert_int_equal(c.reference.drift_interval_s, 3600);
    config_free(&c);
    read_well(&w, &c,
              "makestep 0.1 -1\nmaxchange 1000 1 2\nfallbackdrift 16 19\n"
              "mailonchange root 0.5\ndriftfile /d interval 60\nclientloglimit 1000\n");
    assert_float_equal(c.reference.makestep_threshold_s, 0.1, 0);
    assert_int_equal(c.reference.makestep_limit, -1);
    assert_float_equal(c.reference.maxchange_s, 1000, 0);
    assert_int_equal(c.reference.maxchange_start, 1);
    assert_int_equal(c.reference.maxchange_ignore, 2);
    assert_int_equal(c.reference.fallback_drift_min, 16);
    assert_int_equal(c.reference.fallback_drift_max, 19);
    assert_string_equal(c.reference.mail_user, "root");
    assert_float_equal(c.reference.mail_threshold_s, 0.5, 0);
    assert_int_equal(c.reference.drift_interval_s, 60);
    assert_int_equal(c.ntp.clients.memory_limit, 1000);
    config_free(&c);
    read_well(&w, &c, "driftfile /a interval 60\ndriftfile /b\n");
    assert_int_equal(c.reference.drift_interval_s, 3600);
    config_free(&c);
}

static void local_takes_options_and_forgets_earlier_ones(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    read_well(&w, &c, "");
    assert_false(c.reference.local.enabled);
    assert_int_equal(c.sources.select.orphan_stratum, 16);
    config_free(&c);
    read_well(&w, &c, "local stratum 5 orphan distance 0.5 activate 0.1 WaitSynced 10\n");
    assert_true(c.reference.local.enabled && c.reference.local.orphan);
    assert_int_equal(c.reference.local.stratum, 5);
    assert_float_equal(c.reference.local.distance_s, 0.5, 0);
    assert_float_equal(c.reference.local.activate_s, 0.1, 0);
    assert_float_equal(c.reference.local.wait_synced_s, 10.0, 0);
    assert_float_equal(c.reference.local.wait_unsynced_s, 300.0, 0);
    assert_int_equal(c.sources.select.orphan_stratum, 5);
    config_free(&c);
    read_well(&w, &c, "local stratum 5 orphan waitunsynced 7\nlocal\n");
    assert_int_equal(c.reference.local.stratum, 10);
    assert_false(c.reference.local.orphan);
    assert_float_equal(c.reference.local.distance_s, 1.0, 0);
    assert_float_equal(c.reference.local.wait_unsynced_s, 0.0, 0);
    config_free(&c);
    read_well(&w, &c, "local orphan waitunsynced 7\n");
    assert_float_equal(c.reference.local.wait_unsynced_s, 7.0, 0);
    config_free(&c);
}

static void logs_add_up_and_reach_their_rooms(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    read_well(&w, &c, "log\nlog measurements statistics\nlog tracking selection\n");
    assert_int_equal(c.logs, LOG_MEASUREMENTS | LOG_STATISTICS | LOG_TRACKING | LOG_SELECTION);
    assert_true(c.ntp.log_measurements && c.sources.log_statistics && c.sources.log_selection &&
                c.reference.log_tracking);
    assert_false(c.ntp.log_raw_measurements);
    config_free(&c);
    read_well(&w, &c, "log rawmeasurements rtc refclocks tempcomp\nlogbanner 5\n");
    assert_int_equal(c.logs, LOG_RAWMEASUREMENTS | LOG_RTC | LOG_REFCLOCKS | LOG_TEMPCOMP);
    assert_true(c.ntp.log_raw_measurements);
    assert_false(c.ntp.log_measurements || c.reference.log_tracking);
    assert_int_equal(c.reference.logs.banner, 5);
    config_free(&c);
}

static void initstepslew_replaces_its_list(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    read_well(&w, &c, "initstepslew 30 a b c\ninitstepslew 10 d 192.0.2.1\n");
    assert_float_equal(c.initstepslew_threshold_s, 10.0, 0);
    assert_int_equal(c.initstepslew_count, 2);
    assert_string_equal(c.initstepslew_hosts[0], "d");
    assert_string_equal(c.initstepslew_hosts[1], "192.0.2.1");
    config_free(&c);
    read_well(&w, &c, "initstepslew 30\n");
    assert_int_equal(c.initstepslew_count, 0);
    config_free(&c);
}

static void access_rules_keep_the_order_of_the_file(void **state)
{
    static const struct {
        const char *net;
        int bits;
        bool allow, all;
    } rules[] = {
        {"", 0, true, false},         {"", 0, true, true},
        {"1.0.0.0", 8, true, false},  {"1.2.0.0", 16, false, false},
        {"1.2.3.0", 24, true, true},  {"1.2.3.4", 32, true, false},
        {"1.2.0.0", 20, true, false}, {"0.0.0.0", 0, false, false},
        {"10.0.0.0", 8, true, false}, {"2001:db8::", 32, false, false},
        {"::1", 128, true, false},    {"192.0.2.77", 24, true, false},
    };
    struct config_world w;
    struct config c;

    (void)state;
    read_well(&w, &c,
              "allow\nallow all\nallow 1\ndeny 1.2\nallow all 1.2.3\nallow 1.2.3.4\n"
              "allow 1.2/20\ndeny 0/0\nallow 10/8\ndeny 2001:db8::/32\nallow ::1\n"
              "allow 192.0.2.77/24\n");
    assert_int_equal(c.ntp_access.count, ARRAY_LEN(rules));
    assert_int_equal(c.command_access.count, 0);
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        const struct access_rule *r = &c.ntp_access.rules[i];
        char text[ADDR_TEXT_MAX];

        assert_string_equal(addr_format(&r->net, text, sizeof(text)), rules[i].net);
        assert_int_equal(r->bits, rules[i].bits);
        assert_int_equal(r->allow, rules[i].allow);
        assert_int_equal(r->all, rules[i].all);
    }
    config_free(&c);
}

static void access_by_name_is_kept_aside_with_its_position(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    read_well(&w, &c, "cmdallow 1.2.3.4\ncmddeny all ntp-1.example\ncmdallow localhost\n");
    assert_int_equal(c.command_access.count, 1);
    assert_int_equal(c.command_access.name_count, 2);
    assert_string_equal(c.command_access.names[0].name, "ntp-1.example");
    assert_true(c.command_access.names[0].all);
    assert_false(c.command_access.names[0].allow);
    assert_int_equal(c.command_access.names[0].position, 1);
    assert_true(c.command_access.names[1].allow);
    config_free(&c);
}

static void addresses_to_bind_to_are_one_per_family(void **state)
{
    struct config_world w;
    struct config c;
    char text[ADDR_TEXT_MAX];

    (void)state;
    read_well(&w, &c, "");
    assert_int_equal(c.ntp.bind_ipv4.family, ADDR_NONE);
    assert_int_equal(c.ntp.bind_acq_ipv6.family, ADDR_NONE);
    assert_string_equal(addr_format(&c.control.bind_ipv4, text, sizeof(text)), "127.0.0.1");
    assert_string_equal(addr_format(&c.control.bind_ipv6, text, sizeof(text)), "::1");
    assert_true(c.control.ipv4 && c.control.ipv6);
    assert_non_null(c.control.unix_path);
    config_free(&c);
    read_well(&w, &c,
              "bindaddress 192.0.2.1\nbindaddress 2001:db8::1\nbindaddress 192.0.2.2\n"
              "bindacqaddress ::\nbindcmdaddress 0.0.0.0\nbindcmdaddress 2001:db8::2\n");
    assert_string_equal(addr_format(&c.ntp.bind_ipv4, text, sizeof(text)), "192.0.2.2");
    assert_string_equal(addr_format(&c.ntp.bind_ipv6, text, sizeof(text)), "2001:db8::1");
    assert_string_equal(addr_format(&c.ntp.bind_acq_ipv6, text, sizeof(text)), "::");
    assert_int_equal(c.ntp.bind_acq_ipv4.family, ADDR_NONE);
    assert_string_equal(addr_format(&c.control.bind_ipv4, text, sizeof(text)), "0.0.0.0");
    assert_string_equal(addr_format(&c.control.bind_ipv6, text, sizeof(text)), "2001:db8::2");
    config_free(&c);
}

static void rate_limits_change_only_the_options_given(void **state)
{
    static const struct {
        const char *text;
        enum client_service service;
        struct ratelimit_settings s;
    } table[] = {
        {"", CLIENT_NTP, {false, 3, 8, 2, 0}},
        {"", CLIENT_NTSKE, {false, 6, 8, 2, 0}},
        {"", CLIENT_COMMAND, {false, -4, 8, 2, 0}},
        {"ratelimit", CLIENT_NTP, {true, 3, 8, 2, 0}},
        {"ratelimit interval 1 burst 64 leak 3 kod 2", CLIENT_NTP, {true, 1, 64, 3, 2}},
        {"ratelimit interval 1\nratelimit burst 255", CLIENT_NTP, {true, 1, 255, 2, 0}},
        {"ratelimit interval -32 burst 300 leak 9 kod 9", CLIENT_NTP, {true, -19, 255, 4, 4}},
        {"ratelimit interval 13 burst 0 leak 0 kod -1", CLIENT_NTP, {true, 12, 1, 1, 0}},
        {"ntsratelimit burst 16", CLIENT_NTSKE, {true, 6, 16, 2, 0}},
        {"cmdratelimit Interval -3", CLIENT_COMMAND, {true, -3, 8, 2, 0}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct config_world w;
        struct config c;
        const struct ratelimit_settings *is, *wanted = &table[i].s;

        read_well(&w, &c, table[i].text);
        is = &c.ntp.clients.limits[table[i].service];
        if (is->enabled != wanted->enabled || is->interval != wanted->interval ||
            is->burst != wanted->burst || is->leak != wanted->leak || is->kod != wanted->kod)
            fail_msg("%s: %d %d %d %d", table[i].text, is->interval, is->burst, is->leak, is->kod);
        config_free(&c);
    }
}

static void open_commands_replace_the_default(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    read_well(&w, &c, "");
    assert_int_equal(c.control.open_commands, CANDM_OPEN_DEFAULT);
    config_free(&c);
    read_well(&w, &c, "opencommands\n");
    assert_int_equal(c.control.open_commands, 0);
    config_free(&c);
    read_well(&w, &c,
              "opencommands sources\nopencommands Activity authdata clients manual ntpdata "
              "rtcdata selectdata serverstats smoothing sourcename sourcestats tracking\n");
    assert_int_equal(c.control.open_commands, 0x1fff & ~CANDM_OPEN_SOURCES);
    config_free(&c);
}

static void keys_for_commands_have_a_permission_each(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    read_well(&w, &c, "cmdkey 1 2 control\ncmdkey 4294967295\ncmdkey 3 Monitor\ncmdkey 2\n");
    assert_int_equal(c.control.key_count, 4);
    assert_int_equal(c.control.keys[0].id, 1);
    assert_true(c.control.keys[0].control);
    assert_int_equal(c.control.keys[1].id, 2);
    assert_false(c.control.keys[1].control);
    assert_int_equal(c.control.keys[2].id, 4294967295);
    assert_false(c.control.keys[2].control || c.control.keys[3].control);
    assert_string_equal(c.control.keys[3].where, "at line 3 in file F");
    config_free(&c);
}

static void the_report_socket_has_path_mode_and_group(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    read_well(&w, &c, "bindrosocket /run/watch.sock mode 0640 group monitors\n");
    assert_string_equal(c.control.report_path, "/run/watch.sock");
    assert_int_equal(c.control.report_mode, 0640);
    assert_string_equal(c.control.report_group, "monitors");
    assert_false(c.control.report_off);
    config_free(&c);
    read_well(&w, &c, "bindrosocket /a mode 600 group g\nbindrosocket /\n");
    assert_null(c.control.report_path);
    assert_null(c.control.report_group);
    assert_int_equal(c.control.report_mode, 0);
    assert_true(c.control.report_off);
    config_free(&c);
}

static void server_side_features_are_stored(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    read_well(&w, &c,
              "broadcast 0 192.0.2.255\nbroadcast 60 ff02::101 1123\n"
              "smoothtime 400 0.01 LeapOnly\n"
              "tempcomp /sys/t 0 26000 0.1 0.2 0.3\n");
    assert_int_equal(c.broadcast_count, 2);
    assert_int_equal(c.broadcasts[0].interval_s, 1);
    assert_int_equal(c.broadcasts[0].port, 123);
    assert_int_equal(c.broadcasts[1].interval_s, 60);
    assert_int_equal(c.broadcasts[1].addr.family, ADDR_IPV6);
    assert_int_equal(c.broadcasts[1].port, 1123);
    assert_float_equal(c.smooth.max_freq_ppm, 400, 0);
    assert_float_equal(c.smooth.max_wander_ppm, 0.01, 0);
    assert_true(c.smooth.leap_only);
    assert_string_equal(c.tempcomp.sensor, "/sys/t");
    assert_float_equal(c.tempcomp.interval_s, 1.0, 0);
    assert_float_equal(c.tempcomp.t0, 26000, 0);
    assert_float_equal(c.tempcomp.k2, 0.3, 0);
    assert_null(c.tempcomp.points);
    config_free(&c);
    read_well(&w, &c, "smoothtime 400 0.01\ntempcomp /sys/t 30 /etc/points\n");
    assert_false(c.smooth.leap_only);
    assert_float_equal(c.tempcomp.interval_s, 30.0, 0);
    assert_string_equal(c.tempcomp.points, "/etc/points");
    config_free(&c);
}

static void hwtimestamp_options_are_clamped(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    read_well(&w, &c,
              "hwtimestamp *\n"
              "hwtimestamp eth0 minpoll -32 maxpoll 32 minsamples 0 maxsamples 100 "
              "precision 50e-9 txcomp 1e-7 rxcomp -1e-7 nocrossts rxfilter PTP\n"
              "hwtimestamp eth1 minpoll 5 rxfilter none\n");
    assert_int_equal(c.hwtimestamp_count, 3);
    assert_string_equal(c.hwtimestamps[0].interface, "*");
    assert_int_equal(c.hwtimestamps[0].minpoll, 0);
    assert_int_equal(c.hwtimestamps[0].maxpoll, 1);
    assert_int_equal(c.hwtimestamps[0].min_samples, 2);
    assert_int_equal(c.hwtimestamps[0].max_samples, 16);
    assert_float_equal(c.hwtimestamps[0].precision_s, 100e-9, 1e-15);
    assert_int_equal(c.hwtimestamps[0].rx_filter, HWTS_FILTER_AUTO);
    assert_int_equal(c.hwtimestamps[1].minpoll, -6);
    assert_int_equal(c.hwtimestamps[1].maxpoll, 20);
    assert_int_equal(c.hwtimestamps[1].min_samples, 2);
    assert_int_equal(c.hwtimestamps[1].max_samples, 64);
    assert_float_equal(c.hwtimestamps[1].tx_comp_s, 1e-7, 1e-15);
    assert_float_equal(c.hwtimestamps[1].rx_comp_s, -1e-7, 1e-15);
    assert_true(c.hwtimestamps[1].no_cross_stamps);
    assert_int_equal(c.hwtimestamps[1].rx_filter, HWTS_FILTER_PTP);
    assert_int_equal(c.hwtimestamps[2].maxpoll, 6);
    assert_int_equal(c.hwtimestamps[2].rx_filter, HWTS_FILTER_NONE);
    config_free(&c);
}

static void nts_lists_add_up(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    read_well(&w, &c, "");
    assert_int_equal(c.nts.aead_count, 2);
    assert_int_equal(c.nts.aeads[0], 30);
    assert_int_equal(c.nts.aeads[1], 15);
    config_free(&c);
    read_well(&w, &c,
              "ntsservercert /c1\nntsserverkey /k1\nntsservercert /c2\nntsserverkey /k2\n"
              "ntstrustedcerts /t0\nntstrustedcerts 4294967295 /t1\n"
              "ntsaeads 30\nntsaeads 15 17\n");
    assert_int_equal(c.nts.server_cert_count, 2);
    assert_string_equal(c.nts.server_certs[1], "/c2");
    assert_string_equal(c.nts.server_keys[1], "/k2");
    assert_int_equal(c.nts.trusted_count, 2);
    assert_int_equal(c.nts.trusted[0].set, 0);
    assert_string_equal(c.nts.trusted[0].path, "/t0");
    assert_int_equal(c.nts.trusted[1].set, 4294967295);
    assert_string_equal(c.nts.trusted[1].path, "/t1");
    assert_int_equal(c.nts.aead_count, 2);
    assert_int_equal(c.nts.aeads[0], 15);
    assert_int_equal(c.nts.aeads[1], 17);
    config_free(&c);
    read_well(&w, &c, "ntsaeads\n");
    assert_int_equal(c.nts.aead_count, 0);
    config_free(&c);
}

static void low_ports_need_a_capability(void **state)
{
    static const struct {
        const char *text;
        bool low;
    } table[] = {
        {"", true},
        {"port 0\ncmdport 0", false},
        {"port 11123\ncmdport 10323", false},
        {"port 0\ncmdport 0\nacquisitionport 123", true},
        {"port 0\ncmdport 0\nptpport 319", true},
        {"port 0\ncmdport 0\nntsport 446", false},
        {"port 0\ncmdport 0\nntsport 446\nntsservercert a\nntsserverkey b", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct config_world w;
        struct config c;

        read_well(&w, &c, table[i].text);
        assert_int_equal(config_needs_low_ports(&c), table[i].low);
        config_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_stored_and_have_their_defaults),
        cmocka_unit_test(ports_are_stored_and_have_their_defaults),
        cmocka_unit_test(floats_are_clamped_silently_and_have_their_defaults),
        cmocka_unit_test(garbage_after_a_float_is_ignored_with_a_warning),
        cmocka_unit_test(words_are_stored),
        cmocka_unit_test(flags_are_set_and_off_by_default),
        cmocka_unit_test(reference_directives_with_several_words_are_stored),
        cmocka_unit_test(local_takes_options_and_forgets_earlier_ones),
        cmocka_unit_test(logs_add_up_and_reach_their_rooms),
        cmocka_unit_test(initstepslew_replaces_its_list),
        cmocka_unit_test(access_rules_keep_the_order_of_the_file),
        cmocka_unit_test(access_by_name_is_kept_aside_with_its_position),
        cmocka_unit_test(addresses_to_bind_to_are_one_per_family),
        cmocka_unit_test(rate_limits_change_only_the_options_given),
        cmocka_unit_test(open_commands_replace_the_default),
        cmocka_unit_test(keys_for_commands_have_a_permission_each),
        cmocka_unit_test(the_report_socket_has_path_mode_and_group),
        cmocka_unit_test(server_side_features_are_stored),
        cmocka_unit_test(hwtimestamp_options_are_clamped),
        cmocka_unit_test(nts_lists_add_up),
        cmocka_unit_test(low_ports_need_a_capability),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
