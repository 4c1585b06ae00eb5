/* ntpload.c - ask an NTP server as fast as it answers, and say how fast that was.
 *
 *     ntpload ADDRESS PORT SECONDS [WINDOW [PID [CLIENTS]]]
 *
 * Keeps WINDOW (64) requests on their way and counts answers. With the server's PID also prints the
 * processor time that each answer cost it. CLIENTS addresses from 10.78.0.0 on take turns in
 * asking; the caller has made them local (ip route add local 10.78.0.0/16 dev lo). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define BYTES 48

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* User and system time of a process. */
static double cpu_s(const char *pid)
{
    unsigned long user, system;
    char path[64];
    FILE *f;
    int n;

    snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    f = fopen(path, "r");
    if (!f)
        return 0.0;
    n = fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    fclose(f);
    return n == 2 ? (double)(user + system) / (double)sysconf(_SC_CLK_TCK) : 0.0;
}

#define CONTROL CMSG_SPACE(sizeof(struct in_pktinfo))

struct batch {
    uint8_t data[BATCH][BYTES];
    struct iovec vec[BATCH];
    struct mmsghdr msgs[BATCH];
    _Alignas(struct cmsghdr) uint8_t control[BATCH][CONTROL];
};

static void prepare(struct batch *b)
{
    memset(b, 0, sizeof(*b));
    for (int i = 0; i < BATCH; i++) {
        b->data[i][0] = 4 << 3 | 3;
        b->vec[i] = (struct iovec){b->data[i], BYTES};
        b->msgs[i].msg_hdr.msg_iov = &b->vec[i];
        b->msgs[i].msg_hdr.msg_iovlen = 1;
    }
}

/* Room for the address that each request comes from. */
static void prepare_clients(struct batch *b, struct sockaddr_in *to)
{
    for (int i = 0; i < BATCH; i++) {
        struct msghdr *m = &b->msgs[i].msg_hdr;
        struct cmsghdr *c;

        m->msg_name = to;
        m->msg_namelen = sizeof(*to);
        m->msg_control = b->control[i];
        m->msg_controllen = CONTROL;
        c = CMSG_FIRSTHDR(m);
        c->cmsg_level = IPPROTO_IP;
        c->cmsg_type = IP_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
    }
}

static void set_client(struct msghdr *m, uint32_t number)
{
    struct in_pktinfo info = {.ipi_spec_dst = {htonl(0x0a4e0000 + number)}};

    memcpy(CMSG_DATA(CMSG_FIRSTHDR(m)), &info, sizeof(info));
}

static int send_requests(int fd, struct batch *out, int count, uint64_t *cookie, uint32_t clients)
{
    int sent;

    if (count > BATCH)
        count = BATCH;
    for (int i = 0; i < count; i++) {
        (*cookie)++;
        memcpy(out->data[i] + 40, cookie, 8);
        if (clients > 0)
            set_client(&out->msgs[i].msg_hdr, (uint32_t)(*cookie % clients));
    }
    sent = sendmmsg(fd, out->msgs, (unsigned)count, 0);
    return sent < 0 ? 0 : sent;
}

static int receive_answers(int fd, struct batch *in)
{
    int good = 0, n = recvmmsg(fd, in->msgs, BATCH, MSG_DONTWAIT, NULL);

    for (int i = 0; i < n; i++)
        good += in->msgs[i].msg_len == BYTES && (in->data[i][0] & 7) == 4;
    return good;
}

int main(int argc, char **argv)
{
    static struct batch in, out;
    struct sockaddr_in to = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_DGRAM, 0), window, waiting = 0;
    double start_s, end_s, cpu_before_s;
    uint64_t cookie = 1;
    uint32_t clients;
    long answers = 0, lost = 0;

    if (argc < 4 || fd < 0 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
        fprintf(stderr, "usage: ntpload ADDRESS PORT SECONDS [WINDOW [PID [CLIENTS]]]\n");
        return 2;
    }
    to.sin_port = htons((uint16_t)strtol(argv[2], NULL, 10));
    window = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 64;
    clients = argc > 6 ? (uint32_t)strtoul(argv[6], NULL, 10) & 0xffff : 0;
    if (clients == 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        return 2;
    prepare(&in);
    prepare(&out);
    if (clients > 0)
        prepare_clients(&out, &to);
    cpu_before_s = argc > 5 ? cpu_s(argv[5]) : 0.0;
    start_s = now_s();
    do {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int got;

        waiting += send_requests(fd, &out, window - waiting, &cookie, clients);
        if (poll(&p, 1, 20) == 0) {
            lost += waiting;
            waiting = 0;
        }
        got = receive_answers(fd, &in);
        answers += got;
        waiting -= got < waiting ? got : waiting;
        end_s = now_s();
    } while (end_s - start_s < strtod(argv[3], NULL));
    printf("%.0f answers/s, %ld lost", (double)answers / (end_s - start_s), lost);
    if (argc > 5 && answers > 0)
        printf(", %.2f us of processor time each",
               (cpu_s(argv[5]) - cpu_before_s) / (double)answers * 1e6);
    printf("\n");
    return answers == 0;
}
