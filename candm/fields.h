/* fields.h - the encodings that payloads are made of (spec candm-v6 section 3): addresses, times,
 * floats, counters. Used by the codecs of this folder. */
#ifndef CANDM_FIELDS_H
#define CANDM_FIELDS_H

#include "candm/messages.h"

/* 20 bytes; a family that nobody knows is read as none. */
void candm_put_addr(struct wire_out *out, const struct addr *a);
void candm_get_addr(struct wire_in *in, struct addr *a);
/* 12 bytes */
void candm_put_time(struct wire_out *out, const struct candm_time *t);
void candm_get_time(struct wire_in *in, struct candm_time *t);

static inline void candm_put_float(struct wire_out *out, double v)
{
    wire_put_u32(out, candm_float_encode(v));
}

static inline double candm_get_float(struct wire_in *in)
{
    return candm_float_decode(wire_get_u32(in));
}

static inline void candm_put_i32(struct wire_out *out, int32_t v)
{
    wire_put_u32(out, (uint32_t)v);
}

static inline int32_t candm_get_i32(struct wire_in *in)
{
    return (int32_t)wire_get_u32(in);
}

/* 72 bytes; names are terminated whatever came in. */
void candm_put_reason(struct wire_out *out, const struct candm_reason *r);
void candm_get_reason(struct wire_in *in, struct candm_reason *r);

/* `n` bytes of 0xff, which readers take for "unknown". */
void candm_put_unknown(struct wire_out *out, size_t n);
/* Skip n bytes. */
void candm_skip(struct wire_in *in, size_t n);

#endif
