/* advice_files.c - files that the configuration names: are they there, and who can read them? */
#include "chronyd/config/advice.h"

#include <stdlib.h>
#include <string.h>

#include "base/keys.h"
#include "base/text.h"

#define SHORT_KEY_BITS 80 /* spec section 19.1 */

static bool exists(const struct advice *a, const char *path)
{
    struct utc unused;

    return a->os->ops->file_mtime(a->os->ctx, path, &unused);
}

/* --- keys --- */

struct key_check {
    struct advice *advice;
    const struct config_item *item;
};

static void on_key_warning(void *ctx, enum log_level level, const char *line)
{
    struct key_check *k = ctx;

    if (level >= LEVEL_WARNING)
        advise(k->advice, "key-file", k->item, NULL, "%s", line);
}

static void used_key(struct advice *a, const struct keystore *keys, const struct advised_source *s)
{
    const struct key *key;

    if (s->settings->key_id == 0 || s->settings->nts)
        return;
    key = keystore_find(keys, s->settings->key_id);
    if (!key)
        advise(a, "no-key", s->item, "key", "Key %u is not in %s, so %s is never asked",
               (unsigned)s->settings->key_id, a->config->key_file, s->settings->name);
    else if (key_bits(key) < SHORT_KEY_BITS)
        advise(a, "short-key", s->item, "key",
               "Key %u has %d bits only; chronyc keygen makes better", (unsigned)key->id,
               key_bits(key));
}

static void check_keys(struct advice *a, const char *text, size_t length,
                       const struct config_item *item)
{
    struct key_check k = {a, item};
    const struct log log = {.write = on_key_warning, .ctx = &k, .least = LEVEL_WARNING};
    struct keystore *keys = keystore_create();

    if (!keys)
        return;
    keystore_load(keys, text, length, a->config->key_file, &log);
    for (size_t i = 0; i < a->source_count; i++)
        used_key(a, keys, &a->sources[i]);
    keystore_destroy(keys);
}

static bool any_key_used(const struct advice *a)
{
    for (size_t i = 0; i < a->source_count; i++) {
        if (a->sources[i].settings->key_id != 0)
            return true;
    }
    return false;
}

static void key_file(struct advice *a)
{
    const char *path = a->config->key_file;
    const struct config_item *item = config_item_of(a->config, "keyfile");
    struct err err = {0};
    char *text = NULL;
    unsigned mode;
    size_t length;

    if (!path)
        return;
    if (a->os->ops->file_mode && a->os->ops->file_mode(a->os->ctx, path, &mode) && mode & 06)
        advise(a, "open-keys", item, NULL, "Others can %s the keys in %s (mode %04o): chmod 640",
               mode & 02 ? "change" : "read", path, mode);
    if (a->os->ops->file_read(a->os->ctx, path, 1 << 20, &text, &length, &err)) {
        check_keys(a, text, length, item);
        free(text);
    } else if (any_key_used(a)) {
        advise(a, "key-file", item, NULL, "The keys cannot be read: %.300s", err.text);
    }
}

/* --- other files --- */

static void must_exist(struct advice *a, const char *path, const char *directive)
{
    if (path && path[0] == '/' && !exists(a, path))
        advise(a, "missing-file", config_item_of(a->config, directive), NULL,
               "%s: %.300s does not exist", directive, path);
}

/* Directories that the daemon makes at its start, if they are not there. */
static bool is_made(const struct config *c, const char *dir)
{
    const char *const made[] = {c->dump_dir, c->nts.dump_dir, c->log_dir};

    for (size_t i = 0; i < ARRAY_LEN(made); i++) {
        if (made[i] && strcmp(made[i], dir) == 0)
            return true;
    }
    return false;
}

/* A file that the daemon writes needs its directory. */
static void needs_directory(struct advice *a, const char *path, const char *directive)
{
    char dir[TEXT_LINE_MAX + 1], *slash;

    if (!path || path[0] != '/' || !text_copy(dir, sizeof(dir), path))
        return;
    slash = strrchr(dir, '/');
    if (slash == dir)
        return;
    *slash = '\0';
    if (!is_made(a->config, dir) && !exists(a, dir))
        advise(a, "missing-dir", config_item_of(a->config, directive), NULL,
               "%s cannot be written: the directory %.300s does not exist", directive, dir);
}

static void leap_zone(struct advice *a)
{
    const char *zone = a->config->reference.leapsec_tz;
    char path[400];

    if (!zone || a->config->reference.leapsec_list || !exists(a, "/usr/share/zoneinfo"))
        return;
    if (!exists(a, text_format(path, sizeof(path), "/usr/share/zoneinfo/%.300s", zone)))
        advise(a, "leapsectz", config_item_of(a->config, "leapsectz"), NULL,
               "The time zone %.100s is not installed, so leap seconds are not known from it%s",
               zone,
               exists(a, "/usr/share/zoneinfo/leap-seconds.list")
                   ? "; leapseclist /usr/share/zoneinfo/leap-seconds.list would do"
                   : "");
}

void advise_files(struct advice *a)
{
    const struct config *c = a->config;

    key_file(a);
    leap_zone(a);
    needs_directory(a, c->reference.drift_file, "driftfile");
    needs_directory(a, c->rtc.file, "rtcfile");
    must_exist(a, c->reference.leapsec_list, "leapseclist");
    must_exist(a, c->tempcomp.sensor, "tempcomp");
    must_exist(a, c->tempcomp.points, "tempcomp");
    for (size_t i = 0; i < c->nts.server_cert_count; i++)
        must_exist(a, c->nts.server_certs[i], "ntsservercert");
    for (size_t i = 0; i < c->nts.server_key_count; i++)
        must_exist(a, c->nts.server_keys[i], "ntsserverkey");
    for (size_t i = 0; i < c->nts.trusted_count; i++)
        must_exist(a, c->nts.trusted[i].path, "ntstrustedcerts");
}
