/* drift.h - the drift file: the frequency that outlives the process (spec chrony-conf 19.2). */
#ifndef CHRONYD_CLOCK_DRIFT_H
#define CHRONYD_CLOCK_DRIFT_H

#include "base/err.h"
#include "chronyd/os/os.h"

struct drift {
    double freq_ppm; /* > 0: the oscillator is fast; 0 in the file: keep the kernel's */
    double skew_ppm;
};

/* ERR_MISSING when there is no file; ERR_SYNTAX when it has no two numbers. */
MUST_CHECK bool drift_read(const struct os *os, const char *path, struct drift *out,
                           struct err *err);
MUST_CHECK bool drift_write(const struct os *os, const char *path, const struct drift *drift,
                            struct err *err);

#endif
