/* resolve.h - names to addresses and back, by the system's resolver.
 *
 * Literals are parsed here and never sent to the resolver. Both directions block as long as the
 * resolver does. */
#ifndef CHRONYC_RESOLVE_H
#define CHRONYC_RESOLVE_H

#include "chronyc/transport.h"

/* At most `max` addresses of a literal or a name, in the resolver's order; returns how many. */
size_t resolve_name(const char *name, enum family_choice family, struct addr *out, size_t max);
/* The name of an address, false if it has none. */
bool resolve_address(const struct addr *a, char *name, size_t size);

#endif
