/* test_config_distributions.c - configurations as distributions and clouds ship them, as they are
 * and damaged in ten thousand ways. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "chronyd/config/check.h"
#include "test/unit/config_world.h"

/* Each says what the one of that name says; comments are ours. */
static const struct distribution {
    const char *name, *text;
    size_t sources, source_dirs;
    const char *advice; /* codes that are expected, "" = none but what is not built */
} distributions[] = {
    {"debian",
     "# Debian's is the one that most hosts here have\n"
     "confdir /etc/chrony/conf.d\n"
     "pool 2.debian.pool.ntp.org iburst\n"
     "sourcedir /run/chrony-dhcp\n"
     "sourcedir /etc/chrony/sources.d\n"
     "keyfile /etc/chrony/chrony.keys\n"
     "driftfile /var/lib/chrony/chrony.drift\n"
     "ntsdumpdir /var/lib/chrony\n"
     "#log tracking measurements statistics\n"
     "logdir /var/log/chrony\n"
     "maxupdateskew 100.0\n"
     "rtcsync\n"
     "makestep 1 3\n"
     "leapsectz right/UTC\n",
     1, 2, ""},
    {"fedora",
     "pool 2.fedora.pool.ntp.org iburst\n"
     "sourcedir /run/chrony-dhcp\n"
     "driftfile /var/lib/chrony/drift\n"
     "makestep 1.0 3\n"
     "rtcsync\n"
     "#hwtimestamp *\n#minsources 2\n#allow 192.168.0.0/16\n#local stratum 10\n"
     "#authselectmode require\n"
     "keyfile /etc/chrony.keys\n"
     "ntsdumpdir /var/lib/chrony\n"
     "leapseclist /usr/share/zoneinfo/leap-seconds.list\n"
     "logdir /var/log/chrony\n",
     1, 1, ""},
    {"arch",
     "! a file full of comments, of which four lines remain\n"
     "server 0.arch.pool.ntp.org iburst\n"
     "server 1.arch.pool.ntp.org iburst\n"
     "server 2.arch.pool.ntp.org iburst\n"
     "driftfile /var/lib/chrony/drift\n"
     "makestep 1.0 3\n"
     "rtconutc\n"
     "rtcsync\n",
     3, 0, ""},
    {"ubuntu",
     "confdir /etc/chrony/conf.d\n"
     "pool ntp.ubuntu.com        iburst maxsources 4\n"
     "pool 0.ubuntu.pool.ntp.org iburst maxsources 1\n"
     "pool 1.ubuntu.pool.ntp.org iburst maxsources 1\n"
     "pool 2.ubuntu.pool.ntp.org iburst maxsources 2\n"
     "sourcedir /run/chrony-dhcp\n"
     "sourcedir /etc/chrony/sources.d\n"
     "keyfile /etc/chrony/chrony.keys\n"
     "driftfile /var/lib/chrony/chrony.drift\n"
     "ntsdumpdir /var/lib/chrony\n"
     "logdir /var/log/chrony\n"
     "maxupdateskew 100.0\n"
     "rtcsync\n"
     "makestep 1 3\n"
     "leapsectz right/UTC\n",
     4, 2, ""},
    {"amazon",
     "pool 2.amazon.pool.ntp.org iburst\n"
     "server 169.254.169.123 prefer iburst minpoll 4 maxpoll 4\n"
     "sourcedir /run/chrony.d\n"
     "driftfile /var/lib/chrony/drift\n"
     "makestep 1.0 3\n"
     "rtcsync\n"
     "keyfile /etc/chrony.keys\n"
     "leapsectz right/UTC\n"
     "logdir /var/log/chrony\n",
     2, 1, "smear-mix smear-leap"},
    {"google",
     "server metadata.google.internal prefer iburst\r\n"
     "driftfile /var/lib/chrony/chrony.drift\r\n"
     "makestep 1 3\r\n"
     "rtcsync\r\n",
     1, 0, ""},
    {"azure",
     "refclock PHC /dev/ptp_hyperv poll 3 dpoll -2 offset 0 stratum 2\n"
     "driftfile /var/lib/chrony/drift\n"
     "makestep 1.0 -1\n"
     "rtcsync\n"
     "logdir /var/log/chrony\n",
     0, 0, ""},
    {"gateway",
     "pool pool.ntp.org iburst minpoll 6 maxpoll 10\n"
     "server ntp1.example.net iburst key 10 xleave\n"
     "peer 192.0.2.2 key 11\n"
     "refclock SHM 0 refid NMEA offset 0.2 delay 0.2 noselect\n"
     "refclock PPS /dev/pps0 refid PPS lock NMEA\n"
     "hwtimestamp eth0 rxfilter all minpoll 1\n"
     "keyfile /etc/chrony/chrony.keys\n"
     "driftfile /var/lib/chrony/drift interval 600\n"
     "makestep 0.1 3\nmaxchange 100 1 1\nmaxupdateskew 5\n"
     "rtcsync\nlock_all\nsched_priority 50\nuser _chrony\n"
     "local stratum 10 orphan distance 0.5\n"
     "allow 192.168/16\nallow 2001:db8::/32\ndeny 192.168.7.0/24\n"
     "bindaddress 192.168.1.1\nbindaddress 2001:db8::1\n"
     "ratelimit interval 1 burst 16 leak 2 kod 1\nclientloglimit 1048576\n"
     "bindcmdaddress 192.168.1.1\nbindcmdaddress ::1\ncmdallow 192.168.1/24\n"
     "opencommands activity sources tracking\n"
     "log measurements statistics tracking\nlogdir /var/log/chrony\nlogbanner 0\n"
     "dumpdir /var/lib/chrony\nleapsecmode slew\nsmoothtime 400 0.001 leaponly\n"
     "tempcomp /sys/class/hwmon/hwmon0/temp1_input 30 26000 0.0 0.000183 0.0\n"
     "fallbackdrift 16 19\nminsources 2\nmaxdistance 1.5\ncombinelimit 2.5\n"
     "initstepslew 10 ntp1.example.net\nmailonchange root 0.5\n",
     3, 0, "initstepslew no-key missing-file"},
};

static void build_world(struct config_world *w, const char *text)
{
    world_init(w);
    world_add(w, "F", text);
    world_add(w, "/etc/chrony/chrony.keys", "10 SHA256 ASCII:a-long-secret-of-one-host\n");
    world_add(w, "/etc/chrony/conf.d/local.conf", "# nothing yet\n");
    world_add(w, "/run/chrony-dhcp/eth0.sources", "server 192.0.2.53 iburst\n");
    world_add(w, "/var/lib/chrony/x", "");
    world_add(w, "/usr/share/zoneinfo/right/UTC", "");
    world_add(w, "/usr/share/zoneinfo/leap-seconds.list", "");
}

static void distributions_are_read_as_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(distributions); i++) {
        const struct distribution *d = &distributions[i];
        struct config_world w;
        struct config c;
        struct err err = {0};

        build_world(&w, d->text);
        config_defaults(&c);
        if (!config_read_file(&c, &w.reader, "F", &err) || !config_finish(&c, &w.reader, &err))
            fail_msg("%s: %s", d->name, err.text);
        assert_int_equal(c.ntp_source_count, d->sources);
        assert_int_equal(c.source_dir_count, d->source_dirs);
        assert_non_null(c.reference.drift_file);
        config_free(&c);
    }
}

static void distributions_get_no_other_advice_than_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(distributions); i++) {
        const struct distribution *d = &distributions[i];
        struct config_world w;
        const struct check_input in = {.os = &w.os, .path = "F"};
        struct check_report *r;

        build_world(&w, d->text);
        r = config_check(&in);
        for (size_t k = 0; k < check_count(r); k++) {
            const struct finding *f = check_finding(r, k);

            if (strcmp(f->code, "not-implemented") != 0 && !strstr(d->advice, f->code))
                fail_msg("%s: %s: %s", d->name, f->code, f->text);
        }
        assert_true(check_status(r) < 2);
        check_destroy(r);
    }
}

/* --- damage --- */

#define TEXT_MAX 8192

static uint32_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32);
}

/* Replace `removed` bytes at an offset by `insert`. */
static void splice(char *text, size_t at, size_t removed, const char *insert)
{
    size_t length = strlen(text), added = strlen(insert);

    if (at > length)
        at = length;
    if (removed > length - at)
        removed = length - at;
    if (length - removed + added + 1 > TEXT_MAX)
        return;
    memmove(text + at + added, text + at + removed, length - at - removed + 1);
    memcpy(text + at, insert, added);
}

static void mutate(char *text, uint64_t *state)
{
    static const char *const inserts[] = {
        " ",     "\n",        "#",           " # why not\n", "-",          "9999999999", "/",
        "x",     "allow ",    " minpoll ",   " 0.5",         "server ",    "nan",        "\t\r\n",
        "\xff",  " noselect", "include F\n", "confdir /\n",  "%",          "1e400",      "::1/200",
        "local", "makestep",  " key 7 ",     "refclock ",    "ratelimit ", ":",          "inf"};
    size_t length = strlen(text), at = length ? next_random(state) % length : 0;
    char one[2] = {(char)(next_random(state) % 255 + 1), '\0'};

    switch (next_random(state) % 5) {
    case 0:
        splice(text, at, 1, one);
        break;
    case 1:
        splice(text, at, next_random(state) % 12, "");
        break;
    case 2: /* a line goes */
        at += strcspn(text + at, "\n");
        splice(text, at, strcspn(text + at + (text[at] != 0), "\n") + 1, "");
        break;
    default:
        splice(text, at, 0, inserts[next_random(state) % ARRAY_LEN(inserts)]);
    }
}

static int line_count(const char *text)
{
    int lines = 1;

    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

/* The place is in range, and there is something to read. */
static void judge_findings(const struct check_report *r, const char *text)
{
    for (size_t i = 0; i < check_count(r); i++) {
        const struct finding *f = check_finding(r, i);

        assert_true(f->text[0] != '\0' && f->line >= 0 && f->column >= 0);
        assert_true(f->column <= TEXT_LINE_MAX);
        if (f->file && strcmp(f->file, "F") == 0)
            assert_true(f->line <= line_count(text));
    }
}

/* The daemon refuses what --check calls an error, and says the same about it. True if it starts. */
static bool judge(struct config_world *w, const char *text)
{
    const struct check_input in = {.os = &w->os, .path = "F"};
    struct check_report *r = config_check(&in);
    struct config c;
    struct err err = {0};
    bool good;

    config_defaults(&c);
    good = config_read_file(&c, &w->reader, "F", &err) && config_finish(&c, &w->reader, &err);
    if (good != (check_status(r) < 2))
        fail_msg("daemon: %s, check: %d\n%s", good ? "good" : err.text, check_status(r), text);
    judge_findings(r, text);
    for (size_t i = 0; !good && i < check_count(r); i++) {
        const struct finding *f = check_finding(r, i);

        if (f->severity == FINDING_ERROR) {
            if (strncmp(err.text, f->text, strlen(f->text)) != 0)
                fail_msg("daemon: %s\ncheck: %s\n%s", err.text, f->text, text);
            break;
        }
    }
    config_free(&c);
    check_destroy(r);
    return good;
}

static void ten_thousand_damaged_configurations_are_judged_alike(void **state)
{
    uint64_t random = 0x9e3779b97f4a7c15u;
    char text[TEXT_MAX];
    int good = 0;

    (void)state;
    for (size_t i = 0; i < 10000; i++) {
        struct config_world w;

        (void)text_copy(text, sizeof(text), distributions[i % ARRAY_LEN(distributions)].text);
        for (size_t k = next_random(&random) % 4 + 1; k > 0; k--)
            mutate(text, &random);
        build_world(&w, text);
        w.sink.least = LEVEL_FATAL;
        w.reader.print = NULL;
        good += judge(&w, text);
    }
    /* The damage is neither always fatal nor never. */
    assert_true(good > 1000 && good < 9000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distributions_are_read_as_they_are),
        cmocka_unit_test(distributions_get_no_other_advice_than_expected),
        cmocka_unit_test(ten_thousand_damaged_configurations_are_judged_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
