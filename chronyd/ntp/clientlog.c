#include "chronyd/ntp/clientlog.h"

#include <math.h>
#include <stdlib.h>

#include "chronyd/ntp/timestamps.h"

#define RECORDS_PER_SLOT 8
#define RECORDS_MAX 16777216
#define SLOTS_FIRST 16
#define INTERVAL_UNKNOWN 127
#define TICK_LOG2_NS 24 /* 17 ms; years until the count wraps */
/* The first packets of an address are too few to tell an interval. */
#define RATE_WEIGHT 0.25F

struct client_record {
    struct addr addr; /* ADDR_NONE: free */
    uint8_t seen;     /* a bit for each service */
    bool dropped;     /* the last NTP request got no answer */
    uint32_t hits[CLIENT_SERVICES], drops[CLIENT_SERVICES];
    float tokens[CLIENT_SERVICES];    /* left in the bucket, in packets */
    float interval[CLIENT_SERVICES];  /* mean log2 s between requests, > 100 unknown */
    float timeout_interval;           /* of requests that follow a dropped one (NTP) */
    int64_t last_ns[CLIENT_SERVICES]; /* monotonic */
};

/* What a search looks at, apart from the records: two cache lines instead of thirteen. */
struct client_slot {
    uint32_t tag[RECORDS_PER_SLOT];  /* hash of the address, 0: free */
    uint32_t last[RECORDS_PER_SLOT]; /* when anything came from it, ticks */
};

struct clientlog {
    struct os os;
    struct clientlog_settings settings;
    struct client_record *records; /* slots * RECORDS_PER_SLOT */
    struct client_slot *index;     /* slots */
    size_t slots, slots_max;       /* powers of two */
    uint32_t secret;
    uint64_t random_left; /* bits not yet used */
    int random_bits;
    struct timestamps *times;
    struct server_stats stats;
};

/* The largest power of two of slots for which records and as many timestamp pairs fit. */
static size_t slots_within(size_t memory)
{
    size_t each = RECORDS_PER_SLOT * (sizeof(struct client_record) + timestamps_entry_bytes()) +
                  sizeof(struct client_slot);
    size_t slots = 1;

    while (slots * 2 * RECORDS_PER_SLOT <= RECORDS_MAX && slots * 2 <= memory / each)
        slots *= 2;
    return slots;
}

struct clientlog *clientlog_create(const struct os *os, const struct clientlog_settings *s)
{
    struct clientlog *cl = calloc(1, sizeof(*cl));

    if (!cl)
        return NULL;
    cl->os = *os;
    cl->settings = *s;
    os->ops->random(os->ctx, &cl->secret, sizeof(cl->secret));
    if (!s->enabled)
        return cl;
    cl->slots_max = slots_within(s->memory_limit);
    cl->slots = cl->slots_max < SLOTS_FIRST ? cl->slots_max : SLOTS_FIRST;
    cl->records = calloc(cl->slots * RECORDS_PER_SLOT, sizeof(*cl->records));
    cl->index = calloc(cl->slots, sizeof(*cl->index));
    cl->times = timestamps_create(cl->slots_max * RECORDS_PER_SLOT, cl->secret);
    if (!cl->records || !cl->index || !cl->times) {
        clientlog_destroy(cl);
        return NULL;
    }
    return cl;
}

void clientlog_destroy(struct clientlog *cl)
{
    if (!cl)
        return;
    timestamps_destroy(cl->times);
    free(cl->records);
    free(cl->index);
    free(cl);
}

bool clientlog_enabled(const struct clientlog *cl)
{
    return cl->settings.enabled;
}

static bool has_seen(const struct client_record *r, size_t service)
{
    return r->seen >> service & 1;
}

/* Twice as many slots; false when the limit is reached. Splitting a slot in two can never overflow
 * one of the halves. */
static bool grow(struct clientlog *cl)
{
    size_t slots = cl->slots * 2;
    struct client_record *records = NULL;
    struct client_slot *index = NULL;

    if (slots <= cl->slots_max) {
        records = calloc(slots * RECORDS_PER_SLOT, sizeof(*records));
        index = calloc(slots, sizeof(*index));
    }
    if (!records || !index) {
        free(records);
        free(index);
        return false;
    }
    for (size_t i = 0; i < cl->slots * RECORDS_PER_SLOT; i++) {
        const struct client_slot *old = &cl->index[i / RECORDS_PER_SLOT];
        uint32_t tag = old->tag[i % RECORDS_PER_SLOT];
        size_t to = tag & (slots - 1), k = 0;

        if (tag == 0)
            continue;
        while (index[to].tag[k] != 0)
            k++;
        index[to].tag[k] = tag;
        index[to].last[k] = old->last[i % RECORDS_PER_SLOT];
        records[to * RECORDS_PER_SLOT + k] = cl->records[i];
    }
    free(cl->records);
    free(cl->index);
    cl->records = records;
    cl->index = index;
    cl->slots = slots;
    return true;
}

static void record_reset(struct client_record *r, const struct addr *a,
                         const struct clientlog_settings *s)
{
    *r = (struct client_record){.addr = *a, .timeout_interval = INTERVAL_UNKNOWN};
    for (size_t i = 0; i < CLIENT_SERVICES; i++) {
        r->interval[i] = INTERVAL_UNKNOWN;
        r->tokens[i] = (float)s->limits[i].burst;
    }
}

/* The record of the address: the one that it has, or a new one, for which the one goes that was not
 * heard of for longest. */
static struct client_record *find(struct clientlog *cl, const struct addr *a, struct mono now)
{
    uint32_t hash = addr_hash(a, cl->secret), tag = hash ? hash : 1;
    uint32_t tick = (uint32_t)((uint64_t)now.ns >> TICK_LOG2_NS);
    size_t number = tag & (cl->slots - 1), oldest = 0;
    struct client_slot *slot = &cl->index[number];
    struct client_record *records = &cl->records[number * RECORDS_PER_SLOT];

    for (size_t i = 0; i < RECORDS_PER_SLOT; i++) {
        if (slot->tag[i] == tag && addr_equal(&records[i].addr, a)) {
            slot->last[i] = tick;
            return &records[i];
        }
        if (slot->tag[oldest] != 0 &&
            (slot->tag[i] == 0 || tick - slot->last[i] > tick - slot->last[oldest]))
            oldest = i;
    }
    if (slot->tag[oldest] != 0) {
        if (grow(cl))
            return find(cl, a, now);
        /* A record goes that nobody has looked at. */
        cl->stats.log_drops++;
    }
    slot->tag[oldest] = tag;
    slot->last[oldest] = tick;
    record_reset(&records[oldest], a, &cl->settings);
    return &records[oldest];
}

/* True once in 2^log2 calls on average; bits are fetched by the word. */
static bool one_in(struct clientlog *cl, int log2)
{
    uint64_t bits;

    if (cl->random_bits < log2) {
        cl->os.ops->random(cl->os.ctx, &cl->random_left, sizeof(cl->random_left));
        cl->random_bits = 64;
    }
    bits = cl->random_left & ((UINT64_C(1) << log2) - 1);
    cl->random_left >>= log2;
    cl->random_bits -= log2;
    return bits == 0;
}

static void average(float *mean, double interval_s)
{
    float value = (float)log2(interval_s > 1e-6 ? interval_s : 1e-6);

    if (*mean > 100)
        *mean = value;
    else
        *mean += (value - *mean) * RATE_WEIGHT;
}

static void count(struct client_record *r, enum client_service service, struct mono now)
{
    double since_s = s_from_ns(now.ns - r->last_ns[service]);

    if (r->hits[service] < UINT32_MAX)
        r->hits[service]++;
    if (has_seen(r, service)) {
        if (service == CLIENT_NTP && r->dropped)
            average(&r->timeout_interval, since_s);
        else
            average(&r->interval[service], since_s);
    }
}

/* The bucket fills by one packet per 2^interval seconds and holds `burst` of them. */
static bool take_token(struct client_record *r, enum client_service service,
                       const struct ratelimit_settings *limit, struct mono now)
{
    double since_s = has_seen(r, service) ? s_from_ns(now.ns - r->last_ns[service]) : 0.0;
    double tokens = (double)r->tokens[service] + ldexp(since_s, -limit->interval);

    tokens = min_d(tokens, (double)limit->burst);
    /* Rounding in the sum must not cost a client that keeps exactly to the limit its packet. */
    if (tokens < 1.0 - 1e-3) {
        r->tokens[service] = (float)tokens;
        return false;
    }
    r->tokens[service] = (float)max_d(tokens - 1.0, 0.0);
    return true;
}

static enum client_verdict judge(struct clientlog *cl, struct client_record *r,
                                 enum client_service service, struct mono now)
{
    const struct ratelimit_settings *limit = &cl->settings.limits[service];

    if (!limit->enabled || (service == CLIENT_COMMAND && addr_is_loopback(&r->addr)))
        return CLIENT_ANSWER;
    if (take_token(r, service, limit, now))
        return CLIENT_ANSWER;
    /* Some are let through, so that an attacker who sends in the name of a client cannot cut it
     * off; which ones cannot be guessed. */
    if (one_in(cl, limit->leak))
        return CLIENT_ANSWER;
    if (r->drops[service] < UINT32_MAX)
        r->drops[service]++;
    cl->stats.drops[service]++;
    if (service == CLIENT_NTP && limit->kod > 0 && one_in(cl, limit->kod))
        return CLIENT_KOD;
    return CLIENT_DROP;
}

enum client_verdict clientlog_hit(struct clientlog *cl, enum client_service service,
                                  const struct addr *client, struct mono now)
{
    enum client_verdict verdict;
    struct client_record *r;

    cl->stats.hits[service]++;
    if (!cl->settings.enabled || (client->family != ADDR_IPV4 && client->family != ADDR_IPV6))
        return CLIENT_ANSWER;
    r = find(cl, client, now);
    count(r, service, now);
    verdict = judge(cl, r, service, now);
    r->seen = (uint8_t)(r->seen | 1u << service);
    r->last_ns[service] = now.ns;
    if (service == CLIENT_NTP)
        r->dropped = verdict == CLIENT_DROP;
    return verdict;
}

void clientlog_save_times(struct clientlog *cl, struct ntp_time receive, struct utc receive_utc,
                          struct ntp_time transmit, enum os_stamp transmit_by)
{
    if (cl->times)
        timestamps_save(cl->times, receive, receive_utc, transmit, transmit_by);
}

void clientlog_update_transmit(struct clientlog *cl, struct ntp_time receive,
                               struct ntp_time transmit, enum os_stamp transmit_by)
{
    if (cl->times)
        timestamps_update(cl->times, receive, transmit, transmit_by);
}

bool clientlog_find_times(const struct clientlog *cl, struct ntp_time receive,
                          struct ntp_time *transmit, enum os_stamp *transmit_by)
{
    return cl->times && timestamps_find(cl->times, receive, transmit, transmit_by);
}

size_t clientlog_slots(const struct clientlog *cl)
{
    return cl->slots * RECORDS_PER_SLOT;
}

static int8_t interval_of(float mean)
{
    return mean > 100 ? INTERVAL_UNKNOWN : (int8_t)clamp_i((int)lrintf(mean), -60, 60);
}

static bool filtered(const struct client_record *r, uint32_t min_hits)
{
    if (min_hits == 0)
        return false;
    for (size_t i = 0; i < CLIENT_SERVICES; i++) {
        if (r->hits[i] >= min_hits)
            return false;
    }
    return true;
}

bool clientlog_report(struct clientlog *cl, size_t slot, uint32_t min_hits, bool reset,
                      struct mono now, struct client_report *out)
{
    struct client_record *r;
    bool shown;

    if (slot >= clientlog_slots(cl))
        return false;
    r = &cl->records[slot];
    if (r->addr.family == ADDR_NONE)
        return false;
    shown = !filtered(r, min_hits);
    *out = (struct client_report){.addr = r->addr};
    out->ntp_timeout_interval = interval_of(r->timeout_interval);
    for (size_t i = 0; i < CLIENT_SERVICES; i++) {
        double ago_s = s_from_ns(now.ns - r->last_ns[i]);

        out->hits[i] = r->hits[i];
        out->drops[i] = r->drops[i];
        out->interval[i] = interval_of(r->interval[i]);
        out->last_ago_s[i] = has_seen(r, i) ? (uint32_t)clamp_d(ago_s, 0.0, 4e9) : UINT32_MAX;
        if (reset)
            r->hits[i] = r->drops[i] = 0;
    }
    return shown;
}

void clientlog_stats(const struct clientlog *cl, struct server_stats *out)
{
    *out = cl->stats;
    if (cl->times)
        timestamps_span(cl->times, &out->ntp_timestamps, &out->ntp_span_s);
}

static size_t stamp_index(enum os_stamp by)
{
    return by == STAMP_HARDWARE ? 2 : by == STAMP_KERNEL ? 1 : 0;
}

void clientlog_count_reply(struct clientlog *cl, bool authenticated, bool interleaved,
                           enum os_stamp rx, enum os_stamp tx)
{
    cl->stats.ntp_auth_hits += authenticated;
    cl->stats.ntp_interleaved_hits += interleaved;
    cl->stats.rx_stamps[stamp_index(rx)]++;
    cl->stats.tx_stamps[stamp_index(tx)]++;
}
