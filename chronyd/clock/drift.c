/* drift.c - read and write the drift file. */
#include "chronyd/clock/drift.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DRIFT_FILE_MAX 4096
#define SKEW_MIN_PPM 1e-6

/* One number at *text, which is moved past it. strtod in the C locale takes what scanf %lf takes.
 */
static bool next_number(const char **text, double *out)
{
    char *end;

    *out = strtod(*text, &end);
    if (end == *text || !isfinite(*out))
        return false;
    *text = end;
    return true;
}

bool drift_read(const struct os *os, const char *path, struct drift *out, struct err *err)
{
    struct err why = {0};
    char *data;
    size_t length;
    const char *at;
    bool good;

    if (!os->ops->file_read(os->ctx, path, DRIFT_FILE_MAX, &data, &length, &why)) {
        if (why.sys == ENOENT)
            why.code = ERR_MISSING;
        if (err)
            *err = why;
        return false;
    }
    at = data;
    good = next_number(&at, &out->freq_ppm) && next_number(&at, &out->skew_ppm);
    free(data);
    if (!good)
        return err_set(err, ERR_SYNTAX, "Could not read valid frequency and skew from driftfile %s",
                       path);
    if (out->skew_ppm < SKEW_MIN_PPM)
        out->skew_ppm = SKEW_MIN_PPM;
    return true;
}

bool drift_write(const struct os *os, const char *path, const struct drift *drift, struct err *err)
{
    char line[96];
    int n = snprintf(line, sizeof(line), "%20.6f %20.6f\n", drift->freq_ppm, drift->skew_ppm);

    if (n < 0 || (size_t)n >= sizeof(line))
        return err_set(err, ERR_RANGE, "Frequency %g ppm is out of range for %s", drift->freq_ppm,
                       path);
    return os->ops->file_replace(os->ctx, path, line, (size_t)n, 0644, err);
}
