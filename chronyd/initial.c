/* initial.c - the sources of the start, and initstepslew, which goes before them. */
#include <stdlib.h>

#include "base/text.h"
#include "chronyd/private.h"

#define INITIAL_TIMEOUT_S 60.0 /* for names that do not resolve; servers are given up earlier */

/* Sources of the main configuration first, then those of the source directories, as chrony does. */
void chronyd_add_sources(struct chronyd *d)
{
    const struct config *config = chronyd_current(d);

    for (size_t i = 0; i < config->ntp_source_count; i++) {
        const struct ntp_source_settings *s = &config->ntp_sources[i];

        if (ntp_add_configured(d->ntp, s) != NTP_ADDED)
            log_error(&d->log, "Could not add source %s", s->name);
    }
    chronyd_read_source_dirs(d, false);
}

/* initstepslew: ask its hosts before anything else is done with the clock. They are sources like
 * any other, for a while. */
bool chronyd_begin_initial(struct chronyd *d)
{
    const struct config *config = d->config;
    struct ntp_source_settings *hosts;
    size_t count = config->initstepslew_count;

    if (count == 0 || d->options.restart || d->options.mode != REFERENCE_NORMAL)
        return false;
    hosts = calloc(count, sizeof(*hosts));
    if (!hosts)
        return false;
    for (size_t i = 0; i < count; i++) {
        ntp_source_defaults(&hosts[i]);
        text_copy(hosts[i].name, sizeof(hosts[i].name), config->initstepslew_hosts[i]);
        hosts[i].iburst = true;
    }
    d->initial = true;
    reference_begin_initial(d->reference, config->initstepslew_threshold_s);
    ntp_borrow_sources(d->ntp, hosts, count);
    free(hosts);
    timer_set(&d->timers, &d->initial_end,
              mono_add_s(d->os.ops->mono(d->os.ctx), INITIAL_TIMEOUT_S));
    return true;
}

void chronyd_end_initial(struct chronyd *d)
{
    if (reference_once(d->reference) != ONCE_DONE)
        log_warning(&d->log, "No suitable source for initstepslew");
    d->initial = false;
    timer_cancel(&d->timers, &d->initial_end);
    ntp_borrow_sources(d->ntp, NULL, 0);
    reference_end_initial(d->reference);
    chronyd_add_sources(d);
}

void chronyd_on_initial_end(void *ctx, struct mono now)
{
    (void)now;
    chronyd_end_initial(ctx);
}
