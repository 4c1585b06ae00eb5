#include "chronyc/sentences.h"

#include <math.h>
#include <string.h>

#include "base/reason.h"
#include "base/text.h"

const char *human_time(char *buf, size_t size, double seconds)
{
    double s = fabs(seconds);

    if (s < 1e-6)
        return text_format(buf, size, "%.0f ns", s * 1e9);
    if (s < 1e-3)
        return text_format(buf, size, "%.3g us", s * 1e6);
    if (s < 1.0)
        return text_format(buf, size, "%.3g ms", s * 1e3);
    if (s < 120.0)
        return text_format(buf, size, "%.3g s", s);
    if (s < 7200.0)
        return text_format(buf, size, "%.0f min", s / 60.0);
    if (s < 172800.0)
        return text_format(buf, size, "%.1f h", s / 3600.0);
    return text_format(buf, size, "%.1f days", s / 86400.0);
}

const char *clean_name(char *buf, size_t size, const char *name)
{
    size_t i = 0;

    for (; name[i] != '\0' && i + 1 < size; i++)
        buf[i] = name[i] > ' ' && name[i] < 0x7f ? name[i] : '?';
    buf[i] = '\0';
    return buf;
}

const char *verdict_word(unsigned state)
{
    static const char *const words[] = {"ok", "settling", "degraded", "unsynchronised",
                                        "not in control"};

    return state < ARRAY_LEN(words) ? words[state] : "unknown";
}

const char *reason_of_letter(unsigned char letter)
{
    static const struct {
        char letter;
        enum reason_code code;
    } rows[] = {
        {'N', REASON_NOSELECT},         {'M', REASON_FEW_SAMPLES},
        {'s', REASON_UNSYNCHRONISED},   {'r', REASON_STRATUM},
        {'d', REASON_DISTANCE},         {'~', REASON_JITTER},
        {'w', REASON_WAITS_FOR_OTHERS}, {'S', REASON_STALE},
        {'O', REASON_ORPHAN},           {'x', REASON_FALSETICKER},
        {'T', REASON_UNTRUSTED},        {'W', REASON_FEW_SOURCES},
        {'P', REASON_NOT_PREFERRED},    {'U', REASON_WAITS_FOR_UPDATE},
        {'D', REASON_OUTLIER_DISTANCE}, {'+', REASON_COMBINED},
        {'*', REASON_SELECTED},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (letter == (unsigned char)rows[i].letter)
            return reason_name(rows[i].code);
    return "unknown";
}

/* --- pieces ---------------------------------------------------------------------------------- */

/* How figure and limit of a reason are to be read. */
enum piece {
    PIECE_NONE,
    PIECE_COUNT,   /* %s is a whole number */
    PIECE_TIME,    /* %s is a duration */
    PIECE_PPM,     /* %s is a frequency */
    PIECE_NEAREST, /* one %s: the distance between figure and limit */
};

/* A sentence has a %s for the figure and may have a second one for the limit. `bare` is said when
 * the daemon gives no figures. */
struct sentence {
    enum reason_code code;
    enum piece piece;
    const char *text, *bare;
};

static const struct sentence source_sentences[] = {
    {REASON_UNRESOLVED, PIECE_TIME,
     "its name has no address yet; the next try is in %s (if this lasts, check the name and DNS)",
     "its name has no address yet (if this lasts, check the name and DNS)"},
    {REASON_NO_ROUTE, PIECE_NONE, NULL, "there is no route to it: nothing can be sent"},
    {REASON_NO_REPLY, PIECE_COUNT,
     "it has not answered any of %s requests (does it serve time, and do firewalls let UDP port "
     "123 "
     "pass?)",
     "it does not answer (does it serve time, and do firewalls let UDP port 123 pass?)"},
    {REASON_REFUSED, PIECE_NONE, NULL, "its host refuses: nobody serves time on that port"},
    {REASON_OFFLINE, PIECE_TIME, "it was switched offline %s ago", "it is switched offline"},
    {REASON_AUTH_FAILED, PIECE_COUNT, "its replies are not authenticated with key %s",
     "its replies are not authenticated"},
    {REASON_KEY_MISSING, PIECE_COUNT, "key %s is not in the key file", "its key is missing"},
    {REASON_KISS_RATE, PIECE_NONE, NULL, "it asks to be polled less often"},
    {REASON_NOSELECT, PIECE_NONE, NULL, "it is measured but never used (noselect)"},
    {REASON_FEW_SAMPLES, PIECE_COUNT, "it has %s samples, %s are needed", "it has too few samples"},
    {REASON_UNSYNCHRONISED, PIECE_NONE, NULL, "it says that it is not synchronised itself"},
    {REASON_STRATUM, PIECE_COUNT, "its stratum is %s, the limit is %s",
     "its stratum is outside the limits"},
    {REASON_DISTANCE, PIECE_TIME, "it may be wrong by %s, more than the allowed %s",
     "its root distance is too large"},
    {REASON_JITTER, PIECE_TIME, "its samples scatter by %s, more than the allowed %s",
     "its samples scatter too much"},
    {REASON_WAITS_FOR_OTHERS, PIECE_NONE, NULL,
     "it is ready, but others will have enough samples soon"},
    {REASON_STALE, PIECE_TIME, "it stopped answering %s ago, and others have newer samples",
     "it stopped answering, and others have newer samples"},
    {REASON_ORPHAN, PIECE_NONE, NULL, "it has no better time than ours and is kept for need"},
    {REASON_FALSETICKER, PIECE_NEAREST, "it is wrong: it misses the majority by %s and is not used",
     "it is wrong: it disagrees with the majority and is not used"},
    {REASON_NO_MAJORITY, PIECE_COUNT, "only %s sources agree, %s would be a majority",
     "there is no majority that agrees"},
    {REASON_UNTRUSTED, PIECE_NONE, NULL, "it disagrees with the trusted sources"},
    {REASON_FEW_SOURCES, PIECE_COUNT, "it is good, but only %s of the required %s sources are",
     "it is good, but waits for other sources"},
    {REASON_REQUIRED_MISSING, PIECE_NONE, NULL,
     "it is good, but no source with the require option is"},
    {REASON_NOT_PREFERRED, PIECE_NONE, NULL, "it is good, but others are preferred"},
    {REASON_WAITS_FOR_UPDATE, PIECE_NONE, NULL, "it is good and waits for a new sample"},
    {REASON_OUTLIER_DISTANCE, PIECE_TIME,
     "it agrees, but is too far from the selected one to help: %s, more than the allowed %s",
     "it agrees, but is too far from the selected one to help"},
    {REASON_COMBINED, PIECE_NONE, NULL, "it is combined with the selected one"},
    {REASON_SELECTED, PIECE_NONE, NULL, "it is followed"},
};

static const struct sentence host_sentences[] = {
    {REASON_NO_SOURCES, PIECE_NONE, NULL, "no source is configured"},
    {REASON_NO_SELECTABLE, PIECE_COUNT, "none of %s sources can be used", "no source can be used"},
    {REASON_FEW_SAMPLES, PIECE_NONE, NULL, "the sources do not have enough samples yet"},
    {REASON_WAITS_FOR_OTHERS, PIECE_NONE, NULL, "some sources do not have enough samples yet"},
    {REASON_WAITS_FOR_UPDATE, PIECE_NONE, NULL, "the sources agree, and a new sample is awaited"},
    {REASON_NO_MAJORITY, PIECE_COUNT, "the sources disagree: only %s agree, %s would be a majority",
     "the sources disagree and none is the majority"},
    {REASON_FEW_SOURCES, PIECE_COUNT, "only %s of the required %s sources can be used",
     "too few sources can be used"},
    {REASON_REQUIRED_MISSING, PIECE_NONE, NULL, "no source with the require option can be used"},
    {REASON_NOT_UPDATED, PIECE_TIME, "the clock has not been updated for %s",
     "no source has given the time since chronyd started"},
    {REASON_SLEWING, PIECE_TIME,
     "%s are being slewed out, which takes another %s (chronyc makestep corrects it at once)",
     "an offset is being slewed out (chronyc makestep corrects it at once)"},
    {REASON_OFFSET_IGNORED, PIECE_TIME,
     "an offset of %s is ignored because it is larger than the allowed %s",
     "a large offset is ignored"},
    {REASON_INTERFERENCE, PIECE_PPM, "another program steers the clock too (by %s)",
     "another program steers the clock too"},
    {REASON_CLOCK_JUMPED, PIECE_TIME, "somebody else stepped the clock by %s",
     "somebody else stepped the clock"},
    {REASON_NO_PERMISSION, PIECE_NONE, NULL, "the daemon may not set the clock (CAP_SYS_TIME)"},
    {REASON_CONTROL_OFF, PIECE_NONE, NULL, "control of the clock is switched off (-x)"},
    {REASON_LOCAL, PIECE_NONE, NULL, "only the local reference is served"},
    {REASON_ERROR_LARGE, PIECE_TIME, "the error may reach %s, more than %s",
     "the error may be large"},
};

static const char *piece_text(char *buf, size_t size, enum piece piece, double v)
{
    char time[40];

    switch (piece) {
    case PIECE_TIME:
    case PIECE_NEAREST:
        return text_format(buf, size, "%s", human_time(time, sizeof(time), v));
    case PIECE_PPM:
        return text_format(buf, size, "%.3f ppm", v);
    default:
        return text_format(buf, size, "%.0f", v);
    }
}

/* The text with its %s replaced. Formats come from the tables above, never from the wire; they are
 * still not given to printf. */
static const char *fill_in(char *buf, size_t size, const char *text, const char *first,
                           const char *second)
{
    const char *mark = strstr(text, "%s"), *rest;

    if (!mark)
        return text_format(buf, size, "%s", text);
    rest = strstr(mark + 2, "%s");
    if (!rest)
        return text_format(buf, size, "%.*s%s%s", (int)(mark - text), text, first, mark + 2);
    return text_format(buf, size, "%.*s%s%.*s%s%s", (int)(mark - text), text, first,
                       (int)(rest - mark - 2), mark + 2, second, rest + 2);
}

static const char *say(char *buf, size_t size, const struct sentence *s,
                       const struct candm_reason *r)
{
    bool nothing = r->figure == 0.0 && r->limit == 0.0;
    char figure[60], limit[60];

    if (s->piece == PIECE_NONE || nothing)
        return text_format(buf, size, "%s", s->bare);
    piece_text(figure, sizeof(figure), s->piece,
               s->piece == PIECE_NEAREST ? r->figure - r->limit : r->figure);
    return fill_in(buf, size, s->text, figure,
                   piece_text(limit, sizeof(limit), s->piece, r->limit));
}

/* Test numbers are 1 to 7, and 10 to 13 for A to D. */
static const char *test_sentence(char *buf, size_t size, double figure)
{
    static const char *const names[] = {"?", "1", "2", "3", "4", "5", "6",
                                        "7", "?", "?", "A", "B", "C", "D"};
    static const char *const tests[] = {
        "",
        "they are duplicates",
        "they do not match our requests",
        "they carry no timestamps",
        "",
        "their authentication is wrong",
        "it is not synchronised",
        "its root distance is too large",
        "",
        "",
        "their delay is too large",
        "their delay is far above the least one",
        "their delay is far above the usual one",
        "it follows us (a loop)",
    };
    size_t i = figure >= 0.0 && figure < (double)ARRAY_LEN(tests) ? (size_t)figure : 0;

    if (tests[i][0] == '\0')
        return text_format(buf, size, "its replies fail a test");
    return text_format(buf, size, "its replies fail test %s: %s", names[i], tests[i]);
}

static const char *say_code(char *buf, size_t size, const struct sentence *table, size_t count,
                            const struct candm_reason *r)
{
    enum reason_code code = reason_from_name(r->name);
    char name[sizeof(r->name)];

    for (size_t i = 0; i < count; i++)
        if (table[i].code == code)
            return say(buf, size, &table[i], r);
    return text_format(buf, size, "%s (%g, %g)", clean_name(name, sizeof(name), r->name), r->figure,
                       r->limit);
}

const char *source_sentence(char *buf, size_t size, const struct candm_reason *r)
{
    enum reason_code code = reason_from_name(r->name);

    if (code == REASON_NONE)
        return text_format(buf, size, "it is good");
    if (code == REASON_TEST_FAILED)
        return test_sentence(buf, size, r->figure);
    if (code == REASON_OUTLIER_DISTANCE && r->figure > 0.0 && r->figure <= r->limit)
        return text_format(buf, size,
                           "it agrees, but was too far from the selected one lately; it "
                           "is watched for some more updates");
    if (strcmp(r->name, REASON_NAME_SELECTABLE) == 0)
        return text_format(buf, size, "it can be used, but is not");
    if (strcmp(r->name, REASON_NAME_UNUSABLE) == 0)
        return text_format(buf, size, "it cannot be used now");
    return say_code(buf, size, source_sentences, ARRAY_LEN(source_sentences), r);
}

const char *host_sentence(char *buf, size_t size, const struct candm_reason *r)
{
    if (reason_from_name(r->name) == REASON_NONE)
        return text_format(buf, size, "%s", "");
    return say_code(buf, size, host_sentences, ARRAY_LEN(host_sentences), r);
}
