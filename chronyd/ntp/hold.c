/* hold.c - an answer that came before the interface told when its request had left (directive
 * hwtstimeout): it waits for that stamp, but not for long. */
#include <stdlib.h>
#include <string.h>

#include "chronyd/ntp/association_private.h"

struct held {
    struct os_datagram datagram;
    struct osc at; /* when it came; on this axis nobody steps the clock meanwhile */
    uint8_t data[NTP_PACKET_BYTES_MAX];
};

static bool has_to_wait(const struct association *a, const struct os_datagram *d)
{
    return a->room->settings.hwts_timeout_s > 0.0 && a->request.waiting &&
           a->request.sent.by != STAMP_HARDWARE && !addr_is_loopback(&a->remote.addr) &&
           hwstamps_expected(a->room->hw, d->interface);
}

static bool is_copy(const struct held *h, const struct os_datagram *d)
{
    return d->length == h->datagram.length && memcmp(d->data, h->data, d->length) == 0;
}

bool hold_back(struct association *a, const struct os_datagram *d, const struct ntp_packet *p)
{
    struct held *h;

    if (!has_to_wait(a, d) || !reply_answers(a, &p->header))
        return false;
    /* What waits has not been authenticated yet, so it must not keep another one out. */
    if (a->held)
        return is_copy(a->held, d);
    h = malloc(sizeof(*h));
    if (!h || d->length > sizeof(h->data)) {
        free(h);
        return false;
    }
    h->datagram = *d;
    h->datagram.data = h->data;
    h->at = clock_osc(a->room->clock, d->stamp);
    memcpy(h->data, d->data, d->length);
    a->held = h;
    timer_set(a->room->timers, &a->hold_timer,
              mono_add_s(room_mono(a->room), a->room->settings.hwts_timeout_s));
    return true;
}

void hold_release(struct association *a)
{
    struct clock_view view = clock_view(a->room->clock);
    struct held *h = a->held;
    struct ntp_packet p;

    if (!h)
        return;
    timer_cancel(a->room->timers, &a->hold_timer);
    a->held = NULL;
    h->datagram.stamp = clock_view_raw(&view, h->at);
    if (ntp_packet_decode(h->data, h->datagram.length, &p))
        reply_take(a, &h->datagram, &p);
    free(h);
}

void hold_drop(struct association *a)
{
    timer_cancel(a->room->timers, &a->hold_timer);
    free(a->held);
    a->held = NULL;
}

void hold_timeout(void *ctx, struct mono now)
{
    (void)now;
    hold_release(ctx);
}
