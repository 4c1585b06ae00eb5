/* Any bytes through the packet decoder, its fields, and back through the header encoder. */
#include <stdlib.h>
#include <string.h>

#include "chronyd/ntp/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t header[NTP_HEADER_BYTES];
    struct ntp_packet p;
    struct ntp_field f;
    size_t offset = 0, fields = 0;

    if (!ntp_packet_decode(data, size, &p))
        return 0;
    while (ntp_field_next(&p, &offset, &f)) {
        fields += f.length + 4;
        if (f.body < data || f.body + f.length > data + size)
            abort();
    }
    if (fields != p.fields_length || p.authenticated_length != NTP_HEADER_BYTES + fields)
        abort();
    if (p.mac && p.mac + p.mac_length != data + size)
        abort();
    ntp_header_encode(&p.header, header);
    if (memcmp(header, data, sizeof(header)) != 0)
        abort();
    return 0;
}
