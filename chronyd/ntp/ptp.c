#include "chronyd/ntp/ptp.h"

#include <assert.h>
#include <math.h>

#include "base/wire.h"

/* IEEE 1588-2019, 13.3 and 14.1. */
#define TYPE_DELAY_REQ 1
#define VERSION 2
#define FLAGS_UNICAST 0x0400
#define CONTROL_DELAY_REQ 1
#define INTERVAL_NONE 0x7f
#define BODY_BYTES 44 /* header and originTimestamp */
#define CORRECTION_LOG2 (-16)
#define TLV_ORGANISATION 0x8000 /* ORGANIZATION_EXTENSION_DO_NOT_PROPAGATE */
#define ORGANISATION_IANA 0x00005e
#define SUBTYPE_NTP 0x000001
#define TLV_IDS_BYTES 6
/* Over IPv6 switches may add two bytes for the checksum (IEEE 1588, annex D). */
#define TRAILER_BYTES_MAX 2

static uint32_t get_u24(struct wire_in *in)
{
    uint32_t high = wire_get_u8(in);

    return high << 16 | wire_get_u16(in);
}

static void put_u24(struct wire_out *out, uint32_t v)
{
    wire_put_u8(out, (uint8_t)(v >> 16));
    wire_put_u16(out, (uint16_t)v);
}

/* The first TLV that holds an NTP message; others may be there. */
static bool find_ntp(struct wire_in *in, struct ptp_message *out)
{
    while (!in->bad && in->left > 0) {
        uint16_t type = wire_get_u16(in), length = wire_get_u16(in);
        const uint8_t *value = wire_take(in, length);
        struct wire_in tlv = wire_in_of(value, length);

        if (!value)
            return false;
        if (type != TLV_ORGANISATION || get_u24(&tlv) != ORGANISATION_IANA ||
            get_u24(&tlv) != SUBTYPE_NTP || tlv.bad)
            continue;
        out->ntp = tlv.data;
        out->length = tlv.left;
        return true;
    }
    return false;
}

bool ptp_unwrap(const uint8_t *data, size_t length, uint8_t domain, struct ptp_message *out)
{
    struct wire_in in = wire_in_of(data, length);
    uint8_t type, version, wanted;
    uint16_t stated;
    int64_t correction;

    *out = (struct ptp_message){0};
    type = wire_get_u8(&in) & 0xf;
    version = wire_get_u8(&in) & 0xf;
    stated = wire_get_u16(&in);
    wanted = wire_get_u8(&in);
    wire_take(&in, 3); /* minor domain, flags */
    correction = (int64_t)wire_get_u64(&in);
    wire_take(&in, BODY_BYTES - 16);
    if (in.bad || type != TYPE_DELAY_REQ || version != VERSION || wanted != domain ||
        stated < BODY_BYTES || stated > length || length - stated > TRAILER_BYTES_MAX)
        return false;
    in.left -= length - stated;
    out->correction_s = ldexp((double)correction, CORRECTION_LOG2) * 1e-9;
    return find_ntp(&in, out);
}

size_t ptp_wrap(const uint8_t *ntp, size_t length, uint8_t domain, uint16_t sequence,
                uint8_t out[PTP_PACKET_BYTES_MAX])
{
    struct wire_out w = wire_out_of(out, PTP_PACKET_BYTES_MAX);

    wire_put_u8(&w, TYPE_DELAY_REQ);
    wire_put_u8(&w, VERSION);
    wire_put_u16(&w, (uint16_t)(PTP_PREFIX_BYTES + length));
    wire_put_u8(&w, domain);
    wire_put_u8(&w, 0);
    wire_put_u16(&w, FLAGS_UNICAST);
    wire_put_u64(&w, 0); /* correctionField: for others to fill in */
    wire_put_u32(&w, 0); /* messageTypeSpecific */
    wire_put_u64(&w, 0); /* sourcePortIdentity: nobody has to know us by it */
    wire_put_u16(&w, 0);
    wire_put_u16(&w, sequence);
    wire_put_u8(&w, CONTROL_DELAY_REQ);
    wire_put_u8(&w, INTERVAL_NONE);
    wire_put_u64(&w, 0); /* originTimestamp: NTP has its own */
    wire_put_u16(&w, 0);
    wire_put_u16(&w, TLV_ORGANISATION);
    wire_put_u16(&w, (uint16_t)(TLV_IDS_BYTES + length));
    put_u24(&w, ORGANISATION_IANA);
    put_u24(&w, SUBTYPE_NTP);
    wire_put_bytes(&w, ntp, length);
    assert(!w.bad);
    return w.used;
}
