/* fuzz_candm_decode.c - arbitrary bytes as the payload of a request: each kind decodes or is found
 * too short, never reads on, and what was decoded can be written and read again as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "candm/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One kind of payload: read, write, read and write again: both writings are the same. */
#define X(name, payload_bytes)                                                                     \
    static void again_##name(const uint8_t *data, size_t size)                                     \
    {                                                                                              \
        uint8_t first[CANDM_REQUEST_MAX], second[CANDM_REQUEST_MAX];                               \
        struct wire_in in = wire_in_of(data, size);                                                \
        struct wire_out out = wire_out_of(first, sizeof(first));                                   \
        struct candm_req_##name v;                                                                 \
                                                                                                   \
        memset(&v, 0, sizeof(v));                                                                  \
        candm_get_req_##name(&in, &v);                                                             \
        if (in.bad != (size < (payload_bytes)))                                                    \
            abort();                                                                               \
        if (in.bad)                                                                                \
            return;                                                                                \
        candm_put_req_##name(&out, &v);                                                            \
        if (out.bad || out.used != (payload_bytes))                                                \
            abort();                                                                               \
        in = wire_in_of(first, out.used);                                                          \
        candm_get_req_##name(&in, &v);                                                             \
        out = wire_out_of(second, sizeof(second));                                                 \
        candm_put_req_##name(&out, &v);                                                            \
        if (in.bad || memcmp(first, second, out.used) != 0)                                        \
            abort();                                                                               \
    }
CANDM_REQUESTS(X)
#undef X

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const kinds[])(const uint8_t *data, size_t size) = {
#define X(name, bytes) again_##name,
        CANDM_REQUESTS(X)
#undef X
    };
    struct candm_request_header h, again;
    struct wire_in in = wire_in_of(data, size);
    uint8_t written[CANDM_REQUEST_HEADER];
    struct wire_out out = wire_out_of(written, sizeof(written));

    memset(&h, 0, sizeof(h));
    memset(&again, 0, sizeof(again));
    candm_get_request_header(&in, &h);
    if (in.bad)
        return 0;
    candm_put_request_header(&out, &h);
    in = wire_in_of(written, out.used);
    candm_get_request_header(&in, &again);
    if (in.bad || memcmp(&h, &again, sizeof(h)) != 0)
        abort();
    kinds[h.command % (sizeof(kinds) / sizeof(*kinds))](data + CANDM_REQUEST_HEADER,
                                                        size - CANDM_REQUEST_HEADER);
    return 0;
}
