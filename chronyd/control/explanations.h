/* explanations.h - why things are as they are: the verdict on the host, and on each source. */
#ifndef CHRONYD_CONTROL_EXPLANATIONS_H
#define CHRONYD_CONTROL_EXPLANATIONS_H

#include "candm/messages.h"
#include "chronyd/control/control.h"

void explain_verdict(const struct control_rooms *rooms, struct candm_rpy_verdict *out);
void explain_source(const struct control_rooms *rooms, const struct source *s,
                    struct candm_rpy_source_reason *out);

/* State and reason of a source that has not been through a selection yet. `options`: as configured.
 */
void complete_selection(struct source_report *report, uint8_t options);

#endif
