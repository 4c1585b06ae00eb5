/* mail.c - hand a message to the host's mailer, without a shell and without waiting for it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chronyd/os/linux/internal.h"
#include "features.h"

/* The mailer reads the message from a pipe that is filled before it starts. */
static bool fill_pipe(int fds[2], const char *message, size_t length, struct err *err)
{
    ssize_t n;

    if (length > PIPE_BUF)
        return err_set(err, ERR_LIMIT, "The message is too long to be mailed");
    if (pipe2(fds, O_CLOEXEC) != 0)
        return err_set_sys(err, ERR_IO, errno, "Could not open a pipe for mail");
    n = write(fds[1], message, length);
    (void)close(fds[1]);
    if (n == (ssize_t)length)
        return true;
    (void)close(fds[0]);
    return err_set(err, ERR_IO, "Could not write a mail");
}

/* A mailer that has ended since the last mail; at most one waits to be buried. */
void mailer_bury(struct world *w)
{
    if (w->mailer > 0 && waitpid(w->mailer, NULL, WNOHANG) != 0)
        w->mailer = 0;
}

static int start(pid_t *pid, int input)
{
    static char name[] = "sendmail", option[] = "-t", path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char *const arguments[] = {name, option, NULL}, *const environment[] = {path, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    int status;

    (void)sigemptyset(&none);
    (void)sigfillset(&defaults);
    if (posix_spawn_file_actions_init(&actions) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    status = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO && status == 0; fd++)
        status = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY, 0);
    if (status == 0)
        status = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &defaults);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (status == 0)
        status = posix_spawn(pid, DEFAULT_SENDMAIL, &actions, &attributes, arguments, environment);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return status;
}

bool world_send_mail(void *ctx, const char *message, size_t length, struct err *err)
{
    struct world *w = ctx;
    int fds[2], status;
    pid_t pid = 0;

    if (w->restricted)
        return err_set(err, ERR_UNSUPPORTED, "No programs can be run here");
    mailer_bury(w);
    if (w->mailer > 0)
        return err_set(err, ERR_LIMIT, "The mailer is still busy");
    if (!fill_pipe(fds, message, length, err))
        return false;
    status = start(&pid, fds[0]);
    (void)close(fds[0]);
    if (status != 0)
        return err_set_sys(err, ERR_IO, status, "Could not run %s", DEFAULT_SENDMAIL);
    w->mailer = pid;
    return true;
}
