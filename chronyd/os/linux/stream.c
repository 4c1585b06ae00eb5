/* stream.c - Unix stream sockets: listening, accepting, reading and writing without blocking. */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyd/os/linux/internal.h"

#define STREAM_CHUNK 4000
#define LISTEN_BACKLOG 64
/* Descriptors that streams leave to all else, and the limit that the daemon asks for. */
#define DESCRIPTORS_KEPT 256
#define DESCRIPTORS_WANTED 4096
/* A client that does not read costs that much of the kernel's memory, about. */
#define SEND_BUFFER_BYTES 32768
/* Without a descriptor for who connects, the next look is that much later. */
#define ACCEPT_PAUSE_S 1.0

/* Nothing of the socket is open to anyone before mode and group are right: connecting needs
 * listen(), which comes last. */
static bool prepare_listener(int fd, const char *path, unsigned mode, const char *group,
                             struct err *err)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};

    if (!text_copy(sun.sun_path, sizeof sun.sun_path, path))
        return err_set(err, ERR_RANGE, "Path of Unix socket is too long: %s", path);
    (void)unlink(path);
    if (bind(fd, (struct sockaddr *)&sun, sizeof sun) < 0)
        return err_from_errno(err, "Could not bind Unix socket %s", path);
    if (group) {
        const struct group *g = getgrnam(group);

        if (!g)
            return err_set(err, ERR_UNKNOWN, "Unknown group %s", group);
        if (chown(path, (uid_t)-1, g->gr_gid) < 0)
            return err_from_errno(err, "Could not change group of %s", path);
    }
    if (chmod(path, (mode_t)mode) < 0 || listen(fd, LISTEN_BACKLOG) < 0)
        return err_from_errno(err, "Could not listen on %s", path);
    return true;
}

/* Streams are the one thing of which strangers can open many: their number follows from the limit
 * on descriptors, so that files and sockets of the daemon itself can always be opened. */
static int streams_permitted(void)
{
    struct rlimit limit;
    rlim_t rest;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return STREAMS_MAX / 4;
    if (limit.rlim_cur < DESCRIPTORS_WANTED && limit.rlim_cur < limit.rlim_max) {
        struct rlimit more = limit;

        more.rlim_cur =
            limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : (rlim_t)DESCRIPTORS_WANTED;
        if (setrlimit(RLIMIT_NOFILE, &more) == 0)
            limit = more;
    }
    rest = limit.rlim_cur >= 2 * DESCRIPTORS_KEPT ? limit.rlim_cur - DESCRIPTORS_KEPT
                                                  : limit.rlim_cur / 2;
    return rest < STREAMS_MAX ? (int)rest : STREAMS_MAX;
}

int world_stream_listen(void *ctx, const char *path, unsigned mode, const char *group,
                        struct err *err)
{
    struct world *w = ctx;
    int fd, handle;

    if (w->restricted) {
        (void)err_set(err, ERR_UNSUPPORTED, "Stream sockets are not possible here");
        return -1;
    }
    fd = socket_plain(w, AF_UNIX, SOCK_STREAM);
    if (fd < 0) {
        (void)err_from_errno(err, "Could not open Unix socket");
        return -1;
    }
    if (!prepare_listener(fd, path, mode, group, err)) {
        (void)close(fd);
        return -1;
    }
    w->streams_max = streams_permitted();
    handle = slot_add(w, SLOT_LISTENER, fd);
    if (handle >= 0)
        w->slots[handle].path = strdup(path);
    return handle;
}

/* A Unix socket is connected at once or not at all. */
int world_stream_connect(void *ctx, const char *path, struct err *err)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    struct world *w = ctx;
    int fd;

    if (w->restricted) {
        (void)err_set(err, ERR_UNSUPPORTED, "Stream sockets are not possible here");
        return -1;
    }
    if (!text_copy(sun.sun_path, sizeof sun.sun_path, path)) {
        (void)err_set(err, ERR_RANGE, "Path of Unix socket is too long: %s", path);
        return -1;
    }
    fd = socket_plain(w, AF_UNIX, SOCK_STREAM);
    if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof sun) < 0) {
        (void)err_from_errno(err, "Could not connect");
        if (fd >= 0)
            (void)close(fd);
        return -1;
    }
    return slot_add(w, SLOT_STREAM, fd);
}

long world_stream_send(void *ctx, int stream, const void *data, size_t length)
{
    struct world *w = ctx;
    struct slot *s = slot_get(w, stream, SLOT_STREAM);
    size_t done = 0;

    if (!s)
        return -1;
    while (done < length) {
        size_t chunk = length - done < STREAM_CHUNK ? length - done : STREAM_CHUNK;
        ssize_t n = send(s->fd, (const char *)data + done, chunk, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            return -1;
        if (n <= 0) {
            s->blocked = true;
            break;
        }
        done += (size_t)n;
    }
    return (long)done;
}

void world_stream_close(void *ctx, int stream)
{
    struct world *w = ctx;
    struct slot *s = slot_get(w, stream, SLOT_LISTENER);

    if (s && s->path)
        (void)unlink(s->path);
    if (s || slot_get(w, stream, SLOT_STREAM))
        slot_close(w, stream);
}

/* Who waits in vain for a descriptor keeps the socket readable; it is left alone for a while. */
static void accept_failed(struct world *w, int sys)
{
    if (sys == EMFILE || sys == ENFILE || sys == ENOBUFS || sys == ENOMEM)
        w->accept_due = mono_add_s(world_mono(w), ACCEPT_PAUSE_S);
}

void stream_accept(struct world *w, int handle, world_handler handle_event, void *ctx)
{
    struct event ev = {.type = EVENT_STREAM_OPEN};
    struct ucred who = {.pid = 0, .uid = UINT32_MAX, .gid = UINT32_MAX};
    socklen_t length = sizeof who;
    int fd = accept4(w->slots[handle].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int buffer = SEND_BUFFER_BYTES, count = 0;

    if (fd < 0) {
        accept_failed(w, errno);
        return;
    }
    for (size_t i = 0; i < w->slot_count; i++)
        count += w->slots[i].kind == SLOT_STREAM;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) < 0) {
        (void)close(fd);
        return;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    ev.stream.listener = handle;
    ev.stream.stream = slot_add(w, SLOT_STREAM, fd);
    if (ev.stream.stream < 0)
        return;
    w->slots[ev.stream.stream].listener = handle;
    ev.stream.uid = who.uid;
    ev.stream.pid = (uint32_t)who.pid;
    ev.stream.crowded = count >= w->streams_max;
    handle_event(ctx, &ev);
}

void stream_ready(struct world *w, int handle, short events, world_handler handle_event, void *ctx)
{
    struct event ev = {.type = EVENT_STREAM_READY};
    uint32_t serial = w->slots[handle].serial;
    uint8_t data[STREAM_CHUNK];
    ssize_t n;

    ev.stream.stream = handle;
    ev.stream.listener = w->slots[handle].listener;
    if ((events & POLLOUT) && w->slots[handle].blocked) {
        w->slots[handle].blocked = false;
        handle_event(ctx, &ev);
    }
    if (!(events & (POLLIN | POLLHUP | POLLERR)) || w->slots[handle].serial != serial)
        return;
    n = recv(w->slots[handle].fd, data, sizeof data, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    ev.type = n > 0 ? EVENT_STREAM_DATA : EVENT_STREAM_CLOSED;
    ev.stream.data = data;
    ev.stream.length = n > 0 ? (size_t)n : 0;
    handle_event(ctx, &ev);
    if (n <= 0 && w->slots[handle].serial == serial)
        slot_close(w, handle);
}
