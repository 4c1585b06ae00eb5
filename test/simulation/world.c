/* world.c - who exists, and the loop that lets time pass. */
#include "test/simulation/world.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "test/simulation/hosts.h"
#include "test/simulation/leap_files.h"

#define DAY_NS (INT64_C(86400) * NS_PER_S)

struct world *world_create(uint64_t seed, int64_t epoch_ns)
{
    struct world *w = calloc(1, sizeof(*w));

    assert(w);
    w->seed = seed;
    w->truth.epoch_ns = epoch_ns;
    w->dns_delay_s = 0.01;
    w->icmp = true;
    w->hash = UINT64_C(0xcbf29ce484222325);
    return w;
}

static void free_node(struct node *n)
{
    struct queue *q = &n->world->queue;

    if (n->host && n->host->destroy)
        n->host->destroy(n);
    node_free_devices(n);
    queue_cancel(q, &n->wake);
    queue_cancel(q, &n->starting);
    queue_cancel(q, &n->resume);
    queue_cancel(q, &n->leap_due);
    queue_cancel(q, &n->tick);
    if (n->has_config)
        config_free(&n->config);
    for (struct held_event *h = n->held, *next; h; h = next) {
        next = h->next;
        if (h->packet)
            packet_free(n->world, h->packet);
        free(h);
    }
    for (size_t i = 0; i < LOG_RING; i++)
        free(n->ring[i].text);
    node_free_sockets(n);
    disk_free(&n->disk);
    free(n->config_text);
    free(n->query_reply);
    free(n);
}

void world_destroy(struct world *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->node_count; i++) /* nothing may be sent or logged any more */
        node_crash(w->nodes[i]);
    for (size_t i = 0; i < w->node_count; i++)
        free_node(w->nodes[i]);
    while (w->queue.used > 0) { /* packets on their way belong to the queue alone */
        struct happening *h = queue_pop(&w->queue);

        if (h->discard)
            h->discard(w, h);
    }
    for (size_t i = 0; i < w->dns_count; i++)
        free(w->dns[i].name);
    for (struct tap *t = w->taps, *next; t; t = next) {
        next = t->next;
        free(t);
    }
    free(w->dns);
    network_free(w);
    queue_free(&w->queue);
    hash_free(&w->names);
    free(w->nodes);
    free(w->addr_table);
    free(w);
}

/* --- nodes by name and address --- */

static void place_addr(struct world *w, const struct addr *a, uint32_t value)
{
    size_t i = addr_hash(a, 0x5eed) & (w->addr_table_size - 1);

    while (w->addr_table[i].value != 0)
        i = (i + 1) & (w->addr_table_size - 1);
    w->addr_table[i] = (struct addr_entry){.addr = *a, .value = value};
}

void world_add_address(struct world *w, const struct addr *a, const struct node *n)
{
    if (2 * (w->addr_table_used + 1) > w->addr_table_size) {
        struct addr_entry *old = w->addr_table;
        size_t count = w->addr_table_size;

        w->addr_table_size = count ? 2 * count : 64;
        w->addr_table = calloc(w->addr_table_size, sizeof(*w->addr_table));
        assert(w->addr_table);
        for (size_t i = 0; i < count; i++) {
            if (old[i].value != 0)
                place_addr(w, &old[i].addr, old[i].value);
        }
        free(old);
    }
    w->addr_table_used++;
    place_addr(w, a, (uint32_t)n->index + 1);
}

struct node *world_node_by_addr(const struct world *w, const struct addr *a)
{
    size_t i;

    if (w->addr_table_size == 0)
        return NULL;
    i = addr_hash(a, 0x5eed) & (w->addr_table_size - 1);
    while (w->addr_table[i].value != 0) {
        if (addr_equal(&w->addr_table[i].addr, a))
            return w->nodes[w->addr_table[i].value - 1];
        i = (i + 1) & (w->addr_table_size - 1);
    }
    return NULL;
}

struct node *world_node(const struct world *w, const char *name)
{
    uint32_t number = hash_text(name);
    size_t at = 0;
    struct node *n;

    while ((n = hash_next(&w->names, number, &at)) != NULL) {
        if (strcmp(n->name, name) == 0)
            return n;
    }
    return NULL;
}

/* 10.0.0.1 and fd00::1 for the first node. */
static void give_addresses(struct node *n)
{
    uint32_t number = (uint32_t)n->index + 1;

    n->addr4 = addr_from_ipv4(UINT32_C(0x0a000000) + number);
    n->addr6 = (struct addr){.family = ADDR_IPV6, .bytes = {0xfd}};
    for (int i = 0; i < 4; i++)
        n->addr6.bytes[15 - i] = (uint8_t)(number >> 8 * i);
    world_add_address(n->world, &n->addr4, n);
    world_add_address(n->world, &n->addr6, n);
}

struct node *world_add_node(struct world *w, const char *name)
{
    struct node *n;

    if (w->node_count == w->node_size) {
        w->node_size = w->node_size ? 2 * w->node_size : 16;
        w->nodes = realloc(w->nodes, w->node_size * sizeof(struct node *));
        assert(w->nodes);
    }
    n = calloc(1, sizeof(*n));
    assert(n);
    n->world = w;
    n->index = w->node_count;
    w->nodes[w->node_count++] = n;
    text_copy(n->name, sizeof(n->name), name);
    if (!hash_add(&w->names, hash_text(n->name), n))
        abort();
    give_addresses(n);
    node_init(n);
    return n;
}

struct dns_entry *world_dns(struct world *w, const char *name)
{
    struct dns_entry *d;

    for (size_t i = 0; i < w->dns_count; i++) {
        if (strcmp(w->dns[i].name, name) == 0)
            return &w->dns[i];
    }
    w->dns = realloc(w->dns, (w->dns_count + 1) * sizeof(*w->dns));
    assert(w->dns);
    d = &w->dns[w->dns_count++];
    *d = (struct dns_entry){.name = strdup(name), .delay_s = -1.0};
    assert(d->name);
    return d;
}

/* --- time --- */

static void leap_second(struct world *w, struct happening *h)
{
    (void)h;
    for (size_t i = 0; i < w->node_count; i++) /* probes up to now count with the old offset */
        simclock_advance(&w->nodes[i]->clock, w->now_ns);
    w->truth.leap_ns -= w->leap_sign * NS_PER_S;
    w->leap_sign = 0;
}

void world_schedule_leap(struct world *w, int64_t at_ns, int sign)
{
    w->leap_at_ns = at_ns;
    w->leap_sign = sign;
    w->leap.fire = leap_second;
    queue_set(&w->queue, &w->leap, at_ns);
}

int world_leap(const struct world *w)
{
    if (w->leap_sign == 0 || w->leap_at_ns - w->now_ns > DAY_NS)
        return 0;
    return w->leap_sign > 0 ? 1 : 2;
}

int world_tai_offset(const struct world *w)
{
    return leap_history_tai(w->truth.epoch_ns / NS_PER_S) - (int)(w->truth.leap_ns / NS_PER_S);
}

void world_run(struct world *w, int64_t until_ns)
{
    while (queue_next(&w->queue) <= until_ns && w->fault[0] == '\0') {
        struct happening *h;

        w->now_ns = queue_next(&w->queue);
        h = queue_pop(&w->queue);
        h->fire(w, h);
    }
    if (w->fault[0] != '\0')
        return;
    w->now_ns = until_ns;
    for (size_t i = 0; i < w->node_count; i++)
        simclock_advance(&w->nodes[i]->clock, until_ns);
}

static void stir(struct world *w, uint64_t v)
{
    w->hash = (w->hash ^ v) * UINT64_C(0x9fb21c651e98df25);
    w->hash ^= w->hash >> 32;
}

void world_note(struct world *w, const struct node *n, const char *kind, const void *data,
                size_t length, const char *format, ...)
{
    const uint8_t *p = data;
    va_list args;

    stir(w, (uint64_t)w->now_ns);
    stir(w, (uint64_t)n->index << 32 ^ (uint64_t)(uint8_t)kind[0] << 8 ^ (uint8_t)kind[1] ^
                length << 16);
    while (length > 0) {
        uint64_t v = 0;
        size_t part = length < 8 ? length : 8;

        for (size_t i = 0; i < part; i++)
            v |= (uint64_t)p[i] << 8 * i;
        stir(w, v);
        p += part;
        length -= part;
    }
    if (!w->trace)
        return;
    fprintf(w->trace, "%17.9f %-12s %-6s ", (double)w->now_ns * 1e-9, n->name, kind);
    va_start(args, format);
    vfprintf(w->trace, format, args);
    va_end(args);
    putc('\n', w->trace);
}
