/* refclock_sock.c - a datagram socket to which receivers' programs send (spec chrony-conf
 * section 6). */
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyd/os/linux/refclock.h"

#define SOCK_MAGIC 0x534f434b

struct sock_sample {
    struct timeval stamp;
    double offset_s;
    int pulse;
    int leap;
    int padding;
    int magic;
};

/* An old socket, and nothing else that may be there by mistake. */
static void remove_socket(const char *path)
{
    struct stat st;

    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        (void)unlink(path);
}

static bool bind_socket(const struct refclock_device *d, struct err *err)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};

    if (!text_copy(sun.sun_path, sizeof sun.sun_path, d->parameter))
        return err_set(err, ERR_RANGE, "Path of refclock socket is too long: %s", d->parameter);
    remove_socket(d->parameter);
    if (bind(d->fd, (struct sockaddr *)&sun, sizeof sun) < 0)
        return err_from_errno(err, "Could not bind refclock socket %s", d->parameter);
    return true;
}

/* In a restricted world the first Unix socket that is bound is taken for the command socket, so
 * this one has to wait for it. Elsewhere it has to be bound while there are privileges. */
static bool sock_open(struct world *w, struct refclock_device *d, const char *options,
                      struct err *err)
{
    (void)options;
    d->reports = true;
    d->fd = socket_plain(w, AF_UNIX, SOCK_DGRAM);
    if (d->fd < 0)
        return err_from_errno(err, "Could not open refclock socket");
    if (!w->restricted)
        return bind_socket(d, err);
    w->sockets_to_bind = true;
    return true;
}

void refclock_sock_bind_late(struct world *w)
{
    struct err err;

    w->sockets_to_bind = false;
    for (size_t i = 0; i < w->slot_count; i++) {
        const struct slot *s = &w->slots[i];

        if (s->kind == SLOT_REFCLOCK && s->refclock->driver == &refclock_sock &&
            !bind_socket(s->refclock, &err))
            log_error(&w->log, "%s", err.text);
    }
}

static void sock_close(struct refclock_device *d)
{
    remove_socket(d->parameter);
}

static bool is_sane(const struct sock_sample *m)
{
    return m->magic == SOCK_MAGIC && m->stamp.tv_usec >= 0 && m->stamp.tv_usec <= 999999 &&
           isfinite(m->offset_s);
}

static bool sock_receive(struct refclock_device *d, struct os_refclock_sample *out)
{
    struct sock_sample m;
    uint8_t data[sizeof m + 1];
    struct iovec part = {.iov_base = data, .iov_len = sizeof data};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n = recvmsg(d->fd, &header, 0);

    if (n != (ssize_t)sizeof m)
        return false;
    memcpy(&m, data, sizeof m);
    if (!is_sane(&m) || !ns_from_parts(m.stamp.tv_sec, m.stamp.tv_usec * 1000, &out->stamp.ns))
        return false;
    out->offset_s = m.offset_s;
    out->leap = m.leap;
    out->pulse = m.pulse != 0;
    return true;
}

const struct refclock_driver refclock_sock = {
    .name = "SOCK", .options = "", .open = sock_open, .receive = sock_receive, .close = sock_close};
