/* asymmetry.h - in which direction the queue stands.
 *
 * A queue in one direction alone shifts the offset by half of what it adds to the round trip.
 * Where in their bounds the samples of long delay lie tells in which direction; people read it
 * in statistics.log. The estimate does not use it: in simulated networks the correction made
 * matters worse even where all queues stood in one direction (doc/clock-quality.adoc). Private
 * to track/. */
#ifndef CHRONYD_TRACK_ASYMMETRY_H
#define CHRONYD_TRACK_ASYMMETRY_H

#include <stddef.h>

struct asymmetry {
    double value; /* -0.5: all that varies is on the way to the source; 0.5: on the way back */
    int run;      /* updates in a row with this sign and much of it */
};

/* excess_s: of each sample's delay over the shortest; error_s: how far its offset lies above the
 * path. usual_s: the middle excess. */
void asymmetry_learn(struct asymmetry *a, const double *excess_s, const double *error_s,
                     size_t count, double usual_s);

#endif
