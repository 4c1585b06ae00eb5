/* settings.h - what the configuration says about each feature, as plain values.
 *
 * One structure per feature that is not set up by a structure of its own room. All are filled by
 * the parser with the defaults of spec chrony-conf section 4 and with its clamps applied; a room
 * copies what it needs. Strings are lent by the configuration (see config.h) and live as long as
 * it does. */
#ifndef CHRONYD_CONFIG_SETTINGS_H
#define CHRONYD_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "chronyd/ntp/hwstamps.h"

/* One `broadcast` line. */
struct broadcast_settings {
    int interval_s; /* 1..2^24 */
    struct addr addr;
    uint16_t port;
};

/* `smoothtime`; off if either limit is <= 0. */
struct smooth_settings {
    double max_freq_ppm, max_wander_ppm; /* ppm, ppm per second */
    bool leap_only;
};

/* `tempcomp`: by coefficients, or between the points of a file. */
struct tempcomp_settings {
    const char *sensor; /* NULL = off */
    double interval_s;  /* >= 1e-6; values <= 0 become 1 */
    double t0, k0, k1, k2;
    const char *points; /* path; NULL: coefficients */
};

struct nts_trusted {
    uint32_t set;
    const char *path; /* a PEM file or a directory of them */
};

#define NTS_AEADS_MAX 16

/* Sections 7 and 10: both ends of NTS. */
struct nts_settings {
    /* client */
    struct nts_trusted *trusted;
    size_t trusted_count;
    bool no_system_certs;
    int no_cert_time_check; /* clock updates */
    int refresh_s;          /* 2419200 */
    int aeads[NTS_AEADS_MAX];
    size_t aead_count;
    const char *dump_dir; /* ntsdumpdir; NULL = none */
    /* server: runs when there is a pair of certificate and key */
    const char **server_certs, **server_keys;
    size_t server_cert_count, server_key_count;
    uint16_t port;          /* 4460 */
    int processes;          /* 0 = in the main process */
    int max_connections;    /* 100 */
    int rotate_s;           /* 604800; 0 = keys are managed from outside */
    const char *ntp_server; /* ntsntpserver; NULL = none */
};

/* NTP over PTP, MS-SNTP, timestamping: what the server's and client's sockets need beyond
 * struct ntp_settings. */
struct transport_settings {
    uint16_t ptp_port;        /* 0 = off */
    int ptp_domain;           /* 123 */
    const char *signd_socket; /* ntpsigndsocket: directory; NULL = none */
    double hwts_timeout_s;    /* hwtstimeout; <= 0: do not wait */
    int max_tx_buffers;
};

#endif
