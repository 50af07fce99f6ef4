// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration's lines about the history. It must never guess at a number.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "history-source.h"

static int take_number(const char *value, uint64_t min, uint64_t max, uint64_t factor,
		       uint64_t *out)
{
	unsigned long long number;
	char *end;

	if (*value < '0' || *value > '9')
		return -EINVAL;
	errno = 0;
	number = strtoull(value, &end, 10);
	if (errno || *end || number < min || number > max)
		return -EINVAL;
	*out = number * factor;
	return 0;
}

int history_setting(struct history_wish *wish, const char *key, const char *value)
{
	struct history_limits *l = &wish->limits;

	if (!strcmp(key, "history-rows"))
		return take_number(value, 1, HISTORY_ROWS_MAX, 1, &l->rows);
	if (!strcmp(key, "history-mib"))
		return take_number(value, 1, HISTORY_BYTES_MAX >> 20, 1 << 20, &l->bytes);
	if (!strcmp(key, "history-days"))
		return take_number(value, 1, HISTORY_DAYS_MAX, 1, &l->days);
	if (strcmp(key, "history") || (strcmp(value, "all") && strcmp(value, "asked") &&
				       strcmp(value, "off")))
		return -EINVAL;
	wish->all = !strcmp(value, "all");
	wish->off = !strcmp(value, "off");
	return 0;
}
