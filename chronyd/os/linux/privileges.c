/* privileges.c - changing to an unprivileged user with a few capabilities. */
#include "chronyd/os/linux/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyd/os/linux/internal.h"
#include "features.h"

#ifdef HAVE_CAPS
#include <sys/capability.h>
#endif

bool user_find(const char *name, struct user *out, struct err *err)
{
    const struct passwd *pw = getpwnam(name);

    if (!pw || !text_copy(out->name, sizeof out->name, name))
        return err_set(err, ERR_UNKNOWN, "Could not get user/group ID of %s", name);
    out->uid = pw->pw_uid;
    out->gid = pw->pw_gid;
    return true;
}

#ifdef HAVE_CAPS
/* Before 5.7 the kernel asked for CAP_NET_RAW when a socket was bound to an interface. */
static bool kernel_wants_net_raw(void)
{
    struct utsname u;
    int major, minor;

    if (uname(&u) < 0 || sscanf(u.release, "%d.%d", &major, &minor) != 2)
        return true;
    return major < 5 || (major == 5 && minor < 7);
}

static bool set_capabilities(const struct privileges *keep, struct err *err)
{
    cap_value_t wanted[3];
    int count = 0;
    cap_t caps = cap_init();
    bool ok;

    if (keep->steer_clock)
        wanted[count++] = CAP_SYS_TIME;
    if (keep->low_ports)
        wanted[count++] = CAP_NET_BIND_SERVICE;
    if (keep->bind_devices && kernel_wants_net_raw())
        wanted[count++] = CAP_NET_RAW;
    ok = caps != NULL;
    if (ok && count > 0)
        ok = cap_set_flag(caps, CAP_PERMITTED, count, wanted, CAP_SET) == 0 &&
             cap_set_flag(caps, CAP_EFFECTIVE, count, wanted, CAP_SET) == 0;
    ok = ok && cap_set_proc(caps) == 0;
    if (!ok)
        (void)err_set_sys(err, ERR_PERMISSION, errno, "Could not set capabilities");
    if (caps)
        (void)cap_free(caps);
    return ok;
}

bool privileges_drop(const struct user *user, const struct privileges *keep, struct err *err)
{
    if (user->uid == 0)
        return true;
    if (geteuid() == user->uid)
        return true; /* somebody else has done it for us (-U) */
    if (prctl(PR_SET_KEEPCAPS, 1) < 0 || initgroups(user->name, user->gid) < 0 ||
        setgid(user->gid) < 0 || setuid(user->uid) < 0)
        return err_set_sys(err, ERR_PERMISSION, errno, "Could not change to user %s", user->name);
    return set_capabilities(keep, err);
}
#else
bool privileges_drop(const struct user *user, const struct privileges *keep, struct err *err)
{
    (void)keep;
    if (user->uid == 0 || geteuid() == user->uid)
        return true;
    return err_set(err, ERR_UNSUPPORTED, "Could not change to user %s: not built in", user->name);
}
#endif

void privileges_check_read_only(const struct log *log, const char *path)
{
    if (!path)
        return;
    if (access(path, R_OK) < 0 && errno != ENOENT)
        log_warning(log, "Could not access %s : %s", path, strerror(errno));
    else if (access(path, W_OK) == 0)
        log_warning(log, "%s is writable by the user of the daemon", path);
}

void set_real_time_priority(const struct log *log, int priority)
{
    struct sched_param param = {.sched_priority = priority};

    if (priority <= 0)
        return;
    if (sched_setscheduler(0, SCHED_FIFO, &param) < 0)
        log_warning(log, "Could not enable real-time priority %d: %s", priority, strerror(errno));
}

/* Later allocations are locked too, and would fail beyond the limit: without leave to raise it,
 * nothing is locked. */
void lock_memory(const struct log *log)
{
    struct rlimit unlimited = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

    if (setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0 || mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
        log_warning(log, "Could not lock memory: %s", strerror(errno));
}
