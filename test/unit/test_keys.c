#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/keys.h"
#include "base/text.h"

#define LINES_MAX 16

struct lines {
    char text[LINES_MAX][256];
    size_t count;
};

static void keep_line(void *ctx, enum log_level level, const char *line)
{
    struct lines *l = ctx;

    assert_int_equal(level, LEVEL_WARNING);
    assert_true(l->count < LINES_MAX);
    text_copy(l->text[l->count++], sizeof(l->text[0]), line);
}

static size_t load(struct keystore *ks, const char *text, struct lines *lines)
{
    struct log log = {.write = keep_line, .ctx = lines};

    *lines = (struct lines){0};
    return keystore_load(ks, text, strlen(text), "K", &log);
}

static void a_key_file_is_read_with_types_and_encodings(void **state)
{
    struct keystore *ks = keystore_create();
    struct lines lines;
    const struct key *k;

    (void)state;
    assert_int_equal(load(ks,
                          "# comment\r\n"
                          "7 plain\n"
                          "  10   SHA1\tHEX:00ff  \n"
                          "\n"
                          "3 SHA3-512 ASCII:HEX:1\n"
                          "4294967295 AES128 HEX:2b7e151628aed2a6abf7158809cf4f3c\n"
                          "0 x",
                          &lines),
                     5);
    assert_int_equal(lines.count, 0);
    k = keystore_find(ks, 7);
    assert_non_null(k);
    assert_int_equal(k->type, KEY_MD5);
    assert_memory_equal(k->secret, "plain", 5);
    assert_int_equal(key_bits(k), 40);
    k = keystore_find(ks, 10);
    assert_int_equal(k->type, KEY_SHA1);
    assert_int_equal(k->length, 2);
    assert_memory_equal(keystore_find(ks, 3)->secret, "HEX:1", 5);
    assert_non_null(keystore_find(ks, UINT32_MAX));
    assert_non_null(keystore_find(ks, 0));
    assert_null(keystore_find(ks, 8));
    assert_int_equal(load(ks, "9 x", &lines), 1);
    assert_null(keystore_find(ks, 7));
    keystore_destroy(ks);
    keystore_destroy(NULL);
}

static void a_bad_line_is_warned_about_and_skipped(void **state)
{
    static const char *const bad[] = {
        "x key",        "-1 key",        "4294967296 key",  "1",
        "1 SHA1 HEX:0", "1 SHA1 HEX:xx", "1 SHA1 HEX:",     "1 SHA1 ASCII:",
        "1 sha1 key",   "1 TIGER key",   "1 AES128 HEX:00", "1 AES256 HEX:2b7e151628aed2a6",
        "1 MD5 key x",
    };
    struct keystore *ks = keystore_create();
    struct lines lines;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char text[128];

        text_format(text, sizeof(text), "\n%s\n2 good\n", bad[i]);
        assert_int_equal(load(ks, text, &lines), 1);
        assert_int_equal(lines.count, 1);
        assert_non_null(strstr(lines.text[0], "line 2 in file K"));
        assert_null(keystore_find(ks, 1));
    }
    assert_int_equal(load(ks, "5 first\n5 second\n", &lines), 1);
    assert_int_equal(lines.count, 1);
    keystore_destroy(ks);
}

static void a_line_that_is_too_long_is_skipped_whole(void **state)
{
    struct keystore *ks = keystore_create();
    struct lines lines;
    char text[5000];

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "1 ", 2);
    memcpy(text + 4000, "\n2 b\n", 6);
    assert_int_equal(load(ks, text, &lines), 1);
    assert_int_equal(lines.count, 1);
    assert_non_null(keystore_find(ks, 2));
    keystore_destroy(ks);
}

static void thousands_of_keys_are_found(void **state)
{
    struct keystore *ks = keystore_create();
    struct lines lines;
    size_t size = 2000 * 20, used = 0;
    char *text = malloc(size);

    (void)state;
    for (unsigned i = 0; i < 2000; i++)
        used += strlen(text_format(text + used, size - used, "%u key%u\n", i * 7919 % 2000, i));
    assert_int_equal(load(ks, text, &lines), 2000);
    for (uint32_t i = 0; i < 2000; i++)
        assert_int_equal(keystore_find(ks, i)->id, i);
    assert_null(keystore_find(ks, 2000));
    free(text);
    keystore_destroy(ks);
}

/* digest(key || data) of "secret" and the bytes 0 to 47, made with Python's hashlib. */
static void hash_macs_match_another_implementation(void **state)
{
    static const struct {
        enum key_type type;
        const char *mac;
    } cases[] = {
        {KEY_MD5, "a03f32571504b4138d76d44a54fe953c"},
        {KEY_SHA1, "57dc9dda0a48d12289ffef427b0ec2057f998bfb"},
        {KEY_SHA256, "ce1dc038bc01c5c15462660ca130990488d64772d1dfe6a7842dec19e5893bce"},
        {KEY_SHA384, "f73d445106ce68df69041bcc2c6690b04b5ee95e18f0306e811625402abcaf31"
                     "58832fccdc51e792ce61003bcae07616"},
        {KEY_SHA512, "321678ad9a7055f76ea045f01088acc999b102d24bb05715eb146283a50e7c7f"
                     "3a15b8b16bca1df4b8e51c7f2504a676a1838cc373c264c7e9116135ece4c4a4"},
        {KEY_SHA3_224, "4ab8d2383b7bb25736c7c39eee307c82259cdf1c3b4c554ceafc02d9"},
        {KEY_SHA3_256, "c6b4100d19519de538079a883da167ae7dbd616df17b3dfe9f18de4022204768"},
        {KEY_SHA3_384, "ee05940bdfe7075e97ab12970ea15c5ce6c8ff77b76b29f0624b412250d7a779"
                       "e57875db2a52f4ca4827eac023294acd"},
        {KEY_SHA3_512, "16b3a67bb86cd7fbc531f7d1beaf8a48dd2c59a6cb28c213bc69fe4bcc99197c"
                       "99d13de83a6da9b7caf00f3274d5967138a199b9463747e99330cd2cfbd5047f"},
    };
    uint8_t data[48];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)i;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct key k = {.type = cases[i].type, .length = 6, .secret = "secret"};
        uint8_t expected[MAC_BYTES_MAX], mac[MAC_BYTES_MAX];
        int length = text_hex(cases[i].mac, expected, sizeof(expected));

        assert_int_equal(key_mac(&k, data, sizeof(data), mac), length);
        assert_memory_equal(mac, expected, (size_t)length);
    }
}

/* RFC 4493 section 4, and NIST SP 800-38B for 256 bits. */
static void cipher_macs_match_published_vectors(void **state)
{
    struct lines lines;
    struct keystore *ks = keystore_create();
    uint8_t data[64], mac[MAC_BYTES_MAX], expected[16];

    (void)state;
    assert_int_equal(load(ks,
                          "1 AES128 HEX:2b7e151628aed2a6abf7158809cf4f3c\n"
                          "2 AES256 HEX:603deb1015ca71be2b73aef0857d7781"
                          "1f352c073b6108d72d9810a30914dff4\n",
                          &lines),
                     2);
    assert_int_equal(text_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                              "30c81c46a35ce411",
                              data, sizeof(data)),
                     40);
    assert_int_equal(text_hex("dfa66747de9ae63030ca32611497c827", expected, 16), 16);
    assert_int_equal(key_mac(keystore_find(ks, 1), data, 40, mac), 16);
    assert_memory_equal(mac, expected, 16);
    assert_int_equal(text_hex("aaf3d8f1de5640c232f5b169b9c911e6", expected, 16), 16);
    assert_int_equal(key_mac(keystore_find(ks, 2), data, 40, mac), 16);
    assert_memory_equal(mac, expected, 16);
    keystore_destroy(ks);
}

static void a_mac_is_checked_whole_or_truncated_but_never_short(void **state)
{
    struct key k = {.type = KEY_SHA512, .length = 3, .secret = "abc"};
    uint8_t mac[MAC_BYTES_MAX + 1];

    (void)state;
    assert_int_equal(key_mac(&k, "data", 4, mac), 64);
    assert_true(key_check(&k, "data", 4, mac, 64));
    assert_true(key_check(&k, "data", 4, mac, 20));
    assert_true(key_check(&k, "data", 4, mac, 16));
    assert_false(key_check(&k, "data", 4, mac, 15));
    assert_false(key_check(&k, "data", 4, mac, 0));
    assert_false(key_check(&k, "data", 4, mac, 65));
    for (size_t bit = 0; bit < 20 * 8; bit++) {
        mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(key_check(&k, "data", 4, mac, 20));
        mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void type_names_are_known_as_they_are_written(void **state)
{
    static const struct {
        const char *name;
        enum key_type type;
    } table[] = {
        {"MD5", KEY_MD5},           {"SHA1", KEY_SHA1},         {"SHA256", KEY_SHA256},
        {"SHA384", KEY_SHA384},     {"SHA512", KEY_SHA512},     {"SHA3-224", KEY_SHA3_224},
        {"SHA3-256", KEY_SHA3_256}, {"SHA3-384", KEY_SHA3_384}, {"SHA3-512", KEY_SHA3_512},
        {"AES128", KEY_AES128},     {"AES256", KEY_AES256},
    };
    enum key_type type;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        assert_true(key_type_parse(table[i].name, &type));
        assert_int_equal(type, table[i].type);
    }
    assert_false(key_type_parse("md5", &type));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_file_is_read_with_types_and_encodings),
        cmocka_unit_test(a_bad_line_is_warned_about_and_skipped),
        cmocka_unit_test(a_line_that_is_too_long_is_skipped_whole),
        cmocka_unit_test(thousands_of_keys_are_found),
        cmocka_unit_test(hash_macs_match_another_implementation),
        cmocka_unit_test(cipher_macs_match_published_vectors),
        cmocka_unit_test(a_mac_is_checked_whole_or_truncated_but_never_short),
        cmocka_unit_test(type_names_are_known_as_they_are_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
