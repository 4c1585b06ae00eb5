#include "chronyc/date.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/defs.h"
#include "base/text.h"

/* Days, months or years that relative words may add up to. */
#define STEPS_MAX INT64_C(100000000)

/* What has been said so far. Months and years vary in length, so relative ones are kept apart. */
struct said {
    struct tm tm; /* the day and time that hold until something else is said */
    bool date, time, zone, relative;
    bool year_open; /* a date without a year, which may follow later */
    bool weekday;   /* the next day of that name, unless there is a date */
    int weekday_days;
    int64_t epoch_s; /* "@..." */
    bool epoch;
    int64_t zone_s; /* east of UTC */
    int64_t add_s, add_days, add_months, add_years;
    bool pending; /* a number whose unit may follow */
    bool last;    /* that was "last" */
    int64_t number;
};

int64_t date_now(void)
{
    struct timespec ts = {0, 0};

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec;
}

/* --- pieces ---------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* At most nine digits, so that nothing can overflow. */
static bool digits(const char **p, int64_t *out)
{
    int n = 0;

    for (*out = 0; is_digit(**p); (*p)++) {
        if (++n > 9)
            return false;
        *out = *out * 10 + (**p - '0');
    }
    return n > 0;
}

/* Index of the word in a list, by its first three letters at least; -1 if it is not there. */
static int find_word(const char *word, const char *const *list, size_t count)
{
    size_t length = strlen(word);

    for (size_t i = 0; i < count && length >= 3; i++) {
        char head[16];

        if (length > strlen(list[i]))
            continue;
        text_format(head, sizeof(head), "%.*s", (int)length, list[i]);
        if (text_equal_nocase(word, head))
            return (int)i;
    }
    return -1;
}

static bool set_date(struct said *d, int64_t year, int64_t month, int64_t day)
{
    if (d->date || month < 1 || month > 12 || day < 1 || day > 31 || year < 1900 || year > 9999)
        return false;
    d->date = true;
    d->tm.tm_year = (int)year - 1900;
    d->tm.tm_mon = (int)month - 1;
    d->tm.tm_mday = (int)day;
    return true;
}

static bool set_time(struct said *d, int64_t hour, int64_t minute, int64_t second)
{
    if (d->time || hour > 23 || minute > 59 || second > 60)
        return false;
    d->time = true;
    d->tm.tm_hour = (int)hour;
    d->tm.tm_min = (int)minute;
    d->tm.tm_sec = (int)second;
    return true;
}

/* --- numbers --------------------------------------------------------------------------------- */

/* After "HH:": minutes, seconds, a fraction that is dropped, am or pm, a numeric zone. */
static bool clock_time(struct said *d, const char **p, int64_t hour)
{
    int64_t minute = 0, second = 0, ignored;

    (*p)++;
    if (!digits(p, &minute))
        return false;
    if (**p == ':') {
        (*p)++;
        if (!digits(p, &second))
            return false;
        if (**p == '.') {
            (*p)++;
            if (!digits(p, &ignored))
                return false;
        }
    }
    return set_time(d, hour, minute, second);
}

/* "2026-09-25" */
static bool dashed_date(struct said *d, const char **p, int64_t year)
{
    int64_t month, day;

    (*p)++;
    if (!digits(p, &month) || *(*p)++ != '-' || !digits(p, &day))
        return false;
    return set_date(d, year, month, day);
}

static int64_t full_year(int64_t year)
{
    return year >= 100 ? year : year < 69 ? year + 2000 : year + 1900;
}

/* "9/25", "9/25/2026", "2026/9/25" */
static bool slashed_date(struct said *d, const char **p, int64_t month)
{
    int64_t day, year = d->tm.tm_year + 1900;
    bool year_first = month >= 1900;

    (*p)++;
    if (!digits(p, &day))
        return false;
    if (year_first) {
        year = month;
        month = day;
        if (**p != '/')
            return false;
        (*p)++;
        if (!digits(p, &day))
            return false;
    } else if (**p == '/') {
        (*p)++;
        if (!digits(p, &year))
            return false;
        year = full_year(year);
    }
    return set_date(d, year, month, day);
}

/* "+0200", "-05:30", only after a time. */
static bool numeric_zone(struct said *d, const char **p, int sign)
{
    const char *start = *p;
    int64_t hhmm, minutes = 0;

    if (!digits(p, &hhmm))
        return false;
    if (**p == ':') {
        (*p)++;
        if (!digits(p, &minutes))
            return false;
    } else if (*p - start > 2) {
        minutes = hhmm % 100;
        hhmm /= 100;
    }
    if (hhmm > 14 || minutes > 59)
        return false;
    d->zone = true;
    d->zone_s = sign * (hhmm * 3600 + minutes * 60);
    return true;
}

static bool number(struct said *d, const char **p)
{
    int sign = **p == '-' ? -1 : 1;
    bool with_sign = **p == '-' || **p == '+';
    const char *start;
    int64_t v;

    if (with_sign) {
        const char *q = *p + 1;
        int n = 0;

        while (is_digit(q[n]))
            n++;
        *p = q;
        if (d->time && !d->zone && (n == 4 || q[n] == ':') && n >= 1)
            return numeric_zone(d, p, sign);
    }
    start = *p;
    if (d->pending || !digits(p, &v))
        return false;
    /* "20260925" */
    if (!with_sign && *p - start == 8)
        return set_date(d, v / 10000, v / 100 % 100, v % 100);
    if (!with_sign && **p == ':')
        return clock_time(d, p, v);
    if (!with_sign && **p == '-' && is_digit((*p)[1]))
        return dashed_date(d, p, v);
    if (!with_sign && **p == '/')
        return slashed_date(d, p, v);
    /* "Fri Sep 25 16:30:05 UTC 2026", as date(1) prints it */
    if (d->year_open && !with_sign && v >= 1900 && v <= 9999) {
        d->tm.tm_year = (int)v - 1900;
        d->year_open = false;
        return true;
    }
    /* "25-Sep-2026": the month makes use of the number. */
    if (**p == '-' && is_letter((*p)[1]))
        (*p)++;
    d->pending = true;
    d->last = false;
    d->number = sign * v;
    d->relative |= with_sign;
    return true;
}

/* --- words ----------------------------------------------------------------------------------- */

static const char *const months[] = {"january",   "february", "march",    "april",
                                     "may",       "june",     "july",     "august",
                                     "september", "october",  "november", "december"};
static const char *const days[] = {"sunday",   "monday", "tuesday", "wednesday",
                                   "thursday", "friday", "saturday"};

/* "Sep 25, 2026", "25 Sep 2026", "25-Sep-2026": the month, and what stands around it. */
static bool month_word(struct said *d, const char **p, int month)
{
    int64_t day, year = d->tm.tm_year + 1900;

    if (d->pending) {
        day = d->number;
        d->pending = false;
    } else {
        while (**p == ' ' || **p == '.')
            (*p)++;
        if (!digits(p, &day))
            return false;
    }
    while (**p == ' ' || **p == ',' || **p == '-')
        (*p)++;
    /* The next number is the year, unless it is the hour of a time. */
    d->year_open = true;
    if (is_digit(**p)) {
        const char *q = *p;
        int64_t v;

        if (!digits(&q, &v))
            return false;
        if (*q != ':' && !(q[0] == ' ' && (q[1] == 'a' || q[1] == 'p'))) {
            year = full_year(v);
            d->year_open = false;
            *p = q;
        }
    }
    return set_date(d, year, month + 1, day);
}

/* "4 pm", "4:30pm" */
static bool meridian(struct said *d, bool pm)
{
    if (d->pending) {
        d->pending = false;
        if (d->number < 1 || !set_time(d, d->number, 0, 0))
            return false;
    }
    if (!d->time || d->tm.tm_hour < 1 || d->tm.tm_hour > 12)
        return false;
    d->tm.tm_hour = d->tm.tm_hour % 12 + (pm ? 12 : 0);
    return true;
}

/* "hours", "2 days", with the number that stood before it, 1 if there was none. */
static bool unit(struct said *d, const char *word)
{
    static const struct {
        const char *word;
        int seconds, days, months, years;
    } units[] = {
        {"sec", 1, 0, 0, 0},     {"second", 1, 0, 0, 0},     {"min", 60, 0, 0, 0},
        {"minute", 60, 0, 0, 0}, {"hour", 3600, 0, 0, 0},    {"day", 0, 1, 0, 0},
        {"week", 0, 7, 0, 0},    {"fortnight", 0, 14, 0, 0}, {"month", 0, 0, 1, 0},
        {"year", 0, 0, 0, 1},
    };
    size_t length = strlen(word);
    char singular[16];
    int64_t n = d->pending ? d->number : 1;

    if (length > 1 && (word[length - 1] == 's' || word[length - 1] == 'S'))
        length--;
    text_format(singular, sizeof(singular), "%.*s", (int)length, word);
    if (n < -1000000 || n > 1000000)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (!text_equal_nocase(singular, units[i].word))
            continue;
        d->pending = false;
        d->relative = true;
        d->add_s += n * units[i].seconds;
        d->add_days += n * units[i].days;
        d->add_months += n * units[i].months;
        d->add_years += n * units[i].years;
        return true;
    }
    return false;
}

/* "last friday": the one before the next, or a week ago. */
static bool back_a_week(struct said *d)
{
    bool last = d->pending && d->last;

    d->pending = d->pending && !last;
    d->add_days -= last ? 7 : 0;
    return !d->pending;
}

static bool day_word(struct said *d, const char *word)
{
    bool tomorrow = text_equal_nocase(word, "tomorrow");
    int weekday = find_word(word, days, ARRAY_LEN(days));

    if (tomorrow || text_equal_nocase(word, "yesterday")) {
        d->add_days += tomorrow ? 1 : -1;
        d->relative = true;
        return true;
    }
    /* The next one of that name, or today. With a date it is decoration. */
    if (weekday >= 0 && back_a_week(d)) {
        d->weekday = true;
        d->weekday_days = (weekday - d->tm.tm_wday + 7) % 7;
        return true;
    }
    return text_equal_nocase(word, "today") || text_equal_nocase(word, "now");
}

static bool ago(struct said *d)
{
    if (!d->relative)
        return false;
    d->add_s = -d->add_s;
    d->add_days = -d->add_days;
    d->add_months = -d->add_months;
    d->add_years = -d->add_years;
    return true;
}

/* Zones by the names that date(1) prints where most of its users live; others are numbers. */
static bool zone_word(struct said *d, const char *word)
{
    static const struct {
        const char *word;
        int hours;
    } zones[] = {
        {"utc", 0},  {"gmt", 0},  {"z", 0},    {"wet", 0},  {"bst", 1},  {"west", 1}, {"cet", 1},
        {"cest", 2}, {"eet", 2},  {"eest", 3}, {"jst", 9},  {"est", -5}, {"edt", -4}, {"cst", -6},
        {"cdt", -5}, {"mst", -7}, {"mdt", -6}, {"pst", -8}, {"pdt", -7},
    };

    for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
        if (text_equal_nocase(word, zones[i].word)) {
            d->zone = true;
            d->zone_s = zones[i].hours * 3600;
            return true;
        }
    }
    return false;
}

static bool word(struct said *d, const char **p)
{
    char text[16];
    size_t n = 0;
    int month;

    while (is_letter((*p)[n]))
        n++;
    if (n >= sizeof(text))
        return false;
    memcpy(text, *p, n);
    text[n] = '\0';
    *p += n;
    /* The T of "2026-09-25T16:30:05Z" */
    if (text_equal_nocase(text, "t") && d->date && !d->time && is_digit(**p))
        return true;
    if (text_equal_nocase(text, "am") || text_equal_nocase(text, "pm"))
        return meridian(d, text[0] == 'p' || text[0] == 'P');
    if (zone_word(d, text))
        return true;
    if (text_equal_nocase(text, "ago"))
        return ago(d);
    if (text_equal_nocase(text, "next"))
        return !d->pending;
    if (text_equal_nocase(text, "last") && !d->pending) {
        d->pending = d->last = true;
        d->number = -1;
        return true;
    }
    if (unit(d, text))
        return true;
    month = find_word(text, months, ARRAY_LEN(months));
    if (month >= 0)
        return month_word(d, p, month);
    return day_word(d, text);
}

/* --- all of it ------------------------------------------------------------------------------- */

static bool scan(struct said *d, const char *p)
{
    while (*p != '\0') {
        if (*p == ' ' || *p == ',')
            p++;
        else if (*p == '@' && p[1] != '\0' && !d->epoch) {
            p++;
            d->epoch = true;
            for (d->epoch_s = 0; is_digit(*p) && d->epoch_s < INT64_C(1) << 40; p++)
                d->epoch_s = d->epoch_s * 10 + (*p - '0');
        } else if (is_digit(*p) || *p == '+' || *p == '-') {
            if (!number(d, &p))
                return false;
        } else if (!is_letter(*p) || !word(d, &p)) {
            return false;
        }
    }
    return !d->pending;
}

/* The fields of a calendar are int. */
static bool addable(int64_t v)
{
    return v >= -STEPS_MAX && v <= STEPS_MAX;
}

static bool to_seconds(struct said *d, int64_t *out_s)
{
    time_t t;

    if (!addable(d->add_days) || !addable(d->add_months) || !addable(d->add_years))
        return false;
    d->tm.tm_mday += (int)d->add_days + (d->weekday && !d->date ? d->weekday_days : 0);
    d->tm.tm_mon += (int)d->add_months;
    d->tm.tm_year += (int)d->add_years;
    d->tm.tm_isdst = -1;
    if (d->zone) {
        *out_s = (int64_t)timegm(&d->tm) - d->zone_s + d->add_s;
        return true;
    }
    t = mktime(&d->tm);
    if (t == (time_t)-1)
        return false;
    *out_s = (int64_t)t + d->add_s;
    return true;
}

bool date_parse(const char *text, int64_t now_s, int64_t *out_s)
{
    time_t now = (time_t)now_s;
    struct said d = {.date = false};

    if (text[0] == '\0' || !localtime_r(&now, &d.tm) || !scan(&d, text))
        return false;
    if (d.epoch) {
        *out_s = d.epoch_s + d.add_s;
        return !d.date && !d.time;
    }
    if ((d.date || d.weekday) && !d.time)
        d.tm.tm_hour = d.tm.tm_min = d.tm.tm_sec = 0;
    return to_seconds(&d, out_s);
}
