/* fields.c - addresses, times and the protocol's own float. */
#include "candm/fields.h"

#include <math.h>

#define FLOAT_COEFFICIENT_BITS 25
#define FLOAT_EXPONENT_MIN (-64)
#define FLOAT_EXPONENT_MAX 63

/* The number of the coefficient's bits before the point: log2(x) + 1 cut towards zero, which for
 * numbers below 0.5 that are no power of two is one more than the usual exponent. */
static int float_exponent(double x)
{
    int exponent;
    double mantissa = frexp(x, &exponent); /* x = mantissa * 2^exponent, 0.5 <= mantissa < 1 */

    return x < 0.5 && mantissa != 0.5 ? exponent + 1 : exponent;
}

/* The steps are those of section 3.2 in their order: other orders round some values differently. */
uint32_t candm_float_encode(double v)
{
    bool negative = v < 0.0;
    double x = fabs(v);
    int32_t limit = (1 << (FLOAT_COEFFICIENT_BITS - 1)) - (negative ? 0 : 1);
    int32_t coefficient = 0;
    int exponent = 0;

    if (x > 1e100) {
        exponent = FLOAT_EXPONENT_MAX;
        coefficient = limit;
    } else if (x >= 1e-100) { /* false for NaN, which becomes 0 */
        exponent = float_exponent(x);
        coefficient = (int32_t)(ldexp(x, FLOAT_COEFFICIENT_BITS - exponent) + 0.5);
        for (; coefficient > limit; exponent++)
            coefficient /= 2;
        if (exponent > FLOAT_EXPONENT_MAX) {
            exponent = FLOAT_EXPONENT_MAX;
            coefficient = limit;
        } else if (exponent < FLOAT_EXPONENT_MIN - FLOAT_COEFFICIENT_BITS) {
            exponent = 0;
            coefficient = 0;
        } else if (exponent < FLOAT_EXPONENT_MIN) {
            coefficient >>= FLOAT_EXPONENT_MIN - exponent;
            exponent = FLOAT_EXPONENT_MIN;
        }
    }
    if (negative)
        coefficient = -coefficient;
    return ((uint32_t)exponent & 0x7f) << FLOAT_COEFFICIENT_BITS |
           ((uint32_t)coefficient & ((UINT32_C(1) << FLOAT_COEFFICIENT_BITS) - 1));
}

double candm_float_decode(uint32_t word)
{
    int exponent = (int)(word >> FLOAT_COEFFICIENT_BITS);
    int32_t coefficient = (int32_t)(word & ((UINT32_C(1) << FLOAT_COEFFICIENT_BITS) - 1));

    if (exponent > FLOAT_EXPONENT_MAX)
        exponent -= 128;
    if (coefficient >= 1 << (FLOAT_COEFFICIENT_BITS - 1))
        coefficient -= 1 << FLOAT_COEFFICIENT_BITS;
    return ldexp(coefficient, exponent - FLOAT_COEFFICIENT_BITS);
}

static size_t family_bytes(uint16_t family)
{
    switch (family) {
    case ADDR_IPV4:
    case ADDR_ID:
        return 4;
    case ADDR_IPV6:
        return 16;
    default:
        return 0;
    }
}

void candm_put_addr(struct wire_out *out, const struct addr *a)
{
    size_t bytes = family_bytes(a->family);

    wire_put_bytes(out, a->bytes, bytes);
    wire_put_zeros(out, sizeof(a->bytes) - bytes);
    wire_put_u16(out, bytes ? a->family : ADDR_NONE);
    wire_put_u16(out, 0);
}

void candm_get_addr(struct wire_in *in, struct addr *a)
{
    uint8_t bytes[sizeof(a->bytes)];
    uint16_t family;

    wire_get_bytes(in, bytes, sizeof(bytes));
    family = wire_get_u16(in);
    candm_skip(in, 2);
    *a = (struct addr){0};
    if (family_bytes(family) == 0)
        return;
    a->family = (uint8_t)family;
    memcpy(a->bytes, bytes, family_bytes(family));
}

/* What a sender with 32-bit time puts into the high word. */
#define NO_HIGH_SECONDS UINT32_C(0x7fffffff)

void candm_put_time(struct wire_out *out, const struct candm_time *t)
{
    wire_put_u64(out, (uint64_t)t->sec);
    wire_put_u32(out, t->nsec);
}

void candm_get_time(struct wire_in *in, struct candm_time *t)
{
    uint64_t high = wire_get_u32(in);
    uint32_t low = wire_get_u32(in);

    if (high == NO_HIGH_SECONDS)
        high = 0;
    t->sec = (int64_t)(high << 32 | low);
    t->nsec = wire_get_u32(in);
    if (t->nsec > 999999999)
        t->nsec = 999999999;
}

void candm_put_unknown(struct wire_out *out, size_t n)
{
    uint8_t *b = wire_room(out, n);

    if (b)
        memset(b, 0xff, n);
}

void candm_skip(struct wire_in *in, size_t n)
{
    (void)wire_take(in, n);
}
