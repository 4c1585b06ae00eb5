/* reports.h - every report of chronyc as a description (spec chronyc section 7), and one function
 * per report that turns a decoded reply into a row.
 *
 * Names are given as they are to be shown; how they are found out (reference ID, address, reverse
 * DNS, configured name) is names.h. Units and signs are those of candm/messages.h. */
#ifndef CHRONYC_REPORTS_H
#define CHRONYC_REPORTS_H

#include "chronyc/report.h"

extern const struct report report_sources, report_sourcestats, report_selectdata, report_authdata,
    report_ntpdata;
extern const struct report report_tracking, report_activity, report_serverstats, report_clients,
    report_clients_nke, report_smoothing, report_rtcdata, report_manual_list, report_waitsync,
    report_sourcename, report_settime, report_reload;

/* `address` is the text of the source's address, NULL for a reference clock. */
void row_sources(struct printer *p, const struct candm_rpy_source_data *r, const char *name,
                 const char *address);
void row_sourcestats(struct printer *p, const struct candm_rpy_sourcestats *r, const char *name,
                     const char *address);
void row_selectdata(struct printer *p, const struct candm_rpy_select_data *r, const char *name,
                    const char *address);
void row_authdata(struct printer *p, const struct candm_rpy_auth_data *r, const char *name,
                  const char *address);
void row_ntpdata(struct printer *p, const struct candm_rpy_ntp_data2 *r);
void row_tracking(struct printer *p, const struct candm_rpy_tracking *r, const char *name);
void row_activity(struct printer *p, const struct candm_rpy_activity *r);
void row_serverstats(struct printer *p, const struct candm_rpy_server_stats4 *r);
void row_clients(struct printer *p, const struct candm_client *r, const char *name, bool nke);
void row_smoothing(struct printer *p, const struct candm_rpy_smoothing *r);
void row_rtcdata(struct printer *p, const struct candm_rpy_rtc *r);
void row_manual_list(struct printer *p, const struct candm_manual_sample *r, uint32_t index);
void row_waitsync(struct printer *p, const struct candm_rpy_tracking *r, uint32_t try);
void row_sourcename(struct printer *p, const char *name);
void row_reload(struct printer *p, const struct candm_rpy_reload_config *r);
void row_settime(struct printer *p, const struct candm_rpy_manual_timestamp *r);

/* Is the host synchronised, as `waitsync` means it: to an address, or to a reference clock, but not
 * to its own local reference? */
bool tracking_synchronised(const struct candm_rpy_tracking *r);
/* The bound of the clock's error: |correction| + root dispersion + root delay / 2. */
double tracking_error_bound_s(const struct candm_rpy_tracking *r);
#define LOCAL_REFID UINT32_C(0x7f7f0101)

/* The words behind the characters of `sources`; "unknown" for values nobody knows. */
const char *source_mode_word(uint16_t mode);
const char *source_state_word(uint16_t state);
char source_mode_char(uint16_t mode);
char source_state_char(uint16_t state);

/* What -v prints before the heading: a blank line and a legend. */
extern const char legend_sources[], legend_sourcestats[], legend_selectdata[], legend_authdata[];

#endif
