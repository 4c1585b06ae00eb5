/* names_private.h - the inside of names.h, shared by names.c (lines and members), lookup.c (queries
 * and addresses) and replace.c (the lines that there should be). */
#ifndef CHRONYD_NTP_NAMES_PRIVATE_H
#define CHRONYD_NTP_NAMES_PRIVATE_H

#include "chronyd/ntp/names.h"

#define LOOKUP_RETRY_LOG2_MIN 2
#define LOOKUP_RETRY_LOG2_MAX 9

struct line {
    struct line *previous, *next; /* in the order of the configuration */
    struct ntp_source_settings settings;
    struct names *names;
    bool literal; /* the name is an address */
    enum names_origin origin;
    bool asked;   /* in this round */
    bool refresh; /* addresses are to be checked against the name */
    int wanted;   /* pool: members to keep, shrinks when one is deleted */
    struct mono resolved_at;
    struct association *members[NTP_POOL_SOURCES_MAX];
    int count;
};

enum purpose { ASK_ADDRESSES, ASK_REPLACEMENT, ASK_REFRESH };

struct names {
    struct ntp_room *room;
    struct line *first, *last;
    struct hash by_addr;      /* associations by their addresses and IDs */
    struct association **all; /* in the order of lines and members, if not `changed` */
    size_t all_count, all_size;
    bool changed;         /* lines or members came or went since `all` was made */
    size_t unresolved;    /* members that have no address */
    size_t peers[2];      /* members that need the server's socket: IPv4, IPv6 */
    struct line *round;   /* nobody before this line has to be asked in this round ... */
    struct line *refresh; /* ... and nobody before this one has `refresh` */
    uint32_t next_id, next_token;
    bool started, in_round, again, polling;
    int retry_log2;
    struct timer retry_timer, first_timer;
    /* the query on its way */
    struct line *asked;
    enum purpose purpose;
    uint32_t token;
    struct association *replacing; /* waits for a look-up, or is looked up for */
    struct mono replace_allowed, refreshed_at;
};

/* names.c */
void names_append_line(struct names *n, struct line *l);
void names_remove_line(struct line *l); /* and free it */
struct line *names_line_of(const struct association *a, int *member);

/* lookup.c: timers' ends, and what lines and members need of it. */
void lookup_retry(void *ctx, struct mono now);
void lookup_begin_polling(void *ctx, struct mono now);
/* Send the next query if there is something to ask and none on its way. */
void lookup_next(struct names *n);
void lookup_cancel(struct names *n);
bool lookup_family_ok(const struct names *n, const struct line *l, enum addr_family family);
void lookup_start_member(struct names *n, struct association *a);

/* All changes of an address go through here, so that names_find knows it. */
void names_set_address(struct names *n, struct association *a, const struct addr *to);

#endif
