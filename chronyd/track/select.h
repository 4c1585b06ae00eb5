/* select.h - decide which sources may steer the clock, and combine them.
 *
 * Takes one interval of possible offsets per source, finds the part most of them share (RFC 5905
 * section 11.2.1 with the states of spec chrony-conf section 8) and gives every source its state
 * and the reason. Reads no clock, allocates nothing; equal inputs give equal verdicts. */
#ifndef CHRONYD_TRACK_SELECT_H
#define CHRONYD_TRACK_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "chronyd/track/sample.h"

/* Bits as candm's select-option bits. */
enum select_option {
    SELECT_NOSELECT = 0x1,
    SELECT_PREFER = 0x2,
    SELECT_TRUST = 0x4,
    SELECT_REQUIRE = 0x8,
};

enum select_auth_mode {
    SELECT_AUTH_IGNORE,
    SELECT_AUTH_MIX,
    SELECT_AUTH_PREFER,
    SELECT_AUTH_REQUIRE
};

struct select_settings {
    double max_distance_s;        /* maxdistance, 3.0 */
    double max_jitter_s;          /* maxjitter, 1.0 */
    double reselect_distance_s;   /* reselectdist, 1e-4 */
    double stratum_weight_s;      /* stratumweight, 0.001 */
    double combine_limit;         /* combinelimit, 3.0 */
    int min_sources;              /* minsources, 1 */
    int min_stratum, max_stratum; /* 0, 15 */
    enum select_auth_mode auth_mode;
    double max_clock_error; /* fraction */
    int orphan_stratum;     /* stratum of an orphan `local`, 16 = not in orphan mode
                             */
    uint32_t orphan_refid;  /* our own, for the comparison among orphans; 0 = unknown */
};

/* The letters of `selectdata` (spec chronyc 7.3). */
enum select_state {
    SELECT_NOSELECTED = 'N',
    SELECT_FEW_SAMPLES = 'M',
    SELECT_UNSYNCHRONISED = 's',
    SELECT_BAD_STRATUM = 'r',
    SELECT_BAD_DISTANCE = 'd',
    SELECT_JITTERY = '~',
    SELECT_WAITS_STATS = 'w',
    SELECT_STALE = 'S',
    SELECT_ORPHAN = 'O',
    SELECT_UNTRUSTED = 'T',
    SELECT_FALSETICKER = 'x',
    SELECT_WAITS_SOURCES = 'W',
    SELECT_NONPREFERRED = 'P',
    SELECT_WAITS_UPDATE = 'U',
    SELECT_DISTANT = 'D',
    SELECT_COMBINED = '+',
    SELECT_SELECTED = '*',
    SELECT_UNKNOWN = '?',
};

/* One source as it goes in, and what comes out. The caller keeps it from call to call. */
struct candidate {
    /* in */
    bool is_refclock, authenticated;
    uint8_t options; /* configured select_option bits */
    uint32_t refid;  /* the source's own reference id, for orphans */
    int stratum;     /* after the minstratum option */
    enum leap leap;
    bool has_estimate;
    struct estimate estimate; /* at the instant of selection */
    double offset_s;          /* estimate.truth - corrected clock: > 0, we are slow */
    double sd_s;              /* std dev of the samples */
    int samples;
    double oldest_age_s, newest_age_s;
    uint8_t reach;         /* register, newest poll in bit 0 */
    int reach_polls;       /* polls counted in it, 0..8 */
    int unreachable_polls; /* polls since reach became 0 */
    int max_unreach;
    bool updated;        /* has a new sample since it was last used */
    bool has_stats_soon; /* is being measured for the first time (state w) */
    /* kept between calls */
    double score;        /* 1.0 at first */
    int distant_updates; /* for D: updates it stays out */
    /* out */
    uint8_t effective_options;
    enum select_state state;
    struct reason reason;
    double low_s, high_s; /* interval of the true offset (truth - corrected) */
    double distance_s;    /* root distance now */
    /* private: order of the intervals' ends */
    uint32_t by_low, by_high;
};

struct selection {
    int selected;             /* index, -1 = none */
    int combined;             /* number of sources in `estimate`, 0 = no update of the clock
                               */
    int agreeing;             /* selected and combinable sources, also while `combined` is 0 */
    bool changed;             /* another source (or none) than in the previous call */
    struct estimate estimate; /* combined, at the instant of selection */
    double sd_s;              /* of the selected source's samples */
    int stratum;              /* of the selected source */
    enum leap leap;           /* by majority vote */
    struct reason reason;     /* why nothing is selected */
};

/* `previous` is the index selected before (-1 none), `updated` the index of the source whose
 * sample caused this call (-1: none, e.g. reselect). `at` is the instant for all estimates. */
void select_sources(const struct select_settings *settings, struct candidate *candidates,
                    size_t count, int previous, int updated, struct selection *out);

#endif
