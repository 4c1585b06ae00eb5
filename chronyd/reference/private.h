/* private.h - the inside of struct reference, shared by the files that decide its parts:
 * reference.c (what to do with an update), figures.c (what is announced), leap.c (leap seconds),
 * fallback.c (frequencies for times without sources), tracking_log.c, verdict.c. */
#ifndef CHRONYD_REFERENCE_PRIVATE_H
#define CHRONYD_REFERENCE_PRIVATE_H

#include "chronyd/reference/leap_table.h"
#include "chronyd/reference/reference.h"

#define REFID_LOCAL UINT32_C(0x7f7f0101)
#define REFID_MANUAL UINT32_C(0x4d414e55) /* "MANU" */
#define STRATUM_NONE 16
/* What an unsynchronised server says of itself. */
#define UNSYNCHRONISED_ROOT_S 1.0
#define SKEW_UNKNOWN_PPM 1e6
#define FALLBACK_SPANS 32

enum leap_stage {
    LEAP_IDLE,
    LEAP_ARMED,  /* the timer is set for the moment */
    LEAP_AWAITS, /* the moment has come; the kernel is to move its clock */
    LEAP_CLOSING /* it is in the clock; for 2 s more "unsynchronised" is announced */
};

/* The next leap second, from the moment when it is certain until it is over. */
struct leap_state {
    enum leap_stage stage;
    enum leap kind;
    struct utc when;         /* the midnight that follows it, corrected time */
    bool in_kernel;          /* the kernel was told */
    int kernel_tai;          /* TAI - UTC that the kernel was told, 0 = nothing */
    bool unsynced;           /* announced as unsynchronised ... */
    struct osc unsynced_end; /* ... until then */
    struct utc done;         /* midnight of the last one, so that late votes do not repeat it */
    bool ignored;            /* the clock did not make it and was not measured since */
    double relabelled_s;     /* the sum of all relabellings */
    struct timer timer;
};

/* One long-term average of the frequency. */
struct fallback_span {
    double freq_ppm, seconds;
};

/* Changes of the frequency over 2^k seconds, k from 8 to 17 (4 minutes to a day and a half). */
#define HOLDOVER_LAG_MIN 8
#define HOLDOVER_LAGS 10
struct holdover_lag {
    double freq_ppm, skew_ppm, age_s; /* what it was, and how long ago */
    double square_ppm2;               /* mean square of the changes; <= 0: none seen */
    bool known;
    int count;
};

struct fallback {
    struct fallback_span span[FALLBACK_SPANS];
    int next; /* log2 of the span whose turn comes next */
    struct timer timer;
};

struct reference {
    struct os os;
    struct timers *timers;
    const struct log *log;
    struct clock *clock;
    struct reference_settings settings;
    struct logfile *tracking_log;
    uint64_t generation;

    /* what is followed */
    bool synchronised;
    bool ever_logged; /* the first, unsynchronised record of tracking.log is written */
    enum leap leap;
    int stratum, sources;
    uint32_t refid;
    struct addr addr;
    struct osc updated_at;
    struct utc ref_time;
    double root_delay_s, root_dispersion_s; /* as of updated_at */
    double skew_ppm, resid_freq_ppm, open_rate_ppm;
    double last_offset_s; /* correction: > 0, the clock was slow */
    double rms_square_s2;
    double offset_sd_s;
    struct restless restless;
    double shaken_s; /* what may have moved the clock since, unseen */
    double update_interval_s;
    double initial_threshold_s; /* initstepslew */
    long updates, steps, foreign_steps;
    double last_step_s;
    double max_error_s; /* largest since the last tracking record */

    /* policy */
    int makestep_left;
    double makestep_threshold_s;
    int maxchange_start_left, maxchange_ignore_left;
    enum reference_once once;
    bool wants_exit;
    struct reason trouble; /* REASON_NONE: nothing stands against what is followed */
    bool interference;

    /* local reference */
    struct osc unsynced_since;
    bool local_activated;

    /* drift file */
    double drift_age_s; /* of update intervals since it was written */
    bool drift_dirty;

    struct leap_state leaps;
    struct leap_source *leap_source;
    void (*leaped)(void *ctx, double offset_s);
    void *leaped_ctx;
    struct fallback fallback;
    struct holdover_lag holdover[HOLDOVER_LAGS];
    struct smooth smooth;
    struct timer status_timer; /* the kernel's figures and the local reference grow old */
};

/* served.c: the corrected line before a change, and what the change means for the served time. */
struct line {
    struct osc at;
    struct utc truth;
    double freq;
};
struct line reference_line(const struct reference *r);
void reference_line_moved(struct reference *r, const struct line *before, bool leap);
void reference_smooth_update(struct reference *r);
void reference_smooth_restart(struct reference *r); /* after a step: nothing to smooth */

/* figures.c */
/* Growth per second, age_s after the last update. */
double reference_dispersion_rate(const struct reference *r, double age_s);
double reference_root_dispersion_s(const struct reference *r, struct osc at);
/* Bound on the error of the system clock without the announced parts of a local reference. */
double reference_bound_s(const struct reference *r);
double reference_expected_error_s(const struct reference *r);
bool reference_local_active(const struct reference *r, struct osc at);
/* After anything that changes what is announced: kernel status, timer for the next change. */
void reference_announce(struct reference *r);
void reference_notice_interference(struct reference *r);
void reference_status_fired(void *ctx, struct mono now);

/* leap.c */
void reference_leap_start(struct reference *r);
/* The vote of an update; arms, disarms and tells the kernel. */
void reference_leap_update(struct reference *r, enum leap voted);
/* Was this jump of the system clock the leap second? */
bool reference_leap_jumped(struct reference *r, const struct clock_jump *jump);
enum os_leap reference_leap_for_kernel(const struct reference *r);
/* How far off the label of the present second may be if the clock is within bound_s: 0 or 1 s. */
double reference_leap_doubt_s(const struct reference *r, double bound_s);
void reference_leap_fired(void *ctx, struct mono now);

/* holdover.c: standard deviation of what the frequency strays within age_s; 0 = not known. */
void reference_holdover_update(struct reference *r, double interval_s);
double reference_holdover_ppm(const struct reference *r, double age_s);

/* fallback.c */
void reference_fallback_update(struct reference *r, double interval_s);
void reference_fallback_fired(void *ctx, struct mono now);

/* mail.c: to be called with each offset that is going to be corrected (> 0: slow). */
void reference_mail_change(struct reference *r, double offset_s);

/* tracking_log.c */
void reference_log_open(struct reference *r);
struct tracking_record {
    bool synchronised;
    uint32_t refid;
    struct addr addr;
    double offset_s, remaining_s; /* corrections: > 0, the clock is slow */
};
void reference_log_record(struct reference *r, const struct tracking_record *t);
/* Four letters of a refid, or the address, "0.0.0.0" without any. */
const char *reference_id_text(uint32_t refid, const struct addr *addr, char *buf, size_t size);

#endif
