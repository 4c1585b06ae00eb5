#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "candm/events.h"
#include "test/unit/memory_daemon.h"

static const char *const directives[] = {"port 0", "server 192.0.2.1", NULL};

#define FRAMES_MAX 256

/* One who is connected. All streams of a toy write to the same place, so tests read one at a time.
 */
struct peer {
    struct toy_daemon *daemon;
    int stream;
    size_t read; /* of toy.stream */
};

static struct peer connect_peer(struct toy_daemon *d)
{
    struct peer p = {.daemon = d, .read = d->toy.stream_used};
    struct event ev = {.type = EVENT_STREAM_OPEN};

    ev.stream.listener = toy_find(&d->toy, TOY_LISTENER, ADDR_NONE);
    assert_true(ev.stream.listener >= 0);
    ev.stream.stream = p.stream = toy_open(&d->toy, TOY_STREAM);
    chronyd_handle(d->chronyd, &ev);
    return p;
}

static bool is_open(const struct peer *p)
{
    return p->daemon->toy.sockets[p->stream].kind == TOY_STREAM;
}

static void send_bytes(struct peer *p, const uint8_t *data, size_t length)
{
    struct event ev = {.type = EVENT_STREAM_DATA};

    ev.stream.stream = p->stream;
    ev.stream.data = data;
    ev.stream.length = length;
    chronyd_handle(p->daemon->chronyd, &ev);
}

static size_t frame(uint8_t *out, uint16_t command, int32_t value)
{
    struct wire_out w = toy_request(out + 2, CANDM_REQUEST_MAX, command);
    size_t length = candm_required_length(candm_row(command));

    candm_put_req_int(&w, &(struct candm_req_int){value});
    out[0] = (uint8_t)(length >> 8);
    out[1] = (uint8_t)length;
    return length + 2;
}

static void ask(struct peer *p, uint16_t command, int32_t value)
{
    uint8_t data[CANDM_REQUEST_MAX + 2];

    send_bytes(p, data, frame(data, command, value));
}

/* The next frame, or 0 if there is none. */
static size_t receive(struct peer *p, const uint8_t **data)
{
    const uint8_t *in = (const uint8_t *)p->daemon->toy.stream + p->read;
    size_t length;

    if (p->read == p->daemon->toy.stream_used)
        return 0;
    length = (size_t)in[0] << 8 | in[1];
    p->read += length + 2;
    assert_true(p->read <= p->daemon->toy.stream_used);
    *data = in + 2;
    return length;
}

static int reply_status(struct peer *p, union candm_reply_payload *out)
{
    struct candm_reply_header h;
    const uint8_t *data;
    size_t length = receive(p, &data);

    assert_true(length > 0);
    assert_true(candm_decode_reply(data, length, &h, out));
    return h.status;
}

static bool next_event(struct peer *p, struct candm_event_header *h, union candm_event_payload *e)
{
    const uint8_t *data;
    size_t length = receive(p, &data);

    if (length == 0)
        return false;
    assert_true(candm_decode_event(data, length, h, e));
    assert_int_equal(length, CANDM_EVENT_HEADER + candm_event_bytes((enum candm_event)h->event));
    return true;
}

static void reports_are_answered_and_commands_are_not(void **state)
{
    struct toy_daemon d = {0};
    union candm_reply_payload r;
    struct peer p;
    size_t count;
    const struct candm_row *rows = candm_rows(&count);

    (void)state;
    assert_true(toy_daemon_start(&d, directives));
    p = connect_peer(&d);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].code == CANDM_REQ_SUBSCRIBE)
            continue;
        ask(&p, rows[i].code, 0);
        assert_int_equal(reply_status(&p, &r) == CANDM_UNAUTH, rows[i].class == CANDM_U);
    }
    ask(&p, CANDM_REQ_TRACKING, 0);
    assert_int_equal(reply_status(&p, &r), CANDM_SUCCESS);
    assert_int_equal(r.tracking_.leap, 3);
    assert_int_equal(chronyd_state(d.chronyd), CHRONYD_RUNNING);
    toy_daemon_stop(&d);
}

static void frames_may_come_in_pieces_or_many_at_once(void **state)
{
    struct toy_daemon d = {0};
    union candm_reply_payload r;
    uint8_t data[2 * (CANDM_REQUEST_MAX + 2)];
    size_t length;
    struct peer p;

    (void)state;
    assert_true(toy_daemon_start(&d, directives));
    p = connect_peer(&d);
    length = frame(data, CANDM_REQ_ACTIVITY, 0);
    for (size_t i = 0; i < length; i++)
        send_bytes(&p, data + i, 1);
    assert_int_equal(reply_status(&p, &r), CANDM_SUCCESS);
    assert_int_equal(r.activity_.online, 1);
    length += frame(data + length, CANDM_REQ_N_SOURCES, 0);
    send_bytes(&p, data, length);
    assert_int_equal(reply_status(&p, &r), CANDM_SUCCESS);
    assert_int_equal(reply_status(&p, &r), CANDM_SUCCESS);
    assert_int_equal(r.n_sources_.count, 1);
    /* Rubbish of a sane length gets no answer, and what follows does. */
    send_bytes(&p, (const uint8_t[]){0, 0, 0, 3, 1, 2, 3}, 7);
    ask(&p, CANDM_REQ_VERDICT, 0);
    assert_int_equal(reply_status(&p, &r), CANDM_SUCCESS);
    toy_daemon_stop(&d);
}

static void an_insane_length_ends_the_connection(void **state)
{
    struct toy_daemon d = {0};
    struct peer p;

    (void)state;
    assert_true(toy_daemon_start(&d, directives));
    p = connect_peer(&d);
    send_bytes(&p, (const uint8_t[]){3, 0x5d}, 2); /* 861 */
    assert_false(is_open(&p));
    p = connect_peer(&d);
    send_bytes(&p, (const uint8_t[]){3}, 1);
    send_bytes(&p, (const uint8_t[]){0x5c}, 1); /* 860 */
    assert_true(is_open(&p));
    toy_daemon_stop(&d);
}

static void who_subscribes_is_told_what_is_and_what_changes(void **state)
{
    struct toy_daemon d = {0};
    union candm_reply_payload r;
    union candm_event_payload e;
    struct candm_event_header h;
    uint8_t buf[64];
    struct wire_out out;
    struct peer p;

    (void)state;
    assert_true(toy_daemon_start(&d, directives));
    p = connect_peer(&d);
    ask(&p, CANDM_REQ_SUBSCRIBE, CANDM_EVENTS_ALL);
    assert_int_equal(reply_status(&p, &r), CANDM_SUCCESS);
    assert_true(next_event(&p, &h, &e));
    assert_int_equal(h.event, CANDM_EVENT_verdict);
    assert_int_equal(h.number, 1);
    assert_int_equal(h.time.sec, 1781075702);
    assert_int_equal(e.verdict_.state, CANDM_VERDICT_UNSYNCHRONISED);
    assert_true(next_event(&p, &h, &e));
    assert_int_equal(h.event, CANDM_EVENT_selected);
    assert_int_equal(e.selected_.refid, 0);
    assert_false(next_event(&p, &h, &e));
    toy_daemon_run(&d, 2.0);
    assert_false(next_event(&p, &h, &e));
    /* A source goes. */
    out = toy_request(buf, sizeof(buf), CANDM_REQ_DEL_SOURCE);
    candm_put_req_address(&out, &(struct candm_req_address){addr_from_ipv4(0xc0000201)});
    assert_int_equal(toy_ask(&d, &toy_local, buf, 40, NULL), CANDM_SUCCESS);
    toy_daemon_run(&d, 1.0);
    assert_true(next_event(&p, &h, &e));
    assert_int_equal(h.event, CANDM_EVENT_source_gone);
    assert_int_equal(h.number, 3);
    assert_int_equal(addr_refid(&e.source_gone_.address), 0xc0000201);
    while (next_event(&p, &h, &e))
        assert_int_equal(h.event, CANDM_EVENT_verdict);
    /* The clock is stepped by somebody else. */
    d.toy.utc = utc_add_s(d.toy.utc, 100.0);
    toy_daemon_run(&d, 1.0);
    assert_true(next_event(&p, &h, &e));
    assert_int_equal(h.event, CANDM_EVENT_step);
    assert_int_equal(e.step_.steps, 1);
    assert_true(e.step_.offset_s > 99.9 && e.step_.offset_s < 100.1);
    toy_daemon_stop(&d);
}

static void only_what_is_subscribed_is_told(void **state)
{
    struct toy_daemon d = {0};
    union candm_reply_payload r;
    union candm_event_payload e;
    struct candm_event_header h;
    struct peer p;

    (void)state;
    assert_true(toy_daemon_start(&d, directives));
    p = connect_peer(&d);
    ask(&p, CANDM_REQ_SUBSCRIBE, CANDM_EVENT_BIT(CANDM_EVENT_step));
    assert_int_equal(reply_status(&p, &r), CANDM_SUCCESS);
    assert_false(next_event(&p, &h, &e));
    d.toy.utc = utc_add_s(d.toy.utc, -5.0);
    toy_daemon_run(&d, 1.0);
    assert_true(next_event(&p, &h, &e));
    assert_int_equal(h.event, CANDM_EVENT_step);
    ask(&p, CANDM_REQ_SUBSCRIBE, 0);
    assert_int_equal(reply_status(&p, &r), CANDM_SUCCESS);
    d.toy.utc = utc_add_s(d.toy.utc, 5.0);
    toy_daemon_run(&d, 1.0);
    assert_false(next_event(&p, &h, &e));
    toy_daemon_stop(&d);
}

static void subscribe_is_refused_over_datagrams(void **state)
{
    struct toy_daemon d = {0};

    (void)state;
    assert_true(toy_daemon_start(&d, directives));
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_SUBSCRIBE, NULL), CANDM_INVALID);
    assert_int_equal(toy_command(&d, &toy_loopback, CANDM_REQ_SUBSCRIBE, NULL), CANDM_UNAUTH);
    toy_daemon_stop(&d);
}

/* Events beyond the queue are lost and counted; the connection and the daemon go on. */
static void a_reader_that_sleeps_loses_events_and_learns_how_many(void **state)
{
    struct toy_daemon d = {0};
    union candm_reply_payload r;
    union candm_event_payload e;
    struct candm_event_header h;
    struct event ready = {.type = EVENT_STREAM_READY};
    uint32_t number = 0, lost = 0;
    struct peer p;

    (void)state;
    assert_true(toy_daemon_start(&d, directives));
    p = connect_peer(&d);
    ask(&p, CANDM_REQ_SUBSCRIBE, CANDM_EVENT_BIT(CANDM_EVENT_step));
    assert_int_equal(reply_status(&p, &r), CANDM_SUCCESS);
    d.toy.sockets[p.stream].stream_room = 0;
    for (int i = 0; i < 500; i++) {
        d.toy.utc = utc_add_s(d.toy.utc, i % 2 ? 20.0 : -20.0);
        toy_daemon_run(&d, 0.5);
    }
    assert_true(is_open(&p));
    assert_false(next_event(&p, &h, &e));
    d.toy.sockets[p.stream].stream_room = SIZE_MAX;
    ready.stream.stream = p.stream;
    chronyd_handle(d.chronyd, &ready);
    d.toy.utc = utc_add_s(d.toy.utc, 20.0);
    toy_daemon_run(&d, 0.5);
    while (next_event(&p, &h, &e)) {
        lost += h.lost;
        assert_int_equal(h.number, ++number + lost);
    }
    assert_int_equal(number + lost, 501);
    assert_true(lost > 0 && number > 400);
    toy_daemon_stop(&d);
}

static void who_asks_without_reading_is_cut_off(void **state)
{
    struct toy_daemon d = {0};
    struct peer p;

    (void)state;
    assert_true(toy_daemon_start(&d, directives));
    p = connect_peer(&d);
    d.toy.sockets[p.stream].stream_room = 0;
    for (int i = 0; i < 1000 && is_open(&p); i++)
        ask(&p, CANDM_REQ_TRACKING, 0);
    assert_false(is_open(&p));
    toy_daemon_stop(&d);
}

/* Who reads is served at any length of time, who does not is cut off after a while. */
static void who_sleeps_on_is_cut_off_and_others_are_not(void **state)
{
    struct toy_daemon d = {0};
    struct peer sleeper, reader;
    struct candm_event_header h;
    union candm_event_payload e;
    size_t read_events = 0;
    union candm_reply_payload r;

    (void)state;
    assert_true(toy_daemon_start(&d, directives));
    sleeper = connect_peer(&d);
    ask(&sleeper, CANDM_REQ_SUBSCRIBE, CANDM_EVENT_BIT(CANDM_EVENT_step));
    reader = connect_peer(&d);
    ask(&reader, CANDM_REQ_SUBSCRIBE, CANDM_EVENT_BIT(CANDM_EVENT_step));
    assert_int_equal(reply_status(&reader, &r), CANDM_SUCCESS);
    d.toy.sockets[sleeper.stream].stream_room = 0;
    for (int i = 0; i < 600; i++) {
        d.toy.utc = utc_add_s(d.toy.utc, i % 2 ? 20.0 : -20.0);
        toy_daemon_run(&d, 0.5);
        read_events += next_event(&reader, &h, &e);
        assert_int_equal(h.lost, 0);
        if (i == 500)
            assert_true(is_open(&sleeper));
    }
    assert_false(is_open(&sleeper));
    assert_true(is_open(&reader));
    assert_int_equal(read_events, 600);
    toy_daemon_stop(&d);
}

static void who_comes_when_it_is_crowded_is_told_so(void **state)
{
    struct toy_daemon d = {0};
    struct event open = {.type = EVENT_STREAM_OPEN};
    struct candm_event_header h;
    union candm_event_payload e;
    union candm_reply_payload r;
    struct peer p, q = {.daemon = &d};

    (void)state;
    assert_true(toy_daemon_start(&d, directives));
    p = connect_peer(&d);
    open.stream.listener = toy_find(&d.toy, TOY_LISTENER, ADDR_NONE);
    open.stream.stream = q.stream = toy_open(&d.toy, TOY_STREAM);
    open.stream.crowded = true;
    chronyd_handle(d.chronyd, &open);
    assert_true(next_event(&q, &h, &e));
    assert_int_equal(h.event, CANDM_EVENT_closing);
    assert_int_equal(e.closing_.why, CANDM_CLOSING_FULL);
    assert_false(is_open(&q));
    p.read = q.read;
    ask(&p, CANDM_REQ_TRACKING, 0);
    assert_int_equal(reply_status(&p, &r), CANDM_SUCCESS);
    toy_daemon_stop(&d);
}

static void places_are_used_again_and_the_end_is_told(void **state)
{
    struct toy_daemon d = {0};
    struct peer peers[17];
    struct event closed = {.type = EVENT_STREAM_CLOSED};
    struct candm_event_header h;
    union candm_event_payload e;
    union candm_reply_payload r;

    (void)state;
    assert_true(toy_daemon_start(&d, directives));
    for (size_t i = 0; i < ARRAY_LEN(peers); i++)
        peers[i] = connect_peer(&d);
    closed.stream.stream = peers[3].stream;
    toy_close(&d.toy, peers[3].stream);
    chronyd_handle(d.chronyd, &closed);
    peers[3] = connect_peer(&d);
    assert_int_equal(peers[3].stream, closed.stream.stream);
    ask(&peers[3], CANDM_REQ_TRACKING, 0);
    assert_int_equal(reply_status(&peers[3], &r), CANDM_SUCCESS);
    toy_daemon_stop(&d);
    for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
        assert_true(next_event(&peers[3], &h, &e));
        assert_int_equal(h.event, CANDM_EVENT_closing);
        assert_int_equal(e.closing_.why, CANDM_CLOSING_END);
    }
    assert_int_equal(toy_find(&d.toy, TOY_STREAM, ADDR_NONE), -1);
    assert_int_equal(toy_find(&d.toy, TOY_LISTENER, ADDR_NONE), -1);
}

static void the_socket_can_be_closed_and_moved(void **state)
{
    static const struct {
        const char *line;
        bool good, open;
    } cases[] = {
        {"bindrosocket /", true, false},
        {"bindrosocket /run/x mode 666 group adm", true, true},
        {"bindrosocket /run/x group adm mode 0600", true, true},
        {"bindcmdaddress /", true, false},
        {"bindrosocket x", false, false},
        {"bindrosocket", false, false},
        {"bindrosocket /x mode", false, false},
        {"bindrosocket /x mode 8", false, false},
        {"bindrosocket /x mode 1777", false, false},
        {"bindrosocket /x colour red", false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *const lines[] = {"port 0", cases[i].line, NULL};
        struct toy_daemon d = {0};

        if (toy_daemon_start(&d, lines) != cases[i].good)
            fail_msg("%s", cases[i].line);
        assert_int_equal(toy_find(&d.toy, TOY_LISTENER, ADDR_NONE) >= 0, cases[i].open);
        toy_daemon_stop(&d);
    }
}

static void events_read_back_as_written(void **state)
{
    uint8_t data[256], again[256];
    struct candm_event_header h;
    union candm_event_payload e;

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)('a' + i % 26);
    data[1] = CANDM_PACKET_EVENT;
    data[2] = 0;
    for (uint8_t code = 1; code <= 6; code++) {
        size_t length = CANDM_EVENT_HEADER + candm_event_bytes((enum candm_event)code);
        struct wire_out out = wire_out_of(again, sizeof(again));

        data[3] = code;
        assert_true(candm_decode_event(data, length, &h, &e));
        for (size_t shorter = 0; shorter < length; shorter++)
            assert_false(candm_decode_event(data, shorter, &h, &e));
        candm_put_event_header(&out, &h);
        switch (code) {
#define X(name, number, bytes)                                                                     \
    case number:                                                                                   \
        candm_put_evt_##name(&out, &e.name##_);                                                    \
        break;
            CANDM_EVENTS(X)
#undef X
        }
        assert_int_equal(out.used, length);
    }
    data[3] = 7;
    assert_false(candm_decode_event(data, sizeof(data), &h, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_are_answered_and_commands_are_not),
        cmocka_unit_test(frames_may_come_in_pieces_or_many_at_once),
        cmocka_unit_test(an_insane_length_ends_the_connection),
        cmocka_unit_test(who_subscribes_is_told_what_is_and_what_changes),
        cmocka_unit_test(only_what_is_subscribed_is_told),
        cmocka_unit_test(subscribe_is_refused_over_datagrams),
        cmocka_unit_test(a_reader_that_sleeps_loses_events_and_learns_how_many),
        cmocka_unit_test(who_asks_without_reading_is_cut_off),
        cmocka_unit_test(who_sleeps_on_is_cut_off_and_others_are_not),
        cmocka_unit_test(who_comes_when_it_is_crowded_is_told_so),
        cmocka_unit_test(places_are_used_again_and_the_end_is_told),
        cmocka_unit_test(the_socket_can_be_closed_and_moved),
        cmocka_unit_test(events_read_back_as_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
