/* route.h - which round trips took the same way.
 *
 * The shortest round trip seen is what the others are measured against, and that holds only
 * while the packets take the same route. Finds from the delays alone when they begin to take
 * another one (and when they return to a former one), and tells that from queues: a route moves
 * all delays by the same, queues scatter them. Private to track/. */
#ifndef CHRONYD_TRACK_ROUTE_H
#define CHRONYD_TRACK_ROUTE_H

#include <stddef.h>
#include <stdint.h>

#define ROUTES_MAX 8

/* Label the newest delay, and if need be the ones right before it. delays and labels are of
 * equal length, oldest first; labels but the last are those from before (0 at first). */
void route_label(const double *delays_s, uint8_t *labels, size_t count);
/* Shortest delay of each label; negative where there is none. */
void route_floors(const double *delays_s, const uint8_t *labels, size_t count,
                  double floors_s[ROUTES_MAX]);
/* Which excess over its floor this part of the delays stays below (0.5: the middle one); 0
 * without delays. */
double route_excess(const double *delays_s, const uint8_t *labels, size_t count,
                    const double floors_s[ROUTES_MAX], double part);

#endif
