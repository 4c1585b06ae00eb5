/* settings.c - the settings of one source: defaults and comparison (spec chrony-conf 5.1). */
#include <string.h>

#include "chronyd/ntp/ntp.h"

void ntp_source_defaults(struct ntp_source_settings *s)
{
    *s = (struct ntp_source_settings){
        .kind = SOURCE_SERVER,
        .family = ADDR_NONE,
        .port = 123,
        .minpoll = NTP_MINPOLL_DEFAULT,
        .maxpoll = NTP_MAXPOLL_DEFAULT,
        .presend_minpoll = 100,
        .poll_target = 8,
        .max_sources = 4,
        .min_samples = -1,
        .max_samples = -1,
        .max_unreach = 100000,
        .nts_port = 4460,
        .max_delay_s = 3.0,
        .max_delay_dev_ratio = 10.0,
        .asymmetry = 1.0,
    };
}

void ntp_source_clamp_polls(struct ntp_source_settings *s)
{
    if (s->minpoll < NTP_POLL_LOG2_MIN)
        s->minpoll = NTP_MINPOLL_DEFAULT;
    if (s->maxpoll < NTP_POLL_LOG2_MIN)
        s->maxpoll = NTP_MAXPOLL_DEFAULT;
    s->minpoll = clamp_i(s->minpoll, NTP_POLL_LOG2_MIN, NTP_POLL_LOG2_MAX);
    s->maxpoll = clamp_i(s->maxpoll, s->minpoll, NTP_POLL_LOG2_MAX);
}

static bool same_identity(const struct ntp_source_settings *a, const struct ntp_source_settings *b)
{
    return strcmp(a->name, b->name) == 0 && a->pool == b->pool && a->kind == b->kind &&
           a->family == b->family && a->port == b->port && a->version == b->version &&
           a->key_id == b->key_id && a->nts == b->nts && a->nts_port == b->nts_port &&
           a->cert_set == b->cert_set && a->max_sources == b->max_sources;
}

static bool same_polling(const struct ntp_source_settings *a, const struct ntp_source_settings *b)
{
    return a->minpoll == b->minpoll && a->maxpoll == b->maxpoll &&
           a->presend_minpoll == b->presend_minpoll && a->poll_target == b->poll_target &&
           a->min_samples == b->min_samples && a->max_samples == b->max_samples &&
           a->filter_length == b->filter_length && a->max_unreach == b->max_unreach &&
           a->offline == b->offline && a->auto_offline == b->auto_offline &&
           a->iburst == b->iburst && a->burst == b->burst && a->xleave == b->xleave;
}

static bool same_measuring(const struct ntp_source_settings *a, const struct ntp_source_settings *b)
{
    return a->max_delay_s == b->max_delay_s && a->max_delay_ratio == b->max_delay_ratio &&
           a->max_delay_dev_ratio == b->max_delay_dev_ratio &&
           a->max_delay_quant == b->max_delay_quant && a->min_delay_s == b->min_delay_s &&
           a->asymmetry == b->asymmetry && a->offset_s == b->offset_s &&
           a->min_stratum == b->min_stratum && a->select_options == b->select_options &&
           a->copy == b->copy && a->ef_mono_root == b->ef_mono_root &&
           a->ef_net_correction == b->ef_net_correction;
}

bool ntp_source_settings_equal(const struct ntp_source_settings *a,
                               const struct ntp_source_settings *b)
{
    return same_identity(a, b) && same_polling(a, b) && same_measuring(a, b);
}
