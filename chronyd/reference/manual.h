/* manual.h - the time as somebody types it in (chronyc settime).
 *
 * Keeps the last entries, at most 16, as points of the oscillator's axis, so that no correction of
 * the clock ever touches them. Each entry replaces what is believed to be true: the offset comes
 * from a line through all entries, the frequency too once the entries tell more than the
 * carelessness of whoever typed them. Decides nothing about synchronisation: a clock set by hand
 * is still an unsynchronised one. */
#ifndef CHRONYD_REFERENCE_MANUAL_H
#define CHRONYD_REFERENCE_MANUAL_H

#include "chronyd/clock/clock.h"
#include "chronyd/reference/reference.h"

#define MANUAL_SAMPLES_MAX 16

struct manual;

/* `enabled`: the directive `manual`. */
struct manual *manual_create(struct clock *clock, struct reference *ref, bool enabled);
void manual_destroy(struct manual *m); /* NULL is allowed */

void manual_enable(struct manual *m, bool enabled);
/* Forget all entries; the clock stays as it is. */
void manual_reset(struct manual *m);

enum manual_status {
    MANUAL_ACCEPTED,
    MANUAL_DISABLED,
    MANUAL_REFUSED, /* no sane time, or less than a second after the previous entry */
};

/* What an entry did. */
struct manual_result {
    double offset_s;   /* > 0: the clock was fast */
    double change_ppm; /* of the frequency */
    double freq_ppm;   /* > 0: the oscillator is fast */
};
/* It is `truth` now, says the operator. */
enum manual_status manual_enter(struct manual *m, struct utc truth, struct manual_result *out);

struct manual_entry {
    struct utc when;   /* as entered */
    double original_s; /* > 0: the clock was fast when this was entered */
    double slewed_s;   /* the same against what is believed now */
    double residual_s; /* against the line through all entries */
};
size_t manual_count(const struct manual *m);
/* index < manual_count, 0 is the oldest. */
void manual_entry(const struct manual *m, size_t index, struct manual_entry *out);
/* Forget one entry and believe the others; false if there is no such entry. */
MUST_CHECK bool manual_delete(struct manual *m, size_t index);

#endif
