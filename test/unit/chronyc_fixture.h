/* chronyc_fixture.h - a session of chronyc with streams in memory, against a fake daemon. */
#ifndef TEST_CHRONYC_FIXTURE_H
#define TEST_CHRONYC_FIXTURE_H

#include <stdlib.h>

#include "base/text.h"
#include "chronyc/client.h"
#include "chronyc/commands.h"
#include "test/unit/chronyc_daemon.h"

struct fixture {
    struct fake_daemon daemon;
    struct session session;
    FILE *out, *err;
    char *out_text, *err_text;
    size_t out_size, err_size;
};

static inline void fixture_start(struct fixture *f,
                                 size_t (*answer)(struct fake_daemon *, const struct fake_request *,
                                                  size_t, uint8_t *),
                                 void *ctx, const char *hosts)
{
    struct settings settings = {.hosts = hosts, .timeout_ms = 100, .retries = 2};

    memset(f, 0, sizeof(*f));
    fake_start(&f->daemon, answer, ctx);
    settings.port = f->daemon.port;
    f->out = open_memstream(&f->out_text, &f->out_size);
    f->err = open_memstream(&f->err_text, &f->err_size);
    assert_true(f->out && f->err);
    session_init(&f->session, &settings, f->out, f->err, NULL);
    assert_true(session_open(&f->session));
}

static inline bool fixture_run(struct fixture *f, const char *text)
{
    char line[TEXT_LINE_MAX + 1];

    assert_true(text_copy(line, sizeof(line), text));
    return session_run(&f->session, line);
}

/* After this the texts can be looked at. */
static inline void fixture_stop(struct fixture *f)
{
    fake_stop(&f->daemon);
    session_close(&f->session);
    fclose(f->out);
    fclose(f->err);
}

static inline void fixture_free(struct fixture *f)
{
    free(f->out_text);
    free(f->err_text);
}

static inline size_t activity_reply(const struct fake_request *r, uint8_t *out)
{
    const struct candm_rpy_activity a = {1, 2, 3, 4, 5};
    struct wire_out wire = fake_reply(r, CANDM_RPY_activity, 0, out);

    candm_put_rpy_activity(&wire, &a);
    return wire.used;
}

#define ACTIVITY_TEXT                                                                              \
    "200 OK\n1 sources online\n2 sources offline\n3 sources doing burst (return to online)\n"      \
    "4 sources doing burst (return to offline)\n5 sources with unknown address\n"

#endif
