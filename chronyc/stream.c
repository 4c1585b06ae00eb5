#include "chronyc/stream.h"

#include <string.h>

#include "candm/events.h"

#define PACKET_TYPE_AT 1 /* second byte */

static size_t packet_length(const struct stream *s)
{
    return (size_t)(s->bytes[0] << 8 | s->bytes[1]);
}

/* Never more than up to the end of the present packet, so that nothing has to be moved. */
uint8_t *stream_room(struct stream *s, size_t *size)
{
    size_t wanted = STREAM_HEADER;

    if (s->used >= STREAM_HEADER)
        wanted += packet_length(s);
    s->bad |= wanted > sizeof(s->bytes);
    *size = s->bad ? 0 : wanted - s->used;
    return s->bytes + s->used;
}

void stream_added(struct stream *s, size_t count)
{
    s->used += count;
}

bool stream_take(struct stream *s, void *out, size_t size, size_t *length)
{
    uint8_t type;
    size_t packet;

    if (s->used < STREAM_HEADER)
        return false;
    packet = packet_length(s);
    if (packet > STREAM_PACKET_MAX || packet == 0) {
        s->bad = true;
        return false;
    }
    if (s->used < STREAM_HEADER + packet)
        return false;
    type = packet > PACKET_TYPE_AT ? s->bytes[STREAM_HEADER + PACKET_TYPE_AT] : 0;
    *length = packet < size ? packet : size;
    memcpy(out, s->bytes + STREAM_HEADER, *length);
    s->used = 0;
    return type == CANDM_PACKET_REPLY || (s->events && type == CANDM_PACKET_EVENT);
}
