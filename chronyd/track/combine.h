/* combine.h - one estimate out of several that agree.
 *
 * Weighs each source by the variance of its estimate, and by what its path may hide (an
 * asymmetric route shifts the offset by up to half its delay, and no number of samples shows
 * it). Private to track/. */
#ifndef CHRONYD_TRACK_COMBINE_H
#define CHRONYD_TRACK_COMBINE_H

#include <stddef.h>

#include "chronyd/track/select.h"

/* Combines the candidates in state SELECT_SELECTED and SELECT_COMBINED; `selected` is the index
 * of the first. All estimates are for the same instant. Returns how many were combined. */
int combine_sources(const struct candidate *candidates, size_t count, int selected,
                    struct estimate *out);

#endif
