// SPDX-License-Identifier: GPL-2.0-or-later
/* Ranges of addresses, as the kernel's sets take them. Pure. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "snitch.h"

static size_t addr_bytes(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

static bool is_range(const struct snitch_range *r)
{
	return (r->family == AF_INET || r->family == AF_INET6) &&
	       memcmp(r->first, r->last, addr_bytes(r->family)) <= 0;
}

static int compare(const void *a, const void *b)
{
	const struct snitch_range *x = a, *y = b;

	if (x->family != y->family)
		return x->family == AF_INET ? -1 : 1;
	return memcmp(x->first, y->first, addr_bytes(x->family));
}

/* Does @b, which does not begin before @a, begin within it or right behind it? */
static bool joins(const struct snitch_range *a, const struct snitch_range *b)
{
	size_t bytes = addr_bytes(a->family), i = bytes;
	uint8_t next[16];

	if (a->family != b->family)
		return false;
	memcpy(next, a->last, bytes);
	while (i && !++next[i - 1])
		i--;
	return !i || memcmp(b->first, next, bytes) <= 0;
}

/* Lists come in order: a million ranges are not sorted again for each policy. */
static bool in_order(const struct snitch_range *r, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++) {
		if (compare(&r[i - 1], &r[i]) > 0)
			return false;
	}
	return true;
}

size_t snitch_ranges_tidy(struct snitch_range *ranges, size_t n)
{
	size_t i, out = 0;

	for (i = 0; i < n; i++) {
		if (is_range(&ranges[i]))
			ranges[out++] = ranges[i];
	}
	n = out;
	if (!in_order(ranges, n))
		qsort(ranges, n, sizeof(*ranges), compare);
	for (i = 0, out = 0; i < n; i++) {
		struct snitch_range *last = &ranges[out - 1];

		if (!out || !joins(last, &ranges[i]))
			ranges[out++] = ranges[i];
		else if (memcmp(last->last, ranges[i].last, addr_bytes(last->family)) < 0)
			memcpy(last->last, ranges[i].last, sizeof(last->last));
	}
	return out;
}
