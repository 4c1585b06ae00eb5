/* answer.c - the way of a request, in the order of spec candm-v6 section 1.8. */
#include "chronyd/control/handlers.h"

#define PACKET_REQUEST 1
#define PACKET_REPLY 2
/* The oldest version whose clients understand "protocol version mismatch". */
#define VERSION_WITH_STATUS 5

/* Requests that clients of older 4.x releases send and that the table of today lacks (7.4). NULL
 * changes and tells nothing. */
static const struct candm_row old_rows[] = {
    {"NULL", CANDM_REQ_OLD_NULL, CANDM_N, UINT32_MAX, CANDM_PAYLOAD_none, CANDM_RPY_null},
    {"DOFFSET", CANDM_REQ_OLD_DOFFSET, CANDM_U, CANDM_OPEN_NONE, CANDM_PAYLOAD_doffset_old,
     CANDM_RPY_null},
    {"LOCAL2", CANDM_REQ_OLD_LOCAL2, CANDM_U, CANDM_OPEN_NONE, CANDM_PAYLOAD_local2,
     CANDM_RPY_null},
};

static const struct candm_row *find_row(uint16_t code)
{
    for (size_t i = 0; i < ARRAY_LEN(old_rows); i++) {
        if (old_rows[i].code == code)
            return &old_rows[i];
    }
    return candm_row(code);
}

/* What the oldest client that we serve sends; its handler picks the reply that fits (7.4). */
static size_t least_length(const struct candm_row *row)
{
    switch (row->code) {
    case CANDM_REQ_SERVER_STATS:
        return CANDM_REPLY_HEADER + candm_reply_bytes(CANDM_RPY_server_stats);
    case CANDM_REQ_NTP_DATA:
        return CANDM_REPLY_HEADER + candm_reply_bytes(CANDM_RPY_ntp_data);
    default:
        return candm_required_length(row);
    }
}

static bool may_ask(const struct control *c, const struct candm_row *row, bool local)
{
    if (local)
        return true;
    return row->class != CANDM_U && (row->open & c->settings.open_commands) != 0;
}

static bool may_talk(const struct control *c, const struct control_request *request)
{
    return request->local || addr_is_loopback(&request->from) ||
           access_allows(c->rooms.command_access, &request->from);
}

/* Counts the request; false if its sender asks too often. */
static bool account(struct control *c, const struct control_request *request)
{
    static const struct addr nobody = {.family = ADDR_NONE};

    return clientlog_hit(ntp_clientlog(c->rooms.ntp), CLIENT_COMMAND,
                         request->local ? &nobody : &request->from, c->os.ops->mono(c->os.ctx),
                         NULL) == CLIENT_ANSWER;
}

/* Steps 8 to 11: find out what is wanted and do it. */
static enum candm_status execute(struct control *c, const struct control_request *request,
                                 struct exchange *x)
{
    const struct candm_row *row = find_row(x->command);
    handler_fn *handler = handler_for(x->command);
    enum candm_status status;

    if (!row || !handler)
        return CANDM_INVALID;
    if (request->length < least_length(row))
        return CANDM_BAD_LENGTH;
    if (!may_ask(c, row, request->local))
        return CANDM_UNAUTH;
    x->reply = (uint16_t)row->reply;
    status = handler(x);
    if (x->out.bad || x->in.bad)
        return CANDM_FAILED;
    return status;
}

bool control_answer(struct control *c, const struct control_request *request, uint8_t *reply,
                    size_t *reply_length)
{
    struct candm_request_header header;
    struct exchange x = {.control = c, .request_length = request->length};
    struct wire_out out = wire_out_of(reply, CANDM_REPLY_MAX);
    enum candm_status status = CANDM_BAD_VERSION;

    if (!may_talk(c, request) || request->length < CANDM_REQUEST_MIN ||
        request->length > CANDM_REQUEST_MAX)
        return false;
    x.in = wire_in_of(request->data, request->length);
    candm_get_request_header(&x.in, &header);
    if (header.type != PACKET_REQUEST || header.res1 != 0 || header.res2 != 0)
        return false;
    if (!account(c, request))
        return false;
    if (header.version != CANDM_VERSION && header.version < VERSION_WITH_STATUS)
        return false;
    x.command = header.command;
    x.out = wire_out_of(reply + CANDM_REPLY_HEADER, CANDM_REPLY_MAX - CANDM_REPLY_HEADER);
    if (header.version == CANDM_VERSION)
        status = execute(c, request, &x);
    if (status != CANDM_SUCCESS) {
        x.reply = CANDM_RPY_null;
        x.out.used = 0;
    }
    candm_put_reply_header(&out, &(struct candm_reply_header){.version = CANDM_VERSION,
                                                              .type = PACKET_REPLY,
                                                              .command = header.command,
                                                              .reply = x.reply,
                                                              .status = (uint16_t)status,
                                                              .sequence = header.sequence});
    *reply_length = out.used + x.out.used;
    return *reply_length <= request->length;
}
