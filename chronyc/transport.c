#include "chronyc/transport.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "candm/events.h"
#include "chronyc/resolve.h"
#include "chronyc/stream.h"

#define ADDRESSES_PER_NAME 16
#define RANDOM_NAME_LENGTH 16

struct target {
    bool is_unix;
    char path[TRANSPORT_PATH_MAX];
    struct addr addr;
    char trouble[200]; /* why it did not work, empty = did not fail yet */
};

struct transport {
    struct target targets[TRANSPORT_HOSTS_MAX];
    size_t count, current;
    char unresolved[200]; /* names that were left out */
    uint16_t port;
    const volatile sig_atomic_t *stop;
    int fd;      /* -1 = closed */
    int wake_fd; /* ends waiting when it can be read, -1 = none */
    bool is_stream;
    struct stream stream;
    /* what has to be removed again; empty strings = not made */
    char outer_dir[TRANSPORT_PATH_MAX], inner_dir[TRANSPORT_PATH_MAX], path[TRANSPORT_PATH_MAX];
};

int64_t transport_now_ms(void)
{
    struct timespec ts = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void transport_random(void *buf, size_t size)
{
    uint8_t *p = buf;

    while (size > 0) {
        ssize_t n = getrandom(p, size, 0);

        if (n < 0) {
            assert(errno == EINTR);
            continue;
        }
        p += n;
        size -= (size_t)n;
    }
}

static bool stopped(const volatile sig_atomic_t *stop)
{
    return stop && *stop;
}

/* --- the list -------------------------------------------------------------------------------- */

static void add_target(struct transport *t, const char *host, enum family_choice family)
{
    struct addr found[ADDRESSES_PER_NAME];
    size_t n, used = strlen(t->unresolved);

    if (host[0] == '/') {
        struct target *target = &t->targets[t->count];

        target->is_unix = true;
        if (text_copy(target->path, sizeof(target->path), host))
            t->count++;
        return;
    }
    n = resolve_name(host, family, found, ARRAY_LEN(found));
    if (n == 0)
        text_format(t->unresolved + used, sizeof(t->unresolved) - used, " %s", host);
    for (size_t i = 0; i < n && t->count < TRANSPORT_HOSTS_MAX; i++)
        t->targets[t->count++].addr = found[i];
}

struct transport *transport_create(const char *hosts, uint16_t port, enum family_choice family,
                                   const volatile sig_atomic_t *stop)
{
    struct transport *t = calloc(1, sizeof(*t));
    char *copy = strdup(hosts), *rest = copy, *host;

    assert(t && copy);
    t->port = port;
    t->stop = stop;
    t->fd = t->wake_fd = -1;
    while (t->count < TRANSPORT_HOSTS_MAX && (host = strsep(&rest, ",")) != NULL)
        if (host[0] != '\0')
            add_target(t, host, family);
    free(copy);
    return t;
}

static void close_socket(struct transport *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
    t->is_stream = false;
    if (t->path[0] != '\0')
        unlink(t->path);
    if (t->inner_dir[0] != '\0')
        rmdir(t->inner_dir);
    if (t->outer_dir[0] != '\0')
        rmdir(t->outer_dir);
    t->path[0] = t->inner_dir[0] = t->outer_dir[0] = '\0';
}

void transport_destroy(struct transport *t)
{
    if (!t)
        return;
    close_socket(t);
    free(t);
}

/* --- opening --------------------------------------------------------------------------------- */

/* Close-on-exec is set afterwards: flags in the type are refused in some worlds. */
static int new_socket(int domain, int type)
{
    int fd = socket(domain, type, 0);

    if (fd >= 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

static bool trouble(struct target *target, const char *what)
{
    int sys = errno;

    text_format(target->trouble, sizeof(target->trouble), "%s: %s", what, strerror(sys));
    return false;
}

/* A directory for us alone, or one that a process with our number left behind. */
static bool make_outer_dir(const char *path)
{
    struct stat st;

    if (mkdir(path, 0711) == 0) {
        (void)!chmod(path, 0711);
        return true;
    }
    if (errno != EEXIST || lstat(path, &st) != 0)
        return false;
    errno = EEXIST;
    return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 0777 & ~0711u) == 0;
}

static void random_name(char *out, size_t length)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t n = 0;

    while (n < length) {
        uint8_t byte;

        /* Bytes that would favour the first letters are drawn again. */
        transport_random(&byte, 1);
        if (byte < 256 / (sizeof(letters) - 1) * (sizeof(letters) - 1))
            out[n++] = letters[byte % (sizeof(letters) - 1)];
    }
    out[n] = '\0';
}

/* Fill in the three paths beside the daemon's socket; false if they are too long. */
static bool choose_paths(const char *server, char *outer, char *inner, char *path)
{
    size_t dir = (size_t)(strrchr(server, '/') - server);
    char name[RANDOM_NAME_LENGTH + 1];
    int n;

    random_name(name, RANDOM_NAME_LENGTH);
    n = snprintf(path, TRANSPORT_PATH_MAX, "%.*s/chronyc.%d/%s/sock", (int)dir, server,
                 (int)getpid(), name);
    if (n < 0 || n >= TRANSPORT_PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    text_copy(inner, TRANSPORT_PATH_MAX, path);
    *strrchr(inner, '/') = '\0';
    text_copy(outer, TRANSPORT_PATH_MAX, inner);
    *strrchr(outer, '/') = '\0';
    return true;
}

static void unix_address(struct sockaddr_un *sun, const char *path)
{
    memset(sun, 0, sizeof(*sun));
    sun->sun_family = AF_UNIX;
    text_copy(sun->sun_path, sizeof(sun->sun_path), path);
}

/* Is anybody there? Asked before anything is created in the directory. */
static bool probe(const char *path)
{
    struct sockaddr_un sun;
    int fd = new_socket(AF_UNIX, SOCK_DGRAM), result, sys;

    if (fd < 0)
        return false;
    unix_address(&sun, path);
    result = connect(fd, (const struct sockaddr *)&sun, sizeof(sun));
    sys = errno;
    close(fd);
    errno = sys;
    return result == 0;
}

/* The daemon's stream for reports: no socket of our own is needed in its directory, so that whoever
 * may enter can read; nothing can be changed over it. */
static bool open_stream(struct transport *t, const char *path)
{
    struct sockaddr_un sun;

    t->fd = new_socket(AF_UNIX, SOCK_STREAM);
    if (t->fd < 0)
        return false;
    unix_address(&sun, path);
    if (connect(t->fd, (const struct sockaddr *)&sun, sizeof(sun)) != 0)
        return false;
    t->is_stream = true;
    memset(&t->stream, 0, sizeof(t->stream));
    return true;
}

/* The stream beside a command socket that we may not use. Looked for before it is tried: where
 * there is none, as in a simulator, no such socket is made. */
static bool open_sibling(struct transport *t, const char *path)
{
    char sibling[TRANSPORT_PATH_MAX];
    size_t dir = (size_t)(strrchr(path, '/') - path);
    struct stat st;
    int n = snprintf(sibling, sizeof(sibling), "%.*s/" CANDM_STREAM_NAME, (int)dir, path);

    if (n < 0 || (size_t)n >= sizeof(sibling) || strcmp(sibling, path) == 0 ||
        stat(sibling, &st) != 0 || !S_ISSOCK(st.st_mode))
        return false;
    return open_stream(t, sibling);
}

static bool open_datagram(struct transport *t, struct target *target)
{
    char outer[TRANSPORT_PATH_MAX], inner[TRANSPORT_PATH_MAX], path[TRANSPORT_PATH_MAX];
    struct sockaddr_un sun;

    if (!choose_paths(target->path, outer, inner, path) || !make_outer_dir(outer))
        return trouble(target, "cannot make a directory for the replies beside it");
    text_copy(t->outer_dir, sizeof(t->outer_dir), outer);
    if (mkdir(inner, 0711) != 0)
        return trouble(target, "cannot make a directory for the replies beside it");
    (void)!chmod(inner, 0711);
    text_copy(t->inner_dir, sizeof(t->inner_dir), inner);
    t->fd = new_socket(AF_UNIX, SOCK_DGRAM);
    if (t->fd < 0)
        return trouble(target, "no socket");
    unix_address(&sun, path);
    if (bind(t->fd, (const struct sockaddr *)&sun, sizeof(sun)) != 0)
        return trouble(target, "cannot bind the socket for the replies");
    text_copy(t->path, sizeof(t->path), path);
    /* The daemon runs as another user and has to be able to write to it. */
    (void)!chmod(path, 0666);
    unix_address(&sun, target->path);
    if (connect(t->fd, (const struct sockaddr *)&sun, sizeof(sun)) != 0)
        return trouble(target, "cannot connect");
    return true;
}

static bool open_unix(struct transport *t, struct target *target)
{
    bool is_stream = false;

    if (probe(target->path)) {
        if (open_datagram(t, target))
            return true;
    } else {
        is_stream = errno == EPROTOTYPE;
        trouble(target, "cannot connect");
    }
    close_socket(t);
    return is_stream ? open_stream(t, target->path) : open_sibling(t, target->path);
}

static bool open_udp(struct transport *t, struct target *target)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(t->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(t->port)};
    bool is_v6 = target->addr.family == ADDR_IPV6;

    memcpy(&in.sin_addr, target->addr.bytes, 4);
    memcpy(&in6.sin6_addr, target->addr.bytes, 16);
    t->fd = new_socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM);
    if (t->fd < 0)
        return trouble(target, "no socket");
    if (connect(t->fd, is_v6 ? (const struct sockaddr *)&in6 : (const struct sockaddr *)&in,
                is_v6 ? sizeof(in6) : sizeof(in)) != 0)
        return trouble(target, "cannot connect");
    return true;
}

static bool open_from(struct transport *t, size_t first)
{
    close_socket(t);
    for (t->current = first; t->current < t->count; t->current++) {
        struct target *target = &t->targets[t->current];

        if (target->is_unix ? open_unix(t, target) : open_udp(t, target))
            return true;
        close_socket(t);
    }
    return false;
}

bool transport_open_first(struct transport *t)
{
    return open_from(t, 0);
}

bool transport_open_next(struct transport *t)
{
    return t->current < t->count && open_from(t, t->current + 1);
}

bool transport_open_stream(struct transport *t)
{
    close_socket(t);
    for (t->current = 0; t->current < t->count; t->current++) {
        struct target *target = &t->targets[t->current];

        if (!target->is_unix) {
            text_copy(target->trouble, sizeof(target->trouble), "events are told on its host only");
            continue;
        }
        if (open_sibling(t, target->path) || open_stream(t, target->path)) {
            t->stream.events = true;
            return true;
        }
        /* The command socket itself refuses a stream: it is there, its sibling is not. */
        if (errno == EPROTOTYPE)
            errno = ENOENT;
        trouble(target, "no stream of reports");
        close_socket(t);
    }
    return false;
}

void transport_close(struct transport *t)
{
    close_socket(t);
}

void transport_wake_on(struct transport *t, int fd)
{
    t->wake_fd = fd;
}

bool transport_is_open(const struct transport *t)
{
    return t->fd >= 0;
}

bool transport_is_unix(const struct transport *t)
{
    return t->fd >= 0 && t->targets[t->current].is_unix;
}

bool transport_is_stream(const struct transport *t)
{
    return t->is_stream;
}

/* --- datagrams ------------------------------------------------------------------------------- */

static bool send_frame(struct transport *t, const void *data, size_t length)
{
    uint8_t frame[STREAM_HEADER + STREAM_PACKET_MAX] = {(uint8_t)(length >> 8), (uint8_t)length};

    if (length > STREAM_PACKET_MAX) {
        errno = EMSGSIZE;
        return false;
    }
    memcpy(frame + STREAM_HEADER, data, length);
    length += STREAM_HEADER;
    return send(t->fd, frame, length, MSG_NOSIGNAL) == (ssize_t)length;
}

bool transport_send(struct transport *t, const void *data, size_t length)
{
    if (t->is_stream)
        return send_frame(t, data, length) || trouble(&t->targets[t->current], "cannot send");
    if (send(t->fd, data, length, 0) == (ssize_t)length)
        return true;
    return trouble(&t->targets[t->current], "cannot send");
}

/* recvmsg and not recv: fortified builds turn the latter into a name of its own. */
static ssize_t receive_bytes(int fd, void *buf, size_t size)
{
    struct iovec part = {.iov_base = buf, .iov_len = size};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};

    return recvmsg(fd, &msg, 0);
}

/* Exactly one receive. TRANSPORT_TIMEOUT stands for a packet that is not whole yet. */
static enum transport_result receive_one(struct transport *t, void *buf, size_t size,
                                         size_t *length)
{
    uint8_t *room = buf;
    size_t space = size;
    ssize_t n;

    if (t->is_stream)
        room = stream_room(&t->stream, &space);
    n = space > 0 ? receive_bytes(t->fd, room, space) : -1;
    if (n < 0 || (t->is_stream && n == 0)) {
        trouble(&t->targets[t->current], "no daemon answers there");
        return TRANSPORT_FAILED;
    }
    *length = (size_t)n;
    if (!t->is_stream)
        return TRANSPORT_OK;
    stream_added(&t->stream, (size_t)n);
    return stream_take(&t->stream, buf, size, length) ? TRANSPORT_OK : TRANSPORT_TIMEOUT;
}

/* As select() for the two descriptors: > 0 if the socket is ready. */
static int wait_for_packet(const struct transport *t, int64_t left_ms, bool *woken)
{
    struct timeval tv = {.tv_sec = (time_t)(left_ms / 1000),
                         .tv_usec = (suseconds_t)(left_ms % 1000 * 1000)};
    int ready;
    fd_set set;

    FD_ZERO(&set);
    FD_SET(t->fd, &set);
    if (t->wake_fd >= 0)
        FD_SET(t->wake_fd, &set);
    ready = select((t->fd > t->wake_fd ? t->fd : t->wake_fd) + 1, &set, NULL, NULL, &tv);
    *woken = ready > 0 && !FD_ISSET(t->fd, &set);
    return ready;
}

enum transport_result transport_receive(struct transport *t, void *buf, size_t size, size_t *length,
                                        int64_t deadline_ms)
{
    for (;;) {
        int64_t left_ms = deadline_ms - transport_now_ms();
        bool woken;
        int ready;

        if (stopped(t->stop))
            return TRANSPORT_STOPPED;
        if (left_ms <= 0) {
            text_copy(t->targets[t->current].trouble, sizeof(t->targets[0].trouble), "no answer");
            return TRANSPORT_TIMEOUT;
        }
        ready = wait_for_packet(t, left_ms, &woken);
        if (woken)
            return TRANSPORT_STOPPED;
        if (ready > 0) {
            enum transport_result result = receive_one(t, buf, size, length);

            if (result != TRANSPORT_TIMEOUT)
                return result;
            continue;
        }
        if (ready < 0 && errno != EINTR) {
            trouble(&t->targets[t->current], "cannot wait");
            return TRANSPORT_FAILED;
        }
    }
}

bool transport_sleep(const volatile sig_atomic_t *stop, double seconds)
{
    int64_t end_ms = transport_now_ms() + (int64_t)(clamp_d(seconds, 0.0, 1e9) * 1000.0 + 0.5);

    for (;;) {
        int64_t left_ms = end_ms - transport_now_ms();
        struct timeval tv;

        if (stopped(stop))
            return false;
        if (left_ms <= 0)
            return true;
        tv.tv_sec = (time_t)(left_ms / 1000);
        tv.tv_usec = (suseconds_t)(left_ms % 1000 * 1000);
        select(0, NULL, NULL, NULL, &tv);
    }
}

/* --- what happened --------------------------------------------------------------------------- */

static const char *target_format(const struct transport *t, const struct target *target, char *buf,
                                 size_t size)
{
    struct endpoint e = {target->addr, t->port};

    if (target->is_unix)
        return text_format(buf, size, "%s", target->path);
    return endpoint_format(&e, buf, size);
}

/* Who may enter the directory of the socket, and who are we? */
static void explain_unix(const struct target *target, FILE *out)
{
    char dir[TRANSPORT_PATH_MAX];
    struct stat st;

    text_copy(dir, sizeof(dir), target->path);
    *strrchr(dir, '/') = '\0';
    if (dir[0] == '\0' || stat(dir, &st) != 0) {
        fprintf(out, "; %s: %s (is chronyd running?)", dir, strerror(errno));
        return;
    }
    fprintf(out, "; %s belongs to uid %u, gid %u, mode %04o, we are uid %u", dir,
            (unsigned)st.st_uid, (unsigned)st.st_gid, (unsigned)st.st_mode & 07777u,
            (unsigned)geteuid());
    if (geteuid() != 0 && geteuid() != st.st_uid)
        fputs(" (try sudo)", out);
}

void transport_explain(const struct transport *t, FILE *out)
{
    char buf[160];

    if (t->unresolved[0] != '\0')
        fprintf(out, "Not resolved:%s\n", t->unresolved);
    for (size_t i = 0; i < t->count; i++) {
        const struct target *target = &t->targets[i];

        if (target->trouble[0] == '\0')
            continue;
        fprintf(out, "%s %s: %s", target->is_unix ? "Socket" : "UDP",
                target_format(t, target, buf, sizeof(buf)), target->trouble);
        if (target->is_unix)
            explain_unix(target, out);
        fputc('\n', out);
    }
}

const char *transport_peer(const struct transport *t, char *buf, size_t size)
{
    if (t->fd < 0)
        return text_format(buf, size, "%s", "");
    return target_format(t, &t->targets[t->current], buf, size);
}
