/* test_config_errors.c - every way a line can be wrong, and the text it is refused with. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "test/unit/config_world.h"

struct wrong {
    const char *line, *text;
};

#define PARSE(d) "Could not parse " d " directive at line 1 in file F"
#define MISSING(d) "Missing arguments for " d " directive at line 1 in file F"
#define EXTRA(d) "Too many arguments for " d " directive at line 1 in file F"
#define OPTION(d) "Invalid option in " d " directive at line 1 in file F"
#define VALUE(d) "Invalid value in " d " directive at line 1 in file F"
#define SYNTAX(d) "Invalid syntax for " d " directive at line 1 in file F"
#define RANGE(v, d, min, max)                                                                      \
    "Invalid value " v " in " d " directive (min " min ", max " max ") at line 1 in file F"
#define INT_RANGE(v, d, min) RANGE(v, d, min, "2147483647")

static void refused(const struct wrong *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct config_world w;
        struct config c;
        struct err err = {0};

        world_init(&w);
        if (world_config(&w, &c, table[i].line, &err))
            fail_msg("accepted: %s", table[i].line);
        if (strcmp(err.text, table[i].text) != 0)
            fail_msg("%s\n  said: %s\n  not:  %s", table[i].line, err.text, table[i].text);
        config_free(&c);
    }
}

static void numbers_out_of_range_say_the_range(void **state)
{
    static const struct wrong table[] = {
        {"acquisitionport 65536", RANGE("65536", "acquisitionport", "0", "65535")},
        {"acquisitionport -1", RANGE("-1", "acquisitionport", "0", "65535")},
        {"cmdport 70000", RANGE("70000", "cmdport", "0", "65535")},
        {"dscp 64", RANGE("64", "dscp", "0", "63")},
        {"logbanner -1", INT_RANGE("-1", "logbanner", "0")},
        {"logbanner 2147483648", INT_RANGE("2147483648", "logbanner", "0")},
        {"maxntsconnections 0", INT_RANGE("0", "maxntsconnections", "1")},
        {"maxsamples -1", INT_RANGE("-1", "maxsamples", "0")},
        {"maxstratum -1", INT_RANGE("-1", "maxstratum", "0")},
        {"maxtxbuffers 1048577", RANGE("1048577", "maxtxbuffers", "0", "1048576")},
        {"minsamples -3", INT_RANGE("-3", "minsamples", "0")},
        {"minsources 0", INT_RANGE("0", "minsources", "1")},
        {"minstratum -1", INT_RANGE("-1", "minstratum", "0")},
        {"nocerttimecheck -1", INT_RANGE("-1", "nocerttimecheck", "0")},
        {"ntsport 65536", RANGE("65536", "ntsport", "0", "65535")},
        {"ntsprocesses 1001", RANGE("1001", "ntsprocesses", "0", "1000")},
        {"ntsrefresh -1", INT_RANGE("-1", "ntsrefresh", "0")},
        {"ntsrotate -1", INT_RANGE("-1", "ntsrotate", "0")},
        {"port 65536", RANGE("65536", "port", "0", "65535")},
        {"PORT -1", RANGE("-1", "PORT", "0", "65535")},
        {"ptpdomain 256", RANGE("256", "ptpdomain", "0", "255")},
        {"ptpport 65536", RANGE("65536", "ptpport", "0", "65535")},
        {"refresh -1", INT_RANGE("-1", "refresh", "0")},
        {"sched_priority 100", RANGE("100", "sched_priority", "0", "99")},
        {"sched_priority -1", RANGE("-1", "sched_priority", "0", "99")},
    };

    (void)state;
    refused(table, ARRAY_LEN(table));
}

static void numbers_that_are_none_cannot_be_parsed(void **state)
{
    static const struct wrong table[] = {
        {"port x", PARSE("port")},
        {"port 0x10", PARSE("port")},
        {"port 1e3", PARSE("port")},
        {"port 5s", PARSE("port")},
        {"port 99999999999999999999", PARSE("port")},
        {"maxdistance x", PARSE("maxdistance")},
        {"maxdistance nan", PARSE("maxdistance")},
        {"makestep a 3", PARSE("makestep")},
        {"makestep 1 b", PARSE("makestep")},
        {"makestep 1 3x", PARSE("makestep")},
        {"maxchange 1 2 x", PARSE("maxchange")},
        {"maxchange x 1 2", PARSE("maxchange")},
        {"fallbackdrift 1 x", PARSE("fallbackdrift")},
        {"mailonchange a x", PARSE("mailonchange")},
        {"clientloglimit x", PARSE("clientloglimit")},
        {"clientloglimit -1", PARSE("clientloglimit")},
        {"clientloglimit 10k", PARSE("clientloglimit")},
        {"initstepslew", PARSE("initstepslew")},
        {"initstepslew x", PARSE("initstepslew")},
        {"smoothtime 1 x", PARSE("smoothtime")},
        {"smoothtime 1 2 foo", PARSE("smoothtime")},
        {"tempcomp f x p", PARSE("tempcomp")},
        {"tempcomp f 1 2 3 4 x", PARSE("tempcomp")},
        {"ntsaeads x", PARSE("ntsaeads")},
        {"ntsaeads 15 -1", PARSE("ntsaeads")},
        {"ntstrustedcerts a b", PARSE("ntstrustedcerts")},
        {"ntstrustedcerts 4294967296 b", PARSE("ntstrustedcerts")},
        {"driftfile a interval x", PARSE("driftfile")},
        {"driftfile a interval 0", PARSE("driftfile")},
        {"leapsecmode foo", PARSE("leapsecmode")},
        {"leapsecmode slew # c", PARSE("leapsecmode")},
        {"leapsecmode", PARSE("leapsecmode")},
        {"authselectmode maybe", PARSE("authselectmode")},
        {"opencommands tracking foo", PARSE("opencommands")},
        {"bindaddress foo", PARSE("bindaddress")},
        {"bindaddress fe80::1%eth0", PARSE("bindaddress")},
        {"bindacqaddress 1.2.3", PARSE("bindacqaddress")},
        {"bindcmdaddress foo", PARSE("bindcmdaddress")},
        {"broadcast 1", PARSE("broadcast")},
        {"broadcast x 1.2.3.4", PARSE("broadcast")},
        {"broadcast 10 foo", PARSE("broadcast")},
        {"broadcast 10 1.2.3.4 x", PARSE("broadcast")},
        {"broadcast 10 1.2.3.4 80 x", PARSE("broadcast")},
        {"hwtimestamp", PARSE("hwtimestamp")},
        {"hwtimestamp a foo", PARSE("hwtimestamp")},
        {"hwtimestamp a rxfilter foo", PARSE("hwtimestamp")},
        {"hwtimestamp a rxfilter", PARSE("hwtimestamp")},
        {"hwtimestamp a minpoll 33", PARSE("hwtimestamp")},
        {"bindrosocket run", PARSE("bindrosocket")},
        {"bindrosocket /a mode 8", PARSE("bindrosocket")},
        {"bindrosocket /a mode 1000", PARSE("bindrosocket")},
        {"bindrosocket /a owner b", PARSE("bindrosocket")},
        {"cmdkey x", PARSE("cmdkey")},
        {"cmdkey 0", PARSE("cmdkey")},
        {"cmdkey 4294967296", PARSE("cmdkey")},
        {"ratelimit foo", PARSE("ratelimit")},
        {"ratelimit interval", PARSE("ratelimit")},
        {"ratelimit interval 33", PARSE("ratelimit")},
        {"ntsratelimit kod 1", PARSE("ntsratelimit")},
        {"cmdratelimit kod 3", PARSE("cmdratelimit")},
    };

    (void)state;
    refused(table, ARRAY_LEN(table));
}

static void wrong_counts_are_told_apart(void **state)
{
    static const struct wrong table[] = {
        {"port", MISSING("port")},
        {"port 1 2", EXTRA("port")},
        {"port 1 x", EXTRA("port")},
        {"manual x", EXTRA("manual")},
        {"lock_all x", EXTRA("lock_all")},
        {"rtcsync yes", EXTRA("rtcsync")},
        {"noclientlog x", EXTRA("noclientlog")},
        {"nosystemcert x", EXTRA("nosystemcert")},
        {"rtconutc x", EXTRA("rtconutc")},
        {"maxdistance", MISSING("maxdistance")},
        {"maxdistance 1 2", EXTRA("maxdistance")},
        {"makestep 1", MISSING("makestep")},
        {"makestep 1 3 4", EXTRA("makestep")},
        {"maxchange 1 2", MISSING("maxchange")},
        {"maxchange 1 2 3 4", EXTRA("maxchange")},
        {"fallbackdrift 1", MISSING("fallbackdrift")},
        {"fallbackdrift 1 2 3", EXTRA("fallbackdrift")},
        {"mailonchange a", MISSING("mailonchange")},
        {"mailonchange a 1 2", EXTRA("mailonchange")},
        {"driftfile", MISSING("driftfile")},
        {"driftfile a b", EXTRA("driftfile")},
        {"tempcomp a 1", MISSING("tempcomp")},
        {"tempcomp a 1 2 3 4", MISSING("tempcomp")},
        {"tempcomp f 1 2 3 4 5 6", EXTRA("tempcomp")},
        {"smoothtime 1", MISSING("smoothtime")},
        {"smoothtime 1 2 leaponly x", EXTRA("smoothtime")},
        {"clientloglimit", MISSING("clientloglimit")},
        {"bindaddress", MISSING("bindaddress")},
        {"bindaddress 1.2.3.4 1.2.3.5", EXTRA("bindaddress")},
        {"bindcmdaddress /a b", EXTRA("bindcmdaddress")},
        {"pidfile", MISSING("pidfile")},
        {"pidfile a b", EXTRA("pidfile")},
        {"user a b", EXTRA("user")},
        {"keyfile", MISSING("keyfile")},
        {"ntsservercert a b", EXTRA("ntsservercert")},
        {"ntsserverkey", MISSING("ntsserverkey")},
        {"ntstrustedcerts", MISSING("ntstrustedcerts")},
        {"ntstrustedcerts 1 b c", EXTRA("ntstrustedcerts")},
        {"bindrosocket", MISSING("bindrosocket")},
        {"bindrosocket /a group", MISSING("bindrosocket")},
        {"cmdkey", MISSING("cmdkey")},
        {"cmdkey control", MISSING("cmdkey")},
        {"cmdkey 1 monitor 2", EXTRA("cmdkey")},
        {"include", MISSING("include")},
        {"include a b", EXTRA("include")},
    };

    (void)state;
    refused(table, ARRAY_LEN(table));
}

static void sources_refclocks_and_local_name_option_value_or_syntax(void **state)
{
    static const struct wrong table[] = {
        {"server", SYNTAX("server")},
        {"pool", SYNTAX("pool")},
        {"peer", SYNTAX("peer")},
        {"server a\x7f", SYNTAX("server")},
        {"server a foo", OPTION("server")},
        {"server a iburst # x", OPTION("server")},
        {"pool a minpoll 4.5", OPTION("pool")},
        {"server a minpoll", VALUE("server")},
        {"server a minpoll x", VALUE("server")},
        {"server a maxpoll 33", VALUE("server")},
        {"server a maxpoll -33", VALUE("server")},
        {"server a polltarget 0", VALUE("server")},
        {"server a presend 33", VALUE("server")},
        {"server a key 0", VALUE("server")},
        {"server a key 4294967296", VALUE("server")},
        {"server a key -1", VALUE("server")},
        {"server a ntsport 65536", VALUE("server")},
        {"server a port -1", VALUE("server")},
        {"server a certset 4294967296", VALUE("server")},
        {"server a version 0", VALUE("server")},
        {"server a version 5", VALUE("server")},
        {"server a extfield F325", VALUE("server")},
        {"server a extfield", VALUE("server")},
        {"server a extfield xyz", VALUE("server")},
        {"server a maxdelay x", VALUE("server")},
        {"server a maxdelay nan", VALUE("server")},
        {"server a filter -1", VALUE("server")},
        {"server a minsamples -1", VALUE("server")},
        {"server a maxsamples -1", VALUE("server")},
        {"server a minstratum 17", VALUE("server")},
        {"server a maxunreach -1", VALUE("server")},
        {"pool a maxsources 0", VALUE("pool")},
        {"refclock", SYNTAX("refclock")},
        {"refclock SHM", SYNTAX("refclock")},
        {"refclock SHM 0 foo", OPTION("refclock")},
        {"refclock SHM 0 poll", VALUE("refclock")},
        {"refclock SHM 0 poll 33", VALUE("refclock")},
        {"refclock SHM 0 dpoll -33", VALUE("refclock")},
        {"refclock SHM 0 filter -1", VALUE("refclock")},
        {"refclock SHM 0 refid ABCDE", VALUE("refclock")},
        {"refclock SHM 0 refid", VALUE("refclock")},
        {"refclock PPS /dev/pps0 lock ABCDE", VALUE("refclock")},
        {"refclock SHM 0 rate 0", VALUE("refclock")},
        {"refclock SHM 0 maxlockage -1", VALUE("refclock")},
        {"refclock SHM 0 stratum 16", VALUE("refclock")},
        {"refclock SHM 0 delay x", VALUE("refclock")},
        {"local foo", OPTION("local")},
        {"local stratum 0", VALUE("local")},
        {"local stratum 16", VALUE("local")},
        {"local stratum", VALUE("local")},
        {"local distance x", VALUE("local")},
    };

    (void)state;
    refused(table, ARRAY_LEN(table));
}

static void subnets_that_are_none_are_refused_at_once(void **state)
{
    static const struct wrong table[] = {
        {"allow a b c", PARSE("allow")},
        {"allow all 1.2.3.4 x", PARSE("allow")},
        {"allow all all", PARSE("allow")},
        {"allow 1.2.3.4 # c", PARSE("allow")},
        {"allow 1.2.3.4.5", PARSE("allow")},
        {"allow 300.1", PARSE("allow")},
        {"allow 1.2.3.256", PARSE("allow")},
        {"allow 1..2", PARSE("allow")},
        {"allow 1.", PARSE("allow")},
        {"allow 1/", PARSE("allow")},
        {"allow /8", PARSE("allow")},
        {"deny 10.0.0.0/33", PARSE("deny")},
        {"cmdallow ::1/129", PARSE("cmdallow")},
        {"cmddeny 1.2.3.4/x", PARSE("cmddeny")},
        {"cmddeny 1.2.3.4/-1", PARSE("cmddeny")},
        {"allow host.example/8", PARSE("allow")},
        {"allow foo..bar", PARSE("allow")},
    };
    struct config_world w;
    struct config c;
    struct err err = {0};

    (void)state;
    refused(table, ARRAY_LEN(table));
    world_init(&w);
    assert_false(world_config(&w, &c, "deny 10.0.0.0/33\n", &err));
    assert_string_equal(w.log, "2 Bad subnet in 10.0.0.0/33\n");
    config_free(&c);
}

static void unknown_words_are_named_and_the_nearest_is_offered(void **state)
{
    static const struct wrong table[] = {
        {"foo bar", "Invalid directive foo at line 1 in file F"},
        {"Makstep 1 3", "Invalid directive Makstep at line 1 in file F"},
        {"log Tracking", "Invalid log parameter at line 1 in file F"},
        {"log tracking foo", "Invalid log parameter at line 1 in file F"},
        {"log tracking # no", "Invalid log parameter at line 1 in file F"},
    };
    static const struct {
        const char *line, *log;
    } hints[] = {
        {"Makstep 1 3", "2 Directive Makstep is not known, did you mean makestep?\n"},
        {"foo", ""},
        {"server a ibrust", "2 Option ibrust is not known, did you mean iburst?\n"},
        {"local stratum 99", "2 The value of option stratum is missing or out of range\n"},
        {"port 123 # all", "2 A comment needs a line of its own: # all\n"},
        {"leapsecmode slew ; soft", "2 A comment needs a line of its own: ; soft\n"},
        {"server a iburst # x", "2 A comment needs a line of its own: # x\n"},
    };

    (void)state;
    refused(table, ARRAY_LEN(table));
    for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
        struct config_world w;
        struct config c;
        struct err err = {0};

        world_init(&w);
        assert_false(world_config(&w, &c, hints[i].line, &err));
        assert_string_equal(w.log, hints[i].log);
        config_free(&c);
    }
}

static void directives_that_exclude_each_other_are_refused(void **state)
{
    static const struct wrong table[] = {
        {"rtcfile /r\nrtcsync", "rtcfile directive cannot be used with rtcsync"},
        {"refclock RTC /dev/rtc0\nrtcsync", "RTC refclock cannot be used with rtcsync"},
        {"rtcfile /r\nrefclock RTC /dev/rtc0", "RTC refclock cannot be used with rtcfile"},
        {"noclientlog\nratelimit", "Rate limiting cannot be enabled with noclientlog"},
        {"ntsratelimit\nnoclientlog", "Rate limiting cannot be enabled with noclientlog"},
        {"noclientlog\ncmdratelimit burst 4", "Rate limiting cannot be enabled with noclientlog"},
        {"refclock PHC /dev/ptp0 tai", "refclock tai option requires leapsectz or leapseclist"},
        {"ntsservercert a", "Uneven number of NTS certs and keys"},
        {"ntsservercert a\nntsserverkey b\nntsserverkey c", "Uneven number of NTS certs and keys"},
    };

    (void)state;
    refused(table, ARRAY_LEN(table));
}

static void a_line_of_2047_bytes_is_the_longest(void **state)
{
    char text[2 * TEXT_LINE_MAX + 16];
    struct err err = {0};
    struct config_world w;
    struct config c;

    (void)state;
    for (int length = TEXT_LINE_MAX; length <= TEXT_LINE_MAX + 1; length++) {
        bool fits = length == TEXT_LINE_MAX;

        /* The second line counts its newline; comments are not exempt. */
        memset(text, '#', sizeof(text));
        memcpy(text, "port 1\n", 7);
        text[7 + length - 1] = '\n';
        text[7 + length] = '\0';
        world_init(&w);
        assert_int_equal(world_config(&w, &c, text, &err), fits);
        if (!fits)
            assert_string_equal(err.text, "String too long at line 2 in file F");
        config_free(&c);
    }
    config_defaults(&c);
    text[TEXT_LINE_MAX + 1] = '\0';
    memset(text, ' ', TEXT_LINE_MAX + 1);
    assert_false(config_read_line(&c, &w.reader, text, 3, &err));
    assert_string_equal(err.text, "String too long at line 3");
    config_free(&c);
}

static void a_line_with_a_nul_byte_is_refused(void **state)
{
    struct config_world w;
    struct config c;
    struct err err = {0};

    (void)state;
    world_init(&w);
    w.files[w.count++] =
        (struct world_file){.path = "F", .text = "port 1\0 2\nmanual\n", .length = 17};
    config_defaults(&c);
    assert_false(config_read_file(&c, &w.reader, "F", &err));
    assert_string_equal(err.text, "Zero byte at line 1 in file F");
    config_free(&c);
}

static void the_command_line_has_no_file(void **state)
{
    static const struct wrong table[] = {
        {"makestep x 1", "Could not parse makestep directive at line 7"},
        {"foo", "Invalid directive foo at line 7"},
        {"port 70000", "Invalid value 70000 in port directive (min 0, max 65535) at line 7"},
        {"log foo", "Invalid log parameter at line 7"},
        {"server a foo", "Invalid option in server directive at line 7"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct config_world w;
        struct config c;
        struct err err = {0};

        world_init(&w);
        config_defaults(&c);
        assert_false(config_read_line(&c, &w.reader, table[i].line, 7, &err));
        assert_string_equal(err.text, table[i].text);
        config_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_out_of_range_say_the_range),
        cmocka_unit_test(numbers_that_are_none_cannot_be_parsed),
        cmocka_unit_test(wrong_counts_are_told_apart),
        cmocka_unit_test(sources_refclocks_and_local_name_option_value_or_syntax),
        cmocka_unit_test(subnets_that_are_none_are_refused_at_once),
        cmocka_unit_test(unknown_words_are_named_and_the_nearest_is_offered),
        cmocka_unit_test(directives_that_exclude_each_other_are_refused),
        cmocka_unit_test(a_line_of_2047_bytes_is_the_longest),
        cmocka_unit_test(a_line_with_a_nul_byte_is_refused),
        cmocka_unit_test(the_command_line_has_no_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
