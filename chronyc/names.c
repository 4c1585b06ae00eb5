#include "chronyc/names.h"

#include <string.h>

#include "base/text.h"
#include "chronyc/client.h"
#include "chronyc/resolve.h"
#include "chronyc/reports.h"

struct source_id source_id_of_data(const struct candm_rpy_source_data *r)
{
    struct source_id id = {.addr = r->address};

    if (r->mode == 2) {
        for (int i = 0; i < 4; i++)
            id.refid = id.refid << 8 | r->address.bytes[i];
        memset(&id.addr, 0, sizeof(id.addr));
    }
    return id;
}

const char *source_address(const struct source_id *id, char *buf, size_t size)
{
    return id->addr.family == ADDR_NONE ? NULL : addr_format(&id->addr, buf, size);
}

bool source_name_valid(const struct candm_rpy_source_name *r)
{
    size_t length = strnlen(r->name, sizeof(r->name));

    if (length == sizeof(r->name))
        return false;
    for (size_t i = 0; i < length; i++)
        if (r->name[i] <= ' ' || r->name[i] >= 0x7f)
            return false;
    return true;
}

/* Without a status line: a source may have vanished between two requests. */
static void configured_name(struct session *s, const struct addr *a, char *name, size_t size)
{
    struct request request;
    struct reply reply;

    request_init_address(&request, CANDM_REQ_NTP_SOURCE_NAME, a);
    if (client_exchange(s, &request, &reply) && reply.decoded &&
        reply.header.reply == CANDM_RPY_source_name && reply.header.status == CANDM_SUCCESS &&
        source_name_valid(&reply.payload.source_name_))
        text_copy(name, size, reply.payload.source_name_.name);
    else
        text_copy(name, size, "?");
}

static bool numeric(const struct session *s)
{
    return s->settings.numeric || s->settings.render != RENDER_TEXT;
}

/* The address stands in for a name that nobody knows. */
static void look_up(struct session *s, const struct addr *a, char *name, size_t size)
{
    if (numeric(s) || !resolve_address(a, name, size))
        addr_format(a, name, size);
}

/* For a column: what reverse DNS was asked for is cut, also an address for which it had no name.
 * Addresses that were wanted as such are never cut. */
static void look_up_short(struct session *s, const struct addr *a, char *name, size_t size)
{
    size_t shown = NAME_WIDTH + (s->settings.wide ? REPORT_NAME_EXTRA : 0);

    look_up(s, a, name, size);
    if (!numeric(s) && strlen(name) > shown && shown < size) {
        name[shown - 1] = '>';
        name[shown] = '\0';
    }
}

void name_source(struct session *s, const struct source_id *id, char *name, size_t size)
{
    if (id->addr.family == ADDR_NONE)
        format_refid_text(name, size, id->refid);
    else if (s->settings.source_names)
        configured_name(s, &id->addr, name, size);
    else
        look_up_short(s, &id->addr, name, size);
}

void name_client(struct session *s, const struct addr *a, char *name, size_t size)
{
    look_up_short(s, a, name, size);
}

void name_reference(struct session *s, const struct candm_rpy_tracking *t, char *name, size_t size)
{
    struct source_id id = {t->address, t->refid};

    /* The local reference has no name, and its number is no text. */
    if (t->address.family == ADDR_NONE && t->refid == LOCAL_REFID)
        text_copy(name, size, "");
    else if (t->address.family == ADDR_NONE || s->settings.source_names)
        name_source(s, &id, name, size);
    else
        look_up(s, &t->address, name, size); /* at the end of a line there is room */
}
