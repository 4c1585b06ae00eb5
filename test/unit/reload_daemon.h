/* reload_daemon.h - a daemon in a toy world that can read its configuration again. */
#ifndef TEST_UNIT_RELOAD_DAEMON_H
#define TEST_UNIT_RELOAD_DAEMON_H

#include "test/unit/memory_daemon.h"

#define RELOAD_FILE "/etc/chrony.conf"

static inline bool reload_read(void *ctx, struct config *out, struct err *err)
{
    struct toy_daemon *d = ctx;
    const struct config_reader reader = {.os = &d->toy.os, .log = &d->toy.log, .strict = true};

    config_defaults(out);
    return config_read_file(out, &reader, RELOAD_FILE, err) && config_finish(out, &reader, err);
}

/* Begin with this text in its configuration file. */
static inline void reload_begin(struct toy_daemon *d, const char *text)
{
    const struct chronyd_options options = {.read_config = reload_read, .read_ctx = d};
    struct err err = {0};

    *d = (struct toy_daemon){0};
    toy_init(&d->toy);
    d->toy.file_path = RELOAD_FILE;
    d->toy.file_text = text;
    assert_true(reload_read(d, &d->config, &err));
    d->chronyd = chronyd_create(&d->config, &options, &d->toy.os, &d->toy.log, &err);
    assert_non_null(d->chronyd);
    chronyd_start(d->chronyd);
}

/* The file holds another text now: `chronyc reload config`. */
static inline struct candm_rpy_reload_config reload(struct toy_daemon *d, const char *text)
{
    union candm_reply_payload reply;

    d->toy.file_text = text;
    assert_int_equal(toy_command(d, &toy_local, CANDM_REQ_RELOAD_CONFIG, &reply), CANDM_SUCCESS);
    return reply.reload_config_;
}

#endif
