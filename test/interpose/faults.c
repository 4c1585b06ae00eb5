/* faults.c - see faults.h. */
#include "faults.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX 50
#define LINE_MAX_BYTES 4200

struct rule {
    double from_s, until_s;
    int node;
    char field[16], value[32];
};

struct rules {
    struct rule list[RULES_MAX];
    int count;
};

static void parse(struct rules *r)
{
    const char *text = getenv("WORLD_FAULTS");

    while (text && *text && r->count < RULES_MAX) {
        struct rule *e = &r->list[r->count];

        if (sscanf(text, " %lf %lf %d %15[a-z] %31[^;]", &e->from_s, &e->until_s, &e->node,
                   e->field, e->value) != 5)
            violation("WORLD_FAULTS: %s", text);
        r->count++;
        text = strchr(text, ';');
        text += text != NULL;
    }
}

/* The value that the field has now, NULL if it is as it should be. */
static const char *value_now(int node, const char *field)
{
    static struct rules rules;
    static bool parsed;
    double now_s = (double)world.t * 1e-9;

    if (!parsed)
        parse(&rules);
    parsed = true;
    for (int i = 0; i < rules.count; i++) {
        const struct rule *r = &rules.list[i];

        if ((r->node == 0 || r->node == node) && now_s >= r->from_s && now_s < r->until_s &&
            strcmp(r->field, field) == 0)
            return r->value;
    }
    return NULL;
}

static double number_now(int node, const char *field, double otherwise)
{
    const char *value = value_now(node, field);

    return value ? strtod(value, NULL) : otherwise;
}

bool faults_silence(int node)
{
    return value_now(node, "silent") != NULL;
}

double faults_offset_s(int node)
{
    return number_now(node, "offset", 0);
}

double faults_delay_s(int node)
{
    return number_now(node, "delay", 0);
}

static void put_short(uint8_t *at, double s)
{
    uint32_t v = (uint32_t)(s * 65536.0);

    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> (24 - 8 * i));
}

void faults_spoil(int node, struct packet *p)
{
    const char *kiss = value_now(node, "kiss"), *refid = value_now(node, "refid");
    uint8_t *d = p->data;

    d[0] = (uint8_t)(((int)number_now(node, "leap", d[0] >> 6) & 3) << 6 |
                     ((int)number_now(node, "version", d[0] >> 3 & 7) & 7) << 3 |
                     ((int)number_now(node, "mode", d[0] & 7) & 7));
    d[1] = (uint8_t)number_now(node, "stratum", d[1]);
    d[2] = (uint8_t)(int)number_now(node, "poll", (int8_t)d[2]);
    d[3] = (uint8_t)(int)number_now(node, "precision", (int8_t)d[3]);
    put_short(d + 4, number_now(node, "rootdelay", 0));
    put_short(d + 8, number_now(node, "rootdisp", 0));
    if (refid)
        memcpy(d + 12, refid, 4);
    if (kiss) {
        d[0] |= 0xc0;
        d[1] = 0;
        memcpy(d + 12, kiss, 4);
    }
    if (value_now(node, "origin"))
        d[30] ^= 1;
    if (value_now(node, "notransmit"))
        memset(d + 40, 0, 8);
    p->length = (size_t)number_now(node, "length", (double)p->length);
}

static bool read_stranger(const char *line, struct packet *p)
{
    double at_s;
    int node, from, to, used = 0;
    unsigned byte;

    if (sscanf(line, "%lf %d %d %d %n", &at_s, &node, &from, &to, &used) < 4)
        return false;
    p->at = (int64_t)(at_s * 1e9);
    p->from = node_address(node, (uint16_t)from);
    p->to = node_address(OWN_NODE, (uint16_t)to);
    for (const char *hex = line + used; sscanf(hex, "%2x", &byte) == 1; hex += 2)
        p->data[p->length++] = (uint8_t)byte;
    return true;
}

void faults_strangers(void)
{
    static bool sent;
    const char *path = getenv("WORLD_PACKETS");
    char line[LINE_MAX_BYTES];
    FILE *f;

    if (sent || !path)
        return;
    sent = true;
    f = fopen(path, "re");
    if (!f)
        violation("WORLD_PACKETS: %s", path);
    while (fgets(line, sizeof line, f)) {
        struct packet *p = calloc(1, sizeof *p);

        if (!read_stranger(line, p))
            violation("WORLD_PACKETS: %s", line);
        network_enqueue(p);
    }
    fclose(f);
}
