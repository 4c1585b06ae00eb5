/* packet.h - the NTP packet as a value, and its codec.
 *
 * Header of RFC 5905 section 7.3, extension fields of RFC 7822, MAC of RFC 5905/8573; versions 1
 * to 4. Knows layout only: whether a packet is wanted is for association.c and respond.c to say. */
#ifndef CHRONYD_NTP_PACKET_H
#define CHRONYD_NTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/time.h"

#define NTP_HEADER_BYTES 48
#define NTP_PACKET_BYTES_MAX 1280

enum ntp_mode {
    NTP_MODE_NONE = 0, /* version 1 has no mode */
    NTP_MODE_ACTIVE = 1,
    NTP_MODE_PASSIVE = 2,
    NTP_MODE_CLIENT = 3,
    NTP_MODE_SERVER = 4,
    NTP_MODE_BROADCAST = 5,
};

struct ntp_header {
    uint8_t leap;    /* 0..3 */
    uint8_t version; /* 1..7 as on the wire */
    uint8_t mode;
    uint8_t stratum;
    int8_t poll;
    int8_t precision;
    uint32_t root_delay, root_dispersion; /* 16.16 */
    uint32_t refid;
    struct ntp_time reference, origin, receive, transmit;
};

enum ntp_auth { NTP_AUTH_NONE, NTP_AUTH_MAC, NTP_AUTH_CRYPTO_NAK };

/* A datagram taken apart; pointers are into it. */
struct ntp_packet {
    struct ntp_header header;
    enum ntp_auth auth;
    uint32_t key_id;
    const uint8_t *mac; /* without the key id */
    size_t mac_length;
    size_t authenticated_length; /* bytes that the MAC covers */
    const uint8_t *fields;       /* extension fields, all together */
    size_t fields_length;
};

/* False: not an NTP packet (length, alignment, version 0 or above 4, broken extension fields). */
MUST_CHECK bool ntp_packet_decode(const uint8_t *data, size_t length, struct ntp_packet *out);
/* Header to 48 bytes. */
void ntp_header_encode(const struct ntp_header *h, uint8_t out[NTP_HEADER_BYTES]);

/* One extension field (RFC 7822); start with *offset = 0, false at the end. */
struct ntp_field {
    uint16_t type;
    const uint8_t *body; /* without type and length */
    size_t length;       /* of the body, padding included */
};
bool ntp_field_next(const struct ntp_packet *p, size_t *offset, struct ntp_field *out);

#endif
