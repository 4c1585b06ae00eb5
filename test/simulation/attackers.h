/* attackers.h - hosts that want a clock to go wrong, or a daemon to fall over.
 *
 * blind      forges replies of `victim` (a server) to `target` without having seen its requests
 * sighted    sees the target's requests to the victim and answers first, with a lie of `offset_s`
 * replayer   repeats what target and victim said to each other, later
 * flood      sends `count` requests every `every_s` to the target, each from another address
 * babbler    sends random bytes to the target's NTP and command ports */
#ifndef SIMULATION_ATTACKERS_H
#define SIMULATION_ATTACKERS_H

#include "test/simulation/hosts.h"

const struct host_kind *attacker_kind(const char *name); /* NULL: none of ours */

#endif
