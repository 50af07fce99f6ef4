// SPDX-License-Identifier: GPL-2.0-or-later
/* How large a message of the bus is. It must never walk through all of a huge one. */
#include "message-size.h"

#include <stdbool.h>
#include <string.h>

#define VALUE	8	/* a value that is no string, and what surrounds one */

/* The string or value of basic type @type that comes next. */
static int measure_basic(sd_bus_message *m, char type, size_t *size)
{
	union {
		const char *text;
		uint64_t value;
		int fd;
	} u;
	int r = sd_bus_message_read_basic(m, type, &u);

	*size += VALUE;
	if (r > 0 && strchr("sog", type))
		*size += strlen(u.text);
	return r;
}

/* What is left in this container; sd-bus bounds how deep they are. */
static int measure(sd_bus_message *m, size_t *size, size_t max)
{
	const char *contents;
	char type;
	int r;

	while (*size < max) {
		r = sd_bus_message_peek_type(m, &type, &contents);
		if (r <= 0)
			return r;
		if (!contents) {
			r = measure_basic(m, type, size);
		} else {
			*size += VALUE;
			r = sd_bus_message_enter_container(m, type, contents);
			if (r >= 0)
				r = measure(m, size, max);
			if (r >= 0 && *size < max)
				r = sd_bus_message_exit_container(m);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

size_t message_size(sd_bus_message *m, size_t max)
{
	size_t size = 0;
	int r = sd_bus_message_rewind(m, true);

	if (r >= 0)
		r = measure(m, &size, max);
	if (sd_bus_message_rewind(m, true) < 0 || r < 0 || size > max)
		return max;
	return size;
}
