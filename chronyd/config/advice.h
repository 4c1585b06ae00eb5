/* advice.h - inside config/: what the parts of --check share.
 *
 * Each topic is a function that looks at a configuration that was read well and adds findings.
 * Advice says what will happen and what to write instead; it is never given for a matter of taste.
 */
#ifndef CHRONYD_CONFIG_ADVICE_H
#define CHRONYD_CONFIG_ADVICE_H

#include "chronyd/config/check.h"
#include "chronyd/config/parse.h"

/* A source with the line it comes from; `item` is NULL for one of a *.sources file. */
struct advised_source {
    const struct ntp_source_settings *settings;
    const struct config_item *item;
};

struct advice {
    const struct config *config;
    const struct os *os;
    struct check_report *report;
    struct advised_source *sources; /* of the main file, then of sourcedirs */
    size_t source_count;
    bool clock_untouched; /* -x: neither stepped nor set */
};

/* `item` NULL: about the configuration as a whole. `word` (NULL: the directive) is looked for in
 * the line to tell the column. */
void advise(struct advice *a, const char *code, const struct config_item *item, const char *word,
            const char *format, ...) PRINTF_LIKE(5, 6);

/* Is there a word (without regard to case) in the line, and which word follows it? NULL: none. */
const char *item_word_after(const struct config_item *item, const char *word, char buf[64]);
/* The number after a word of the line. */
bool item_number(const struct config_item *item, const char *word, double *out);
/* The next line that `parse` has read, from *at on; NULL at the end. */
const struct config_item *item_next(const struct config *c, size_t *at,
                                    bool (*parse)(struct parser *p, struct words *w));
/* The n-th word, 0 is the directive. */
const char *item_argument(const struct config_item *item, int n, char buf[256]);

void advise_lines(struct advice *a);   /* repeated, obsolete and clamped (advice_lines.c) */
void advise_sources(struct advice *a); /* advice_sources.c */
void advise_clock(struct advice *a);   /* advice_clock.c */
void advise_server(struct advice *a);  /* advice_server.c */
void advise_files(struct advice *a);   /* advice_files.c */

#endif
