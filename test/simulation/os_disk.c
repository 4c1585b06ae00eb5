/* os_disk.c - struct os of a simulated node: files in memory, and what goes wrong with disks. */
#include <assert.h>
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "test/simulation/os_parts.h"

struct sim_file *disk_find(struct disk *d, const char *path)
{
    for (size_t i = 0; i < d->count; i++) {
        if (strcmp(d->files[i].path, path) == 0)
            return &d->files[i];
    }
    return NULL;
}

void disk_free(struct disk *d)
{
    for (size_t i = 0; i < d->count; i++) {
        free(d->files[i].path);
        free(d->files[i].data);
    }
    free(d->files);
    *d = (struct disk){0};
}

static struct sim_file *make_file(struct node *n, const char *path, unsigned mode)
{
    struct disk *d = &n->disk;
    struct sim_file *f = disk_find(d, path);

    if (f)
        return f;
    if (d->count == d->size) {
        d->size = d->size ? 2 * d->size : 8;
        d->files = realloc(d->files, d->size * sizeof(*d->files));
        assert(d->files);
    }
    f = &d->files[d->count++];
    *f = (struct sim_file){.path = strdup(path), .mode = mode};
    assert(f->path);
    return f;
}

static void note_size(struct disk *d)
{
    size_t sum = 0;

    for (size_t i = 0; i < d->count; i++)
        sum += d->files[i].length;
    if (sum > d->bytes_max)
        d->bytes_max = sum;
}

static void file_append(struct node *n, struct sim_file *f, const void *data, size_t length)
{
    if (f->length + length + 1 > f->size) {
        f->size = 2 * (f->length + length + 1);
        f->data = realloc(f->data, f->size);
        assert(f->data);
    }
    if (length > 0)
        memcpy(f->data + f->length, data, length);
    f->length += length;
    f->data[f->length] = 0;
    f->mtime_ns = simclock_raw(&n->clock, n->world->now_ns);
    note_size(&n->disk);
}

bool disk_put(struct node *n, const char *path, const void *data, size_t length)
{
    struct sim_file *f = make_file(n, path, 0644);

    f->length = 0;
    file_append(n, f, data, length);
    return true;
}

/* What may go wrong with a write. True: it did, and err says how. */
static bool write_fails(struct node *n, const char *path, struct err *err)
{
    struct disk *d = &n->disk;

    if (d->read_only) {
        err_set_sys(err, ERR_IO, EROFS, "Could not write %s", path);
        return true;
    }
    if (d->full || d->fail_after == 0) {
        if (d->fail_after == 0)
            d->fail_after = -1;
        err_set_sys(err, ERR_IO, ENOSPC, "Could not write %s", path);
        return true;
    }
    if (d->fail_after > 0)
        d->fail_after--;
    return false;
}

/* Does the daemon die within this write? A part of it may have reached the disk. */
static bool write_is_torn(struct node *n)
{
    struct disk *d = &n->disk;

    if (d->crash_after < 0 || d->crash_after-- > 0)
        return false;
    n->doomed = true; /* the world ends it when the event at hand is handled ... */
    n->dying = true;  /* ... and until then nothing reaches the outside */
    return true;
}

/* The temperature around the oscillator, in the steps that the sensor knows. */
static bool read_sensor(struct node *n, char **data, size_t *length, struct err *err)
{
    double degrees = simclock_temperature(&n->clock, n->world->now_ns);
    const size_t size = 32;

    *data = malloc(size);
    if (!*data)
        return err_set(err, ERR_LIMIT, "Out of memory");
    if (n->sensor_step > 0.0)
        degrees = n->sensor_step * rint(degrees / n->sensor_step);
    text_format(*data, size, "%.3f\n", degrees);
    *length = strlen(*data);
    return true;
}

bool sim_file_read(void *ctx, const char *path, size_t max, char **data, size_t *length,
                   struct err *err)
{
    struct node *n = ctx;
    const struct sim_file *f = disk_find(&n->disk, path);

    if (n->sensor_path && strcmp(path, n->sensor_path) == 0)
        return read_sensor(n, data, length, err);
    if (!f)
        return err_set_sys(err, ERR_MISSING, ENOENT, "Could not open %s", path);
    if (f->length > max)
        return err_set(err, ERR_LIMIT, "%s is too large", path);
    *data = malloc(f->length + 1);
    if (!*data)
        return err_set(err, ERR_LIMIT, "Out of memory");
    if (f->length > 0)
        memcpy(*data, f->data, f->length);
    (*data)[f->length] = '\0';
    *length = f->length;
    return true;
}

bool sim_file_replace(void *ctx, const char *path, const void *data, size_t length, unsigned mode,
                      struct err *err)
{
    struct node *n = ctx;
    struct sim_file *f;

    if (n->dying)
        return true;
    if (write_fails(n, path, err))
        return false;
    if (write_is_torn(n)) {
        /* Half of the temporary file is there; it was not renamed. */
        size_t name = strlen(path) + 5;
        char *temporary = malloc(name);

        assert(temporary);
        memcpy(temporary, path, name - 5);
        memcpy(temporary + name - 5, ".tmp", 5);
        disk_put(n, temporary, data, length / 2);
        free(temporary);
        return true;
    }
    f = make_file(n, path, mode);
    f->mode = mode;
    f->length = 0;
    file_append(n, f, data, length);
    world_note(n->world, n, "file", data, length, "%zu bytes to %s", length, path);
    return true;
}

bool sim_file_remove(void *ctx, const char *path, struct err *err)
{
    struct node *n = ctx;
    struct disk *d = &n->disk;
    struct sim_file *f = disk_find(d, path);
    size_t i;

    if (!f)
        return err_set_sys(err, ERR_MISSING, ENOENT, "Could not remove %s", path);
    if (n->dying)
        return true;
    i = (size_t)(f - d->files);
    free(f->path);
    free(f->data);
    /* Handles of other files keep their index: a hole is filled by nothing. */
    d->files[i] = (struct sim_file){.path = strdup("")};
    assert(d->files[i].path);
    return true;
}

bool sim_file_mtime(void *ctx, const char *path, struct utc *out)
{
    struct node *n = ctx;
    const struct sim_file *f = disk_find(&n->disk, path);

    if (!f)
        return false;
    out->ns = f->mtime_ns;
    return true;
}

int sim_append_open(void *ctx, const char *path, unsigned mode, struct err *err)
{
    struct node *n = ctx;
    struct disk *d = &n->disk;

    for (int i = 0; i < (int)ARRAY_LEN(d->append); i++) {
        if (d->append[i] != 0)
            continue;
        if (!disk_find(d, path) && (d->read_only || n->dying)) {
            err_set_sys(err, ERR_IO, EROFS, "Could not open %s", path);
            return -1;
        }
        d->append[i] = (int)(make_file(n, path, mode) - d->files) + 1;
        return i;
    }
    err_set_sys(err, ERR_LIMIT, EMFILE, "Could not open %s", path);
    return -1;
}

bool sim_append_write(void *ctx, int file, const void *data, size_t length, struct err *err)
{
    struct node *n = ctx;
    struct sim_file *f = &n->disk.files[n->disk.append[file] - 1];

    if (n->dying)
        return true;
    if (write_fails(n, f->path, err))
        return false;
    if (write_is_torn(n)) {
        file_append(n, f, data, length / 2);
        return true;
    }
    file_append(n, f, data, length);
    return true;
}

void sim_append_close(void *ctx, int file)
{
    struct node *n = ctx;

    n->disk.append[file] = 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool sim_glob(void *ctx, const char *pattern, char ***paths, size_t *count, struct err *err)
{
    struct node *n = ctx;
    const struct disk *d = &n->disk;

    *count = 0;
    *paths = calloc(d->count + 1, sizeof(**paths));
    if (!*paths)
        return err_set(err, ERR_LIMIT, "Out of memory");
    for (size_t i = 0; i < d->count; i++) {
        if (d->files[i].path[0] == '\0' ||
            fnmatch(pattern, d->files[i].path, FNM_PATHNAME | FNM_PERIOD) != 0)
            continue;
        (*paths)[*count] = strdup(d->files[i].path);
        if ((*paths)[*count])
            ++*count;
    }
    qsort(*paths, *count, sizeof(**paths), by_name);
    return true;
}
