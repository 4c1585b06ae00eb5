/* unix.c - the Unix command socket and the rules of the directory it lives in.
 *
 * Who can write into the directory can put a socket of his own in our place, so a directory with
 * more rights than 0770 or another owner is refused (spec candm-v6 section 1.2). */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyd/os/linux/internal.h"

#define RUN_DIR_MODE 0770

/* The directory part of `path`; false if there is none (or it is the root). */
static bool directory_of(const char *path, char *dir, size_t size)
{
    const char *slash = strrchr(path, '/');

    if (!slash || slash == path || (size_t)(slash - path) >= size)
        return false;
    memcpy(dir, path, (size_t)(slash - path));
    dir[slash - path] = '\0';
    return true;
}

static bool check_directory(const struct world *w, const char *dir, struct err *err)
{
    struct stat st;

    if (stat(dir, &st) < 0)
        return err_from_errno(err, "Could not access %s", dir);
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_IO, "%s is not a directory", dir);
    if (st.st_mode & 07777 & ~(mode_t)RUN_DIR_MODE)
        return err_set(err, ERR_PERMISSION, "Wrong permissions on %s", dir);
    if (st.st_uid != w->uid)
        return err_set(err, ERR_PERMISSION, "Wrong owner of %s (UID != %u)", dir, w->uid);
    if (st.st_gid != w->gid)
        return err_set(err, ERR_PERMISSION, "Wrong owner of %s (GID != %u)", dir, w->gid);
    return true;
}

static bool unix_address(struct sockaddr_un *sun, const char *path)
{
    memset(sun, 0, sizeof *sun);
    sun->sun_family = AF_UNIX;
    return text_copy(sun->sun_path, sizeof sun->sun_path, path);
}

/* A process can't lie about itself to the kernel, unless it is root. */
static void ask_for_senders(const struct world *w, int fd)
{
    int on = 1;

    if (!w->restricted)
        (void)setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

int world_unix_open(void *ctx, const char *path, struct err *err)
{
    struct world *w = ctx;
    struct sockaddr_un sun;
    char dir[OS_UNIX_PATH_MAX];
    int fd, handle;

    if (!unix_address(&sun, path)) {
        (void)err_set(err, ERR_RANGE, "Path of Unix socket is too long: %s", path);
        return -1;
    }
    if (!directory_of(path, dir, sizeof dir) || !check_directory(w, dir, err))
        return -1;
    fd = socket_plain(w, AF_UNIX, SOCK_DGRAM);
    if (fd < 0) {
        (void)err_from_errno(err, "Could not open Unix socket");
        return -1;
    }
    ask_for_senders(w, fd);
    (void)unlink(path);
    if (bind(fd, (struct sockaddr *)&sun, sizeof sun) < 0) {
        (void)err_from_errno(err, "Could not bind Unix socket %s", path);
        (void)close(fd);
        return -1;
    }
    handle = slot_add(w, SLOT_UNIX, fd);
    if (handle >= 0)
        w->slots[handle].path = strdup(path);
    return handle;
}

void world_unix_close(void *ctx, int sock)
{
    struct world *w = ctx;
    struct slot *s = slot_get(w, sock, SLOT_UNIX);

    if (!s)
        return;
    if (s->path)
        (void)unlink(s->path);
    slot_close(w, sock);
}

bool world_unix_send(void *ctx, const struct os_datagram *d, struct err *err)
{
    struct world *w = ctx;
    struct slot *s = slot_get(w, d->sock, SLOT_UNIX);
    struct sockaddr_un sun;
    struct iovec part = {.iov_base = (void *)(uintptr_t)d->data, .iov_len = d->length};
    struct msghdr m = {
        .msg_name = &sun, .msg_namelen = sizeof sun, .msg_iov = &part, .msg_iovlen = 1};

    if (!s || !unix_address(&sun, d->unix_path))
        return err_set(err, ERR_IO, "Could not send to Unix socket");
    if (sendmsg(s->fd, &m, 0) < 0)
        return err_from_errno(err, "Could not send to %s", d->unix_path);
    return true;
}

static void note_sender(struct msghdr *m, struct os_peer *peer)
{
    const struct cmsghdr *c = CMSG_FIRSTHDR(m);
    struct ucred who;

    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS ||
        c->cmsg_len < CMSG_LEN(sizeof who))
        return;
    memcpy(&who, CMSG_DATA(c), sizeof who);
    *peer = (struct os_peer){.known = true, .uid = who.uid, .pid = who.pid};
}

/* A sender without a path, with an abstract name or without a final NUL cannot be answered. */
void unix_receive(struct world *w, int handle, world_handler handle_event, void *ctx)
{
    struct event ev = {.type = EVENT_DATAGRAM};
    struct sockaddr_un sun;
    uint8_t data[DATAGRAM_MAX];
    struct iovec part = {.iov_base = data, .iov_len = sizeof data};
    /* No more than the kernel's own word fits, so that nobody can hand us descriptors. */
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct msghdr m = {.msg_name = &sun,
                       .msg_namelen = sizeof sun,
                       .msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = w->restricted ? NULL : control.bytes,
                       .msg_controllen = w->restricted ? 0 : sizeof control.bytes};
    size_t path_max;
    ssize_t n;

    memset(&sun, 0, sizeof sun);
    n = recvmsg(w->slots[handle].fd, &m, 0);
    if (n < 0 || m.msg_namelen <= offsetof(struct sockaddr_un, sun_path) ||
        m.msg_namelen > sizeof sun || (m.msg_flags & MSG_TRUNC))
        return;
    path_max = m.msg_namelen - offsetof(struct sockaddr_un, sun_path);
    if (sun.sun_path[0] == '\0' || strnlen(sun.sun_path, path_max) == path_max)
        return;
    (void)text_copy(ev.datagram.unix_path, sizeof ev.datagram.unix_path, sun.sun_path);
    ev.datagram.sock = handle;
    ev.datagram.data = data;
    ev.datagram.length = (size_t)n;
    ev.datagram.stamp = world_utc(w);
    ev.datagram.stamp_by = STAMP_DAEMON;
    note_sender(&m, &ev.datagram.peer);
    handle_event(ctx, &ev);
}
