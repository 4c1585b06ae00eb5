/* simulate.c - the command: run scenarios, search seeds, draw, measure, let the swarm loose. */
#include <assert.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "test/simulation/jobs.h"
#include "test/simulation/quality.h"
#include "test/simulation/run.h"
#include "test/simulation/swarm.h"

struct command {
    uint64_t first_seed, last_seed;
    int workers;
    bool trace, hash, csv, seeds_given, verbose;
    const char *plot;
    char **paths;
    size_t path_count;
    char **texts;
    /* results */
    size_t failed, broken;
    double simulated_s, wall_s;
};

static void usage(FILE *out)
{
    fputs("Usage: simulate [OPTION]... SCENARIO...\n"
          "       simulate --quality [--seeds A..B] [--only NAME] [--yardstick] [--vary] [--csv]\n"
          "       simulate --swarm --seeds A..B [--keep DIR] [--first] [--no-shrink] [SCENARIO]\n"
          "       simulate --swarm --print --seed N\n"
          "Run scenarios (text files, doc/simulation.adoc) in a simulated world.\n"
          "  --seed N         one seed (default 1)\n"
          "  --seeds A..B     every seed from A to B\n"
          "  --jobs N         processes (default 1)\n"
          "  --trace          every packet, step, rate and log line on standard output\n"
          "  --hash           a digest of everything that happened\n"
          "  --csv            error, bound, frequency and source over time\n"
          "  --plot FILE.svg  the same as a drawing\n"
          "  --quality        the table of clock quality\n"
          "  --swarm          random worlds, or one that is given, against invariants\n"
          "Exit status: 0 all expectations held, 1 some did not, 2 a scenario cannot be read.\n",
          out);
}

static char *read_whole(const char *path)
{
    FILE *in = fopen(path, "r");
    char *text = NULL;
    size_t used = 0, size = 0, n;

    if (!in)
        return NULL;
    do {
        size = size ? 2 * size : 16384;
        text = realloc(text, size + 1);
        assert(text);
        n = fread(text + used, 1, size - used, in);
        used += n;
    } while (used == size);
    text[used] = '\0';
    fclose(in);
    return text;
}

/* --- one run as a job --- */

struct outcome {
    struct run_result result;
    bool unreadable;
    char words[2600]; /* complaints, or why it cannot be read */
};

static size_t seeds_of(const struct command *c)
{
    return (size_t)(c->last_seed - c->first_seed + 1);
}

static void work(void *ctx, size_t item, void *out)
{
    struct command *c = ctx;
    struct outcome *o = out;
    size_t which = item / seeds_of(c), used = 0;
    char *words = NULL;
    struct err err = {0};
    struct run_options options = {
        .seed = c->first_seed + item % seeds_of(c),
        .trace = c->trace ? stdout : NULL,
        .csv = c->csv ? stdout : NULL,
        .plot = c->plot,
        .strict = true,
    };

    options.complaints = open_memstream(&words, &used);
    assert(options.complaints);
    if (!c->texts[which])
        err_set(&err, ERR_MISSING, "%s cannot be read", c->paths[which]);
    if (!c->texts[which] ||
        !run_scenario(c->paths[which], c->texts[which], &options, &o->result, &err)) {
        o->unreadable = true;
        fputs(err.text, options.complaints);
    }
    fclose(options.complaints);
    text_copy(o->words, sizeof(o->words), words);
    free(words);
}

static bool done(void *ctx, size_t item, const void *result, int signal)
{
    struct command *c = ctx;
    const struct outcome *o = result;
    const char *path = c->paths[item / seeds_of(c)];
    unsigned long long seed = c->first_seed + item % seeds_of(c);
    char name[160];

    text_format(name, sizeof(name), seeds_of(c) > 1 ? "%s seed %llu" : "%s", path, seed);
    if (!o) {
        c->failed++;
        printf("not ok %s\n    died of %s\n    repeat: simulate --seed %llu %s\n", name,
               signal > 0 ? strsignal(signal) : "exit", seed, path);
        return true;
    }
    if (o->unreadable) {
        c->broken++;
        fprintf(stderr, "simulate: %s\n", o->words);
        return true;
    }
    c->simulated_s += o->result.simulated_s;
    c->wall_s += o->result.wall_s;
    if (!o->result.passed) {
        c->failed++;
        printf("not ok %s\n%s    repeat: simulate --seed %llu %s\n", name, o->words, seed, path);
    } else if (!c->csv) {
        printf("ok %s", name);
        if (c->hash)
            printf(" %016llx", (unsigned long long)o->result.hash);
        if (c->verbose)
            printf(" (%.0f s in %.2f s, %llu packets, error now %.9f s)", o->result.simulated_s,
                   o->result.wall_s, (unsigned long long)o->result.sent, o->result.worst_error_s);
        putchar('\n');
    }
    fflush(stdout);
    return true;
}

static int run_scenarios(struct command *c)
{
    struct jobs jobs = {
        .count = c->path_count * seeds_of(c),
        .workers = c->workers,
        .label = "runs",
        .result_bytes = sizeof(struct outcome),
        .work = work,
        .done = done,
        .ctx = c,
    };

    c->texts = calloc(c->path_count, sizeof(char *));
    assert(c->texts);
    for (size_t i = 0; i < c->path_count; i++)
        c->texts[i] = read_whole(c->paths[i]);
    jobs_run(&jobs);
    if (jobs.count > 1 && !c->csv)
        printf("%zu runs, %zu failed, %zu unreadable; %.3g simulated s in %.1f s of computing\n",
               jobs.count, c->failed, c->broken, c->simulated_s, c->wall_s);
    for (size_t i = 0; i < c->path_count; i++)
        free(c->texts[i]);
    free(c->texts);
    return c->broken ? 2 : c->failed ? 1 : 0;
}

/* --- options --- */

static bool parse_seeds(const char *word, uint64_t *first, uint64_t *last)
{
    const char *dots = strstr(word, "..");
    char low[24];

    if (!dots || (size_t)(dots - word) >= sizeof(low))
        return false;
    memcpy(low, word, (size_t)(dots - word));
    low[dots - word] = '\0';
    return text_uint(low, first) && text_uint(dots + 2, last) && *first <= *last &&
           *last - *first < 10000000;
}

static bool parse_workers(const char *word, int *out)
{
    int64_t v;

    if (!text_int(word, &v) || v < 1 || v > 64)
        return false;
    *out = (int)v;
    return true;
}

enum {
    OPT_SEED = 256,
    OPT_SEEDS,
    OPT_JOBS,
    OPT_TRACE,
    OPT_HASH,
    OPT_CSV,
    OPT_PLOT,
    OPT_QUALITY,
    OPT_SWARM,
    OPT_ONLY,
    OPT_KEEP,
    OPT_FIRST,
    OPT_NO_SHRINK,
    OPT_YARDSTICK,
    OPT_VARY,
    OPT_PRINT,
};

static const struct option options[] = {
    {"seed", required_argument, NULL, OPT_SEED},
    {"seeds", required_argument, NULL, OPT_SEEDS},
    {"jobs", required_argument, NULL, OPT_JOBS},
    {"trace", no_argument, NULL, OPT_TRACE},
    {"hash", no_argument, NULL, OPT_HASH},
    {"csv", no_argument, NULL, OPT_CSV},
    {"plot", required_argument, NULL, OPT_PLOT},
    {"quality", no_argument, NULL, OPT_QUALITY},
    {"swarm", no_argument, NULL, OPT_SWARM},
    {"only", required_argument, NULL, OPT_ONLY},
    {"keep", required_argument, NULL, OPT_KEEP},
    {"first", no_argument, NULL, OPT_FIRST},
    {"no-shrink", no_argument, NULL, OPT_NO_SHRINK},
    {"print", no_argument, NULL, OPT_PRINT},
    {"yardstick", no_argument, NULL, OPT_YARDSTICK},
    {"vary", no_argument, NULL, OPT_VARY},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct modes {
    bool quality, swarm, help, first, no_shrink, yardstick, vary, print;
    const char *only, *keep;
};

static bool parse_options(int argc, char **argv, struct command *c, struct modes *m)
{
    int o;

    while ((o = getopt_long(argc, argv, "vh", options, NULL)) != -1) {
        switch (o) {
        case OPT_SEED:
            if (!text_uint(optarg, &c->first_seed))
                return false;
            c->last_seed = c->first_seed;
            c->seeds_given = true;
            break;
        case OPT_SEEDS:
            if (!parse_seeds(optarg, &c->first_seed, &c->last_seed))
                return false;
            c->seeds_given = true;
            break;
        case OPT_JOBS:
            if (!parse_workers(optarg, &c->workers))
                return false;
            break;
        case OPT_TRACE:
            c->trace = true;
            break;
        case OPT_HASH:
            c->hash = true;
            break;
        case OPT_CSV:
            c->csv = true;
            break;
        case OPT_PLOT:
            c->plot = optarg;
            break;
        case OPT_QUALITY:
            m->quality = true;
            break;
        case OPT_SWARM:
            m->swarm = true;
            break;
        case OPT_ONLY:
            m->only = optarg;
            break;
        case OPT_KEEP:
            m->keep = optarg;
            break;
        case OPT_PRINT:
            m->print = true;
            break;
        case OPT_YARDSTICK:
            m->yardstick = true;
            break;
        case OPT_VARY:
            m->vary = true;
            break;
        case OPT_FIRST:
            m->first = true;
            break;
        case OPT_NO_SHRINK:
            m->no_shrink = true;
            break;
        case 'v':
            c->verbose = true;
            break;
        case 'h':
            m->help = true;
            break;
        default:
            return false;
        }
    }
    return true;
}

/* A random world for each seed, or the one of a file. */
static int let_swarm_loose(const struct command *c, const struct modes *m)
{
    struct swarm_options s = {
        .first_seed = c->first_seed,
        .last_seed = c->last_seed,
        .workers = c->workers,
        .keep = m->keep,
        .first = m->first,
        .no_shrink = m->first || m->no_shrink,
        .verbose = c->verbose,
        .trace = c->trace,
    };
    char *text = c->path_count > 0 ? read_whole(c->paths[0]) : NULL;
    int status = 0;

    if (c->path_count > 0 && !text) {
        fprintf(stderr, "simulate: %s cannot be read\n", c->paths[0]);
        return 2;
    }
    if (m->print) {
        text = swarm_world(c->first_seed);
        fputs(text, stdout);
    } else {
        s.text = text;
        s.path = text ? c->paths[0] : NULL;
        status = swarm_run(&s);
    }
    free(text);
    return status;
}

int main(int argc, char **argv)
{
    struct command c = {.first_seed = 1, .last_seed = 1, .workers = 1};
    struct modes m = {.quality = false};

    if (!parse_options(argc, argv, &c, &m)) {
        usage(stderr);
        return 2;
    }
    if (m.help) {
        usage(stdout);
        return 0;
    }
    if (m.quality) {
        const struct quality_options q = {
            .first_seed = c.first_seed,
            .last_seed = c.seeds_given ? c.last_seed : 20,
            .workers = c.workers,
            .only = m.only,
            .csv = c.csv,
            .yardstick = m.yardstick,
            .vary = m.vary,
        };

        return quality_measure(&q);
    }
    c.paths = argv + optind;
    c.path_count = (size_t)(argc - optind);
    if (m.swarm)
        return let_swarm_loose(&c, &m);
    if (c.path_count == 0) {
        usage(stderr);
        return 2;
    }
    return run_scenarios(&c);
}
