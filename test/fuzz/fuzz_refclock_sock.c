/* Any datagram to the socket of a SOCK reference clock, through the driver's own code: what is
 * taken is a sample that makes sense. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct incoming {
    const void *data;
    size_t size;
};

static struct incoming incoming;

static ssize_t fed_recvmsg(int fd, struct msghdr *m, int flags)
{
    size_t n = incoming.size < m->msg_iov->iov_len ? incoming.size : m->msg_iov->iov_len;

    (void)fd;
    (void)flags;
    memcpy(m->msg_iov->iov_base, incoming.data, n);
    return (ssize_t)n;
}

#define recvmsg fed_recvmsg
#include "chronyd/os/linux/refclock_sock.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int socket_plain(const struct world *w, int domain, int type)
{
    (void)w;
    (void)domain;
    (void)type;
    return -1;
}

bool err_from_errno(struct err *err, const char *format, ...)
{
    (void)err;
    (void)format;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct refclock_device d = {.driver = &refclock_sock, .fd = -1};
    struct os_refclock_sample out = {.leap = OS_LEAP_NONE};

    incoming = (struct incoming){data, size};
    if (!sock_receive(&d, &out))
        return 0;
    if (size != sizeof(struct sock_sample) || !isfinite(out.offset_s) || out.dispersion_s != 0.0 ||
        llabs(out.stamp.ns / NS_PER_S) > SECONDS_MAX)
        abort();
    return 0;
}
