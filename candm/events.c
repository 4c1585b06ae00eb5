/* events.c - codecs of events. */
#include "candm/events.h"

#include "candm/fields.h"

void candm_put_event_header(struct wire_out *out, const struct candm_event_header *h)
{
    wire_put_u8(out, h->version);
    wire_put_u8(out, h->type);
    wire_put_u16(out, h->event);
    wire_put_u16(out, h->lost);
    wire_put_u16(out, 0);
    wire_put_u32(out, h->number);
    candm_put_time(out, &h->time);
}

void candm_get_event_header(struct wire_in *in, struct candm_event_header *h)
{
    h->version = wire_get_u8(in);
    h->type = wire_get_u8(in);
    h->event = wire_get_u16(in);
    h->lost = wire_get_u16(in);
    candm_skip(in, 2);
    h->number = wire_get_u32(in);
    candm_get_time(in, &h->time);
}

void candm_put_evt_verdict(struct wire_out *out, const struct candm_rpy_verdict *v)
{
    candm_put_rpy_verdict(out, v);
}

void candm_get_evt_verdict(struct wire_in *in, struct candm_rpy_verdict *v)
{
    candm_get_rpy_verdict(in, v);
}

void candm_put_evt_source(struct wire_out *out, const struct candm_rpy_source_reason *v)
{
    candm_put_rpy_source_reason(out, v);
}

void candm_get_evt_source(struct wire_in *in, struct candm_rpy_source_reason *v)
{
    candm_get_rpy_source_reason(in, v);
}

static void put_id(struct wire_out *out, const struct candm_event_id *v)
{
    wire_put_u32(out, v->refid);
    candm_put_addr(out, &v->address);
}

static void get_id(struct wire_in *in, struct candm_event_id *v)
{
    v->refid = wire_get_u32(in);
    candm_get_addr(in, &v->address);
}

void candm_put_evt_source_gone(struct wire_out *out, const struct candm_event_id *v)
{
    put_id(out, v);
}

void candm_get_evt_source_gone(struct wire_in *in, struct candm_event_id *v)
{
    get_id(in, v);
}

void candm_put_evt_selected(struct wire_out *out, const struct candm_event_id *v)
{
    put_id(out, v);
}

void candm_get_evt_selected(struct wire_in *in, struct candm_event_id *v)
{
    get_id(in, v);
}

void candm_put_evt_step(struct wire_out *out, const struct candm_evt_step *v)
{
    wire_put_u32(out, v->steps);
    candm_put_float(out, v->offset_s);
}

void candm_get_evt_step(struct wire_in *in, struct candm_evt_step *v)
{
    v->steps = wire_get_u32(in);
    v->offset_s = candm_get_float(in);
}

void candm_put_evt_closing(struct wire_out *out, const struct candm_evt_closing *v)
{
    wire_put_u32(out, v->why);
}

void candm_get_evt_closing(struct wire_in *in, struct candm_evt_closing *v)
{
    v->why = wire_get_u32(in);
}

size_t candm_event_bytes(enum candm_event e)
{
#define X(name, code, bytes) [code] = bytes,
    static const uint16_t sizes[] = {CANDM_EVENTS(X)};
#undef X

    return (size_t)e < ARRAY_LEN(sizes) ? sizes[e] : 0;
}

bool candm_decode_event(const uint8_t *data, size_t length, struct candm_event_header *header,
                        union candm_event_payload *out)
{
    struct wire_in in = wire_in_of(data, length);

    candm_get_event_header(&in, header);
    if (in.bad || header->type != CANDM_PACKET_EVENT)
        return false;
    switch (header->event) {
#define X(name, code, bytes)                                                                       \
    case code:                                                                                     \
        candm_get_evt_##name(&in, &out->name##_);                                                  \
        return !in.bad;
        CANDM_EVENTS(X)
#undef X
    default:
        return false;
    }
}
