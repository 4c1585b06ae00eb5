/* Log files with columns, on a file system that is told when to fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "chronyd/os/logfile.h"

struct disk {
    char path[128], text[4096];
    size_t length;
    unsigned mode;
    int opened, closed, warnings;
    bool no_open, full;
};

static int disk_open(void *ctx, const char *path, unsigned mode, struct err *err)
{
    struct disk *d = ctx;

    d->opened++;
    d->mode = mode;
    assert_true(text_copy(d->path, sizeof d->path, path));
    if (!d->no_open)
        return 7;
    (void)err_set(err, ERR_MISSING, "Could not open %s", path);
    return -1;
}

static bool disk_write(void *ctx, int file, const void *data, size_t length, struct err *err)
{
    struct disk *d = ctx;

    assert_int_equal(file, 7);
    if (d->full)
        return err_set(err, ERR_IO, "No space left on device");
    assert_true(d->length + length < sizeof d->text);
    memcpy(d->text + d->length, data, length);
    d->length += length;
    d->text[d->length] = '\0';
    return true;
}

static void disk_close(void *ctx, int file)
{
    struct disk *d = ctx;

    assert_int_equal(file, 7);
    d->closed++;
}

static void count_warning(void *ctx, enum log_level level, const char *line)
{
    struct disk *d = ctx;

    (void)line;
    d->warnings += level == LEVEL_WARNING;
}

static const struct os_ops ops = {
    .append_open = disk_open, .append_write = disk_write, .append_close = disk_close};

static struct logfile *create(struct disk *d, const char *dir, int banner)
{
    const struct os os = {.ops = &ops, .ctx = d};
    const struct log log = {.write = count_warning, .ctx = d};
    const struct logfile_settings settings = {.dir = dir, .banner = banner};

    memset(d, 0, sizeof *d);
    return logfile_create(&os, &log, &settings, "tracking", "Date  Offset");
}

static void logfile_is_opened_by_the_first_record(void **state)
{
    struct disk d;
    struct logfile *f = create(&d, "/var/log", 0);

    (void)state;
    assert_int_equal(d.opened, 0);
    logfile_write(f, "%d %s", 1, "one");
    logfile_write(f, "%d %s", 2, "two");
    assert_int_equal(d.opened, 1);
    assert_string_equal(d.path, "/var/log/tracking.log");
    assert_int_equal(d.mode, 0644);
    assert_string_equal(d.text, "1 one\n2 two\n");
    logfile_destroy(f);
    assert_int_equal(d.closed, 1);
}

static void logfile_without_directory_warns_with_the_first_record(void **state)
{
    struct disk d;
    struct logfile *f = create(&d, NULL, 0);

    (void)state;
    assert_int_equal(d.warnings, 0);
    logfile_write(f, "nothing %d", 1);
    assert_int_equal(d.warnings, 1);
    logfile_write(f, "nothing %d", 2);
    assert_int_equal(d.warnings, 1);
    logfile_destroy(f);
    assert_int_equal(d.opened, 0);
}

static void logfile_that_is_off_takes_anything(void **state)
{
    (void)state;
    logfile_write(NULL, "nothing %d", 1);
    logfile_cycle(NULL);
    logfile_destroy(NULL);
}

static void logfile_has_a_banner_every_so_many_records(void **state)
{
    struct disk d;
    struct logfile *f = create(&d, ".", 2);

    (void)state;
    for (int i = 0; i < 3; i++)
        logfile_write(f, "r%d", i);
    assert_string_equal(d.text, "============\nDate  Offset\n============\nr0\nr1\n"
                                "============\nDate  Offset\n============\nr2\n");
    logfile_destroy(f);
}

static void logfile_that_cannot_be_opened_is_told_once(void **state)
{
    struct disk d;
    struct logfile *f = create(&d, ".", 0);

    (void)state;
    d.no_open = true;
    for (int i = 0; i < 5; i++)
        logfile_write(f, "lost");
    assert_int_equal(d.warnings, 1);
    assert_int_equal(d.opened, 1);
    d.no_open = false;
    logfile_cycle(f);
    logfile_write(f, "kept");
    assert_string_equal(d.text, "kept\n");
    logfile_destroy(f);
}

static void logfile_on_a_full_disk_is_told_once_and_goes_on(void **state)
{
    struct disk d;
    struct logfile *f = create(&d, ".", 0);

    (void)state;
    d.full = true;
    for (int i = 0; i < 5; i++)
        logfile_write(f, "lost");
    assert_int_equal(d.warnings, 1);
    d.full = false;
    logfile_write(f, "kept");
    assert_string_equal(d.text, "kept\n");
    logfile_destroy(f);
}

static void logfile_cuts_an_endless_record(void **state)
{
    struct disk d;
    struct logfile *f = create(&d, ".", 0);
    char word[2000];

    (void)state;
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    logfile_write(f, "%s", word);
    assert_true(d.length < 1000);
    assert_int_equal(d.text[d.length - 1], '\n');
    logfile_destroy(f);
}

static void logfile_time_is_utc(void **state)
{
    static const struct {
        int64_t s;
        const char *text;
    } cases[] = {
        {0, "1970-01-01 00:00:00"},
        {1781075702, "2026-06-10 07:15:02"},
        {-3786825600, "1850-01-01 00:00:00"},
        {8835000000, "2249-12-20 22:40:00"},
    };
    char buf[20];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(logfile_time((struct utc){cases[i].s * NS_PER_S}, buf), cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logfile_is_opened_by_the_first_record),
        cmocka_unit_test(logfile_without_directory_warns_with_the_first_record),
        cmocka_unit_test(logfile_that_is_off_takes_anything),
        cmocka_unit_test(logfile_has_a_banner_every_so_many_records),
        cmocka_unit_test(logfile_that_cannot_be_opened_is_told_once),
        cmocka_unit_test(logfile_on_a_full_disk_is_told_once_and_goes_on),
        cmocka_unit_test(logfile_cuts_an_endless_record),
        cmocka_unit_test(logfile_time_is_utc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
