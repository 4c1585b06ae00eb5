/* hash.h - find things by what they are called.
 *
 * A table of pointers under numbers that its user makes of the keys (addr_hash, hash_text). The
 * table knows nothing of the keys: `hash_next` gives everything that was added under a number, and
 * the user compares. It owns none of the things. All zero is an empty table. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

struct hash_entry {
    uint32_t number;
    void *item; /* NULL: free */
};

struct hash {
    struct hash_entry *entries;
    size_t size, used; /* size: 0 or a power of two, more than used */
};

void hash_free(struct hash *h);
/* Make room for so many more, so that adding them cannot fail. False: out of memory. */
MUST_CHECK bool hash_reserve(struct hash *h, size_t more);
/* `item` is not NULL; there is room for it. */
void hash_put(struct hash *h, uint32_t number, void *item);
/* False: out of memory, and nothing has changed. */
MUST_CHECK bool hash_add(struct hash *h, uint32_t number, void *item);
/* Of what is not there nothing is removed. */
void hash_remove(struct hash *h, uint32_t number, const void *item);
/* All that is under `number`, one after another; NULL at the end. Begin with *at = 0, and change
 * nothing on the way. */
void *hash_next(const struct hash *h, uint32_t number, size_t *at);

/* Well mixed; for keys that strangers choose, take a secret along. */
uint32_t hash_number(uint64_t key);
uint32_t hash_text(const char *text);

#endif
