#include "chronyd/ntp/association.h"

#include <errno.h>
#include <stdlib.h>

#include "chronyd/ntp/association_private.h"

#define KEY_BITS_SHORT 80

static void source_settings_of(const struct association *a, struct source_settings *out)
{
    const struct ntp_source_settings *s = &a->settings;
    const struct ntp_settings *defaults = &a->room->settings;

    *out = (struct source_settings){
        .kind = s->kind,
        .select_options = s->select_options,
        .min_samples = s->min_samples >= 0 ? s->min_samples : defaults->min_samples,
        .max_samples = s->max_samples >= 0 ? s->max_samples : defaults->max_samples,
        .max_unreach = s->max_unreach,
        .min_stratum = s->min_stratum,
        .min_delay_s = s->min_delay_s,
        .asymmetry = s->asymmetry,
        .authenticated = s->key_id != 0 || s->nts,
    };
}

static bool make_filters(struct association *a)
{
    if (a->settings.max_delay_quant > 0.0) {
        a->delays = quantile_create(
            clamp_d(a->settings.max_delay_quant, NTP_DELAY_QUANTILE_MIN, NTP_DELAY_QUANTILE_MAX));
        if (!a->delays)
            return false;
    }
    if (a->settings.filter_length > 0) {
        a->filter =
            sample_filter_create(clamp_i(a->settings.filter_length, 1, NTP_FILTER_LENGTH_MAX));
        if (!a->filter)
            return false;
    }
    return true;
}

/* A key that is missing may still come (rekey): the source exists, but stays silent. */
static void check_key(const struct association *a)
{
    const struct key *key;

    if (a->settings.key_id == 0 || a->settings.nts)
        return;
    key = keystore_find(a->room->keys, a->settings.key_id);
    if (!key)
        log_warning(a->room->log, "Key %u is missing", a->settings.key_id);
    else if (key_bits(key) < KEY_BITS_SHORT)
        log_warning(a->room->log, "Key %u is too short", a->settings.key_id);
}

struct association *association_create(struct ntp_room *room,
                                       const struct ntp_source_settings *settings,
                                       const struct addr *addr,
                                       const struct association_owner *owner)
{
    struct association *a = calloc(1, sizeof(*a));
    struct source_settings ss;

    if (!a)
        return NULL;
    a->room = room;
    a->settings = *settings;
    a->owner = *owner;
    a->remote = (struct endpoint){*addr, settings->port};
    a->sock = -1;
    a->request.sock = -1;
    a->state = settings->offline ? ASSOC_OFFLINE : ASSOC_ONLINE;
    a->offline_since = room_mono(room);
    a->transmit_timer = (struct timer){.fire = polling_fire, .ctx = a};
    a->close_timer = (struct timer){.fire = request_timeout, .ctx = a};
    a->hold_timer = (struct timer){.fire = hold_timeout, .ctx = a};
    source_settings_of(a, &ss);
    if (make_filters(a))
        a->source = sources_add(room->sources, &ss, settings->name, addr, addr_refid(addr));
    if (!a->source) {
        association_destroy(a);
        return NULL;
    }
    polling_reset(a);
    source_set_active(a->source, a->state == ASSOC_ONLINE);
    check_key(a);
    return a;
}

void association_destroy(struct association *a)
{
    if (!a)
        return;
    timer_cancel(a->room->timers, &a->transmit_timer);
    sockets_forget_stamp(a);
    hold_drop(a);
    sockets_close(a);
    if (a->source)
        sources_remove(a->room->sources, a->source);
    quantile_destroy(a->delays);
    sample_filter_destroy(a->filter);
    free(a);
}

void association_set_address(struct association *a, const struct addr *addr)
{
    sockets_forget_stamp(a);
    hold_drop(a);
    sockets_close(a);
    a->remote = (struct endpoint){*addr, a->settings.port};
    source_set_address(a->source, addr, addr_refid(addr));
    a->request = (struct request){.sock = -1};
    a->last = (struct exchange){0};
    a->has_mono = false;
    a->answered[0].bits = a->answered[1].bits = 0;
    a->last_receive.bits = a->last_transmit.bits = 0;
    a->data = (struct ntp_data_report){0};
    a->trouble = (struct reason){.code = REASON_NONE};
    a->requests_unanswered = 0;
    a->proved = a->given_up = a->started = false;
    /* A burst belongs to the address it was begun with. */
    if (a->state == ASSOC_BURST_ONLINE)
        a->state = ASSOC_ONLINE;
    else if (a->state == ASSOC_BURST_OFFLINE)
        a->state = ASSOC_OFFLINE;
    polling_reset(a);
    if (a->delays)
        quantile_reset(a->delays);
    if (a->filter)
        sample_filter_reset(a->filter);
}

void association_start(struct association *a, struct mono first)
{
    if (!association_resolved(a) || a->started)
        return;
    a->started = true;
    if (a->state == ASSOC_ONLINE && !a->settings.nts)
        polling_start(a, first);
}

const struct addr *association_addr(const struct association *a)
{
    return &a->remote.addr;
}

bool association_resolved(const struct association *a)
{
    return a->remote.addr.family == ADDR_IPV4 || a->remote.addr.family == ADDR_IPV6;
}

bool association_proved(const struct association *a)
{
    return a->proved;
}

struct source *association_source(const struct association *a)
{
    return a->source;
}

const struct ntp_source_settings *association_settings(const struct association *a)
{
    return &a->settings;
}

void *association_owner(const struct association *a)
{
    return a->owner.ctx;
}

void association_send_failed(struct association *a, int sys)
{
    a->trouble = (struct reason){
        .code = sys == ECONNREFUSED ? REASON_REFUSED : REASON_NO_ROUTE,
        .figure = sys,
    };
}

void association_network_changed(struct association *a)
{
    if (!a->settings.nts)
        polling_network_changed(a);
}

enum association_state association_state(const struct association *a)
{
    return a->state;
}

static void log_state(const struct association *a, const char *state)
{
    char text[300];

    log_info(a->room->log, "Source %s %s", source_text(a->source, text, sizeof(text)), state);
}

static void go_offline(struct association *a)
{
    if (a->state == ASSOC_OFFLINE || a->state == ASSOC_BURST_OFFLINE)
        return;
    /* A burst that was ordered is finished first. */
    a->state = a->state == ASSOC_BURST_ONLINE ? ASSOC_BURST_OFFLINE : ASSOC_OFFLINE;
    a->offline_since = room_mono(a->room);
    if (a->state == ASSOC_OFFLINE) {
        timer_cancel(a->room->timers, &a->transmit_timer);
        a->request.waiting = false;
        source_set_active(a->source, false);
        source_fell_silent(a->source);
    }
    log_state(a, "offline");
}

static void go_online(struct association *a)
{
    if (a->state == ASSOC_ONLINE || a->state == ASSOC_BURST_ONLINE)
        return;
    a->given_up = false;
    if (a->state == ASSOC_BURST_OFFLINE) {
        a->state = ASSOC_BURST_ONLINE;
    } else {
        a->state = ASSOC_ONLINE;
        source_set_active(a->source, true);
        if (a->started && !a->settings.nts)
            polling_start(a, room_mono(a->room));
    }
    log_state(a, "online");
}

void association_set_online(struct association *a, bool online)
{
    if (online)
        go_online(a);
    else
        go_offline(a);
}

void association_burst(struct association *a, int good, int total)
{
    if (!a->started || a->settings.nts)
        return;
    if (a->state != ASSOC_OFFLINE && a->state != ASSOC_ONLINE)
        return;
    polling_begin_burst(a, good, total);
    if (a->state != ASSOC_OFFLINE && a->state != ASSOC_ONLINE)
        timer_set(a->room->timers, &a->transmit_timer, room_mono(a->room));
}

void association_modify(struct association *a, enum ntp_modify what, double value)
{
    struct ntp_source_settings *s = &a->settings;
    struct source_settings ss;

    switch (what) {
    case NTP_MODIFY_MINPOLL:
        if (value >= NTP_POLL_LOG2_MIN && value <= NTP_POLL_LOG2_MAX)
            polling_set_limits(a, (int)value, s->maxpoll < (int)value ? (int)value : s->maxpoll);
        break;
    case NTP_MODIFY_MAXPOLL:
        if (value >= NTP_POLL_LOG2_MIN && value <= NTP_POLL_LOG2_MAX)
            polling_set_limits(a, s->minpoll > (int)value ? (int)value : s->minpoll, (int)value);
        break;
    case NTP_MODIFY_MAXDELAY:
        s->max_delay_s = clamp_d(value, 0.0, NTP_MAX_DELAY_MAX_S);
        break;
    case NTP_MODIFY_MAXDELAYRATIO:
        s->max_delay_ratio = clamp_d(value, 0.0, NTP_MAX_DELAY_RATIO_MAX);
        break;
    case NTP_MODIFY_MAXDELAYDEVRATIO:
        s->max_delay_dev_ratio = clamp_d(value, 0.0, NTP_MAX_DELAY_RATIO_MAX);
        break;
    case NTP_MODIFY_MINSTRATUM:
        s->min_stratum = (int)clamp_d(value, 0, NTP_STRATUM_MAX);
        source_settings_of(a, &ss);
        source_set_settings(a->source, &ss);
        break;
    case NTP_MODIFY_POLLTARGET:
        s->poll_target = (int)clamp_d(value, 1, 1e6);
        break;
    case NTP_MODIFY_OFFSET:
        s->offset_s = value;
        break;
    }
}

void association_set_select_options(struct association *a, uint8_t options)
{
    a->settings.select_options = options;
    sources_set_select_options(a->source, options);
}

bool association_given_up(const struct association *a)
{
    return a->given_up || a->state == ASSOC_OFFLINE || a->settings.nts;
}

int association_poll(const struct association *a)
{
    return a->polling.log2_s;
}
