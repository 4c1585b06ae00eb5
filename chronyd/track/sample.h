/* sample.h - one measurement of a source, and what many of them say together. */
#ifndef CHRONYD_TRACK_SAMPLE_H
#define CHRONYD_TRACK_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

enum leap { LEAP_NORMAL = 0, LEAP_INSERT = 1, LEAP_DELETE = 2, LEAP_UNSYNCHRONISED = 3 };

struct sample {
    struct osc at;            /* the instant of the measurement (middle of the exchange) */
    struct utc truth;         /* what the source says the time was at that instant */
    double delay_s;           /* round trip to the source (peer delay), >= 0 */
    double dispersion_s;      /* uncertainty of this measurement (peer dispersion) */
    double root_delay_s;      /* from us to the root: the source's own plus delay_s */
    double root_dispersion_s; /* the source's own plus dispersion_s */
    double offset_then_s;     /* truth - corrected time when it was taken; > 0: we
                                 were slow */
};

/* A second reading of the same samples, with more wander of the oscillator (restless.h). */
struct restless {
    double apart_s, apart_freq;   /* from the estimate: offset, and slope (fraction) */
    double var_x, cov, var_slope; /* of its offset and slope, s^2, s and 1 */
    double wander;                /* per square root of a second */
};

/* The source's clock as seen from the oscillator. */
struct estimate {
    struct osc at;      /* the instant for which this holds */
    struct utc truth;   /* estimated time of the source then */
    double offset_sd_s; /* standard deviation of that */
    double freq_ppm;    /* oscillator against the source, > 0: oscillator fast
                           (absolute) */
    double skew_ppm;    /* bound of its error, as chrony shows it */
    struct restless restless;
    double root_delay_s;
    double root_dispersion_s; /* of the estimate, grown to `at` */
    double open_rate;         /* the least that it grows by later, per second; 0 = skew_ppm tells */
};

#endif
