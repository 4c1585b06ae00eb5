/* options.h - the command line of chronyd as a value (spec chrony-conf section 17).
 *
 * Options may be bundled and may follow directives. Nothing here prints, exits or opens. */
#ifndef CHRONYD_OPTIONS_H
#define CHRONYD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/log.h"

enum options_action {
    OPTIONS_RUN,
    OPTIONS_PRINT_CONFIG, /* -p */
    OPTIONS_CHECK,        /* --check */
    OPTIONS_HELP,
    OPTIONS_VERSION,
    OPTIONS_USAGE,   /* unknown option: print the usage, status 1 */
    OPTIONS_INVALID, /* err says "Invalid argument X" */
};

enum options_filter {
    FILTER_DEFAULT, /* no -F: what is not on the list fails with an error */
    FILTER_OFF,     /* -F 0 */
    FILTER_ALLOW_LIST,
    FILTER_DENY_LIST,
};

struct options {
    enum addr_family only;   /* -4, -6 */
    const char *config_file; /* -f */
    const char *log_file;    /* -l; NULL: syslog or stderr */
    const char *user;        /* -u; NULL: of the configuration */
    bool foreground;         /* -n, -d, -q, -Q, -p */
    bool log_to_stderr;      /* -d, -q, -Q, -p */
    enum log_level least;    /* -L */
    bool set_once;           /* -q */
    bool print_once;         /* -Q */
    bool json;               /* --json: findings of --check for programs */
    bool reload_dumps;       /* -r */
    bool restart;            /* -R */
    bool set_from_rtc;       /* -s */
    double timeout_s;        /* -t, 0 = none */
    bool no_root_check;      /* -U */
    enum options_filter filter;
    bool filter_signal;    /* negative -F: SIGSYS instead of the end */
    int priority;          /* -P, -1 = of the configuration */
    bool lock_memory;      /* -m */
    bool no_clock_control; /* -x */
    int ready_fd;          /* -N, -1 = none */
    char **directives;     /* the remaining arguments, lent from argv (reordered) */
    size_t directive_count;
};

/* Reorders argv so that directives come last, as the caller of getopt would see it. */
enum options_action command_line_parse(int argc, char **argv, struct options *out, struct err *err);

#endif
