/* leap_source.c - find, check and read again the file with the leap seconds. */
#include "chronyd/reference/leap_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define LEAP_FILE_MAX (1 << 20)
#define READ_AGAIN_S 43200.0

struct leap_source {
    struct os os;
    const struct log *log;
    char path[512];
    bool is_list;
    bool warned; /* that it expired, or could not be read again */
    struct mono read_at;
    struct leap_table table;
};

static bool load(const struct leap_source *s, struct leap_table *t, struct err *err)
{
    char *data;
    size_t length;
    bool good;

    if (!s->os.ops->file_read(s->os.ctx, s->path, LEAP_FILE_MAX, &data, &length, err))
        return false;
    if (s->is_list)
        good = strlen(data) == length ? leap_table_from_list(t, data, err)
                                      : err_set(err, ERR_SYNTAX, "not a text file");
    else
        good = leap_table_from_tzif(t, (const uint8_t *)data, length, err);
    free(data);
    if (!good)
        return false;
    return leap_table_is_sane(t) || err_set(err, ERR_SYNTAX, "wrong leap seconds of 2012");
}

/* Where the C library keeps its zones. The name comes from the configuration, but stays inside. */
static bool find_zone(struct leap_source *s, const char *zone, struct err *err)
{
    static const char *const directories[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo",
                                              "/etc/zoneinfo"};

    if (*zone == ':')
        zone++;
    if (zone[0] == '/') {
        return text_copy(s->path, sizeof(s->path), zone) && load(s, &s->table, err);
    }
    if (strstr(zone, ".."))
        return err_set(err, ERR_SYNTAX, "bad name of a time zone");
    for (size_t i = 0; i < ARRAY_LEN(directories); i++) {
        text_format(s->path, sizeof(s->path), "%s/%s", directories[i], zone);
        if (load(s, &s->table, err))
            return true;
    }
    return false;
}

struct leap_source *leap_source_create(const struct os *os, const struct log *log, const char *zone,
                                       const char *list)
{
    struct leap_source *s = calloc(1, sizeof(*s));

    assert(s);
    s->os = *os;
    s->log = log;
    s->read_at = os->ops->mono(os->ctx);
    if (list) {
        s->is_list = true;
        if (text_copy(s->path, sizeof(s->path), list) && load(s, &s->table, NULL)) {
            log_info(log, "Using leap second list %s", list);
            return s;
        }
        log_warning(log, "Leap second list %s failed check, ignoring", list);
        s->is_list = false;
    }
    if (zone) {
        if (find_zone(s, zone, NULL)) {
            log_info(log, "Using %s timezone to obtain leap second data", zone);
            return s;
        }
        log_warning(log, "Timezone %s failed leap second check, ignoring", zone);
    }
    free(s);
    return NULL;
}

void leap_source_destroy(struct leap_source *s)
{
    free(s);
}

/* A file that went bad is not believed; what it said before still is. */
static void read_again(struct leap_source *s)
{
    struct leap_table t;
    struct err err = {0};

    s->read_at = s->os.ops->mono(s->os.ctx);
    if (load(s, &t, &err)) {
        s->table = t;
    } else if (!s->warned) {
        s->warned = true;
        log_warning(s->log, "Could not read leap seconds from %s: %s", s->path, err.text);
    }
}

struct leap_day leap_source_day(struct leap_source *s, struct utc at)
{
    if (mono_diff_s(s->os.ops->mono(s->os.ctx), s->read_at) >= READ_AGAIN_S)
        read_again(s);
    if (s->is_list && !s->warned && at.ns / NS_PER_S > s->table.expires_s) {
        s->warned = true;
        log_warning(s->log, "Leap second list %s expired", s->path);
    }
    return leap_table_day(&s->table, at);
}
