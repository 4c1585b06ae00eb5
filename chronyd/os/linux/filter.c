/* filter.c - the system calls that the daemon may make after its start.
 *
 * The allow-list names what our own code and getaddrinfo() with its modules use (files, sockets,
 * a daemon's socket, shared memory of a cache); the deny-list names what only an intruder would
 * want. */
#include "chronyd/os/linux/privileges.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>

#include "chronyd/os/linux/signals.h"
#include "base/defs.h"
#include "features.h"

#ifdef HAVE_SECCOMP
#include <seccomp.h>

/* clang-format off */
static const char *const allowed[] = {
    /* the process, its memory and threads */
    "brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "membarrier", "exit",
    "exit_group", "futex", "futex_time64", "set_robust_list", "get_robust_list", "rseq",
    "set_tid_address", "sched_yield", "sched_getaffinity", "gettid", "getpid", "getppid", "getuid",
    "getuid32", "geteuid", "geteuid32", "getgid", "getgid32", "getegid", "getegid32", "getgroups",
    "getgroups32", "prlimit64", "getrlimit", "ugetrlimit", "getrusage", "sysinfo", "uname",
    "getcwd", "umask", "prctl", "arch_prctl", "restart_syscall", "getrandom", "rt_sigaction",
    "rt_sigprocmask", "rt_sigreturn", "sigaction", "sigprocmask", "sigreturn", "tgkill", "times",
    "sigaltstack",
    /* time */
    "adjtimex", "clock_adjtime", "clock_adjtime64", "clock_gettime", "clock_gettime64",
    "clock_getres", "clock_getres_time64", "clock_settime", "clock_settime64", "gettimeofday",
    "settimeofday", "time", "nanosleep", "clock_nanosleep", "clock_nanosleep_time64",
    "timerfd_create", "timerfd_settime", "timerfd_settime64", "timerfd_gettime",
    "timerfd_gettime64",
    /* waiting */
    "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64",
    "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "eventfd2", "pipe",
    "pipe2",
    /* files */
    "open", "openat", "close", "read", "readv", "pread64", "write", "writev", "pwrite64", "lseek",
    "_llseek", "fstat", "fstat64", "stat", "stat64", "lstat", "lstat64", "newfstatat", "fstatat64",
    "statx", "statfs", "statfs64", "fstatfs", "fstatfs64", "access", "faccessat", "faccessat2",
    "readlink", "readlinkat", "getdents", "getdents64", "fcntl", "fcntl64", "ioctl", "dup", "dup2",
    "dup3", "fsync", "fdatasync", "ftruncate", "ftruncate64", "rename", "renameat", "renameat2",
    "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "chmod", "fchmod", "fchmodat", "chown",
    "chown32", "fchown", "fchown32", "lchown", "lchown32", "fchownat", "flock", "fadvise64",
    "fadvise64_64", "getxattr",
    /* sockets */
    "socket", "socketpair", "socketcall", "bind", "connect", "listen", "accept", "accept4",
    "shutdown", "send", "sendto", "sendmsg", "sendmmsg", "recv", "recvfrom", "recvmsg", "recvmmsg",
    "recvmmsg_time64", "getsockopt", "setsockopt", "getsockname", "getpeername",
    /* reference clocks in shared memory */
    "shmget", "shmat", "shmdt", "shmctl", "ipc",
};

static const char *const denied[] = {
    "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev",
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "mount",
    "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "swapon", "swapoff", "reboot", "unshare", "setns", "bpf",
    "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "io_uring_setup",
    "io_uring_enter", "io_uring_register", "personality", "acct", "quotactl", "syslog", "iopl",
    "ioperm", "modify_ldt", "mknod", "mknodat", "open_by_handle_at", "name_to_handle_at",
    "sethostname", "setdomainname", "vhangup", "lookup_dcookie", "memfd_create", "pidfd_getfd",
};
/* clang-format on */

static uint32_t refusal_action(enum filter_refusal refusal)
{
    switch (refusal) {
    case FILTER_KILL:
        return SCMP_ACT_KILL_PROCESS;
    case FILTER_SIGNAL:
        return SCMP_ACT_TRAP;
    default:
        return signals_catch_refused_calls() ? SCMP_ACT_TRAP : SCMP_ACT_ERRNO(ENOSYS);
    }
}

static bool add_rules(scmp_filter_ctx ctx, const char *const *names, size_t count, uint32_t action)
{
    bool ok = true;

    for (size_t i = 0; i < count; i++) {
        int call = seccomp_syscall_resolve_name(names[i]);

        /* Negative: this processor has no such call. */
        if (call >= 0)
            ok = seccomp_rule_add(ctx, action, call, 0) == 0 && ok;
    }
    return ok;
}

/* Threads are made with clone(), whose flags can be looked at; clone3() hides them, and the C
 * library goes back to clone() when it is missing. */
static bool add_thread_rules(scmp_filter_ctx ctx, enum filter_kind kind, uint32_t refusal)
{
    int clone_call = seccomp_syscall_resolve_name("clone");
    int clone3_call = seccomp_syscall_resolve_name("clone3");
    bool ok;

    if (kind == FILTER_KIND_ALLOW)
        ok = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, clone_call, 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) == 0;
    else
        ok = seccomp_rule_add(ctx, refusal, clone_call, 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)) == 0;
    return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), clone3_call, 0) == 0 && ok;
}

bool filter_install(enum filter_kind kind, enum filter_refusal refusal, struct err *err)
{
    uint32_t action = refusal_action(refusal);
    scmp_filter_ctx ctx = seccomp_init(kind == FILTER_KIND_ALLOW ? action : SCMP_ACT_ALLOW);
    int result = -ENOMEM;

    if (ctx) {
        bool ok = kind == FILTER_KIND_ALLOW
                      ? add_rules(ctx, allowed, ARRAY_LEN(allowed), SCMP_ACT_ALLOW)
                      : add_rules(ctx, denied, ARRAY_LEN(denied), action);

        ok = add_thread_rules(ctx, kind, action) && ok;
        result = ok ? seccomp_load(ctx) : -EINVAL;
        seccomp_release(ctx);
    }
    if (result < 0)
        return err_set_sys(err, ERR_UNSUPPORTED, -result, "Could not install system call filter");
    return true;
}
#else
bool filter_install(enum filter_kind kind, enum filter_refusal refusal, struct err *err)
{
    (void)kind;
    (void)refusal;
    return err_set(err, ERR_UNSUPPORTED, "System call filter is not built in");
}
#endif
