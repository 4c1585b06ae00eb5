/* association_private.h - the inside of an association, shared by the files that make it up:
 * association.c (life, commands), polling.c (when), request.c (sending), reply.c (believing),
 * measure.c (the sample), association_report.c. */
#ifndef CHRONYD_NTP_ASSOCIATION_PRIVATE_H
#define CHRONYD_NTP_ASSOCIATION_PRIVATE_H

#include "chronyd/ntp/association.h"
#include "chronyd/ntp/fields.h"
#include "chronyd/ntp/packet.h"
#include "chronyd/ntp/quantile.h"
#include "chronyd/ntp/sample_filter.h"
#include "chronyd/track/poll.h"

/* The tests of spec chrony-conf 5.3, numbered as in candm's NTP_DATA flags; a bit says "passed". */
enum ntp_test {
    TEST_1 = 0x200, /* not a duplicate */
    TEST_2 = 0x100, /* answers the latest request */
    TEST_3 = 0x080, /* timestamps are there */
    TEST_5 = 0x040, /* authenticated */
    TEST_6 = 0x020, /* synchronised, stratum in range */
    TEST_7 = 0x010, /* root distance */
    TEST_A = 0x008, /* delay and sanity */
    TEST_B = 0x004, /* delay ratio */
    TEST_C = 0x002, /* delay against jitter, or quantile */
    TEST_D = 0x001, /* no loop */
};
#define TESTS_VALID (TEST_1 | TEST_2 | TEST_3 | TEST_5)
#define TESTS_SYNCED (TESTS_VALID | TEST_6 | TEST_7)
#define TESTS_GOOD (TESTS_SYNCED | TEST_A | TEST_B | TEST_C | TEST_D)

/* A local timestamp, turned to the oscillator axis at the moment it was taken, so that whatever is
 * done to the clock meanwhile does not matter. */
struct local_stamp {
    struct osc at;
    enum os_stamp by; /* 0: none */
    double error_s;   /* of an interface's stamp */
};

/* What switches on the way say that they added, each way (ntp/ptp.h). */
struct correction {
    bool known; /* both ways */
    double request_s, answer_s;
};

/* One request, and what has to come back. */
struct request {
    bool waiting;             /* sent, no valid answer yet */
    bool presend;             /* its answer is not used for time */
    int version;              /* 0: nothing was sent yet */
    struct ntp_time transmit; /* sent as transmit timestamp: the origin of a basic answer */
    struct ntp_time receive;  /* sent as receive timestamp: the origin of an interleaved one */
    bool interleaved;         /* an interleaved answer is acceptable */
    struct local_stamp sent;
    struct mono sent_mono;
    int sock;
    uint32_t tx_id;
};

/* The last valid exchange, for interleaved mode and for symmetric peers. */
struct exchange {
    bool usable;                                     /* there was one */
    bool measured;                                   /* a sample was made of it already */
    bool synchronised;                               /* the server knew the time (tests 6, 7) */
    struct ntp_time remote_receive, remote_transmit; /* as in the packet */
    struct ntp_time told_receive; /* peers: our receive time as it is told to the other */
    struct local_stamp sent, received;
    struct correction correction;
    double root_delay_s, root_dispersion_s; /* what the server said of itself then */
};

struct association {
    struct ntp_room *room;
    struct ntp_source_settings settings;
    struct association_owner owner;
    struct source *source;
    struct endpoint remote; /* address may be an ID */

    enum association_state state;
    bool started;
    struct timer transmit_timer, close_timer;
    bool slot_reserved; /* the timer was moved to a slot of its own */

    /* polling */
    struct poll polling;         /* interval and score */
    int burst_good, burst_total; /* left to do in a burst */
    int presends_left;           /* before the measured request; -1: not begun */
    int kiss_delay_intervals;    /* KoD RATE: put off the next request by so many */
    int remote_poll;             /* peers */
    bool given_up;
    bool proved;

    /* conversation */
    int sock;                                    /* of its own, -1 = none */
    struct association *older_sock, *newer_sock; /* who else has one */
    bool stamp_expected;                         /* of a request on a shared socket */
    struct request request;
    struct ntp_time answered[2]; /* transmit and receive timestamp of the request before it was */
    struct exchange last;
    struct ntp_time last_receive, last_transmit; /* of the last valid packet: duplicates */
    int sent_since_heard;                        /* peers: requests since the last packet from it */
    bool has_mono; /* extfield F323: the server's steady scale is known ... */
    uint32_t mono_epoch;
    double mono_offset_s;         /* ... and its clock is ahead of it by this */
    struct local_stamp last_sent; /* peers, interleaved: when the request before this left */
    struct held *held;            /* an answer that waits for a stamp; NULL = none */
    struct timer hold_timer;
    struct quantile *delays;      /* maxdelayquant; NULL = off */
    struct sample_filter *filter; /* NULL = off */
    double min_delay_s;           /* seen so far; < 0 none */

    /* for reports */
    struct ntp_data_report data;
    struct reason trouble;
    uint32_t requests_unanswered;
    struct mono offline_since;
};

/* polling.c */
void polling_reset(struct association *a);
void polling_start(struct association *a, struct mono first);
void polling_fire(void *ctx, struct mono now);
/* After a valid answer: the score, the end of a burst, and when to send next. */
void polling_answered(struct association *a, uint16_t tests, bool measured, double error_s,
                      double distance_s);
void polling_kissed(struct association *a);
void polling_set_limits(struct association *a, int minpoll, int maxpoll);
void polling_begin_burst(struct association *a, int good, int total);
void polling_network_changed(struct association *a);
/* What a packet says about it. */
int polling_log2(const struct association *a);
/* After each change of the reach register: is it worth while to wait for this source? */
void polling_count_trial(struct association *a);

/* sockets.c: which event is whose. A socket of its own belongs to the association until it is
 * closed; on one that many share the number of the datagram tells whose transmit timestamp it is,
 * until the next request. */
bool sockets_own(struct association *a, int sock);
void sockets_close(struct association *a);
/* After sending on a shared socket, and before a->request is forgotten. */
void sockets_expect_stamp(struct association *a);
void sockets_forget_stamp(struct association *a);

/* request.c */
bool request_send(struct association *a, struct mono now, bool presend);
void request_timeout(void *ctx, struct mono now);

/* A packet that came in, as far as it matters. */
struct answer {
    const struct os_datagram *datagram;
    struct ntp_header header;
    bool interleaved;                       /* it carries the times of the previous exchange */
    double root_delay_s, root_dispersion_s; /* of the header, or finer */
    bool has_mono;
    struct mono_root mono;
    struct local_stamp received;
    struct correction correction;
    uint16_t tests; /* passed so far */
};

/* reply.c */
/* Does it answer our request, as far as its origin tells? */
bool reply_answers(const struct association *a, const struct ntp_header *h);
void reply_take(struct association *a, const struct os_datagram *d, const struct ntp_packet *p);

/* hold.c */
/* Keep an answer until the interface's stamp of its request has come (hwtstimeout); false: it
 * need not wait. */
bool hold_back(struct association *a, const struct os_datagram *d, const struct ntp_packet *p);
void hold_release(struct association *a);
void hold_drop(struct association *a);
void hold_timeout(void *ctx, struct mono now);

/* measure.c */
struct measurement {
    bool usable; /* the four times made sense */
    struct sample sample;
    double response_time_s;
    struct local_stamp sent, received;
};
void measure(const struct association *a, const struct answer *in, struct measurement *out);
/* Tests 6 and 7: what the packet says about the server. */
uint16_t measure_server_tests(const struct answer *in);
/* Tests A to D: whether the measurement is good. */
uint16_t measure_tests(struct association *a, const struct answer *in, const struct measurement *m);

/* association_report.c */
void report_packet(struct association *a, const struct answer *in, const struct measurement *m);
void report_log(struct association *a, const struct answer *in, const struct measurement *m);

#endif
