/* test_reload.c - a daemon that takes on a changed configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "chronyd/config/parse.h"
#include "chronyd/reload.h"
#include "test/unit/reload_daemon.h"

static bool allows(const struct access_table *table, const char *address)
{
    struct addr a;

    assert_true(addr_parse(address, &a));
    return access_allows(table, &a);
}

static void every_directive_that_can_change_at_run_time_has_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_directive_count; i++) {
        const struct directive *row = &config_directives[i];

        if (row->parse == parse_source)
            continue;
        if (reload_knows(row->name) != ((row->flags & DIRECTIVE_RUNTIME) != 0))
            fail_msg("%s", row->name);
    }
}

static void sources_and_rules_become_what_the_file_says(void **state)
{
    struct candm_rpy_reload_config r;
    const struct control_rooms *rooms;
    struct toy_daemon d;
    struct source *kept;

    (void)state;
    reload_begin(&d, "server 192.0.2.1\nserver 192.0.2.2\nport 0\nallow 10/8\n");
    rooms = chronyd_rooms(d.chronyd);
    kept = sources_at(rooms->sources, 1);
    r = reload(&d, "server 192.0.2.3\nserver 192.0.2.2\nport 0\nallow 11/8\ncmdallow 12/8\n");
    assert_int_equal(r.result, CANDM_RELOAD_DONE);
    assert_int_equal(r.added, 1);
    assert_int_equal(r.removed, 1);
    assert_int_equal(r.kept, 1);
    assert_int_equal(r.applied, 2);
    assert_int_equal(r.restart, 0);
    assert_string_equal(r.text, "");
    assert_int_equal(sources_count(rooms->sources), 2);
    assert_ptr_equal(sources_at(rooms->sources, 1), kept);
    assert_false(allows(rooms->ntp_access, "10.0.0.1"));
    assert_true(allows(rooms->ntp_access, "11.0.0.1"));
    assert_true(allows(rooms->command_access, "12.0.0.1"));
    r = reload(&d, "server 192.0.2.2\nserver 192.0.2.3\nport 0\nallow 11/8\ncmdallow 12/8\n");
    assert_int_equal(r.kept, 2);
    assert_int_equal(r.applied, 0);
    assert_ptr_equal(sources_at(rooms->sources, 0), kept);
    toy_daemon_stop(&d);
}

static void a_faulty_file_changes_nothing(void **state)
{
    struct candm_rpy_reload_config r;
    const struct control_rooms *rooms;
    struct toy_daemon d;

    (void)state;
    reload_begin(&d, "server 192.0.2.1\nallow 10/8\n");
    rooms = chronyd_rooms(d.chronyd);
    r = reload(&d, "allow 11/8\nserver 192.0.2.2\nmakestep 1\n");
    assert_int_equal(r.result, CANDM_RELOAD_REFUSED);
    assert_string_equal(r.text, "Missing arguments for makestep directive at line 3 in file "
                                "/etc/chrony.conf");
    assert_true(allows(rooms->ntp_access, "10.0.0.1"));
    assert_int_equal(sources_count(rooms->sources), 1);
    d.toy.file_path = "/elsewhere";
    r = reload(&d, "");
    assert_int_equal(r.result, CANDM_RELOAD_REFUSED);
    assert_string_equal(r.text, "Could not open /etc/chrony.conf : No such file or directory");
    assert_true(allows(rooms->ntp_access, "10.0.0.1"));
    d.toy.file_path = RELOAD_FILE;
    assert_int_equal(reload(&d, "server 192.0.2.1\n").kept, 1);
    toy_daemon_stop(&d);
}

static void what_needs_a_restart_is_told_until_there_is_one(void **state)
{
    struct candm_rpy_reload_config r;
    struct toy_daemon d;

    (void)state;
    reload_begin(&d, "port 0\nmanual\n");
    for (int i = 0; i < 2; i++) {
        r = reload(&d, "port 123\nlogdir /var/log\nmaxdistance 2\n");
        assert_int_equal(r.restart, 3);
        assert_int_equal(r.applied, i == 0 ? 1 : 0);
        assert_string_equal(r.text, "logdir maxdistance port");
    }
    assert_non_null(strstr(d.toy.log_text, "A change of logdir needs a restart\n"));
    r = reload(&d, "port 0\nmanual\n");
    assert_int_equal(r.restart, 0);
    assert_int_equal(r.applied, 1);
    toy_daemon_stop(&d);
}

static void a_long_list_ends_in_dots(void **state)
{
    struct candm_rpy_reload_config r;
    struct toy_daemon d;
    char text[4096] = "";
    size_t used = 0;

    (void)state;
    for (size_t i = 0; i < config_directive_count; i++) {
        const struct directive *row = &config_directives[i];

        if (row->kind == DIRECTIVE_FLOAT || row->kind == DIRECTIVE_INT ||
            row->kind == DIRECTIVE_PORT)
            used += strlen(text_format(text + used, sizeof(text) - used, "%s 2\n", row->name));
        else if (row->kind == DIRECTIVE_WORD)
            used += strlen(text_format(text + used, sizeof(text) - used, "%s /x\n", row->name));
    }
    assert_true(used < sizeof(text) - 1);
    reload_begin(&d, "");
    r = reload(&d, text);
    assert_int_equal(r.result, CANDM_RELOAD_DONE);
    assert_true(r.restart > 20);
    if (strlen(r.text) > CANDM_RELOAD_TEXT - 30)
        assert_string_equal(r.text + strlen(r.text) - 4, " ...");
    toy_daemon_stop(&d);
}

static void without_a_file_there_is_nothing_to_read_again(void **state)
{
    static const char *const quiet[] = {"port 0", NULL};
    struct toy_daemon d = {0};
    struct candm_rpy_reload_config r;

    (void)state;
    assert_true(toy_daemon_start(&d, quiet));
    r = reload(&d, "");
    assert_int_equal(r.result, CANDM_RELOAD_NO_FILE);
    assert_non_null(strstr(r.text, "command line"));
    toy_daemon_stop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_directive_that_can_change_at_run_time_has_code),
        cmocka_unit_test(sources_and_rules_become_what_the_file_says),
        cmocka_unit_test(a_faulty_file_changes_nothing),
        cmocka_unit_test(what_needs_a_restart_is_told_until_there_is_one),
        cmocka_unit_test(a_long_list_ends_in_dots),
        cmocka_unit_test(without_a_file_there_is_nothing_to_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
