/* clients.c - who asked this server, and how much. */
#include "chronyd/control/handlers.h"

enum candm_status handle_server_stats(struct exchange *x)
{
    struct server_stats s;
    struct candm_rpy_server_stats4 r;

    clientlog_stats(ntp_clientlog(x->control->rooms.ntp), &s);
    r = (struct candm_rpy_server_stats4){
        .ntp_hits = s.hits[CLIENT_NTP],
        .nke_hits = s.hits[CLIENT_NTSKE],
        .cmd_hits = s.hits[CLIENT_COMMAND],
        .ntp_drops = s.drops[CLIENT_NTP],
        .nke_drops = s.drops[CLIENT_NTSKE],
        .cmd_drops = s.drops[CLIENT_COMMAND] + authenticated_failures(x->control->authenticated),
        .log_drops = s.log_drops,
        .ntp_auth_hits = s.ntp_auth_hits,
        .ntp_interleaved_hits = s.ntp_interleaved_hits,
        .ntp_timestamps = s.ntp_timestamps,
        .ntp_span_s = s.ntp_span_s,
        .daemon_rx = s.rx_stamps[0],
        .daemon_tx = s.tx_stamps[0],
        .kernel_rx = s.rx_stamps[1],
        .kernel_tx = s.tx_stamps[1],
        .hw_rx = s.rx_stamps[2],
        .hw_tx = s.tx_stamps[2],
    };
    /* Each generation of clients sends exactly the length that its reply needs (7.4). */
    if (x->request_length >= CANDM_REPLY_HEADER + candm_reply_bytes(CANDM_RPY_server_stats4)) {
        candm_put_rpy_server_stats4(&x->out, &r);
    } else if (x->request_length >=
               CANDM_REPLY_HEADER + candm_reply_bytes(CANDM_RPY_server_stats3)) {
        x->reply = CANDM_RPY_server_stats3;
        candm_put_rpy_server_stats3(&x->out, &r);
    } else if (x->request_length >=
               CANDM_REPLY_HEADER + candm_reply_bytes(CANDM_RPY_server_stats2)) {
        x->reply = CANDM_RPY_server_stats2;
        candm_put_rpy_server_stats2(&x->out, &r);
    } else {
        x->reply = CANDM_RPY_server_stats;
        candm_put_rpy_server_stats(&x->out, &r);
    }
    return CANDM_SUCCESS;
}

static struct candm_client client_of(const struct client_report *c)
{
    return (struct candm_client){
        .address = c->addr,
        .ntp_hits = c->hits[CLIENT_NTP],
        .nke_hits = c->hits[CLIENT_NTSKE],
        .cmd_hits = c->hits[CLIENT_COMMAND],
        .ntp_drops = c->drops[CLIENT_NTP],
        .nke_drops = c->drops[CLIENT_NTSKE],
        .cmd_drops = c->drops[CLIENT_COMMAND],
        .ntp_interval = c->interval[CLIENT_NTP],
        .nke_interval = c->interval[CLIENT_NTSKE],
        .cmd_interval = c->interval[CLIENT_COMMAND],
        .ntp_timeout_interval = c->ntp_timeout_interval,
        .last_ntp_ago_s = c->last_ago_s[CLIENT_NTP],
        .last_nke_ago_s = c->last_ago_s[CLIENT_NTSKE],
        .last_cmd_ago_s = c->last_ago_s[CLIENT_COMMAND],
    };
}

/* Slots of the table from first_index on, until enough records are found or the table ends. */
enum candm_status handle_client_accesses(struct exchange *x)
{
    struct clientlog *log = ntp_clientlog(x->control->rooms.ntp);
    struct mono now = x->control->os.ops->mono(x->control->os.ctx);
    struct candm_req_client_accesses request;
    struct candm_rpy_client_accesses r = {0};
    struct client_report report;
    size_t slots, wanted, at;

    candm_get_req_client_accesses(&x->in, &request);
    if (!clientlog_enabled(log))
        return CANDM_INACTIVE;
    slots = clientlog_slots(log);
    wanted =
        request.n_clients < CANDM_CLIENTS_PER_REPLY ? request.n_clients : CANDM_CLIENTS_PER_REPLY;
    for (at = request.first_index; at < slots && r.count < wanted; at++) {
        if (clientlog_report(log, at, request.min_hits, request.reset != 0, now, &report))
            r.clients[r.count++] = client_of(&report);
    }
    r.n_indices = (uint32_t)slots;
    r.next_index = (uint32_t)at;
    candm_put_rpy_client_accesses(&x->out, &r);
    return CANDM_SUCCESS;
}
