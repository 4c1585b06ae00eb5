/* source_commands.c - commands that change sources and their selection. */
#include "chronyd/control/handlers.h"

static enum candm_status found(bool any)
{
    return any ? CANDM_SUCCESS : CANDM_NO_SUCH_SOURCE;
}

static enum candm_status set_online(struct exchange *x, bool online)
{
    struct candm_req_mask request;

    candm_get_req_mask(&x->in, &request);
    return found(ntp_set_online(x->control->rooms.ntp, &request.mask, &request.address, online));
}

enum candm_status handle_online(struct exchange *x)
{
    return set_online(x, true);
}

enum candm_status handle_offline(struct exchange *x)
{
    return set_online(x, false);
}

enum candm_status handle_onoffline(struct exchange *x)
{
    ntp_onoffline(x->control->rooms.ntp);
    return CANDM_SUCCESS;
}

enum candm_status handle_burst(struct exchange *x)
{
    struct candm_req_burst request;

    candm_get_req_burst(&x->in, &request);
    return found(ntp_burst(x->control->rooms.ntp, &request.mask, &request.address, request.good,
                           request.total));
}

/* What each modifying request changes, and the name it has in the log. */
struct modification {
    uint16_t command;
    enum ntp_modify what;
    const char *name;
    bool is_float;
    double least, most; /* of a float, which is clamped (spec candm-v6 section 4.2) */
};

static const struct modification modifications[] = {
    {CANDM_REQ_MODIFY_MINPOLL, NTP_MODIFY_MINPOLL, "minpoll", false, 0, 0},
    {CANDM_REQ_MODIFY_MAXPOLL, NTP_MODIFY_MAXPOLL, "maxpoll", false, 0, 0},
    {CANDM_REQ_MODIFY_MINSTRATUM, NTP_MODIFY_MINSTRATUM, "minstratum", false, 0, 0},
    {CANDM_REQ_MODIFY_POLLTARGET, NTP_MODIFY_POLLTARGET, "polltarget", false, 0, 0},
    {CANDM_REQ_MODIFY_MAXDELAY, NTP_MODIFY_MAXDELAY, "maxdelay", true, 0, NTP_MAX_DELAY_MAX_S},
    {CANDM_REQ_MODIFY_MAXDELAYRATIO, NTP_MODIFY_MAXDELAYRATIO, "maxdelayratio", true, 0,
     NTP_MAX_DELAY_RATIO_MAX},
    {CANDM_REQ_MODIFY_MAXDELAYDEVRATIO, NTP_MODIFY_MAXDELAYDEVRATIO, "maxdelaydevratio", true, 0,
     NTP_MAX_DELAY_RATIO_MAX},
};

enum candm_status handle_modify(struct exchange *x)
{
    const struct modification *m = modifications;
    struct candm_req_modify_int as_int;
    struct candm_req_modify_float as_float;
    char text[ADDR_TEXT_MAX];
    struct addr addr;
    double value;

    while (m->command != x->command)
        m++;
    if (m->is_float) {
        candm_get_req_modify_float(&x->in, &as_float);
        addr = as_float.address;
        value = clamp_d(as_float.value, m->least, m->most);
    } else {
        candm_get_req_modify_int(&x->in, &as_int);
        addr = as_int.address;
        value = as_int.value;
    }
    if (!ntp_modify(x->control->rooms.ntp, &addr, m->what, value))
        return CANDM_NO_SUCH_SOURCE;
    log_info(&x->control->log, "Source %s new %s %g", addr_format(&addr, text, sizeof(text)),
             m->name, value);
    return CANDM_SUCCESS;
}

enum candm_status handle_del_source(struct exchange *x)
{
    struct candm_req_address request;

    candm_get_req_address(&x->in, &request);
    return found(ntp_delete_source(x->control->rooms.ntp, &request.address));
}

/* --- adding --- */

static uint8_t select_options_of(uint32_t flags)
{
    return (uint8_t)((flags & CANDM_FLAG_NOSELECT ? SELECT_NOSELECT : 0) |
                     (flags & CANDM_FLAG_PREFER ? SELECT_PREFER : 0) |
                     (flags & CANDM_FLAG_TRUST ? SELECT_TRUST : 0) |
                     (flags & CANDM_FLAG_REQUIRE ? SELECT_REQUIRE : 0));
}

/* Counts on the wire are unsigned, in the daemon int: large ones are clamped, not wrapped. */
static int count_of(uint32_t value, int most)
{
    return value > (uint32_t)most ? most : (int)value;
}

static void numbers_of(const struct candm_req_add_source *r, struct ntp_source_settings *s)
{
    s->port = (uint16_t)r->port;
    s->minpoll = r->minpoll;
    s->maxpoll = r->maxpoll;
    ntp_source_clamp_polls(s);
    s->presend_minpoll = clamp_i(r->presend_minpoll, -32, 100);
    s->min_stratum = count_of(r->min_stratum, NTP_STRATUM_MAX);
    s->poll_target = clamp_i(count_of(r->poll_target, INT32_MAX), 1, INT32_MAX);
    s->version = count_of(r->version, 4);
    s->max_sources =
        clamp_i(count_of(r->max_sources, NTP_POOL_SOURCES_MAX), 1, NTP_POOL_SOURCES_MAX);
    s->min_samples = clamp_i(r->min_samples, -1, TRACK_SAMPLES_MAX);
    s->max_samples = clamp_i(r->max_samples, -1, TRACK_SAMPLES_MAX);
    s->filter_length = clamp_i(r->filter_length, 0, NTP_FILTER_LENGTH_MAX);
    s->max_unreach = clamp_i(r->max_unreach, 0, INT32_MAX);
    s->key_id = r->key_id;
    s->nts_port = (uint16_t)r->nts_port;
    s->cert_set = r->cert_set;
    s->max_delay_s = clamp_d(r->max_delay_s, 0.0, NTP_MAX_DELAY_MAX_S);
    s->max_delay_ratio = clamp_d(r->max_delay_ratio, 0.0, NTP_MAX_DELAY_RATIO_MAX);
    s->max_delay_dev_ratio = clamp_d(r->max_delay_dev_ratio, 0.0, NTP_MAX_DELAY_RATIO_MAX);
    s->max_delay_quant =
        r->max_delay_quant > 0.0
            ? clamp_d(r->max_delay_quant, NTP_DELAY_QUANTILE_MIN, NTP_DELAY_QUANTILE_MAX)
            : 0.0;
    s->min_delay_s = r->min_delay_s;
    s->asymmetry = r->asymmetry;
    s->offset_s = r->offset_s;
}

static void flags_of(uint32_t flags, struct ntp_source_settings *s)
{
    s->select_options = select_options_of(flags);
    s->offline = !(flags & CANDM_FLAG_ONLINE);
    s->auto_offline = flags & CANDM_FLAG_AUTO_OFFLINE;
    s->iburst = flags & CANDM_FLAG_IBURST;
    s->burst = flags & CANDM_FLAG_BURST;
    s->xleave = flags & CANDM_FLAG_INTERLEAVED;
    s->copy = flags & CANDM_FLAG_COPY;
    s->nts = flags & CANDM_FLAG_NTS;
    s->ef_mono_root = flags & CANDM_FLAG_EF_MONO_ROOT;
    s->ef_net_correction = flags & CANDM_FLAG_EF_NET_CORRECTION;
    s->family = flags & CANDM_FLAG_IPV4   ? ADDR_IPV4
                : flags & CANDM_FLAG_IPV6 ? ADDR_IPV6
                                          : ADDR_NONE;
}

/* Terminated, printable and without blanks (spec candm-v6 section 3.7). */
static bool is_name(const char name[256])
{
    if (name[255] != '\0')
        return false;
    for (const char *c = name; *c; c++) {
        if (*c <= ' ' || *c >= 0x7f)
            return false;
    }
    return true;
}

enum candm_status handle_add_source(struct exchange *x)
{
    struct candm_req_add_source request;
    struct ntp_source_settings settings;

    candm_get_req_add_source(&x->in, &request);
    if (request.type < CANDM_SERVER || request.type > CANDM_POOL)
        return CANDM_INVALID;
    if (!is_name(request.name))
        return CANDM_INVALID_NAME;
    ntp_source_defaults(&settings);
    memcpy(settings.name, request.name, sizeof(settings.name));
    settings.pool = request.type == CANDM_POOL;
    settings.kind = request.type == CANDM_PEER ? SOURCE_PEER : SOURCE_SERVER;
    numbers_of(&request, &settings);
    flags_of(request.flags, &settings);
    switch (ntp_add_source(x->control->rooms.ntp, &settings)) {
    case NTP_ADDED:
        return CANDM_SUCCESS;
    case NTP_ADD_DUPLICATE:
        return CANDM_SOURCE_KNOWN;
    case NTP_ADD_TOO_MANY:
        return CANDM_TOO_MANY_SOURCES;
    case NTP_ADD_BAD_FAMILY:
        return CANDM_INVALID_FAMILY;
    case NTP_ADD_BAD_NAME:
        return CANDM_INVALID_NAME;
    }
    return CANDM_FAILED;
}

/* --- names, samples, selection --- */

enum candm_status handle_refresh(struct exchange *x)
{
    ntp_refresh(x->control->rooms.ntp);
    return CANDM_SUCCESS;
}

enum candm_status handle_reload_sources(struct exchange *x)
{
    const struct control_hooks *hooks = x->control->rooms.hooks;

    hooks->reload_sources(hooks->ctx);
    return CANDM_SUCCESS;
}

enum candm_status handle_reset_sources(struct exchange *x)
{
    sources_reset(x->control->rooms.sources);
    log_info(&x->control->log, "Reset all sources");
    return CANDM_SUCCESS;
}

enum candm_status handle_reselect(struct exchange *x)
{
    sources_reselect(x->control->rooms.sources);
    return CANDM_SUCCESS;
}

enum candm_status handle_reselectdistance(struct exchange *x)
{
    struct candm_req_float request;

    candm_get_req_float(&x->in, &request);
    sources_set_reselect_distance(x->control->rooms.sources, request.value);
    log_info(&x->control->log, "New reselectdist %g", request.value);
    return CANDM_SUCCESS;
}

/* The mask is in select-option bits, the options are in source-flag bits: that is how it is. */
enum candm_status handle_modify_selectopts(struct exchange *x)
{
    const struct control_rooms *rooms = &x->control->rooms;
    struct candm_req_modify_selectopts request;
    struct source *clock;
    uint8_t mask, options;

    candm_get_req_modify_selectopts(&x->in, &request);
    mask = request.mask & (SELECT_NOSELECT | SELECT_PREFER | SELECT_TRUST | SELECT_REQUIRE);
    options = select_options_of(request.options);
    if (request.address.family != ADDR_NONE)
        return found(ntp_set_select_options(rooms->ntp, &request.address, mask, options));
    clock = sources_find_refid(rooms->sources, request.refid);
    if (!clock)
        return CANDM_NO_SUCH_SOURCE;
    sources_set_select_options(
        clock, (uint8_t)((source_settings(clock)->select_options & ~mask) | options));
    return CANDM_SUCCESS;
}

enum candm_status handle_modify_offset(struct exchange *x)
{
    const struct control_rooms *rooms = &x->control->rooms;
    struct candm_req_modify_offset request;
    char text[ADDR_TEXT_MAX];

    candm_get_req_modify_offset(&x->in, &request);
    if (request.address.family != ADDR_NONE) {
        if (!ntp_modify(rooms->ntp, &request.address, NTP_MODIFY_OFFSET, request.offset_s))
            return CANDM_NO_SUCH_SOURCE;
        addr_format(&request.address, text, sizeof(text));
    } else {
        if (!refclocks_set_offset(rooms->refclocks, request.refid, request.offset_s))
            return CANDM_NO_SUCH_SOURCE;
        source_text(sources_find_refid(rooms->sources, request.refid), text, sizeof(text));
    }
    log_info(&x->control->log, "Source %s new offset %g", text, request.offset_s);
    return CANDM_SUCCESS;
}
