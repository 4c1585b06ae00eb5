/* explain.h - the verdict on the host and the reason behind every source, fetched from a daemon of
 * any version.
 *
 * A daemon of this project is asked for its reasons (requests 128 and 129). Others, and ours where
 * access does not allow that, give what can be read from tracking, selectdata or sources. */
#ifndef CHRONYC_EXPLAIN_H
#define CHRONYC_EXPLAIN_H

#include "chronyc/client.h"
#include "chronyc/names.h"

struct host_view {
    struct candm_rpy_tracking tracking;
    struct candm_rpy_verdict verdict;
    bool own_verdict; /* the daemon gave it; else it is concluded from tracking */
};

struct source_view {
    struct source_id id;
    uint8_t letter; /* of selectdata; 0 if unknown */
    struct candm_rpy_source_data data;
    bool have_reasons;           /* with figures */
    struct candm_reason network; /* "none": it gives usable samples */
    struct candm_reason selection;
};

/* Both print the status line and return false if the daemon does not answer or refuses. */
bool fetch_host(struct session *s, struct host_view *out);
bool fetch_source(struct session *s, uint32_t index, struct source_view *out);
bool fetch_source_count(struct session *s, uint32_t *count);

/* ,"KEY":{"name":...,"figure":...,"limit":...,"directive":...} */
void json_reason(FILE *out, const char *key, const struct candm_reason *r);
/* One sentence without a full stop. */
const char *source_view_sentence(char *buf, size_t size, const struct source_view *v);
const char *host_view_sentence(char *buf, size_t size, const struct host_view *v);

#endif
