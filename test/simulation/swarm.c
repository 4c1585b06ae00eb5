/* swarm.c - let random worlds loose, and tell about those in which something broke. */
#include "test/simulation/swarm.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "test/simulation/jobs.h"
#include "test/simulation/run.h"
#include "test/simulation/swarm_check.h"
#include "test/simulation/tell.h"

/* Of a plague, the first cases tell enough. */
#define SHRUNK_MAX 3

void swarm_try(const char *text, uint64_t seed, bool trace, struct swarm_outcome *out)
{
    struct swarm_check *check = swarm_check_create(out);
    struct run_options options = {.seed = seed,
                                  .trace = trace ? stdout : NULL,
                                  .prepare = swarm_check_prepare,
                                  .finished = swarm_check_finished,
                                  .ctx = check};
    struct run_result result;
    struct err err = {0};

    *out = (struct swarm_outcome){.hash = 0};
    if (!run_scenario("swarm", text, &options, &result, &err)) {
        out->unreadable = true;
        text_copy(out->words, sizeof(out->words), err.text);
    }
    out->hash = result.hash;
    out->packets = result.sent;
    out->simulated_s = result.simulated_s;
    swarm_check_free(check);
}

struct swarm {
    const struct swarm_options *options;
    size_t failed;
    double simulated_s;
    uint64_t packets;
};

static char *world_of(const struct swarm *s, uint64_t seed)
{
    char *text = s->options->text ? strdup(s->options->text) : swarm_world(seed);

    assert(text);
    return text;
}

static void work(void *ctx, size_t item, void *out)
{
    const struct swarm *s = ctx;
    uint64_t seed = s->options->first_seed + item;
    char *text = world_of(s, seed);

    swarm_try(text, seed, s->options->trace, out);
    free(text);
}

/* Where the smaller world lies, NULL = nowhere. */
static const char *keep(const struct swarm *s, uint64_t seed, const char *text, char *path,
                        size_t size)
{
    FILE *out;

    if (!s->options->keep)
        return NULL;
    text_format(path, size, "%s/swarm-%llu.scenario", s->options->keep, (unsigned long long)seed);
    out = fopen(path, "w");
    if (!out) {
        fprintf(stderr, "simulate: cannot write %s\n", path);
        return NULL;
    }
    fputs(text, out);
    fclose(out);
    return path;
}

static void print_indented(const char *text)
{
    for (const char *line = text; *line;) {
        size_t n = strcspn(line, "\n");

        printf("    | %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
    }
}

static void tell_failure(struct swarm *s, uint64_t seed, const struct swarm_outcome *o)
{
    const char *kept;
    char *text, kept_path[400];
    int tried;

    printf("not ok swarm seed %llu: %s: %s\n", (unsigned long long)seed, o->invariant, o->words);
    if (s->options->no_shrink || s->failed > SHRUNK_MAX)
        return;
    tell_repeat(stdout, s->options->program, true, seed, s->options->path);
    fflush(stdout);
    text = world_of(s, seed);
    tried = swarm_shrink(&text, seed, o);
    printf("    the smallest of %d worlds that fail alike:\n", tried);
    print_indented(text);
    kept = keep(s, seed, text, kept_path, sizeof(kept_path));
    if (kept)
        tell_repeat(stdout, s->options->program, true, seed, kept);
    free(text);
}

static bool done(void *ctx, size_t item, const void *result, int signal)
{
    struct swarm *s = ctx;
    uint64_t seed = s->options->first_seed + item;
    const struct swarm_outcome *o = result;
    struct swarm_outcome died = {.invariant = "crash"};

    if (!o) {
        text_format(died.words, sizeof(died.words), "the process died of signal %d", signal);
        o = &died;
    }
    s->simulated_s += o->simulated_s;
    s->packets += o->packets;
    if (o->unreadable || o->invariant[0] != '\0') {
        s->failed++;
        if (o->unreadable)
            printf("not ok swarm seed %llu: %s\n", (unsigned long long)seed, o->words);
        else
            tell_failure(s, seed, o);
    } else if (s->options->verbose) {
        printf("ok swarm seed %llu %016llx\n", (unsigned long long)seed,
               (unsigned long long)o->hash);
    }
    fflush(stdout);
    return !(s->options->first && s->failed);
}

int swarm_run(const struct swarm_options *options)
{
    struct swarm s = {.options = options};
    struct jobs jobs = {.count = (size_t)(options->last_seed - options->first_seed + 1),
                        .workers = options->workers,
                        .isolate = !options->trace,
                        .label = "worlds",
                        .result_bytes = sizeof(struct swarm_outcome),
                        .work = work,
                        .done = done,
                        .ctx = &s};

    jobs_run(&jobs);
    printf("%s swarm: %zu worlds, %zu broken; %.3g simulated s, %.3g packets\n",
           s.failed ? "not ok" : "ok", jobs.count, s.failed, s.simulated_s, (double)s.packets);
    return s.failed ? 1 : 0;
}
