/* rawserver.c - a small NTP server whose time does not move with the host's clock.
 *
 * Its time base is CLOCK_MONOTONIC_RAW: the system time at start, plus an offset, running at a rate
 * of its own. So the clock of the very host it runs on can be put wrong and disciplined against it.
 * It serves 127.0.0.1 (or the address given), and once a second prints what a client may not know:
 *     ELAPSED_S  SYSTEM_MINUS_TRUE_S  KERNEL_FREQ_PPM
 * Ends after --seconds, or on a signal.
 *
 *     rawserver [--port N] [--address A] [--offset S] [--ppm P] [--seconds N] [--stratum N] */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <time.h>

#include "base/text.h"
#include "base/time.h"
#include "chronyd/ntp/packet.h"

struct base {
    int64_t raw_start_ns;
    struct utc utc_start;
    double rate; /* seconds of our time per second of the raw clock */
};

struct options {
    int port, stratum;
    const char *address;
    double offset_s, ppm, seconds;
};

static int64_t read_clock(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static struct utc base_now(const struct base *b)
{
    double elapsed_s = s_from_ns(read_clock(CLOCK_MONOTONIC_RAW) - b->raw_start_ns);

    return utc_add_s(b->utc_start, elapsed_s * b->rate);
}

/* The system clock against the base, from the tightest of a few readings. */
static double system_error_s(const struct base *b)
{
    double best = 0.0;
    int64_t shortest = INT64_MAX;

    for (int i = 0; i < 5; i++) {
        int64_t before = read_clock(CLOCK_MONOTONIC_RAW);
        struct utc system = {read_clock(CLOCK_REALTIME)};
        int64_t after = read_clock(CLOCK_MONOTONIC_RAW);
        double middle_s = s_from_ns(before + (after - before) / 2 - b->raw_start_ns);

        if (after - before < shortest) {
            shortest = after - before;
            best = utc_diff_s(system, utc_add_s(b->utc_start, middle_s * b->rate));
        }
    }
    return best;
}

static void report(const struct base *b)
{
    struct timex tx = {0};

    adjtimex(&tx);
    printf("%.1f %.9f %.6f\n", s_from_ns(read_clock(CLOCK_MONOTONIC_RAW) - b->raw_start_ns),
           system_error_s(b), (double)tx.freq / 65536.0 + (double)(tx.tick - 10000) * 100.0);
    fflush(stdout);
}

static void answer(int sock, const struct base *b, int stratum)
{
    uint8_t data[NTP_PACKET_BYTES_MAX], reply[NTP_HEADER_BYTES];
    struct sockaddr_storage from;
    socklen_t from_length = sizeof(from);
    struct ntp_packet request;
    struct utc received;
    ssize_t n = recvfrom(sock, data, sizeof(data), 0, (struct sockaddr *)&from, &from_length);

    received = base_now(b);
    if (n < 0 || !ntp_packet_decode(data, (size_t)n, &request) ||
        request.header.mode != NTP_MODE_CLIENT)
        return;

    struct ntp_header h = {
        .version = request.header.version,
        .mode = NTP_MODE_SERVER,
        .stratum = (uint8_t)stratum,
        .poll = request.header.poll,
        .precision = -23,
        .refid = 0x52415700, /* RAW */
        .reference = ntp_time_from_utc(received),
        .origin = request.header.transmit,
        .receive = ntp_time_from_utc(received),
    };
    h.transmit = ntp_time_from_utc(base_now(b));
    ntp_header_encode(&h, reply);
    sendto(sock, reply, sizeof(reply), 0, (struct sockaddr *)&from, from_length);
}

static bool parse_options(int argc, char **argv, struct options *o)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        double v = 0.0;

        if (!strcmp(argv[i], "--address")) {
            o->address = argv[i + 1];
            continue;
        }
        if (!text_double(argv[i + 1], &v))
            return false;
        if (!strcmp(argv[i], "--port"))
            o->port = (int)v;
        else if (!strcmp(argv[i], "--stratum"))
            o->stratum = (int)v;
        else if (!strcmp(argv[i], "--offset"))
            o->offset_s = v;
        else if (!strcmp(argv[i], "--ppm"))
            o->ppm = v;
        else if (!strcmp(argv[i], "--seconds"))
            o->seconds = v;
        else
            return false;
    }
    return argc % 2 == 1;
}

int main(int argc, char **argv)
{
    struct options o = {.port = 11123, .stratum = 1, .address = "127.0.0.1", .seconds = 600.0};
    struct sockaddr_in local = {.sin_family = AF_INET};
    struct base b;
    double next_s = 0.0;
    int sock;

    if (!parse_options(argc, argv, &o) || inet_pton(AF_INET, o.address, &local.sin_addr) != 1) {
        fputs("usage: rawserver [--port N] [--address A] [--offset S] [--ppm P] [--seconds N] "
              "[--stratum N]\n",
              stderr);
        return 2;
    }
    local.sin_port = htons((uint16_t)o.port);
    sock = socket(AF_INET, SOCK_DGRAM, 0);
    if (sock < 0 || bind(sock, (struct sockaddr *)&local, sizeof(local)) < 0) {
        perror("rawserver");
        return 1;
    }
    b.raw_start_ns = read_clock(CLOCK_MONOTONIC_RAW);
    b.utc_start = utc_add_s((struct utc){read_clock(CLOCK_REALTIME)}, o.offset_s);
    b.rate = 1.0 + o.ppm * 1e-6;

    for (;;) {
        double elapsed_s = s_from_ns(read_clock(CLOCK_MONOTONIC_RAW) - b.raw_start_ns);
        struct pollfd p = {.fd = sock, .events = POLLIN};

        if (elapsed_s >= o.seconds)
            return 0;
        if (elapsed_s >= next_s) {
            report(&b);
            next_s += 1.0;
            continue;
        }
        if (poll(&p, 1, (int)((next_s - elapsed_s) * 1e3) + 1) > 0)
            answer(sock, &b, o.stratum);
    }
}
