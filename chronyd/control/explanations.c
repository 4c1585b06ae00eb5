/* explanations.c - reasons as they are, for `explain`, JSON and whoever watches. */
#include "chronyd/control/explanations.h"

#include "base/text.h"
#include "chronyd/control/handlers.h"

static struct candm_reason reason_of(const struct reason *r)
{
    struct candm_reason out = {.figure = r->figure, .limit = r->limit};

    text_copy(out.name, sizeof(out.name), reason_name(r->code));
    text_copy(out.directive, sizeof(out.directive), r->directive ? r->directive : "");
    return out;
}

void complete_selection(struct source_report *report, uint8_t options)
{
    struct candidate *c = &report->select;

    c->options = options;
    if (c->reason.code != REASON_NONE)
        return;
    c->effective_options = options;
    if (options & SELECT_NOSELECT) {
        c->state = SELECT_NOSELECTED;
        c->reason = (struct reason){.code = REASON_NOSELECT, .directive = "noselect"};
    } else {
        c->state = SELECT_FEW_SAMPLES;
        c->reason = (struct reason){.code = REASON_FEW_SAMPLES, .figure = report->track.samples};
    }
}

void explain_verdict(const struct control_rooms *rooms, struct candm_rpy_verdict *out)
{
    struct verdict verdict;

    reference_verdict(rooms->reference, &verdict);
    *out = (struct candm_rpy_verdict){.state = (uint16_t)verdict.state,
                                      .bound_s = verdict.bound_s,
                                      .expected_s = verdict.expected_s,
                                      .reason = reason_of(&verdict.reason)};
}

void explain_source(const struct control_rooms *rooms, const struct source *s,
                    struct candm_rpy_source_reason *out)
{
    struct source_report report;
    struct reason network = {.code = REASON_NONE};

    source_report(s, &report);
    complete_selection(&report, source_settings(s)->select_options);
    if (report.kind != SOURCE_REFCLOCK)
        ntp_source_reason(rooms->ntp, &report.addr, &network);
    *out = (struct candm_rpy_source_reason){.refid = report.refid,
                                            .state = (uint8_t)report.select.state,
                                            .network = reason_of(&network),
                                            .selection = reason_of(&report.select.reason)};
    if (report.kind != SOURCE_REFCLOCK)
        out->address = report.addr;
}

enum candm_status handle_verdict(struct exchange *x)
{
    struct candm_rpy_verdict r;

    explain_verdict(&x->control->rooms, &r);
    candm_put_rpy_verdict(&x->out, &r);
    return CANDM_SUCCESS;
}

enum candm_status handle_source_reason(struct exchange *x)
{
    struct candm_req_int request;
    struct candm_rpy_source_reason r;
    const struct source *s = NULL;

    candm_get_req_int(&x->in, &request);
    if (request.value >= 0)
        s = sources_at(x->control->rooms.sources, (size_t)request.value);
    if (!s)
        return CANDM_NO_SUCH_SOURCE;
    explain_source(&x->control->rooms, s, &r);
    candm_put_rpy_source_reason(&x->out, &r);
    return CANDM_SUCCESS;
}

/* Bits of CANDM_EVENT_BIT. Only a stream can be told anything later. */
enum candm_status handle_subscribe(struct exchange *x)
{
    struct candm_req_int request;

    candm_get_req_int(&x->in, &request);
    if (!x->watcher)
        return CANDM_INVALID;
    watch_subscribe(x->watcher, (uint32_t)request.value);
    return CANDM_SUCCESS;
}
