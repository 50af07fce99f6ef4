// SPDX-License-Identifier: GPL-2.0-or-later
/* Clients of the bus that hold something. It must never forget to tell that one has gone. */
#include "holder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"

static const char *sender_of(const struct daemon *d, sd_bus_message *m)
{
	return sd_bus_message_get_bus(m) == d->system ? sd_bus_message_get_sender(m) : NULL;
}

int holder_hold(struct holder *h, const struct daemon *d, sd_bus_message *m,
		sd_bus_track_handler_t lost, void *ctx)
{
	const char *sender = sender_of(d, m);
	int r = 0;

	h->bus = sd_bus_ref(sd_bus_message_get_bus(m));
	if (sender) {
		h->sender = strdup(sender);
		r = h->sender ? sd_bus_track_new(h->bus, &h->track, lost, ctx) : -ENOMEM;
		if (r >= 0)
			r = sd_bus_track_add_name(h->track, sender);
	}
	if (r < 0)
		holder_release(h);
	return r < 0 ? r : 0;
}

void holder_release(struct holder *h)
{
	sd_bus_track_unref(h->track);
	free(h->sender);
	sd_bus_unref(h->bus);
	memset(h, 0, sizeof(*h));
}

bool holder_is(const struct holder *h, const struct daemon *d, sd_bus_message *m)
{
	const char *sender = sender_of(d, m);

	return h->bus == sd_bus_message_get_bus(m) &&
	       (!h->sender || (sender && !strcmp(h->sender, sender)));
}
