/* answer.c - the way of a request, in the order of spec candm-v6 section 1.8. */
#include "chronyd/control/handlers.h"

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

/* What the way by which a request came permits. */
enum permission {
    MAY_OPEN,    /* UDP: what opencommands names */
    MAY_REPORT,  /* a report stream: all reports */
    MAY_MONITOR, /* a key that may look: all that changes nothing */
    MAY_CONTROL, /* a key: all but the choice of keys */
    MAY_ALL,     /* the Unix socket */
};

static bool changes_nothing(const struct candm_row *row)
{
    return row->class != CANDM_U || row->code == CANDM_REQ_ACCHECK ||
           row->code == CANDM_REQ_CMDACCHECK;
}

static bool may_ask(const struct control *c, const struct candm_row *row,
                    enum permission permission)
{
    switch (permission) {
    case MAY_OPEN:
        return row->class != CANDM_U && (row->open & c->settings.open_commands) != 0;
    case MAY_REPORT:
        return row->class != CANDM_U;
    case MAY_MONITOR:
        return changes_nothing(row);
    case MAY_CONTROL:
        return row->code != CANDM_REQ_REKEY;
    case MAY_ALL:
        return true;
    }
    return false;
}

static bool may_talk(const struct control *c, const struct control_request *request)
{
    return request->local || request->watcher || addr_is_loopback(&request->from.addr) ||
           access_allows(c->rooms.command_access, &request->from.addr);
}

/* Counts the request; false if its sender asks too often. */
static bool account(struct control *c, const struct control_request *request)
{
    static const struct addr nobody = {.family = ADDR_NONE};

    return clientlog_hit(ntp_clientlog(c->rooms.ntp), CLIENT_COMMAND,
                         request->local || request->watcher ? &nobody : &request->from.addr,
                         c->os.ops->mono(c->os.ctx)) == CLIENT_ANSWER;
}

/* Steps 8 to 11: find out what is wanted and do it. */
static enum candm_status execute(struct exchange *x, enum permission permission)
{
    const struct candm_row *row = find_row(x->command);
    handler_fn *handler = handler_for(x->command);
    enum candm_status status;

    if (!row || !handler)
        return CANDM_INVALID;
    if (x->request_length < least_length(row))
        return CANDM_BAD_LENGTH;
    if (!may_ask(x->control, row, permission))
        return CANDM_UNAUTH;
    x->reply = (uint16_t)row->reply;
    status = handler(x);
    if (x->out.bad || x->in.bad)
        return CANDM_FAILED;
    return status;
}

/* Execute (or refuse with `status`) and write the reply; its length. */
static size_t reply_to(struct exchange *x, const struct candm_request_header *header,
                       uint8_t *reply, enum candm_status status, enum permission permission)
{
    struct wire_out out = wire_out_of(reply, CANDM_REPLY_HEADER);

    x->command = header->command;
    x->out = wire_out_of(reply + CANDM_REPLY_HEADER, CANDM_REPLY_MAX - CANDM_REPLY_HEADER);
    if (status == CANDM_SUCCESS)
        status = execute(x, permission);
    if (status != CANDM_SUCCESS) {
        x->reply = CANDM_RPY_null;
        x->out.used = 0;
    }
    candm_put_reply_header(&out, &(struct candm_reply_header){.version = CANDM_VERSION,
                                                              .type = CANDM_PACKET_REPLY,
                                                              .command = header->command,
                                                              .reply = x->reply,
                                                              .status = (uint16_t)status,
                                                              .sequence = header->sequence});
    return out.used + x->out.used;
}

/* Who changes something is told in the log, as far as it is known. */
static void log_command(const struct control *c, uint16_t command,
                        const struct control_request *request, const struct control_key *key)
{
    const struct candm_row *row = find_row(command);
    char text[ADDR_TEXT_MAX];

    if (!row || changes_nothing(row))
        return;
    if (key && key->control && may_ask(c, row, MAY_CONTROL))
        log_info(&c->log, "Command %s from %s with key %u", row->name,
                 addr_format(&request->from.addr, text, sizeof(text)), key->id);
    else if (request->local && request->peer.known)
        log_info(&c->log, "Command %s from user %u, process %d", row->name,
                 (unsigned)request->peer.uid, (int)request->peer.pid);
}

/* The same for a request in an envelope (doc/candm-auth.adoc). */
static size_t authenticated_reply_to(struct exchange *x, const struct control_request *request,
                                     const struct candm_request_header *header, uint8_t *reply)
{
    struct control *c = x->control;
    struct auth_ticket ticket;
    size_t length = 0;

    x->request_length -= ENVELOPE_REQUEST_BYTES;
    x->in.left -= ENVELOPE_REQUEST_BYTES;
    switch (authenticated_judge(c->authenticated, request->data, request->length, &request->from,
                                &ticket)) {
    case AUTH_DROP:
        break;
    case AUTH_REPEAT:
        length = authenticated_repeat(&ticket, reply);
        break;
    case AUTH_REFUSE:
        length = reply_to(x, header, reply, CANDM_UNAUTH, MAY_OPEN);
        authenticated_seal(&ticket, reply, &length);
        break;
    case AUTH_RUN:
        log_command(c, header->command, request, ticket.key);
        length = reply_to(x, header, reply, CANDM_SUCCESS,
                          ticket.key->control ? MAY_CONTROL : MAY_MONITOR);
        authenticated_seal(&ticket, reply, &length);
        break;
    }
    envelope_forget(&ticket.keys);
    return length;
}

bool control_answer(struct control *c, const struct control_request *request, uint8_t *reply,
                    size_t *reply_length)
{
    struct candm_request_header header;
    struct exchange x = {
        .control = c, .request_length = request->length, .watcher = request->watcher};
    enum permission permission = request->watcher ? MAY_REPORT
                                 : request->local ? MAY_ALL
                                                  : MAY_OPEN;
    bool sealed;

    if (!may_talk(c, request) || request->length < CANDM_REQUEST_MIN)
        return false;
    sealed = permission == MAY_OPEN && envelope_is_request(request->data, request->length);
    if (request->length > CANDM_REQUEST_MAX && !sealed)
        return false;
    x.in = wire_in_of(request->data, request->length);
    candm_get_request_header(&x.in, &header);
    if (header.type != CANDM_PACKET_REQUEST || header.res1 != 0 || header.res2 != 0)
        return false;
    if (!account(c, request))
        return false;
    if (header.version != CANDM_VERSION && header.version < VERSION_WITH_STATUS)
        return false;
    if (header.version != CANDM_VERSION) {
        *reply_length = reply_to(&x, &header, reply, CANDM_BAD_VERSION, MAY_OPEN);
    } else if (sealed) {
        *reply_length = authenticated_reply_to(&x, request, &header, reply);
    } else {
        log_command(c, header.command, request, NULL);
        *reply_length = reply_to(&x, &header, reply, CANDM_SUCCESS, permission);
    }
    return *reply_length > 0 && *reply_length <= request->length;
}
