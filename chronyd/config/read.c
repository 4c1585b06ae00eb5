/* read.c - files in files: include and confdir (spec chrony-conf section 2). */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chronyd/config/files.h"

#define DEPTH_MAX 10
#define CONFDIRS_MAX 10

/* --- one line --- */

bool config_read_line(struct config *c, const struct config_reader *r, const char *line, int number,
                      struct err *err)
{
    struct parser p = {.config = c, .reader = r, .line = number, .err = err};
    char copy[TEXT_LINE_MAX + 1];

    if (!text_copy(copy, sizeof(copy), line))
        return fail_line(&p, LINE_TOO_LONG) || parser_complain(&p, NULL, "", 0);
    return parser_line(&p, copy);
}

/* --- one file --- */

static bool read_file(const struct parser *parent, const char *path, int depth)
{
    struct parser p = {.config = parent->config,
                       .reader = parent->reader,
                       .file = path,
                       .depth = depth,
                       .err = parent->err};
    char line[TEXT_LINE_MAX + 1], *data;
    const char *at;
    size_t left;
    bool good = true;

    if (depth > DEPTH_MAX)
        return err_set(p.err, ERR_LIMIT, "Maximum include level reached");
    if (!file_open(p.reader->os, path, &data, &left, p.err))
        return false;
    at = data;
    while (good && left > 0) {
        enum line_status status = file_cut_line(&at, &left, line);

        p.line++;
        if (status <= LINE_GOOD)
            good = parser_line(&p, line);
        else
            good = fail_line(&p, status) || parser_complain(&p, NULL, "", 0);
    }
    free(data);
    return good;
}

bool config_read_file(struct config *c, const struct config_reader *r, const char *path,
                      struct err *err)
{
    const struct parser top = {.config = c, .reader = r, .err = err};

    return read_file(&top, path, 1);
}

/* --- several files --- */

/* Is the directory there in which a pattern is looked for? (The part before the first wildcard.) */
static bool directory_exists(const struct os *os, const char *pattern)
{
    char dir[TEXT_LINE_MAX + 1];
    char *slash;
    struct utc unused;

    text_copy(dir, sizeof(dir), pattern);
    dir[strcspn(dir, "*?[")] = '\0';
    slash = strrchr(dir, '/');
    if (!slash || slash == dir)
        return true;
    *slash = '\0';
    return os->ops->file_mtime(os->ctx, dir, &unused);
}

static bool find_files(const struct os *os, const char *pattern, char ***paths, size_t *count,
                       struct err *err)
{
    if (os->ops->glob(os->ctx, pattern, paths, count, NULL) &&
        (*count > 0 || directory_exists(os, pattern)))
        return true;
    os_free_list(*paths, *count);
    return err_set(err, ERR_IO, "Could not search for files matching %.300s", pattern);
}

static bool include_pattern(struct parser *p, const char *pattern)
{
    char **paths = NULL;
    size_t count = 0;
    bool good = true;

    /* A literal name has to exist; opening it says why it does not. */
    if (!strpbrk(pattern, "*?["))
        return read_file(p, pattern, p->depth + 1);
    if (!find_files(p->reader->os, pattern, &paths, &count, p->err))
        return false;
    for (size_t i = 0; good && i < count; i++)
        good = read_file(p, paths[i], p->depth + 1);
    os_free_list(paths, count);
    return good;
}

static bool read_confdir(struct parser *p, struct words *w)
{
    struct file_set set = {0};
    const char *dir;
    bool good = true;
    int dirs = 0;

    while (good && (dir = words_next(w))) {
        if (++dirs > CONFDIRS_MAX)
            good = fail_parse(p);
        else if (!file_set_add_dir(&set, p->reader->os, dir, "/*.conf"))
            good = fail_memory(p);
    }
    if (good && dirs == 0)
        good = fail_parse(p);
    if (good && set.closed && p->reader->strict)
        good = err_set(p->err, ERR_PERMISSION, "Could not read a directory of confdir");
    for (size_t i = 0; good && i < set.count; i++)
        good = read_file(p, set.paths[i], p->depth + 1);
    file_set_free(&set);
    return good;
}

bool parser_include(struct parser *p, struct words *w)
{
    if (text_equal_nocase(p->row->name, "confdir"))
        return read_confdir(p, w);
    return take_count(p, w, 1) && include_pattern(p, words_next(w));
}
