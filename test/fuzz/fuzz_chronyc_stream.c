/* fuzz_chronyc_stream.c - arbitrary bytes as a stream of frames: cut the same however they arrive,
 * and each event that is found is read. The first byte says in which pieces they come. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "candm/events.h"
#include "chronyc/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct taken {
    size_t packets, events;
    uint64_t sum; /* of all that was taken, in its order */
};

static void note(struct taken *t, const uint8_t *packet, size_t length)
{
    struct candm_event_header h;
    union candm_event_payload e;

    t->packets++;
    for (size_t i = 0; i < length; i++)
        t->sum = t->sum * 31 + packet[i];
    t->sum = t->sum * 31 + length;
    t->events += candm_decode_event(packet, length, &h, &e);
}

/* Feed it in pieces of at most `step` bytes. */
static struct taken feed(const uint8_t *data, size_t size, size_t step)
{
    struct stream s = {.events = true};
    struct taken t = {.packets = 0};
    uint8_t packet[STREAM_PACKET_MAX];
    size_t length;

    while (size > 0) {
        size_t space, n = size < step ? size : step;
        uint8_t *room = stream_room(&s, &space);

        if (space == 0) {
            if (!s.bad)
                abort();
            break;
        }
        if (n > space)
            n = space;
        memcpy(room, data, n);
        stream_added(&s, n);
        data += n;
        size -= n;
        if (stream_take(&s, packet, sizeof(packet), &length))
            note(&t, packet, length);
    }
    return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct taken whole, pieces;

    if (size < 1)
        return 0;
    whole = feed(data + 1, size - 1, SIZE_MAX);
    pieces = feed(data + 1, size - 1, (size_t)data[0] + 1);
    if (whole.packets != pieces.packets || whole.sum != pieces.sum || whole.events != pieces.events)
        abort();
    return 0;
}
