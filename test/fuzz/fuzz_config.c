/* fuzz_config.c - arbitrary bytes as a main file, as a file that it may include (/d/a.conf) and as
 * a file of sources (/d/a.sources): the parts are separated by a line "====". */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "chronyd/config/check.h"
#include "chronyd/config/diff.h"
#include "test/unit/config_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The parts of the input as files; the text is kept by the caller. */
static void cut_files(struct config_world *w, const char *text, size_t size)
{
    static const char *const names[] = {"F", "/d/a.conf", "/d/a.sources"};
    static const char separator[] = "\n====\n";
    const size_t skip = sizeof(separator) - 1;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *end = size > 0 ? memmem(text, size, separator, skip) : NULL;
        size_t length = end ? (size_t)(end - text) : size;

        w->files[w->count++] =
            (struct world_file){.path = names[i], .text = length ? text : "", .length = length};
        text += end ? length + skip : length;
        size -= end ? length + skip : length;
    }
}

/* The same bytes as directives on a command line. */
static void read_lines(const struct config_world *w, char *text)
{
    struct config c;
    struct err err;
    char *line;
    int number = 0;

    config_defaults(&c);
    while ((line = strsep(&text, "\n")) && config_read_line(&c, &w->reader, line, ++number, &err))
        ;
    config_free(&c);
}

static void swallow(void *ctx, const char *line)
{
    *(size_t *)ctx += strlen(line);
}

/* --check and the daemon have to agree whether the file is good. */
static void check(const struct config_world *w, bool good)
{
    const struct check_input in = {.os = &w->os, .path = "F"};
    struct check_report *r = config_check(&in);
    size_t length = 0;

    if (!r)
        return;
    if (good != (check_status(r) < 2))
        abort();
    check_print(r, false, swallow, &length);
    check_print(r, true, swallow, &length);
    check_destroy(r);
}

/* Nothing differs from itself, and what differs from the defaults can be told. */
static void compare(const struct config *c)
{
    struct config defaults;
    struct config_diff diff;

    config_defaults(&defaults);
    if (config_diff(c, c, &diff) && diff.gone_count + diff.come_count + diff.change_count > 0)
        abort();
    config_diff_free(&diff);
    if (config_diff(&defaults, c, &diff))
        config_diff_free(&diff);
    config_free(&defaults);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config_world w;
    struct config c;
    struct err err = {0};
    struct ntp_source_settings *list = NULL;
    size_t count = 0;
    bool good;
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    world_init(&w);
    cut_files(&w, text, size);
    config_defaults(&c);
    good = config_read_file(&c, &w.reader, "F", &err) && config_finish(&c, &w.reader, &err);
    if (good)
        compare(&c);
    if (good && config_read_sources(&c, &w.reader, &list, &count))
        free(list);
    config_free(&c);
    check(&w, good);
    read_lines(&w, text);
    free(text);
    return 0;
}
