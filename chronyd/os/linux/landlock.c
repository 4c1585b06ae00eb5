/* landlock.c - after the start only the configured directories can be written to.
 *
 * Reading stays free: name resolution loads libraries and reads files that no configuration names.
 * Running a program needs no allowance at all and is thereby refused. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chronyd/os/linux/privileges.h"
#include "features.h"

#ifdef HAVE_LANDLOCK
#include <linux/landlock.h>

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

#define WRITING                                                                                    \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                               \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |   \
     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)
#define ALLOWED                                                                                    \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                              \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK)

static uint64_t handled_rights(long abi)
{
    uint64_t rights = WRITING | LANDLOCK_ACCESS_FS_EXECUTE;

    if (abi >= 2)
        rights |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3)
        rights |= LANDLOCK_ACCESS_FS_TRUNCATE;
    return rights;
}

/* A directory that is not there needs no allowance; it is refused, not forgotten. A device or file
 * may be named too, and takes only the rights of files. */
static void allow_path(int ruleset, const char *path, uint64_t handled)
{
    struct landlock_path_beneath_attr rule = {.allowed_access =
                                                  (ALLOWED | LANDLOCK_ACCESS_FS_TRUNCATE) & handled,
                                              .parent_fd = open(path, O_PATH | O_CLOEXEC)};

    if (rule.parent_fd < 0)
        return;
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0) {
        rule.allowed_access =
            (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE) & handled;
        (void)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    }
    (void)close(rule.parent_fd);
}

bool landlock_restrict(const char *const *writable, size_t count, struct err *err)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct landlock_ruleset_attr attributes = {.handled_access_fs = 0};
    int ruleset;
    bool ok;

    if (abi < 1)
        return err_set_sys(err, ERR_UNSUPPORTED, errno, "Landlock is not available");
    attributes.handled_access_fs = handled_rights(abi);
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes,
                           sizeof attributes.handled_access_fs, 0);
    if (ruleset < 0)
        return err_set_sys(err, ERR_UNSUPPORTED, errno, "Landlock is not available");
    for (size_t i = 0; i < count; i++)
        allow_path(ruleset, writable[i], attributes.handled_access_fs);
    ok = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    if (!ok)
        (void)err_set_sys(err, ERR_UNSUPPORTED, errno, "Could not restrict the file system");
    (void)close(ruleset);
    return ok;
}
#else
bool landlock_restrict(const char *const *writable, size_t count, struct err *err)
{
    (void)writable;
    (void)count;
    return err_set(err, ERR_UNSUPPORTED, "Landlock is not built in");
}
#endif
