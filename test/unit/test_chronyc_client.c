/* test_chronyc_client.c - requests, retries and the replies that are accepted (spec candm-v6 1.9),
 * and what the commands send and print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "chronyc/client.h"
#include "chronyc/commands.h"
#include "chronyc/edit.h"
#include "test/unit/chronyc_daemon.h"

/* A session with streams in memory, against a fake daemon. */
struct fixture {
    struct fake_daemon daemon;
    struct session session;
    FILE *out, *err;
    char *out_text, *err_text;
    size_t out_size, err_size;
};

static void fixture_start(struct fixture *f,
                          size_t (*answer)(struct fake_daemon *, const struct fake_request *,
                                           size_t, uint8_t *),
                          void *ctx, const char *hosts)
{
    struct settings settings = {.hosts = hosts, .timeout_ms = 100, .retries = 2};

    memset(f, 0, sizeof(*f));
    fake_start(&f->daemon, answer, ctx);
    settings.port = f->daemon.port;
    f->out = open_memstream(&f->out_text, &f->out_size);
    f->err = open_memstream(&f->err_text, &f->err_size);
    assert_true(f->out && f->err);
    session_init(&f->session, &settings, f->out, f->err, NULL);
    assert_true(session_open(&f->session));
}

static bool fixture_run(struct fixture *f, const char *text)
{
    char line[TEXT_LINE_MAX + 1];

    assert_true(text_copy(line, sizeof(line), text));
    return session_run(&f->session, line);
}

/* After this the texts can be looked at. */
static void fixture_stop(struct fixture *f)
{
    fake_stop(&f->daemon);
    session_close(&f->session);
    fclose(f->out);
    fclose(f->err);
}

static void fixture_free(struct fixture *f)
{
    free(f->out_text);
    free(f->err_text);
}

static size_t activity_reply(const struct fake_request *r, uint8_t *out)
{
    const struct candm_rpy_activity a = {1, 2, 3, 4, 5};
    struct wire_out wire = fake_reply(r, CANDM_RPY_activity, 0, out);

    candm_put_rpy_activity(&wire, &a);
    return wire.used;
}

#define ACTIVITY_TEXT                                                                              \
    "200 OK\n1 sources online\n2 sources offline\n3 sources doing burst (return to online)\n"      \
    "4 sources doing burst (return to offline)\n5 sources with unknown address\n"

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
        CANDM_REQ_CMDALLOWALL,     CANDM_REQ_CMDDENYALL,
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
        cmocka_unit_test(every_command_sends_its_request_in_the_right_length),
        cmocka_unit_test(every_request_of_the_protocol_has_a_command),
        cmocka_unit_test(help_lines_are_complete),
        cmocka_unit_test(client_list_that_never_advances_ends),
        cmocka_unit_test(names_that_are_no_words_are_refused),
        cmocka_unit_test(dot_ends_every_command_but_not_comments),
        cmocka_unit_test(hints_go_to_stderr_only),
        cmocka_unit_test(completion_knows_commands_words_and_sources),
    };

    return cmocka_run_group_tests_name("chronyc_client", tests, NULL, NULL);
}
