/* reload.c - see reload.h. */
#include "chronyd/reload.h"

#include <string.h>

#include "base/text.h"
#include "chronyd/config/diff.h"

typedef bool apply_fn(const struct reload_target *t, const struct config *next, struct err *err);

static bool apply_ntp_access(const struct reload_target *t, const struct config *next,
                             struct err *err)
{
    return access_rules_load(t->ntp_rules, &next->ntp_access, err) &&
           ntp_open_server(t->rooms->ntp, err);
}

static bool apply_command_access(const struct reload_target *t, const struct config *next,
                                 struct err *err)
{
    return access_rules_load(t->command_rules, &next->command_access, err);
}

static bool apply_local(const struct reload_target *t, const struct config *next, struct err *err)
{
    (void)err;
    reference_set_local(t->rooms->reference, &next->reference.local);
    return true;
}

/* The limit counts updates since the start, and they are not made undone by a new limit. */
static bool apply_makestep(const struct reload_target *t, const struct config *next,
                           struct err *err)
{
    int limit = next->reference.makestep_limit;
    struct reference_report report;

    (void)err;
    reference_report(t->rooms->reference, &report);
    if (limit > 0)
        limit = t->restart || report.updates >= limit ? 0 : limit - (int)report.updates;
    reference_set_makestep(t->rooms->reference, next->reference.makestep_threshold_s, limit);
    return true;
}

static bool apply_manual(const struct reload_target *t, const struct config *next, struct err *err)
{
    (void)err;
    manual_enable(t->rooms->manual, next->manual);
    return true;
}

static bool apply_maxupdateskew(const struct reload_target *t, const struct config *next,
                                struct err *err)
{
    (void)err;
    reference_set_max_update_skew(t->rooms->reference, next->reference.max_update_skew_ppm);
    return true;
}

static bool apply_reselectdist(const struct reload_target *t, const struct config *next,
                               struct err *err)
{
    (void)err;
    sources_set_reselect_distance(t->rooms->sources, next->sources.select.reselect_distance_s);
    return true;
}

/* The caller's business. */
static bool apply_later(const struct reload_target *t, const struct config *next, struct err *err)
{
    (void)t;
    (void)next;
    (void)err;
    return true;
}

static const struct {
    const char *directive;
    apply_fn *apply;
} table[] = {
    {"allow", apply_ntp_access},
    {"cmdallow", apply_command_access},
    {"cmddeny", apply_command_access},
    {"deny", apply_ntp_access},
    {"keyfile", apply_later},
    {"local", apply_local},
    {"makestep", apply_makestep},
    {"manual", apply_manual},
    {"maxupdateskew", apply_maxupdateskew},
    {"reselectdist", apply_reselectdist},
    {"sourcedir", apply_later},
};

static apply_fn *find(const char *directive)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (strcmp(table[i].directive, directive) == 0)
            return table[i].apply;
    }
    return NULL;
}

bool reload_knows(const char *directive)
{
    return find(directive) != NULL;
}

static void apply(const struct reload_target *t, const struct config_change *c,
                  const struct config *next, struct candm_rpy_reload_config *out)
{
    apply_fn *fn = find(c->directive);
    struct err err = {0};

    out->applied++;
    if (!fn(t, next, &err))
        log_warning(t->log, "Could not change %s: %s", c->directive, err.text);
    else
        log_info(t->log, "Changed: %s", c->after ? c->after : c->directive);
}

/* "port logdir ..." */
static void list(struct candm_rpy_reload_config *out, const char *directive)
{
    size_t used = strlen(out->text), length = strlen(directive);
    const size_t room_for_dots = 4;

    out->restart++;
    if (used >= 3 && strcmp(out->text + used - 3, "...") == 0)
        return;
    if (used + 1 + length + room_for_dots >= sizeof(out->text))
        directive = "...";
    text_format(out->text + used, sizeof(out->text) - used, "%s%s", used ? " " : "", directive);
}

static void hold_back(const struct reload_target *t, const struct config_change *c,
                      struct candm_rpy_reload_config *out)
{
    list(out, c->directive);
    log_warning(t->log, "A change of %s needs a restart", c->directive);
}

bool reload_apply(const struct reload_target *t, const struct reload_change *change,
                  struct candm_rpy_reload_config *out, struct err *err)
{
    struct config_diff diff, fixed;

    if (!config_diff(change->now, change->next, &diff))
        return err_no_memory(err);
    if (!config_diff(change->started, change->next, &fixed)) {
        config_diff_free(&diff);
        return err_no_memory(err);
    }
    for (size_t i = 0; i < diff.change_count; i++) {
        if (diff.changes[i].at_run_time)
            apply(t, &diff.changes[i], change->next, out);
    }
    /* Not what was in the file before: that may never have come into force. */
    for (size_t i = 0; i < fixed.change_count; i++) {
        if (!fixed.changes[i].at_run_time)
            hold_back(t, &fixed.changes[i], out);
    }
    config_diff_free(&fixed);
    config_diff_free(&diff);
    return true;
}
