#include "chronyd/options.h"

#include <limits.h>
#include <string.h>

#include "base/text.h"

#define FILTER_LEVEL_MAX 2
#define PRIORITY_MAX 99

static const char flags[] = "46ndpqQrRsUmxvh"; /* options without an argument */
static const char valued[] = "flLtuFPN";       /* options with one */

static bool int_argument(const char *text, int *out, struct err *err)
{
    int64_t v;

    if (!text_int(text, &v) || v < INT_MIN || v > INT_MAX)
        return err_set(err, ERR_SYNTAX, "Invalid argument %s", text);
    *out = (int)v;
    return true;
}

static enum options_action set_flag(struct options *o, char name)
{
    switch (name) {
    case '4':
        o->only = ADDR_IPV4;
        break;
    case '6':
        o->only = ADDR_IPV6;
        break;
    case 'n':
        o->foreground = true;
        break;
    case 'd':
        o->foreground = o->log_to_stderr = true;
        break;
    case 'p':
    case 'q':
    case 'Q':
        o->foreground = o->log_to_stderr = true;
        o->set_once = o->set_once || name == 'q';
        o->print_once = o->print_once || name == 'Q';
        return name == 'p' ? OPTIONS_PRINT_CONFIG : OPTIONS_RUN;
    case 'r':
        o->reload_dumps = true;
        break;
    case 'R':
        o->restart = true;
        break;
    case 's':
        o->set_from_rtc = true;
        break;
    case 'U':
        o->no_root_check = true;
        break;
    case 'm':
        o->lock_memory = true;
        break;
    case 'x':
        o->no_clock_control = true;
        break;
    case 'v':
        return OPTIONS_VERSION;
    default:
        return OPTIONS_HELP;
    }
    return OPTIONS_RUN;
}

static bool set_filter(struct options *o, int level, struct err *err)
{
    static const enum options_filter filters[] = {FILTER_OFF, FILTER_ALLOW_LIST, FILTER_DENY_LIST};

    if (level < -FILTER_LEVEL_MAX || level > FILTER_LEVEL_MAX)
        return err_set(err, ERR_RANGE, "Unsupported filter level");
    o->filter_signal = level < 0;
    o->filter = filters[level < 0 ? -level : level];
    return true;
}

/* As for the directive sched_priority; 0 is off. */
static bool set_priority(struct options *o, int priority, struct err *err)
{
    if (priority < 0 || priority > PRIORITY_MAX)
        return err_set(err, ERR_RANGE, "Bad scheduler priority: %d", priority);
    o->priority = priority;
    return true;
}

static bool set_value(struct options *o, char name, const char *value, struct err *err)
{
    int number = 0;

    if (strchr("LtFPN", name) && !int_argument(value, &number, err))
        return false;
    switch (name) {
    case 'f':
        o->config_file = value;
        break;
    case 'l':
        o->log_file = value;
        break;
    case 'u':
        o->user = value;
        break;
    case 'L':
        o->least = (enum log_level)clamp_i(number, LEVEL_DEBUG, LEVEL_FATAL);
        break;
    case 't':
        o->timeout_s = (double)number;
        break;
    case 'F':
        return set_filter(o, number, err);
    case 'P':
        return set_priority(o, number, err);
    default:
        o->ready_fd = number;
    }
    return true;
}

/* What a word asks for that ends the parsing; -p does not, an error after it still counts. */
static bool is_final(enum options_action a)
{
    return a != OPTIONS_RUN && a != OPTIONS_PRINT_CONFIG && a != OPTIONS_CHECK;
}

static enum options_action wrong_usage(struct err *err, const char *what, char option)
{
    err_set(err, ERR_SYNTAX, "%s -- '%c'", what, option);
    return OPTIONS_USAGE;
}

static enum options_action long_option(struct options *o, const char *word, struct err *err)
{
    if (strcmp(word, "--help") == 0)
        return OPTIONS_HELP;
    if (strcmp(word, "--version") == 0)
        return OPTIONS_VERSION;
    /* There is nothing else that could be said in JSON. */
    if (strcmp(word, "--json") == 0)
        o->json = true;
    else if (strcmp(word, "--check") != 0)
        return wrong_usage(err, "invalid option", '-');
    return OPTIONS_CHECK;
}

/* One word that begins with a dash; `*next` is the argument that may follow, and is advanced when
 * it was used. */
static enum options_action parse_word(struct options *o, const char *word, char ***next,
                                      struct err *err)
{
    enum options_action action = OPTIONS_RUN;

    for (const char *c = word + 1; *c; c++) {
        if (strchr(flags, *c)) {
            enum options_action a = set_flag(o, *c);

            if (a != OPTIONS_RUN)
                action = a;
            if (is_final(action))
                return action;
            continue;
        }
        if (!strchr(valued, *c))
            return wrong_usage(err, "invalid option", *c);
        if (c[1] == '\0' && !**next)
            return wrong_usage(err, "option requires an argument", *c);
        if (!set_value(o, *c, c[1] ? c + 1 : *(*next)++, err))
            return OPTIONS_INVALID;
        break;
    }
    return action;
}

static void collect_directives(struct options *o, char **from, char **to)
{
    o->directives = from;
    o->directive_count = (size_t)(to - from);
}

enum options_action command_line_parse(int argc, char **argv, struct options *out, struct err *err)
{
    char **next = argv + (argc > 0), **kept = next;
    enum options_action action = OPTIONS_RUN;

    *out = (struct options){.priority = -1, .ready_fd = -1, .least = LEVEL_INFO};
    while (*next) {
        char *word = *next++;
        enum options_action a;

        if (strcmp(word, "--") == 0) {
            while (*next)
                *kept++ = *next++;
            break;
        }
        if (word[0] != '-' || word[1] == '\0') {
            *kept++ = word;
            continue;
        }
        a = word[1] == '-' ? long_option(out, word, err) : parse_word(out, word, &next, err);
        if (is_final(a))
            return a;
        if (a != OPTIONS_RUN)
            action = a;
    }
    if (action == OPTIONS_CHECK)
        out->foreground = out->log_to_stderr = true;
    collect_directives(out, argv + (argc > 0), kept);
    return action;
}
