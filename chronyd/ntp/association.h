/* association.h - the conversation with one address.
 *
 * Decides when to send the next request, which reply to believe (the tests of RFC 5905 as spec
 * chrony-conf 5.3 groups them), and makes a sample of it. As long as the name has no address the
 * association is a placeholder with an ID. Its owner (names.c) gives it addresses and hears when it
 * proved good or bad. */
#ifndef CHRONYD_NTP_ASSOCIATION_H
#define CHRONYD_NTP_ASSOCIATION_H

#include "chronyd/ntp/room.h"

struct association;

struct association_owner {
    /* The first good measurement since it got its address. */
    void (*proved)(void *ctx, struct association *a);
    /* Unreachable after 8 polls, or 4 bad selections in a row: another address may do better. */
    void (*failed)(void *ctx, struct association *a);
    /* Any good measurement. */
    void (*measured)(void *ctx, struct association *a);
    void *ctx;
};

/* `settings` is copied. The source appears in room->sources at once. NULL: out of memory. */
struct association *association_create(struct ntp_room *room,
                                       const struct ntp_source_settings *settings,
                                       const struct addr *addr,
                                       const struct association_owner *owner);
void association_destroy(struct association *a); /* NULL is allowed */

/* Another address (or an ID again): all that was known about the old one is forgotten. Does not
 * start to poll. */
void association_set_address(struct association *a, const struct addr *addr);
/* Begin to poll at `first` unless it is offline or has no address. */
void association_start(struct association *a, struct mono first);

const struct addr *association_addr(const struct association *a);
bool association_resolved(const struct association *a); /* has an address */
bool association_proved(const struct association *a);   /* gave a good measurement */
struct source *association_source(const struct association *a);
void *association_owner(const struct association *a); /* the ctx of its owner */
const struct ntp_source_settings *association_settings(const struct association *a);

/* --- events --- */
/* The one whose own socket this is; NULL: nobody's. */
struct association *association_of_socket(const struct ntp_room *room, int sock);
/* The one whose request on a shared socket has this number. */
struct association *association_of_stamp(const struct ntp_room *room, int sock, uint32_t tx_id);
/* A datagram on its socket, or one from its address on a shared one. */
void association_receive(struct association *a, const struct os_datagram *d);
void association_sent(struct association *a, int sock, uint32_t tx_id,
                      const struct departure *stamp);
void association_send_failed(struct association *a, int sys);
/* Addresses, links or routes changed. */
void association_network_changed(struct association *a);
/* Close the socket that has waited longest for an answer: another source needs it. False: there is
 * none. */
bool association_free_socket(struct ntp_room *room);
/* Should a packet of this mode, come in on the server's socket, be taken for an answer? */
bool association_expects_mode(const struct association *a, uint8_t mode);

/* --- commands --- */
enum association_state { ASSOC_OFFLINE, ASSOC_ONLINE, ASSOC_BURST_OFFLINE, ASSOC_BURST_ONLINE };
enum association_state association_state(const struct association *a);
void association_set_online(struct association *a, bool online);
void association_burst(struct association *a, int good, int total);
void association_modify(struct association *a, enum ntp_modify what, double value);
void association_set_select_options(struct association *a, uint8_t options);
/* Was its burst (or a while of polling) in vain? */
bool association_given_up(const struct association *a);

void association_data(const struct association *a, struct ntp_data_report *out);
void association_auth(const struct association *a, struct ntp_auth_report *out);
int association_poll(const struct association *a);
void association_reason(const struct association *a, struct reason *out);

#endif
