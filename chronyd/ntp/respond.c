#include "chronyd/ntp/respond.h"

#include "chronyd/ntp/fields.h"
#include "chronyd/ntp/mac.h"
#include "chronyd/ntp/signd.h"

#define NTP_PORT 123
#define STRATUM_UNSYNCHRONISED 16
#define REFID_RATE 0x52415445 /* "RATE", RFC 5905 section 7.4 */
#define REFID_SMOOTHING                                                                            \
    0x7f7f01ff /* 127.127.1.255: the time served is not quite the reference's                      \
                */

/* A well-mixed value of a word under a secret (the finaliser of splitmix64). */
static uint64_t mix(uint64_t v)
{
    v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
    return v ^ v >> 31;
}

/* The time that clients are told for a reading of the system clock. Bits below the precision are
 * random, so that they tell nothing and time stamps of two packets never agree by chance
 * (RFC 5905 section 6). */
struct ntp_time ntp_view_time(const struct ntp_view *view, struct utc raw, uint64_t salt)
{
    struct utc t = clock_view_corrected(&view->clock, clock_view_osc(&view->clock, raw));
    int bits = 32 + view->precision;
    uint64_t mask;

    if (view->smoothing) {
        double since_s = utc_diff_s(t, view->figures_at);

        t = utc_add_s(t, view->smooth_offset_s + view->smooth_freq * since_s);
    }
    mask = bits <= 0 ? 0 : bits >= 32 ? UINT32_MAX : (UINT64_C(1) << bits) - 1;
    return (struct ntp_time){ntp_time_from_utc(t).bits ^
                             (mix(view->fuzz_seed ^ mix((uint64_t)raw.ns ^ salt)) & mask)};
}

/* The mode of the answer, or NTP_MODE_NONE if such a packet is not to be answered. Version 1 has no
 * mode field; its servers send from port 123, and answering them would make a loop. */
static uint8_t reply_mode(const struct ntp_header *h, uint16_t remote_port)
{
    if (h->mode == NTP_MODE_CLIENT)
        return NTP_MODE_SERVER;
    if (h->mode == NTP_MODE_ACTIVE)
        return NTP_MODE_PASSIVE;
    if (h->mode == NTP_MODE_NONE && h->version == 1 && remote_port != NTP_PORT)
        return NTP_MODE_SERVER;
    return NTP_MODE_NONE;
}

/* Root dispersion at a reading of the system clock: the figure and its growth. */
static double dispersion_s(const struct ntp_view *view, struct utc now_raw)
{
    struct utc now = clock_view_corrected(&view->clock, clock_view_osc(&view->clock, now_raw));
    double age_s = max_d(utc_diff_s(now, view->figures_at), 0.0);

    return view->figures.root_dispersion_s +
           (view->figures.local ? 0.0 : view->dispersion_rate * age_s);
}

void ntp_view_header(const struct ntp_view *view, struct utc now_raw, struct ntp_header *h)
{
    const struct reference_figures *f = &view->figures;

    h->leap = (uint8_t)(f->synchronised ? f->leap : LEAP_UNSYNCHRONISED);
    h->stratum = f->stratum >= STRATUM_UNSYNCHRONISED ? 0 : (uint8_t)f->stratum;
    h->root_delay = ntp_short_from_s(f->root_delay_s);
    h->root_dispersion = ntp_short_from_s(dispersion_s(view, now_raw));
    h->refid = f->refid;
    h->reference = ntp_time_from_utc(f->ref_time);
    h->precision = view->precision;
    if (view->smoothing)
        h->refid = REFID_SMOOTHING;
    if (!f->synchronised) {
        h->stratum = 0;
        h->refid = 0;
        h->reference.bits = 0;
    }
}

/* Kiss of death, RFC 5905 section 7.4: no time, only the wish for fewer requests. */
static void put_kiss(struct ntp_header *h)
{
    h->leap = LEAP_UNSYNCHRONISED;
    h->stratum = 0;
    h->refid = REFID_RATE;
    h->root_delay = h->root_dispersion = 0;
    h->reference.bits = 0;
}

/* RFC 9769: the client shows by its origin that it saw our receive timestamp, and by different
 * receive and transmit timestamps that it can tell the two kinds of answer apart. */
static bool wants_interleaved(const struct ntp_header *request,
                              const struct respond_interleaved *il)
{
    return il && il->prev_receive.bits != 0 && il->prev_transmit.bits != 0 &&
           request->mode == NTP_MODE_CLIENT && request->version == 4 &&
           request->origin.bits == il->prev_receive.bits &&
           request->receive.bits != request->transmit.bits;
}

static struct ntp_time mono_time(const struct ntp_view *view, struct utc raw)
{
    return ntp_time_from_utc(clock_view_corrected(&view->mono, clock_view_osc(&view->clock, raw)));
}

/* The extension fields that are answered, each with one as long. */
static void put_fields(const struct ntp_view *view, const struct ntp_packet *in,
                       const struct os_datagram *request, struct utc now_raw, struct wire_out *w)
{
    double asked_s;
    struct mono_root m;

    if (in->header.mode != NTP_MODE_CLIENT)
        return;
    if (correction_find(in, &asked_s))
        correction_put(w, request->correction_s);
    if (!mono_root_find(in, &m))
        return;
    m = (struct mono_root){
        .root_delay_s = view->figures.root_delay_s,
        .root_dispersion_s = dispersion_s(view, now_raw),
        .mono_receive = mono_time(view, request->stamp),
        .epoch = view->mono_epoch,
    };
    mono_root_put(w, &m);
}

enum respond_verdict ntp_respond(const struct ntp_view *view, const struct os_datagram *request,
                                 const struct respond_interleaved *il, struct utc now_raw, bool kod,
                                 struct respond_out *out)
{
    struct ntp_packet in;
    struct ntp_header h = {0};
    struct wire_out w;
    const struct key *key = NULL;
    bool sign;

    if (!access_allows(view->access, &request->remote.addr))
        return RESPOND_DENIED;
    if (!ntp_packet_decode(request->data, request->length, &in))
        return RESPOND_MALFORMED;
    h.mode = reply_mode(&in.header, request->remote.port);
    if (h.mode == NTP_MODE_NONE || in.auth == NTP_AUTH_CRYPTO_NAK)
        return RESPOND_MALFORMED;
    sign = view->signs && signd_is_asked(&in);
    if (in.auth == NTP_AUTH_MAC && !sign) {
        key = keystore_find(view->keys, in.key_id);
        if (!key || !ntp_mac_check(key, request->data, &in))
            return RESPOND_AUTH_FAILED;
    }
    h.version = in.header.version;
    h.poll = in.header.poll > view->poll_min ? in.header.poll : view->poll_min;
    ntp_view_header(view, now_raw, &h);
    if (kod)
        put_kiss(&h);
    out->receive = ntp_view_time(view, request->stamp, in.header.transmit.bits);
    out->transmit = ntp_view_time(view, now_raw, ~in.header.transmit.bits);
    /* Equal ones would keep the client from asking for an interleaved answer next time. */
    if (out->transmit.bits == out->receive.bits)
        out->transmit.bits++;
    out->interleaved = !kod && !sign && wants_interleaved(&in.header, il);
    h.receive = out->receive;
    h.transmit = out->interleaved ? il->prev_transmit : out->transmit;
    h.origin = out->interleaved ? in.header.receive : in.header.transmit;
    /* Header, fields and MAC are no longer than those of the request. */
    ntp_header_encode(&h, out->data);
    w = wire_out_of(out->data, request->length);
    w.used = NTP_HEADER_BYTES;
    put_fields(view, &in, request, now_raw, &w);
    out->length = w.used;
    out->authenticated = key != NULL || sign;
    out->key_id = key ? key->id : 0;
    if (w.bad || (key && !ntp_mac_append(key, h.version, out->data, &out->length, request->length)))
        return RESPOND_MALFORMED;
    return sign ? RESPOND_SIGN : RESPOND_SEND;
}
