/* signd.h - answers that another program signs (MS-SNTP, directive ntpsigndsocket).
 *
 * Windows clients of a Samba domain ask with a key id and an empty digest; only Samba knows the
 * keys. Each answer goes to its Unix socket and comes back with its digest. One question is under
 * way at a time, a few wait, the rest is dropped; when the other end is slow or wrong, the
 * connection is closed and all that waited gets no answer. Private to this folder. */
#ifndef CHRONYD_NTP_SIGND_H
#define CHRONYD_NTP_SIGND_H

#include "chronyd/ntp/packet.h"
#include "chronyd/ntp/room.h"

/* Header, key id and digest: the request and the signed answer. */
#define SIGND_PACKET_BYTES 68

struct signd;

/* A signed answer; its addresses are those of the request, data lent for the call. */
typedef void signd_send(void *ctx, const struct os_datagram *answer);

/* `directory` is lent; the socket in it is called "socket". NULL: out of memory. */
struct signd *signd_create(struct ntp_room *room, const char *directory, signd_send *send,
                           void *ctx);
void signd_destroy(struct signd *s); /* NULL is allowed */
/* Is this a request for a signed answer: key id and a digest of zeros? */
bool signd_is_asked(const struct ntp_packet *request);
/* Have an answer (its header) signed for who sent the request, of SIGND_PACKET_BYTES. */
void signd_ask(struct signd *s, const struct os_datagram *request,
               const uint8_t answer[NTP_HEADER_BYTES]);
/* True if the event was of its connection. */
bool signd_handle(struct signd *s, const struct event *ev);

#endif
