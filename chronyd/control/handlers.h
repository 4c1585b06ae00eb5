/* handlers.h - what each command does, as a table by request code.
 *
 * Handlers translate: payload to call, report to payload, units and signs on the way. They decide
 * nothing that the rooms could decide. A log line follows each change that succeeded. */
#ifndef CHRONYD_CONTROL_HANDLERS_H
#define CHRONYD_CONTROL_HANDLERS_H

#include "chronyd/control/state.h"

/* NULL: nobody handles this code. */
handler_fn *handler_for(uint16_t command);

/* reports.c and clients.c: nothing changes */
handler_fn handle_n_sources, handle_source_data, handle_sourcestats, handle_select_data;
handler_fn handle_tracking, handle_activity, handle_rtcreport, handle_smoothing;
handler_fn handle_ntp_data, handle_ntp_source_name, handle_auth_data;
handler_fn handle_server_stats, handle_client_accesses, handle_manual_list;

/* explanations.c */
handler_fn handle_verdict, handle_source_reason, handle_subscribe;

/* source_commands.c */
handler_fn handle_online, handle_offline, handle_burst, handle_modify;
handler_fn handle_del_source, handle_add_source, handle_onoffline, handle_refresh;
handler_fn handle_reset_sources, handle_modify_selectopts, handle_modify_offset;
handler_fn handle_reselect, handle_reselectdistance, handle_reload_sources;

/* clock_commands.c */
handler_fn handle_makestep, handle_modify_makestep, handle_modify_maxupdateskew;
handler_fn handle_dfreq, handle_doffset, handle_doffset_old, handle_local, handle_local2;
handler_fn handle_settime, handle_manual, handle_manual_delete;
handler_fn handle_smoothtime, handle_writertc, handle_trimrtc;

/* daemon_commands.c */
handler_fn handle_access, handle_access_check, handle_dump, handle_rekey, handle_cyclelogs;
handler_fn handle_shutdown, handle_null, handle_reload_config;

#endif
