/* others.c - names, identity, files, randomness; and all the calls that nobody replaces. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/rtc.h>

#include "world.h"

struct world world;

#define STATUS_VIOLATION 99

void violation(const char *format, ...)
{
    va_list args;

    fputs("world: not allowed: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\n", stderr);
    trace("violation");
    _exit(STATUS_VIOLATION);
}

void trace(const char *format, ...)
{
    va_list args;

    if (!world.trace)
        return;
    va_start(args, format);
    vfprintf(world.trace, format, args);
    va_end(args);
    fputc('\n', world.trace);
}

static double number(const char *name, double otherwise)
{
    const char *text = getenv(name);

    return text && *text ? strtod(text, NULL) : otherwise;
}

static void read_settings(struct settings *s)
{
    s->family = (int)number("WORLD_FAMILY", 4);
    s->stamping = number("WORLD_STAMPING", 1) != 0;
    s->unix_on = number("WORLD_UNIX", 0) != 0;
    s->start_s = (int64_t)number("WORLD_START", 1262304000);
    s->offset_s = number("WORLD_OFFSET", 0.1);
    s->freq_ppm = number("WORLD_FREQ", 20);
    s->wander = number("WORLD_WANDER", 0);
    s->swing = number("WORLD_SWING", 0);
    s->delay_s = number("WORLD_DELAY", 1e-4);
    s->jitter_s = number("WORLD_JITTER", 1e-5);
    s->until_s = number("WORLD_UNTIL", 1000);
    s->servers = (int)number("WORLD_SERVERS", 1);
    s->false_s = number("WORLD_FALSE", 0);
    s->ask_from = number("WORLD_ASK_FROM", 0);
    s->pause_at = number("WORLD_PAUSE_AT", 0);
    s->daemon_port = (int)number("WORLD_DAEMON_PORT", 0);
    s->daemon_socket = getenv("WORLD_DAEMON_SOCKET");
    s->step_at = number("WORLD_STEP_AT", 0);
    s->step_s = number("WORLD_STEP", 0);
    s->rtc_offset_s = number("WORLD_RTC", 0);
    s->rtc_ppm = number("WORLD_RTC_PPM", 0);
    s->refclock_offset_s = number("WORLD_REFCLOCK", 0);
    s->refclock_jitter_s = number("WORLD_REFCLOCK_JITTER", 1e-6);
    s->ptp_ways = (int)number("WORLD_PTP", 3);
    s->hardware = (int)number("WORLD_HW", 0);
    s->soft_late_s = number("WORLD_SOFT_LATE", 0);
    s->tx_late_s = number("WORLD_TX_LATE", 0);
    s->ptp_step_at = number("WORLD_PTP_STEP_AT", 0);
    s->ptp_step_s = number("WORLD_PTP_STEP", 0);
    s->real_path = getenv("WORLD_REAL_SOCKET");
    s->done_path = getenv("WORLD_PAUSE_DONE");
    s->seed = (uint64_t)number("WORLD_SEED", 1);
    world.random = s->seed * 2654435761u + 88172645463325252ull;
}

void world_start(void)
{
    if (world.ready)
        return;
    world.ready = true;
    world.pid = getpid();
    world.main_thread = pthread_self();
    world.real_fd = world.real_udp_fd = -1;
    read_settings(&world.set);
    if (getenv("WORLD_TRACE"))
        world.trace = fopen(getenv("WORLD_TRACE"), "we");
    clock_start();
    if (world.set.pause_at > 0 || world.set.daemon_socket)
        world.real_fd = real_unix_socket(world.set.real_path);
}

void enter(const char *call)
{
    world_start();
    if (!pthread_equal(pthread_self(), world.main_thread))
        violation("%s on a second thread", call);
}

/* The program signs off: it came here by exit() or by the end of main. */
__attribute__((destructor)) static void sign_off(void)
{
    if (!world.ready || getpid() != world.pid)
        return;
    trace("signed off %.6f", (double)world.t * 1e-9);
    if (world.trace)
        fclose(world.trace);
}

/* --- randomness --- */

uint64_t random_bits(void)
{
    world.random ^= world.random << 13;
    world.random ^= world.random >> 7;
    world.random ^= world.random << 17;
    return world.random;
}

double random_unit(void)
{
    return ((double)(random_bits() >> 11) + 0.5) / 9007199254740992.0;
}

ssize_t getrandom(void *out, size_t length, unsigned flags)
{
    (void)flags;
    enter("getrandom");
    for (size_t i = 0; i < length; i++)
        ((uint8_t *)out)[i] = (uint8_t)(random_bits() >> 20);
    return (ssize_t)length;
}

/* --- names --- */

int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
    struct sockaddr_in *in4;
    int host, net;
    struct addrinfo *a;

    (void)service;
    world_start();
    if (!hints || hints->ai_socktype == 0 || hints->ai_flags & AI_CANONNAME)
        violation("getaddrinfo has to ask for one socket type and for no canonical name");
    if (hints->ai_family == AF_INET6 || sscanf(name, "node%d.net%d.clk", &host, &net) != 2 ||
        host < 1 || host > 254 || net != 1)
        return EAI_NONAME;
    a = calloc(1, sizeof *a + sizeof *in4);
    in4 = (struct sockaddr_in *)(void *)(a + 1);
    in4->sin_family = AF_INET;
    in4->sin_addr.s_addr = htonl(0xc0a87b00u + (uint32_t)host);
    a->ai_family = AF_INET;
    a->ai_socktype = hints->ai_socktype;
    a->ai_addr = (struct sockaddr *)in4;
    a->ai_addrlen = sizeof *in4;
    *out = a;
    return 0;
}

void freeaddrinfo(struct addrinfo *a)
{
    free(a);
}

/* --- identity: an ordinary user who is told that it is root --- */

uid_t getuid(void)
{
    return 0;
}
uid_t geteuid(void)
{
    return 0;
}
gid_t getgid(void)
{
    return 0;
}
gid_t getegid(void)
{
    return 0;
}
int setuid(uid_t id)
{
    (void)id;
    return 0;
}
int setgid(gid_t id)
{
    (void)id;
    return 0;
}
int setgroups(size_t count, const gid_t *list)
{
    (void)count;
    (void)list;
    return 0;
}
int initgroups(const char *user, gid_t group)
{
    (void)user;
    (void)group;
    return 0;
}

struct passwd *getpwnam(const char *name)
{
    static struct passwd pw;

    pw.pw_name = (char *)(uintptr_t)name;
    return &pw;
}

int uname(struct utsname *u)
{
    memset(u, 0, sizeof *u);
    snprintf(u->sysname, sizeof u->sysname, "Linux");
    snprintf(u->release, sizeof u->release, "4.19");
    snprintf(u->machine, sizeof u->machine, "x86_64");
    return 0;
}

/* --- files --- */

static bool in_unix_directory(const char *path)
{
    return strncmp(path, "/clknetsim", 10) == 0;
}

int stat(const char *restrict path, struct stat *restrict st)
{
    int (*real)(const char *, struct stat *);

    if (strcmp(path, "/clknetsim") == 0 || strcmp(path, "/clknetsim/unix") == 0) {
        memset(st, 0, sizeof *st);
        st->st_mode = S_IFDIR | 0750;
        return 0;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "stat");
    return real(path, st);
}

int mkdir(const char *path, mode_t mode)
{
    int (*real)(const char *, mode_t);

    if (in_unix_directory(path))
        return 0;
    *(void **)&real = dlsym(RTLD_NEXT, "mkdir");
    return real(path, mode);
}

int chmod(const char *path, mode_t mode)
{
    (void)path;
    (void)mode;
    return 0;
}

int open(const char *path, int flags, ...)
{
    int (*real)(const char *, int, ...);
    va_list args;
    unsigned mode;
    int fd;

    va_start(args, flags);
    mode = va_arg(args, unsigned);
    va_end(args);
    if (strcmp(path, "/dev/rtc") == 0)
        return RTC_FD;
    fd = refclocks_open(path);
    if (fd >= 0)
        return fd;
    *(void **)&real = dlsym(RTLD_NEXT, "open");
    fd = real(path, flags, mode);
    if (fd >= FIRST_SOCKET)
        violation("too many open files");
    return fd;
}

/* --- what is not replaced fails on the sockets of a world --- */

static void not_on_socket(int fd, const char *call)
{
    if (fd >= FIRST_SOCKET && fd < FIRST_SOCKET + SOCKETS_MAX)
        violation("%s on a socket", call);
}

ssize_t read(int fd, void *buf, size_t length)
{
    ssize_t (*real)(int, void *, size_t);

    not_on_socket(fd, "read");
    if (fd == RTC_FD) {
        if (!world.rtc_due)
            violation("reads /dev/rtc before it is ready");
        world.rtc_due = false;
        memset(buf, 0, length);
        memcpy(buf, &(unsigned long){1 << 8 | RTC_IRQF | RTC_UF},
               length < sizeof(unsigned long) ? length : sizeof(unsigned long));
        return (ssize_t)length;
    }
    if (fd == PTP_FD)
        return refclocks_read(buf, length);
    *(void **)&real = dlsym(RTLD_NEXT, "read");
    return real(fd, buf, length);
}

ssize_t write(int fd, const void *buf, size_t length)
{
    ssize_t (*real)(int, const void *, size_t);

    not_on_socket(fd, "write");
    *(void **)&real = dlsym(RTLD_NEXT, "write");
    return real(fd, buf, length);
}
