/* random.c - the kernel's random numbers, in small portions. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "chronyd/os/linux/internal.h"

/* Used when getrandom() is refused. A daemon without randomness would send predictable packets, so
 * it does not go on. */
static void random_from_device(uint8_t *out, size_t length)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    size_t done = 0;

    while (fd >= 0 && done < length) {
        ssize_t n = read(fd, out + done, length - done);

        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            break;
    }
    if (done < length)
        abort();
    (void)close(fd);
}

static void random_fill(uint8_t *out, size_t length)
{
    size_t done = 0;

    while (done < length) {
        ssize_t n = getrandom(out + done, length - done, 0);

        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            break;
    }
    if (done < length)
        random_from_device(out + done, length - done);
}

/* What was handed out is wiped from the buffer, so that it cannot be read from there later. */
void world_random(void *ctx, void *out, size_t length)
{
    struct world *w = ctx;
    uint8_t *bytes = out;

    while (length > 0) {
        size_t n = length < w->random_left ? length : w->random_left;

        if (n == 0) {
            random_fill(w->random, sizeof w->random);
            w->random_left = sizeof w->random;
            continue;
        }
        memcpy(bytes, w->random + sizeof w->random - w->random_left, n);
        explicit_bzero(w->random + sizeof w->random - w->random_left, n);
        w->random_left -= n;
        bytes += n;
        length -= n;
    }
}
