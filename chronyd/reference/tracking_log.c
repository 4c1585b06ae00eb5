/* tracking_log.c - records of tracking.log (spec chrony-conf section 20). */
#include "chronyd/reference/private.h"

#include <stdio.h>

#include "base/text.h"

static const char heading[] = "   Date (UTC) Time     IP Address   St   Freq ppm   Skew ppm     "
                              "Offset L Co  Offset sd Rem. corr. Root delay Root disp. Max. error";

void reference_log_open(struct reference *r)
{
    if (r->settings.log_tracking)
        r->tracking_log = logfile_create(&r->os, r->log, &r->settings.logs, "tracking", heading);
}

const char *reference_id_text(uint32_t refid, const struct addr *addr, char *buf, size_t size)
{
    size_t used = 0;

    if (addr->family != ADDR_NONE)
        return addr_format(addr, buf, size);
    if (refid == 0)
        return text_format(buf, size, "0.0.0.0");
    for (int shift = 24; shift >= 0 && used + 1 < size; shift -= 8) {
        unsigned char c = (unsigned char)(refid >> shift);

        if (c)
            buf[used++] = c > ' ' && c < 127 ? (char)c : '?';
    }
    buf[used] = '\0';
    return buf;
}

void reference_log_record(struct reference *r, const struct tracking_record *t)
{
    static const char leap_letter[] = {'N', '+', '-', '?'};
    char when[20], who[ADDR_TEXT_MAX];
    bool s = t->synchronised;

    if (!r->tracking_log)
        return;
    logfile_write(r->tracking_log,
                  "%s %-15s %2d %10.3f %10.3f %10.3e %c %2d %10.3e %10.3e %10.3e %10.3e %10.3e",
                  logfile_time(clock_now(r->clock), when),
                  reference_id_text(t->refid, &t->addr, who, sizeof(who)), s ? r->stratum : 0,
                  clock_freq_ppm(r->clock), r->skew_ppm, 0.0 - t->offset_s,
                  leap_letter[s ? r->leap : LEAP_UNSYNCHRONISED], s ? r->sources : 0,
                  s ? r->offset_sd_s : 0.0, t->remaining_s,
                  s ? r->root_delay_s : UNSYNCHRONISED_ROOT_S,
                  s ? r->root_dispersion_s : UNSYNCHRONISED_ROOT_S, r->max_error_s);
}
