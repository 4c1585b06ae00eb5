/* run_control.c - commands that change something; the answer is a status line. */
#include <string.h>

#include "base/text.h"
#include "chronyc/args.h"
#include "chronyc/client.h"
#include "chronyc/commands.h"
#include "chronyc/date.h"
#include "chronyc/reports.h"

bool run_plain(struct session *s, const struct command *c, char *rest)
{
    struct request request;

    (void)rest;
    request_init(&request, c->code);
    return client_command(s, &request);
}

static bool send_int(struct session *s, uint16_t code, int32_t value)
{
    struct request request;

    request_init_index(&request, code, (uint32_t)value);
    return client_command(s, &request);
}

bool run_dump(struct session *s, const struct command *c, char *rest)
{
    (void)rest;
    return send_int(s, c->code, 0);
}

static void request_init_float(struct request *request, uint16_t code, double value)
{
    struct candm_req_float v = {value};

    request_init(request, code);
    candm_put_req_float(&request->payload, &v);
}

/* Nothing is said about a bad number, as ever. */
bool run_float(struct session *s, const struct command *c, char *rest)
{
    struct request request;
    double value;

    if (!parse_leading_double(rest, &value))
        return false;
    request_init_float(&request, c->code, value);
    return client_command(s, &request);
}

/* Send a request; if the daemon does not know it, send its older form (spec candm-v6 7.3). */
static bool send_or_fall_back(struct session *s, const struct request *request,
                              const struct request *older)
{
    struct reply reply;
    bool answered = client_exchange(s, request, &reply);

    if (answered && reply.header.status == CANDM_INVALID)
        return client_command(s, older);
    return client_check(s, answered, &reply, CANDM_RPY_null, true);
}

bool run_value(struct session *s, const struct command *c, char *rest)
{
    struct request request, older;
    double value;

    if (!parse_leading_double(rest, &value))
        return complain(s, "Invalid value");
    request_init_float(&request, c->code, value);
    if (c->code != CANDM_REQ_DOFFSET || !(value > -1e9 && value < 1e9))
        return client_command(s, &request);

    struct candm_req_doffset_old old = {.sec = (int32_t)value};

    old.usec = (int32_t)((value - old.sec) * 1e6);
    request_init(&older, CANDM_REQ_OLD_DOFFSET);
    candm_put_req_doffset_old(&older.payload, &old);
    return send_or_fall_back(s, &request, &older);
}

bool run_makestep(struct session *s, const struct command *c, char *rest)
{
    const char *threshold = text_word(&rest), *limit = text_word(&rest);
    struct candm_req_makestep v;
    struct request request;

    (void)c;
    if (!threshold) {
        request_init(&request, CANDM_REQ_MAKESTEP);
        return client_command(s, &request);
    }
    if (!limit || !parse_leading_double(threshold, &v.threshold_s) ||
        !parse_leading_int(limit, &v.limit))
        return complain(s, "Bad syntax for makestep command");
    request_init(&request, CANDM_REQ_MODIFY_MAKESTEP);
    candm_put_req_makestep(&request.payload, &v);
    return client_command(s, &request);
}

/* --- sources --------------------------------------------------------------------------------- */

static bool take_address(struct session *s, char **rest, struct addr *address, const char **value)
{
    const char *word = text_word(rest);

    *value = text_word(rest);
    if (!word || !*value)
        return complain(s, "Invalid syntax for address value");
    if (!parse_source_address(word, s->settings.family, address))
        return complain(s, "Could not get address for hostname");
    return true;
}

bool run_modify_int(struct session *s, const struct command *c, char *rest)
{
    struct candm_req_modify_int v;
    struct request request;
    const char *value;

    if (!take_address(s, &rest, &v.address, &value))
        return false;
    if (!parse_leading_int(value, &v.value))
        return complain(s, "Invalid syntax for address value");
    request_init(&request, c->code);
    candm_put_req_modify_int(&request.payload, &v);
    return client_command(s, &request);
}

bool run_modify_float(struct session *s, const struct command *c, char *rest)
{
    struct candm_req_modify_float v;
    struct request request;
    const char *value;

    if (!take_address(s, &rest, &v.address, &value))
        return false;
    if (!parse_leading_double(value, &v.value))
        return complain(s, "Invalid syntax for address value");
    request_init(&request, c->code);
    candm_put_req_modify_float(&request.payload, &v);
    return client_command(s, &request);
}

static bool take_mask(struct session *s, const char *text, struct addr *mask, struct addr *address)
{
    switch (parse_mask_address(text, s->settings.family, mask, address)) {
    case MASK_OK:
        return true;
    case MASK_SYNTAX:
        return complain(s, "Invalid syntax for mask/address");
    case MASK_HOST:
        return complain(s, "Could not get address for hostname");
    }
    return false;
}

bool run_mask(struct session *s, const struct command *c, char *rest)
{
    struct candm_req_mask v;
    struct request request;

    if (!take_mask(s, rest, &v.mask, &v.address))
        return false;
    request_init(&request, c->code);
    candm_put_req_mask(&request.payload, &v);
    return client_command(s, &request);
}

bool run_burst(struct session *s, const struct command *c, char *rest)
{
    const char *numbers = text_word(&rest), *slash = numbers ? strchr(numbers, '/') : NULL;
    const char *which = text_word(&rest);
    struct candm_req_burst v;
    struct request request;

    if (!slash || !parse_leading_int(numbers, &v.good) || !parse_leading_int(slash + 1, &v.total))
        return complain(s, "Invalid syntax for burst command");
    if (!take_mask(s, which ? which : "", &v.mask, &v.address))
        return false;
    request_init(&request, c->code);
    candm_put_req_burst(&request.payload, &v);
    return client_command(s, &request);
}

bool run_add(struct session *s, const struct command *c, char *rest)
{
    struct candm_req_add_source v;
    struct request request;
    struct addr address;

    switch (parse_add_source(rest, &v)) {
    case ADD_OK:
        break;
    case ADD_SYNTAX:
        return complain(s, "Invalid syntax for add command");
    case ADD_OPTION:
        return complain(s, "Invalid option in add command");
    case ADD_VALUE:
        return complain(s, "Invalid value in add command");
    }
    /* The daemon looks the name up itself and never gives up; a typing error shows here. */
    if (!parse_host_address(v.name, s->settings.family, &address))
        return complain(s, "Invalid host/IP address");
    request_init(&request, c->code);
    candm_put_req_add_source(&request.payload, &v);
    return client_command(s, &request);
}

bool run_delete(struct session *s, const struct command *c, char *rest)
{
    const char *word = text_word(&rest);
    struct request request;
    struct addr address;

    if (!word)
        return complain(s, "Invalid syntax for address");
    if (!parse_source_address(word, s->settings.family, &address))
        return complain(s, "Could not get address for hostname");
    request_init_address(&request, c->code, &address);
    return client_command(s, &request);
}

/* An ID, a literal address, or else the reference ID of a clock. */
static bool take_source(const char *word, struct addr *address, uint32_t *refid)
{
    memset(address, 0, sizeof(*address));
    *refid = 0;
    return word &&
           (addr_parse_id(word, address) || addr_parse(word, address) || parse_refid(word, refid));
}

bool run_selectopts(struct session *s, const struct command *c, char *rest)
{
    struct candm_req_modify_selectopts v = {.mask = 0};
    struct request request;
    const char *word;

    if (!take_source(text_word(&rest), &v.address, &v.refid))
        return complain(s, "Invalid syntax for selectopts command");
    while ((word = text_word(&rest)) != NULL)
        if (!parse_select_option(word, &v.mask, &v.options))
            return complain(s, "Invalid syntax for selectopts command");
    request_init(&request, c->code);
    candm_put_req_modify_selectopts(&request.payload, &v);
    return client_command(s, &request);
}

bool run_offset(struct session *s, const struct command *c, char *rest)
{
    struct candm_req_modify_offset v;
    struct request request;
    const char *value;

    if (!take_source(text_word(&rest), &v.address, &v.refid) || !(value = text_word(&rest)) ||
        !parse_leading_double(value, &v.offset_s))
        return complain(s, "Invalid syntax for offset command");
    request_init(&request, c->code);
    candm_put_req_modify_offset(&request.payload, &v);
    return client_command(s, &request);
}

/* A command of one fixed word. */
static bool run_fixed_word(struct session *s, const struct command *c, const char *given,
                           const char *wanted)
{
    if (strcmp(given, wanted) != 0)
        return complain(s, "Invalid syntax for %s command", c->word);
    return run_plain(s, c, NULL);
}

/* Refused is a failure of the command, although the daemon answered well. */
static bool reload_config(struct session *s)
{
    const struct candm_rpy_reload_config *r;
    struct printer p = session_printer(s);
    struct request request;
    struct reply reply;

    request_init(&request, CANDM_REQ_RELOAD_CONFIG);
    if (!client_request(s, &request, CANDM_RPY_reload_config, false, &reply))
        return false;
    r = &reply.payload.reload_config_;
    if (r->result != CANDM_RELOAD_DONE && p.render != RENDER_JSON) {
        print_status(s, CANDM_FAILED);
        return complain(s, "%s", r->text);
    }
    if (p.render == RENDER_TEXT)
        print_status(s, CANDM_SUCCESS);
    printer_begin(&p, &report_reload);
    row_reload(&p, r);
    printer_end(&p);
    return r->result == CANDM_RELOAD_DONE;
}

bool run_reload(struct session *s, const struct command *c, char *rest)
{
    if (strcmp(rest, "config") == 0)
        return reload_config(s);
    return run_fixed_word(s, c, rest, "sources");
}

bool run_reset(struct session *s, const struct command *c, char *rest)
{
    return run_fixed_word(s, c, rest, "sources");
}

/* --- the server ------------------------------------------------------------------------------ */

bool run_local(struct session *s, const struct command *c, char *rest)
{
    struct request request, older;
    struct candm_req_local v;
    struct candm_req_local2 old;

    if (!parse_local_command(rest, &v))
        return complain(s, "Invalid syntax for local command");
    request_init(&request, c->code);
    candm_put_req_local(&request.payload, &v);
    /* What an older daemon cannot be told must not get lost in silence. */
    if (v.activate_s != 0.0 || v.wait_synced_s != 0.0)
        return client_command(s, &request);
    old = (struct candm_req_local2){v.on, v.stratum, v.distance_s, v.orphan};
    request_init(&older, CANDM_REQ_OLD_LOCAL2);
    candm_put_req_local2(&older.payload, &old);
    return send_or_fall_back(s, &request, &older);
}

bool run_smoothtime(struct session *s, const struct command *c, char *rest)
{
    bool activate = strcmp(rest, "activate") == 0;

    if (!activate && strcmp(rest, "reset") != 0)
        return complain(s, "Invalid syntax for smoothtime command");
    return send_int(s, c->code, activate ? 1 : 0);
}

/* The codes of the `all` forms follow the plain ones. */
bool run_allow(struct session *s, const struct command *c, char *rest)
{
    struct candm_req_subnet v;
    struct request request;
    bool all = strncmp(rest, "all", 3) == 0 && (rest[3] == ' ' || rest[3] == '\0');

    if (all)
        text_word(&rest);
    if (!parse_subnet(rest, s->settings.family, &v))
        return complain(s, "Could not read address");
    request_init(&request, (uint16_t)(c->code + (all ? 1 : 0)));
    candm_put_req_subnet(&request.payload, &v);
    return client_command(s, &request);
}

bool run_accheck(struct session *s, const struct command *c, char *rest)
{
    struct request request;
    struct addr address;

    if (!parse_host_address(rest, s->settings.family, &address))
        return complain(s, "Could not read address");
    request_init_address(&request, c->code, &address);
    return client_command(s, &request);
}

/* --- manual time ----------------------------------------------------------------------------- */

bool run_manual(struct session *s, const struct command *c, char *rest)
{
    static const char *const words[] = {"off", "on", "reset"};
    const char *word;
    int32_t index;

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(rest, words[i]) == 0) /* no surplus words in these three */
            return send_int(s, c->code, (int32_t)i);
    word = text_word(&rest);
    if (word && strcmp(word, "list") == 0)
        return run_manual_list(s);
    if (!word || strcmp(word, "delete") != 0)
        return complain(s, "Invalid syntax for manual command");
    word = text_word(&rest);
    if (!word || !parse_leading_int(word, &index))
        return complain(s, "Bad syntax for manual delete command");
    return send_int(s, CANDM_REQ_MANUAL_DELETE, index);
}

bool run_settime(struct session *s, const struct command *c, char *rest)
{
    struct candm_req_settime v = {.time.nsec = 0};
    struct printer p = session_printer(s);
    struct request request;
    struct reply reply;

    if (!date_parse(rest, date_now(), &v.time.sec))
        return print_own_status(s, 510, "- Could not parse date string");
    request_init(&request, c->code);
    candm_put_req_settime(&request.payload, &v);
    if (!client_request(s, &request, CANDM_RPY_manual_timestamp, p.render != RENDER_JSON, &reply))
        return false;
    /* A status line stands before it, so CSV is not another form of this sentence. */
    if (p.render == RENDER_CSV)
        p.render = RENDER_TEXT;
    printer_begin(&p, &report_settime);
    row_settime(&p, &reply.payload.manual_timestamp_);
    printer_end(&p);
    return true;
}
