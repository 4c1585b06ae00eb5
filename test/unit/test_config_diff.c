/* test_config_diff.c - what changed between two configurations, and what a running daemon can take
 * on. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "chronyd/config/diff.h"
#include "test/unit/config_world.h"

struct pair {
    struct config before, after;
    struct config_diff diff;
};

static void read_one(struct config *c, const char *text)
{
    struct config_world w;
    struct err err = {0};

    world_init(&w);
    if (!world_config(&w, c, text, &err))
        fail_msg("refused: %s", err.text);
}

static void compare(struct pair *p, const char *before, const char *after)
{
    read_one(&p->before, before);
    read_one(&p->after, after);
    assert_true(config_diff(&p->before, &p->after, &p->diff));
}

static void pair_free(struct pair *p)
{
    config_diff_free(&p->diff);
    config_free(&p->before);
    config_free(&p->after);
}

static void equal_meaning_is_no_change(void **state)
{
    static const struct {
        const char *before, *after;
    } table[] = {
        {"", ""},
        {"", "maxdistance 3.0\nport 123\nleapsecmode system\nminsamples 6\nmaxsamples 0\n"},
        {"server a\nserver b iburst\nallow 10/8\n",
         "allow 10.0.0.0/8\nserver b iburst\nserver a\n"},
        {"server a minpoll 4 maxpoll 5\n", "# moved\nSERVER a MAXPOLL 5 minpoll 4\n"},
        {"server a\n", "server a minpoll 6 port 123\n"},
        {"logdir /a\nlogdir /b\n", "logdir /b\n"},
        {"makestep 5 5\nmakestep 1 3\n", "MakeStep 1 3\n"},
        {"local\n", "local stratum 10\n"},
        {"ratelimit\n", "ratelimit burst 8\nratelimit interval 3\n"},
        {"ntsdumpdir /d\n", "ntscachedir /d\n"},
        {"refclock SHM 0\nlog tracking\n", "log tracking\nrefclock SHM 0\n"},
        {"dumponexit\n", "linux_hz 100\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct pair p;

        compare(&p, table[i].before, table[i].after);
        if (p.diff.gone_count + p.diff.come_count + p.diff.change_count > 0)
            fail_msg("%s -> %s: %s", table[i].before, table[i].after,
                     p.diff.change_count ? p.diff.changes[0].directive : "sources");
        pair_free(&p);
    }
}

static void sources_go_come_and_stay(void **state)
{
    struct pair p;

    (void)state;
    compare(&p, "server a\nserver b\npool c\nserver d key 1\nserver e\nserver e\n",
            "peer f\nserver e\nserver d key 2\nserver b\nserver a iburst\npool c\n");
    assert_int_equal(p.diff.gone_count, 3);
    assert_string_equal(p.before.ntp_sources[p.diff.gone[0]].name, "a");
    assert_string_equal(p.before.ntp_sources[p.diff.gone[1]].name, "d");
    assert_string_equal(p.before.ntp_sources[p.diff.gone[2]].name, "e");
    assert_int_equal(p.diff.come_count, 3);
    assert_string_equal(p.after.ntp_sources[p.diff.come[0]].name, "f");
    assert_string_equal(p.after.ntp_sources[p.diff.come[1]].name, "d");
    assert_string_equal(p.after.ntp_sources[p.diff.come[2]].name, "a");
    assert_int_equal(p.diff.change_count, 0);
    pair_free(&p);
}

static void a_server_that_becomes_a_pool_is_another_source(void **state)
{
    struct pair p;

    (void)state;
    compare(&p, "server a\nserver b\n", "pool a\npeer b\n");
    assert_int_equal(p.diff.gone_count, 2);
    assert_int_equal(p.diff.come_count, 2);
    pair_free(&p);
}

static void each_change_names_its_lines_and_whether_it_can_be_taken_on(void **state)
{
    static const struct {
        const char *before, *after, *directive, *was, *is;
        bool at_run_time;
    } table[] = {
        {"", "makestep 1 3", "makestep", NULL, "makestep 1 3", true},
        {"makestep 1 3", "makestep 1 -1", "makestep", "makestep 1 3", "makestep 1 -1", true},
        {"local", "", "local", "local", NULL, true},
        {"local", "local orphan", "local", "local", "local orphan", true},
        {"manual", "", "manual", "manual", NULL, true},
        {"maxupdateskew 5", "maxupdateskew 6", "maxupdateskew", "maxupdateskew 5",
         "maxupdateskew 6", true},
        {"", "reselectdist 1", "reselectdist", NULL, "reselectdist 1", true},
        {"allow 10/8", "allow 10/9", "allow", "allow 10/8", "allow 10/9", true},
        {"allow 10/8\ndeny 10.1/16", "deny 10.1/16\nallow 10/8", "allow", "allow 10/8",
         "allow 10/8", true},
        {"deny 1", "deny 2", "deny", "deny 1", "deny 2", true},
        {"allow host.a", "allow host.b", "allow", "allow host.a", "allow host.b", true},
        {"cmdallow 10/8", "", "cmdallow", "cmdallow 10/8", NULL, true},
        {"keyfile /a", "keyfile /b", "keyfile", "keyfile /a", "keyfile /b", true},
        {"sourcedir /a", "sourcedir /a\nsourcedir /b", "sourcedir", "sourcedir /a", "sourcedir /b",
         true},
        {"port 123", "port 124", "port", "port 123", "port 124", false},
        {"", "rtcsync", "rtcsync", NULL, "rtcsync", false},
        {"user a", "user b", "user", "user a", "user b", false},
        {"", "leapsecmode slew", "leapsecmode", NULL, "leapsecmode slew", false},
        {"bindaddress 1.2.3.4\nbindaddress ::1", "bindaddress 1.2.3.5\nbindaddress ::1",
         "bindaddress", "bindaddress ::1", "bindaddress ::1", false},
        {"log tracking", "log tracking\nlog statistics", "log", "log tracking", "log statistics",
         false},
        {"refclock SHM 0", "refclock SHM 0 offset 1", "refclock", "refclock SHM 0",
         "refclock SHM 0 offset 1", false},
        {"ratelimit", "ratelimit burst 9", "ratelimit", "ratelimit", "ratelimit burst 9", false},
        {"ntsdumpdir /a", "ntscachedir /b", "ntscachedir", NULL, "ntscachedir /b", false},
        {"noclientlog", "", "noclientlog", "noclientlog", NULL, false},
        {"driftfile /a", "driftfile /a interval 5", "driftfile", "driftfile /a",
         "driftfile /a interval 5", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct pair p;
        const struct config_change *c;

        compare(&p, table[i].before, table[i].after);
        if (p.diff.change_count != 1)
            fail_msg("%zu changes in %s", p.diff.change_count, table[i].after);
        c = &p.diff.changes[0];
        assert_string_equal(c->directive, table[i].directive);
        assert_int_equal(c->at_run_time, table[i].at_run_time);
        assert_string_equal(c->before ? c->before : "-", table[i].was ? table[i].was : "-");
        assert_string_equal(c->after ? c->after : "-", table[i].is ? table[i].is : "-");
        assert_int_equal(p.diff.gone_count + p.diff.come_count, 0);
        pair_free(&p);
    }
}

static void several_changes_are_sorted_by_name(void **state)
{
    struct pair p;

    (void)state;
    compare(&p, "user a\nport 5\n", "allow\nuser b\nlogdir /l\nmaxdistance 1\n");
    assert_int_equal(p.diff.change_count, 5);
    assert_string_equal(p.diff.changes[0].directive, "allow");
    assert_string_equal(p.diff.changes[1].directive, "logdir");
    assert_string_equal(p.diff.changes[2].directive, "maxdistance");
    assert_string_equal(p.diff.changes[3].directive, "port");
    assert_string_equal(p.diff.changes[4].directive, "user");
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_meaning_is_no_change),
        cmocka_unit_test(sources_go_come_and_stay),
        cmocka_unit_test(a_server_that_becomes_a_pool_is_another_source),
        cmocka_unit_test(each_change_names_its_lines_and_whether_it_can_be_taken_on),
        cmocka_unit_test(several_changes_are_sorted_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
