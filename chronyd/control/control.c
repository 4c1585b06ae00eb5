/* control.c - the command sockets: what comes in is answered, what is opened is closed. */
#include "chronyd/control/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* A request that came as a frame of the report stream. */
static bool answer_stream(void *ctx, struct watcher *w, const uint8_t *data, size_t length,
                          uint8_t *reply, size_t *reply_length)
{
    const struct control_request request = {.data = data, .length = length, .watcher = w};

    return control_answer(ctx, &request, reply, reply_length);
}

struct control *control_create(const struct os *os, struct timers *timers, const struct log *log,
                               const struct control_rooms *rooms,
                               const struct control_settings *settings)
{
    struct control *c = calloc(1, sizeof(*c));

    assert(c);
    c->os = *os;
    c->timers = timers;
    c->log = *log;
    c->rooms = *rooms;
    c->settings = *settings;
    c->udp_ipv4 = c->udp_ipv6 = c->unix_sock = -1;
    c->authenticated =
        authenticated_create(os, log, rooms->keys, settings->keys, settings->key_count);
    c->watch = watch_create(os, timers, &c->rooms, answer_stream, c);
    return c;
}

void control_destroy(struct control *c)
{
    if (!c)
        return;
    if (c->udp_ipv4 >= 0)
        c->os.ops->udp_close(c->os.ctx, c->udp_ipv4);
    if (c->udp_ipv6 >= 0)
        c->os.ops->udp_close(c->os.ctx, c->udp_ipv6);
    if (c->unix_sock >= 0)
        c->os.ops->unix_close(c->os.ctx, c->unix_sock);
    watch_destroy(c->watch);
    authenticated_destroy(c->authenticated);
    free(c);
}

bool control_check_keys(const struct control_settings *s, const struct keystore *keys,
                        const struct log *log, struct err *err)
{
    return authenticated_keys_fit(s->keys, s->key_count, keys, log, err);
}

static int open_udp(struct control *c, enum addr_family family, const struct addr *local)
{
    const struct os_udp_params params = {
        .use = OS_UDP_COMMAND,
        .family = family,
        .local = *local,
        .local_port = c->settings.port,
        .device = c->settings.bind_device,
    };
    struct err err = {0};
    int sock = c->os.ops->udp_open(c->os.ctx, &params, &err);

    if (sock < 0) {
        struct endpoint at = {*local, c->settings.port};
        char text[ADDR_TEXT_MAX + 8];

        if (at.addr.family == ADDR_NONE)
            at.addr.family = (uint8_t)family;
        log_error(&c->log, "Could not open command socket on %s : %s",
                  endpoint_format(&at, text, sizeof(text)), err.text);
    }
    return sock;
}

bool control_open_udp(struct control *c, struct err *err)
{
    const struct control_settings *s = &c->settings;

    if (s->port == 0 || (!s->ipv4 && !s->ipv6))
        return true;
    if (s->ipv4)
        c->udp_ipv4 = open_udp(c, ADDR_IPV4, &s->bind_ipv4);
    if (s->ipv6)
        c->udp_ipv6 = open_udp(c, ADDR_IPV6, &s->bind_ipv6);
    if (c->udp_ipv4 < 0 && c->udp_ipv6 < 0)
        return err_set(err, ERR_IN_USE, "Could not open any command socket");
    return true;
}

#define REPORT_MODE 0660

/* Beside the command socket, unless the configuration says otherwise. A default that does not work
 * out (in a world without streams, say) is nobody's mistake. */
static void open_reports(struct control *c)
{
    const struct control_settings *s = &c->settings;
    char beside[OS_UNIX_PATH_MAX] = "";
    const char *path = s->report_path, *slash;
    struct err err = {0};

    if (!path && s->unix_path && (slash = strrchr(s->unix_path, '/')))
        path = text_format(beside, sizeof(beside), "%.*s/" CANDM_STREAM_NAME,
                           (int)(slash - s->unix_path), s->unix_path);
    if (!path || s->report_off)
        return;
    if (!watch_open(c->watch, path, s->report_mode ? s->report_mode : REPORT_MODE, s->report_group,
                    &err) &&
        s->report_path)
        log_warning(&c->log, "Could not open report socket : %s", err.text);
}

static void open_commands(struct control *c)
{
    struct err err = {0};

    if (!c->settings.unix_path)
        return;
    c->unix_sock = c->os.ops->unix_open(c->os.ctx, c->settings.unix_path, &err);
    if (c->unix_sock >= 0)
        return;
    log_warning(&c->log, "%s", err.text);
    log_warning(&c->log, "Disabled command socket %s", c->settings.unix_path);
}

void control_open_unix(struct control *c)
{
    open_commands(c);
    open_reports(c);
}

static void send_reply(struct control *c, const struct os_datagram *request, const uint8_t *data,
                       size_t length, bool local)
{
    struct os_datagram d = {
        .sock = request->sock, .remote = request->remote, .data = data, .length = length};
    struct err err;

    if (local) {
        memcpy(d.unix_path, request->unix_path, sizeof(d.unix_path));
        (void)c->os.ops->unix_send(c->os.ctx, &d, &err);
        return;
    }
    /* From the address that was asked; the interface matters only where addresses repeat on each
     * of them. A reply that cannot be sent is lost like any datagram, the client asks again. */
    d.local = request->local;
    if (addr_is_link_local(&request->remote.addr))
        d.interface = request->interface;
    (void)c->os.ops->udp_send(c->os.ctx, &d, NULL, &err);
}

static void receive(struct control *c, const struct os_datagram *d)
{
    const struct control_request request = {
        .data = d->data,
        .length = d->length,
        .local = d->sock == c->unix_sock,
        .peer = d->peer,
        .from = d->remote,
    };
    uint8_t reply[CONTROL_REPLY_MAX];
    size_t length;

    if (request.local && d->unix_path[0] == '\0')
        return;
    if (control_answer(c, &request, reply, &length))
        send_reply(c, d, reply, length, request.local);
    if (c->shutdown) {
        c->shutdown = false;
        c->rooms.hooks->shutdown(c->rooms.hooks->ctx);
    }
}

bool control_handle(struct control *c, const struct event *ev)
{
    if (watch_handle(c->watch, ev))
        return true;
    if (ev->type != EVENT_DATAGRAM || ev->datagram.sock < 0)
        return false;
    if (ev->datagram.sock != c->udp_ipv4 && ev->datagram.sock != c->udp_ipv6 &&
        ev->datagram.sock != c->unix_sock)
        return false;
    receive(c, &ev->datagram);
    return true;
}
