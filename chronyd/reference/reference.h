/* reference.h - what the host's time is: when to step, slew, refuse or hold.
 *
 * Takes combined estimates from selection, decides with makestep, maxchange, maxupdateskew and the
 * leap second rules what the clock is told, keeps the reference figures that the server announces
 * (RFC 5905 section 7.3), the local reference, the drift file, and the verdict. */
#ifndef CHRONYD_REFERENCE_REFERENCE_H
#define CHRONYD_REFERENCE_REFERENCE_H

#include "base/addr.h"
#include "chronyd/clock/clock.h"
#include "chronyd/os/logfile.h"
#include "chronyd/reference/smooth.h"
#include "chronyd/reference/verdict.h"
#include "chronyd/track/sample.h"

enum leapsec_mode { LEAPSEC_SYSTEM, LEAPSEC_STEP, LEAPSEC_SLEW, LEAPSEC_IGNORE };

struct local_settings {
    bool enabled;
    int stratum; /* 1..15, 10 */
    bool orphan;
    double distance_s;      /* 1.0 */
    double activate_s;      /* 0 = at once */
    double wait_synced_s;   /* 0 */
    double wait_unsynced_s; /* 0; 300 with orphan */
};

enum reference_mode {
    REFERENCE_NORMAL,
    REFERENCE_UPDATE_ONCE, /* -q: first update steps, then ended */
    REFERENCE_INITIAL,     /* initstepslew: the first update steps or slews, then normal */
    REFERENCE_PRINT_ONCE,  /* -Q: logs the offset, then ended */
};

struct reference_settings {
    enum reference_mode mode;
    double makestep_threshold_s;
    int makestep_limit; /* < 0 always, 0 never */
    double maxchange_s;
    int maxchange_start;        /* < 0: off */
    int maxchange_ignore;       /* < 0: for ever */
    double max_update_skew_ppm; /* 1000 */
    double corr_time_ratio;     /* 3.0 */
    double log_change_s;        /* 1.0 */
    bool rtcsync;
    enum leapsec_mode leapsec_mode;
    const char *leapsec_tz; /* NULL: none. Strings are lent by the configuration */
    const char *leapsec_list;
    const char *drift_file;
    int drift_interval_s;                       /* 3600 */
    int fallback_drift_min, fallback_drift_max; /* log2 s, 0 = off */
    struct local_settings local;
    bool log_tracking;
    struct logfile_settings logs;
    struct smooth_limits smooth; /* smoothtime */
    const char *mail_user;       /* mailonchange */
    double mail_threshold_s;
};

struct reference;

struct reference *reference_create(const struct os *os, struct timers *timers,
                                   const struct log *log, struct clock *clock,
                                   const struct reference_settings *settings);
/* Reads the drift file and starts timers; after privileges were dropped. */
void reference_start(struct reference *r);
/* Writes the drift file. */
void reference_destroy(struct reference *r);

/* One combined estimate and where it comes from. */
struct reference_update {
    struct estimate estimate;
    double sd_s;       /* std dev of the selected source's samples */
    int sources;       /* combined */
    double interval_s; /* between the two newest samples of the selected source */
    int stratum;       /* of the selected source */
    enum leap leap;    /* voted */
    uint32_t refid;    /* of the selected source */
    struct addr addr;  /* ADDR_NONE for a refclock */
};
/* Selection has a new combined estimate. */
void reference_update(struct reference *r, const struct reference_update *u);
/* Nothing to follow any more; `why` is kept for the verdict. The clock runs on. */
void reference_unsynchronise(struct reference *r, const struct reference_update *last,
                             const struct reason *why);
/* Selection found nothing this time but the old reference still holds (no log, no state change). */
void reference_explain(struct reference *r, const struct reason *why);
/* The system clock jumped (foreign step or sleep). */
void reference_clock_jumped(struct reference *r, const struct clock_jump *jump);
/* Manual input (settime) and -s: offset > 0 = clock slow. */
void reference_manual(struct reference *r, double offset_s, double freq_ppm, bool has_freq);

/* What the server announces, at the corrected time `now`. */
struct reference_figures {
    bool synchronised; /* includes the local reference */
    bool local;        /* the local reference is what is announced */
    enum leap leap;    /* as announced */
    int stratum;       /* 16 = unsynchronised; announced as 0 on the wire */
    uint32_t refid;
    struct addr addr;    /* of the selected source */
    struct utc ref_time; /* last update, corrected time */
    double root_delay_s, root_dispersion_s;
    double dispersion_rate;              /* growth of the dispersion per second */
    bool smoothing;                      /* served time differs from corrected time by ... */
    double smooth_offset_s, smooth_freq; /* ... this, now, and grows by this per second */
};
void reference_figures(const struct reference *r, struct reference_figures *out);
/* A number that changes whenever figures or the clock's lines change: views are rebuilt then. */
uint64_t reference_generation(const struct reference *r);

/* tracking */
struct reference_report {
    struct reference_figures figures; /* stratum 0 if unsynchronised */
    double remaining_s;               /* > 0: system clock is slow of corrected time */
    double last_offset_s;             /* > 0: clock was ahead at the last update */
    double rms_offset_s;
    double freq_ppm, resid_freq_ppm, skew_ppm;
    double update_interval_s;
    long updates, steps; /* since start */
    long foreign_steps;  /* by somebody else, noticed since start */
    double last_step_s;  /* newest of both kinds, > 0: forward */
};
void reference_report(const struct reference *r, struct reference_report *out);
void reference_verdict(const struct reference *r, struct verdict *out);

/* smoothing; false: smoothtime is not configured. Offset > 0: served time is ahead. */
struct reference_smoothing {
    bool active, leap_only;
    double offset_s, freq_ppm, wander_ppm, last_update_ago_s, remaining_s;
};
bool reference_smoothing(const struct reference *r, struct reference_smoothing *out);
/* smoothtime activate, reset; false: not configured. */
bool reference_smoothing_command(struct reference *r, bool activate);

/* Run-time changes (chronyc). */
void reference_set_local(struct reference *r, const struct local_settings *s);
void reference_set_makestep(struct reference *r, double threshold_s, int limit);
void reference_set_max_update_skew(struct reference *r, double ppm);
bool reference_make_step(struct reference *r);                   /* makestep without arguments */
bool reference_add_offset(struct reference *r, double offset_s); /* doffset: > 0 clock is ahead */
void reference_add_freq(struct reference *r, double ppm);        /* dfreq */
void reference_cycle_logs(struct reference *r);
/* UTC is relabelled by offset_s (-1: a second was inserted): times of day that are kept have to be
 * moved by it. One listener (sources). */
void reference_set_leap_listener(struct reference *r, void (*leaped)(void *ctx, double offset_s),
                                 void *ctx);
/* The sum of that over all leap seconds so far, for others that keep times of day. */
double reference_relabelled_s(const struct reference *r);
/* TAI - UTC at `t` from leapsectz or leapseclist; 0 = not known. */
int reference_tai_offset(struct reference *r, struct utc t);
/* Is a leap second within the window in which samples are to be dropped? (+-5 s) */
bool reference_in_leap_window(const struct reference *r, struct utc t);
int reference_orphan_stratum(const struct reference *r); /* 16 = not an orphan */

/* -q, -Q: has the one update been made? */
enum reference_once { ONCE_WAITING, ONCE_DONE, ONCE_FAILED };
enum reference_once reference_once(const struct reference *r);
bool reference_is_once(const struct reference *r); /* -q or -Q at all */
bool reference_is_synchronised(const struct reference *r);
/* Go through one update of mode REFERENCE_INITIAL (an offset of threshold_s or more is stepped);
 * the end returns to normal mode, whether there was an update or not. */
void reference_begin_initial(struct reference *r, double threshold_s);
void reference_end_initial(struct reference *r);
/* maxchange exceeded: the daemon has to end with status 1. */
bool reference_wants_exit(const struct reference *r);

#endif
