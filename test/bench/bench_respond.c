/* bench_respond.c - how many requests per second can one core answer?
 *
 * Only what the daemon itself does: decoding, access, client log, the answer and its MAC. System
 * calls are left to test/system/ntpload, which asks a running server.
 *
 *     bench_respond [SECONDS] */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chronyd/ntp/clientlog.h"
#include "chronyd/ntp/mac.h"
#include "chronyd/ntp/respond.h"

#define BATCH 1000

static void next_random(void *ctx, void *out, size_t length)
{
    uint64_t *seed = ctx;
    uint8_t *to = out;

    for (size_t i = 0; i < length; i++) {
        *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        to[i] = (uint8_t)(*seed >> 56);
    }
}

struct bench {
    struct ntp_view view;
    struct clientlog *clients;
    struct os_datagram request;
    uint8_t data[NTP_PACKET_BYTES_MAX];
    uint32_t addresses; /* so many clients take turns */
    uint32_t turn;
};

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void answer_one(struct bench *b)
{
    struct respond_interleaved il = {.prev_receive = {b->turn + 1}};
    struct respond_out out;
    struct utc now = {INT64_C(1800000000000000000) + b->turn};
    enum os_stamp by;

    b->request.remote.addr = addr_from_ipv4(0x0a000000 + b->turn++ % b->addresses);
    b->request.stamp = now;
    if (!access_allows(b->view.access, &b->request.remote.addr) ||
        clientlog_hit(b->clients, CLIENT_NTP, &b->request.remote.addr, (struct mono){now.ns}) ==
            CLIENT_DROP)
        abort();
    if (clientlog_find_times(b->clients, il.prev_receive, &il.prev_transmit, &by) ||
        ntp_respond(&b->view, &b->request, NULL, now, false, &out) != RESPOND_SEND)
        abort();
    clientlog_save_times(b->clients, out.receive, now, out.transmit, STAMP_DAEMON);
}

static void measure(struct bench *b, const char *name, double seconds)
{
    double start_s = now_s(), end_s;
    long n = 0;

    do {
        for (int i = 0; i < BATCH; i++)
            answer_one(b);
        n += BATCH;
        end_s = now_s();
    } while (end_s - start_s < seconds);
    printf("%-28s %12.0f requests/s %8.0f ns each\n", name, (double)n / (end_s - start_s),
           (end_s - start_s) / (double)n * 1e9);
}

static void set_request(struct bench *b, uint8_t version, const struct key *key)
{
    struct ntp_header h = {.version = version, .mode = NTP_MODE_CLIENT, .transmit = {12345}};

    ntp_header_encode(&h, b->data);
    b->request.length = NTP_HEADER_BYTES;
    if (key && !ntp_mac_append(key, version, b->data, &b->request.length, sizeof(b->data)))
        abort();
}

int main(int argc, char **argv)
{
    static const char text[] = "1 MD5 0123456789abcdef\n2 SHA1 0123456789abcdef\n"
                               "3 SHA256 0123456789abcdef\n"
                               "4 AES128 HEX:00112233445566778899aabbccddeeff\n";
    static const char *const types[] = {"MD5", "SHA1", "SHA256", "AES128"}; /* of key 1 .. 4 */
    static const struct log silent = {.least = LEVEL_FATAL};
    static const struct os_ops ops = {.random = next_random};
    struct clientlog_settings settings = {.enabled = true, .memory_limit = 1 << 26};
    struct access_rule rule = {.net = addr_from_ipv4(0x0a000000), .bits = 8, .allow = true};
    uint64_t seed = 1;
    struct os os = {&ops, &seed};
    struct bench b = {.view = {.precision = -23}, .addresses = 1};
    struct access_table *access = access_create();
    struct keystore *keys = keystore_create();
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1.0;
    struct err err;

    keystore_load(keys, text, strlen(text), "keys", &silent);
    b.clients = clientlog_create(&os, &settings);
    b.view.access = access;
    b.view.keys = keys;
    b.view.figures.synchronised = true;
    b.request.remote.port = 40000;
    b.request.data = b.data;
    if (!b.clients || !access_apply(access, &rule, &err))
        return 1;
    set_request(&b, 4, NULL);
    measure(&b, "one client", seconds);
    b.addresses = 100000;
    measure(&b, "100000 clients", seconds);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        char name[64];

        set_request(&b, 4, keystore_find(keys, (uint32_t)i + 1));
        snprintf(name, sizeof(name), "100000 clients, %s", types[i]);
        measure(&b, name, seconds);
    }
    clientlog_destroy(b.clients);
    access_destroy(access);
    keystore_destroy(keys);
    return 0;
}
