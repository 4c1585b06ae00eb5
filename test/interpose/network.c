/* network.c - packets on their way, the NTP servers at the other end, a client of ours. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "faults.h"
#include "paths.h"
#include "world.h"

#define NTP_PORT 123
#define NTP_UNIX_OFFSET INT64_C(2208988800)
#define CLIENT_NODE 77
#define CLIENT_PORT 40123

struct slot *slot_of(int fd)
{
    if (fd < FIRST_SOCKET || fd >= FIRST_SOCKET + SOCKETS_MAX ||
        !world.slots[fd - FIRST_SOCKET].used)
        return NULL;
    return &world.slots[fd - FIRST_SOCKET];
}

/* --- addresses --- */

bool address_from_sockaddr(const void *in, socklen_t length, struct address *a)
{
    const struct sockaddr *sa = in;

    memset(a, 0, sizeof *a);
    if (length < sizeof(sa_family_t))
        return false;
    a->family = sa->sa_family;
    if (a->family == AF_INET && length >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in s;

        memcpy(&s, in, sizeof s);
        memcpy(a->ip, &s.sin_addr, 4);
        a->port = ntohs(s.sin_port);
        return true;
    }
    if (a->family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 s;

        memcpy(&s, in, sizeof s);
        memcpy(a->ip, &s.sin6_addr, 16);
        a->port = ntohs(s.sin6_port);
        return true;
    }
    if (a->family == AF_UNIX) {
        struct sockaddr_un s = {.sun_family = AF_UNIX};

        memcpy(&s, in, length < sizeof s ? length : sizeof s);
        memcpy(a->path, s.sun_path, sizeof a->path - 1);
        return true;
    }
    return false;
}

size_t address_to_sockaddr(const struct address *a, void *out, socklen_t size)
{
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(a->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    const void *from = &un;
    size_t length = offsetof(struct sockaddr_un, sun_path) + strlen(a->path) + 1;

    memcpy(&in4.sin_addr, a->ip, 4);
    memcpy(&in6.sin6_addr, a->ip, 16);
    memcpy(un.sun_path, a->path, sizeof un.sun_path);
    if (a->family == AF_INET) {
        from = &in4;
        length = sizeof in4;
    } else if (a->family == AF_INET6) {
        from = &in6;
        length = sizeof in6;
    }
    memcpy(out, from, length < size ? length : size);
    return length;
}

void address_text(const struct address *a, char *buf, size_t size)
{
    char ip[64];

    if (a->family == AF_UNIX) {
        snprintf(buf, size, "%s", a->path);
        return;
    }
    inet_ntop(a->family, a->ip, ip, sizeof ip);
    snprintf(buf, size, "%s#%d", ip, a->port);
}

/* Node n of the first network: 192.168.123.n or fc00::123:n. */
struct address node_address(int n, uint16_t port)
{
    struct address a = {.port = port};

    if (world.set.family == 4) {
        uint8_t ip[4] = {192, 168, 123, (uint8_t)n};

        a.family = AF_INET;
        memcpy(a.ip, ip, 4);
    } else {
        a.family = AF_INET6;
        a.ip[0] = 0xfc;
        a.ip[12] = 0x01;
        a.ip[13] = 0x23;
        a.ip[15] = (uint8_t)n;
    }
    return a;
}

static int node_number(const struct address *a)
{
    for (int n = 1; n < 256; n++) {
        struct address b = node_address(n, a->port);

        if (b.family == a->family && memcmp(b.ip, a->ip, 16) == 0)
            return n;
    }
    return -1;
}

/* --- the queue --- */

void network_enqueue(struct packet *p)
{
    struct packet **at = &world.queue;

    while (*at && (*at)->at <= p->at)
        at = &(*at)->next;
    p->next = *at;
    *at = p;
}

void network_drop(struct packet *p)
{
    char text[128];

    address_text(&p->to, text, sizeof text);
    trace("lost %.6f %s", (double)world.t * 1e-9, text);
    free(p);
}

bool packet_before(int64_t t)
{
    return world.head || (world.queue && world.queue->at <= t);
}

bool packet_due(int64_t until, struct packet **p)
{
    if (!world.queue || world.queue->at > until)
        return false;
    *p = world.queue;
    world.queue = world.queue->next;
    if (*p == world.question)
        world.question = NULL;
    return true;
}

/* Replies are told apart by the remote address; our server's port by the local one. */
int slot_for(const struct packet *p)
{
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < SOCKETS_MAX; i++) {
            const struct slot *s = &world.slots[i];

            if (!s->used || s->family != p->to.family)
                continue;
            if (s->family == AF_UNIX) {
                if (s->bound)
                    return i;
                continue;
            }
            if (pass == 0 && s->connected && s->remote.port == p->from.port &&
                memcmp(s->remote.ip, p->from.ip, 16) == 0 && s->local.port == p->to.port)
                return i;
            if (pass == 1 && !s->connected && s->local.port == p->to.port)
                return i;
        }
    }
    return -1;
}

/* --- servers --- */

static void put32(uint8_t *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void put_time(uint8_t *at, int64_t ns)
{
    int64_t s = ns / NS_PER_S - (ns % NS_PER_S < 0);
    int64_t part = ns - s * NS_PER_S;

    put32(at, (uint32_t)(uint64_t)(s + NTP_UNIX_OFFSET));
    put32(at + 4, (uint32_t)((uint64_t)part * 4294967296ULL / NS_PER_S));
}

/* An NTP timestamp's distance from the truth, in seconds. */
static double time_error(const uint8_t *at)
{
    uint8_t truth[8];
    uint64_t a = 0, b = 0;

    put_time(truth, clock_true_ns());
    for (int i = 0; i < 8; i++) {
        a = a << 8 | at[i];
        b = b << 8 | truth[i];
    }
    return (double)(int64_t)(a - b) / 4294967296.0;
}

/* A perfect server of stratum 1, apart from the last of several, which may be false. */
static void answer(const struct address *from, const struct address *to, const uint8_t *q,
                   size_t length)
{
    int number = node_number(to);
    struct packet *p;
    int64_t arrival;
    double up_s, down_s;
    double error = number == world.set.servers && number > 1 ? world.set.false_s : 0.0;

    if (number < 1 || number > world.set.servers || to->port != NTP_PORT || length < 48)
        return;
    if ((q[0] & 7) != 3 && (q[0] & 7) != 1)
        violation("request with mode %d to a server", q[0] & 7);
    if (faults_silence(number))
        return;
    if (!path_take(number, true, &up_s) || !path_take(number, false, &down_s))
        return;
    error += faults_offset_s(number);
    p = calloc(1, sizeof *p);
    arrival = clock_true_ns() + (int64_t)(up_s * 1e9) + (int64_t)(error * 1e9);
    p->at = world.t + (arrival - clock_true_ns()) + (int64_t)(down_s * 1e9) + 20000;
    p->at -= (int64_t)(error * 1e9);
    p->from = *to;
    p->to = *from;
    p->length = 48;
    p->data[0] = (uint8_t)((q[0] & 0x38) | ((q[0] & 7) == 1 ? 2 : 4));
    p->data[1] = 1;
    p->data[2] = q[2];
    p->data[3] = (uint8_t)-23;
    memcpy(p->data + 12, "GPS", 4);
    put_time(p->data + 16, arrival - NS_PER_S);
    memcpy(p->data + 24, q + 40, 8);
    put_time(p->data + 32, arrival);
    put_time(p->data + 40, arrival + 20000);
    faults_spoil(number, p);
    p->at += (int64_t)(faults_delay_s(number) * 1e9);
    network_enqueue(p);
}

/* A real Unix socket stands for the tool during a pause. */
static void send_real(const struct address *to, const uint8_t *data, size_t length)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    memcpy(un.sun_path, to->path, sizeof un.sun_path);
    if (world.real_fd >= 0)
        (void)real_sendto(world.real_fd, data, length, 0, (struct sockaddr *)&un, sizeof un);
}

/* What the tool sends goes to a real daemon, whose answer comes back at once. */
static bool send_to_daemon(const struct slot *s, const struct address *to, const uint8_t *data,
                           size_t length)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr_in in4 = {.sin_family = AF_INET};
    bool local = s->family == AF_UNIX;
    struct packet *p;
    ssize_t n;
    int fd = local ? world.real_fd : world.real_udp_fd;

    if (local && !world.set.daemon_socket)
        return false;
    if (!local && (world.set.daemon_port == 0 || to->port != 323))
        return false;
    if (local) {
        strncpy(un.sun_path, world.set.daemon_socket, sizeof un.sun_path - 1);
        n = real_sendto(fd, data, length, 0, (struct sockaddr *)&un, sizeof un);
    } else {
        if (fd < 0)
            fd = world.real_udp_fd = real_udp_socket();
        in4.sin_port = htons((uint16_t)world.set.daemon_port);
        in4.sin_addr.s_addr = htonl(0x7f000001);
        n = real_sendto(fd, data, length, 0, (struct sockaddr *)&in4, sizeof in4);
    }
    p = calloc(1, sizeof *p);
    for (int tries = 0; n >= 0 && tries < (local ? 20 : 1); tries++) {
        n = real_recvfrom(fd, p->data, sizeof p->data, 0, NULL, NULL);
        if (n >= 0)
            break;
        n = 0;
    }
    if (n <= 0) {
        free(p);
        return true;
    }
    p->at = world.t + 1000000;
    p->length = (size_t)n;
    p->from = *to;
    p->to = s->local;
    p->to.family = s->family;
    network_enqueue(p);
    return true;
}

static void trace_bytes(const uint8_t *data, size_t length)
{
    char hex[2 * PACKET_MAX + 1] = "";

    for (size_t i = 0; i < length && i < PACKET_MAX; i++)
        snprintf(hex + 2 * i, 3, "%02x", data[i]);
    trace("bytes %s", hex);
}

void network_send(struct slot *s, const struct address *to, const uint8_t *data, size_t length)
{
    char from[128], text[128];
    struct address source = s->local;

    if (send_to_daemon(s, to, data, length))
        return;
    if (s->family == AF_UNIX) {
        send_real(to, data, length);
        return;
    }
    if (node_number(to) < 0 && to->family == AF_INET)
        violation("sends to an address outside the network");
    source.family = s->family;
    address_text(&source, from, sizeof from);
    address_text(to, text, sizeof text);
    trace("sent %.6f %s %s %zu %d", (double)world.t * 1e-9, from, text, length, data[0] & 7);
    trace_bytes(data, length);
    if (node_number(to) == CLIENT_NODE && (data[0] & 7) == 4) {
        trace("served %.6f stratum %d leap %d error %.9f", (double)world.t * 1e-9, data[1],
              data[0] >> 6, time_error(data + 40));
        return;
    }
    answer(&source, to, data, length);
}

/* --- what happens by itself --- */

static void ask(void)
{
    struct packet *p = calloc(1, sizeof *p);

    world.question = p;
    p->at = world.next_question > world.t ? world.next_question : world.t;
    p->from = node_address(CLIENT_NODE, CLIENT_PORT);
    p->to = node_address(OWN_NODE, NTP_PORT);
    p->length = 48;
    p->data[0] = 0x23;
    put_time(p->data + 40, clock_true_ns());
    network_enqueue(p); /* always one ahead: the wait for it is what makes time pass until then */
    world.next_question += 8 * NS_PER_S;
}

void network_tick(void)
{
    faults_strangers();
    if (world.set.ask_from > 0 && world.next_question == 0)
        world.next_question = (int64_t)(world.set.ask_from * 1e9);
    if (world.next_question > 0 && !world.question)
        ask();
    if (world.set.pause_at > 0 && world.t >= (int64_t)(world.set.pause_at * 1e9))
        real_pause();
}

/* Simulated time stands still; datagrams that reach the real socket are handed to the program one
 * by one, until a file says that the visitor is done. */
void real_pause(void)
{
    struct packet *p;
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    socklen_t length = sizeof un;
    ssize_t n;

    if (world.head)
        return;
    while (access(world.set.done_path, F_OK) != 0) {
        p = calloc(1, sizeof *p);
        n = real_recvfrom(world.real_fd, p->data, sizeof p->data, 0, (struct sockaddr *)&un,
                          &length);
        if (n <= 0) {
            free(p);
            continue; /* the socket has a timeout of its own */
        }
        p->at = world.t;
        p->length = (size_t)n;
        p->to.family = p->from.family = AF_UNIX;
        p->real = true;
        memcpy(p->from.path, un.sun_path, sizeof p->from.path - 1);
        p->next = world.queue;
        world.queue = p;
        return;
    }
    world.set.pause_at = 0;
}
