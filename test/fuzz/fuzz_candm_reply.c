/* fuzz_candm_reply.c - arbitrary bytes as a reply: it decodes or is refused, and what was decoded
 * can be written again in the same number of bytes. */
#include <stdint.h>
#include <stdlib.h>

#include "candm/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t again[CANDM_REPLY_MAX];
    struct wire_out out = wire_out_of(again, sizeof(again));
    struct candm_reply_header h;
    union candm_reply_payload v;

    if (!candm_decode_reply(data, size, &h, &v))
        return 0;
    switch (h.reply) {
#define X(name, code, bytes)                                                                       \
    case code:                                                                                     \
        candm_put_rpy_##name(&out, &v.name##_);                                                    \
        break;
        CANDM_REPLIES(X)
#undef X
    default:
        abort();
    }
    if (out.bad || out.used != candm_reply_bytes((enum candm_reply)h.reply))
        abort();
    return 0;
}
