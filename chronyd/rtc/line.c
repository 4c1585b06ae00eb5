#include "chronyd/rtc/line.h"

#include <math.h>

#define POINTS_MIN 3

static void fit_from(const struct rtc_point *p, size_t first, size_t count, struct rtc_line *out)
{
    double n = (double)(count - first), mean_t = 0.0, mean_y = 0.0, tt = 0.0, ty = 0.0;
    int last_sign = 0;

    for (size_t i = first; i < count; i++) {
        mean_t += p[i].t_s / n;
        mean_y += p[i].fast_s / n;
    }
    for (size_t i = first; i < count; i++) {
        tt += (p[i].t_s - mean_t) * (p[i].t_s - mean_t);
        ty += (p[i].t_s - mean_t) * (p[i].fast_s - mean_y);
    }
    out->first = first;
    out->rate = tt > 0.0 ? ty / tt : 0.0;
    out->fast_s = mean_y + out->rate * (p[count - 1].t_s - mean_t);
    out->runs = 0;
    for (size_t i = first; i < count; i++) {
        double residual = p[i].fast_s - mean_y - out->rate * (p[i].t_s - mean_t);
        int sign = residual < 0.0 ? -1 : 1;

        out->runs += sign != last_sign;
        last_sign = sign;
    }
}

/* Random residuals of n points change their sign about every second time; far fewer runs than that
 * mean that a line does not fit any more. */
static bool bent(const struct rtc_line *line, size_t points)
{
    double n = (double)points, expected = n / 2.0 + 1.0, sd = sqrt((n - 1.0) / 4.0);

    return points > 2 * POINTS_MIN && line->runs < expected - 2.0 * sd;
}

struct rtc_line rtc_line_fit(const struct rtc_point *points, size_t count)
{
    struct rtc_line line = {0};
    size_t first = 0;

    if (count < POINTS_MIN) {
        if (count > 0)
            line.fast_s = points[count - 1].fast_s;
        return line;
    }
    fit_from(points, first, count, &line);
    while (bent(&line, count - first))
        fit_from(points, ++first, count, &line);
    line.valid = true;
    return line;
}
