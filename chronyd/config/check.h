/* check.h - what is wrong with a configuration, what is doubtful, and what would be better.
 *
 * Reads a configuration as the daemon would, but to its end: every faulty line is a finding, not
 * only the first. Then looks at the whole for what parses well and still serves its owner badly.
 * Looks at files that the configuration names, opens no socket, asks no server and changes nothing.
 */
#ifndef CHRONYD_CONFIG_CHECK_H
#define CHRONYD_CONFIG_CHECK_H

#include "chronyd/config/config.h"

enum finding_severity {
    FINDING_ADVICE, /* chronyd would start */
    FINDING_ERROR,  /* it would not */
};

struct finding {
    enum finding_severity severity;
    const char *code;    /* a stable word for programs: "few-sources" */
    const char *file;    /* NULL: the command line, or the configuration as a whole (line 0) */
    int line, column;    /* from 1; 0: none */
    const char *text;    /* one sentence or two */
    const char *hint;    /* a further sentence, or NULL */
    const char *nearest; /* a known word that was probably meant, or NULL */
};

struct check_input {
    const struct os *os;
    const char *path;              /* main file, or NULL if there are directives */
    const char *const *directives; /* of the command line */
    size_t directive_count;
    bool clock_untouched; /* the daemon is to run with -x */
};

struct check_report;

/* NULL without memory. The findings are lent until check_destroy. */
struct check_report *config_check(const struct check_input *in);
void check_destroy(struct check_report *report); /* NULL is allowed */
size_t check_count(const struct check_report *report);
const struct finding *check_finding(const struct check_report *report, size_t index);

/* 0 nothing found, 1 advice, 2 errors: the exit status of `chronyd --check`. */
int check_status(const struct check_report *report);
/* Line by line, newlines not included: "F:3:8: error: ...", or one JSON object. */
void check_print(const struct check_report *report, bool json,
                 void (*print)(void *ctx, const char *line), void *ctx);

#endif
