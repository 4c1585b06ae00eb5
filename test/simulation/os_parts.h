/* os_parts.h - struct os of a simulated node, in four parts: host, devices, network, disk. */
#ifndef SIMULATION_OS_PARTS_H
#define SIMULATION_OS_PARTS_H

#include "test/simulation/world.h"

int sim_udp_open(void *ctx, const struct os_udp_params *params, struct err *err);
void sim_socket_close(void *ctx, int sock);
bool sim_udp_send(void *ctx, const struct os_datagram *d, uint32_t *tx_id, struct err *err);
bool sim_has_route(void *ctx, const struct addr *to);
int sim_unix_open(void *ctx, const char *path, struct err *err);
bool sim_unix_send(void *ctx, const struct os_datagram *d, struct err *err);
int sim_stream_listen(void *ctx, const char *path, unsigned mode, const char *group,
                      struct err *err);
long sim_stream_send(void *ctx, int stream, const void *data, size_t length);

bool sim_rtc_open(void *ctx, const char *device, struct err *err);
void sim_rtc_close(void *ctx);
bool sim_rtc_ticks(void *ctx, bool on, struct err *err);
bool sim_rtc_set(void *ctx, const struct utc_calendar *to, struct err *err);
bool sim_rtc_read(void *ctx, const char *device, struct utc_calendar *shows, struct utc *stamp,
                  struct err *err);
int sim_refclock_open(void *ctx, const struct os_refclock_params *params, bool *polled,
                      struct err *err);
bool sim_refclock_poll(void *ctx, int clock, struct os_refclock_sample *out);
void sim_refclock_close(void *ctx, int clock);

size_t sim_interfaces(void *ctx, char (*names)[OS_INTERFACE_NAME_MAX], size_t max);
bool sim_hwstamp_enable(void *ctx, const struct os_hwstamp_params *params,
                        struct os_hwstamp_port *out, struct err *err);
bool sim_hwclock_read(void *ctx, int clock, struct os_hwclock_reading *out);

bool sim_file_read(void *ctx, const char *path, size_t max, char **data, size_t *length,
                   struct err *err);
bool sim_file_replace(void *ctx, const char *path, const void *data, size_t length, unsigned mode,
                      struct err *err);
bool sim_file_remove(void *ctx, const char *path, struct err *err);
bool sim_file_mtime(void *ctx, const char *path, struct utc *out);
int sim_append_open(void *ctx, const char *path, unsigned mode, struct err *err);
bool sim_append_write(void *ctx, int file, const void *data, size_t length, struct err *err);
void sim_append_close(void *ctx, int file);
bool sim_glob(void *ctx, const char *pattern, char ***paths, size_t *count, struct err *err);

#endif
