/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How large a message of the bus is, as sd-bus does not tell. */
#ifndef SNITCH_DAEMON_MESSAGE_SIZE_H
#define SNITCH_DAEMON_MESSAGE_SIZE_H

#include <stddef.h>
#include <systemd/sd-bus.h>

/*
 * About the size of what @m carries, in bytes; it is not looked at further than @max. Afterwards @m is
 * read from its beginning. Return: @max also for what cannot be read.
 */
size_t message_size(sd_bus_message *m, size_t max);

#endif
