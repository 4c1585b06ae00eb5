/* polling.c - when to send (spec chrony-conf section 5.2): the interval, its score, bursts,
 * presends, and the distance that requests of different sources keep. */
#include <math.h>

#include "chronyd/ntp/association_private.h"

#define IBURST_GOOD 4
#define IBURST_TOTAL 8
#define BURST_TOTAL_MAX 4
#define BURST_SPACING_S 2.0
#define BURST_SPACING_SHARE (1.0 / 4) /* of the interval, if that is less */
#define PRESEND_BEFORE_S 2.0
/* Intervals below a second are only for servers that are near. */
#define SUBSECOND_DELAY_MAX_S 0.01
#define LENGTHEN_MAX 0.02
#define GAP_MIN_S 0.002
#define GAP_MAX_S 0.2
#define GAP_SHARE (1.0 / 320)
#define KISS_INTERVALS 4
#define REMOTE_POLL_NONE INT8_MAX /* the peer has not told its interval yet */
/* After a change of the network: until routes and addresses are in place, and at least between two
 * requests. */
#define NETWORK_SETTLES_S 1.0
#define NETWORK_PAUSE_S 16.0
/* With -q, -Q and initstepslew a source that does not lead anywhere is not waited for any longer
 * after so many trials, each of its first samples (the one that is just coming, too) earning one
 * more, or, since trials without a burst take long, after so many silent ones in a row. */
#define TRIALS_GIVEN_UP 5
#define TRIALS_EARNED_MAX 2
#define MISSED_GIVEN_UP 3

static bool in_burst(const struct association *a)
{
    return a->state == ASSOC_BURST_ONLINE || a->state == ASSOC_BURST_OFFLINE;
}

static struct poll_settings limits(const struct association *a)
{
    return (struct poll_settings){a->settings.minpoll, a->settings.maxpoll, a->settings.poll_target,
                                  sources_selection(a->room->sources)->agreeing};
}

static int allowed_log2(const struct association *a, int poll)
{
    bool near = source_reach(a->source) != 0 && a->min_delay_s >= 0.0 &&
                a->min_delay_s <= SUBSECOND_DELAY_MAX_S;

    return poll < 0 && !near ? 0 : poll;
}

int polling_log2(const struct association *a)
{
    return allowed_log2(a, a->polling.log2_s);
}

static double regular_interval_s(const struct association *a)
{
    struct poll_settings l = limits(a);
    int poll = a->polling.log2_s;

    /* Two peers that poll each other agree on the shorter of their intervals. */
    if (a->settings.kind == SOURCE_PEER && a->remote_poll < poll)
        poll = a->remote_poll > a->settings.minpoll ? a->remote_poll : a->settings.minpoll;
    poll = allowed_log2(a, poll);
    return poll == a->polling.log2_s ? poll_interval_s(&a->polling, &l) : ldexp(1.0, poll);
}

static double spacing_s(const struct association *a)
{
    double interval_s = regular_interval_s(a);

    return in_burst(a) ? min_d(BURST_SPACING_S, interval_s * BURST_SPACING_SHARE) : interval_s;
}

static struct mono lengthened(const struct association *a, struct mono from, double interval_s)
{
    return mono_add_s(from, interval_s * (1.0 + LENGTHEN_MAX * room_random_unit(a->room)));
}

static void set_timer(struct association *a, struct mono at)
{
    a->slot_reserved = false;
    timer_set(a->room->timers, &a->transmit_timer, at);
}

/* Requests of different sources keep a distance. Who comes too early gets the next free slot, and
 * keeps it whatever others do meanwhile. */
static bool take_slot(struct association *a, struct mono now)
{
    double gap_s = clamp_d(spacing_s(a) * GAP_SHARE, GAP_MIN_S, GAP_MAX_S);
    struct ntp_room *room = a->room;
    bool reserved = a->slot_reserved;

    if (!reserved && mono_before(now, room->next_slot)) {
        timer_set(room->timers, &a->transmit_timer, room->next_slot);
        a->slot_reserved = true;
        room->next_slot = mono_add_s(room->next_slot, gap_s);
        return false;
    }
    a->slot_reserved = false;
    if (!reserved && mono_before(room->next_slot, mono_add_s(now, gap_s)))
        room->next_slot = mono_add_s(now, gap_s);
    return true;
}

void polling_reset(struct association *a)
{
    struct poll_settings l = limits(a);

    timer_cancel(a->room->timers, &a->transmit_timer);
    a->slot_reserved = false;
    poll_reset(&a->polling, &l);
    a->remote_poll = REMOTE_POLL_NONE;
    a->presends_left = -1;
    a->kiss_delay_intervals = 0;
    a->burst_good = a->burst_total = 0;
    a->min_delay_s = -1.0;
}

void polling_begin_burst(struct association *a, int good, int total)
{
    if (a->settings.kind != SOURCE_SERVER || good <= 0 || total <= 0)
        return;
    if (a->state == ASSOC_ONLINE)
        a->state = ASSOC_BURST_ONLINE;
    else if (a->state == ASSOC_OFFLINE)
        a->state = ASSOC_BURST_OFFLINE;
    a->burst_good = good;
    a->burst_total = total;
    a->presends_left = -1;
    source_set_active(a->source, true);
}

static void give_up(struct association *a)
{
    if (!a->given_up)
        room_gave_up(a->room);
    a->given_up = true;
}

void polling_count_trial(struct association *a)
{
    int samples = (int)track_count(source_track(a->source)) + (source_reach(a->source) & 1);

    if (source_reach_polls(a->source) >= TRIALS_GIVEN_UP + clamp_i(samples, 0, TRIALS_EARNED_MAX) ||
        (a->polling.missed >= MISSED_GIVEN_UP && !in_burst(a)))
        give_up(a);
}

/* The next regular request is counted from the last one. */
static void reschedule(struct association *a)
{
    struct mono now = room_mono(a->room), at;
    double extra_s = a->kiss_delay_intervals * regular_interval_s(a);

    if (!a->started || a->state == ASSOC_OFFLINE)
        return;
    a->kiss_delay_intervals = 0;
    at = lengthened(a, a->request.sent_mono, spacing_s(a) + extra_s);
    if (mono_before(at, now))
        at = now;
    set_timer(a, at);
}

static void end_burst(struct association *a)
{
    if (!in_burst(a))
        return;
    a->burst_good = a->burst_total = 0;
    if (a->state == ASSOC_BURST_OFFLINE) {
        a->state = ASSOC_OFFLINE;
        timer_cancel(a->room->timers, &a->transmit_timer);
        source_set_active(a->source, false);
        return;
    }
    a->state = ASSOC_ONLINE;
    reschedule(a);
}

void polling_start(struct association *a, struct mono first)
{
    if (a->settings.iburst)
        polling_begin_burst(a, IBURST_GOOD, IBURST_TOTAL);
    set_timer(a, first);
}

/* Addresses, links or routes are others than before: who was silent may answer now. Not asked more
 * often than a burst would, however often the network changes. */
void polling_network_changed(struct association *a)
{
    struct mono at = mono_add_s(room_mono(a->room), NETWORK_SETTLES_S);
    struct mono least = mono_add_s(a->request.sent_mono, NETWORK_PAUSE_S);

    if (!a->started || a->state != ASSOC_ONLINE ||
        (a->polling.missed == 0 && a->trouble.code != REASON_NO_ROUTE))
        return;
    if (mono_before(at, least))
        at = least;
    if (timer_is_set(&a->transmit_timer) && !mono_before(at, a->transmit_timer.at))
        return;
    polling_start(a, at);
}

/* The request before this one has not been answered. */
static void count_missed(struct association *a)
{
    struct poll_settings l = limits(a);
    struct sample s;

    if (!a->request.waiting || a->request.presend)
        return;
    a->requests_unanswered++;
    source_update_reach(a->source, false);
    /* A burst in vain says no more about the network than one request would. */
    if (in_burst(a))
        a->polling.missed++;
    else
        poll_silence(&a->polling, &l, source_track(a->source));
    if (a->filter)
        sample_filter_relabel(a->filter, reference_relabelled_s(a->room->reference));
    if (a->filter && sample_filter_poll(a->filter, a->room->clock, &s))
        source_add_sample(a->source, &s);
    polling_count_trial(a);
}

/* How many extra requests before the measured one: they make the way and its caches warm. */
static int presends(const struct association *a)
{
    if (a->settings.kind != SOURCE_SERVER || a->state != ASSOC_ONLINE ||
        a->polling.log2_s < a->settings.presend_minpoll)
        return 0;
    return a->settings.xleave ? 2 : 1;
}

static void begin_poll(struct association *a)
{
    int more = a->polling.log2_s - a->settings.minpoll;

    a->presends_left = presends(a);
    if (a->settings.burst && a->state == ASSOC_ONLINE && more > 0)
        polling_begin_burst(a, 1, more < 2 ? 2 : BURST_TOTAL_MAX);
}

static void set_next(struct association *a, struct mono now, bool presend)
{
    double extra_s = a->kiss_delay_intervals * regular_interval_s(a);

    a->kiss_delay_intervals = 0;
    if (presend)
        set_timer(a, mono_add_s(now, PRESEND_BEFORE_S));
    else
        set_timer(a, lengthened(a, now, spacing_s(a) + extra_s));
}

/* The owner may answer by giving the association another address, which starts it afresh; false
 * then. */
static bool still_wanted(struct association *a)
{
    struct addr before = a->remote.addr;
    bool unreachable =
        source_reach(a->source) == 0 && source_reach_polls(a->source) >= SOURCE_REACH_BITS;

    if (unreachable && a->owner.failed)
        a->owner.failed(a->owner.ctx, a);
    return addr_equal(&before, &a->remote.addr);
}

/* An answer that waits for a stamp waits no longer than until the next request is due: it does
 * count as one. It may put that request off, as any answer may. */
static bool answer_came(struct association *a)
{
    if (!a->held)
        return false;
    hold_release(a);
    return timer_is_set(&a->transmit_timer);
}

void polling_fire(void *ctx, struct mono now)
{
    struct association *a = ctx;
    bool presend;

    if (answer_came(a) || a->state == ASSOC_OFFLINE || !association_resolved(a) ||
        !take_slot(a, now))
        return;
    count_missed(a);
    a->request.waiting = false;
    if (in_burst(a) && a->burst_total == 0) {
        end_burst(a);
        return;
    }
    if (!still_wanted(a))
        return;
    if (a->presends_left < 0)
        begin_poll(a);
    presend = a->presends_left > 0;
    a->presends_left--;
    if (in_burst(a))
        a->burst_total--;
    if (!request_send(a, now, presend) && a->settings.auto_offline) {
        association_set_online(a, false);
        return;
    }
    set_next(a, now, presend);
}

static void score_answer(struct association *a, uint16_t tests, bool measured, double error_s,
                         double distance_s)
{
    struct poll_settings l = limits(a);

    /* Spoilt by a long delay it may be better in a moment; a loop will not go away so soon. */
    if (measured)
        poll_sample(&a->polling, &l, source_track(a->source), error_s, distance_s);
    else
        poll_bad_answer(&a->polling, &l, tests & TEST_D);
}

void polling_answered(struct association *a, uint16_t tests, bool measured, double error_s,
                      double distance_s)
{
    a->requests_unanswered = 0;
    a->polling.missed = 0;
    if (a->request.presend)
        return;
    score_answer(a, tests, measured, error_s, distance_s);
    if (in_burst(a)) {
        if (measured && a->burst_good > 0)
            a->burst_good--;
        if (a->burst_good == 0 || a->burst_total == 0)
            end_burst(a);
        else
            reschedule(a); /* the server may have turned out to be near */
        return;
    }
    if (a->settings.kind == SOURCE_SERVER)
        reschedule(a);
}

void polling_kissed(struct association *a)
{
    a->kiss_delay_intervals = KISS_INTERVALS;
    a->polling.missed = 0;
    if (in_burst(a))
        end_burst(a);
    else
        reschedule(a);
}

void polling_set_limits(struct association *a, int minpoll, int maxpoll)
{
    struct poll_settings l;

    a->settings.minpoll = minpoll;
    a->settings.maxpoll = maxpoll;
    l = limits(a);
    poll_clamp(&a->polling, &l);
}
