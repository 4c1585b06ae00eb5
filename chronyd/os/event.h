/* event.h - what happens to a daemon, all of it, through one door: chronyd_handle(). */
#ifndef CHRONYD_OS_EVENT_H
#define CHRONYD_OS_EVENT_H

#include "chronyd/os/os.h"

enum event_type {
    EVENT_TIMER,       /* nothing but time passed; chronyd_next_wake() is due (every event fires
                          due timers as well) */
    EVENT_DATAGRAM,    /* UDP or Unix datagram came in */
    EVENT_SEND_STAMP,  /* the time at which a datagram left */
    EVENT_SEND_FAILED, /* ICMP error on a connected socket */
    EVENT_RESOLVED,    /* answer to os->resolve */
    EVENT_NETWORK,     /* addresses, links or routes changed */
    EVENT_CLOCK_SET,   /* the system clock was set by somebody, or the host woke from suspend;
                          the clock looks itself what it was */
    EVENT_RTC_TICK,    /* the real-time clock began a second */
    EVENT_REFCLOCK,    /* a reference clock that is not polled told the time */
    EVENT_STOP,        /* SIGTERM and friends */
    EVENT_STREAM_OPEN, /* a client connected to a listening stream socket */
    EVENT_STREAM_DATA,
    EVENT_STREAM_READY,  /* can be written again */
    EVENT_STREAM_CLOSED, /* by the other end; the handle is gone after this event */
};

struct event {
    enum event_type type;
    bool in_batch; /* was fetched together with the event before: the clocks were looked at then */
    union {
        struct os_datagram datagram;
        struct {
            int sock;
            uint32_t tx_id;
            struct utc stamp; /* STAMP_DAEMON: when it was told, there is only the hardware's */
            enum os_stamp stamp_by;
            struct os_hw_stamp hw;
        } send_stamp;
        struct {
            int sock;
            struct endpoint remote;
            int sys; /* errno: ECONNREFUSED, EHOSTUNREACH... */
        } send_failed;
        struct {
            uint32_t token;
            enum os_resolve_status status;
            size_t count;
            struct addr addrs[OS_RESOLVE_MAX]; /* in the resolver's order */
            char error[80];                    /* the resolver's words, if it failed */
        } resolved;
        struct {
            struct utc_calendar shows;
            struct utc stamp; /* the system clock (raw) at the tick */
        } rtc;
        struct {
            int clock;
            struct os_refclock_sample sample;
        } refclock;
        struct {
            int stream;
            int listener;        /* EVENT_STREAM_OPEN */
            const uint8_t *data; /* EVENT_STREAM_DATA, lent */
            size_t length;
            uint32_t uid, pid; /* EVENT_STREAM_OPEN: the peer's credentials */
            bool crowded; /* EVENT_STREAM_OPEN: descriptors are scarce, this one has to be closed */
        } stream;
    };
};

#endif
