/* forbidden.c - calls that a simulator does not replace: they would leave the simulation.
 *
 * Only the names matter, so the functions are declared by hand, apart from the C library's headers.
 */
#include <pthread.h>

#include "world.h"

#define FORBIDDEN(name)                                                                            \
    long forbidden_##name(void) __asm__(#name);                                                    \
    long forbidden_##name(void)                                                                    \
    {                                                                                              \
        violation(#name);                                                                          \
    }

FORBIDDEN(ppoll)
FORBIDDEN(pselect)
FORBIDDEN(epoll_create)
FORBIDDEN(epoll_create1)
FORBIDDEN(epoll_wait)
FORBIDDEN(epoll_pwait)
FORBIDDEN(eventfd)
FORBIDDEN(signalfd)
FORBIDDEN(inotify_init)
FORBIDDEN(inotify_init1)
FORBIDDEN(timerfd_create)
FORBIDDEN(timerfd_settime)
FORBIDDEN(timer_create)
FORBIDDEN(setitimer)
FORBIDDEN(sleep)
FORBIDDEN(alarm)
FORBIDDEN(pthread_cond_timedwait)
FORBIDDEN(clock_getres)
FORBIDDEN(timespec_get)
FORBIDDEN(times)
FORBIDDEN(sendmmsg)
FORBIDDEN(accept4)
FORBIDDEN(getpeername)
FORBIDDEN(socketpair)
FORBIDDEN(sendfile)
FORBIDDEN(if_nametoindex)
FORBIDDEN(if_indextoname)
FORBIDDEN(setresuid)
FORBIDDEN(setresgid)
FORBIDDEN(vsyslog)
FORBIDDEN(syscall)
FORBIDDEN(arc4random)
FORBIDDEN(arc4random_buf)
FORBIDDEN(fork)
FORBIDDEN(vfork)
FORBIDDEN(posix_spawn)
FORBIDDEN(execve)
FORBIDDEN(__poll_chk)
FORBIDDEN(__ppoll_chk)
FORBIDDEN(__recvfrom_chk)
FORBIDDEN(__recv_chk)
FORBIDDEN(open64)
FORBIDDEN(fcntl64)
