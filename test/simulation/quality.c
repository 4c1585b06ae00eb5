/* quality.c - measure the networks over many seeds and print the table. */
#include "test/simulation/quality.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/simulation/jobs.h"
#include "test/simulation/run.h"

#define FIGURES 6
#define HONESTY_INTERVAL_S 10.0
#define STAY_S 300

static const char *const figure_names[FIGURES] = {"to 1 ms, s", "to 10 jitter, s", "RMS, us",
                                                  "max, us",    "freq RMS, ppb",   "packets"};
static const char *const ratio_names[FIGURES] = {"to 1 ms", "to 10 jitter", "RMS",
                                                 "max",     "freq RMS",     "packets"};
static const double figure_units[FIGURES] = {1, 1, 1e6, 1e6, 1e9, 1};

/* What one run gave. */
struct measurement {
    double figure[FIGURES];
    double outside;   /* share of looks in which the error lay outside the announced bound */
    double tightness; /* mean of bound / |error| would blow up: geometric mean of the bound, s */
    double surprised; /* share of looks with more than the expected error */
    double expected;  /* settled: mean of the expected error, as a multiple of the RMS error */
    bool broken;
    char why[200];
};

struct measuring {
    const struct quality_network *network;
    struct measurement *out;
    struct node *client;
    struct probe settled, within_1ms, within_jitter;
    struct happening look;
    double looks, outside, log_bound, surprised;
    double settled_looks, expected;
};

static void look(struct world *w, struct happening *h)
{
    struct measuring *m = CONTAINER_OF(h, struct measuring, look);
    struct verdict v;

    queue_set(&w->queue, h, w->now_ns + ns_from_s(HONESTY_INTERVAL_S));
    if (!m->client->daemon)
        return;
    chronyd_verdict(m->client->daemon, &v);
    if (v.state == VERDICT_UNSYNCHRONISED)
        return;
    m->looks += 1.0;
    m->outside += fabs(node_error_s(m->client)) > v.bound_s;
    m->surprised += fabs(node_error_s(m->client)) > v.expected_s;
    m->log_bound += log(max_d(v.bound_s, 1e-9));
    if (w->now_ns >= m->settled.from_ns) {
        m->settled_looks += 1.0;
        m->expected += v.expected_s;
    }
}

static void prepare(struct run *r, void *ctx)
{
    struct measuring *m = ctx;
    struct node *n = world_node(r->world, "client");

    assert(n);
    m->client = n;
    m->settled.from_ns = ns_from_s(m->network->settle_s);
    m->within_1ms.threshold_s = 1e-3;
    m->within_jitter.threshold_s = 10.0 * m->network->jitter_s;
    m->within_1ms.hold_ns = m->within_jitter.hold_ns = STAY_S * NS_PER_S;
    m->settled.to_ns = m->within_1ms.to_ns = m->within_jitter.to_ns = INT64_MAX;
    simclock_add_probe(&n->clock, 0, &m->settled);
    simclock_add_probe(&n->clock, 0, &m->within_1ms);
    simclock_add_probe(&n->clock, 0, &m->within_jitter);
    m->look.fire = look;
    queue_set(&r->world->queue, &m->look, ns_from_s(HONESTY_INTERVAL_S));
}

/* Noise alone may break a narrow limit an hour later, or the network be gone: a stay of five
 * minutes counts. */
static double stays_from_s(const struct probe *p)
{
    return p->held ? max_d((double)p->inside_ns * 1e-9, 1.0) : INFINITY;
}

static void finished(struct run *r, void *ctx)
{
    struct measuring *m = ctx;
    const struct probe *p = &m->settled;
    double count = (double)(p->count ? p->count : 1);

    m->out->figure[0] = min_d(stays_from_s(&m->within_1ms), r->duration_s);
    m->out->figure[1] = min_d(stays_from_s(&m->within_jitter), r->duration_s);
    m->out->figure[2] = sqrt(p->sum_error2 / count);
    m->out->figure[3] = p->max_error_s;
    m->out->figure[4] = sqrt(p->sum_freq2 / count);
    m->out->figure[5] = (double)m->client->counts.sent;
    m->out->outside = m->looks > 0.0 ? m->outside / m->looks : 0.0;
    m->out->surprised = m->looks > 0.0 ? m->surprised / m->looks : 0.0;
    m->out->expected =
        m->settled_looks > 0.0 ? m->expected / m->settled_looks / m->out->figure[2] : 0.0;
    m->out->tightness = m->looks > 0.0 ? exp(m->log_bound / m->looks) : 0.0;
}

/* --- many runs --- */

struct table {
    const struct quality_options *options;
    const struct quality_network *networks[64];
    size_t network_count, seeds;
    struct measurement *all; /* by network, then seed */
    bool failed, silent;     /* silent: only measured, for a comparison */
};

static void work(void *ctx, size_t item, void *out)
{
    struct table *t = ctx;
    struct measuring m = {.network = t->networks[item / t->seeds], .out = out};
    struct run_options options = {.seed = t->options->first_seed + item % t->seeds,
                                  .prepare = prepare,
                                  .finished = finished,
                                  .ctx = &m};
    struct run_result result;
    struct err err = {0};
    char *text = t->options->yardstick ? quality_with_yardstick(m.network->text)
                 : t->options->vary    ? quality_varied(m.network->text, options.seed)
                                       : strdup(m.network->text);

    assert(text);
    if (!run_scenario(m.network->name, text, &options, &result, &err)) {
        m.out->broken = true;
        snprintf(m.out->why, sizeof(m.out->why), "%.190s", err.text);
    } else if (result.first_failure[0] != '\0') {
        m.out->broken = true;
        snprintf(m.out->why, sizeof(m.out->why), "%.190s", result.first_failure);
    }
    free(text);
}

static void print_row(const struct table *t, size_t item, const struct measurement *m)
{
    printf("%s,%llu", t->networks[item / t->seeds]->name,
           (unsigned long long)(t->options->first_seed + item % t->seeds));
    for (int f = 0; f < FIGURES; f++)
        printf(",%.6g", m->figure[f]);
    printf(",%.4f,%.6g,%.4f,%.4g\n", m->outside, m->tightness, m->surprised, m->expected);
}

static void print_network(struct table *t, size_t which);

static bool done(void *ctx, size_t item, const void *result, int signal)
{
    struct table *t = ctx;
    struct measurement *m = &t->all[item];

    if (result)
        memcpy(m, result, sizeof(*m));
    else
        snprintf(m->why, sizeof(m->why), "died of signal %d", signal);
    m->broken |= !result;
    if (m->broken) {
        t->failed = true;
        printf("%s seed %llu: %s\n", t->networks[item / t->seeds]->name,
               (unsigned long long)(t->options->first_seed + item % t->seeds), m->why);
    } else if (t->options->csv) {
        print_row(t, item, m);
    }
    if (!t->options->csv && !t->silent && (item + 1) % t->seeds == 0)
        print_network(t, item / t->seeds);
    fflush(stdout);
    return true;
}

/* --- the table --- */

struct summary {
    double mean, median, spread; /* geometric mean, median, geometric standard deviation */
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static struct summary summarise(const struct table *t, size_t which, int figure)
{
    double *v = calloc(t->seeds, sizeof(*v)), sum = 0.0, sum2 = 0.0;
    struct summary s;
    size_t n = 0;

    assert(v);
    for (size_t i = 0; i < t->seeds; i++) {
        const struct measurement *m = &t->all[which * t->seeds + i];

        if (!m->broken)
            v[n++] = max_d(m->figure[figure], 1e-15);
    }
    for (size_t i = 0; i < n; i++)
        sum += log(v[i]);
    sum /= (double)(n ? n : 1);
    for (size_t i = 0; i < n; i++)
        sum2 += (log(v[i]) - sum) * (log(v[i]) - sum);
    qsort(v, n, sizeof(*v), by_value);
    s.mean = exp(sum);
    s.median = n == 0 ? 0.0 : n % 2 ? v[n / 2] : sqrt(v[n / 2 - 1] * v[n / 2]);
    s.spread = exp(sqrt(sum2 / (double)(n > 1 ? n - 1 : 1)));
    free(v);
    return s;
}

static void print_network(struct table *t, size_t which)
{
    const struct quality_network *n = t->networks[which];
    double outside = 0.0, worst = 0.0, bound = 0.0;
    double surprised = 0.0, worst_surprised = 0.0, log_expected = 0.0;

    if (which == 0) {
        printf(
            "%zu seeds: geometric mean, median, ~ spread, ratio to the reference; share of looks "
            "outside the bound\n(mean, worst seed), geometric mean of the bound; the same for the "
            "expected error, and\nhow many times the RMS error it is\n\n%-12s",
            t->seeds, "network");
        for (int f = 0; f < FIGURES; f++)
            printf(" %-26s", figure_names[f]);
        puts("  outside (worst)     bound      unexpected (worst)  times");
    }
    printf("%-12s", n->name);
    for (int f = 0; f < FIGURES; f++) {
        struct summary s = summarise(t, which, f);

        printf(" %7.4g %7.4g ~%-4.2f", s.mean * figure_units[f], s.median * figure_units[f],
               s.spread);
        if (n->reference[f] > 0.0 && !t->options->vary)
            printf(" %4.2f", s.mean / n->reference[f]);
        else
            printf("    -");
    }
    for (size_t i = 0; i < t->seeds; i++) {
        const struct measurement *m = &t->all[which * t->seeds + i];

        outside += m->outside / (double)t->seeds;
        bound += m->tightness / (double)t->seeds;
        worst = max_d(worst, m->outside);
        surprised += m->surprised / (double)t->seeds;
        worst_surprised = max_d(worst_surprised, m->surprised);
        log_expected += log(max_d(m->expected, 1e-9)) / (double)t->seeds;
    }
    printf("  %.4f (%.4f)  %7.3g ms  %.4f (%.4f)    %5.1f\n", outside, worst, bound * 1e3,
           surprised, worst_surprised, exp(log_expected));
}

static void print_totals(const struct table *t)
{
    if (t->options->vary)
        return;
    printf("\nGeometric mean of the ratios to the reference figures:");
    for (int f = 0; f < FIGURES; f++) {
        double sum = 0.0, n = 0.0;

        for (size_t i = 0; i < t->network_count; i++) {
            if (t->networks[i]->reference[f] <= 0.0)
                continue;
            sum += log(summarise(t, i, f).mean / t->networks[i]->reference[f]);
            n += 1.0;
        }
        if (n > 0.0)
            printf("  %s %.2f", figure_names[f], exp(sum / n));
    }
    putchar('\n');
}

static void measure(struct table *t, const char *label)
{
    const struct jobs jobs = {.count = t->network_count * t->seeds,
                              .workers = t->options->workers,
                              .label = label,
                              .result_bytes = sizeof(struct measurement),
                              .work = work,
                              .done = done,
                              .ctx = t};

    t->all = calloc(t->network_count * t->seeds, sizeof(*t->all));
    assert(t->all);
    jobs_run(&jobs);
}

/* The same networks and seeds with the textbook discipline, and our figures as a share of its. */
static void compare_with_yardstick(const struct table *ours)
{
    struct quality_options options = *ours->options;
    struct table its = *ours;
    double sum[FIGURES] = {0.0};

    options.yardstick = its.silent = true;
    its.options = &options;
    measure(&its, "yardstick");
    printf("\nOurs divided by the textbook discipline's (RFC 5905) in the same worlds, below 1 is "
           "better:\n\n%-12s",
           "network");
    for (int f = 0; f < FIGURES; f++)
        printf(" %15s", ratio_names[f]);
    for (size_t i = 0; i < its.network_count; i++) {
        printf("\n%-12s", its.networks[i]->name);
        for (int f = 0; f < FIGURES; f++) {
            double ratio = summarise(ours, i, f).mean / summarise(&its, i, f).mean;

            sum[f] += log(ratio);
            printf(" %15.3g", ratio);
        }
    }
    printf("\n%-12s", "all");
    for (int f = 0; f < FIGURES; f++)
        printf(" %15.3g", exp(sum[f] / (double)its.network_count));
    putchar('\n');
    free(its.all);
}

int quality_measure(const struct quality_options *options)
{
    struct table t = {.options = options,
                      .seeds = (size_t)(options->last_seed - options->first_seed + 1)};
    int count;
    const struct quality_network *all = quality_networks(&count);

    for (int i = 0; i < count; i++) {
        if (!options->only || strcmp(options->only, all[i].name) == 0)
            t.networks[t.network_count++] = &all[i];
    }
    if (t.network_count == 0) {
        fprintf(stderr, "simulate: there is no network \"%s\"\n", options->only);
        return 2;
    }
    if (options->csv)
        printf("network,seed,to_1ms_s,to_10_jitter_s,rms_s,max_s,freq_rms,packets,outside,"
               "bound_s,unexpected,expected_times\n");
    measure(&t, "quality");
    if (!options->csv)
        print_totals(&t);
    if (!options->csv && !options->yardstick && !options->vary && !t.failed)
        compare_with_yardstick(&t);
    free(t.all);
    return t.failed ? 1 : 0;
}
