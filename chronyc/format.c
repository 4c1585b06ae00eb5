#include "chronyc/format.h"

#include <math.h>

#include "base/text.h"
#include "base/time.h"

#define MINUTE_S 60
#define HOUR_S 3600
#define DAY_S 86400
#define YEAR_S (365.0 * DAY_S)

const char *format_interval(char *buf, size_t size, uint32_t seconds)
{
    if (seconds == INTERVAL_UNKNOWN)
        return text_format(buf, size, "   -");
    if (seconds < 1200)
        return text_format(buf, size, "%4u", seconds);
    if (seconds < 36000)
        return text_format(buf, size, "%3um", seconds / MINUTE_S);
    if (seconds < 345600)
        return text_format(buf, size, "%3uh", seconds / HOUR_S);
    if (seconds / DAY_S <= 999)
        return text_format(buf, size, "%3ud", seconds / DAY_S);
    return text_format(buf, size, "%3uy", seconds / DAY_S / 365);
}

/* Each step holds for magnitudes that round to fewer digits than the next one would save. */
struct offset_step {
    double per_second; /* units in a second */
    double limit;      /* in that unit */
    int digits_width;  /* with sign; one less without */
    int decimals;
    const char *unit;
};
static const struct offset_step offset_steps[] = {
    {1e9, 9999.5, 5, 0, "ns"},           {1e6, 9999.5, 5, 0, "us"},
    {1e3, 9999.5, 5, 0, "ms"},           {1.0, 999.5, 6, 1, "s"},
    {1.0, 99999.5, 6, 0, "s"},           {1.0 / MINUTE_S, 99999.5, 6, 0, "m"},
    {1.0 / HOUR_S, 99999.5, 6, 0, "h"},  {1.0 / DAY_S, 99999.5, 6, 0, "d"},
    {1.0 / YEAR_S, INFINITY, 6, 0, "y"},
};

const char *format_offset(char *buf, size_t size, double seconds, bool with_sign)
{
    double magnitude = fabs(seconds);
    size_t i = 0;

    while (i + 1 < ARRAY_LEN(offset_steps) &&
           !(magnitude * offset_steps[i].per_second < offset_steps[i].limit))
        i++;

    const struct offset_step *step = &offset_steps[i];

    if (with_sign)
        return text_format(buf, size, "%+*.*f%s", step->digits_width, step->decimals,
                           seconds * step->per_second, step->unit);
    return text_format(buf, size, "%*.*f%s", step->digits_width - 1, step->decimals,
                       magnitude * step->per_second, step->unit);
}

const char *format_ppm(char *buf, size_t size, double ppm, bool with_sign)
{
    int decimals = fabs(ppm) < 99999.5 ? 3 : 0;

    return with_sign ? text_format(buf, size, "%+10.*f", decimals, ppm)
                     : text_format(buf, size, "%10.*f", decimals, ppm);
}

const char *format_log2(char *buf, size_t size, int64_t log2_s)
{
    if (log2_s >= LOG2_UNKNOWN)
        return text_format(buf, size, " -");
    return text_format(buf, size, "%2lld", (long long)log2_s);
}

/* A calendar for any 64-bit number of seconds: a daemon that lies must not make us overflow, and
 * struct utc covers the years 1678 to 2262 only. Outside, the nearest end is shown. */
static struct utc_calendar calendar_of(const struct candm_time *t)
{
    int64_t limit = INT64_MAX / NS_PER_S - 1;
    int64_t sec = t->sec > limit ? limit : t->sec < -limit ? -limit : t->sec;

    return utc_calendar((struct utc){sec * NS_PER_S});
}

const char *format_time(char *buf, size_t size, const struct candm_time *t)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct utc_calendar c = calendar_of(t);

    return text_format(buf, size, "%s %s %02d %02d:%02d:%02d %d", days[c.weekday],
                       months[c.month - 1], c.day, c.hour, c.minute, c.second, c.year);
}

const char *format_date(char *buf, size_t size, const struct candm_time *t)
{
    struct utc_calendar c = calendar_of(t);

    return text_format(buf, size, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour,
                       c.minute, c.second);
}

const char *format_rfc3339(char *buf, size_t size, const struct candm_time *t)
{
    struct utc_calendar c = calendar_of(t);

    return text_format(buf, size, "%04d-%02d-%02dT%02d:%02d:%02d.%09uZ", c.year, c.month, c.day,
                       c.hour, c.minute, c.second, t->nsec);
}

const char *format_offset_word(char *buf, size_t size, double seconds)
{
    return text_format(buf, size, "%.9f seconds %s", fabs(seconds), seconds > 0 ? "slow" : "fast");
}

const char *format_freq_word(char *buf, size_t size, double ppm)
{
    return text_format(buf, size, "%.3f ppm %s", fabs(ppm), ppm > 0 ? "fast" : "slow");
}

const char *format_json_number(char *buf, size_t size, double v)
{
    if (!isfinite(v))
        return text_format(buf, size, "null");
    return text_format(buf, size, "%.9g", v);
}

const char *format_refid_text(char *buf, size_t size, uint32_t refid)
{
    size_t used = 0;

    for (int shift = 24; shift >= 0; shift -= 8) {
        char c = (char)(refid >> shift & 0xff);

        if (c > ' ' && c < 0x7f && used + 1 < size)
            buf[used++] = c;
    }
    if (size > 0)
        buf[used] = '\0';
    return buf;
}

const char *leap_words(uint64_t leap)
{
    static const char *const words[] = {"Normal", "Insert second", "Delete second",
                                        "Not synchronised"};

    return leap < ARRAY_LEN(words) ? words[leap] : "Invalid";
}

char leap_char(uint64_t leap)
{
    static const char chars[] = {'N', '+', '-', '?'};

    return leap < ARRAY_LEN(chars) ? chars[leap] : '?';
}
