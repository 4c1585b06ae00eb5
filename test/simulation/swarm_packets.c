/* swarm_packets.c - invariants of datagrams: nobody is asked too often, no reply is too long. */
#include <math.h>

#include "test/simulation/swarm_watch.h"

/* Requests that come one after the other are this far apart at least, of what was configured: the
 * monotonic clock is slewed by up to a tenth, and intervals are drawn a little. */
#define SPACING_LEAST 0.85
#define BURST_SPACING_LEAST_S 1.6
#define BURST_LASTS_NS (64 * NS_PER_S)
#define LONGEST_OF_MAXPOLL 1.3
#define BUCKET 60.0

static double refill_per_s(const struct ntp_source_settings *s)
{
    double requests = 1.3;

    if (s->presend_minpoll < 100)
        requests += 2.6;
    if (s->burst)
        requests += 4.0;
    return requests / ldexp(1.0, s->minpoll);
}

static bool is_recent(const struct node *n, int64_t at_ns, double noticed_s)
{
    return at_ns >= 0 &&
           n->world->now_ns - at_ns < BURST_LASTS_NS + (int64_t)(noticed_s * (double)NS_PER_S);
}

/* Two requests in sequence. A command, a network that changed or a clock that jumped may begin a
 * burst with any source; a jump is noticed when the daemon wakes, for the next request at the
 * latest.
 */
static double least_spacing_s(const struct node *n, const struct ntp_source_settings *s)
{
    double interval_s = ldexp(1.0, s->minpoll),
           noticed_s = LONGEST_OF_MAXPOLL * ldexp(1.0, s->maxpoll);

    if (s->iburst || s->burst || s->presend_minpoll < 100 ||
        is_recent(n, n->counts.prodded_ns, 0.0) || is_recent(n, n->counts.disturbed_ns, noticed_s))
        return min_d(BURST_SPACING_LEAST_S, 0.2 * interval_s);
    return SPACING_LEAST * interval_s;
}

static void check_peer(struct watch *w, struct peer *peer)
{
    struct node *n = w->node;
    int64_t now = n->world->now_ns;
    double since_s = peer->last_ns < 0 ? 1e9 : (double)(now - peer->last_ns) * 1e-9;

    /* A command or a jump of the clock begins a burst at once. */
    if (since_s < least_spacing_s(n, peer->settings) && peer->orders == n->counts.orders &&
        n->counts.disturbed_ns < peer->last_ns)
        violated(w->check, n, "poll", "%.3f s between two requests to %s, minpoll is %d", since_s,
                 peer->settings->name, peer->settings->minpoll);
    peer->tokens = min_d(BUCKET, peer->tokens + since_s * refill_per_s(peer->settings)) - 1.0;
    if (peer->tokens < 0.0)
        violated(w->check, n, "poll", "%s is asked far more often than minpoll %d allows",
                 peer->settings->name, peer->settings->minpoll);
    peer->last_ns = now;
    peer->orders = n->counts.orders;
}

static void check_request(struct watch *w, const struct packet *p)
{
    learn_peers(w);
    for (size_t i = 0; i < w->peer_count; i++) {
        if (addr_equal(&w->peers[i].addr, &p->target.addr))
            check_peer(w, &w->peers[i]);
    }
}

static void remember(struct swarm_check *c, const struct packet *p)
{
    c->seen[c->seen_next++ % REQUESTS_KEPT] =
        (struct request_seen){.server = p->to, .client = p->source, .length = p->length};
}

static void check_reply(struct swarm_check *c, const struct packet *p)
{
    size_t longest = 0;
    bool known = false;

    for (size_t i = 0; i < REQUESTS_KEPT; i++) {
        if (c->seen[i].server == p->from && endpoint_equal(&c->seen[i].client, &p->target)) {
            known = true;
            longest = c->seen[i].length > longest ? c->seen[i].length : longest;
        }
    }
    if (known && p->length > longest)
        violated(c, p->from, "length", "a reply of %zu bytes to a request of %zu", p->length,
                 longest);
}

void check_datagram(struct swarm_check *c, const struct packet *p)
{
    bool to_server = p->target.port == 123 || p->target.port == 323;
    bool from_server = p->source.port == 123 || p->source.port == 323;

    if (to_server && !p->to->host)
        remember(c, p);
    if (from_server && !to_server && !p->from->host)
        check_reply(c, p);
    for (size_t i = 0; i < c->count && p->target.port == 123 && p->source.port != 123; i++) {
        if (c->watches[i].node == p->from)
            check_request(&c->watches[i], p);
    }
}
