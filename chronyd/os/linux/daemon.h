/* daemon.h - the process: into the background, pid file, directories, telling who waits for us. */
#ifndef CHRONYD_OS_LINUX_DAEMON_H
#define CHRONYD_OS_LINUX_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"

/* Fork twice, new session, change to /. In the daemon: *parent_fd is what the first process reads.
 * In the first process it does not return before the daemon is ready or has died: it prints what
 * went wrong and exits with the status. */
bool daemon_detach(int *parent_fd, struct err *err);
/* The daemon is initialised: the first process may exit with status 0. Closes the descriptor. */
void daemon_release_parent(int *parent_fd);
/* -N: a newline to the descriptor, which is closed. */
bool daemon_tell_ready_fd(int fd, struct err *err);

/* "Another chronyd may already be running (pid=N), check FILE" if the file names a living process
 * other than this one. */
bool pid_file_check(const char *path, struct err *err);
bool pid_file_write(const char *path, struct err *err);
void pid_file_remove(const char *path);

/* Create `path` with `mode`, owned by the user; missing parents get 0755 and stay root's. An
 * existing one is left as it is. */
bool make_directory(const char *path, unsigned mode, uint32_t uid, uint32_t gid, struct err *err);

/* NOTIFY_SOCKET: false only for a value that cannot be used (an abstract socket). */
bool service_manager_check(struct err *err);
void service_manager_notify(const struct log *log, const char *state);
/* LISTEN_FDS */
int service_manager_sockets(void);

#endif
