/* observe.c - differences. */
#include "chronyd/control/observe.h"

#include <stdlib.h>

#include "chronyd/control/explanations.h"

struct seen {
    struct candm_event_id id;
    uint8_t state;
};

struct observer {
    const struct control_rooms *rooms;
    struct candm_rpy_verdict verdict;
    struct candm_event_id selected;
    long steps;
    struct seen *sources;
    size_t count;
};

static struct candm_event_id id_of(const struct candm_rpy_source_reason *r)
{
    return (struct candm_event_id){r->refid, r->address};
}

static bool same(const struct candm_event_id *a, const struct candm_event_id *b)
{
    return a->refid == b->refid && addr_equal(&a->address, &b->address);
}

static struct candm_event_id selected_now(const struct control_rooms *rooms)
{
    const struct selection *selection = sources_selection(rooms->sources);
    struct candm_rpy_source_reason r;
    const struct source *s = NULL;

    if (selection->selected >= 0)
        s = sources_at(rooms->sources, (size_t)selection->selected);
    if (!s || !source_is_selected(s))
        return (struct candm_event_id){0};
    explain_source(rooms, s, &r);
    return id_of(&r);
}

/* Steps of the clock, ours and those of others. */
static long steps_now(const struct control_rooms *rooms, double *offset_s)
{
    struct reference_report report;

    reference_report(rooms->reference, &report);
    *offset_s = report.last_step_s;
    return report.steps + report.foreign_steps;
}

/* --- sources -------------------------------------------------------------------------------- */

/* The list as it is now; false without memory, and nothing has changed then. */
static bool list_sources(const struct observer *o, struct seen **list, size_t *count)
{
    size_t n = sources_count(o->rooms->sources);
    struct seen *seen = calloc(n ? n : 1, sizeof(*seen));
    struct candm_rpy_source_reason r;

    if (!seen)
        return false;
    for (size_t i = 0; i < n; i++) {
        explain_source(o->rooms, sources_at(o->rooms->sources, i), &r);
        seen[i] = (struct seen){id_of(&r), r.state};
    }
    *list = seen;
    *count = n;
    return true;
}

/* Sources keep their order, so the same index is looked at first. */
static const struct seen *find(const struct seen *list, size_t count, size_t guess,
                               const struct candm_event_id *id)
{
    if (guess < count && same(&list[guess].id, id))
        return &list[guess];
    for (size_t i = 0; i < count; i++) {
        if (same(&list[i].id, id))
            return &list[i];
    }
    return NULL;
}

static void look_at_sources(struct observer *o, observe_tell *tell, void *ctx)
{
    union candm_event_payload payload;
    struct seen *list;
    size_t count;

    if (!list_sources(o, &list, &count))
        return;
    for (size_t i = 0; i < count; i++) {
        const struct seen *before = find(o->sources, o->count, i, &list[i].id);

        if (before && before->state == list[i].state)
            continue;
        explain_source(o->rooms, sources_at(o->rooms->sources, i), &payload.source_);
        tell(ctx, CANDM_EVENT_source, &payload);
    }
    for (size_t i = 0; i < o->count; i++) {
        if (find(list, count, i, &o->sources[i].id))
            continue;
        payload.source_gone_ = o->sources[i].id;
        tell(ctx, CANDM_EVENT_source_gone, &payload);
    }
    free(o->sources);
    o->sources = list;
    o->count = count;
}

/* --- all of it ------------------------------------------------------------------------------ */

struct observer *observer_create(const struct control_rooms *rooms)
{
    struct observer *o = calloc(1, sizeof(*o));
    double unused;

    if (!o)
        return NULL;
    o->rooms = rooms;
    explain_verdict(rooms, &o->verdict);
    o->selected = selected_now(rooms);
    o->steps = steps_now(rooms, &unused);
    if (!list_sources(o, &o->sources, &o->count)) {
        free(o);
        return NULL;
    }
    return o;
}

void observer_destroy(struct observer *o)
{
    if (!o)
        return;
    free(o->sources);
    free(o);
}

static void look_at_verdict(struct observer *o, observe_tell *tell, void *ctx)
{
    union candm_event_payload payload;

    explain_verdict(o->rooms, &payload.verdict_);
    if (payload.verdict_.state != o->verdict.state ||
        strcmp(payload.verdict_.reason.name, o->verdict.reason.name) != 0)
        tell(ctx, CANDM_EVENT_verdict, &payload);
    o->verdict = payload.verdict_;
}

void observer_look(struct observer *o, observe_tell *tell, void *ctx)
{
    union candm_event_payload payload;
    double offset_s;
    long steps = steps_now(o->rooms, &offset_s);

    if (steps != o->steps) {
        payload.step_ = (struct candm_evt_step){(uint32_t)steps, offset_s};
        tell(ctx, CANDM_EVENT_step, &payload);
        o->steps = steps;
    }
    look_at_sources(o, tell, ctx);
    payload.selected_ = selected_now(o->rooms);
    if (!same(&payload.selected_, &o->selected)) {
        o->selected = payload.selected_;
        tell(ctx, CANDM_EVENT_selected, &payload);
    }
    look_at_verdict(o, tell, ctx);
}

void observer_present(const struct observer *o, enum candm_event event,
                      union candm_event_payload *out)
{
    if (event == CANDM_EVENT_verdict)
        explain_verdict(o->rooms, &out->verdict_);
    else
        out->selected_ = selected_now(o->rooms);
}
