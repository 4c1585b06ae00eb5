/* tokens.h - one line of a scenario as words, with places for error messages.
 *
 * Words are separated by blanks; "..." is one word (with \n and \" in it); # begins a comment where
 * a word could begin. Values are numbers with an optional unit (ns us ms s min h d, ppm ppb, k M)
 * in SI; A..B is drawn uniformly from the scenario's own stream. */
#ifndef SIMULATION_TOKENS_H
#define SIMULATION_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/err.h"
#include "test/simulation/rng.h"

#define TOKENS_MAX 64

struct token {
    char *text;
    int column; /* from 1 */
    int after;  /* the first column behind it */
    bool quoted;
};

struct tokens {
    const char *path;
    int line;
    int before; /* columns of the line that come before what is cut */
    bool indented;
    char *buffer;    /* owned: the line without its comment, and the words */
    const char *raw; /* the whole line, lent */
    struct token word[TOKENS_MAX];
    int count, next;
    struct rng *rng;
    struct err *err;
};

/* Cut `line`; false: an open quote or too many words. */
bool tokens_cut(struct tokens *t, const char *line);
void tokens_free(struct tokens *t);
/* "PATH:LINE:COLUMN: ..." at the word last taken, or the one to come; returns false. */
bool tokens_fail(struct tokens *t, const char *format, ...) PRINTF_LIKE(2, 3);
/* The next word is none of what may stand here, or there is none; returns false. */
bool tokens_expected(struct tokens *t, const char *what);
bool tokens_left(const struct tokens *t);
/* The next word, or NULL at the end. */
const char *tokens_peek(const struct tokens *t);
const char *tokens_take(struct tokens *t);
/* Take the next word if it is this one. */
bool tokens_accept(struct tokens *t, const char *word);
/* What follows must be there; failures are reported. `what` names it. */
MUST_CHECK bool tokens_word(struct tokens *t, const char *what, const char **out);
MUST_CHECK bool tokens_value(struct tokens *t, const char *what, double *out);
/* ... and lie within these limits. */
MUST_CHECK bool tokens_between(struct tokens *t, const char *what, double least, double most,
                               double *out);
MUST_CHECK bool tokens_count(struct tokens *t, const char *what, long *out);
MUST_CHECK bool tokens_end(struct tokens *t);
/* The rest of the line as it was written, without leading blanks and a comment at its end. */
const char *tokens_rest(struct tokens *t);
/* The longest time that a scenario may speak of, in seconds: thirty years. */
#define TIME_MAX_S (1e9)
/* "1.5ms" -> 0.0015; false: not a value, or an infinite one. */
MUST_CHECK bool value_parse(const char *text, double *out);

#endif
