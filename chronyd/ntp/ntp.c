#include "chronyd/ntp/ntp.h"

#include <stdlib.h>

#include "base/text.h"
#include "chronyd/ntp/association.h"
#include "chronyd/ntp/names.h"
#include "chronyd/ntp/packet.h"
#include "chronyd/ntp/ptp.h"
#include "chronyd/ntp/server.h"
#include "chronyd/os/logfile.h"

#define MEASURE_AGAIN_GOOD 4
#define MEASURE_AGAIN_TOTAL 8

static const char heading[] =
    "   Date (UTC) Time     IP Address   L St 123 567 ABCD  LP RP Score    "
    "Offset  Peer del. Peer disp.  Root del. Root disp. Refid     MTxRx";

struct ntp {
    struct ntp_room room;
    struct names *names;
    bool started;
    bool given_up; /* somebody has been */
};

static void give_up(void *ctx, struct mono now);

struct ntp *ntp_create(const struct os *os, struct timers *timers, const struct log *log,
                       struct clock *clock, struct reference *ref, struct sources *sources,
                       struct keystore *keys, struct access_table *access,
                       const struct ntp_settings *settings, struct err *err)
{
    struct ntp *n = calloc(1, sizeof(*n));

    if (!n) {
        err_no_memory(err);
        return NULL;
    }
    n->room = (struct ntp_room){
        .os = *os,
        .timers = timers,
        .log = log,
        .clock = clock,
        .reference = ref,
        .sources = sources,
        .keys = keys,
        .access = access,
        .settings = *settings,
        .next_slot = os->ops->mono(os->ctx),
        .shared_socks = {-1, -1},
    };
    n->room.give_up_timer = (struct timer){.fire = give_up, .ctx = n};
    if (settings->log_measurements || settings->log_raw_measurements)
        n->room.measurements = logfile_create(os, log, &settings->logs, "measurements", heading);
    n->names = names_create(&n->room);
    n->room.server = server_create(&n->room, err);
    if (settings->hwtimestamp_count > 0)
        n->room.hw =
            hwstamps_create(&n->room, settings->hwtimestamps, settings->hwtimestamp_count, err);
    n->room.settings.hwtimestamps = NULL;
    if (!n->names || !n->room.server || (settings->hwtimestamp_count > 0 && !n->room.hw)) {
        ntp_destroy(n);
        return NULL;
    }
    return n;
}

void ntp_destroy(struct ntp *n)
{
    if (!n)
        return;
    timer_cancel(n->room.timers, &n->room.give_up_timer);
    names_destroy(n->names);
    for (int i = 0; i < 2; i++) {
        if (n->room.shared_socks[i] >= 0 && !server_owns(n->room.server, n->room.shared_socks[i]))
            n->room.os.ops->udp_close(n->room.os.ctx, n->room.shared_socks[i]);
    }
    server_destroy(n->room.server);
    hwstamps_destroy(n->room.hw);
    hash_free(&n->room.waiting);
    logfile_destroy(n->room.measurements);
    free(n);
}

/* --- sockets ---------------------------------------------------------------------------------- */

static bool acquisition_is_server(const struct ntp *n)
{
    const struct ntp_settings *s = &n->room.settings;

    return s->acquisition_port > 0 && s->acquisition_port == s->port;
}

/* acquisitionport: one socket per family for the requests of all sources. */
static void open_shared(struct ntp *n)
{
    const struct ntp_settings *s = &n->room.settings;
    struct err err = {0};

    for (int i = 0; i < 2 && s->acquisition_port >= 0; i++) {
        struct os_udp_params p = {
            .use = OS_UDP_NTP_CLIENT,
            .family = i == 0 ? ADDR_IPV4 : ADDR_IPV6,
            .local = i == 0 ? s->bind_acq_ipv4 : s->bind_acq_ipv6,
            .local_port = (uint16_t)s->acquisition_port,
            .device = s->bind_acq_device,
            .dscp = s->dscp,
        };

        if (acquisition_is_server(n))
            n->room.shared_socks[i] = server_socket(n->room.server, p.family);
        else if (n->room.shared_socks[i] < 0 && (s->only == ADDR_NONE || s->only == p.family))
            n->room.shared_socks[i] = n->room.os.ops->udp_open(n->room.os.ctx, &p, &err);
    }
}

bool ntp_open_server(struct ntp *n, struct err *err)
{
    bool shared = acquisition_is_server(n);
    const bool peers[2] = {
        shared || names_needs_server(n->names, ADDR_IPV4),
        shared || names_needs_server(n->names, ADDR_IPV6),
    };

    server_open(n->room.server, peers);
    open_shared(n);
    /* A server without its port is still a client, unless the requests need that port too. */
    if (shared && n->room.shared_socks[0] < 0 && n->room.shared_socks[1] < 0)
        return err_set(err, ERR_IN_USE, "Could not open NTP sockets");
    return true;
}

bool ntp_add_broadcast(struct ntp *n, const struct endpoint *to, int interval_s)
{
    return server_add_broadcast(n->room.server, to, interval_s);
}

void ntp_start(struct ntp *n)
{
    n->started = true;
    ntp_open_server(n, NULL);
    names_start(n->names);
}

/* --- events ----------------------------------------------------------------------------------- */

static bool is_shared(const struct ntp *n, int sock)
{
    return sock >= 0 && (sock == n->room.shared_socks[0] || sock == n->room.shared_socks[1]);
}

/* On a socket that many use, the sender's address tells whose answer it is. */
static bool deliver_by_address(struct ntp *n, const struct os_datagram *d)
{
    struct association *a = names_find(n->names, &d->remote.addr);

    if (!a || d->length < NTP_HEADER_BYTES || !association_expects_mode(a, d->data[0] & 7) ||
        association_settings(a)->port != d->remote.port)
        return false;
    association_receive(a, d);
    return true;
}

/* What came in a PTP message is from here on what came without. */
static bool handle_ptp(struct ntp *n, const struct os_datagram *d)
{
    struct os_datagram inner = *d;
    struct ptp_message m;

    if (!ptp_unwrap(d->data, d->length, n->room.settings.ptp_domain, &m))
        return true;
    inner.data = m.ntp;
    inner.length = m.length;
    inner.correction_s = m.correction_s;
    if (!deliver_by_address(n, &inner))
        server_request(n->room.server, &inner);
    return true;
}

static bool handle_datagram(struct ntp *n, const struct os_datagram *d)
{
    bool of_server = server_owns(n->room.server, d->sock);
    struct association *a;

    if (server_is_ptp(n->room.server, d->sock))
        return handle_ptp(n, d);
    if (of_server || is_shared(n, d->sock)) {
        if (!deliver_by_address(n, d) && of_server)
            server_request(n->room.server, d);
        return true;
    }
    a = association_of_socket(&n->room, d->sock);
    if (a)
        association_receive(a, d);
    return a != NULL;
}

static bool handle_stamped(struct ntp *n, const struct os_datagram *d)
{
    struct os_datagram better = *d;

    if (!n->room.hw || d->hw.clock == 0)
        return handle_datagram(n, d);
    hwstamps_receive(n->room.hw, &better);
    return handle_datagram(n, &better);
}

static bool handle_stamp(struct ntp *n, const struct event *ev)
{
    const int sock = ev->send_stamp.sock;
    const uint32_t tx_id = ev->send_stamp.tx_id;
    struct association *a = association_of_socket(&n->room, sock);
    bool of_server = server_owns(n->room.server, sock);
    struct departure stamp;

    hwstamps_sent(n->room.hw, ev, &stamp);
    if (of_server)
        server_sent(n->room.server, sock, tx_id, &stamp);
    if (!a)
        a = association_of_stamp(&n->room, sock, tx_id);
    if (a)
        association_sent(a, sock, tx_id, &stamp);
    return a || of_server || is_shared(n, sock);
}

static bool handle_failure(struct ntp *n, const struct event *ev)
{
    struct association *a = association_of_socket(&n->room, ev->send_failed.sock);

    if (a)
        association_send_failed(a, ev->send_failed.sys);
    return a || server_owns(n->room.server, ev->send_failed.sock);
}

static bool nobody_hopes(const struct ntp *n)
{
    for (size_t i = 0; i < names_count(n->names); i++) {
        const struct association *a = names_at(n->names, i);

        if (association_resolved(a) && !association_given_up(a))
            return false;
    }
    return names_started_polling(n->names) && !names_awaited(n->names);
}

static void give_up(void *ctx, struct mono now)
{
    struct ntp *n = ctx;

    (void)now;
    n->given_up = true;
}

bool ntp_handle(struct ntp *n, const struct event *ev)
{
    bool ours = false;

    switch (ev->type) {
    case EVENT_DATAGRAM:
        ours = handle_stamped(n, &ev->datagram);
        break;
    case EVENT_SEND_STAMP:
        ours = handle_stamp(n, ev);
        break;
    case EVENT_SEND_FAILED:
        ours = handle_failure(n, ev);
        break;
    case EVENT_RESOLVED:
        ours = names_resolved(n->names, ev);
        if (ours)
            ntp_open_server(n, NULL);
        break;
    case EVENT_NETWORK:
        names_try_again(n->names);
        for (size_t i = 0; i < names_count(n->names); i++)
            association_network_changed(names_at(n->names, i));
        break;
    case EVENT_STREAM_DATA:
    case EVENT_STREAM_READY:
    case EVENT_STREAM_CLOSED:
        return server_handle_stream(n->room.server, ev);
    default:
        break;
    }
    /* The answer may have turned the clock's line: what is served has to see every such turn. */
    if (server_serves(n->room.server))
        server_view(n->room.server);
    return ours;
}

bool ntp_resolved_once(const struct ntp *n)
{
    return names_started_polling(n->names);
}

bool ntp_all_given_up(const struct ntp *n)
{
    return n->given_up && nobody_hopes(n);
}

/* --- commands --------------------------------------------------------------------------------- */

static enum ntp_add_status add_source(struct ntp *n, const struct ntp_source_settings *s,
                                      enum names_origin origin)
{
    enum ntp_add_status status = names_add(n->names, s, origin);

    if (status == NTP_ADDED && n->started) {
        if (origin == NAMES_COMMAND)
            log_info(n->room.log, "Added %s %s", s->pool ? "pool" : "source", s->name);
        ntp_open_server(n, NULL);
    }
    return status;
}

enum ntp_add_status ntp_add_configured(struct ntp *n, const struct ntp_source_settings *s)
{
    return add_source(n, s, NAMES_CONFIG);
}

enum ntp_add_status ntp_add_source(struct ntp *n, const struct ntp_source_settings *s)
{
    return add_source(n, s, NAMES_COMMAND);
}

static bool replace_sources(struct ntp *n, const struct names_list *list, struct ntp_replaced *out)
{
    bool good = names_replace(n->names, list, out);

    if (n->started)
        ntp_open_server(n, NULL);
    return good;
}

static void replace_dir_sources(struct ntp *n, const struct names_list *list)
{
    struct ntp_replaced unused;

    if (!replace_sources(n, list, &unused))
        log_error(n->room.log, "No memory for sources");
}

void ntp_reload_sources(struct ntp *n, const struct ntp_source_settings *list, size_t count)
{
    const struct names_list only = {.items = list, .dir_count = count, .only_dirs = true};

    replace_dir_sources(n, &only);
}

void ntp_borrow_sources(struct ntp *n, const struct ntp_source_settings *list, size_t count)
{
    const struct names_list only = {
        .items = list, .dir_count = count, .only_dirs = true, .quiet = true};

    replace_dir_sources(n, &only);
}

bool ntp_replace_sources(struct ntp *n, const struct ntp_source_settings *list, size_t config_count,
                         size_t dir_count, struct ntp_replaced *out)
{
    const struct names_list all = {
        .items = list, .config_count = config_count, .dir_count = dir_count};

    return replace_sources(n, &all, out);
}

bool ntp_delete_source(struct ntp *n, const struct addr *addr)
{
    struct association *a = names_find(n->names, addr);
    char text[300];

    if (!a)
        return false;
    source_text(association_source(a), text, sizeof(text));
    names_delete(n->names, addr);
    log_info(n->room.log, "Removed source %s", text);
    ntp_open_server(n, NULL);
    return true;
}

static bool masked_equal(const struct addr *a, const struct addr *mask, const struct addr *addr)
{
    if (addr->family == ADDR_NONE)
        return true;
    if (a->family != addr->family)
        return false;
    if (mask->family != addr->family)
        return addr_equal(a, addr);
    for (size_t i = 0; i < sizeof(a->bytes); i++) {
        if ((a->bytes[i] & mask->bytes[i]) != (addr->bytes[i] & mask->bytes[i]))
            return false;
    }
    return true;
}

bool ntp_set_online(struct ntp *n, const struct addr *mask, const struct addr *addr, bool online)
{
    bool any = false;

    for (size_t i = 0; i < names_count(n->names); i++) {
        struct association *a = names_at(n->names, i);

        if (!masked_equal(association_addr(a), mask, addr))
            continue;
        association_set_online(a, online);
        any = true;
    }
    if (online)
        names_try_again(n->names);
    return any;
}

void ntp_onoffline(struct ntp *n)
{
    const struct os *os = &n->room.os;

    for (size_t i = 0; i < names_count(n->names); i++) {
        struct association *a = names_at(n->names, i);

        if (association_resolved(a))
            association_set_online(a, os->ops->has_route(os->ctx, association_addr(a)));
    }
    names_try_again(n->names);
}

bool ntp_burst(struct ntp *n, const struct addr *mask, const struct addr *addr, int good, int total)
{
    bool any = false;

    for (size_t i = 0; i < names_count(n->names); i++) {
        struct association *a = names_at(n->names, i);

        if (!association_resolved(a) || !masked_equal(association_addr(a), mask, addr))
            continue;
        association_burst(a, good, total);
        any = true;
    }
    return any;
}

void ntp_break(struct ntp *n)
{
    hwstamps_break(n->room.hw);
}

void ntp_measure_again(struct ntp *n)
{
    for (size_t i = 0; i < names_count(n->names); i++) {
        struct association *a = names_at(n->names, i);

        if (association_state(a) == ASSOC_ONLINE)
            association_burst(a, MEASURE_AGAIN_GOOD, MEASURE_AGAIN_TOTAL);
    }
}

void ntp_refresh(struct ntp *n)
{
    names_refresh(n->names);
}

void ntp_rekey(struct ntp *n)
{
    /* Keys are looked up by id at each packet; there is nothing to renew but the view. */
    server_view(n->room.server);
}

bool ntp_modify(struct ntp *n, const struct addr *addr, enum ntp_modify what, double value)
{
    struct association *a = names_find(n->names, addr);

    if (a)
        association_modify(a, what, value);
    return a != NULL;
}

bool ntp_set_select_options(struct ntp *n, const struct addr *addr, uint8_t mask, uint8_t options)
{
    struct association *a = names_find(n->names, addr);
    uint8_t before;

    if (!a)
        return false;
    before = association_settings(a)->select_options;
    association_set_select_options(a, (uint8_t)((before & ~mask) | options));
    return true;
}

void ntp_cycle_logs(struct ntp *n)
{
    logfile_cycle(n->room.measurements);
}

/* --- reports ---------------------------------------------------------------------------------- */

void ntp_activity(const struct ntp *n, struct ntp_activity *out)
{
    *out = (struct ntp_activity){0};
    for (size_t i = 0; i < names_count(n->names); i++) {
        const struct association *a = names_at(n->names, i);

        if (!association_resolved(a)) {
            out->unresolved++;
            continue;
        }
        switch (association_state(a)) {
        case ASSOC_ONLINE:
            out->online++;
            break;
        case ASSOC_OFFLINE:
            out->offline++;
            break;
        case ASSOC_BURST_ONLINE:
            out->burst_online++;
            break;
        case ASSOC_BURST_OFFLINE:
            out->burst_offline++;
            break;
        }
    }
}

bool ntp_data_report(const struct ntp *n, const struct addr *addr, struct ntp_data_report *out)
{
    const struct association *a = names_find(n->names, addr);

    if (a)
        association_data(a, out);
    return a != NULL;
}

bool ntp_auth_report(const struct ntp *n, const struct addr *addr, struct ntp_auth_report *out)
{
    const struct association *a = names_find(n->names, addr);

    if (a)
        association_auth(a, out);
    return a != NULL;
}

bool ntp_source_name(const struct ntp *n, const struct addr *addr, char *buf, size_t size)
{
    const struct association *a = names_find(n->names, addr);

    return a && (text_copy(buf, size, association_settings(a)->name), true);
}

int ntp_source_poll(const struct ntp *n, const struct addr *addr)
{
    const struct association *a = names_find(n->names, addr);

    return a ? association_poll(a) : 0;
}

void ntp_source_reason(const struct ntp *n, const struct addr *addr, struct reason *out)
{
    const struct association *a = names_find(n->names, addr);

    *out = (struct reason){.code = REASON_NONE};
    if (!a)
        return;
    association_reason(a, out);
    if (out->code == REASON_UNRESOLVED)
        out->figure = names_next_try_s(n->names);
}

struct clientlog *ntp_clientlog(struct ntp *n)
{
    return server_clients(n->room.server);
}
