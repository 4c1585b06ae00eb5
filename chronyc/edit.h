/* edit.h - lines from a terminal: editing, history, completion (on libedit, where it is built in).
 *
 * Keys are those of emacs; the history lives in memory only. The first word completes to commands,
 * the second to what the command table says, a source's address to what the daemon has. */
#ifndef CHRONYC_EDIT_H
#define CHRONYC_EDIT_H

#include "chronyc/session.h"

struct edit;

struct edit *edit_create(struct session *s);
void edit_destroy(struct edit *e); /* NULL is allowed */
/* The next line without its newline, valid until the next call; NULL at the end of input. */
char *edit_line(struct edit *e);
/* "+READLINE" or "-READLINE" */
const char *edit_feature(void);

/* Words that could stand where the cursor is. `line` is what stands before it; each word is handed
 * to `found`. Exposed for tests. */
void complete_words(struct session *s, const char *line, void (*found)(void *ctx, const char *word),
                    void *ctx);

#endif
