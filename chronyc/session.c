#include "chronyc/session.h"

#include <string.h>

#include "candm/candm.h"
#include "chronyc/commands.h"

void session_init(struct session *s, const struct settings *settings, FILE *out, FILE *err,
                  const volatile sig_atomic_t *stop)
{
    memset(s, 0, sizeof(*s));
    s->settings = *settings;
    s->out = out;
    s->err = err;
    s->stop = stop;
    s->version = CANDM_VERSION;
}

bool session_open(struct session *s)
{
    s->transport =
        transport_create(s->settings.hosts, s->settings.port, s->settings.family, s->stop);
    return transport_open_first(s->transport);
}

void session_close(struct session *s)
{
    auth_stop(&s->auth);
    transport_destroy(s->transport);
    s->transport = NULL;
}

bool session_authenticate(struct session *s, const char *path, uint32_t id)
{
    bool exposed = false;
    struct err err;

    s->saw_plain_reply = false;
    if (!auth_start(&s->auth, path, id, &exposed, &err))
        return complain(s, "%s", err.text);
    if (exposed)
        complain(s, "The key file can be read by others than its owner");
    return true;
}

bool session_stopped(const struct session *s)
{
    return s->stop && *s->stop;
}

struct printer session_printer(const struct session *s)
{
    return (struct printer){.out = s->out, .render = s->settings.render, .wide = s->settings.wide};
}
