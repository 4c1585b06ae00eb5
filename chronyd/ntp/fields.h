/* fields.h - extension fields that we send and understand.
 *
 * The experimental field 0xF323 (28 bytes with its head): a magic number, root delay and dispersion
 * in units of 2^-28 s, the receive timestamp on a time scale that is never stepped nor slewed, and
 * a number that names this scale. A client sees by it what the server did to its own clock between
 * two answers.
 *
 * Network correction, 0x010A (28 bytes): the time that the request spent in switches which measure
 * it (ptp.h), in units of 2^-32 s. A client asks for it with a field of zeros. */
#ifndef CHRONYD_NTP_FIELDS_H
#define CHRONYD_NTP_FIELDS_H

#include "base/wire.h"
#include "chronyd/ntp/packet.h"

struct mono_root {
    double root_delay_s, root_dispersion_s;
    struct ntp_time mono_receive;
    uint32_t epoch; /* timestamps of different epochs do not compare */
};

#define MONO_ROOT_BYTES 28

/* Is there such a field in the packet? *out is filled in. */
bool mono_root_find(const struct ntp_packet *p, struct mono_root *out);
/* Zeros for NULL: a request. */
void mono_root_put(struct wire_out *out, const struct mono_root *m);

#define CORRECTION_BYTES 28
/* Is there such a field in the packet? *correction_s is filled in. */
bool correction_find(const struct ntp_packet *p, double *correction_s);
void correction_put(struct wire_out *out, double correction_s);

#endif
