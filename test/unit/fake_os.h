/* fake_os.h - a small world for unit tests of the clock and what stands on it.
 *
 * One oscillator with a settable error, a kernel clock that is steered and stepped, files in
 * memory, and a log that can be searched. Everything is a plain field, to be looked at and to be
 * disturbed. True time only moves when a test says so. */
#ifndef UNIT_FAKE_OS_H
#define UNIT_FAKE_OS_H

#include "base/log.h"
#include "base/timers.h"
#include "chronyd/os/os.h"

#define FAKE_FILES_MAX 16
#define FAKE_LOG_BYTES 65536

struct fake_file {
    char path[256];
    char *data;
    size_t length;
};

struct fake_os {
    struct os os;
    struct log log;
    struct timers timers;

    long double true_ns; /* since 1970 */
    long double mono_ns; /* steered, not stepped */
    long double raw_ns;  /* system clock */
    double freq;         /* of the oscillator, > 0: fast */
    double rate;         /* set in the kernel, fraction */
    double read_ns;      /* time that passes at each reading of a clock */
    bool mono_is_free;   /* the monotonic clock is not steered */
    double late_s;       /* how late timers fire */

    bool may_set, refuse_rate, refuse_step;
    double rate_resolution_ppm; /* 0 = exact */
    double max_rate_ppm;
    double suspended_s;
    int rates_set, steps;
    struct os_clock_status status;
    int statuses_set;

    char mail[1024]; /* the last one */

    struct fake_file files[FAKE_FILES_MAX];
    char lines[FAKE_LOG_BYTES]; /* all log lines, each with its newline */
    size_t lines_used;
};

/* True time, raw and mono start at `start_s` (mono at 1000 s), the oscillator is `freq_ppm` fast
 * and the system clock is `offset_s` ahead. */
void fake_init(struct fake_os *f, double start_s, double offset_s, double freq_ppm);
void fake_free(struct fake_os *f);
/* Time passes; no timer fires. */
void fake_pass(struct fake_os *f, double true_s);
/* Time passes and timers fire (late_s late each). */
void fake_run(struct fake_os *f, double true_s);
/* The host sleeps: true time and raw go on, mono does not. */
void fake_sleep(struct fake_os *f, double true_s);
/* Somebody else sets the clock. */
void fake_foreign_step(struct fake_os *f, double offset_s);
double fake_error_s(const struct fake_os *f); /* raw - true time */
struct utc fake_true(const struct fake_os *f);

void fake_write(struct fake_os *f, const char *path, const char *text);
const char *fake_read(const struct fake_os *f, const char *path); /* NULL if there is none */
bool fake_logged(const struct fake_os *f, const char *part);
int fake_log_count(const struct fake_os *f, const char *part);

#endif
