/* test_config_check.c - findings: every mistake, every piece of advice, both renderings. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "chronyd/config/check.h"
#include "test/unit/config_world.h"

/* What a healthy client says; advice about anything else stands out. */
#define HEALTHY                                                                                    \
    "driftfile /var/lib/chrony/drift\n"                                                            \
    "makestep 1 3\n"                                                                               \
    "rtcsync\n"
#define POOL "pool pool.ntp.org iburst\n"

static void add_line(void *ctx, const char *line)
{
    char *out = ctx;
    size_t used = strlen(out);

    (void)text_copy(out + used, 16384 - used, line);
    used = strlen(out);
    (void)text_copy(out + used, 16384 - used, "\n");
}

static struct check_report *check_world(struct config_world *w, const char *text)
{
    const struct check_input in = {.os = &w->os, .path = "F"};

    world_add(w, "F", text);
    world_add(w, "/var/lib/chrony/x", "");
    return config_check(&in);
}

static struct check_report *check(const char *text)
{
    struct config_world w;

    world_init(&w);
    return check_world(&w, text);
}

static const struct finding *find(const struct check_report *r, const char *code)
{
    for (size_t i = 0; i < check_count(r); i++) {
        if (strcmp(check_finding(r, i)->code, code) == 0)
            return check_finding(r, i);
    }
    return NULL;
}

static void dump(const struct check_report *r)
{
    char *text = calloc(1, 16384);

    check_print(r, false, add_line, text);
    print_message("%s", text);
    free(text);
}

static void what_is_not_needed_with_an_untouched_clock_is_not_missed(void **state)
{
    struct config_world w;
    const struct check_input in = {.path = "F", .os = &w.os, .clock_untouched = true};
    struct check_report *r;

    (void)state;
    world_init(&w);
    world_add(&w, "F", POOL "driftfile /var/lib/chrony/drift\n");
    world_add(&w, "/var/lib/chrony/x", "");
    r = config_check(&in);
    assert_int_equal(check_count(r), 0);
    check_destroy(r);
}

static void a_directory_that_the_daemon_makes_is_not_missed(void **state)
{
    struct check_report *r =
        check(POOL "driftfile /none/drift\nmakestep 1 3\nrtcsync\ndumpdir /none\n");

    (void)state;
    assert_int_equal(check_count(r), 0);
    check_destroy(r);
}

static void findings_come_in_the_order_of_the_lines(void **state)
{
    struct check_report *r = check(
        "maxdrift 1e7\n" POOL "port 0\nallow\nserver a iburst maxsources 2\nleapseclist /none\n");
    int line = 0;

    (void)state;
    assert_true(check_count(r) > 5);
    for (size_t i = 0; i < check_count(r); i++) {
        const struct finding *f = check_finding(r, i);

        assert_true(f->line == 0 || f->line >= line);
        assert_true(f->line != 0 || !f->file);
        line = f->line == 0 ? 1000 : f->line;
    }
    assert_int_equal(line, 1000);
    check_destroy(r);
}

static void a_healthy_configuration_has_no_findings(void **state)
{
    struct check_report *r = check(POOL HEALTHY);

    (void)state;
    if (check_count(r) != 0)
        dump(r);
    assert_int_equal(check_count(r), 0);
    assert_int_equal(check_status(r), 0);
    check_destroy(r);
}

static void all_mistakes_are_found_not_only_the_first(void **state)
{
    static const struct {
        int line, column;
        const char *text, *hint, *nearest;
    } wanted[] = {
        {2, 24, "Invalid option in server directive",
         "Option ibrust is not known, did you mean iburst?", "iburst"},
        {3, 26, "Invalid option in server directive", "A comment needs a line of its own: # hi",
         NULL},
        {4, 8, "Invalid value 99999 in port directive (min 0, max 65535)", NULL, NULL},
        {5, 1, "Invalid directive Makstep",
         "Directive Makstep is not known, did you mean makestep?", "makestep"},
        {6, 9, "Could not open /none : No such file or directory", NULL, NULL},
        {7, 15, "Could not parse leapsecmode directive", "slow is not known, did you mean slew?",
         "slew"},
        {8, 5, "Invalid log parameter", "traking is not known, did you mean tracking?", "tracking"},
        {9, 10, "Missing arguments for makestep directive", NULL, NULL},
    };
    struct check_report *r = check("# test\n"
                                   "server time.google.com ibrust\n"
                                   "  server\t a.b.c   iburst # hi\n"
                                   "port   99999\n"
                                   "Makstep 1 3\n"
                                   "include /none\n"
                                   "  leapsecmode slow\n"
                                   "log traking\n"
                                   "makestep 1\n");

    (void)state;
    assert_int_equal(check_count(r), ARRAY_LEN(wanted));
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        const struct finding *f = check_finding(r, i);

        assert_int_equal(f->severity, FINDING_ERROR);
        assert_string_equal(f->file, "F");
        assert_string_equal(f->text, wanted[i].text);
        assert_int_equal(f->line, wanted[i].line);
        if (wanted[i].line != 9)
            assert_int_equal(f->column, wanted[i].column);
        if (wanted[i].hint)
            assert_string_equal(f->hint, wanted[i].hint);
        else
            assert_null(f->hint);
        if (wanted[i].nearest)
            assert_string_equal(f->nearest, wanted[i].nearest);
        else
            assert_null(f->nearest);
    }
    assert_int_equal(check_status(r), 2);
    check_destroy(r);
}

static void each_doubtful_configuration_gets_its_advice(void **state)
{
    static const struct {
        const char *text, *code;
        int line;
    } table[] = {
        {"port 0\n" HEALTHY, "no-sources", 0},
        {"server a noselect\n" HEALTHY, "no-sources", 0},
        {"server a\n" HEALTHY, "few-sources", 1},
        {"server a\nserver b\n" HEALTHY, "few-sources", 1},
        {"pool a maxsources 2\n" HEALTHY, "few-sources", 1},
        {POOL "minsources 5\n" HEALTHY, "minsources", 2},
        {"server time.google.com\nserver a\nserver b\n" HEALTHY, "smear-mix", 1},
        {"pool time.aws.com\nrefclock PHC /dev/ptp0\n" HEALTHY, "smear-mix", 1},
        {"server TIME1.google.com.\n" POOL HEALTHY, "smear-mix", 1},
        {"pool time.google.com\nleapsectz right/UTC\n" HEALTHY, "smear-leap", 2},
        {"pool 2.pool.ntp.org minpoll 5\n" HEALTHY, "fast-poll", 1},
        {"pool pool.ntp.org burst\n" HEALTHY, "burst", 1},
        {POOL "peer a iburst\n" HEALTHY, "no-effect", 2},
        {POOL "peer a copy\n" HEALTHY, "no-effect", 2},
        {POOL "server a maxsources 5\n" HEALTHY, "no-effect", 2},
        {POOL "server a nts key 5\n" HEALTHY, "no-effect", 2},
        {POOL "server a nts\n" HEALTHY, "not-implemented", 2},
        {POOL "server a prefer noselect\n" HEALTHY, "no-effect", 2},
        {POOL "server a require noselect\n" HEALTHY, "require", 2},
        {POOL "server a key 5\n" HEALTHY, "no-keyfile", 2},
        {"server a\nserver b\nserver c\nserver a\n" HEALTHY, "duplicate", 4},
        {POOL "authselectmode require\n" HEALTHY, "authselectmode", 2},
        {POOL "refclock GPS 0\n" HEALTHY, "driver", 2},
        {POOL "refclock PPS /dev/pps0 lock NMEA\n" HEALTHY, "lock", 2},
        {"refclock PPS /dev/pps0\n" HEALTHY, "lone-pps", 1},
        {"refclock SHM 0 refid A\nrefclock SHM 1 refid A\n" HEALTHY, "refid", 2},
        {POOL "driftfile /var/lib/chrony/d\nrtcsync\n", "no-makestep", 0},
        {POOL "rtcsync\ndriftfile /var/lib/chrony/d\nmakestep 0.001 -1\n", "step-often", 4},
        {POOL "maxchange 1 1 1\nrtcsync\ndriftfile /var/lib/chrony/d\nmakestep 10 -1\n",
         "contradiction", 2},
        {POOL "minstratum 5\nmaxstratum 4\n" HEALTHY, "contradiction", 2},
        {POOL "minsamples 50\nmaxsamples 10\n" HEALTHY, "contradiction", 2},
        {POOL "maxdistance 0.0001\n" HEALTHY, "tight", 2},
        {POOL "maxjitter 0\n" HEALTHY, "tight", 2},
        {POOL "maxupdateskew 0\n" HEALTHY, "tight", 2},
        {POOL "maxslewrate 0\n" HEALTHY, "tight", 2},
        {POOL "fallbackdrift 10 5\n" HEALTHY, "no-effect", 2},
        {POOL "makestep 1 3\nrtcsync\n", "no-driftfile", 0},
        {POOL "makestep 1 3\ndriftfile /var/lib/chrony/d\n", "no-rtcsync", 0},
        {POOL "rtcautotrim 5\n" HEALTHY, "no-effect", 2},
        {POOL "makestep 1 3\ndriftfile /var/lib/chrony/d\nrtcfile /var/lib/chrony/rtc\n", "rtcfile",
         4},
        {POOL "smoothtime 0 1\n" HEALTHY, "no-effect", 2},
        {POOL "smoothtime 400 0.01 leaponly\n" HEALTHY, "leapsecmode", 2},
        {POOL "initstepslew 10 a\n" HEALTHY, "initstepslew", 2},
        {POOL "allow\n" HEALTHY, "open-server", 2},
        {POOL "allow 1\nallow 0/0\n" HEALTHY, "open-server", 3},
        {POOL "allow 10/8\nport 0\n" HEALTHY, "no-effect", 3},
        {POOL "ntsservercert /var/lib/chrony/x\nntsserverkey /var/lib/chrony/x\n" HEALTHY,
         "no-effect", 2},
        {POOL "local stratum 2\n" HEALTHY, "local-stratum", 2},
        {POOL "cmdallow 10/8\n" HEALTHY, "cmdallow", 2},
        {POOL "cmdallow 10/8\nbindcmdaddress 0.0.0.0\ncmdport 0\n" HEALTHY, "cmdallow", 2},
        {POOL "cmdallow\nbindcmdaddress 0.0.0.0\n" HEALTHY, "open-commands", 2},
        {POOL "cmdkey 1\n" HEALTHY, "no-keyfile", 2},
        {POOL "cmdkey 1\nkeyfile /k\n" HEALTHY, "no-effect", 2},
        {POOL "log tracking\n" HEALTHY, "no-logdir", 2},
        {POOL "deny 10.1.2.0/24\nallow 10.1.2.0/23\n" HEALTHY, "hidden-rule", 2},
        {POOL "deny 10.1.2.3\nallow all 10/8\n" HEALTHY, "hidden-rule", 2},
        {POOL "cmddeny ::1\ncmdallow all\n" HEALTHY, "hidden-rule", 2},
        {POOL "allow host.example\n" HEALTHY, "host-name", 0},
        {POOL "driftfile /none/drift\nmakestep 1 3\nrtcsync\n", "missing-dir", 2},
        {POOL "leapseclist /none/leap\n" HEALTHY, "missing-file", 2},
        {POOL "ntstrustedcerts /none/ca\n" HEALTHY, "missing-file", 2},
        {POOL "maxdistance 1\nmaxdistance 2\n" HEALTHY, "repeated", 2},
        {POOL "bindaddress 10.0.0.1\nbindaddress 10.0.0.2\n" HEALTHY, "repeated", 2},
        {POOL "maxdrift 1e7\n" HEALTHY, "clamped", 2},
        {POOL "server a maxpoll 4\n" HEALTHY, "clamped", 2},
        {POOL "server a filter 1000\n" HEALTHY, "clamped", 2},
        {POOL "refclock SHM 0 dpoll 6\n" HEALTHY, "clamped", 2},
        {POOL "maxdistance 1s\n" HEALTHY, "doubt", 2},
        {POOL "linux_hz 100\n" HEALTHY, "doubt", 2},
        {POOL "rtcfile /r\n" HEALTHY, "combination", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct check_report *r = check(table[i].text);
        const struct finding *f = find(r, table[i].code);

        if (!f || f->line != table[i].line) {
            dump(r);
            fail_msg("no %s in line %d of:\n%s", table[i].code, table[i].line, table[i].text);
        }
        assert_int_equal(check_status(r), f->severity == FINDING_ERROR ? 2 : 1);
        check_destroy(r);
    }
}

static void what_is_fine_gets_no_advice(void **state)
{
    static const struct {
        const char *text, *code;
    } table[] = {
        {"server 169.254.169.123 prefer iburst\n" HEALTHY, "few-sources"},
        {"sourcedir /var/lib/chrony\n" HEALTHY, "no-sources"},
        {"local stratum 8\n" HEALTHY, "no-sources"},
        {"manual\n" HEALTHY, "no-sources"},
        {"server time1.google.com\nserver time2.google.com\nserver time3.google.com\n" HEALTHY,
         "smear-mix"},
        {"server time.google.com noselect\n" POOL HEALTHY, "smear-mix"},
        {"server nottime.google.com\n" POOL HEALTHY, "smear-mix"},
        {"server 192.0.2.1 minpoll 0 maxpoll 2\n" POOL HEALTHY, "fast-poll"},
        {"refclock SHM 0 refid NMEA\nrefclock PPS /dev/pps0 lock NMEA\n" HEALTHY, "lock"},
        {"refclock SHM 0\nrefclock PPS /dev/pps0 lock SHM0\n" HEALTHY, "lock"},
        {POOL "allow\nratelimit\n" HEALTHY, "open-server"},
        {POOL "allow 10/8\n" HEALTHY, "open-server"},
        {POOL "allow 10/8\ndeny 10.1/16\n" HEALTHY, "hidden-rule"},
        {POOL "deny 10.1/16\nallow 10/8\n" HEALTHY, "hidden-rule"},
        {POOL "cmdallow 10/8\nbindcmdaddress 0.0.0.0\n" HEALTHY, "cmdallow"},
        {POOL "bindaddress 10.0.0.1\nbindaddress ::1\n" HEALTHY, "repeated"},
        {POOL "bindcmdaddress /run/x\nbindcmdaddress 10.0.0.1\n" HEALTHY, "repeated"},
        {POOL "ratelimit interval 1\nratelimit burst 5\n" HEALTHY, "repeated"},
        {POOL "log tracking\nlog statistics\nlogdir /l\n" HEALTHY, "repeated"},
        {POOL "server a key 5 maxsamples 0\nkeyfile /k\n" HEALTHY, "clamped"},
        {POOL "server a minpoll 4 minpoll 7\n" HEALTHY, "clamped"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct check_report *r = check(table[i].text);

        if (find(r, table[i].code)) {
            dump(r);
            fail_msg("%s in:\n%s", table[i].code, table[i].text);
        }
        check_destroy(r);
    }
}

static void a_virtual_machine_should_step_at_any_time(void **state)
{
    static const char *const steps[] = {"makestep 1 3", "makestep 1 -1"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct config_world w;
        struct check_report *r;
        char text[200];

        world_init(&w);
        world_add(&w, "/proc/cpuinfo", "processor : 0\nflags : fpu sse2 hypervisor lahf_lm\n");
        r = check_world(&w,
                        text_format(text, sizeof(text),
                                    POOL "%s\nrtcsync\ndriftfile /var/lib/chrony/d\n", steps[i]));
        assert_int_equal(find(r, "vm-step") != NULL, i == 0);
        check_destroy(r);
    }
}

static bool mode_0644(void *ctx, const char *path, unsigned *mode)
{
    (void)ctx;
    *mode = 0644;
    return strcmp(path, "/keys") == 0;
}

static void keys_are_looked_at(void **state)
{
    static const char text[] = POOL "server a key 1\nserver b key 2\nserver c key 3\n"
                                    "keyfile /keys\n" HEALTHY;
    struct config_world w;
    struct os_ops ops;
    struct check_report *r;

    (void)state;
    world_init(&w);
    ops = *w.os.ops;
    ops.file_mode = mode_0644;
    w.os.ops = &ops;
    world_add(&w, "/keys",
              "1 SHA1 HEX:0011\n2 SHA1 ASCII:a-secret-that-is-long-enough\nnonsense\n");
    r = check_world(&w, text);
    assert_int_equal(find(r, "short-key")->line, 2);
    assert_int_equal(find(r, "no-key")->line, 4);
    assert_int_equal(find(r, "key-file")->line, 5);
    assert_string_equal(find(r, "open-keys")->text,
                        "Others can read the keys in /keys (mode 0644): chmod 640");
    check_destroy(r);
    r = check(text);
    assert_string_equal(find(r, "key-file")->text,
                        "The keys cannot be read: Could not open /keys: No such file or directory");
    check_destroy(r);
}

static void a_missing_leap_zone_is_told_with_the_way_out(void **state)
{
    struct config_world w;
    struct check_report *r;

    (void)state;
    world_init(&w);
    world_add(&w, "/usr/share/zoneinfo/leap-seconds.list", "");
    r = check_world(&w, POOL "leapsectz right/UTC\n" HEALTHY);
    assert_string_equal(find(r, "leapsectz")->text,
                        "The time zone right/UTC is not installed, so leap seconds are not known "
                        "from it; leapseclist /usr/share/zoneinfo/leap-seconds.list would do");
    check_destroy(r);
    world_add(&w, "/usr/share/zoneinfo/right/UTC", "");
    r = check_world(&w, POOL "leapsectz right/UTC\n" HEALTHY);
    assert_null(find(r, "leapsectz"));
    check_destroy(r);
}

static void sources_of_directories_count_and_are_checked(void **state)
{
    struct config_world w;
    struct check_report *r;

    (void)state;
    world_init(&w);
    world_add(&w, "/d/a.sources", "server a\nserver b\nserver c ibrust\nserver d key 5\n");
    r = check_world(&w, "sourcedir /d\n" HEALTHY);
    assert_null(find(r, "few-sources"));
    assert_string_equal(find(r, "doubt")->file, "/d/a.sources");
    assert_int_equal(find(r, "doubt")->line, 3);
    assert_int_equal(find(r, "doubt")->column, 10);
    assert_string_equal(find(r, "doubt")->nearest, "iburst");
    assert_non_null(find(r, "no-keyfile"));
    assert_int_equal(check_status(r), 1);
    check_destroy(r);
}

static void directives_of_the_command_line_are_checked(void **state)
{
    static const char *const directives[] = {"server a iburst", "port x"};
    struct config_world w;
    struct check_input in = {.directives = directives, .directive_count = 2};
    struct check_report *r;
    char *text = calloc(1, 16384);

    (void)state;
    world_init(&w);
    in.os = &w.os;
    r = config_check(&in);
    check_print(r, false, add_line, text);
    assert_string_equal(text, "command line:2:6: error: Could not parse port directive\n");
    check_destroy(r);
    free(text);
}

static void an_unreadable_file_is_an_error(void **state)
{
    struct config_world w;
    const struct check_input in = {.os = &w.os, .path = "/none"};
    struct check_report *r;

    (void)state;
    world_init(&w);
    r = config_check(&in);
    assert_int_equal(check_status(r), 2);
    assert_string_equal(find(r, "unreadable")->text,
                        "Could not open /none : No such file or directory");
    check_destroy(r);
}

static void findings_are_valid_json_whatever_the_file_holds(void **state)
{
    struct check_report *r = check("po\"rt\\\x01\xff 5\nmakstep 1 3\n");
    char *text = calloc(1, 16384);

    (void)state;
    check_print(r, true, add_line, text);
    assert_string_equal(
        text, "{\"status\": 2,\n"
              " \"findings\": [\n"
              "  {\"severity\": \"error\", \"code\": \"syntax\", \"file\": \"F\", \"line\": 1, "
              "\"column\": 1, \"nearest\": null, \"hint\": null, \"text\": "
              "\"Invalid directive po\\\"rt\\\\\\u0001\\u00ff\"},\n"
              "  {\"severity\": \"error\", \"code\": \"syntax\", \"file\": \"F\", \"line\": 2, "
              "\"column\": 1, \"nearest\": \"makestep\", \"hint\": "
              "\"Directive makstep is not known, did you mean makestep?\", \"text\": "
              "\"Invalid directive makstep\"}\n"
              "]}\n");
    check_destroy(r);
    r = check(POOL HEALTHY);
    text[0] = '\0';
    check_print(r, true, add_line, text);
    assert_string_equal(text, "{\"status\": 0,\n \"findings\": [\n]}\n");
    check_destroy(r);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_come_in_the_order_of_the_lines),
        cmocka_unit_test(what_is_not_needed_with_an_untouched_clock_is_not_missed),
        cmocka_unit_test(a_directory_that_the_daemon_makes_is_not_missed),
        cmocka_unit_test(a_healthy_configuration_has_no_findings),
        cmocka_unit_test(all_mistakes_are_found_not_only_the_first),
        cmocka_unit_test(each_doubtful_configuration_gets_its_advice),
        cmocka_unit_test(what_is_fine_gets_no_advice),
        cmocka_unit_test(a_virtual_machine_should_step_at_any_time),
        cmocka_unit_test(keys_are_looked_at),
        cmocka_unit_test(a_missing_leap_zone_is_told_with_the_way_out),
        cmocka_unit_test(sources_of_directories_count_and_are_checked),
        cmocka_unit_test(directives_of_the_command_line_are_checked),
        cmocka_unit_test(an_unreadable_file_is_an_error),
        cmocka_unit_test(findings_are_valid_json_whatever_the_file_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
