/* replay.c - a main for fuzz targets without libFuzzer: runs each file of a corpus folder once, and
 * after that a bounded number of simple mutations of it, always the same ones. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX 65536
#define MUTATIONS_PER_INPUT 200

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A copy of exactly `size` bytes, so that the sanitizer sees reads beyond the end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy)
        exit(2);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_mutations(uint8_t *data, size_t size)
{
    uint64_t state = 0x9E3779B97F4A7C15ULL ^ size;

    run(data, size);
    for (int i = 0; i < MUTATIONS_PER_INPUT && size > 0; i++) {
        size_t at = next_random(&state) % size;
        uint8_t old = data[at];

        if (i % 10 == 9) {
            run(data, at);
            continue;
        }
        data[at] = (uint8_t)next_random(&state);
        run(data, size);
        if (i % 3)
            data[at] = old;
    }
}

int main(int argc, char **argv)
{
    static const char usage[] = "usage: fuzz_TARGET CORPUS_FOLDER\n";
    struct dirent *entry;
    uint8_t *buf = malloc(INPUT_MAX);
    size_t count = 0;
    DIR *dir;

    if (argc != 2 || !buf || !(dir = opendir(argv[1]))) {
        fputs(usage, stderr);
        return 2;
    }
    while ((entry = readdir(dir))) {
        char path[4096];
        FILE *f;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        f = fopen(path, "rb");
        if (!f)
            return 2;
        run_mutations(buf, fread(buf, 1, INPUT_MAX, f));
        fclose(f);
        count++;
    }
    closedir(dir);
    free(buf);
    fprintf(stderr, "%zu inputs\n", count);
    return count == 0; /* an empty corpus tests nothing */
}
