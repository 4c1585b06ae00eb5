/* scenario_node.c - what a scenario says about a node or a scripted host. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "test/simulation/hosts.h"
#include "test/simulation/run.h"

static bool read_clock_value(struct tokens *t, const char *key, struct clock_law *law)
{
    static const struct {
        const char *name;
        size_t at;
    } keys[] = {
        {"offset", offsetof(struct clock_law, offset_s)},
        {"freq", offsetof(struct clock_law, freq)},
        {"wander", offsetof(struct clock_law, wander)},
        {"white", offsetof(struct clock_law, white)},
        {"swing", offsetof(struct clock_law, swing)},
        {"period", offsetof(struct clock_law, period_s)},
        {"phase", offsetof(struct clock_law, phase)},
        {"temperature", offsetof(struct clock_law, temperature)},
        {"warming", offsetof(struct clock_law, warming)},
        {"turnover", offsetof(struct clock_law, turnover)},
        {"tempco", offsetof(struct clock_law, tempco)},
        {"tempco2", offsetof(struct clock_law, tempco2)},
        {"noise", offsetof(struct clock_law, noise_s)},
        {"tick", offsetof(struct clock_law, tick_hz)},
        {"max-rate", offsetof(struct clock_law, max_rate)},
    };
    double v;

    if (strcmp(key, "fixed") == 0) {
        law->may_set = false;
        return true;
    }
    if (!tokens_value(t, key, &v))
        return false;
    if (v < 0.0 &&
        (strcmp(key, "resolution") == 0 || strcmp(key, "noise") == 0 || strcmp(key, "tick") == 0 ||
         strcmp(key, "max-rate") == 0 || strcmp(key, "period") == 0))
        return tokens_fail(t, "%s cannot be negative", key);
    if (strcmp(key, "resolution") == 0) {
        law->resolution_ns = ns_from_s(v);
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (strcmp(keys[i].name, key) == 0) {
            memcpy((char *)law + keys[i].at, &v, sizeof(v));
            return true;
        }
    }
    t->next--;
    return tokens_fail(t, "a clock has no \"%s\"", key);
}

static bool read_clock(struct run *r, struct node *n, struct tokens *t)
{
    struct clock_law law = n->clock_law;

    (void)r;
    while (tokens_left(t)) {
        if (!read_clock_value(t, tokens_take(t), &law))
            return false;
    }
    node_set_clock(n, &law);
    return true;
}

static void append_config(struct node *n, const char *line, size_t length)
{
    size_t used = n->config_text ? strlen(n->config_text) : 0;

    n->config_text = realloc(n->config_text, used + length + 2);
    assert(n->config_text);
    memcpy(n->config_text + used, line, length);
    n->config_text[used + length] = '\n';
    n->config_text[used + length + 1] = '\0';
}

/* {name} stands for the address of a node. */
bool read_conf_line(struct run *r, struct tokens *t, char *line, size_t size)
{
    const char *rest = tokens_rest(t), *open;
    char name[NODE_NAME_MAX], address[ADDR_TEXT_MAX];
    size_t used = 0;

    while ((open = strchr(rest, '{')) != NULL) {
        const char *close = strchr(open, '}');
        const struct node *other;

        if (!close || (size_t)(close - open) > sizeof(name) ||
            used + (size_t)(open - rest) + ADDR_TEXT_MAX >= size)
            return tokens_fail(t, "a { without a } after the name of a node");
        memcpy(name, open + 1, (size_t)(close - open - 1));
        name[close - open - 1] = '\0';
        other = world_node(r->world, name);
        if (!other)
            return no_node(t, name);
        memcpy(line + used, rest, (size_t)(open - rest));
        used += (size_t)(open - rest);
        addr_format(&other->addr4, address, sizeof(address));
        text_copy(line + used, size - used, address);
        used += strlen(line + used);
        rest = close + 1;
    }
    if (used + strlen(rest) >= size)
        return tokens_fail(t, "the line is too long");
    text_copy(line + used, size - used, rest);
    return true;
}

static bool read_conf(struct run *r, struct node *n, struct tokens *t)
{
    char line[1024];

    if (!read_conf_line(r, t, line, sizeof(line)))
        return false;
    append_config(n, line, strlen(line));
    return true;
}

static bool read_stamps(struct run *r, struct node *n, struct tokens *t)
{
    bool any;

    (void)r;
    if (tokens_accept(t, "kernel"))
        n->stamps = QUALITY_KERNEL;
    else if (tokens_accept(t, "daemon"))
        n->stamps = QUALITY_DAEMON;
    else if (tokens_accept(t, "hardware"))
        n->stamps = QUALITY_HARDWARE;
    else
        return tokens_expected(t, "kernel, daemon or hardware");
    if (tokens_accept(t, "error") && !tokens_value(t, "the error", &n->stamp_error.base_s))
        return false;
    return delay_read(t, &n->stamp_error, &any) && tokens_end(t);
}

static bool read_interface(struct run *r, struct node *n, struct tokens *t)
{
    (void)r;
    n->interface.present = true;
    if (tokens_accept(t, "ahead") && !tokens_value(t, "the time", &n->interface.ahead_s))
        return false;
    if (tokens_accept(t, "freq") && !tokens_value(t, "the frequency", &n->interface.freq))
        return false;
    return tokens_end(t);
}

bool read_options(struct run *r, struct node *n, struct tokens *t)
{
    (void)r;
    while (tokens_left(t)) {
        if (tokens_accept(t, "once"))
            n->options.mode = REFERENCE_UPDATE_ONCE;
        else if (tokens_accept(t, "print"))
            n->options.mode = REFERENCE_PRINT_ONCE;
        else if (tokens_accept(t, "reload"))
            n->options.reload_dumps = true;
        else if (tokens_accept(t, "restart"))
            n->options.restart = true;
        else if (tokens_accept(t, "rtc"))
            n->options.set_from_rtc = true;
        else if (tokens_accept(t, "timeout")) {
            if (!tokens_value(t, "the time", &n->options.timeout_s))
                return false;
        } else if (tokens_accept(t, "ipv4"))
            n->options.only = ADDR_IPV4;
        else if (tokens_accept(t, "ipv6"))
            n->options.only = ADDR_IPV6;
        else {
            tokens_take(t);
            return tokens_fail(t, "there is no option \"%s\"", t->word[t->next - 1].text);
        }
    }
    return true;
}

static bool read_nat(struct run *r, struct node *n, struct tokens *t)
{
    n->nat4 = addr_from_ipv4(0xc6336400u + (uint32_t)n->index + 1); /* 198.51.100.0/24 and on */
    world_add_address(r->world, &n->nat4, n);
    return tokens_end(t);
}

static bool read_off(struct run *r, struct node *n, struct tokens *t)
{
    (void)r;
    n->waits = true;
    return tokens_end(t);
}

static bool read_starts(struct run *r, struct node *n, struct tokens *t)
{
    double v;

    (void)r;
    if (!tokens_between(t, "the time", 0.0, TIME_MAX_S, &v))
        return false;
    node_start_at(n, ns_from_s(v));
    return tokens_end(t);
}

static bool read_wakes(struct run *r, struct node *n, struct tokens *t)
{
    double v;

    (void)r;
    if (!tokens_between(t, "the latency", 1e-9, 3600.0, &v))
        return false;
    n->wake_latency_ns = ns_from_s(v);
    return tokens_end(t);
}

bool read_host_law(struct tokens *t, struct host_law *law)
{
    static const struct {
        const char *name;
        enum { AS_DOUBLE, AS_INT, AS_NAME, AS_FLAG, AS_REFID } kind;
        size_t at;
    } keys[] = {
        {"stratum", AS_INT, offsetof(struct host_law, stratum)},
        {"leap", AS_INT, offsetof(struct host_law, leap)},
        {"offset", AS_DOUBLE, offsetof(struct host_law, offset_s)},
        {"drift", AS_DOUBLE, offsetof(struct host_law, drift)},
        {"most", AS_DOUBLE, offsetof(struct host_law, drift_max_s)},
        {"from", AS_DOUBLE, offsetof(struct host_law, from_s)},
        {"root-delay", AS_DOUBLE, offsetof(struct host_law, root_delay_s)},
        {"root-dispersion", AS_DOUBLE, offsetof(struct host_law, root_dispersion_s)},
        {"precision", AS_INT, offsetof(struct host_law, precision)},
        {"hold", AS_DOUBLE, offsetof(struct host_law, hold_s)},
        {"every", AS_DOUBLE, offsetof(struct host_law, every_s)},
        {"chance", AS_DOUBLE, offsetof(struct host_law, probability)},
        {"count", AS_INT, offsetof(struct host_law, count)},
        {"target", AS_NAME, offsetof(struct host_law, target)},
        {"victim", AS_NAME, offsetof(struct host_law, victim)},
        {"own-clock", AS_FLAG, offsetof(struct host_law, own_clock)},
        {"refid", AS_REFID, offsetof(struct host_law, refid)},
    };

    while (tokens_left(t)) {
        const char *key = tokens_take(t), *word;
        size_t i = 0;
        char *place;
        double v = 0.0;
        long whole = 0;
        uint32_t refid = 0;

        while (i < ARRAY_LEN(keys) && strcmp(keys[i].name, key) != 0)
            i++;
        if (i == ARRAY_LEN(keys))
            return tokens_fail(t, "a host has no \"%s\"", key);
        place = (char *)law + keys[i].at;
        switch (keys[i].kind) {
        case AS_DOUBLE:
            if (!tokens_value(t, key, &v))
                return false;
            memcpy(place, &v, sizeof(v));
            break;
        case AS_INT:
            if (!tokens_count(t, key, &whole))
                return false;
            memcpy(place, &(int){(int)whole}, sizeof(int));
            break;
        case AS_NAME:
            if (!tokens_word(t, key, &word))
                return false;
            if (!text_copy(place, NODE_NAME_MAX, word))
                return tokens_fail(t, "there is no node \"%s\"", word);
            *(keys[i].at == offsetof(struct host_law, target) ? &law->target_at : &law->victim_at) =
                (struct word_place){t->line, t->word[t->next - 1].column};
            break;
        case AS_FLAG:
            *(bool *)place = true;
            break;
        case AS_REFID:
            if (!tokens_word(t, key, &word))
                return false;
            for (size_t k = 0; k < 4; k++)
                refid = refid << 8 | (k < strlen(word) ? (uint8_t)word[k] : 0u);
            memcpy(place, &refid, sizeof(refid));
            break;
        }
    }
    return true;
}

bool read_node_part(struct run *r, struct tokens *t)
{
    static const struct {
        const char *word;
        bool (*read)(struct run *r, struct node *n, struct tokens *t);
    } parts[] = {
        {"clock", read_clock},
        {"conf", read_conf},
        {"stamps", read_stamps},
        {"file", read_file},
        {"nat", read_nat},
        {"off", read_off},
        {"options", read_options},
        {"wakes", read_wakes},
        {"starts", read_starts},
        {"rtc", read_rtc},
        {"sensor", read_sensor},
        {"refclock", read_refclock},
        {"interface", read_interface},
    };
    const char *word = tokens_take(t);
    int again = t->next;

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (strcmp(parts[i].word, word) != 0)
            continue;
        for (size_t k = 0; k < r->scope_count; k++) {
            t->next = again;
            if (!parts[i].read(r, r->scope[k], t))
                return false;
        }
        return true;
    }
    if (r->scope[0]->host) {
        t->next--;
        return read_host_law(t, host_law(r->scope[0]));
    }
    return tokens_fail(t, "a node has no \"%s\"", word);
}
