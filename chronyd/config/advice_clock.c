/* advice_clock.c - what is done to the clock. */
#include "chronyd/config/advice.h"

#include <stdlib.h>
#include <string.h>

/* Is this a virtual machine? The kernel shows the flag that the hypervisor sets. */
static bool is_virtual(const struct os *os)
{
    char *text = NULL;
    size_t length;
    bool found;

    if (!os->ops->file_read(os->ctx, "/proc/cpuinfo", 16 << 20, &text, &length, NULL))
        return false;
    found = strstr(text, " hypervisor") != NULL;
    free(text);
    return found;
}

static void stepping(struct advice *a)
{
    const struct config *c = a->config;
    const struct reference_settings *r = &c->reference;
    const struct config_item *item = config_item_of(c, "makestep");

    if (r->makestep_limit == 0 && c->initstepslew_count == 0)
        advise(a, "no-makestep", item, NULL,
               "The clock is never stepped: if it is wrong by an hour at boot it stays wrong for "
               "half a day. makestep 1 3 steps it at the start only");
    else if (r->makestep_limit < 0 && r->makestep_threshold_s < 0.01)
        advise(a, "step-often", item, NULL,
               "A threshold of %g s without a limit lets the clock step back and forth; slewing "
               "does that better. makestep 1 -1 is large enough",
               r->makestep_threshold_s);
    else if (r->makestep_limit > 0 && is_virtual(a->os))
        advise(a, "vm-step", item, NULL,
               "This is a virtual machine: after a pause of the host the clock may be wrong by "
               "hours, and it will not be stepped after the first %d updates. makestep 1 -1 would",
               r->makestep_limit);
    if (r->maxchange_start >= 0 && r->makestep_limit < 0 &&
        r->maxchange_s < r->makestep_threshold_s)
        advise(a, "contradiction", config_item_of(c, "maxchange"), NULL,
               "maxchange refuses corrections above %g s, so makestep, which begins at %g s, never "
               "steps after the first %d updates",
               r->maxchange_s, r->makestep_threshold_s, r->maxchange_start);
}

/* Values with which nothing works any more. */
static void limits(struct advice *a)
{
    const struct config *c = a->config;
    const struct select_settings *s = &c->sources.select;
    const struct reference_settings *r = &c->reference;
    double typed;

    if (s->min_stratum > s->max_stratum)
        advise(a, "contradiction", config_item_of(c, "minstratum"), NULL,
               "minstratum %d is above maxstratum %d: no source can be selected", s->min_stratum,
               s->max_stratum);
    if (item_number(config_item_of(c, "minsamples"), "minsamples", &typed) &&
        typed > c->ntp.max_samples)
        advise(a, "contradiction", config_item_of(c, "minsamples"), NULL,
               "minsamples is limited by maxsamples, %d", c->ntp.max_samples);
    if (s->max_distance_s < 1e-3)
        advise(a, "tight", config_item_of(c, "maxdistance"), NULL,
               "maxdistance %g s is less than any network allows: no server will be selected",
               s->max_distance_s);
    if (s->max_jitter_s < 1e-6)
        advise(a, "tight", config_item_of(c, "maxjitter"), NULL,
               "maxjitter %g s is less than any network allows: no server will be selected",
               s->max_jitter_s);
    if (r->max_update_skew_ppm < 0.01)
        advise(a, "tight", config_item_of(c, "maxupdateskew"), NULL,
               "maxupdateskew %g ppm: the frequency will hardly ever be corrected; 100 is usual",
               r->max_update_skew_ppm);
    if (c->clock.max_slew_ppm < 1.0)
        advise(a, "tight", config_item_of(c, "maxslewrate"), NULL,
               "maxslewrate %g ppm: the clock cannot be slewed", c->clock.max_slew_ppm);
    if (r->fallback_drift_min > r->fallback_drift_max)
        advise(a, "no-effect", config_item_of(c, "fallbackdrift"), NULL,
               "fallbackdrift has no effect: %d is above %d", r->fallback_drift_min,
               r->fallback_drift_max);
}

static void memory(struct advice *a)
{
    const struct config *c = a->config;

    if (!c->reference.drift_file)
        advise(a, "no-driftfile", NULL, NULL,
               "Without a driftfile each start begins without knowing how fast the clock runs");
    if (!c->reference.rtcsync && !c->rtc.file && !a->clock_untouched)
        advise(a, "no-rtcsync", NULL, NULL,
               "Without rtcsync the kernel keeps saying that the clock is not synchronised, and "
               "the real-time clock is not set");
    if (c->rtc.autotrim_s > 0.0 && !c->rtc.file)
        advise(a, "no-effect", config_item_of(c, "rtcautotrim"), NULL,
               "rtcautotrim has no effect without rtcfile");
    if (c->rtc.file)
        advise(a, "rtcfile", config_item_of(c, "rtcfile"), NULL,
               "With rtcfile no other program may set the real-time clock: see that hwclock "
               "--systohc is not run at shutdown");
}

static void leap_seconds(struct advice *a)
{
    const struct config *c = a->config;
    const struct smooth_settings *smooth = &c->smooth;
    bool smooths = smooth->max_freq_ppm > 0.0 && smooth->max_wander_ppm > 0.0;

    if (config_item_of(c, "smoothtime") && !smooths)
        advise(a, "no-effect", config_item_of(c, "smoothtime"), NULL,
               "smoothtime is off: both numbers have to be above 0");
    if (smooths && smooth->leap_only && c->reference.leapsec_mode != LEAPSEC_SLEW)
        advise(a, "leapsecmode", config_item_of(c, "smoothtime"), "leaponly",
               "smoothtime with leaponly needs leapsecmode slew; clients are told of the leap "
               "second otherwise");
    if (c->initstepslew_count > 0)
        advise(a, "initstepslew", config_item_of(c, "initstepslew"), NULL,
               "initstepslew delays the start; makestep 1 3 and the option iburst do better");
}

void advise_clock(struct advice *a)
{
    if (!a->clock_untouched)
        stepping(a);
    limits(a);
    memory(a);
    leap_seconds(a);
}
