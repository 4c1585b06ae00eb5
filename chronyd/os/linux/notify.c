/* notify.c - what a service manager gives us and wants to hear. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyd/os/linux/daemon.h"
#include "chronyd/os/linux/internal.h"

#define ADOPTED_MAX 64

bool service_manager_check(struct err *err)
{
    const char *path = getenv("NOTIFY_SOCKET");

    if (path && path[0] != '\0' && path[0] != '/')
        return err_set(err, ERR_UNSUPPORTED, "Unsupported notification socket %s", path);
    return true;
}

void service_manager_notify(const struct log *log, const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd;

    if (!path || path[0] != '/' || !text_copy(sun.sun_path, sizeof sun.sun_path, path))
        return;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&sun, sizeof sun) < 0)
        log_warning(log, "Could not notify the service manager: %s", strerror(errno));
    if (fd >= 0)
        (void)close(fd);
}

int service_manager_sockets(void)
{
    const char *text = getenv("LISTEN_FDS");
    int64_t count;

    if (!text || !text_int(text, &count) || count <= 0)
        return 0;
    return count < ADOPTED_MAX ? (int)count : ADOPTED_MAX;
}
