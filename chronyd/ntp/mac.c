#include "chronyd/ntp/mac.h"

#include "base/wire.h"

#define MAC_V4_BYTES_MAX 20

static size_t digest_length(enum key_type type)
{
    switch (type) {
    case KEY_SHA1:
        return 20;
    case KEY_SHA3_224:
        return 28;
    case KEY_SHA256:
    case KEY_SHA3_256:
        return 32;
    case KEY_SHA384:
    case KEY_SHA3_384:
        return 48;
    case KEY_SHA512:
    case KEY_SHA3_512:
        return 64;
    case KEY_MD5:
    case KEY_AES128:
    case KEY_AES256:
        return 16;
    }
    return 16;
}

size_t ntp_mac_length(const struct key *k, int version)
{
    size_t length = digest_length(k->type);

    return version >= 4 && length > MAC_V4_BYTES_MAX ? MAC_V4_BYTES_MAX : length;
}

bool ntp_mac_append(const struct key *k, int version, uint8_t *data, size_t *length, size_t size)
{
    struct wire_out out = {.start = data, .used = *length, .size = size};
    size_t wanted = ntp_mac_length(k, version);
    uint8_t mac[MAC_BYTES_MAX];

    if (key_mac(k, data, *length, mac) < wanted)
        return false;
    wire_put_u32(&out, k->id);
    wire_put_bytes(&out, mac, wanted);
    if (!out.bad)
        *length = out.used;
    return !out.bad;
}

bool ntp_mac_check(const struct key *k, const uint8_t *data, const struct ntp_packet *packet)
{
    return packet->auth == NTP_AUTH_MAC && packet->key_id == k->id &&
           packet->mac_length == ntp_mac_length(k, packet->header.version) &&
           key_check(k, data, packet->authenticated_length, packet->mac, packet->mac_length);
}
