/* events.h - what the report stream pushes: frames and events (doc/candm-stream.adoc).
 *
 * A frame is a 16-bit length and so many bytes: a request or reply of candm version 6, or an event,
 * which a packet type of its own tells apart. Codecs only. */
#ifndef CANDM_EVENTS_H
#define CANDM_EVENTS_H

#include "candm/messages.h"

#define CANDM_STREAM_NAME "chronyd.ro.sock" /* of the socket, beside the command socket */
#define CANDM_FRAME_HEADER 2
#define CANDM_PACKET_EVENT 3 /* packet type, beside those of candm.h */
#define CANDM_EVENT_HEADER 24

/* X(name, event code, payload bytes) */
#define CANDM_EVENTS(X)                                                                            \
    X(verdict, 1, 80)                                                                              \
    X(source, 2, 172)                                                                              \
    X(source_gone, 3, 24)                                                                          \
    X(selected, 4, 24)                                                                             \
    X(step, 5, 8)                                                                                  \
    X(closing, 6, 4)

enum candm_event {
#define X(name, code, bytes) CANDM_EVENT_##name = code,
    CANDM_EVENTS(X)
#undef X
};
/* The bit of an event in the mask of SUBSCRIBE. */
#define CANDM_EVENT_BIT(code) (UINT32_C(1) << ((code)-1))
#define CANDM_EVENTS_ALL UINT32_C(0x1f) /* closing is told to everybody */

struct candm_event_header {
    uint8_t version, type;
    uint16_t event;
    uint16_t lost;          /* events before this one that did not fit the queue; stops at 65535 */
    uint32_t number;        /* of this subscriber's events, from 1; lost ones count */
    struct candm_time time; /* corrected time at which it was noticed */
};

/* A source by its address, or by its reference id alone (family 0: reference clock; both zero:
 * none). */
struct candm_event_id {
    uint32_t refid;
    struct addr address;
};
#define candm_evt_verdict candm_rpy_verdict
#define candm_evt_source candm_rpy_source_reason
#define candm_evt_source_gone candm_event_id
#define candm_evt_selected candm_event_id
struct candm_evt_step {
    uint32_t steps;  /* since start */
    double offset_s; /* of the newest one; > 0: forward */
};
enum candm_closing {
    CANDM_CLOSING_FULL = 1, /* there are too many connections */
    CANDM_CLOSING_END = 2,  /* the daemon ends */
};
struct candm_evt_closing {
    uint32_t why;
};

#define X(name, code, bytes)                                                                       \
    void candm_put_evt_##name(struct wire_out *out, const struct candm_evt_##name *v);             \
    void candm_get_evt_##name(struct wire_in *in, struct candm_evt_##name *v);
CANDM_EVENTS(X)
#undef X

void candm_put_event_header(struct wire_out *out, const struct candm_event_header *h);
void candm_get_event_header(struct wire_in *in, struct candm_event_header *h);
size_t candm_event_bytes(enum candm_event e); /* payload */

union candm_event_payload {
#define X(name, code, bytes) struct candm_evt_##name name##_;
    CANDM_EVENTS(X)
#undef X
};
/* False: no event, too short, or of an unknown kind (which is to be skipped). */
MUST_CHECK bool candm_decode_event(const uint8_t *data, size_t length,
                                   struct candm_event_header *header,
                                   union candm_event_payload *out);

#endif
