#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "chronyd/track/restless.h"
#include "chronyd/track/route.h"
#include "chronyd/track/track_private.h"

/* Before anything is measured an oscillator is taken to be within this of its nominal rate. */
#define PRIOR_SKEW_PPM 100.0
/* So near the oldest sample a jump cannot be told from a slope any more. */
#define EDGE_SAMPLES 6
/* So many samples are compared with several widths of it. */
#define VAGUE_SAMPLES 10
/* Up to so many samples everything is learned anew with each; then with every eighth, or one that
 * is this many standard deviations off. */
#define LEARN_SAMPLES 32
#define LEARN_EVERY 8
#define SURPRISE 2.5
#define SD_WITHOUT_SAMPLES_S 4.0
#define SKEW_WITHOUT_SAMPLES_PPM 2000.0
#define PRECISION_DEFAULT_S 1e-7
/* Among samples whose delays tell nothing there are no good ones to wait for: the next is wanted
 * when the prediction has become this part as uncertain as one of them. */
#define STAMPS_HORIZON 0.75

struct track *track_create(const struct track_settings *settings)
{
    struct track *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    track_set_settings(t, settings);
    t->prior_skew_ppm = PRIOR_SKEW_PPM;
    track_reset(t);
    return t;
}

void track_destroy(struct track *t)
{
    free(t);
}

void track_reset(struct track *t)
{
    t->count = 0;
    t->broken = false;
    t->refused = 0;
    t->filter.scale = 1.0;
    for (size_t i = 0; i < TRACK_LAWS; i++)
        t->learned[i].scale = 1.0;
    t->law = LAW_QUEUES;
    t->learned_ago = 0;
    t->learnings = 0;
    t->sd_s = SD_WITHOUT_SAMPLES_S;
    t->asymmetry = (struct asymmetry){0};
    t->stress = 0.0;
    t->runs = 0;
}

static void learn_asymmetry(struct track *t, const double *residuals)
{
    double error[TRACK_SAMPLES_MAX];

    if (track_has_fixed_asymmetry(t))
        return;
    for (size_t i = 0; i < t->count; i++)
        error[i] = residuals[i] - t->shift_s[i];
    asymmetry_learn(&t->asymmetry, t->excess_s, error, t->count, t->usual_excess_s);
}

/* Figures that people read: spread of the samples and runs of residuals of the same sign. */
static void judge_residuals(struct track *t, const double *residuals)
{
    double sum = 0.0, weights = 0.0, mean_var = 0.0;

    for (size_t i = 0; i < t->count; i++)
        mean_var += filter_point_var(&t->points[i]) / (double)t->count;
    t->runs = 1;
    for (size_t i = 0; i < t->count; i++) {
        double w = 1.0 / (filter_point_var(&t->points[i]) + mean_var);

        sum += w * residuals[i] * residuals[i];
        weights += w;
        if (i > 0 && (residuals[i] < 0.0) != (residuals[i - 1] < 0.0))
            t->runs++;
    }
    /* Two of the samples' freedoms went into level and slope. */
    sum *= (double)t->count / max_d(1.0, (double)t->count - 2.0);
    t->sd_s = t->count < 3 ? t->filter.scale * sqrt(mean_var) : sqrt(sum / weights);
    t->sd_s = max_d(t->sd_s, t->settings.precision_s);
}

/* What is expected of the slope. Once there are samples enough to tell how far off it may be,
 * that is taken for known: the register forgets, the oscillator stays the same. */
static struct filter_prior prior_of(const struct track *t)
{
    struct filter_prior p = {.slope = track_reciprocal(t->prior_freq_ppm * 1e-6),
                             .slope_sd = t->prior_skew_ppm * 1e-6,
                             .vague = !t->has_prior};

    if (p.vague && t->count > VAGUE_SAMPLES) {
        p.slope_sd = t->filter.slope_sd;
        p.vague = false;
    }
    return p;
}

/* Wander and scale change slowly, and to learn them costs more than all the rest: with many
 * samples it is done at every few, and whenever the newest is a surprise. */
static bool has_to_learn(struct track *t)
{
    const struct filter_point *newest = &t->points[t->count - 1], *before = newest - 1;
    struct filter_state f;
    double e, var;

    if (t->count <= LEARN_SAMPLES || ++t->learned_ago >= LEARN_EVERY)
        return true;
    f = filter_ahead(&t->filter.state, t->filter.wander, newest->t_s - before->t_s);
    e = newest->y_s - (before->y_s - t->shift_s[t->count - 2]) - f.x_s;
    var = f.var_x + t->filter.scale * t->filter.scale * filter_point_var(newest);
    return e * e > SURPRISE * SURPRISE * var;
}

static void forget_oldest(struct track *t, size_t n)
{
    t->count -= n;
    memmove(t->samples, t->samples + n, t->count * sizeof t->samples[0]);
    memmove(t->routes, t->routes + n, t->count * sizeof t->routes[0]);
    memmove(t->new_level, t->new_level + n, t->count * sizeof t->new_level[0]);
    memmove(t->side, t->side + n, t->count * sizeof t->side[0]);
}

/* The first points of a register meet the prior without a gate, so a jump among them would be
 * taken for a slope of per cents. A level that ended so long ago is worth nothing: out with it, and
 * with those after it that were as short, unless fewer samples than the option `minsamples` wants
 * would be left. */
static bool forget_old_level(struct track *t, const struct filter_path *path)
{
    size_t least = (size_t)clamp_i(t->settings.min_samples, EDGE_SAMPLES + 1, TRACK_SAMPLES_MAX);
    size_t last = 0;

    for (size_t i = 1; i <= last + EDGE_SAMPLES && i + least <= t->count; i++)
        if (path->jump[i])
            last = i;
    if (last > 0)
        forget_oldest(t, last);
    return last > 0;
}

static void read_again(struct track *t, double slope)
{
    struct filter_result second = t->filter;
    struct filter_path path;

    second.wander = t->filter.wander_most;
    filter_run(t->points, t->count, slope, &second, &path);
    t->restless = second.state;
}

static void learn(struct track *t)
{
    struct filter_prior prior;
    double old_slope = t->filter.state.slope, old_sd = sqrt(t->filter.state.var_slope);
    double residuals[TRACK_SAMPLES_MAX], slopes[TRACK_SAMPLES_MAX];
    struct filter_path path;

    track_weigh(t);
    prior = prior_of(t);
    if (has_to_learn(t)) {
        track_choose_law(t, &prior);
        t->learned_ago = 0;
    }
    track_run_law(t, &prior, &path);
    if (forget_old_level(t, &path)) {
        track_weigh(t);
        track_run_law(t, &prior, &path);
    }
    read_again(t, prior.slope);
    t->stress = t->count > 3 && old_sd > 0.0 ? fabs(t->filter.state.slope - old_slope) / old_sd : 0;
    filter_residuals(t->points, t->count, &path, residuals, slopes);
    judge_residuals(t, residuals);
    learn_asymmetry(t, residuals);
    track_bound(t, &path, residuals, slopes);
}

void track_set_settings(struct track *t, const struct track_settings *settings)
{
    t->settings = *settings;
    t->settings.max_samples = clamp_i(settings->max_samples, 1, TRACK_SAMPLES_MAX);
    t->settings.min_samples = clamp_i(settings->min_samples, 1, t->settings.max_samples);
    if (!(t->settings.precision_s > 0.0))
        t->settings.precision_s = PRECISION_DEFAULT_S;
    if (t->count > (size_t)t->settings.max_samples)
        forget_oldest(t, t->count - (size_t)t->settings.max_samples);
    if (t->count > 0)
        learn(t);
}

void track_set_prior(struct track *t, double freq_ppm, double skew_ppm)
{
    t->has_prior = true;
    t->prior_freq_ppm = freq_ppm;
    t->prior_skew_ppm = max_d(skew_ppm, 1e-6);
    if (t->count > 0)
        learn(t);
}

void track_break(struct track *t, struct osc at)
{
    if (t->count > 0) {
        t->broken = true;
        t->broken_at = at;
    }
}

void track_break_since(struct track *t, struct osc since)
{
    bool changed = false;

    for (size_t i = 1; i < t->count; i++) {
        if (t->samples[i].at.ns > since.ns && !t->new_level[i])
            changed = t->new_level[i] = true;
    }
    if (changed)
        learn(t);
}

static bool is_sane(const struct sample *s)
{
    return isfinite(s->delay_s) && isfinite(s->dispersion_s) && isfinite(s->root_delay_s) &&
           isfinite(s->root_dispersion_s) && s->delay_s >= 0.0;
}

static void find_route(struct track *t)
{
    double delays[TRACK_SAMPLES_MAX];

    for (size_t i = 0; i < t->count; i++)
        delays[i] = t->samples[i].delay_s;
    route_label(delays, t->routes, t->count);
}

bool track_add(struct track *t, const struct sample *s)
{
    if (!is_sane(s) || (t->count > 0 && s->at.ns <= t->samples[t->count - 1].at.ns))
        return false;
    if (t->count >= (size_t)t->settings.max_samples)
        forget_oldest(t, t->count + 1 - (size_t)t->settings.max_samples);
    t->samples[t->count] = *s;
    t->new_level[t->count] = t->count > 0 && t->broken;
    t->side[t->count] = 0;
    t->broken = false;
    t->refused = 0;
    t->count++;
    find_route(t);
    learn(t);
    return true;
}

size_t track_count(const struct track *t)
{
    return t->count;
}

const struct sample *track_sample(const struct track *t, size_t i)
{
    assert(i < t->count);
    return &t->samples[i];
}

const struct sample *track_newest(const struct track *t)
{
    return t->count > 0 ? &t->samples[t->count - 1] : NULL;
}

static bool has_estimate(const struct track *t)
{
    size_t needed = t->settings.max_samples < 3 ? 1 : 3;

    return t->count >= needed && !t->broken;
}

static struct utc truth_at(const struct track *t, struct osc at, double x_s)
{
    const struct sample *newest = &t->samples[t->count - 1];
    int64_t osc;

    if (__builtin_sub_overflow(at.ns, newest->at.ns, &osc))
        osc = at.ns > newest->at.ns ? INT64_MAX : INT64_MIN;
    return (struct utc){ns_add(ns_add(newest->truth.ns, osc), ns_from_s(x_s))};
}

/* Two standard deviations: what people call the bound of the frequency's error. */
static double skew(const struct track *t)
{
    return 2.0 * sqrt(t->filter.state.var_slope);
}

bool track_estimate(const struct track *t, struct osc at, struct estimate *out)
{
    if (!has_estimate(t))
        return false;

    const struct sample *best = &t->samples[t->best];
    double dt = track_diff_s(at.ns, t->samples[t->count - 1].at.ns);
    struct filter_state f = filter_ahead(&t->filter.state, t->filter.wander, dt);
    struct filter_state second = filter_ahead(&t->restless, t->filter.wander_most, dt);
    double age = fabs(track_diff_s(at.ns, best->at.ns));

    out->at = at;
    out->truth = truth_at(t, at, f.x_s);
    out->offset_sd_s = sqrt(f.var_x);
    out->freq_ppm = track_reciprocal(f.slope) * 1e6;
    out->skew_ppm = 2e6 * sqrt(f.var_slope);
    out->restless = restless_of(&f, &second, t->filter.wander_most);
    out->root_delay_s = best->root_delay_s;
    out->root_dispersion_s = best->root_dispersion_s + t->best_apart_s + out->offset_sd_s +
                             age * (t->settings.max_clock_error + t->open_slope) +
                             fabs(dt) * skew(t);
    out->open_rate = t->open_rate;
    return true;
}

void track_report(const struct track *t, struct track_report *out)
{
    *out = (struct track_report){.sd_s = SD_WITHOUT_SAMPLES_S,
                                 .offset_sd_s = SD_WITHOUT_SAMPLES_S,
                                 .skew_ppm = SKEW_WITHOUT_SAMPLES_PPM};
    out->samples = (int)t->count;
    if (t->count == 0)
        return;
    out->span_s = -t->points[0].t_s;
    if (!has_estimate(t))
        return;
    out->runs = t->runs;
    out->sd_s = t->sd_s;
    out->offset_sd_s = sqrt(t->filter.state.var_x);
    out->skew_ppm = skew(t) * 1e6;
    out->stress = t->stress;
    out->asymmetry = track_has_fixed_asymmetry(t) ? t->settings.asymmetry : t->asymmetry.value;
    out->asymmetry_run = t->asymmetry.run;
}

void track_refused(struct track *t, double delay_s)
{
    if (t->refused == REFUSED_MOST)
        memmove(t->refused_s, t->refused_s + 1, (REFUSED_MOST - 1) * sizeof(t->refused_s[0]));
    else
        t->refused++;
    t->refused_s[t->refused - 1] = delay_s;
}

/* The shortest of the refused delays if they are alike: closer to each other than half of what
 * they are apart from what was usual. Negative if they are not. */
static double refused_floor(const struct track *t)
{
    double least = HUGE_VAL, most = 0.0;

    if (t->refused < REFUSED_MOST)
        return -1.0;
    for (size_t i = 0; i < REFUSED_MOST; i++) {
        least = min_d(least, t->refused_s[i]);
        most = max_d(most, t->refused_s[i]);
    }
    return most - least <= (least - t->min_delay_s) / 2.0 ? least : -1.0;
}

void track_delay(const struct track *t, struct track_delay *out)
{
    *out = (struct track_delay){
        .min_delay_s = -1.0, .sd_s = SD_WITHOUT_SAMPLES_S, .skew = SKEW_WITHOUT_SAMPLES_PPM * 1e-6};
    if (t->count == 0)
        return;
    out->min_delay_s = max_d(t->min_delay_s, refused_floor(t));
    out->newest = t->samples[t->count - 1].at;
    if (!has_estimate(t))
        return;
    out->sd_s = t->sd_s;
    out->skew = skew(t);
}

bool track_predict(const struct track *t, struct osc at, struct utc *truth, double *dispersion_s)
{
    struct estimate e;

    if (!track_estimate(t, at, &e))
        return false;
    *truth = e.truth;
    *dispersion_s =
        e.offset_sd_s + fabs(track_diff_s(at.ns, t->samples[t->count - 1].at.ns)) * skew(t);
    return true;
}

double track_horizon_s(const struct track *t, double ratio, double longest_s)
{
    double information = 0.0, limit, dt = longest_s;

    if (!has_estimate(t))
        return 0.0;
    for (size_t i = 0; i < t->count; i++)
        information += 1.0 / filter_point_var(&t->points[i]);
    if (t->law == LAW_STAMPS)
        ratio *= STAMPS_HORIZON;
    limit = ratio * ratio * t->filter.scale * t->filter.scale * (double)t->count / information;
    /* An eighth of an octave is near enough. */
    while (dt > longest_s * 1e-6 &&
           filter_ahead(&t->filter.state, t->filter.wander, dt).var_x > limit)
        dt *= 0.917;
    return dt;
}
