/* transport.h - the way to a daemon: a list of addresses, one open socket, datagrams.
 *
 * The host list is resolved once. A Unix address needs a path of our own for the replies: a
 * directory chronyc.PID beside the daemon's socket, in it a directory with an unguessable name, in
 * it the socket (spec candm-v6 section 1.3); all three are removed when the socket is closed. Where
 * that is not permitted, the daemon's stream for reports (doc/candm-stream.adoc) is tried. Only
 * calls of spec libc-surface are used, so that the tool also runs inside a simulator of clock and
 * network: select(), plain socket types, one receive per readiness. */
#ifndef CHRONYC_TRANSPORT_H
#define CHRONYC_TRANSPORT_H

#include <signal.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/err.h"

#define TRANSPORT_HOSTS_MAX 32
#define TRANSPORT_PATH_MAX 108 /* of sun_path, with the NUL */

struct transport;

enum transport_result { TRANSPORT_OK, TRANSPORT_TIMEOUT, TRANSPORT_FAILED, TRANSPORT_STOPPED };

/* Which addresses of a name may be used. */
enum family_choice { FAMILY_ANY, FAMILY_IPV4, FAMILY_IPV6 };

/* `hosts` is separated by commas. `stop` is set by a signal handler; NULL is allowed. Names that do
 * not resolve are left out. */
struct transport *transport_create(const char *hosts, uint16_t port, enum family_choice family,
                                   const volatile sig_atomic_t *stop);
void transport_destroy(struct transport *t); /* NULL is allowed */

/* Open the first address that can be opened, from the head of the list. */
bool transport_open_first(struct transport *t);
/* Give up the present address and open the next one; false after the last, and then nothing is
 * open. */
bool transport_open_next(struct transport *t);
/* Open the stream for reports of the first daemon on this host that has one; events come over it as
 * well as replies. */
bool transport_open_stream(struct transport *t);
/* Give up what is open; the list stays. */
void transport_close(struct transport *t);
/* From now on waiting also ends, with TRANSPORT_STOPPED, when `fd` can be read; -1: no more. */
void transport_wake_on(struct transport *t, int fd);
bool transport_is_open(const struct transport *t);

bool transport_send(struct transport *t, const void *data, size_t length);
/* Wait until the deadline (transport_now_ms) for one datagram. */
enum transport_result transport_receive(struct transport *t, void *buf, size_t size, size_t *length,
                                        int64_t deadline_ms);

/* Milliseconds of the monotonic clock. */
int64_t transport_now_ms(void);
/* Sleep without a busy loop; false when stopped. */
bool transport_sleep(const volatile sig_atomic_t *stop, double seconds);
/* Bytes that nobody can guess. */
void transport_random(void *buf, size_t size);

/* What was tried, one line per address with the reason why it did not work. */
void transport_explain(const struct transport *t, FILE *out);
/* "unix:/run/chrony/chronyd.sock", "127.0.0.1:323"; empty when nothing is open. */
const char *transport_peer(const struct transport *t, char *buf, size_t size);
bool transport_is_unix(const struct transport *t);
/* The stream for reports, on which nothing can be changed. */
bool transport_is_stream(const struct transport *t);

#endif
