/* ask.c - candm requests of a scenario, and the fields of the answers. */
#include "test/simulation/ask.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "candm/messages.h"
#include "test/simulation/run.h"

/* --- requests --- */

struct exchange {
    uint8_t request[CANDM_REQUEST_MAX];
    struct wire_out out;
    const struct candm_row *row;
    union candm_reply_payload reply;
};

static void begin(struct exchange *x, uint16_t code)
{
    const struct candm_request_header h = {
        .version = CANDM_VERSION, .type = CANDM_PACKET_REQUEST, .command = code, .sequence = 0x51};

    memset(x->request, 0, sizeof(x->request));
    x->out = wire_out_of(x->request, sizeof(x->request));
    x->row = candm_row(code);
    assert(x->row);
    candm_put_request_header(&x->out, &h);
}

/* The status, or -1 when nothing came back. */
static int finish(struct exchange *x, struct node *n)
{
    struct candm_reply_header h;
    const uint8_t *reply;
    size_t length;

    if (!node_query(n, x->request, candm_required_length(x->row), &reply, &length) ||
        !candm_decode_reply(reply, length, &h, &x->reply))
        return -1;
    return h.status;
}

static int ask_plain(struct node *n, uint16_t code, struct exchange *x)
{
    begin(x, code);
    return finish(x, n);
}

static int ask_index(struct node *n, uint16_t code, int32_t index, struct exchange *x)
{
    const struct candm_req_int v = {.value = index};

    begin(x, code);
    candm_put_req_int(&x->out, &v);
    return finish(x, n);
}

static int ask_address(struct node *n, uint16_t code, const struct addr *a, struct exchange *x)
{
    const struct candm_req_address v = {.address = *a};

    begin(x, code);
    candm_put_req_address(&x->out, &v);
    return finish(x, n);
}

/* --- orders --- */

static const struct {
    const char *word;
    uint16_t code;
    enum { ARG_NONE, ARG_ALL, ARG_FLOAT, ARG_INT, ARG_NODE, ARG_TIME } argument;
} orders[] = {
    {"online", CANDM_REQ_ONLINE, ARG_ALL},
    {"offline", CANDM_REQ_OFFLINE, ARG_ALL},
    {"onoffline", CANDM_REQ_ONOFFLINE, ARG_NONE},
    {"makestep", CANDM_REQ_MAKESTEP, ARG_NONE},
    {"reselect", CANDM_REQ_RESELECT, ARG_NONE},
    {"refresh", CANDM_REQ_REFRESH, ARG_NONE},
    {"rekey", CANDM_REQ_REKEY, ARG_NONE},
    {"cyclelogs", CANDM_REQ_CYCLELOGS, ARG_NONE},
    {"dump", CANDM_REQ_DUMP, ARG_INT},
    {"reset", CANDM_REQ_RESET_SOURCES, ARG_NONE},
    {"reload", CANDM_REQ_RELOAD_SOURCES, ARG_NONE},
    {"reload-config", CANDM_REQ_RELOAD_CONFIG, ARG_NONE},
    {"writertc", CANDM_REQ_WRITERTC, ARG_NONE},
    {"trimrtc", CANDM_REQ_TRIMRTC, ARG_NONE},
    {"shutdown", CANDM_REQ_SHUTDOWN, ARG_NONE},
    {"dfreq", CANDM_REQ_DFREQ, ARG_FLOAT},
    {"doffset", CANDM_REQ_DOFFSET, ARG_FLOAT},
    {"maxupdateskew", CANDM_REQ_MODIFY_MAXUPDATESKEW, ARG_FLOAT},
    {"reselectdist", CANDM_REQ_RESELECTDISTANCE, ARG_FLOAT},
    {"delete", CANDM_REQ_DEL_SOURCE, ARG_NODE},
    {"settime", CANDM_REQ_SETTIME, ARG_TIME},
};

static bool put_argument(struct exchange *x, struct node *n, struct tokens *t, int argument)
{
    const struct candm_req_mask all = {.mask = {.family = ADDR_NONE}};
    struct candm_req_address address;
    struct candm_req_float number;
    struct candm_req_int whole = {0};
    struct candm_req_settime time = {0};
    int64_t typed;
    const struct node *other;
    const char *name;
    long v;

    switch (argument) {
    case ARG_ALL:
        candm_put_req_mask(&x->out, &all);
        return true;
    case ARG_FLOAT:
        if (!tokens_value(t, "the value", &number.value))
            return false;
        candm_put_req_float(&x->out, &number);
        return true;
    case ARG_INT:
        if (tokens_left(t)) {
            if (!tokens_count(t, "the value", &v))
                return false;
            whole.value = (int32_t)v;
        }
        candm_put_req_int(&x->out, &whole);
        return true;
    case ARG_TIME: /* true time and what the user is wrong by */
        if (!tokens_value(t, "the error", &number.value))
            return false;
        typed = truth_utc_ns(&n->world->truth, n->world->now_ns) + ns_from_s(number.value);
        time.time.sec = typed / NS_PER_S;
        time.time.nsec = (uint32_t)(typed % NS_PER_S);
        candm_put_req_settime(&x->out, &time);
        return true;
    case ARG_NODE:
        if (!tokens_word(t, "a node", &name))
            return false;
        other = world_node(n->world, name);
        if (!other)
            return no_node(t, name);
        address.address = other->addr4;
        candm_put_req_address(&x->out, &address);
        return true;
    }
    return true;
}

static bool ask_burst(struct node *n, struct tokens *t)
{
    struct candm_req_burst v = {.mask = {.family = ADDR_NONE}};
    struct exchange x;
    long good, total;

    if (!tokens_count(t, "the good ones", &good) || !tokens_count(t, "the total", &total))
        return false;
    v.good = (int32_t)good;
    v.total = (int32_t)total;
    begin(&x, CANDM_REQ_BURST);
    candm_put_req_burst(&x.out, &v);
    finish(&x, n);
    return tokens_end(t);
}

bool ask_command(struct node *n, struct tokens *t)
{
    const char *word;
    struct exchange x;
    int status;

    if (!tokens_word(t, "an order", &word))
        return false;
    if (strcmp(word, "burst") == 0)
        return ask_burst(n, t);
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        if (strcmp(orders[i].word, word) != 0)
            continue;
        begin(&x, orders[i].code);
        if (!put_argument(&x, n, t, (int)orders[i].argument))
            return false;
        status = finish(&x, n);
        world_note(n->world, n, "candm", &status, sizeof(status), "%s: status %d", word, status);
        return tokens_end(t);
    }
    return tokens_fail(t, "there is no order \"%s\"", word);
}

/* --- questions --- */

enum field_kind {
    FIELD_DOUBLE,
    FIELD_U8,
    FIELD_I8,
    FIELD_U16,
    FIELD_I16,
    FIELD_U32,
    FIELD_I32,
    FIELD_U64,
    FIELD_SECONDS
};

enum asked_by { BY_NOTHING, BY_INDEX, BY_ADDRESS };

struct report {
    const char *name;
    uint16_t code;
    enum asked_by by;
};

static const struct report reports[] = {
    {"tracking", CANDM_REQ_TRACKING, BY_NOTHING},   {"activity", CANDM_REQ_ACTIVITY, BY_NOTHING},
    {"server", CANDM_REQ_SERVER_STATS, BY_NOTHING}, {"smoothing", CANDM_REQ_SMOOTHING, BY_NOTHING},
    {"manual", CANDM_REQ_MANUAL_LIST, BY_NOTHING},  {"sources", CANDM_REQ_N_SOURCES, BY_NOTHING},
    {"source", CANDM_REQ_SOURCE_DATA, BY_INDEX},    {"stats", CANDM_REQ_SOURCESTATS, BY_INDEX},
    {"select", CANDM_REQ_SELECT_DATA, BY_INDEX},    {"ntpdata", CANDM_REQ_NTP_DATA, BY_ADDRESS},
    {"auth", CANDM_REQ_AUTH_DATA, BY_ADDRESS},      {"rtc", CANDM_REQ_RTCREPORT, BY_NOTHING},
};

#define F(reply, member) offsetof(struct candm_rpy_##reply, member)

static const struct field {
    const char *report, *name;
    enum field_kind kind;
    size_t at;
} fields[] = {
    {"tracking", "refid", FIELD_U32, F(tracking, refid)},
    {"tracking", "stratum", FIELD_U16, F(tracking, stratum)},
    {"tracking", "leap", FIELD_U16, F(tracking, leap)},
    {"tracking", "ref-time", FIELD_SECONDS, F(tracking, ref_time)},
    {"tracking", "correction", FIELD_DOUBLE, F(tracking, current_correction_s)},
    {"tracking", "last-offset", FIELD_DOUBLE, F(tracking, last_offset_s)},
    {"tracking", "rms-offset", FIELD_DOUBLE, F(tracking, rms_offset_s)},
    {"tracking", "freq-ppm", FIELD_DOUBLE, F(tracking, freq_ppm)},
    {"tracking", "resid-freq-ppm", FIELD_DOUBLE, F(tracking, resid_freq_ppm)},
    {"tracking", "skew-ppm", FIELD_DOUBLE, F(tracking, skew_ppm)},
    {"tracking", "root-delay", FIELD_DOUBLE, F(tracking, root_delay_s)},
    {"tracking", "root-dispersion", FIELD_DOUBLE, F(tracking, root_dispersion_s)},
    {"tracking", "interval", FIELD_DOUBLE, F(tracking, last_update_interval_s)},
    {"activity", "online", FIELD_I32, F(activity, online)},
    {"activity", "offline", FIELD_I32, F(activity, offline)},
    {"activity", "burst-online", FIELD_I32, F(activity, burst_online)},
    {"activity", "burst-offline", FIELD_I32, F(activity, burst_offline)},
    {"activity", "unresolved", FIELD_I32, F(activity, unresolved)},
    {"manual", "count", FIELD_U32, F(manual_list, count)},
    {"sources", "count", FIELD_U32, F(n_sources, count)},
    {"smoothing", "flags", FIELD_U32, F(smoothing, flags)},
    {"smoothing", "offset", FIELD_DOUBLE, F(smoothing, offset_s)},
    {"smoothing", "remaining", FIELD_DOUBLE, F(smoothing, remaining_s)},
    {"server", "ntp-hits", FIELD_U64, F(server_stats4, ntp_hits)},
    {"server", "ntp-drops", FIELD_U64, F(server_stats4, ntp_drops)},
    {"server", "auth-hits", FIELD_U64, F(server_stats4, ntp_auth_hits)},
    {"server", "cmd-hits", FIELD_U64, F(server_stats4, cmd_hits)},
    {"server", "log-drops", FIELD_U64, F(server_stats4, log_drops)},
    {"server", "interleaved-hits", FIELD_U64, F(server_stats4, ntp_interleaved_hits)},
    {"source", "poll", FIELD_I16, F(source_data, poll)},
    {"source", "stratum", FIELD_U16, F(source_data, stratum)},
    {"source", "state", FIELD_U16, F(source_data, state)},
    {"source", "reach", FIELD_U16, F(source_data, reachability)},
    {"source", "age", FIELD_U32, F(source_data, since_sample_s)},
    {"source", "offset", FIELD_DOUBLE, F(source_data, latest_meas_s)},
    {"source", "error", FIELD_DOUBLE, F(source_data, latest_meas_err_s)},
    {"stats", "samples", FIELD_U32, F(sourcestats, samples)},
    {"stats", "runs", FIELD_U32, F(sourcestats, runs)},
    {"stats", "span", FIELD_U32, F(sourcestats, span_s)},
    {"stats", "sd", FIELD_DOUBLE, F(sourcestats, sd_s)},
    {"stats", "skew-ppm", FIELD_DOUBLE, F(sourcestats, skew_ppm)},
    {"stats", "resid-freq-ppm", FIELD_DOUBLE, F(sourcestats, resid_freq_ppm)},
    {"stats", "offset", FIELD_DOUBLE, F(sourcestats, offset_s)},
    {"select", "state", FIELD_U8, F(select_data, state)},
    {"select", "score", FIELD_DOUBLE, F(select_data, score)},
    {"select", "low", FIELD_DOUBLE, F(select_data, low_s)},
    {"select", "high", FIELD_DOUBLE, F(select_data, high_s)},
    {"ntpdata", "version", FIELD_U8, F(ntp_data2, version)},
    {"ntpdata", "stratum", FIELD_U8, F(ntp_data2, stratum)},
    {"ntpdata", "delay", FIELD_DOUBLE, F(ntp_data2, peer_delay_s)},
    {"ntpdata", "offset", FIELD_DOUBLE, F(ntp_data2, offset_s)},
    {"ntpdata", "asymmetry", FIELD_DOUBLE, F(ntp_data2, asymmetry)},
    {"ntpdata", "tx", FIELD_U32, F(ntp_data2, total_tx)},
    {"ntpdata", "rx", FIELD_U32, F(ntp_data2, total_rx)},
    {"ntpdata", "valid", FIELD_U32, F(ntp_data2, total_valid)},
    {"ntpdata", "good", FIELD_U32, F(ntp_data2, total_good)},
    {"auth", "mode", FIELD_U16, F(auth_data, mode)},
    {"rtc", "samples", FIELD_U16, F(rtc, samples)},
    {"rtc", "span", FIELD_U32, F(rtc, span_s)},
    {"rtc", "fast", FIELD_DOUBLE, F(rtc, fast_s)},
    {"rtc", "gain-ppm", FIELD_DOUBLE, F(rtc, gain_ppm)},
    {"auth", "key", FIELD_U32, F(auth_data, key_id)},
};

struct question {
    const struct report *report;
    const struct field *field;
    const struct node *about;
    uint32_t refid; /* of a reference clock, in the place of a node */
};

uint32_t refid_of(const char *name)
{
    uint32_t refid = 0;

    for (size_t i = 0, length = strlen(name); i < 4; i++)
        refid = refid << 8 | (i < length ? (uint8_t)name[i] : 0u);
    return refid;
}

bool is_refid(const struct node *n, const char *name)
{
    return n->refclocks && strlen(name) <= 4;
}

struct question *question_read(struct node *n, struct tokens *t)
{
    struct question q = {0}, *out;
    const char *word, *name;

    if (!tokens_word(t, "a report", &word))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(reports); i++) {
        if (strcmp(reports[i].name, word) == 0)
            q.report = &reports[i];
    }
    if (!q.report) {
        tokens_fail(t, "there is no report \"%s\"", word);
        return NULL;
    }
    if (q.report->by != BY_NOTHING) {
        if (!tokens_word(t, "a node", &name))
            return NULL;
        q.about = world_node(n->world, name);
        q.refid = q.about ? 0 : refid_of(name);
        if (!q.about && (q.report->by == BY_ADDRESS || !is_refid(n, name))) {
            no_node(t, name);
            return NULL;
        }
    }
    if (!tokens_word(t, "a field", &name))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (strcmp(fields[i].report, word) == 0 && strcmp(fields[i].name, name) == 0)
            q.field = &fields[i];
    }
    if (!q.field) {
        tokens_fail(t, "%s has no field \"%s\"", word, name);
        return NULL;
    }
    out = malloc(sizeof(*out));
    assert(out);
    *out = q;
    return out;
}

void question_free(struct question *q)
{
    free(q);
}

static bool is_about(const struct question *q, const struct addr *a)
{
    const struct addr refid = addr_from_ipv4(q->refid);
    const struct node *n = q->about;

    if (!n)
        return addr_equal(a, &refid);
    return addr_equal(a, &n->addr4) || addr_equal(a, &n->addr6) || addr_equal(a, &n->nat4);
}

/* The address of the source at an index, in the place where each of the three replies has it. */
static bool find_index(struct node *n, const struct question *q, int32_t *index)
{
    struct exchange x;
    uint32_t count;

    if (ask_plain(n, CANDM_REQ_N_SOURCES, &x) != CANDM_SUCCESS)
        return false;
    count = x.reply.n_sources_.count;
    for (uint32_t i = 0; i < count; i++) {
        if (ask_index(n, CANDM_REQ_SOURCE_DATA, (int32_t)i, &x) == CANDM_SUCCESS &&
            is_about(q, &x.reply.source_data_.address)) {
            *index = (int32_t)i;
            return true;
        }
    }
    return false;
}

static double field_value(const struct field *f, const void *reply)
{
    union {
        double d;
        uint8_t u8;
        int8_t i8;
        uint16_t u16;
        int16_t i16;
        uint32_t u32;
        int32_t i32;
        uint64_t u64;
        struct candm_time time;
    } v;
    const char *p = (const char *)reply + f->at;

    switch (f->kind) {
    case FIELD_DOUBLE:
        memcpy(&v.d, p, sizeof(v.d));
        return v.d;
    case FIELD_U8:
        memcpy(&v.u8, p, sizeof(v.u8));
        return v.u8;
    case FIELD_I8:
        memcpy(&v.i8, p, sizeof(v.i8));
        return v.i8;
    case FIELD_U16:
        memcpy(&v.u16, p, sizeof(v.u16));
        return v.u16;
    case FIELD_I16:
        memcpy(&v.i16, p, sizeof(v.i16));
        return v.i16;
    case FIELD_U32:
        memcpy(&v.u32, p, sizeof(v.u32));
        return v.u32;
    case FIELD_I32:
        memcpy(&v.i32, p, sizeof(v.i32));
        return v.i32;
    case FIELD_U64:
        memcpy(&v.u64, p, sizeof(v.u64));
        return (double)v.u64;
    case FIELD_SECONDS:
        memcpy(&v.time, p, sizeof(v.time));
        return (double)v.time.sec + (double)v.time.nsec * 1e-9;
    }
    return 0.0;
}

bool question_ask(struct node *n, const struct question *q, double *out)
{
    struct exchange x;
    int status = -1;
    int32_t index;

    switch (q->report->by) {
    case BY_NOTHING:
        status = ask_plain(n, q->report->code, &x);
        break;
    case BY_INDEX:
        if (!find_index(n, q, &index))
            return false;
        status = ask_index(n, q->report->code, index, &x);
        break;
    case BY_ADDRESS:
        status = ask_address(n, q->report->code, &q->about->addr4, &x);
        break;
    }
    if (status != CANDM_SUCCESS)
        return false;
    *out = field_value(q->field, &x.reply);
    return true;
}
