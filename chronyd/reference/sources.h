/* sources.h - the registry of everything that may tell the time, and who is followed.
 *
 * Sources live on a higher floor (ntp/, refclock/); here is the part of each that selection sees:
 * identity, options, reachability, samples, state. A new sample runs the selection and, when the
 * selected source was updated, hands the combined estimate to the reference. Also owns the logs
 * statistics, selection, and the dump files of samples.
 *
 * Order: refclocks in configuration order, then NTP sources as they were added or arranged. */
#ifndef CHRONYD_REFERENCE_SOURCES_H
#define CHRONYD_REFERENCE_SOURCES_H

#include "base/addr.h"
#include "chronyd/clock/clock.h"
#include "chronyd/os/logfile.h"
#include "chronyd/reference/reference.h"
#include "chronyd/track/select.h"
#include "chronyd/track/track.h"

enum source_kind { SOURCE_SERVER = 0, SOURCE_PEER = 1, SOURCE_REFCLOCK = 2 }; /* as in candm */

struct source_settings {
    enum source_kind kind;
    uint8_t select_options; /* enum select_option */
    int min_samples, max_samples;
    int max_unreach; /* 100000 */
    int min_stratum; /* 0 */
    double min_delay_s;
    double asymmetry; /* outside -0.5..0.5: estimate */
    bool authenticated;
};

struct sources;
struct source; /* lent to its owner from sources_add until sources_remove */

struct sources_settings {
    struct select_settings select;
    bool log_statistics, log_selection;
    struct logfile_settings logs;
};

struct sources *sources_create(const struct os *os, const struct log *log, struct clock *clock,
                               struct reference *ref, const struct sources_settings *settings);
void sources_destroy(struct sources *ss);
/* The daemon ends: sources that are removed from now on leave the reference as it is, in silence.
 */
void sources_stop(struct sources *ss);

/* --- for the owners of sources --- */
/* `name` as configured (NULL for a refclock), copied. The address may be an ID. refid: of the
 * source itself. */
struct source *sources_add(struct sources *ss, const struct source_settings *settings,
                           const char *name, const struct addr *addr, uint32_t refid);
void sources_remove(struct sources *ss, struct source *s);
/* Many will be removed: the selection waits for the release. */
void sources_hold(struct sources *ss);
void sources_release(struct sources *ss);
/* Put all sources that are no refclocks into this order. */
void sources_arrange(struct sources *ss, struct source *const *order, size_t count);
void source_set_address(struct source *s, const struct addr *addr, uint32_t refid); /* + reset */
/* Another reference id for what is announced when it is selected (option copy); keeps the samples.
 */
void source_set_refid(struct source *s, uint32_t refid);
/* The source's clock was stepped forward by offset_s and told us so: its past samples move along.
 */
void source_shift(struct source *s, double offset_s);
/* Reference id that our own address has for this source (what addr_refid gives for the local end);
 * decides among orphans who follows whom. */
void source_set_local_refid(struct source *s, uint32_t refid);
void source_set_settings(struct source *s, const struct source_settings *settings);
const struct source_settings *source_settings(const struct source *s);
/* Takes part in selection at all (online, or has samples); an inactive one keeps its samples. */
void source_set_active(struct source *s, bool active);
/* One poll ended: a synchronised reply came (true), or an unsynchronised or none (false). */
void source_update_reach(struct source *s, bool reached);
void source_reset_reach(struct source *s);
/* It is not asked any longer. */
void source_fell_silent(struct source *s);
/* The results of the last polls, the newest in the lowest bit; how many of them there are yet. */
#define SOURCE_REACH_BITS 8
uint8_t source_reach(const struct source *s);
int source_reach_polls(const struct source *s); /* 0..SOURCE_REACH_BITS */
/* What the last good packet said about the source. */
void source_update_status(struct source *s, int stratum, enum leap leap);
/* A measurement: adds it, logs statistics, runs the selection. */
void source_add_sample(struct source *s, const struct sample *sample);
/* Drop its samples (reset sources, address change). */
void source_reset(struct source *s);
struct track *source_track(struct source *s);
/* Was it bad (falseticker, distance, jitter, stratum) this many selections in a row while it was
 * the one updated? The owner replaces it at 4. */
int source_bad_selections(const struct source *s);
bool source_is_selected(const struct source *s);

/* --- for everyone --- */
size_t sources_count(const struct sources *ss);
struct source *sources_at(struct sources *ss, size_t index); /* NULL if out of range */
struct source *sources_find(struct sources *ss, const struct addr *addr);
struct source *sources_find_refid(struct sources *ss, uint32_t refid); /* refclocks */
const char *source_name(const struct source *s); /* as configured; NULL for a refclock */
/* "192.0.2.7", "192.0.2.7 (ntp.example)", "GPS0" for log lines. */
const char *source_text(const struct source *s, char *buf, size_t size);

/* Run the selection: on a change of options, reach or time. `updated` NULL = no new sample. */
void sources_select(struct sources *ss, struct source *updated);
/* Without the reselection distance, all scores equal (chronyc reselect). */
void sources_reselect(struct sources *ss);
void sources_set_reselect_distance(struct sources *ss, double distance_s);
void sources_set_select_options(struct source *s, uint8_t options);
void sources_reset(struct sources *ss);                 /* drop all samples */
void sources_break(struct sources *ss, double slept_s); /* the host slept */
/* Counts of the oscillator since then turned out to be wrong. */
void sources_break_since(struct sources *ss, struct osc since);
void sources_cycle_logs(struct sources *ss);
/* Dump files, spec chrony-conf 19.3. */
void sources_dump(struct sources *ss, const char *dir);
void sources_load_dumps(struct sources *ss, const char *dir);
void sources_remove_dumps(struct sources *ss, const char *dir);

/* What sources, sourcestats and selectdata show. Offsets here: truth - corrected, > 0 = we are slow
 * (candm's tables want the opposite sign; the handler turns it). */
struct source_report {
    enum source_kind kind;
    struct addr addr; /* or an ID; refclock: ADDR_NONE */
    uint32_t refid;
    int stratum;
    uint8_t reach;
    bool has_sample;
    double sample_age_s;
    double offset_then_s; /* last sample as measured */
    double offset_now_s;  /* the same against the corrected line of now */
    double error_s;       /* root distance of the last sample */
    struct track_report track;
    bool has_estimate;
    double offset_s, offset_sd_s; /* estimate now */
    double resid_freq_ppm;        /* source's estimate minus the clock's frequency */
    struct candidate select;      /* as of the last selection */
    bool authenticated;
};
void source_report(const struct source *s, struct source_report *out);
const struct selection *sources_selection(struct sources *ss);

#endif
