/* tool.c - chronyc's way to a simulated daemon: a request is answered at once or never. */
#include "test/simulation/tool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "candm/candm.h"
#include "chronyc/session.h"

struct transport {
    struct node *node;
    uint8_t reply[CANDM_REPLY_MAX];
    size_t length;
};

/* --- the interface of chronyc/transport.h ----------------------------------------------------- */

/* Sessions in here bring their own. */
struct transport *transport_create(const char *hosts, uint16_t port, enum family_choice family,
                                   const volatile sig_atomic_t *stop)
{
    (void)hosts;
    (void)port;
    (void)family;
    (void)stop;
    return NULL;
}

void transport_destroy(struct transport *t)
{
    (void)t;
}

void transport_close(struct transport *t)
{
    (void)t;
}

bool transport_open_first(struct transport *t)
{
    return t != NULL;
}

bool transport_open_next(struct transport *t)
{
    (void)t;
    return false;
}

bool transport_open_stream(struct transport *t)
{
    (void)t;
    return false;
}

void transport_wake_on(struct transport *t, int fd)
{
    (void)t;
    (void)fd;
}

bool transport_is_open(const struct transport *t)
{
    return t != NULL;
}

bool transport_send(struct transport *t, const void *data, size_t length)
{
    const uint8_t *reply;

    t->length = 0;
    if (node_query(t->node, data, length, &reply, &t->length) && t->length <= sizeof(t->reply))
        memcpy(t->reply, reply, t->length);
    else
        t->length = 0;
    return true;
}

enum transport_result transport_receive(struct transport *t, void *buf, size_t size, size_t *length,
                                        int64_t deadline_ms)
{
    (void)deadline_ms;
    if (t->length == 0 || t->length > size)
        return TRANSPORT_TIMEOUT;
    memcpy(buf, t->reply, t->length);
    *length = t->length;
    t->length = 0;
    return TRANSPORT_OK;
}

/* Time stands still while somebody asks. */
int64_t transport_now_ms(void)
{
    return 0;
}

bool transport_sleep(const volatile sig_atomic_t *stop, double seconds)
{
    (void)stop;
    (void)seconds;
    return false;
}

void transport_random(void *buf, size_t size)
{
    memset(buf, 0x51, size);
}

void transport_explain(const struct transport *t, FILE *out)
{
    (void)t;
    (void)out;
}

const char *transport_peer(const struct transport *t, char *buf, size_t size)
{
    text_copy(buf, size, t->node->name);
    return buf;
}

bool transport_is_unix(const struct transport *t)
{
    (void)t;
    return true;
}

bool transport_is_stream(const struct transport *t)
{
    (void)t;
    return false;
}

/* --- a run ------------------------------------------------------------------------------------ */

char *tool_run(struct node *n, const char *line)
{
    struct transport t = {.node = n};
    struct settings settings = {.numeric = true, .timeout_ms = TIMEOUT_MS_DEFAULT};
    struct session s;
    char words[512], *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert(out);
    if (strncmp(line, "-c ", 3) == 0) {
        settings.render = RENDER_CSV;
        line += 3;
    }
    session_init(&s, &settings, out, out, NULL);
    s.transport = &t;
    if (text_copy(words, sizeof(words), line))
        (void)session_run(&s, words);
    fclose(out);
    assert(text);
    return text;
}
