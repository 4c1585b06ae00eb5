#include "chronyd/track/poll.h"

#include <math.h>

#include "base/defs.h"

/* With the usual polltarget the next sample comes when the prediction has become as uncertain as
 * one sample is; other targets shorten or stretch that. It may be a little more uncertain where a
 * request is sent every minute, and has to be less so where requests are rare and cost nobody
 * anything: the ratio falls with this power of the interval. */
#define HORIZON_RATIO 1.14
#define HORIZON_LOG2_S 7
#define HORIZON_FALL 0.06
#define TARGET_USUAL 8.0
/* Part of the way to the wanted interval (in powers of two) that one sample goes. */
#define GAIN 0.75
/* Sources that are combined need fewer samples each: the horizon grows with this power of them. */
#define SOURCES_POWER 0.15
/* From the second request without an answer on the interval doubles; but while there are fewer than
 * so many samples to rely on, packets may be lost where the clock needs them most: then it takes
 * four to double it, */
#define SILENCE_STEP 1.0
#define YOUNG_SAMPLES 8
#define YOUNG_STEP 0.25
/* and at the longest one it varies between these parts of it: a server that is reachable for
 * some minutes every other hour would be missed again and again by polls that happen to keep
 * step. */
#define SILENT_LEAST 0.5
#define SILENT_SPREAD 0.7
#define GOLDEN 0.6180339887

void poll_clamp(struct poll *p, const struct poll_settings *s)
{
    p->log2_s = clamp_i(p->log2_s, s->minpoll, s->maxpoll);
}

void poll_reset(struct poll *p, const struct poll_settings *s)
{
    *p = (struct poll){.log2_s = s->minpoll};
}

static void adjust(struct poll *p, const struct poll_settings *s, double adj)
{
    p->score += adj;
    if (p->score >= 1.0) {
        double whole = floor(min_d(p->score, 64.0));

        p->log2_s += (int)whole;
        p->score = min_d(p->score - whole, 1.0);
    } else if (p->score < 0.0) {
        int steps = (int)ceil(min_d(-p->score, 64.0));

        p->log2_s -= steps;
        p->score = clamp_d(p->score + steps, 0.0, 1.0);
    }
    /* At a limit the score does not run away. */
    if (p->log2_s > s->maxpoll || p->log2_s < s->minpoll)
        p->score = p->log2_s > s->maxpoll ? 1.0 : 0.0;
    poll_clamp(p, s);
}

/* An answer after silence leaves the interval as it is: surprises shorten it. To go back at once to
 * the one from before makes frequencies worse by half where a host is reachable now and then. */
void poll_sample(struct poll *p, const struct poll_settings *s, const struct track *t,
                 double error_s, double distance_s)
{
    p->missed = 0;
    if (fabs(error_s) > distance_s && distance_s > 0.0) {
        adjust(p, s, -log2(fabs(error_s) / distance_s));
        return;
    }

    double ratio = HORIZON_RATIO * sqrt(TARGET_USUAL / max_d(s->target, 1.0)) *
                   pow(max_d(s->sources, 1.0), SOURCES_POWER) *
                   pow(2.0, -HORIZON_FALL * (p->log2_s + p->score - HORIZON_LOG2_S));
    double horizon = track_horizon_s(t, ratio, ldexp(1.0, s->maxpoll + 1));

    adjust(p, s, clamp_d(GAIN * (log2(max_d(horizon, 1e-3)) - p->log2_s), -1.0, 1.0));
}

void poll_bad_answer(struct poll *p, const struct poll_settings *s, bool test_d_only)
{
    p->missed = 0;
    adjust(p, s, test_d_only ? 0.02 : 0.1);
}

void poll_silence(struct poll *p, const struct poll_settings *s, const struct track *t)
{
    if (p->missed++ > 0)
        adjust(p, s, track_count(t) < YOUNG_SAMPLES ? YOUNG_STEP : SILENCE_STEP);
}

double poll_interval_s(const struct poll *p, const struct poll_settings *s)
{
    double interval = ldexp(1.0, p->log2_s);

    if (p->missed > 1 && p->log2_s == s->maxpoll)
        interval *= SILENT_LEAST + SILENT_SPREAD * fmod(p->missed * GOLDEN, 1.0);
    return max_d(interval, ldexp(1.0, p->log2_s < s->minpoll ? p->log2_s : s->minpoll));
}
