/* tempcomp.c - read the sensor, compute, hand on. */
#include "chronyd/clock/tempcomp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SENSOR_BYTES_MAX 4096
#define POINTS_BYTES_MAX 65536
#define POINTS_MAX 4096

struct point {
    double temperature, ppm;
};

struct tempcomp {
    struct os os;
    struct timers *timers;
    const struct log *log;
    struct clock *clock;
    struct tempcomp_law law;
    struct point *points; /* sorted as in the file */
    size_t count;
    struct logfile *logfile;
    struct timer timer;
    bool warned; /* that the sensor cannot be read or is out of range */
};

/* Two numbers and nothing else up to the end of the line. */
static bool parse_point(char *line, struct point *out)
{
    char *end;

    out->temperature = strtod(line, &end);
    if (end == line)
        return false;
    line = end;
    out->ppm = strtod(line, &end);
    if (end == line || end[strspn(end, " \t\r")] != '\0')
        return false;
    return isfinite(out->temperature) && isfinite(out->ppm);
}

static bool parse_points(struct tempcomp *t, char *text, struct err *err)
{
    const char *path = t->law.points;

    while (*text) {
        size_t length = strcspn(text, "\n");
        bool last = text[length] == '\0';

        text[length] = '\0';
        if (t->count == POINTS_MAX || !parse_point(text, &t->points[t->count]) ||
            (t->count > 0 &&
             t->points[t->count].temperature == t->points[t->count - 1].temperature))
            return err_set(err, ERR_SYNTAX, "Could not read tempcomp point from %s", path);
        t->count++;
        text += length + (last ? 0 : 1);
    }
    return t->count >= 2 || err_set(err, ERR_SYNTAX, "Not enough points in %s", path);
}

static bool read_points(struct tempcomp *t, struct err *err)
{
    char *text;
    size_t length;
    bool good = false;

    if (!t->os.ops->file_read(t->os.ctx, t->law.points, POINTS_BYTES_MAX, &text, &length, err))
        return false;
    t->points = calloc(POINTS_MAX, sizeof(*t->points));
    if (!t->points || strlen(text) != length)
        err_set(err, ERR_SYNTAX, "Could not read tempcomp point from %s", t->law.points);
    else
        good = parse_points(t, text, err);
    free(text);
    return good;
}

static void read_sensor(void *ctx, struct mono now);

struct tempcomp *tempcomp_create(const struct os *os, struct timers *timers, const struct log *log,
                                 struct clock *clock, const struct tempcomp_law *law,
                                 struct err *err)
{
    static const char heading[] = "   Date (UTC) Time        Temp.       Comp.";
    struct tempcomp *t;

    if (!law->sensor)
        return NULL;
    t = calloc(1, sizeof(*t));
    if (!t) {
        err_no_memory(err);
        return NULL;
    }
    t->os = *os;
    t->timers = timers;
    t->log = log;
    t->clock = clock;
    t->law = *law;
    if (!(t->law.interval_s > 0.0))
        t->law.interval_s = 1.0;
    t->timer = (struct timer){.fire = read_sensor, .ctx = t};
    if (law->points && !read_points(t, err)) {
        tempcomp_destroy(t);
        return NULL;
    }
    if (law->log)
        t->logfile = logfile_create(os, log, &law->logs, "tempcomp", heading);
    return t;
}

void tempcomp_destroy(struct tempcomp *t)
{
    if (!t)
        return;
    timer_cancel(t->timers, &t->timer);
    logfile_destroy(t->logfile);
    free(t->points);
    free(t);
}

void tempcomp_start(struct tempcomp *t)
{
    if (t)
        read_sensor(t, t->os.ops->mono(t->os.ctx));
}

void tempcomp_cycle_logs(struct tempcomp *t)
{
    if (t && t->logfile)
        logfile_cycle(t->logfile);
}

double tempcomp_ppm(const struct tempcomp *t, double temperature)
{
    const struct tempcomp_law *l = &t->law;
    double d = temperature - l->t0;
    size_t i = 1;

    if (t->count == 0)
        return l->k0 + d * l->k1 + d * d * l->k2;
    while (i + 1 < t->count && temperature > t->points[i].temperature)
        i++;
    d = (temperature - t->points[i - 1].temperature) /
        (t->points[i].temperature - t->points[i - 1].temperature);
    return t->points[i - 1].ppm + d * (t->points[i].ppm - t->points[i - 1].ppm);
}

/* One float from the beginning of the file, in whatever scale the coefficients expect. */
static bool read_temperature(const struct tempcomp *t, double *out, struct err *err)
{
    char *text, *end;
    size_t length;

    if (!t->os.ops->file_read(t->os.ctx, t->law.sensor, SENSOR_BYTES_MAX, &text, &length, err))
        return false;
    *out = strtod(text, &end);
    if (end == text || !isfinite(*out))
        err_set(err, ERR_SYNTAX, "Could not read temperature from %s", t->law.sensor);
    else
        end = NULL;
    free(text);
    return end == NULL;
}

static void warn(struct tempcomp *t, const char *text)
{
    if (!t->warned)
        log_warning(t->log, "%s", text);
    t->warned = true;
}

static void read_sensor(void *ctx, struct mono now)
{
    struct tempcomp *t = ctx;
    struct err err = {0};
    double temperature, ppm;
    char when[20];

    timer_set(t->timers, &t->timer, mono_add_s(now, t->law.interval_s));
    if (!read_temperature(t, &temperature, &err)) {
        warn(t, err.text);
        return;
    }
    ppm = tempcomp_ppm(t, temperature);
    if (!(fabs(ppm) <= TEMPCOMP_MAX_PPM)) {
        err_set(&err, ERR_RANGE,
                "Temperature compensation of %.3f ppm exceeds sanity limit of %.1f", ppm,
                TEMPCOMP_MAX_PPM);
        warn(t, err.text);
        return;
    }
    t->warned = false;
    clock_set_temp_comp(t->clock, ppm);
    logfile_write(t->logfile, "%s %11.4e %11.4e", logfile_time(clock_now(t->clock), when),
                  temperature, ppm);
}
