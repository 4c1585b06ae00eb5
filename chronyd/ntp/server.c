#include "chronyd/ntp/server.h"

#include <math.h>
#include <stdlib.h>

#include "base/wire.h"
#include "chronyd/ntp/ptp.h"
#include "chronyd/ntp/signd.h"

#define NTP_HEADER_ORIGIN 24
#define PENDING_MIN 64
#define PENDING_MAX 1048576
#define VIEW_AGE_MAX_S 1.0
#define PRECISION_MIN (-30)
#define POLL_UNLIMITED (-19) /* the shortest interval that a limit can have */
#define BROADCAST_VERSION 4
#define SOCKS 4
#define SOCK_PTP 2

/* A reply whose transmit timestamp may still come in. */
struct pending {
    int sock; /* -1: free */
    uint32_t tx_id;
    struct ntp_time receive;
    enum os_stamp by; /* who stamped it already */
};

/* Where time is sent unasked (directive broadcast). */
struct broadcast {
    struct server *server;
    struct broadcast *next;
    struct endpoint to;
    double interval_s;
    struct timer timer;
};

/* What we remember of the previous answer to a client. */
struct memory {
    bool known;
    struct respond_interleaved times;
    enum os_stamp transmit_by;
};

struct server {
    struct ntp_room *room;
    struct clientlog *clients;
    struct signd *signd; /* NULL = nobody signs */
    struct broadcast *broadcasts;
    int socks[SOCKS];   /* IPv4, IPv6, the same for NTP over PTP; -1 = closed */
    bool warned[SOCKS]; /* that the socket could not be opened */
    struct ntp_view view;
    uint64_t generation;
    struct mono view_at;
    struct pending *pending;
    size_t pending_count;
};

static int precision_log2(double precision_s)
{
    return clamp_i((int)lrint(log2(precision_s)), PRECISION_MIN, 0);
}

static void send_signed(void *ctx, const struct os_datagram *answer);

static bool make_parts(struct server *s)
{
    const struct ntp_settings *set = &s->room->settings;

    s->clients = clientlog_create(&s->room->os, &set->clients);
    s->pending_count = (size_t)clamp_i(set->max_tx_buffers, PENDING_MIN, PENDING_MAX);
    s->pending = calloc(s->pending_count, sizeof(*s->pending));
    if (!s->clients || !s->pending)
        return false;
    for (size_t i = 0; i < s->pending_count; i++)
        s->pending[i].sock = -1;
    if (set->signd_socket)
        s->signd = signd_create(s->room, set->signd_socket, send_signed, s);
    s->view.signs = s->signd != NULL;
    return s->signd || !set->signd_socket;
}

struct server *server_create(struct ntp_room *room, struct err *err)
{
    struct server *s = calloc(1, sizeof(*s));
    const struct ratelimit_settings *limit = &room->settings.clients.limits[CLIENT_NTP];

    if (!s) {
        err_no_memory(err);
        return NULL;
    }
    s->room = room;
    for (size_t i = 0; i < SOCKS; i++)
        s->socks[i] = -1;
    if (!make_parts(s)) {
        server_destroy(s);
        err_set(err, ERR_LIMIT, "Not enough memory for the client log");
        return NULL;
    }
    s->view_at = (struct mono){INT64_MIN};
    s->view.access = room->access;
    s->view.keys = room->keys;
    s->view.fuzz_seed = room_random(room);
    s->view.mono_epoch = (uint32_t)room_random(room);
    s->view.mono = clock_view(room->clock);
    s->view.precision = (int8_t)precision_log2(clock_precision_s(room->clock));
    s->view.poll_min = limit->enabled ? (int8_t)limit->interval : POLL_UNLIMITED;
    return s;
}

static void close_sock(struct server *s, size_t which)
{
    if (s->socks[which] < 0)
        return;
    s->room->os.ops->udp_close(s->room->os.ctx, s->socks[which]);
    for (size_t i = 0; i < s->pending_count; i++) {
        if (s->pending[i].sock == s->socks[which])
            s->pending[i].sock = -1;
    }
    s->socks[which] = -1;
}

void server_destroy(struct server *s)
{
    if (!s)
        return;
    while (s->broadcasts) {
        struct broadcast *b = s->broadcasts;

        s->broadcasts = b->next;
        timer_cancel(s->room->timers, &b->timer);
        free(b);
    }
    signd_destroy(s->signd);
    for (size_t i = 0; i < SOCKS; i++)
        close_sock(s, i);
    clientlog_destroy(s->clients);
    free(s->pending);
    free(s);
}

static enum addr_family family_of(size_t which)
{
    return which % SOCK_PTP == 0 ? ADDR_IPV4 : ADDR_IPV6;
}

static void open_sock(struct server *s, size_t which)
{
    const struct ntp_settings *set = &s->room->settings;
    struct os_udp_params p = {
        .use = OS_UDP_NTP_SERVER,
        .family = family_of(which),
        .local = family_of(which) == ADDR_IPV4 ? set->bind_ipv4 : set->bind_ipv6,
        .local_port = which >= SOCK_PTP ? set->ptp_port : set->port,
        .device = set->bind_device,
        .dscp = set->dscp,
        .broadcast = s->broadcasts != NULL,
        .numbered = set->max_tx_buffers > 0,
    };
    struct endpoint e = {p.local, p.local_port};
    char text[ADDR_TEXT_MAX + 8];
    struct err err = {0};

    s->socks[which] = s->room->os.ops->udp_open(s->room->os.ctx, &p, &err);
    if (s->socks[which] < 0 && !s->warned[which]) {
        e.addr.family = (uint8_t)p.family; /* any: zeros */
        log_error(s->room->log, "Could not open NTP socket on %s",
                  endpoint_format(&e, text, sizeof(text)));
    }
    s->warned[which] = s->socks[which] < 0;
}

/* PTP messages go from port to port, so a client needs the socket as well. */
static bool is_needed(const struct server *s, size_t which, const bool peers[2])
{
    enum addr_family f = family_of(which);
    const struct ntp_settings *set = &s->room->settings;

    if (set->only != ADDR_NONE && set->only != f)
        return false;
    if (which >= SOCK_PTP)
        return set->ptp_port != 0;
    if (set->port == 0)
        return false;
    for (const struct broadcast *b = s->broadcasts; b; b = b->next) {
        if (b->to.addr.family == f)
            return true;
    }
    return peers[which] || access_any(s->room->access, f);
}

void server_open(struct server *s, const bool peers[2])
{
    for (size_t i = 0; i < SOCKS; i++) {
        if (!is_needed(s, i, peers))
            close_sock(s, i);
        else if (s->socks[i] < 0)
            open_sock(s, i);
    }
}

int server_socket(const struct server *s, enum addr_family family)
{
    return s->socks[family == ADDR_IPV6];
}

int server_ptp_socket(const struct server *s, enum addr_family family)
{
    return s->socks[SOCK_PTP + (family == ADDR_IPV6)];
}

bool server_is_ptp(const struct server *s, int sock)
{
    return sock >= 0 && (sock == s->socks[SOCK_PTP] || sock == s->socks[SOCK_PTP + 1]);
}

bool server_owns(const struct server *s, int sock)
{
    return sock >= 0 && (sock == s->socks[0] || sock == s->socks[1] || server_is_ptp(s, sock));
}

bool server_serves(const struct server *s)
{
    bool open = false;

    for (size_t i = 0; i < SOCKS; i++)
        open = open || s->socks[i] >= 0;
    return open && access_any(s->room->access, ADDR_NONE);
}

bool server_send(struct server *s, const struct os_datagram *d, uint32_t *tx_id, struct err *err)
{
    const struct os *os = &s->room->os;
    uint8_t data[PTP_PACKET_BYTES_MAX];
    struct os_datagram wrapped = *d;

    if (!server_is_ptp(s, d->sock))
        return os->ops->udp_send(os->ctx, d, tx_id, err);
    wrapped.data = data;
    wrapped.length =
        ptp_wrap(d->data, d->length, s->room->settings.ptp_domain, ++s->room->ptp_sequence, data);
    return os->ops->udp_send(os->ctx, &wrapped, tx_id, err);
}

struct clientlog *server_clients(struct server *s)
{
    return s->clients;
}

/* The scale without steps goes on from where it is, with the frequency that the clock has now. */
static void turn_mono_scale(struct server *s)
{
    struct clock_view now = clock_view(s->room->clock), *mono = &s->view.mono;
    struct osc at = now.true_osc.ns > mono->true_osc.ns ? now.true_osc : mono->true_osc;

    mono->true_anchor = clock_view_corrected(mono, at);
    mono->true_osc = at;
    mono->freq = now.freq;
    s->view.clock = now;
}

/* Rebuilt when a figure or a line of the clock changed, and every second for what changes by
 * itself: the growing dispersion, the local reference. */
const struct ntp_view *server_view(struct server *s)
{
    struct ntp_room *room = s->room;
    uint64_t generation =
        reference_generation(room->reference) * 1000003 + clock_generation(room->clock);
    struct mono now = room_mono(room);

    if (generation == s->generation && s->view_at.ns != INT64_MIN &&
        mono_diff_s(now, s->view_at) < VIEW_AGE_MAX_S && !mono_before(now, s->view_at))
        return &s->view;
    s->generation = generation;
    s->view_at = now;
    turn_mono_scale(s);
    s->view.figures_at = clock_now(room->clock);
    reference_figures(room->reference, &s->view.figures);
    s->view.dispersion_rate = s->view.figures.dispersion_rate;
    s->view.smoothing = s->view.figures.smoothing;
    s->view.smooth_offset_s = s->view.figures.smooth_offset_s;
    s->view.smooth_freq = s->view.figures.smooth_freq;
    s->view.figures.root_dispersion_s += fabs(s->view.smooth_offset_s);
    return &s->view;
}

/* A socket's datagrams are numbered one by one, so each goes round in the table at its own pace. */
static struct pending *pending_of(struct server *s, int sock, uint32_t tx_id)
{
    size_t which = 0;

    while (which < SOCKS - 1 && s->socks[which] != sock)
        which++;
    return &s->pending[(tx_id + which * (s->pending_count / SOCKS)) % s->pending_count];
}

static void remember_pending(struct server *s, int sock, uint32_t tx_id, struct ntp_time receive)
{
    *pending_of(s, sock, tx_id) = (struct pending){sock, tx_id, receive, STAMP_DAEMON};
}

/* A kernel's transmit timestamp costs as much as the whole answer, so it is asked for (by asking
 * for the number of the datagram) only where the client showed that it keeps our timestamps. */
static void send_reply(struct server *s, const struct os_datagram *request,
                       const struct respond_out *out, const struct memory *m)
{
    struct os_datagram d = {
        .sock = request->sock,
        .remote = request->remote,
        .local = request->local,
        .interface = request->interface,
        .data = out->data,
        .length = out->length,
    };
    struct err err = {0};
    uint32_t tx_id;

    if (!server_send(s, &d, m->known ? &tx_id : NULL, &err)) {
        log_debug(s->room->log, "%s", err.text);
        return;
    }
    clientlog_count_reply(s->clients, out->authenticated, out->interleaved, request->stamp_by,
                          out->interleaved ? m->transmit_by : STAMP_DAEMON);
    clientlog_save_times(s->clients, out->receive, request->stamp, out->transmit, STAMP_DAEMON);
    if (m->known)
        remember_pending(s, request->sock, tx_id, out->receive);
}

/* The receive timestamp that the client saw in the previous answer, if it sends one back. */
static void recall(struct server *s, const struct os_datagram *d, struct memory *m)
{
    struct wire_in in = wire_in_of(d->data + NTP_HEADER_ORIGIN, 8);

    m->times.prev_receive.bits = wire_get_u64(&in);
    m->transmit_by = STAMP_DAEMON;
    m->known = m->times.prev_receive.bits != 0 &&
               clientlog_find_times(s->clients, m->times.prev_receive, &m->times.prev_transmit,
                                    &m->transmit_by);
}

static bool worth_counting(const struct os_datagram *d)
{
    uint8_t mode;

    if (d->length < NTP_HEADER_BYTES)
        return false;
    mode = d->data[0] & 7;
    return mode == NTP_MODE_CLIENT || mode == NTP_MODE_ACTIVE || mode == NTP_MODE_NONE;
}

void server_request(struct server *s, const struct os_datagram *d)
{
    const struct ntp_view *view = server_view(s);
    struct respond_out out;
    struct memory m;
    enum client_verdict verdict;
    enum respond_verdict result;

    if (!worth_counting(d) || !access_allows(s->room->access, &d->remote.addr))
        return;
    verdict = clientlog_hit(s->clients, CLIENT_NTP, &d->remote.addr, room_mono(s->room));
    if (verdict == CLIENT_DROP)
        return;
    recall(s, d, &m);
    result = ntp_respond(view, d, m.known ? &m.times : NULL, room_utc(s->room),
                         verdict == CLIENT_KOD, &out);
    if (result == RESPOND_SEND)
        send_reply(s, d, &out, &m);
    else if (result == RESPOND_SIGN && verdict != CLIENT_KOD)
        signd_ask(s->signd, d, out.data);
}

/* The way through another program may take a while: the socket may be gone. */
static void send_signed(void *ctx, const struct os_datagram *answer)
{
    struct server *s = ctx;
    struct err err = {0};

    if (!server_owns(s, answer->sock))
        return;
    if (!server_send(s, answer, NULL, &err)) {
        log_debug(s->room->log, "%s", err.text);
        return;
    }
    clientlog_count_reply(s->clients, true, false, answer->stamp_by, STAMP_DAEMON);
}

bool server_handle_stream(struct server *s, const struct event *ev)
{
    return s->signd && signd_handle(s->signd, ev);
}

/* The kernel's stamp comes first; that of an interface may follow. */
void server_sent(struct server *s, int sock, uint32_t tx_id, const struct departure *stamp)
{
    struct pending *p = pending_of(s, sock, tx_id);

    if (p->sock != sock || p->tx_id != tx_id || !hwstamps_is_better(stamp->by, p->by))
        return;
    p->by = stamp->by;
    if (stamp->by == STAMP_HARDWARE || !s->room->hw)
        p->sock = -1;
    clientlog_update_transmit(s->clients, p->receive,
                              ntp_view_time(server_view(s), stamp->at, p->receive.bits), stamp->by);
}

/* --- broadcast -------------------------------------------------------------------------------- */

static void send_broadcast(void *ctx, struct mono now)
{
    struct broadcast *b = ctx;
    struct server *s = b->server;
    struct ntp_room *room = s->room;
    struct ntp_header h = {.version = BROADCAST_VERSION, .mode = NTP_MODE_BROADCAST};
    uint8_t data[NTP_HEADER_BYTES];
    struct os_datagram d = {.sock = server_socket(s, b->to.addr.family),
                            .remote = b->to,
                            .data = data,
                            .length = sizeof(data)};
    struct utc raw = room_utc(room);
    struct err err = {0};

    timer_set(room->timers, &b->timer, mono_add_s(now, b->interval_s));
    if (d.sock < 0)
        return;
    ntp_view_header(server_view(s), raw, &h);
    h.poll = (int8_t)clamp_i((int)lrint(log2(b->interval_s)), 0, NTP_POLL_LOG2_MAX);
    h.transmit = ntp_view_time(server_view(s), raw, room_random(room));
    ntp_header_encode(&h, data);
    if (!room->os.ops->udp_send(room->os.ctx, &d, NULL, &err))
        log_debug(room->log, "%s", err.text);
}

bool server_add_broadcast(struct server *s, const struct endpoint *to, double interval_s)
{
    struct broadcast *b = calloc(1, sizeof(*b));

    if (!b)
        return false;
    *b =
        (struct broadcast){.server = s, .next = s->broadcasts, .to = *to, .interval_s = interval_s};
    b->timer = (struct timer){.fire = send_broadcast, .ctx = b};
    s->broadcasts = b;
    timer_set(s->room->timers, &b->timer, mono_add_s(room_mono(s->room), interval_s));
    return true;
}
