/* chronyd.c - see chronyd.h: the rooms are made, wired, fed and taken down. */
#include "chronyd/chronyd.h"

#include <math.h>
#include <stdlib.h>

#include "chronyd/private.h"

/* A sleep or a jump of the clock as long as this is worth a few packets to every source. */
#define MEASURE_AGAIN_S 10.0

/* A first end that was decided on stays. */
void chronyd_finish(struct chronyd *d, enum chronyd_state state)
{
    if (d->state == CHRONYD_RUNNING)
        d->state = state;
}

/* --- creation ------------------------------------------------------------------------------- */

/* Numbers of look-ups that nobody else uses (names.c counts from 1). */
#define NTP_RULES_TOKEN 0xa0000000u
#define COMMAND_RULES_TOKEN 0xb0000000u

static bool create_rules(struct chronyd *d, struct err *err)
{
    struct access_rules_params params = {.os = &d->os,
                                         .timers = &d->timers,
                                         .log = &d->log,
                                         .table = d->ntp_access,
                                         .allow = "allow",
                                         .deny = "deny",
                                         .token = NTP_RULES_TOKEN};

    d->ntp_rules = access_rules_create(&params);
    params.table = d->command_access;
    params.allow = "cmdallow";
    params.deny = "cmddeny";
    params.token = COMMAND_RULES_TOKEN;
    d->command_rules = access_rules_create(&params);
    if (!d->ntp_rules || !d->command_rules)
        return err_no_memory(err);
    return access_rules_load(d->ntp_rules, &d->config->ntp_access, err) &&
           access_rules_load(d->command_rules, &d->config->command_access, err);
}

/* An answer to a look-up of ours: the server's socket may be needed now. */
static bool handle_rules(struct chronyd *d, const struct event *ev)
{
    struct err err;

    if (ev->type == EVENT_NETWORK) {
        access_rules_try_again(d->ntp_rules);
        access_rules_try_again(d->command_rules);
    }
    if (access_rules_handle(d->command_rules, ev))
        return true;
    if (!access_rules_handle(d->ntp_rules, ev))
        return false;
    if (!ntp_open_server(d->ntp, &err))
        log_warning(&d->log, "%s", err.text);
    return true;
}

/* Rules 16.2 of chrony-conf: a restart must not step again for a positive limit; -q always steps.
 */
static struct reference_settings reference_settings_for(const struct config *config,
                                                        const struct chronyd_options *options)
{
    struct reference_settings s = config->reference;

    s.mode = options->mode;
    if (options->restart && s.makestep_limit > 0)
        s.makestep_limit = 0;
    s.smooth = (struct smooth_limits){.max_freq_ppm = config->smooth.max_freq_ppm,
                                      .max_wander_ppm = config->smooth.max_wander_ppm,
                                      .leap_only = config->smooth.leap_only};
    return s;
}

static void create_rooms(struct chronyd *d)
{
    const struct config *config = d->config;
    const struct reference_settings reference = reference_settings_for(config, &d->options);

    d->keys = keystore_create();
    d->ntp_access = access_create();
    d->command_access = access_create();
    d->clock = clock_create(&d->os, &d->timers, &d->log, &config->clock);
    d->reference = reference_create(&d->os, &d->timers, &d->log, d->clock, &reference);
    d->manual = manual_create(d->clock, d->reference, config->manual);
    d->sources = sources_create(&d->os, &d->log, d->clock, d->reference, &config->sources);
    d->rtc = rtc_create(&d->os, &d->timers, &d->log, d->clock, d->reference, &config->rtc);
}

static bool create_refclocks(struct chronyd *d, struct err *err)
{
    const struct config *config = d->config;
    const struct refclocks_settings settings = {
        .list = config->refclocks,
        .count = config->refclock_count,
        .min_samples = config->ntp.min_samples,
        .max_samples = config->ntp.max_samples,
        .log = (config->logs & LOG_REFCLOCKS) != 0,
        .logs = {.dir = config->log_dir, .banner = config->log_banner},
    };

    d->refclocks = refclocks_create(&d->os, &d->timers, &d->log, d->clock, d->reference, d->sources,
                                    &settings, err);
    return d->refclocks != NULL;
}

static bool create_tempcomp(struct chronyd *d, struct err *err)
{
    const struct tempcomp_settings *s = &d->config->tempcomp;
    const struct tempcomp_law law = {
        .sensor = s->sensor,
        .interval_s = s->interval_s,
        .t0 = s->t0,
        .k0 = s->k0,
        .k1 = s->k1,
        .k2 = s->k2,
        .points = s->points,
        .log = (d->config->logs & LOG_TEMPCOMP) != 0,
        .logs = {.dir = d->config->log_dir, .banner = d->config->log_banner},
    };

    d->tempcomp = tempcomp_create(&d->os, &d->timers, &d->log, d->clock, &law, err);
    return d->tempcomp || !s->sensor;
}

static void on_clock_jump(void *ctx, const struct clock_jump *jump)
{
    struct chronyd *d = ctx;

    if (jump->cause == CLOCK_JUMP_RATE) {
        sources_break_since(d->sources, jump->since);
        return;
    }
    reference_clock_jumped(d->reference, jump);
    if (jump->cause == CLOCK_JUMP_SUSPEND) {
        sources_break(d->sources, jump->offset_s);
        refclocks_break(d->refclocks);
        if (d->ntp)
            ntp_break(d->ntp);
    }
    /* What the clock shows now is hearsay: measure again soon. */
    if (d->started && fabs(jump->offset_s) >= MEASURE_AGAIN_S)
        ntp_measure_again(d->ntp);
}

static bool add_broadcasts(struct chronyd *d, struct err *err)
{
    for (size_t i = 0; i < d->config->broadcast_count; i++) {
        const struct broadcast_settings *b = &d->config->broadcasts[i];
        const struct endpoint to = {b->addr, b->port};

        if (!ntp_add_broadcast(d->ntp, &to, b->interval_s))
            return err_no_memory(err);
    }
    return true;
}

static bool create_ntp_and_control(struct chronyd *d, struct err *err)
{
    struct ntp_settings ntp = d->config->ntp;

    ntp.only = d->options.only;
    d->ntp = ntp_create(&d->os, &d->timers, &d->log, d->clock, d->reference, d->sources, d->keys,
                        d->ntp_access, &ntp, err);
    if (!d->ntp || !add_broadcasts(d, err))
        return false;
    chronyd_set_hooks(d);
    d->rooms = (struct control_rooms){
        .clock = d->clock,
        .reference = d->reference,
        .sources = d->sources,
        .ntp = d->ntp,
        .rtc = d->rtc,
        .refclocks = d->refclocks,
        .manual = d->manual,
        .ntp_access = d->ntp_access,
        .command_access = d->command_access,
        .keys = d->keys,
        .hooks = &d->hooks,
    };
    d->control = control_create(&d->os, &d->timers, &d->log, &d->rooms, &d->config->control);
    return true;
}

static void on_timeout(void *ctx, struct mono now)
{
    struct chronyd *d = ctx;
    struct reference_figures figures;

    (void)now;
    reference_figures(d->reference, &figures);
    log_info(&d->log, "Timeout reached");
    chronyd_finish(d, figures.synchronised ? CHRONYD_DONE : CHRONYD_FAILED);
}

struct chronyd *chronyd_create(const struct config *config, const struct chronyd_options *options,
                               const struct os *os, const struct log *log, struct err *err)
{
    struct chronyd *d = calloc(1, sizeof(*d));

    if (!d) {
        err_no_memory(err);
        return NULL;
    }
    d->config = config;
    d->options = *options;
    d->os = *os;
    d->log = *log;
    d->timeout = (struct timer){.fire = on_timeout, .ctx = d};
    d->initial_end = (struct timer){.fire = chronyd_on_initial_end, .ctx = d};
    create_rooms(d);
    clock_set_listener(d->clock, on_clock_jump, d);
    chronyd_load_keys(d, config->key_file, d->keys, &d->log);
    if (!create_rules(d, err) || !create_tempcomp(d, err) || !create_refclocks(d, err) ||
        !create_ntp_and_control(d, err) || !ntp_open_server(d->ntp, err) ||
        !control_check_keys(&config->control, d->keys, &d->log, err) ||
        !control_open_udp(d->control, err)) {
        chronyd_destroy(d);
        return NULL;
    }
    return d;
}

/* Sample histories are loaded once names have addresses, and are gone from the disk after that,
 * loaded or not: an old history must not be believed twice. */
static void settle_names(struct chronyd *d)
{
    const char *dir = d->config->dump_dir;

    if (d->names_settled || !d->started || d->initial || !ntp_resolved_once(d->ntp))
        return;
    d->names_settled = true;
    rtc_start(d->rtc);
    refclocks_start(d->refclocks);
    if (!dir || d->options.mode != REFERENCE_NORMAL)
        return;
    if (d->options.reload_dumps)
        sources_load_dumps(d->sources, dir);
    sources_remove_dumps(d->sources, dir);
}

void chronyd_start(struct chronyd *d)
{
    reference_start(d->reference);
    tempcomp_start(d->tempcomp);
    control_open_unix(d->control);
    if (d->options.set_from_rtc)
        rtc_set_system_clock(&d->os, &d->log, d->clock, &d->config->rtc,
                             d->config->reference.drift_file);
    d->started = true;
    if (d->options.timeout_s > 0)
        timer_set(&d->timers, &d->timeout,
                  mono_add_s(d->os.ops->mono(d->os.ctx), d->options.timeout_s));
    if (!chronyd_begin_initial(d))
        chronyd_add_sources(d);
    ntp_start(d->ntp);
    settle_names(d); /* there may be none */
    if (d->options.mode == REFERENCE_NORMAL) {
        access_rules_start(d->ntp_rules);
        access_rules_start(d->command_rules);
    }
}

void chronyd_destroy(struct chronyd *d)
{
    if (!d)
        return;
    if (d->started && d->config->dump_dir && d->options.mode == REFERENCE_NORMAL)
        sources_dump(d->sources, d->config->dump_dir);
    timer_cancel(&d->timers, &d->timeout);
    timer_cancel(&d->timers, &d->initial_end);
    if (d->sources)
        sources_stop(d->sources);
    control_destroy(d->control);
    refclocks_destroy(d->refclocks);
    rtc_destroy(d->rtc);
    ntp_destroy(d->ntp);
    sources_destroy(d->sources);
    tempcomp_destroy(d->tempcomp);
    manual_destroy(d->manual);
    reference_destroy(d->reference);
    clock_destroy(d->clock);
    access_rules_destroy(d->command_rules);
    access_rules_destroy(d->ntp_rules);
    access_destroy(d->command_access);
    access_destroy(d->ntp_access);
    keystore_destroy(d->keys);
    timers_free(&d->timers);
    if (d->has_reloaded)
        config_free(&d->reloaded);
    free(d);
}

/* --- running -------------------------------------------------------------------------------- */

/* No host will tell the time any more, and no clock at this one either. */
static bool nothing_left(const struct chronyd *d)
{
    return ntp_all_given_up(d->ntp) && refclocks_all_silent(d->refclocks);
}

/* -q and -Q end after the first update, or when no source is left that could give one. */
static void look_for_the_end(struct chronyd *d)
{
    if (reference_wants_exit(d->reference))
        chronyd_finish(d, CHRONYD_FAILED);
    if (d->initial && (reference_once(d->reference) != ONCE_WAITING || ntp_all_given_up(d->ntp)))
        chronyd_end_initial(d);
    if (d->options.mode == REFERENCE_NORMAL)
        return;
    switch (reference_once(d->reference)) {
    case ONCE_DONE:
        chronyd_finish(d, CHRONYD_DONE);
        break;
    case ONCE_FAILED:
        chronyd_finish(d, CHRONYD_FAILED);
        break;
    case ONCE_WAITING:
        if (d->state == CHRONYD_RUNNING && nothing_left(d)) {
            log_warning(&d->log, "No suitable source for synchronisation");
            chronyd_finish(d, CHRONYD_FAILED);
        }
        break;
    }
}

void chronyd_handle(struct chronyd *d, const struct event *ev)
{
    if (!ev->in_batch) /* five readings of clocks, a twentieth of what an answer costs */
        clock_notice_jump(d->clock);
    if (ev->type == EVENT_STOP)
        chronyd_finish(d, CHRONYD_DONE);
    else if (ev->type != EVENT_TIMER && !handle_rules(d, ev) && !ntp_handle(d->ntp, ev) &&
             !rtc_handle(d->rtc, ev) && !refclocks_handle(d->refclocks, ev))
        control_handle(d->control, ev);
    timers_fire(&d->timers, d->os.ops->mono(d->os.ctx));
    settle_names(d);
    look_for_the_end(d);
}

bool chronyd_is_ready(const struct chronyd *d)
{
    return d->started && !d->initial;
}

struct mono chronyd_next_wake(const struct chronyd *d)
{
    return timers_next(&d->timers);
}

enum chronyd_state chronyd_state(const struct chronyd *d)
{
    return d->state;
}

void chronyd_verdict(const struct chronyd *d, struct verdict *out)
{
    reference_verdict(d->reference, out);
}

const struct control_rooms *chronyd_rooms(const struct chronyd *d)
{
    return &d->rooms;
}
