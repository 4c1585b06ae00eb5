/* scenario_device.c - what a scenario says about devices, and about files that are no text. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "test/simulation/leap_files.h"
#include "test/simulation/run.h"

/* --- files ------------------------------------------------------------------------------------ */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "54 5a 69": pairs of digits, with blanks as one likes. */
static bool put_hex(struct node *n, const char *path, struct tokens *t, const char *text)
{
    uint8_t *data = malloc(strlen(text) / 2 + 1);
    size_t length = 0;
    bool good = true;

    assert(data);
    while (good && text[strspn(text, " ")] != '\0') {
        text += strspn(text, " ");
        good = hex_digit(text[0]) >= 0 && hex_digit(text[1]) >= 0;
        if (good)
            data[length++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
        text += 2;
    }
    if (good)
        disk_put(n, path, data, length);
    free(data);
    return good ? tokens_end(t) : tokens_fail(t, "the bytes are pairs of the digits 0-9 and a-f");
}

static bool read_leap_law(struct tokens *t, struct leap_file_law *law)
{
    struct utc date;

    *law = (struct leap_file_law){.until_s = INT64_MAX,
                                  .expires_s = days_from_civil(2200, 1, 1) * 86400};
    while (tokens_left(t)) {
        const char *word = tokens_take(t);
        int sign = strcmp(word, "insert") == 0 ? 1 : strcmp(word, "delete") == 0 ? -1 : 0;
        bool until = strcmp(word, "until") == 0;

        if (sign == 0 && !until && strcmp(word, "expires") != 0)
            return tokens_fail(t, "a table of leap seconds has no \"%s\"", word);
        if (!read_date(t, &date))
            return false;
        if (sign == 0) {
            *(until ? &law->until_s : &law->expires_s) = date.ns / NS_PER_S;
        } else if (law->extra_count < LEAP_EXTRA_MAX) {
            law->extra[law->extra_count++] = (struct leap_extra){date.ns / NS_PER_S, sign};
        } else {
            return tokens_fail(t, "at most %d leap seconds can be added", LEAP_EXTRA_MAX);
        }
    }
    return true;
}

static bool put_leaps(struct node *n, const char *path, struct tokens *t, bool zone)
{
    struct leap_file_law law;
    size_t length;
    void *data;

    if (!read_leap_law(t, &law))
        return false;
    data = zone ? (void *)leap_zone_make(&law, &length) : leap_list_make(&law, &length);
    disk_put(n, path, data, length);
    free(data);
    return true;
}

bool read_file(struct run *r, struct node *n, struct tokens *t)
{
    const char *path, *content;
    bool hex;

    (void)r;
    if (!tokens_word(t, "the path", &path))
        return false;
    if (tokens_accept(t, "leap-tzfile"))
        return put_leaps(n, path, t, true);
    if (tokens_accept(t, "leap-list"))
        return put_leaps(n, path, t, false);
    hex = tokens_accept(t, "hex");
    if (!tokens_word(t, "the content", &content))
        return false;
    if (hex)
        return put_hex(n, path, t, content);
    disk_put(n, path, content, strlen(content));
    return tokens_end(t);
}

/* --- devices ---------------------------------------------------------------------------------- */

bool read_rtc(struct run *r, struct node *n, struct tokens *t)
{
    double v;

    (void)r;
    n->rtc.present = true;
    while (tokens_left(t)) {
        if (tokens_accept(t, "offset")) {
            if (!tokens_value(t, "the offset", &v))
                return false;
            n->rtc.offset_ns = ns_from_s(v);
        } else if (tokens_accept(t, "freq")) {
            if (!tokens_value(t, "the frequency", &n->rtc.freq))
                return false;
        } else if (tokens_accept(t, "local"))
            n->rtc.local = true;
        else {
            tokens_take(t);
            return tokens_fail(t, "a real-time clock has no \"%s\"", t->word[t->next - 1].text);
        }
    }
    return true;
}

bool read_sensor(struct run *r, struct node *n, struct tokens *t)
{
    const char *path;

    (void)r;
    if (!tokens_word(t, "the path", &path))
        return false;
    free(n->sensor_path);
    n->sensor_path = strdup(path);
    assert(n->sensor_path);
    if (tokens_accept(t, "step") && !tokens_value(t, "the step", &n->sensor_step))
        return false;
    return tokens_end(t);
}

static bool read_refclock_value(struct tokens *t, struct refclock_law *law, const char *key)
{
    static const struct {
        const char *name;
        size_t at;
    } keys[] = {
        {"offset", offsetof(struct refclock_law, offset_s)},
        {"drift", offsetof(struct refclock_law, drift)},
        {"wander", offsetof(struct refclock_law, wander_s)},
        {"jitter", offsetof(struct refclock_law, jitter_s)},
        {"every", offsetof(struct refclock_law, every_s)},
        {"width", offsetof(struct refclock_law, width_s)},
        {"dispersion", offsetof(struct refclock_law, dispersion_s)},
    };
    double v;

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (strcmp(keys[i].name, key) != 0)
            continue;
        if (!tokens_value(t, key, &v))
            return false;
        if (strcmp(key, "every") == 0 && v < 1e-3)
            return tokens_fail(t, "the interval is 1ms at least");
        memcpy((char *)law + keys[i].at, &v, sizeof(v));
        return true;
    }
    return tokens_fail(t, "a reference clock has no \"%s\"", key);
}

static bool read_refclock_law(struct tokens *t, struct refclock_law *law)
{
    while (tokens_left(t)) {
        const char *key;
        long whole;
        bool any;

        if (!delay_read(t, &law->late, &any))
            return false;
        if (any)
            continue;
        key = tokens_take(t);
        if (strcmp(key, "pulse") == 0)
            law->pulse = true;
        else if (strcmp(key, "tai") == 0)
            law->tai = true;
        else if (strcmp(key, "silent") == 0)
            law->silent = true;
        else if (strcmp(key, "speaks") == 0)
            law->silent = false;
        else if (strcmp(key, "leap") == 0) {
            if (!tokens_count(t, key, &whole))
                return false;
            law->leap = (int)whole;
        } else if (strcmp(key, "outliers") == 0) {
            if (!tokens_value(t, "the chance", &law->outlier_chance) ||
                !tokens_value(t, "how far they lie", &law->outlier_s))
                return false;
        } else if (!read_refclock_value(t, law, key))
            return false;
    }
    return true;
}

bool read_refclock(struct run *r, struct node *n, struct tokens *t)
{
    static const char *const drivers[] = {"SHM", "SOCK", "PPS", "PHC", "RTC"};
    const char *driver, *parameter;
    struct sim_refclock *c;
    size_t i = 0;

    (void)r;
    if (!tokens_word(t, "the driver", &driver))
        return false;
    while (i < ARRAY_LEN(drivers) && strcmp(drivers[i], driver) != 0)
        i++;
    if (i == ARRAY_LEN(drivers))
        return tokens_fail(t, "there is no driver \"%s\"", driver);
    if (!tokens_word(t, "the parameter", &parameter))
        return false;
    c = node_refclock(n, driver, parameter);
    return read_refclock_law(t, c ? &c->law : &node_add_refclock(n, driver, parameter)->law);
}
