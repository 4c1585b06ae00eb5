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
    double reroute_at_s, more_s;
    struct rng rng;
};

struct path {
    bool read, given;
    struct way way[2]; /* [1]: up */
};

/* One word and what belongs to it, for one direction. */
static bool read_word(struct tokens *t, struct way *w)
{
    bool any = false;

    if (tokens_accept(t, "loss"))
        return tokens_value(t, "a chance", &w->loss);
    if (tokens_accept(t, "open"))
        return tokens_value(t, "a length", &w->open_s) &&
               (tokens_accept(t, "every") || tokens_fail(t, "open LENGTH every PERIOD")) &&
               tokens_value(t, "a period", &w->every_s);
    if (tokens_accept(t, "reroute"))
        return tokens_value(t, "a time", &w->reroute_at_s) &&
               tokens_value(t, "a delay", &w->more_s);
    return delay_read(t, &w->delay, &any) &&
           (any || tokens_fail(t, "a path has no \"%s\"", tokens_peek(t)));
}

static bool read_words(struct tokens *t, struct path *p)
{
    bool down = true, up = true;

    while (tokens_left(t)) {
        int word = t->next;

        if (tokens_accept(t, "up") || tokens_accept(t, "down") || tokens_accept(t, "both")) {
            down = *t->word[word].text != 'u';
            up = *t->word[word].text != 'd';
            continue;
        }
        if (up && !read_word(t, &p->way[1]))
            return false;
        if (up && down)
            t->next = word; /* again, for the other one */
        if (down && !read_word(t, &p->way[0]))
            return false;
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
    rng_seed(&rng, world.set.seed, RNG_SCENARIO, (uint64_t)node);
    for (int up = 0; up < 2; up++)
        rng_seed(&p->way[up].rng, world.set.seed, RNG_LINK, (uint64_t)node * 2 + (uint64_t)up);
    if (!tokens_cut(&t, text) || !read_words(&t, p))
        violation("%s", err.text);
    tokens_free(&t);
}

bool path_take(int node, bool up, double *delay_s)
{
    static struct path paths[NODES_MAX];
    struct path *p = &paths[node < NODES_MAX ? node : 0];
    struct way *way = &p->way[up];
    double now_s = (double)world.t * 1e-9;

    if (!p->read)
        path_read(p, node);
    if (!p->given) {
        *delay_s = world.set.delay_s - world.set.jitter_s * log(random_unit());
        return true;
    }
    *delay_s = delay_draw(&way->delay, &way->rng, world.t);
    if (now_s >= way->reroute_at_s)
        *delay_s += way->more_s;
    if (way->every_s > 0 && fmod(now_s, way->every_s) >= way->open_s)
        return false;
    return !rng_chance(&way->rng, way->loss);
}
