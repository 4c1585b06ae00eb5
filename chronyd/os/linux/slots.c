/* slots.c - the table of descriptors that the loop waits for. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chronyd/os/linux/internal.h"

void set_descriptor_flags(int fd)
{
    int flags = fcntl(fd, F_GETFD);

    if (flags >= 0)
        (void)fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
    flags = fcntl(fd, F_GETFL);
    if (flags >= 0)
        (void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int open_device(const char *path)
{
    int fd = open(path, O_RDWR);

    if (fd < 0 && (errno == EACCES || errno == EROFS))
        fd = open(path, O_RDONLY);
    if (fd >= 0)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

int socket_plain(const struct world *w, int domain, int type)
{
    int fd;

    if (!w->restricted)
        return socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    fd = socket(domain, type, 0);
    if (fd >= 0)
        set_descriptor_flags(fd);
    return fd;
}

static bool slots_grow(struct world *w)
{
    size_t count = w->slot_count ? w->slot_count * 2 : 16;
    struct slot *slots = realloc(w->slots, count * sizeof *slots);

    if (!slots)
        return false;
    memset(slots + w->slot_count, 0, (count - w->slot_count) * sizeof *slots);
    w->slots = slots;
    w->slot_count = count;
    return true;
}

int slot_add(struct world *w, enum slot_kind kind, int fd)
{
    size_t i = 0;

    while (i < w->slot_count && w->slots[i].kind != SLOT_FREE)
        i++;
    if (i == w->slot_count && !slots_grow(w)) {
        (void)close(fd);
        return -1;
    }
    w->slots[i] = (struct slot){.kind = kind, .fd = fd, .serial = ++w->next_serial, .listener = -1};
    return (int)i;
}

struct slot *slot_get(struct world *w, int handle, enum slot_kind kind)
{
    if (handle < 0 || (size_t)handle >= w->slot_count || w->slots[handle].kind != kind)
        return NULL;
    return &w->slots[handle];
}

void slot_close(struct world *w, int handle)
{
    struct slot *s = &w->slots[handle];

    (void)close(s->fd);
    free(s->path);
    *s = (struct slot){.kind = SLOT_FREE, .fd = -1};
}
