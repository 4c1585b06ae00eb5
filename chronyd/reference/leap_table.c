/* leap_table.c - parse TZif files and leap second lists, and look days up in them. */
#include "chronyd/reference/leap_table.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"

#define DAY_S INT64_C(86400)
#define TAI_1972 10
#define TZIF_HEADER_BYTES 44
#define LIST_LINE_MAX 1024

static int64_t floor_day(int64_t s)
{
    int64_t day = s / DAY_S;

    return (s % DAY_S < 0 ? day - 1 : day) * DAY_S;
}

static int64_t seconds(struct utc t)
{
    int64_t s = t.ns / NS_PER_S;

    return t.ns % NS_PER_S < 0 ? s - 1 : s;
}

struct utc leap_midnight_after(struct utc at)
{
    return (struct utc){(floor_day(seconds(at)) + DAY_S) * NS_PER_S};
}

static bool add_entry(struct leap_table *t, int64_t from_s, int tai_offset, struct err *err)
{
    if (t->count == LEAP_TABLE_MAX)
        return err_set(err, ERR_LIMIT, "more than %d leap seconds", LEAP_TABLE_MAX);
    if (t->count && t->entry[t->count - 1].from_s >= from_s)
        return err_set(err, ERR_SYNTAX, "leap seconds are not in order");
    t->entry[t->count].from_s = from_s;
    t->entry[t->count].tai_offset = tai_offset;
    t->count++;
    return true;
}

/* --- TZif ----------------------------------------------------------------------------------- */

struct tzif_header {
    uint8_t version;
    uint32_t isut, isstd, leaps, times, types, chars;
};

static bool tzif_header(struct wire_in *in, struct tzif_header *h)
{
    const uint8_t *magic = wire_take(in, 4);

    if (!magic || memcmp(magic, "TZif", 4))
        return false;
    h->version = wire_get_u8(in);
    wire_take(in, 15);
    h->isut = wire_get_u32(in);
    h->isstd = wire_get_u32(in);
    h->leaps = wire_get_u32(in);
    h->times = wire_get_u32(in);
    h->types = wire_get_u32(in);
    h->chars = wire_get_u32(in);
    /* Far beyond any real zone; keeps the sums below from overflowing. */
    return !in->bad && h->isut < 65536 && h->isstd < 65536 && h->leaps < 65536 &&
           h->times < 65536 && h->types < 65536 && h->chars < 65536;
}

/* Bytes of a data block before and after its leap second records (RFC 8536 section 3.2). */
static size_t before_leaps(const struct tzif_header *h, size_t time_bytes)
{
    return h->times * (time_bytes + 1) + h->types * 6 + h->chars;
}

static bool tzif_leaps(struct leap_table *t, struct wire_in *in, const struct tzif_header *h,
                       size_t time_bytes, struct err *err)
{
    int64_t corrected = 0; /* by all records so far */

    for (uint32_t i = 0; i < h->leaps; i++) {
        int64_t at = time_bytes == 8 ? (int64_t)wire_get_u64(in) : (int32_t)wire_get_u32(in);
        int32_t correction = (int32_t)wire_get_u32(in);

        if (in->bad || at < 0 || at > INT64_C(1) << 40 || correction < -100 || correction > 100)
            return err_set(err, ERR_SYNTAX, "bad leap second record");
        /* A record counts the seconds that were inserted before; the day that it ends is the one
         * before the midnight that is nearest. Version 4 ends with a record that changes nothing
         * and tells when the data expire. */
        if (correction != corrected) {
            int64_t utc_s = at - corrected;

            if (!add_entry(t, floor_day(utc_s + DAY_S / 2), TAI_1972 + correction, err))
                return false;
        } else {
            t->expires_s = at - corrected;
        }
        corrected = correction;
    }
    return true;
}

bool leap_table_from_tzif(struct leap_table *t, const uint8_t *data, size_t length, struct err *err)
{
    struct wire_in in;
    struct tzif_header h;
    size_t time_bytes = 4;

    memset(t, 0, sizeof(*t));
    t->tai_before = TAI_1972;
    in = wire_in_of(data, length);
    if (!tzif_header(&in, &h))
        return err_set(err, ERR_SYNTAX, "not a time zone file");
    if (h.version >= '2') { /* the 64-bit block follows the 32-bit one */
        wire_take(&in, before_leaps(&h, 4) + h.leaps * 8 + h.isstd + h.isut);
        if (in.bad || !tzif_header(&in, &h))
            return err_set(err, ERR_SYNTAX, "truncated time zone file");
        time_bytes = 8;
    }
    wire_take(&in, before_leaps(&h, time_bytes));
    return tzif_leaps(t, &in, &h, time_bytes, err);
}

/* --- list ----------------------------------------------------------------------------------- */

/* "#@ 3960057600": the number after the mark. */
static bool marked_number(const char *line, char mark, int64_t *out)
{
    char *end;
    long long v;

    if (line[0] != '#' || line[1] != mark || !isspace((unsigned char)line[2]))
        return false;
    v = strtoll(line + 2, &end, 10);
    if (end == line + 2 || v < 0 || v > INT64_C(1) << 40)
        return false;
    *out = v - NTP_UNIX_OFFSET;
    return true;
}

static bool list_line(struct leap_table *t, const char *line, bool *updated, struct err *err)
{
    long long when, offset;
    int64_t ignored;

    if (marked_number(line, '$', &ignored))
        *updated = true;
    if (marked_number(line, '@', &t->expires_s))
        return true;
    if (line[0] == '#' || line[strspn(line, " \t\r")] == '\0')
        return true;
    if (sscanf(line, "%lld %lld", &when, &offset) != 2 || when < 0 || when > INT64_C(1) << 40 ||
        offset < -1000 || offset > 1000)
        return err_set(err, ERR_SYNTAX, "malformed line \"%.60s\"", line);
    return add_entry(t, when - NTP_UNIX_OFFSET, (int)offset, err);
}

bool leap_table_from_list(struct leap_table *t, const char *text, struct err *err)
{
    bool updated = false;

    memset(t, 0, sizeof(*t));
    while (*text) {
        char line[LIST_LINE_MAX];
        size_t length = strcspn(text, "\n");

        if (length >= sizeof(line))
            return err_set(err, ERR_SYNTAX, "line too long");
        memcpy(line, text, length);
        line[length] = '\0';
        if (!list_line(t, line, &updated, err))
            return false;
        text += length + (text[length] == '\n');
    }
    if (!updated || !t->expires_s || !t->count)
        return err_set(err, ERR_SYNTAX, "no date of update or expiry, or no entry");
    return true;
}

/* --- looking up ----------------------------------------------------------------------------- */

struct leap_day leap_table_day(const struct leap_table *t, struct utc at)
{
    int64_t now_s = seconds(at), midnight_s = floor_day(now_s) + DAY_S;
    struct leap_day day = {.leap = LEAP_NORMAL, .tai_offset = t->tai_before};

    for (size_t i = 0; i < t->count && t->entry[i].from_s <= midnight_s; i++) {
        int offset = t->entry[i].tai_offset;

        if (t->entry[i].from_s <= now_s)
            day.tai_offset = offset;
        else if (i > 0 || t->tai_before)
            day.leap = offset > day.tai_offset   ? LEAP_INSERT
                       : offset < day.tai_offset ? LEAP_DELETE
                                                 : LEAP_NORMAL;
    }
    return day;
}

bool leap_table_is_sane(const struct leap_table *t)
{
    struct utc june = {(days_from_civil(2012, 6, 30) * DAY_S + DAY_S / 2) * NS_PER_S};
    struct utc december = {(days_from_civil(2012, 12, 31) * DAY_S + DAY_S / 2) * NS_PER_S};
    struct leap_day a = leap_table_day(t, june), b = leap_table_day(t, december);

    return a.leap == LEAP_INSERT && a.tai_offset == 34 && b.leap == LEAP_NORMAL &&
           b.tai_offset == 35;
}
