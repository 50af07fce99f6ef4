/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses, protocols and services as text. It never asks a resolver: nothing here may block.
 */
#ifndef SNITCH_UTIL_NETNAME_H
#define SNITCH_UTIL_NETNAME_H

#include <stddef.h>
#include <stdint.h>

#define SNITCH_ADDR_TEXT	46	/* bytes that any address needs as text */

/*
 * Writes @addr (of the wire: v4 in the first four bytes; of AF_PACKET the device) to @buf of
 * SNITCH_ADDR_TEXT. Return: @buf.
 */
char *snitch_addr_format(uint8_t family, const uint8_t addr[16], char buf[SNITCH_ADDR_TEXT]);

/*
 * The name of IP protocol @proto, or its number written to @buf (at least 4 bytes); of @family
 * AF_PACKET "packet".
 */
const char *snitch_proto_name(uint8_t family, uint8_t proto, char *buf, size_t size);

/* The usual name of a service ("https"), or NULL. */
const char *snitch_service_name(uint8_t proto, uint16_t port);

#endif
