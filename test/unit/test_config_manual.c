/* test_config_manual.c - the manual page knows every directive and option that the parser knows.
 *
 * With the argument --print it writes the table of values that doc/chrony.conf.5.adoc includes:
 *     build/sane/test/unit/test_config_manual --print >doc/chrony.conf.table.adoc */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "chronyd/config/parse.h"

/* Tests run from the top of the tree. NULL if the file is not there. */
static char *read_text(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 1 << 17);

    if (f && text)
        text[fread(text, 1, (1 << 17) - 1, f)] = '\0';
    if (f)
        fclose(f);
    return text;
}

static bool documented(const char *manual, const char *name)
{
    char entry[80];

    return strstr(manual, text_format(entry, sizeof(entry), "*%s*", name)) != NULL;
}

static void every_directive_is_in_the_manual(void **state)
{
    char *manual = read_text("doc/chrony.conf.5.adoc");

    (void)state;
    for (size_t i = 0; i < config_directive_count; i++) {
        if (!documented(manual, config_directives[i].name))
            fail_msg("%s is not in the manual", config_directives[i].name);
    }
    free(manual);
}

static void every_option_of_sources_is_in_the_manual(void **state)
{
    char *manual = read_text("doc/chrony.conf.5.adoc");
    size_t count;
    const struct option *options = source_options(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        if (!documented(manual, options[i].name))
            fail_msg("option %s of servers is not in the manual", options[i].name);
    }
    options = refclock_options(&count);
    for (size_t i = 0; i < count; i++) {
        if (!documented(manual, options[i].name))
            fail_msg("option %s of refclocks is not in the manual", options[i].name);
    }
    free(manual);
}

static void rows_are_sorted_unique_and_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_directive_count; i++) {
        const struct directive *row = &config_directives[i];
        size_t length = strlen(row->help);

        assert_true(length > 10 && row->help[length - 1] == '.');
        assert_non_null(row->arguments);
        if (i > 0 && strcmp(config_directives[i - 1].name, row->name) >= 0)
            fail_msg("%s is out of order", row->name);
    }
}

/* --- the table of values --- */

static void add(char *out, size_t size, const char *text)
{
    size_t used = strlen(out);

    (void)text_copy(out + used, size - used, text);
}

static const char *number(char buf[40], double v)
{
    if (v == 2147483647.0 || v == 1e9)
        return "";
    return text_format(buf, 40, "%.9g", v);
}

static const char *choice_name(const struct directive *row)
{
    for (const struct choice *c = row->choices; c->word; c++) {
        if (c->value == (int)row->initial)
            return c->word;
    }
    return "";
}

static void add_row(char *out, size_t size, const struct directive *row)
{
    char line[300], low[40], high[40], initial[40];
    bool choice = row->kind == DIRECTIVE_CHOICE;
    bool measured = row->initial < row->min; /* a default that cannot be typed */

    if (row->kind != DIRECTIVE_INT && row->kind != DIRECTIVE_PORT && row->kind != DIRECTIVE_FLOAT &&
        !choice)
        return;
    add(out, size,
        text_format(line, sizeof(line), "|%s |%s |%s |%s\n", row->name,
                    choice     ? choice_name(row)
                    : measured ? "-"
                               : number(initial, row->initial),
                    choice || row->min <= -1e9 ? "" : number(low, row->min),
                    choice ? "" : number(high, row->max)));
}

static char *make_table(void)
{
    const size_t size = 1 << 14;
    char *out = calloc(1, size);

    if (!out)
        return NULL;
    add(out, size,
        "[options=\"header\",cols=\"3,2,2,2\"]\n|===\n|directive |default |least |most\n\n");
    for (size_t i = 0; i < config_directive_count; i++)
        add_row(out, size, &config_directives[i]);
    add(out, size, "|===\n");
    return out;
}

static void the_table_in_the_manual_is_that_of_the_parser(void **state)
{
    char *made = make_table();
    char *kept = read_text("doc/chrony.conf.table.adoc");

    (void)state;
    if (strcmp(made, kept) != 0)
        fail_msg("doc/chrony.conf.table.adoc is old, see the top of this test");
    free(made);
    free(kept);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_directive_is_in_the_manual),
        cmocka_unit_test(every_option_of_sources_is_in_the_manual),
        cmocka_unit_test(rows_are_sorted_unique_and_explained),
        cmocka_unit_test(the_table_in_the_manual_is_that_of_the_parser),
    };

    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        char *table = make_table();

        fputs(table, stdout);
        free(table);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
