/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network around us, for profiles: by netlink, and by NetworkManager where there is one. It
 * must never keep the loop waiting for another program.
 */
#ifndef SNITCH_DAEMON_NETWORK_H
#define SNITCH_DAEMON_NETWORK_H

#include <systemd/sd-bus.h>

#include "../policy/profile.h"

/* Links that are up and, if @gateways, default routes. Return: 0 or a negative errno. */
int network_read(struct profile_facts *facts, bool gateways);

/*
 * A netlink socket that tells of changes; also of neighbours, if @gateways. Return: a descriptor,
 * the caller's; or a negative errno.
 */
int network_watch(bool gateways);

/* ---- nm.c ---- */

/*
 * Asks NetworkManager for all its objects; @answer is called with them, or with an error where
 * there is none. Return: 0 or a negative errno.
 */
int nm_ask(sd_bus *bus, sd_bus_slot **slot, sd_bus_message_handler_t answer, void *ctx);

/* Calls @changed when something of it changes. Return: 0 or a negative errno. */
int nm_watch(sd_bus *bus, sd_bus_slot **slot, sd_bus_message_handler_t changed, void *ctx);

/* The same when it comes or goes. */
int nm_watch_owner(sd_bus *bus, sd_bus_slot **slot, sd_bus_message_handler_t changed, void *ctx);

/* Nobody tells of names any more. */
void nm_forget(struct profile_facts *facts);

/* Names of networks and connections out of an answer. Return: 0 or a negative errno. */
int nm_read(sd_bus_message *m, struct profile_facts *facts);

#endif
