/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spans of time as people write them ("90s", "1h", "2d"), and the clock that all times on the
 * wire use. It never knows calendars or time zones.
 */
#ifndef SNITCH_UTIL_TIMESPAN_H
#define SNITCH_UTIL_TIMESPAN_H

#include <stddef.h>
#include <stdint.h>

#define SNITCH_NSEC_PER_SEC	1000000000ULL
#define SNITCH_NSEC_PER_MSEC	1000000ULL
#define SNITCH_SPAN_MAX		(366ULL * 24 * 3600)	/* seconds: the longest span taken */

/* Now, CLOCK_BOOTTIME, nanoseconds. */
uint64_t snitch_boottime(void);

/**
 * snitch_span_parse() - read a span of time
 * @text: numbers with a unit each: s, m (or min), h, d, w; "1h30m"; a bare number is seconds
 * @seconds: gets the span
 *
 * Return: 0; -EINVAL when it is no span, or zero; -ERANGE over SNITCH_SPAN_MAX.
 */
int snitch_span_parse(const char *text, uint64_t *seconds);

/**
 * snitch_span_format() - write a span so that snitch_span_parse() reads it back
 * @seconds: the span
 * @buf: gets for instance "1h30m"
 * @size: of @buf; 32 always suffices
 *
 * Return: @buf.
 */
char *snitch_span_format(uint64_t seconds, char *buf, size_t size);

#endif
