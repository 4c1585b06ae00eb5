/* replies.c - the payloads of replies, field by field (spec candm-v6 sections 5.2 and 5.4). */
#include "candm/fields.h"

void candm_put_rpy_null(struct wire_out *out, const struct candm_rpy_null *v)
{
    (void)out;
    (void)v;
}

void candm_get_rpy_null(struct wire_in *in, struct candm_rpy_null *v)
{
    (void)in;
    v->unused = 0;
}

void candm_put_rpy_n_sources(struct wire_out *out, const struct candm_rpy_n_sources *v)
{
    wire_put_u32(out, v->count);
}

void candm_get_rpy_n_sources(struct wire_in *in, struct candm_rpy_n_sources *v)
{
    v->count = wire_get_u32(in);
}

void candm_put_rpy_source_data(struct wire_out *out, const struct candm_rpy_source_data *v)
{
    candm_put_addr(out, &v->address);
    wire_put_u16(out, (uint16_t)v->poll);
    wire_put_u16(out, v->stratum);
    wire_put_u16(out, v->state);
    wire_put_u16(out, v->mode);
    wire_put_u16(out, v->flags);
    wire_put_u16(out, v->reachability);
    wire_put_u32(out, v->since_sample_s);
    candm_put_float(out, v->orig_latest_meas_s);
    candm_put_float(out, v->latest_meas_s);
    candm_put_float(out, v->latest_meas_err_s);
}

void candm_get_rpy_source_data(struct wire_in *in, struct candm_rpy_source_data *v)
{
    candm_get_addr(in, &v->address);
    v->poll = (int16_t)wire_get_u16(in);
    v->stratum = wire_get_u16(in);
    v->state = wire_get_u16(in);
    v->mode = wire_get_u16(in);
    v->flags = wire_get_u16(in);
    v->reachability = wire_get_u16(in);
    v->since_sample_s = wire_get_u32(in);
    v->orig_latest_meas_s = candm_get_float(in);
    v->latest_meas_s = candm_get_float(in);
    v->latest_meas_err_s = candm_get_float(in);
}

void candm_put_rpy_tracking(struct wire_out *out, const struct candm_rpy_tracking *v)
{
    wire_put_u32(out, v->refid);
    candm_put_addr(out, &v->address);
    wire_put_u16(out, v->stratum);
    wire_put_u16(out, v->leap);
    candm_put_time(out, &v->ref_time);
    candm_put_float(out, v->current_correction_s);
    candm_put_float(out, v->last_offset_s);
    candm_put_float(out, v->rms_offset_s);
    candm_put_float(out, v->freq_ppm);
    candm_put_float(out, v->resid_freq_ppm);
    candm_put_float(out, v->skew_ppm);
    candm_put_float(out, v->root_delay_s);
    candm_put_float(out, v->root_dispersion_s);
    candm_put_float(out, v->last_update_interval_s);
}

void candm_get_rpy_tracking(struct wire_in *in, struct candm_rpy_tracking *v)
{
    v->refid = wire_get_u32(in);
    candm_get_addr(in, &v->address);
    v->stratum = wire_get_u16(in);
    v->leap = wire_get_u16(in);
    candm_get_time(in, &v->ref_time);
    v->current_correction_s = candm_get_float(in);
    v->last_offset_s = candm_get_float(in);
    v->rms_offset_s = candm_get_float(in);
    v->freq_ppm = candm_get_float(in);
    v->resid_freq_ppm = candm_get_float(in);
    v->skew_ppm = candm_get_float(in);
    v->root_delay_s = candm_get_float(in);
    v->root_dispersion_s = candm_get_float(in);
    v->last_update_interval_s = candm_get_float(in);
}

void candm_put_rpy_sourcestats(struct wire_out *out, const struct candm_rpy_sourcestats *v)
{
    wire_put_u32(out, v->refid);
    candm_put_addr(out, &v->address);
    wire_put_u32(out, v->samples);
    wire_put_u32(out, v->runs);
    wire_put_u32(out, v->span_s);
    candm_put_float(out, v->sd_s);
    candm_put_float(out, v->resid_freq_ppm);
    candm_put_float(out, v->skew_ppm);
    candm_put_float(out, v->offset_s);
    candm_put_float(out, v->offset_err_s);
}

void candm_get_rpy_sourcestats(struct wire_in *in, struct candm_rpy_sourcestats *v)
{
    v->refid = wire_get_u32(in);
    candm_get_addr(in, &v->address);
    v->samples = wire_get_u32(in);
    v->runs = wire_get_u32(in);
    v->span_s = wire_get_u32(in);
    v->sd_s = candm_get_float(in);
    v->resid_freq_ppm = candm_get_float(in);
    v->skew_ppm = candm_get_float(in);
    v->offset_s = candm_get_float(in);
    v->offset_err_s = candm_get_float(in);
}

void candm_put_rpy_rtc(struct wire_out *out, const struct candm_rpy_rtc *v)
{
    candm_put_time(out, &v->ref_time);
    wire_put_u16(out, v->samples);
    wire_put_u16(out, v->runs);
    wire_put_u32(out, v->span_s);
    candm_put_float(out, v->fast_s);
    candm_put_float(out, v->gain_ppm);
}

void candm_get_rpy_rtc(struct wire_in *in, struct candm_rpy_rtc *v)
{
    candm_get_time(in, &v->ref_time);
    v->samples = wire_get_u16(in);
    v->runs = wire_get_u16(in);
    v->span_s = wire_get_u32(in);
    v->fast_s = candm_get_float(in);
    v->gain_ppm = candm_get_float(in);
}

void candm_put_rpy_activity(struct wire_out *out, const struct candm_rpy_activity *v)
{
    candm_put_i32(out, v->online);
    candm_put_i32(out, v->offline);
    candm_put_i32(out, v->burst_online);
    candm_put_i32(out, v->burst_offline);
    candm_put_i32(out, v->unresolved);
}

void candm_get_rpy_activity(struct wire_in *in, struct candm_rpy_activity *v)
{
    v->online = candm_get_i32(in);
    v->offline = candm_get_i32(in);
    v->burst_online = candm_get_i32(in);
    v->burst_offline = candm_get_i32(in);
    v->unresolved = candm_get_i32(in);
}

void candm_put_rpy_smoothing(struct wire_out *out, const struct candm_rpy_smoothing *v)
{
    wire_put_u32(out, v->flags);
    candm_put_float(out, v->offset_s);
    candm_put_float(out, v->freq_ppm);
    candm_put_float(out, v->wander_ppm);
    candm_put_float(out, v->last_update_ago_s);
    candm_put_float(out, v->remaining_s);
}

void candm_get_rpy_smoothing(struct wire_in *in, struct candm_rpy_smoothing *v)
{
    v->flags = wire_get_u32(in);
    v->offset_s = candm_get_float(in);
    v->freq_ppm = candm_get_float(in);
    v->wander_ppm = candm_get_float(in);
    v->last_update_ago_s = candm_get_float(in);
    v->remaining_s = candm_get_float(in);
}

void candm_put_rpy_manual_timestamp(struct wire_out *out,
                                    const struct candm_rpy_manual_timestamp *v)
{
    candm_put_float(out, v->offset_s);
    candm_put_float(out, v->dfreq_ppm);
    candm_put_float(out, v->new_freq_ppm);
}

void candm_get_rpy_manual_timestamp(struct wire_in *in, struct candm_rpy_manual_timestamp *v)
{
    v->offset_s = candm_get_float(in);
    v->dfreq_ppm = candm_get_float(in);
    v->new_freq_ppm = candm_get_float(in);
}

void candm_put_rpy_source_name(struct wire_out *out, const struct candm_rpy_source_name *v)
{
    wire_put_bytes(out, v->name, sizeof(v->name));
}

void candm_get_rpy_source_name(struct wire_in *in, struct candm_rpy_source_name *v)
{
    wire_get_bytes(in, v->name, sizeof(v->name));
}

void candm_put_rpy_auth_data(struct wire_out *out, const struct candm_rpy_auth_data *v)
{
    wire_put_u16(out, v->mode);
    wire_put_u16(out, v->key_type);
    wire_put_u32(out, v->key_id);
    wire_put_u16(out, v->key_bits);
    wire_put_u16(out, v->ke_attempts);
    wire_put_u32(out, v->last_ke_ago_s);
    wire_put_u16(out, v->cookies);
    wire_put_u16(out, v->cookie_length);
    wire_put_u16(out, v->nak);
    wire_put_zeros(out, 2);
}

void candm_get_rpy_auth_data(struct wire_in *in, struct candm_rpy_auth_data *v)
{
    v->mode = wire_get_u16(in);
    v->key_type = wire_get_u16(in);
    v->key_id = wire_get_u32(in);
    v->key_bits = wire_get_u16(in);
    v->ke_attempts = wire_get_u16(in);
    v->last_ke_ago_s = wire_get_u32(in);
    v->cookies = wire_get_u16(in);
    v->cookie_length = wire_get_u16(in);
    v->nak = wire_get_u16(in);
    candm_skip(in, 2);
}

void candm_put_rpy_select_data(struct wire_out *out, const struct candm_rpy_select_data *v)
{
    wire_put_u32(out, v->refid);
    candm_put_addr(out, &v->address);
    wire_put_u8(out, v->state);
    wire_put_u8(out, v->authenticated);
    wire_put_u8(out, v->leap);
    wire_put_zeros(out, 1);
    wire_put_u16(out, v->configured);
    wire_put_u16(out, v->effective);
    wire_put_u32(out, v->last_sample_ago_s);
    candm_put_float(out, v->score);
    candm_put_float(out, v->low_s);
    candm_put_float(out, v->high_s);
}

void candm_get_rpy_select_data(struct wire_in *in, struct candm_rpy_select_data *v)
{
    v->refid = wire_get_u32(in);
    candm_get_addr(in, &v->address);
    v->state = wire_get_u8(in);
    v->authenticated = wire_get_u8(in);
    v->leap = wire_get_u8(in);
    candm_skip(in, 1);
    v->configured = wire_get_u16(in);
    v->effective = wire_get_u16(in);
    v->last_sample_ago_s = wire_get_u32(in);
    v->score = candm_get_float(in);
    v->low_s = candm_get_float(in);
    v->high_s = candm_get_float(in);
}

void candm_put_rpy_server_stats4(struct wire_out *out, const struct candm_rpy_server_stats4 *v)
{
    wire_put_u64(out, v->ntp_hits);
    wire_put_u64(out, v->nke_hits);
    wire_put_u64(out, v->cmd_hits);
    wire_put_u64(out, v->ntp_drops);
    wire_put_u64(out, v->nke_drops);
    wire_put_u64(out, v->cmd_drops);
    wire_put_u64(out, v->log_drops);
    wire_put_u64(out, v->ntp_auth_hits);
    wire_put_u64(out, v->ntp_interleaved_hits);
    wire_put_u64(out, v->ntp_timestamps);
    wire_put_u64(out, v->ntp_span_s);
    wire_put_u64(out, v->daemon_rx);
    wire_put_u64(out, v->daemon_tx);
    wire_put_u64(out, v->kernel_rx);
    wire_put_u64(out, v->kernel_tx);
    wire_put_u64(out, v->hw_rx);
    wire_put_u64(out, v->hw_tx);
    candm_put_unknown(out, 32);
}

void candm_get_rpy_server_stats4(struct wire_in *in, struct candm_rpy_server_stats4 *v)
{
    v->ntp_hits = wire_get_u64(in);
    v->nke_hits = wire_get_u64(in);
    v->cmd_hits = wire_get_u64(in);
    v->ntp_drops = wire_get_u64(in);
    v->nke_drops = wire_get_u64(in);
    v->cmd_drops = wire_get_u64(in);
    v->log_drops = wire_get_u64(in);
    v->ntp_auth_hits = wire_get_u64(in);
    v->ntp_interleaved_hits = wire_get_u64(in);
    v->ntp_timestamps = wire_get_u64(in);
    v->ntp_span_s = wire_get_u64(in);
    v->daemon_rx = wire_get_u64(in);
    v->daemon_tx = wire_get_u64(in);
    v->kernel_rx = wire_get_u64(in);
    v->kernel_tx = wire_get_u64(in);
    v->hw_rx = wire_get_u64(in);
    v->hw_tx = wire_get_u64(in);
    candm_skip(in, 32);
}

static void put_ntp_data_common(struct wire_out *out, const struct candm_rpy_ntp_data2 *v)
{
    candm_put_addr(out, &v->remote);
    candm_put_addr(out, &v->local);
    wire_put_u16(out, v->remote_port);
    wire_put_u8(out, v->leap);
    wire_put_u8(out, v->version);
    wire_put_u8(out, v->mode);
    wire_put_u8(out, v->stratum);
    wire_put_u8(out, (uint8_t)v->poll);
    wire_put_u8(out, (uint8_t)v->precision);
    candm_put_float(out, v->root_delay_s);
    candm_put_float(out, v->root_dispersion_s);
    wire_put_u32(out, v->refid);
    candm_put_time(out, &v->ref_time);
    candm_put_float(out, v->offset_s);
    candm_put_float(out, v->peer_delay_s);
    candm_put_float(out, v->peer_dispersion_s);
    candm_put_float(out, v->response_time_s);
    candm_put_float(out, v->asymmetry);
    wire_put_u16(out, v->flags);
    wire_put_u8(out, v->tx_stamp);
    wire_put_u8(out, v->rx_stamp);
    wire_put_u32(out, v->total_tx);
    wire_put_u32(out, v->total_rx);
    wire_put_u32(out, v->total_valid);
    wire_put_u32(out, v->total_good);
}

static void get_ntp_data_common(struct wire_in *in, struct candm_rpy_ntp_data2 *v)
{
    candm_get_addr(in, &v->remote);
    candm_get_addr(in, &v->local);
    v->remote_port = wire_get_u16(in);
    v->leap = wire_get_u8(in);
    v->version = wire_get_u8(in);
    v->mode = wire_get_u8(in);
    v->stratum = wire_get_u8(in);
    v->poll = (int8_t)wire_get_u8(in);
    v->precision = (int8_t)wire_get_u8(in);
    v->root_delay_s = candm_get_float(in);
    v->root_dispersion_s = candm_get_float(in);
    v->refid = wire_get_u32(in);
    candm_get_time(in, &v->ref_time);
    v->offset_s = candm_get_float(in);
    v->peer_delay_s = candm_get_float(in);
    v->peer_dispersion_s = candm_get_float(in);
    v->response_time_s = candm_get_float(in);
    v->asymmetry = candm_get_float(in);
    v->flags = wire_get_u16(in);
    v->tx_stamp = wire_get_u8(in);
    v->rx_stamp = wire_get_u8(in);
    v->total_tx = wire_get_u32(in);
    v->total_rx = wire_get_u32(in);
    v->total_valid = wire_get_u32(in);
    v->total_good = wire_get_u32(in);
}

static void put_manual_sample(struct wire_out *out, const struct candm_manual_sample *v)
{
    candm_put_time(out, &v->when);
    candm_put_float(out, v->slewed_s);
    candm_put_float(out, v->original_s);
    candm_put_float(out, v->residual_s);
}

static void get_manual_sample(struct wire_in *in, struct candm_manual_sample *v)
{
    candm_get_time(in, &v->when);
    v->slewed_s = candm_get_float(in);
    v->original_s = candm_get_float(in);
    v->residual_s = candm_get_float(in);
}

static void put_client(struct wire_out *out, const struct candm_client *v)
{
    candm_put_addr(out, &v->address);
    wire_put_u32(out, v->ntp_hits);
    wire_put_u32(out, v->nke_hits);
    wire_put_u32(out, v->cmd_hits);
    wire_put_u32(out, v->ntp_drops);
    wire_put_u32(out, v->nke_drops);
    wire_put_u32(out, v->cmd_drops);
    wire_put_u8(out, (uint8_t)v->ntp_interval);
    wire_put_u8(out, (uint8_t)v->nke_interval);
    wire_put_u8(out, (uint8_t)v->cmd_interval);
    wire_put_u8(out, (uint8_t)v->ntp_timeout_interval);
    wire_put_u32(out, v->last_ntp_ago_s);
    wire_put_u32(out, v->last_nke_ago_s);
    wire_put_u32(out, v->last_cmd_ago_s);
}

static void get_client(struct wire_in *in, struct candm_client *v)
{
    candm_get_addr(in, &v->address);
    v->ntp_hits = wire_get_u32(in);
    v->nke_hits = wire_get_u32(in);
    v->cmd_hits = wire_get_u32(in);
    v->ntp_drops = wire_get_u32(in);
    v->nke_drops = wire_get_u32(in);
    v->cmd_drops = wire_get_u32(in);
    v->ntp_interval = (int8_t)wire_get_u8(in);
    v->nke_interval = (int8_t)wire_get_u8(in);
    v->cmd_interval = (int8_t)wire_get_u8(in);
    v->ntp_timeout_interval = (int8_t)wire_get_u8(in);
    v->last_ntp_ago_s = wire_get_u32(in);
    v->last_nke_ago_s = wire_get_u32(in);
    v->last_cmd_ago_s = wire_get_u32(in);
}

void candm_put_rpy_ntp_data(struct wire_out *out, const struct candm_rpy_ntp_data2 *v)
{
    put_ntp_data_common(out, v);
    candm_put_unknown(out, 12);
}

void candm_get_rpy_ntp_data(struct wire_in *in, struct candm_rpy_ntp_data2 *v)
{
    get_ntp_data_common(in, v);
    candm_skip(in, 12);
    v->total_kernel_tx = v->total_kernel_rx = UINT32_MAX;
    v->total_hw_tx = v->total_hw_rx = UINT32_MAX;
}

void candm_put_rpy_ntp_data2(struct wire_out *out, const struct candm_rpy_ntp_data2 *v)
{
    put_ntp_data_common(out, v);
    wire_put_u32(out, v->total_kernel_tx);
    wire_put_u32(out, v->total_kernel_rx);
    wire_put_u32(out, v->total_hw_tx);
    wire_put_u32(out, v->total_hw_rx);
    candm_put_unknown(out, 16);
}

void candm_get_rpy_ntp_data2(struct wire_in *in, struct candm_rpy_ntp_data2 *v)
{
    get_ntp_data_common(in, v);
    v->total_kernel_tx = wire_get_u32(in);
    v->total_kernel_rx = wire_get_u32(in);
    v->total_hw_tx = wire_get_u32(in);
    v->total_hw_rx = wire_get_u32(in);
    candm_skip(in, 16);
}

/* Counts in replies are cut to the records that a reply can hold, so that readers may trust them.
 */
void candm_put_rpy_manual_list(struct wire_out *out, const struct candm_rpy_manual_list *v)
{
    wire_put_u32(out, v->count);
    for (size_t i = 0; i < CANDM_MANUAL_SAMPLES; i++)
        put_manual_sample(out, &v->samples[i]);
}

void candm_get_rpy_manual_list(struct wire_in *in, struct candm_rpy_manual_list *v)
{
    v->count = wire_get_u32(in);
    if (v->count > CANDM_MANUAL_SAMPLES)
        v->count = CANDM_MANUAL_SAMPLES;
    for (size_t i = 0; i < CANDM_MANUAL_SAMPLES; i++)
        get_manual_sample(in, &v->samples[i]);
}

void candm_put_rpy_client_accesses(struct wire_out *out, const struct candm_rpy_client_accesses *v)
{
    wire_put_u32(out, v->n_indices);
    wire_put_u32(out, v->next_index);
    wire_put_u32(out, v->count);
    for (size_t i = 0; i < CANDM_CLIENTS_PER_REPLY; i++)
        put_client(out, &v->clients[i]);
}

void candm_get_rpy_client_accesses(struct wire_in *in, struct candm_rpy_client_accesses *v)
{
    v->n_indices = wire_get_u32(in);
    v->next_index = wire_get_u32(in);
    v->count = wire_get_u32(in);
    if (v->count > CANDM_CLIENTS_PER_REPLY)
        v->count = CANDM_CLIENTS_PER_REPLY;
    for (size_t i = 0; i < CANDM_CLIENTS_PER_REPLY; i++)
        get_client(in, &v->clients[i]);
}

/* --- counters of older generations: 32 bits, and fewer of them --- */

static void put_counter(struct wire_out *out, uint64_t v)
{
    wire_put_u32(out, (uint32_t)v); /* counters wrap */
}

static void forget_counters(struct candm_rpy_server_stats4 *v)
{
    memset(v, 0xff, sizeof(*v));
}

void candm_put_rpy_server_stats(struct wire_out *out, const struct candm_rpy_server_stats4 *v)
{
    put_counter(out, v->ntp_hits);
    put_counter(out, v->cmd_hits);
    put_counter(out, v->ntp_drops);
    put_counter(out, v->cmd_drops);
    put_counter(out, v->log_drops);
}

void candm_get_rpy_server_stats(struct wire_in *in, struct candm_rpy_server_stats4 *v)
{
    forget_counters(v);
    v->ntp_hits = wire_get_u32(in);
    v->cmd_hits = wire_get_u32(in);
    v->ntp_drops = wire_get_u32(in);
    v->cmd_drops = wire_get_u32(in);
    v->log_drops = wire_get_u32(in);
}

void candm_put_rpy_server_stats2(struct wire_out *out, const struct candm_rpy_server_stats4 *v)
{
    put_counter(out, v->ntp_hits);
    put_counter(out, v->nke_hits);
    put_counter(out, v->cmd_hits);
    put_counter(out, v->ntp_drops);
    put_counter(out, v->nke_drops);
    put_counter(out, v->cmd_drops);
    put_counter(out, v->log_drops);
    put_counter(out, v->ntp_auth_hits);
}

void candm_get_rpy_server_stats2(struct wire_in *in, struct candm_rpy_server_stats4 *v)
{
    forget_counters(v);
    v->ntp_hits = wire_get_u32(in);
    v->nke_hits = wire_get_u32(in);
    v->cmd_hits = wire_get_u32(in);
    v->ntp_drops = wire_get_u32(in);
    v->nke_drops = wire_get_u32(in);
    v->cmd_drops = wire_get_u32(in);
    v->log_drops = wire_get_u32(in);
    v->ntp_auth_hits = wire_get_u32(in);
}

void candm_put_rpy_server_stats3(struct wire_out *out, const struct candm_rpy_server_stats4 *v)
{
    candm_put_rpy_server_stats2(out, v);
    put_counter(out, v->ntp_interleaved_hits);
    put_counter(out, v->ntp_timestamps);
    put_counter(out, v->ntp_span_s);
}

void candm_get_rpy_server_stats3(struct wire_in *in, struct candm_rpy_server_stats4 *v)
{
    candm_get_rpy_server_stats2(in, v);
    v->ntp_interleaved_hits = wire_get_u32(in);
    v->ntp_timestamps = wire_get_u32(in);
    v->ntp_span_s = wire_get_u32(in);
}
