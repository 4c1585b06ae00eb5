/* client.h - one request, its retries, the reply that is accepted, and the status line.
 *
 * Schedule and rules of spec candm-v6 section 1.9. Old daemons are understood: replies of an older
 * layout are accepted where the payload says the same (section 7.3). */
#ifndef CHRONYC_CLIENT_H
#define CHRONYC_CLIENT_H

#include "candm/messages.h"
#include "chronyc/session.h"

struct reply {
    struct candm_reply_header header;
    union candm_reply_payload payload;
    bool decoded; /* payload is valid: the code is known and the length suffices */
};

/* The payload of a request under construction. */
struct request {
    uint16_t code;
    struct wire_out payload;
    uint8_t bytes[CANDM_REQUEST_MAX];
};
void request_init(struct request *r, uint16_t code);

/* Send, wait, resend, move to the next address. False: nobody answered (or a signal came). */
bool client_exchange(struct session *s, const struct request *request, struct reply *reply);

/* Is `code` the reply that was expected, or an older layout of it? */
bool reply_fits(uint16_t code, uint16_t expected);

/* Exchange and check; the status line is printed if the daemon refuses, does not answer, or answers
 * something else, and with `print_ok` also if all is well. `expected` is a reply code; older
 * layouts of it count as the same. */
bool client_request(struct session *s, const struct request *request, uint16_t expected,
                    bool print_ok, struct reply *reply);
/* The second half of it, for who did the exchange: `reply` is looked at only if `answered`. */
bool client_check(struct session *s, bool answered, const struct reply *reply, uint16_t expected,
                  bool print_ok);
/* A request whose reply carries nothing but its status: always prints the line. */
bool client_command(struct session *s, const struct request *request);

/* The line itself, in the form of the present rendering; true if it stands for success. */
bool print_status(struct session *s, unsigned status);
/* Lines of the client's own, in the same form: 506, 508, 510. */
bool print_own_status(struct session *s, unsigned number, const char *text);

/* A request with one 32-bit index and no other payload. */
void request_init_index(struct request *r, uint16_t code, uint32_t index);
void request_init_address(struct request *r, uint16_t code, const struct addr *address);

#endif
