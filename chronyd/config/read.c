/* read.c - lines and files: include, confdir and sourcedir (spec chrony-conf sections 1 and 2). */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chronyd/config/parse.h"

#define FILE_BYTES_MAX ((size_t)16 << 20)
#define DEPTH_MAX 10
#define CONFDIRS_MAX 10

/* --- one line --- */

static const char *kept_file(struct config *c, const char *file)
{
    struct config_extra *extra = config_extra(c);

    if (!file || !extra)
        return NULL;
    if (!extra->last_file || strcmp(extra->last_file, file) != 0)
        extra->last_file = config_string(c, file);
    return extra->last_file;
}

static bool keep_item(struct parser *p, const char *line)
{
    struct config_extra *extra = config_extra(p->config);
    struct config_item item = {.row = p->row, .line = p->line}, *grown;

    if (!extra)
        return fail_memory(p);
    item.file = kept_file(p->config, p->file);
    item.text = config_string(p->config, line);
    grown = config_grow(extra->items, extra->item_count, sizeof(*grown));
    if (grown)
        extra->items = grown;
    if (!grown || !item.text || (p->file && !item.file))
        return fail_memory(p);
    grown[extra->item_count++] = item;
    return true;
}

/* A comment after a directive is the mistake that everybody makes once. */
static void hint_comment(struct parser *p, const char *line)
{
    for (const char *c = line; *c; c++) {
        if (*c == ' ' && strchr("!;#%", c[1])) {
            parser_hint(p, "A comment needs a line of its own: %.100s", c + 1);
            return;
        }
    }
}

static bool unknown_directive(struct parser *p)
{
    const char *near = directive_nearest(p->word);
    char where[360];

    if (near)
        parser_hint(p, "Directive %.80s is not known, did you mean %s?", p->word, near);
    return err_set(p->err, ERR_UNKNOWN, "Invalid directive %.80s %s", p->word,
                   parser_where(p, where, sizeof(where)));
}

static bool read_include(struct parser *p, struct words *w);

/* `line` is TEXT_LINE_MAX + 1 bytes at most, and is normalised in place. */
static bool read_line(struct parser *p, char *line)
{
    char whole[TEXT_LINE_MAX + 1];
    struct words w = {.rest = line};
    bool done;

    text_normalise(line);
    if (!*line)
        return true;
    text_copy(whole, sizeof(whole), line);
    p->word = words_next(&w);
    p->row = directive_find(p->word);
    if (p->reader->print && !(p->row && p->row->kind == DIRECTIVE_INCLUDE))
        p->reader->print(p->reader->print_ctx, whole);
    if (!p->row)
        return unknown_directive(p);
    if (p->row->kind == DIRECTIVE_INCLUDE)
        return read_include(p, &w);
    done = directive_parse(p, &w) && keep_item(p, whole);
    if (!done)
        hint_comment(p, whole);
    return done;
}

enum line_status { LINE_LAST, LINE_GOOD, LINE_TOO_LONG, LINE_BINARY };

static bool fail_line(struct parser *p, enum line_status status)
{
    char where[360];

    return err_set(p->err, status == LINE_TOO_LONG ? ERR_LIMIT : ERR_SYNTAX, "%s %s",
                   status == LINE_TOO_LONG ? "String too long" : "Zero byte",
                   parser_where(p, where, sizeof(where)));
}

bool config_read_line(struct config *c, const struct config_reader *r, const char *line, int number,
                      struct err *err)
{
    struct parser p = {.config = c, .reader = r, .line = number, .err = err};
    char copy[TEXT_LINE_MAX + 1];

    if (!text_copy(copy, sizeof(copy), line))
        return fail_line(&p, LINE_TOO_LONG);
    return read_line(&p, copy);
}

/* --- one file --- */

/* The next line of `*data`, without its newline; the last line has none. */
static enum line_status cut_line(const char **data, size_t *left, char line[TEXT_LINE_MAX + 1])
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

static bool open_file(const struct os *os, const char *path, char **data, size_t *length,
                      struct err *err)
{
    struct err why = {0};

    if (os->ops->file_read(os->ctx, path, FILE_BYTES_MAX, data, length, &why))
        return true;
    if (why.sys)
        return err_set(err, why.code, "Could not open %.300s : %s", path, strerror(why.sys));
    return err_set(err, why.code, "Could not open %.200s : %.200s", path, why.text);
}

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
    if (!open_file(p.reader->os, path, &data, &left, p.err))
        return false;
    at = data;
    while (good && left > 0) {
        enum line_status status = cut_line(&at, &left, line);

        p.line++;
        good = status <= LINE_GOOD ? read_line(&p, line) : fail_line(&p, status);
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

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The files of several directories, by base name; of files with the same one that of the directory
 * named first. */
struct file_set {
    char **paths;
    size_t count;
};

static void file_set_free(struct file_set *set)
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

static bool file_set_add_dir(struct file_set *set, const struct os *os, const char *dir,
                             const char *suffix)
{
    char pattern[2 * TEXT_LINE_MAX + 16], **paths = NULL;
    size_t count = 0;
    bool good = true;

    /* A directory that is missing or closed to us holds nothing. */
    if (!make_pattern(dir, suffix, pattern, sizeof(pattern)) ||
        !os->ops->glob(os->ctx, pattern, &paths, &count, NULL))
        return true;
    for (size_t i = 0; i < count; i++) {
        if (good)
            good = file_set_add(set, paths[i]);
        else
            free(paths[i]);
    }
    free(paths);
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
    for (size_t i = 0; good && i < set.count; i++)
        good = read_file(p, set.paths[i], p->depth + 1);
    file_set_free(&set);
    return good;
}

static bool read_include(struct parser *p, struct words *w)
{
    if (text_equal_nocase(p->row->name, "confdir"))
        return read_confdir(p, w);
    return take_count(p, w, 1) && include_pattern(p, words_next(w));
}

/* --- sourcedir --- */

struct source_list {
    struct ntp_source_settings *items;
    size_t count;
};

/* One line of a *.sources file: anything but a source is skipped, with a warning. */
static void read_source_line(struct parser *p, char *line, struct source_list *list)
{
    /* A configuration of its own takes the source and is then thrown away. */
    struct config scratch = {0};
    struct err why = {0};
    char where[360];
    struct words w = {.rest = line};
    struct ntp_source_settings *grown;

    text_normalise(line);
    if (!*line)
        return;
    p->config = &scratch;
    p->err = &why;
    p->word = words_next(&w);
    p->row = directive_find(p->word);
    if (!p->row || p->row->parse != parse_source)
        parser_warn(p, "Ignored %.80s directive %s: only server, pool and peer are used here",
                    p->word, parser_where(p, where, sizeof(where)));
    else if (!directive_parse(p, &w))
        parser_warn(p, "%s, ignored", why.text);
    else if ((grown = config_grow(list->items, list->count, sizeof(*grown)))) {
        list->items = grown;
        grown[list->count++] = scratch.ntp_sources[0];
    }
    config_free(&scratch);
}

static void read_source_file(const struct config_reader *r, const char *path,
                             struct source_list *list)
{
    struct parser p = {.reader = r, .file = path, .lenient = true};
    char line[TEXT_LINE_MAX + 1], *data;
    struct err why = {0};
    const char *at;
    size_t left;

    if (!r->os->ops->file_read(r->os->ctx, path, FILE_BYTES_MAX, &data, &left, NULL))
        return;
    at = data;
    while (left > 0) {
        enum line_status status = cut_line(&at, &left, line);

        p.line++;
        p.err = &why;
        /* Somebody may still be writing the last line. */
        if (status == LINE_GOOD)
            read_source_line(&p, line, list);
        else if (status != LINE_LAST && !fail_line(&p, status))
            parser_warn(&p, "%s, ignored", why.text);
    }
    free(data);
}

/* Each sourcedir line is a set of its own, as a confdir line is. */
static bool read_source_dirs(const struct config_reader *r, const char *line,
                             struct source_list *list)
{
    char copy[TEXT_LINE_MAX + 1];
    struct words w = {.rest = copy};
    struct file_set set = {0};
    const char *dir;
    bool good = true;

    text_copy(copy, sizeof(copy), line);
    words_next(&w);
    while (good && (dir = words_next(&w)))
        good = file_set_add_dir(&set, r->os, dir, "/*.sources");
    for (size_t i = 0; good && i < set.count; i++)
        read_source_file(r, set.paths[i], list);
    file_set_free(&set);
    return good;
}

bool config_read_sources(const struct config *c, const struct config_reader *r,
                         struct ntp_source_settings **list, size_t *count)
{
    struct source_list sources = {0};
    bool good = true;

    for (size_t i = 0; good && c->extra && i < c->extra->item_count; i++) {
        const struct config_item *item = &c->extra->items[i];

        if (item->row->parse == parse_list && item->row->detail == LIST_SOURCE_DIRS)
            good = read_source_dirs(r, item->text, &sources);
    }
    *list = sources.items;
    *count = sources.count;
    return good;
}
