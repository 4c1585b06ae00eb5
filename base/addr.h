/* addr.h - network addresses as plain values.
 *
 * Decides only how an address reads and prints. The families are numbered as in candm
 * (spec candm-v6 section 3.3): an ID stands for a source whose name is not resolved yet. */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

enum addr_family { ADDR_NONE = 0, ADDR_IPV4 = 1, ADDR_IPV6 = 2, ADDR_ID = 3 };

struct addr {
    uint8_t family;    /* enum addr_family */
    uint8_t bytes[16]; /* network order; unused bytes are zero, so that memcmp compares */
};

struct endpoint {
    struct addr addr;
    uint16_t port; /* host order */
};

#define ADDR_TEXT_MAX 48 /* with the NUL; "ID#" and ten digits, IPv4, IPv6 */

/* Literal IPv4 dotted quad or IPv6 as inet_pton takes them; no zone, no blanks, no ID. */
MUST_CHECK bool addr_parse(const char *text, struct addr *out);
/* "ID#" followed by decimal digits. */
MUST_CHECK bool addr_parse_id(const char *text, struct addr *out);
/* Writes at most `size` bytes with the NUL and returns `buf`. ADDR_NONE gives an empty string;
 * an ID gives "ID#" and ten digits. */
const char *addr_format(const struct addr *a, char *buf, size_t size);
/* "1.2.3.4:123", "[::1]:123". */
const char *endpoint_format(const struct endpoint *e, char *buf, size_t size);

bool addr_equal(const struct addr *a, const struct addr *b);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
/* 127.0.0.1 and ::1 only (candm-v6 section 1.6). */
bool addr_is_loopback(const struct addr *a);
/* fe80::/10 */
bool addr_is_link_local(const struct addr *a);
/* 32 or 128; 0 for the others. */
int addr_bits(const struct addr *a);
/* Do the first `bits` bits agree? Families must be equal. */
bool addr_in_subnet(const struct addr *a, const struct addr *net, int bits);
struct addr addr_from_ipv4(uint32_t host_order);
struct addr addr_from_id(uint32_t id);
uint32_t addr_id(const struct addr *a);
/* The reference id that an address has: IPv4 itself, IPv6 the first four bytes of the MD5 digest
 * (RFC 5905 section 7.3); 0 for the others. */
uint32_t addr_refid(const struct addr *a);
/* A well-mixed hash under a secret, for tables that strangers can fill. */
uint32_t addr_hash(const struct addr *a, uint32_t secret);

#endif
