/* fuzz_chronyc_reply.c - a hostile daemon: whatever decodes is rendered in all three forms, and the
 * JSON that comes out has balanced brackets and no raw control characters.
 *
 * The first byte chooses the width, the rest is a reply datagram. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chronyc/explain.h"
#include "chronyc/reports.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sentences(FILE *out, const struct candm_reply_header *h,
                      const union candm_reply_payload *v)
{
    struct host_view host = {.own_verdict = true};
    struct source_view source = {.have_reasons = true};
    char text[300];

    if (h->reply == CANDM_RPY_verdict) {
        host.verdict = v->verdict_;
        fputs(host_view_sentence(text, sizeof(text), &host), out);
    } else {
        source.network = v->source_reason_.network;
        source.selection = v->source_reason_.selection;
        fputs(source_view_sentence(text, sizeof(text), &source), out);
    }
}

static void rows(struct printer *p, const struct candm_reply_header *h,
                 const union candm_reply_payload *v)
{
    char address[ADDR_TEXT_MAX], refid[8];
    struct source_id id;

    switch (h->reply) {
    case CANDM_RPY_source_data:
        id = source_id_of_data(&v->source_data_);
        printer_begin(p, &report_sources);
        row_sources(p, &v->source_data_, format_refid_text(refid, sizeof(refid), id.refid),
                    source_address(&id, address, sizeof(address)));
        break;
    case CANDM_RPY_tracking:
        printer_begin(p, &report_tracking);
        row_tracking(p, &v->tracking_, "name");
        break;
    case CANDM_RPY_sourcestats:
        printer_begin(p, &report_sourcestats);
        row_sourcestats(p, &v->sourcestats_, "name", NULL);
        break;
    case CANDM_RPY_rtc:
        printer_begin(p, &report_rtcdata);
        row_rtcdata(p, &v->rtc_);
        break;
    case CANDM_RPY_activity:
        printer_begin(p, &report_activity);
        row_activity(p, &v->activity_);
        break;
    case CANDM_RPY_smoothing:
        printer_begin(p, &report_smoothing);
        row_smoothing(p, &v->smoothing_);
        break;
    case CANDM_RPY_server_stats:
    case CANDM_RPY_server_stats2:
    case CANDM_RPY_server_stats3:
    case CANDM_RPY_server_stats4:
        printer_begin(p, &report_serverstats);
        row_serverstats(p, &v->server_stats4_);
        break;
    case CANDM_RPY_ntp_data:
    case CANDM_RPY_ntp_data2:
        printer_begin(p, &report_ntpdata);
        row_ntpdata(p, &v->ntp_data2_);
        break;
    case CANDM_RPY_manual_timestamp:
        printer_begin(p, &report_settime);
        row_settime(p, &v->manual_timestamp_);
        break;
    case CANDM_RPY_manual_list:
        printer_begin(p, &report_manual_list);
        for (uint32_t i = 0; i < CANDM_MANUAL_SAMPLES; i++)
            row_manual_list(p, &v->manual_list_.samples[i], i);
        break;
    case CANDM_RPY_source_name:
        printer_begin(p, &report_sourcename);
        row_sourcename(p, source_name_valid(&v->source_name_) ? v->source_name_.name : "?");
        break;
    case CANDM_RPY_auth_data:
        printer_begin(p, &report_authdata);
        row_authdata(p, &v->auth_data_, "name", "::1");
        break;
    case CANDM_RPY_client_accesses:
        printer_begin(p, &report_clients_nke);
        for (size_t i = 0; i < CANDM_CLIENTS_PER_REPLY; i++)
            row_clients(p, &v->client_accesses_.clients[i], "name", h->status & 1);
        break;
    case CANDM_RPY_select_data:
        printer_begin(p, &report_selectdata);
        row_selectdata(p, &v->select_data_, "name", NULL);
        break;
    case CANDM_RPY_verdict:
    case CANDM_RPY_source_reason:
        sentences(p->out, h, v);
        return;
    default:
        return;
    }
    printer_end(p);
}

/* No byte that could steer a terminal, whatever the form. */
static void check_bytes(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' && *text != '\n')
            abort();
}

static void check_json(const char *text)
{
    int depth = 0;
    bool string = false;

    for (; *text != '\0' && *text != '\n'; text++) {
        if (*text == '"')
            string = !string;
        else if (*text == '\\')
            text++;
        else if (!string)
            depth += *text == '{' || *text == '[' ? 1 : *text == '}' || *text == ']' ? -1 : 0;
    }
    if (depth != 0 || string)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    union candm_reply_payload v;
    struct candm_reply_header h;

    if (size < 1 || !candm_decode_reply(data + 1, size - 1, &h, &v))
        return 0;
    for (enum render render = RENDER_TEXT; render <= RENDER_JSON; render++) {
        struct printer p = {.render = render, .wide = data[0] & 1};
        size_t length = 0;
        char *text = NULL;

        p.out = open_memstream(&text, &length);
        if (!p.out)
            abort();
        rows(&p, &h, &v);
        fclose(p.out);
        if (strlen(text) != length)
            abort();
        check_bytes(text);
        if (render == RENDER_JSON && h.reply < CANDM_RPY_verdict)
            check_json(text);
        free(text);
    }
    return 0;
}
