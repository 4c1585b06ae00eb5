/* sources_log.c - records of statistics.log and selection.log (spec chrony-conf section 20). */
#include "chronyd/reference/sources_private.h"

static const char statistics_heading[] =
    "   Date (UTC) Time     IP Address    Std dev'n Est offset  Offset sd  Diff freq   Est skew  "
    "Stress  Ns  Bs  Nr  Asym";
static const char selection_heading[] =
    "   Date (UTC) Time     IP Address   S EOpts Reach Score Last sample  Low end   High end";

void sources_open_logs(struct sources *ss)
{
    const struct sources_settings *s = &ss->settings;

    if (s->log_statistics)
        ss->statistics_log =
            logfile_create(&ss->os, ss->log, &s->logs, "statistics", statistics_heading);
    if (s->log_selection)
        ss->selection_log =
            logfile_create(&ss->os, ss->log, &s->logs, "selection", selection_heading);
}

void sources_cycle_logs(struct sources *ss)
{
    if (ss->statistics_log)
        logfile_cycle(ss->statistics_log);
    if (ss->selection_log)
        logfile_cycle(ss->selection_log);
}

void sources_log_statistics(struct source *s)
{
    const struct sample *newest = track_newest(s->track);
    struct clock *c = s->owner->clock;
    struct track_report t;
    struct estimate e;
    char when[20], who[ADDR_TEXT_MAX];

    if (!s->owner->statistics_log || track_count(s->track) < 3 ||
        !track_estimate(s->track, newest->at, &e))
        return;
    track_report(s->track, &t);
    logfile_write(s->owner->statistics_log,
                  "%s %-15s %10.3e %10.3e %10.3e %10.3e %10.3e %7.1e %3d %3d %3d %5.2f",
                  logfile_time(clock_corrected(c, newest->at), when),
                  source_log_name(s, who, sizeof(who)), t.sd_s,
                  utc_diff_s(clock_corrected(c, newest->at), e.truth), e.offset_sd_s,
                  (e.freq_ppm - clock_freq_ppm(c)) * 1e-6, e.skew_ppm * 1e-6, t.stress, t.samples,
                  t.first, t.runs, t.asymmetry);
}

static const char *option_letters(uint8_t options, char buf[6])
{
    buf[0] = '-'; /* a place that was never used */
    buf[1] = options & SELECT_NOSELECT ? 'N' : '-';
    buf[2] = options & SELECT_PREFER ? 'P' : '-';
    buf[3] = options & SELECT_TRUST ? 'T' : '-';
    buf[4] = options & SELECT_REQUIRE ? 'R' : '-';
    buf[5] = '\0';
    return buf;
}

void sources_log_selection(struct sources *ss)
{
    char when[20];

    if (!ss->selection_log)
        return;
    logfile_time(clock_now(ss->clock), when);
    for (size_t i = 0; i < ss->count; i++) {
        const struct source *s = ss->list[i];
        const struct candidate *c = &s->candidate;
        char who[ADDR_TEXT_MAX], options[6];

        logfile_write(ss->selection_log, "%s %-15s %c %s %4o %5.2f %10.3e %10.3e %10.3e", when,
                      source_log_name(s, who, sizeof(who)), c->state,
                      option_letters(c->effective_options, options), s->reach, c->score,
                      c->newest_age_s, -c->high_s, -c->low_s);
    }
}
