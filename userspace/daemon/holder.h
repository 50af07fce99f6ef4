/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of the bus that something of ours lasts as long as: on the system bus a name that is
 * tracked, on the private socket the connection itself. It must never take one client for another.
 */
#ifndef SNITCH_DAEMON_HOLDER_H
#define SNITCH_DAEMON_HOLDER_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

struct daemon;

/* Zero it before first use. @sender and @track are NULL on the private socket. */
struct holder {
	sd_bus *bus;		/* a reference */
	char *sender;
	sd_bus_track *track;
};

/*
 * Holds on to who sent @m. @lost is called when it leaves the system bus; of the private socket
 * bus.c tells. Return: 0 or a negative errno, with nothing held.
 */
int holder_hold(struct holder *h, const struct daemon *d, sd_bus_message *m,
		sd_bus_track_handler_t lost, void *ctx);
void holder_release(struct holder *h);

/* Is it the sender of @m? */
bool holder_is(const struct holder *h, const struct daemon *d, sd_bus_message *m);

#endif
