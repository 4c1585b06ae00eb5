/* stream.h - frames of the report stream (doc/candm-stream.adoc): packets with a 16-bit length in
 * front, cut out of a stream of bytes.
 *
 * Pure: bytes are given to it and whole packets are taken from it. A length that no packet has is
 * an error, after which nothing is to be read any more. */
#ifndef CHRONYC_STREAM_H
#define CHRONYC_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_HEADER 2
#define STREAM_PACKET_MAX 860

struct stream {
    uint8_t bytes[STREAM_HEADER + STREAM_PACKET_MAX];
    size_t used;
    bool bad;
    bool events; /* are wanted too */
};

/* Where the next bytes go, and how many may come; 0 only if it is bad. */
uint8_t *stream_room(struct stream *s, size_t *size);
void stream_added(struct stream *s, size_t count);
/* Copy the packet out if it is whole (at most `size` bytes; *length is that of the copy). Packets
 * of other types than replies, and events where they are wanted, are skipped. */
bool stream_take(struct stream *s, void *out, size_t size, size_t *length);

#endif
