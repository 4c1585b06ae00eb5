/* verdict.h - the one verdict on the host's clock, and the bound on its error. */
#ifndef CHRONYD_REFERENCE_VERDICT_H
#define CHRONYD_REFERENCE_VERDICT_H

#include "base/reason.h"

enum verdict_state {
    VERDICT_OK,       /* synchronised, bound holds */
    VERDICT_SETTLING, /* synchronised, an offset is still being slewed out */
    VERDICT_DEGRADED, /* synchronised, but the sources are gone or the bound has grown */
    VERDICT_UNSYNCHRONISED,
    VERDICT_NOT_IN_CONTROL, /* we know the time, but may not set the clock */
};

struct verdict {
    enum verdict_state state;
    double bound_s;    /* |remaining correction| + root dispersion + root delay / 2 */
    double expected_s; /* what the error stays below 99.9 per cent of the time, if the paths are as
                          symmetric as they look; at most bound_s */
    struct reason reason;
};

const char *verdict_name(enum verdict_state state); /* "ok", "settling", ... */

#endif
