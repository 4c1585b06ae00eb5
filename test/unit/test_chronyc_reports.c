/* test_chronyc_reports.c - every report in text, CSV and JSON, from values with known bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "chronyc/reports.h"

/* What a printer wrote, until the next call. */
struct capture {
    FILE *out;
    char *text;
    size_t size;
    struct printer p;
};

static void capture_start(struct capture *c, enum render render, bool wide,
                          const struct report *report)
{
    memset(c, 0, sizeof(*c));
    c->out = open_memstream(&c->text, &c->size);
    assert_non_null(c->out);
    c->p = (struct printer){.out = c->out, .render = render, .wide = wide};
    printer_begin(&c->p, report);
}

static void capture_end(struct capture *c, const char *expected)
{
    printer_end(&c->p);
    fclose(c->out);
    assert_string_equal(c->text, expected);
    free(c->text);
}

static struct addr ip(const char *text)
{
    struct addr a = {0, {0}};

    assert_true(addr_parse(text, &a));
    return a;
}

/* --- sources --------------------------------------------------------------------------------- */

static const struct candm_rpy_source_data source_rows[] = {
    {.address = {ADDR_IPV4, {192, 0, 2, 7}},
     .poll = 6,
     .stratum = 2,
     .state = CANDM_SELECTED,
     .mode = 0,
     .reachability = 0377,
     .since_sample_s = 23,
     .latest_meas_s = -12e-6,
     .orig_latest_meas_s = -15e-6,
     .latest_meas_err_s = 11e-3},
    {.address = {ADDR_IPV4, {'G', 'P', 'S', 0}},
     .poll = -2,
     .state = CANDM_NONSELECTABLE,
     .mode = 2,
     .since_sample_s = UINT32_MAX},
    {.state = 9, .mode = 7, .since_sample_s = 5000, .stratum = 65535, .reachability = 65535},
};
static const char *const source_names[] = {"192.0.2.7", "GPS",
                                           "2001:db8:1234:5678:9abc:def0:1234:5678"};
static const char *const source_addresses[] = {"192.0.2.7", NULL, "2001:db8::1"};

static void print_sources(struct capture *c)
{
    for (size_t i = 0; i < ARRAY_LEN(source_rows); i++)
        row_sources(&c->p, &source_rows[i], source_names[i], source_addresses[i]);
}

static void sources_in_text(void **state)
{
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_TEXT, false, &report_sources);
    print_sources(&c);
    capture_end(
        &c, "MS Name/IP address         Stratum Poll Reach LastRx Last sample               \n"
            "===============================================================================\n"
            "^* 192.0.2.7                     2   6   377    23    -12us[  -15us] +/-   11ms\n"
            "#? GPS                           0  -2     0     -     +0ns[   +0ns] +/-    0ns\n"
            "   2001:db8:1234:5678:9abc:def0:1234:5678  65535   0   177777   83m     +0ns[   +0ns] "
            "+/-    0ns\n");
}

static void sources_wide_has_fourteen_more_columns(void **state)
{
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_TEXT, true, &report_sources);
    row_sources(&c.p, &source_rows[0], "192.0.2.7", "192.0.2.7");
    capture_end(
        &c, "MS Name/IP address                       Stratum Poll Reach LastRx Last sample      "
            "         \n"
            "===================================================================================="
            "=========\n"
            "^* 192.0.2.7                                   2   6   377    23    -12us[  -15us] "
            "+/-   11ms\n");
}

static void sources_in_csv(void **state)
{
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_CSV, false, &report_sources);
    print_sources(&c);
    capture_end(&c, "^,*,192.0.2.7,2,6,377,23,-0.000012000,-0.000015000,0.011000000\n"
                    "#,?,GPS,0,-2,0,4294967295,0.000000000,0.000000000,0.000000000\n"
                    " , ,2001:db8:1234:5678:9abc:def0:1234:5678,65535,0,177777,5000,0.000000000,"
                    "0.000000000,0.000000000\n");
}

static void sources_in_json(void **state)
{
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_JSON, false, &report_sources);
    print_sources(&c);
    capture_end(
        &c, "{\"schema\":\"sources\",\"version\":1,\"sources\":["
            "{\"name\":\"192.0.2.7\",\"address\":\"192.0.2.7\",\"mode\":\"server\","
            "\"state\":\"selected\",\"stratum\":2,\"poll_log2_s\":6,\"reach\":255,\"last_rx_s\":23,"
            "\"adjusted_offset_s\":-1.2e-05,\"measured_offset_s\":-1.5e-05,\"error_s\":0.011},"
            "{\"name\":\"GPS\",\"address\":null,\"mode\":\"refclock\",\"state\":\"unusable\","
            "\"stratum\":0,\"poll_log2_s\":-2,\"reach\":0,\"last_rx_s\":null,"
            "\"adjusted_offset_s\":0,\"measured_offset_s\":0,\"error_s\":0},"
            "{\"name\":\"2001:db8:1234:5678:9abc:def0:1234:5678\",\"address\":\"2001:db8::1\","
            "\"mode\":\"unknown\",\"state\":\"unknown\",\"stratum\":65535,\"poll_log2_s\":0,"
            "\"reach\":65535,\"last_rx_s\":5000,\"adjusted_offset_s\":0,\"measured_offset_s\":0,"
            "\"error_s\":0}]}\n");
}

static void report_without_rows_is_heading_nothing_or_an_empty_list(void **state)
{
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_TEXT, false, &report_authdata);
    capture_end(&c, "Name/IP address             Mode KeyID Type KLen Last Atmp  NAK Cook CLen\n"
                    "=========================================================================\n");
    capture_start(&c, RENDER_CSV, false, &report_authdata);
    capture_end(&c, "");
    capture_start(&c, RENDER_JSON, false, &report_authdata);
    capture_end(&c, "{\"schema\":\"authdata\",\"version\":1,\"sources\":[]}\n");
}

static void dropped_document_prints_nothing(void **state)
{
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_JSON, false, &report_sources);
    print_sources(&c);
    printer_drop(&c.p);
    fclose(c.out);
    assert_string_equal(c.text, "");
    free(c.text);
}

/* --- the other tables ------------------------------------------------------------------------ */

static const struct candm_rpy_sourcestats stats_rows[] = {
    {.samples = 11,
     .runs = 5,
     .span_s = 2640,
     .sd_s = 36e-6,
     .resid_freq_ppm = -0.064,
     .skew_ppm = 1.634,
     .offset_s = 1888e-9,
     .offset_err_s = 1e-6},
    {.sd_s = 4.0, .skew_ppm = 2000.0},
};

static void sourcestats_in_text_and_csv(void **state)
{
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_TEXT, false, &report_sourcestats);
    row_sourcestats(&c.p, &stats_rows[0], "::1", "::1");
    row_sourcestats(&c.p, &stats_rows[1], "SHMX", NULL);
    capture_end(&c,
                "Name/IP Address            NP  NR  Span  Frequency  Freq Skew  Offset  Std Dev\n"
                "==============================================================================\n"
                "::1                        11   5   44m     -0.064      1.634  +1888ns    36us\n"
                "SHMX                        0   0     0     +0.000   2000.000     +0ns  4000ms\n");
    capture_start(&c, RENDER_CSV, true, &report_sourcestats);
    row_sourcestats(&c.p, &stats_rows[0], "::1", "::1");
    capture_end(&c, "::1,11,5,2640,-0.064,1.634,0.000001888,0.000036000\n");
    capture_start(&c, RENDER_JSON, false, &report_sourcestats);
    row_sourcestats(&c.p, &stats_rows[0], "::1", "::1");
    capture_end(&c, "{\"schema\":\"sourcestats\",\"version\":1,\"sources\":[{\"name\":\"::1\","
                    "\"address\":\"::1\",\"samples\":11,\"runs\":5,\"span_s\":2640,"
                    "\"residual_frequency_ppm\":-0.064,\"skew_ppm\":1.634,\"offset_s\":1.888e-06,"
                    "\"std_dev_s\":3.6e-05,\"offset_error_s\":1e-06}]}\n");
}

static const struct candm_rpy_select_data select_row = {
    .state = '*',
    .authenticated = 1,
    .leap = 0,
    .configured = 2 | 4,
    .effective = 1 | 2 | 4 | 8 | 0x8000,
    .last_sample_ago_s = 12,
    .score = 1.0,
    .low_s = -1780e-9,
    .high_s = 4774e-9,
};

static void selectdata_in_text_csv_and_json(void **state)
{
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_TEXT, false, &report_selectdata);
    row_selectdata(&c.p, &select_row, "127.0.0.3", "127.0.0.3");
    capture_end(&c, "S Name/IP Address        Auth COpts EOpts Last Score     Interval  Leap\n"
                    "=======================================================================\n"
                    "* 127.0.0.3                 Y -PT-- NPTR-   12   1.0 -1780ns +4774ns  N\n");
    capture_start(&c, RENDER_CSV, false, &report_selectdata);
    row_selectdata(&c.p, &select_row, "127.0.0.3", "127.0.0.3");
    capture_end(&c, "*,127.0.0.3,Y,-,P,T,-,-,N,P,T,R,-,12,1.0,-0.000001780,0.000004774,Normal\n");
    capture_start(&c, RENDER_JSON, false, &report_selectdata);
    row_selectdata(&c.p, &select_row, "127.0.0.3", "127.0.0.3");
    capture_end(&c, "{\"schema\":\"selectdata\",\"version\":1,\"sources\":[{\"state\":\"*\","
                    "\"name\":\"127.0.0.3\",\"address\":\"127.0.0.3\",\"authenticated\":true,"
                    "\"configured_options\":[\"prefer\",\"trust\"],\"effective_options\":"
                    "[\"noselect\",\"prefer\",\"trust\",\"require\"],\"last_sample_s\":12,"
                    "\"score\":1,\"low_s\":-1.78e-06,\"high_s\":4.774e-06,"
                    "\"leap_status\":\"Normal\"}]}\n");
}

static void authdata_in_text_and_csv(void **state)
{
    const struct candm_rpy_auth_data key = {
        .mode = 1, .key_type = 2, .key_id = 1, .key_bits = 88, .last_ke_ago_s = UINT32_MAX};
    const struct candm_rpy_auth_data nts = {.mode = 2,
                                            .key_type = 15,
                                            .key_id = 3,
                                            .key_bits = 256,
                                            .last_ke_ago_s = 7200,
                                            .ke_attempts = 1,
                                            .nak = 2,
                                            .cookies = 8,
                                            .cookie_length = 100};
    const struct candm_rpy_auth_data odd = {.mode = 3, .last_ke_ago_s = UINT32_MAX};
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_TEXT, false, &report_authdata);
    row_authdata(&c.p, &key, "127.0.0.1", "127.0.0.1");
    row_authdata(&c.p, &nts, "nts.example", "::1");
    row_authdata(&c.p, &odd, "x", "::1");
    capture_end(&c, "Name/IP address             Mode KeyID Type KLen Last Atmp  NAK Cook CLen\n"
                    "=========================================================================\n"
                    "127.0.0.1                     SK     1    2   88    -    0    0    0    0\n"
                    "nts.example                  NTS     3   15  256 120m    1    2    8  100\n"
                    "x                              ?     0    0    0    -    0    0    0    0\n");
    capture_start(&c, RENDER_CSV, false, &report_authdata);
    row_authdata(&c.p, &nts, "nts.example", "::1");
    capture_end(&c, "nts.example,NTS,3,15,256,7200,1,2,8,100\n");
}

static void clients_in_text_and_csv(void **state)
{
    const struct candm_client client = {.address = {ADDR_IPV4, {192, 0, 2, 1}},
                                        .ntp_hits = 123456,
                                        .nke_hits = 3,
                                        .cmd_hits = 4,
                                        .ntp_drops = 7,
                                        .nke_drops = 1,
                                        .cmd_drops = 2,
                                        .ntp_interval = 6,
                                        .nke_interval = 12,
                                        .cmd_interval = -4,
                                        .ntp_timeout_interval = 127,
                                        .last_ntp_ago_s = 1,
                                        .last_nke_ago_s = 7000,
                                        .last_cmd_ago_s = UINT32_MAX};
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_TEXT, false, &report_clients);
    row_clients(&c.p, &client, "192.0.2.1", false);
    capture_end(
        &c, "Hostname                      NTP   Drop Int IntL Last     Cmd   Drop Int  Last\n"
            "===============================================================================\n"
            "192.0.2.1                  123456      7   6   -     1       4      2  -4     -\n");
    capture_start(&c, RENDER_TEXT, true, &report_clients_nke);
    row_clients(&c.p, &client, "192.0.2.1", true);
    capture_end(&c, "Hostname                                    NTP   Drop Int IntL Last  NTS-KE "
                    "  Drop Int  Last\n"
                    "============================================================================="
                    "================\n"
                    "192.0.2.1                                123456      7   6   -     1       3  "
                    "    1  12  116m\n");
    capture_start(&c, RENDER_CSV, false, &report_clients);
    row_clients(&c.p, &client, "192.0.2.1", false);
    capture_end(&c, "192.0.2.1,123456,7,6,127,1,4,2,-4,4294967295\n");
    capture_start(&c, RENDER_JSON, false, &report_clients);
    row_clients(&c.p, &client, "192.0.2.1", false);
    capture_end(&c,
                "{\"schema\":\"clients\",\"version\":1,\"clients\":[{\"name\":\"192.0.2.1\","
                "\"address\":\"192.0.2.1\",\"ntp_packets\":123456,\"ntp_dropped\":7,"
                "\"ntp_interval_log2_s\":6,\"ntp_limited_interval_log2_s\":null,\"ntp_last_s\":1,"
                "\"command_packets\":4,\"command_dropped\":2,\"command_interval_log2_s\":-4,"
                "\"command_last_s\":null,\"nts_ke_connections\":3,\"nts_ke_dropped\":1,"
                "\"nts_ke_interval_log2_s\":12,\"nts_ke_last_s\":7000}]}\n");
}

/* --- the host -------------------------------------------------------------------------------- */

static const struct candm_rpy_tracking tracking = {
    .refid = 0xc0000207,
    .address = {ADDR_IPV4, {192, 0, 2, 7}},
    .stratum = 3,
    .leap = 0,
    .ref_time = {1781075702, 123456789},
    .current_correction_s = -0.000012345,
    .last_offset_s = 0.000010001,
    .rms_offset_s = 0.000020002,
    .freq_ppm = -12.345,
    .resid_freq_ppm = 0.001,
    .skew_ppm = 0.067,
    .root_delay_s = 0.012,
    .root_dispersion_s = 0.0023,
    .last_update_interval_s = 64.5,
};

static void tracking_in_text(void **state)
{
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_TEXT, true, &report_tracking);
    row_tracking(&c.p, &tracking, "192.0.2.7");
    capture_end(&c, "Reference ID    : C0000207 (192.0.2.7)\n"
                    "Stratum         : 3\n"
                    "Ref time (UTC)  : Wed Jun 10 07:15:02 2026\n"
                    "System time     : 0.000012345 seconds fast of NTP time\n"
                    "Last offset     : +0.000010001 seconds\n"
                    "RMS offset      : 0.000020002 seconds\n"
                    "Frequency       : 12.345 ppm slow\n"
                    "Residual freq   : +0.001 ppm\n"
                    "Skew            : 0.067 ppm\n"
                    "Root delay      : 0.012000000 seconds\n"
                    "Root dispersion : 0.002300000 seconds\n"
                    "Update interval : 64.5 seconds\n"
                    "Leap status     : Normal\n");
}

static void tracking_in_csv_has_fourteen_fields(void **state)
{
    const struct candm_rpy_tracking none = {
        .leap = 3, .root_delay_s = 1.0, .root_dispersion_s = 1.0};
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_CSV, false, &report_tracking);
    row_tracking(&c.p, &tracking, "192.0.2.7");
    capture_end(&c, "C0000207,192.0.2.7,3,1781075702.123456789,-0.000012345,0.000010001,"
                    "0.000020002,-12.345,0.001,0.067,0.012000000,0.002300000,64.5,Normal\n");
    capture_start(&c, RENDER_CSV, false, &report_tracking);
    row_tracking(&c.p, &none, "");
    capture_end(&c, "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,"
                    "1.000000000,1.000000000,0.0,Not synchronised\n");
}

static void tracking_in_json_has_the_error_bound(void **state)
{
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_JSON, false, &report_tracking);
    row_tracking(&c.p, &tracking, "192.0.2.7");
    capture_end(&c,
                "{\"schema\":\"tracking\",\"version\":1,\"refid\":\"C0000207\","
                "\"source\":\"192.0.2.7\",\"synchronised\":true,\"stratum\":3,"
                "\"ref_time\":\"2026-06-10T07:15:02.123456789Z\",\"correction_s\":-1.2345e-05,"
                "\"last_offset_s\":1.0001e-05,\"rms_offset_s\":2.0002e-05,"
                "\"frequency_ppm\":-12.345,\"residual_frequency_ppm\":0.001,\"skew_ppm\":0.067,"
                "\"root_delay_s\":0.012,\"root_dispersion_s\":0.0023,\"update_interval_s\":64.5,"
                "\"leap_status\":\"Normal\",\"error_bound_s\":0.008312345}\n");
}

static void waitsync_shows_the_magnitude_of_the_correction(void **state)
{
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_TEXT, false, &report_waitsync);
    row_waitsync(&c.p, &tracking, 1);
    capture_end(&c, "try: 1, refid: C0000207, correction: 0.000012345, skew: 0.067\n");
    capture_start(&c, RENDER_CSV, false, &report_waitsync);
    row_waitsync(&c.p, &tracking, 1);
    capture_end(&c, "1,C0000207,0.000012345,0.067\n");
}

static void synchronised_means_more_than_the_local_reference(void **state)
{
    struct candm_rpy_tracking t = {.refid = 0};

    (void)state;
    assert_false(tracking_synchronised(&t));
    t.refid = LOCAL_REFID;
    assert_false(tracking_synchronised(&t));
    t.refid = 0x47505300;
    assert_true(tracking_synchronised(&t));
    t.refid = LOCAL_REFID;
    t.address = ip("127.127.1.1");
    assert_true(tracking_synchronised(&t));
}

static void activity_in_text_and_csv(void **state)
{
    const struct candm_rpy_activity a = {4, 1, 2, 3, 5};
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_TEXT, false, &report_activity);
    row_activity(&c.p, &a);
    capture_end(&c, "200 OK\n4 sources online\n1 sources offline\n"
                    "2 sources doing burst (return to online)\n"
                    "3 sources doing burst (return to offline)\n"
                    "5 sources with unknown address\n");
    capture_start(&c, RENDER_CSV, false, &report_activity);
    row_activity(&c.p, &a);
    capture_end(&c, "4,1,2,3,5\n");
}

static void serverstats_of_a_new_daemon_has_seventeen_lines(void **state)
{
    const struct candm_rpy_server_stats4 r = {.ntp_hits = 1,
                                              .nke_hits = 6,
                                              .cmd_hits = 3,
                                              .ntp_drops = 2,
                                              .nke_drops = 7,
                                              .cmd_drops = 4,
                                              .log_drops = 5,
                                              .ntp_auth_hits = 8,
                                              .ntp_interleaved_hits = 9,
                                              .ntp_timestamps = 10,
                                              .ntp_span_s = 11,
                                              .daemon_rx = 12,
                                              .daemon_tx = 13,
                                              .kernel_rx = 14,
                                              .kernel_tx = 15,
                                              .hw_rx = 16,
                                              .hw_tx = UINT64_MAX - 1};
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_TEXT, false, &report_serverstats);
    row_serverstats(&c.p, &r);
    capture_end(&c, "NTP packets received       : 1\n"
                    "NTP packets dropped        : 2\n"
                    "Command packets received   : 3\n"
                    "Command packets dropped    : 4\n"
                    "Client log records dropped : 5\n"
                    "NTS-KE connections accepted: 6\n"
                    "NTS-KE connections dropped : 7\n"
                    "Authenticated NTP packets  : 8\n"
                    "Interleaved NTP packets    : 9\n"
                    "NTP timestamps held        : 10\n"
                    "NTP timestamp span         : 11\n"
                    "NTP daemon RX timestamps   : 12\n"
                    "NTP daemon TX timestamps   : 13\n"
                    "NTP kernel RX timestamps   : 14\n"
                    "NTP kernel TX timestamps   : 15\n"
                    "NTP hardware RX timestamps : 16\n"
                    "NTP hardware TX timestamps : 18446744073709551614\n");
}

static void serverstats_of_an_old_daemon_leaves_out_what_it_does_not_know(void **state)
{
    struct candm_rpy_server_stats4 r;
    struct capture c;

    (void)state;
    memset(&r, 0xff, sizeof(r));
    r.ntp_hits = r.ntp_drops = r.cmd_hits = r.cmd_drops = r.log_drops = 1;
    capture_start(&c, RENDER_CSV, false, &report_serverstats);
    row_serverstats(&c.p, &r);
    capture_end(&c, "1,1,1,1,1\n");
}

static const struct candm_rpy_ntp_data2 ntp = {
    .remote = {ADDR_IPV4, {127, 0, 0, 3}},
    .local = {ADDR_NONE, {0}},
    .remote_port = 123,
    .leap = 3,
    .version = 4,
    .mode = 4,
    .stratum = 1,
    .poll = -3,
    .precision = -26,
    .refid = 0x47505300,
    .offset_s = -0.000001497,
    .peer_delay_s = 0.000006484,
    .asymmetry = -0.456,
    .flags = 0x4000 | 0x8000 | 0x3fd,
    .tx_stamp = 'K',
    .rx_stamp = 'H',
    .total_tx = 6,
    .total_rx = 5,
    .total_valid = 4,
    .total_good = 3,
    .total_kernel_tx = 2,
    .total_kernel_rx = 1,
    .total_hw_tx = 0,
    .total_hw_rx = 9,
};

static void ntpdata_in_text(void **state)
{
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_TEXT, false, &report_ntpdata);
    row_ntpdata(&c.p, &ntp);
    capture_end(&c, "Remote address  : 127.0.0.3 (7F000003)\n"
                    "Remote port     : 123\n"
                    "Local address   : [UNSPEC] (00000000)\n"
                    "Leap status     : Not synchronised\n"
                    "Version         : 4\n"
                    "Mode            : Server\n"
                    "Stratum         : 1\n"
                    "Poll interval   : -3 (0 seconds)\n"
                    "Precision       : -26 (0.000000015 seconds)\n"
                    "Root delay      : 0.000000 seconds\n"
                    "Root dispersion : 0.000000 seconds\n"
                    "Reference ID    : 47505300 (GPS)\n"
                    "Reference time  : Thu Jan 01 00:00:00 1970\n"
                    "Offset          : -0.000001497 seconds\n"
                    "Peer delay      : 0.000006484 seconds\n"
                    "Peer dispersion : 0.000000000 seconds\n"
                    "Response time   : 0.000000000 seconds\n"
                    "Jitter asymmetry: -0.46\n"
                    "NTP tests       : 111 111 1101\n"
                    "Interleaved     : Yes\n"
                    "Authenticated   : Yes\n"
                    "TX timestamping : Kernel\n"
                    "RX timestamping : Hardware\n"
                    "Total TX        : 6\n"
                    "Total RX        : 5\n"
                    "Total valid RX  : 4\n"
                    "Total good RX   : 3\n"
                    "Total kernel TX : 2\n"
                    "Total kernel RX : 1\n"
                    "Total HW TX     : 0\n"
                    "Total HW RX     : 9\n");
}

static size_t count_of(const char *text, char c)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += *text == c;
    return n;
}

static void ntpdata_in_csv_has_38_fields_and_34_from_an_old_daemon(void **state)
{
    struct candm_rpy_ntp_data2 old = ntp;
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_CSV, false, &report_ntpdata);
    row_ntpdata(&c.p, &ntp);
    capture_end(&c, "127.0.0.3,7F000003,123,[UNSPEC],00000000,Not synchronised,4,Server,1,-3,0,-26,"
                    "0.000000015,0.000000,0.000000,47505300,GPS,0.000000000,-0.000001497,"
                    "0.000006484,0.000000000,0.000000000,-0.46,111,111,1101,Yes,Yes,Kernel,"
                    "Hardware,6,5,4,3,2,1,0,9\n");
    old.total_kernel_tx = old.total_kernel_rx = old.total_hw_tx = old.total_hw_rx = UINT32_MAX;
    capture_start(&c, RENDER_CSV, false, &report_ntpdata);
    row_ntpdata(&c.p, &old);
    printer_end(&c.p);
    fclose(c.out);
    assert_int_equal(count_of(c.text, ',') + 1, 34);
    free(c.text);
}

/* The line for precision, with what the packet said. */
static void expect_precision(int8_t log2_s, const char *expected)
{
    struct candm_rpy_ntp_data2 r = ntp;
    struct capture c;

    r.precision = log2_s;
    capture_start(&c, RENDER_TEXT, false, &report_ntpdata);
    row_ntpdata(&c.p, &r);
    printer_end(&c.p);
    fclose(c.out);
    assert_non_null(strstr(c.text, expected));
    free(c.text);
}

static void ntpdata_shows_no_more_seconds_than_2_to_the_31(void **state)
{
    (void)state;
    expect_precision(31, "Precision       : 31 (2147483648.000000000 seconds)\n");
    expect_precision(46, "Precision       : 46 (2147483648.000000000 seconds)\n");
    expect_precision(-128, "Precision       : -128 (0.000000000 seconds)\n");
}

static void ntpdata_in_json_names_the_failed_tests(void **state)
{
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_JSON, false, &report_ntpdata);
    row_ntpdata(&c.p, &ntp);
    printer_end(&c.p);
    fclose(c.out);
    assert_non_null(strstr(c.text, "\"failed_tests\":[\"C\"],\"interleaved\":true"));
    free(c.text);
}

static void smoothing_in_text_and_csv(void **state)
{
    const struct candm_rpy_smoothing off = {.flags = 0}, leap = {.flags = 3, .offset_s = 0.5};
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_TEXT, false, &report_smoothing);
    row_smoothing(&c.p, &off);
    capture_end(&c, "Active         : No \n"
                    "Offset         : +0.000000000 seconds\n"
                    "Frequency      : +0.000000 ppm\n"
                    "Wander         : +0.000000 ppm per second\n"
                    "Last update    : 0.0 seconds ago\n"
                    "Remaining time : 0.0 seconds\n");
    capture_start(&c, RENDER_CSV, false, &report_smoothing);
    row_smoothing(&c.p, &leap);
    row_smoothing(&c.p, &off);
    capture_end(&c, "Yes,(leap second only),0.500000000,0.000000,0.000000,0.0,0.0\n"
                    "No,,0.000000000,0.000000,0.000000,0.0,0.0\n");
}

static void rtcdata_in_text_and_csv(void **state)
{
    const struct candm_rpy_rtc r = {{1485510557, 0}, 10, 5, 6000, -1.123456, 12.5};
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_TEXT, false, &report_rtcdata);
    row_rtcdata(&c.p, &r);
    capture_end(&c, "RTC ref time (UTC) : Fri Jan 27 09:49:17 2017\n"
                    "Number of samples  : 10\n"
                    "Number of runs     : 5\n"
                    "Sample span period : 100m\n"
                    "RTC is fast by     :    -1.123456 seconds\n"
                    "RTC gains time at  :    12.500 ppm\n");
    capture_start(&c, RENDER_CSV, false, &report_rtcdata);
    row_rtcdata(&c.p, &r);
    capture_end(&c, "1485510557.000000000,10,5,6000,-1.123456,12.500\n");
}

static void manual_list_in_text_and_csv(void **state)
{
    const struct candm_manual_sample m = {{1795262399, 0}, 0.0, -24266.37, 0.001};
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_TEXT, true, &report_manual_list);
    row_manual_list(&c.p, &m, 0);
    capture_end(&c, "#    Date     Time(UTC)    Slewed   Original   Residual\n"
                    "=======================================================\n"
                    " 0 2026-11-21 11:59:59       0.00  -24266.37       0.00\n");
    capture_start(&c, RENDER_CSV, false, &report_manual_list);
    row_manual_list(&c.p, &m, 15);
    capture_end(&c, "15,2026-11-21 11:59:59,0.00,-24266.37,0.00\n");
}

static void settime_says_what_the_clock_was(void **state)
{
    const struct candm_rpy_manual_timestamp r = {36.12, -0.5, 1.25};
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_TEXT, false, &report_settime);
    row_settime(&c.p, &r);
    capture_end(&c, "Clock was 36.12 seconds fast.  Frequency change = -0.50ppm, new frequency = "
                    "1.25ppm\n");
}

static void json_escapes_whatever_a_name_holds(void **state)
{
    struct capture c;

    (void)state;
    capture_start(&c, RENDER_JSON, false, &report_sourcename);
    row_sourcename(&c.p, "a\"b\\c\nd\x1b[0m\x7f\xc3\xa9\xff\xed\xa0\x80");
    capture_end(&c, "{\"schema\":\"sourcename\",\"version\":1,\"name\":\"a\\\"b\\\\c\\u000ad\\u001b"
                    "[0m\\u007f\xc3\xa9\\ufffd\\ufffd\\ufffd\\ufffd\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_in_text),
        cmocka_unit_test(sources_wide_has_fourteen_more_columns),
        cmocka_unit_test(sources_in_csv),
        cmocka_unit_test(sources_in_json),
        cmocka_unit_test(report_without_rows_is_heading_nothing_or_an_empty_list),
        cmocka_unit_test(dropped_document_prints_nothing),
        cmocka_unit_test(sourcestats_in_text_and_csv),
        cmocka_unit_test(selectdata_in_text_csv_and_json),
        cmocka_unit_test(authdata_in_text_and_csv),
        cmocka_unit_test(clients_in_text_and_csv),
        cmocka_unit_test(tracking_in_text),
        cmocka_unit_test(tracking_in_csv_has_fourteen_fields),
        cmocka_unit_test(tracking_in_json_has_the_error_bound),
        cmocka_unit_test(waitsync_shows_the_magnitude_of_the_correction),
        cmocka_unit_test(synchronised_means_more_than_the_local_reference),
        cmocka_unit_test(activity_in_text_and_csv),
        cmocka_unit_test(serverstats_of_a_new_daemon_has_seventeen_lines),
        cmocka_unit_test(serverstats_of_an_old_daemon_leaves_out_what_it_does_not_know),
        cmocka_unit_test(ntpdata_in_text),
        cmocka_unit_test(ntpdata_in_csv_has_38_fields_and_34_from_an_old_daemon),
        cmocka_unit_test(ntpdata_shows_no_more_seconds_than_2_to_the_31),
        cmocka_unit_test(ntpdata_in_json_names_the_failed_tests),
        cmocka_unit_test(smoothing_in_text_and_csv),
        cmocka_unit_test(rtcdata_in_text_and_csv),
        cmocka_unit_test(manual_list_in_text_and_csv),
        cmocka_unit_test(settime_says_what_the_clock_was),
        cmocka_unit_test(json_escapes_whatever_a_name_holds),
    };

    return cmocka_run_group_tests_name("chronyc_reports", tests, NULL, NULL);
}
