/* sample_filter.h - the median filter of the option `filter`.
 *
 * Collects the samples of N polls (missed ones count) and makes one of those near the median. */
#ifndef CHRONYD_NTP_SAMPLE_FILTER_H
#define CHRONYD_NTP_SAMPLE_FILTER_H

#include "chronyd/clock/clock.h"
#include "chronyd/track/sample.h"

struct sample_filter;

struct sample_filter *sample_filter_create(int length); /* 1..256 */
void sample_filter_destroy(struct sample_filter *f);    /* NULL is allowed */
void sample_filter_reset(struct sample_filter *f);
/* Leap seconds have called instants by other names, by so much in all: the samples at hand follow.
 */
void sample_filter_relabel(struct sample_filter *f, double total_s);
void sample_filter_add(struct sample_filter *f, const struct sample *s);
/* A poll ended, with or without a sample: true when it was the last of N and *out is the result
 * (false also when none of them brought a sample). */
bool sample_filter_poll(struct sample_filter *f, const struct clock *clock, struct sample *out);

#endif
