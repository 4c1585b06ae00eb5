/* tell.c - tables and commands on standard output. */
#include "test/simulation/tell.h"

#include <stdlib.h>
#include <string.h>

void tell_quoted(FILE *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "/._+,:@%=-";

    if (*word != '\0' && word[strspn(word, plain)] == '\0') {
        fputs(word, out);
        return;
    }
    putc('\'', out);
    for (; *word; word++) {
        if (*word == '\'')
            fputs("'\\''", out);
        else
            putc(*word, out);
    }
    putc('\'', out);
}

static void put_path(FILE *out, const char *path)
{
    char *whole = realpath(path, NULL);

    tell_quoted(out, whole ? whole : path);
    free(whole);
}

void tell_repeat(FILE *out, const char *program, bool swarm, uint64_t seed, const char *path)
{
    fputs("    repeat: ", out);
    if (strchr(program, '/'))
        put_path(out, program);
    else /* the shell finds it again */
        tell_quoted(out, program);
    fprintf(out, "%s --seed %llu", swarm ? " --swarm" : "", (unsigned long long)seed);
    if (path) {
        putc(' ', out);
        put_path(out, path);
    }
    putc('\n', out);
}

void tell_table(FILE *out, char *const *paths, const struct tally *tallies, size_t count)
{
    int width = 8;

    for (size_t i = 0; i < count; i++) {
        int length = (int)strlen(paths[i]);

        width = length > width ? length : width;
    }
    fprintf(out, "\n  %-*s %8s %8s  %-20s %14s %10s\n", width, "scenario", "runs", "failed",
            "first failing seed", "error at end, s", "computed");
    for (size_t i = 0; i < count; i++) {
        const struct tally *t = &tallies[i];
        char seed[24] = "-";

        if (t->unreadable) {
            fprintf(out, "  %-*s %8s\n", width, paths[i], "cannot be read");
            continue;
        }
        if (t->failed > 0)
            snprintf(seed, sizeof(seed), "%llu", (unsigned long long)t->first_failed_seed);
        fprintf(out, "  %-*s %8zu %8zu  %-20s %14.9f %8.2f s\n", width, paths[i], t->runs,
                t->failed, seed, t->worst_error_s, t->wall_s);
    }
}
