/* association_report.c - what is told about an association: measurements.log (spec chrony-conf
 * section 20), ntpdata, authdata, and reasons. */
#include "chronyd/ntp/association_private.h"
#include "chronyd/os/logfile.h"

void report_packet(struct association *a, const struct answer *in, const struct measurement *m)
{
    const struct os_datagram *d = in->datagram;
    const struct ntp_header *h = &in->header;
    struct ntp_data_report *r = &a->data;
    struct utc now = clock_now(a->room->clock);

    if (d->local.family != ADDR_NONE && !addr_equal(&d->local, &r->local))
        source_set_local_refid(a->source, addr_refid(&d->local)); /* decides among orphans */
    r->local = d->local;
    r->leap = h->leap;
    r->version = h->version;
    r->mode = h->mode;
    r->stratum = h->stratum;
    r->poll = h->poll;
    r->precision = h->precision;
    r->root_delay_s = in->root_delay_s;
    r->root_dispersion_s = in->root_dispersion_s;
    r->refid = h->refid;
    r->reference_time =
        h->reference.bits == 0 ? (struct utc){0} : utc_from_ntp_time(h->reference, now);
    r->offset_s = m->sample.offset_then_s;
    r->peer_delay_s = m->sample.delay_s;
    r->peer_dispersion_s = m->sample.dispersion_s;
    r->response_time_s = m->response_time_s;
    r->tests = in->tests;
    r->interleaved = in->interleaved;
    r->tx_stamp = (char)m->sent.by;
    r->rx_stamp = (char)m->received.by;
}

static int bit(uint16_t tests, uint16_t which)
{
    return (tests & which) != 0;
}

void report_log(struct association *a, const struct answer *in, const struct measurement *m)
{
    static const char leaps[] = {'N', '+', '-', '?'};
    const struct ntp_header *h = &in->header;
    const struct sample *s = &m->sample;
    uint16_t tests = in->tests;
    char time[20], addr[ADDR_TEXT_MAX];

    if (!a->room->settings.log_raw_measurements && (tests & TESTS_SYNCED) != TESTS_SYNCED)
        return;
    logfile_write(
        a->room->measurements,
        "%s %-15s %c %2d %d%d%d %d%d%d %d%d%d%d  %2d %2d %4.2f %10.3e %10.3e %10.3e %10.3e %10.3e "
        "%08X %d%c %c %c",
        logfile_time(clock_corrected(a->room->clock, s->at), time),
        addr_format(&a->remote.addr, addr, sizeof(addr)), leaps[h->leap & 3], h->stratum,
        bit(tests, TEST_1), bit(tests, TEST_2), bit(tests, TEST_3), bit(tests, TEST_5),
        bit(tests, TEST_6), bit(tests, TEST_7), bit(tests, TEST_A), bit(tests, TEST_B),
        bit(tests, TEST_C), bit(tests, TEST_D), a->polling.log2_s, h->poll, a->polling.score,
        s->offset_then_s, s->delay_s, s->dispersion_s, in->root_delay_s, in->root_dispersion_s,
        h->refid, h->mode, in->interleaved ? 'I' : 'B', m->sent.by ? (char)m->sent.by : 'D',
        (char)m->received.by);
}

void association_data(const struct association *a, struct ntp_data_report *out)
{
    struct track_report t;

    *out = a->data;
    out->remote = a->remote.addr;
    out->remote_port = a->remote.port;
    out->authenticated = a->settings.key_id != 0 || a->settings.nts;
    if (a->data.total_valid == 0)
        return;
    track_report(source_track(a->source), &t);
    out->asymmetry = t.asymmetry;
}

void association_auth(const struct association *a, struct ntp_auth_report *out)
{
    const struct key *key;

    *out = (struct ntp_auth_report){.last_ke_ago_s = UINT32_MAX};
    if (a->settings.nts) {
        out->mode = 2;
        return;
    }
    if (a->settings.key_id == 0)
        return;
    out->mode = 1;
    out->key_id = a->settings.key_id;
    key = keystore_find(a->room->keys, a->settings.key_id);
    if (key) {
        out->key_type = (int)key->type;
        out->key_bits = key_bits(key);
    }
}

void association_reason(const struct association *a, struct reason *out)
{
    *out = (struct reason){.code = REASON_NONE};
    if (!association_resolved(a)) {
        out->code = REASON_UNRESOLVED;
    } else if (a->state == ASSOC_OFFLINE) {
        out->code = REASON_OFFLINE;
        out->figure = mono_diff_s(room_mono(a->room), a->offline_since);
    } else if (a->trouble.code != REASON_NONE) {
        *out = a->trouble;
    } else if (a->requests_unanswered > 0 && source_reach(a->source) == 0) {
        out->code = REASON_NO_REPLY;
        out->figure = a->requests_unanswered;
    }
}
