// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Flows of the netlink family as text and JSON, for flows and monitor. Pure:
 * it must never read or print anything.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "../lib/snitch.h"
#include "../util/escape.h"
#include "../util/netname.h"
#include "flowtext.h"

void flow_endpoint(uint8_t family, const uint8_t addr[16], uint16_t port, char *buf, size_t size)
{
	char text[SNITCH_ADDR_TEXT];

	snitch_addr_format(family, addr, text);
	if (family == AF_PACKET)
		snprintf(buf, size, "%s type 0x%04x", text, port);
	else if (!port)
		snprintf(buf, size, "%s", text);
	else
		snprintf(buf, size, family == AF_INET6 ? "[%s]:%u" : "%s:%u", text, port);
}

void flow_comm(const char *comm, char *buf, size_t size)
{
	snitch_escape_buf(comm, strnlen(comm, SNITCH_COMM_LEN), buf, size);
}

void flow_set_remote(json_t *obj, uint8_t family, uint8_t proto, const uint8_t *saddr,
		     uint16_t sport, const uint8_t *daddr, uint16_t dport)
{
	char text[SNITCH_ADDR_TEXT], number[4];

	json_object_set_new(obj, "proto",
			    json_string(snitch_proto_name(family, proto, number,
							  sizeof(number))));
	json_object_set_new(obj, "saddr", json_string(snitch_addr_format(family, saddr, text)));
	json_object_set_new(obj, "sport", json_integer(sport));
	json_object_set_new(obj, "daddr", json_string(snitch_addr_format(family, daddr, text)));
	json_object_set_new(obj, "dport", json_integer(dport));
}

void flow_set_counts(json_t *obj, uint64_t packets, uint64_t bytes, uint64_t rx_packets,
		     uint64_t rx_bytes)
{
	json_object_set_new(obj, "packets", json_integer((json_int_t)packets));
	json_object_set_new(obj, "bytes", json_integer((json_int_t)bytes));
	json_object_set_new(obj, "rx_packets", json_integer((json_int_t)rx_packets));
	json_object_set_new(obj, "rx_bytes", json_integer((json_int_t)rx_bytes));
}

void flow_set_id(json_t *obj, const char *key, uint64_t id)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)id);
	json_object_set_new(obj, key, json_string(text));
}
