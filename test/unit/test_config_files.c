/* test_config_files.c - lines, files in files, directories of files, and what -p prints. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "test/unit/config_world.h"

static void read_well(struct config_world *w, struct config *c, const char *text)
{
    struct err err = {0};

    if (!world_config(w, c, text, &err))
        fail_msg("refused: %s", err.text);
}

static void lines_are_printed_normalised_without_comments(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    world_init(&w);
    read_well(&w, &c,
              "# comment\n  ! another\r\n\n\t; third\n%fourth\n"
              " \tSeRver   a.example \v IBurst\t\r\nport 11123\nlog\nmanual");
    assert_string_equal(w.print, "SeRver a.example IBurst\nport 11123\nlog\nmanual\n");
    assert_int_equal(c.ntp_source_count, 1);
    assert_string_equal(c.ntp_sources[0].name, "a.example");
    assert_true(c.ntp_sources[0].iburst);
    assert_int_equal(c.ntp.port, 11123);
    assert_true(c.manual);
    config_free(&c);
}

static void a_faulty_line_is_printed_before_it_is_refused(void **state)
{
    struct config_world w;
    struct config c;
    struct err err = {0};

    (void)state;
    world_init(&w);
    assert_false(world_config(&w, &c, "port 1\nfoo  bar\nport 2\n", &err));
    assert_string_equal(w.print, "port 1\nfoo bar\n");
    config_free(&c);
}

static void included_files_are_read_in_place_in_glob_order(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    world_init(&w);
    world_add(&w, "/d/b.conf", "server b\nport 2\n");
    world_add(&w, "/d/a.conf", "server a\nport 1\n");
    world_add(&w, "/d/.hidden.conf", "server hidden\n");
    world_add(&w, "/d/c.txt", "server c\n");
    read_well(&w, &c, "server first\ninclude /d/*.conf\nserver last\ninclude /d/*.none\n");
    assert_string_equal(w.print, "server first\nserver a\nport 1\nserver b\nport 2\nserver last\n");
    assert_int_equal(c.ntp_source_count, 4);
    assert_int_equal(c.ntp.port, 2);
    config_free(&c);
}

static void a_missing_file_is_fatal_a_pattern_without_match_is_not(void **state)
{
    static const struct {
        const char *text, *error;
    } table[] = {
        {"include /none.conf", "Could not open /none.conf : No such file or directory"},
        {"include /d/closed", "Could not open /d/closed : Permission denied"},
        {"include /none/*.conf", "Could not search for files matching /none/*.conf"},
        {"confdir /c", "Could not open /c/x.conf : Permission denied"},
        {"confdir", "Could not parse confdir directive at line 1 in file F"},
        {"confdir a b c d e f g h i j k", "Could not parse confdir directive at line 1 in file F"},
        {"confdir /e", "Invalid directive nonsense at line 2 in file /e/x.conf"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct config_world w;
        struct config c;
        struct err err = {0};

        world_init(&w);
        world_add(&w, "/d/closed", NULL);
        world_add(&w, "/c/x.conf", NULL);
        world_add(&w, "/e/x.conf", "port 5\nnonsense\n");
        assert_false(world_config(&w, &c, table[i].text, &err));
        assert_string_equal(err.text, table[i].error);
        config_free(&c);
    }
}

static void files_may_be_nested_ten_deep(void **state)
{
    static const char *const names[] = {"2", "3", "4", "5", "6", "7", "8", "9", "10", "11"};
    static const char *const texts[] = {"include 3", "include 4",  "include 5",
                                        "include 6", "include 7",  "include 8",
                                        "include 9", "include 10", "include 11"};

    (void)state;
    for (size_t deepest = 10; deepest <= 11; deepest++) {
        struct config_world w;
        struct config c;
        struct err err = {0};

        /* F is the first of ten. */
        world_init(&w);
        for (size_t i = 2; i < deepest; i++)
            world_add(&w, names[i - 2], texts[i - 2]);
        world_add(&w, names[deepest - 2], "port 77");
        assert_int_equal(world_config(&w, &c, "include 2", &err), deepest == 10);
        if (deepest == 10)
            assert_int_equal(c.ntp.port, 77);
        else
            assert_string_equal(err.text, "Maximum include level reached");
        config_free(&c);
    }
}

static void a_file_that_includes_itself_ends(void **state)
{
    struct config_world w;
    struct config c;
    struct err err = {0};

    (void)state;
    world_init(&w);
    assert_false(world_config(&w, &c, "include F\n", &err));
    assert_string_equal(err.text, "Maximum include level reached");
    config_free(&c);
}

static void confdirs_are_sorted_together_and_the_first_directory_wins(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    world_init(&w);
    world_add(&w, "/etc/30.conf", "server etc30\n");
    world_add(&w, "/etc/10.conf", "server etc10\n");
    world_add(&w, "/run/20.conf", "server run20\n");
    world_add(&w, "/run/30.conf", "server run30\n");
    world_add(&w, "/usr/10.conf", "server usr10\n");
    world_add(&w, "/usr/05.conf", "server usr05\n");
    world_add(&w, "/usr/05.sources", "server no\n");
    read_well(&w, &c, "confdir /run /etc /usr /none\nconfdir /etc\n");
    assert_string_equal(w.print, "server usr05\nserver etc10\nserver run20\nserver run30\n"
                                 "server etc10\nserver etc30\n");
    config_free(&c);
}

static void a_confdir_name_is_no_pattern(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    world_init(&w);
    world_add(&w, "/a[b]/x.conf", "port 1\n");
    world_add(&w, "/ab/x.conf", "port 2\n");
    read_well(&w, &c, "confdir /a[b]\n");
    assert_int_equal(c.ntp.port, 1);
    config_free(&c);
}

static void sources_of_directories_are_read_on_demand(void **state)
{
    struct config_world w;
    struct config c;
    struct ntp_source_settings *list;
    size_t count;

    (void)state;
    world_init(&w);
    world_add(&w, "/r/b.sources", "pool b.example iburst maxsources 2\npeer p.example\n");
    world_add(&w, "/r/a.sources", "# one\nserver 192.0.2.1 minpoll 4\nserver half.exam");
    world_add(&w, "/s/a.sources", "server never.example\n");
    world_add(&w, "/t/a.sources", "server again.example\n");
    world_add(&w, "/s/closed.sources", NULL);
    world_add(&w, "/s/x.conf", "server no.example\n");
    read_well(&w, &c, "server main.example\nsourcedir /r /s\nsourcedir /t\n");
    assert_string_equal(w.print, "server main.example\nsourcedir /r /s\nsourcedir /t\n");
    assert_int_equal(c.ntp_source_count, 1);
    assert_int_equal(c.source_dir_count, 3);
    assert_true(config_read_sources(&c, &w.reader, &list, &count));
    assert_int_equal(count, 4);
    assert_string_equal(list[0].name, "192.0.2.1");
    assert_int_equal(list[0].minpoll, 4);
    assert_string_equal(list[1].name, "b.example");
    assert_true(list[1].pool);
    assert_int_equal(list[1].max_sources, 2);
    assert_string_equal(list[2].name, "p.example");
    assert_int_equal(list[2].kind, SOURCE_PEER);
    assert_string_equal(list[3].name, "again.example");
    assert_string_equal(w.log, "");
    free(list);
    config_free(&c);
}

static void bad_lines_of_source_files_are_skipped_with_a_warning(void **state)
{
    struct config_world w;
    struct config c;
    struct ntp_source_settings *list;
    char text[TEXT_LINE_MAX + 200];
    size_t count;

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "server a ibrust\nport 5\n\nserver\nmakstep 1 1\n", 43);
    (void)text_copy(text + TEXT_LINE_MAX + 100, 100, "\nserver good.example\nserver b minpoll x");
    world_init(&w);
    world_add(&w, "/r/x.sources", text);
    read_well(&w, &c, "sourcedir /r\n");
    assert_true(config_read_sources(&c, &w.reader, &list, &count));
    assert_int_equal(count, 1);
    assert_string_equal(list[0].name, "good.example");
    assert_string_equal(
        w.log,
        "1 Option ibrust is not known, did you mean iburst?\n"
        "1 Invalid option in server directive at line 1 in file /r/x.sources, ignored\n"
        "1 Only server, pool and peer are used, not port at line 2 in file /r/x.sources, ignored\n"
        "1 Invalid syntax for server directive at line 4 in file /r/x.sources, ignored\n"
        "1 Only server, pool and peer are used, not makstep at line 5 in file /r/x.sources, "
        "ignored\n"
        "1 String too long at line 6 in file /r/x.sources, ignored\n");
    free(list);
    config_free(&c);
}

static void directives_may_come_from_the_command_line(void **state)
{
    struct config_world w;
    struct config c;
    struct err err = {0};

    (void)state;
    world_init(&w);
    world_add(&w, "/x.conf", "port 9\n");
    config_defaults(&c);
    assert_true(config_read_line(&c, &w.reader, "pool  pool.ntp.org iburst", 1, &err));
    assert_true(config_read_line(&c, &w.reader, "include /x.conf", 2, &err));
    assert_true(config_read_line(&c, &w.reader, "# nothing", 3, &err));
    assert_true(config_finish(&c, &w.reader, &err));
    assert_string_equal(w.print, "pool pool.ntp.org iburst\nport 9\n");
    assert_int_equal(c.ntp.port, 9);
    assert_true(c.ntp_sources[0].pool);
    config_free(&c);
}

static void what_has_no_effect_yet_is_told_with_its_place(void **state)
{
    struct config_world w;
    struct config c;

    (void)state;
    world_init(&w);
    read_well(&w, &c,
              "commandkey 5\ndumponexit\nlinux_hz 100\nlinux_freq_scale x y\n"
              "generatecommandkey\nallow time.example\n");
    assert_string_equal(
        w.log, "1 commandkey directive is no longer supported at line 1 in file F\n"
               "1 linux_hz directive is no longer supported at line 3 in file F\n"
               "1 linux_freq_scale directive is no longer supported at line 4 in file F\n"
               "1 generatecommandkey directive is no longer supported at line 5 in file F\n");
    config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_printed_normalised_without_comments),
        cmocka_unit_test(a_faulty_line_is_printed_before_it_is_refused),
        cmocka_unit_test(included_files_are_read_in_place_in_glob_order),
        cmocka_unit_test(a_missing_file_is_fatal_a_pattern_without_match_is_not),
        cmocka_unit_test(files_may_be_nested_ten_deep),
        cmocka_unit_test(a_file_that_includes_itself_ends),
        cmocka_unit_test(confdirs_are_sorted_together_and_the_first_directory_wins),
        cmocka_unit_test(a_confdir_name_is_no_pattern),
        cmocka_unit_test(sources_of_directories_are_read_on_demand),
        cmocka_unit_test(bad_lines_of_source_files_are_skipped_with_a_warning),
        cmocka_unit_test(directives_may_come_from_the_command_line),
        cmocka_unit_test(what_has_no_effect_yet_is_told_with_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
