/* paths.c - see paths.h. */
#include "paths.h"

#include <math.h>
#include <stdlib.h>

#include "test/simulation/delay.h"
#include "world.h"

#define NODES_MAX 20

struct way {
    struct delay_law delay;
    double loss, open_s, every_s; /* every_s 0: always open */
    struct rng rng;
};

struct path {
    bool read, given;
    struct way way[2]; /* [1]: up */
};

static bool read_words(struct tokens *t, struct path *p)
{
    int first = 0, last = 1;

    while (tokens_left(t)) {
        bool any = false;

        if (tokens_accept(t, "up")) {
            first = last = 1;
        } else if (tokens_accept(t, "down")) {
            first = last = 0;
        } else if (tokens_accept(t, "both")) {
            first = 0;
            last = 1;
        } else if (tokens_accept(t, "loss")) {
            if (!tokens_value(t, "a chance", &p->way[first].loss))
                return false;
            p->way[last].loss = p->way[first].loss;
        } else if (tokens_accept(t, "open")) {
            if (!tokens_value(t, "a length", &p->way[first].open_s) || !tokens_accept(t, "every") ||
                !tokens_value(t, "a period", &p->way[first].every_s))
                return tokens_fail(t, "open LENGTH every PERIOD");
            p->way[last].open_s = p->way[first].open_s;
            p->way[last].every_s = p->way[first].every_s;
        } else {
            if (!delay_read(t, &p->way[first].delay, &any))
                return false;
            if (!any)
                return tokens_fail(t, "a path has no \"%s\"", tokens_peek(t));
            p->way[last].delay = p->way[first].delay;
        }
    }
    return true;
}

static void path_read(struct path *p, int node)
{
    char name[32];
    const char *text;
    struct rng rng;
    struct err err = {.code = ERR_NONE};
    struct tokens t = {.path = "WORLD_PATH", .line = node, .rng = &rng, .err = &err};

    snprintf(name, sizeof name, "WORLD_PATH_%d", node);
    text = getenv(name);
    if (!text)
        text = getenv("WORLD_PATH");
    p->read = true;
    p->given = text != NULL;
    if (!text)
        return;
    rng_seed(&rng, world.random, RNG_SCENARIO, (uint64_t)node);
    for (int up = 0; up < 2; up++)
        rng_seed(&p->way[up].rng, world.random, RNG_LINK, (uint64_t)node * 2 + (uint64_t)up);
    if (!tokens_cut(&t, text) || !read_words(&t, p))
        violation("%s", err.text);
    tokens_free(&t);
}

bool path_take(int node, bool up, double *delay_s)
{
    static struct path paths[NODES_MAX];
    struct path *p = &paths[node < NODES_MAX ? node : 0];
    struct way *way = &p->way[up];

    if (!p->read)
        path_read(p, node);
    if (!p->given) {
        *delay_s = world.set.delay_s - world.set.jitter_s * log(random_unit());
        return true;
    }
    *delay_s = delay_draw(&way->delay, &way->rng, world.t);
    if (way->every_s > 0 && fmod((double)world.t * 1e-9, way->every_s) >= way->open_s)
        return false;
    return !rng_chance(&way->rng, way->loss);
}
