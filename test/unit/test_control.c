#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "chronyd/control/handlers.h"
#include "test/unit/memory_daemon.h"

static const char *const quiet[] = {"port 0", NULL};
static const char *const server[] = {"server 192.0.2.1 minpoll 5 prefer",
                                     "server 192.0.2.2 offline", "port 0", NULL};

static const struct toy_asker neighbour = {"127.0.0.5", NULL};
static const struct toy_asker loopback6 = {"::1", NULL};
static const struct toy_asker unbound = {NULL, ""};

static void every_row_has_a_handler_and_every_handler_a_row(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= UINT16_MAX; code++) {
        bool old = code == CANDM_REQ_OLD_NULL || code == CANDM_REQ_OLD_DOFFSET ||
                   code == CANDM_REQ_OLD_LOCAL2;

        assert_int_equal(handler_for((uint16_t)code) != NULL,
                         candm_row((uint16_t)code) != NULL || old);
    }
}

/* Section 8.26: what the reference answers to constructed requests. */
static void headers_are_checked_in_the_order_of_the_specification(void **state)
{
    static const struct {
        uint8_t version, type, res1;
        uint16_t command;
        size_t length;
        int status; /* -1: silence */
    } cases[] = {
        {5, 1, 0, 33, 104, 18}, {7, 1, 0, 33, 104, 18}, {255, 1, 0, 33, 104, 18},
        {4, 1, 0, 33, 104, -1}, {0, 1, 0, 33, 104, -1}, {5, 1, 0, 33, 20, -1},
        {5, 1, 0, 999, 28, 18}, {6, 1, 0, 33, 28, 19},  {6, 1, 0, 33, 103, 19},
        {6, 1, 0, 33, 104, 0},  {6, 1, 0, 33, 860, 0},  {6, 1, 0, 33, 861, -1},
        {6, 1, 0, 33, 27, -1},  {6, 0, 0, 33, 104, -1}, {6, 2, 0, 33, 104, -1},
        {6, 1, 1, 33, 104, -1}, {6, 1, 0, 75, 28, 3},   {6, 1, 0, 65535, 28, 3},
        {6, 1, 0, 10, 32, 3},   {6, 1, 0, 12, 32, 3},   {6, 1, 0, 54, 47, 19},
        {6, 1, 0, 54, 196, 2},  {6, 1, 0, 57, 151, 19}, {6, 1, 0, 57, 172, 2},
        {6, 1, 0, 62, 28, 2},   {6, 1, 0, 0, 28, 0},    {6, 1, 0, 56, 35, 19},
        {6, 1, 0, 56, 36, 2},   {6, 1, 0, 32, 28, 2},   {6, 1, 0, 62, 27, -1},
    };
    struct toy_daemon d = {0};

    (void)state;
    assert_true(toy_daemon_start(&d, quiet));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t buf[900];
        bool answered;

        (void)toy_request(buf, sizeof(buf), cases[i].command);
        buf[0] = cases[i].version;
        buf[1] = cases[i].type;
        buf[2] = cases[i].res1;
        answered = toy_daemon_send(&d, &toy_loopback, buf, cases[i].length);
        if (answered != (cases[i].status >= 0))
            fail_msg("case %zu", i);
        if (!answered)
            continue;
        assert_int_equal(d.toy.sent_data[0], CANDM_VERSION);
        assert_int_equal(d.toy.sent_data[1], 2);
        assert_memory_equal(d.toy.sent_data + 4, buf + 4, 2);
        assert_memory_equal(d.toy.sent_data + 16, "\xde\xad\xbe\xef", 4);
        if (d.toy.sent_data[9] != cases[i].status)
            fail_msg("case %zu: status %d", i, d.toy.sent_data[9]);
        if (cases[i].status != 0) {
            assert_int_equal(d.toy.sent.length, CANDM_REPLY_HEADER);
            assert_int_equal(d.toy.sent_data[7], CANDM_RPY_null);
        }
    }
    toy_daemon_stop(&d);
}

static void udp_opens_what_opencommands_names_and_the_unix_socket_everything(void **state)
{
    static const char *const some[] = {"port 0", "opencommands serverstats authdata", NULL};
    struct toy_daemon d = {0}, e = {0};
    size_t count;
    const struct candm_row *rows = candm_rows(&count);

    (void)state;
    assert_true(toy_daemon_start(&d, quiet));
    assert_true(toy_daemon_start(&e, some));
    for (size_t i = 0; i < count; i++) {
        uint16_t code = rows[i].code;
        bool open = code == 54 || code == 67 || code == 14;

        if (code == CANDM_REQ_SHUTDOWN)
            continue;
        assert_int_equal(toy_command(&d, &toy_loopback, code, NULL) != CANDM_UNAUTH,
                         rows[i].class == CANDM_N);
        assert_int_equal(toy_command(&e, &loopback6, code, NULL) != CANDM_UNAUTH, open);
        assert_int_not_equal(toy_command(&d, &toy_local, code, NULL), CANDM_UNAUTH);
    }
    toy_daemon_stop(&e);
    toy_daemon_stop(&d);
}

static void strangers_get_no_answer_until_cmdallow_admits_them(void **state)
{
    struct toy_daemon d = {0};
    uint8_t buf[64];
    struct wire_out out;

    (void)state;
    assert_true(toy_daemon_start(&d, quiet));
    assert_int_equal(toy_command(&d, &neighbour, CANDM_REQ_TRACKING, NULL), -1);
    assert_int_equal(toy_command(&d, &unbound, CANDM_REQ_TRACKING, NULL), -1);
    out = toy_request(buf, sizeof(buf), CANDM_REQ_CMDALLOW);
    candm_put_req_subnet(&out,
                         &(struct candm_req_subnet){.net = addr_from_ipv4(0x7f000000), .bits = 8});
    assert_int_equal(toy_ask(&d, &toy_local, buf, 44, NULL), CANDM_SUCCESS);
    assert_non_null(strstr(d.toy.log_text, "Allowed command access from 127.0.0.0/8\n"));
    assert_int_equal(toy_command(&d, &neighbour, CANDM_REQ_TRACKING, NULL), CANDM_SUCCESS);
    /* The table is only about others: loopback itself is allowed in any case. */
    out = toy_request(buf, sizeof(buf), CANDM_REQ_CMDDENYALL);
    candm_put_req_subnet(&out, &(struct candm_req_subnet){0});
    assert_int_equal(toy_ask(&d, &toy_local, buf, 44, NULL), CANDM_SUCCESS);
    assert_int_equal(toy_command(&d, &toy_loopback, CANDM_REQ_TRACKING, NULL), CANDM_SUCCESS);
    assert_int_equal(toy_command(&d, &neighbour, CANDM_REQ_TRACKING, NULL), -1);
    toy_daemon_stop(&d);
}

static void access_rules_are_changed_checked_and_refused(void **state)
{
    static const struct {
        uint16_t command;
        uint32_t net;
        uint8_t family;
        int32_t bits;
        int status;
    } cases[] = {
        {CANDM_REQ_ALLOW, 0x0a000000, ADDR_IPV4, 8, CANDM_SUCCESS},
        {CANDM_REQ_DENY, 0x0a010000, ADDR_IPV4, 16, CANDM_SUCCESS},
        {CANDM_REQ_ALLOW, 0x0a000000, ADDR_IPV4, 33, CANDM_BAD_SUBNET},
        {CANDM_REQ_ALLOW, 0x0a000000, ADDR_IPV4, -1, CANDM_BAD_SUBNET},
        {CANDM_REQ_ALLOW, 0, ADDR_NONE, 1, CANDM_BAD_SUBNET},
        {CANDM_REQ_ALLOW, 1, ADDR_ID, 0, CANDM_BAD_SUBNET},
        {CANDM_REQ_ACCHECK, 0x0a020304, ADDR_IPV4, 0, CANDM_ACCESS_ALLOWED},
        {CANDM_REQ_ACCHECK, 0x0a010304, ADDR_IPV4, 0, CANDM_ACCESS_DENIED},
        {CANDM_REQ_ACCHECK, 0x7f000001, ADDR_IPV4, 0, CANDM_ACCESS_DENIED},
        {CANDM_REQ_ACCHECK, 0, ADDR_NONE, 0, CANDM_ACCESS_DENIED},
        {CANDM_REQ_CMDACCHECK, 0x7f000001, ADDR_IPV4, 0, CANDM_ACCESS_DENIED},
        {CANDM_REQ_ALLOWALL, 0, ADDR_NONE, 0, CANDM_SUCCESS},
        {CANDM_REQ_ACCHECK, 0x0a010304, ADDR_IPV4, 0, CANDM_ACCESS_ALLOWED},
    };
    struct toy_daemon d = {0};

    (void)state;
    assert_true(toy_daemon_start(&d, quiet));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t buf[64];
        struct wire_out out = toy_request(buf, sizeof(buf), cases[i].command);
        struct candm_req_subnet r = {.net = addr_from_ipv4(cases[i].net), .bits = cases[i].bits};

        r.net.family = cases[i].family;
        candm_put_req_subnet(&out, &r);
        if (toy_ask(&d, &toy_local, buf, 44, NULL) != cases[i].status)
            fail_msg("case %zu", i);
    }
    assert_non_null(strstr(d.toy.log_text, "Allowed NTP access from 10.0.0.0/8\n"));
    assert_non_null(strstr(d.toy.log_text, "Denied NTP access from 10.1.0.0/16\n"));
    toy_daemon_stop(&d);
}

static void an_unsynchronised_daemon_reports_what_the_reference_does(void **state)
{
    struct toy_daemon d = {0};
    union candm_reply_payload r;

    (void)state;
    assert_true(toy_daemon_start(&d, quiet));
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_TRACKING, &r), CANDM_SUCCESS);
    assert_int_equal(r.tracking_.leap, 3);
    assert_int_equal(r.tracking_.stratum, 0);
    assert_int_equal(r.tracking_.refid, 0);
    assert_int_equal(r.tracking_.ref_time.sec, 0);
    assert_true(r.tracking_.root_delay_s == 1.0 && r.tracking_.root_dispersion_s == 1.0);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_N_SOURCES, &r), CANDM_SUCCESS);
    assert_int_equal(r.n_sources_.count, 0);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_RTCREPORT, &r), CANDM_NO_RTC);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_TRIMRTC, &r), CANDM_NO_RTC);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_SMOOTHING, &r), CANDM_NOT_ENABLED);
    toy_daemon_stop(&d);
}

static int by_index(struct toy_daemon *d, uint16_t command, int32_t index,
                    union candm_reply_payload *r)
{
    uint8_t buf[CANDM_REQUEST_MAX];
    struct wire_out out = toy_request(buf, sizeof(buf), command);

    candm_put_req_int(&out, &(struct candm_req_int){index});
    return toy_ask(d, &toy_local, buf, candm_required_length(candm_row(command)), r);
}

static void sources_without_samples_are_shown_as_unknown(void **state)
{
    struct toy_daemon d = {0};
    union candm_reply_payload r;

    (void)state;
    assert_true(toy_daemon_start(&d, server));
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_N_SOURCES, &r), CANDM_SUCCESS);
    assert_int_equal(r.n_sources_.count, 2);
    assert_int_equal(by_index(&d, CANDM_REQ_SOURCE_DATA, 0, &r), CANDM_SUCCESS);
    assert_int_equal(addr_refid(&r.source_data_.address), 0xc0000201);
    assert_int_equal(r.source_data_.poll, 5);
    assert_int_equal(r.source_data_.state, CANDM_NONSELECTABLE);
    assert_int_equal(r.source_data_.since_sample_s, UINT32_MAX);
    assert_int_equal(r.source_data_.stratum, 0);
    assert_int_equal(by_index(&d, CANDM_REQ_SOURCESTATS, 0, &r), CANDM_SUCCESS);
    assert_true(r.sourcestats_.sd_s == 4.0 && r.sourcestats_.skew_ppm == 2000.0);
    assert_int_equal(by_index(&d, CANDM_REQ_SELECT_DATA, 0, &r), CANDM_SUCCESS);
    assert_int_equal(r.select_data_.leap, 3);
    assert_int_equal(r.select_data_.configured, SELECT_PREFER);
    assert_true(r.select_data_.score == 1.0);
    assert_int_equal(r.select_data_.last_sample_ago_s, 0);
    for (size_t i = 0; i < 3; i++) {
        static const uint16_t commands[] = {CANDM_REQ_SOURCE_DATA, CANDM_REQ_SOURCESTATS,
                                            CANDM_REQ_SELECT_DATA};

        assert_int_equal(by_index(&d, commands[i], 2, &r), CANDM_NO_SUCH_SOURCE);
        assert_int_equal(by_index(&d, commands[i], -1, &r), CANDM_NO_SUCH_SOURCE);
        assert_int_equal(by_index(&d, commands[i], INT32_MIN, &r), CANDM_NO_SUCH_SOURCE);
    }
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_ACTIVITY, &r), CANDM_SUCCESS);
    assert_int_equal(r.activity_.online, 1);
    assert_int_equal(r.activity_.offline, 1);
    toy_daemon_stop(&d);
}

static void verdict_and_reasons_tell_what_is_the_matter(void **state)
{
    struct toy_daemon d = {0};
    union candm_reply_payload r;

    (void)state;
    assert_true(toy_daemon_start(&d, server));
    assert_int_equal(toy_command(&d, &toy_loopback, CANDM_REQ_VERDICT, &r), CANDM_SUCCESS);
    assert_int_equal(r.verdict_.state, CANDM_VERDICT_UNSYNCHRONISED);
    assert_int_not_equal(reason_from_name(r.verdict_.reason.name), REASON_COUNT);
    assert_int_equal(by_index(&d, CANDM_REQ_SOURCE_REASON, 1, &r), CANDM_SUCCESS);
    assert_int_equal(addr_refid(&r.source_reason_.address), 0xc0000202);
    assert_string_equal(r.source_reason_.network.name, "offline");
    assert_string_equal(r.source_reason_.selection.name, "few-samples");
    assert_int_equal(r.source_reason_.state, 'M');
    assert_int_equal(by_index(&d, CANDM_REQ_SOURCE_REASON, 2, &r), CANDM_NO_SUCH_SOURCE);
    toy_daemon_stop(&d);
}

static int by_address(struct toy_daemon *d, uint16_t command, uint32_t ipv4, size_t length,
                      union candm_reply_payload *r)
{
    uint8_t buf[CANDM_REQUEST_MAX];
    struct wire_out out = toy_request(buf, sizeof(buf), command);

    candm_put_req_address(&out, &(struct candm_req_address){addr_from_ipv4(ipv4)});
    return toy_ask(d, &toy_local, buf, length ? length : candm_required_length(candm_row(command)),
                   r);
}

static void each_generation_of_clients_gets_the_reply_it_knows(void **state)
{
    static const struct {
        size_t length;
        uint8_t reply;
    } stats[] = {{48, 14},  {59, 14},  {60, 22},  {71, 22}, {72, 24},
                 {195, 24}, {196, 25}, {416, 25}, {860, 25}};
    struct toy_daemon d = {0};
    union candm_reply_payload r;

    (void)state;
    assert_true(toy_daemon_start(&d, server));
    for (size_t i = 0; i < ARRAY_LEN(stats); i++) {
        uint8_t buf[CANDM_REQUEST_MAX];

        (void)toy_request(buf, sizeof(buf), CANDM_REQ_SERVER_STATS);
        assert_int_equal(toy_ask(&d, &toy_local, buf, stats[i].length, &r), CANDM_SUCCESS);
        assert_int_equal(d.toy.sent_data[7], stats[i].reply);
        assert_int_equal(r.server_stats4_.cmd_hits, i + 1);
    }
    assert_int_equal(by_address(&d, CANDM_REQ_NTP_DATA, 0xc0000201, 152, &r), CANDM_SUCCESS);
    assert_int_equal(d.toy.sent_data[7], CANDM_RPY_ntp_data);
    assert_int_equal(by_address(&d, CANDM_REQ_NTP_DATA, 0xc0000201, 172, &r), CANDM_SUCCESS);
    assert_int_equal(d.toy.sent_data[7], CANDM_RPY_ntp_data2);
    assert_int_equal(by_address(&d, CANDM_REQ_NTP_DATA, 0xc0000203, 0, &r), CANDM_NO_SUCH_SOURCE);
    toy_daemon_stop(&d);
}

static void one_source_is_reported_and_deleted_by_its_address(void **state)
{
    struct toy_daemon d = {0};
    union candm_reply_payload r;

    (void)state;
    assert_true(toy_daemon_start(&d, server));
    assert_int_equal(by_address(&d, CANDM_REQ_NTP_SOURCE_NAME, 0xc0000201, 0, &r), CANDM_SUCCESS);
    assert_string_equal(r.source_name_.name, "192.0.2.1");
    assert_int_equal(by_address(&d, CANDM_REQ_AUTH_DATA, 0xc0000201, 0, &r), CANDM_SUCCESS);
    assert_int_equal(r.auth_data_.mode, 0);
    assert_int_equal(r.auth_data_.last_ke_ago_s, UINT32_MAX);
    assert_int_equal(by_address(&d, CANDM_REQ_DEL_SOURCE, 0xc0000201, 0, &r), CANDM_SUCCESS);
    assert_int_equal(by_address(&d, CANDM_REQ_DEL_SOURCE, 0xc0000201, 0, &r), CANDM_NO_SUCH_SOURCE);
    assert_int_equal(by_address(&d, CANDM_REQ_AUTH_DATA, 0xc0000201, 0, &r), CANDM_NO_SUCH_SOURCE);
    toy_daemon_stop(&d);
}

static struct candm_req_add_source plain_source(const char *name)
{
    struct candm_req_add_source r = {.type = CANDM_SERVER,
                                     .port = 123,
                                     .minpoll = 6,
                                     .maxpoll = 10,
                                     .presend_minpoll = 100,
                                     .poll_target = 8,
                                     .max_sources = 4,
                                     .min_samples = -1,
                                     .max_samples = -1,
                                     .nts_port = 4460,
                                     .max_delay_s = 3.0,
                                     .max_delay_dev_ratio = 10.0,
                                     .asymmetry = 1.0,
                                     .flags = CANDM_FLAG_ONLINE,
                                     .max_unreach = 100000};

    text_copy(r.name, sizeof(r.name), name);
    return r;
}

static int add(struct toy_daemon *d, const struct candm_req_add_source *r)
{
    uint8_t buf[CANDM_REQUEST_MAX];
    struct wire_out out = toy_request(buf, sizeof(buf), CANDM_REQ_ADD_SOURCE);

    candm_put_req_add_source(&out, r);
    return toy_ask(d, &toy_local, buf, 372, NULL);
}

static void sources_are_added_with_a_status_for_each_refusal(void **state)
{
    struct toy_daemon d = {0};
    struct candm_req_add_source r = plain_source("192.0.2.9");
    union candm_reply_payload reply;

    (void)state;
    assert_true(toy_daemon_start(&d, quiet));
    r.minpoll = -99;
    r.maxpoll = 99;
    assert_int_equal(add(&d, &r), CANDM_SUCCESS);
    assert_int_equal(add(&d, &r), CANDM_SOURCE_KNOWN);
    assert_int_equal(by_index(&d, CANDM_REQ_SOURCE_DATA, 0, &reply), CANDM_SUCCESS);
    assert_int_equal(reply.source_data_.poll, 6);
    r = plain_source("192.0.2.10");
    r.type = 4;
    assert_int_equal(add(&d, &r), CANDM_INVALID);
    r.type = 0;
    assert_int_equal(add(&d, &r), CANDM_INVALID);
    r = plain_source("a b");
    assert_int_equal(add(&d, &r), CANDM_INVALID_NAME);
    memset(r.name, 'a', sizeof(r.name));
    assert_int_equal(add(&d, &r), CANDM_INVALID_NAME);
    r = plain_source("192.0.2.11");
    r.flags |= CANDM_FLAG_IPV6;
    assert_int_equal(add(&d, &r), CANDM_INVALID_FAMILY);
    r = plain_source("pool.example");
    r.type = CANDM_POOL;
    r.max_sources = 2;
    assert_int_equal(add(&d, &r), CANDM_SUCCESS);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_N_SOURCES, &reply), CANDM_SUCCESS);
    assert_int_equal(reply.n_sources_.count, 5);
    assert_int_equal(by_index(&d, CANDM_REQ_SOURCE_DATA, 4, &reply), CANDM_SUCCESS);
    assert_int_equal(reply.source_data_.address.family, ADDR_ID);
    toy_daemon_stop(&d);
}

static int with_float(struct toy_daemon *d, uint16_t command, double value)
{
    uint8_t buf[CANDM_REQUEST_MAX];
    struct wire_out out = toy_request(buf, sizeof(buf), command);

    candm_put_req_float(&out, &(struct candm_req_float){value});
    return toy_ask(d, &toy_local, buf, 28, NULL);
}

static void doffset_and_dfreq_move_the_clock_the_right_way(void **state)
{
    struct toy_daemon d = {0};
    union candm_reply_payload r;
    uint8_t buf[64];
    struct wire_out out;
    double freq_ppm;

    (void)state;
    assert_true(toy_daemon_start(&d, quiet));
    assert_int_equal(with_float(&d, CANDM_REQ_DOFFSET, 0.5), CANDM_SUCCESS);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_TRACKING, &r), CANDM_SUCCESS);
    /* We are ahead by 0.5 s, so the system clock is not slow but fast. */
    assert_true(fabs(r.tracking_.current_correction_s + 0.5) < 1e-3);
    out = toy_request(buf, sizeof(buf), CANDM_REQ_OLD_DOFFSET);
    candm_put_req_doffset_old(&out, &(struct candm_req_doffset_old){.sec = -1, .usec = 250000});
    assert_int_equal(toy_ask(&d, &toy_local, buf, 28, NULL), CANDM_SUCCESS);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_TRACKING, &r), CANDM_SUCCESS);
    assert_true(fabs(r.tracking_.current_correction_s - 0.25) < 1e-3);
    freq_ppm = r.tracking_.freq_ppm;
    assert_int_equal(with_float(&d, CANDM_REQ_DFREQ, 2.0), CANDM_SUCCESS);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_TRACKING, &r), CANDM_SUCCESS);
    assert_true(fabs(r.tracking_.freq_ppm - freq_ppm - 2.0) < 1e-3);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_MAKESTEP, NULL), CANDM_SUCCESS);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_TRACKING, &r), CANDM_SUCCESS);
    assert_true(fabs(r.tracking_.current_correction_s) < 1e-6);
    d.toy.forbid_step = true;
    assert_int_equal(with_float(&d, CANDM_REQ_DOFFSET, 0.5), CANDM_SUCCESS);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_MAKESTEP, NULL), CANDM_FAILED);
    toy_daemon_stop(&d);
}

static int local(struct toy_daemon *d, const struct candm_req_local *r)
{
    uint8_t buf[64];
    struct wire_out out = toy_request(buf, sizeof(buf), CANDM_REQ_LOCAL);

    candm_put_req_local(&out, r);
    return toy_ask(d, &toy_local, buf, 48, NULL);
}

static void local_reference_is_switched_on_and_off(void **state)
{
    struct toy_daemon d = {0};
    union candm_reply_payload r;
    uint8_t buf[64];
    struct wire_out out;

    (void)state;
    assert_true(toy_daemon_start(&d, quiet));
    assert_int_equal(
        local(&d, &(struct candm_req_local){.on = 1, .stratum = 99, .distance_s = 1.0}),
        CANDM_SUCCESS);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_TRACKING, &r), CANDM_SUCCESS);
    assert_int_equal(r.tracking_.refid, 0x7f7f0101);
    assert_int_equal(r.tracking_.stratum, 15);
    assert_int_equal(r.tracking_.address.family, ADDR_NONE);
    assert_int_equal(local(&d, &(struct candm_req_local){0}), CANDM_SUCCESS);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_TRACKING, &r), CANDM_SUCCESS);
    assert_int_equal(r.tracking_.stratum, 0);
    out = toy_request(buf, sizeof(buf), CANDM_REQ_OLD_LOCAL2);
    candm_put_req_local2(&out,
                         &(struct candm_req_local2){.on = 1, .stratum = 8, .distance_s = 1.0});
    assert_int_equal(toy_ask(&d, &toy_local, buf, 36, NULL), CANDM_SUCCESS);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_TRACKING, &r), CANDM_SUCCESS);
    assert_int_equal(r.tracking_.stratum, 8);
    assert_non_null(strstr(d.toy.log_text, "Enabled local reference mode\n"));
    assert_non_null(strstr(d.toy.log_text, "Disabled local reference mode\n"));
    toy_daemon_stop(&d);
}

static int with_int(struct toy_daemon *d, uint16_t command, int32_t value)
{
    return by_index(d, command, value, NULL);
}

static int settime(struct toy_daemon *d, double offset_s, union candm_reply_payload *r)
{
    uint8_t buf[64];
    struct wire_out out = toy_request(buf, sizeof(buf), CANDM_REQ_SETTIME);
    struct utc t = utc_add_s(d->toy.utc, offset_s);

    candm_put_req_settime(&out, &(struct candm_req_settime){
                                    {.sec = t.ns / NS_PER_S, .nsec = (uint32_t)(t.ns % NS_PER_S)}});
    return toy_ask(d, &toy_local, buf, 40, r);
}

static void typed_time_needs_manual_and_moves_the_clock(void **state)
{
    struct toy_daemon d = {0};
    union candm_reply_payload r;

    (void)state;
    assert_true(toy_daemon_start(&d, quiet));
    assert_int_equal(settime(&d, -3.0, &r), CANDM_NOT_ENABLED);
    assert_int_equal(with_int(&d, CANDM_REQ_MANUAL, 1), CANDM_SUCCESS);
    assert_int_equal(with_int(&d, CANDM_REQ_MANUAL, 3), CANDM_INVALID);
    assert_int_equal(settime(&d, -3.0, &r), CANDM_SUCCESS);
    assert_true(fabs(r.manual_timestamp_.offset_s - 3.0) < 1e-6);
    assert_true(r.manual_timestamp_.dfreq_ppm == 0.0);
    assert_int_equal(settime(&d, -3.0, &r), CANDM_FAILED);
    toy_daemon_run(&d, 10.0);
    assert_int_equal(settime(&d, -1e12, &r), CANDM_FAILED);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_MANUAL_LIST, &r), CANDM_SUCCESS);
    assert_int_equal(r.manual_list_.count, 1);
    assert_true(fabs(r.manual_list_.samples[0].original_s - 3.0) < 1e-6);
    assert_true(fabs(r.manual_list_.samples[0].slewed_s) < 1e-6);
    assert_int_equal(with_int(&d, CANDM_REQ_MANUAL_DELETE, 1), CANDM_BAD_SAMPLE);
    assert_int_equal(with_int(&d, CANDM_REQ_MANUAL_DELETE, -1), CANDM_BAD_SAMPLE);
    assert_int_equal(with_int(&d, CANDM_REQ_MANUAL_DELETE, 0), CANDM_SUCCESS);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_MANUAL_LIST, &r), CANDM_SUCCESS);
    assert_int_equal(r.manual_list_.count, 0);
    assert_int_equal(with_int(&d, CANDM_REQ_MANUAL, 0), CANDM_SUCCESS);
    assert_int_equal(settime(&d, 0.0, &r), CANDM_NOT_ENABLED);
    toy_daemon_stop(&d);
}

static void clients_are_listed_page_by_page_and_reset(void **state)
{
    struct toy_daemon d = {0};
    union candm_reply_payload r;
    uint8_t buf[CANDM_REQUEST_MAX];
    uint32_t next = 0, found = 0;

    (void)state;
    assert_true(toy_daemon_start(&d, (const char *const[]){"port 0", "cmdallow", NULL}));
    for (int i = 0; i < 20; i++) {
        char text[32];
        struct toy_asker from = {text_format(text, sizeof(text), "10.0.0.%d", i + 1), NULL};

        assert_int_equal(toy_command(&d, &from, CANDM_REQ_ACTIVITY, NULL), CANDM_SUCCESS);
    }
    do {
        struct wire_out out = toy_request(buf, sizeof(buf), CANDM_REQ_CLIENT_ACCESSES);

        candm_put_req_client_accesses(&out, &(struct candm_req_client_accesses){
                                                .first_index = next, .n_clients = 9, .reset = 1});
        assert_int_equal(toy_ask(&d, &toy_local, buf, 520, &r), CANDM_SUCCESS);
        assert_true(r.client_accesses_.next_index > next);
        next = r.client_accesses_.next_index;
        for (uint32_t i = 0; i < r.client_accesses_.count; i++, found++)
            assert_int_equal(r.client_accesses_.clients[i].cmd_hits, 1);
    } while (next < r.client_accesses_.n_indices && r.client_accesses_.count == 8);
    assert_int_equal(found, 20);
    toy_daemon_stop(&d);
    assert_true(toy_daemon_start(&d, (const char *const[]){"port 0", "noclientlog", NULL}));
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_CLIENT_ACCESSES, &r), CANDM_INACTIVE);
    toy_daemon_stop(&d);
}

static void too_many_requests_are_dropped_and_counted(void **state)
{
    struct toy_daemon d = {0};
    union candm_reply_payload r;
    struct toy_asker from = {"10.0.0.1", NULL};
    int answered = 0;

    (void)state;
    assert_true(toy_daemon_start(
        &d, (const char *const[]){"port 0", "cmdallow", "cmdratelimit interval 1 burst 4", NULL}));
    for (int i = 0; i < 100; i++)
        answered += toy_command(&d, &from, CANDM_REQ_ACTIVITY, NULL) == CANDM_SUCCESS;
    assert_in_range(answered, 4, 60);
    for (int i = 0; i < 100; i++)
        assert_int_equal(toy_command(&d, &toy_loopback, CANDM_REQ_ACTIVITY, NULL), CANDM_SUCCESS);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_SERVER_STATS, &r), CANDM_SUCCESS);
    assert_int_equal(r.server_stats4_.cmd_hits, 201);
    assert_int_equal(r.server_stats4_.cmd_drops, 100 - answered);
    toy_daemon_stop(&d);
}

static void shutdown_answers_before_the_daemon_ends(void **state)
{
    struct toy_daemon d = {0};

    (void)state;
    assert_true(toy_daemon_start(&d, quiet));
    assert_int_equal(toy_command(&d, &toy_loopback, CANDM_REQ_SHUTDOWN, NULL), CANDM_UNAUTH);
    assert_int_equal(chronyd_state(d.chronyd), CHRONYD_RUNNING);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_SHUTDOWN, NULL), CANDM_SUCCESS);
    assert_int_equal(chronyd_state(d.chronyd), CHRONYD_DONE);
    toy_daemon_stop(&d);
}

static void a_reply_goes_back_to_the_address_and_path_it_came_from(void **state)
{
    struct toy_daemon d = {0};
    uint8_t buf[104];
    struct event ev = {.type = EVENT_DATAGRAM};

    (void)state;
    assert_true(toy_daemon_start(&d, (const char *const[]){"port 0", "cmdallow", NULL}));
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_TRACKING, NULL), CANDM_SUCCESS);
    assert_string_equal(d.toy.sent.unix_path, toy_local.path);
    (void)toy_request(buf, sizeof(buf), CANDM_REQ_TRACKING);
    ev.datagram = (struct os_datagram){.sock = toy_find(&d.toy, TOY_COMMAND, ADDR_IPV6),
                                       .data = buf,
                                       .length = sizeof(buf),
                                       .interface = 7};
    assert_true(addr_parse("2001:db8::5", &ev.datagram.remote.addr));
    assert_true(addr_parse("2001:db8::1", &ev.datagram.local));
    ev.datagram.remote.port = 999;
    chronyd_handle(d.chronyd, &ev);
    assert_true(addr_equal(&d.toy.sent.local, &ev.datagram.local));
    assert_true(endpoint_equal(&d.toy.sent.remote, &ev.datagram.remote));
    assert_int_equal(d.toy.sent.interface, 0);
    assert_true(addr_parse("fe80::5", &ev.datagram.remote.addr));
    chronyd_handle(d.chronyd, &ev);
    assert_int_equal(d.toy.sent.interface, 7);
    toy_daemon_stop(&d);
}

static void modifications_reach_the_source_that_is_named(void **state)
{
    struct toy_daemon d = {0};
    union candm_reply_payload r;
    uint8_t buf[64];
    struct wire_out out = toy_request(buf, sizeof(buf), CANDM_REQ_MODIFY_MINPOLL);

    (void)state;
    assert_true(toy_daemon_start(&d, server));
    candm_put_req_modify_int(
        &out, &(struct candm_req_modify_int){.address = addr_from_ipv4(0xc0000201), .value = 8});
    assert_int_equal(toy_ask(&d, &toy_local, buf, 44, NULL), CANDM_SUCCESS);
    assert_int_equal(by_index(&d, CANDM_REQ_SOURCE_DATA, 0, &r), CANDM_SUCCESS);
    assert_int_equal(r.source_data_.poll, 8);
    out = toy_request(buf, sizeof(buf), CANDM_REQ_MODIFY_MAXDELAY);
    candm_put_req_modify_float(
        &out, &(struct candm_req_modify_float){.address = addr_from_ipv4(1), .value = 8});
    assert_int_equal(toy_ask(&d, &toy_local, buf, 44, NULL), CANDM_NO_SUCH_SOURCE);
    /* -prefer +trust: the mask in one set of bits, the values in another. */
    out = toy_request(buf, sizeof(buf), CANDM_REQ_MODIFY_SELECTOPTS);
    candm_put_req_modify_selectopts(
        &out, &(struct candm_req_modify_selectopts){.address = addr_from_ipv4(0xc0000201),
                                                    .mask = SELECT_PREFER | SELECT_TRUST,
                                                    .options = CANDM_FLAG_TRUST});
    assert_int_equal(toy_ask(&d, &toy_local, buf, 52, NULL), CANDM_SUCCESS);
    assert_int_equal(by_index(&d, CANDM_REQ_SELECT_DATA, 0, &r), CANDM_SUCCESS);
    assert_int_equal(r.select_data_.configured, SELECT_TRUST);
    /* The mask says what goes; what comes does not need it. */
    out = toy_request(buf, sizeof(buf), CANDM_REQ_MODIFY_SELECTOPTS);
    candm_put_req_modify_selectopts(
        &out, &(struct candm_req_modify_selectopts){.address = addr_from_ipv4(0xc0000201),
                                                    .options = CANDM_FLAG_REQUIRE});
    assert_int_equal(toy_ask(&d, &toy_local, buf, 52, NULL), CANDM_SUCCESS);
    assert_int_equal(by_index(&d, CANDM_REQ_SELECT_DATA, 0, &r), CANDM_SUCCESS);
    assert_int_equal(r.select_data_.configured, SELECT_TRUST | SELECT_REQUIRE);
    out = toy_request(buf, sizeof(buf), CANDM_REQ_OFFLINE);
    candm_put_req_mask(&out, &(struct candm_req_mask){.mask = addr_from_ipv4(0xffffff00),
                                                      .address = addr_from_ipv4(0xc0000207)});
    assert_int_equal(toy_ask(&d, &toy_local, buf, 60, NULL), CANDM_SUCCESS);
    assert_int_equal(toy_command(&d, &toy_local, CANDM_REQ_ACTIVITY, &r), CANDM_SUCCESS);
    assert_int_equal(r.activity_.offline, 2);
    toy_daemon_stop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_a_handler_and_every_handler_a_row),
        cmocka_unit_test(headers_are_checked_in_the_order_of_the_specification),
        cmocka_unit_test(udp_opens_what_opencommands_names_and_the_unix_socket_everything),
        cmocka_unit_test(strangers_get_no_answer_until_cmdallow_admits_them),
        cmocka_unit_test(access_rules_are_changed_checked_and_refused),
        cmocka_unit_test(an_unsynchronised_daemon_reports_what_the_reference_does),
        cmocka_unit_test(sources_without_samples_are_shown_as_unknown),
        cmocka_unit_test(verdict_and_reasons_tell_what_is_the_matter),
        cmocka_unit_test(each_generation_of_clients_gets_the_reply_it_knows),
        cmocka_unit_test(one_source_is_reported_and_deleted_by_its_address),
        cmocka_unit_test(sources_are_added_with_a_status_for_each_refusal),
        cmocka_unit_test(doffset_and_dfreq_move_the_clock_the_right_way),
        cmocka_unit_test(local_reference_is_switched_on_and_off),
        cmocka_unit_test(typed_time_needs_manual_and_moves_the_clock),
        cmocka_unit_test(clients_are_listed_page_by_page_and_reset),
        cmocka_unit_test(too_many_requests_are_dropped_and_counted),
        cmocka_unit_test(shutdown_answers_before_the_daemon_ends),
        cmocka_unit_test(a_reply_goes_back_to_the_address_and_path_it_came_from),
        cmocka_unit_test(modifications_reach_the_source_that_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
