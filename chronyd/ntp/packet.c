#include "chronyd/ntp/packet.h"

#include "base/wire.h"

/* RFC 7822 section 3: in version 4 what follows the header is a MAC if it is at most this long (key
 * id and 20 bytes), otherwise an extension field. */
#define MAC_V4_BYTES_MAX 24
#define MAC_BYTES_MIN 20 /* key id and a digest of 16 bytes */
#define FIELD_BYTES_MIN 16
/* Longest MAC of versions below 4, where digests are not truncated: key id and SHA-512. */
#define MAC_OLD_BYTES_MAX 68
#define CRYPTO_NAK_BYTES 4

static void header_decode(struct wire_in *in, struct ntp_header *h)
{
    uint8_t first = wire_get_u8(in);

    h->leap = first >> 6;
    h->version = (first >> 3) & 7;
    h->mode = first & 7;
    h->stratum = wire_get_u8(in);
    h->poll = (int8_t)wire_get_u8(in);
    h->precision = (int8_t)wire_get_u8(in);
    h->root_delay = wire_get_u32(in);
    h->root_dispersion = wire_get_u32(in);
    h->refid = wire_get_u32(in);
    h->reference.bits = wire_get_u64(in);
    h->origin.bits = wire_get_u64(in);
    h->receive.bits = wire_get_u64(in);
    h->transmit.bits = wire_get_u64(in);
}

void ntp_header_encode(const struct ntp_header *h, uint8_t out[NTP_HEADER_BYTES])
{
    struct wire_out w = wire_out_of(out, NTP_HEADER_BYTES);

    wire_put_u8(&w, (uint8_t)((h->leap & 3) << 6 | (h->version & 7) << 3 | (h->mode & 7)));
    wire_put_u8(&w, h->stratum);
    wire_put_u8(&w, (uint8_t)h->poll);
    wire_put_u8(&w, (uint8_t)h->precision);
    wire_put_u32(&w, h->root_delay);
    wire_put_u32(&w, h->root_dispersion);
    wire_put_u32(&w, h->refid);
    wire_put_u64(&w, h->reference.bits);
    wire_put_u64(&w, h->origin.bits);
    wire_put_u64(&w, h->receive.bits);
    wire_put_u64(&w, h->transmit.bits);
}

/* The length of the extension field at the front of `left` bytes; 0 if there is no valid one. */
static size_t field_length(const uint8_t *data, size_t left)
{
    size_t length;

    if (left < FIELD_BYTES_MIN)
        return 0;
    length = (size_t)data[2] << 8 | data[3];
    return length >= FIELD_BYTES_MIN && length % 4 == 0 && length <= left ? length : 0;
}

static bool trailer_decode(struct wire_in *in, struct ntp_packet *out)
{
    size_t longest = out->header.version == 4 ? MAC_V4_BYTES_MAX : MAC_OLD_BYTES_MAX;

    if (in->left == 0)
        return true;
    if (in->left == CRYPTO_NAK_BYTES) {
        out->auth = NTP_AUTH_CRYPTO_NAK;
        out->key_id = wire_get_u32(in);
        return true;
    }
    if (in->left < MAC_BYTES_MIN || in->left > longest)
        return false;
    out->auth = NTP_AUTH_MAC;
    out->key_id = wire_get_u32(in);
    out->mac_length = in->left;
    out->mac = wire_take(in, in->left);
    return !in->bad;
}

bool ntp_packet_decode(const uint8_t *data, size_t length, struct ntp_packet *out)
{
    struct wire_in in = wire_in_of(data, length);

    *out = (struct ntp_packet){.auth = NTP_AUTH_NONE};
    if (length < NTP_HEADER_BYTES || length > NTP_PACKET_BYTES_MAX || length % 4 != 0)
        return false;
    header_decode(&in, &out->header);
    if (in.bad || out->header.version < 1 || out->header.version > 4)
        return false;
    out->fields = in.data;
    /* Only version 4 has extension fields. */
    while (out->header.version == 4 && in.left > MAC_V4_BYTES_MAX) {
        size_t field = field_length(in.data, in.left);

        if (field == 0)
            return false;
        wire_take(&in, field);
        out->fields_length += field;
    }
    out->authenticated_length = length - in.left;
    return trailer_decode(&in, out);
}

bool ntp_field_next(const struct ntp_packet *p, size_t *offset, struct ntp_field *out)
{
    size_t left = p->fields_length - *offset, length;
    const uint8_t *data = p->fields + *offset;

    if (*offset >= p->fields_length)
        return false;
    length = field_length(data, left);
    if (length == 0)
        return false;
    out->type = (uint16_t)(data[0] << 8 | data[1]);
    out->body = data + 4;
    out->length = length - 4;
    *offset += length;
    return true;
}
