/* swarm_files.c - what daemons leave behind: whole files, and no more memory than they need. */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "test/simulation/swarm_watch.h"

#define DUMP_SAMPLES_MAX 64
#define DUMP_FIELDS 8
/* What a daemon with a few sources needs, without what it was told to keep of its clients; what the
 * world keeps of it (a record per look, packets on their way) is far less. */
#define DAEMON_BYTES_MAX 300000
#define WORLD_BYTES_MAX 300000

/* --- files --- */

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

/* Two numbers on a line: frequency and skew in ppm. */
static bool drift_is_whole(const char *data, size_t length)
{
    double freq_ppm, skew_ppm;
    int used = 0;

    return sscanf(data, "%lf %lf%n", &freq_ppm, &skew_ppm, &used) == 2 &&
           fabs(freq_ppm) < 500000.0 && skew_ppm > 0.0 && skew_ppm < 1e9 &&
           (size_t)used + 1 == length && data[used] == '\n';
}

static const char *after_line(const char *at)
{
    const char *end = at ? strchr(at, '\n') : NULL;

    return end ? end + 1 : NULL;
}

/* A magic word, a name, the state, the number of samples, and as many lines of eight numbers. */
static bool dump_is_whole(const char *data)
{
    const char *at = after_line(after_line(after_line(data)));
    int count = 0;

    if (strncmp(data, "SRC0\n", 5) != 0 || !at || sscanf(at, "%d", &count) != 1 || count < 1 ||
        count > DUMP_SAMPLES_MAX)
        return false;
    at = after_line(at);
    for (int i = 0; i < count; i++, at = after_line(at)) {
        double v[DUMP_FIELDS];

        if (!at || sscanf(at, "%lf %lf %lf %lf %lf %lf %lf", &v[0], &v[1], &v[2], &v[3], &v[4],
                          &v[5], &v[6]) != DUMP_FIELDS - 1)
            return false;
    }
    return at && *at == '\0';
}

void check_files(struct watch *w)
{
    struct disk *d = &w->node->disk;

    for (size_t i = 0; i < d->count; i++) {
        const struct sim_file *f = &d->files[i];
        bool drift = ends_with(f->path, "/drift"), dump = ends_with(f->path, ".dat");

        if (!f->data || (!drift && !dump))
            continue;
        if (strlen((const char *)f->data) != f->length ||
            !(drift ? drift_is_whole((const char *)f->data, f->length)
                    : dump_is_whole((const char *)f->data)))
            violated(w->check, w->node, "files", "%s cannot be read: %.60s", f->path,
                     (const char *)f->data);
    }
}

/* --- memory --- */

size_t memory_in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static size_t disk_bytes(const struct disk *d)
{
    size_t sum = d->size * sizeof(*d->files);

    for (size_t i = 0; i < d->count; i++)
        sum += d->files[i].size + 64;
    return sum;
}

void check_memory(struct swarm_check *c)
{
    size_t allowed = c->memory_before + WORLD_BYTES_MAX, used = memory_in_use();

    allowed += c->run->world->packet_bytes;

    for (size_t i = 0; i < c->count; i++) {
        const struct node *n = c->watches[i].node;

        allowed += DAEMON_BYTES_MAX + disk_bytes(&n->disk);
        if (n->has_config)
            allowed += n->config.ntp.clients.memory_limit;
    }
    if (used > allowed)
        violated(c, NULL, "memory", "%zu bytes are in use, the budget is %zu",
                 used - c->memory_before, allowed - c->memory_before);
}
