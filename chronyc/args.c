#include "chronyc/args.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "chronyc/resolve.h"

bool parse_leading_int(const char *word, int32_t *out)
{
    char *end;
    long v = strtol(word, &end, 10);

    if (end == word)
        return false;
    *out = v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int32_t)v;
    return true;
}

bool parse_leading_double(const char *word, double *out)
{
    char *end;
    double v = strtod(word, &end);

    if (end == word)
        return false;
    *out = v;
    return true;
}

/* --- addresses ------------------------------------------------------------------------------- */

bool parse_host_address(const char *word, enum family_choice family, struct addr *out)
{
    return resolve_name(word, family, out, 1) == 1;
}

bool parse_source_address(const char *word, enum family_choice family, struct addr *out)
{
    return addr_parse_id(word, out) || parse_host_address(word, family, out);
}

static struct addr mask_of_bits(uint8_t family, int bits)
{
    struct addr mask = {.family = family};

    for (int i = 0; i < bits; i++)
        mask.bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
    return mask;
}

/* "ADDR/BITS" or "MASK/ADDR", cut at the slash. More bits than the family has mean all of them. */
static bool parse_mask_pair(const char *first, const char *second, struct addr *mask,
                            struct addr *address)
{
    int64_t bits;

    if (!addr_parse(first, address))
        return false;
    if (strchr(second, '.') || strchr(second, ':')) {
        *mask = *address;
        return addr_parse(second, address);
    }
    if (!text_int(second, &bits) || bits < 0)
        return false;
    if (bits > addr_bits(address))
        bits = addr_bits(address);
    *mask = mask_of_bits(address->family, (int)bits);
    return true;
}

enum mask_error parse_mask_address(const char *text, enum family_choice family, struct addr *mask,
                                   struct addr *address)
{
    char first[TEXT_LINE_MAX + 1], second[TEXT_LINE_MAX + 1];
    const char *slash = strchr(text, '/');

    memset(mask, 0, sizeof(*mask));
    memset(address, 0, sizeof(*address));
    if (text[0] == '\0')
        return MASK_OK;
    if (slash) {
        slash++;
        text_format(first, sizeof(first), "%.*s", (int)(slash - 1 - text), text);
        text_format(second, sizeof(second), "%.*s", (int)strcspn(slash, " "), slash);
        return parse_mask_pair(first, second, mask, address) ? MASK_OK : MASK_SYNTAX;
    }
    text_format(first, sizeof(first), "%.*s", (int)strcspn(text, " "), text);
    if (addr_parse_id(first, address))
        return MASK_OK;
    if (!parse_host_address(text, family, address))
        return MASK_HOST;
    *mask = mask_of_bits(address->family, addr_bits(address));
    return MASK_OK;
}

/* "10", "10.1", "10.1.2": plain decimals up to 255; the number of them, 0 if it is none. */
static int parse_short_ipv4(const char *text, struct addr *out)
{
    int count = 0;

    memset(out, 0, sizeof(*out));
    out->family = ADDR_IPV4;
    while (count < 3) {
        unsigned v = 0, digits = 0;

        for (; *text >= '0' && *text <= '9' && digits < 4; text++, digits++)
            v = v * 10 + (unsigned)(*text - '0');
        if (digits == 0 || v > 255)
            return 0;
        out->bytes[count++] = (uint8_t)v;
        if (*text == '\0')
            return count;
        if (*text++ != '.')
            return 0;
    }
    return 0;
}

bool parse_subnet(const char *text, enum family_choice family, struct candm_req_subnet *out)
{
    char net[TEXT_LINE_MAX + 1];
    const char *slash = strchr(text, '/');
    int64_t bits = -1;
    int parts;

    memset(out, 0, sizeof(*out));
    if (text[0] == '\0')
        return true;
    text_format(net, sizeof(net), "%.*s", slash ? (int)(slash - text) : (int)strlen(text), text);
    if (slash && (!text_int(slash + 1, &bits) || bits < 0 || bits > INT32_MAX))
        return false;
    if (addr_parse(net, &out->net)) {
        out->bits = slash ? (int32_t)bits : addr_bits(&out->net);
        return true;
    }
    parts = parse_short_ipv4(net, &out->net);
    if (parts > 0) {
        out->bits = slash ? (int32_t)bits : 8 * parts;
        return true;
    }
    /* The resolver would read "300" as 0.0.1.44. */
    if (slash || strspn(net, "0123456789.") == strlen(net) ||
        !parse_host_address(net, family, &out->net))
        return false;
    out->bits = addr_bits(&out->net);
    return true;
}

bool parse_refid(const char *word, uint32_t *out)
{
    size_t length = strlen(word);

    if (length < 1 || length > 4)
        return false;
    *out = 0;
    for (size_t i = 0; i < 4; i++)
        *out = *out << 8 | (i < length ? (unsigned char)word[i] : 0u);
    return true;
}

/* --- options with values --------------------------------------------------------------------- */

/* A number at the head of *rest. As in the configuration file, the next option may follow without a
 * blank ("minpoll 4iburst"). */
static bool take_int(char **rest, int64_t min, int64_t max, int64_t *out)
{
    char *end;

    *out = strtoll(*rest, &end, 10);
    if (end == *rest || *out < min || *out > max)
        return false;
    *rest = end;
    return true;
}

static bool take_double(char **rest, double *out)
{
    char *end;

    *out = strtod(*rest, &end);
    if (end == *rest)
        return false;
    *rest = end;
    return true;
}

/* How the value of an option is read, and where it goes. */
enum option_kind { OPTION_FLAG, OPTION_I32, OPTION_U32, OPTION_REAL, OPTION_EXTFIELD };
struct add_option {
    const char *word;
    enum option_kind kind;
    size_t offset; /* in struct candm_req_add_source */
    uint32_t flag; /* OPTION_FLAG */
    int64_t min, max;
};
#define AT(member) offsetof(struct candm_req_add_source, member)
static const struct add_option add_options[] = {
    {"asymmetry", OPTION_REAL, AT(asymmetry), 0, 0, 0},
    {"auto_offline", OPTION_FLAG, 0, CANDM_FLAG_AUTO_OFFLINE, 0, 0},
    {"burst", OPTION_FLAG, 0, CANDM_FLAG_BURST, 0, 0},
    {"certset", OPTION_U32, AT(cert_set), 0, 0, UINT32_MAX},
    {"copy", OPTION_FLAG, 0, CANDM_FLAG_COPY, 0, 0},
    {"extfield", OPTION_EXTFIELD, 0, 0, 0, 0},
    {"filter", OPTION_I32, AT(filter_length), 0, 0, INT32_MAX},
    {"iburst", OPTION_FLAG, 0, CANDM_FLAG_IBURST, 0, 0},
    {"ipv4", OPTION_FLAG, 0, CANDM_FLAG_IPV4, 0, 0},
    {"ipv6", OPTION_FLAG, 0, CANDM_FLAG_IPV6, 0, 0},
    {"key", OPTION_U32, AT(key_id), 0, 1, UINT32_MAX},
    {"maxdelay", OPTION_REAL, AT(max_delay_s), 0, 0, 0},
    {"maxdelaydevratio", OPTION_REAL, AT(max_delay_dev_ratio), 0, 0, 0},
    {"maxdelayquant", OPTION_REAL, AT(max_delay_quant), 0, 0, 0},
    {"maxdelayratio", OPTION_REAL, AT(max_delay_ratio), 0, 0, 0},
    {"maxpoll", OPTION_I32, AT(maxpoll), 0, -32, 32},
    {"maxsamples", OPTION_I32, AT(max_samples), 0, 0, INT32_MAX},
    {"maxsources", OPTION_U32, AT(max_sources), 0, 1, INT32_MAX},
    {"maxunreach", OPTION_I32, AT(max_unreach), 0, 0, INT32_MAX},
    {"mindelay", OPTION_REAL, AT(min_delay_s), 0, 0, 0},
    {"minpoll", OPTION_I32, AT(minpoll), 0, INT32_MIN, INT32_MAX},
    {"minsamples", OPTION_I32, AT(min_samples), 0, 0, INT32_MAX},
    {"minstratum", OPTION_U32, AT(min_stratum), 0, 0, 16},
    {"noselect", OPTION_FLAG, 0, CANDM_FLAG_NOSELECT, 0, 0},
    {"nts", OPTION_FLAG, 0, CANDM_FLAG_NTS, 0, 0},
    {"ntsport", OPTION_U32, AT(nts_port), 0, 0, 65535},
    {"offline", OPTION_FLAG, 0, CANDM_FLAG_ONLINE, 0, 0},
    {"offset", OPTION_REAL, AT(offset_s), 0, 0, 0},
    {"polltarget", OPTION_U32, AT(poll_target), 0, 1, INT32_MAX},
    {"port", OPTION_U32, AT(port), 0, 0, 65535},
    {"prefer", OPTION_FLAG, 0, CANDM_FLAG_PREFER, 0, 0},
    {"presend", OPTION_I32, AT(presend_minpoll), 0, -32, 32},
    {"require", OPTION_FLAG, 0, CANDM_FLAG_REQUIRE, 0, 0},
    {"trust", OPTION_FLAG, 0, CANDM_FLAG_TRUST, 0, 0},
    {"version", OPTION_U32, AT(version), 0, 1, 4},
    {"xleave", OPTION_FLAG, 0, CANDM_FLAG_INTERLEAVED, 0, 0},
};

static const struct add_option *find_add_option(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(add_options); i++)
        if (text_equal_nocase(add_options[i].word, word))
            return &add_options[i];
    return NULL;
}

/* The last one of ipv4 and ipv6 counts; `offline` takes a flag away. */
static void set_flag(struct candm_req_add_source *out, uint32_t flag)
{
    const uint32_t families = CANDM_FLAG_IPV4 | CANDM_FLAG_IPV6;

    if (flag == CANDM_FLAG_ONLINE) {
        out->flags &= ~flag;
        return;
    }
    if (flag & families)
        out->flags &= ~families;
    out->flags |= flag;
}

/* Extension fields by type: the monotonic root one, and network correction by its old and new
 * number. */
static bool set_extfield(struct candm_req_add_source *out, char **rest)
{
    char *end;
    unsigned long type = strtoul(*rest, &end, 16);

    if (end == *rest)
        return false;
    *rest = end;
    if (type == 0xf323)
        out->flags |= CANDM_FLAG_EF_MONO_ROOT;
    else if (type == 0xf324 || type == 0x10a)
        out->flags |= CANDM_FLAG_EF_NET_CORRECTION;
    else
        return false;
    return true;
}

static bool set_option(struct candm_req_add_source *out, const struct add_option *o, char **rest)
{
    char *at = (char *)out + o->offset;
    int64_t number = 0;
    double real;

    switch (o->kind) {
    case OPTION_FLAG:
        set_flag(out, o->flag);
        return true;
    case OPTION_EXTFIELD:
        return set_extfield(out, rest);
    case OPTION_REAL:
        if (!take_double(rest, &real))
            return false;
        memcpy(at, &real, sizeof(real));
        return true;
    case OPTION_I32:
    case OPTION_U32:
        break;
    }
    if (!take_int(rest, o->min, o->max, &number))
        return false;
    if (o->kind == OPTION_I32)
        memcpy(at, &(int32_t){(int32_t)number}, sizeof(int32_t));
    else
        memcpy(at, &(uint32_t){(uint32_t)number}, sizeof(uint32_t));
    return true;
}

static void add_defaults(struct candm_req_add_source *out)
{
    memset(out, 0, sizeof(*out));
    out->port = 123;
    out->minpoll = 6;
    out->maxpoll = 10;
    out->presend_minpoll = 100;
    out->poll_target = 8;
    out->max_sources = 4;
    out->min_samples = -1;
    out->max_samples = -1;
    out->nts_port = 4460;
    out->max_delay_s = 3.0;
    out->max_delay_dev_ratio = 10.0;
    out->asymmetry = 1.0;
    out->flags = CANDM_FLAG_ONLINE;
    out->max_unreach = 100000;
}

static bool parse_add_type(const char *word, uint32_t *out)
{
    *out = text_equal_nocase(word, "server") ? CANDM_SERVER
           : text_equal_nocase(word, "peer") ? CANDM_PEER
           : text_equal_nocase(word, "pool") ? CANDM_POOL
                                             : 0;
    return *out != 0;
}

enum add_error parse_add_source(char *rest, struct candm_req_add_source *out)
{
    const char *type = text_word(&rest), *name = text_word(&rest), *word;

    add_defaults(out);
    if (!type || !name || !parse_add_type(type, &out->type))
        return ADD_SYNTAX;
    /* The protocol carries 255 characters. */
    if (!text_copy(out->name, sizeof(out->name), name))
        return ADD_SYNTAX;
    while ((word = text_word(&rest)) != NULL) {
        const struct add_option *o = find_add_option(word);

        if (!o)
            return ADD_OPTION;
        if (!set_option(out, o, &rest))
            return ADD_VALUE;
    }
    return ADD_OK;
}

/* --- local ----------------------------------------------------------------------------------- */

static bool local_option(const char *word, char **rest, struct candm_req_local *out,
                         bool *wait_unsynced)
{
    int64_t number;

    if (text_equal_nocase(word, "orphan")) {
        out->orphan = 1;
        return true;
    }
    if (text_equal_nocase(word, "stratum")) {
        if (!take_int(rest, 1, 15, &number))
            return false;
        out->stratum = (int32_t)number;
        return true;
    }
    if (text_equal_nocase(word, "waitunsynced")) {
        *wait_unsynced = true;
        return take_double(rest, &out->wait_unsynced_s);
    }
    if (text_equal_nocase(word, "waitsynced"))
        return take_double(rest, &out->wait_synced_s);
    if (text_equal_nocase(word, "distance"))
        return take_double(rest, &out->distance_s);
    if (text_equal_nocase(word, "activate"))
        return take_double(rest, &out->activate_s);
    return false;
}

bool parse_local_command(char *rest, struct candm_req_local *out)
{
    bool wait_unsynced = false;
    const char *word;

    memset(out, 0, sizeof(*out));
    if (strcmp(rest, "off") == 0) /* unlike the options, in lower case */
        return true;
    out->on = 1;
    out->stratum = 10;
    out->distance_s = 1.0;
    while ((word = text_word(&rest)) != NULL)
        if (!local_option(word, &rest, out, &wait_unsynced))
            return false;
    if (out->orphan && !wait_unsynced)
        out->wait_unsynced_s = 300.0;
    return true;
}

bool parse_select_option(const char *word, uint32_t *mask, uint32_t *options)
{
    static const struct {
        const char *word;
        uint32_t bit, flag;
    } known[] = {
        {"noselect", 1, CANDM_FLAG_NOSELECT},
        {"prefer", 2, CANDM_FLAG_PREFER},
        {"trust", 4, CANDM_FLAG_TRUST},
        {"require", 8, CANDM_FLAG_REQUIRE},
    };

    if (word[0] != '+' && word[0] != '-')
        return false;
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (!text_equal_nocase(word + 1, known[i].word))
            continue;
        *mask |= known[i].bit;
        if (word[0] == '+')
            *options |= known[i].flag;
        else
            *options &= ~known[i].flag;
        return true;
    }
    return false;
}
