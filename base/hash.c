/* hash.c - open addressing with linear probing. An entry that goes leaves no mark: those behind it
 * move up, so that a table that things come to and go from for years stays as fast as a new one. */
#include "base/hash.h"

#include <assert.h>
#include <stdlib.h>

#define SIZE_LEAST 16

void hash_free(struct hash *h)
{
    free(h->entries);
    *h = (struct hash){0};
}

static size_t after(const struct hash *h, size_t slot)
{
    return (slot + 1) & (h->size - 1);
}

static size_t home(const struct hash *h, uint32_t number)
{
    return number & (h->size - 1);
}

void hash_put(struct hash *h, uint32_t number, void *item)
{
    size_t slot = home(h, number);

    assert(item && h->used < h->size);
    while (h->entries[slot].item)
        slot = after(h, slot);
    h->entries[slot] = (struct hash_entry){number, item};
    h->used++;
}

bool hash_reserve(struct hash *h, size_t more)
{
    struct hash old = *h;
    size_t size = h->size ? h->size : SIZE_LEAST;

    while (h->used + more > size / 4 * 3)
        size *= 2;
    if (size == h->size)
        return true;
    h->entries = calloc(size, sizeof(*h->entries));
    if (!h->entries) {
        *h = old;
        return false;
    }
    h->size = size;
    h->used = 0;
    for (size_t i = 0; i < old.size; i++) {
        if (old.entries[i].item)
            hash_put(h, old.entries[i].number, old.entries[i].item);
    }
    free(old.entries);
    return true;
}

bool hash_add(struct hash *h, uint32_t number, void *item)
{
    if (!hash_reserve(h, 1))
        return false;
    hash_put(h, number, item);
    return true;
}

/* Is `slot` on the way from where an entry belongs to where it is? */
static bool on_the_way(const struct hash *h, size_t from, size_t slot, size_t to)
{
    return ((slot - from) & (h->size - 1)) <= ((to - from) & (h->size - 1));
}

void hash_remove(struct hash *h, uint32_t number, const void *item)
{
    size_t hole, slot;

    if (h->size == 0)
        return;
    hole = home(h, number);
    while (h->entries[hole].item &&
           (h->entries[hole].item != item || h->entries[hole].number != number))
        hole = after(h, hole);
    if (!h->entries[hole].item)
        return;
    h->entries[hole].item = NULL;
    h->used--;
    for (slot = after(h, hole); h->entries[slot].item; slot = after(h, slot)) {
        if (!on_the_way(h, home(h, h->entries[slot].number), hole, slot))
            continue;
        h->entries[hole] = h->entries[slot];
        h->entries[slot].item = NULL;
        hole = slot;
    }
}

void *hash_next(const struct hash *h, uint32_t number, size_t *at)
{
    if (h->size == 0)
        return NULL;
    for (;; (*at)++) {
        const struct hash_entry *e = &h->entries[(home(h, number) + *at) & (h->size - 1)];

        if (!e->item)
            return NULL;
        if (e->number == number) {
            (*at)++;
            return e->item;
        }
    }
}

uint32_t hash_number(uint64_t key)
{
    /* The finalizer of splitmix64: each bit of the key turns half of the result's. */
    key = (key ^ key >> 30) * 0xbf58476d1ce4e5b9u;
    key = (key ^ key >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)(key ^ key >> 31);
}

uint32_t hash_text(const char *text)
{
    uint64_t v = 0;

    for (; *text; text++)
        v = v * 31 + (unsigned char)*text;
    return hash_number(v);
}
