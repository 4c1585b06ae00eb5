/* access.h - which addresses may: the rule table of allow, deny, cmdallow and cmddeny.
 *
 * A tree per family with 16 branches a level, as spec chrony-conf section 11 describes it: the
 * answer is the last definite state on the path of the address; the root denies. A lookup allocates
 * nothing and takes at most 8 (32) steps. */
#ifndef BASE_ACCESS_H
#define BASE_ACCESS_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/err.h"

struct access_rule {
    struct addr net; /* ADDR_NONE: both families, bits 0 */
    int bits;
    bool allow;
    bool all; /* remove deeper rules first */
};

struct access_table;

struct access_table *access_create(void);
void access_destroy(struct access_table *t);
/* False with ERR_RANGE when the prefix does not fit the family ("Bad subnet in A/B"). */
MUST_CHECK bool access_apply(struct access_table *t, const struct access_rule *r, struct err *err);
/* `to` gets all rules of `from`, which has none then, and forgets its own. */
void access_move(struct access_table *to, struct access_table *from);
bool access_allows(const struct access_table *t, const struct addr *a);
/* Could any address of the family (or of any, for ADDR_NONE) be allowed? Decides about sockets. */
bool access_any(const struct access_table *t, enum addr_family family);
/* "all", "192.168.0.0/16", "2001:db8::/32"; parse refuses host names (the caller resolves them). */
MUST_CHECK bool access_parse_subnet(const char *word, struct addr *net, int *bits);

#endif
