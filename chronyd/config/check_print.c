/* check_print.c - findings for people and for programs. */
#include "chronyd/config/check.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct out {
    char line[4096];
    size_t used;
};

static void put(struct out *o, const char *text)
{
    size_t left = sizeof(o->line) - o->used;

    (void)text_copy(o->line + o->used, left, text);
    o->used += strlen(o->line + o->used);
}

static void put_int(struct out *o, int v)
{
    char buf[16];

    put(o, text_format(buf, sizeof(buf), "%d", v));
}

/* --- text --- */

static void print_text(const struct finding *f, void (*print)(void *ctx, const char *line),
                       void *ctx)
{
    struct out o = {.used = 0};

    o.line[0] = '\0';
    if (f->file)
        put(&o, f->file);
    else
        put(&o, f->line > 0 ? "command line" : "configuration");
    for (int i = 0; i < 2; i++) {
        int number = i == 0 ? f->line : f->column;

        if (number > 0) {
            put(&o, ":");
            put_int(&o, number);
        }
    }
    put(&o, f->severity == FINDING_ERROR ? ": error: " : ": advice: ");
    put(&o, f->text);
    if (f->hint) {
        put(&o, ". ");
        put(&o, f->hint);
    }
    print(ctx, o.line);
}

/* --- JSON --- */

/* What the file holds may be any bytes: what is not printable ASCII is escaped, as if it were
 * Latin 1, so that the output is valid whatever comes in. */
static void put_string(struct out *o, const char *text)
{
    put(o, "\"");
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        char buf[8] = {(char)*c, '\0'};

        if (*c == '"' || *c == '\\')
            text_format(buf, sizeof(buf), "\\%c", *c);
        else if (*c < ' ' || *c > '~')
            text_format(buf, sizeof(buf), "\\u%04x", *c);
        /* The closing of the object has to fit as well. */
        if (o->used + 200 > sizeof(o->line))
            break;
        put(o, buf);
    }
    put(o, "\"");
}

static void put_member(struct out *o, const char *name, const char *value)
{
    put(o, ", \"");
    put(o, name);
    put(o, "\": ");
    if (value)
        put_string(o, value);
    else
        put(o, "null");
}

static void print_json(const struct finding *f, bool last,
                       void (*print)(void *ctx, const char *line), void *ctx)
{
    struct out o = {.used = 0};

    o.line[0] = '\0';
    put(&o, "  {\"severity\": ");
    put_string(&o, f->severity == FINDING_ERROR ? "error" : "advice");
    put_member(&o, "code", f->code);
    put_member(&o, "file", f->file);
    put(&o, ", \"line\": ");
    put_int(&o, f->line);
    put(&o, ", \"column\": ");
    put_int(&o, f->column);
    put_member(&o, "nearest", f->nearest);
    put_member(&o, "hint", f->hint);
    put_member(&o, "text", f->text);
    put(&o, last ? "}" : "},");
    print(ctx, o.line);
}

void check_print(const struct check_report *report, bool json,
                 void (*print)(void *ctx, const char *line), void *ctx)
{
    size_t count = check_count(report);
    char head[40];

    if (json) {
        print(ctx, text_format(head, sizeof(head), "{\"status\": %d,", check_status(report)));
        print(ctx, " \"findings\": [");
    }
    for (size_t i = 0; i < count; i++) {
        if (json)
            print_json(check_finding(report, i), i + 1 == count, print, ctx);
        else
            print_text(check_finding(report, i), print, ctx);
    }
    if (json)
        print(ctx, "]}");
}
