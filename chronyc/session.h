/* session.h - one run of chronyc as a value: settings, streams, the way to the daemon.
 *
 * Everything a command needs is reached from here, so that tests run commands against a pair of
 * memory streams and a daemon of their own. A command returns whether it succeeded; that of the
 * last one is the exit status (spec chronyc section 4). */
#ifndef CHRONYC_SESSION_H
#define CHRONYC_SESSION_H

#include <signal.h>
#include <stdio.h>

#include "chronyc/auth.h"
#include "chronyc/report.h"
#include "chronyc/transport.h"

struct settings {
    const char *hosts;
    uint16_t port;
    enum family_choice family;
    enum render render;
    bool numeric;      /* no reverse DNS */
    bool source_names; /* -N */
    bool wide;         /* -w */
    bool end_dot;      /* -e */
    bool hints;        /* tell on stderr what was tried when a command fails */
    uint32_t timeout_ms;
    uint32_t retries;
    const char *key_file; /* NULL: the one that the daemon's configuration names */
};

#define TIMEOUT_MS_MIN 100
#define TIMEOUT_MS_DEFAULT 1000
#define RETRIES_MAX 30
#define RETRIES_DEFAULT 2

struct session {
    struct settings settings;
    FILE *out, *err;
    struct transport *transport;
    const volatile sig_atomic_t *stop; /* set by a signal; NULL in tests */
    struct auth auth;
    bool saw_plain_reply; /* while a proof was asked for */
    uint8_t version;      /* of the protocol: falls back to 5 for a daemon that says so */
    bool quit;            /* exit or quit was read */
    int status;           /* of the process if the last command failed, 0 = the usual 1 */
};

void session_init(struct session *s, const struct settings *settings, FILE *out, FILE *err,
                  const volatile sig_atomic_t *stop);
/* Resolve the host list and open the first address; false: none can be opened. */
bool session_open(struct session *s);
void session_close(struct session *s);
/* Prove key `id` from now on; complains on stderr. `path` NULL: the daemon's key file. */
bool session_authenticate(struct session *s, const char *path, uint32_t id);
bool session_stopped(const struct session *s);

/* One line as typed: normalised, executed, flushed. `line` is modified. */
bool session_run(struct session *s, char *line);

struct printer session_printer(const struct session *s);

#endif
