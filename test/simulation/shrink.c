/* shrink.c - make a failing world smaller, as long as it fails in the same way. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "test/simulation/jobs.h"
#include "test/simulation/swarm.h"

#define TRIES_MAX 600
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
    a->same = o ? !o->unreadable && strcmp(o->invariant, a->invariant) == 0
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
};

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

/* Take lines first..last out; keep it so if the rest fails alike. */
static bool try_without(struct lines *l, int first, int last, uint64_t seed, const char *invariant,
                        int *tries)
{
    bool was[LINES_MAX], fails;
    char *text;

    memcpy(was, l->gone, sizeof(was));
    for (int i = first; i <= last; i++)
        l->gone[i] = true;
    text = join(l);
    ++*tries;
    fails = fails_alike(text, seed, invariant);
    free(text);
    if (!fails)
        memcpy(l->gone, was, sizeof(was));
    return fails;
}

/* A statement with the indented lines that belong to it. */
static int end_of_statement(const struct lines *l, int first)
{
    int last = first;

    while (last + 1 < l->count && l->start[last + 1][0] == ' ')
        last++;
    return last;
}

static bool pass(struct lines *l, bool whole, uint64_t seed, const char *invariant, int *tries)
{
    bool smaller = false;

    for (int i = l->count - 1; i >= 0 && *tries < TRIES_MAX; i--) {
        bool indented = l->start[i][0] == ' ';
        int last = whole ? end_of_statement(l, i) : i;

        if (l->gone[i] || indented == whole)
            continue;
        smaller |= try_without(l, i, last, seed, invariant, tries);
    }
    return smaller;
}

int swarm_shrink(char **text, uint64_t seed, const char *invariant)
{
    struct lines l;
    int tries = 0;
    bool smaller = true;
    char *shrunk;

    cut(*text, &l);
    while (smaller && tries < TRIES_MAX) {
        smaller = pass(&l, true, seed, invariant, &tries);
        smaller |= pass(&l, false, seed, invariant, &tries);
    }
    shrunk = join(&l);
    free(*text);
    *text = shrunk;
    return tries;
}
