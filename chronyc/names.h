/* names.h - how sources and clients are called in reports (spec chronyc section 5).
 *
 * Reference clocks by the text of their reference ID; NTP sources by their configured name (-N), by
 * address (-n, CSV), or by what reverse DNS says. Only what reverse DNS gives is truncated, which
 * is the address if it knows no name. */
#ifndef CHRONYC_NAMES_H
#define CHRONYC_NAMES_H

#include "chronyc/session.h"

#define NAME_SHOWN_MAX 257
#define NAME_WIDTH 25

struct source_id {
    struct addr addr; /* ADDR_NONE: a reference clock */
    uint32_t refid;
};

/* SOURCE_DATA gives a reference clock as an IPv4 address with mode 2. */
struct source_id source_id_of_data(const struct candm_rpy_source_data *r);

/* With -N, "?" if the daemon cannot say. */
void name_source(struct session *s, const struct source_id *id, char *name, size_t size);
/* A client of `clients`: -N does not matter. */
void name_client(struct session *s, const struct addr *a, char *name, size_t size);
/* For `tracking`: like a source, but nothing at all when the daemon is not synchronised, and a name
 * that nobody knows is the address. Never truncated, as no column follows. */
void name_reference(struct session *s, const struct candm_rpy_tracking *t, char *name, size_t size);

/* A name as the protocol may carry it: terminated, printable words only (spec candm-v6 3.7). */
bool source_name_valid(const struct candm_rpy_source_name *r);

/* The address as text, or NULL for a reference clock. */
const char *source_address(const struct source_id *id, char *buf, size_t size);

#endif
