/* Any datagram as an NTP message over PTP: what is found in it lies within it, and an answer of the
 * same length is as long as the message. The first byte is the domain. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chronyd/ntp/fields.h"
#include "chronyd/ntp/ptp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t wrapped[PTP_PACKET_BYTES_MAX];
    struct ptp_message m, again;
    struct ntp_packet p;
    double correction_s;
    size_t length;

    if (size == 0 || !ptp_unwrap(data + 1, size - 1, data[0], &m))
        return 0;
    if (m.ntp < data + 1 || m.ntp + m.length > data + size || !isfinite(m.correction_s))
        abort();
    if (ntp_packet_decode(m.ntp, m.length, &p) && correction_find(&p, &correction_s) &&
        !isfinite(correction_s))
        abort();
    if (m.length > NTP_PACKET_BYTES_MAX)
        return 0;
    length = ptp_wrap(m.ntp, m.length, data[0], 0, wrapped);
    if (length > size - 1 || !ptp_unwrap(wrapped, length, data[0], &again) ||
        again.length != m.length || memcmp(again.ntp, m.ntp, m.length) != 0)
        abort();
    return 0;
}
