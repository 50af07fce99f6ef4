/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dictionaries of the bus, read. It must never skip a value that it was not told to.
 */
#ifndef SNITCH_DAEMON_MESSAGE_DICT_H
#define SNITCH_DAEMON_MESSAGE_DICT_H

#include <systemd/sd-bus.h>

/**
 * message_read_dict() - read an a{sv}
 * @take: reads the value of @key, a variant; returns 0 or more, or a negative errno, which ends it
 *
 * Return: 0 or more; what @take said; or a negative errno.
 */
int message_read_dict(sd_bus_message *m,
		      int (*take)(sd_bus_message *m, const char *key, void *ctx), void *ctx);

#endif
