/* main.c - chronyc: ask and tell chronyd, once or line by line. */
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyc/commands.h"
#include "chronyc/edit.h"
#include "chronyc/follow.h"
#include "chronyc/options.h"
#include "features.h"

/* The only thing that a signal may touch, hence the only variable of the program that is not in
 * its session. */
static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

static void catch_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal; /* no restart: waiting calls have to end */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    /* Output that nobody reads is an error of writing, not a sudden death. */
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

/* Give up root for good, before anything is opened. */
static bool become(const char *user)
{
    const struct passwd *pw;

    if (!user || geteuid() != 0 || strcmp(user, "root") == 0)
        return true;
    pw = getpwnam(user);
    if (pw && (pw->pw_uid == 0 || (initgroups(user, pw->pw_gid) == 0 && setgid(pw->pw_gid) == 0 &&
                                   setuid(pw->pw_uid) == 0)))
        return true;
    fprintf(stderr, "Could not get user/group ID of %s\n", user);
    return false;
}

static bool run_text(struct session *s, const char *text)
{
    char line[TEXT_LINE_MAX + 1];

    if (!text_copy(line, sizeof(line), text))
        return complain(s, "Command too long");
    return session_run(s, line);
}

/* -m: one argument, one command, until one fails. */
static bool run_each(struct session *s, char **words, int count)
{
    for (int i = 0; i < count && !s->quit && !stop; i++)
        if (!run_text(s, words[i]))
            return false;
    return true;
}

static bool run_words(struct session *s, char **words, int count)
{
    char line[TEXT_LINE_MAX + 1];
    size_t used = 0;

    for (int i = 0; i < count; i++) {
        size_t n = strlen(words[i]);

        if (n + 1 > sizeof(line) - used)
            return complain(s, "Command too long");
        memcpy(line + used, words[i], n);
        used += n;
        line[used++] = ' ';
    }
    line[used - 1] = '\0';
    return session_run(s, line);
}

static bool run_terminal(struct session *s)
{
    struct edit *edit = edit_create(s);
    bool ok = true;

    fprintf(s->out,
            "chrony version %s\n"
            "Copyright (C) 2026 the truechimer authors\n"
            "This is free software under the BSD 2-Clause License; see the file LICENSE.\n"
            "There is no warranty, to the extent permitted by law.\n"
            "\n",
            TRUECHIMER_VERSION);
    fflush(s->out);
    while (!s->quit) {
        char *line = edit_line(edit);

        if (!line) {
            fputc('\n', s->out);
            break;
        }
        ok = session_run(s, line);
    }
    edit_destroy(edit);
    return ok;
}

static bool run_stdin(struct session *s)
{
    char line[TEXT_LINE_MAX + 1];
    bool ok = true;

    while (!s->quit && !stop && fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        ok = session_run(s, line);
    }
    return ok;
}

static bool run(struct session *s, const struct options *options, int argc, char **argv)
{
    char **words = argv + options->first;
    int count = argc - options->first;

    if (count > 0)
        return options->multi ? run_each(s, words, count) : run_words(s, words, count);
    if (isatty(0) && isatty(1) && isatty(2))
        return run_terminal(s);
    return run_stdin(s);
}

static void print_word(void *ctx, const char *word)
{
    fprintf(ctx, "%s\n", word);
}

/* For the completion of shells; a daemon that does not answer must not hold up the prompt. */
static void print_completions(struct session *s, const char *line)
{
    s->settings.timeout_ms = TIMEOUT_MS_MIN;
    s->settings.retries = 0;
    complete_words(s, line, print_word, s->out);
}

int main(int argc, char **argv)
{
    struct options options;
    struct session session;
    bool ok;

    switch (options_parse(argc, argv, &options)) {
    case OPTIONS_USAGE:
        options_usage(stdout, argv[0]);
        return 0;
    case OPTIONS_USAGE_ERROR:
        options_usage(stdout, argv[0]);
        return 1;
    case OPTIONS_VERSION:
        options_version(stdout);
        return 0;
    case OPTIONS_RUN:
        break;
    }
    if (!become(options.user))
        return 1;
    catch_signals();
    options.settings.hints |= isatty(2);
    session_init(&session, &options.settings, stdout, stderr, &stop);
    if (options.follow)
        return follow(&session, argc - options.first);
    if (options.have_key &&
        !session_authenticate(&session, options.settings.key_file, options.key_id))
        return 1;
    ok = session_open(&session) || options.complete;
    if (options.complete) {
        print_completions(&session, options.complete);
    } else if (ok) {
        ok = run(&session, &options, argc, argv);
    } else {
        fprintf(stderr, "Could not open connection to daemon\n");
        if (options.settings.hints)
            transport_explain(session.transport, stderr);
    }
    session_close(&session);
    if (ok)
        return 0;
    return session.status != 0 ? session.status : 1;
}
