#include "chronyc/commands.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "candm/candm.h"

#define REQ(name) CANDM_REQ_##name

static const struct command commands[] = {
    {"tracking", run_tracking, REQ(TRACKING), SECTION_CLOCK, "",
     "tracking\tShow how well the system clock is kept\n"},
    {"makestep", run_makestep, 0, SECTION_CLOCK, "",
     "makestep\tStep the clock by what is left to correct\n"
     "makestep <threshold> <updates>\tStep by itself at larger offsets, that often\n"},
    {"maxupdateskew", run_float, REQ(MODIFY_MAXUPDATESKEW), SECTION_CLOCK, "",
     "maxupdateskew <ppm>\tLargest skew that may change the frequency\n"},
    {"waitsync", run_waitsync, REQ(TRACKING), SECTION_CLOCK, "",
     "waitsync [<tries> [<correction> [<skew> [<interval>]]]]\tWait for the clock to be right "
     "enough\n"},

    {"wait", run_wait, REQ(VERDICT), SECTION_CLOCK, "--max-error --timeout --allow-offline",
     "wait [--max-error <s>] [--timeout <s>] [--allow-offline]\tWait for the clock to be right; "
     "status 0, 1 or 2\n"},
    {"metrics", run_metrics, 0, SECTION_CLOCK, "", "metrics\tAll figures as OpenMetrics text\n"},
    {"watch", run_watch, 0, SECTION_CLOCK, "",
     "watch [<interval> [<times>]]\tShow clock and sources live\n"},
    {"explain", run_explain, REQ(VERDICT), SECTION_CLOCK, "",
     "explain\tSay in sentences how the clock is and why\n"},

    {"sources", run_sources, REQ(SOURCE_DATA), SECTION_SOURCES, "-a -v",
     "sources [-a] [-v]\tShow the sources of time\n"},
    {"sourcestats", run_sourcestats, REQ(SOURCESTATS), SECTION_SOURCES, "-a -v",
     "sourcestats [-a] [-v]\tShow drift and offset estimated for each source\n"},
    {"selectdata", run_selectdata, REQ(SELECT_DATA), SECTION_SOURCES, "-a -v",
     "selectdata [-a] [-v]\tShow why sources are or are not selected\n"},
    {"selectopts", run_selectopts, REQ(MODIFY_SELECTOPTS), SECTION_SOURCES, "@",
     "selectopts <address|refid> <+|-option>...\tChange noselect, prefer, require, trust\n"},
    {"reselect", run_plain, REQ(RESELECT), SECTION_SOURCES, "",
     "reselect\tSelect anew, whatever is selected now\n"},
    {"reselectdist", run_float, REQ(RESELECTDISTANCE), SECTION_SOURCES, "",
     "reselectdist <seconds>\tAdvantage that the selected source has\n"},
    {"offset", run_offset, REQ(MODIFY_OFFSET), SECTION_SOURCES, "@",
     "offset <address|refid> <seconds>\tChange the offset of a source's measurements\n"},

    {"activity", run_activity, REQ(ACTIVITY), SECTION_NTP, "",
     "activity\tCount sources that are online and offline\n"},
    {"authdata", run_authdata, REQ(AUTH_DATA), SECTION_NTP, "-a -v",
     "authdata [-a] [-v]\tShow how sources are authenticated\n"},
    {"ntpdata", run_ntpdata, REQ(NTP_DATA), SECTION_NTP, "@",
     "ntpdata [<address>]\tShow the last valid measurement in detail\n"},
    {"add", run_add, REQ(ADD_SOURCE), SECTION_NTP, "peer pool server",
     "add server <name> [options]\tAdd a server\n"
     "add pool <name> [options]\tAdd a pool of servers\n"
     "add peer <name> [options]\tAdd a peer\n"},
    {"delete", run_delete, REQ(DEL_SOURCE), SECTION_NTP, "@",
     "delete <address>\tRemove a server or peer\n"},
    {"burst", run_burst, REQ(BURST), SECTION_NTP, "",
     "burst <good>/<max> [[<mask>/]<address>]\tMeasure quickly until that many were good\n"},
    {"maxdelay", run_modify_float, REQ(MODIFY_MAXDELAY), SECTION_NTP, "@",
     "maxdelay <address> <seconds>\tLargest delay of a good measurement\n"},
    {"maxdelayratio", run_modify_float, REQ(MODIFY_MAXDELAYRATIO), SECTION_NTP, "@",
     "maxdelayratio <address> <ratio>\tThe same, as a multiple of the least delay\n"},
    {"maxdelaydevratio", run_modify_float, REQ(MODIFY_MAXDELAYDEVRATIO), SECTION_NTP, "@",
     "maxdelaydevratio <address> <ratio>\tThe same, by the deviation of the offset\n"},
    {"minpoll", run_modify_int, REQ(MODIFY_MINPOLL), SECTION_NTP, "@",
     "minpoll <address> <log2>\tShortest interval between polls\n"},
    {"maxpoll", run_modify_int, REQ(MODIFY_MAXPOLL), SECTION_NTP, "@",
     "maxpoll <address> <log2>\tLongest interval between polls\n"},
    {"minstratum", run_modify_int, REQ(MODIFY_MINSTRATUM), SECTION_NTP, "@",
     "minstratum <address> <stratum>\tLowest stratum to take a source for\n"},
    {"offline", run_mask, REQ(OFFLINE), SECTION_NTP, "@",
     "offline [[<mask>/]<address>]\tStop polling sources\n"},
    {"online", run_mask, REQ(ONLINE), SECTION_NTP, "@",
     "online [[<mask>/]<address>]\tPoll sources again\n"},
    {"onoffline", run_plain, REQ(ONOFFLINE), SECTION_NTP, "",
     "onoffline\tPoll the sources to which there is a route\n"},
    {"polltarget", run_modify_int, REQ(MODIFY_POLLTARGET), SECTION_NTP, "@",
     "polltarget <address> <samples>\tNumber of samples to aim at\n"},
    {"refresh", run_plain, REQ(REFRESH), SECTION_NTP, "",
     "refresh\tLook up the names of sources again\n"},
    {"reload", run_reload, REQ(RELOAD_SOURCES), SECTION_NTP, "sources config",
     "reload sources\tRead the source directories again\n"
     "reload config\tRead the configuration again and apply what changed\n"},
    {"sourcename", run_sourcename, REQ(NTP_SOURCE_NAME), SECTION_NTP, "@",
     "sourcename <address>\tShow the name that was configured\n"},

    {"manual", run_manual, REQ(MANUAL), SECTION_MANUAL, "on off delete list reset",
     "manual off|on|reset\tRefuse, accept or forget times typed in\n"
     "manual list\tShow the times typed in\n"
     "manual delete <index>\tForget one of them\n"},
    {"settime", run_settime, REQ(SETTIME), SECTION_MANUAL, "",
     "settime <time>\tTell the daemon what time it is\n"
     "\t(16:30:05, or 2026-09-25 16:30:05)\n"},

    {"accheck", run_accheck, REQ(ACCHECK), SECTION_NTP_ACCESS, "",
     "accheck <address>\tMay this host get the time?\n"},
    {"clients", run_clients, REQ(CLIENT_ACCESSES), SECTION_NTP_ACCESS, "-k -p -r",
     "clients [-k] [-p <packets>] [-r]\tShow who asked for the time\n"},
    {"serverstats", run_serverstats, REQ(SERVER_STATS), SECTION_NTP_ACCESS, "",
     "serverstats\tShow counters of the server\n"},
    {"allow", run_allow, REQ(ALLOW), SECTION_NTP_ACCESS, "all",
     "allow [<subnet>]\tGive the time to a subnet\n"
     "allow all [<subnet>]\tThe same, and forget exceptions in it\n"},
    {"deny", run_allow, REQ(DENY), SECTION_NTP_ACCESS, "all",
     "deny [<subnet>]\tRefuse a subnet\n"
     "deny all [<subnet>]\tThe same, and forget exceptions in it\n"},
    {"local", run_local, REQ(LOCAL), SECTION_NTP_ACCESS, "off",
     "local [options]\tServe time even when unsynchronised\n"
     "local off\tStop that\n"},
    {"smoothtime", run_smoothtime, REQ(SMOOTHTIME), SECTION_NTP_ACCESS, "reset activate",
     "smoothtime reset|activate\tReset or start smoothing of the served time\n"},
    {"smoothing", run_smoothing, REQ(SMOOTHING), SECTION_NTP_ACCESS, "",
     "smoothing\tShow the state of the smoothing\n"},

    {"cmdaccheck", run_accheck, REQ(CMDACCHECK), SECTION_MONITORING, "",
     "cmdaccheck <address>\tMay this host read reports?\n"},
    {"cmdallow", run_allow, REQ(CMDALLOW), SECTION_MONITORING, "all",
     "cmdallow [<subnet>]\tGive reports to a subnet\n"
     "cmdallow all [<subnet>]\tThe same, and forget exceptions in it\n"},
    {"cmddeny", run_allow, REQ(CMDDENY), SECTION_MONITORING, "all",
     "cmddeny [<subnet>]\tRefuse a subnet\n"
     "cmddeny all [<subnet>]\tThe same, and forget exceptions in it\n"},

    {"rtcdata", run_rtcdata, REQ(RTCREPORT), SECTION_RTC, "",
     "rtcdata\tShow how the real-time clock drifts\n"},
    {"trimrtc", run_plain, REQ(TRIMRTC), SECTION_RTC, "",
     "trimrtc\tSet the real-time clock to the system time\n"},
    {"writertc", run_plain, REQ(WRITERTC), SECTION_RTC, "",
     "writertc\tSave what is known of the real-time clock\n"},

    {"cyclelogs", run_plain, REQ(CYCLELOGS), SECTION_DAEMON, "",
     "cyclelogs\tClose the log files and open them again\n"},
    {"dump", run_dump, REQ(DUMP), SECTION_DAEMON, "", "dump\tSave samples, NTS keys and cookies\n"},
    {"rekey", run_plain, REQ(REKEY), SECTION_DAEMON, "", "rekey\tRead the key files again\n"},
    {"reset", run_reset, REQ(RESET_SOURCES), SECTION_DAEMON, "sources",
     "reset sources\tDrop all samples\n"},
    {"shutdown", run_plain, REQ(SHUTDOWN), SECTION_DAEMON, "", "shutdown\tEnd the daemon\n"},

    {"dns", run_dns, 0, SECTION_CLIENT, "-n +n -4 -6 -46",
     "dns -n|+n\tShow addresses, or names\n"
     "dns -4|-6|-46\tLook up IPv4, IPv6 or both\n"},
    {"timeout", run_timeout, 0, SECTION_CLIENT, "",
     "timeout <milliseconds>\tWait that long for the first reply\n"},
    {"retries", run_retries, 0, SECTION_CLIENT, "", "retries <number>\tAsk that many times more\n"},
    {"keygen", run_keygen, 0, SECTION_CLIENT, "",
     "keygen [<id> [<type> [<bits>]]]\tMake a line for the key file\n"},
    {"authenticate", run_authenticate, 0, SECTION_CLIENT, "off",
     "authenticate <id>|off\tProve a key to a daemon on another host\n"},
    {"exit", run_quit, 0, SECTION_CLIENT, "", "exit|quit\tLeave chronyc\n"},
    {"quit", run_quit, 0, SECTION_CLIENT, "", NULL},
    {"help", run_help, 0, SECTION_CLIENT, "", "help\tShow these lines\n"},

    {"dfreq", run_value, REQ(DFREQ), SECTION_CLOCK, "", NULL},
    {"doffset", run_value, REQ(DOFFSET), SECTION_CLOCK, "", NULL},
    {"password", run_obsolete, 0, SECTION_CLIENT, "", NULL},
    {"authhash", run_obsolete, 0, SECTION_CLIENT, "", NULL},
};

const struct command *commands_all(size_t *count)
{
    *count = ARRAY_LEN(commands);
    return commands;
}

const struct command *commands_find(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].word, word) == 0)
            return &commands[i];
    return NULL;
}

bool complain(struct session *s, const char *format, ...)
{
    va_list args;

    fflush(s->out);
    va_start(args, format);
    vfprintf(s->err, format, args);
    va_end(args);
    fputc('\n', s->err);
    return false;
}

/* --- help ------------------------------------------------------------------------------------ */

#define HELP_COLUMN 28

static void help_line(FILE *out, const char *syntax, size_t syntax_length, const char *text,
                      size_t text_length)
{
    if (syntax_length >= HELP_COLUMN) {
        fprintf(out, "%.*s\n", (int)syntax_length, syntax);
        syntax_length = 0;
    }
    fprintf(out, "%-*.*s%.*s\n", HELP_COLUMN, (int)syntax_length, syntax, (int)text_length, text);
}

static void help_command(FILE *out, const char *help)
{
    while (help && *help != '\0') {
        const char *tab = strchr(help, '\t'), *end = strchr(help, '\n');

        help_line(out, help, (size_t)(tab - help), tab + 1, (size_t)(end - tab - 1));
        help = end + 1;
    }
}

bool run_help(struct session *s, const struct command *c, char *rest)
{
    static const char *const titles[SECTION_COUNT] = {
        [SECTION_CLOCK] = "System clock:",     [SECTION_SOURCES] = "Time sources:",
        [SECTION_NTP] = "NTP sources:",        [SECTION_MANUAL] = "Manual time input:",
        [SECTION_NTP_ACCESS] = "NTP access:",  [SECTION_MONITORING] = "Monitoring access:",
        [SECTION_RTC] = "Real-time clock:",    [SECTION_DAEMON] = "Other daemon commands:",
        [SECTION_CLIENT] = "Client commands:",
    };

    (void)c;
    (void)rest;
    for (enum section section = 0; section < SECTION_COUNT; section++) {
        help_line(s->out, titles[section], strlen(titles[section]), "", 0);
        for (size_t i = 0; i < ARRAY_LEN(commands); i++)
            if (commands[i].section == section)
                help_command(s->out, commands[i].help);
        help_line(s->out, "", 0, "", 0);
    }
    return true;
}

/* --- one line -------------------------------------------------------------------------------- */

/* A word that is nearly a command, for a terminal. */
static void suggest(struct session *s, const char *word)
{
    const char *words[ARRAY_LEN(commands)], *nearest;
    size_t count = 0;

    if (!s->settings.hints)
        return;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (commands[i].help)
            words[count++] = commands[i].word;
    nearest = text_nearest(word, words, count);
    if (nearest)
        fprintf(s->err, "Did you mean '%s'?\n", nearest);
}

/* What a report would have said is lost with its output; a command has been carried out. */
static bool is_report(const struct command *c)
{
    const struct candm_row *row = candm_row(c->code);

    return row && row->reply != CANDM_RPY_null;
}

static bool run_line(struct session *s, char *line, bool *report)
{
    char *rest = line;
    const char *word = text_word(&rest);
    const struct command *c = commands_find(word);

    if (!c) {
        complain(s, "Unrecognized command");
        suggest(s, word);
        return false;
    }
    *report = is_report(c);
    return c->run(s, c, rest);
}

bool session_run(struct session *s, char *line)
{
    bool ok, report = false;

    text_normalise(line);
    if (line[0] == '\0')
        return true;
    s->status = 0;
    ok = run_line(s, line, &report);
    if (s->settings.end_dot)
        fputs(".\n", s->out);
    errno = 0;
    if (fflush(s->out) != 0 || ferror(s->out)) {
        clearerr(s->out);
        /* A reader that has seen enough is no trouble. */
        if (errno != EPIPE)
            complain(s, "Could not write to stdout");
        return ok && !report;
    }
    return ok;
}
