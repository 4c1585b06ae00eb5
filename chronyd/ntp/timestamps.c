#include "chronyd/ntp/timestamps.h"

#include <stdlib.h>

#define SET 8

struct stamp_pair {
    struct ntp_time receive; /* 0: free */
    struct ntp_time transmit;
    uint32_t saved_s; /* receive time, seconds modulo 2^32 */
    uint8_t by;
};

struct timestamps {
    struct stamp_pair *pairs; /* NULL until there is something to remember */
    size_t entries;
    uint32_t secret;
};

size_t timestamps_entry_bytes(void)
{
    return sizeof(struct stamp_pair);
}

struct timestamps *timestamps_create(size_t entries, uint32_t secret)
{
    struct timestamps *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->entries = entries;
    t->secret = secret;
    return t;
}

void timestamps_destroy(struct timestamps *t)
{
    if (!t)
        return;
    free(t->pairs);
    free(t);
}

static struct stamp_pair *set_of(const struct timestamps *t, struct ntp_time receive)
{
    uint64_t h = (receive.bits ^ (uint64_t)t->secret << 16) * UINT64_C(0x9e3779b97f4a7c15);

    return t->pairs + ((h >> 32) & (t->entries / SET - 1)) * SET;
}

static struct stamp_pair *find(const struct timestamps *t, struct ntp_time receive)
{
    struct stamp_pair *set;

    if (!t->pairs || receive.bits == 0)
        return NULL;
    set = set_of(t, receive);
    for (size_t i = 0; i < SET; i++) {
        if (set[i].receive.bits == receive.bits)
            return &set[i];
    }
    return NULL;
}

bool timestamps_save(struct timestamps *t, struct ntp_time receive, struct utc receive_utc,
                     struct ntp_time transmit, enum os_stamp by)
{
    uint32_t now_s = (uint32_t)(receive_utc.ns / NS_PER_S);
    struct stamp_pair *set, *oldest;

    if (receive.bits == 0 || find(t, receive))
        return false;
    if (!t->pairs)
        t->pairs = calloc(t->entries, sizeof(*t->pairs));
    if (!t->pairs)
        return false;
    set = oldest = set_of(t, receive);
    for (size_t i = 0; i < SET; i++) {
        if (set[i].receive.bits == 0) {
            oldest = &set[i];
            break;
        }
        if (now_s - set[i].saved_s > now_s - oldest->saved_s)
            oldest = &set[i];
    }
    *oldest = (struct stamp_pair){receive, transmit, now_s, (uint8_t)by};
    return true;
}

void timestamps_update(struct timestamps *t, struct ntp_time receive, struct ntp_time transmit,
                       enum os_stamp by)
{
    struct stamp_pair *p = find(t, receive);

    if (!p)
        return;
    p->transmit = transmit;
    p->by = (uint8_t)by;
}

bool timestamps_find(const struct timestamps *t, struct ntp_time receive, struct ntp_time *transmit,
                     enum os_stamp *by)
{
    const struct stamp_pair *p = find(t, receive);

    if (!p)
        return false;
    *transmit = p->transmit;
    if (by)
        *by = (enum os_stamp)p->by;
    return true;
}

void timestamps_span(const struct timestamps *t, uint64_t *count, uint64_t *span_s)
{
    int32_t low = 0, high = 0;
    uint32_t first = 0;

    *count = 0;
    *span_s = 0;
    for (size_t i = 0; t->pairs && i < t->entries; i++) {
        const struct stamp_pair *p = &t->pairs[i];
        int32_t since;

        if (p->receive.bits == 0)
            continue;
        if ((*count)++ == 0)
            first = p->saved_s;
        since = (int32_t)(p->saved_s - first);
        low = since < low ? since : low;
        high = since > high ? since : high;
    }
    *span_s = (uint64_t)((int64_t)high - low);
}
