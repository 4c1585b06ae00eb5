/* Any ancillary data with a datagram or in the error queue: time stamps, interfaces, errors. What
 * is made of it stays in range. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chronyd/os/linux/udp_receive.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- what the file needs of its neighbours --- */

struct utc world_utc(void *ctx)
{
    (void)ctx;
    return (struct utc){0};
}

void udp_flush(struct world *w)
{
    (void)w;
}

bool endpoint_from_sockaddr(const struct sockaddr_storage *ss, struct endpoint *out)
{
    (void)ss;
    *out = (struct endpoint){.addr = addr_from_ipv4(1), .port = 123};
    return true;
}

void hwstamp_fill(const struct world *w, int interface, size_t frame_bytes, int64_t ns,
                  struct os_hw_stamp *out)
{
    (void)w;
    if (llabs(ns / NS_PER_S) > SECONDS_MAX)
        abort();
    *out = (struct os_hw_stamp){.clock = interface, .ns = ns, .frame_s = (double)frame_bytes};
}

static void see(void *ctx, const struct event *ev)
{
    int *seen = ctx;

    /* The clocks are looked at for the first of a batch that is delivered. */
    if (ev->type == EVENT_DATAGRAM && ev->in_batch != (*seen > 0))
        abort();
    (*seen)++;
    if (ev->type == EVENT_DATAGRAM && llabs(ev->datagram.stamp.ns / NS_PER_S) > SECONDS_MAX)
        abort();
    if (ev->type == EVENT_SEND_STAMP && llabs(ev->send_stamp.stamp.ns / NS_PER_S) > SECONDS_MAX)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slot slot = {.kind = SLOT_UDP, .connected = true};
    struct buffers *b = calloc(1, sizeof *b);
    struct world w = {.slots = &slot, .slot_count = 1, .in = b};
    struct ancillary a;
    int seen = 0;

    if (!b || size > CONTROL_MAX) {
        free(b);
        return 0;
    }
    prepare_buffers(b, 3);
    b->headers[0].msg_hdr.msg_flags = MSG_TRUNC;
    memcpy(b->control[1], data, size);
    b->headers[1].msg_hdr.msg_controllen = size;
    deliver(&w, 0, 3, (struct utc){0}, see, &seen);
    a = read_ancillary(&b->headers[1].msg_hdr);
    deliver_error(&w, 0, &a, see, &seen);
    if (seen < 2 || seen > 3)
        abort();
    free(b);
    return 0;
}
