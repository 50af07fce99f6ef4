/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rights that polkit may give (org.freedesktop.PolicyKit1 on the system bus). Nothing waits for it:
 * a call that needs it is kept, and its method runs again when polkit has answered. What cannot be
 * understood is a no.
 */
#ifndef SNITCH_DAEMON_AUTHORITY_H
#define SNITCH_DAEMON_AUTHORITY_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "rights.h"

struct daemon;

#define AUTHORITY_CHECKS_MAX	16	/* calls that wait for polkit; each may hold 16 descriptors */
#define AUTHORITY_CHECKS_UID	4	/* of one user */
#define AUTHORITY_KEPT		(256U << 10)	/* about so many bytes, or a call is not kept */

enum authority_answer {
	AUTHORITY_NO,
	AUTHORITY_YES,
	AUTHORITY_PASSWORD,	/* no, as nobody may be asked for a password */
	AUTHORITY_ASKED,	/* the method will run again */
	AUTHORITY_BUSY,		/* too many calls wait */
};

/**
 * authority_ask() - has the sender of a call a right?
 * @d: the daemon
 * @m: the method call that runs now
 * @right: what its sender lacks
 * @interact: polkit may ask a person for a password, if the call allows that
 *
 * With AUTHORITY_ASKED the method has to return 1 without a reply; it runs again with the right, or
 * without. While it runs again nobody is asked any more: the answer is AUTHORITY_NO or _PASSWORD.
 */
enum authority_answer authority_ask(struct daemon *d, sd_bus_message *m, enum right right,
				    bool interact);

/* Gives @who, the sender of @m, what polkit has said yes to, if @m runs again. */
void authority_grant(const struct daemon *d, const sd_bus_message *m, struct caller *who);

/**
 * authority_look() - asks without a person and without a call that waits
 * @d: the daemon, on the system bus
 * @sender: whose right
 * @right: which
 * @fn: gets the reply, for authority_read()
 * @ctx: for @fn
 * @slot: gets what ends the asking
 *
 * Return: 0 or a negative errno.
 */
int authority_look(struct daemon *d, const char *sender, enum right right,
		   sd_bus_message_handler_t fn, void *ctx, sd_bus_slot **slot);

/* What polkit says: AUTHORITY_NO, _YES or _PASSWORD. */
enum authority_answer authority_read(sd_bus_message *reply);

/* On a new system bus: agents are looked at again when polkit has other answers. */
int authority_watch(struct daemon *d, sd_bus *bus);
/* The system bus is going away: nothing waits any more. */
void authority_lost_bus(struct daemon *d);

#endif
