/* served.c - smoothing of the time that is served, as the reference moves its line. */
#include "chronyd/reference/private.h"

/* The frequency is known well enough when smoothing could follow its error in this many seconds. */
#define START_SKEW_PER_WANDER_S 10000.0

struct line reference_line(const struct reference *r)
{
    struct osc at = clock_osc_now(r->clock);

    return (struct line){
        .at = at, .truth = clock_corrected(r->clock, at), .freq = clock_freq_ppm(r->clock) * 1e-6};
}

void reference_line_moved(struct reference *r, const struct line *before, bool leap)
{
    double offset_s = utc_diff_s(clock_corrected(r->clock, before->at), before->truth);
    double freq = clock_freq_ppm(r->clock) * 1e-6;

    if (r->smooth.limits.leap_only && !leap)
        return;
    smooth_moved(&r->smooth, before->at, offset_s, (before->freq - freq) / (1.0 + freq));
}

void reference_smooth_update(struct reference *r)
{
    struct smooth *s = &r->smooth;

    if (s->active || !smooth_is_on(s))
        return;
    if (s->limits.leap_only || r->skew_ppm / s->limits.max_wander_ppm < START_SKEW_PER_WANDER_S) {
        smooth_start(s, clock_osc_now(r->clock));
        log_info(r->log, "Time smoothing activated%s",
                 s->limits.leap_only ? " (leap seconds only)" : "");
    }
}

void reference_smooth_restart(struct reference *r)
{
    if (r->smooth.active)
        smooth_start(&r->smooth, clock_osc_now(r->clock));
}

bool reference_smoothing(const struct reference *r, struct reference_smoothing *out)
{
    struct smooth_now now = smooth_now(&r->smooth, clock_osc_now(r->clock));

    *out = (struct reference_smoothing){.active = r->smooth.active,
                                        .leap_only = r->smooth.limits.leap_only,
                                        .offset_s = now.offset_s,
                                        .freq_ppm = now.freq * 1e6,
                                        .wander_ppm = now.wander * 1e6,
                                        .last_update_ago_s = now.since_s,
                                        .remaining_s = now.remaining_s};
    return smooth_is_on(&r->smooth);
}

bool reference_smoothing_command(struct reference *r, bool activate)
{
    if (!smooth_is_on(&r->smooth))
        return false;
    if (!activate)
        reference_smooth_restart(r);
    else if (!r->smooth.active)
        smooth_start(&r->smooth, clock_osc_now(r->clock));
    reference_announce(r);
    return true;
}
