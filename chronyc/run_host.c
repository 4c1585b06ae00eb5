/* run_host.c - reports about the host, its server side and its clients, and waiting for it. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "chronyc/args.h"
#include "chronyc/client.h"
#include "chronyc/commands.h"
#include "chronyc/names.h"
#include "chronyc/reports.h"

/* A request without payload. */
static bool ask(struct session *s, uint16_t code, uint16_t expected, struct reply *reply)
{
    struct request request;

    request_init(&request, code);
    return client_request(s, &request, expected, false, reply);
}

bool run_tracking(struct session *s, const struct command *c, char *rest)
{
    struct printer p = session_printer(s);
    char name[NAME_SHOWN_MAX];
    struct reply reply;

    (void)rest;
    if (!ask(s, c->code, CANDM_RPY_tracking, &reply))
        return false;
    name_reference(s, &reply.payload.tracking_, name, sizeof(name));
    printer_begin(&p, &report_tracking);
    row_tracking(&p, &reply.payload.tracking_, name);
    printer_end(&p);
    return true;
}

bool run_activity(struct session *s, const struct command *c, char *rest)
{
    struct printer p = session_printer(s);
    struct reply reply;

    (void)rest;
    if (!ask(s, c->code, CANDM_RPY_activity, &reply))
        return false;
    printer_begin(&p, &report_activity);
    row_activity(&p, &reply.payload.activity_);
    printer_end(&p);
    return true;
}

bool run_serverstats(struct session *s, const struct command *c, char *rest)
{
    struct printer p = session_printer(s);
    struct reply reply;

    (void)rest;
    if (!ask(s, c->code, CANDM_RPY_server_stats4, &reply))
        return false;
    printer_begin(&p, &report_serverstats);
    row_serverstats(&p, &reply.payload.server_stats4_);
    printer_end(&p);
    return true;
}

bool run_smoothing(struct session *s, const struct command *c, char *rest)
{
    struct printer p = session_printer(s);
    struct reply reply;

    (void)rest;
    if (!ask(s, c->code, CANDM_RPY_smoothing, &reply))
        return false;
    printer_begin(&p, &report_smoothing);
    row_smoothing(&p, &reply.payload.smoothing_);
    printer_end(&p);
    return true;
}

bool run_rtcdata(struct session *s, const struct command *c, char *rest)
{
    struct printer p = session_printer(s);
    struct reply reply;

    (void)rest;
    if (!ask(s, c->code, CANDM_RPY_rtc, &reply))
        return false;
    printer_begin(&p, &report_rtcdata);
    row_rtcdata(&p, &reply.payload.rtc_);
    printer_end(&p);
    return true;
}

bool run_manual_list(struct session *s)
{
    struct printer p = session_printer(s);
    const struct candm_rpy_manual_list *r;
    struct reply reply;

    if (!ask(s, CANDM_REQ_MANUAL_LIST, CANDM_RPY_manual_list, &reply))
        return false;
    r = &reply.payload.manual_list_;
    if (p.render == RENDER_TEXT)
        fprintf(s->out, "210 n_samples = %u\n", r->count);
    printer_begin(&p, &report_manual_list);
    for (uint32_t i = 0; i < r->count && i < CANDM_MANUAL_SAMPLES; i++)
        row_manual_list(&p, &r->samples[i], i);
    printer_end(&p);
    return true;
}

/* --- clients --------------------------------------------------------------------------------- */

struct clients_options {
    bool nke;
    uint32_t min_hits, reset;
};

static bool clients_options(char *rest, struct clients_options *out)
{
    const char *word;
    int32_t hits;

    memset(out, 0, sizeof(*out));
    while ((word = text_word(&rest)) != NULL) {
        if (strcmp(word, "-k") == 0) {
            out->nke = true;
        } else if (strcmp(word, "-r") == 0) {
            out->reset = 1;
        } else if (strcmp(word, "-p") == 0) {
            word = text_word(&rest);
            if (!word || !parse_leading_int(word, &hits))
                return false;
            out->min_hits = (uint32_t)hits;
        }
    }
    return true;
}

/* One part of the table; false: failed. `next` is advanced, `more` says whether to go on. */
static bool clients_part(struct session *s, struct printer *p, const struct clients_options *o,
                         uint32_t *next, bool *more)
{
    struct candm_req_client_accesses q = {*next, CANDM_CLIENTS_PER_REPLY, o->min_hits, o->reset};
    const struct candm_rpy_client_accesses *r;
    char name[NAME_SHOWN_MAX];
    struct request request;
    struct reply reply;

    request_init(&request, CANDM_REQ_CLIENT_ACCESSES);
    candm_put_req_client_accesses(&request.payload, &q);
    if (!client_request(s, &request, CANDM_RPY_client_accesses, false, &reply))
        return false;
    r = &reply.payload.client_accesses_;
    for (uint32_t i = 0; i < r->count && i < CANDM_CLIENTS_PER_REPLY; i++) {
        if (r->clients[i].address.family == ADDR_NONE)
            continue;
        name_client(s, &r->clients[i].address, name, sizeof(name));
        row_clients(p, &r->clients[i], name, o->nke);
    }
    /* A daemon that never gets further must not hold us here. */
    *more = r->next_index < r->n_indices && r->count >= CANDM_CLIENTS_PER_REPLY &&
            r->next_index > *next;
    *next = r->next_index;
    return true;
}

bool run_clients(struct session *s, const struct command *c, char *rest)
{
    struct printer p = session_printer(s);
    struct clients_options options;
    uint32_t next = 0;
    bool more = true;

    (void)c;
    if (!clients_options(rest, &options))
        return complain(s, "Invalid syntax for clients command");
    printer_begin(&p, options.nke ? &report_clients_nke : &report_clients);
    while (more) {
        if (session_stopped(s) || !clients_part(s, &p, &options, &next, &more)) {
            printer_drop(&p);
            return false;
        }
    }
    printer_end(&p);
    return true;
}

/* --- waitsync -------------------------------------------------------------------------------- */

struct wait_limits {
    int32_t tries;
    double correction_s, skew_ppm, interval_s;
};

/* As far as they parse; the rest keeps its default. */
static void wait_limits(char *rest, struct wait_limits *out)
{
    const char *word;

    *out = (struct wait_limits){0, 0.0, 0.0, 10.0};
    if (!(word = text_word(&rest)) || !parse_leading_int(word, &out->tries))
        return;
    if (!(word = text_word(&rest)) || !parse_leading_double(word, &out->correction_s))
        return;
    if (!(word = text_word(&rest)) || !parse_leading_double(word, &out->skew_ppm))
        return;
    if ((word = text_word(&rest)) != NULL && parse_leading_double(word, &out->interval_s))
        out->interval_s = max_d(out->interval_s, 0.1);
}

static bool within(const struct wait_limits *l, const struct candm_rpy_tracking *t)
{
    return tracking_synchronised(t) &&
           (l->correction_s == 0.0 || fabs(t->current_correction_s) <= l->correction_s) &&
           (l->skew_ppm == 0.0 || t->skew_ppm <= l->skew_ppm);
}

bool run_waitsync(struct session *s, const struct command *c, char *rest)
{
    struct printer p = session_printer(s);
    struct wait_limits limits;
    struct reply reply;
    bool done = false;

    wait_limits(rest, &limits);
    printer_begin(&p, &report_waitsync);
    for (uint32_t try = 1; !done; try++) {
        if (ask(s, c->code, CANDM_RPY_tracking, &reply)) {
            row_waitsync(&p, &reply.payload.tracking_, try);
            done = within(&limits, &reply.payload.tracking_);
        }
        fflush(s->out);
        if (done || (limits.tries > 0 && try >= (uint32_t)limits.tries) ||
            !transport_sleep(s->stop, limits.interval_s))
            break;
    }
    printer_end(&p);
    return done;
}
