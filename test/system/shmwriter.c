/* shmwriter.c - a receiver that does not exist: tells refclocks what the time is.
 *
 *     shmwriter shm UNIT OFFSET SECONDS     fill the shared memory of an NTP unit
 *     shmwriter sock PATH OFFSET SECONDS    send to the socket of a SOCK refclock
 *     shmwriter pulse PATH OFFSET SECONDS   the same, as pulses
 *
 * Ten times a second the system clock plus OFFSET is told, for SECONDS. Offsets scatter by a few
 * microseconds, and every seventh sample is late by 50 milliseconds, as serial lines do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define RATE 10

struct unit {
    int mode, count;
    time_t clock_s;
    int clock_us;
    time_t receive_s;
    int receive_us, leap, precision, samples, valid;
    unsigned clock_ns, receive_ns;
    int spare[8];
};

struct packet {
    struct timeval stamp;
    double offset_s;
    int pulse, leap, padding, magic;
};

static long long now_ns(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_REALTIME, &t) < 0)
        exit(2);
    return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

static long long error_ns(int i)
{
    return (i * 7919) % 4001 - 2000 - (i % 7 == 0 ? 50000000 : 0);
}

static void fill(volatile struct unit *u, long long offset_ns, int i)
{
    long long receive = now_ns(), clock = receive + offset_ns + error_ns(i);

    u->mode = 1;
    u->valid = 0;
    u->count++;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    u->clock_s = (time_t)(clock / 1000000000);
    u->clock_ns = (unsigned)(clock % 1000000000);
    u->clock_us = (int)(u->clock_ns / 1000);
    u->receive_s = (time_t)(receive / 1000000000);
    u->receive_ns = (unsigned)(receive % 1000000000);
    u->receive_us = (int)(u->receive_ns / 1000);
    u->leap = 0;
    u->precision = -20;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    u->count++;
    u->valid = 1;
}

static void post(int fd, const struct sockaddr_un *to, long long offset_ns, int i, int pulse)
{
    long long stamp = now_ns();
    struct packet p = {.pulse = pulse, .magic = 0x534f434b};

    p.stamp.tv_sec = (time_t)(stamp / 1000000000);
    p.stamp.tv_usec = (suseconds_t)(stamp % 1000000000 / 1000);
    p.offset_s = (double)(offset_ns + error_ns(i)) * 1e-9;
    if (sendto(fd, &p, sizeof(p), 0, (const struct sockaddr *)to, sizeof(*to)) < 0)
        perror("sendto");
}

int main(int argc, char **argv)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct unit *u = NULL;
    long long offset_ns;
    int fd = -1, rounds;

    if (argc != 5) {
        fprintf(stderr, "usage: shmwriter shm|sock|pulse UNIT|PATH OFFSET SECONDS\n");
        return 2;
    }
    offset_ns = (long long)(strtod(argv[3], NULL) * 1e9);
    rounds = (int)(strtod(argv[4], NULL) * RATE);
    if (strcmp(argv[1], "shm") == 0) {
        u = shmat(shmget(0x4e545030 + (int)strtol(argv[2], NULL, 10), sizeof(*u), IPC_CREAT | 0600),
                  NULL, 0);
        if (u == (void *)-1) {
            perror("shared memory");
            return 2;
        }
    } else {
        fd = socket(AF_UNIX, SOCK_DGRAM, 0);
        (void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", argv[2]);
    }
    for (int i = 0; i < rounds; i++) {
        if (u)
            fill(u, offset_ns, i);
        else
            post(fd, &to, offset_ns, i, strcmp(argv[1], "pulse") == 0);
        (void)usleep(1000000 / RATE);
    }
    return 0;
}
