/* simulate.c - the command: run scenarios, search seeds, draw, measure, let the swarm loose. */
#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "test/simulation/jobs.h"
#include "test/simulation/quality.h"
#include "test/simulation/run.h"
#include "test/simulation/swarm.h"
#include "test/simulation/tell.h"

struct command {
    uint64_t first_seed, last_seed;
    int workers;
    bool trace, hash, csv, seeds_given, verbose;
    const char *plot;
    const char *program;
    char **paths;
    size_t path_count;
    char **texts;
    struct tally *tallies; /* of each path */
};

static void usage(FILE *out)
{
    fputs("Usage: simulate [--seed N | --seeds A..B] [OPTION]... SCENARIO...\n"
          "       simulate --quality [--seeds A..B] [--only NAME] [--yardstick] [--vary] [--csv]\n"
          "       simulate --swarm --seeds A..B [--keep DIR] [--first] [--no-shrink] [SCENARIO]\n"
          "       simulate --swarm --print --seed N\n"
          "Run scenarios (text files, doc/simulation.adoc) in a simulated world.\n"
          "  --seed N         one seed, 0 to 2^64 - 1 (default 1)\n"
          "  --seeds A..B     every seed from A to B, ten million at most; ends with a table\n"
          "  --jobs N         processes, 1 to 64 (default 1)\n"
          "  --trace          every packet, step, rate and log line on standard output\n"
          "  --hash           a digest of everything that happened\n"
          "  --csv            error, bound, frequency and source over time\n"
          "  --plot FILE.svg  the same as a drawing, of one run\n"
          "  -v, --verbose    figures of each run\n"
          "  -h, --help       this\n"
          "Quality: the table of clock quality, over seeds 1..50 unless told otherwise.\n"
          "  --only NAME      one network\n"
          "  --yardstick      a textbook discipline in the place of our daemon\n"
          "  --vary           other figures of network and clock with each seed\n"
          "  --csv            a row for each run\n"
          "Swarm: random worlds, or one that is given, against invariants.\n"
          "  --keep DIR       leave failing worlds there, made smaller\n"
          "  --first          end at the first failure\n"
          "  --no-shrink      tell failures as they are\n"
          "  --print          the world of a seed as a scenario; runs nothing\n"
          "Exit status: 0 all expectations held, 1 some did not, 2 something cannot be read or\n"
          "written.\n",
          out);
}

/* A file as text; NULL: it cannot be read, errno tells why. */
static char *read_whole(const char *path)
{
    FILE *in = fopen(path, "r");
    char *text = NULL;
    size_t used = 0, size = 0, n;
    int error;

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
    error = ferror(in) ? errno : memchr(text, '\0', used) ? EILSEQ : 0;
    fclose(in);
    if (error == 0)
        return text;
    free(text);
    errno = error;
    return NULL;
}

/* --- one run as a job --- */

struct outcome {
    struct run_result result;
    bool unreadable;
    char words[12000]; /* complaints, or why it cannot be read */
};

static size_t seeds_of(const struct command *c)
{
    return (size_t)(c->last_seed - c->first_seed + 1);
}

/* Whole lines of it, if there is too much. */
static void keep_words(struct outcome *o, const char *words)
{
    static const char more[] = "    ... and more\n";
    char *end;

    if (text_copy(o->words, sizeof(o->words) - sizeof(more), words))
        return;
    end = strrchr(o->words, '\n');
    memcpy(end ? end + 1 : o->words, more, sizeof(more));
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
        .progress = c->path_count * seeds_of(c) == 1 && isatty(STDERR_FILENO),
    };

    options.complaints = open_memstream(&words, &used);
    assert(options.complaints);
    if (!run_scenario(c->paths[which], c->texts[which], &options, &o->result, &err)) {
        o->unreadable = true;
        fputs(err.text, options.complaints);
    }
    fclose(options.complaints);
    keep_words(o, words);
    free(words);
}

static bool done(void *ctx, size_t item, const void *result, int signal)
{
    struct command *c = ctx;
    const struct outcome *o = result;
    const char *path = c->paths[item / seeds_of(c)];
    struct tally *tally = &c->tallies[item / seeds_of(c)];
    uint64_t seed = c->first_seed + item % seeds_of(c);
    char name[160];

    text_format(name, sizeof(name), seeds_of(c) > 1 ? "%s seed %llu" : "%s", path,
                (unsigned long long)seed);
    if (o && o->unreadable) { /* with one seed as with all */
        if (!tally->unreadable)
            fprintf(stderr, "simulate: %s\n", o->words);
        tally->unreadable = true;
        return true;
    }
    tally->runs++;
    if (o) {
        tally->simulated_s += o->result.simulated_s;
        tally->wall_s += o->result.wall_s;
        tally->worst_error_s = max_d(tally->worst_error_s, o->result.worst_error_s);
    }
    if (!o || !o->result.passed) {
        if (tally->failed++ == 0)
            tally->first_failed_seed = seed;
        printf("not ok %s\n%s", name, o ? o->words : "    died of ");
        if (!o)
            puts(signal > 0 ? strsignal(signal) : "its own exit");
        tell_repeat(stdout, c->program, false, seed, path);
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

/* The last lines, and the exit status. */
static int sum_up(struct command *c, size_t unread)
{
    struct tally all = {.runs = 0};
    bool searched = seeds_of(c) > 1;

    for (size_t i = 0; i < c->path_count; i++) {
        all.runs += c->tallies[i].runs;
        all.failed += c->tallies[i].failed;
        all.simulated_s += c->tallies[i].simulated_s;
        all.wall_s += c->tallies[i].wall_s;
        unread += c->tallies[i].unreadable;
    }
    if (!c->csv && searched)
        tell_table(stdout, c->paths, c->tallies, c->path_count);
    if (!c->csv && (searched || c->path_count > 1))
        printf("%zu runs, %zu failed, %zu scenarios unreadable; %.3g simulated s in %.1f s of "
               "computing\n",
               all.runs, all.failed, unread, all.simulated_s, all.wall_s);
    return unread ? 2 : all.failed ? 1 : 0;
}

/* Read them all before anything runs; those that are no files are left out. Returns their number.
 */
static size_t read_paths(struct command *c)
{
    size_t kept = 0, unread = 0;

    c->texts = calloc(c->path_count, sizeof(char *));
    c->tallies = calloc(c->path_count, sizeof(*c->tallies));
    assert(c->texts && c->tallies);
    for (size_t i = 0; i < c->path_count; i++) {
        char *text = read_whole(c->paths[i]);

        if (!text) {
            fprintf(stderr, "simulate: %s: %s\n", c->paths[i],
                    errno == EILSEQ ? "this is no text" : strerror(errno));
            unread++;
            continue;
        }
        c->texts[kept] = text;
        c->paths[kept++] = c->paths[i];
    }
    c->path_count = kept;
    return unread;
}

static int run_scenarios(struct command *c)
{
    size_t unread = read_paths(c);
    int status;
    struct jobs jobs = {
        .count = c->path_count * seeds_of(c),
        .workers = c->workers,
        .label = "runs",
        .result_bytes = sizeof(struct outcome),
        .work = work,
        .done = done,
        .ctx = c,
    };

    /* Rows and lines of several runs would mix. */
    if (c->trace || c->csv)
        jobs.workers = 1;
    if (jobs.count > 0)
        jobs_run(&jobs);
    status = sum_up(c, unread);
    for (size_t i = 0; i < c->path_count; i++)
        free(c->texts[i]);
    free(c->texts);
    free(c->tallies);
    return status;
}

/* --- options --- */

static bool complain(const char *what, const char *word)
{
    fprintf(stderr, "simulate: %s: %s\n", word, what);
    return false;
}

static bool parse_seeds(const char *word, uint64_t *first, uint64_t *last)
{
    const char *dots = strstr(word, "..");
    char low[24];

    if (!dots || (size_t)(dots - word) >= sizeof(low))
        return complain("seeds are told as A..B", word);
    memcpy(low, word, (size_t)(dots - word));
    low[dots - word] = '\0';
    if (!text_uint(low, first) || !text_uint(dots + 2, last))
        return complain("seeds are whole numbers from 0 to 2^64 - 1", word);
    if (*first > *last)
        return complain("the first seed is the smaller one", word);
    return *last - *first < 10000000 || complain("ten million seeds at most", word);
}

static bool parse_workers(const char *word, int *out)
{
    int64_t v;

    if (!text_int(word, &v) || v < 1 || v > 64)
        return complain("there can be 1 to 64 processes", word);
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
                return complain("a seed is a whole number from 0 to 2^64 - 1", optarg);
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
        .program = c->program,
    };
    char *text = c->path_count > 0 ? read_whole(c->paths[0]) : NULL;
    int status = 0;

    if (c->path_count > 0 && !text) {
        fprintf(stderr, "simulate: %s: %s\n", c->paths[0], strerror(errno));
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

/* What goes together, and whether results can be left where they are wanted. */
static bool check_options(const struct command *c, const struct modes *m)
{
    FILE *plot;

    if (m->quality && m->swarm)
        return complain("one of the two", "--quality --swarm");
    if (m->quality && c->path_count > 0)
        return complain("quality has networks of its own (--only NAME)", c->paths[0]);
    if (m->swarm && c->path_count > 1)
        return complain("the swarm takes one world at most", c->paths[1]);
    if (m->keep && access(m->keep, W_OK | X_OK) != 0)
        return complain(strerror(errno), m->keep);
    if (!m->quality && !m->swarm && c->path_count == 0)
        return complain("a file is missing (--help tells more)", "SCENARIO");
    if (!c->plot)
        return true;
    if (m->quality || m->swarm || c->path_count != 1 || c->first_seed != c->last_seed)
        return complain("one scenario with one seed can be drawn", "--plot");
    plot = fopen(c->plot, "a");
    if (!plot)
        return complain(strerror(errno), c->plot);
    fclose(plot);
    return true;
}

static int do_what_is_wanted(struct command *c, const struct modes *m)
{
    const struct quality_options q = {
        .first_seed = c->first_seed,
        .last_seed = c->seeds_given ? c->last_seed : 50,
        .workers = c->workers,
        .only = m->only,
        .csv = c->csv,
        .yardstick = m->yardstick,
        .vary = m->vary,
    };

    if (m->quality)
        return quality_measure(&q);
    return m->swarm ? let_swarm_loose(c, m) : run_scenarios(c);
}

int main(int argc, char **argv)
{
    struct command c = {.first_seed = 1, .last_seed = 1, .workers = 1, .program = argv[0]};
    struct modes m = {.quality = false};
    int status;

    if (!parse_options(argc, argv, &c, &m)) {
        fputs("Try 'simulate --help'.\n", stderr);
        return 2;
    }
    if (m.help) {
        usage(stdout);
        return 0;
    }
    c.paths = argv + optind;
    c.path_count = (size_t)(argc - optind);
    if (!check_options(&c, &m))
        return 2;
    status = do_what_is_wanted(&c, &m);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        complain("cannot write all of it", "standard output");
        return 2;
    }
    return status;
}
