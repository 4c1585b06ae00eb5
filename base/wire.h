/* wire.h - the only way in and out of packets: bounded, big-endian, with an error that sticks.
 *
 * A decoder is a straight list of gets and one look at `bad` at the end; what was read after an
 * overrun is zero. */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/defs.h"

struct wire_in {
    const uint8_t *data;
    size_t left;
    bool bad;
};

struct wire_out {
    uint8_t *start;
    size_t used, size;
    bool bad;
};

static inline struct wire_in wire_in_of(const void *data, size_t len)
{
    return (struct wire_in){.data = data, .left = len};
}

static inline struct wire_out wire_out_of(void *data, size_t size)
{
    return (struct wire_out){.start = data, .size = size};
}

/* The next n bytes, or NULL (and bad) when fewer are left. */
static inline const uint8_t *wire_take(struct wire_in *in, size_t n)
{
    const uint8_t *b = in->data;

    if (in->bad || in->left < n) {
        in->bad = true;
        return NULL;
    }
    in->data += n;
    in->left -= n;
    return b;
}

static inline uint8_t wire_get_u8(struct wire_in *in)
{
    const uint8_t *b = wire_take(in, 1);

    return b ? b[0] : 0;
}

static inline uint16_t wire_get_u16(struct wire_in *in)
{
    const uint8_t *b = wire_take(in, 2);

    return b ? (uint16_t)((unsigned)b[0] << 8 | b[1]) : (uint16_t)0;
}

static inline uint32_t wire_get_u32(struct wire_in *in)
{
    const uint8_t *b = wire_take(in, 4);

    return b ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3] : 0;
}

static inline uint64_t wire_get_u64(struct wire_in *in)
{
    uint64_t high = wire_get_u32(in);

    return high << 32 | wire_get_u32(in);
}

/* Copies n bytes, or zeros when fewer are left. */
static inline void wire_get_bytes(struct wire_in *in, void *out, size_t n)
{
    const uint8_t *b = wire_take(in, n);

    if (b)
        memcpy(out, b, n);
    else
        memset(out, 0, n);
}

static inline uint8_t *wire_room(struct wire_out *out, size_t n)
{
    uint8_t *b = out->start + out->used;

    if (out->bad || out->size - out->used < n) {
        out->bad = true;
        return NULL;
    }
    out->used += n;
    return b;
}

static inline void wire_put_u8(struct wire_out *out, uint8_t v)
{
    uint8_t *b = wire_room(out, 1);

    if (b)
        b[0] = v;
}

static inline void wire_put_u16(struct wire_out *out, uint16_t v)
{
    uint8_t *b = wire_room(out, 2);

    if (b) {
        b[0] = (uint8_t)(v >> 8);
        b[1] = (uint8_t)v;
    }
}

static inline void wire_put_u32(struct wire_out *out, uint32_t v)
{
    uint8_t *b = wire_room(out, 4);

    if (b) {
        b[0] = (uint8_t)(v >> 24);
        b[1] = (uint8_t)(v >> 16);
        b[2] = (uint8_t)(v >> 8);
        b[3] = (uint8_t)v;
    }
}

static inline void wire_put_u64(struct wire_out *out, uint64_t v)
{
    wire_put_u32(out, (uint32_t)(v >> 32));
    wire_put_u32(out, (uint32_t)v);
}

static inline void wire_put_bytes(struct wire_out *out, const void *data, size_t n)
{
    uint8_t *b = wire_room(out, n);

    if (b && n > 0)
        memcpy(b, data, n);
}

/* n zero bytes. */
static inline void wire_put_zeros(struct wire_out *out, size_t n)
{
    uint8_t *b = wire_room(out, n);

    if (b)
        memset(b, 0, n);
}

#endif
