/* tempcomp.h - compensation of the oscillator's frequency by a temperature sensor (directive
 * tempcomp, spec chrony-conf section 9).
 *
 * Reads a number from a file now and then, makes ppm of it, and lets the clock take that out of the
 * oscillator (clock_set_temp_comp), so that what the samples see is the compensated oscillator. A
 * result beyond 10 ppm is a broken sensor and is refused. */
#ifndef CHRONYD_CLOCK_TEMPCOMP_H
#define CHRONYD_CLOCK_TEMPCOMP_H

#include "chronyd/clock/clock.h"
#include "chronyd/os/logfile.h"

#define TEMPCOMP_MAX_PPM 10.0

struct tempcomp_law {
    const char *sensor; /* path; NULL = off. Strings are lent by the configuration */
    double interval_s;  /* <= 0: 1 s */
    double t0, k0, k1, k2;
    const char *points; /* path of "temperature compensation" lines; NULL: coefficients */
    bool log;           /* tempcomp.log */
    struct logfile_settings logs;
};

struct tempcomp;

/* NULL without an error if it is off; NULL with one if the points file is bad (fatal at start). */
struct tempcomp *tempcomp_create(const struct os *os, struct timers *timers, const struct log *log,
                                 struct clock *clock, const struct tempcomp_law *law,
                                 struct err *err);
void tempcomp_destroy(struct tempcomp *t); /* NULL is allowed */
/* Begin to read the sensor; with the final privileges. NULL is allowed here and below. */
void tempcomp_start(struct tempcomp *t);
void tempcomp_cycle_logs(struct tempcomp *t);
/* What a temperature gives, ppm, > 0: the clock has to run faster. */
double tempcomp_ppm(const struct tempcomp *t, double temperature);

#endif
