#include "chronyc/client.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

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

/* A datagram on its way. A plain one is made anew for every attempt, so that a late reply to an
 * earlier one is ignored; an authenticated one is repeated as it is, so that it runs once. */
struct outgoing {
    uint8_t data[CANDM_REQUEST_MAX + ENVELOPE_REQUEST_BYTES];
    size_t length;
    uint32_t sequence;
    bool sealed;
    uint8_t mac[ENVELOPE_MAC_BYTES];
};

static void build_request(struct session *s, const struct request *r, uint16_t attempt,
                          struct outgoing *out)
{
    struct candm_request_header h = {
        .version = s->version,
        .type = CANDM_PACKET_REQUEST,
        .command = r->code,
        .attempt = attempt,
    };
    struct wire_out wire = wire_out_of(out->data, CANDM_REQUEST_MAX);
    size_t length = request_length(s, r);

    transport_random(&out->sequence, sizeof(out->sequence));
    h.sequence = out->sequence;
    candm_put_request_header(&wire, &h);
    wire_put_bytes(&wire, r->bytes, r->payload.used);
    wire_put_zeros(&wire, length - wire.used);
    assert(!wire.bad && !r->payload.bad);
    out->length = wire.used;
    out->sealed = s->auth.on && !transport_is_unix(s->transport);
    if (out->sealed)
        out->length = auth_seal(&s->auth, out->data, out->length, sizeof(out->data), out->mac);
}

enum acceptance {
    REPLY_GOOD,
    REPLY_IGNORED,
    REPLY_SHORT,
    REPLY_OLD_VERSION,
    REPLY_COOKIE, /* ask again with what it brought */
};

static enum acceptance accept_reply(const struct session *s, const struct request *r,
                                    uint32_t sequence, const uint8_t *data, size_t length,
                                    struct reply *out)
{
    struct wire_in in = wire_in_of(data, length);
    struct candm_reply_header *h = &out->header;

    memset(out, 0, sizeof(*out));
    candm_get_reply_header(&in, h);
    if (in.bad || h->type != CANDM_PACKET_REPLY || h->res1 != 0 || h->res2 != 0 ||
        h->command != r->code || h->sequence != sequence)
        return REPLY_IGNORED;
    if (h->version != s->version && !(h->version >= 4 && h->status == CANDM_BAD_VERSION))
        return REPLY_IGNORED;
    if (h->version == CANDM_VERSION - 1 && h->status == CANDM_BAD_VERSION &&
        s->version == CANDM_VERSION)
        return REPLY_OLD_VERSION;
    if (length < CANDM_REPLY_HEADER + candm_reply_bytes((enum candm_reply)h->reply))
        return REPLY_SHORT;
    out->decoded = candm_decode_reply(data, length, h, &out->payload);
    return REPLY_GOOD;
}

/* The same for a reply that has to prove itself. */
static enum acceptance accept_sealed(struct session *s, const struct request *r,
                                     const struct outgoing *sent, const uint8_t *data,
                                     size_t length, struct reply *out)
{
    struct envelope_reply trailer;
    size_t base = length;
    enum acceptance acceptance;

    if (!envelope_get_reply(data, length, &trailer, &base)) {
        s->saw_plain_reply = true;
        return REPLY_IGNORED;
    }
    acceptance = accept_reply(s, r, sent->sequence, data, base, out);
    if (acceptance == REPLY_IGNORED || acceptance == REPLY_OLD_VERSION)
        return REPLY_IGNORED;
    switch (auth_open(&s->auth, data, length, sent->mac, &base)) {
    case AUTH_GOOD:
        return acceptance;
    case AUTH_COOKIE: /* nothing but a refusal may come without proof */
        return out->header.status == CANDM_UNAUTH ? REPLY_COOKIE : REPLY_IGNORED;
    case AUTH_REFUSED:
        return out->header.status == CANDM_UNAUTH ? REPLY_GOOD : REPLY_IGNORED;
    default:
        return REPLY_IGNORED;
    }
}

enum attempt_result {
    ATTEMPT_ANSWERED,
    ATTEMPT_NEXT,
    ATTEMPT_GIVE_UP,
    ATTEMPT_AGAIN,  /* in the older version */
    ATTEMPT_COOKIE, /* with the cookie that came */
};

/* Send, and look at what comes back until the deadline. */
static enum attempt_result attempt(struct session *s, const struct request *r,
                                   const struct outgoing *sent, int64_t wait_ms,
                                   struct reply *reply)
{
    int64_t deadline_ms = transport_now_ms() + wait_ms;

    if (!transport_send(s->transport, sent->data, sent->length))
        return ATTEMPT_GIVE_UP;
    for (;;) {
        uint8_t answer[CANDM_REPLY_MAX + ENVELOPE_REPLY_BYTES];
        size_t got = 0, size = sent->sealed ? sizeof(answer) : CANDM_REPLY_MAX;
        enum acceptance acceptance;

        switch (transport_receive(s->transport, answer, size, &got, deadline_ms)) {
        case TRANSPORT_STOPPED:
            return ATTEMPT_GIVE_UP;
        case TRANSPORT_TIMEOUT:
        case TRANSPORT_FAILED:
            return ATTEMPT_NEXT;
        case TRANSPORT_OK:
            break;
        }
        acceptance = sent->sealed ? accept_sealed(s, r, sent, answer, got, reply)
                                  : accept_reply(s, r, sent->sequence, answer, got, reply);
        switch (acceptance) {
        case REPLY_GOOD:
            return ATTEMPT_ANSWERED;
        case REPLY_SHORT:
            return ATTEMPT_NEXT;
        case REPLY_COOKIE:
            return ATTEMPT_COOKIE;
        case REPLY_OLD_VERSION:
            s->version = CANDM_VERSION - 1;
            return ATTEMPT_AGAIN;
        case REPLY_IGNORED:
            break;
        }
    }
}

#define COOKIES_MAX 2 /* a hello, and one that expired on the way */

/* All attempts at the address that is open now. */
static bool ask_address(struct session *s, const struct request *r, struct reply *reply)
{
    bool fresh = true;
    struct outgoing sent;
    int cookies = 0;

    for (uint32_t number = 0; number <= s->settings.retries;) {
        int64_t wait_ms = (int64_t)s->settings.timeout_ms << number;

        if (fresh || !sent.sealed)
            build_request(s, r, (uint16_t)number, &sent);
        fresh = false;
        switch (attempt(s, r, &sent, wait_ms < ATTEMPT_MS_MAX ? wait_ms : ATTEMPT_MS_MAX, reply)) {
        case ATTEMPT_ANSWERED:
            return true;
        case ATTEMPT_GIVE_UP:
            return false;
        case ATTEMPT_NEXT:
            number++;
            break;
        case ATTEMPT_AGAIN: /* at most once: the version changed */
            break;
        case ATTEMPT_COOKIE:
            /* The refusal of a request that did prove the key is final: the key is wrong. */
            if (++cookies > COOKIES_MAX)
                return true;
            fresh = true;
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

static bool status_is_success(unsigned status)
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
    if (number == 506 && s->saw_plain_reply)
        fprintf(s->err, "Somebody answered without proof of key %u; is cmdkey configured?\n",
                s->auth.key_id);
    if (number == 501 && s->auth.on && !transport_is_unix(s->transport)) {
        fprintf(s->err, "The daemon at %s does not accept key %u for this\n",
                transport_peer(s->transport, peer, sizeof(peer)), s->auth.key_id);
        return;
    }
    if (number == 501 && transport_is_stream(s->transport))
        fprintf(s->err, "Only reports are given here. To change something, run chronyc as root or "
                        "as the daemon's user\n");
    else if (number == 501 && transport_is_unix(s->transport))
        fprintf(s->err, "The daemon refuses this on %s\n",
                transport_peer(s->transport, peer, sizeof(peer)));
    if (number == 501 && !transport_is_unix(s->transport))
        fprintf(s->err,
                "Not allowed over UDP (%s). The Unix socket of the daemon allows everything: run "
                "chronyc on its host as root or as its user; or prove a key (-K, cmdkey); or open "
                "the report to all (opencommands)\n",
                transport_peer(s->transport, peer, sizeof(peer)));
    if (number == 501 && (transport_is_stream(s->transport) || !transport_is_unix(s->transport)))
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
