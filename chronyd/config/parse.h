/* parse.h - inside config/: one directive at a time, and how its mistakes are told.
 *
 * A row of the table (directives.c) says what a directive is; directive_parse() runs a row on the
 * words of a line. Handlers of directives with a grammar of their own get a struct parser, take
 * words and report through the fail_ functions, whose texts are those of spec chrony-conf
 * section 3. */
#ifndef CHRONYD_CONFIG_PARSE_H
#define CHRONYD_CONFIG_PARSE_H

#include "chronyd/config/config.h"

/* --- memory: all strings of a configuration live and die together --- */

struct config_string;

/* A copy that config_free frees; NULL without memory. */
const char *config_string(struct config *c, const char *text);
/* Room for one more item: the array, moved or not, or NULL without memory (the old one stays). The
 * capacity is the next power of two, so nothing but the count has to be kept. */
void *config_grow(void *array, size_t count, size_t item_size);

/* --- words of a line --- */

/* The words that are still to be read. An option's number may end before its word does
 * ("4iburst"); what is left of the word is then the next option. */
struct words {
    char *rest;
    char *pending;
    const char *last; /* the word that was read last, or found at fault; NULL at first */
};

char *words_next(struct words *w); /* NULL at the end */
bool words_at_end(const struct words *w);

/* --- options: rows again --- */

enum option_kind {
    OPTION_FLAG,   /* sets a bool */
    OPTION_BIT,    /* sets the bits `min` in a uint8_t */
    OPTION_INT,    /* int, refused outside min..max */
    OPTION_PORT,   /* uint16_t, refused outside min..max */
    OPTION_UINT32, /* refused outside min..max */
    OPTION_FLOAT,  /* double, clamped to min..max */
    OPTION_SPECIAL
};

struct option {
    const char *name;
    enum option_kind kind;
    size_t place;
    double min, max;
    bool (*parse)(struct words *w, void *out); /* OPTION_SPECIAL; out is the whole structure */
};

enum option_status { OPTION_OK, OPTION_UNKNOWN, OPTION_BAD_VALUE };
/* All remaining words; *culprit is the option at fault. */
enum option_status options_parse(const struct option *table, size_t count, struct words *w,
                                 void *out, const char **culprit);
/* The options minsamples and maxsamples of a source; -1 stays: the directives' hold. */
void clamp_samples(int *min_samples, int *max_samples);

/* --- directives --- */

enum directive_kind {
    DIRECTIVE_FLAG,     /* bool = true */
    DIRECTIVE_INT,      /* int */
    DIRECTIVE_PORT,     /* uint16_t */
    DIRECTIVE_FLOAT,    /* double, clamped to min..max */
    DIRECTIVE_WORD,     /* const char * */
    DIRECTIVE_CHOICE,   /* enum, by `choices` */
    DIRECTIVE_SPECIAL,  /* `parse` */
    DIRECTIVE_INCLUDE,  /* include, confdir: handled while reading (read.c) */
    DIRECTIVE_OBSOLETE, /* warns */
    DIRECTIVE_SILENT,   /* obsolete without a word */
};

enum directive_flag {
    DIRECTIVE_ADDS = 0x1,    /* repetition accumulates */
    DIRECTIVE_PENDING = 0x2, /* parsed, but no room takes it yet: warned about */
    DIRECTIVE_RUNTIME = 0x4, /* a reload can apply a change of it */
};

struct choice {
    const char *word;
    int value;
};

/* The value of a word, -1 if there is none; a table ends with a NULL word. */
int choice_value(const struct choice *table, const char *word, bool any_case);

struct parser;

struct directive {
    const char *name;
    const char *arguments; /* for the manual page and advice: "THRESHOLD LIMIT" */
    enum directive_kind kind;
    unsigned flags; /* enum directive_flag */
    size_t place;   /* in struct config */
    double min, max;
    double initial; /* INT, PORT, FLOAT, CHOICE */
    bool (*parse)(struct parser *p, struct words *w);
    int detail; /* for handlers that serve several rows */
    const struct choice *choices;
    const char *help;
};

extern const struct directive config_directives[];
extern const size_t config_directive_count;

const struct directive *directive_find(const char *word);
/* Is it understood, but what it is about not there yet? */
bool directive_is_pending(const char *word);
/* The nearest known directive, or NULL. */
const char *directive_nearest(const char *word);

/* One line that was read; kept for checks between lines, for advice and for comparison. */
struct config_item {
    const struct directive *row;
    const char *file; /* NULL: command line */
    int line;
    const char *text; /* normalised, whole */
    const char *raw;  /* as it stood; NULL unless remarks are wanted */
};

struct config_extra {
    struct config_string *strings;
    const char *last_file; /* newest file name among the strings */
    struct config_item *items;
    size_t item_count;
};

/* The configuration's extra part, made at first use; NULL without memory. */
struct config_extra *config_extra(struct config *c);
void config_extra_free(struct config_extra *extra); /* NULL is allowed */
/* The newest line of a directive, or NULL. */
const struct config_item *config_item_of(const struct config *c, const char *directive);

struct parser {
    struct config *config;
    const struct config_reader *reader;
    const char *file; /* NULL: command line */
    int line;
    const char *word; /* the directive as it was typed */
    const struct directive *row;
    int depth;    /* of include files */
    bool lenient; /* a mistake costs the line, not the start: hints are warnings */
    char hint[240];
    const char *nearest; /* a known word */
    struct err *err;
};

void *parser_place(const struct parser *p); /* of the row, in the configuration */
bool directive_parse(struct parser *p, struct words *w);

/* All return false. */
bool fail_parse(struct parser *p);   /* Could not parse D directive */
bool fail_missing(struct parser *p); /* Missing arguments for D directive */
bool fail_extra(struct parser *p);   /* Too many arguments for D directive */
bool fail_option(struct parser *p, enum option_status status, const char *culprit,
                 const struct option *table, size_t count);
bool fail_syntax(struct parser *p); /* Invalid syntax for D directive */
bool fail_memory(struct parser *p);
/* The place of a mistake as the messages end: "at line 3 in file F". */
const char *parser_where(const struct parser *p, char *buf, size_t size);
/* A second sentence for the reader, which is logged before the exact error. */
void parser_hint(struct parser *p, const char *format, ...) PRINTF_LIKE(2, 3);
/* The hint that names the nearest of the words that would have been right, if any is near. */
void parser_hint_choice(struct parser *p, const struct choice *table, const char *word);
/* One raw line, which is normalised in place; TEXT_LINE_MAX + 1 bytes at most (line.c). */
bool parser_line(struct parser *p, char *line);
/* After a failure: tell it as the reader wants it. True if reading goes on. `raw` is the line as it
 * stood (NULL: none), `normal` normalised, `at` the offset of the mistake in the latter. */
bool parser_complain(struct parser *p, const char *raw, const char *normal, size_t at);
/* The column, from 1, in the raw line of what stands at an offset of the normalised one. */
int line_column(const char *raw, const char *normal, size_t at);
/* include and confdir, in place (read.c). */
bool parser_include(struct parser *p, struct words *w);

/* Numbers and words of directives: the next word as a whole. False after a fail_ call. */
bool take_int(struct parser *p, struct words *w, int64_t min, int64_t max, int *out);
bool take_float(struct parser *p, struct words *w, double *out);
bool take_word(struct parser *p, struct words *w, const char **out);
/* Are there exactly so many words? Asked before any is taken. */
bool take_count(struct parser *p, const struct words *w, int wanted);

/* Handlers, by file. lines.c: */
bool parse_log(struct parser *p, struct words *w);
bool parse_makestep(struct parser *p, struct words *w);
bool parse_maxchange(struct parser *p, struct words *w);
bool parse_initstepslew(struct parser *p, struct words *w);
bool parse_fallbackdrift(struct parser *p, struct words *w);
bool parse_mailonchange(struct parser *p, struct words *w);
bool parse_driftfile(struct parser *p, struct words *w);
bool parse_local(struct parser *p, struct words *w);
bool parse_smoothtime(struct parser *p, struct words *w);
bool parse_tempcomp(struct parser *p, struct words *w);
bool parse_clientloglimit(struct parser *p, struct words *w);
bool parse_noclientlog(struct parser *p, struct words *w);
bool parse_opencommands(struct parser *p, struct words *w);
bool parse_pidfile(struct parser *p, struct words *w);
bool parse_list(struct parser *p, struct words *w); /* detail: enum list_name */
bool parse_ntsaeads(struct parser *p, struct words *w);
bool parse_ntstrustedcerts(struct parser *p, struct words *w);
/* network.c: */
bool parse_access(struct parser *p, struct words *w); /* detail: 1 allow, 0 deny */
bool parse_bind(struct parser *p, struct words *w);   /* place: IPv4; detail: offset to IPv6 */
bool parse_bindcmd(struct parser *p, struct words *w);
bool parse_ratelimit(struct parser *p, struct words *w); /* detail: enum client_service */
bool parse_broadcast(struct parser *p, struct words *w);
bool parse_hwtimestamp(struct parser *p, struct words *w);
/* control.c: */
bool parse_cmdkey(struct parser *p, struct words *w);
bool parse_bindrosocket(struct parser *p, struct words *w);
/* source.c: */
bool parse_source(struct parser *p, struct words *w); /* detail: enum source_word */
/* refclock.c: */
bool parse_refclock(struct parser *p, struct words *w);

/* The option tables of their lines, for the manual page's check. */
const struct option *source_options(size_t *count);
const struct option *refclock_options(size_t *count);

enum source_word { SOURCE_WORD_SERVER, SOURCE_WORD_POOL, SOURCE_WORD_PEER };
enum list_name { LIST_SOURCE_DIRS, LIST_NTS_CERTS, LIST_NTS_KEYS };

#endif
