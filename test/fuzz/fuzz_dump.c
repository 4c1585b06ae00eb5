/* fuzz_dump.c - a dump file and a drift file that somebody else may have written. What is loaded
 * has to leave a register that can be used and dumped again. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "chronyd/clock/drift.h"
#include "chronyd/reference/sources.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_S INT64_C(1800000000)

struct file {
    const uint8_t *data;
    size_t size;
};

static struct mono fake_mono(void *ctx)
{
    (void)ctx;
    return (struct mono){1000 * NS_PER_S};
}

static struct utc fake_utc(void *ctx)
{
    (void)ctx;
    return (struct utc){NOW_S * NS_PER_S};
}

static double fake_suspended_s(void *ctx)
{
    (void)ctx;
    return 0.0;
}

static void fake_clock_info(void *ctx, struct os_clock_info *out)
{
    (void)ctx;
    *out = (struct os_clock_info){.max_rate_ppm = 100000.0, .resolution_s = 1e-8};
}

static bool fake_file_read(void *ctx, const char *path, size_t max, char **data, size_t *length,
                           struct err *err)
{
    const struct file *f = ctx;

    (void)path;
    if (f->size > max)
        return err_set(err, ERR_LIMIT, "too large");
    *data = malloc(f->size + 1);
    assert(*data);
    memcpy(*data, f->data, f->size);
    (*data)[f->size] = '\0';
    *length = f->size;
    return true;
}

static bool fake_file_replace(void *ctx, const char *path, const void *data, size_t length,
                              unsigned mode, struct err *err)
{
    (void)ctx;
    (void)path;
    (void)mode;
    (void)err;
    assert(memchr(data, '\0', length) == NULL);
    return true;
}

static void no_log(void *ctx, enum log_level level, const char *line)
{
    (void)ctx;
    (void)level;
    (void)line;
}

static void load_and_dump(const struct os *os, const struct log *log)
{
    const struct clock_settings cs = {.max_slew_ppm = 1e5, .max_drift_ppm = 1e5};
    const struct reference_settings rs = {.maxchange_start = -1, .max_update_skew_ppm = 1000.0};
    const struct sources_settings ss = {.select = {.max_distance_s = 3.0, .max_stratum = 15}};
    const struct source_settings s = {.kind = SOURCE_SERVER, .asymmetry = 1.0};
    struct addr addr = addr_from_ipv4(0xc0000207);
    struct timers timers = {0};
    struct clock *clock = clock_create(os, &timers, log, &cs);
    struct reference *ref = reference_create(os, &timers, log, clock, &rs);
    struct sources *sources = sources_create(os, log, clock, ref, &ss);
    struct source *source = sources_add(sources, &s, "name", &addr, 0xc0000207);
    struct estimate e;

    assert(source);
    sources_load_dumps(sources, "/dump");
    if (track_estimate(source_track(source), clock_osc_now(clock), &e))
        assert(track_count(source_track(source)) >= 3);
    sources_select(sources, NULL);
    sources_dump(sources, "/dump");
    sources_destroy(sources);
    reference_destroy(ref);
    clock_destroy(clock);
    timers_free(&timers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct os_ops ops = {
        .mono = fake_mono,
        .utc = fake_utc,
        .suspended_s = fake_suspended_s,
        .clock_info = fake_clock_info,
        .file_read = fake_file_read,
        .file_replace = fake_file_replace,
    };
    struct file file = {data, size};
    struct os os = {&ops, &file};
    struct log log = {.write = no_log, .least = LEVEL_FATAL};
    struct drift drift;

    if (drift_read(&os, "drift", &drift, NULL))
        assert(drift_write(&os, "drift", &drift, NULL));
    load_and_dump(&os, &log);
    return 0;
}
