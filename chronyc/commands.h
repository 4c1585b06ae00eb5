/* commands.h - the one table of chronyc's commands.
 *
 * A row is a command: its word, what runs it, the request it sends, the words that may follow (for
 * completion), and its lines of help. Dispatch, completion, help and the test that every request of
 * candm has a command read the same rows. */
#ifndef CHRONYC_COMMANDS_H
#define CHRONYC_COMMANDS_H

#include "chronyc/session.h"

enum section {
    SECTION_CLOCK,
    SECTION_SOURCES,
    SECTION_NTP,
    SECTION_MANUAL,
    SECTION_NTP_ACCESS,
    SECTION_MONITORING,
    SECTION_RTC,
    SECTION_DAEMON,
    SECTION_CLIENT,
    SECTION_COUNT
};

struct command {
    const char *word;
    /* `rest` is what follows the word, normalised; it may be cut up. */
    bool (*run)(struct session *s, const struct command *c, char *rest);
    uint16_t code; /* of candm, 0: none or several */
    enum section section;
    const char *follow; /* second words, separated by blanks; "@" stands for a source's address */
    const char *help;   /* "SYNTAX\tTEXT\n..."; NULL: hidden */
};

const struct command *commands_all(size_t *count);
const struct command *commands_find(const char *word);

/* Commands, by the file that holds them. */
typedef bool command_run(struct session *s, const struct command *c, char *rest);
/* run_control.c: requests that are answered by a status */
command_run run_plain, run_float, run_makestep, run_modify_int, run_modify_float, run_mask,
    run_burst, run_add, run_delete, run_local, run_manual, run_settime, run_reload, run_reset,
    run_smoothtime, run_allow, run_accheck, run_selectopts, run_offset, run_dump, run_value;
/* run_sources.c and run_host.c: reports */
command_run run_sources, run_sourcestats, run_selectdata, run_authdata, run_ntpdata, run_sourcename;
command_run run_tracking, run_activity, run_serverstats, run_clients, run_smoothing, run_rtcdata,
    run_waitsync, run_explain, run_wait, run_metrics, run_watch;
bool run_manual_list(struct session *s);
/* run_client.c: nothing is sent */
command_run run_dns, run_timeout, run_retries, run_keygen, run_help, run_quit, run_obsolete,
    run_authenticate;

/* --- small things that commands share --- */

/* One line on stderr; returns false, so that a refusal reads `return complain(...)`. */
bool complain(struct session *s, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
