/* keys.c - key files and MACs. */
#include "base/keys.h"

#include <stdlib.h>
#include <string.h>

#include <nettle/cmac.h>
#include <nettle/md5.h>
#include <nettle/memops.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <nettle/sha3.h>

#include "base/text.h"

/* Entries are sorted by id, so that a packet's key is found in a few steps. */
struct keystore {
    struct key *keys;
    size_t count, size;
};

struct key_kind {
    const char *name;
    enum key_type type;
    const struct nettle_hash *hash; /* NULL: a cipher */
    size_t fixed_length;
};

static const struct key_kind kinds[] = {
    {"MD5", KEY_MD5, &nettle_md5, 0},
    {"SHA1", KEY_SHA1, &nettle_sha1, 0},
    {"SHA256", KEY_SHA256, &nettle_sha256, 0},
    {"SHA384", KEY_SHA384, &nettle_sha384, 0},
    {"SHA512", KEY_SHA512, &nettle_sha512, 0},
    {"SHA3-224", KEY_SHA3_224, &nettle_sha3_224, 0},
    {"SHA3-256", KEY_SHA3_256, &nettle_sha3_256, 0},
    {"SHA3-384", KEY_SHA3_384, &nettle_sha3_384, 0},
    {"SHA3-512", KEY_SHA3_512, &nettle_sha3_512, 0},
    {"AES128", KEY_AES128, NULL, 16},
    {"AES256", KEY_AES256, NULL, 32},
};

union hash_state {
    struct md5_ctx md5;
    struct sha1_ctx sha1;
    struct sha256_ctx sha256;
    struct sha512_ctx sha512;
    struct sha3_224_ctx sha3_224;
    struct sha3_256_ctx sha3_256;
    struct sha3_384_ctx sha3_384;
    struct sha3_512_ctx sha3_512;
};

static const struct key_kind *kind_of(enum key_type type)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (kinds[i].type == type)
            return &kinds[i];
    }
    return NULL;
}

/* --- store --- */

struct keystore *keystore_create(void)
{
    return calloc(1, sizeof(struct keystore));
}

static void wipe(void *data, size_t length)
{
    if (length > 0)
        explicit_bzero(data, length);
}

static void clear(struct keystore *ks)
{
    wipe(ks->keys, ks->count * sizeof(*ks->keys));
    free(ks->keys);
    *ks = (struct keystore){0};
}

void keystore_destroy(struct keystore *ks)
{
    if (!ks)
        return;
    clear(ks);
    free(ks);
}

/* The place of `id`, or where it would be put. */
static size_t place_of(const struct keystore *ks, uint32_t id)
{
    size_t low = 0, high = ks->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (ks->keys[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct key *keystore_find(const struct keystore *ks, uint32_t id)
{
    size_t i = place_of(ks, id);

    return i < ks->count && ks->keys[i].id == id ? &ks->keys[i] : NULL;
}

/* A block that realloc moves would leave secrets behind: copy and wipe by hand. */
static bool grow(struct keystore *ks)
{
    size_t size = ks->size ? 2 * ks->size : 16;
    struct key *keys = calloc(size, sizeof(*keys));

    if (!keys)
        return false;
    if (ks->count > 0)
        memcpy(keys, ks->keys, ks->count * sizeof(*keys));
    wipe(ks->keys, ks->count * sizeof(*keys));
    free(ks->keys);
    ks->keys = keys;
    ks->size = size;
    return true;
}

static bool add(struct keystore *ks, const struct key *key)
{
    size_t i = place_of(ks, key->id);

    if (i < ks->count && ks->keys[i].id == key->id)
        return false;
    if (ks->count == ks->size && !grow(ks))
        return false;
    memmove(&ks->keys[i + 1], &ks->keys[i], (ks->count - i) * sizeof(*ks->keys));
    ks->keys[i] = *key;
    ks->count++;
    return true;
}

/* --- key file --- */

/* NULL if the secret was read, otherwise what is wrong with it. */
static const char *parse_secret(const char *word, struct key *key)
{
    size_t fixed = key_type_fixed_length(key->type);

    if (strncmp(word, "HEX:", 4) == 0) {
        int n = text_hex(word + 4, key->secret, sizeof(key->secret));

        if (n <= 0)
            return "bad hexadecimal key";
        key->length = (size_t)n;
    } else {
        if (strncmp(word, "ASCII:", 6) == 0)
            word += 6;
        key->length = strlen(word);
        if (key->length == 0 || key->length > sizeof(key->secret))
            return "empty or too long key";
        memcpy(key->secret, word, key->length);
    }
    if (fixed > 0 && key->length != fixed)
        return "key length does not fit the type";
    return NULL;
}

/* NULL if the line was read, otherwise what is wrong with it. */
static const char *parse_line(char *line, struct key *key)
{
    const char *id = text_word(&line), *type = text_word(&line), *secret = text_word(&line);
    uint64_t number;

    if (!id || !type)
        return "missing key";
    if (*id == '+' || !text_uint(id, &number) || number > UINT32_MAX)
        return "invalid key id";
    key->id = (uint32_t)number;
    key->type = KEY_MD5;
    if (!secret)
        secret = type;
    else if (text_word(&line))
        return "too many words";
    else if (!key_type_parse(type, &key->type))
        return "unknown or unsupported key type";
    return parse_secret(secret, key);
}

static void load_line(struct keystore *ks, char *line, const char *path, int number,
                      const struct log *log)
{
    struct key key = {0};
    const char *fault;

    text_normalise(line);
    if (!*line)
        return;
    fault = parse_line(line, &key);
    if (fault)
        log_warning(log, "Could not parse key at line %d in file %s: %s", number, path, fault);
    else if (!add(ks, &key))
        log_warning(log, "Detected duplicate key %u at line %d in file %s", key.id, number, path);
    wipe(&key, sizeof(key));
}

size_t keystore_load(struct keystore *ks, const char *text, size_t length, const char *path,
                     const struct log *log)
{
    char line[TEXT_LINE_MAX + 1];
    size_t at = 0;

    clear(ks);
    for (int number = 1; at < length; number++) {
        const char *start = text + at;
        const char *end = memchr(start, '\n', length - at);
        size_t bytes = end ? (size_t)(end - start) : length - at;

        at += bytes + 1;
        if (bytes >= TEXT_LINE_MAX) {
            log_warning(log, "Line %d in file %s is too long", number, path);
            continue;
        }
        memcpy(line, start, bytes);
        line[bytes] = '\0';
        load_line(ks, line, path, number, log);
    }
    wipe(line, sizeof(line));
    return ks->count;
}

/* --- types --- */

bool key_type_parse(const char *word, enum key_type *out)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(word, kinds[i].name) == 0) {
            *out = kinds[i].type;
            return true;
        }
    }
    return false;
}

int key_bits(const struct key *k)
{
    return (int)(8 * k->length);
}

size_t key_type_fixed_length(enum key_type type)
{
    const struct key_kind *kind = kind_of(type);

    return kind ? kind->fixed_length : 0;
}

/* --- MACs --- */

static size_t hash_mac(const struct nettle_hash *hash, const struct key *k, const void *data,
                       size_t length, uint8_t *out)
{
    union hash_state state;

    hash->init(&state);
    hash->update(&state, k->length, k->secret);
    hash->update(&state, length, data);
    hash->digest(&state, hash->digest_size, out);
    wipe(&state, sizeof(state));
    return hash->digest_size;
}

static size_t cipher_mac(const struct key *k, const void *data, size_t length, uint8_t *out)
{
    union {
        struct cmac_aes128_ctx aes128;
        struct cmac_aes256_ctx aes256;
    } state;

    if (k->type == KEY_AES128) {
        cmac_aes128_set_key(&state.aes128, k->secret);
        cmac_aes128_update(&state.aes128, length, data);
        cmac_aes128_digest(&state.aes128, CMAC128_DIGEST_SIZE, out);
    } else {
        cmac_aes256_set_key(&state.aes256, k->secret);
        cmac_aes256_update(&state.aes256, length, data);
        cmac_aes256_digest(&state.aes256, CMAC128_DIGEST_SIZE, out);
    }
    wipe(&state, sizeof(state));
    return CMAC128_DIGEST_SIZE;
}

size_t key_mac(const struct key *k, const void *data, size_t length, uint8_t *out)
{
    const struct key_kind *kind = kind_of(k->type);

    if (!kind)
        return 0;
    return kind->hash ? hash_mac(kind->hash, k, data, length, out)
                      : cipher_mac(k, data, length, out);
}

bool key_check(const struct key *k, const void *data, size_t length, const uint8_t *mac,
               size_t mac_length)
{
    uint8_t expected[MAC_BYTES_MAX];
    size_t full = key_mac(k, data, length, expected);

    return mac_length >= 16 && mac_length <= full && memeql_sec(expected, mac, mac_length);
}

void digest_md5(const void *data, size_t length, uint8_t out[16])
{
    struct md5_ctx state;

    md5_init(&state);
    md5_update(&state, length, data);
    md5_digest(&state, 16, out);
}
