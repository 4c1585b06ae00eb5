/* headers.c - the two packet headers (spec candm-v6 sections 2.1 and 2.2). */
#include "candm/fields.h"

void candm_put_request_header(struct wire_out *out, const struct candm_request_header *h)
{
    wire_put_u8(out, h->version);
    wire_put_u8(out, h->type);
    wire_put_u8(out, h->res1);
    wire_put_u8(out, h->res2);
    wire_put_u16(out, h->command);
    wire_put_u16(out, h->attempt);
    wire_put_u32(out, h->sequence);
    wire_put_zeros(out, 8);
}

void candm_get_request_header(struct wire_in *in, struct candm_request_header *h)
{
    h->version = wire_get_u8(in);
    h->type = wire_get_u8(in);
    h->res1 = wire_get_u8(in);
    h->res2 = wire_get_u8(in);
    h->command = wire_get_u16(in);
    h->attempt = wire_get_u16(in);
    h->sequence = wire_get_u32(in);
    candm_skip(in, 8);
}

void candm_put_reply_header(struct wire_out *out, const struct candm_reply_header *h)
{
    wire_put_u8(out, h->version);
    wire_put_u8(out, h->type);
    wire_put_u8(out, h->res1);
    wire_put_u8(out, h->res2);
    wire_put_u16(out, h->command);
    wire_put_u16(out, h->reply);
    wire_put_u16(out, h->status);
    wire_put_zeros(out, 6);
    wire_put_u32(out, h->sequence);
    wire_put_zeros(out, 8);
}

void candm_get_reply_header(struct wire_in *in, struct candm_reply_header *h)
{
    h->version = wire_get_u8(in);
    h->type = wire_get_u8(in);
    h->res1 = wire_get_u8(in);
    h->res2 = wire_get_u8(in);
    h->command = wire_get_u16(in);
    h->reply = wire_get_u16(in);
    h->status = wire_get_u16(in);
    candm_skip(in, 6);
    h->sequence = wire_get_u32(in);
    candm_skip(in, 8);
}

bool candm_decode_reply(const uint8_t *data, size_t length, struct candm_reply_header *header,
                        union candm_reply_payload *out)
{
    struct wire_in in = wire_in_of(data, length);

    candm_get_reply_header(&in, header);
    if (in.bad)
        return false;
    switch (header->reply) {
#define X(name, code, bytes)                                                                       \
    case code:                                                                                     \
        candm_get_rpy_##name(&in, &out->name##_);                                                  \
        return !in.bad;
        CANDM_REPLIES(X)
#undef X
    default:
        return false;
    }
}
