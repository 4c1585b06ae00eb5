/* sources_private.h - the inside of struct sources, shared by sources.c (registry, samples),
 * sources_select.c (who is followed) and sources_dump.c (files that outlive the process). */
#ifndef CHRONYD_REFERENCE_SOURCES_PRIVATE_H
#define CHRONYD_REFERENCE_SOURCES_PRIVATE_H

#include "chronyd/reference/sources.h"

struct source {
    struct sources *owner;
    struct source_settings settings;
    char *name; /* NULL for a refclock */
    struct addr addr;
    uint32_t refid, local_refid;
    struct track *track;
    bool active;
    uint8_t reach;
    int reach_polls, unreachable_polls;
    int stratum;
    enum leap leap;
    bool broken; /* track_break was called and no sample came since */
    int bad_selections;
    struct candidate candidate; /* as of the last selection */
    size_t place;               /* in the owner's list */
};

struct sources {
    struct os os;
    const struct log *log;
    struct clock *clock;
    struct reference *ref;
    struct sources_settings settings;
    struct source **list;         /* with holes where sources were removed: sources_settle */
    struct candidate *candidates; /* work space of the selection, as long as list */
    size_t count, size;           /* of the list: in use, allocated */
    size_t holes;
    bool held;               /* sources_hold */
    bool changed;            /* sources or their options, since the last selection */
    struct source *selected; /* NULL: none */
    bool stopped;
    bool lost;                  /* the selected source was removed */
    struct source *told;        /* the one that the last "Selected source" named */
    enum reason_code told_why;  /* of the last "Can't synchronise" */
    struct selection selection; /* the last one */
    struct logfile *statistics_log, *selection_log;
};

/* Close the holes of the list; to be called before it is walked. */
void sources_settle(struct sources *ss);
/* Address or refid as in the second column group of the log files. */
const char *source_log_name(const struct source *s, char *buf, size_t size);
void sources_open_logs(struct sources *ss);
void sources_log_statistics(struct source *s);
void sources_log_selection(struct sources *ss);

#endif
