/* follow_print.c - an event as a line. */
#include <inttypes.h>
#include <string.h>

#include "chronyc/explain.h"
#include "chronyc/follow.h"
#include "chronyc/sentences.h"

static struct source_id source_id_of(uint32_t refid, const struct addr *address)
{
    return (struct source_id){.addr = *address, .refid = refid};
}

static bool is_nobody(const struct candm_event_id *id)
{
    return id->refid == 0 && id->address.family == ADDR_NONE;
}

/* A source that is gone has no configured name any more. */
static const char *name_of(struct session *s, const struct source_id *id, char *name, size_t size)
{
    name_source(s, id, name, size);
    if (strcmp(name, "?") == 0 && id->addr.family != ADDR_NONE)
        addr_format(&id->addr, name, size);
    return name;
}

static struct host_view host_view_of(const struct candm_rpy_verdict *v)
{
    return (struct host_view){.verdict = *v, .own_verdict = true};
}

static struct source_view source_view_of(const struct candm_rpy_source_reason *r)
{
    return (struct source_view){.id = source_id_of(r->refid, &r->address),
                                .letter = r->state,
                                .have_reasons = true,
                                .network = r->network,
                                .selection = r->selection};
}

/* A letter of selectdata; what is none is shown as '?'. */
static char letter_shown(uint8_t letter)
{
    return letter > ' ' && letter < 0x7f && letter != '"' && letter != '\\' ? (char)letter : '?';
}

/* --- text ------------------------------------------------------------------------------------ */

static void text_verdict(FILE *out, const struct candm_rpy_verdict *v)
{
    const struct host_view view = host_view_of(v);
    char sentence[SENTENCE_MAX * 2], directive[sizeof(v->reason.directive)];

    fputs(host_view_sentence(sentence, sizeof(sentence), &view), out);
    if (v->reason.directive[0] != '\0' && !strstr(sentence, v->reason.directive))
        fprintf(out, " (%s)", clean_name(directive, sizeof(directive), v->reason.directive));
}

static void text_source(struct session *s, const struct candm_rpy_source_reason *r)
{
    const struct source_view view = source_view_of(r);
    char name[NAME_SHOWN_MAX], sentence[SENTENCE_MAX];

    fprintf(s->out, "source %s (%c): %s", name_of(s, &view.id, name, sizeof(name)),
            letter_shown(r->state), source_view_sentence(sentence, sizeof(sentence), &view));
}

static void print_text(struct session *s, const struct candm_event_header *h,
                       const union candm_event_payload *e)
{
    struct source_id id = {.refid = 0};
    char date[FORMAT_MAX], name[NAME_SHOWN_MAX];
    FILE *out = s->out;

    format_date(date, sizeof(date), &h->time);
    if (h->lost > 0)
        fprintf(out, "%s UTC  %s%u events were lost because they were not read in time\n", date,
                h->lost == UINT16_MAX ? "at least " : "", h->lost);
    fprintf(out, "%s UTC  ", date);
    switch (h->event) {
    case CANDM_EVENT_verdict:
        text_verdict(out, &e->verdict_);
        break;
    case CANDM_EVENT_source:
        text_source(s, &e->source_);
        break;
    case CANDM_EVENT_source_gone:
        id = source_id_of(e->source_gone_.refid, &e->source_gone_.address);
        fprintf(out, "source %s: it was removed", name_of(s, &id, name, sizeof(name)));
        break;
    case CANDM_EVENT_selected:
        id = source_id_of(e->selected_.refid, &e->selected_.address);
        if (is_nobody(&e->selected_))
            fputs("no source is selected", out);
        else
            fprintf(out, "source %s is selected", name_of(s, &id, name, sizeof(name)));
        break;
    case CANDM_EVENT_step:
        fprintf(out, "the clock was stepped by %+.9f s (%" PRIu32 " steps since chronyd started)",
                e->step_.offset_s, e->step_.steps);
        break;
    default:
        break;
    }
    fputc('\n', out);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void json_verdict(FILE *out, const struct candm_rpy_verdict *v)
{
    const struct host_view view = host_view_of(v);
    char sentence[SENTENCE_MAX * 2], buf[FORMAT_MAX];
    bool known = v->state != CANDM_VERDICT_UNSYNCHRONISED;

    fputs(",\"verdict\":{\"state\":", out);
    json_string(out, verdict_word(v->state));
    fprintf(out, ",\"error_bound_s\":%s",
            known ? format_json_number(buf, sizeof(buf), v->bound_s) : "null");
    json_reason(out, "reason", &v->reason);
    fputs(",\"sentence\":", out);
    json_string(out, host_view_sentence(sentence, sizeof(sentence), &view));
    fputc('}', out);
}

/* {"name":...,"address":...,"refid":... without the closing brace */
static void json_id(struct session *s, const struct source_id *id)
{
    char name[NAME_SHOWN_MAX], address[ADDR_TEXT_MAX];
    const char *text = source_address(id, address, sizeof(address));

    fputs("{\"name\":", s->out);
    json_string(s->out, name_of(s, id, name, sizeof(name)));
    fputs(",\"address\":", s->out);
    if (text)
        json_string(s->out, text);
    else
        fputs("null", s->out);
    fprintf(s->out, ",\"refid\":\"%08" PRIX32 "\"", id->refid);
}

static void json_source(struct session *s, const struct candm_rpy_source_reason *r)
{
    const struct source_view view = source_view_of(r);
    char sentence[SENTENCE_MAX];

    fputs(",\"source\":", s->out);
    json_id(s, &view.id);
    fprintf(s->out, ",\"state\":\"%c\"", letter_shown(r->state));
    json_reason(s->out, "network", &r->network);
    json_reason(s->out, "selection", &r->selection);
    fputs(",\"sentence\":", s->out);
    json_string(s->out, source_view_sentence(sentence, sizeof(sentence), &view));
    fputc('}', s->out);
}

static void json_event_id(struct session *s, const char *key, const struct candm_event_id *id)
{
    const struct source_id source = source_id_of(id->refid, &id->address);

    fprintf(s->out, ",\"%s\":", key);
    if (is_nobody(id)) {
        fputs("null", s->out);
    } else {
        json_id(s, &source);
        fputc('}', s->out);
    }
}

static void print_json(struct session *s, const struct candm_event_header *h,
                       const union candm_event_payload *e)
{
    static const char *const names[] = {
#define X(name, code, bytes) [code] = #name,
        CANDM_EVENTS(X)
#undef X
    };
    char buf[FORMAT_MAX];
    FILE *out = s->out;

    json_document(out, "event");
    fprintf(out, ",\"time\":\"%s\",\"number\":%" PRIu32 ",\"lost\":%u,\"event\":\"%s\"",
            format_rfc3339(buf, sizeof(buf), &h->time), h->number, h->lost, names[h->event]);
    switch (h->event) {
    case CANDM_EVENT_verdict:
        json_verdict(out, &e->verdict_);
        break;
    case CANDM_EVENT_source:
        json_source(s, &e->source_);
        break;
    case CANDM_EVENT_source_gone:
        json_event_id(s, "source_gone", &e->source_gone_);
        break;
    case CANDM_EVENT_selected:
        json_event_id(s, "selected", &e->selected_);
        break;
    case CANDM_EVENT_step:
        fprintf(out, ",\"step\":{\"steps\":%" PRIu32 ",\"offset_s\":%s}", e->step_.steps,
                format_json_number(buf, sizeof(buf), e->step_.offset_s));
        break;
    default:
        break;
    }
    fputs("}\n", out);
}

void follow_print(struct session *s, const struct candm_event_header *h,
                  const union candm_event_payload *e)
{
    if (s->settings.render == RENDER_JSON)
        print_json(s, h, e);
    else
        print_text(s, h, e);
}
