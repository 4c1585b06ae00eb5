#include "chronyc/options.h"

#include <getopt.h>
#include <string.h>

#include "base/text.h"
#include "candm/candm.h"
#include "chronyc/edit.h"
#include "features.h"

#define DEFAULT_HOSTS DEFAULT_COMMAND_SOCKET ",127.0.0.1,::1"

enum long_option { LONG_HINTS = 256, LONG_JSON, LONG_COMPLETE, LONG_FOLLOW };

static const struct option long_options[] = {
    {"help", no_argument, NULL, '?'},
    {"version", no_argument, NULL, 'v'},
    {"json", no_argument, NULL, LONG_JSON},
    {"complete", required_argument, NULL, LONG_COMPLETE},
    {"hints", no_argument, NULL, LONG_HINTS},
    {"follow", no_argument, NULL, LONG_FOLLOW},
    {NULL, 0, NULL, 0},
};

void options_usage(FILE *out, const char *program)
{
    fprintf(out,
            "Usage: %s [OPTION]... [COMMAND]...\n"
            "\n"
            "Options:\n"
            "  -4            Look names up as IPv4 addresses only\n"
            "  -6            Look names up as IPv6 addresses only\n"
            "  -n            Show addresses instead of names\n"
            "  -N            Show names of sources as configured\n"
            "  -c            Print comma-separated values\n"
            "  -j, --json    Print JSON\n"
            "  -e            Print a line with a dot after each command\n"
            "  -w            Print wide tables\n"
            "  -m            Take each argument for a command\n"
            "  -h HOST,...   Talk to the first of these that answers (%s)\n"
            "  -p PORT       UDP port of the daemon (%d)\n"
            "  -K ID         Prove this key to a daemon on another host\n"
            "  -k FILE       Key file (that of the daemon's configuration)\n"
            "  -u USER       As root, switch to this user (root)\n"
            "      --hints   Say on stderr what was tried when a command fails\n"
            "      --follow  Print what changes, as it happens, until stopped\n"
            "  -v, --version Print the version\n"
            "      --help    Print this text\n"
            "\n"
            "chronyc help lists the commands, chronyc(1) explains them.\n",
            program, DEFAULT_HOSTS, CANDM_PORT);
}

void options_version(FILE *out)
{
    fprintf(out, "chronyc (chrony) version %s (%s +SECHASH %s %s)\n", TRUECHIMER_VERSION,
            edit_feature(),
#ifdef HAVE_IPV6
            "+IPV6",
#else
            "-IPV6",
#endif
#ifdef FEATURE_DEBUG
            "+DEBUG"
#else
            "-DEBUG"
#endif
    );
}

static void defaults(struct options *out)
{
    memset(out, 0, sizeof(*out));
    out->settings.hosts = DEFAULT_HOSTS;
    out->settings.port = CANDM_PORT;
    out->settings.timeout_ms = TIMEOUT_MS_DEFAULT;
    out->settings.retries = RETRIES_DEFAULT;
}

static bool set_port(struct options *out, const char *word)
{
    int64_t port;

    if (!text_int(word, &port) || port < 0 || port > 65535)
        return false;
    out->settings.port = (uint16_t)port;
    return true;
}

static bool set_key(struct options *out, const char *word)
{
    uint64_t id;

    if (!text_uint(word, &id) || id > UINT32_MAX)
        return false;
    out->key_id = (uint32_t)id;
    out->have_key = true;
    return true;
}

/* One option that has no letter; false: not understood. */
static bool apply_long(struct options *out, int option, const char *value)
{
    switch (option) {
    case LONG_COMPLETE:
        out->complete = value;
        return true;
    case LONG_FOLLOW:
        out->follow = true;
        return true;
    case LONG_HINTS:
        out->settings.hints = true;
        return true;
    case LONG_JSON:
        out->settings.render = RENDER_JSON;
        return true;
    default:
        return false;
    }
}

/* One option; false: not understood. */
static bool apply(struct options *out, int option, const char *value)
{
    struct settings *s = &out->settings;

    switch (option) {
    case '4':
    case '6':
        s->family = option == '4' ? FAMILY_IPV4 : FAMILY_IPV6;
        return true;
    case 'a': /* these three meant something once */
    case 'd':
    case 'f':
        return true;
    case 'c':
        s->render = RENDER_CSV;
        return true;
    case 'j':
        s->render = RENDER_JSON;
        return true;
    case 'k':
        s->key_file = value;
        return true;
    case 'K':
        return set_key(out, value);
    case 'e':
        s->end_dot = true;
        return true;
    case 'h':
        s->hosts = value;
        return true;
    case 'm':
        out->multi = true;
        return true;
    case 'n':
        s->numeric = true;
        return true;
    case 'N':
        s->source_names = true;
        return true;
    case 'p':
        return set_port(out, value);
    case 'u':
        out->user = value;
        return true;
    case 'w':
        s->wide = true;
        return true;
    default:
        return apply_long(out, option, value);
    }
}

enum options_action options_parse(int argc, char **argv, struct options *out)
{
    int option;

    defaults(out);
    /* These two are recognised anywhere, even after the command. */
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return OPTIONS_USAGE;
        if (strcmp(argv[i], "--version") == 0)
            return OPTIONS_VERSION;
    }
    optind = 1;
    while ((option = getopt_long(argc, argv, "+46acdef:h:jk:K:mnNp:u:vw", long_options, NULL)) !=
           -1) {
        if (option == 'v')
            return OPTIONS_VERSION;
        if (!apply(out, option, optarg))
            return OPTIONS_USAGE_ERROR;
    }
    out->first = optind;
    return OPTIONS_RUN;
}
