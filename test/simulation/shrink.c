/* shrink.c - make a failing world smaller, as long as it fails in the same way. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "test/simulation/jobs.h"
#include "test/simulation/swarm.h"

#define TRIES_MAX 600
#define SECONDS_MAX 60
#define LINES_MAX 2000

struct attempt {
    const char *text;
    uint64_t seed;
    const char *invariant;
    bool same;
};

static void work(void *ctx, size_t item, void *out)
{
    const struct attempt *a = ctx;

    (void)item;
    swarm_try(a->text, a->seed, false, out);
}

static bool done(void *ctx, size_t item, const void *result, int signal)
{
    struct attempt *a = ctx;
    const struct swarm_outcome *o = result;

    (void)item;
    (void)signal;
    /* A daemon whose whole configuration was cut away fails too, and tells nothing. */
    a->same = o ? !o->unreadable && strcmp(o->invariant, a->invariant) == 0 &&
                      !strstr(o->words, "Could not open /etc/chrony.conf")
                : strcmp(a->invariant, "crash") == 0;
    return true;
}

/* In a process of its own, since it may crash. */
static bool fails_alike(const char *text, uint64_t seed, const char *invariant)
{
    struct attempt a = {.text = text, .seed = seed, .invariant = invariant};
    const struct jobs jobs = {.count = 1,
                              .workers = 1,
                              .isolate = true,
                              .label = "shrinking",
                              .result_bytes = sizeof(struct swarm_outcome),
                              .work = work,
                              .done = done,
                              .ctx = &a};

    jobs_run(&jobs);
    return a.same;
}

struct lines {
    char *start[LINES_MAX];
    bool gone[LINES_MAX];
    int count;
    char shorter[48]; /* the line that replaces the duration */
    int tries;
    time_t end; /* nobody waits longer for a smaller world */
};

static bool is_tired(const struct lines *l)
{
    return l->tries >= TRIES_MAX || time(NULL) >= l->end;
}

static void cut(char *text, struct lines *l)
{
    *l = (struct lines){.count = 0};
    while (*text && l->count < LINES_MAX) {
        l->start[l->count++] = text;
        text += strcspn(text, "\n");
        if (*text)
            *text++ = '\0';
    }
}

static char *join(const struct lines *l)
{
    char *text = NULL;
    size_t used = 0;
    FILE *out = open_memstream(&text, &used);

    assert(out);
    for (int i = 0; i < l->count; i++) {
        if (!l->gone[i])
            fprintf(out, "%s\n", l->start[i]);
    }
    fclose(out);
    return text;
}

/* Does what is left fail alike? If not, the lines that are gone are those that were before. */
static bool holds_on(struct lines *l, const bool was[LINES_MAX], uint64_t seed,
                     const char *invariant)
{
    char *text = join(l);
    bool fails = fails_alike(text, seed, invariant);

    l->tries++;
    free(text);
    if (!fails)
        memcpy(l->gone, was, sizeof(l->gone));
    return fails;
}

/* Nothing after the failure is needed to see it, unless it is one of the end. */
static void try_shorter(struct lines *l, double failed_s, uint64_t seed, const char *invariant)
{
    bool was[LINES_MAX];

    memcpy(was, l->gone, sizeof(was));
    for (int i = 0; i < l->count; i++) {
        char *whole = l->start[i];

        if (strncmp(whole, "duration ", 9) != 0 || strtod(whole + 9, NULL) < failed_s + 10.0)
            continue;
        text_format(l->shorter, sizeof(l->shorter), "duration %.0f", failed_s + 10.0);
        l->start[i] = l->shorter;
        if (!holds_on(l, was, seed, invariant))
            l->start[i] = whole;
    }
}

/* A statement with the indented lines that belong to it. */
static int end_of_statement(const struct lines *l, int first)
{
    int last = first;

    while (last + 1 < l->count && l->start[last + 1][0] == ' ')
        last++;
    return last;
}

static bool pass(struct lines *l, bool whole, uint64_t seed, const char *invariant)
{
    bool smaller = false, was[LINES_MAX];

    for (int i = l->count - 1; i >= 0 && !is_tired(l); i--) {
        bool indented = l->start[i][0] == ' ';
        int last = whole ? end_of_statement(l, i) : i;

        if (l->gone[i] || indented == whole)
            continue;
        memcpy(was, l->gone, sizeof(was));
        for (int k = i; k <= last; k++)
            l->gone[k] = true;
        smaller |= holds_on(l, was, seed, invariant);
    }
    return smaller;
}

int swarm_shrink(char **text, uint64_t seed, const struct swarm_outcome *failure)
{
    struct lines l;
    bool smaller = true;
    char *shrunk;

    cut(*text, &l);
    l.end = time(NULL) + SECONDS_MAX;
    try_shorter(&l, failure->failed_s, seed, failure->invariant);
    while (smaller && !is_tired(&l)) {
        smaller = pass(&l, true, seed, failure->invariant);
        smaller |= pass(&l, false, seed, failure->invariant);
    }
    shrunk = join(&l);
    free(*text);
    *text = shrunk;
    return l.tries;
}
