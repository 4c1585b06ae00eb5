/* os.h - the world as an argument: all that a daemon cannot compute by itself.
 *
 * os/linux/ implements it on a real host, test/simulation/ in a simulated world; the daemon is the
 * same code, bit for bit. What happens to the daemon arrives as events (event.h); these calls are
 * what it does. None of them blocks, none calls back into the daemon. Handles (sockets, streams,
 * append files) are small non-negative integers chosen by the world; -1 is "none". */
#ifndef CHRONYD_OS_OS_H
#define CHRONYD_OS_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/time.h"

#define OS_UNIX_PATH_MAX 108

/* Who took a timestamp; the letters of measurements.log and ntpdata. */
enum os_stamp { STAMP_DAEMON = 'D', STAMP_KERNEL = 'K', STAMP_HARDWARE = 'H' };

enum os_udp_use {
    OS_UDP_NTP_SERVER, /* answers requests; wildcard or bindaddress */
    OS_UDP_NTP_CLIENT, /* sends requests; usually connected, random port */
    OS_UDP_COMMAND,    /* candm over UDP */
};

struct os_udp_params {
    enum os_udp_use use;
    enum addr_family family;
    struct addr local;      /* ADDR_NONE: any */
    uint16_t local_port;    /* 0: chosen by the system */
    struct endpoint remote; /* connected if its address is not ADDR_NONE */
    const char *device;     /* bind to this interface; NULL = none */
    int dscp;               /* 0..63 */
    bool broadcast;         /* may send to broadcast addresses */
    bool numbered;          /* say with each datagram which number its transmit stamp is to have,
                               where the system can do that (maxtxbuffers) */
};

/* A stamp of a network interface's own clock, as that clock shows it. */
struct os_hw_stamp {
    int clock; /* whose, as hwstamp_enable numbered it; 0 = there is none */
    int64_t ns;
    double frame_s; /* incoming: the end of the frame came so much later; 0 = not known */
};

/* A local process, as the kernel knows it. */
struct os_peer {
    bool known;
    uint32_t uid;
    int32_t pid; /* 0: it is not in our namespace */
};

/* A datagram, going out or come in. */
struct os_datagram {
    int sock;
    struct endpoint remote;           /* UDP. Ignored when sending on a connected socket */
    char unix_path[OS_UNIX_PATH_MAX]; /* Unix sockets: the other end's path */
    struct addr local;                /* our address; ADDR_NONE = unknown / the system chooses */
    int interface;                    /* index, 0 = unknown / any */
    const uint8_t *data;              /* lent for the call */
    size_t length;
    /* incoming only: */
    struct utc stamp; /* best receive time, on the system clock (raw) */
    enum os_stamp stamp_by;
    struct os_hw_stamp hw;
    struct os_peer peer; /* Unix sockets: who sent it */
    /* left alone by the world, filled in by who turns the above into better: */
    double stamp_error_s; /* uncertainty of the stamp */
    double correction_s;  /* time spent in switches, as they say (PTP) */
};

/* What the system's clock can do. Frequencies are relative to the free-running oscillator. */
struct os_clock_info {
    bool may_set;        /* permission to step and steer */
    double max_rate_ppm; /* largest magnitude that set_rate takes (Linux: 100000) */
    double rate_ppm;     /* rate in force now; > 0: runs faster than the oscillator */
    double resolution_s; /* measured smallest step or shortest reading time */
};

enum os_leap { OS_LEAP_NONE = 0, OS_LEAP_INSERT = 1, OS_LEAP_DELETE = 2 };

struct os_clock_status {
    bool synchronised;  /* clears STA_UNSYNC: the kernel then copies the time to the RTC */
    double max_error_s; /* announced bound */
    double est_error_s; /* announced estimate */
    enum os_leap leap;  /* armed in the kernel */
    int tai_offset_s;   /* TAI - UTC, 0 = leave alone */
};

/* A reference clock on this host: a device, a piece of shared memory, a socket. */
struct os_refclock_params {
    const char *driver;    /* "SHM", "SOCK", "PPS", "PHC", "RTC" */
    const char *parameter; /* device, unit, path */
    const char *options;   /* of the driver: words between colons, "extpps:pin=1"; "" = none */
};

/* What it told: the system clock (raw) showed `stamp` when the true time was offset_s more. */
struct os_refclock_sample {
    struct utc stamp;
    double offset_s;
    double dispersion_s; /* uncertainty of the reading itself */
    int leap;            /* 0 none, 1 insert, 2 delete, 3 the clock is not set */
    bool pulse;          /* the beginning of some second: only the fraction of the offset counts */
};

/* Which packets an interface is to stamp when they come in. */
enum os_rx_filter {
    HWTS_FILTER_AUTO, /* ntp if supported, else all, else none */
    HWTS_FILTER_NONE,
    HWTS_FILTER_NTP,
    HWTS_FILTER_PTP,
    HWTS_FILTER_ALL,
};

#define OS_INTERFACE_NAME_MAX 16
#define OS_HWSTAMP_PORTS_MAX 32

struct os_hwstamp_params {
    const char *interface;
    enum os_rx_filter filter;
    bool no_cross_stamps; /* the clock is not to be read together with the system's by hardware */
};

/* An interface that stamps. */
struct os_hwstamp_port {
    int clock;     /* 1 .. OS_HWSTAMP_PORTS_MAX */
    int interface; /* index */
    bool receives; /* stamps what comes in as well */
};

/* The interface's clock showed clock_ns when the system clock (raw) showed `stamp`. */
struct os_hwclock_reading {
    struct utc stamp;
    int64_t clock_ns;
    double error_s; /* of the comparison, either way */
};

enum os_resolve_status { OS_RESOLVED, OS_RESOLVE_TEMPORARY, OS_RESOLVE_PERMANENT };
#define OS_RESOLVE_MAX 16 /* addresses used of an answer */

struct os_ops {
    /* --- time --- */
    struct mono (*mono)(void *ctx);
    struct utc (*utc)(void *ctx); /* the system clock as it stands ("raw") */
    /* Seconds that the host has spent suspended since boot, -1 if the world cannot tell. */
    double (*suspended_s)(void *ctx);

    /* --- steering the system clock --- */
    void (*clock_info)(void *ctx, struct os_clock_info *out);
    /* Run at (1 + rate_ppm * 1e-6) of the oscillator from now on; *applied_ppm is what the system
     * made of it. */
    bool (*set_rate)(void *ctx, double rate_ppm, double *applied_ppm, struct err *err);
    bool (*step)(void *ctx, double offset_s, struct err *err); /* > 0: forward */
    bool (*set_clock_status)(void *ctx, const struct os_clock_status *status, struct err *err);

    /* --- the real-time clock: one device --- */
    bool (*rtc_open)(void *ctx, const char *device, struct err *err);
    void (*rtc_close)(void *ctx);
    /* An EVENT_RTC_TICK each time the RTC begins a second, until switched off. */
    bool (*rtc_ticks)(void *ctx, bool on, struct err *err);
    bool (*rtc_set)(void *ctx, const struct utc_calendar *to, struct err *err);
    /* What it shows, and the system clock at that instant. Opens and closes the device, and waits
     * for the next tick (2 s at most): only for option -s, before anything runs. */
    bool (*rtc_read)(void *ctx, const char *device, struct utc_calendar *shows, struct utc *stamp,
                     struct err *err);

    /* --- reference clocks; NULL in a world without them --- */
    /* An unknown driver or driver option, and a device that cannot be opened, are errors. *polled:
     * it has to be asked; the others report by themselves (EVENT_REFCLOCK). */
    int (*refclock_open)(void *ctx, const struct os_refclock_params *params, bool *polled,
                         struct err *err);
    /* Ask it for a new sample; false if there is none. */
    bool (*refclock_poll)(void *ctx, int clock, struct os_refclock_sample *out);
    void (*refclock_close)(void *ctx, int clock);

    /* --- randomness: the only source of it --- */
    void (*random)(void *ctx, void *out, size_t length);

    /* --- UDP --- */
    int (*udp_open)(void *ctx, const struct os_udp_params *params, struct err *err);
    void (*udp_close)(void *ctx, int sock);
    /* May be queued until the events at hand are handled. *tx_id (NULL allowed) numbers the
     * datagrams of the socket from 0, so that a transmit timestamp can be matched. */
    bool (*udp_send)(void *ctx, const struct os_datagram *d, uint32_t *tx_id, struct err *err);
    /* Does a route to the address exist (a UDP socket could be connected)? */
    bool (*has_route)(void *ctx, const struct addr *to);

    /* --- hardware time stamps; NULL in a world without them --- */
    /* Names of all interfaces; returns how many were written. */
    size_t (*interfaces)(void *ctx, char (*names)[OS_INTERFACE_NAME_MAX], size_t max);
    /* Let an interface take them, in sockets that are opened from now on. Needs privileges. */
    bool (*hwstamp_enable)(void *ctx, const struct os_hwstamp_params *params,
                           struct os_hwstamp_port *out, struct err *err);
    bool (*hwclock_read)(void *ctx, int clock, struct os_hwclock_reading *out);

    /* --- Unix datagram socket for commands: replaces an old socket file --- */
    int (*unix_open)(void *ctx, const char *path, struct err *err);
    void (*unix_close)(void *ctx, int sock); /* also removes the file */
    bool (*unix_send)(void *ctx, const struct os_datagram *d, struct err *err);

    /* --- Unix stream sockets: reports to watch, programs to ask --- */
    int (*stream_listen)(void *ctx, const char *path, unsigned mode, const char *group,
                         struct err *err);
    /* Connect to one, without waiting: who does not listen, or has too many waiting, is an error.
     * NULL in a world without. */
    int (*stream_connect)(void *ctx, const char *path, struct err *err);
    /* Bytes taken, fewer than asked when the peer does not read; -1 = broken. */
    long (*stream_send)(void *ctx, int stream, const void *data, size_t length);
    void (*stream_close)(void *ctx, int stream); /* a stream or a listener */

    /* --- names: an EVENT_RESOLVED with the token follows, always, unless cancelled --- */
    void (*resolve)(void *ctx, uint32_t token, const char *name, enum addr_family family);
    void (*resolve_cancel)(void *ctx, uint32_t token);

    /* --- files; relative names are relative to where the daemon was started --- */
    /* Whole content, malloc'd and NUL-terminated, owned by the caller. More than `max` bytes:
     * error. */
    bool (*file_read)(void *ctx, const char *path, size_t max, char **data, size_t *length,
                      struct err *err);
    /* Write PATH.tmp (synced) and rename it over PATH, so that a reader sees the old or the new
     * one. */
    bool (*file_replace)(void *ctx, const char *path, const void *data, size_t length,
                         unsigned mode, struct err *err);
    bool (*file_remove)(void *ctx, const char *path, struct err *err);
    bool (*file_mtime)(void *ctx, const char *path, struct utc *out);
    /* Permission bits; false if there is no such file. NULL in a world without permissions. */
    bool (*file_mode)(void *ctx, const char *path, unsigned *mode);
    /* Append handle for log files; created with `mode` if missing. *size (NULL allowed) gets the
     * present length. */
    int (*append_open)(void *ctx, const char *path, unsigned mode, struct err *err);
    bool (*append_write)(void *ctx, int file, const void *data, size_t length, struct err *err);
    void (*append_close)(void *ctx, int file);
    /* Paths that match a glob pattern, sorted; malloc'd vector of malloc'd strings (free with
     * os_free_list). False only if the directory exists and cannot be read, or on lack of memory;
     * no match is an empty list. */
    bool (*glob)(void *ctx, const char *pattern, char ***paths, size_t *count, struct err *err);

    /* --- mail: a whole message, beginning with its To: line, for the host's mailer, which goes on
     * by itself. NULL in a world without one. */
    bool (*send_mail)(void *ctx, const char *message, size_t length, struct err *err);
};

struct os {
    const struct os_ops *ops;
    void *ctx;
};

void os_free_list(char **paths, size_t count);

#endif
