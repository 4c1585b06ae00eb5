/* room.h - what the parts of ntp/ share: the world, the rooms below, and the settings.
 *
 * Private to this folder. One per daemon, owned by struct ntp, lent to associations and server. */
#ifndef CHRONYD_NTP_ROOM_H
#define CHRONYD_NTP_ROOM_H

#include "base/hash.h"
#include "chronyd/ntp/ntp.h"

struct server;
struct association;

struct ntp_room {
    struct os os;
    struct timers *timers;
    const struct log *log;
    struct clock *clock;
    struct reference *reference;
    struct sources *sources;
    struct keystore *keys;
    struct access_table *access;
    struct ntp_settings settings;
    struct logfile *measurements; /* NULL: off */
    struct server *server;
    struct hwstamps *hw;        /* NULL: no interface stamps */
    uint16_t ptp_sequence;      /* of the last message over PTP */
    struct mono next_slot;      /* requests of different sources keep a distance: not before this */
    struct timer give_up_timer; /* fires a while after some source was given up */
    int shared_socks[2];        /* acquisitionport: IPv4, IPv6; -1 = not open */
    struct hash waiting;        /* associations by what their next event will name: sockets.c */
    struct association *oldest_sock, *newest_sock; /* those with a socket of their own */
};

static inline struct mono room_mono(const struct ntp_room *r)
{
    return r->os.ops->mono(r->os.ctx);
}

static inline struct utc room_utc(const struct ntp_room *r)
{
    return r->os.ops->utc(r->os.ctx);
}

static inline uint64_t room_random(const struct ntp_room *r)
{
    uint64_t v;

    r->os.ops->random(r->os.ctx, &v, sizeof(v));
    return v;
}

/* Uniform in 0..1. */
static inline double room_random_unit(const struct ntp_room *r)
{
    return (double)(room_random(r) >> 11) * 0x1p-53;
}

/* Whether anybody is left to hope for is asked when this event has been dealt with. */
static inline void room_gave_up(struct ntp_room *r)
{
    timer_set(r->timers, &r->give_up_timer, room_mono(r));
}

#endif
