// SPDX-License-Identifier: GPL-2.0-or-later
/* See message-dict.h. */
#include "message-dict.h"

int message_read_dict(sd_bus_message *m,
		      int (*take)(sd_bus_message *m, const char *key, void *ctx), void *ctx)
{
	const char *key;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read(m, "s", &key);
		if (r >= 0)
			r = take(m, key, ctx);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}
