/* reports_sources.c - reports with a row per source. */
#include "base/addr.h"
#include "chronyc/reports.h"

#define LOG2_SHOWN_MAX 31

#define REPORT(name, rows, head, rest, fields)                                                     \
    {                                                                                              \
        name, rows, head, rest, fields, ARRAY_LEN(fields)                                          \
    }

/* --- sources --------------------------------------------------------------------------------- */

static const struct field sources_fields[] = {
    {"", KIND_CHAR, 0, 0, 0, "", NULL},
    {"", KIND_CHAR, 0, 0, 0, " ", NULL},
    {"", KIND_TEXT, -27, 0, FIELD_NAME, "", "name"},
    {"", KIND_TEXT, 0, 0, FIELD_JSON_ONLY, "", "address"},
    {"", KIND_TEXT, 0, 0, FIELD_JSON_ONLY, "", "mode"},
    {"", KIND_TEXT, 0, 0, FIELD_JSON_ONLY, "", "state"},
    {"  ", KIND_UINT, 2, 0, 0, "", "stratum"},
    {"  ", KIND_INT, 2, 0, 0, "", "poll_log2_s"},
    {"   ", KIND_OCTAL, 3, 0, 0, "", "reach"},
    {"  ", KIND_INTERVAL, 0, 0, 0, "", "last_rx_s"},
    {"  ", KIND_OFFSET_SIGNED, 0, 0, 0, "", "adjusted_offset_s"},
    {"[", KIND_OFFSET_SIGNED, 0, 0, 0, "]", "measured_offset_s"},
    {" +/- ", KIND_OFFSET, 0, 0, 0, "\n", "error_s"},
};
const struct report report_sources =
    REPORT("sources", "sources", "MS Name/IP address",
           "         Stratum Poll Reach LastRx Last sample               ", sources_fields);

const char *source_mode_word(uint16_t mode)
{
    static const char *const words[] = {"server", "peer", "refclock"};

    return mode < ARRAY_LEN(words) ? words[mode] : "unknown";
}

const char *source_state_word(uint16_t state)
{
    static const char *const words[] = {"selected", "unusable", "falseticker",
                                        "jittery",  "combined", "selectable"};

    return state < ARRAY_LEN(words) ? words[state] : "unknown";
}

char source_mode_char(uint16_t mode)
{
    return mode < 3 ? "^=#"[mode] : ' ';
}

char source_state_char(uint16_t state)
{
    return state < 6 ? "*?x~+-"[state] : ' ';
}

static struct value value_address(const char *address)
{
    return (struct value){.unknown = address == NULL, .v.s = address};
}

void row_sources(struct printer *p, const struct candm_rpy_source_data *r, const char *name,
                 const char *address)
{
    const struct value v[] = {
        value_u((unsigned char)source_mode_char(r->mode)),
        value_u((unsigned char)source_state_char(r->state)),
        value_s(name),
        value_address(address),
        value_s(source_mode_word(r->mode)),
        value_s(source_state_word(r->state)),
        value_u(r->stratum),
        value_i(r->poll),
        value_u(r->reachability),
        value_u(r->since_sample_s),
        value_d(r->latest_meas_s),
        value_d(r->orig_latest_meas_s),
        value_d(r->latest_meas_err_s),
    };
    _Static_assert(ARRAY_LEN(v) == ARRAY_LEN(sources_fields), "a value for each field");

    printer_row(p, v);
}

const char legend_sources[] =
    "\n"
    "  Mode:  '^' server, '=' peer, '#' reference clock\n"
    "  State: '*' selected, '+' combined with it, '-' good but not used,\n"
    "         'x' falseticker, '~' too variable, '?' cannot be selected\n"
    "||                                                  xxxx [ yyyy ] +/- zzzz\n"
    "||       last eight polls, in octal ----.           xxxx: offset, adjusted\n"
    "||       log2 of the interval in s --.  |           yyyy: offset, measured\n"
    "||                                   |  |           zzzz: margin of error\n"
    "||                                   |  '-.         |\n";

/* --- sourcestats ----------------------------------------------------------------------------- */

static const struct field sourcestats_fields[] = {
    {"", KIND_TEXT, -25, 0, FIELD_NAME, "", "name"},
    {"", KIND_TEXT, 0, 0, FIELD_JSON_ONLY, "", "address"},
    {" ", KIND_UINT, 3, 0, 0, "", "samples"},
    {" ", KIND_UINT, 3, 0, 0, "", "runs"},
    {"  ", KIND_INTERVAL, 0, 0, 0, "", "span_s"},
    {" ", KIND_PPM_SIGNED, 0, 0, 0, "", "residual_frequency_ppm"},
    {" ", KIND_PPM, 0, 0, 0, "", "skew_ppm"},
    {"  ", KIND_OFFSET_SIGNED, 0, 0, 0, "", "offset_s"},
    {"  ", KIND_OFFSET, 0, 0, 0, "\n", "std_dev_s"},
    {"", KIND_REAL, 0, 9, FIELD_JSON_ONLY, "", "offset_error_s"},
};
const struct report report_sourcestats =
    REPORT("sourcestats", "sources", "Name/IP Address",
           "            NP  NR  Span  Frequency  Freq Skew  Offset  Std Dev", sourcestats_fields);

void row_sourcestats(struct printer *p, const struct candm_rpy_sourcestats *r, const char *name,
                     const char *address)
{
    const struct value v[] = {
        value_s(name),      value_address(address),     value_u(r->samples),  value_u(r->runs),
        value_u(r->span_s), value_d(r->resid_freq_ppm), value_d(r->skew_ppm), value_d(r->offset_s),
        value_d(r->sd_s),   value_d(r->offset_err_s),
    };
    _Static_assert(ARRAY_LEN(v) == ARRAY_LEN(sourcestats_fields), "a value for each field");

    printer_row(p, v);
}

const char legend_sourcestats[] =
    "\n"
    "                           .- samples kept\n"
    "                           |   .- runs of residuals of one sign\n"
    "                           |   |    .- time between oldest and newest\n"
    "                           |   |    |      .- frequency error, ppm\n"
    "                           |   |    |      |          .- its bound, ppm\n"
    "                           |   |    |      |          |      .- offset\n"
    "                           |   |    |      |          |      |  deviation\n"
    "                           |   |    |      |          |      |  of samples\n"
    "                           |   |    |      |          |      |        |\n";

/* --- selectdata ------------------------------------------------------------------------------ */

static const struct field selectdata_fields[] = {
    {"", KIND_CHAR, 0, 0, 0, " ", "state"},
    {"", KIND_TEXT, -25, 0, FIELD_NAME, "", "name"},
    {"", KIND_TEXT, 0, 0, FIELD_JSON_ONLY, "", "address"},
    {" ", KIND_YN, 0, 0, 0, " ", "authenticated"},
    {"", KIND_CHAR, 0, 0, 0, "", NULL},
    {"", KIND_CHAR, 0, 0, 0, "", NULL},
    {"", KIND_CHAR, 0, 0, 0, "", NULL},
    {"", KIND_CHAR, 0, 0, 0, "", NULL},
    {"", KIND_CHAR, 0, 0, 0, " ", NULL},
    {"", KIND_CHAR, 0, 0, 0, "", NULL},
    {"", KIND_CHAR, 0, 0, 0, "", NULL},
    {"", KIND_CHAR, 0, 0, 0, "", NULL},
    {"", KIND_CHAR, 0, 0, 0, "", NULL},
    {"", KIND_CHAR, 0, 0, 0, " ", NULL},
    {"", KIND_SELECT_OPTIONS, 0, 0, FIELD_JSON_ONLY, "", "configured_options"},
    {"", KIND_SELECT_OPTIONS, 0, 0, FIELD_JSON_ONLY, "", "effective_options"},
    {"", KIND_INTERVAL, 0, 0, 0, "", "last_sample_s"},
    {" ", KIND_REAL, 5, 1, 0, "", "score"},
    {" ", KIND_OFFSET_SIGNED, 0, 0, 0, "", "low_s"},
    {" ", KIND_OFFSET_SIGNED, 0, 0, 0, "", "high_s"},
    {"  ", KIND_LEAP_CHAR, 0, 0, 0, "\n", "leap_status"},
};
const struct report report_selectdata =
    REPORT("selectdata", "sources", "S Name/IP Address",
           "        Auth COpts EOpts Last Score     Interval  Leap", selectdata_fields);

static struct value option_char(uint16_t options, unsigned bit, char c)
{
    return value_u((unsigned char)(options & bit ? c : '-'));
}

void row_selectdata(struct printer *p, const struct candm_rpy_select_data *r, const char *name,
                    const char *address)
{
    uint16_t c = r->configured, e = r->effective;
    const struct value v[] = {
        value_u(r->state),
        value_s(name),
        value_address(address),
        value_u(r->authenticated),
        option_char(c, 1, 'N'),
        option_char(c, 2, 'P'),
        option_char(c, 4, 'T'),
        option_char(c, 8, 'R'),
        value_u('-'),
        option_char(e, 1, 'N'),
        option_char(e, 2, 'P'),
        option_char(e, 4, 'T'),
        option_char(e, 8, 'R'),
        value_u('-'),
        value_u(c),
        value_u(e),
        value_u(r->last_sample_ago_s),
        value_d(r->score),
        value_d(r->low_s),
        value_d(r->high_s),
        value_u(r->leap),
    };
    _Static_assert(ARRAY_LEN(v) == ARRAY_LEN(selectdata_fields), "a value for each field");

    printer_row(p, v);
}

const char legend_selectdata[] =
    "\n"
    "  State: * selected, + combined, D too distant to combine, U waits for a sample,\n"
    "|        P others preferred, W/w waits for others, x falseticker, T not trusted,\n"
    "|        O orphan, S stale, ~ too variable, d too distant, r stratum,\n"
    "|        s unsynchronised, M few samples, N noselect\n"
    "|     authenticated ----.    .- configured  N noselect, P prefer,\n"
    "|                       |    |     .- effective options  T trust, R require\n"
    "|                       |    |     |         offset interval -.\n"
    "|                       |    |     |                          |\n";

/* --- authdata -------------------------------------------------------------------------------- */

static const struct field authdata_fields[] = {
    {"", KIND_TEXT, -27, 0, FIELD_NAME, "", "name"},
    {"", KIND_TEXT, 0, 0, FIELD_JSON_ONLY, "", "address"},
    {" ", KIND_TEXT, 4, 0, 0, "", "mode"},
    {" ", KIND_UINT, 5, 0, 0, "", "key_id"},
    {" ", KIND_UINT, 4, 0, 0, "", "key_type"},
    {" ", KIND_UINT, 4, 0, 0, "", "key_bits"},
    {" ", KIND_INTERVAL, 0, 0, 0, "", "last_ke_s"},
    {" ", KIND_UINT, 4, 0, 0, "", "ke_attempts"},
    {" ", KIND_UINT, 4, 0, 0, "", "naks"},
    {" ", KIND_UINT, 4, 0, 0, "", "cookies"},
    {" ", KIND_UINT, 4, 0, 0, "\n", "cookie_bytes"},
};
const struct report report_authdata =
    REPORT("authdata", "sources", "Name/IP address",
           "             Mode KeyID Type KLen Last Atmp  NAK Cook CLen", authdata_fields);

void row_authdata(struct printer *p, const struct candm_rpy_auth_data *r, const char *name,
                  const char *address)
{
    static const char *const modes[] = {"-", "SK", "NTS"};
    const struct value v[] = {
        value_s(name),
        value_address(address),
        value_s(r->mode < ARRAY_LEN(modes) ? modes[r->mode] : "?"),
        value_u(r->key_id),
        value_u(r->key_type),
        value_u(r->key_bits),
        value_u(r->last_ke_ago_s),
        value_u(r->ke_attempts),
        value_u(r->nak),
        value_u(r->cookies),
        value_u(r->cookie_length),
    };
    _Static_assert(ARRAY_LEN(v) == ARRAY_LEN(authdata_fields), "a value for each field");

    printer_row(p, v);
}

const char legend_authdata[] =
    "\n"
    "             SK symmetric key, NTS -.    key length in bits\n"
    "                                    |          |    bytes in a cookie -.\n"
    "                                    |          |      cookies held -.  |\n"
    "                                    |          |       .- attempts  |  |\n"
    "                                    |          |       |            |  |\n";

/* --- ntpdata --------------------------------------------------------------------------------- */

static const struct field ntpdata_fields[] = {
    {"Remote address  : ", KIND_TEXT, 0, 0, 0, "", "remote_address"},
    {" (", KIND_REFID, 0, 0, 0, ")\n", "remote_refid"},
    {"Remote port     : ", KIND_UINT, 0, 0, 0, "\n", "remote_port"},
    {"Local address   : ", KIND_TEXT, 0, 0, 0, "", "local_address"},
    {" (", KIND_REFID, 0, 0, 0, ")\n", "local_refid"},
    {"Leap status     : ", KIND_LEAP, 0, 0, 0, "\n", "leap_status"},
    {"Version         : ", KIND_UINT, 0, 0, 0, "\n", "ntp_version"},
    {"Mode            : ", KIND_TEXT, 0, 0, 0, "\n", "mode"},
    {"Stratum         : ", KIND_UINT, 0, 0, 0, "\n", "stratum"},
    {"Poll interval   : ", KIND_INT, 0, 0, 0, "", "poll_log2_s"},
    {" (", KIND_REAL, 0, 0, 0, " seconds)\n", NULL},
    {"Precision       : ", KIND_INT, 0, 0, 0, "", "precision_log2_s"},
    {" (", KIND_REAL, 0, 9, 0, " seconds)\n", NULL},
    {"Root delay      : ", KIND_REAL, 0, 6, 0, " seconds\n", "root_delay_s"},
    {"Root dispersion : ", KIND_REAL, 0, 6, 0, " seconds\n", "root_dispersion_s"},
    {"Reference ID    : ", KIND_REFID, 0, 0, 0, "", "refid"},
    {" (", KIND_TEXT, 0, 0, 0, ")\n", "refid_text"},
    {"Reference time  : ", KIND_TIME, 0, 0, 0, "\n", "ref_time"},
    {"Offset          : ", KIND_REAL_SIGNED, 0, 9, 0, " seconds\n", "ntp_offset_s"},
    {"Peer delay      : ", KIND_REAL, 0, 9, 0, " seconds\n", "peer_delay_s"},
    {"Peer dispersion : ", KIND_REAL, 0, 9, 0, " seconds\n", "peer_dispersion_s"},
    {"Response time   : ", KIND_REAL, 0, 9, 0, " seconds\n", "response_time_s"},
    {"Jitter asymmetry: ", KIND_REAL_SIGNED, 0, 2, 0, "\n", "jitter_asymmetry"},
    {"NTP tests       : ", KIND_BITS, 3, 0, 0, "", NULL},
    {" ", KIND_BITS, 3, 0, 0, "", NULL},
    {" ", KIND_BITS, 4, 0, 0, "\n", NULL},
    {"", KIND_TESTS, 0, 0, FIELD_JSON_ONLY, "", "failed_tests"},
    {"Interleaved     : ", KIND_YESNO, 0, 0, 0, "\n", "interleaved"},
    {"Authenticated   : ", KIND_YESNO, 0, 0, 0, "\n", "authenticated"},
    {"TX timestamping : ", KIND_TEXT, 0, 0, 0, "\n", "tx_timestamping"},
    {"RX timestamping : ", KIND_TEXT, 0, 0, 0, "\n", "rx_timestamping"},
    {"Total TX        : ", KIND_UINT, 0, 0, 0, "\n", "total_tx"},
    {"Total RX        : ", KIND_UINT, 0, 0, 0, "\n", "total_rx"},
    {"Total valid RX  : ", KIND_UINT, 0, 0, 0, "\n", "total_valid_rx"},
    {"Total good RX   : ", KIND_UINT, 0, 0, FIELD_OPTIONAL, "\n", "total_good_rx"},
    {"Total kernel TX : ", KIND_UINT, 0, 0, FIELD_OPTIONAL, "\n", "total_kernel_tx"},
    {"Total kernel RX : ", KIND_UINT, 0, 0, FIELD_OPTIONAL, "\n", "total_kernel_rx"},
    {"Total HW TX     : ", KIND_UINT, 0, 0, FIELD_OPTIONAL, "\n", "total_hw_tx"},
    {"Total HW RX     : ", KIND_UINT, 0, 0, FIELD_OPTIONAL, "\n", "total_hw_rx"},
};
const struct report report_ntpdata = REPORT("ntpdata", "sources", NULL, NULL, ntpdata_fields);

static const char *ntp_mode_text(uint8_t mode)
{
    return mode == 1   ? "Symmetric active"
           : mode == 2 ? "Symmetric passive"
           : mode == 4 ? "Server"
                       : "Invalid";
}

static const char *stamp_text(uint8_t letter)
{
    return letter == 'D'   ? "Daemon"
           : letter == 'K' ? "Kernel"
           : letter == 'H' ? "Hardware"
                           : "Invalid";
}

/* 2^n; the wire has eight bits for n, of which a packet may have said anything. Shown is at most
 * what an interval can be. */
static double power_of_two(int n)
{
    double v = 1.0;

    n = clamp_i(n, -LOG2_SHOWN_MAX, LOG2_SHOWN_MAX);
    for (; n > 0; n--)
        v *= 2.0;
    for (; n < 0; n++)
        v *= 0.5;
    return v;
}

static const char *ntpdata_address(const struct addr *a, char *buf, size_t size)
{
    return a->family == ADDR_NONE ? "[UNSPEC]" : addr_format(a, buf, size);
}

void row_ntpdata(struct printer *p, const struct candm_rpy_ntp_data2 *r)
{
    char remote[ADDR_TEXT_MAX], local[ADDR_TEXT_MAX], refid[8];
    const struct value v[] = {
        value_s(ntpdata_address(&r->remote, remote, sizeof(remote))),
        value_u(addr_refid(&r->remote)),
        value_u(r->remote_port),
        value_s(ntpdata_address(&r->local, local, sizeof(local))),
        value_u(addr_refid(&r->local)),
        value_u(r->leap),
        value_u(r->version),
        value_s(ntp_mode_text(r->mode)),
        value_u(r->stratum),
        value_i(r->poll),
        value_d(power_of_two(r->poll)),
        value_i(r->precision),
        value_d(power_of_two(r->precision)),
        value_d(r->root_delay_s),
        value_d(r->root_dispersion_s),
        value_u(r->refid),
        value_s(r->stratum <= 1 ? format_refid_text(refid, sizeof(refid), r->refid) : ""),
        value_t(r->ref_time),
        value_d(r->offset_s),
        value_d(r->peer_delay_s),
        value_d(r->peer_dispersion_s),
        value_d(r->response_time_s),
        value_d(r->asymmetry),
        value_u(r->flags >> 7 & 7),
        value_u(r->flags >> 4 & 7),
        value_u(r->flags & 15),
        value_u(r->flags),
        value_u(r->flags & 0x4000),
        value_u(r->flags & 0x8000),
        value_s(stamp_text(r->tx_stamp)),
        value_s(stamp_text(r->rx_stamp)),
        value_u(r->total_tx),
        value_u(r->total_rx),
        value_u(r->total_valid),
        value_u_unless(r->total_good, UINT32_MAX),
        value_u_unless(r->total_kernel_tx, UINT32_MAX),
        value_u_unless(r->total_kernel_rx, UINT32_MAX),
        value_u_unless(r->total_hw_tx, UINT32_MAX),
        value_u_unless(r->total_hw_rx, UINT32_MAX),
    };
    _Static_assert(ARRAY_LEN(v) == ARRAY_LEN(ntpdata_fields), "a value for each field");

    printer_row(p, v);
}
