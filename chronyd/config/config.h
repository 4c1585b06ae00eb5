/* config.h - chrony.conf as a value: what every room is told at start.
 *
 * One table (directives.c) has a row per directive: name, kind, place, bounds, default, help. The
 * parser, the printer (-p) and the manual page read the same rows. A faulty line is an error with
 * file, line and reason; nothing is half-applied. */
#ifndef CHRONYD_CONFIG_CONFIG_H
#define CHRONYD_CONFIG_CONFIG_H

#include "base/access.h"
#include "chronyd/config/settings.h"
#include "chronyd/control/control.h"
#include "chronyd/refclock/refclock.h"
#include "chronyd/rtc/rtc.h"

enum log_name {
    LOG_MEASUREMENTS = 0x1,
    LOG_RAWMEASUREMENTS = 0x2,
    LOG_STATISTICS = 0x4,
    LOG_TRACKING = 0x8,
    LOG_RTC = 0x10,
    LOG_REFCLOCKS = 0x20,
    LOG_TEMPCOMP = 0x40,
    LOG_SELECTION = 0x80,
};

/* A host name in allow, deny, cmdallow or cmddeny: names are not looked up while parsing, so that a
 * start never hangs on DNS (chronyd/access_rules.h does it later). The rule belongs before
 * rules[position]. */
struct access_name {
    const char *name;
    bool allow, all;
    size_t position;
};

struct access_list {
    struct access_rule *rules; /* in the order of the file */
    size_t count;
    struct access_name *names;
    size_t name_count;
};

struct config {
    struct clock_settings clock;
    struct reference_settings reference;
    struct sources_settings sources;
    struct ntp_settings ntp;
    struct control_settings control;

    struct ntp_source_settings *ntp_sources; /* in the order of the file */
    size_t ntp_source_count;
    struct access_list ntp_access, command_access;
    struct control_key *control_keys; /* cmdkey; `control` points to them */
    size_t control_key_count;
    const char **source_dirs; /* sourcedir, all lines flattened; see config_read_sources */
    size_t source_dir_count;

    /* features whose rooms take them from here */
    struct refclock_settings *refclocks;
    size_t refclock_count;
    struct hwtimestamp_settings *hwtimestamps;
    size_t hwtimestamp_count;
    struct broadcast_settings *broadcasts;
    size_t broadcast_count;
    struct transport_settings transport;
    struct nts_settings nts;
    struct smooth_settings smooth;
    struct tempcomp_settings tempcomp;
    struct rtc_settings rtc;

    /* process */
    const char *user;     /* to switch to */
    const char *pid_file; /* NULL = none ("/") */
    const char *key_file, *dump_dir, *log_dir;
    unsigned logs; /* enum log_name bits */
    int log_banner;
    int sched_priority;
    bool lock_all;
    double initstepslew_threshold_s;
    const char **initstepslew_hosts;
    size_t initstepslew_count; /* 0 = off */
    bool manual;
    /* What was read, line by line, and the memory of all strings above; private to config/. */
    struct config_extra *extra;
};

/* Compiled-in defaults of this build (configure). */
void config_defaults(struct config *c);
/* Frees the contents, all strings included, not the struct. A copy of the struct is only a view. */
void config_free(struct config *c);

/* A mistake (LEVEL_ERROR) or a doubt (LEVEL_WARNING) about one line. Lent for the call. */
struct config_remark {
    enum log_level level;
    const char *file; /* NULL: command line */
    int line, column; /* from 1; column 0: the whole line */
    const char *text;
    const char *hint;    /* a second sentence, or NULL */
    const char *nearest; /* a known word that was probably meant, or NULL */
};

struct config_reader {
    const struct os *os;
    const struct log *log; /* warnings: obsolete words, "not implemented yet"; hints */
    /* A directory of files that exists and cannot be read is an error, not empty: what was read of
     * it before must not be taken for gone. */
    bool strict;
    /* If set, a faulty line does not end the reading: it is remarked upon and left out, and so are
     * doubts, which do not go to the log then. Only what cannot be read at all is still an error.
     */
    void (*remark)(void *ctx, const struct config_remark *remark);
    void *remark_ctx;
    /* -p: each directive line as it is understood, normalised; NULL otherwise. */
    void (*print)(void *ctx, const char *line);
    void *print_ctx;
};

/* Read a file with all that it includes into *c (which holds defaults). ERR text is complete, as in
 * spec chrony-conf section 3, e.g. "Could not parse makestep directive at line 3 in file F". */
MUST_CHECK bool config_read_file(struct config *c, const struct config_reader *r, const char *path,
                                 struct err *err);
/* One directive from the command line; `number` counts from 1. */
MUST_CHECK bool config_read_line(struct config *c, const struct config_reader *r, const char *line,
                                 int number, struct err *err);
/* Checks between directives, after all was read (spec 16.2), and derived values. Not for -p, which
 * only reads. */
MUST_CHECK bool config_finish(struct config *c, const struct config_reader *r, struct err *err);
/* The sources that the *.sources files of all sourcedirs hold now; malformed lines are skipped with
 * a warning. *list is malloc'd. False without memory, or, if the reader is strict, when one of the
 * directories cannot be read; the list is empty then. */
MUST_CHECK bool config_read_sources(const struct config *c, const struct config_reader *r,
                                    struct ntp_source_settings **list, size_t *count);

/* True if any directive of the configuration needs a port below 1024 (CAP_NET_BIND_SERVICE). */
bool config_needs_low_ports(const struct config *c);

#endif
