/* mac.h - message authentication codes at the end of NTP packets.
 *
 * Decides how long a MAC is on the wire: 20 bytes at most in version 4 (RFC 7822 takes anything
 * longer for an extension field), the whole digest in older versions. */
#ifndef CHRONYD_NTP_MAC_H
#define CHRONYD_NTP_MAC_H

#include "base/keys.h"
#include "chronyd/ntp/packet.h"

/* Bytes of the MAC of `k` in a packet of this version, without the key id. */
size_t ntp_mac_length(const struct key *k, int version);
/* Append key id and MAC to a packet of *length bytes; false if `size` is too small. */
MUST_CHECK bool ntp_mac_append(const struct key *k, int version, uint8_t *data, size_t *length,
                               size_t size);
/* Is the MAC of the decoded packet (of `data`) that of the key? Its length has to be right too. */
MUST_CHECK bool ntp_mac_check(const struct key *k, const uint8_t *data,
                              const struct ntp_packet *packet);

#endif
