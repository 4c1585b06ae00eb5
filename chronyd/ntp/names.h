/* names.h - configured lines, their names, and the addresses that they get.
 *
 * One line makes one association, or, if it is a pool, several. Decides when a name is looked up
 * (one query at a time, never blocking) and which address goes to which association: first ones,
 * replacements for bad ones, and addresses that vanished from the name (spec chrony-conf
 * section 5). */
#ifndef CHRONYD_NTP_NAMES_H
#define CHRONYD_NTP_NAMES_H

#include "chronyd/ntp/association.h"
#include "chronyd/os/event.h"

struct names;

struct names *names_create(struct ntp_room *room);
void names_destroy(struct names *n); /* NULL is allowed */

/* Who asked for a line; a reload takes away only what it could have brought. */
enum names_origin { NAMES_COMMAND, NAMES_CONFIG, NAMES_DIR };
enum ntp_add_status names_add(struct names *n, const struct ntp_source_settings *s,
                              enum names_origin origin);
/* All lines that there should be: first those of the configuration, then those of sourcedirs. */
struct names_list {
    const struct ntp_source_settings *items;
    size_t config_count, dir_count;
    bool only_dirs; /* lines of the configuration are not listed and stay */
    bool quiet;     /* log nothing */
};
/* False only without memory: nothing has changed then. */
bool names_replace(struct names *n, const struct names_list *list, struct ntp_replaced *out);
bool names_delete(struct names *n, const struct addr *addr);
/* Begin: look up names, then poll. */
void names_start(struct names *n);
/* The first round of look-ups has ended, and polling begun. */
bool names_started_polling(const struct names *n);
/* Is there a name without any address yet, that may get one? */
bool names_awaited(const struct names *n);
/* Look up now what has no address yet. */
void names_try_again(struct names *n);
void names_refresh(struct names *n);
/* An answer to one of our queries? */
bool names_resolved(struct names *n, const struct event *ev);
double names_next_try_s(const struct names *n);

/* Associations in the order of the configuration; NULL past the last. */
size_t names_count(struct names *n);
struct association *names_at(struct names *n, size_t index);
struct association *names_find(const struct names *n, const struct addr *addr);
/* The name of the line that the association belongs to. */
bool names_needs_server(const struct names *n, enum addr_family family);

#endif
