#include "chronyd/ntp/fields.h"

#include <math.h>

#define FIELD_MONO_ROOT 0xF323
#define MONO_ROOT_MAGIC 0xF5BEDD9A
#define FINE_UNIT_LOG2 (-28)
#define FIELD_CORRECTION 0x010A
#define CORRECTION_UNIT_LOG2 (-32)

bool mono_root_find(const struct ntp_packet *p, struct mono_root *out)
{
    struct ntp_field f;
    size_t offset = 0;

    while (ntp_field_next(p, &offset, &f)) {
        struct wire_in in = wire_in_of(f.body, f.length);

        if (f.type != FIELD_MONO_ROOT || f.length != MONO_ROOT_BYTES - 4 ||
            wire_get_u32(&in) != MONO_ROOT_MAGIC)
            continue;
        out->root_delay_s = ldexp(wire_get_u32(&in), FINE_UNIT_LOG2);
        out->root_dispersion_s = ldexp(wire_get_u32(&in), FINE_UNIT_LOG2);
        out->mono_receive.bits = wire_get_u64(&in);
        out->epoch = wire_get_u32(&in);
        return !in.bad;
    }
    return false;
}

/* Rounded up, as a bound has to be. */
static uint32_t fine(double s)
{
    double v = ceil(ldexp(s, -FINE_UNIT_LOG2));

    return v <= 0.0 ? 0 : v >= UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

void mono_root_put(struct wire_out *out, const struct mono_root *m)
{
    static const struct mono_root zeros;

    if (!m)
        m = &zeros;
    wire_put_u16(out, FIELD_MONO_ROOT);
    wire_put_u16(out, MONO_ROOT_BYTES);
    wire_put_u32(out, MONO_ROOT_MAGIC);
    wire_put_u32(out, fine(m->root_delay_s));
    wire_put_u32(out, fine(m->root_dispersion_s));
    wire_put_u64(out, m->mono_receive.bits);
    wire_put_u32(out, m->epoch);
}

bool correction_find(const struct ntp_packet *p, double *correction_s)
{
    struct ntp_field f;
    size_t offset = 0;

    while (ntp_field_next(p, &offset, &f)) {
        struct wire_in in = wire_in_of(f.body, f.length);

        if (f.type != FIELD_CORRECTION || f.length != CORRECTION_BYTES - 4)
            continue;
        *correction_s = ldexp((double)(int64_t)wire_get_u64(&in), CORRECTION_UNIT_LOG2);
        return true;
    }
    return false;
}

void correction_put(struct wire_out *out, double correction_s)
{
    double v = clamp_d(ldexp(correction_s, -CORRECTION_UNIT_LOG2), -0x1p62, 0x1p62);

    wire_put_u16(out, FIELD_CORRECTION);
    wire_put_u16(out, CORRECTION_BYTES);
    wire_put_u64(out, (uint64_t)(int64_t)v);
    wire_put_u64(out, 0);
    wire_put_u64(out, 0);
}
