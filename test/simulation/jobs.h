/* jobs.h - many independent runs on a few processes.
 *
 * Items are dealt to workers in turn; a result is a block of bytes of at most JOB_BYTES_MAX. A
 * worker that dies takes only its present item with it. Results are told in the order of items. */
#ifndef SIMULATION_JOBS_H
#define SIMULATION_JOBS_H

#include <stdbool.h>
#include <stddef.h>

#define JOB_BYTES_MAX 16384

struct jobs {
    size_t count; /* items */
    int workers;  /* 1: in this process, unless `isolate` */
    bool isolate;
    const char *label; /* of the progress on a terminal */
    size_t result_bytes;
    /* Do item `i` and fill in the result (zeroed). */
    void (*work)(void *ctx, size_t i, void *result);
    /* In the order of items. result NULL: the worker died, `signal` says by what. True: go on. */
    bool (*done)(void *ctx, size_t i, const void *result, int signal);
    void *ctx;
};

void jobs_run(const struct jobs *j);

#endif
