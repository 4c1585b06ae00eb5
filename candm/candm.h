/* candm.h - the command protocol, version 6: one row per command, shared by both ends.
 *
 * Layouts, lengths and numbers of spec candm-v6. The table below is the only place that knows a
 * command's code, name, permission class and payloads; table.c derives lengths from it, the
 * daemon's handlers and the tool's renderers are tables by code that a test proves complete. */
#ifndef CANDM_CANDM_H
#define CANDM_CANDM_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/wire.h"

#define CANDM_VERSION 6
#define CANDM_PORT 323
/* Packet types; events of a stream are another (events.h). */
#define CANDM_PACKET_REQUEST 1
#define CANDM_PACKET_REPLY 2
/* Bytes of the headers and of whole packets. */
#define CANDM_REQUEST_HEADER 20
#define CANDM_REPLY_HEADER 28
#define CANDM_REQUEST_MIN 28
#define CANDM_REQUEST_MAX 860
#define CANDM_REPLY_MAX 524

/* Permission classes (section 1.4): N open by default, V only if listed by opencommands, U local.
 */
enum candm_class { CANDM_N, CANDM_V, CANDM_U };

/* Keywords of opencommands (section 1.5), bits. */
enum candm_open {
    CANDM_OPEN_NONE = 0,
    CANDM_OPEN_ACTIVITY = 0x1,
    CANDM_OPEN_AUTHDATA = 0x2,
    CANDM_OPEN_CLIENTS = 0x4,
    CANDM_OPEN_MANUAL = 0x8,
    CANDM_OPEN_NTPDATA = 0x10,
    CANDM_OPEN_RTCDATA = 0x20,
    CANDM_OPEN_SELECTDATA = 0x40,
    CANDM_OPEN_SERVERSTATS = 0x80,
    CANDM_OPEN_SMOOTHING = 0x100,
    CANDM_OPEN_SOURCENAME = 0x200,
    CANDM_OPEN_SOURCES = 0x400,
    CANDM_OPEN_SOURCESTATS = 0x800,
    CANDM_OPEN_TRACKING = 0x1000,
    CANDM_OPEN_DEFAULT = CANDM_OPEN_ACTIVITY | CANDM_OPEN_MANUAL | CANDM_OPEN_RTCDATA |
                         CANDM_OPEN_SMOOTHING | CANDM_OPEN_SOURCENAME | CANDM_OPEN_SOURCES |
                         CANDM_OPEN_SOURCESTATS | CANDM_OPEN_TRACKING,
    /* requests 14: any of these */
    CANDM_OPEN_LISTS = CANDM_OPEN_AUTHDATA | CANDM_OPEN_NTPDATA | CANDM_OPEN_SELECTDATA |
                       CANDM_OPEN_SOURCES | CANDM_OPEN_SOURCESTATS,
};

/* X(NAME, code, class, open keywords, request payload, reply payload) */
#define CANDM_COMMANDS(X)                                                                          \
    X(ONLINE, 1, U, NONE, mask, null)                                                              \
    X(OFFLINE, 2, U, NONE, mask, null)                                                             \
    X(BURST, 3, U, NONE, burst, null)                                                              \
    X(MODIFY_MINPOLL, 4, U, NONE, modify_int, null)                                                \
    X(MODIFY_MAXPOLL, 5, U, NONE, modify_int, null)                                                \
    X(DUMP, 6, U, NONE, int, null)                                                                 \
    X(MODIFY_MAXDELAY, 7, U, NONE, modify_float, null)                                             \
    X(MODIFY_MAXDELAYRATIO, 8, U, NONE, modify_float, null)                                        \
    X(MODIFY_MAXUPDATESKEW, 9, U, NONE, float, null)                                               \
    X(SETTIME, 11, U, NONE, settime, manual_timestamp)                                             \
    X(MANUAL, 13, U, NONE, int, null)                                                              \
    X(N_SOURCES, 14, N, LISTS, none, n_sources)                                                    \
    X(SOURCE_DATA, 15, N, SOURCES, int, source_data)                                               \
    X(REKEY, 16, U, NONE, none, null)                                                              \
    X(ALLOW, 17, U, NONE, subnet, null)                                                            \
    X(ALLOWALL, 18, U, NONE, subnet, null)                                                         \
    X(DENY, 19, U, NONE, subnet, null)                                                             \
    X(DENYALL, 20, U, NONE, subnet, null)                                                          \
    X(CMDALLOW, 21, U, NONE, subnet, null)                                                         \
    X(CMDALLOWALL, 22, U, NONE, subnet, null)                                                      \
    X(CMDDENY, 23, U, NONE, subnet, null)                                                          \
    X(CMDDENYALL, 24, U, NONE, subnet, null)                                                       \
    X(ACCHECK, 25, U, NONE, address, null)                                                         \
    X(CMDACCHECK, 26, U, NONE, address, null)                                                      \
    X(DEL_SOURCE, 29, U, NONE, address, null)                                                      \
    X(WRITERTC, 30, U, NONE, none, null)                                                           \
    X(DFREQ, 31, U, NONE, float, null)                                                             \
    X(TRACKING, 33, N, TRACKING, none, tracking)                                                   \
    X(SOURCESTATS, 34, N, SOURCESTATS, int, sourcestats)                                           \
    X(RTCREPORT, 35, N, RTCDATA, none, rtc)                                                        \
    X(TRIMRTC, 36, U, NONE, none, null)                                                            \
    X(CYCLELOGS, 37, U, NONE, none, null)                                                          \
    X(MANUAL_LIST, 41, N, MANUAL, none, manual_list)                                               \
    X(MANUAL_DELETE, 42, U, NONE, int, null)                                                       \
    X(MAKESTEP, 43, U, NONE, none, null)                                                           \
    X(ACTIVITY, 44, N, ACTIVITY, none, activity)                                                   \
    X(MODIFY_MINSTRATUM, 45, U, NONE, modify_int, null)                                            \
    X(MODIFY_POLLTARGET, 46, U, NONE, modify_int, null)                                            \
    X(MODIFY_MAXDELAYDEVRATIO, 47, U, NONE, modify_float, null)                                    \
    X(RESELECT, 48, U, NONE, none, null)                                                           \
    X(RESELECTDISTANCE, 49, U, NONE, float, null)                                                  \
    X(MODIFY_MAKESTEP, 50, U, NONE, makestep, null)                                                \
    X(SMOOTHING, 51, N, SMOOTHING, none, smoothing)                                                \
    X(SMOOTHTIME, 52, U, NONE, int, null)                                                          \
    X(REFRESH, 53, U, NONE, none, null)                                                            \
    X(SERVER_STATS, 54, V, SERVERSTATS, none, server_stats4)                                       \
    X(NTP_DATA, 57, V, NTPDATA, address, ntp_data2)                                                \
    X(SHUTDOWN, 62, U, NONE, none, null)                                                           \
    X(ONOFFLINE, 63, U, NONE, none, null)                                                          \
    X(ADD_SOURCE, 64, U, NONE, add_source, null)                                                   \
    X(NTP_SOURCE_NAME, 65, N, SOURCENAME, address, source_name)                                    \
    X(RESET_SOURCES, 66, U, NONE, none, null)                                                      \
    X(AUTH_DATA, 67, V, AUTHDATA, address, auth_data)                                              \
    X(CLIENT_ACCESSES, 68, V, CLIENTS, client_accesses, client_accesses)                           \
    X(SELECT_DATA, 69, V, SELECTDATA, int, select_data)                                            \
    X(RELOAD_SOURCES, 70, U, NONE, none, null)                                                     \
    X(DOFFSET, 71, U, NONE, float, null)                                                           \
    X(MODIFY_SELECTOPTS, 72, U, NONE, modify_selectopts, null)                                     \
    X(MODIFY_OFFSET, 73, U, NONE, modify_offset, null)                                             \
    X(LOCAL, 74, U, NONE, local, null)                                                             \
    /* ours, far from the numbers that others count up (doc/candm-extensions.adoc) */              \
    X(VERDICT, 128, N, TRACKING, none, verdict)                                                    \
    X(SOURCE_REASON, 129, V, SELECTDATA, int, source_reason)                                       \
    X(SUBSCRIBE, 130, V, NONE, int, null) /* on report streams only (candm/events.h) */            \
    X(RELOAD_CONFIG, 131, U, NONE, none, reload_config)

enum candm_command {
#define X(name, code, class, open, request, reply) CANDM_REQ_##name = code,
    CANDM_COMMANDS(X)
#undef X
};

/* Older requests that 4.x clients still send and that we answer in their form (section 7.4). */
#define CANDM_REQ_OLD_NULL 0
#define CANDM_REQ_OLD_DOFFSET 32
#define CANDM_REQ_OLD_LOCAL2 56

/* X(name, reply code, payload bytes) - what daemons send. */
#define CANDM_REPLIES(X)                                                                           \
    X(null, 1, 0)                                                                                  \
    X(n_sources, 2, 4)                                                                             \
    X(source_data, 3, 48)                                                                          \
    X(tracking, 5, 76)                                                                             \
    X(sourcestats, 6, 56)                                                                          \
    X(rtc, 7, 28)                                                                                  \
    X(activity, 12, 20)                                                                            \
    X(smoothing, 13, 24)                                                                           \
    X(server_stats, 14, 20)                                                                        \
    X(ntp_data, 16, 124)                                                                           \
    X(manual_timestamp, 17, 12)                                                                    \
    X(manual_list, 18, 388)                                                                        \
    X(source_name, 19, 256)                                                                        \
    X(auth_data, 20, 24)                                                                           \
    X(client_accesses, 21, 492)                                                                    \
    X(server_stats2, 22, 32)                                                                       \
    X(select_data, 23, 48)                                                                         \
    X(server_stats3, 24, 44)                                                                       \
    X(server_stats4, 25, 168)                                                                      \
    X(ntp_data2, 26, 144)                                                                          \
    X(verdict, 128, 80)                                                                            \
    X(source_reason, 129, 172)                                                                     \
    X(reload_config, 130, 492)

enum candm_reply {
#define X(name, code, bytes) CANDM_RPY_##name = code,
    CANDM_REPLIES(X)
#undef X
};

/* X(name, payload bytes) - what clients send. */
#define CANDM_REQUESTS(X)                                                                          \
    X(none, 0)                                                                                     \
    X(int, 4)                                                                                      \
    X(float, 4)                                                                                    \
    X(mask, 40)                                                                                    \
    X(burst, 48)                                                                                   \
    X(modify_int, 24)                                                                              \
    X(modify_float, 24)                                                                            \
    X(settime, 12)                                                                                 \
    X(subnet, 24)                                                                                  \
    X(address, 20)                                                                                 \
    X(makestep, 8)                                                                                 \
    X(add_source, 352)                                                                             \
    X(client_accesses, 16)                                                                         \
    X(modify_selectopts, 32)                                                                       \
    X(modify_offset, 28)                                                                           \
    X(local, 28)                                                                                   \
    X(local2, 16)                                                                                  \
    X(doffset_old, 8)

enum candm_request {
#define X(name, bytes) CANDM_PAYLOAD_##name,
    CANDM_REQUESTS(X)
#undef X
};

enum candm_status {
    CANDM_SUCCESS = 0,
    CANDM_FAILED = 1,
    CANDM_UNAUTH = 2,
    CANDM_INVALID = 3,
    CANDM_NO_SUCH_SOURCE = 4,
    CANDM_INVALID_TS = 5,
    CANDM_NOT_ENABLED = 6,
    CANDM_BAD_SUBNET = 7,
    CANDM_ACCESS_ALLOWED = 8,
    CANDM_ACCESS_DENIED = 9,
    CANDM_NO_HOST_ACCESS = 10,
    CANDM_SOURCE_KNOWN = 11,
    CANDM_TOO_MANY_SOURCES = 12,
    CANDM_NO_RTC = 13,
    CANDM_BAD_RTC_FILE = 14,
    CANDM_INACTIVE = 15,
    CANDM_BAD_SAMPLE = 16,
    CANDM_INVALID_FAMILY = 17,
    CANDM_BAD_VERSION = 18,
    CANDM_BAD_LENGTH = 19,
    CANDM_INVALID_NAME = 21,
};

/* One row, as a value. */
struct candm_row {
    const char *name; /* "TRACKING" */
    uint16_t code;
    enum candm_class class;
    uint32_t open; /* enum candm_open bits that open it over UDP */
    enum candm_request request;
    enum candm_reply reply;
};
const struct candm_row *candm_row(uint16_t code); /* NULL: unknown or obsolete */
const struct candm_row *candm_rows(size_t *count);
size_t candm_request_bytes(enum candm_request r); /* payload */
size_t candm_reply_bytes(enum candm_reply r);     /* payload */
/* Section 2.4: header and payload, padded to the length of the success reply. */
size_t candm_required_length(const struct candm_row *row);

/* --- headers --- */
struct candm_request_header {
    uint8_t version, type, res1, res2;
    uint16_t command, attempt;
    uint32_t sequence;
};
struct candm_reply_header {
    uint8_t version, type, res1, res2;
    uint16_t command, reply, status;
    uint32_t sequence;
};
void candm_put_request_header(struct wire_out *out, const struct candm_request_header *h);
void candm_get_request_header(struct wire_in *in, struct candm_request_header *h);
void candm_put_reply_header(struct wire_out *out, const struct candm_reply_header *h);
void candm_get_reply_header(struct wire_in *in, struct candm_reply_header *h);

/* The protocol's own float (section 3.2), bit-exact. */
uint32_t candm_float_encode(double v);
double candm_float_decode(uint32_t word);

#endif
