/* request.c - sending a request: its socket, its timestamps, its key. */

#include "chronyd/ntp/association_private.h"
#include "chronyd/ntp/mac.h"
#include "chronyd/ntp/server.h"

/* How much longer than maxdelay a socket waits for the answer: servers may take up to 4 s. */
#define ANSWER_EXTRA_S 4.0
#define PRECISION_UNTOLD 32 /* a client has no need to tell its own */
#define MAC_V4_BYTES_MAX 20
#define INTERLEAVED_MISSED_MAX 4

static int request_version(const struct association *a, const struct key *key)
{
    const struct ntp_source_settings *s = &a->settings;

    if (s->version > 0)
        return s->version;
    if (s->ef_mono_root || s->ef_net_correction || s->xleave)
        return 4;
    /* An older version keeps the MAC from being truncated. */
    if (key && ntp_mac_length(key, 3) > MAC_V4_BYTES_MAX)
        return 3;
    return 4;
}

/* Transmit and receive timestamps of a client are not times but random numbers: nobody who does not
 * see the request can answer it, and it tells nothing about our clock. */
static struct ntp_time cookie(const struct association *a, uint64_t other)
{
    uint64_t v = room_random(a->room);

    while (v == 0 || v == other)
        v = v * 3 + 1;
    return (struct ntp_time){v};
}

static void fill_client(struct association *a, struct ntp_header *h)
{
    struct request *r = &a->request;

    h->mode = NTP_MODE_CLIENT;
    h->poll = (int8_t)polling_log2(a);
    h->precision = PRECISION_UNTOLD;
    r->transmit = cookie(a, 0);
    r->interleaved =
        a->settings.xleave && a->last.usable && a->polling.missed < INTERLEAVED_MISSED_MAX;
    if (r->interleaved) {
        r->receive = cookie(a, r->transmit.bits);
        h->origin = a->last.remote_receive;
        h->receive = r->receive;
    }
    h->transmit = r->transmit;
}

/* When the packet before this one left, as the other is told it. */
static struct ntp_time previous_transmit(const struct association *a)
{
    return ntp_time_from_utc(clock_corrected(a->room->clock, a->last_sent.at));
}

/* A peer is told all that a server's answer tells. In interleaved mode (RFC 9769 section 3) the
 * transmit timestamp is that of our previous packet, which is known better by now; that makes sense
 * as long as packets go to and fro in turn. */
static void fill_peer(struct association *a, struct utc raw, struct ntp_header *h)
{
    const struct ntp_view *view = server_view(a->room->server);
    struct request *r = &a->request;
    bool interleave =
        a->settings.xleave && a->last.usable && a->last_sent.by != 0 && a->sent_since_heard == 0;

    ntp_view_header(view, raw, h);
    h->mode = NTP_MODE_ACTIVE;
    h->poll = (int8_t)polling_log2(a);
    h->receive = a->last.told_receive;
    h->origin = interleave ? a->last.remote_receive : a->last.remote_transmit;
    h->transmit =
        interleave ? previous_transmit(a) : ntp_view_time(view, raw, room_random(a->room));
    r->transmit = h->transmit;
    r->receive = h->receive;
    r->interleaved = a->settings.xleave && h->receive.bits != 0;
    a->sent_since_heard++;
}

static int open_socket(struct association *a, struct err *err)
{
    const struct ntp_settings *s = &a->room->settings;
    bool v4 = a->remote.addr.family == ADDR_IPV4;
    struct os_udp_params p = {
        .use = OS_UDP_NTP_CLIENT,
        .family = a->remote.addr.family,
        .local = v4 ? s->bind_acq_ipv4 : s->bind_acq_ipv6,
        .remote = a->remote,
        .device = s->bind_acq_device,
        .dscp = s->dscp,
    };

    return a->room->os.ops->udp_open(a->room->os.ctx, &p, err);
}

/* The server's port says that it is asked in PTP messages. */
static bool is_over_ptp(const struct association *a)
{
    uint16_t port = a->room->settings.ptp_port;

    return port != 0 && a->remote.port == port;
}

static int choose_socket(struct association *a, struct err *err)
{
    enum addr_family family = a->remote.addr.family;
    int sock;

    if (is_over_ptp(a))
        return server_ptp_socket(a->room->server, family);
    if (a->settings.kind == SOURCE_PEER)
        return server_socket(a->room->server, family);
    if (a->room->settings.acquisition_port >= 0)
        return a->room->shared_socks[family == ADDR_IPV6];
    sockets_close(a);
    sock = open_socket(a, err);
    if (sock < 0 && err->code == ERR_LIMIT && association_free_socket(a->room))
        sock = open_socket(a, err);
    return sock >= 0 && sockets_own(a, sock) ? sock : -1;
}

static void note_trouble(struct association *a, enum reason_code code, double figure)
{
    a->trouble = (struct reason){.code = code, .figure = figure};
}

static bool encode(struct association *a, const struct key *key, struct utc raw, uint8_t *data,
                   size_t *length, size_t size)
{
    struct ntp_header h = {.version = (uint8_t)request_version(a, key)};
    struct wire_out out;

    if (a->settings.kind == SOURCE_PEER)
        fill_peer(a, raw, &h);
    else
        fill_client(a, &h);
    a->request.version = h.version;
    ntp_header_encode(&h, data);
    out = wire_out_of(data, size);
    out.used = NTP_HEADER_BYTES;
    if (a->settings.ef_mono_root && h.version == 4)
        mono_root_put(&out, NULL);
    if (a->settings.ef_net_correction && h.version == 4)
        correction_put(&out, 0.0);
    *length = out.used;
    return !key || ntp_mac_append(key, h.version, data, length, size);
}

static bool transmit(struct association *a, int sock, const uint8_t *data, size_t length)
{
    struct os_datagram d = {.sock = sock, .remote = a->remote, .data = data, .length = length};
    struct err err = {0};
    struct utc raw = room_utc(a->room);

    a->request.sent = (struct local_stamp){clock_osc(a->room->clock, raw), STAMP_DAEMON, 0.0};
    a->request.sock = sock;
    if (server_send(a->room->server, &d, &a->request.tx_id, &err)) {
        if (sock != a->sock)
            sockets_expect_stamp(a);
        return true;
    }
    note_trouble(a, REASON_NO_ROUTE, err.sys);
    return false;
}

static void expect_answer(struct association *a, struct mono now)
{
    double wait_s = a->settings.max_delay_s + ANSWER_EXTRA_S;

    a->data.total_tx++;
    if (a->trouble.code == REASON_NO_ROUTE || a->trouble.code == REASON_KEY_MISSING)
        a->trouble.code = REASON_NONE;
    timer_set(a->room->timers, &a->close_timer, mono_add_s(now, wait_s));
}

/* The previous request can no longer be answered. A request that could not be sent counts as one
 * that was not answered. */
bool request_send(struct association *a, struct mono now, bool presend)
{
    const struct key *key = NULL;
    struct err err = {0};
    uint8_t data[NTP_PACKET_BYTES_MAX];
    size_t length;
    int sock;

    a->last_sent = a->request.sent;
    sockets_forget_stamp(a);
    hold_drop(a);
    a->request =
        (struct request){.waiting = true, .presend = presend, .sent_mono = now, .sock = -1};
    if (a->settings.key_id != 0) {
        key = keystore_find(a->room->keys, a->settings.key_id);
        if (!key) {
            note_trouble(a, REASON_KEY_MISSING, a->settings.key_id);
            return true;
        }
    }
    sock = choose_socket(a, &err);
    if (sock < 0) {
        note_trouble(a, REASON_NO_ROUTE, err.sys);
        return false;
    }
    if (!encode(a, key, room_utc(a->room), data, &length, sizeof(data)) ||
        !transmit(a, sock, data, length)) {
        a->request.transmit.bits = a->request.receive.bits = 0;
        sockets_close(a);
        return false;
    }
    expect_answer(a, now);
    return true;
}

void request_timeout(void *ctx, struct mono now)
{
    (void)now;
    sockets_close(ctx);
}

/* The kernel's stamp comes first, that of the interface after it, and only the better one counts.
 */
void association_sent(struct association *a, int sock, uint32_t tx_id,
                      const struct departure *stamp)
{
    struct request *r = &a->request;

    if (sock != r->sock || tx_id != r->tx_id || r->version == 0 ||
        !hwstamps_is_better(stamp->by, r->sent.by))
        return;
    a->data.total_kernel_tx += stamp->by == STAMP_KERNEL;
    a->data.total_kernel_tx -= r->sent.by == STAMP_KERNEL;
    a->data.total_hw_tx += stamp->by == STAMP_HARDWARE;
    r->sent = (struct local_stamp){clock_osc(a->room->clock, stamp->at), stamp->by, stamp->error_s};
    if (stamp->by == STAMP_HARDWARE)
        hold_release(a);
}
