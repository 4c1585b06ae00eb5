/* config_world.h - a file system and a log in memory, for tests of the configuration. */
#ifndef TEST_UNIT_CONFIG_WORLD_H
#define TEST_UNIT_CONFIG_WORLD_H

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chronyd/config/config.h"

#define WORLD_FILES_MAX 48

struct world_file {
    const char *path;
    const char *text; /* NULL: cannot be read */
    size_t length;    /* 0: of the string */
};

struct config_world {
    struct world_file files[WORLD_FILES_MAX];
    size_t count;
    char log[8192];   /* "level text\n"... */
    char print[8192]; /* lines */
    struct os os;
    struct log sink;
    struct config_reader reader;
};

static inline void world_add(struct config_world *w, const char *path, const char *text)
{
    if (w->count < WORLD_FILES_MAX)
        w->files[w->count++] = (struct world_file){.path = path, .text = text};
}

static inline void world_append(char *to, size_t size, const char *text)
{
    size_t used = strlen(to);

    (void)text_copy(to + used, size - used, text);
}

static inline bool world_read(void *ctx, const char *path, size_t max, char **data, size_t *length,
                              struct err *err)
{
    struct config_world *w = ctx;

    for (size_t i = 0; i < w->count; i++) {
        const struct world_file *f = &w->files[i];

        if (strcmp(f->path, path) != 0)
            continue;
        if (!f->text)
            return err_set_sys(err, ERR_PERMISSION, EACCES, "Could not open %s", path);
        *length = f->length ? f->length : strlen(f->text);
        if (*length > max)
            return err_set(err, ERR_LIMIT, "%s is too large", path);
        *data = malloc(*length + 1);
        if (!*data)
            return err_set(err, ERR_LIMIT, "No memory");
        memcpy(*data, f->text, *length);
        (*data)[*length] = '\0';
        return true;
    }
    return err_set_sys(err, ERR_MISSING, ENOENT, "Could not open %s", path);
}

static inline int world_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline bool world_glob(void *ctx, const char *pattern, char ***paths, size_t *count,
                              struct err *err)
{
    struct config_world *w = ctx;

    *count = 0;
    *paths = calloc(WORLD_FILES_MAX, sizeof(**paths));
    if (!*paths)
        return err_set(err, ERR_LIMIT, "No memory");
    for (size_t i = 0; i < w->count; i++) {
        if (fnmatch(pattern, w->files[i].path, FNM_PATHNAME | FNM_PERIOD) == 0)
            (*paths)[(*count)++] = strdup(w->files[i].path);
    }
    qsort(*paths, *count, sizeof(**paths), world_compare);
    return true;
}

/* A directory exists if a file is in it. */
static inline bool world_mtime(void *ctx, const char *path, struct utc *out)
{
    struct config_world *w = ctx;
    size_t length = strlen(path);

    out->ns = 0;
    for (size_t i = 0; i < w->count; i++) {
        const char *file = w->files[i].path;

        if (strncmp(file, path, length) == 0 && (file[length] == '/' || file[length] == '\0'))
            return true;
    }
    return false;
}

static inline void world_log(void *ctx, enum log_level level, const char *line)
{
    struct config_world *w = ctx;
    char text[600];

    world_append(w->log, sizeof(w->log),
                 text_format(text, sizeof(text), "%d %s\n", (int)level, line));
}

static inline void world_print(void *ctx, const char *line)
{
    struct config_world *w = ctx;

    world_append(w->print, sizeof(w->print), line);
    world_append(w->print, sizeof(w->print), "\n");
}

static inline void world_init(struct config_world *w)
{
    static const struct os_ops ops = {
        .file_read = world_read, .glob = world_glob, .file_mtime = world_mtime};

    memset(w, 0, sizeof(*w));
    w->os = (struct os){.ops = &ops, .ctx = w};
    w->sink = (struct log){.write = world_log, .ctx = w, .least = LEVEL_DEBUG};
    w->reader =
        (struct config_reader){.os = &w->os, .log = &w->sink, .print = world_print, .print_ctx = w};
}

/* Read one text as the main file F, checks between directives included. */
static inline bool world_config(struct config_world *w, struct config *c, const char *text,
                                struct err *err)
{
    world_add(w, "F", text);
    config_defaults(c);
    return config_read_file(c, &w->reader, "F", err) && config_finish(c, &w->reader, err);
}

#endif
