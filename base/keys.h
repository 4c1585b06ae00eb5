/* keys.h - symmetric keys and the message authentication codes they make (on nettle).
 *
 * Decides which keys a key file holds (spec chrony-conf section 19.1). The MAC of a hash type is
 * digest(key || data), of a cipher type the 16-byte CMAC (RFC 8573). Secrets are compared in
 * constant time and wiped when freed. */
#ifndef BASE_KEYS_H
#define BASE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

/* Numbers as candm and authdata show them. */
enum key_type {
    KEY_MD5 = 1,
    KEY_SHA1 = 2,
    KEY_SHA256 = 3,
    KEY_SHA384 = 4,
    KEY_SHA512 = 5,
    KEY_SHA3_224 = 6,
    KEY_SHA3_256 = 7,
    KEY_SHA3_384 = 8,
    KEY_SHA3_512 = 9,
    KEY_AES128 = 13,
    KEY_AES256 = 14,
};

#define MAC_BYTES_MAX 64

struct key {
    uint32_t id;
    enum key_type type;
    size_t length; /* bytes of secret */
    uint8_t secret[1024];
};

struct keystore;

struct keystore *keystore_create(void);
void keystore_destroy(struct keystore *ks); /* NULL is allowed */

/* Replace the content by that of a key file's text. A bad line is warned about (path, line, reason)
 * and skipped; returns how many keys were loaded. The text is not modified. */
size_t keystore_load(struct keystore *ks, const char *text, size_t length, const char *path,
                     const struct log *log);
/* Lent until the next load; NULL if there is none. */
const struct key *keystore_find(const struct keystore *ks, uint32_t id);

bool key_type_parse(const char *word, enum key_type *out); /* "SHA1"; case-sensitive */
int key_bits(const struct key *k);
/* Secret bytes a cipher needs (16, 32); 0 for hashes, which take any length. */
size_t key_type_fixed_length(enum key_type type);

/* Write the full MAC of `data` to `out` (MAC_BYTES_MAX bytes) and return its length. */
size_t key_mac(const struct key *k, const void *data, size_t length, uint8_t *out);
/* Is `mac` (of mac_length bytes, possibly truncated, at least 16) the MAC of data? Constant time.
 */
MUST_CHECK bool key_check(const struct key *k, const void *data, size_t length, const uint8_t *mac,
                          size_t mac_length);

void digest_md5(const void *data, size_t length, uint8_t out[16]);

#endif
