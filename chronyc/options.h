/* options.h - the command line of chronyc (spec chronyc section 1). */
#ifndef CHRONYC_OPTIONS_H
#define CHRONYC_OPTIONS_H

#include "chronyc/session.h"

enum options_action { OPTIONS_RUN, OPTIONS_USAGE, OPTIONS_USAGE_ERROR, OPTIONS_VERSION };

struct options {
    struct settings settings;
    const char *user;     /* switch to, NULL = stay */
    const char *complete; /* --complete: print the words that may follow this line, NULL = no */
    bool follow;          /* --follow: print events until stopped */
    bool have_key;
    uint32_t key_id; /* -K */
    bool multi;      /* -m: each argument is a command */
    int first;       /* index of the first argument that is no option */
};

enum options_action options_parse(int argc, char **argv, struct options *out);
void options_usage(FILE *out, const char *program);
/* "chronyc (chrony) version 1.0 (+READLINE ...)" */
void options_version(FILE *out);

#endif
