/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows of the netlink family as text and JSON, for flows and monitor. Pure:
 * it must never read or print anything.
 */
#ifndef SNITCH_CLI_FLOWTEXT_H
#define SNITCH_CLI_FLOWTEXT_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/** flow_endpoint - "192.0.2.7:443", "[2001:db8::1]:443", or without port where it is 0;
 * of a packet socket "interface 2 type 0x0800"
 */
void flow_endpoint(uint8_t family, const uint8_t addr[16], uint16_t port, char *buf, size_t size);
#define FLOW_ENDPOINT_TEXT 56

/** flow_comm - @comm (SNITCH_COMM_LEN bytes, hostile) as safe text; at least 64 bytes of @buf */
void flow_comm(const char *comm, char *buf, size_t size);

/** flow_set_remote - members proto, saddr, sport, daddr, dport of a JSON object */
void flow_set_remote(json_t *obj, uint8_t family, uint8_t proto, const uint8_t *saddr,
		     uint16_t sport, const uint8_t *daddr, uint16_t dport);

/** flow_set_counts - members packets, bytes, rx_packets, rx_bytes */
void flow_set_counts(json_t *obj, uint64_t packets, uint64_t bytes, uint64_t rx_packets,
		     uint64_t rx_bytes);

/** flow_set_id - a 64-bit number as a string */
void flow_set_id(json_t *obj, const char *key, uint64_t id);

#endif
