/* quality_text.c - the networks with another client, or with other figures. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "test/simulation/quality.h"
#include "test/simulation/rng.h"

/* Figures are varied by up to this factor either way. */
#define VARIED_MOST 3.0

char *quality_with_yardstick(const char *text)
{
    char *copy = NULL, server[32] = "server";
    const char *first = strstr(text, " conf server ");
    size_t used = 0;
    FILE *out = open_memstream(&copy, &used);

    assert(out);
    if (first)
        sscanf(first, " conf server %31s", server);
    while (*text) {
        size_t length = strcspn(text, "\n");

        if (strncmp(text, "node client", 11) == 0)
            fprintf(out, "host client yardstick target %s\n", server);
        else if (strncmp(text, " conf ", 6) != 0)
            fprintf(out, "%.*s\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
    fclose(out);
    return copy;
}

/* The words whose number says what the network or the clock is like. */
static const char *const figure_words[] = {"delay",  "exp",  "normal", "product",
                                           "wander", "freq", "offset", "swing"};
#define FIGURES ARRAY_LEN(figure_words)

/* Its place in the list, FIGURES if it is none of them. */
static size_t figure_of(const char *word, size_t length)
{
    size_t i = 0;

    while (i < FIGURES &&
           (strlen(figure_words[i]) != length || strncmp(word, figure_words[i], length) != 0))
        i++;
    return i;
}

/* One factor per word, so that paths stay as symmetric as they were. */
char *quality_varied(const char *text, uint64_t seed)
{
    double factors[FIGURES];
    char *copy = NULL;
    size_t used = 0, figure = FIGURES;
    FILE *out = open_memstream(&copy, &used);
    struct rng rng;

    assert(out);
    rng_seed(&rng, seed, RNG_SCENARIO, 1);
    for (size_t i = 0; i < FIGURES; i++)
        factors[i] = pow(VARIED_MOST, rng_between(&rng, -1.0, 1.0));
    while (*text) {
        size_t length = strcspn(text, " \n"), gap = strspn(text + length, " \n"), number = 0;

        if (figure < FIGURES) {
            char *rest;
            double v = strtod(text, &rest) * factors[figure];

            number = (size_t)(rest - text);
            if (number > 0)
                fprintf(out, "%.6g", v);
        }
        fprintf(out, "%.*s", (int)(length + gap - number), text + number);
        figure = figure_of(text, length);
        text += length + gap;
    }
    fclose(out);
    return copy;
}
