/* sentences.h - reasons and verdicts as sentences for a human, in plain words with units.
 *
 * The daemon sends a reason as a stable name with the figure that decided and the limit it met;
 * here it becomes one sentence without a full stop. A name that this version does not know is shown
 * as it is, after removal of everything that is not printable. */
#ifndef CHRONYC_SENTENCES_H
#define CHRONYC_SENTENCES_H

#include "candm/messages.h"

#define SENTENCE_MAX 300
/* All that `sources` alone tells of a source that is not selected. */
#define REASON_NAME_SELECTABLE "selectable"
#define REASON_NAME_UNUSABLE "unusable"

/* "12 us", "1.25 ms", "3.4 s", "12 min", "5.1 h", "3.2 days" of the magnitude. */
const char *human_time(char *buf, size_t size, double seconds);
/* Why a source is used or not: "it is followed", "it has 2 samples, 3 are needed". */
const char *source_sentence(char *buf, size_t size, const struct candm_reason *r);
/* Why the host's verdict is what it is; empty if there is nothing to say. */
const char *host_sentence(char *buf, size_t size, const struct candm_reason *r);
/* "ok", "settling", "degraded", "unsynchronised", "not in control", "unknown" */
const char *verdict_word(unsigned state);
/* The name of a selectdata letter's reason, for daemons that give no reasons. */
const char *reason_of_letter(unsigned char letter);
/* Printable characters of a name that came over the wire; others become '?'. */
const char *clean_name(char *buf, size_t size, const char *name);

#endif
