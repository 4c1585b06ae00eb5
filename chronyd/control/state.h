/* state.h - what the files of this folder share: the room itself and one request under work. */
#ifndef CHRONYD_CONTROL_STATE_H
#define CHRONYD_CONTROL_STATE_H

#include "candm/messages.h"
#include "chronyd/control/control.h"
#include "chronyd/control/watch.h"

struct control {
    struct os os;
    struct timers *timers;
    struct log log;
    struct control_rooms rooms;
    struct control_settings settings;
    int udp_ipv4, udp_ipv6; /* -1: closed */
    int unix_sock;
    struct authenticated *authenticated;
    struct watch *watch; /* the report stream */
    bool shutdown;       /* to be told to the owner once the reply is on its way */
};

/* One request that passed all checks. The handler reads its payload from `in`, writes the payload
 * of a success to `out`; the header follows from what it returns. */
struct exchange {
    struct control *control;
    uint16_t command;
    size_t request_length; /* tells the generation of the client (spec candm-v6 7.4) */
    uint16_t reply;        /* reply code of success; a handler may choose an older one */
    struct wire_in in;
    struct wire_out out;
    struct watcher *watcher; /* the report stream it came from, NULL = none */
};

typedef enum candm_status handler_fn(struct exchange *x);

#endif
