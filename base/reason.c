/* reason.c - the names of reasons. */
#include "base/reason.h"

#include <string.h>

static const char *const names[REASON_COUNT] = {
    [REASON_NONE] = "none",
    [REASON_UNRESOLVED] = "unresolved",
    [REASON_NO_ROUTE] = "no-route",
    [REASON_NO_REPLY] = "no-reply",
    [REASON_REFUSED] = "refused",
    [REASON_OFFLINE] = "offline",
    [REASON_TEST_FAILED] = "test-failed",
    [REASON_AUTH_FAILED] = "auth-failed",
    [REASON_KEY_MISSING] = "key-missing",
    [REASON_KISS_RATE] = "kiss-rate",
    [REASON_NOSELECT] = "noselect",
    [REASON_FEW_SAMPLES] = "few-samples",
    [REASON_UNSYNCHRONISED] = "unsynchronised",
    [REASON_STRATUM] = "stratum",
    [REASON_DISTANCE] = "distance",
    [REASON_JITTER] = "jitter",
    [REASON_WAITS_FOR_OTHERS] = "waits-for-others",
    [REASON_STALE] = "stale",
    [REASON_ORPHAN] = "orphan",
    [REASON_FALSETICKER] = "falseticker",
    [REASON_NO_MAJORITY] = "no-majority",
    [REASON_UNTRUSTED] = "untrusted",
    [REASON_FEW_SOURCES] = "few-sources",
    [REASON_REQUIRED_MISSING] = "required-missing",
    [REASON_NOT_PREFERRED] = "not-preferred",
    [REASON_WAITS_FOR_UPDATE] = "waits-for-update",
    [REASON_OUTLIER_DISTANCE] = "outlier-distance",
    [REASON_COMBINED] = "combined",
    [REASON_SELECTED] = "selected",
    [REASON_NO_SOURCES] = "no-sources",
    [REASON_NO_SELECTABLE] = "no-selectable",
    [REASON_NOT_UPDATED] = "not-updated",
    [REASON_SLEWING] = "slewing",
    [REASON_OFFSET_IGNORED] = "offset-ignored",
    [REASON_INTERFERENCE] = "interference",
    [REASON_CLOCK_JUMPED] = "clock-jumped",
    [REASON_NO_PERMISSION] = "no-permission",
    [REASON_CONTROL_OFF] = "control-off",
    [REASON_LOCAL] = "local",
    [REASON_ERROR_LARGE] = "error-large",
};

const char *reason_name(enum reason_code code)
{
    return (unsigned)code < REASON_COUNT && names[code] ? names[code] : "unknown";
}

enum reason_code reason_from_name(const char *name)
{
    int code = 0;

    while (code < REASON_COUNT && strcmp(names[code], name) != 0)
        code++;
    return (enum reason_code)code;
}
