/* fuzz_ntp_reply.c - whatever may come back to a client or a peer.
 *
 * The first byte chooses how the source is configured. Then records: flags, a pause, a length and
 * bytes that are taken for an answer. A flag puts in the timestamp that only a real answer has;
 * without it nothing may ever be believed. */
#include <stdint.h>

#include "chronyd/control/control.h"
#include "chronyd/ntp/mac.h"
#include "test/unit/memory_daemon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum flag {
    FLAG_ORIGIN = 1,  /* origin = transmit timestamp of the request */
    FLAG_RECEIVE = 2, /* origin = its receive timestamp */
    FLAG_SIGN = 4,
    FLAG_TIMES = 8, /* receive and transmit timestamps that make sense */
    FLAG_MODE = 16, /* version and mode of an answer */
};

#define RECORDS_MAX 40

static const char *const configurations[][6] = {
    {"port 0", "server 192.0.2.1 iburst minpoll 0", NULL},
    {"port 0", "server 192.0.2.1 xleave extfield F323 minpoll 0", NULL},
    {"port 0", "keyfile K", "server 192.0.2.1 key 1 presend 0 minpoll 0 burst", NULL},
    {"peer 192.0.2.1 xleave minpoll 0", NULL},
    {"peer 192.0.2.1 key 1 minpoll 0", "keyfile K", "allow", "local", NULL},
    {"allow", "server 192.0.2.1 copy filter 3 maxdelayquant 0.5 minpoll 0", NULL},
};

static uint32_t valid_count(const struct toy_daemon *d)
{
    struct addr a = addr_from_ipv4(0xc0000201);
    struct ntp_data_report r;

    if (!ntp_data_report(chronyd_rooms(d->chronyd)->ntp, &a, &r))
        abort();
    return r.total_valid;
}

static void put_u64(uint8_t *to, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(v >> (56 - 8 * i));
}

static void sign(const struct toy_daemon *d, uint8_t *data, size_t *length)
{
    const struct key *k = keystore_find(chronyd_rooms(d->chronyd)->keys, 1);
    struct ntp_packet p;

    if (k && ntp_packet_decode(data, *length, &p) && p.auth == NTP_AUTH_NONE &&
        !ntp_mac_append(k, p.header.version, data, length, NTP_PACKET_BYTES_MAX))
        abort();
}

static void answer(struct toy_daemon *d, uint8_t flags, uint8_t *data, size_t length)
{
    struct event ev = {.type = EVENT_DATAGRAM};
    uint32_t before = valid_count(d);
    uint64_t now = ntp_time_from_utc(d->toy.utc).bits;
    uint8_t asked = d->toy.sent_data[0];

    if (d->toy.sent_count == 0 || d->toy.sockets[d->toy.sent.sock].kind == TOY_CLOSED)
        return;
    if (length >= NTP_HEADER_BYTES) {
        if (flags & FLAG_MODE)
            data[0] = (uint8_t)((asked & 0x3f) + ((asked & 7) == NTP_MODE_CLIENT));
        if (flags & FLAG_ORIGIN)
            memcpy(data + 24, d->toy.sent_data + 40, 8);
        else if (flags & FLAG_RECEIVE)
            memcpy(data + 24, d->toy.sent_data + 32, 8);
        if (flags & FLAG_TIMES) {
            put_u64(data + 32, now);
            put_u64(data + 40, now + 1);
        }
    }
    if (flags & FLAG_SIGN)
        sign(d, data, &length);
    ev.datagram = (struct os_datagram){
        .sock = d->toy.sent.sock,
        .remote = {addr_from_ipv4(0xc0000201), 123},
        .local = addr_from_ipv4(0xc00002ff),
        .data = data,
        .length = length,
        .stamp = d->toy.utc,
        .stamp_by = STAMP_KERNEL,
    };
    chronyd_handle(d->chronyd, &ev);
    if (!(flags & (FLAG_ORIGIN | FLAG_RECEIVE)) && valid_count(d) != before)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct toy_daemon d;
    uint8_t packet[NTP_PACKET_BYTES_MAX];

    if (size < 1)
        return 0;
    d = (struct toy_daemon){.toy = {.file_path = "K", .file_text = "1 SHA1 0123456789ab\n"}};
    if (!toy_daemon_start(&d, configurations[data[0] % ARRAY_LEN(configurations)]))
        abort();
    data++;
    size--;
    for (int i = 0; i < RECORDS_MAX && size >= 3; i++) {
        uint8_t flags = data[0];
        double pause_s = data[1] / 100.0;
        size_t length = data[2] < size - 3 ? data[2] : size - 3;

        memcpy(packet, data + 3, length);
        toy_daemon_run(&d, pause_s);
        answer(&d, flags, packet, length);
        data += 3 + length;
        size -= 3 + length;
    }
    toy_daemon_stop(&d);
    return 0;
}
