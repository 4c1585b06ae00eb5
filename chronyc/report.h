/* report.h - one description of a report, rendered as text, as CSV and as JSON.
 *
 * A report is a list of typed fields; a row is one value per field. Text is each field's lead, the
 * value in its old layout, and the tail. CSV is every field's plain value, joined by commas (spec
 * chronyc section 6: each conversion of the text becomes a field). JSON takes the keys: SI units in
 * names, null for what is not known. What a daemon sends is printed, never trusted: strings are
 * escaped, enumerations outside their range have a text of their own. */
#ifndef CHRONYC_REPORT_H
#define CHRONYC_REPORT_H

#include <stdio.h>

#include "chronyc/format.h"

enum field_kind {
    KIND_CHAR,     /* value.u: one character */
    KIND_TEXT,     /* value.s */
    KIND_UINT,     /* value.u */
    KIND_INT,      /* value.i */
    KIND_OCTAL,    /* value.u */
    KIND_REFID,    /* value.u, eight hex digits */
    KIND_BITS,     /* value.u, `width` binary digits */
    KIND_INTERVAL, /* value.u seconds, UINT32_MAX = unknown */
    KIND_LOG2,     /* value.i, 127 = unknown */
    KIND_OFFSET_SIGNED,
    KIND_OFFSET,
    KIND_PPM_SIGNED,
    KIND_PPM,
    KIND_REAL, /* value.d with `decimals` */
    KIND_REAL_SIGNED,
    KIND_OFFSET_WORD,
    KIND_FREQ_WORD,
    KIND_TIME,           /* value.t */
    KIND_DATE,           /* value.t */
    KIND_LEAP,           /* value.u, in words */
    KIND_LEAP_CHAR,      /* value.u, one character in text, words in CSV */
    KIND_YESNO,          /* value.u */
    KIND_YN,             /* value.u */
    KIND_SELECT_OPTIONS, /* value.u, select-option bits: JSON array of words */
    KIND_TESTS,          /* value.u, NTP_DATA flags: JSON array of the tests that failed */
};

enum field_flag {
    FIELD_OPTIONAL = 1,  /* left out of text and CSV when unknown (an older daemon) */
    FIELD_JSON_ONLY = 2, /* exists in JSON alone */
    FIELD_NAME = 4,      /* 14 columns wider with -w */
};

struct field {
    const char *lead;
    enum field_kind kind;
    int width; /* least width; negative: to the left */
    int decimals;
    unsigned flags;
    const char *tail;
    const char *json; /* key, NULL = not in JSON */
};

struct value {
    bool unknown;
    union {
        uint64_t u;
        int64_t i;
        double d;
        const char *s;
        struct candm_time t;
    } v;
};

#define REPORT_NAME_EXTRA 14 /* columns that -w adds */

struct report {
    const char *schema; /* document type in JSON: "tracking" */
    const char *rows;   /* key of the JSON array; NULL: a single row, its keys in the document */
    /* heading of a table, split where -w inserts blanks; NULL: none */
    const char *heading_name, *heading_rest;
    const struct field *fields;
    size_t count;
};

enum render { RENDER_TEXT, RENDER_CSV, RENDER_JSON };

/* Output that is printed whole or not at all. */
struct collector {
    FILE *stream;
    char *text;
    size_t size;
};
FILE *collector_open(struct collector *c);
void collector_print(struct collector *c, FILE *out);
void collector_drop(struct collector *c);

/* Where rows go. JSON is collected, so that a report that fails half-way leaves no half document.
 */
struct printer {
    FILE *out;
    enum render render;
    bool wide;
    const struct report *report;
    size_t rows;
    struct collector json; /* while a report is open */
};

/* Heading, or the start of a document. */
void printer_begin(struct printer *p, const struct report *report);
/* `values` has report->count entries; strings are read at once, not kept. */
void printer_row(struct printer *p, const struct value *values);
/* The end of the document. */
void printer_end(struct printer *p);
/* Instead of the end: nothing of a collected document is printed. */
void printer_drop(struct printer *p);

/* A JSON string with quotes; bytes that are not valid UTF-8 become U+FFFD. */
void json_string(FILE *out, const char *text);
/* The first members of every document, without the closing brace: {"schema":"...","version":1 */
void json_document(FILE *out, const char *schema);

/* Values, so that filling a row reads as a list. */
static inline struct value value_u(uint64_t u)
{
    return (struct value){.v.u = u};
}
static inline struct value value_i(int64_t i)
{
    return (struct value){.v.i = i};
}
static inline struct value value_d(double d)
{
    return (struct value){.v.d = d};
}
static inline struct value value_s(const char *s)
{
    return (struct value){.v.s = s};
}
static inline struct value value_t(struct candm_time t)
{
    return (struct value){.v.t = t};
}
static inline struct value value_u_unless(uint64_t u, uint64_t unknown)
{
    return (struct value){.unknown = u == unknown, .v.u = u};
}

#endif
