/* ptp.h - NTP messages inside PTP event messages, and the corrections that come with them.
 *
 * Switches with hardware support stamp PTP event messages (IEEE 1588, UDP port 319) and add the
 * time that a message spent in them to its correctionField. NTP travels in messages of the type
 * Delay_Req, in an extension TLV of an organisation (IANA's) that is not to be forwarded. Knows
 * layout only. What was added on the way is not authenticated by anything: who uses it has to bound
 * it (measure.c). */
#ifndef CHRONYD_NTP_PTP_H
#define CHRONYD_NTP_PTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "chronyd/ntp/packet.h"

#define PTP_PREFIX_BYTES 54
#define PTP_PACKET_BYTES_MAX (PTP_PREFIX_BYTES + NTP_PACKET_BYTES_MAX)

struct ptp_message {
    const uint8_t *ntp; /* into the datagram */
    size_t length;
    double correction_s; /* spent in switches, as they say; may be anything */
};

/* False: not an event message of our domain with an NTP message in it. */
MUST_CHECK bool ptp_unwrap(const uint8_t *data, size_t length, uint8_t domain,
                           struct ptp_message *out);
/* An NTP message of `length` bytes (at most NTP_PACKET_BYTES_MAX) with its prefix to `out`; returns
 * how long that is. */
size_t ptp_wrap(const uint8_t *ntp, size_t length, uint8_t domain, uint16_t sequence,
                uint8_t out[PTP_PACKET_BYTES_MAX]);

#endif
