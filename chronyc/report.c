#include "chronyc/report.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* --- text and CSV ---------------------------------------------------------------------------- */

static const char *bits_text(char *buf, size_t size, uint64_t bits, int count)
{
    size_t used = 0;

    while (count-- > 0 && used + 1 < size)
        buf[used++] = bits >> count & 1 ? '1' : '0';
    buf[used] = '\0';
    return buf;
}

static char shown_char(uint64_t c)
{
    return c >= ' ' && c < 0x7f ? (char)c : '?';
}

/* Integers, and codes made of them. False: none of these. */
static bool print_integer(FILE *out, const struct field *f, const struct value *v)
{
    unsigned long long u = v->v.u;
    char buf[FORMAT_MAX];

    switch (f->kind) {
    case KIND_CHAR:
        fputc(shown_char(u), out);
        return true;
    case KIND_UINT:
        fprintf(out, "%*llu", f->width, u);
        return true;
    case KIND_INT:
        fprintf(out, "%*lld", f->width, (long long)v->v.i);
        return true;
    case KIND_OCTAL:
        fprintf(out, "%*llo", f->width, u);
        return true;
    case KIND_REFID:
        fprintf(out, "%08llX", u);
        return true;
    case KIND_BITS:
        fputs(bits_text(buf, sizeof(buf), u, f->width), out);
        return true;
    case KIND_INTERVAL:
        fputs(format_interval(buf, sizeof(buf), (uint32_t)u), out);
        return true;
    case KIND_LOG2:
        fputs(format_log2(buf, sizeof(buf), v->v.i), out);
        return true;
    case KIND_LEAP:
        fputs(leap_words(u), out);
        return true;
    case KIND_LEAP_CHAR:
        fputc(leap_char(u), out);
        return true;
    case KIND_YESNO:
        fputs(u ? "Yes" : "No", out);
        return true;
    case KIND_YN:
        fputc(u ? 'Y' : 'N', out);
        return true;
    default:
        return false;
    }
}

static bool print_real(FILE *out, const struct field *f, double d)
{
    char buf[FORMAT_MAX];

    switch (f->kind) {
    case KIND_OFFSET_SIGNED:
    case KIND_OFFSET:
        fputs(format_offset(buf, sizeof(buf), d, f->kind == KIND_OFFSET_SIGNED), out);
        return true;
    case KIND_PPM_SIGNED:
    case KIND_PPM:
        fputs(format_ppm(buf, sizeof(buf), d, f->kind == KIND_PPM_SIGNED), out);
        return true;
    case KIND_REAL:
        fprintf(out, "%*.*f", f->width, f->decimals, d);
        return true;
    case KIND_REAL_SIGNED:
        fprintf(out, "%+*.*f", f->width, f->decimals, d);
        return true;
    case KIND_OFFSET_WORD:
        fputs(format_offset_word(buf, sizeof(buf), d), out);
        return true;
    case KIND_FREQ_WORD:
        fputs(format_freq_word(buf, sizeof(buf), d), out);
        return true;
    default:
        return false;
    }
}

static void print_text(FILE *out, const struct field *f, const struct value *v, bool wide)
{
    int extra = f->flags & FIELD_NAME && wide ? REPORT_NAME_EXTRA : 0;
    char buf[FORMAT_MAX];

    if (f->kind == KIND_TEXT)
        fprintf(out, "%*s", f->width < 0 ? f->width - extra : f->width + extra, v->v.s);
    else if (f->kind == KIND_TIME)
        fputs(format_time(buf, sizeof(buf), &v->v.t), out);
    else if (f->kind == KIND_DATE)
        fputs(format_date(buf, sizeof(buf), &v->v.t), out);
    else if (!print_integer(out, f, v))
        print_real(out, f, v->v.d);
}

static void print_csv(FILE *out, const struct field *f, const struct value *v)
{
    switch (f->kind) {
    case KIND_TEXT:
        fputs(v->v.s, out);
        break;
    case KIND_UINT:
    case KIND_INTERVAL:
        fprintf(out, "%llu", (unsigned long long)v->v.u);
        break;
    case KIND_INT:
    case KIND_LOG2:
        fprintf(out, "%lld", (long long)v->v.i);
        break;
    case KIND_OCTAL:
        fprintf(out, "%llo", (unsigned long long)v->v.u);
        break;
    case KIND_OFFSET_SIGNED:
    case KIND_OFFSET:
    case KIND_OFFSET_WORD:
        fprintf(out, "%.9f", v->v.d);
        break;
    case KIND_PPM_SIGNED:
    case KIND_PPM:
    case KIND_FREQ_WORD:
        fprintf(out, "%.3f", v->v.d);
        break;
    case KIND_REAL:
    case KIND_REAL_SIGNED:
        fprintf(out, "%.*f", f->decimals, v->v.d);
        break;
    case KIND_TIME:
        fprintf(out, "%lld.%09u", (long long)v->v.t.sec, v->v.t.nsec);
        break;
    case KIND_LEAP_CHAR:
        fputs(leap_words(v->v.u), out);
        break;
    default: /* the same in both */
        print_text(out, f, v, false);
        break;
    }
}

/* --- JSON ------------------------------------------------------------------------------------ */

/* Length of the valid UTF-8 sequence at `s` (RFC 3629), 0 if there is none. */
static size_t utf8_length(const unsigned char *s)
{
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                             : 0;

    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))
        return 0;
    return n;
}

void json_string(FILE *out, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    fputc('"', out);
    while (*s != '\0') {
        size_t n = utf8_length(s);

        if (*s == '"' || *s == '\\')
            fprintf(out, "\\%c", *s);
        else if (*s < ' ' || *s == 0x7f)
            fprintf(out, "\\u%04x", *s);
        else if (n == 0)
            fputs("\\ufffd", out);
        else
            fwrite(s, 1, n, out);
        s += n > 0 ? n : 1;
    }
    fputc('"', out);
}

void json_document(FILE *out, const char *schema)
{
    fprintf(out, "{\"schema\":\"%s\",\"version\":1", schema);
}

static void json_select_options(FILE *out, uint64_t bits)
{
    static const char *const words[] = {"noselect", "prefer", "trust", "require"};
    const char *separator = "";

    fputc('[', out);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (bits >> i & 1) {
            fprintf(out, "%s\"%s\"", separator, words[i]);
            separator = ",";
        }
    }
    fputc(']', out);
}

/* Names of the tests whose bit is not set, in the order of the bits 0x200 to 0x001. */
static void json_tests(FILE *out, uint64_t flags)
{
    static const char names[] = "123567ABCD";
    const char *separator = "";

    fputc('[', out);
    for (size_t i = 0; i < sizeof(names) - 1; i++) {
        if (!(flags & 0x200u >> i)) {
            fprintf(out, "%s\"%c\"", separator, names[i]);
            separator = ",";
        }
    }
    fputc(']', out);
}

static bool json_unknown(const struct field *f, const struct value *v)
{
    return v->unknown || (f->kind == KIND_INTERVAL && v->v.u == INTERVAL_UNKNOWN) ||
           (f->kind == KIND_LOG2 && v->v.i >= LOG2_UNKNOWN);
}

static void print_json(FILE *out, const struct field *f, const struct value *v)
{
    char buf[FORMAT_MAX];

    if (json_unknown(f, v)) {
        fputs("null", out);
        return;
    }
    switch (f->kind) {
    case KIND_CHAR:
        text_format(buf, sizeof(buf), "%c", shown_char(v->v.u));
        json_string(out, buf);
        break;
    case KIND_TEXT:
        json_string(out, v->v.s);
        break;
    case KIND_UINT:
    case KIND_INTERVAL:
    case KIND_OCTAL:
        fprintf(out, "%llu", (unsigned long long)v->v.u);
        break;
    case KIND_INT:
    case KIND_LOG2:
        fprintf(out, "%lld", (long long)v->v.i);
        break;
    case KIND_REFID:
        fprintf(out, "\"%08llX\"", (unsigned long long)v->v.u);
        break;
    case KIND_BITS:
        json_string(out, bits_text(buf, sizeof(buf), v->v.u, f->width));
        break;
    case KIND_TIME:
    case KIND_DATE:
        json_string(out, format_rfc3339(buf, sizeof(buf), &v->v.t));
        break;
    case KIND_LEAP:
    case KIND_LEAP_CHAR:
        json_string(out, leap_words(v->v.u));
        break;
    case KIND_YESNO:
    case KIND_YN:
        fputs(v->v.u ? "true" : "false", out);
        break;
    case KIND_SELECT_OPTIONS:
        json_select_options(out, v->v.u);
        break;
    case KIND_TESTS:
        json_tests(out, v->v.u);
        break;
    default: /* the doubles */
        fputs(format_json_number(buf, sizeof(buf), v->v.d), out);
        break;
    }
}

/* --- collecting ------------------------------------------------------------------------------ */

FILE *collector_open(struct collector *c)
{
    c->text = NULL;
    c->size = 0;
    c->stream = open_memstream(&c->text, &c->size);
    assert(c->stream);
    return c->stream;
}

void collector_drop(struct collector *c)
{
    if (!c->stream)
        return;
    fclose(c->stream);
    free(c->text);
    c->stream = NULL;
    c->text = NULL;
}

void collector_print(struct collector *c, FILE *out)
{
    fflush(c->stream);
    fwrite(c->text, 1, c->size, out);
    collector_drop(c);
}

/* --- rows ------------------------------------------------------------------------------------ */

static void print_heading(struct printer *p, const struct report *r)
{
    size_t columns = strlen(r->heading_name) + strlen(r->heading_rest);
    int extra = 0;

    for (size_t i = 0; i < r->count; i++)
        if (r->fields[i].flags & FIELD_NAME && p->wide)
            extra = REPORT_NAME_EXTRA;
    columns += (size_t)extra;
    fprintf(p->out, "%s%*s%s\n", r->heading_name, extra, "", r->heading_rest);
    while (columns-- > 0)
        fputc('=', p->out);
    fputc('\n', p->out);
}

void printer_begin(struct printer *p, const struct report *report)
{
    p->report = report;
    p->rows = 0;
    if (p->render == RENDER_JSON) {
        json_document(collector_open(&p->json), report->schema);
        if (report->rows)
            fprintf(p->json.stream, ",\"%s\":[", report->rows);
    } else if (p->render == RENDER_TEXT && report->heading_name) {
        print_heading(p, report);
    }
}

static void row_json(struct printer *p, const struct value *values)
{
    const struct report *r = p->report;
    const char *separator = r->rows ? "" : ",";

    if (r->rows)
        fputs(p->rows > 0 ? ",{" : "{", p->json.stream);
    for (size_t i = 0; i < r->count; i++) {
        if (!r->fields[i].json)
            continue;
        fprintf(p->json.stream, "%s\"%s\":", separator, r->fields[i].json);
        print_json(p->json.stream, &r->fields[i], &values[i]);
        separator = ",";
    }
    if (r->rows)
        fputc('}', p->json.stream);
}

static void row_text(struct printer *p, const struct value *values)
{
    const struct report *r = p->report;
    const char *separator = "";

    for (size_t i = 0; i < r->count; i++) {
        const struct field *f = &r->fields[i];

        if (f->flags & FIELD_JSON_ONLY || (f->flags & FIELD_OPTIONAL && values[i].unknown))
            continue;
        if (p->render == RENDER_CSV) {
            fputs(separator, p->out);
            print_csv(p->out, f, &values[i]);
            separator = ",";
        } else {
            fputs(f->lead ? f->lead : "", p->out);
            print_text(p->out, f, &values[i], p->wide);
            fputs(f->tail ? f->tail : "", p->out);
        }
    }
    if (p->render == RENDER_CSV)
        fputc('\n', p->out);
}

void printer_row(struct printer *p, const struct value *values)
{
    if (p->render == RENDER_JSON)
        row_json(p, values);
    else
        row_text(p, values);
    p->rows++;
}

void printer_drop(struct printer *p)
{
    collector_drop(&p->json);
    p->report = NULL;
}

void printer_end(struct printer *p)
{
    if (p->json.stream) {
        fputs(p->report->rows ? "]}\n" : "}\n", p->json.stream);
        collector_print(&p->json, p->out);
    }
    p->report = NULL;
}
