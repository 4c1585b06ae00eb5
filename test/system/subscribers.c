/* subscribers.c - a crowd at the report socket of a daemon.
 *
 *     subscribers crowd SOCKET COUNT SLEEPERS SECONDS
 *     subscribers ask SOCKET SECONDS
 *
 * crowd: COUNT connections subscribe to all events, the first SLEEPERS of them never read. Prints
 * how many were let in, told that there is no room, and cut off, and how many events came. ask:
 * sends TRACKING requests one after the other and prints how long the answers took. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "candm/events.h"

#define BUFFER_BYTES 4096
#define ANSWERS_MAX 20000

struct peer {
    bool sleeper, refused, gone;
    uint8_t in[BUFFER_BYTES];
    size_t used;
};

struct result {
    size_t refused, lost_readers, lost_sleepers;
    unsigned long events, missed;
};

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int connect_to(const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) != 0) {
        perror(path);
        exit(2);
    }
    return fd;
}

static void send_request(int fd, uint16_t command, uint32_t value)
{
    uint8_t data[CANDM_FRAME_HEADER + CANDM_REQUEST_MAX];
    size_t length = candm_required_length(candm_row(command));
    struct wire_out out = wire_out_of(data, sizeof(data));

    wire_put_u16(&out, (uint16_t)length);
    candm_put_request_header(
        &out, &(struct candm_request_header){.version = 6, .type = 1, .command = command});
    wire_put_u32(&out, value);
    wire_put_zeros(&out, CANDM_FRAME_HEADER + length - out.used);
    /* Who was refused has been hung up on already. */
    (void)!send(fd, data, out.used, MSG_NOSIGNAL);
}

/* --- the crowd ------------------------------------------------------------------------------- */

static void take_frame(struct peer *p, const uint8_t *data, size_t length, struct result *r)
{
    struct candm_event_header h;
    union candm_event_payload e;

    if (!candm_decode_event(data, length, &h, &e))
        return;
    if (h.event == CANDM_EVENT_closing && e.closing_.why == CANDM_CLOSING_FULL) {
        p->refused = true;
        r->refused++;
        return;
    }
    r->events++;
    r->missed += h.lost;
}

static void take_frames(struct peer *p, struct result *r)
{
    size_t at = 0;

    while (p->used - at >= CANDM_FRAME_HEADER) {
        size_t length = (size_t)p->in[at] << 8 | p->in[at + 1];

        if (p->used - at < CANDM_FRAME_HEADER + length)
            break;
        take_frame(p, p->in + at + CANDM_FRAME_HEADER, length, r);
        at += CANDM_FRAME_HEADER + length;
    }
    p->used -= at;
    memmove(p->in, p->in + at, p->used);
}

static void look_at(struct peer *p, struct pollfd *poll_fd, struct result *r)
{
    ssize_t n = -1;

    if (!p->sleeper) {
        n = recv(poll_fd->fd, p->in + p->used, sizeof(p->in) - p->used, MSG_DONTWAIT);
        if (n > 0) {
            p->used += (size_t)n;
            take_frames(p, r);
            return;
        }
    }
    p->gone = true;
    if (p->sleeper)
        r->lost_sleepers++;
    else if (!p->refused)
        r->lost_readers++;
    close(poll_fd->fd);
    poll_fd->fd = -1;
}

static int crowd(const char *path, size_t count, size_t sleepers, double seconds)
{
    struct peer *peers = calloc(count, sizeof(*peers));
    struct pollfd *polls = calloc(count, sizeof(*polls));
    struct result r = {0};
    double end_s;

    if (!peers || !polls)
        return 2;
    for (size_t i = 0; i < count; i++) {
        peers[i].sleeper = i < sleepers;
        polls[i].fd = connect_to(path);
        polls[i].events = peers[i].sleeper ? 0 : POLLIN;
        send_request(polls[i].fd, CANDM_REQ_SUBSCRIBE, CANDM_EVENTS_ALL);
    }
    printf("connected\n");
    fflush(stdout);
    end_s = now_s() + seconds;
    while (now_s() < end_s) {
        if (poll(polls, count, 100) <= 0)
            continue;
        for (size_t i = 0; i < count; i++) {
            if (polls[i].fd >= 0 && polls[i].revents)
                look_at(&peers[i], &polls[i], &r);
        }
    }
    printf("refused=%zu readers_cut_off=%zu sleepers_cut_off=%zu events=%lu missed=%lu\n",
           r.refused, r.lost_readers, r.lost_sleepers, r.events, r.missed);
    free(peers);
    free(polls);
    return 0;
}

/* --- who asks meanwhile ---------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int ask(const char *path, double seconds)
{
    static double took_ms[ANSWERS_MAX];
    double end_s = now_s() + seconds;
    int fd = connect_to(path);
    uint8_t data[BUFFER_BYTES];
    size_t count = 0;

    while (now_s() < end_s && count < ANSWERS_MAX) {
        double start_s = now_s();

        send_request(fd, CANDM_REQ_TRACKING, 0);
        if (recv(fd, data, CANDM_FRAME_HEADER + CANDM_REPLY_HEADER + 76, MSG_WAITALL) <
            CANDM_FRAME_HEADER + CANDM_REPLY_HEADER + 76) {
            printf("no answer\n");
            return 1;
        }
        took_ms[count++] = (now_s() - start_s) * 1e3;
        usleep(5000);
    }
    qsort(took_ms, count, sizeof(*took_ms), by_size);
    printf("%.2f %.2f %.2f\n", took_ms[count / 2], took_ms[count * 95 / 100], took_ms[count - 1]);
    return 0;
}

int main(int argc, char **argv)
{
    raise_limit();
    if (argc == 6 && strcmp(argv[1], "crowd") == 0)
        return crowd(argv[2], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10),
                     strtod(argv[5], NULL));
    if (argc == 4 && strcmp(argv[1], "ask") == 0)
        return ask(argv[2], strtod(argv[3], NULL));
    fprintf(stderr,
            "usage: subscribers crowd SOCKET COUNT SLEEPERS SECONDS | ask SOCKET SECONDS\n");
    return 2;
}
