/* test_drift.c - the drift file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chronyd/clock/drift.h"
#include "test/unit/fake_os.h"

#define TEST(name) static void name(void **state)

TEST(drift_read_takes_two_numbers_in_any_layout)
{
    static const struct {
        const char *text;
        bool good;
        double freq_ppm, skew_ppm;
    } vectors[] = {
        {"           -12.345000             0.067000\n", true, -12.345, 0.067},
        {"1 2", true, 1.0, 2.0},
        {"\t-0.5e1\n\n 1e-9\n", true, -5.0, 1e-6},
        {"12.345\n", false, 0, 0},
        {"", false, 0, 0},
        {"x 1\n", false, 0, 0},
        {"1 nan\n", false, 0, 0},
        {"inf 1\n", false, 0, 0},
    };
    struct fake_os f;

    (void)state;
    fake_init(&f, 0.0, 0.0, 0.0);
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        struct drift d;
        struct err err = {0};

        fake_write(&f, "drift", vectors[i].text);
        assert_int_equal(drift_read(&f.os, "drift", &d, &err), vectors[i].good);
        if (vectors[i].good) {
            assert_true(d.freq_ppm == vectors[i].freq_ppm);
            assert_true(d.skew_ppm == vectors[i].skew_ppm);
        } else {
            assert_int_equal(err.code, ERR_SYNTAX);
        }
    }
    fake_free(&f);
}

TEST(drift_read_without_a_file_is_told_from_a_bad_one)
{
    struct fake_os f;
    struct drift d;
    struct err err = {0};

    (void)state;
    fake_init(&f, 0.0, 0.0, 0.0);
    assert_false(drift_read(&f.os, "drift", &d, &err));
    assert_int_equal(err.code, ERR_MISSING);
    fake_free(&f);
}

TEST(drift_write_uses_the_columns_that_others_read)
{
    struct fake_os f;
    struct drift d = {.freq_ppm = -12.3456789, .skew_ppm = 0.0678912};
    struct drift back;

    (void)state;
    fake_init(&f, 0.0, 0.0, 0.0);
    assert_true(drift_write(&f.os, "drift", &d, NULL));
    assert_string_equal(fake_read(&f, "drift"), "          -12.345679             0.067891\n");
    assert_true(drift_read(&f.os, "drift", &back, NULL));
    fake_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drift_read_takes_two_numbers_in_any_layout),
        cmocka_unit_test(drift_read_without_a_file_is_told_from_a_bad_one),
        cmocka_unit_test(drift_write_uses_the_columns_that_others_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
