/* line.c - one line of configuration: its row is found and run, it is kept, its mistakes are told.
 */
#include <string.h>

#include "base/text.h"
#include "chronyd/config/parse.h"

static const char *kept_file(struct config *c, const char *file)
{
    struct config_extra *extra = config_extra(c);

    if (!file || !extra)
        return NULL;
    if (!extra->last_file || strcmp(extra->last_file, file) != 0)
        extra->last_file = config_string(c, file);
    return extra->last_file;
}

static bool keep_item(struct parser *p, const char *raw, const char *line)
{
    struct config_extra *extra = config_extra(p->config);
    struct config_item item = {.row = p->row, .line = p->line}, *grown;

    if (!extra)
        return fail_memory(p);
    item.file = kept_file(p->config, p->file);
    item.text = config_string(p->config, line);
    item.raw = p->reader->remark ? config_string(p->config, raw) : NULL;
    grown = config_grow(extra->items, extra->item_count, sizeof(*grown));
    if (grown)
        extra->items = grown;
    if (!grown || !item.text || (p->file && !item.file))
        return fail_memory(p);
    grown[extra->item_count++] = item;
    return true;
}

static bool unknown_directive(struct parser *p)
{
    char where[360];

    p->nearest = directive_nearest(p->word);
    if (p->nearest)
        parser_hint(p, "Directive %.80s is not known, did you mean %s?", p->word, p->nearest);
    return err_set(p->err, ERR_UNKNOWN, "Invalid directive %.80s %s", p->word,
                   parser_where(p, where, sizeof(where)));
}

/* A comment after a directive is the mistake that everybody makes once. */
static void hint_comment(struct parser *p, const char *line)
{
    for (const char *c = line; *c; c++) {
        if (*c == ' ' && strchr("!;#%", c[1]) && c[1]) {
            parser_hint(p, "A comment needs a line of its own: %.100s", c + 1);
            p->nearest = NULL;
            return;
        }
    }
}

int line_column(const char *raw, const char *normal, size_t at)
{
    const char *blanks = " \t\n\v\f\r";
    size_t in = strspn(raw, blanks);

    for (size_t i = 0; i < at && normal[i]; i++) {
        in++;
        if (normal[i] == ' ')
            in += strspn(raw + in, blanks);
    }
    return (int)in + 1;
}

bool parser_complain(struct parser *p, const char *raw, const char *normal, size_t at)
{
    struct config_remark remark = {.level = LEVEL_ERROR,
                                   .file = p->file,
                                   .line = p->line,
                                   .column = raw ? line_column(raw, normal, at) : 0,
                                   .text = p->err->text,
                                   .hint = p->hint[0] ? p->hint : NULL,
                                   .nearest = p->nearest};

    hint_comment(p, normal);
    remark.hint = p->hint[0] ? p->hint : NULL;
    remark.nearest = p->nearest;
    if (p->reader->remark) {
        char where[360], *place = strstr(p->err->text, parser_where(p, where, sizeof(where)));

        if (place && place > p->err->text)
            place[-1] = '\0';
        p->reader->remark(p->reader->remark_ctx, &remark);
    } else if (p->reader->log && remark.hint) {
        log_write(p->reader->log, p->lenient ? LEVEL_WARNING : LEVEL_ERROR, "%s", remark.hint);
    }
    p->hint[0] = '\0';
    p->nearest = NULL;
    return p->reader->remark != NULL;
}

static bool run_line(struct parser *p, const char *raw, const char *whole, struct words *w)
{
    p->word = words_next(w);
    p->row = directive_find(p->word);
    if (p->reader->print && !(p->row && p->row->kind == DIRECTIVE_INCLUDE))
        p->reader->print(p->reader->print_ctx, whole);
    if (!p->row)
        return unknown_directive(p);
    if (p->row->kind == DIRECTIVE_INCLUDE)
        return parser_include(p, w);
    return directive_parse(p, w) && keep_item(p, raw, whole);
}

bool parser_line(struct parser *p, char *line)
{
    char raw[TEXT_LINE_MAX + 1], whole[TEXT_LINE_MAX + 1];
    struct words w = {.rest = line};

    text_copy(raw, sizeof(raw), line);
    text_normalise(line);
    if (!*line)
        return true;
    text_copy(whole, sizeof(whole), line);
    return run_line(p, raw, whole, &w) ||
           parser_complain(p, raw, whole, w.last ? (size_t)(w.last - line) : 0);
}
