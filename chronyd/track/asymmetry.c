#include "chronyd/track/asymmetry.h"

#include <math.h>

#include "base/defs.h"

/* A delay that exceeds the shortest by so many usual excesses stood in a queue. */
#define QUEUED 4.0
/* An asymmetry of this size is counted (chrony-conf section 5.1, asymmetry). */
#define MUCH 0.45

void asymmetry_learn(struct asymmetry *a, const double *excess, const double *error, size_t count,
                     double usual)
{
    double sum = 0.0, value;
    int n = 0;

    for (size_t i = 0; i < count; i++) {
        if (excess[i] <= QUEUED * usual)
            continue;
        sum += clamp_d(error[i] / excess[i], -0.5, 0.5);
        n++;
    }
    value = n > 0 ? -sum / n : 0.0;
    if (fabs(value) < MUCH)
        a->run = 0;
    else if (a->run < 1000)
        a->run = value * a->value > 0.0 ? a->run + 1 : 1;
    a->value = value;
}
