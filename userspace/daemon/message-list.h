/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists as D-Bus dictionaries; see org.snitch.Snitch1.xml, ListLists.
 */
#ifndef SNITCH_DAEMON_MESSAGE_LIST_H
#define SNITCH_DAEMON_MESSAGE_LIST_H

#include "daemon.h"
#include "keeper.h"

/* @secret: where it is fetched from is not told. Return: 0 or a negative errno. */
int message_list(sd_bus_message *m, const struct list_facts *facts, const struct list_hits *hits,
		 bool secret);

#endif
