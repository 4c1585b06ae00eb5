/* leap_files.c - leap-seconds.list and right/UTC, made on demand. */
#include "test/simulation/leap_files.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/wire.h"

#define TAI_1972 10
#define LEAPS_MAX 64

/* The midnights that followed an inserted second: year and month. */
static const struct {
    int16_t year, month;
} history[] = {
    {1972, 7}, {1973, 1}, {1974, 1}, {1975, 1}, {1976, 1}, {1977, 1}, {1978, 1},
    {1979, 1}, {1980, 1}, {1981, 7}, {1982, 7}, {1983, 7}, {1985, 7}, {1988, 1},
    {1990, 1}, {1991, 1}, {1992, 7}, {1993, 7}, {1994, 7}, {1996, 1}, {1997, 7},
    {1999, 1}, {2006, 1}, {2009, 1}, {2012, 7}, {2015, 7}, {2017, 1},
};

static int64_t midnight_s(size_t i)
{
    return days_from_civil(history[i].year, history[i].month, 1) * 86400;
}

int leap_history_tai(int64_t utc_s)
{
    int tai = TAI_1972;

    for (size_t i = 0; i < ARRAY_LEN(history); i++)
        tai += midnight_s(i) <= utc_s;
    return tai;
}

/* All of them, with TAI - UTC from that midnight on. */
static size_t collect(const struct leap_file_law *law, int64_t from_s[LEAPS_MAX],
                      int tai[LEAPS_MAX])
{
    size_t n = 0;
    int now = TAI_1972;

    for (size_t i = 0; i < ARRAY_LEN(history); i++) {
        if (midnight_s(i) > law->until_s)
            break;
        from_s[n] = midnight_s(i);
        tai[n++] = ++now;
    }
    for (size_t i = 0; i < law->extra_count; i++) {
        from_s[n] = law->extra[i].from_s;
        tai[n++] = now += law->extra[i].sign;
    }
    return n;
}

char *leap_list_make(const struct leap_file_law *law, size_t *length)
{
    int64_t from_s[LEAPS_MAX];
    int tai[LEAPS_MAX];
    size_t count = collect(law, from_s, tai);
    char *text = NULL;
    FILE *f = open_memstream(&text, length);

    assert(f);
    fprintf(f, "#$ %" PRId64 "\n#@ %" PRId64 "\n%" PRId64 " %d\n", NTP_UNIX_OFFSET,
            law->expires_s + NTP_UNIX_OFFSET, days_from_civil(1972, 1, 1) * 86400 + NTP_UNIX_OFFSET,
            TAI_1972);
    for (size_t i = 0; i < count; i++)
        fprintf(f, "%" PRId64 " %d\n", from_s[i] + NTP_UNIX_OFFSET, tai[i]);
    fclose(f);
    assert(text);
    return text;
}

static void put_header(struct wire_out *out, size_t leaps)
{
    const uint32_t counts[] = {0, 0, (uint32_t)leaps, 0, 1, 4}; /* one type, "UTC" */
    const uint8_t unused[15] = {0};

    wire_put_bytes(out, "TZif2", 5);
    wire_put_bytes(out, unused, sizeof(unused));
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        wire_put_u32(out, counts[i]);
}

static void put_block(struct wire_out *out, size_t time_bytes, const int64_t *from_s,
                      const int *tai, size_t count)
{
    const uint8_t type[6] = {0};

    put_header(out, count);
    wire_put_bytes(out, type, sizeof(type));
    wire_put_bytes(out, "UTC", 4);
    for (size_t i = 0; i < count; i++) {
        int before = i > 0 ? tai[i - 1] - TAI_1972 : 0, correction = tai[i] - TAI_1972;
        /* The moment on a scale that counts the seconds inserted before. */
        int64_t at = from_s[i] + before - (correction < before ? 1 : 0);

        if (time_bytes == 8)
            wire_put_u64(out, (uint64_t)at);
        else
            wire_put_u32(out, (uint32_t)at);
        wire_put_u32(out, (uint32_t)correction);
    }
}

uint8_t *leap_zone_make(const struct leap_file_law *law, size_t *length)
{
    int64_t from_s[LEAPS_MAX];
    int tai[LEAPS_MAX];
    size_t count = collect(law, from_s, tai);
    const size_t size = 2 * 54 + count * 20 + 8;
    uint8_t *data = malloc(size);
    struct wire_out out;

    assert(data);
    out = wire_out_of(data, size);
    put_block(&out, 4, from_s, tai, count);
    put_block(&out, 8, from_s, tai, count);
    wire_put_bytes(&out, "\nUTC0\n", 6);
    assert(!out.bad);
    *length = out.used;
    return data;
}
