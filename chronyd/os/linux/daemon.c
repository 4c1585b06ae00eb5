/* daemon.c - into the background, pid file, directories. */
#include "chronyd/os/linux/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyd/os/linux/internal.h"

/* What the daemon says to the first process: this byte and the end of the pipe, or the text of a
 * fatal error. The end alone means that it died without a word. */
#define READY_BYTE '\0'

/* Never returns: prints what the daemon complains about, and exits as it would. */
NORETURN static void wait_for_daemon(int fd)
{
    char text[2048];
    size_t length = 0;
    ssize_t n;

    while (length < sizeof text && (n = read(fd, text + length, sizeof text - length)) != 0) {
        if (n < 0 && errno != EINTR)
            break;
        length += n > 0 ? (size_t)n : 0;
    }
    if (length == 1 && text[0] == READY_BYTE)
        _exit(0);
    (void)write_all(STDERR_FILENO, text, length);
    _exit(1);
}

static bool redirect_standard_files(struct err *err)
{
    int fd = open("/dev/null", O_RDWR);

    if (fd < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
        return err_set_sys(err, ERR_IO, errno, "Could not open /dev/null");
    if (fd > 2)
        (void)close(fd);
    return true;
}

bool daemon_detach(int *parent_fd, struct err *err)
{
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set_sys(err, ERR_IO, errno, "Could not open pipe");
    pid = fork();
    if (pid < 0)
        return err_set_sys(err, ERR_IO, errno, "Could not detach");
    if (pid > 0) {
        (void)close(ends[1]);
        wait_for_daemon(ends[0]);
    }
    (void)close(ends[0]);
    *parent_fd = ends[1];
    (void)setsid();
    pid = fork();
    if (pid < 0)
        return err_set_sys(err, ERR_IO, errno, "Could not detach");
    if (pid > 0)
        _exit(0);
    if (chdir("/") < 0)
        return err_set_sys(err, ERR_IO, errno, "Could not change to directory /");
    return redirect_standard_files(err);
}

void daemon_release_parent(int *parent_fd)
{
    char ready = READY_BYTE;

    if (*parent_fd < 0)
        return;
    (void)write_all(*parent_fd, &ready, 1);
    (void)close(*parent_fd);
    *parent_fd = -1;
}

bool daemon_tell_ready_fd(int fd, struct err *err)
{
    if (fd < 0)
        return true;
    if (!write_all(fd, "\n", 1))
        return err_set_sys(err, ERR_IO, errno, "Could not write to descriptor %d", fd);
    (void)close(fd);
    return true;
}

/* A file that cannot be read, or holds no number, names nobody. Our own number is what a container
 * finds in the file of its previous life. */
bool pid_file_check(const char *path, struct err *err)
{
    char text[32];
    ssize_t n;
    long pid;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0)
        return true;
    n = read(fd, text, sizeof text - 1);
    (void)close(fd);
    text[n > 0 ? n : 0] = '\0';
    pid = strtol(text, NULL, 10);
    if (pid <= 0 || pid > INT_MAX || pid == (long)getpid())
        return true;
    if (kill((pid_t)pid, 0) < 0 && errno != EPERM)
        return true;
    return err_set(err, ERR_DUPLICATE, "Another chronyd may already be running (pid=%ld), check %s",
                   pid, path);
}

/* The file is created anew, so that a link that lies in wait is not followed. */
bool pid_file_write(const char *path, struct err *err)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%d\n", (int)getpid());
    int fd;

    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_set_sys(err, ERR_IO, errno, "Could not open %s", path);
    if (!write_all(fd, text, (size_t)n)) {
        int sys = errno;

        (void)close(fd);
        (void)unlink(path);
        return err_set_sys(err, ERR_IO, sys, "Could not write %s", path);
    }
    (void)close(fd);
    return true;
}

void pid_file_remove(const char *path)
{
    (void)unlink(path);
}

static bool make_parents(const char *path, struct err *err)
{
    char part[PATH_MAX];

    if (!text_copy(part, sizeof part, path))
        return err_set(err, ERR_RANGE, "Path is too long: %s", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        struct stat st;

        *slash = '\0';
        if (stat(part, &st) < 0 && mkdir(part, 0755) < 0 && errno != EEXIST)
            return err_from_errno(err, "Could not create directory %s", part);
        *slash = '/';
    }
    return true;
}

/* Not by its name: whoever may write to the parent could have put a link in its place by now. */
static bool give_directory(const char *path, uint32_t uid, uint32_t gid)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), sys;
    bool good = fd >= 0 && fchown(fd, uid, gid) == 0;

    sys = errno;
    if (fd >= 0)
        (void)close(fd);
    errno = sys;
    return good;
}

bool make_directory(const char *path, unsigned mode, uint32_t uid, uint32_t gid, struct err *err)
{
    struct stat st;

    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return true;
        return err_set(err, ERR_IO, "%s is not a directory", path);
    }
    if (!make_parents(path, err))
        return false;
    if (mkdir(path, (mode_t)mode) < 0)
        return err_from_errno(err, "Could not create directory %s", path);
    if ((uid != getuid() || gid != getgid()) && !give_directory(path, uid, gid))
        return err_from_errno(err, "Could not change owner of %s", path);
    return true;
}
