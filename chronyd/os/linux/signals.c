/* signals.c - handlers that take notes. */
#include "chronyd/os/linux/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/timerfd.h>
#include <ucontext.h>

/* See the header: handlers have nothing else to write to. */
static volatile sig_atomic_t stop_asked;
static volatile sig_atomic_t wake_fd = -1;
static volatile sig_atomic_t refused_call = -1;

/* timerfd_settime() is a bare system call, as safe in a handler as write(). */
static void on_stop(int number)
{
    struct itimerspec now = {.it_value = {.tv_nsec = 1}};
    int saved = errno;

    (void)number;
    stop_asked = 1;
    if (wake_fd >= 0)
        (void)timerfd_settime(wake_fd, 0, &now, NULL);
    errno = saved;
}

void signals_install(void)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};
    struct sigaction action;

    memset(&action, 0, sizeof action);
    (void)sigfillset(&action.sa_mask);
    (void)sigdelset(&action.sa_mask, SIGSYS);
    action.sa_handler = on_stop;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        (void)sigaction(ends[i], &action, NULL);
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL);
    /* A log that reached the limit of its size is like a full disk. */
    (void)sigaction(SIGXFSZ, &action, NULL);
}

void signals_wake(int timer_fd)
{
    wake_fd = timer_fd;
}

bool signals_take_stop(void)
{
    bool asked = stop_asked != 0;

    stop_asked = 0;
    return asked;
}

int signals_take_refused_call(void)
{
    int call = (int)refused_call;

    refused_call = -1;
    return call;
}

#if defined(__x86_64__) || defined(__aarch64__)
/* The kernel leaves the call undone and the number in place of the result. */
static void on_refused_call(int number, siginfo_t *info, void *context)
{
    ucontext_t *c = context;

    (void)number;
    refused_call = info->si_syscall;
#if defined(__x86_64__)
    c->uc_mcontext.gregs[REG_RAX] = -ENOSYS;
#else
    c->uc_mcontext.regs[0] = (unsigned long long)-ENOSYS;
#endif
}

bool signals_catch_refused_calls(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    (void)sigemptyset(&action.sa_mask);
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = on_refused_call;
    return sigaction(SIGSYS, &action, NULL) == 0;
}
#else
bool signals_catch_refused_calls(void)
{
    return false;
}
#endif
