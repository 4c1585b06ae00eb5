/* expect.h - what a scenario demands, while it is collected and when it is judged. */
#ifndef SIMULATION_EXPECT_H
#define SIMULATION_EXPECT_H

#include "test/simulation/ask.h"
#include "test/simulation/run.h"

enum metric {
    /* of the clock's error, collected once per second by a probe */
    METRIC_ERROR,
    METRIC_RMS,
    METRIC_MEAN,
    METRIC_FREQ,
    METRIC_FREQ_RMS,
    METRIC_WITHIN,
    /* of what the daemon says, looked at in intervals or at one time */
    METRIC_SERVED_ERROR,
    METRIC_BOUND,
    METRIC_TAI,
    METRIC_RTC_ERROR,
    METRIC_HONEST,
    METRIC_VERDICT,
    METRIC_SELECTED,
    METRIC_REPORT,
    METRIC_STATE,
    METRIC_FILE,
    METRIC_CHRONYC,
    METRIC_KERNEL,
    /* counted between the ends of the window */
    METRIC_SENT,
    METRIC_RECEIVED,
    METRIC_STEPS,
    METRIC_RATES,
    METRIC_WAKES,
    METRIC_STARTS,
    METRIC_LARGEST_STEP,
    METRIC_LARGEST_RATE,
    METRIC_SOCKETS,
    METRIC_DISK,
    METRIC_LOG,
    METRIC_COUNT
};

enum comparison {
    CMP_LESS,
    CMP_LESS_EQUAL,
    CMP_GREATER,
    CMP_GREATER_EQUAL,
    CMP_EQUAL,
    CMP_NOT_EQUAL,
    CMP_IN
};
enum quantifier { QUANT_PLAIN, QUANT_NEVER, QUANT_ALWAYS };

struct expectation {
    struct run *run;
    struct node *node;
    int line;
    char text[200]; /* as written */
    enum metric metric;
    enum quantifier quantifier;
    enum comparison comparison;
    double limit, limit_high;
    double from_s, to_s;
    bool has_from, has_to, is_point;
    char *word;         /* verdict, log text, path */
    char *content;      /* of a file */
    char *printed;      /* by chronyc, at the last look */
    struct node *other; /* selected */
    struct question *question;
    /* collected */
    struct probe probe;
    struct log_reader reader;
    struct happening begin, end;
    bool active, ended;
    double base, figure;
    uint64_t samples, hits;
    bool no_answer;
    struct expectation *next;
};

/* What a metric shows now; words as strings in `text`. */
double expectation_look(struct expectation *e);
bool expectation_samples(const struct expectation *e); /* looked at in intervals */
bool expectation_counts(const struct expectation *e);
bool expectation_probes(const struct expectation *e);
bool expectation_is_word(const struct expectation *e); /* it is so or it is not */
/* Judge; false and a sentence if it does not hold. */
bool expectation_holds(struct expectation *e, char *why, size_t size);
const char *node_state_name(enum node_state s);
/* The node that is selected by a daemon, NULL = none or unknown. */
struct node *node_selected(struct node *n, bool *synchronised);
/* The reference id that it announces, 0 = none. */
uint32_t node_selected_refid(struct node *n);

#endif
