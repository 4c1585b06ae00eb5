/* refclock.c - reference clocks: the table of drivers, and what they have in common. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyd/os/linux/refclock.h"

#define OPTION_MAX 64

static const struct refclock_driver *const drivers[] = {
    &refclock_shm, &refclock_sock, &refclock_pps, &refclock_phc, &refclock_rtc};

/* --- options of drivers ---------------------------------------------------------------------- */

/* The next word between colons; false at the end. */
static bool next_option(const char **rest, char *buf, size_t size)
{
    size_t length = strcspn(*rest, ":");

    if (!**rest || length >= size)
        return false;
    memcpy(buf, *rest, length);
    buf[length] = '\0';
    *rest += length + ((*rest)[length] == ':');
    return true;
}

const char *refclock_option(const char *options, const char *name, char *buf, size_t size)
{
    while (next_option(&options, buf, size)) {
        char *equals = strchr(buf, '=');

        if (equals)
            *equals = '\0';
        if (strcmp(buf, name) == 0)
            return equals ? equals + 1 : "";
    }
    return NULL;
}

bool refclock_option_int(const char *options, const char *name, int least, int most, int *out,
                         struct err *err)
{
    char buf[OPTION_MAX];
    const char *value = refclock_option(options, name, buf, sizeof buf);
    char *end;
    long number;

    if (!value)
        return true;
    errno = 0;
    number = strtol(value, &end, 10);
    if (end == value || *end || errno || number < least || number > most)
        return err_set(err, ERR_RANGE, "Invalid value of refclock driver option %s", name);
    *out = (int)number;
    return true;
}

/* Every option has to be one of the driver's, with a value exactly if it takes one. */
static bool options_are_known(const struct refclock_driver *driver, const char *options,
                              struct err *err)
{
    char word[OPTION_MAX], wanted[OPTION_MAX + 2];

    while (*options) {
        const char *equals, *found;

        if (!next_option(&options, word, sizeof word))
            return err_set(err, ERR_UNKNOWN, "Invalid refclock driver option %s", options);
        equals = strchr(word, '=');
        text_format(wanted, sizeof wanted, "%.*s ", equals ? (int)(equals - word) + 1 : OPTION_MAX,
                    word);
        found = strstr(driver->options, wanted);
        if (!found || (found > driver->options && found[-1] != ' '))
            return err_set(err, ERR_UNKNOWN, "Invalid refclock driver option %s", word);
    }
    return true;
}

bool refclock_open_device(struct refclock_device *d, const char *what, struct err *err)
{
    d->fd = open_device(d->parameter);
    if (d->fd < 0)
        return err_from_errno(err, "Could not open %s device %s", what, d->parameter);
    return true;
}

/* --- operations of the world ----------------------------------------------------------------- */

static void device_free(struct refclock_device *d)
{
    if (d->driver && d->driver->close)
        d->driver->close(d);
    free(d->parameter);
    free(d);
}

static struct refclock_device *
device_create(struct world *w, const struct os_refclock_params *params, struct err *err)
{
    struct refclock_device *d = calloc(1, sizeof *d);
    size_t i = 0;
    int fd;

    if (d)
        d->parameter = strdup(params->parameter);
    if (!d || !d->parameter) {
        free(d);
        (void)err_no_memory(err);
        return NULL;
    }
    d->fd = -1;
    while (i < ARRAY_LEN(drivers) && strcmp(drivers[i]->name, params->driver) != 0)
        i++;
    if (i == ARRAY_LEN(drivers)) {
        (void)err_set(err, ERR_UNKNOWN, "unknown refclock driver %s", params->driver);
        device_free(d);
        return NULL;
    }
    d->driver = drivers[i];
    if (options_are_known(d->driver, params->options, err) &&
        d->driver->open(w, d, params->options, err))
        return d;
    fd = d->fd;
    device_free(d);
    if (fd >= 0)
        (void)close(fd);
    return NULL;
}

int world_refclock_open(void *ctx, const struct os_refclock_params *params, bool *polled,
                        struct err *err)
{
    struct world *w = ctx;
    struct refclock_device *d = device_create(w, params, err);
    int handle;

    if (!d)
        return -1;
    handle = slot_add(w, SLOT_REFCLOCK, d->fd);
    if (handle < 0) {
        device_free(d);
        (void)err_no_memory(err);
        return -1;
    }
    w->slots[handle].refclock = d;
    w->slots[handle].silent = !d->reports;
    *polled = !d->reports;
    return handle;
}

bool world_refclock_poll(void *ctx, int clock, struct os_refclock_sample *out)
{
    struct slot *s = slot_get(ctx, clock, SLOT_REFCLOCK);

    *out = (struct os_refclock_sample){.leap = OS_LEAP_NONE};
    return s && s->refclock->driver->poll && s->refclock->driver->poll(s->refclock, out);
}

void world_refclock_close(void *ctx, int clock)
{
    struct slot *s = slot_get(ctx, clock, SLOT_REFCLOCK);

    if (!s)
        return;
    device_free(s->refclock);
    slot_close(ctx, clock);
}

void refclock_receive(struct world *w, int handle, world_handler handle_event, void *ctx)
{
    struct refclock_device *d = w->slots[handle].refclock;
    struct event ev = {.type = EVENT_REFCLOCK};

    ev.refclock.clock = handle;
    ev.refclock.sample = (struct os_refclock_sample){.leap = OS_LEAP_NONE};
    if (d->driver->receive && d->driver->receive(d, &ev.refclock.sample))
        handle_event(ctx, &ev);
}
