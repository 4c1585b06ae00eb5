#include "ntp_world.h"

#include "chronyd/ntp/signd.h"

#define QUESTION_BYTES 68 /* with its length */
#define ANSWER_BYTES 84

static const uint8_t key_id[4] = {0x51, 0x04, 0x00, 0x80};

static struct world *signing(void)
{
    struct ntp_settings settings = world_settings();
    struct access_rule all = {.allow = true};
    struct world *w;
    struct err err;

    settings.signd_socket = "/samba";
    w = world_create(&settings);
    w->stream.listens = true;
    assert_true(access_apply(w->access, &all, &err));
    assert_true(ntp_open_server(w->ntp, &err));
    return w;
}

/* A request of client number n: header, key id and a digest of `fill`. */
static void ask(struct world *w, uint8_t n, uint8_t fill)
{
    struct endpoint from = {addr_from_ipv4(0xc6336400U + n), 123};
    struct ntp_header h = {.version = 3, .mode = NTP_MODE_CLIENT, .transmit = {n}};
    uint8_t data[SIGND_PACKET_BYTES];

    ntp_header_encode(&h, data);
    memcpy(data + NTP_HEADER_BYTES, key_id, 4);
    memset(data + NTP_HEADER_BYTES + 4, fill, 16);
    world_deliver(w, 0, &from, data, sizeof(data));
}

static void told(struct world *w, const uint8_t *data, size_t length)
{
    struct event ev = {.type = EVENT_STREAM_DATA};

    ev.stream.stream = WORLD_STREAM;
    ev.stream.data = data;
    ev.stream.length = length;
    assert_true(ntp_handle(w->ntp, &ev));
}

static const uint8_t *question(const struct world *w, size_t n)
{
    assert_true(w->stream.length >= (n + 1) * QUESTION_BYTES);
    return w->stream.data + n * QUESTION_BYTES;
}

/* What the other end makes of the n-th question. */
static void sign(const struct world *w, size_t n, uint8_t out[ANSWER_BYTES])
{
    const uint8_t *q = question(w, n);

    memset(out, 0, ANSWER_BYTES);
    out[3] = ANSWER_BYTES - 4;
    out[11] = 3;
    memcpy(out + 14, q + 12, 2); /* the number */
    memcpy(out + 16, q + 20, NTP_HEADER_BYTES);
    memcpy(out + 64, q + 16, 4); /* the key id */
    memset(out + 68, 0xd1, 16);
}

static void request_with_an_empty_digest_is_answered_signed(void **state)
{
    static const uint8_t head[12] = {0, 0, 0, 64};
    struct world *w = signing();
    uint8_t answer[ANSWER_BYTES];
    struct ntp_packet p;
    struct server_stats stats;

    (void)state;
    ask(w, 7, 0);
    assert_int_equal(w->sent_count, 0);
    assert_int_equal(w->stream.length, QUESTION_BYTES);
    assert_memory_equal(question(w, 0), head, sizeof(head));
    assert_memory_equal(question(w, 0) + 16, key_id, 4);
    sign(w, 0, answer);
    told(w, answer, sizeof(answer));
    assert_int_equal(w->sent_count, 1);
    assert_int_equal(w->sent[0].length, SIGND_PACKET_BYTES);
    assert_int_equal(w->sent[0].remote.addr.bytes[3], 7);
    assert_int_equal(w->sent[0].remote.port, 123);
    assert_memory_equal(w->sent[0].data, answer + 16, SIGND_PACKET_BYTES);
    assert_true(ntp_packet_decode(w->sent[0].data, w->sent[0].length, &p));
    assert_int_equal(p.header.mode, NTP_MODE_SERVER);
    assert_int_equal(p.header.origin.bits, 7);
    clientlog_stats(ntp_clientlog(w->ntp), &stats);
    assert_int_equal(stats.ntp_auth_hits, 1);
    world_destroy(w);
}

static void other_digests_are_checked_here(void **state)
{
    struct ntp_settings settings = world_settings();
    struct access_rule all = {.allow = true};
    struct world *w = signing();
    struct err err;

    (void)state;
    ask(w, 1, 1);
    assert_int_equal(w->stream.connections, 0);
    assert_int_equal(w->sent_count, 0);
    world_destroy(w);
    /* Nobody signs: an unknown key. */
    w = world_create(&settings);
    assert_true(access_apply(w->access, &all, &err));
    assert_true(ntp_open_server(w->ntp, &err));
    ask(w, 1, 0);
    assert_int_equal(w->stream.connections, 0);
    assert_int_equal(w->sent_count, 0);
    world_destroy(w);
}

static void answers_come_in_pieces_and_in_order(void **state)
{
    struct world *w = signing();
    uint8_t answer[ANSWER_BYTES];

    (void)state;
    for (uint8_t i = 0; i < 5; i++)
        ask(w, i, 0);
    /* One at a time. */
    assert_int_equal(w->stream.length, QUESTION_BYTES);
    for (uint8_t i = 0; i < 5; i++) {
        sign(w, i, answer);
        for (size_t at = 0; at < sizeof(answer); at += 5)
            told(w, answer + at, sizeof(answer) - at < 5 ? sizeof(answer) - at : 5);
        assert_int_equal(w->sent_count, i + 1);
        assert_int_equal(w->sent[i].remote.addr.bytes[3], i);
    }
    assert_int_equal(w->stream.connections, 1);
    world_destroy(w);
}

static void refused_request_gets_no_answer(void **state)
{
    struct world *w = signing();
    uint8_t answer[ANSWER_BYTES];

    (void)state;
    ask(w, 1, 0);
    sign(w, 0, answer);
    answer[3] = 12;
    answer[11] = 4;
    told(w, answer, 16);
    assert_int_equal(w->sent_count, 0);
    ask(w, 2, 0);
    sign(w, 1, answer);
    told(w, answer, sizeof(answer));
    assert_int_equal(w->sent_count, 1);
    assert_int_equal(w->stream.connections, 1);
    world_destroy(w);
}

static void what_is_no_answer_ends_the_connection(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } faults[] = {
        {0, 0x80}, {2, 1},  {3, 11}, {3, 81}, /* length */
        {7, 1},                               /* version */
        {15, 99},                             /* number */
        {16, 0},   {63, 1}, {3, 79},          /* another packet, a short one */
    };
    struct world *w = signing();
    uint8_t answer[ANSWER_BYTES + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        w->stream.length = 0;
        ask(w, 1, 0);
        ask(w, 2, 0);
        sign(w, 0, answer);
        answer[faults[i].at] = faults[i].value;
        told(w, answer, ANSWER_BYTES);
        assert_int_equal(w->stream.closed, i + 1);
        assert_int_equal(w->sent_count, 0);
    }
    /* More than was asked for. */
    w->stream.length = 0;
    ask(w, 1, 0);
    sign(w, 0, answer);
    answer[ANSWER_BYTES] = 0;
    told(w, answer, ANSWER_BYTES + 1);
    assert_int_equal(w->sent_count, 1);
    told(w, (const uint8_t *)"\0\0\xff", 3);
    assert_false(w->stream.connected);
    world_destroy(w);
}

static void silence_ends_after_a_second_and_the_next_request_tries_again(void **state)
{
    struct world *w = signing();
    uint8_t answer[ANSWER_BYTES];

    (void)state;
    for (uint8_t i = 0; i < 100; i++)
        ask(w, i, 0);
    world_run(w, 0.9);
    assert_true(w->stream.connected);
    world_run(w, 0.2);
    assert_false(w->stream.connected);
    assert_int_equal(w->stream.length, QUESTION_BYTES);
    w->stream.length = 0;
    ask(w, 5, 0);
    assert_int_equal(w->stream.connections, 2);
    sign(w, 0, answer);
    told(w, answer, sizeof(answer));
    assert_int_equal(w->sent_count, 1);
    world_destroy(w);
}

static void absence_is_told_once(void **state)
{
    struct world *w = signing();
    struct event ev = {.type = EVENT_STREAM_CLOSED};
    const char *first;

    (void)state;
    w->stream.listens = false;
    for (uint8_t i = 0; i < 10; i++)
        ask(w, i, 0);
    first = strstr(w->text, "Could not connect to /samba/socket: nobody there");
    assert_non_null(first);
    assert_null(strstr(first + 1, "Could not connect"));
    w->stream.listens = w->stream.deaf = true;
    ask(w, 1, 0);
    assert_false(w->stream.connected);
    w->stream.deaf = false;
    ask(w, 1, 0);
    w->stream.connected = false; /* as the world does with its handle */
    ev.stream.stream = WORLD_STREAM;
    assert_true(ntp_handle(w->ntp, &ev));
    assert_false(ntp_handle(w->ntp, &ev));
    world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_with_an_empty_digest_is_answered_signed),
        cmocka_unit_test(other_digests_are_checked_here),
        cmocka_unit_test(answers_come_in_pieces_and_in_order),
        cmocka_unit_test(refused_request_gets_no_answer),
        cmocka_unit_test(what_is_no_answer_ends_the_connection),
        cmocka_unit_test(silence_ends_after_a_second_and_the_next_request_tries_again),
        cmocka_unit_test(absence_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
