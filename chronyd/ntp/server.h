/* server.h - the server's sockets, the view that answers are made from, and the account of them.
 *
 * Opens sockets only when somebody may ask or a peer needs them. Private to this folder. */
#ifndef CHRONYD_NTP_SERVER_H
#define CHRONYD_NTP_SERVER_H

#include "chronyd/ntp/respond.h"
#include "chronyd/ntp/room.h"

struct server *server_create(struct ntp_room *room, struct err *err);
void server_destroy(struct server *s); /* NULL is allowed */
/* Open what is needed and not open yet; close what nobody needs any more. `peers` says per family
 * (IPv4, IPv6) whether the server's socket is needed for other things than answers. A failure is
 * logged once. */
void server_open(struct server *s, const bool peers[2]);
/* Send the time to an address every interval_s; to be called before server_open. */
bool server_add_broadcast(struct server *s, const struct endpoint *to, double interval_s);
/* -1 if it is not open. */
int server_socket(const struct server *s, enum addr_family family);
/* That of NTP over PTP, which clients use too. */
int server_ptp_socket(const struct server *s, enum addr_family family);
bool server_owns(const struct server *s, int sock);
bool server_is_ptp(const struct server *s, int sock);
/* Sends on any of these sockets, in a PTP message where that is the socket's use. */
bool server_send(struct server *s, const struct os_datagram *d, uint32_t *tx_id, struct err *err);
void server_request(struct server *s, const struct os_datagram *d);
void server_sent(struct server *s, int sock, uint32_t tx_id, const struct departure *stamp);
/* What came on the stream of who signs answers; false: another one's. */
bool server_handle_stream(struct server *s, const struct event *ev);
/* As of now; lent until the next call. */
const struct ntp_view *server_view(struct server *s);
struct clientlog *server_clients(struct server *s);
/* Anything served at all (an address is allowed and a socket is open)? */
bool server_serves(const struct server *s);

#endif
