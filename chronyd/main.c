/* main.c - chronyd as a process: options, privileges and the loop around the daemon.
 *
 * The order of the start is that of spec chrony-conf section 16.1. */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyd/chronyd.h"
#include "chronyd/config/check.h"
#include "chronyd/options.h"
#include "chronyd/os/linux/daemon.h"
#include "chronyd/os/linux/privileges.h"
#include "chronyd/os/linux/signals.h"
#include "chronyd/os/linux/syslog.h"
#include "chronyd/os/linux/world.h"
#include "features.h"

#ifdef HAVE_CAPS
#define FEATURE_PRIVDROP "+PRIVDROP"
#else
#define FEATURE_PRIVDROP "-PRIVDROP"
#endif
#ifdef HAVE_SECCOMP
#define FEATURE_SCFILTER "+SCFILTER"
#else
#define FEATURE_SCFILTER "-SCFILTER"
#endif
#ifdef HAVE_NTS
#define FEATURE_NTS "+NTS"
#else
#define FEATURE_NTS "-NTS"
#endif
#ifdef HAVE_IPV6
#define FEATURE_IPV6 "+IPV6"
#else
#define FEATURE_IPV6 "-IPV6"
#endif
#ifdef FEATURE_DEBUG
#define FEATURE_DEBUG_TEXT "+DEBUG"
#else
#define FEATURE_DEBUG_TEXT "-DEBUG"
#endif
#define FEATURES                                                                                   \
    "+CMDMON +NTP +REFCLOCK +RTC " FEATURE_PRIVDROP " " FEATURE_SCFILTER                           \
    " +SIGND +ASYNCDNS " FEATURE_NTS " +SECHASH " FEATURE_IPV6 " " FEATURE_DEBUG_TEXT

/* Leak checkers trace the process with calls that no filter lets through. */
#if defined(__SANITIZE_ADDRESS__)
#define FILTER_BY_DEFAULT false
#else
#define FILTER_BY_DEFAULT true
#endif

#define PATHS_MAX 24

struct process {
    struct options options;
    struct log_sink *sink;
    struct log log;
    struct world *world;
    struct os os;
    struct config config;
    bool configured; /* config holds something to free */
    struct user user;
    int parent_fd;
    bool pid_file_written;
    struct chronyd *chronyd;
};

static void print_usage(const char *program)
{
    printf("Usage: %s [OPTION]... [DIRECTIVE]...\n"
           "\n"
           "  -4, -6       Use only IPv4, only IPv6\n"
           "  -f FILE      Configuration file (" DEFAULT_CONF_FILE ")\n"
           "  -n           Stay in the foreground, log to syslog\n"
           "  -d           Stay in the foreground, log to stderr (twice: debug messages)\n"
           "  -l FILE      Log to FILE\n"
           "  -L LEVEL     Least severity logged: -1 debug, 0 info, 1 warning, 2 error, 3 fatal\n"
           "  -p           Print the configuration and exit\n"
           "  --check      Check the configuration, give advice, and exit (--json: for programs)\n"
           "  -q           Set the clock once and exit\n"
           "  -Q           Print the offset of the clock once and exit\n"
           "  -r           Reload sample histories\n"
           "  -R           This is a restart: do not step the clock\n"
           "  -s           Set the clock from the real-time clock at start\n"
           "  -t SECONDS   Exit after this time\n"
           "  -u USER      User to run as (" DEFAULT_USER ")\n"
           "  -U           Do not insist on being root\n"
           "  -F LEVEL     System call filter: 0, 1, 2; negative: signal\n"
           "  -P PRIORITY  Real-time priority, 1 to 99\n"
           "  -m           Lock memory\n"
           "  -x           Do not touch the system clock\n"
           "  -N FD        Write a newline to this descriptor when ready\n"
           "  -v           Print version and features\n"
           "  -h           Print this help\n",
           program);
}

static int fatal(const struct process *p, const struct err *err)
{
    log_write(&p->log, LEVEL_FATAL, "%s", err->text);
    return 1;
}

/* --- configuration --------------------------------------------------------------------------- */

/* What -Q changes are defaults: directives still count. */
static void prepare_defaults(const struct options *o, struct config *c)
{
    config_defaults(c);
    if (!o->print_once)
        return;
    c->ntp.port = 0;
    c->control.port = 0;
    c->control.unix_path = NULL;
    c->pid_file = NULL;
}

static bool read_configuration(const struct options *o, struct config *c,
                               const struct config_reader *reader, struct err *err)
{
    if (o->directive_count == 0)
        return config_read_file(c, reader, o->config_file ? o->config_file : DEFAULT_CONF_FILE,
                                err);
    for (size_t i = 0; i < o->directive_count; i++) {
        if (!config_read_line(c, reader, o->directives[i], (int)i + 1, err))
            return false;
    }
    return true;
}

/* Options win over directives. */
static void apply_options(const struct options *o, struct config *c)
{
    if (o->no_clock_control || o->print_once)
        c->clock.control = false;
    if (o->user)
        c->user = o->user;
    if (o->priority >= 0)
        c->sched_priority = o->priority;
    c->lock_all = c->lock_all || o->lock_memory;
    if (o->only == ADDR_IPV4)
        c->control.ipv6 = false;
    if (o->only == ADDR_IPV6)
        c->control.ipv4 = false;
}

static bool configure(const struct options *o, struct config *c, const struct config_reader *reader,
                      struct err *err)
{
    prepare_defaults(o, c);
    if (!read_configuration(o, c, reader, err) || !config_finish(c, reader, err))
        return false;
    apply_options(o, c);
    if (c->reference.mail_user && o->filter != FILTER_DEFAULT && o->filter != FILTER_OFF)
        return err_set(err, ERR_UNSUPPORTED,
                       "mailonchange directive cannot be used with -F enabled");
    return true;
}

static bool configure_first(struct process *p, struct err *err)
{
    const struct config_reader reader = {.os = &p->os, .log = &p->log};

    p->configured = true;
    return configure(&p->options, &p->config, &reader, err);
}

/* For a daemon that reads its file once more. */
static bool configure_again(void *ctx, struct config *out, struct err *err)
{
    const struct process *p = ctx;
    const struct config_reader reader = {.os = &p->os, .log = &p->log, .strict = true};

    return configure(&p->options, out, &reader, err);
}

static void print_line(void *ctx, const char *line)
{
    (void)ctx;
    puts(line);
}

static int print_configuration(struct process *p)
{
    const struct config_reader reader = {.os = &p->os, .log = &p->log, .print = print_line};
    struct err err;

    p->configured = true;
    prepare_defaults(&p->options, &p->config);
    if (!read_configuration(&p->options, &p->config, &reader, &err)) {
        (void)fflush(stdout);
        return fatal(p, &err);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

static int check_configuration(struct process *p)
{
    const struct options *o = &p->options;
    struct check_input in = {.os = &p->os,
                             .directives = (const char *const *)o->directives,
                             .directive_count = o->directive_count,
                             .clock_untouched = o->no_clock_control};
    struct check_report *report;
    int status;

    if (o->directive_count == 0)
        in.path = o->config_file ? o->config_file : DEFAULT_CONF_FILE;
    report = config_check(&in);
    if (!report)
        return 2;
    check_print(report, o->json, print_line, NULL);
    status = check_status(report);
    check_destroy(report);
    return fflush(stdout) == 0 ? status : 2;
}

/* --- start ----------------------------------------------------------------------------------- */

static bool open_log(struct process *p, struct err *err)
{
    const struct options *o = &p->options;

    if (o->log_file)
        return log_sink_redirect(p->sink, LOG_WHERE_FILE, o->log_file, err);
    if (!o->log_to_stderr)
        return log_sink_redirect(p->sink, LOG_WHERE_SYSLOG, NULL, err);
    return true;
}

/* Without being root there is nobody to become: the daemon stays who it is. */
static bool find_user(struct process *p, struct err *err)
{
    if (geteuid() != 0) {
        p->user = (struct user){.uid = geteuid(), .gid = getegid()};
        return true;
    }
    return user_find(p->config.user, &p->user, err);
}

static void ensure_directory(const struct process *p, const char *path, unsigned mode)
{
    struct err err;

    if (path && !make_directory(path, mode, p->user.uid, p->user.gid, &err))
        log_warning(&p->log, "%s", err.text);
}

/* The directory that holds `path`, in `buf`; NULL if there is none. */
static const char *directory_of(const char *path, char buf[PATH_MAX])
{
    if (!path || !strchr(path, '/') || !text_copy(buf, PATH_MAX, path))
        return NULL;
    return dirname(buf);
}

static bool prepare_files(struct process *p, struct err *err)
{
    const struct config *c = &p->config;
    char buf[PATH_MAX];

    if (c->pid_file && !pid_file_check(c->pid_file, err))
        return false;
    ensure_directory(p, directory_of(c->control.unix_path, buf), 0770);
    ensure_directory(p, c->log_dir, 0750);
    ensure_directory(p, c->dump_dir, 0750);
    ensure_directory(p, c->nts.dump_dir, 0750);
    if (c->pid_file && !pid_file_write(c->pid_file, err))
        return false;
    p->pid_file_written = c->pid_file != NULL;
    return true;
}

static bool create_daemon(struct process *p, struct err *err)
{
    const struct options *o = &p->options;
    const struct chronyd_options options = {
        .mode = o->print_once ? REFERENCE_PRINT_ONCE
                : o->set_once ? REFERENCE_UPDATE_ONCE
                              : REFERENCE_NORMAL,
        .reload_dumps = o->reload_dumps,
        .restart = o->restart,
        .set_from_rtc = o->set_from_rtc,
        .only = o->only,
        .timeout_s = o->timeout_s,
        .read_config = o->directive_count == 0 ? configure_again : NULL,
        .read_ctx = p,
    };

    p->chronyd = chronyd_create(&p->config, &options, &p->os, &p->log, err);
    if (!p->chronyd)
        return false;
    if (!world_controls_clock(p->world))
        log_info(&p->log, "Disabled control of system clock");
    return true;
}

/* --- restrictions ---------------------------------------------------------------------------- */

static void add_directory(const char **paths, size_t *count, const char *path)
{
    if (path && *count < PATHS_MAX)
        paths[(*count)++] = path;
}

/* Files are replaced by renaming, so it is their directories that must be writable. */
static void restrict_files(const struct process *p)
{
    const struct config *c = &p->config;
    const char *const files[] = {c->reference.drift_file,
                                 c->control.unix_path,
                                 c->control.report_path,
                                 c->pid_file,
                                 c->rtc.file,
                                 p->options.log_file};
    char bufs[ARRAY_LEN(files)][PATH_MAX];
    const char *paths[PATHS_MAX];
    size_t count = 0;
    struct err err;

    if (c->reference.mail_user)
        return;
    add_directory(paths, &count, "/dev");
    add_directory(paths, &count, c->log_dir);
    add_directory(paths, &count, c->dump_dir);
    add_directory(paths, &count, c->nts.dump_dir);
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        add_directory(paths, &count,
                      files[i] && !strchr(files[i], '/') ? "." : directory_of(files[i], bufs[i]));
    for (size_t i = 0; i < c->refclock_count; i++) {
        if (strcmp(c->refclocks[i].driver, "SOCK") == 0)
            return; /* its socket is made by our side and may lie anywhere */
    }
    if (!landlock_restrict(paths, count, &err))
        log_debug(&p->log, "%s", err.text);
}

static bool restrict_calls(const struct process *p, struct err *err)
{
    const struct options *o = &p->options;
    enum filter_refusal refusal = o->filter_signal ? FILTER_SIGNAL : FILTER_KILL;

    switch (o->filter) {
    case FILTER_OFF:
        return true;
    case FILTER_DEFAULT:
        if (!FILTER_BY_DEFAULT || p->config.reference.mail_user)
            return true;
        if (!filter_install(FILTER_KIND_ALLOW, FILTER_REFUSE_CALL, err))
            log_debug(&p->log, "%s", err->text);
        return true;
    default:
        if (!filter_install(o->filter == FILTER_ALLOW_LIST ? FILTER_KIND_ALLOW : FILTER_KIND_DENY,
                            refusal, err))
            return false;
        log_info(&p->log, "Loaded seccomp filter (level %d)",
                 (o->filter == FILTER_ALLOW_LIST ? 1 : 2) * (o->filter_signal ? -1 : 1));
        return true;
    }
}

static bool needs_device_binding(const struct config *c)
{
    return c->ntp.bind_device || c->ntp.bind_acq_device || c->control.bind_device;
}

static bool drop_privileges(const struct process *p, struct err *err)
{
    const struct config *c = &p->config;
    const struct privileges keep = {
        .steer_clock = c->clock.control,
        .low_ports = config_needs_low_ports(c),
        .bind_devices = needs_device_binding(c),
    };
    bool was_root = geteuid() == 0;

    if (!world_is_restricted(p->world) && !privileges_drop(&p->user, &keep, err))
        return false;
    if (was_root && geteuid() != 0)
        privileges_check_read_only(&p->log, c->key_file);
    if (geteuid() == 0)
        log_warning(&p->log, "Running with root privileges");
    if (world_is_restricted(p->world))
        return true;
    world_watch_host(p->world);
    if (FILTER_BY_DEFAULT)
        restrict_files(p);
    return restrict_calls(p, err);
}

static bool announce(struct process *p, struct err *err)
{
    daemon_release_parent(&p->parent_fd);
    log_sink_parent(p->sink, -1);
    service_manager_notify(&p->log, "READY=1");
    return daemon_tell_ready_fd(p->options.ready_fd, err);
}

static bool start(struct process *p, struct err *err)
{
    if (!find_user(p, err))
        return false;
    world_set_user(p->world, p->user.uid, p->user.gid);
    if (!prepare_files(p, err) || !create_daemon(p, err))
        return false;
    if (p->config.sched_priority > 0)
        set_real_time_priority(&p->log, p->config.sched_priority);
    if (p->config.lock_all)
        lock_memory(&p->log);
    if (!drop_privileges(p, err))
        return false;
    chronyd_start(p->chronyd);
    return true;
}

/* --- run and end ----------------------------------------------------------------------------- */

static void handle(void *ctx, const struct event *ev)
{
    chronyd_handle(ctx, ev);
}

static int run(struct process *p)
{
    struct chronyd *d = p->chronyd;
    bool announced = false;
    struct err err;
    int status;

    while (chronyd_state(d) == CHRONYD_RUNNING) {
        if (!announced && chronyd_is_ready(d)) {
            announced = true;
            if (!announce(p, &err))
                log_warning(&p->log, "%s", err.text);
        }
        world_turn(p->world, chronyd_next_wake(d), handle, d);
    }
    status = chronyd_state(d) == CHRONYD_DONE ? 0 : 1;
    service_manager_notify(&p->log, "STOPPING=1");
    log_info(&p->log, "chronyd exiting");
    return status;
}

static void clean_up(struct process *p)
{
    chronyd_destroy(p->chronyd);
    if (p->pid_file_written)
        pid_file_remove(p->config.pid_file);
    if (p->configured)
        config_free(&p->config);
    world_destroy(p->world);
    log_sink_destroy(p->sink);
}

static bool create_world(struct process *p, struct err *err)
{
    const struct world_params params = {.control_clock =
                                            !p->options.no_clock_control && !p->options.print_once};

    p->world = world_create(&p->log, &params, err);
    if (!p->world)
        return false;
    p->os = world_os(p->world);
    world_adopt_sockets(p->world, service_manager_sockets());
    return true;
}

/* The daemon proper: everything after the options are known. */
static int serve(struct process *p)
{
    struct err err;

    if (geteuid() != 0 && !p->options.no_root_check && !p->options.print_once) {
        (void)err_set(&err, ERR_PERMISSION, "Not superuser");
        return fatal(p, &err);
    }
    if (!service_manager_check(&err) ||
        (!p->options.foreground && !daemon_detach(&p->parent_fd, &err)))
        return fatal(p, &err);
    log_sink_parent(p->sink, p->parent_fd);
    if (!open_log(p, &err))
        return fatal(p, &err);
    signals_install();
    log_info(&p->log, "chronyd version %s starting (%s)", TRUECHIMER_VERSION, FEATURES);
    if (!create_world(p, &err) || !configure_first(p, &err) || !start(p, &err))
        return fatal(p, &err);
    return run(p);
}

static int act(struct process *p, enum options_action action)
{
    struct err err;

    if (action == OPTIONS_RUN)
        return serve(p);
    /* Only reading: warnings are worth telling, the rest is not. */
    p->log.least = p->options.least > LEVEL_WARNING ? p->options.least : LEVEL_WARNING;
    p->options.print_once = p->options.print_once || action == OPTIONS_PRINT_CONFIG;
    if (!create_world(p, &err))
        return fatal(p, &err);
    return action == OPTIONS_CHECK ? check_configuration(p) : print_configuration(p);
}

int main(int argc, char **argv)
{
    struct process p = {.parent_fd = -1};
    struct err err;
    enum options_action action = command_line_parse(argc, argv, &p.options, &err);
    int status;

    if (action == OPTIONS_HELP || action == OPTIONS_USAGE) {
        if (action == OPTIONS_USAGE)
            fprintf(stderr, "%s: %s\n", argv[0], err.text);
        print_usage(argc > 0 ? argv[0] : "chronyd");
        return action == OPTIONS_HELP ? 0 : 1;
    }
    if (action == OPTIONS_VERSION) {
        printf("chronyd (chrony) version %s (%s)\n", TRUECHIMER_VERSION, FEATURES);
        return 0;
    }
    p.sink = log_sink_create(p.options.least);
    if (!p.sink)
        return 1;
    p.log = log_sink_log(p.sink);
    status = action == OPTIONS_INVALID ? fatal(&p, &err) : act(&p, action);
    clean_up(&p);
    return status;
}
