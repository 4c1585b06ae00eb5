/* tell.h - what the command says about many runs: a table, and how to repeat one of them.
 *
 * A command that repeats a run has to work where it is pasted: program and files are told with
 * their whole paths, quoted for the shell. */
#ifndef SIMULATION_TELL_H
#define SIMULATION_TELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The runs of one scenario. */
struct tally {
    size_t runs, failed;
    uint64_t first_failed_seed;
    double simulated_s, wall_s, worst_error_s;
    bool unreadable;
};

/* "    repeat: PROGRAM [--swarm] --seed N [PATH]"; `program` as in argv[0], path NULL = none. */
void tell_repeat(FILE *out, const char *program, bool swarm, uint64_t seed, const char *path);
/* A row for each scenario. */
void tell_table(FILE *out, char *const *paths, const struct tally *tallies, size_t count);
/* One word for the shell. */
void tell_quoted(FILE *out, const char *word);

#endif
