/* reason.h - why a decision was taken, as a value.
 *
 * Every verdict on a source, on an update and on the host carries one. Letters in `sources` and
 * `selectdata`, log lines, `explain`, JSON and metrics are rendered from it and from nothing else.
 */
#ifndef BASE_REASON_H
#define BASE_REASON_H

enum reason_code {
    REASON_NONE, /* nothing to explain: all is well */
    /* sources that cannot be talked to */
    REASON_UNRESOLVED,  /* no address yet; figure = seconds to the next try */
    REASON_NO_ROUTE,    /* sending fails */
    REASON_NO_REPLY,    /* requests went out, nothing ever came back; figure = requests */
    REASON_REFUSED,     /* ICMP port unreachable */
    REASON_OFFLINE,     /* switched off; figure = seconds ago */
    REASON_TEST_FAILED, /* replies fail a test; figure = test number 1..7, 10..13 = A..D */
    REASON_AUTH_FAILED, /* MAC missing or wrong; figure = key id */
    REASON_KEY_MISSING, /* configured key is not in the key file; figure = key id */
    REASON_KISS_RATE,   /* the server asks us to slow down */
    /* selection, in the order in which the states are assigned (spec chrony-conf section 8) */
    REASON_NOSELECT,         /* told not to use it */
    REASON_FEW_SAMPLES,      /* figure = samples, limit = needed */
    REASON_UNSYNCHRONISED,   /* says itself that it is not */
    REASON_STRATUM,          /* figure = stratum, limit = min or max */
    REASON_DISTANCE,         /* root distance; figure, limit = maxdistance, s */
    REASON_JITTER,           /* figure = std dev, limit = maxjitter, s */
    REASON_WAITS_FOR_OTHERS, /* others will soon have enough samples */
    REASON_STALE,            /* unreachable, others have newer samples; figure = age s */
    REASON_ORPHAN,           /* only of use when nothing better is there */
    REASON_FALSETICKER, /* interval outside the majority's; figure, limit = the two near ends */
    REASON_NO_MAJORITY, /* figure = largest agreeing group, limit = needed */
    REASON_UNTRUSTED,   /* outside the interval of trusted sources */
    REASON_FEW_SOURCES, /* figure = selectable, limit = minsources */
    REASON_REQUIRED_MISSING, /* no source with `require` is selectable */
    REASON_NOT_PREFERRED,    /* others have `prefer` */
    REASON_WAITS_FOR_UPDATE, /* agrees, but has no new sample */
    REASON_OUTLIER_DISTANCE, /* too distant to be combined; figure, limit */
    REASON_COMBINED,         /* used together with the selected one */
    REASON_SELECTED,
    /* the host */
    REASON_NO_SOURCES,    /* none configured */
    REASON_NO_SELECTABLE, /* none can be used; figure = sources */
    REASON_NOT_UPDATED,   /* no update since start or for long; figure = seconds */
    REASON_SLEWING,       /* an offset is being slewed out; figure = remaining s, limit = seconds */
    REASON_OFFSET_IGNORED, /* maxchange; figure = offset, limit = maxchange */
    REASON_INTERFERENCE,   /* another program steers the clock; figure = ppm */
    REASON_CLOCK_JUMPED,   /* stepped by somebody else; figure = s */
    REASON_NO_PERMISSION,  /* CAP_SYS_TIME is missing */
    REASON_CONTROL_OFF,    /* -x */
    REASON_LOCAL,          /* the local reference is served */
    REASON_ERROR_LARGE,    /* synchronised, but the bound is large; figure, limit */
    REASON_COUNT
};

struct reason {
    enum reason_code code;
    double figure;         /* what decided, SI units unless the code says otherwise */
    double limit;          /* what it met */
    const char *directive; /* static: the directive or option that sets the limit, NULL = none */
};

/* A short stable identifier ("falseticker") for JSON and metrics. */
const char *reason_name(enum reason_code code);
/* The code of such a name; REASON_COUNT if it has none. */
enum reason_code reason_from_name(const char *name);

#endif
