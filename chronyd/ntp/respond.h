/* respond.h - the server: one datagram and an immutable view in, one reply out.
 *
 * Pure: reads no clock, changes nothing. The main loop, worker threads, the simulation and the
 * fuzzers call the same function. Accounting (client log, rate limits) is clientlog.h. */
#ifndef CHRONYD_NTP_RESPOND_H
#define CHRONYD_NTP_RESPOND_H

#include "base/access.h"
#include "base/keys.h"
#include "chronyd/clock/clock.h"
#include "chronyd/ntp/packet.h"
#include "chronyd/os/os.h"
#include "chronyd/reference/reference.h"

/* All that an answer depends on; built anew at each change, never edited. */
struct ntp_view {
    struct clock_view clock;
    struct reference_figures figures;
    double dispersion_rate; /* growth of root dispersion per second since figures_at */
    struct utc figures_at;  /* corrected time at which the figures were taken */
    int8_t precision;       /* log2 s */
    int8_t poll_min;        /* at least this in replies (rate limit interval) */
    double smooth_offset_s; /* smoothtime at figures_at, 0 = off */
    double smooth_freq;
    bool smoothing;
    struct clock_view mono;            /* its corrected line is a scale without steps and slews */
    uint32_t mono_epoch;               /* names that scale */
    bool signs;                        /* somebody signs for MS-SNTP */
    uint64_t fuzz_seed;                /* for bits below the precision */
    const struct access_table *access; /* lent */
    const struct keystore *keys;       /* lent */
};

/* What every packet of ours says about our clock: leap to reference timestamp, precision. */
void ntp_view_header(const struct ntp_view *view, struct utc now_raw, struct ntp_header *h);
/* The time that others are told for a reading of the system clock. */
struct ntp_time ntp_view_time(const struct ntp_view *view, struct utc raw, uint64_t salt);

enum respond_verdict {
    RESPOND_SEND,        /* reply is ready */
    RESPOND_SIGN,        /* its header is ready, and has to be signed by another (signd.h) */
    RESPOND_DENIED,      /* address not allowed */
    RESPOND_MALFORMED,   /* not an NTP request that anyone answers */
    RESPOND_AUTH_FAILED, /* unknown key or wrong MAC */
};

/* Times kept for a client in interleaved mode (RFC 9769); 0 = none. */
struct respond_interleaved {
    struct ntp_time prev_receive;  /* our receive timestamp of its previous request */
    struct ntp_time prev_transmit; /* when our previous reply really left */
};

struct respond_out {
    uint8_t data[NTP_PACKET_BYTES_MAX];
    size_t length; /* never longer than the request */
    bool authenticated, interleaved;
    struct ntp_time receive;  /* the receive timestamp that the reply carries */
    struct ntp_time transmit; /* when it leaves, also if it carries the previous one's time */
    uint32_t key_id;
};

/* `now_raw`: the system clock just before sending. `il` may be NULL. `kod`: answer KoD RATE. */
enum respond_verdict ntp_respond(const struct ntp_view *view, const struct os_datagram *request,
                                 const struct respond_interleaved *il, struct utc now_raw, bool kod,
                                 struct respond_out *out);

#endif
