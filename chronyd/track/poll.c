#include "chronyd/track/poll.h"

#include <math.h>

#include "base/defs.h"

/* With the usual polltarget the next sample comes when the prediction has become as uncertain as
 * one sample is; other targets shorten or stretch that. */
#define KAPPA 1.0
#define TARGET_USUAL 8.0
/* Part of the way to the wanted interval (in powers of two) that one sample goes. */
#define GAIN 0.5

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

void poll_sample(struct poll *p, const struct poll_settings *s, const struct track *t,
                 double error_s, double distance_s)
{
    p->missed = 0;
    if (fabs(error_s) > distance_s && distance_s > 0.0) {
        adjust(p, s, -log2(fabs(error_s) / distance_s));
        return;
    }

    double ratio = KAPPA * sqrt(TARGET_USUAL / max_d(s->target, 1.0));
    double horizon = track_horizon_s(t, ratio, ldexp(1.0, s->maxpoll + 1));

    adjust(p, s, clamp_d(GAIN * (log2(max_d(horizon, 1e-3)) - p->log2_s), -1.0, 1.0));
}

void poll_bad_answer(struct poll *p, const struct poll_settings *s, bool test_d_only)
{
    p->missed = 0;
    adjust(p, s, test_d_only ? 0.02 : 0.1);
}

void poll_silence(struct poll *p, const struct poll_settings *s, bool selected)
{
    if (p->missed++ > 0)
        adjust(p, s, selected ? 0.1 : 0.25);
}
