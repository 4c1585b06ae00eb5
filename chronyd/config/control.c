/* control.c - who may give commands from afar, and where reports are to be had. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "chronyd/config/parse.h"

/* A key that is named again gets the newer permission. */
static bool add_key(struct parser *p, uint32_t id)
{
    struct control_settings *s = &p->config->control;
    struct control_key *grown;
    char where[256];

    for (size_t i = 0; i < p->config->control_key_count; i++) {
        if (p->config->control_keys[i].id == id) {
            p->config->control_keys[i].control = false;
            return true;
        }
    }
    grown = config_grow(p->config->control_keys, p->config->control_key_count, sizeof(*grown));
    if (!grown)
        return fail_memory(p);
    p->config->control_keys = grown;
    grown[p->config->control_key_count] = (struct control_key){
        .id = id, .where = config_string(p->config, parser_where(p, where, sizeof(where)))};
    s->keys = grown;
    s->key_count = ++p->config->control_key_count;
    return true;
}

static void allow_control(struct parser *p, uint32_t id)
{
    for (size_t i = 0; i < p->config->control_key_count; i++) {
        if (p->config->control_keys[i].id == id)
            p->config->control_keys[i].control = true;
    }
}

/* cmdkey ID [ID...] [monitor|control] */
bool parse_cmdkey(struct parser *p, struct words *w)
{
    uint32_t ids[64];
    size_t count = 0;
    const char *word;
    bool control = false;

    while ((word = words_next(w))) {
        uint64_t id;

        control = text_equal_nocase(word, "control");
        if (control || text_equal_nocase(word, "monitor")) {
            if (!words_at_end(w))
                return fail_extra(p);
            break;
        }
        if (!text_uint(word, &id) || id == 0 || id > UINT32_MAX || count == ARRAY_LEN(ids))
            return fail_parse(p);
        ids[count++] = (uint32_t)id;
    }
    if (count == 0)
        return fail_missing(p);
    for (size_t i = 0; i < count; i++) {
        if (!add_key(p, ids[i]))
            return false;
        if (control)
            allow_control(p, ids[i]);
    }
    return true;
}

/* bindrosocket PATH [mode M] [group G] */
bool parse_bindrosocket(struct parser *p, struct words *w)
{
    struct control_settings *s = &p->config->control;
    const char *word;

    s->report_mode = 0;
    s->report_group = NULL;
    if (!take_word(p, w, &s->report_path))
        return false;
    if (s->report_path[0] != '/')
        return fail_parse(p);
    s->report_off = strcmp(s->report_path, "/") == 0;
    if (s->report_off)
        s->report_path = NULL;
    while ((word = words_next(w))) {
        bool mode = text_equal_nocase(word, "mode");
        const char *value;
        unsigned bits;
        char end;

        if (!mode && !text_equal_nocase(word, "group"))
            return fail_parse(p);
        if (!take_word(p, w, &value))
            return false;
        if (!mode)
            s->report_group = value;
        else if (sscanf(value, "%o%c", &bits, &end) == 1 && bits > 0 && bits <= 0777)
            s->report_mode = bits;
        else
            return fail_parse(p);
    }
    return true;
}
