/* measure.c - from four timestamps to a sample, and the tests that judge it (RFC 5905 section 8,
 * spec chrony-conf 5.1 and 5.3). */
#include <math.h>

#include "chronyd/ntp/association_private.h"
#include "chronyd/ntp/server.h"

#define RESPONSE_MAX_S 4.0
#define ROOT_DISTANCE_MAX_S 16.0
#define YEAR_NS (INT64_C(31557600) * NS_PER_S)

/* Around which time the 32-bit seconds of a packet are to be resolved. A clock that shows the
 * nineteen-seventies has most likely never been set: the truth is later, not earlier. */
static struct utc era_pivot(struct utc now)
{
    if (now.ns >= 0 && now.ns < 10 * YEAR_NS)
        now.ns += 60 * YEAR_NS;
    return now;
}

struct four_times {
    struct osc sent, received;         /* ours */
    struct ntp_time receive, transmit; /* the server's */
    struct correction correction;
    double root_delay_s, root_dispersion_s; /* the server's */
    double stamp_error_s;                   /* of ours, either way */
};

/* What is taken out is not authenticated, so it must not make more of the measurement than it can
 * be: what is left of the delay stays positive, and the root delay, which bounds the error, keeps
 * all of it. A way that is not corrected while the other is would make an error of its own. */
static void apply_correction(const struct correction *c, double least_s, struct sample *s)
{
    double both_s = c->request_s + c->answer_s;

    if (!c->known || c->request_s <= 0.0 || c->answer_s <= 0.0 || both_s > s->delay_s - least_s)
        return;
    s->truth = utc_add_s(s->truth, (c->answer_s - c->request_s) / 2);
    s->delay_s -= both_s;
}

/* By how much the two clocks may drift apart during an exchange. Between peers that takes as long
 * as they wait for each other, so it matters how well their frequencies are known. */
static double error_rate(const struct association *a)
{
    double rate = clock_max_error_rate(a->room->clock);
    struct track_delay d;

    if (a->settings.kind != SOURCE_PEER)
        return rate;
    track_delay(source_track(a->source), &d);
    return rate + d.skew;
}

static void build_sample(const struct association *a, const struct answer *in,
                         const struct four_times *t, struct measurement *out)
{
    const struct clock *clock = a->room->clock;
    struct sample *s = &out->sample;
    double round_trip_s = clock_interval_s(clock, t->sent, t->received);
    double precision_s = max_d(clock_precision_s(clock), ldexp(1.0, in->header.precision));
    struct utc pivot, remote_receive, remote_transmit;

    s->at = osc_add_s(t->sent, osc_diff_s(t->received, t->sent) / 2);
    pivot = era_pivot(clock_corrected(clock, s->at));
    remote_receive = utc_from_ntp_time(t->receive, pivot);
    remote_transmit = utc_from_ntp_time(t->transmit, pivot);
    out->response_time_s = utc_diff_s(remote_transmit, remote_receive);
    s->truth = utc_add_s(remote_receive, out->response_time_s / 2);
    s->truth = utc_add_s(s->truth, a->settings.offset_s);
    s->delay_s = max_d(round_trip_s - out->response_time_s, precision_s);
    s->dispersion_s = precision_s + t->stamp_error_s + error_rate(a) * max_d(round_trip_s, 0.0);
    s->root_delay_s = t->root_delay_s + s->delay_s;
    s->root_dispersion_s = t->root_dispersion_s + s->dispersion_s;
    apply_correction(&t->correction, precision_s, s);
    s->offset_then_s = utc_diff_s(s->truth, clock_corrected(clock, s->at));
    out->usable = round_trip_s >= 0.0;
}

void measure(const struct association *a, const struct answer *in, struct measurement *out)
{
    const struct ntp_header *h = &in->header;
    struct four_times t = {.sent = a->request.sent.at,
                           .received = in->received.at,
                           .receive = h->receive,
                           .transmit = h->transmit,
                           .correction = in->correction,
                           .root_delay_s = in->root_delay_s,
                           .root_dispersion_s = in->root_dispersion_s};

    *out = (struct measurement){.sent = a->request.sent, .received = in->received};
    if (in->interleaved) {
        /* The answer tells when the previous one left: all four times are of that exchange. A
         * server that has found its time since then was as wrong as it said then, and one that
         * said that it did not know it is no source of that sample. */
        t.sent = a->last.sent.at;
        t.received = a->last.received.at;
        t.receive = a->last.remote_receive;
        t.correction = a->last.correction;
        t.root_delay_s = max_d(t.root_delay_s, a->last.root_delay_s);
        t.root_dispersion_s = max_d(t.root_dispersion_s, a->last.root_dispersion_s);
        out->sent = a->last.sent;
        out->received = a->last.received;
    }
    /* Each moves the offset by half of its error, and both may go the same way. */
    t.stamp_error_s = max_d(out->sent.error_s, out->received.error_s);
    build_sample(a, in, &t, out);
    if (in->interleaved && (!a->last.usable || a->last.measured || !a->last.synchronised))
        out->usable = false;
}

static bool test_sanity(const struct association *a, const struct ntp_header *h,
                        const struct measurement *m)
{
    const struct sample *s = &m->sample;

    return m->usable && !a->request.presend &&
           s->delay_s - s->dispersion_s <= a->settings.max_delay_s &&
           ldexp(1.0, h->precision) <= a->settings.max_delay_s &&
           (a->settings.kind == SOURCE_PEER || fabs(m->response_time_s) <= RESPONSE_MAX_S);
}

/* How much the limits below have to grow with the age of what they were learned from. */
static double growth_s(const struct association *a, const struct sample *s,
                       const struct track_delay *d)
{
    double age_s = fabs(clock_interval_s(a->room->clock, d->newest, s->at));

    return age_s * (d->skew + clock_max_error_rate(a->room->clock));
}

static bool test_ratio(const struct association *a, const struct sample *s,
                       const struct track_delay *d)
{
    double ratio = a->settings.max_delay_ratio;

    return ratio < 1.0 || d->min_delay_s < 0.0 ||
           s->delay_s <= ratio * d->min_delay_s + growth_s(a, s, d);
}

static bool test_jitter(const struct association *a, const struct sample *s,
                        const struct track_delay *d)
{
    double limit_s = a->settings.max_delay_dev_ratio * d->sd_s + growth_s(a, s, d);
    struct utc predicted;
    double dispersion_s;

    if (d->min_delay_s < 0.0 ||
        !track_predict(source_track(a->source), s->at, &predicted, &dispersion_s))
        return true;
    if ((s->delay_s - d->min_delay_s) / 2 <= limit_s)
        return true;
    /* An offset that is farther off than the delay explains is news, not noise. */
    return fabs(utc_diff_s(s->truth, predicted)) > limit_s;
}

static bool test_quantile(struct association *a, const struct sample *s, bool learns)
{
    double limit_s;

    if (learns)
        quantile_add(a->delays, s->delay_s);
    return !quantile_value(a->delays, &limit_s) || s->delay_s <= limit_s;
}

/* Does the server get its time from us? Only of interest while we give time away, which a peer gets
 * from us whoever else may ask. With `copy` we look like the server on purpose. */
static bool test_loop(const struct association *a, const struct ntp_header *h)
{
    bool gives = a->settings.kind == SOURCE_PEER || server_serves(a->room->server);
    struct reference_figures f;

    if (!gives || h->stratum <= 1 || a->settings.copy)
        return true;
    if (a->data.local.family != ADDR_NONE && h->refid == addr_refid(&a->data.local))
        return false;
    reference_figures(a->room->reference, &f);
    return !(f.synchronised && h->refid == f.refid && h->stratum == f.stratum &&
             h->reference.bits == ntp_time_from_utc(f.ref_time).bits && h->reference.bits != 0);
}

uint16_t measure_server_tests(const struct answer *in)
{
    const struct ntp_header *h = &in->header;
    uint16_t passed = 0;

    if (h->leap != LEAP_UNSYNCHRONISED && h->stratum >= 1 && h->stratum <= NTP_STRATUM_MAX)
        passed |= TEST_6;
    if (in->root_delay_s / 2 + in->root_dispersion_s < ROOT_DISTANCE_MAX_S)
        passed |= TEST_7;
    return passed;
}

uint16_t measure_tests(struct association *a, const struct answer *in, const struct measurement *m)
{
    /* A packet that is no answer of the server is judged for the log; what the path is like, only
     * answers tell: a forger who is near would have all true ones refused. */
    bool learns = (in->tests & TESTS_VALID) == TESTS_VALID;
    struct track_delay d;
    uint16_t passed = 0;

    track_delay(source_track(a->source), &d);
    if (test_sanity(a, &in->header, m))
        passed |= TEST_A;
    if (test_ratio(a, &m->sample, &d))
        passed |= TEST_B;
    if (a->delays ? test_quantile(a, &m->sample, learns) : test_jitter(a, &m->sample, &d))
        passed |= TEST_C;
    else if (learns && (passed & TEST_A))
        track_refused(source_track(a->source), m->sample.delay_s);
    if (test_loop(a, &in->header))
        passed |= TEST_D;
    return passed;
}
