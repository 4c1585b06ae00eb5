#include "chronyc/client.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define ATTEMPT_MS_MAX (INT64_C(1) << 45)

void request_init(struct request *r, uint16_t code)
{
    memset(r, 0, sizeof(*r));
    r->code = code;
    r->payload = wire_out_of(r->bytes, sizeof(r->bytes));
}

void request_init_index(struct request *r, uint16_t code, uint32_t index)
{
    struct candm_req_int v = {(int32_t)index};

    request_init(r, code);
    candm_put_req_int(&r->payload, &v);
}

void request_init_address(struct request *r, uint16_t code, const struct addr *address)
{
    struct candm_req_address v = {*address};

    request_init(r, code);
    candm_put_req_address(&r->payload, &v);
}

/* --- datagrams ------------------------------------------------------------------------------- */

/* Section 2.4: padded to the length of the reply, except in version 5, which knew no padding. */
static size_t request_length(const struct session *s, const struct request *r)
{
    const struct candm_row *row = candm_row(r->code);
    size_t length = CANDM_REQUEST_HEADER + r->payload.used;

    if (s->version != CANDM_VERSION)
        return length;
    if (row && length < candm_required_length(row))
        length = candm_required_length(row);
    return length < CANDM_REQUEST_MIN ? CANDM_REQUEST_MIN : length;
}

static size_t build_request(const struct session *s, const struct request *r, uint16_t attempt,
                            uint32_t sequence, uint8_t *out, size_t size)
{
    struct candm_request_header h = {
        .version = s->version,
        .type = 1,
        .command = r->code,
        .attempt = attempt,
        .sequence = sequence,
    };
    struct wire_out wire = wire_out_of(out, size);
    size_t length = request_length(s, r);

    candm_put_request_header(&wire, &h);
    wire_put_bytes(&wire, r->bytes, r->payload.used);
    wire_put_zeros(&wire, length - wire.used);
    assert(!wire.bad && !r->payload.bad);
    return wire.used;
}

enum acceptance { REPLY_GOOD, REPLY_IGNORED, REPLY_SHORT, REPLY_OLD_VERSION };

static const size_t unknown_payload = SIZE_MAX;

static size_t reply_payload_bytes(uint16_t code)
{
#define X(name, number, bytes)                                                                     \
    if (code == number)                                                                            \
        return bytes;
    CANDM_REPLIES(X)
#undef X
    return unknown_payload;
}

static enum acceptance accept_reply(const struct session *s, const struct request *r,
                                    uint32_t sequence, const uint8_t *data, size_t length,
                                    struct reply *out)
{
    struct wire_in in = wire_in_of(data, length);
    struct candm_reply_header *h = &out->header;
    size_t payload;

    memset(out, 0, sizeof(*out));
    candm_get_reply_header(&in, h);
    if (in.bad || h->type != 2 || h->res1 != 0 || h->res2 != 0 || h->command != r->code ||
        h->sequence != sequence)
        return REPLY_IGNORED;
    if (h->version != s->version && !(h->version >= 4 && h->status == CANDM_BAD_VERSION))
        return REPLY_IGNORED;
    if (h->version == CANDM_VERSION - 1 && h->status == CANDM_BAD_VERSION &&
        s->version == CANDM_VERSION)
        return REPLY_OLD_VERSION;
    payload = reply_payload_bytes(h->reply);
    if (payload == unknown_payload)
        return REPLY_GOOD;
    if (length < CANDM_REPLY_HEADER + payload)
        return REPLY_SHORT;
    out->decoded = candm_decode_reply(data, length, h, &out->payload);
    return REPLY_GOOD;
}

enum attempt_result { ATTEMPT_ANSWERED, ATTEMPT_NEXT, ATTEMPT_GIVE_UP, ATTEMPT_AGAIN };

/* One datagram out, and what comes back until the deadline. */
static enum attempt_result attempt(struct session *s, const struct request *r, uint32_t number,
                                   int64_t wait_ms, struct reply *reply)
{
    uint8_t data[CANDM_REQUEST_MAX];
    uint32_t sequence;
    int64_t deadline_ms;
    size_t length;

    /* Every attempt has a number of its own, so that a late reply to an earlier one is ignored. */
    transport_random(&sequence, sizeof(sequence));
    length = build_request(s, r, (uint16_t)number, sequence, data, sizeof(data));
    if (!transport_send(s->transport, data, length))
        return ATTEMPT_GIVE_UP;
    deadline_ms = transport_now_ms() + wait_ms;
    for (;;) {
        uint8_t answer[CANDM_REPLY_MAX];
        size_t got = 0;

        switch (transport_receive(s->transport, answer, sizeof(answer), &got, deadline_ms)) {
        case TRANSPORT_STOPPED:
            return ATTEMPT_GIVE_UP;
        case TRANSPORT_TIMEOUT:
        case TRANSPORT_FAILED:
            return ATTEMPT_NEXT;
        case TRANSPORT_OK:
            break;
        }
        switch (accept_reply(s, r, sequence, answer, got, reply)) {
        case REPLY_GOOD:
            return ATTEMPT_ANSWERED;
        case REPLY_SHORT:
            return ATTEMPT_NEXT;
        case REPLY_OLD_VERSION:
            s->version = CANDM_VERSION - 1;
            return ATTEMPT_AGAIN;
        case REPLY_IGNORED:
            break;
        }
    }
}

/* All attempts at the address that is open now. */
static bool ask_address(struct session *s, const struct request *r, struct reply *reply)
{
    for (uint32_t number = 0; number <= s->settings.retries;) {
        int64_t wait_ms = (int64_t)s->settings.timeout_ms << number;

        switch (attempt(s, r, number, wait_ms < ATTEMPT_MS_MAX ? wait_ms : ATTEMPT_MS_MAX, reply)) {
        case ATTEMPT_ANSWERED:
            return true;
        case ATTEMPT_GIVE_UP:
            return false;
        case ATTEMPT_NEXT:
            number++;
            break;
        case ATTEMPT_AGAIN: /* at most once: the version changed */
            break;
        }
    }
    return false;
}

bool client_exchange(struct session *s, const struct request *request, struct reply *reply)
{
    bool open = transport_is_open(s->transport) || transport_open_first(s->transport);

    while (open) {
        if (ask_address(s, request, reply))
            return true;
        if (session_stopped(s))
            return false;
        open = transport_open_next(s->transport);
    }
    return false;
}

/* --- status lines ---------------------------------------------------------------------------- */

struct status_text {
    unsigned status, number;
    const char *text;
};
static const struct status_text status_texts[] = {
    {CANDM_SUCCESS, 200, "OK"},
    {CANDM_FAILED, 500, "Failure"},
    {CANDM_UNAUTH, 501, "Not authorised"},
    {CANDM_INVALID, 502, "Invalid command"},
    {CANDM_NO_SUCH_SOURCE, 503, "No such source"},
    {CANDM_INVALID_TS, 504, "Duplicate or stale logon detected"},
    {CANDM_NOT_ENABLED, 505, "Facility not enabled in daemon"},
    {CANDM_BAD_SUBNET, 507, "Bad subnet"},
    {CANDM_ACCESS_ALLOWED, 208, "Access allowed"},
    {CANDM_ACCESS_DENIED, 209, "Access denied"},
    {CANDM_NO_HOST_ACCESS, 510, "No command access from this host"},
    {CANDM_SOURCE_KNOWN, 511, "Source already present"},
    {CANDM_TOO_MANY_SOURCES, 512, "Too many sources present"},
    {CANDM_NO_RTC, 513, "RTC driver not running"},
    {CANDM_BAD_RTC_FILE, 514, "Can't write RTC parameters"},
    {CANDM_INACTIVE, 519, "Client logging is not active in the daemon"},
    {CANDM_BAD_SAMPLE, 516, "Sample index out of range"},
    {CANDM_INVALID_FAMILY, 515, "Invalid address family"},
    {CANDM_BAD_VERSION, 517, "Protocol version mismatch"},
    {CANDM_BAD_LENGTH, 518, "Packet length mismatch"},
    {CANDM_INVALID_NAME, 521, "Invalid name"},
};

static const struct status_text *find_status(unsigned status)
{
    static const struct status_text unexpected = {0, 520, "Got unexpected error from daemon"};

    for (size_t i = 0; i < ARRAY_LEN(status_texts); i++)
        if (status_texts[i].status == status)
            return &status_texts[i];
    return &unexpected;
}

bool status_is_success(unsigned status)
{
    return status == CANDM_SUCCESS || status == CANDM_ACCESS_ALLOWED ||
           status == CANDM_ACCESS_DENIED;
}

bool print_own_status(struct session *s, unsigned number, const char *text)
{
    if (s->settings.render == RENDER_JSON) {
        json_document(s->out, "status");
        fprintf(s->out, ",\"status\":%u,\"message\":", number);
        json_string(s->out, text);
        fputs("}\n", s->out);
    } else {
        fprintf(s->out, "%u %s\n", number, text);
    }
    return number < 300;
}

/* What an operator wants to know after 501 and 506; never on stdout, which scripts read. */
static void hint(struct session *s, unsigned number)
{
    char peer[160];

    if (!s->settings.hints || session_stopped(s))
        return;
    fflush(s->out);
    if (number == 506)
        transport_explain(s->transport, s->err);
    if (number == 501)
        fprintf(s->err,
                "%s lets nobody do this; the Unix socket of the daemon does. Run chronyc as root "
                "or as the daemon's user on that host%s\n",
                transport_peer(s->transport, peer, sizeof(peer)),
                transport_is_unix(s->transport)
                    ? ""
                    : ", or open the report with the opencommands directive");
    if (number == 501 && !transport_is_unix(s->transport))
        transport_explain(s->transport, s->err);
}

bool print_status(struct session *s, unsigned status)
{
    const struct status_text *t = find_status(status);
    bool ok = print_own_status(s, t->number, t->text);

    if (!ok)
        hint(s, t->number);
    return ok;
}

/* --- checked requests ------------------------------------------------------------------------ */

bool reply_fits(uint16_t code, uint16_t expected)
{
    if (code == expected)
        return true;
    if (expected == CANDM_RPY_server_stats4)
        return code == CANDM_RPY_server_stats || code == CANDM_RPY_server_stats2 ||
               code == CANDM_RPY_server_stats3;
    if (expected == CANDM_RPY_ntp_data2)
        return code == CANDM_RPY_ntp_data;
    return false;
}

bool client_check(struct session *s, bool answered, const struct reply *reply, uint16_t expected,
                  bool print_ok)
{
    if (!answered) {
        print_own_status(s, 506, "Cannot talk to daemon");
        hint(s, 506);
        return false;
    }
    if (!status_is_success(reply->header.status))
        return print_status(s, reply->header.status);
    if (!reply_fits(reply->header.reply, expected) || !reply->decoded)
        return print_own_status(s, 508, "Bad reply from daemon");
    if (print_ok)
        print_status(s, reply->header.status);
    return true;
}

bool client_request(struct session *s, const struct request *request, uint16_t expected,
                    bool print_ok, struct reply *reply)
{
    bool answered = client_exchange(s, request, reply);

    return client_check(s, answered, reply, expected, print_ok);
}

bool client_command(struct session *s, const struct request *request)
{
    struct reply reply;

    return client_request(s, request, CANDM_RPY_null, true, &reply);
}
