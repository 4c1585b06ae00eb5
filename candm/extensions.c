/* extensions.c - payloads that only this project has (doc/candm-extensions.adoc). */
#include "candm/fields.h"

#include <math.h>

/* Two bytes that were zero once hold a duration as its binary logarithm, rounded up: 0 is unknown,
 * 1 is LOG_LEAST, and the unit a thousandth. */
#define LOG_LEAST (-40.0)
#define LOG_UNITS 1024.0
/* Part of a unit by which the library may be wrong: what was decoded encodes to the same. */
#define LOG_EXACT 1e-6

static uint16_t logarithm(double duration_s)
{
    double code;

    if (!(duration_s > 0.0))
        return 0;
    code = ceil((log2(duration_s) - LOG_LEAST) * LOG_UNITS - LOG_EXACT) + 1.0;
    return code < 1.0 ? 1 : code > UINT16_MAX ? UINT16_MAX : (uint16_t)code;
}

static double from_logarithm(uint16_t code)
{
    return code > 0 ? exp2((code - 1) / LOG_UNITS + LOG_LEAST) : 0.0;
}

static void put_text(struct wire_out *out, const char *text, size_t size)
{
    size_t length = strnlen(text, size - 1);

    wire_put_bytes(out, text, length);
    wire_put_zeros(out, size - length);
}

/* What follows the terminator is forgotten, and what a terminal could take for a command too. */
static void get_text(struct wire_in *in, char *text, size_t size)
{
    size_t length;

    wire_get_bytes(in, text, size);
    text[size - 1] = '\0';
    length = strlen(text);
    memset(text + length, 0, size - length);
    for (size_t i = 0; i < length; i++) {
        if (text[i] < ' ' || text[i] > '~')
            text[i] = '?';
    }
}

void candm_put_reason(struct wire_out *out, const struct candm_reason *r)
{
    put_text(out, r->name, sizeof(r->name));
    candm_put_float(out, r->figure);
    candm_put_float(out, r->limit);
    put_text(out, r->directive, sizeof(r->directive));
}

void candm_get_reason(struct wire_in *in, struct candm_reason *r)
{
    get_text(in, r->name, sizeof(r->name));
    r->figure = candm_get_float(in);
    r->limit = candm_get_float(in);
    get_text(in, r->directive, sizeof(r->directive));
}

void candm_put_rpy_verdict(struct wire_out *out, const struct candm_rpy_verdict *v)
{
    wire_put_u16(out, v->state);
    wire_put_u16(out, logarithm(v->expected_s));
    candm_put_float(out, v->bound_s);
    candm_put_reason(out, &v->reason);
}

void candm_get_rpy_verdict(struct wire_in *in, struct candm_rpy_verdict *v)
{
    v->state = wire_get_u16(in);
    v->expected_s = from_logarithm(wire_get_u16(in));
    v->bound_s = candm_get_float(in);
    candm_get_reason(in, &v->reason);
}

void candm_put_rpy_source_reason(struct wire_out *out, const struct candm_rpy_source_reason *v)
{
    wire_put_u32(out, v->refid);
    candm_put_addr(out, &v->address);
    wire_put_u8(out, v->state);
    wire_put_zeros(out, 3);
    candm_put_reason(out, &v->network);
    candm_put_reason(out, &v->selection);
}

void candm_get_rpy_source_reason(struct wire_in *in, struct candm_rpy_source_reason *v)
{
    v->refid = wire_get_u32(in);
    candm_get_addr(in, &v->address);
    v->state = wire_get_u8(in);
    candm_skip(in, 3);
    candm_get_reason(in, &v->network);
    candm_get_reason(in, &v->selection);
}

void candm_put_rpy_reload_config(struct wire_out *out, const struct candm_rpy_reload_config *v)
{
    wire_put_u16(out, v->result);
    wire_put_u16(out, 0);
    wire_put_u32(out, v->added);
    wire_put_u32(out, v->removed);
    wire_put_u32(out, v->kept);
    wire_put_u32(out, v->applied);
    wire_put_u32(out, v->restart);
    put_text(out, v->text, sizeof(v->text));
}

void candm_get_rpy_reload_config(struct wire_in *in, struct candm_rpy_reload_config *v)
{
    v->result = wire_get_u16(in);
    candm_skip(in, 2);
    v->added = wire_get_u32(in);
    v->removed = wire_get_u32(in);
    v->kept = wire_get_u32(in);
    v->applied = wire_get_u32(in);
    v->restart = wire_get_u32(in);
    get_text(in, v->text, sizeof(v->text));
}
