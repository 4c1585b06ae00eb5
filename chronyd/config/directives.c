/* directives.c - every directive is one row (spec chrony-conf section 4).
 *
 * The parser, the defaults, the manual page's checks and the advice of --check read the same rows.
 * Sorted by name. DIRECTIVE_PENDING marks what is understood but not acted upon yet,
 * DIRECTIVE_RUNTIME what a daemon can take on without a restart (diff.h). */
#include <limits.h>

#include "chronyd/config/parse.h"

#define AT(field) offsetof(struct config, field)
#define ADDS DIRECTIVE_ADDS
#define PENDING DIRECTIVE_PENDING
#define RUNTIME DIRECTIVE_RUNTIME

/* Name, arguments, place, bounds, default, help. */
#define FLAG(name, field, flags, help)                                                             \
    {                                                                                              \
        name, "", DIRECTIVE_FLAG, flags, AT(field), 0, 0, 0, NULL, 0, NULL, help                   \
    }
#define INT(name, args, field, min, max, initial, flags, help)                                     \
    {                                                                                              \
        name, args, DIRECTIVE_INT, flags, AT(field), min, max, initial, NULL, 0, NULL, help        \
    }
#define PORT(name, field, initial, flags, help)                                                    \
    {                                                                                              \
        name, "PORT", DIRECTIVE_PORT, flags, AT(field), 0, 65535, initial, NULL, 0, NULL, help     \
    }
#define FLOAT(name, args, field, min, max, initial, flags, help)                                   \
    {                                                                                              \
        name, args, DIRECTIVE_FLOAT, flags, AT(field), min, max, initial, NULL, 0, NULL, help      \
    }
#define WORD(name, args, field, flags, help)                                                       \
    {                                                                                              \
        name, args, DIRECTIVE_WORD, flags, AT(field), 0, 0, 0, NULL, 0, NULL, help                 \
    }
#define CHOICE(name, args, field, choices, initial, help)                                          \
    {                                                                                              \
        name, args, DIRECTIVE_CHOICE, 0, AT(field), 0, 0, initial, NULL, 0, choices, help          \
    }
#define SPECIAL(name, args, parse, flags, help)                                                    \
    {                                                                                              \
        name, args, DIRECTIVE_SPECIAL, flags, 0, 0, 0, 0, parse, 0, NULL, help                     \
    }
#define DETAIL(name, args, parse, field, detail, flags, help)                                      \
    {                                                                                              \
        name, args, DIRECTIVE_SPECIAL, flags, field, 0, 0, 0, parse, detail, NULL, help            \
    }
#define GONE(name, kind)                                                                           \
    {                                                                                              \
        name, "", kind, 0, 0, 0, 0, 0, NULL, 0, NULL, "Obsolete, ignored."                         \
    }

/* Values of the type double that only have to be finite. */
#define BIG 1e9

static const struct choice auth_modes[] = {
    {"require", SELECT_AUTH_REQUIRE},
    {"prefer", SELECT_AUTH_PREFER},
    {"mix", SELECT_AUTH_MIX},
    {"ignore", SELECT_AUTH_IGNORE},
    {NULL, 0},
};

static const struct choice leap_modes[] = {
    {"system", LEAPSEC_SYSTEM},
    {"step", LEAPSEC_STEP},
    {"slew", LEAPSEC_SLEW},
    {"ignore", LEAPSEC_IGNORE},
    {NULL, 0},
};

const struct directive config_directives[] = {
    INT("acquisitionport", "PORT", ntp.acquisition_port, 0, 65535, -1, 0,
        "Send all requests from this port; 0 lets the system choose it once."),
    DETAIL("allow", "[all] [SUBNET]", parse_access, AT(ntp_access), 1, ADDS | RUNTIME,
           "Let the clients of a subnet ask for the time."),
    CHOICE("authselectmode", "MODE", sources.select.auth_mode, auth_modes, SELECT_AUTH_MIX,
           "How authenticated and other sources are selected together."),
    DETAIL("bindacqaddress", "ADDRESS", parse_bind, AT(ntp.bind_acq_ipv4),
           (int)AT(ntp.bind_acq_ipv6), 0, "Local address of requests."),
    WORD("bindacqdevice", "INTERFACE", ntp.bind_acq_device, 0,
         "Send requests through this interface only."),
    DETAIL("bindaddress", "ADDRESS", parse_bind, AT(ntp.bind_ipv4), (int)AT(ntp.bind_ipv6), 0,
           "Local address of the server."),
    DETAIL("bindcmdaddress", "ADDRESS|PATH", parse_bindcmd, AT(control.bind_ipv4),
           (int)AT(control.bind_ipv6), 0,
           "Where commands are taken; the path / closes the socket."),
    WORD("bindcmddevice", "INTERFACE", control.bind_device, 0,
         "Take commands from the network through this interface only."),
    WORD("binddevice", "INTERFACE", ntp.bind_device, 0, "Serve on this interface only."),
    SPECIAL("bindrosocket", "PATH [mode M] [group G]", parse_bindrosocket, 0,
            "Where reports can be watched, and nothing changed; the path / closes the socket."),
    SPECIAL("broadcast", "SECONDS ADDRESS [PORT]", parse_broadcast, ADDS,
            "Send the time to an address at an interval."),
    SPECIAL("clientloglimit", "BYTES", parse_clientloglimit, 0,
            "Memory for the record of clients."),
    FLOAT("clockprecision", "SECONDS", clock.precision_s, 1e-9, 1.0, 0, 0,
          "Precision of the system clock, instead of the measured one."),
    DETAIL("cmdallow", "[all] [SUBNET]", parse_access, AT(command_access), 1, ADDS | RUNTIME,
           "Let the hosts of a subnet send monitoring requests."),
    DETAIL("cmddeny", "[all] [SUBNET]", parse_access, AT(command_access), 0, ADDS | RUNTIME,
           "Do not answer monitoring requests from a subnet."),
    SPECIAL("cmdkey", "ID... [monitor|control]", parse_cmdkey, ADDS,
            "Keys whose holders may ask or command from afar."),
    PORT("cmdport", control.port, 323, 0, "UDP port for commands; 0 opens none."),
    DETAIL("cmdratelimit", "[interval N] [burst N] [leak N]", parse_ratelimit, 0, CLIENT_COMMAND, 0,
           "Limit how often a host is answered by the command port."),
    FLOAT("combinelimit", "RATIO", sources.select.combine_limit, 0.0, BIG, 3.0, 0,
          "Combine sources that are at most so many times as distant as the selected one."),
    GONE("commandkey", DIRECTIVE_OBSOLETE),
    {"confdir", "DIRECTORY...", DIRECTIVE_INCLUDE, ADDS, 0, 0, 0, 0, NULL, 0, NULL,
     "Read all files *.conf of the directories here."},
    FLOAT("corrtimeratio", "RATIO", reference.corr_time_ratio, 0.0, BIG, 3.0, 0,
          "How slowly offsets are corrected, relative to the update interval."),
    DETAIL("deny", "[all] [SUBNET]", parse_access, AT(ntp_access), 0, ADDS | RUNTIME,
           "Do not answer requests for the time from a subnet."),
    SPECIAL("driftfile", "FILE [interval SECONDS]", parse_driftfile, 0,
            "Where the clock's frequency is kept between runs."),
    INT("dscp", "NUMBER", ntp.dscp, 0, 63, 0, 0, "Differentiated services code of NTP packets."),
    WORD("dumpdir", "DIRECTORY", dump_dir, 0, "Where the samples are kept between runs."),
    GONE("dumponexit", DIRECTIVE_SILENT),
    SPECIAL("fallbackdrift", "MIN MAX", parse_fallbackdrift, 0,
            "Long-term frequencies for times without sources, log2 seconds."),
    GONE("generatecommandkey", DIRECTIVE_OBSOLETE),
    WORD("hwclockfile", "FILE", rtc.hwclock, 0,
         "File that says whether the RTC keeps UTC (adjtime)."),
    SPECIAL("hwtimestamp", "INTERFACE [OPTION]...", parse_hwtimestamp, ADDS,
            "Let the network hardware take the time stamps; * means wherever possible."),
    FLOAT("hwtstimeout", "SECONDS", transport.hwts_timeout_s, -BIG, BIG, 0.001, 0,
          "How long an answer waits for the hardware's time stamp of the request."),
    {"include", "PATTERN", DIRECTIVE_INCLUDE, ADDS, 0, 0, 0, 0, NULL, 0, NULL,
     "Read the files that match here."},
    SPECIAL("initstepslew", "THRESHOLD [HOST]...", parse_initstepslew, 0,
            "Set the clock from these hosts before the start; superseded by makestep."),
    WORD("keyfile", "FILE", key_file, RUNTIME, "File of the symmetric keys."),
    WORD("leapseclist", "FILE", reference.leapsec_list, 0,
         "List of leap seconds as IERS and NIST publish it."),
    CHOICE("leapsecmode", "MODE", reference.leapsec_mode, leap_modes, LEAPSEC_SYSTEM,
           "Who corrects the clock for a leap second, and how."),
    WORD("leapsectz", "ZONE", reference.leapsec_tz, 0,
         "Time zone that knows the leap seconds, right/UTC."),
    GONE("linux_freq_scale", DIRECTIVE_OBSOLETE),
    GONE("linux_hz", DIRECTIVE_OBSOLETE),
    SPECIAL("local", "[OPTION]...", parse_local, RUNTIME,
            "Serve the local clock when nothing better is there."),
    FLAG("lock_all", lock_all, 0, "Keep the daemon in memory, never swapped out."),
    SPECIAL("log", "NAME...", parse_log, ADDS, "Write these logs to the directory of logdir."),
    INT("logbanner", "RECORDS", log_banner, 0, INT_MAX, 32, 0,
        "Records between two headings in a log; 0 writes none."),
    FLOAT("logchange", "SECONDS", reference.log_change_s, 0.0, BIG, 1.0, 0,
          "Tell the system log of corrections larger than this."),
    WORD("logdir", "DIRECTORY", log_dir, 0, "Where logs are written."),
    SPECIAL("mailonchange", "USER SECONDS", parse_mailonchange, 0,
            "Send mail when a correction is larger than this."),
    SPECIAL("makestep", "THRESHOLD LIMIT", parse_makestep, RUNTIME,
            "Step the clock if it is wrong by more than this, in the first updates only."),
    FLAG("manual", manual, RUNTIME, "Allow the time to be typed in."),
    SPECIAL("maxchange", "SECONDS START IGNORE", parse_maxchange, 0,
            "Refuse larger corrections after the first updates, and give up in the end."),
    FLOAT("maxclockerror", "PPM", clock.max_clock_error_ppm, 0.0, 1e6, 1.0, 0,
          "How fast the error grows while nothing is measured."),
    FLOAT("maxdistance", "SECONDS", sources.select.max_distance_s, 0.0, BIG, 3.0, 0,
          "Largest root distance of a source that may be selected."),
    FLOAT("maxdrift", "PPM", clock.max_drift_ppm, 0.0, 100000.0, 100000.0, 0,
          "Limit of the frequency correction."),
    FLOAT("maxjitter", "SECONDS", sources.select.max_jitter_s, 0.0, BIG, 1.0, 0,
          "Largest jitter of a source that may be selected."),
    INT("maxntsconnections", "NUMBER", nts.max_connections, 1, INT_MAX, 100, PENDING,
        "Key establishment sessions at a time in each helper process."),
    INT("maxsamples", "NUMBER", ntp.max_samples, 0, INT_MAX, 0, 0,
        "Most samples that are kept of a source; 0 means as many as fit (64)."),
    FLOAT("maxslewrate", "PPM", clock.max_slew_ppm, 0.0, 1e6, 83333.333, 0,
          "How fast the clock may be slewed."),
    INT("maxstratum", "STRATUM", sources.select.max_stratum, 0, INT_MAX, 15, 0,
        "Highest stratum of a source that may be selected."),
    INT("maxtxbuffers", "NUMBER", transport.max_tx_buffers, 0, 1048576, 0, 0,
        "Sent messages that are kept to match late time stamps."),
    FLOAT("maxupdateskew", "PPM", reference.max_update_skew_ppm, -1e9, 1e9, 1000.0, RUNTIME,
          "A frequency that is known less well than this is not used."),
    INT("minsamples", "NUMBER", ntp.min_samples, 0, INT_MAX, 6, 0,
        "Samples that are kept even when they no longer fit a line."),
    INT("minsources", "NUMBER", sources.select.min_sources, 1, INT_MAX, 1, 0,
        "Sources that have to agree before the clock is touched."),
    INT("minstratum", "STRATUM", sources.select.min_stratum, 0, INT_MAX, 0, 0,
        "Lowest stratum of a source that may be selected."),
    INT("nocerttimecheck", "UPDATES", nts.no_cert_time_check, 0, INT_MAX, 0, PENDING,
        "Do not check the validity times of certificates before so many clock updates."),
    SPECIAL("noclientlog", "", parse_noclientlog, 0, "Keep no record of clients."),
    FLAG("nosystemcert", nts.no_system_certs, PENDING,
         "Do not trust the system's certificate authorities."),
    WORD("ntpsigndsocket", "DIRECTORY", transport.signd_socket, 0,
         "Directory of Samba's socket that signs answers (MS-SNTP)."),
    SPECIAL("ntsaeads", "[ID]...", parse_ntsaeads, PENDING,
            "Ciphers for NTS in the order of preference: 15 and 30."),
    WORD("ntscachedir", "DIRECTORY", nts.dump_dir, PENDING, "Another name of ntsdumpdir."),
    WORD("ntsdumpdir", "DIRECTORY", nts.dump_dir, PENDING,
         "Where NTS keys and cookies are kept between runs."),
    WORD("ntsntpserver", "HOST", nts.ntp_server, PENDING,
         "NTP server that NTS clients are sent to."),
    PORT("ntsport", nts.port, 4460, PENDING, "TCP port of the NTS key establishment server."),
    INT("ntsprocesses", "NUMBER", nts.processes, 0, 1000, 1, PENDING,
        "Helper processes for NTS key establishment; 0 does it in the daemon."),
    DETAIL("ntsratelimit", "[interval N] [burst N] [leak N]", parse_ratelimit, 0, CLIENT_NTSKE,
           PENDING, "Limit how often a host may establish keys."),
    INT("ntsrefresh", "SECONDS", nts.refresh_s, 0, INT_MAX, 2419200, PENDING,
        "Age of NTS keys at which a client establishes new ones."),
    INT("ntsrotate", "SECONDS", nts.rotate_s, 0, INT_MAX, 604800, PENDING,
        "How often the NTS server makes a new key; 0: keys are managed from outside."),
    DETAIL("ntsservercert", "FILE", parse_list, 0, LIST_NTS_CERTS, ADDS | PENDING,
           "Certificate of the NTS server."),
    DETAIL("ntsserverkey", "FILE", parse_list, 0, LIST_NTS_KEYS, ADDS | PENDING,
           "Private key of the NTS server."),
    SPECIAL("ntstrustedcerts", "[SET] PATH", parse_ntstrustedcerts, ADDS | PENDING,
            "Certificate authorities to trust, a file or a directory."),
    SPECIAL("opencommands", "[NAME]...", parse_opencommands, 0,
            "Reports that hosts allowed by cmdallow may ask for."),
    DETAIL("peer", "HOST [OPTION]...", parse_source, 0, SOURCE_WORD_PEER, ADDS,
           "Exchange the time with an equal."),
    SPECIAL("pidfile", "FILE", parse_pidfile, 0, "File for the process id; / writes none."),
    DETAIL("pool", "NAME [OPTION]...", parse_source, 0, SOURCE_WORD_POOL, ADDS,
           "Use several of the servers that share a name."),
    PORT("port", ntp.port, 123, 0, "UDP port to serve on; 0 serves never."),
    INT("ptpdomain", "NUMBER", transport.ptp_domain, 0, 255, 123, 0,
        "Domain number of NTP over PTP."),
    PORT("ptpport", transport.ptp_port, 0, 0, "UDP port of NTP over PTP; 319 is of use."),
    DETAIL("ratelimit", "[interval N] [burst N] [leak N] [kod N]", parse_ratelimit, 0, CLIENT_NTP,
           0, "Limit how often a client is answered."),
    SPECIAL("refclock", "DRIVER PARAMETER[:OPTION]... [OPTION]...", parse_refclock, ADDS,
            "A clock that is connected to this host."),
    INT("refresh", "SECONDS", ntp.refresh_s, 0, INT_MAX, 1209600, 0,
        "How often the names of working sources are looked up again; 0: never."),
    FLOAT("reselectdist", "SECONDS", sources.select.reselect_distance_s, 0.0, BIG, 1e-4, RUNTIME,
          "Handicap of sources that are not selected."),
    FLOAT("rtcautotrim", "SECONDS", rtc.autotrim_s, -BIG, BIG, 0, 0,
          "Set the RTC when it is wrong by more than this."),
    WORD("rtcdevice", "DEVICE", rtc.device, 0, "The real-time clock."),
    WORD("rtcfile", "FILE", rtc.file, 0, "Measure the real-time clock and keep its error here."),
    FLAG("rtconutc", rtc.on_utc, 0, "The real-time clock keeps UTC, not local time."),
    FLAG("rtcsync", reference.rtcsync, 0,
         "Let the kernel copy the time to the real-time clock every 11 minutes."),
    INT("sched_priority", "PRIORITY", sched_priority, 0, 99, 0, 0,
        "Real-time priority of the daemon (SCHED_FIFO); 0 leaves it alone."),
    DETAIL("server", "HOST [OPTION]...", parse_source, 0, SOURCE_WORD_SERVER, ADDS,
           "Ask a server for the time."),
    SPECIAL("smoothtime", "PPM PPM_PER_SECOND [leaponly]", parse_smoothtime, 0,
            "Serve time without steps, within these limits of frequency and wander."),
    DETAIL("sourcedir", "DIRECTORY...", parse_list, 0, LIST_SOURCE_DIRS, ADDS | RUNTIME,
           "Directories of files *.sources, read again on demand."),
    FLOAT("stratumweight", "SECONDS", sources.select.stratum_weight_s, 0.0, BIG, 0.001, 0,
          "Distance that each stratum adds."),
    SPECIAL("tempcomp", "FILE SECONDS T0 K0 K1 K2 | FILE SECONDS POINTS", parse_tempcomp, 0,
            "Correct the frequency by the temperature of a sensor."),
    WORD("user", "NAME", user, 0, "User that the daemon runs as."),
};

const size_t config_directive_count = ARRAY_LEN(config_directives);
