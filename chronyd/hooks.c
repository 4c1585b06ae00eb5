/* hooks.c - what commands may do beyond their rooms, and the configuration read once more. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chronyd/private.h"

#define KEY_FILE_BYTES_MAX (4 << 20)
#define KEY_FILE_MODE_MAX 0771u

static void hook_shutdown(void *ctx)
{
    struct chronyd *d = ctx;

    log_info(&d->log, "Received shutdown command");
    chronyd_finish(d, CHRONYD_DONE);
}

static void hook_cycle_logs(void *ctx)
{
    struct chronyd *d = ctx;

    ntp_cycle_logs(d->ntp);
    sources_cycle_logs(d->sources);
    reference_cycle_logs(d->reference);
    rtc_cycle_logs(d->rtc);
    refclocks_cycle_logs(d->refclocks);
    tempcomp_cycle_logs(d->tempcomp);
}

static void hook_dump(void *ctx)
{
    struct chronyd *d = ctx;

    if (d->config->dump_dir)
        sources_dump(d->sources, d->config->dump_dir);
}

/* Keys that others can read or change are no secret (spec chrony-conf section 19.1); they are used
 * anyway, because a daemon that refuses them has no time at all. */
static void check_key_permissions(const struct chronyd *d, const char *path, const struct log *log)
{
    unsigned mode;

    if (d->os.ops->file_mode && d->os.ops->file_mode(d->os.ctx, path, &mode) &&
        mode & 0777 & ~KEY_FILE_MODE_MAX)
        log_warning(log, "Wrong permissions on %s", path);
}

void chronyd_load_keys(struct chronyd *d, const char *path, struct keystore *keys,
                       const struct log *log)
{
    struct err err;
    size_t length, count;
    char *text;

    if (!path) {
        (void)keystore_load(keys, "", 0, "", log);
        return;
    }
    check_key_permissions(d, path, log);
    if (!d->os.ops->file_read(d->os.ctx, path, KEY_FILE_BYTES_MAX, &text, &length, &err)) {
        log_warning(log, "Could not read key file: %s", err.text);
        return;
    }
    count = keystore_load(keys, text, length, path, log);
    explicit_bzero(text, length); /* a plain memset() before free() is left out by compilers */
    free(text);
    log_info(log, "Loaded %zu symmetric keys", count);
}

static void hook_rekey(void *ctx)
{
    struct chronyd *d = ctx;

    chronyd_load_keys(d, chronyd_current(d)->key_file, d->keys, &d->log);
    ntp_rekey(d->ntp);
}

void chronyd_read_source_dirs(struct chronyd *d, bool strict)
{
    const struct config_reader reader = {.os = &d->os, .log = &d->log, .strict = strict};
    struct ntp_source_settings *list;
    size_t count;

    if (!config_read_sources(chronyd_current(d), &reader, &list, &count))
        return;
    ntp_reload_sources(d->ntp, list, count);
    free(list);
}

static void hook_reload_sources(void *ctx)
{
    struct chronyd *d = ctx;

    if (d->started && !d->initial)
        chronyd_read_source_dirs(d, true);
}

static void hook_access_rule(void *ctx, bool command, const struct access_rule *rule)
{
    struct chronyd *d = ctx;

    access_rules_append(command ? d->command_rules : d->ntp_rules, rule);
}

/* --- the configuration once more -------------------------------------------------------------- */

/* All sources that there are to be: first those of the configuration, then those of sourcedirs. */
struct source_list {
    struct ntp_source_settings *items;
    size_t config_count, dir_count;
};

static bool list_sources(struct chronyd *d, const struct config *next, struct source_list *out,
                         struct err *err)
{
    const struct config_reader reader = {.os = &d->os, .log = &d->log, .strict = true};
    struct ntp_source_settings *dirs, *all;
    size_t count = next->ntp_source_count, dir_count;

    if (!config_read_sources(next, &reader, &dirs, &dir_count))
        return err_set(err, ERR_IO, "Could not read the source directories");
    all = calloc(count + dir_count + 1, sizeof(*all));
    if (all && count > 0)
        memcpy(all, next->ntp_sources, count * sizeof(*all));
    if (all && dir_count > 0)
        memcpy(all + count, dirs, dir_count * sizeof(*all));
    free(dirs);
    *out = (struct source_list){all, count, dir_count};
    return all ? true : err_no_memory(err);
}

static bool replace_sources(struct chronyd *d, const struct source_list *list,
                            struct candm_rpy_reload_config *out, struct err *err)
{
    struct ntp_replaced replaced;

    /* Later all of them will be added, from the new configuration. */
    if (d->initial)
        return true;
    if (!ntp_replace_sources(d->ntp, list->items, list->config_count, list->dir_count, &replaced))
        return err_no_memory(err);
    out->added = (uint32_t)replaced.added;
    out->removed = (uint32_t)replaced.removed;
    out->kept = (uint32_t)replaced.kept;
    return true;
}

/* A start would refuse keys that are too short for commands, so a reload does. */
static bool check_keys(struct chronyd *d, const struct config *next, struct err *err)
{
    const struct log silent = {0};
    struct keystore *keys = keystore_create();
    bool good;

    if (!keys)
        return err_no_memory(err);
    chronyd_load_keys(d, next->key_file, keys, &silent);
    good = control_check_keys(&next->control, keys, &silent, err);
    keystore_destroy(keys);
    return good;
}

/* What can fail comes first, so that a refused configuration has changed nothing; and the keys come
 * before the sources that need them. */
static bool take_on(struct chronyd *d, const struct config *next,
                    struct candm_rpy_reload_config *out, struct err *err)
{
    const struct reload_target target = {.rooms = &d->rooms,
                                         .ntp_rules = d->ntp_rules,
                                         .command_rules = d->command_rules,
                                         .log = &d->log,
                                         .restart = d->options.restart};
    const struct reload_change change = {
        .started = d->config, .now = chronyd_current(d), .next = next};
    struct source_list list = {0};
    bool good;

    if (!check_keys(d, next, err) || !list_sources(d, next, &list, err))
        return false;
    chronyd_load_keys(d, next->key_file, d->keys, &d->log);
    good = replace_sources(d, &list, out, err) && reload_apply(&target, &change, out, err);
    free(list.items);
    return good;
}

static void refuse_config(struct chronyd *d, struct candm_rpy_reload_config *out,
                          enum candm_reload_result result, const char *why)
{
    *out = (struct candm_rpy_reload_config){.result = (uint16_t)result};
    text_copy(out->text, sizeof(out->text), why);
    log_warning(&d->log, "Configuration not reloaded: %s", why);
}

static void hook_reload_config(void *ctx, struct candm_rpy_reload_config *out)
{
    struct chronyd *d = ctx;
    struct config next = {0};
    struct err err = {0};

    if (!d->options.read_config) {
        refuse_config(d, out, CANDM_RELOAD_NO_FILE,
                      "The configuration was given on the command line, there is no file to read");
        return;
    }
    if (!d->options.read_config(d->options.read_ctx, &next, &err) ||
        !take_on(d, &next, out, &err)) {
        refuse_config(d, out, CANDM_RELOAD_REFUSED, err.text);
        config_free(&next);
        return;
    }
    if (d->has_reloaded)
        config_free(&d->reloaded);
    d->reloaded = next;
    d->has_reloaded = true;
    ntp_rekey(d->ntp);
    log_info(&d->log,
             "Configuration reloaded: %u sources added, %u removed, %u kept, %u directives changed",
             (unsigned)out->added, (unsigned)out->removed, (unsigned)out->kept,
             (unsigned)out->applied);
}

void chronyd_set_hooks(struct chronyd *d)
{
    d->hooks = (struct control_hooks){
        .shutdown = hook_shutdown,
        .cycle_logs = hook_cycle_logs,
        .dump = hook_dump,
        .rekey = hook_rekey,
        .reload_sources = hook_reload_sources,
        .reload_config = hook_reload_config,
        .access_rule = hook_access_rule,
        .ctx = d,
    };
}
