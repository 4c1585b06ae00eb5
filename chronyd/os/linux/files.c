/* files.c - reading, replacing and appending files. Symbolic links are not followed where we write:
 * the directory of a log or dump file may belong to somebody less trusted than we are. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chronyd/os/linux/internal.h"

#define READ_CHUNK 4096
/* A pipe or a terminal in place of a file has to speak within this time. */
#define SILENCE_MAX_MS 1000

bool write_all(int fd, const void *data, size_t length)
{
    const char *at = data;

    while (length > 0) {
        ssize_t n = write(fd, at, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        length -= (size_t)n;
    }
    return true;
}

/* Nothing in place of a file may make the daemon wait for long. */
static bool wait_for_data(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n;

    do {
        n = poll(&p, 1, SILENCE_MAX_MS);
    } while (n < 0 && errno == EINTR);
    if (n == 0)
        errno = ETIMEDOUT;
    return n > 0;
}

/* A pipe that nobody writes to looks like an empty file, and an empty file is a valid one. */
static bool is_pipe(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* Reads until the end: files in /proc and /sys have no size, and a pipe is a file too. */
static bool read_to_end(int fd, const char *path, size_t max, char **data, size_t *length,
                        struct err *err)
{
    size_t size = READ_CHUNK, used = 0;
    char *buf = malloc(size + 1);

    while (buf) {
        ssize_t n = read(fd, buf + used, size - used);

        if (n < 0 && (errno == EINTR || (errno == EAGAIN && wait_for_data(fd))))
            continue;
        if (n < 0) {
            (void)err_set_sys(err, ERR_IO, errno, "Could not read %s", path);
            break;
        }
        if (n == 0 && used == 0 && is_pipe(fd)) {
            (void)err_set(err, ERR_IO, "%s is a pipe that nobody writes to", path);
            break;
        }
        used += (size_t)n;
        if (used > max) {
            (void)err_set(err, ERR_LIMIT, "%s is larger than %zu bytes", path, max);
            break;
        }
        if (n == 0) {
            buf[used] = '\0';
            *data = buf;
            *length = used;
            return true;
        }
        if (used == size) {
            char *larger = realloc(buf, size * 2 + 1);

            if (!larger) {
                (void)err_set(err, ERR_LIMIT, "Could not read %s: no memory", path);
                break;
            }
            buf = larger;
            size *= 2;
        }
    }
    free(buf);
    return false;
}

bool world_file_read(void *ctx, const char *path, size_t max, char **data, size_t *length,
                     struct err *err)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bool ok;

    (void)ctx;
    if (fd < 0)
        return err_from_errno(err, "Could not open %s", path);
    ok = read_to_end(fd, path, max, data, length, err);
    (void)close(fd);
    return ok;
}

static bool write_file(const char *path, const void *data, size_t length, unsigned mode,
                       struct err *err)
{
    int fd, sys;

    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return err_from_errno(err, "Could not open %s", path);
    sys = write_all(fd, data, length) && fsync(fd) == 0 ? 0 : errno;
    if (close(fd) < 0 && sys == 0)
        sys = errno;
    if (sys == 0)
        return true;
    (void)unlink(path);
    return err_set_sys(err, ERR_IO, sys, "Could not write %s", path);
}

bool world_file_replace(void *ctx, const char *path, const void *data, size_t length, unsigned mode,
                        struct err *err)
{
    char tmp[PATH_MAX];
    int n = snprintf(tmp, sizeof tmp, "%s.tmp", path);

    (void)ctx;
    if (n < 0 || (size_t)n >= sizeof tmp)
        return err_set(err, ERR_RANGE, "Path is too long: %s", path);
    if (!write_file(tmp, data, length, mode, err))
        return false;
    if (rename(tmp, path) < 0) {
        (void)err_from_errno(err, "Could not replace %s", path);
        (void)unlink(tmp);
        return false;
    }
    return true;
}

bool world_file_remove(void *ctx, const char *path, struct err *err)
{
    (void)ctx;
    if (unlink(path) == 0)
        return true;
    return err_from_errno(err, "Could not remove %s", path);
}

bool world_file_mtime(void *ctx, const char *path, struct utc *out)
{
    struct stat st;

    (void)ctx;
    if (stat(path, &st) < 0)
        return false;
    out->ns = (int64_t)st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
    return true;
}

bool world_file_mode(void *ctx, const char *path, unsigned *mode)
{
    struct stat st;

    (void)ctx;
    if (stat(path, &st) < 0)
        return false;
    *mode = (unsigned)st.st_mode & 07777;
    return true;
}

int world_append_open(void *ctx, const char *path, unsigned mode, struct err *err)
{
    int fd =
        open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC,
             (mode_t)mode);

    (void)ctx;
    if (fd < 0)
        (void)err_from_errno(err, "Could not open %s", path);
    return fd;
}

bool world_append_write(void *ctx, int file, const void *data, size_t length, struct err *err)
{
    (void)ctx;
    if (write_all(file, data, length))
        return true;
    return err_set_sys(err, ERR_IO, errno, "Could not write");
}

void world_append_close(void *ctx, int file)
{
    (void)ctx;
    if (file >= 0)
        (void)close(file);
}

static char **copy_paths(const glob_t *g)
{
    char **paths = calloc(g->gl_pathc + 1, sizeof *paths);

    for (size_t i = 0; paths && i < g->gl_pathc; i++) {
        paths[i] = strdup(g->gl_pathv[i]);
        if (!paths[i]) {
            os_free_list(paths, i);
            return NULL;
        }
    }
    return paths;
}

bool world_glob(void *ctx, const char *pattern, char ***paths, size_t *count, struct err *err)
{
    glob_t g;
    int result = glob(pattern, GLOB_ERR, NULL, &g);
    bool ok = true;

    (void)ctx;
    *paths = NULL;
    *count = 0;
    if (result == GLOB_NOMATCH)
        return true;
    if (result == GLOB_ABORTED && (errno == ENOENT || errno == ENOTDIR)) {
        globfree(&g);
        return true;
    }
    if (result != 0) {
        globfree(&g);
        return err_set(err, ERR_IO, "Could not read directory of %s", pattern);
    }
    *paths = copy_paths(&g);
    if (*paths)
        *count = g.gl_pathc;
    else
        ok = err_set(err, ERR_LIMIT, "No memory for the files of %s", pattern);
    globfree(&g);
    return ok;
}
