/* test_chronyc_client.c - requests, retries and the replies that are accepted (spec candm-v6 1.9),
 * with and without a key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "test/unit/chronyc_fixture.h"

/* --- schedule and acceptance ----------------------------------------------------------------- */

static size_t answer_third(struct fake_daemon *d, const struct fake_request *r, size_t n,
                           uint8_t *out)
{
    (void)d;
    return n == 2 ? activity_reply(r, out) : 0;
}

static void request_is_repeated_with_a_new_sequence_number(void **state)
{
    struct fixture f;

    (void)state;
    fixture_start(&f, answer_third, NULL, "127.0.0.1");
    assert_true(fixture_run(&f, "activity"));
    fixture_stop(&f);
    assert_string_equal(f.out_text, ACTIVITY_TEXT);
    assert_int_equal(f.daemon.count, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct fake_request *r = &f.daemon.requests[i];

        assert_int_equal(r->header.version, 6);
        assert_int_equal(r->header.type, 1);
        assert_int_equal(r->header.command, CANDM_REQ_ACTIVITY);
        assert_int_equal(r->header.attempt, i);
        assert_int_equal(r->length, 48);
    }
    assert_true(f.daemon.requests[0].header.sequence != f.daemon.requests[1].header.sequence);
    fixture_free(&f);
}

/* The n-th bad kind first, then a good reply in the same wait. */
static void spoil(uint8_t *out, size_t *length, int kind)
{
    switch (kind) {
    case 0:
        out[0] = 5; /* version, status 0 */
        break;
    case 1:
        out[1] = 1; /* type */
        break;
    case 2:
        out[2] = 1; /* reserved */
        break;
    case 3:
        out[3] = 1;
        break;
    case 4:
        out[5] ^= 1; /* command */
        break;
    case 5:
        out[16] ^= 1; /* sequence */
        break;
    case 6:
        *length = 27;
        break;
    }
}
#define SPOIL_KINDS 7

static size_t answer_spoiled_first(struct fake_daemon *d, const struct fake_request *r, size_t n,
                                   uint8_t *out)
{
    int *kind = d->ctx;
    size_t length = activity_reply(r, out);

    if (n == 0)
        spoil(out, &length, *kind);
    return length;
}

static void stray_replies_are_ignored(void **state)
{
    (void)state;
    for (int kind = 0; kind < SPOIL_KINDS; kind++) {
        struct fixture f;

        fixture_start(&f, answer_spoiled_first, &kind, "127.0.0.1");
        assert_true(fixture_run(&f, "activity"));
        fixture_stop(&f);
        assert_string_equal(f.out_text, ACTIVITY_TEXT);
        assert_int_equal(f.daemon.count, 2);
        fixture_free(&f);
    }
}

static size_t answer_short_first(struct fake_daemon *d, const struct fake_request *r, size_t n,
                                 uint8_t *out)
{
    size_t length = activity_reply(r, out);

    (void)d;
    return n == 0 ? length - 1 : length;
}

static void short_reply_means_the_next_attempt_at_once(void **state)
{
    struct fixture f;
    int64_t start = transport_now_ms();

    (void)state;
    fixture_start(&f, answer_short_first, NULL, "127.0.0.1");
    f.session.settings.timeout_ms = 5000;
    assert_true(fixture_run(&f, "activity"));
    fixture_stop(&f);
    assert_true(transport_now_ms() - start < 2000);
    assert_int_equal(f.daemon.requests[1].header.attempt, 1);
    fixture_free(&f);
}

static size_t answer_version(struct fake_daemon *d, const struct fake_request *r, size_t n,
                             uint8_t *out)
{
    const uint8_t *version = d->ctx;

    (void)n;
    if (r->header.version == 6) {
        struct wire_out wire = fake_reply(r, CANDM_RPY_null, CANDM_BAD_VERSION, out);

        out[0] = *version;
        return wire.used;
    }
    size_t length = activity_reply(r, out);

    out[0] = 5;
    return length;
}

static void version_five_is_spoken_with_an_old_daemon(void **state)
{
    uint8_t version = 5;
    struct fixture f;

    (void)state;
    fixture_start(&f, answer_version, &version, "127.0.0.1");
    assert_true(fixture_run(&f, "activity"));
    assert_true(fixture_run(&f, "activity"));
    fixture_stop(&f);
    assert_string_equal(f.out_text, ACTIVITY_TEXT ACTIVITY_TEXT);
    assert_int_equal(f.daemon.count, 3);
    assert_int_equal(f.daemon.requests[1].header.version, 5);
    assert_int_equal(f.daemon.requests[1].header.attempt, 0);
    assert_int_equal(f.daemon.requests[1].length, 20);
    assert_int_equal(f.daemon.requests[2].header.version, 5);
    fixture_free(&f);
}

static void other_versions_are_a_mismatch(void **state)
{
    static const uint8_t versions[] = {4, 6, 7, 255};

    (void)state;
    for (size_t i = 0; i < sizeof(versions); i++) {
        uint8_t version = versions[i];
        struct fixture f;

        fixture_start(&f, answer_version, &version, "127.0.0.1");
        assert_false(fixture_run(&f, "activity"));
        fixture_stop(&f);
        assert_string_equal(f.out_text, "517 Protocol version mismatch\n");
        fixture_free(&f);
    }
}

static size_t answer_nothing(struct fake_daemon *d, const struct fake_request *r, size_t n,
                             uint8_t *out)
{
    (void)d;
    (void)r;
    (void)n;
    (void)out;
    return 0;
}

static void silence_ends_with_506_after_all_attempts(void **state)
{
    struct fixture f;

    (void)state;
    fixture_start(&f, answer_nothing, NULL, "127.0.0.1");
    f.session.settings.retries = 1;
    assert_false(fixture_run(&f, "tracking"));
    assert_false(fixture_run(&f, "tracking"));
    fixture_stop(&f);
    assert_string_equal(f.out_text, "506 Cannot talk to daemon\n506 Cannot talk to daemon\n");
    assert_int_equal(f.daemon.count, 4);
    fixture_free(&f);
}

static size_t answer_activity(struct fake_daemon *d, const struct fake_request *r, size_t n,
                              uint8_t *out)
{
    (void)d;
    (void)n;
    return activity_reply(r, out);
}

static void refused_address_moves_on_at_once(void **state)
{
    struct fixture f;
    int64_t start = transport_now_ms();

    (void)state;
    /* Nobody listens on the same port of 127.0.0.2. */
    fixture_start(&f, answer_activity, NULL, "/nonexistent/sock,127.0.0.2,127.0.0.1");
    f.session.settings.timeout_ms = 5000;
    assert_true(fixture_run(&f, "activity"));
    fixture_stop(&f);
    assert_string_equal(f.out_text, ACTIVITY_TEXT);
    assert_true(transport_now_ms() - start < 2000);
    fixture_free(&f);
}

static size_t answer_status(struct fake_daemon *d, const struct fake_request *r, size_t n,
                            uint8_t *out)
{
    const uint16_t *status = d->ctx;

    (void)n;
    return fake_reply(r, CANDM_RPY_null, *status, out).used;
}

static void every_status_has_its_line(void **state)
{
    static const struct {
        uint16_t status;
        const char *line;
        bool success;
    } rows[] = {
        {0, "200 OK\n", true},
        {1, "500 Failure\n", false},
        {2, "501 Not authorised\n", false},
        {3, "502 Invalid command\n", false},
        {4, "503 No such source\n", false},
        {5, "504 Duplicate or stale logon detected\n", false},
        {6, "505 Facility not enabled in daemon\n", false},
        {7, "507 Bad subnet\n", false},
        {8, "208 Access allowed\n", true},
        {9, "209 Access denied\n", true},
        {10, "510 No command access from this host\n", false},
        {11, "511 Source already present\n", false},
        {12, "512 Too many sources present\n", false},
        {13, "513 RTC driver not running\n", false},
        {14, "514 Can't write RTC parameters\n", false},
        {15, "519 Client logging is not active in the daemon\n", false},
        {16, "516 Sample index out of range\n", false},
        {17, "515 Invalid address family\n", false},
        {18, "517 Protocol version mismatch\n", false},
        {19, "518 Packet length mismatch\n", false},
        {20, "520 Got unexpected error from daemon\n", false},
        {21, "521 Invalid name\n", false},
        {22, "520 Got unexpected error from daemon\n", false},
        {65535, "520 Got unexpected error from daemon\n", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint16_t status = rows[i].status;
        struct fixture f;

        fixture_start(&f, answer_status, &status, "127.0.0.1");
        assert_int_equal(fixture_run(&f, "accheck 1.2.3.4"), rows[i].success);
        fixture_stop(&f);
        assert_string_equal(f.out_text, rows[i].line);
        fixture_free(&f);
    }
}

static void success_with_another_reply_is_a_bad_one(void **state)
{
    uint16_t status = 0;
    struct fixture f;

    (void)state;
    fixture_start(&f, answer_status, &status, "127.0.0.1");
    assert_false(fixture_run(&f, "tracking"));
    fixture_stop(&f);
    assert_string_equal(f.out_text, "508 Bad reply from daemon\n");
    fixture_free(&f);
    fixture_start(&f, answer_activity, NULL, "127.0.0.1");
    assert_false(fixture_run(&f, "reselect"));
    fixture_stop(&f);
    assert_string_equal(f.out_text, "508 Bad reply from daemon\n");
    fixture_free(&f);
}

static void failure_in_json_is_a_document(void **state)
{
    uint16_t status = 2;
    struct fixture f;

    (void)state;
    fixture_start(&f, answer_status, &status, "127.0.0.1");
    f.session.settings.render = RENDER_JSON;
    assert_false(fixture_run(&f, "clients"));
    fixture_stop(&f);
    assert_string_equal(f.out_text, "{\"schema\":\"status\",\"version\":1,\"status\":501,"
                                    "\"message\":\"Not authorised\"}\n");
    fixture_free(&f);
}

/* --- old daemons ----------------------------------------------------------------------------- */

static size_t answer_old(struct fake_daemon *d, const struct fake_request *r, size_t n,
                         uint8_t *out)
{
    struct wire_out wire;

    (void)d;
    (void)n;
    if (r->header.command == CANDM_REQ_LOCAL || r->header.command == CANDM_REQ_DOFFSET)
        return fake_reply(r, CANDM_RPY_null, CANDM_INVALID, out).used;
    if (r->header.command == CANDM_REQ_SERVER_STATS) {
        wire = fake_reply(r, CANDM_RPY_server_stats3, 0, out);
        for (uint32_t i = 1; i <= 11; i++)
            wire_put_u32(&wire, i);
        return wire.used;
    }
    return fake_reply(r, CANDM_RPY_null, 0, out).used;
}

static void old_serverstats_are_understood(void **state)
{
    struct fixture f;

    (void)state;
    fixture_start(&f, answer_old, NULL, "127.0.0.1");
    f.session.settings.render = RENDER_CSV;
    assert_true(fixture_run(&f, "serverstats"));
    fixture_stop(&f);
    assert_string_equal(f.out_text, "1,4,3,6,7,2,5,8,9,10,11\n");
    fixture_free(&f);
}

static void unknown_requests_fall_back_to_their_older_form(void **state)
{
    struct fixture f;

    (void)state;
    fixture_start(&f, answer_old, NULL, "127.0.0.1");
    assert_true(fixture_run(&f, "local stratum 5 orphan"));
    assert_true(fixture_run(&f, "doffset -1.25"));
    assert_false(fixture_run(&f, "local activate 1"));
    fixture_stop(&f);
    assert_string_equal(f.out_text, "200 OK\n200 OK\n502 Invalid command\n");
    assert_int_equal(f.daemon.count, 5);
    assert_int_equal(f.daemon.requests[1].header.command, CANDM_REQ_OLD_LOCAL2);
    assert_int_equal(f.daemon.requests[1].length, 36);
    assert_int_equal(f.daemon.requests[3].header.command, CANDM_REQ_OLD_DOFFSET);
    assert_int_equal(f.daemon.requests[3].length, 28);
    fixture_free(&f);
}

/* --- with a key ------------------------------------------------------------------------------ */

static const struct key operator_key = {7, KEY_SHA256, 20, "twenty bytes of key!"};

/* What a daemon with that key does, and how it misbehaves in a test. */
struct keyed {
    enum { KEYED_GOOD, KEYED_FLIP, KEYED_PLAIN, KEYED_UNKNOWN, KEYED_WRONG, KEYED_FORGET } kind;
    size_t executed;
    bool spoiled; /* what can be done once was done */
};

static void append_trailer(struct wire_out *wire, const struct envelope_request *e, uint8_t cookie)
{
    struct envelope_reply reply = {.key_id = e->key_id, .counter = e->counter};

    memset(reply.cookie, cookie, sizeof(reply.cookie));
    envelope_put_reply(wire, &reply);
}

static size_t answer_keyed(struct fake_daemon *d, const struct fake_request *r, size_t n,
                           uint8_t *out)
{
    struct keyed *k = d->ctx;
    struct envelope_request e;
    struct envelope_keys keys;
    struct wire_out wire = fake_reply(r, CANDM_RPY_null, CANDM_UNAUTH, out);
    bool proved;

    (void)n;
    if (k->kind == KEYED_PLAIN)
        return activity_reply(r, out);
    if (!envelope_is_request(r->bytes, r->length))
        return 0;
    envelope_get_request(r->bytes, r->length, &e);
    if (k->kind == KEYED_UNKNOWN) {
        append_trailer(&wire, &e, 0);
        return wire.used;
    }
    if (k->kind == KEYED_FORGET && !envelope_is_hello(&e) && !k->spoiled) {
        k->spoiled = true;
        append_trailer(&wire, &e, 0xbb);
        return wire.used;
    }
    if (envelope_is_hello(&e)) {
        append_trailer(&wire, &e, 0xaa);
        return wire.used;
    }
    if (!envelope_derive(&operator_key, &keys))
        return 0;
    proved = envelope_check_request(&keys, r->bytes, r->length);
    if (!proved || k->kind == KEYED_WRONG) {
        append_trailer(&wire, &e, 0);
        return wire.used;
    }
    k->executed++;
    wire = wire_out_of(out, 1024);
    wire.used = activity_reply(r, out);
    append_trailer(&wire, &e, 0xcc);
    envelope_sign_reply(&keys, e.mac, out, wire.used);
    if (k->kind == KEYED_FLIP && !k->spoiled) {
        k->spoiled = true;
        out[40] ^= 1;
    }
    return wire.used;
}

static void keyed_start(struct fixture *f, struct keyed *k)
{
    struct auth *a;

    fixture_start(f, answer_keyed, k, "127.0.0.1");
    a = &f->session.auth;
    a->on = true;
    a->key_id = operator_key.id;
    assert_true(envelope_derive(&operator_key, &a->keys));
    transport_random(a->nonce, sizeof(a->nonce));
}

static void key_is_proved_after_a_hello(void **state)
{
    struct keyed k = {KEYED_GOOD, 0, false};
    struct fixture f;

    (void)state;
    keyed_start(&f, &k);
    assert_true(fixture_run(&f, "activity"));
    assert_true(fixture_run(&f, "activity"));
    fixture_stop(&f);
    assert_string_equal(f.out_text, ACTIVITY_TEXT ACTIVITY_TEXT);
    assert_int_equal(k.executed, 2);
    /* one hello in the whole session */
    assert_int_equal(f.daemon.count, 3);
    assert_int_equal(f.daemon.requests[0].length, 48 + ENVELOPE_REQUEST_BYTES);
    fixture_free(&f);
}

static void reply_with_a_flipped_bit_is_a_stray_and_the_request_is_repeated_as_it_was(void **state)
{
    struct keyed k = {KEYED_FLIP, 0, false};
    struct fixture f;

    (void)state;
    keyed_start(&f, &k);
    assert_true(fixture_run(&f, "activity"));
    fixture_stop(&f);
    assert_string_equal(f.out_text, ACTIVITY_TEXT);
    assert_int_equal(f.daemon.count, 3);
    assert_int_equal(f.daemon.requests[1].length, f.daemon.requests[2].length);
    assert_memory_equal(f.daemon.requests[1].bytes, f.daemon.requests[2].bytes,
                        f.daemon.requests[1].length);
    fixture_free(&f);
}

static void plain_reply_proves_nothing(void **state)
{
    struct keyed k = {KEYED_PLAIN, 0, false};
    struct fixture f;

    (void)state;
    keyed_start(&f, &k);
    f.session.settings.retries = 0;
    f.session.settings.hints = true;
    assert_false(fixture_run(&f, "activity"));
    fixture_stop(&f);
    assert_string_equal(f.out_text, "506 Cannot talk to daemon\n");
    assert_non_null(strstr(f.err_text, "without proof of key 7"));
    fixture_free(&f);
}

static void unknown_and_wrong_keys_are_refused_without_a_storm(void **state)
{
    (void)state;
    for (int kind = KEYED_UNKNOWN; kind <= KEYED_WRONG; kind++) {
        struct keyed k = {kind, 0, false};
        struct fixture f;

        keyed_start(&f, &k);
        assert_false(fixture_run(&f, "activity"));
        fixture_stop(&f);
        assert_string_equal(f.out_text, "501 Not authorised\n");
        assert_true(f.daemon.count <= 2);
        fixture_free(&f);
    }
}

static void expired_cookie_is_replaced_without_the_operator_noticing(void **state)
{
    struct keyed k = {KEYED_FORGET, 0, false};
    struct fixture f;

    (void)state;
    keyed_start(&f, &k);
    assert_true(fixture_run(&f, "activity"));
    fixture_stop(&f);
    assert_string_equal(f.out_text, ACTIVITY_TEXT);
    assert_int_equal(k.executed, 1);
    assert_int_equal(f.daemon.count, 3);
    fixture_free(&f);
}

static void key_files_are_read_and_judged(void **state)
{
    static const char text[] = "1 SHA1 HEX:8484848484848484848484\n"
                               "7 SHA256 HEX:00112233445566778899AABBCCDDEEFF00112233\n";
    char path[] = "/tmp/chronyc_keys.XXXXXX";
    int fd = mkstemp(path);
    struct auth a = {.on = false};
    bool exposed = true;
    struct err err;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    close(fd);
    assert_true(auth_start(&a, path, 7, &exposed, &err));
    assert_true(a.on && !exposed && a.key_id == 7);
    assert_false(auth_start(&a, path, 1, &exposed, &err));
    assert_false(a.on);
    assert_non_null(strstr(err.text, "shorter than 16 bytes"));
    assert_false(auth_start(&a, path, 9, &exposed, &err));
    assert_non_null(strstr(err.text, "No key 9"));
    unlink(path);
    assert_false(auth_start(&a, path, 7, &exposed, &err));
    auth_stop(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_is_repeated_with_a_new_sequence_number),
        cmocka_unit_test(stray_replies_are_ignored),
        cmocka_unit_test(short_reply_means_the_next_attempt_at_once),
        cmocka_unit_test(version_five_is_spoken_with_an_old_daemon),
        cmocka_unit_test(other_versions_are_a_mismatch),
        cmocka_unit_test(silence_ends_with_506_after_all_attempts),
        cmocka_unit_test(refused_address_moves_on_at_once),
        cmocka_unit_test(every_status_has_its_line),
        cmocka_unit_test(success_with_another_reply_is_a_bad_one),
        cmocka_unit_test(failure_in_json_is_a_document),
        cmocka_unit_test(old_serverstats_are_understood),
        cmocka_unit_test(unknown_requests_fall_back_to_their_older_form),
        cmocka_unit_test(key_is_proved_after_a_hello),
        cmocka_unit_test(reply_with_a_flipped_bit_is_a_stray_and_the_request_is_repeated_as_it_was),
        cmocka_unit_test(plain_reply_proves_nothing),
        cmocka_unit_test(unknown_and_wrong_keys_are_refused_without_a_storm),
        cmocka_unit_test(expired_cookie_is_replaced_without_the_operator_noticing),
        cmocka_unit_test(key_files_are_read_and_judged),
    };

    return cmocka_run_group_tests_name("chronyc_client", tests, NULL, NULL);
}
