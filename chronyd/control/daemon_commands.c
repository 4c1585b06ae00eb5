/* daemon_commands.c - access rules, files and the end of the daemon. */
#include "chronyd/control/handlers.h"

#include "base/text.h"

/* --- access --- */

static bool is_command_access(uint16_t command)
{
    return command >= CANDM_REQ_CMDALLOW && command <= CANDM_REQ_CMDDENYALL;
}

static const char *format_net(const struct candm_req_subnet *r, char *buf, size_t size)
{
    char addr[ADDR_TEXT_MAX];

    if (r->net.family == ADDR_NONE)
        return text_format(buf, size, "any address");
    addr_format(&r->net, addr, sizeof(addr));
    if (r->bits == addr_bits(&r->net))
        return text_format(buf, size, "%s", addr);
    return text_format(buf, size, "%s/%d", addr, r->bits);
}

enum candm_status handle_access(struct exchange *x)
{
    struct control *c = x->control;
    bool command = is_command_access(x->command);
    uint16_t first = command ? CANDM_REQ_CMDALLOW : CANDM_REQ_ALLOW;
    struct candm_req_subnet request;
    struct access_rule rule;
    struct err err;
    char net[ADDR_TEXT_MAX + 8];

    /* Codes come in the order allow, allow all, deny, deny all. */
    candm_get_req_subnet(&x->in, &request);
    rule = (struct access_rule){.net = request.net,
                                .bits = request.bits,
                                .allow = x->command - first < 2,
                                .all = (x->command - first) % 2 == 1};
    if (!access_apply(command ? c->rooms.command_access : c->rooms.ntp_access, &rule, &err))
        return CANDM_BAD_SUBNET;
    log_info(&c->log, "%s%s %s access from %s", rule.allow ? "Allowed" : "Denied",
             rule.all ? " all" : "", command ? "command" : "NTP",
             format_net(&request, net, sizeof(net)));
    c->rooms.hooks->access_rule(c->rooms.hooks->ctx, command, &rule);
    /* The first rule that lets anybody in opens the server's socket. */
    if (!command && !ntp_open_server(c->rooms.ntp, &err))
        log_warning(&c->log, "%s", err.text);
    return CANDM_SUCCESS;
}

enum candm_status handle_access_check(struct exchange *x)
{
    const struct control_rooms *rooms = &x->control->rooms;
    const struct access_table *table =
        x->command == CANDM_REQ_CMDACCHECK ? rooms->command_access : rooms->ntp_access;
    struct candm_req_address request;

    candm_get_req_address(&x->in, &request);
    return access_allows(table, &request.address) ? CANDM_ACCESS_ALLOWED : CANDM_ACCESS_DENIED;
}

/* --- files --- */

enum candm_status handle_dump(struct exchange *x)
{
    const struct control_hooks *hooks = x->control->rooms.hooks;

    hooks->dump(hooks->ctx);
    return CANDM_SUCCESS;
}

enum candm_status handle_rekey(struct exchange *x)
{
    const struct control_hooks *hooks = x->control->rooms.hooks;

    hooks->rekey(hooks->ctx);
    return CANDM_SUCCESS;
}

/* A configuration that is refused is a result, not a failure of the request: the reply says why. */
enum candm_status handle_reload_config(struct exchange *x)
{
    const struct control_hooks *hooks = x->control->rooms.hooks;
    struct candm_rpy_reload_config reply = {0};

    hooks->reload_config(hooks->ctx, &reply);
    candm_put_rpy_reload_config(&x->out, &reply);
    return CANDM_SUCCESS;
}

enum candm_status handle_cyclelogs(struct exchange *x)
{
    const struct control_hooks *hooks = x->control->rooms.hooks;

    hooks->cycle_logs(hooks->ctx);
    return CANDM_SUCCESS;
}

/* The owner is told after the reply was sent, so that the client learns that it was heard. */
enum candm_status handle_shutdown(struct exchange *x)
{
    x->control->shutdown = true;
    return CANDM_SUCCESS;
}

enum candm_status handle_null(struct exchange *x)
{
    (void)x;
    return CANDM_SUCCESS;
}
