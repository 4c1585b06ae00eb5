/* args.h - arguments of commands: addresses, masks, subnets, numbers, options of sources.
 *
 * The grammar of spec chronyc section 8 and candm-v6 section 4.6. A number may carry a tail that
 * belongs to nothing ("4x"), as ever; where that matters the function says so. Words are cut from
 * the line in place. */
#ifndef CHRONYC_ARGS_H
#define CHRONYC_ARGS_H

#include "candm/messages.h"
#include "chronyc/transport.h"

/* A number at the start of `word`, what follows is ignored; false if there is none. */
bool parse_leading_int(const char *word, int32_t *out);
bool parse_leading_double(const char *word, double *out);

/* "ID#n", a literal, or a host name (first address). */
bool parse_source_address(const char *word, enum family_choice family, struct addr *out);
/* A literal or a host name. */
bool parse_host_address(const char *word, enum family_choice family, struct addr *out);

enum mask_error { MASK_OK, MASK_SYNTAX, MASK_HOST };
/* "", "ADDR", "MASK/ADDR", "ADDR/BITS". */
enum mask_error parse_mask_address(const char *text, enum family_choice family, struct addr *mask,
                                   struct addr *address);

/* "", "1", "1.2", "1.2.3", "ADDR", "ADDR/BITS" and names; "" is everything. The number of bits is
 * the daemon's to judge. */
bool parse_subnet(const char *text, enum family_choice family, struct candm_req_subnet *out);

/* "SHM0": one to four characters. */
bool parse_refid(const char *word, uint32_t *out);

enum add_error { ADD_OK, ADD_SYNTAX, ADD_OPTION, ADD_VALUE };
/* What follows "add": type, name and options; `rest` is cut up. */
enum add_error parse_add_source(char *rest, struct candm_req_add_source *out);

/* What follows "local". */
bool parse_local_command(char *rest, struct candm_req_local *out);

/* "+prefer" and so on: sets the bit in mask and, with '+', the flag in options. */
bool parse_select_option(const char *word, uint32_t *mask, uint32_t *options);

#endif
