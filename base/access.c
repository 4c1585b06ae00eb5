/* access.c - the tree of 16 branches a level. */
#include "base/access.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define LEVEL_BITS 4
#define BRANCHES 16

enum state { AS_PARENT, ALLOW, DENY };

struct node {
    enum state state;
    struct node *children; /* NULL or BRANCHES of them */
};

struct access_table {
    struct node ipv4, ipv6;
};

struct access_table *access_create(void)
{
    struct access_table *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->ipv4.state = DENY;
    t->ipv6.state = DENY;
    return t;
}

/* Depth is bounded by the 32 levels of IPv6. */
static void prune(struct node *n)
{
    if (!n->children)
        return;
    for (size_t i = 0; i < BRANCHES; i++)
        prune(&n->children[i]);
    free(n->children);
    n->children = NULL;
}

void access_destroy(struct access_table *t)
{
    if (!t)
        return;
    prune(&t->ipv4);
    prune(&t->ipv6);
    free(t);
}

void access_move(struct access_table *to, struct access_table *from)
{
    prune(&to->ipv4);
    prune(&to->ipv6);
    *to = *from;
    *from = (struct access_table){.ipv4 = {.state = DENY}, .ipv6 = {.state = DENY}};
}

static unsigned branch(const struct addr *a, int depth)
{
    uint8_t byte = a->bytes[depth / 2];

    return depth % 2 ? byte & 0xf : byte >> 4;
}

static bool apply(struct node *n, const struct access_rule *r, struct err *err)
{
    int depth = 0, left = r->bits;
    size_t first = 0, count = 1;

    /* Down to the level that holds the prefix: whole steps of 4 bits name one node, the rest of a
     * prefix covers 8, 4 or 2 siblings one level further down. */
    for (; left > 0; left -= LEVEL_BITS, depth++) {
        if (!n->children) {
            n->children = calloc(BRANCHES, sizeof(*n->children));
            if (!n->children)
                return err_set(err, ERR_LIMIT, "No memory for access rules");
        }
        if (left < LEVEL_BITS) {
            count = (size_t)1 << (LEVEL_BITS - left);
            first = branch(&r->net, depth) & ~(count - 1);
            n = n->children;
            break;
        }
        n = &n->children[branch(&r->net, depth)];
    }
    for (size_t i = first; i < first + count; i++) {
        if (r->all)
            prune(&n[i]);
        n[i].state = r->allow ? ALLOW : DENY;
    }
    return true;
}

bool access_apply(struct access_table *t, const struct access_rule *r, struct err *err)
{
    char text[ADDR_TEXT_MAX];

    if (r->net.family == ADDR_NONE && r->bits == 0)
        return apply(&t->ipv4, r, err) && apply(&t->ipv6, r, err);
    if ((r->net.family != ADDR_IPV4 && r->net.family != ADDR_IPV6) || r->bits < 0 ||
        r->bits > addr_bits(&r->net))
        return err_set(err, ERR_RANGE, "Bad subnet in %s/%d",
                       addr_format(&r->net, text, sizeof(text)), r->bits);
    return apply(r->net.family == ADDR_IPV4 ? &t->ipv4 : &t->ipv6, r, err);
}

bool access_allows(const struct access_table *t, const struct addr *a)
{
    const struct node *n;
    enum state answer = DENY;
    int levels = addr_bits(a) / LEVEL_BITS;

    if (levels == 0)
        return false;
    n = a->family == ADDR_IPV4 ? &t->ipv4 : &t->ipv6;
    for (int depth = 0;; depth++) {
        if (n->state != AS_PARENT)
            answer = n->state;
        if (depth == levels || !n->children)
            return answer == ALLOW;
        n = &n->children[branch(a, depth)];
    }
}

static bool any_allowed(const struct node *n, enum state inherited)
{
    enum state state = n->state == AS_PARENT ? inherited : n->state;

    if (!n->children)
        return state == ALLOW;
    for (size_t i = 0; i < BRANCHES; i++) {
        if (any_allowed(&n->children[i], state))
            return true;
    }
    return false;
}

bool access_any(const struct access_table *t, enum addr_family family)
{
    return ((family == ADDR_NONE || family == ADDR_IPV4) && any_allowed(&t->ipv4, DENY)) ||
           ((family == ADDR_NONE || family == ADDR_IPV6) && any_allowed(&t->ipv6, DENY));
}

/* "1", "1.2", "1.2.3": plain decimals, and the prefix length that goes with their count. */
static bool parse_short_ipv4(const char *text, struct addr *net, int *bits)
{
    struct addr a = {.family = ADDR_IPV4};

    for (size_t i = 0; i < 3; i++) {
        unsigned v = 0;
        int digits = 0;

        for (; *text >= '0' && *text <= '9' && digits < 4; text++, digits++)
            v = v * 10 + (unsigned)(*text - '0');
        if (digits == 0 || v > 255)
            return false;
        a.bytes[i] = (uint8_t)v;
        *bits = 8 * ((int)i + 1);
        if (*text == '\0') {
            *net = a;
            return true;
        }
        if (*text++ != '.')
            return false;
    }
    return false;
}

bool access_parse_subnet(const char *word, struct addr *net, int *bits)
{
    char text[ADDR_TEXT_MAX + 16];
    char *slash;
    int64_t length;

    if (strcmp(word, "all") == 0) {
        *net = (struct addr){0};
        *bits = 0;
        return true;
    }
    if (!text_copy(text, sizeof(text), word))
        return false;
    slash = strchr(text, '/');
    if (slash)
        *slash = '\0';
    if (addr_parse(text, net))
        *bits = addr_bits(net);
    else if (!parse_short_ipv4(text, net, bits))
        return false;
    if (!slash)
        return true;
    if (!text_int(slash + 1, &length) || length < 0 || length > 10000)
        return false;
    *bits = (int)length;
    return true;
}
