// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Spans of time as people write them. It must never take a number that overflows.
 */
#include "timespan.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"

static const struct unit {
	const char *name;
	uint64_t seconds;
} units[] = {
	{ "w", 7 * 24 * 3600 }, { "d", 24 * 3600 }, { "h", 3600 }, { "min", 60 }, { "m", 60 },
	{ "s", 1 },
};

uint64_t snitch_boottime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * SNITCH_NSEC_PER_SEC + ts.tv_nsec;
}

static const struct unit *find_unit(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(units); i++) {
		if (strlen(units[i].name) == len && !strncmp(units[i].name, text, len))
			return &units[i];
	}
	return NULL;
}

int snitch_span_parse(const char *text, uint64_t *seconds)
{
	uint64_t total = 0, number;
	const struct unit *unit;
	const char *start;

	if (!*text)
		return -EINVAL;
	while (*text) {
		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		for (number = 0; isdigit((unsigned char)*text); text++) {
			number = number * 10 + (*text - '0');
			if (number > SNITCH_SPAN_MAX)
				return -ERANGE;
		}
		start = text;
		while (isalpha((unsigned char)*text))
			text++;
		if (text == start) {
			if (*text || total)
				return -EINVAL;
			total = number;
			break;
		}
		unit = find_unit(start, text - start);
		if (!unit)
			return -EINVAL;
		total += number * unit->seconds;
		if (total > SNITCH_SPAN_MAX)
			return -ERANGE;
	}
	if (!total)
		return -EINVAL;
	*seconds = total;
	return 0;
}

char *snitch_span_format(uint64_t seconds, char *buf, size_t size)
{
	static const struct unit out[] = {
		{ "d", 24 * 3600 }, { "h", 3600 }, { "m", 60 }, { "s", 1 },
	};
	uint64_t n;
	size_t used = 0, i;

	buf[0] = '\0';
	for (i = 0; i < SNITCH_ARRAY_SIZE(out) && used < size; i++) {
		n = seconds / out[i].seconds;
		seconds %= out[i].seconds;
		if (n)
			used += snprintf(buf + used, size - used, "%llu%s",
					 (unsigned long long)n, out[i].name);
	}
	if (!used)
		snprintf(buf, size, "0s");
	return buf;
}
