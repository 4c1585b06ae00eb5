/* test_chronyc_commands.c - what the commands send, print and complete. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "chronyc/edit.h"
#include "test/unit/chronyc_fixture.h"

static size_t answer_status(struct fake_daemon *d, const struct fake_request *r, size_t n,
                            uint8_t *out)
{
    const uint16_t *status = d->ctx;

    (void)n;
    return fake_reply(r, CANDM_RPY_null, *status, out).used;
}

/* --- what each command sends ----------------------------------------------------------------- */

static void every_command_sends_its_request_in_the_right_length(void **state)
{
    static const struct {
        const char *line;
        uint16_t code;
        size_t length;
    } rows[] = {
        {"online", 1, 60},
        {"offline 1.2.3.4", 2, 60},
        {"burst 3/4 1.2.3.0/24", 3, 68},
        {"burst 3/4 1.2.3.4 x", 3, 68},
        {"minpoll 1.2.3.4 5", 4, 44},
        {"maxpoll 1.2.3.4 5", 5, 44},
        {"dump", 6, 28},
        {"maxdelay 1.2.3.4 0.5", 7, 44},
        {"maxdelayratio 1.2.3.4 0.5", 8, 44},
        {"maxupdateskew 5", 9, 28},
        {"settime 12:00", 11, 40},
        {"manual on", 13, 28},
        {"sources", 14, 32},
        {"rekey", 16, 28},
        {"allow 1.2.3.4", 17, 44},
        {"allow all", 18, 44},
        {"deny 10", 19, 44},
        {"deny all 10", 20, 44},
        {"cmdallow", 21, 44},
        {"cmdallow all", 22, 44},
        {"cmddeny", 23, 44},
        {"cmddeny all ::/0", 24, 44},
        {"accheck ::1", 25, 40},
        {"cmdaccheck 1.2.3.4", 26, 40},
        {"delete 1.2.3.4", 29, 40},
        {"writertc", 30, 28},
        {"dfreq 1.5", 31, 28},
        {"tracking", 33, 104},
        {"rtcdata", 35, 56},
        {"trimrtc", 36, 28},
        {"cyclelogs", 37, 28},
        {"manual list", 41, 416},
        {"manual delete 3", 42, 28},
        {"makestep", 43, 28},
        {"activity", 44, 48},
        {"minstratum 1.2.3.4 5", 45, 44},
        {"polltarget 1.2.3.4 5", 46, 44},
        {"maxdelaydevratio 1.2.3.4 5", 47, 44},
        {"reselect", 48, 28},
        {"reselectdist 1e-4", 49, 28},
        {"makestep 1 3", 50, 28},
        {"smoothing", 51, 52},
        {"smoothtime reset", 52, 28},
        {"refresh", 53, 28},
        {"serverstats", 54, 196},
        {"ntpdata 1.2.3.4", 57, 172},
        {"shutdown", 62, 28},
        {"onoffline", 63, 28},
        {"add server 1.2.3.4", 64, 372},
        {"sourcename 1.2.3.4", 65, 284},
        {"reset sources", 66, 28},
        {"clients", 68, 520},
        {"reload sources", 70, 28},
        {"reload config", 131, 520},
        {"doffset 0.5", 71, 28},
        {"selectopts GPS +prefer", 72, 52},
        {"offset 1.2.3.4 0.5", 73, 48},
        {"local", 74, 48},
    };
    uint16_t status = CANDM_FAILED;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;

        fixture_start(&f, answer_status, &status, "127.0.0.1");
        assert_false(fixture_run(&f, rows[i].line));
        fixture_stop(&f);
        assert_int_equal(f.daemon.count, 1);
        assert_int_equal(f.daemon.requests[0].header.command, rows[i].code);
        assert_int_equal(f.daemon.requests[0].length, rows[i].length);
        assert_non_null(strstr(f.out_text, "500 Failure\n"));
        fixture_free(&f);
    }
}

static void every_request_of_the_protocol_has_a_command(void **state)
{
    /* sent by commands that have another request in their row */
    static const uint16_t elsewhere[] = {
        CANDM_REQ_SOURCE_REASON,   CANDM_REQ_SUBSCRIBE,     CANDM_REQ_N_SOURCES,
        CANDM_REQ_MANUAL_LIST,     CANDM_REQ_MANUAL_DELETE, CANDM_REQ_MAKESTEP,
        CANDM_REQ_MODIFY_MAKESTEP, CANDM_REQ_ALLOWALL,      CANDM_REQ_DENYALL,
        CANDM_REQ_CMDALLOWALL,     CANDM_REQ_CMDDENYALL,    CANDM_REQ_RELOAD_CONFIG,
    };
    size_t row_count, command_count;
    const struct candm_row *rows = candm_rows(&row_count);
    const struct command *commands = commands_all(&command_count);

    (void)state;
    for (size_t i = 0; i < row_count; i++) {
        bool found = false;

        for (size_t j = 0; j < command_count; j++)
            found |= commands[j].code == rows[i].code;
        for (size_t j = 0; j < ARRAY_LEN(elsewhere); j++)
            found |= elsewhere[j] == rows[i].code;
        if (!found)
            fail_msg("request %s has no command", rows[i].name);
    }
}

static void help_lines_are_complete(void **state)
{
    size_t count;
    const struct command *commands = commands_all(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        const char *help = commands[i].help;

        assert_ptr_equal(commands_find(commands[i].word), &commands[i]);
        while (help && *help != '\0') {
            const char *tab = strchr(help, '\t'), *end = strchr(help, '\n');

            assert_true(tab && end && tab < end);
            help = end + 1;
        }
    }
}

/* --- lists that lie -------------------------------------------------------------------------- */

static size_t answer_endless_clients(struct fake_daemon *d, const struct fake_request *r, size_t n,
                                     uint8_t *out)
{
    struct candm_rpy_client_accesses a = {.n_indices = 1000, .next_index = 0, .count = 8};
    struct wire_out wire = fake_reply(r, CANDM_RPY_client_accesses, 0, out);

    (void)d;
    (void)n;
    a.clients[0].address.family = ADDR_IPV4;
    candm_put_rpy_client_accesses(&wire, &a);
    return wire.used;
}

static void client_list_that_never_advances_ends(void **state)
{
    struct fixture f;

    (void)state;
    fixture_start(&f, answer_endless_clients, NULL, "127.0.0.1");
    f.session.settings.render = RENDER_CSV;
    assert_true(fixture_run(&f, "clients"));
    fixture_stop(&f);
    assert_int_equal(f.daemon.count, 1);
    assert_string_equal(f.out_text, "0.0.0.0,0,0,0,0,0,0,0,0,0\n");
    fixture_free(&f);
}

static size_t answer_reload(struct fake_daemon *d, const struct fake_request *r, size_t n,
                            uint8_t *out)
{
    struct wire_out wire = fake_reply(r, CANDM_RPY_reload_config, 0, out);

    (void)n;
    candm_put_rpy_reload_config(&wire, d->ctx);
    return wire.used;
}

static void reload_config_says_what_changed_or_why_nothing_did(void **state)
{
    static const struct {
        struct candm_rpy_reload_config reply;
        enum render render;
        bool good;
        const char *out, *err;
    } rows[] = {
        {{0, 1, 2, 3, 4, 2, "logdir port"},
         RENDER_TEXT,
         true,
         "200 OK\n"
         "Sources           : 1 added, 2 removed, 3 kept\n"
         "Other directives  : 4 changed, 2 need a restart\n"
         "Need a restart    : logdir port\n",
         ""},
        {{0, 0, 0, 1, 0, 0, ""}, RENDER_CSV, true, "0,0,1,0,0,\n", ""},
        {{1, 0, 0, 0, 0, 0, "Bad line"}, RENDER_TEXT, false, "500 Failure\n", "Bad line\n"},
        {{2, 0, 0, 0, 0, 0, "No file"}, RENDER_CSV, false, "500 Failure\n", "No file\n"},
        {{9, 0, 0, 0, 0, 0, "Future"}, RENDER_TEXT, false, "500 Failure\n", "Future\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct candm_rpy_reload_config reply = rows[i].reply;
        struct fixture f;

        fixture_start(&f, answer_reload, &reply, "127.0.0.1");
        f.session.settings.render = rows[i].render;
        assert_int_equal(fixture_run(&f, "reload config"), rows[i].good);
        fixture_stop(&f);
        assert_string_equal(f.out_text, rows[i].out);
        assert_string_equal(f.err_text, rows[i].err);
        fixture_free(&f);
    }
}

static size_t answer_name(struct fake_daemon *d, const struct fake_request *r, size_t n,
                          uint8_t *out)
{
    struct wire_out wire = fake_reply(r, CANDM_RPY_source_name, 0, out);

    (void)n;
    wire_put_bytes(&wire, d->ctx, 256);
    return wire.used;
}

static void names_that_are_no_words_are_refused(void **state)
{
    static const struct {
        const char *name;
        bool good;
    } rows[] = {
        {"ntp.example", true}, {"two words", false}, {"esc\x1b[2J", false}, {"\xc3\xa9", false}};
    char name[256];
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        memset(name, 0, sizeof(name));
        assert_true(text_copy(name, sizeof(name), rows[i].name));
        fixture_start(&f, answer_name, name, "127.0.0.1");
        assert_int_equal(fixture_run(&f, "sourcename 1.2.3.4"), rows[i].good);
        fixture_stop(&f);
        assert_string_equal(f.out_text,
                            rows[i].good ? "ntp.example\n" : "508 Bad reply from daemon\n");
        fixture_free(&f);
    }
    memset(name, 'a', sizeof(name));
    fixture_start(&f, answer_name, name, "127.0.0.1");
    assert_false(fixture_run(&f, "sourcename 1.2.3.4"));
    fixture_stop(&f);
    fixture_free(&f);
}

/* --- lines ----------------------------------------------------------------------------------- */

static void dot_ends_every_command_but_not_comments(void **state)
{
    uint16_t status = 1;
    struct fixture f;

    (void)state;
    fixture_start(&f, answer_status, &status, "127.0.0.1");
    f.session.settings.end_dot = true;
    assert_false(fixture_run(&f, "  reselect\t "));
    assert_true(fixture_run(&f, ""));
    assert_true(fixture_run(&f, "   # comment"));
    assert_false(fixture_run(&f, "nonsense"));
    fixture_stop(&f);
    assert_string_equal(f.out_text, "500 Failure\n.\n.\n");
    assert_string_equal(f.err_text, "Unrecognized command\n");
    fixture_free(&f);
}

static void hints_go_to_stderr_only(void **state)
{
    uint16_t status = CANDM_UNAUTH;
    struct fixture f;

    (void)state;
    fixture_start(&f, answer_status, &status, "/nonexistent/dir/sock,127.0.0.1");
    f.session.settings.hints = true;
    assert_false(fixture_run(&f, "shutdown"));
    assert_false(fixture_run(&f, "trackin"));
    fixture_stop(&f);
    assert_string_equal(f.out_text, "501 Not authorised\n");
    assert_non_null(strstr(f.err_text, "/nonexistent/dir/sock"));
    assert_non_null(strstr(f.err_text, "Did you mean 'tracking'?"));
    fixture_free(&f);
}

struct found {
    char text[2048];
};

static void note(void *ctx, const char *word)
{
    struct found *f = ctx;
    size_t used = strlen(f->text);

    text_format(f->text + used, sizeof(f->text) - used, "%s ", word);
}

static size_t answer_sources(struct fake_daemon *d, const struct fake_request *r, size_t n,
                             uint8_t *out)
{
    struct candm_rpy_source_data data = {.address = {ADDR_IPV4, {192, 0, 2, 7}}};
    struct candm_rpy_n_sources count = {2};
    struct candm_rpy_source_name name = {"ntp.example"};
    struct wire_out wire;

    (void)d;
    (void)n;
    if (r->header.command == CANDM_REQ_N_SOURCES) {
        wire = fake_reply(r, CANDM_RPY_n_sources, 0, out);
        candm_put_rpy_n_sources(&wire, &count);
    } else if (r->header.command == CANDM_REQ_SOURCE_DATA) {
        data.mode = r->bytes[23] == 1 ? 2 : 0; /* the second is a reference clock */
        wire = fake_reply(r, CANDM_RPY_source_data, 0, out);
        candm_put_rpy_source_data(&wire, &data);
    } else {
        wire = fake_reply(r, CANDM_RPY_source_name, 0, out);
        candm_put_rpy_source_name(&wire, &name);
    }
    return wire.used;
}

static void completion_knows_commands_words_and_sources(void **state)
{
    static const struct {
        const char *line, *words;
    } rows[] = {
        {"trac", "tracking "},
        {"sele", "selectdata selectopts "},
        {"add ", "peer pool server "},
        {"manual o", "on off "},
        {"sources -", "-a -v "},
        {"delete ", "192.0.2.7 ntp.example "},
        {"delete n", "ntp.example "},
        {"delete x", ""},
        {"add server ", ""},
        {"nonsense ", ""},
        {"passw", ""},
    };
    struct fixture f;

    (void)state;
    fixture_start(&f, answer_sources, NULL, "127.0.0.1");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct found found = {""};

        complete_words(&f.session, rows[i].line, note, &found);
        assert_string_equal(found.text, rows[i].words);
    }
    fixture_stop(&f);
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_sends_its_request_in_the_right_length),
        cmocka_unit_test(reload_config_says_what_changed_or_why_nothing_did),
        cmocka_unit_test(every_request_of_the_protocol_has_a_command),
        cmocka_unit_test(help_lines_are_complete),
        cmocka_unit_test(client_list_that_never_advances_ends),
        cmocka_unit_test(names_that_are_no_words_are_refused),
        cmocka_unit_test(dot_ends_every_command_but_not_comments),
        cmocka_unit_test(hints_go_to_stderr_only),
        cmocka_unit_test(completion_knows_commands_words_and_sources),
    };

    return cmocka_run_group_tests_name("chronyc_commands", tests, NULL, NULL);
}
