#include "chronyc/explain.h"

#include <string.h>

#include "base/text.h"
#include "chronyc/commands.h"
#include "chronyc/reports.h"
#include "chronyc/sentences.h"

/* --- fetching -------------------------------------------------------------------------------- */

/* An exchange whose refusal is no error: there is another way to ask. */
static bool try_request(struct session *s, const struct request *request, uint16_t expected,
                        struct reply *reply)
{
    return client_exchange(s, request, reply) && reply->decoded &&
           reply->header.status == CANDM_SUCCESS && reply->header.reply == expected;
}

static bool try_index(struct session *s, uint16_t code, uint32_t index, uint16_t expected,
                      struct reply *reply)
{
    struct request request;

    request_init_index(&request, code, index);
    return try_request(s, &request, expected, reply);
}

static struct candm_reason reason_named(const char *name)
{
    struct candm_reason r = {.figure = 0.0};

    text_copy(r.name, sizeof(r.name), name);
    return r;
}

/* What tracking tells about a daemon that does not judge itself. */
static void conclude_verdict(struct host_view *v)
{
    bool synchronised = tracking_synchronised(&v->tracking) && v->tracking.leap != 3;

    v->verdict.bound_s = tracking_error_bound_s(&v->tracking);
    v->verdict.state = synchronised ? CANDM_VERDICT_OK : CANDM_VERDICT_UNSYNCHRONISED;
    v->verdict.reason = reason_named(synchronised                       ? "none"
                                     : v->tracking.refid == LOCAL_REFID ? "local"
                                                                        : "no-selectable");
}

bool fetch_host(struct session *s, struct host_view *out)
{
    struct request request;
    struct reply reply;

    memset(out, 0, sizeof(*out));
    request_init(&request, CANDM_REQ_TRACKING);
    if (!client_request(s, &request, CANDM_RPY_tracking, false, &reply))
        return false;
    out->tracking = reply.payload.tracking_;
    request_init(&request, CANDM_REQ_VERDICT);
    out->own_verdict = try_request(s, &request, CANDM_RPY_verdict, &reply);
    if (out->own_verdict)
        out->verdict = reply.payload.verdict_;
    else
        conclude_verdict(out);
    return true;
}

bool fetch_source_count(struct session *s, uint32_t *count)
{
    struct request request;
    struct reply reply;

    request_init(&request, CANDM_REQ_N_SOURCES);
    if (!client_request(s, &request, CANDM_RPY_n_sources, false, &reply))
        return false;
    *count = reply.payload.n_sources_.count;
    return true;
}

/* The state of `sources` stands for several letters of selectdata; the plainest one is taken. */
static uint8_t letter_of_state(const struct candm_rpy_source_data *r)
{
    switch (r->state) {
    case CANDM_SELECTED:
        return '*';
    case CANDM_FALSETICKER:
        return 'x';
    case CANDM_JITTERY:
        return '~';
    case CANDM_UNSELECTED:
        return '+';
    default:
        return 0;
    }
}

static void conclude_reasons(struct source_view *v)
{
    v->network = reason_named("none");
    if (v->id.addr.family == ADDR_ID)
        v->network = reason_named("unresolved");
    else if (v->data.reachability == 0 && v->data.since_sample_s == UINT32_MAX && v->data.mode != 2)
        v->network = reason_named("no-reply");
    if (v->letter != 0)
        v->selection = reason_named(reason_of_letter(v->letter));
    else
        v->selection = reason_named(v->data.state == CANDM_SELECTABLE ? REASON_NAME_SELECTABLE
                                                                      : REASON_NAME_UNUSABLE);
}

bool fetch_source(struct session *s, uint32_t index, struct source_view *out)
{
    struct request request;
    struct reply reply;

    memset(out, 0, sizeof(*out));
    request_init_index(&request, CANDM_REQ_SOURCE_DATA, index);
    if (!client_request(s, &request, CANDM_RPY_source_data, false, &reply))
        return false;
    out->data = reply.payload.source_data_;
    out->id = source_id_of_data(&out->data);
    if (try_index(s, CANDM_REQ_SOURCE_REASON, index, CANDM_RPY_source_reason, &reply)) {
        out->have_reasons = true;
        out->letter = reply.payload.source_reason_.state;
        out->network = reply.payload.source_reason_.network;
        out->selection = reply.payload.source_reason_.selection;
        return true;
    }
    out->letter = letter_of_state(&out->data);
    if (try_index(s, CANDM_REQ_SELECT_DATA, index, CANDM_RPY_select_data, &reply))
        out->letter = reply.payload.select_data_.state;
    conclude_reasons(out);
    return true;
}

/* --- words ----------------------------------------------------------------------------------- */

const char *source_view_sentence(char *buf, size_t size, const struct source_view *v)
{
    bool network = strcmp(v->network.name, "none") != 0;

    return source_sentence(buf, size, network ? &v->network : &v->selection);
}

const char *host_view_sentence(char *buf, size_t size, const struct host_view *v)
{
    char bound[40], why[SENTENCE_MAX];

    human_time(bound, sizeof(bound), v->verdict.bound_s);
    host_sentence(why, sizeof(why), &v->verdict.reason);
    switch (v->verdict.state) {
    case CANDM_VERDICT_OK:
        return text_format(buf, size, "OK: the clock is right within %s", bound);
    case CANDM_VERDICT_SETTLING:
        return text_format(buf, size, "SETTLING: the clock may be wrong by %s%s%s", bound,
                           why[0] != '\0' ? "; " : "", why);
    case CANDM_VERDICT_DEGRADED:
        return text_format(buf, size, "DEGRADED: the clock may be wrong by %s%s%s", bound,
                           why[0] != '\0' ? "; " : "", why);
    case CANDM_VERDICT_UNSYNCHRONISED:
        return text_format(buf, size, "UNSYNCHRONISED: nobody knows how wrong the clock is%s%s",
                           why[0] != '\0' ? "; " : "", why);
    case CANDM_VERDICT_NOT_IN_CONTROL:
        return text_format(buf, size,
                           "NOT IN CONTROL: the clock may be wrong by %s and is not corrected%s%s",
                           bound, why[0] != '\0' ? ": " : "", why);
    default:
        return text_format(buf, size, "verdict %u, bound %s, %s", v->verdict.state, bound, why);
    }
}

/* --- printing -------------------------------------------------------------------------------- */

void json_reason(FILE *out, const char *key, const struct candm_reason *r)
{
    char buf[FORMAT_MAX];

    fprintf(out, ",\"%s\":{\"name\":", key);
    json_string(out, r->name);
    fprintf(out, ",\"figure\":%s", format_json_number(buf, sizeof(buf), r->figure));
    fprintf(out, ",\"limit\":%s,\"directive\":", format_json_number(buf, sizeof(buf), r->limit));
    if (r->directive[0] != '\0')
        json_string(out, r->directive);
    else
        fputs("null", out);
    fputc('}', out);
}

static void json_host(FILE *out, const struct host_view *v)
{
    char sentence[SENTENCE_MAX], buf[FORMAT_MAX];
    bool known = v->verdict.state != CANDM_VERDICT_UNSYNCHRONISED;

    json_document(out, "explain");
    fputs(",\"verdict\":", out);
    json_string(out, verdict_word(v->verdict.state));
    fprintf(out, ",\"error_bound_s\":%s",
            known ? format_json_number(buf, sizeof(buf), v->verdict.bound_s) : "null");
    known = known && v->verdict.expected_s > 0.0; /* older daemons do not tell it */
    fprintf(out, ",\"expected_error_s\":%s",
            known ? format_json_number(buf, sizeof(buf), v->verdict.expected_s) : "null");
    json_reason(out, "reason", &v->verdict.reason);
    fputs(",\"sentence\":", out);
    json_string(out, host_view_sentence(sentence, sizeof(sentence), v));
    fputs(",\"sources\":[", out);
}

static void json_source(FILE *out, const struct source_view *v, const char *name, bool first)
{
    char sentence[SENTENCE_MAX], address[ADDR_TEXT_MAX];
    const char *text = source_address(&v->id, address, sizeof(address));

    fprintf(out, "%s{\"name\":", first ? "" : ",");
    json_string(out, name);
    fputs(",\"address\":", out);
    if (text)
        json_string(out, text);
    else
        fputs("null", out);
    fprintf(out, ",\"state\":\"%s\"", source_state_word(v->data.state));
    json_reason(out, "network", &v->network);
    json_reason(out, "selection", &v->selection);
    fputs(",\"sentence\":", out);
    json_string(out, source_view_sentence(sentence, sizeof(sentence), v));
    fputc('}', out);
}

/* Names of reasons have no commas, and sentences are left to the other forms. */
static void csv_reason(FILE *out, const struct candm_reason *r)
{
    char name[sizeof(r->name)], directive[sizeof(r->directive)];

    fprintf(out, "%s,%.9g,%.9g,%s", clean_name(name, sizeof(name), r->name), r->figure, r->limit,
            clean_name(directive, sizeof(directive), r->directive));
}

static void print_host(struct session *s, FILE *out, const struct host_view *v)
{
    char sentence[SENTENCE_MAX], directive[sizeof(v->verdict.reason.directive)];

    switch (s->settings.render) {
    case RENDER_JSON:
        json_host(out, v);
        break;
    case RENDER_CSV:
        fprintf(out, "host,%s,%.9f,", verdict_word(v->verdict.state), v->verdict.bound_s);
        csv_reason(out, &v->verdict.reason);
        fputc('\n', out);
        break;
    case RENDER_TEXT:
        fputs(host_view_sentence(sentence, sizeof(sentence), v), out);
        if (v->verdict.reason.directive[0] != '\0' &&
            !strstr(sentence, v->verdict.reason.directive))
            fprintf(out, " (%s)",
                    clean_name(directive, sizeof(directive), v->verdict.reason.directive));
        fputs(".\n", out);
        break;
    }
}

/* The number of a source that has no address yet says nothing to a reader; its name does. */
static void readable_name(struct session *s, const struct source_id *id, char *name, size_t size)
{
    bool source_names = s->settings.source_names;

    s->settings.source_names |= id->addr.family == ADDR_ID && s->settings.render == RENDER_TEXT;
    name_source(s, id, name, size);
    s->settings.source_names = source_names;
    if (strcmp(name, "?") == 0 && id->addr.family == ADDR_ID)
        addr_format(&id->addr, name, size);
}

#define LINE_BYTES (NAME_SHOWN_MAX + SENTENCE_MAX + 64)

/* Lines about sources, of which the places of a pool without an address are all alike. */
struct source_lines {
    char last[LINE_BYTES];
    unsigned count; /* so often, not printed yet */
};

static void end_of_lines(struct source_lines *l, FILE *out)
{
    if (l->count > 1)
        fprintf(out, "%s (%u such sources).\n", l->last, l->count);
    else if (l->count == 1)
        fprintf(out, "%s.\n", l->last);
    l->count = 0;
}

static void text_source(struct source_lines *l, FILE *out, const struct source_view *v,
                        const char *name, const struct candm_reason *r)
{
    char sentence[SENTENCE_MAX], directive[sizeof(r->directive) + 4] = "", line[LINE_BYTES];
    char clean[sizeof(r->directive)];

    source_view_sentence(sentence, sizeof(sentence), v);
    if (r->directive[0] != '\0' && !strstr(sentence, r->directive))
        text_format(directive, sizeof(directive), " (%s)",
                    clean_name(clean, sizeof(clean), r->directive));
    text_format(line, sizeof(line), "%c%c %s: %s%s", source_mode_char(v->data.mode),
                source_state_char(v->data.state), name, sentence, directive);
    if (l->count > 0 && strcmp(line, l->last) == 0) {
        l->count++;
        return;
    }
    end_of_lines(l, out);
    text_copy(l->last, sizeof(l->last), line);
    l->count = 1;
}

static void print_source(struct session *s, FILE *out, const struct source_view *v, bool first,
                         struct source_lines *lines)
{
    const struct candm_reason *r =
        strcmp(v->network.name, "none") != 0 ? &v->network : &v->selection;
    char name[NAME_SHOWN_MAX];

    readable_name(s, &v->id, name, sizeof(name));
    switch (s->settings.render) {
    case RENDER_JSON:
        json_source(out, v, name, first);
        break;
    case RENDER_CSV:
        fprintf(out, "source,%s,%c,", name, source_state_char(v->data.state));
        csv_reason(out, r);
        fputc('\n', out);
        break;
    case RENDER_TEXT:
        text_source(lines, out, v, name, r);
        break;
    }
}

bool run_explain(struct session *s, const struct command *c, char *rest)
{
    struct source_lines lines = {.count = 0};
    struct host_view host;
    struct source_view source;
    struct collector collector;
    uint32_t count;
    FILE *out;

    (void)c;
    (void)rest;
    if (!fetch_host(s, &host) || !fetch_source_count(s, &count))
        return false;
    out = collector_open(&collector);
    print_host(s, out, &host);
    for (uint32_t i = 0; i < count; i++) {
        if (session_stopped(s) || !fetch_source(s, i, &source)) {
            collector_drop(&collector);
            return false;
        }
        print_source(s, out, &source, i == 0, &lines);
    }
    end_of_lines(&lines, out);
    if (s->settings.render == RENDER_JSON)
        fputs("]}\n", out);
    collector_print(&collector, s->out);
    return true;
}
