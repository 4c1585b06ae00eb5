/* control.h - the daemon's end of candm: who may ask, what is done, what is told.
 *
 * Takes one datagram, checks it in the order of spec candm-v6 section 1.8, runs the handler of its
 * row and writes the reply; never longer than the request. Handlers are a table by request code;
 * they call the rooms' own functions and hold no policy. */
#ifndef CHRONYD_CONTROL_CONTROL_H
#define CHRONYD_CONTROL_CONTROL_H

#include "base/access.h"
#include "chronyd/control/authenticated.h"
#include "chronyd/ntp/ntp.h"
#include "chronyd/reference/manual.h"
#include "chronyd/refclock/refclock.h"
#include "chronyd/rtc/rtc.h"

struct control_settings {
    uint16_t port;                    /* 323, 0 = no UDP */
    struct addr bind_ipv4, bind_ipv6; /* 127.0.0.1, ::1; ADDR_NONE = any */
    bool ipv4, ipv6;                  /* open at all */
    const char *bind_device;
    const char *unix_path;          /* NULL = none */
    uint64_t open_commands;         /* bit per enum candm_open (candm/candm.h) */
    const struct control_key *keys; /* cmdkey; lent */
    size_t key_count;
    bool report_off;          /* bindrosocket: no report socket */
    const char *report_path;  /* NULL: beside the Unix socket */
    unsigned report_mode;     /* 0 = 0660 */
    const char *report_group; /* NULL: the daemon's */
};

struct candm_rpy_reload_config; /* candm/messages.h */

/* What handlers may do beyond the rooms below: only wiring can. */
struct control_hooks {
    void (*shutdown)(void *ctx);
    void (*cycle_logs)(void *ctx);
    void (*dump)(void *ctx);
    void (*rekey)(void *ctx);
    void (*reload_sources)(void *ctx);
    void (*reload_config)(void *ctx, struct candm_rpy_reload_config *out);
    /* A rule of allow, deny, cmdallow or cmddeny was applied to its table. */
    void (*access_rule)(void *ctx, bool command, const struct access_rule *rule);
    void *ctx;
};

struct control_rooms {
    struct clock *clock;
    struct reference *reference;
    struct sources *sources;
    struct ntp *ntp;
    struct rtc *rtc; /* NULL = the RTC is not tracked */
    struct refclocks *refclocks;
    struct manual *manual;
    struct access_table *ntp_access, *command_access;
    const struct keystore *keys; /* for cmdkey */
    const struct control_hooks *hooks;
};

struct control;
struct watcher;

struct control *control_create(const struct os *os, struct timers *timers, const struct log *log,
                               const struct control_rooms *rooms,
                               const struct control_settings *settings);
void control_destroy(struct control *c);
/* The keys of cmdkey directives, among those of the key file: false if one is too short. */
MUST_CHECK bool control_check_keys(const struct control_settings *s, const struct keystore *keys,
                                   const struct log *log, struct err *err);
/* UDP sockets: a failure to open one is logged, not fatal, unless none could be opened. */
bool control_open_udp(struct control *c, struct err *err);
/* Unix socket: after privileges were dropped. A failure is logged: "Disabled command socket P". */
void control_open_unix(struct control *c);
bool control_handle(struct control *c, const struct event *ev);

#define CONTROL_REPLY_MAX AUTHENTICATED_REPLY_MAX

/* The heart of it, for tests and fuzzers: answer `request` into CONTROL_REPLY_MAX bytes; false =
 * silence. */
struct control_request {
    const uint8_t *data;
    size_t length;
    bool local;              /* Unix socket: everything is permitted */
    struct os_peer peer;     /* who sent it there */
    struct endpoint from;    /* UDP */
    struct watcher *watcher; /* report stream: reports and nothing else (watch.h); NULL = none */
};
bool control_answer(struct control *c, const struct control_request *request, uint8_t *reply,
                    size_t *reply_length);

#endif
