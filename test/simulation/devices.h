/* devices.h - what is plugged into a simulated host: its real-time clock, receivers, pulses.
 *
 * A real-time clock runs on true time with an error of its own, whatever becomes of the host. A
 * reference clock makes samples of true time and spoils them by its law; the drivers decide who
 * asks: SHM and PPS keep the last sample until it is fetched, SOCK reports, PHC and RTC are read.
 */
#ifndef SIMULATION_DEVICES_H
#define SIMULATION_DEVICES_H

#include "chronyd/os/os.h"
#include "test/simulation/network.h"

struct node;

struct sim_rtc {
    bool present;
    bool local;        /* shows the time of day of the world's zone */
    int64_t offset_ns; /* of what it shows from true time when the world began */
    double freq;       /* fraction, > 0: fast */
    bool ticking;
    struct happening tick;
    struct happening copy; /* a synchronised kernel sets it */
    uint64_t settings;     /* how often it was set */
};

struct refclock_law {
    double offset_s, drift; /* what it tells minus the truth, and the growth of that */
    double wander_s;        /* standard deviation of the step of its error per sample */
    double jitter_s;        /* standard deviation of each sample */
    struct delay_law late;  /* its message comes so much too late */
    double outlier_chance, outlier_s;
    double every_s;      /* between samples */
    double width_s;      /* > 0: the pulse has a second edge so much later */
    double dispersion_s; /* that it tells of itself */
    int leap;            /* -1: the truth */
    bool pulse;          /* tells no second, only where one begins */
    bool tai;            /* counts TAI */
    bool silent;
};

struct sim_refclock {
    struct node *node;
    char driver[8], parameter[64];
    struct refclock_law law;
    struct rng rng;
    double walk_s;
    int handle;
    bool open, fresh;
    struct os_refclock_sample sample;
    struct happening next_sample, second_edge;
    struct sim_refclock *next;
};

void refclock_law_defaults(struct refclock_law *law);
/* The device of that name, NULL = none. */
struct sim_refclock *node_refclock(struct node *n, const char *driver, const char *parameter);
/* A new one. */
struct sim_refclock *node_add_refclock(struct node *n, const char *driver, const char *parameter);
void node_free_devices(struct node *n);

/* What the RTC shows now, as UTC nanoseconds, and set it. */
int64_t rtc_now_ns(const struct node *n);
void rtc_set_ns(struct node *n, int64_t shows_ns);
/* The kernel has become synchronised or not: it keeps the RTC right, every eleven minutes. */
void rtc_follow_kernel(struct node *n);

#endif
