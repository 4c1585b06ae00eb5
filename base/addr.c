/* addr.c - reading and printing addresses.
 *
 * Written out here because the C library's functions come with socket headers, and because their
 * text has to be the same in every world: IPv6 as RFC 5952 prints it, IPv4 without leading zeros.
 */
#include "base/addr.h"

#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "base/text.h"

/* "1.2.3.4", at most three digits each, no leading zero; the whole of `text`. */
static bool parse_ipv4(const char *text, uint8_t out[4])
{
    for (int i = 0; i < 4; i++) {
        unsigned v = 0;
        int digits = 0;

        for (; *text >= '0' && *text <= '9'; text++) {
            if (digits++ > 0 && v == 0)
                return false;
            v = v * 10 + (unsigned)(*text - '0');
            if (v > 255)
                return false;
        }
        if (digits == 0 || *text != (i < 3 ? '.' : '\0'))
            return false;
        out[i] = (uint8_t)v;
        text++;
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 4291 section 2.2: groups, at most one "::", and an IPv4 tail in place of two groups. */
static bool parse_ipv6(const char *text, uint8_t out[16])
{
    uint8_t bytes[16] = {0};
    size_t used = 0, gap = SIZE_MAX;

    if (text[0] == ':') {
        if (text[1] != ':')
            return false;
        gap = 0;
        text += 2;
    }
    while (*text) {
        unsigned v = 0;
        int digits = 0, d;

        if (used <= 12 && parse_ipv4(text, bytes + used)) {
            used += 4;
            break;
        }
        for (; (d = hex_digit(text[digits])) >= 0 && digits < 5; digits++)
            v = v << 4 | (unsigned)d;
        if (digits == 0 || digits > 4 || used > 14)
            return false;
        bytes[used++] = (uint8_t)(v >> 8);
        bytes[used++] = (uint8_t)v;
        text += digits;
        if (*text == '\0')
            break;
        if (*text++ != ':' || *text == '\0')
            return false;
        if (*text == ':') {
            if (gap != SIZE_MAX)
                return false;
            gap = used;
            text++;
        }
    }
    if (gap == SIZE_MAX ? used != 16 : used > 14)
        return false;
    memset(out, 0, 16);
    if (gap == SIZE_MAX)
        gap = used;
    memcpy(out, bytes, gap);
    memcpy(out + 16 - (used - gap), bytes + gap, used - gap);
    return true;
}

bool addr_parse(const char *text, struct addr *out)
{
    struct addr a = {0};

    if (parse_ipv4(text, a.bytes)) {
        a.family = ADDR_IPV4;
    } else {
        memset(&a, 0, sizeof(a));
        if (!parse_ipv6(text, a.bytes))
            return false;
        a.family = ADDR_IPV6;
    }
    *out = a;
    return true;
}

bool addr_parse_id(const char *text, struct addr *out)
{
    uint64_t id;

    if (strncmp(text, "ID#", 3) != 0 || text[3] < '0' || text[3] > '9' ||
        !text_uint(text + 3, &id) || id > UINT32_MAX)
        return false;
    *out = addr_from_id((uint32_t)id);
    return true;
}

/* The longest run of at least two zero groups, the first of equals (RFC 5952 section 4.2). */
static size_t longest_zeros(const uint16_t groups[8], size_t *length)
{
    size_t best = 8;

    *length = 1;
    for (size_t i = 0; i < 8; i++) {
        size_t n = 0;

        while (i + n < 8 && groups[i + n] == 0)
            n++;
        if (n > *length) {
            best = i;
            *length = n;
        }
        i += n;
    }
    return best;
}

static void format_ipv6(const uint8_t *b, char *out, size_t size)
{
    uint16_t groups[8];
    size_t zeros, length, used = 0;
    bool mapped;

    for (size_t i = 0; i < 8; i++)
        groups[i] = (uint16_t)(b[2 * i] << 8 | b[2 * i + 1]);
    zeros = longest_zeros(groups, &length);
    /* ::a.b.c.d and ::ffff:a.b.c.d are read as IPv4 (RFC 5952 section 5). */
    mapped = zeros == 0 && (length == 6 || (length == 5 && groups[5] == 0xffff));
    out[0] = '\0';
    for (size_t i = 0; i < 8 && used < size; i++) {
        int n;

        if (i == zeros) {
            n = snprintf(out + used, size - used, i + length == 8 ? "::" : ":");
            i += length - 1;
        } else if (mapped && i == 6) {
            n = snprintf(out + used, size - used, ":%u.%u.%u.%u", b[12], b[13], b[14], b[15]);
            i = 7;
        } else {
            n = snprintf(out + used, size - used, i > 0 ? ":%x" : "%x", groups[i]);
        }
        used += (size_t)n;
    }
}

const char *addr_format(const struct addr *a, char *buf, size_t size)
{
    const uint8_t *b = a->bytes;

    if (size == 0)
        return "";
    switch (a->family) {
    case ADDR_IPV4:
        return text_format(buf, size, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    case ADDR_IPV6:
        format_ipv6(b, buf, size);
        return buf;
    case ADDR_ID:
        return text_format(buf, size, "ID#%010u", addr_id(a));
    default:
        buf[0] = '\0';
        return buf;
    }
}

const char *endpoint_format(const struct endpoint *e, char *buf, size_t size)
{
    char addr[ADDR_TEXT_MAX];

    addr_format(&e->addr, addr, sizeof(addr));
    return text_format(buf, size, e->addr.family == ADDR_IPV6 ? "[%s]:%u" : "%s:%u", addr, e->port);
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

bool addr_is_loopback(const struct addr *a)
{
    struct addr six = {.family = ADDR_IPV6, .bytes = {[15] = 1}};
    struct addr four = addr_from_ipv4(0x7f000001);

    return addr_equal(a, &four) || addr_equal(a, &six);
}

bool addr_is_link_local(const struct addr *a)
{
    return a->family == ADDR_IPV6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

int addr_bits(const struct addr *a)
{
    return a->family == ADDR_IPV4 ? 32 : a->family == ADDR_IPV6 ? 128 : 0;
}

bool addr_in_subnet(const struct addr *a, const struct addr *net, int bits)
{
    size_t whole;
    unsigned mask;

    if (a->family != net->family || bits < 0 || bits > addr_bits(a))
        return false;
    whole = (size_t)bits / 8;
    mask = 0xff00u >> (bits % 8) & 0xff;
    return memcmp(a->bytes, net->bytes, whole) == 0 &&
           (mask == 0 || ((a->bytes[whole] ^ net->bytes[whole]) & mask) == 0);
}

static struct addr addr_from_u32(enum addr_family family, uint32_t v)
{
    return (struct addr){
        .family = (uint8_t)family,
        .bytes = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v}};
}

static uint32_t first_u32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

struct addr addr_from_ipv4(uint32_t host_order)
{
    return addr_from_u32(ADDR_IPV4, host_order);
}

struct addr addr_from_id(uint32_t id)
{
    return addr_from_u32(ADDR_ID, id);
}

uint32_t addr_id(const struct addr *a)
{
    return first_u32(a->bytes);
}

uint32_t addr_refid(const struct addr *a)
{
    uint8_t digest[16];

    if (a->family == ADDR_IPV4)
        return first_u32(a->bytes);
    if (a->family != ADDR_IPV6)
        return 0;
    digest_md5(a->bytes, 16, digest);
    return first_u32(digest);
}

static uint64_t rotate(uint64_t v, int bits)
{
    return v << bits | v >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

/* SipHash-1-3 of the three words (family, address), keyed by the secret: cheap, and nobody without
 * the secret can choose addresses that collide. */
uint32_t addr_hash(const struct addr *a, uint32_t secret)
{
    const uint8_t *b = a->bytes;
    uint64_t key = (uint64_t)secret << 32 | (secret ^ 0x9e3779b9u);
    uint64_t words[3] = {
        (uint64_t)first_u32(b) << 32 | first_u32(b + 4),
        (uint64_t)first_u32(b + 8) << 32 | first_u32(b + 12),
        (uint64_t)a->family,
    };
    uint64_t v[4] = {UINT64_C(0x736f6d6570736575) ^ key, UINT64_C(0x646f72616e646f6d) ^ ~key,
                     UINT64_C(0x6c7967656e657261) ^ key, UINT64_C(0x7465646279746573) ^ ~key};
    uint64_t sum;

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        v[3] ^= words[i];
        sip_round(v);
        v[0] ^= words[i];
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    sum = v[0] ^ v[1] ^ v[2] ^ v[3];
    return (uint32_t)(sum ^ sum >> 32);
}
