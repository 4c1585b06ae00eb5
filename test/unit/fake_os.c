#include "test/unit/fake_os.h"

#include <assert.h>
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- time ----------------------------------------------------------------------------------- */

void fake_pass(struct fake_os *f, double true_s)
{
    long double osc_ns = (long double)true_s * 1e9L * (1.0L + (long double)f->freq);
    long double raw_ns = osc_ns * (1.0L + (long double)f->rate);

    f->true_ns += (long double)true_s * 1e9L;
    f->raw_ns += raw_ns;
    f->mono_ns += f->mono_is_free ? osc_ns : raw_ns;
}

static struct mono fake_mono(void *ctx)
{
    struct fake_os *f = ctx;

    fake_pass(f, f->read_ns * 1e-9);
    return (struct mono){(int64_t)f->mono_ns};
}

static struct utc fake_utc(void *ctx)
{
    struct fake_os *f = ctx;

    fake_pass(f, f->read_ns * 1e-9);
    return (struct utc){(int64_t)f->raw_ns};
}

static double fake_suspended_s(void *ctx)
{
    struct fake_os *f = ctx;

    return f->suspended_s;
}

void fake_run(struct fake_os *f, double true_s)
{
    long double end_ns = f->true_ns + (long double)true_s * 1e9L;

    for (;;) {
        struct mono next = timers_next(&f->timers);
        long double wait_ns = (long double)next.ns - f->mono_ns;
        double slope = (1.0 + f->freq) * (f->mono_is_free ? 1.0 : 1.0 + f->rate);
        double wait_s = (double)(wait_ns * 1e-9L) / slope;

        wait_s = fmax(wait_s, 0.0) + f->late_s + 1e-9;
        if (next.ns == INT64_MAX || f->true_ns + (long double)wait_s * 1e9L > end_ns)
            break;
        fake_pass(f, wait_s);
        timers_fire(&f->timers, (struct mono){(int64_t)f->mono_ns});
    }
    if (f->true_ns < end_ns)
        fake_pass(f, (double)((end_ns - f->true_ns) * 1e-9L));
}

void fake_sleep(struct fake_os *f, double true_s)
{
    f->true_ns += (long double)true_s * 1e9L;
    f->raw_ns += (long double)true_s * 1e9L;
    f->suspended_s += true_s;
}

void fake_foreign_step(struct fake_os *f, double offset_s)
{
    f->raw_ns += (long double)offset_s * 1e9L;
}

double fake_error_s(const struct fake_os *f)
{
    return (double)((f->raw_ns - f->true_ns) * 1e-9L);
}

struct utc fake_true(const struct fake_os *f)
{
    return (struct utc){(int64_t)f->true_ns};
}

/* --- steering ------------------------------------------------------------------------------- */

static void fake_clock_info(void *ctx, struct os_clock_info *out)
{
    struct fake_os *f = ctx;

    *out = (struct os_clock_info){.may_set = f->may_set,
                                  .max_rate_ppm = f->max_rate_ppm,
                                  .rate_ppm = f->rate * 1e6,
                                  .resolution_s = 1e-8};
}

static bool fake_set_rate(void *ctx, double rate_ppm, double *applied_ppm, struct err *err)
{
    struct fake_os *f = ctx;

    if (f->refuse_rate)
        return err_set_sys(err, ERR_PERMISSION, EPERM, "Could not set the frequency");
    assert(fabs(rate_ppm) <= f->max_rate_ppm);
    if (f->rate_resolution_ppm > 0.0)
        rate_ppm = rint(rate_ppm / f->rate_resolution_ppm) * f->rate_resolution_ppm;
    f->rate = rate_ppm * 1e-6;
    f->rates_set++;
    *applied_ppm = rate_ppm;
    return true;
}

static bool fake_step(void *ctx, double offset_s, struct err *err)
{
    struct fake_os *f = ctx;

    if (f->refuse_step)
        return err_set_sys(err, ERR_PERMISSION, EPERM, "Could not step");
    f->raw_ns += (long double)offset_s * 1e9L;
    f->steps++;
    return true;
}

static bool fake_set_clock_status(void *ctx, const struct os_clock_status *status, struct err *err)
{
    struct fake_os *f = ctx;

    (void)err;
    f->status = *status;
    f->statuses_set++;
    return true;
}

static void fake_random(void *ctx, void *out, size_t length)
{
    (void)ctx;
    memset(out, 0x5a, length);
}

/* --- files ---------------------------------------------------------------------------------- */

static struct fake_file *find(const struct fake_os *f, const char *path)
{
    for (size_t i = 0; i < FAKE_FILES_MAX; i++)
        if (f->files[i].data && strcmp(f->files[i].path, path) == 0)
            return (struct fake_file *)&f->files[i];
    return NULL;
}

static struct fake_file *make(struct fake_os *f, const char *path)
{
    struct fake_file *file = find(f, path);

    for (size_t i = 0; !file && i < FAKE_FILES_MAX; i++)
        if (!f->files[i].data)
            file = &f->files[i];
    assert(file);
    snprintf(file->path, sizeof(file->path), "%s", path);
    return file;
}

static void put(struct fake_os *f, const char *path, const void *data, size_t length)
{
    struct fake_file *file = make(f, path);
    char *copy = malloc(length + 1);

    assert(copy);
    memcpy(copy, data, length);
    copy[length] = '\0';
    free(file->data);
    file->data = copy;
    file->length = length;
}

void fake_write(struct fake_os *f, const char *path, const char *text)
{
    put(f, path, text, strlen(text));
}

const char *fake_read(const struct fake_os *f, const char *path)
{
    const struct fake_file *file = find(f, path);

    return file ? file->data : NULL;
}

static bool fake_file_read(void *ctx, const char *path, size_t max, char **data, size_t *length,
                           struct err *err)
{
    const struct fake_file *file = find(ctx, path);

    if (!file)
        return err_set_sys(err, ERR_MISSING, ENOENT, "Could not open %s", path);
    if (file->length > max)
        return err_set(err, ERR_LIMIT, "%s is too large", path);
    *data = malloc(file->length + 1);
    assert(*data);
    memcpy(*data, file->data, file->length + 1);
    *length = file->length;
    return true;
}

static bool fake_file_replace(void *ctx, const char *path, const void *data, size_t length,
                              unsigned mode, struct err *err)
{
    (void)mode;
    (void)err;
    put(ctx, path, data, length);
    return true;
}

static bool fake_file_remove(void *ctx, const char *path, struct err *err)
{
    struct fake_file *file = find(ctx, path);

    if (!file)
        return err_set_sys(err, ERR_MISSING, ENOENT, "Could not remove %s", path);
    free(file->data);
    file->data = NULL;
    return true;
}

static int fake_append_open(void *ctx, const char *path, unsigned mode, struct err *err)
{
    struct fake_os *f = ctx;

    (void)mode;
    (void)err;
    if (!find(f, path))
        put(f, path, "", 0);
    return (int)(find(f, path) - f->files);
}

static bool fake_append_write(void *ctx, int file, const void *data, size_t length, struct err *err)
{
    struct fake_os *f = ctx;
    struct fake_file *to = &f->files[file];

    (void)err;
    to->data = realloc(to->data, to->length + length + 1);
    assert(to->data);
    memcpy(to->data + to->length, data, length);
    to->length += length;
    to->data[to->length] = '\0';
    return true;
}

static void fake_append_close(void *ctx, int file)
{
    (void)ctx;
    (void)file;
}

static bool fake_glob(void *ctx, const char *pattern, char ***paths, size_t *count, struct err *err)
{
    struct fake_os *f = ctx;

    (void)err;
    *paths = calloc(FAKE_FILES_MAX, sizeof(**paths));
    assert(*paths);
    *count = 0;
    for (size_t i = 0; i < FAKE_FILES_MAX; i++)
        if (f->files[i].data && fnmatch(pattern, f->files[i].path, 0) == 0)
            (*paths)[(*count)++] = strdup(f->files[i].path);
    return true;
}

static bool fake_send_mail(void *ctx, const char *message, size_t length, struct err *err)
{
    struct fake_os *f = ctx;

    (void)err;
    assert(length < sizeof(f->mail));
    memcpy(f->mail, message, length);
    f->mail[length] = '\0';
    return true;
}

/* --- log ------------------------------------------------------------------------------------ */

static void fake_log(void *ctx, enum log_level level, const char *line)
{
    struct fake_os *f = ctx;
    size_t length = strlen(line);

    (void)level;
    assert(f->lines_used + length + 2 < sizeof(f->lines));
    memcpy(f->lines + f->lines_used, line, length);
    f->lines_used += length;
    f->lines[f->lines_used++] = '\n';
    f->lines[f->lines_used] = '\0';
}

int fake_log_count(const struct fake_os *f, const char *part)
{
    int count = 0;

    for (const char *p = f->lines; (p = strstr(p, part)) != NULL; p++)
        count++;
    return count;
}

bool fake_logged(const struct fake_os *f, const char *part)
{
    return fake_log_count(f, part) > 0;
}

/* --- life ----------------------------------------------------------------------------------- */

void fake_init(struct fake_os *f, double start_s, double offset_s, double freq_ppm)
{
    static const struct os_ops ops = {
        .mono = fake_mono,
        .utc = fake_utc,
        .suspended_s = fake_suspended_s,
        .clock_info = fake_clock_info,
        .set_rate = fake_set_rate,
        .step = fake_step,
        .set_clock_status = fake_set_clock_status,
        .random = fake_random,
        .file_read = fake_file_read,
        .file_replace = fake_file_replace,
        .file_remove = fake_file_remove,
        .append_open = fake_append_open,
        .append_write = fake_append_write,
        .append_close = fake_append_close,
        .glob = fake_glob,
        .send_mail = fake_send_mail,
    };

    memset(f, 0, sizeof(*f));
    f->os = (struct os){.ops = &ops, .ctx = f};
    f->log = (struct log){.write = fake_log, .ctx = f, .least = LEVEL_INFO};
    f->true_ns = (long double)start_s * 1e9L;
    f->raw_ns = f->true_ns + (long double)offset_s * 1e9L;
    f->mono_ns = 1000e9L;
    f->freq = freq_ppm * 1e-6;
    f->may_set = true;
    f->max_rate_ppm = 100000.0;
}

void fake_free(struct fake_os *f)
{
    for (size_t i = 0; i < FAKE_FILES_MAX; i++)
        free(f->files[i].data);
    timers_free(&f->timers);
}
