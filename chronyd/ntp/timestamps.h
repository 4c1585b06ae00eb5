/* timestamps.h - what a server in interleaved mode has to remember (RFC 9769).
 *
 * Pairs of the receive timestamp of a request, as it was told to the client, and the time at which
 * the answer really left. A client finds its pair by sending the receive timestamp back. A fixed
 * table of sets of 8; within a full set the oldest pair goes. The table is allocated with the first
 * pair, because most daemons never serve. */
#ifndef CHRONYD_NTP_TIMESTAMPS_H
#define CHRONYD_NTP_TIMESTAMPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "chronyd/os/os.h"

struct timestamps;

/* `entries` is a power of two, at least 8. */
struct timestamps *timestamps_create(size_t entries, uint32_t secret);
void timestamps_destroy(struct timestamps *t); /* NULL is allowed */
size_t timestamps_entry_bytes(void);
/* A receive timestamp that is there already is refused (false): two clients could not be told
 * apart. So is the first one if there is no memory. */
bool timestamps_save(struct timestamps *t, struct ntp_time receive, struct utc receive_utc,
                     struct ntp_time transmit, enum os_stamp by);
void timestamps_update(struct timestamps *t, struct ntp_time receive, struct ntp_time transmit,
                       enum os_stamp by);
bool timestamps_find(const struct timestamps *t, struct ntp_time receive, struct ntp_time *transmit,
                     enum os_stamp *by);
/* Pairs in the table, and seconds between the oldest and the newest one. */
void timestamps_span(const struct timestamps *t, uint64_t *count, uint64_t *span_s);

#endif
