#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "candm/envelope.h"
#include "test/unit/memory_daemon.h"

#define DATAGRAM_MAX 1024

static const char *const directives[] = {"port 0",     "keyfile K",        "cmdallow 10.0.0.0/8",
                                         "cmdkey 5 6", "cmdkey 7 control", NULL};
static const char key_file[] = "5 SHA1 HEX:000102030405060708090a0b0c0d0e0f\n"
                               "6 MD5 ASCII:sixteen-bytes-ok\n"
                               "7 AES128 HEX:f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff\n"
                               "8 SHA256 ASCII:a-key-that-no-cmdkey-names\n";

static const struct toy_asker host = {"10.0.0.1", NULL}, other_host = {"10.0.0.2", NULL};

/* The client's side, without retries. */
struct session {
    struct toy_daemon *daemon;
    struct envelope_keys keys;
    struct envelope_request e;
    uint8_t datagram[DATAGRAM_MAX]; /* sent last */
    size_t length;
    struct envelope_reply reply;
    bool authentic; /* the last reply's MAC is right */
};

static bool start(struct toy_daemon *d)
{
    d->toy.file_path = "K";
    d->toy.file_text = key_file;
    return toy_daemon_start(d, directives);
}

static struct session session_of(struct toy_daemon *d, uint32_t id, uint8_t nonce)
{
    struct keystore *ks = keystore_create();
    struct session s = {.daemon = d, .e = {.key_id = id}};

    s.e.nonce[0] = nonce;
    assert_int_equal(keystore_load(ks, key_file, strlen(key_file), "K", NULL), 4);
    assert_true(envelope_derive(keystore_find(ks, id), &s.keys));
    keystore_destroy(ks);
    return s;
}

static void prepare(struct session *s, uint16_t command)
{
    struct wire_out out = toy_request(s->datagram, sizeof(s->datagram), command);

    out.used = candm_required_length(candm_row(command));
    envelope_put_request(&out, &s->e);
    s->length = out.used;
    if (!envelope_is_hello(&s->e))
        envelope_sign_request(&s->keys, s->datagram, s->length);
}

/* Send the datagram as it is: the status, or -1 for silence. Never more bytes than were sent. */
static int send_again(struct session *s, const struct toy_asker *from)
{
    const struct toy *toy = &s->daemon->toy;
    struct candm_reply_header h;
    union candm_reply_payload payload;
    size_t base;

    s->authentic = false;
    if (!toy_daemon_send(s->daemon, from, s->datagram, s->length))
        return -1;
    assert_true(toy->sent.length <= s->length);
    assert_true(envelope_get_reply(toy->sent_data, toy->sent.length, &s->reply, &base));
    assert_true(candm_decode_reply(toy->sent_data, base, &h, &payload));
    assert_int_equal(s->reply.key_id, s->e.key_id);
    assert_int_equal(s->reply.counter, s->e.counter);
    s->authentic = envelope_check_reply(&s->keys, s->datagram + s->length - ENVELOPE_MAC_BYTES,
                                        toy->sent_data, toy->sent.length);
    return h.status;
}

static int ask(struct session *s, uint16_t command)
{
    int status;

    s->e.counter++;
    prepare(s, command);
    status = send_again(s, &host);
    memcpy(s->e.cookie, s->reply.cookie, sizeof(s->e.cookie));
    return status;
}

static void hello(struct session *s)
{
    static const uint8_t zero[ENVELOPE_COOKIE_BYTES];

    memset(s->e.cookie, 0, sizeof(s->e.cookie));
    assert_int_equal(ask(s, CANDM_REQ_TRACKING), CANDM_UNAUTH);
    assert_false(s->authentic);
    assert_memory_equal(s->reply.mac, zero, sizeof(s->reply.mac));
    assert_memory_not_equal(s->reply.cookie, zero, sizeof(s->reply.cookie));
}

static void a_hello_is_answered_with_a_cookie_and_then_commands_work(void **state)
{
    struct toy_daemon d = {0};
    struct session s;

    (void)state;
    assert_true(start(&d));
    s = session_of(&d, 7, 1);
    hello(&s);
    assert_int_equal(ask(&s, CANDM_REQ_TRACKING), CANDM_SUCCESS);
    assert_true(s.authentic);
    assert_int_equal(ask(&s, CANDM_REQ_SERVER_STATS), CANDM_SUCCESS);
    assert_int_equal(ask(&s, CANDM_REQ_RESET_SOURCES), CANDM_SUCCESS);
    assert_true(s.authentic);
    assert_non_null(strstr(d.toy.log_text, "Command RESET_SOURCES from 10.0.0.1 with key 7\n"));
    assert_int_equal(ask(&s, CANDM_REQ_RTCREPORT), CANDM_NO_RTC);
    assert_true(s.authentic);
    assert_int_equal(ask(&s, CANDM_REQ_SHUTDOWN), CANDM_SUCCESS);
    assert_int_equal(chronyd_state(d.chronyd), CHRONYD_DONE);
    toy_daemon_stop(&d);
}

static void permissions_are_those_of_the_key(void **state)
{
    struct toy_daemon d = {0};
    struct session monitor, control;
    size_t count;
    const struct candm_row *rows = candm_rows(&count);

    (void)state;
    assert_true(start(&d));
    monitor = session_of(&d, 6, 1);
    control = session_of(&d, 7, 1);
    hello(&monitor);
    hello(&control);
    for (size_t i = 0; i < count; i++) {
        uint16_t code = rows[i].code;
        bool report =
            rows[i].class != CANDM_U || code == CANDM_REQ_ACCHECK || code == CANDM_REQ_CMDACCHECK;

        /* These would end the conversation. */
        if (code == CANDM_REQ_SHUTDOWN || code == CANDM_REQ_CMDDENY || code == CANDM_REQ_CMDDENYALL)
            continue;
        assert_int_equal(ask(&monitor, code) != CANDM_UNAUTH, report);
        assert_true(monitor.authentic);
        assert_int_equal(ask(&control, code) != CANDM_UNAUTH, code != CANDM_REQ_REKEY);
        assert_true(control.authentic);
    }
    toy_daemon_stop(&d);
}

static void unknown_and_unlisted_keys_are_refused_without_a_cookie(void **state)
{
    static const uint8_t zero[ENVELOPE_COOKIE_BYTES];
    struct toy_daemon d = {0};
    struct session s;

    (void)state;
    assert_true(start(&d));
    s = session_of(&d, 8, 1);
    assert_int_equal(ask(&s, CANDM_REQ_TRACKING), CANDM_UNAUTH);
    assert_memory_equal(s.reply.cookie, zero, sizeof(zero));
    s.e.key_id = 99;
    assert_int_equal(ask(&s, CANDM_REQ_TRACKING), CANDM_UNAUTH);
    assert_memory_equal(s.reply.cookie, zero, sizeof(zero));
    toy_daemon_stop(&d);
}

static void a_daemon_without_cmdkey_refuses_at_once(void **state)
{
    static const char *const plain[] = {"port 0", "cmdallow 10.0.0.0/8", NULL};
    struct toy_daemon d = {0};
    struct session s;

    (void)state;
    assert_true(toy_daemon_start(&d, plain));
    s = session_of(&d, 7, 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask(&s, CANDM_REQ_TRACKING), CANDM_UNAUTH);
        assert_true(envelope_is_hello(&s.e) && !s.authentic);
    }
    toy_daemon_stop(&d);
}

static void strangers_get_no_answer_not_even_to_a_hello(void **state)
{
    static const struct toy_asker stranger = {"192.0.2.1", NULL};
    struct toy_daemon d = {0};
    struct session s;

    (void)state;
    assert_true(start(&d));
    s = session_of(&d, 7, 1);
    prepare(&s, CANDM_REQ_TRACKING);
    assert_int_equal(send_again(&s, &stranger), -1);
    toy_daemon_stop(&d);
}

static void a_repeated_datagram_gets_the_same_reply_and_runs_once(void **state)
{
    struct toy_daemon d = {0};
    struct session s;
    uint8_t first[DATAGRAM_MAX];
    size_t length;
    const char *line;

    (void)state;
    assert_true(start(&d));
    s = session_of(&d, 7, 1);
    hello(&s);
    assert_int_equal(ask(&s, CANDM_REQ_RESET_SOURCES), CANDM_SUCCESS);
    length = d.toy.sent.length;
    memcpy(first, d.toy.sent_data, length);
    toy_advance(&d.toy, 5.0);
    assert_int_equal(send_again(&s, &host), CANDM_SUCCESS);
    assert_int_equal(d.toy.sent.length, length);
    assert_memory_equal(d.toy.sent_data, first, length);
    line = strstr(d.toy.log_text, "Reset all sources\n");
    assert_non_null(line);
    assert_null(strstr(line + 1, "Reset all sources\n"));
    toy_daemon_stop(&d);
}

static void an_older_counter_is_dropped(void **state)
{
    struct toy_daemon d = {0};
    struct session s, old;

    (void)state;
    assert_true(start(&d));
    s = session_of(&d, 7, 1);
    hello(&s);
    assert_int_equal(ask(&s, CANDM_REQ_RESET_SOURCES), CANDM_SUCCESS);
    old = s;
    assert_int_equal(ask(&s, CANDM_REQ_TRACKING), CANDM_SUCCESS);
    assert_int_equal(send_again(&old, &host), -1);
    s.e.counter = UINT64_MAX; /* the next one is 0 */
    assert_int_equal(ask(&s, CANDM_REQ_TRACKING), -1);
    toy_daemon_stop(&d);
}

static void every_flipped_bit_is_refused(void **state)
{
    struct toy_daemon d = {0};
    struct session s;
    size_t trailer;

    (void)state;
    assert_true(start(&d));
    s = session_of(&d, 7, 1);
    hello(&s);
    s.e.counter++;
    prepare(&s, CANDM_REQ_RESET_SOURCES);
    trailer = s.length - ENVELOPE_REQUEST_BYTES;
    for (size_t bit = 0; bit < s.length * 8; bit++) {
        size_t at = bit / 8;

        /* Another header is another packet, plain or none at all; the rest is ours to refuse. */
        if (at < 6 || (at >= trailer && at < trailer + 8))
            continue;
        s.datagram[at] ^= (uint8_t)(1 << bit % 8);
        assert_true(toy_daemon_send(&d, &host, s.datagram, s.length));
        assert_int_equal(d.toy.sent_data[9], CANDM_UNAUTH);
        s.datagram[at] ^= (uint8_t)(1 << bit % 8);
    }
    assert_null(strstr(d.toy.log_text, "Reset all sources\n"));
    assert_int_equal(send_again(&s, &host), CANDM_SUCCESS);
    toy_daemon_stop(&d);
}

static void a_wrong_mac_counts_and_is_logged_once_a_minute(void **state)
{
    static const uint8_t zero[ENVELOPE_COOKIE_BYTES];
    struct toy_daemon d = {0};
    struct session s, wrong;
    union candm_reply_payload r;
    const char *line;

    (void)state;
    assert_true(start(&d));
    s = session_of(&d, 7, 1);
    hello(&s);
    wrong = s;
    wrong.keys.request[0] ^= 1;
    for (int i = 0; i < 10; i++) {
        wrong.e.counter++;
        prepare(&wrong, CANDM_REQ_SHUTDOWN);
        assert_int_equal(send_again(&wrong, &host), CANDM_UNAUTH);
        assert_memory_equal(wrong.reply.cookie, zero, sizeof(zero));
    }
    line = strstr(d.toy.log_text, "Command from 10.0.0.1 failed authentication with key 7\n");
    assert_non_null(line);
    assert_null(strstr(line + 1, "Command from"));
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_SERVER_STATS, &r), CANDM_SUCCESS);
    assert_int_equal(r.server_stats4_.cmd_drops, 10);
    toy_advance(&d.toy, 61.0);
    prepare(&wrong, CANDM_REQ_SHUTDOWN);
    assert_int_equal(send_again(&wrong, &host), CANDM_UNAUTH);
    assert_non_null(strstr(line + 1, "Command from"));
    assert_int_equal(ask(&s, CANDM_REQ_TRACKING), CANDM_SUCCESS);
    toy_daemon_stop(&d);
}

static void an_expired_cookie_is_answered_with_a_new_one(void **state)
{
    struct toy_daemon d = {0};
    struct session s;

    (void)state;
    assert_true(start(&d));
    s = session_of(&d, 7, 1);
    hello(&s);
    toy_advance(&d.toy, 299.0);
    assert_int_equal(ask(&s, CANDM_REQ_TRACKING), CANDM_SUCCESS);
    toy_advance(&d.toy, 302.0);
    assert_int_equal(ask(&s, CANDM_REQ_TRACKING), CANDM_UNAUTH);
    assert_int_equal(ask(&s, CANDM_REQ_TRACKING), CANDM_SUCCESS);
    toy_daemon_stop(&d);
}

static void a_cookie_is_bound_to_the_address_the_nonce_and_the_key(void **state)
{
    struct toy_daemon d = {0};
    struct session s, other;

    (void)state;
    assert_true(start(&d));
    s = session_of(&d, 7, 1);
    hello(&s);
    s.e.counter++;
    prepare(&s, CANDM_REQ_SHUTDOWN);
    assert_int_equal(send_again(&s, &other_host), CANDM_UNAUTH);
    other = session_of(&d, 7, 2);
    memcpy(other.e.cookie, s.e.cookie, sizeof(other.e.cookie));
    assert_int_equal(ask(&other, CANDM_REQ_SHUTDOWN), CANDM_UNAUTH);
    other = session_of(&d, 5, 1);
    memcpy(other.e.cookie, s.e.cookie, sizeof(other.e.cookie));
    assert_int_equal(ask(&other, CANDM_REQ_TRACKING), CANDM_UNAUTH);
    assert_int_equal(chronyd_state(d.chronyd), CHRONYD_RUNNING);
    toy_daemon_stop(&d);
}

static void a_restarted_daemon_knows_no_cookie_and_runs_nothing_twice(void **state)
{
    struct toy_daemon d = {0};
    struct session s;

    (void)state;
    assert_true(start(&d));
    s = session_of(&d, 7, 1);
    hello(&s);
    assert_int_equal(ask(&s, CANDM_REQ_RESET_SOURCES), CANDM_SUCCESS);
    toy_daemon_stop(&d);
    assert_true(toy_daemon_start_seeded(&d, directives, 99));
    assert_int_equal(send_again(&s, &host), CANDM_UNAUTH);
    assert_null(strstr(d.toy.log_text, "Reset all sources"));
    memcpy(s.e.cookie, s.reply.cookie, sizeof(s.e.cookie));
    assert_int_equal(ask(&s, CANDM_REQ_TRACKING), CANDM_SUCCESS);
    toy_daemon_stop(&d);
}

static void a_forgotten_session_cannot_be_replayed(void **state)
{
    struct toy_daemon d = {0};
    struct session first, s;

    (void)state;
    assert_true(start(&d));
    first = session_of(&d, 7, 0);
    hello(&first);
    assert_int_equal(ask(&first, CANDM_REQ_RESET_SOURCES), CANDM_SUCCESS);
    d.toy.log_used = 0;
    d.toy.log_text[0] = '\0';
    for (int i = 1; i <= 64; i++) {
        s = session_of(&d, 7, (uint8_t)i);
        hello(&s);
        /* The one that comes after the first was forgotten, within the same second, too. */
        assert_int_equal(ask(&s, CANDM_REQ_TRACKING), CANDM_SUCCESS);
    }
    assert_int_equal(send_again(&first, &host), CANDM_UNAUTH);
    assert_null(strstr(d.toy.log_text, "Reset all sources"));
    assert_int_equal(ask(&first, CANDM_REQ_TRACKING), CANDM_UNAUTH);
    assert_int_equal(ask(&first, CANDM_REQ_TRACKING), CANDM_SUCCESS);
    /* Sessions of one key do not push out those of another. */
    s = session_of(&d, 5, 0);
    hello(&s);
    assert_int_equal(ask(&s, CANDM_REQ_TRACKING), CANDM_SUCCESS);
    toy_daemon_stop(&d);
}

/* Whoever has not proved anything takes no place from those who have. */
static void a_flood_of_hellos_and_wrong_macs_displaces_nobody(void **state)
{
    struct toy_daemon d = {0};
    struct session s, flood;
    uint8_t first[DATAGRAM_MAX];
    size_t length;

    (void)state;
    assert_true(start(&d));
    s = session_of(&d, 7, 1);
    hello(&s);
    assert_int_equal(ask(&s, CANDM_REQ_RESET_SOURCES), CANDM_SUCCESS);
    length = d.toy.sent.length;
    memcpy(first, d.toy.sent_data, length);
    for (uint32_t i = 0; i < 500; i++) {
        flood = session_of(&d, 7, 2);
        memcpy(flood.e.nonce + 4, &i, sizeof(i));
        hello(&flood);
        flood.keys.request[5] ^= 1;
        assert_int_equal(ask(&flood, CANDM_REQ_SHUTDOWN), CANDM_UNAUTH);
    }
    assert_int_equal(send_again(&s, &host), CANDM_SUCCESS);
    assert_int_equal(d.toy.sent.length, length);
    assert_memory_equal(d.toy.sent_data, first, length);
    toy_daemon_stop(&d);
}

static void plain_packets_pass_as_before(void **state)
{
    struct toy_daemon d = {0};
    uint8_t buf[DATAGRAM_MAX];

    (void)state;
    assert_true(start(&d));
    assert_int_equal(toy_command(&d, &host, CANDM_REQ_TRACKING, NULL), CANDM_SUCCESS);
    assert_int_equal(toy_command(&d, &host, CANDM_REQ_SHUTDOWN, NULL), CANDM_UNAUTH);
    (void)toy_request(buf, sizeof(buf), CANDM_REQ_TRACKING);
    assert_int_equal(toy_ask(&d, &host, buf, 104 + ENVELOPE_REQUEST_BYTES, NULL), CANDM_SUCCESS);
    toy_daemon_stop(&d);
}

static void the_largest_request_passes_in_an_envelope(void **state)
{
    struct toy_daemon d = {0};
    struct session s;

    (void)state;
    assert_true(start(&d));
    s = session_of(&d, 7, 1);
    hello(&s);
    assert_int_equal(ask(&s, CANDM_REQ_CLIENT_ACCESSES), CANDM_SUCCESS);
    assert_int_equal(s.length, 520 + ENVELOPE_REQUEST_BYTES);
    assert_int_equal(d.toy.sent.length, 520 + ENVELOPE_REPLY_BYTES);
    assert_true(s.authentic);
    toy_daemon_stop(&d);
}

static void short_keys_are_refused_and_missing_ones_warned_about(void **state)
{
    struct toy_daemon d = {0};
    struct config_reader reader;
    struct chronyd_options options = {.mode = REFERENCE_NORMAL};
    struct err err;

    (void)state;
    toy_init(&d.toy);
    d.toy.file_path = "K";
    d.toy.file_text = "3 MD5 short\n";
    config_defaults(&d.config);
    reader = (struct config_reader){.os = &d.toy.os, .log = &d.toy.log};
    assert_true(config_read_line(&d.config, &reader, "keyfile K", 1, &err));
    assert_true(config_read_line(&d.config, &reader, "port 0", 2, &err));
    assert_true(config_read_line(&d.config, &reader, "cmdkey 4 3 monitor", 3, &err));
    assert_true(config_finish(&d.config, &reader, &err));
    assert_null(chronyd_create(&d.config, &options, &d.toy.os, &d.toy.log, &err));
    assert_string_equal(err.text, "Key 3 is too short for cmdkey directive at line 3");
    assert_non_null(strstr(d.toy.log_text, "Key 4 is missing\n"));
    config_free(&d.config);
}

static void cmdkey_takes_ids_and_one_permission(void **state)
{
    static const struct {
        const char *line;
        bool good;
        size_t count;
        bool control; /* of the last one */
    } cases[] = {
        {"cmdkey 1", true, 1, false},
        {"cmdkey 1 2 3 Control", true, 3, true},
        {"cmdkey 1 1", true, 1, false},
        {"cmdkey 4294967295 monitor", true, 1, false},
        {"cmdkey", false, 0, false},
        {"cmdkey control", false, 0, false},
        {"cmdkey 0", false, 0, false},
        {"cmdkey 4294967296", false, 0, false},
        {"cmdkey x", false, 0, false},
        {"cmdkey -1", false, 0, false},
        {"cmdkey 1 control 2", false, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct toy toy;
        struct config c;
        struct config_reader reader;
        struct err err;

        toy_init(&toy);
        config_defaults(&c);
        reader = (struct config_reader){.os = &toy.os, .log = &toy.log};
        if (config_read_line(&c, &reader, cases[i].line, 1, &err) != cases[i].good)
            fail_msg("%s", cases[i].line);
        if (cases[i].good) {
            assert_int_equal(c.control.key_count, cases[i].count);
            assert_int_equal(c.control.keys[c.control.key_count - 1].control, cases[i].control);
        }
        config_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hello_is_answered_with_a_cookie_and_then_commands_work),
        cmocka_unit_test(permissions_are_those_of_the_key),
        cmocka_unit_test(unknown_and_unlisted_keys_are_refused_without_a_cookie),
        cmocka_unit_test(a_daemon_without_cmdkey_refuses_at_once),
        cmocka_unit_test(strangers_get_no_answer_not_even_to_a_hello),
        cmocka_unit_test(a_repeated_datagram_gets_the_same_reply_and_runs_once),
        cmocka_unit_test(an_older_counter_is_dropped),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(a_wrong_mac_counts_and_is_logged_once_a_minute),
        cmocka_unit_test(an_expired_cookie_is_answered_with_a_new_one),
        cmocka_unit_test(a_cookie_is_bound_to_the_address_the_nonce_and_the_key),
        cmocka_unit_test(a_restarted_daemon_knows_no_cookie_and_runs_nothing_twice),
        cmocka_unit_test(a_forgotten_session_cannot_be_replayed),
        cmocka_unit_test(a_flood_of_hellos_and_wrong_macs_displaces_nobody),
        cmocka_unit_test(plain_packets_pass_as_before),
        cmocka_unit_test(the_largest_request_passes_in_an_envelope),
        cmocka_unit_test(short_keys_are_refused_and_missing_ones_warned_about),
        cmocka_unit_test(cmdkey_takes_ids_and_one_permission),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
