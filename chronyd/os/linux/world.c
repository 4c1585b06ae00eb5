/* world.c - making and ending the Linux world. */
#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "chronyd/os/linux/internal.h"
#include "chronyd/os/linux/signals.h"

static const struct os_ops linux_ops = {
    .mono = world_mono,
    .utc = world_utc,
    .suspended_s = world_suspended_s,
    .clock_info = world_clock_info,
    .set_rate = world_set_rate,
    .step = world_step,
    .set_clock_status = world_set_clock_status,
    .rtc_open = world_rtc_open,
    .rtc_close = world_rtc_close,
    .rtc_ticks = world_rtc_ticks,
    .rtc_set = world_rtc_set,
    .rtc_read = world_rtc_read,
    .refclock_open = world_refclock_open,
    .refclock_poll = world_refclock_poll,
    .refclock_close = world_refclock_close,
    .random = world_random,
    .udp_open = world_udp_open,
    .udp_close = world_udp_close,
    .udp_send = world_udp_send,
    .has_route = world_has_route,
    .interfaces = world_interfaces,
    .hwstamp_enable = world_hwstamp_enable,
    .hwclock_read = world_hwclock_read,
    .unix_open = world_unix_open,
    .unix_close = world_unix_close,
    .unix_send = world_unix_send,
    .stream_listen = world_stream_listen,
    .stream_connect = world_stream_connect,
    .stream_send = world_stream_send,
    .stream_close = world_stream_close,
    .resolve = world_resolve,
    .resolve_cancel = world_resolve_cancel,
    .file_read = world_file_read,
    .file_replace = world_file_replace,
    .file_remove = world_file_remove,
    .file_mtime = world_file_mtime,
    .file_mode = world_file_mode,
    .append_open = world_append_open,
    .append_write = world_append_write,
    .append_close = world_append_close,
    .glob = world_glob,
    .send_mail = world_send_mail,
};

/* Linux has taken flags in a socket's type since 2008. Where they are refused, an interposing
 * library stands between us and the kernel, and only what it knows may be used. */
static bool flags_are_refused(void)
{
    static const int families[] = {AF_INET, AF_INET6, AF_UNIX};

    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        int fd = socket(families[i], SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd >= 0) {
            (void)close(fd);
            return false;
        }
        if (errno == EINVAL)
            return true;
    }
    return false;
}

struct world *world_create(const struct log *log, const struct world_params *params,
                           struct err *err)
{
    struct world *w = calloc(1, sizeof *w);

    if (!w) {
        (void)err_no_memory(err);
        return NULL;
    }
    w->log = *log;
    w->restricted = flags_are_refused();
    w->uid = params->uid;
    w->gid = params->gid;
    w->timer_fd = w->rtc_fd = w->clock_fd = w->network_fd = -1;
    w->timer_set = MONO_NEVER;
    w->network_due = (struct mono){INT64_MIN};
    resolver_init(&w->resolver, w->restricted);
    clock_init(w, params->control_clock);
    if (!w->restricted)
        w->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    signals_wake(w->timer_fd);
    return w;
}

void world_destroy(struct world *w)
{
    if (!w)
        return;
    signals_wake(-1);
    for (size_t i = 0; i < w->slot_count; i++) {
        if (w->slots[i].kind != SLOT_FREE)
            slot_close(w, (int)i);
    }
    world_rtc_close(w);
    watch_close(w);
    hwstamp_close(w);
    mailer_bury(w);
    if (w->timer_fd >= 0)
        (void)close(w->timer_fd);
    free(w->slots);
    free(w->polls);
    free(w->poll_slots);
    free(w->queue);
    free(w->in);
    if (resolver_end(&w->resolver))
        free(w);
}

struct os world_os(struct world *w)
{
    return (struct os){.ops = &linux_ops, .ctx = w};
}

bool world_is_restricted(const struct world *w)
{
    return w->restricted;
}

bool world_controls_clock(const struct world *w)
{
    return w->clock.control;
}

void world_set_user(struct world *w, uint32_t uid, uint32_t gid)
{
    w->uid = uid;
    w->gid = gid;
}

void world_adopt_sockets(struct world *w, int count)
{
    w->adopted_first = 3;
    w->adopted_count = w->restricted ? 0 : count;
}
