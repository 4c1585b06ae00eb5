#include "chronyc/edit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "features.h"

#define PROMPT "chronyc> "

#ifdef HAVE_EDITLINE

#include <errno.h>
#include <histedit.h>
#include <sys/select.h>
#include <unistd.h>

#define CANDIDATES_MAX 512
#define SIGNAL_CHECK_MS 500
#define HISTORY_LINES 1000

struct candidates {
    char *words[CANDIDATES_MAX];
    size_t count;
};

struct edit {
    struct session *session;
    EditLine *el;
    History *history;
    char line[TEXT_LINE_MAX + 1];
};

const char *edit_feature(void)
{
    return "+READLINE";
}

static const char *prompt(EditLine *el)
{
    (void)el;
    return PROMPT;
}

/* --- completion ------------------------------------------------------------------------------ */

static void collect(void *ctx, const char *word)
{
    struct candidates *c = ctx;

    if (c->count < CANDIDATES_MAX && (c->words[c->count] = strdup(word)) != NULL)
        c->count++;
}

static void discard(struct candidates *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->words[i]);
    c->count = 0;
}

static size_t common_length(const struct candidates *c)
{
    size_t n = strlen(c->words[0]);

    for (size_t i = 1; i < c->count; i++) {
        size_t same = 0;

        while (same < n && c->words[i][same] == c->words[0][same])
            same++;
        n = same;
    }
    return n;
}

static void list_candidates(struct edit *e, const struct candidates *c)
{
    size_t column = 0;

    fputc('\n', e->session->out);
    for (size_t i = 0; i < c->count; i++) {
        size_t width = strlen(c->words[i]) + 2;

        if (column > 0 && column + width > 78) {
            fputc('\n', e->session->out);
            column = 0;
        }
        fprintf(e->session->out, "%-18s", c->words[i]);
        column += width > 18 ? width : 18;
    }
    fputc('\n', e->session->out);
    fflush(e->session->out);
}

/* Extend the word by what all candidates share, or show them. */
static unsigned char complete(EditLine *el, int key)
{
    const LineInfo *info = el_line(el);
    struct candidates c = {.count = 0};
    unsigned char result = CC_ERROR;
    char line[TEXT_LINE_MAX + 1], *head;
    struct edit *e;
    size_t typed, shared;

    (void)key;
    el_get(el, EL_CLIENTDATA, &e);
    text_format(line, sizeof(line), "%.*s", (int)(info->cursor - info->buffer), info->buffer);
    complete_words(e->session, line, collect, &c);
    head = strrchr(line, ' ');
    typed = strlen(head ? head + 1 : line);
    if (c.count > 0) {
        shared = common_length(&c);
        c.words[0][shared] = '\0';
        if (shared > typed)
            el_insertstr(el, c.words[0] + typed);
        if (c.count == 1)
            el_insertstr(el, " ");
        result = CC_REFRESH;
        if (c.count > 1 && shared <= typed) {
            discard(&c);
            complete_words(e->session, line, collect, &c);
            list_candidates(e, &c);
            result = CC_REDISPLAY;
        }
    }
    discard(&c);
    return result;
}

/* --- keys --------------------------------------------------------------------------------------
 */

/* A key, or the end of input when a signal wants us to go. One that comes between the look at the
 * flag and the wait is noticed at the next look. */
static int read_key(EditLine *el, wchar_t *key)
{
    unsigned char byte;
    struct edit *e;

    el_get(el, EL_CLIENTDATA, &e);
    for (;;) {
        struct timeval tv = {0, SIGNAL_CHECK_MS * 1000};
        fd_set set;
        ssize_t n;

        if (session_stopped(e->session))
            return 0;
        FD_ZERO(&set);
        FD_SET(STDIN_FILENO, &set);
        if (select(STDIN_FILENO + 1, &set, NULL, NULL, &tv) <= 0)
            continue;
        n = read(STDIN_FILENO, &byte, 1);
        if (n < 0 && errno == EINTR)
            continue;
        /* Commands are ASCII. */
        *key = byte < 0x80 ? byte : L'?';
        return n == 1 ? 1 : 0;
    }
}

/* --- lines ----------------------------------------------------------------------------------- */

struct edit *edit_create(struct session *s)
{
    struct edit *e = calloc(1, sizeof(*e));
    HistEvent event;

    assert(e);
    e->session = s;
    e->el = el_init("chronyc", stdin, s->out, s->err);
    e->history = history_init();
    assert(e->el && e->history);
    history(e->history, &event, H_SETSIZE, HISTORY_LINES);
    el_set(e->el, EL_CLIENTDATA, e);
    el_set(e->el, EL_PROMPT, prompt);
    el_set(e->el, EL_EDITOR, "emacs");
    el_set(e->el, EL_GETCFN, read_key);
    el_set(e->el, EL_HIST, history, e->history);
    el_set(e->el, EL_ADDFN, "chrony-complete", "Complete the word", complete);
    el_set(e->el, EL_BIND, "^I", "chrony-complete", NULL);
    return e;
}

void edit_destroy(struct edit *e)
{
    if (!e)
        return;
    el_end(e->el);
    history_end(e->history);
    free(e);
}

char *edit_line(struct edit *e)
{
    const char *line;
    HistEvent event;
    int count = 0;

    if (session_stopped(e->session))
        return NULL;
    line = el_gets(e->el, &count);
    if (!line || count <= 0 || session_stopped(e->session))
        return NULL;
    text_copy(e->line, sizeof(e->line), line);
    e->line[strcspn(e->line, "\n")] = '\0';
    if (e->line[0] != '\0')
        history(e->history, &event, H_ENTER, e->line);
    return e->line;
}

#else /* plain lines */

struct edit {
    struct session *session;
    char line[TEXT_LINE_MAX + 1];
};

const char *edit_feature(void)
{
    return "-READLINE";
}

struct edit *edit_create(struct session *s)
{
    struct edit *e = calloc(1, sizeof(*e));

    assert(e);
    e->session = s;
    return e;
}

void edit_destroy(struct edit *e)
{
    free(e);
}

char *edit_line(struct edit *e)
{
    fputs(PROMPT, e->session->out);
    fflush(e->session->out);
    if (session_stopped(e->session) || !fgets(e->line, sizeof(e->line), stdin))
        return NULL;
    e->line[strcspn(e->line, "\n")] = '\0';
    return e->line;
}

#endif
