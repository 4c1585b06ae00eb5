/* files.c - see files.h. */
#include "chronyd/config/files.h"

#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)16 << 20)

bool fail_line(struct parser *p, enum line_status status)
{
    char where[360];

    return err_set(p->err, status == LINE_TOO_LONG ? ERR_LIMIT : ERR_SYNTAX, "%s %s",
                   status == LINE_TOO_LONG ? "String too long" : "Zero byte",
                   parser_where(p, where, sizeof(where)));
}

enum line_status file_cut_line(const char **data, size_t *left, char line[TEXT_LINE_MAX + 1])
{
    const char *start = *data, *end = memchr(start, '\n', *left);
    size_t length = end ? (size_t)(end - start) : *left;
    size_t whole = length + (end ? 1 : 0);

    *data += whole;
    *left -= whole;
    if (whole > TEXT_LINE_MAX)
        return LINE_TOO_LONG;
    memcpy(line, start, length);
    line[length] = '\0';
    if (memchr(line, '\0', length))
        return LINE_BINARY;
    return end ? LINE_GOOD : LINE_LAST;
}

bool file_open(const struct os *os, const char *path, char **data, size_t *length, struct err *err)
{
    struct err why = {0};

    if (os->ops->file_read(os->ctx, path, FILE_BYTES_MAX, data, length, &why))
        return true;
    if (why.sys)
        return err_set(err, why.code, "Could not open %.300s : %s", path, strerror(why.sys));
    return err_set(err, why.code, "Could not open %.200s : %.200s", path, why.text);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

void file_set_free(struct file_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free(set->paths[i]);
    free(set->paths);
}

/* Takes over `path`, also when it is not needed. */
static bool file_set_add(struct file_set *set, char *path)
{
    size_t at = 0, after;
    char **grown;
    int order = -1;

    while (at < set->count && (order = strcmp(base_name(path), base_name(set->paths[at]))) > 0)
        at++;
    if (at < set->count && order == 0) {
        free(path);
        return true;
    }
    grown = config_grow(set->paths, set->count, sizeof(*grown));
    if (!grown) {
        free(path);
        return false;
    }
    set->paths = grown;
    after = set->count - at;
    memmove(&grown[at + 1], &grown[at], after * sizeof(*grown));
    grown[at] = path;
    set->count++;
    return true;
}

/* DIR/SUFFIX with the directory taken literally. */
static bool make_pattern(const char *dir, const char *suffix, char *out, size_t size)
{
    size_t n = 0;

    for (; *dir && n + 3 < size; dir++) {
        if (strchr("*?[]\\", *dir))
            out[n++] = '\\';
        out[n++] = *dir;
    }
    out[n] = '\0';
    return !*dir && text_copy(out + n, size - n, suffix);
}

bool file_set_add_dir(struct file_set *set, const struct os *os, const char *dir,
                      const char *suffix)
{
    char pattern[2 * TEXT_LINE_MAX + 16], **paths = NULL;
    size_t count = 0;
    bool good = true;

    /* A directory that is missing or closed to us holds nothing. */
    if (!make_pattern(dir, suffix, pattern, sizeof(pattern)))
        return true;
    if (!os->ops->glob(os->ctx, pattern, &paths, &count, NULL)) {
        set->closed = true;
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (good)
            good = file_set_add(set, paths[i]);
        else
            free(paths[i]);
    }
    free(paths);
    return good;
}
