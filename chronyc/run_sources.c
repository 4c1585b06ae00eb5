/* run_sources.c - reports with a row per source: count them, ask for each, print. */
#include <string.h>

#include "base/text.h"
#include "chronyc/args.h"
#include "chronyc/client.h"
#include "chronyc/commands.h"
#include "chronyc/explain.h"
#include "chronyc/names.h"
#include "chronyc/reports.h"

struct list_options {
    bool all;    /* -a: sources without an address too */
    bool legend; /* -v */
};

static struct list_options list_options(char *rest)
{
    struct list_options options = {false, false};
    const char *word;

    while ((word = text_word(&rest)) != NULL) {
        if (strcmp(word, "-a") == 0)
            options.all = true;
        else if (strcmp(word, "-v") == 0)
            options.legend = true;
    }
    return options;
}

static bool ask_index(struct session *s, uint16_t code, uint32_t index, uint16_t expected,
                      struct reply *reply)
{
    struct request request;

    request_init_index(&request, code, index);
    return client_request(s, &request, expected, false, reply);
}

/* What a table needs to know of its rows. */
struct table {
    const struct report *report;
    const char *legend;
    /* Ask for source number `index` and print its row, or nothing; false: the request failed. */
    bool (*row)(struct session *s, struct printer *p, uint32_t index, bool all);
};

static bool run_table(struct session *s, const struct table *table, char *rest)
{
    struct list_options options = list_options(rest);
    struct printer p = session_printer(s);
    uint32_t count;

    if (!fetch_source_count(s, &count))
        return false;
    if (options.legend && table->legend && p.render == RENDER_TEXT)
        fputs(table->legend, s->out);
    printer_begin(&p, table->report);
    for (uint32_t i = 0; i < count; i++) {
        if (session_stopped(s) || !table->row(s, &p, i, options.all)) {
            printer_drop(&p);
            return false;
        }
    }
    printer_end(&p);
    return true;
}

static bool hidden(const struct addr *a, bool all)
{
    return a->family == ADDR_ID && !all;
}

/* --- the four tables ------------------------------------------------------------------------- */

static bool sources_row(struct session *s, struct printer *p, uint32_t index, bool all)
{
    char name[NAME_SHOWN_MAX], address[ADDR_TEXT_MAX];
    struct source_id id;
    struct reply reply;

    if (!ask_index(s, CANDM_REQ_SOURCE_DATA, index, CANDM_RPY_source_data, &reply))
        return false;
    id = source_id_of_data(&reply.payload.source_data_);
    if (hidden(&id.addr, all))
        return true;
    name_source(s, &id, name, sizeof(name));
    row_sources(p, &reply.payload.source_data_, name,
                source_address(&id, address, sizeof(address)));
    return true;
}

static bool sourcestats_row(struct session *s, struct printer *p, uint32_t index, bool all)
{
    char name[NAME_SHOWN_MAX], address[ADDR_TEXT_MAX];
    const struct candm_rpy_sourcestats *r;
    struct source_id id;
    struct reply reply;

    if (!ask_index(s, CANDM_REQ_SOURCESTATS, index, CANDM_RPY_sourcestats, &reply))
        return false;
    r = &reply.payload.sourcestats_;
    id = (struct source_id){r->address, r->refid};
    if (hidden(&id.addr, all))
        return true;
    name_source(s, &id, name, sizeof(name));
    row_sourcestats(p, r, name, source_address(&id, address, sizeof(address)));
    return true;
}

static bool selectdata_row(struct session *s, struct printer *p, uint32_t index, bool all)
{
    char name[NAME_SHOWN_MAX], address[ADDR_TEXT_MAX];
    const struct candm_rpy_select_data *r;
    struct source_id id;
    struct reply reply;

    if (!ask_index(s, CANDM_REQ_SELECT_DATA, index, CANDM_RPY_select_data, &reply))
        return false;
    r = &reply.payload.select_data_;
    id = (struct source_id){r->address, r->refid};
    if (hidden(&id.addr, all))
        return true;
    name_source(s, &id, name, sizeof(name));
    row_selectdata(p, r, name, source_address(&id, address, sizeof(address)));
    return true;
}

/* NTP sources only: a reference clock has neither authentication nor packets. */
static bool ask_ntp_source(struct session *s, uint32_t index, struct source_id *id, bool *is_ntp)
{
    const struct candm_rpy_source_data *r;
    struct reply reply;

    if (!ask_index(s, CANDM_REQ_SOURCE_DATA, index, CANDM_RPY_source_data, &reply))
        return false;
    r = &reply.payload.source_data_;
    *id = source_id_of_data(r);
    *is_ntp = r->mode <= 1;
    return true;
}

static bool authdata_row(struct session *s, struct printer *p, uint32_t index, bool all)
{
    char name[NAME_SHOWN_MAX], address[ADDR_TEXT_MAX];
    struct request request;
    struct source_id id;
    struct reply reply;
    bool is_ntp;

    if (!ask_ntp_source(s, index, &id, &is_ntp))
        return false;
    if (!is_ntp || hidden(&id.addr, all))
        return true;
    request_init_address(&request, CANDM_REQ_AUTH_DATA, &id.addr);
    if (!client_request(s, &request, CANDM_RPY_auth_data, false, &reply))
        return false;
    name_source(s, &id, name, sizeof(name));
    row_authdata(p, &reply.payload.auth_data_, name, source_address(&id, address, sizeof(address)));
    return true;
}

bool run_sources(struct session *s, const struct command *c, char *rest)
{
    static const struct table table = {&report_sources, legend_sources, sources_row};

    (void)c;
    return run_table(s, &table, rest);
}

bool run_sourcestats(struct session *s, const struct command *c, char *rest)
{
    static const struct table table = {&report_sourcestats, legend_sourcestats, sourcestats_row};

    (void)c;
    return run_table(s, &table, rest);
}

bool run_selectdata(struct session *s, const struct command *c, char *rest)
{
    static const struct table table = {&report_selectdata, legend_selectdata, selectdata_row};

    (void)c;
    return run_table(s, &table, rest);
}

bool run_authdata(struct session *s, const struct command *c, char *rest)
{
    static const struct table table = {&report_authdata, legend_authdata, authdata_row};

    (void)c;
    return run_table(s, &table, rest);
}

/* --- ntpdata --------------------------------------------------------------------------------- */

/* Blocks of a list are kept apart by a blank line before each. */
static bool ntpdata_one(struct session *s, struct printer *p, const struct addr *a, bool in_list)
{
    struct request request;
    struct reply reply;

    request_init_address(&request, CANDM_REQ_NTP_DATA, a);
    if (!client_request(s, &request, CANDM_RPY_ntp_data2, false, &reply))
        return false;
    if (in_list && p->render == RENDER_TEXT)
        fputc('\n', s->out);
    row_ntpdata(p, &reply.payload.ntp_data2_);
    return true;
}

static bool ntpdata_row(struct session *s, struct printer *p, uint32_t index, bool all)
{
    struct source_id id;
    bool is_ntp;

    (void)all;
    if (!ask_ntp_source(s, index, &id, &is_ntp))
        return false;
    if (!is_ntp || (id.addr.family != ADDR_IPV4 && id.addr.family != ADDR_IPV6))
        return true;
    return ntpdata_one(s, p, &id.addr, true);
}

bool run_ntpdata(struct session *s, const struct command *c, char *rest)
{
    static const struct table table = {&report_ntpdata, NULL, ntpdata_row};
    struct printer p = session_printer(s);
    struct addr address;

    (void)c;
    if (rest[0] == '\0')
        return run_table(s, &table, rest);
    if (!parse_source_address(rest, s->settings.family, &address))
        return complain(s, "Could not get address for hostname");
    printer_begin(&p, &report_ntpdata);
    if (!ntpdata_one(s, &p, &address, false)) {
        printer_drop(&p);
        return false;
    }
    printer_end(&p);
    return true;
}

/* --- sourcename ------------------------------------------------------------------------------ */

bool run_sourcename(struct session *s, const struct command *c, char *rest)
{
    struct printer p = session_printer(s);
    struct request request;
    struct addr address;
    struct reply reply;

    if (!parse_source_address(rest, s->settings.family, &address))
        return complain(s, "Could not read address");
    request_init_address(&request, c->code, &address);
    if (!client_request(s, &request, CANDM_RPY_source_name, false, &reply))
        return false;
    if (!source_name_valid(&reply.payload.source_name_))
        return print_own_status(s, 508, "Bad reply from daemon");
    printer_begin(&p, &report_sourcename);
    row_sourcename(&p, reply.payload.source_name_.name);
    printer_end(&p);
    return true;
}
