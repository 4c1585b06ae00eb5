/* requests.c - the payloads of requests, field by field (spec candm-v6 sections 4.2 and 4.5). */
#include "candm/fields.h"

void candm_put_req_none(struct wire_out *out, const struct candm_req_none *v)
{
    (void)out;
    (void)v;
}

void candm_get_req_none(struct wire_in *in, struct candm_req_none *v)
{
    (void)in;
    v->unused = 0;
}

void candm_put_req_int(struct wire_out *out, const struct candm_req_int *v)
{
    candm_put_i32(out, v->value);
}

void candm_get_req_int(struct wire_in *in, struct candm_req_int *v)
{
    v->value = candm_get_i32(in);
}

void candm_put_req_float(struct wire_out *out, const struct candm_req_float *v)
{
    candm_put_float(out, v->value);
}

void candm_get_req_float(struct wire_in *in, struct candm_req_float *v)
{
    v->value = candm_get_float(in);
}

void candm_put_req_mask(struct wire_out *out, const struct candm_req_mask *v)
{
    candm_put_addr(out, &v->mask);
    candm_put_addr(out, &v->address);
}

void candm_get_req_mask(struct wire_in *in, struct candm_req_mask *v)
{
    candm_get_addr(in, &v->mask);
    candm_get_addr(in, &v->address);
}

void candm_put_req_burst(struct wire_out *out, const struct candm_req_burst *v)
{
    candm_put_addr(out, &v->mask);
    candm_put_addr(out, &v->address);
    candm_put_i32(out, v->good);
    candm_put_i32(out, v->total);
}

void candm_get_req_burst(struct wire_in *in, struct candm_req_burst *v)
{
    candm_get_addr(in, &v->mask);
    candm_get_addr(in, &v->address);
    v->good = candm_get_i32(in);
    v->total = candm_get_i32(in);
}

void candm_put_req_modify_int(struct wire_out *out, const struct candm_req_modify_int *v)
{
    candm_put_addr(out, &v->address);
    candm_put_i32(out, v->value);
}

void candm_get_req_modify_int(struct wire_in *in, struct candm_req_modify_int *v)
{
    candm_get_addr(in, &v->address);
    v->value = candm_get_i32(in);
}

void candm_put_req_modify_float(struct wire_out *out, const struct candm_req_modify_float *v)
{
    candm_put_addr(out, &v->address);
    candm_put_float(out, v->value);
}

void candm_get_req_modify_float(struct wire_in *in, struct candm_req_modify_float *v)
{
    candm_get_addr(in, &v->address);
    v->value = candm_get_float(in);
}

void candm_put_req_settime(struct wire_out *out, const struct candm_req_settime *v)
{
    candm_put_time(out, &v->time);
}

void candm_get_req_settime(struct wire_in *in, struct candm_req_settime *v)
{
    candm_get_time(in, &v->time);
}

void candm_put_req_subnet(struct wire_out *out, const struct candm_req_subnet *v)
{
    candm_put_addr(out, &v->net);
    candm_put_i32(out, v->bits);
}

void candm_get_req_subnet(struct wire_in *in, struct candm_req_subnet *v)
{
    candm_get_addr(in, &v->net);
    v->bits = candm_get_i32(in);
}

void candm_put_req_address(struct wire_out *out, const struct candm_req_address *v)
{
    candm_put_addr(out, &v->address);
}

void candm_get_req_address(struct wire_in *in, struct candm_req_address *v)
{
    candm_get_addr(in, &v->address);
}

void candm_put_req_makestep(struct wire_out *out, const struct candm_req_makestep *v)
{
    candm_put_i32(out, v->limit);
    candm_put_float(out, v->threshold_s);
}

void candm_get_req_makestep(struct wire_in *in, struct candm_req_makestep *v)
{
    v->limit = candm_get_i32(in);
    v->threshold_s = candm_get_float(in);
}

void candm_put_req_add_source(struct wire_out *out, const struct candm_req_add_source *v)
{
    wire_put_u32(out, v->type);
    wire_put_bytes(out, v->name, sizeof(v->name));
    wire_put_u32(out, v->port);
    candm_put_i32(out, v->minpoll);
    candm_put_i32(out, v->maxpoll);
    candm_put_i32(out, v->presend_minpoll);
    wire_put_u32(out, v->min_stratum);
    wire_put_u32(out, v->poll_target);
    wire_put_u32(out, v->version);
    wire_put_u32(out, v->max_sources);
    candm_put_i32(out, v->min_samples);
    candm_put_i32(out, v->max_samples);
    wire_put_u32(out, v->key_id);
    wire_put_u32(out, v->nts_port);
    candm_put_float(out, v->max_delay_s);
    candm_put_float(out, v->max_delay_ratio);
    candm_put_float(out, v->max_delay_dev_ratio);
    candm_put_float(out, v->min_delay_s);
    candm_put_float(out, v->asymmetry);
    candm_put_float(out, v->offset_s);
    wire_put_u32(out, v->flags);
    candm_put_i32(out, v->filter_length);
    wire_put_u32(out, v->cert_set);
    candm_put_float(out, v->max_delay_quant);
    candm_put_i32(out, v->max_unreach);
}

void candm_get_req_add_source(struct wire_in *in, struct candm_req_add_source *v)
{
    v->type = wire_get_u32(in);
    wire_get_bytes(in, v->name, sizeof(v->name));
    v->port = wire_get_u32(in);
    v->minpoll = candm_get_i32(in);
    v->maxpoll = candm_get_i32(in);
    v->presend_minpoll = candm_get_i32(in);
    v->min_stratum = wire_get_u32(in);
    v->poll_target = wire_get_u32(in);
    v->version = wire_get_u32(in);
    v->max_sources = wire_get_u32(in);
    v->min_samples = candm_get_i32(in);
    v->max_samples = candm_get_i32(in);
    v->key_id = wire_get_u32(in);
    v->nts_port = wire_get_u32(in);
    v->max_delay_s = candm_get_float(in);
    v->max_delay_ratio = candm_get_float(in);
    v->max_delay_dev_ratio = candm_get_float(in);
    v->min_delay_s = candm_get_float(in);
    v->asymmetry = candm_get_float(in);
    v->offset_s = candm_get_float(in);
    v->flags = wire_get_u32(in);
    v->filter_length = candm_get_i32(in);
    v->cert_set = wire_get_u32(in);
    v->max_delay_quant = candm_get_float(in);
    v->max_unreach = candm_get_i32(in);
}

void candm_put_req_client_accesses(struct wire_out *out, const struct candm_req_client_accesses *v)
{
    wire_put_u32(out, v->first_index);
    wire_put_u32(out, v->n_clients);
    wire_put_u32(out, v->min_hits);
    wire_put_u32(out, v->reset);
}

void candm_get_req_client_accesses(struct wire_in *in, struct candm_req_client_accesses *v)
{
    v->first_index = wire_get_u32(in);
    v->n_clients = wire_get_u32(in);
    v->min_hits = wire_get_u32(in);
    v->reset = wire_get_u32(in);
}

void candm_put_req_modify_selectopts(struct wire_out *out,
                                     const struct candm_req_modify_selectopts *v)
{
    candm_put_addr(out, &v->address);
    wire_put_u32(out, v->refid);
    wire_put_u32(out, v->mask);
    wire_put_u32(out, v->options);
}

void candm_get_req_modify_selectopts(struct wire_in *in, struct candm_req_modify_selectopts *v)
{
    candm_get_addr(in, &v->address);
    v->refid = wire_get_u32(in);
    v->mask = wire_get_u32(in);
    v->options = wire_get_u32(in);
}

void candm_put_req_modify_offset(struct wire_out *out, const struct candm_req_modify_offset *v)
{
    candm_put_addr(out, &v->address);
    wire_put_u32(out, v->refid);
    candm_put_float(out, v->offset_s);
}

void candm_get_req_modify_offset(struct wire_in *in, struct candm_req_modify_offset *v)
{
    candm_get_addr(in, &v->address);
    v->refid = wire_get_u32(in);
    v->offset_s = candm_get_float(in);
}

void candm_put_req_local(struct wire_out *out, const struct candm_req_local *v)
{
    candm_put_i32(out, v->on);
    candm_put_i32(out, v->stratum);
    candm_put_float(out, v->distance_s);
    candm_put_i32(out, v->orphan);
    candm_put_float(out, v->activate_s);
    candm_put_float(out, v->wait_synced_s);
    candm_put_float(out, v->wait_unsynced_s);
}

void candm_get_req_local(struct wire_in *in, struct candm_req_local *v)
{
    v->on = candm_get_i32(in);
    v->stratum = candm_get_i32(in);
    v->distance_s = candm_get_float(in);
    v->orphan = candm_get_i32(in);
    v->activate_s = candm_get_float(in);
    v->wait_synced_s = candm_get_float(in);
    v->wait_unsynced_s = candm_get_float(in);
}

void candm_put_req_local2(struct wire_out *out, const struct candm_req_local2 *v)
{
    candm_put_i32(out, v->on);
    candm_put_i32(out, v->stratum);
    candm_put_float(out, v->distance_s);
    candm_put_i32(out, v->orphan);
}

void candm_get_req_local2(struct wire_in *in, struct candm_req_local2 *v)
{
    v->on = candm_get_i32(in);
    v->stratum = candm_get_i32(in);
    v->distance_s = candm_get_float(in);
    v->orphan = candm_get_i32(in);
}

void candm_put_req_doffset_old(struct wire_out *out, const struct candm_req_doffset_old *v)
{
    candm_put_i32(out, v->sec);
    candm_put_i32(out, v->usec);
}

void candm_get_req_doffset_old(struct wire_in *in, struct candm_req_doffset_old *v)
{
    v->sec = candm_get_i32(in);
    v->usec = candm_get_i32(in);
}
