/* reply.c - which packet to believe (RFC 5905 section 8, RFC 9769), and what follows from it. */
#include <math.h>

#include "chronyd/ntp/association_private.h"
#include "chronyd/ntp/mac.h"
#include "chronyd/ntp/server.h"

#define REFID_RATE 0x52415445 /* "RATE" */
#define BAD_SELECTIONS_MAX 4
#define FOLLOW_AFTER_MISSED 2
#define MONO_SHIFT_MIN_S 1e-6 /* a smaller move of the server's clock is not worth the work */
#define MONO_SHIFT_MAX_S 86400.0

bool association_expects_mode(const struct association *a, uint8_t mode)
{
    if (a->settings.kind == SOURCE_PEER)
        return mode == NTP_MODE_ACTIVE || mode == NTP_MODE_PASSIVE;
    return mode == NTP_MODE_SERVER;
}

static bool authentic(const struct association *a, const struct os_datagram *d,
                      const struct ntp_packet *p)
{
    const struct key *key;

    if (a->settings.key_id == 0)
        return p->auth == NTP_AUTH_NONE;
    key = keystore_find(a->room->keys, a->settings.key_id);
    return key && ntp_mac_check(key, d->data, p);
}

/* Which of the two timestamps of the request the answer sends back. Zero is never one: both are
 * cleared when an answer was accepted, and a packet with origin zero would match
 * (CVE-2015-8138). */
static bool answers(const struct association *a, const struct ntp_header *h, bool *interleaved)
{
    const struct request *r = &a->request;

    *interleaved = false;
    if (h->origin.bits == 0)
        return false;
    if (h->origin.bits == r->transmit.bits)
        return true;
    *interleaved = r->interleaved && h->origin.bits == r->receive.bits;
    return *interleaved;
}

static uint16_t packet_tests(const struct association *a, const struct os_datagram *d,
                             const struct ntp_packet *p, bool *interleaved)
{
    const struct ntp_header *h = &p->header;
    uint16_t passed = 0;

    if (h->receive.bits != a->last_receive.bits || h->transmit.bits != a->last_transmit.bits)
        passed |= TEST_1;
    if (answers(a, h, interleaved))
        passed |= TEST_2;
    if (h->origin.bits != 0 && h->receive.bits != 0 && h->transmit.bits != 0)
        passed |= TEST_3;
    if (authentic(a, d, p))
        passed |= TEST_5;
    return passed;
}

static bool has(uint16_t tests, uint16_t wanted)
{
    return (tests & wanted) == wanted;
}

static void remember(struct association *a, const struct answer *in, bool measured)
{
    const struct ntp_header *h = &in->header;

    a->last_receive = h->receive;
    a->last_transmit = h->transmit;
    a->last = (struct exchange){
        .usable = true,
        .measured = measured,
        .synchronised = has(in->tests, TEST_6 | TEST_7),
        .remote_receive = h->receive,
        .remote_transmit = h->transmit,
        .sent = a->request.sent,
        .received = in->received,
        .correction = in->correction,
        .root_delay_s = in->root_delay_s,
        .root_dispersion_s = in->root_dispersion_s,
    };
    a->sent_since_heard = 0;
    if (a->settings.kind == SOURCE_PEER) {
        a->last.told_receive =
            ntp_view_time(server_view(a->room->server), in->datagram->stamp, room_random(a->room));
        a->remote_poll = h->poll;
    }
}

static bool is_kiss(const struct ntp_header *h)
{
    return h->leap == LEAP_UNSYNCHRONISED && h->stratum == 0 && h->refid == REFID_RATE;
}

static void handle_kiss(struct association *a)
{
    char text[300];

    log_warning(a->room->log, "Received KoD RATE from %s",
                source_text(a->source, text, sizeof(text)));
    a->trouble = (struct reason){.code = REASON_KISS_RATE};
    polling_kissed(a);
}

/* How far the sample is from what the register predicted, and how far it may be. */
static void prediction_error(const struct association *a, const struct sample *s, double *error_s,
                             double *distance_s)
{
    struct utc predicted;
    double dispersion_s;

    *error_s = *distance_s = 0.0;
    if (!track_predict(source_track(a->source), s->at, &predicted, &dispersion_s))
        return;
    *error_s = fabs(utc_diff_s(s->truth, predicted));
    *distance_s = s->dispersion_s + s->delay_s / 2;
}

static void add_sample(struct association *a, const struct sample *s)
{
    struct sample filtered;

    if (a->min_delay_s < 0.0 || s->delay_s < a->min_delay_s)
        a->min_delay_s = s->delay_s;
    if (!a->filter) {
        source_add_sample(a->source, s);
        return;
    }
    sample_filter_relabel(a->filter, reference_relabelled_s(a->room->reference));
    sample_filter_add(a->filter, s);
    if (sample_filter_poll(a->filter, a->room->clock, &filtered))
        source_add_sample(a->source, &filtered);
}

static void tell_owner(struct association *a, bool good)
{
    if (good && !a->proved) {
        a->proved = true;
        if (a->owner.proved)
            a->owner.proved(a->owner.ctx, a);
    }
    if (good && a->owner.measured)
        a->owner.measured(a->owner.ctx, a);
    if (source_bad_selections(a->source) >= BAD_SELECTIONS_MAX && a->owner.failed)
        a->owner.failed(a->owner.ctx, a);
}

/* Test numbers as reasons show them: 1..7, 10..13 for A..D. */
static int first_failed(uint16_t tests)
{
    static const struct {
        uint16_t bit;
        int number;
    } order[] = {
        {TEST_1, 1}, {TEST_2, 2},  {TEST_3, 3},  {TEST_5, 5},  {TEST_6, 6},
        {TEST_7, 7}, {TEST_A, 10}, {TEST_B, 11}, {TEST_C, 12}, {TEST_D, 13},
    };

    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        if (!(tests & order[i].bit))
            return order[i].number;
    }
    return 0;
}

static void note_tests(struct association *a, uint16_t tests)
{
    int failed = first_failed(tests);

    if (failed == 5)
        a->trouble = (struct reason){.code = REASON_AUTH_FAILED, .figure = a->settings.key_id};
    else if (failed != 0)
        a->trouble = (struct reason){.code = REASON_TEST_FAILED, .figure = failed};
    else
        a->trouble = (struct reason){.code = REASON_NONE};
}

/* With `copy` our time is to be the server's own, not one that was got from it. */
static void take_status(struct association *a, const struct ntp_header *h, bool synced)
{
    if (!a->settings.copy) {
        source_update_status(a->source, h->stratum,
                             synced ? (enum leap)h->leap : LEAP_UNSYNCHRONISED);
        return;
    }
    if (!synced) {
        source_reset(a->source);
        source_update_status(a->source, h->stratum, LEAP_UNSYNCHRONISED);
        return;
    }
    source_set_refid(a->source, h->refid);
    source_update_status(a->source, h->stratum - 1, (enum leap)h->leap);
}

/* What the server did to its own clock since its last answer, by its own account, is taken out of
 * the samples from before. */
static void follow_mono(struct association *a, const struct answer *in)
{
    double offset_s, moved_s, least_s = max_d(ldexp(2.0, in->header.precision), MONO_SHIFT_MIN_S);

    if (!in->has_mono || in->interleaved)
        return;
    offset_s = ldexp((double)(int64_t)(in->header.receive.bits - in->mono.mono_receive.bits), -32);
    moved_s = offset_s - a->mono_offset_s;
    if (!a->has_mono || a->mono_epoch != in->mono.epoch) {
        moved_s = 0.0;
    } else if (fabs(moved_s) < least_s) {
        return; /* below what the timestamps resolve: wait until it adds up */
    }
    a->has_mono = true;
    a->mono_epoch = in->mono.epoch;
    a->mono_offset_s = offset_s;
    if (moved_s != 0.0 && fabs(moved_s) < MONO_SHIFT_MAX_S)
        source_shift(a->source, moved_s);
}

/* A valid answer: the source is what it says; whether it can be measured is another question. */
static void accept(struct association *a, const struct answer *in, const struct measurement *m)
{
    const struct ntp_header *h = &in->header;
    bool synced = has(in->tests, TESTS_SYNCED), good = has(in->tests, TESTS_GOOD);
    bool leap_near = reference_in_leap_window(a->room->reference, m->sample.truth);
    double error_s, distance_s;

    a->data.total_valid++;
    source_update_reach(a->source, synced);
    polling_count_trial(a);
    if (!is_kiss(h))
        take_status(a, h, synced);
    follow_mono(a, in);
    prediction_error(a, &m->sample, &error_s, &distance_s);
    if (good)
        a->data.total_good++;
    if (good && !leap_near)
        add_sample(a, &m->sample);
    polling_answered(a, in->tests, good, error_s, distance_s);
    report_log(a, in, m);
    if (is_kiss(h))
        handle_kiss(a);
    else
        tell_owner(a, good);
}

static void count_stamp(struct association *a, const struct os_datagram *d)
{
    a->data.total_rx++;
    if (d->stamp_by == STAMP_KERNEL)
        a->data.total_kernel_rx++;
    else if (d->stamp_by == STAMP_HARDWARE)
        a->data.total_hw_rx++;
}

/* A forger who does not see our packets could keep two peers without a key apart by making each
 * answer what the other never sent. So a packet that does not refer to our last one, answered
 * already or not, only counts when there is nothing to lose: before the first answer, and when they
 * have stopped to come (the peer was restarted). */
static bool may_follow(const struct association *a, const struct answer *in)
{
    uint64_t origin = in->header.origin.bits;

    if (a->settings.key_id != 0 || a->data.total_valid == 0 ||
        a->polling.missed >= FOLLOW_AFTER_MISSED)
        return true;
    return origin != 0 && (origin == a->answered[0].bits || origin == a->answered[1].bits);
}

/* What a peer sends that is not an answer to our last packet still tells what ours has to carry to
 * be an answer to it. */
static void follow_peer(struct association *a, const struct answer *in)
{
    if (a->settings.kind != SOURCE_PEER || !has(in->tests, TEST_1 | TEST_5) ||
        in->header.transmit.bits == 0 || !may_follow(a, in))
        return;
    remember(a, in, true);
    a->last.usable = false;
}

/* The request has been answered: nothing else can match it any more. */
static void settle(struct association *a)
{
    a->request.waiting = false;
    a->answered[0] = a->request.transmit;
    a->answered[1] = a->request.receive;
    a->request.transmit.bits = a->request.receive.bits = 0;
    sockets_close(a);
}

/* A server that is not synchronised has no time to be measured. A packet that may be anybody's must
 * not leave a trace, in what is known of usual delays for instance. */
static void judge(struct association *a, struct answer *in, struct measurement *m)
{
    uint16_t tests = measure_server_tests(in);

    if (!has(in->tests, TESTS_VALID)) {
        *m = (struct measurement){
            .sample.at = in->received.at, .sent = a->request.sent, .received = in->received};
        in->tests |= tests;
        return;
    }
    measure(a, in, m);
    if (has(tests, TEST_6 | TEST_7)) {
        tests |= measure_tests(a, in, m);
    } else {
        m->sample = (struct sample){.at = m->sample.at, .truth = m->sample.truth};
        m->response_time_s = 0.0;
    }
    in->tests |= tests;
}

static void take_root(const struct association *a, const struct ntp_packet *p, struct answer *in)
{
    in->root_delay_s = s_from_ntp_short(p->header.root_delay);
    in->root_dispersion_s = s_from_ntp_short(p->header.root_dispersion);
    in->has_mono = a->settings.ef_mono_root && mono_root_find(p, &in->mono);
    if (in->has_mono) {
        in->root_delay_s = in->mono.root_delay_s;
        in->root_dispersion_s = in->mono.root_dispersion_s;
    }
}

bool reply_answers(const struct association *a, const struct ntp_header *h)
{
    bool interleaved;

    return answers(a, h, &interleaved);
}

void association_receive(struct association *a, const struct os_datagram *d)
{
    struct ntp_packet p;

    if (!ntp_packet_decode(d->data, d->length, &p) || !association_expects_mode(a, p.header.mode) ||
        a->request.version == 0 || !a->started)
        return;
    count_stamp(a, d);
    if (!hold_back(a, d, &p))
        reply_take(a, d, &p);
}

void reply_take(struct association *a, const struct os_datagram *d, const struct ntp_packet *p)
{
    struct answer in = {.datagram = d};
    struct measurement m;

    in.header = p->header;
    in.received =
        (struct local_stamp){clock_osc(a->room->clock, d->stamp), d->stamp_by, d->stamp_error_s};
    in.correction.answer_s = d->correction_s;
    in.correction.known =
        a->settings.ef_net_correction && correction_find(p, &in.correction.request_s);
    in.tests = packet_tests(a, d, p, &in.interleaved);
    take_root(a, p, &in);
    judge(a, &in, &m);
    if (!has(in.tests, TESTS_VALID)) {
        if (a->request.waiting)
            note_tests(a, in.tests);
        report_log(a, &in, &m);
        follow_peer(a, &in);
        return;
    }
    note_tests(a, in.tests);
    remember(a, &in, has(in.tests, TESTS_GOOD) && !in.interleaved);
    settle(a);
    report_packet(a, &in, &m);
    accept(a, &in, &m);
}
