/* privileges.h - who the process is, and what it may still do after its start. */
#ifndef CHRONYD_OS_LINUX_PRIVILEGES_H
#define CHRONYD_OS_LINUX_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"

struct user {
    uint32_t uid, gid;
    char name[64];
};
bool user_find(const char *name, struct user *out, struct err *err);

struct privileges {
    bool steer_clock;  /* keep CAP_SYS_TIME */
    bool low_ports;    /* keep CAP_NET_BIND_SERVICE */
    bool bind_devices; /* keep CAP_NET_RAW on old kernels */
};
/* Become `user` with only the capabilities named. Nothing happens for root. */
bool privileges_drop(const struct user *user, const struct privileges *keep, struct err *err);

/* Warn about a file that the process, having become its user, can write or cannot read. NULL is no
 * file. A missing one is not told of: reading it does that. */
void privileges_check_read_only(const struct log *log, const char *path);

/* Real-time priority and locked memory: a failure is logged. */
void set_real_time_priority(const struct log *log, int priority);
void lock_memory(const struct log *log);

enum filter_kind { FILTER_KIND_ALLOW, FILTER_KIND_DENY };
enum filter_refusal { FILTER_REFUSE_CALL, FILTER_KILL, FILTER_SIGNAL };
/* Install the system call filter. FILTER_REFUSE_CALL: a forbidden call fails and is logged. */
bool filter_install(enum filter_kind kind, enum filter_refusal refusal, struct err *err);

/* Let only these directories be written to from now on, and no program be run. Tolerant: false (and
 * err) if the kernel cannot do it, and nothing is restricted then. */
bool landlock_restrict(const char *const *writable, size_t count, struct err *err);

#endif
