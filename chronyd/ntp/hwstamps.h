/* hwstamps.h - time stamps of network interfaces (directive hwtimestamp).
 *
 * Switches them on, reads the interfaces' clocks as often as configured, and turns their stamps
 * into readings of the system clock, each with a bound of its error. A stamp that cannot be turned,
 * or that contradicts the kernel's own, is left out, and the kernel's counts. Private to this
 * folder but for the settings. */
#ifndef CHRONYD_NTP_HWSTAMPS_H
#define CHRONYD_NTP_HWSTAMPS_H

#include <stdbool.h>
#include <stddef.h>

#include "chronyd/os/event.h"

/* One `hwtimestamp` line (spec chrony-conf section 10). */
struct hwtimestamp_settings {
    const char *interface;        /* "*" = all that can */
    int minpoll, maxpoll;         /* log2 s, -6..20; 0 and minpoll + 1 */
    int min_samples, max_samples; /* 2..64; 2, 16 */
    double precision_s;           /* 100e-9 */
    double tx_comp_s, rx_comp_s;
    bool no_cross_stamps;
    enum os_rx_filter rx_filter;
};

struct ntp_room;
struct hwstamps;

/* Enables the interfaces of the lines; the first line that names one counts, "*" comes last. NULL
 * with err set: one that is named cannot. `list` is copied. */
struct hwstamps *hwstamps_create(struct ntp_room *room, const struct hwtimestamp_settings *list,
                                 size_t count, struct err *err);
void hwstamps_destroy(struct hwstamps *h); /* NULL is allowed, in all that follow too */
/* The host slept, and for how long is not known well: the interfaces' clocks are learned anew. */
void hwstamps_break(struct hwstamps *h);
/* A better stamp for what came in, if there is one: stamp, stamp_by and stamp_error_s change. */
void hwstamps_receive(struct hwstamps *h, struct os_datagram *d);

/* When something left, by the best stamp of it. */
struct departure {
    struct utc at;
    enum os_stamp by; /* STAMP_DAEMON: none that is better than that of the sender */
    double error_s;
};
void hwstamps_sent(struct hwstamps *h, const struct event *ev, struct departure *out);
/* Is a stamp worth more than another (or none, 0)? */
static inline bool hwstamps_is_better(enum os_stamp by, enum os_stamp than)
{
    return by == STAMP_HARDWARE
               ? than != STAMP_HARDWARE
               : by == STAMP_KERNEL && than != STAMP_KERNEL && than != STAMP_HARDWARE;
}
/* Will what leaves by this interface (0: unknown) get a stamp that can be used? */
bool hwstamps_expected(const struct hwstamps *h, int interface);

#endif
