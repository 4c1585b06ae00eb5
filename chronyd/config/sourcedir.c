/* sourcedir.c - the sources in files of sourcedir directories (spec chrony-conf section 2). */
#include <stdlib.h>

#include "base/text.h"
#include "chronyd/config/files.h"

struct source_list {
    struct ntp_source_settings *items;
    size_t count;
};

static bool keep_source(struct source_list *list, const struct ntp_source_settings *s)
{
    struct ntp_source_settings *grown = config_grow(list->items, list->count, sizeof(*grown));

    if (!grown)
        return false;
    list->items = grown;
    grown[list->count++] = *s;
    return true;
}

static bool parse_source_line(struct parser *p, struct words *w)
{
    char where[360];

    p->word = words_next(w);
    p->row = directive_find(p->word);
    if (p->row && p->row->parse == parse_source)
        return directive_parse(p, w);
    p->nearest = p->row ? NULL : directive_nearest(p->word);
    return err_set(p->err, ERR_UNKNOWN, "Only server, pool and peer are used, not %.80s %s",
                   p->word, parser_where(p, where, sizeof(where)));
}

/* A refused line is skipped, but not in silence. */
static void skip_line(struct parser *p, const char *raw, const char *normal, size_t at)
{
    if (!parser_complain(p, raw, normal, at) && p->reader->log)
        log_warning(p->reader->log, "%s, ignored", p->err->text);
}

static void read_source_line(struct parser *p, char *line, struct source_list *list)
{
    /* A configuration of its own takes the source and is then thrown away. */
    struct config scratch = {0};
    char raw[TEXT_LINE_MAX + 1], whole[TEXT_LINE_MAX + 1];
    struct words w = {.rest = line};

    text_copy(raw, sizeof(raw), line);
    text_normalise(line);
    if (!*line)
        return;
    text_copy(whole, sizeof(whole), line);
    p->config = &scratch;
    if (!parse_source_line(p, &w))
        skip_line(p, raw, whole, w.last ? (size_t)(w.last - line) : 0);
    else if (!keep_source(list, &scratch.ntp_sources[0]) && !fail_memory(p))
        skip_line(p, raw, whole, 0);
    config_free(&scratch);
}

static void read_source_file(const struct config_reader *r, const char *path,
                             struct source_list *list)
{
    struct err why = {0};
    struct parser p = {.reader = r, .file = path, .lenient = true, .err = &why};
    char line[TEXT_LINE_MAX + 1], *data;
    const char *at;
    size_t left;

    if (!file_open(r->os, path, &data, &left, NULL))
        return;
    at = data;
    while (left > 0) {
        enum line_status status = file_cut_line(&at, &left, line);

        p.line++;
        /* Somebody may still be writing the last line. */
        if (status == LINE_GOOD)
            read_source_line(&p, line, list);
        else if (status != LINE_LAST && !fail_line(&p, status))
            skip_line(&p, NULL, "", 0);
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
    if (r->strict && set.closed) {
        log_warning(r->log, "Could not read a directory of sourcedir, keeping its sources");
        good = false;
    }
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
    if (!good) {
        free(sources.items);
        sources = (struct source_list){0};
    }
    *list = sources.items;
    *count = sources.count;
    return good;
}
