/* run.h - one scenario with one seed: the world it describes, what happens in it, what is expected.
 *
 * A scenario is read anew for each run, because ranges in it are drawn from the seed. */
#ifndef SIMULATION_RUN_H
#define SIMULATION_RUN_H

#include "base/err.h"
#include "test/simulation/tokens.h"
#include "test/simulation/world.h"

struct run;
struct host_law;
struct expectation;

/* Something that happens at a time that the scenario tells. */
struct action {
    struct happening due;
    struct run *run;
    int line, column; /* of its time */
    double at_s, every_s, to_s;
    char *text; /* the statement, read when it is due ... */
    int before; /* ... and where it begins */
    struct action *next;
};

struct recorder;

struct run {
    const char *path; /* for messages; lent */
    uint64_t seed;
    struct world *world;
    struct rng rng;
    double duration_s, observe_s;
    char zone[64]; /* of all hosts, as in TZ */
    char title[160];
    struct node **scope; /* nodes of the block that is being read */
    size_t scope_count;
    struct link **link_scope;
    size_t link_scope_count;
    struct action *actions;
    struct expectation *expectations, **expectations_tail;
    struct happening observe;
    bool observing;
    struct recorder *recorder;
    struct err err; /* of an action */
    bool failed_action;
};

struct run_options {
    uint64_t seed;
    FILE *trace, *csv; /* NULL = no */
    const char *plot;  /* path, NULL = no */
    FILE *complaints;  /* failed expectations, one line each; NULL = nowhere */
    bool strict;       /* what would happen after the end is a mistake */
    bool progress;     /* tell on standard error how far a long run is */
    /* Before time begins and after it ended, for who wants to look closer; NULL allowed. */
    void (*prepare)(struct run *r, void *ctx);
    void (*finished)(struct run *r, void *ctx);
    void *ctx;
};

struct run_result {
    bool passed;
    int expectations, failed;
    uint64_t hash;
    double simulated_s, wall_s;
    double worst_error_s; /* of all of our daemons at the end */
    uint64_t sent;        /* NTP datagrams of all nodes */
    char first_failure[400];
};

/* False: the scenario cannot be read; err says where. */
bool run_scenario(const char *path, const char *text, const struct run_options *options,
                  struct run_result *result, struct err *err);

/* --- for the parts of the reader --- */
/* Nodes whose names match a pattern (with * and ?); at least one, or it is an error. */
MUST_CHECK bool run_nodes(struct run *r, struct tokens *t, struct node ***list, size_t *count);
bool no_node(struct tokens *t, const char *name); /* the message; returns false */
MUST_CHECK bool run_node(struct run *r, struct tokens *t, struct node **out);
MUST_CHECK bool read_statement(struct run *r, struct tokens *t);
/* `link A B LAW` and the parts of a law for links in scope. */
MUST_CHECK bool read_link(struct run *r, struct tokens *t);
MUST_CHECK bool read_link_part(struct run *r, struct tokens *t);
MUST_CHECK bool read_node_part(struct run *r, struct tokens *t);
MUST_CHECK bool read_host_law(struct tokens *t, struct host_law *law);
MUST_CHECK bool do_action(struct run *r, struct tokens *t);
bool is_action(const char *word);
/* Lines of a node that can also happen later. */
MUST_CHECK bool read_file(struct run *r, struct node *n, struct tokens *t);
MUST_CHECK bool read_options(struct run *r, struct node *n, struct tokens *t);
MUST_CHECK bool read_rtc(struct run *r, struct node *n, struct tokens *t);
MUST_CHECK bool read_sensor(struct run *r, struct node *n, struct tokens *t);
MUST_CHECK bool read_refclock(struct run *r, struct node *n, struct tokens *t);
/* A line of chrony.conf as it goes into the file; {name} is replaced by the address of a node. */
MUST_CHECK bool read_conf_line(struct run *r, struct tokens *t, char *line, size_t size);
MUST_CHECK bool read_date(struct tokens *t, struct utc *out);

/* expect.c */
MUST_CHECK bool read_expectation(struct run *r, struct tokens *t);
void expectations_arm(struct run *r);
void expectations_judge(struct run *r, const struct run_options *options,
                        struct run_result *result);
void expectations_free(struct run *r);

#endif
