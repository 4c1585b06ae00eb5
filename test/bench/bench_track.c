/* bench_track.c - how good is the clock that samples, selection, steering and polling make?
 *
 * A small closed world: an oscillator whose frequency wanders, paths whose delays are drawn from
 * the laws of doc/clock-quality.adoc, an ideal kernel clock that is steered as chronyd/clock does
 * it (the corrected line is replaced at each update, the rest is slewed out linearly). The
 * mathematics is the daemon's own; nothing else of the daemon runs, so a thousand simulated days
 * take seconds.
 *
 *     bench_track [-n SEEDS] [-s FIRST_SEED] [-v] [NETWORK...]
 *
 * prints per network the geometric means over the seeds, and beside them the ratio to the figures
 * that chrony reached in the same network, where there are such figures. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/defs.h"
#include "chronyd/track/poll.h"
#include "chronyd/track/select.h"
#include "chronyd/track/steer.h"
#include "chronyd/track/track.h"

#define SERVERS_MAX 4
#define EPOCH_NS INT64_C(1800000000000000000)

/* --- random numbers: one seed, one world --- */

static uint64_t next_u64(uint64_t *s)
{
    uint64_t z = (*s += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static double uniform(uint64_t *s)
{
    return ((double)(next_u64(s) >> 11) + 0.5) / 9007199254740992.0;
}

static double exponential(uint64_t *s)
{
    return -log(uniform(s));
}

static double normal(uint64_t *s)
{
    return sqrt(2.0 * exponential(s)) * cos(2.0 * M_PI * uniform(s));
}

/* --- networks --- */

enum law {
    LAW_EXPONENTIAL, /* base + exp(jitter) each way */
    LAW_PRODUCT,     /* base + up or down mean * product of three exponentials */
    LAW_PARETO,      /* heavy tail, index 1.5 */
    LAW_NORMAL,      /* jitter that the delay does not show: added to the offset */
    LAW_BUSY,        /* queues that fill for minutes, in one direction only */
    LAW_UPLOAD,      /* the same, most of the time */
    LAW_STAMPS,      /* jitter of the time stamps: as much in the delay as in the offset */
    LAW_ROUTE,       /* the base delay changes every few hours, asymmetrically */
    LAW_BLOAT,       /* a queue upwards that fills and drains all the time, */
    LAW_SLOW_BLOAT,  /* slowly, */
    LAW_TURNS,       /* or upwards and downwards by turns */
    LAW_GAMMA,       /* many small queues: short delays are rare */
};

#define GAMMA_SHAPE 4

struct network {
    const char *name;
    enum law law;
    int servers;
    double base_s[SERVERS_MAX], up_s, down_s;
    double wander, temperature; /* amplitude of a daily and a 20 min cycle, fraction */
    int minpoll, maxpoll;
    double freq, offset_s;
    double run_s, settle_s;
    double window_s, period_s; /* the network is there for window of each period; 0 = always */
    double false_s;            /* the first server is wrong by this */
    struct {
        double sync_s, jitter_s, rms_s, max_s, freq_rms, packets;
    } theirs; /* chrony's figures; 0 = none known */
};

static const struct network networks[] = {
    {"lan", LAW_EXPONENTIAL, .servers = 1, .base_s = {50e-6}, .up_s = 10e-6, .down_s = 10e-6,
     .wander = 1e-10, .minpoll = 4, .maxpoll = 6, .freq = 5e-6, .offset_s = 0.01, .run_s = 10000,
     .settle_s = 1000, .theirs = {6, 6, 2.05e-6, 5.03e-6, 1.07e-8, 173}},
    {"internet", LAW_EXPONENTIAL, .servers = 1, .base_s = {15e-3}, .up_s = 2e-3, .down_s = 2e-3,
     .wander = 1e-9, .minpoll = 6, .maxpoll = 10, .freq = 20e-6, .offset_s = 0.1, .run_s = 40000,
     .settle_s = 4000, .theirs = {130, 5, 433e-6, 910e-6, 1.34e-7, 66}},
    {"wifi", LAW_PRODUCT, .servers = 1, .base_s = {1e-3}, .up_s = 1.5e-3, .down_s = 4.5e-3,
     .wander = 1e-9, .minpoll = 6, .maxpoll = 10, .freq = 20e-6, .offset_s = 0.1, .run_s = 40000,
     .settle_s = 4000, .theirs = {123, 5, 433e-6, 872e-6, 1.23e-7, 70}},
    {"vm", LAW_EXPONENTIAL, .servers = 1, .base_s = {100e-6}, .up_s = 50e-6, .down_s = 50e-6,
     .wander = 1e-7, .minpoll = 6, .maxpoll = 10, .freq = 20e-6, .offset_s = 0.1, .run_s = 20000,
     .settle_s = 1000, .theirs = {8, 14, 118e-6, 497e-6, 2.40e-6, 313}},
    {"cold", LAW_EXPONENTIAL, .servers = 1, .base_s = {1e-3}, .up_s = 100e-6, .down_s = 100e-6,
     .wander = 1e-9, .minpoll = 6, .maxpoll = 10, .freq = 100e-6, .offset_s = 0.1, .run_s = 4000,
     .settle_s = 300, .theirs = {13, 13, 25.9e-6, 58.7e-6, 9.66e-8, 31}},
    {"laptop", LAW_EXPONENTIAL, .servers = 1, .base_s = {10e-3}, .up_s = 1e-3, .down_s = 1e-3,
     .wander = 1e-9, .minpoll = 6, .maxpoll = 10, .freq = 20e-6, .offset_s = 0.1, .run_s = 80000,
     .settle_s = 8000, .window_s = 600, .period_s = 7400,
     .theirs = {59, 6, 1.54e-3, 4.26e-3, 4.17e-7, 106}},
    {"falseticker", LAW_EXPONENTIAL, .servers = 4, .base_s = {3e-3, 6e-3, 9e-3, 12e-3},
     .up_s = 0.5e-3, .down_s = 0.5e-3, .wander = 1e-9, .minpoll = 6, .maxpoll = 10, .freq = 20e-6,
     .offset_s = 0.1, .run_s = 20000, .settle_s = 2000, .false_s = 0.1,
     .theirs = {32, 10, 209e-6, 373e-6, 6.12e-8, 187}},
    /* Beyond the seven: nobody's figures, but what an estimator must not break on. */
    {"pareto", LAW_PARETO, .servers = 1, .base_s = {15e-3}, .up_s = 1e-3, .down_s = 1e-3,
     .wander = 1e-9, .minpoll = 6, .maxpoll = 10, .freq = 20e-6, .offset_s = 0.1, .run_s = 40000,
     .settle_s = 4000},
    {"normal", LAW_NORMAL, .servers = 1, .base_s = {1e-3}, .up_s = 1e-3, .down_s = 1e-3,
     .wander = 1e-9, .minpoll = 6, .maxpoll = 10, .freq = 20e-6, .offset_s = 0.1, .run_s = 40000,
     .settle_s = 4000},
    {"busy", LAW_BUSY, .servers = 1, .base_s = {10e-3}, .up_s = 0.5e-3, .down_s = 0.5e-3,
     .wander = 1e-9, .minpoll = 6, .maxpoll = 10, .freq = 20e-6, .offset_s = 0.1, .run_s = 80000,
     .settle_s = 4000},
    {"upload", LAW_UPLOAD, .servers = 1, .base_s = {10e-3}, .up_s = 0.5e-3, .down_s = 0.5e-3,
     .wander = 1e-9, .minpoll = 6, .maxpoll = 10, .freq = 20e-6, .offset_s = 0.1, .run_s = 80000,
     .settle_s = 4000},
    {"stamps", LAW_STAMPS, .servers = 1, .base_s = {2e-6}, .up_s = 100e-9, .down_s = 100e-9,
     .wander = 1e-10, .minpoll = 0, .maxpoll = 4, .freq = 5e-6, .offset_s = 0.01, .run_s = 10000,
     .settle_s = 1000},
    {"gauss", LAW_STAMPS, .servers = 1, .base_s = {15e-3}, .up_s = 1e-3, .down_s = 1e-3,
     .wander = 1e-9, .minpoll = 6, .maxpoll = 10, .freq = 20e-6, .offset_s = 0.1, .run_s = 40000,
     .settle_s = 4000},
    {"route", LAW_ROUTE, .servers = 1, .base_s = {10e-3}, .up_s = 0.5e-3, .down_s = 0.5e-3,
     .wander = 1e-9, .minpoll = 6, .maxpoll = 10, .freq = 20e-6, .offset_s = 0.1, .run_s = 80000,
     .settle_s = 4000},
    {"temperature", LAW_EXPONENTIAL, .servers = 1, .base_s = {1e-3}, .up_s = 0.2e-3,
     .down_s = 0.2e-3, .wander = 1e-9, .temperature = 1e-6, .minpoll = 6, .maxpoll = 10,
     .freq = 20e-6, .offset_s = 0.1, .run_s = 80000, .settle_s = 4000},
    {"bloat", LAW_BLOAT, .servers = 1, .base_s = {15e-3}, .up_s = 2e-3, .down_s = 2e-3,
     .wander = 1e-9, .minpoll = 6, .maxpoll = 10, .freq = 20e-6, .offset_s = 0.1, .run_s = 40000,
     .settle_s = 4000},
    {"slowbloat", LAW_SLOW_BLOAT, .servers = 1, .base_s = {15e-3}, .up_s = 2e-3, .down_s = 2e-3,
     .wander = 1e-9, .minpoll = 6, .maxpoll = 10, .freq = 20e-6, .offset_s = 0.1, .run_s = 80000,
     .settle_s = 4000},
    {"turns", LAW_TURNS, .servers = 1, .base_s = {15e-3}, .up_s = 2e-3, .down_s = 2e-3,
     .wander = 1e-9, .minpoll = 6, .maxpoll = 10, .freq = 20e-6, .offset_s = 0.1, .run_s = 80000,
     .settle_s = 4000},
    {"gamma", LAW_GAMMA, .servers = 1, .base_s = {10e-3}, .up_s = 4e-3, .down_s = 4e-3,
     .wander = 1e-9, .minpoll = 6, .maxpoll = 10, .freq = 20e-6, .offset_s = 0.1, .run_s = 40000,
     .settle_s = 4000},
    {"quiet", LAW_NORMAL, .servers = 1, .base_s = {20e-6}, .up_s = 50e-9, .down_s = 50e-9,
     .wander = 1e-10, .minpoll = 0, .maxpoll = 4, .freq = 5e-6, .offset_s = 0.01, .run_s = 5000,
     .settle_s = 1000},
    {"four", LAW_EXPONENTIAL, .servers = 4, .base_s = {3e-3, 6e-3, 9e-3, 12e-3}, .up_s = 0.5e-3,
     .down_s = 0.5e-3, .wander = 1e-9, .minpoll = 6, .maxpoll = 10, .freq = 20e-6, .offset_s = 0.1,
     .run_s = 20000, .settle_s = 2000},
    {"good", LAW_EXPONENTIAL, .servers = 1, .base_s = {1e-3}, .up_s = 100e-6, .down_s = 100e-6,
     .wander = 1e-11, .minpoll = 6, .maxpoll = 10, .freq = 20e-6, .offset_s = 0.1, .run_s = 80000,
     .settle_s = 8000},
};

/* --- the world --- */

struct server {
    struct track *track;
    struct poll poll;
    double next_s;  /* true time of the next request */
    int burst;      /* requests left in the first burst */
    int burst_good; /* good answers still wanted in it */
    uint8_t reach;
    int reach_polls, unreachable;
    bool updated;
    double busy_until_s, busy_s;        /* LAW_BUSY: extra delay of the up direction */
    double route_until_s, up_s, down_s; /* LAW_ROUTE */
};

struct world {
    const struct network *net;
    uint64_t seed, seed_osc;
    double now_s;
    /* oscillator: count minus true time, and its slope */
    double osc_s, freq;
    /* corrected line through (line_osc_s, line_s), both as count or time minus true time origin */
    struct osc line_at;
    struct utc line_utc;
    double line_freq;
    /* remaining correction, linear */
    double rest_s, slew_begin_s, slew_s;
    struct steer_freq steered;
    bool synchronised;
    struct estimate last;
    double last_update_s;
    int previous;
    struct server servers[SERVERS_MAX];
    struct candidate candidates[SERVERS_MAX];
    int packets, updates, combined;
    double cpu_s;
};

struct figures {
    double sync_s, jitter_s, rms_s, max_s, freq_rms, packets;
    double outside_bound; /* fraction of the seconds in which the bound did not hold */
    double bound_ratio;   /* mean bound / RMS error */
    double sigma;         /* RMS of (error of the line / announced sd) */
    double line_rms_s;
};

static struct osc osc_at(const struct world *w, double dt)
{
    return (struct osc){(int64_t)llrint((w->now_s + dt) * 1e9) +
                        (int64_t)llrint((w->osc_s + w->freq * dt) * 1e9)};
}

static double line_error_s(const struct world *w)
{
    struct osc o = osc_at(w, 0.0);
    double passed = osc_diff_s(o, w->line_at);
    int64_t whole = w->line_utc.ns - EPOCH_NS + (o.ns - w->line_at.ns);

    return s_from_ns(whole - (int64_t)llrint(w->now_s * 1e9)) -
           passed * w->line_freq / (1.0 + w->line_freq);
}

static double rest_s(const struct world *w)
{
    double part = w->slew_s > 0.0 ? (w->now_s - w->slew_begin_s) / w->slew_s : 1.0;

    return part >= 1.0 ? 0.0 : w->rest_s * (1.0 - part);
}

static double raw_error_s(const struct world *w)
{
    return line_error_s(w) - rest_s(w);
}

static double raw_freq(const struct world *w)
{
    double slewing = rest_s(w) != 0.0 ? w->rest_s / w->slew_s : 0.0;

    return w->freq - w->line_freq + slewing;
}

/* 0 at whole numbers, 1 half way between them. */
static double triangle(double x)
{
    return 1.0 - fabs(2.0 * (x - floor(x)) - 1.0);
}

/* Delays of one exchange. `hidden` is an error of the offset that the delay does not show. */
static void draw_delays(struct world *w, struct server *s, size_t index, double *up, double *down,
                        double *hidden)
{
    const struct network *n = w->net;
    double base = n->base_s[index];

    *hidden = 0.0;
    *up = base + n->up_s * exponential(&w->seed);
    *down = base + n->down_s * exponential(&w->seed);
    switch (n->law) {
    case LAW_EXPONENTIAL:
        break;
    case LAW_PRODUCT:
        *up = base + (*up - base) * exponential(&w->seed) * exponential(&w->seed);
        *down = base + (*down - base) * exponential(&w->seed) * exponential(&w->seed);
        break;
    case LAW_PARETO:
        *up = base + n->up_s * (pow(uniform(&w->seed), -1.0 / 1.5) - 1.0);
        *down = base + n->down_s * (pow(uniform(&w->seed), -1.0 / 1.5) - 1.0);
        break;
    case LAW_NORMAL:
        *up = *down = base;
        *hidden = n->up_s * normal(&w->seed);
        break;
    case LAW_BUSY:
        if (w->now_s > s->busy_until_s) {
            s->busy_until_s = w->now_s + 1800.0 * exponential(&w->seed);
            s->busy_s = uniform(&w->seed) < 0.4 ? 20e-3 : 0.0;
        }
        *up += s->busy_s * exponential(&w->seed);
        break;
    case LAW_UPLOAD:
        if (w->now_s > s->busy_until_s) {
            s->busy_until_s = w->now_s + 7200.0 * exponential(&w->seed);
            s->busy_s = uniform(&w->seed) < 0.8 ? 40e-3 : 0.0;
        }
        *up += s->busy_s * (0.5 + uniform(&w->seed));
        break;
    case LAW_STAMPS:
        *up = base + n->up_s * normal(&w->seed);
        *down = base + n->down_s * normal(&w->seed);
        break;
    case LAW_ROUTE:
        if (w->now_s > s->route_until_s) {
            s->route_until_s = w->now_s + 15000.0 * exponential(&w->seed);
            s->up_s = 10e-3 * uniform(&w->seed);
            s->down_s = s->up_s + 1e-3 * (uniform(&w->seed) - 0.5);
        }
        *up += s->up_s;
        *down += max_d(s->down_s, 0.0);
        break;
    case LAW_BLOAT:
        *up += 100e-3 * triangle(w->now_s / 3000.0);
        break;
    case LAW_SLOW_BLOAT:
        *up += 50e-3 * triangle(w->now_s / 20000.0);
        break;
    case LAW_TURNS:
        *(fmod(w->now_s, 14400.0) < 7200.0 ? up : down) += 60e-3 * triangle(w->now_s / 3600.0);
        break;
    case LAW_GAMMA:
        *up = *down = base;
        for (int i = 0; i < GAMMA_SHAPE; i++) {
            *up += n->up_s / GAMMA_SHAPE * exponential(&w->seed);
            *down += n->down_s / GAMMA_SHAPE * exponential(&w->seed);
        }
        break;
    }
}

static bool network_is_up(const struct network *n, double t)
{
    return n->period_s == 0.0 || fmod(t, n->period_s) < n->window_s;
}

/* --- what the daemon does around the mathematics --- */

static void steer_clock(struct world *w, const struct estimate *e)
{
    double before = raw_error_s(w);
    double interval = w->synchronised ? w->now_s - w->last_update_s : 0.0;

    w->steered = steer_frequency(&w->steered, e, 1000.0, interval);
    w->line_at = e->at;
    w->line_utc = e->truth;
    w->line_freq = w->steered.freq_ppm * 1e-6;
    w->last = *e;
    w->synchronised = true;
    w->last_update_s = w->now_s;
    w->updates++;

    struct steer st = {
        .offset_s = line_error_s(w) - before,
        .offset_sd_s = e->offset_sd_s,
        .skew_ppm = e->skew_ppm,
        .updates = w->updates,
        .interval_s = interval,
        .corr_time_ratio = 3.0,
        .max_slew_ppm = 83333.333,
    };

    w->rest_s = st.offset_s;
    w->slew_s = max_d(steer_slew_s(&st), fabs(st.offset_s) / 0.083333333);
    w->slew_begin_s = w->now_s;
}

static void run_selection(struct world *w, int updated)
{
    static const struct select_settings settings = {.max_distance_s = 3.0,
                                                    .max_jitter_s = 1.0,
                                                    .reselect_distance_s = 1e-4,
                                                    .stratum_weight_s = 0.001,
                                                    .combine_limit = 3.0,
                                                    .min_sources = 1,
                                                    .max_stratum = 15,
                                                    .max_clock_error = 1e-6,
                                                    .orphan_stratum = 16};
    struct osc at = osc_at(w, 0.0);
    struct selection out;

    for (int i = 0; i < w->net->servers; i++) {
        struct server *s = &w->servers[i];
        struct candidate *c = &w->candidates[i];
        struct track_report r;

        track_report(s->track, &r);
        c->stratum = 1;
        c->has_estimate = track_estimate(s->track, at, &c->estimate);
        if (c->has_estimate) {
            struct osc o = at;
            double passed = osc_diff_s(o, w->line_at);
            int64_t line = w->line_utc.ns + (o.ns - w->line_at.ns);

            c->offset_s = s_from_ns(c->estimate.truth.ns - line) +
                          passed * w->line_freq / (1.0 + w->line_freq);
            c->oldest_age_s = osc_diff_s(at, track_sample(s->track, 0)->at);
            c->newest_age_s = osc_diff_s(at, track_newest(s->track)->at);
        }
        c->sd_s = r.sd_s;
        c->samples = r.samples;
        c->reach = s->reach;
        c->reach_polls = s->reach_polls;
        c->unreachable_polls = s->unreachable;
        c->max_unreach = 100000;
        c->updated = s->updated;
        c->has_stats_soon = s->reach != 0 && s->reach_polls < 8;
        if (c->score < 1.0)
            c->score = 1.0;
    }
    select_sources(&settings, w->candidates, (size_t)w->net->servers, w->previous, updated, &out);
    w->previous = out.selected;
    if (out.combined == 0)
        return;
    w->combined = out.combined;
    for (int i = 0; i < w->net->servers; i++)
        w->servers[i].updated = false;
    steer_clock(w, &out.estimate);
}

static void take_sample(struct world *w, int index, double up, double down, double hidden)
{
    struct server *s = &w->servers[index];
    struct poll_settings ps = {w->net->minpoll, w->net->maxpoll, 8, w->combined};
    struct sample m = {.delay_s = up + down, .dispersion_s = 1e-7};
    struct utc predicted = {0};
    double dispersion, error = 0.0;
    double wrong = index == 0 ? w->net->false_s : 0.0;
    struct osc sent = osc_at(w, -(up + down)), received = osc_at(w, 0.0);

    m.at.ns = sent.ns + (received.ns - sent.ns) / 2;
    m.truth.ns = EPOCH_NS + (int64_t)llrint((w->now_s - down + wrong + hidden) * 1e9);
    m.delay_s = s_from_ns(received.ns - sent.ns);
    m.root_delay_s = m.delay_s;
    m.root_dispersion_s = m.dispersion_s;
    if (track_predict(s->track, m.at, &predicted, &dispersion))
        error = s_from_ns(predicted.ns - m.truth.ns);
    s->reach = (uint8_t)(s->reach << 1 | 1);
    s->unreachable = 0;
    s->updated = true;
    if (s->burst_good > 0 && --s->burst_good == 0)
        s->burst = 0;
    if (!track_add(s->track, &m))
        return;
    if (s->burst_good == 0)
        poll_sample(&s->poll, &ps, s->track, error, m.delay_s / 2.0 + m.dispersion_s);
    run_selection(w, index);
}

static void miss_sample(struct world *w, int index)
{
    struct server *s = &w->servers[index];
    struct poll_settings ps = {w->net->minpoll, w->net->maxpoll, 8, w->combined};

    s->reach = (uint8_t)(s->reach << 1);
    if (s->reach == 0)
        s->unreachable++;
    poll_silence(&s->poll, &ps, s->track);
}

/* Advances the world's oscillator by dt <= 1 s. */
static void advance(struct world *w, double dt)
{
    w->osc_s += w->freq * dt;
    w->now_s += dt;
}

static void poll_server(struct world *w, int index)
{
    struct server *s = &w->servers[index];
    double up, down, hidden;
    bool burst = s->burst > 0;
    struct poll_settings ps = {w->net->minpoll, w->net->maxpoll, 8, w->combined};
    struct timespec a, b;

    w->packets++;
    if (s->reach_polls < 8)
        s->reach_polls++;
    if (s->burst > 0)
        s->burst--;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    if (!network_is_up(w->net, w->now_s)) {
        miss_sample(w, index);
    } else {
        draw_delays(w, s, (size_t)index, &up, &down, &hidden);
        advance(w, up + down);
        take_sample(w, index, up, down, hidden);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    w->cpu_s += (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
    s->next_s = w->now_s + (burst && s->burst > 0 ? 2.0 : poll_interval_s(&s->poll, &ps)) *
                               (1.0 + 0.02 * uniform(&w->seed));
}

static void run_second(struct world *w, double end)
{
    const struct network *n = w->net;

    for (;;) {
        int next = -1;

        for (int i = 0; i < n->servers; i++)
            if (w->servers[i].next_s < end &&
                (next < 0 || w->servers[i].next_s < w->servers[next].next_s))
                next = i;
        if (next < 0)
            break;
        advance(w, max_d(w->servers[next].next_s - w->now_s, 0.0));
        poll_server(w, next);
    }
    if (end > w->now_s)
        advance(w, end - w->now_s);
    w->freq += n->wander * normal(&w->seed_osc);
    if (n->temperature > 0.0)
        w->freq += n->temperature * 2.0 * M_PI *
                   (cos(2.0 * M_PI * end / 86400.0) / 86400.0 +
                    0.1 * cos(2.0 * M_PI * end / 1200.0) / 1200.0);
}

static void start(struct world *w, const struct network *n, uint64_t seed)
{
    struct track_settings ts = {6, 64, 0.0, 1.0, 1e-6, 1e-8};
    struct poll_settings ps = {n->minpoll, n->maxpoll, 8, 0};

    *w = (struct world){
        .net = n, .seed = seed * 1000003, .seed_osc = seed * 7777777, .previous = -1};
    w->freq = n->freq * (seed % 2 ? 1.0 : -1.0);
    w->line_utc.ns = EPOCH_NS + (int64_t)(n->offset_s * 1e9);
    w->steered.skew_ppm = 1e6;
    for (int i = 0; i < n->servers; i++) {
        w->servers[i].track = track_create(&ts);
        poll_reset(&w->servers[i].poll, &ps);
        w->servers[i].next_s = 0.2 + 0.05 * i;
        w->servers[i].burst = 8;
        w->servers[i].burst_good = 4;
    }
}

static double bound_s(const struct world *w)
{
    double age = w->now_s - w->last_update_s;

    return fabs(rest_s(w)) + w->last.root_dispersion_s + age * (1e-6 + w->last.skew_ppm * 1e-6) +
           w->last.root_delay_s / 2.0;
}

/* Found once the error has stayed inside for five minutes. */
static void hold(double *found_s, int *since, int t, bool inside)
{
    if (!inside)
        *since = 0;
    else if (*since == 0)
        *since = t;
    if (*since > 0 && t - *since >= 300)
        *found_s = min_d(*found_s, *since);
}

static struct figures run(const struct network *n, uint64_t seed, bool trace, double *cpu_s)
{
    struct world w;
    struct figures f = {0};
    double sum = 0.0, freq_sum = 0.0, bound_sum = 0.0, sigma_sum = 0.0, line_sum = 0.0;
    int seconds = 0, sync_since = 0, jitter_since = 0;

    start(&w, n, seed);
    f.sync_s = f.jitter_s = n->run_s;
    for (int t = 1; t <= (int)n->run_s; t++) {
        double e;

        run_second(&w, t);
        /* An exchange may have ended after the second did; the clock is looked at then. */
        e = raw_error_s(&w);
        if (trace && (t % 8 == 0))
            printf("%6d err %10.3e line %10.3e sd %9.3e freq %10.3e skew %.3f poll %d n %zu\n", t,
                   e, line_error_s(&w), w.last.offset_sd_s, raw_freq(&w), w.last.skew_ppm,
                   w.servers[0].poll.log2_s, track_count(w.servers[0].track));
        hold(&f.sync_s, &sync_since, t, fabs(e) <= 1e-3);
        hold(&f.jitter_s, &jitter_since, t, fabs(e) <= 10.0 * (n->up_s + n->down_s) / 2.0);
        if (t <= (int)n->settle_s)
            continue;
        double l = line_error_s(&w), age = w.now_s - w.last_update_s;
        double freq_sd = w.last.skew_ppm * 0.5e-6;
        double sd2 = w.last.offset_sd_s * w.last.offset_sd_s + age * age * freq_sd * freq_sd;

        sum += e * e;
        line_sum += l * l;
        freq_sum += raw_freq(&w) * raw_freq(&w);
        f.max_s = max_d(f.max_s, fabs(e));
        f.outside_bound += fabs(e) > bound_s(&w);
        bound_sum += bound_s(&w);
        sigma_sum += l * l / sd2;
        seconds++;
    }
    f.rms_s = sqrt(sum / seconds);
    f.line_rms_s = sqrt(line_sum / seconds);
    f.freq_rms = sqrt(freq_sum / seconds);
    f.packets = w.packets;
    f.outside_bound /= seconds;
    f.bound_ratio = bound_sum / seconds / f.rms_s;
    f.sigma = sqrt(sigma_sum / seconds);
    *cpu_s += w.cpu_s;
    for (int i = 0; i < n->servers; i++)
        track_destroy(w.servers[i].track);
    return f;
}

static void print_cell(double value, double scale, double theirs)
{
    if (theirs > 0.0)
        printf(" %9.4g %5.2f", value * scale, value / theirs);
    else
        printf(" %9.4g     -", value * scale);
}

static void bench(const struct network *n, uint64_t first, int seeds, bool trace)
{
    struct figures mean = {0};
    double cpu_s = 0.0, packets = 0.0;

    for (int i = 0; i < seeds; i++) {
        struct figures f = run(n, first + (uint64_t)i, trace, &cpu_s);

        mean.sync_s += log(f.sync_s) / seeds;
        mean.jitter_s += log(f.jitter_s) / seeds;
        mean.rms_s += log(f.rms_s) / seeds;
        mean.line_rms_s += log(f.line_rms_s) / seeds;
        mean.max_s += log(f.max_s) / seeds;
        mean.freq_rms += log(f.freq_rms) / seeds;
        mean.packets += log(f.packets) / seeds;
        mean.outside_bound += f.outside_bound / seeds;
        mean.bound_ratio += f.bound_ratio / seeds;
        mean.sigma += f.sigma * f.sigma / seeds;
        packets += f.packets;
    }
    printf("%-12s", n->name);
    print_cell(exp(mean.sync_s), 1.0, n->theirs.sync_s);
    print_cell(exp(mean.jitter_s), 1.0, n->theirs.jitter_s);
    print_cell(exp(mean.rms_s), 1e6, n->theirs.rms_s);
    print_cell(exp(mean.max_s), 1e6, n->theirs.max_s);
    print_cell(exp(mean.freq_rms), 1e9, n->theirs.freq_rms);
    print_cell(exp(mean.packets), 1.0, n->theirs.packets);
    printf(" %9.4g %7.5f %6.1f %5.2f %6.2f\n", exp(mean.line_rms_s) * 1e6, mean.outside_bound,
           mean.bound_ratio, sqrt(mean.sigma), cpu_s / packets * 1e6);
}

int main(int argc, char **argv)
{
    int seeds = 20, named = 0;
    uint64_t first = 1;
    bool trace = false;

    printf("network         sync_s ratio  jitter_s ratio    rms_us ratio    max_us ratio  freq_ppb "
           "ratio   packets "
           "ratio   line_us outside  bound sigma cpu_us\n");
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-n") == 0 && i + 1 < argc)
            seeds = (int)strtol(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "-s") == 0 && i + 1 < argc)
            first = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "-v") == 0)
            trace = true;
        else
            for (size_t k = 0; k < ARRAY_LEN(networks); k++)
                if (strcmp(argv[i], networks[k].name) == 0) {
                    bench(&networks[k], first, seeds, trace);
                    named++;
                }
    }
    for (size_t k = 0; named == 0 && k < ARRAY_LEN(networks); k++)
        bench(&networks[k], first, seeds, trace);
    return 0;
}
