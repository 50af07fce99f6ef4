// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses, protocols and services as text, from tables of our own. It must never block.
 */
#include "netname.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"

static const struct {
	uint8_t proto;
	const char *name;
} protos[] = {
	{ IPPROTO_TCP, "tcp" },
	{ IPPROTO_UDP, "udp" },
	{ IPPROTO_ICMP, "icmp" },
	{ IPPROTO_ICMPV6, "icmpv6" },
	{ IPPROTO_SCTP, "sctp" },
	{ IPPROTO_IGMP, "igmp" },
	{ IPPROTO_UDPLITE, "udplite" },
	{ IPPROTO_DCCP, "dccp" },
	{ IPPROTO_GRE, "gre" },
	{ IPPROTO_ESP, "esp" },
	{ IPPROTO_AH, "ah" },
};

#define ON_TCP	1
#define ON_UDP	2

static const struct {
	uint16_t port;
	uint8_t on;
	const char *name;
} services[] = {
	{ 21, ON_TCP, "ftp" }, { 22, ON_TCP, "ssh" }, { 23, ON_TCP, "telnet" },
	{ 25, ON_TCP, "smtp" }, { 53, ON_TCP | ON_UDP, "dns" }, { 67, ON_UDP, "dhcp" },
	{ 69, ON_UDP, "tftp" }, { 80, ON_TCP, "http" }, { 110, ON_TCP, "pop3" },
	{ 123, ON_UDP, "ntp" }, { 137, ON_UDP, "netbios" }, { 143, ON_TCP, "imap" },
	{ 161, ON_UDP, "snmp" }, { 389, ON_TCP, "ldap" }, { 443, ON_TCP | ON_UDP, "https" },
	{ 445, ON_TCP, "smb" }, { 465, ON_TCP, "smtps" }, { 500, ON_UDP, "ipsec" },
	{ 514, ON_UDP, "syslog" }, { 546, ON_UDP, "dhcpv6" }, { 547, ON_UDP, "dhcpv6" },
	{ 587, ON_TCP, "submission" }, { 631, ON_TCP | ON_UDP, "ipp" }, { 636, ON_TCP, "ldaps" },
	{ 853, ON_TCP | ON_UDP, "dns-tls" }, { 873, ON_TCP, "rsync" }, { 993, ON_TCP, "imaps" },
	{ 995, ON_TCP, "pop3s" }, { 1194, ON_UDP, "openvpn" }, { 1900, ON_UDP, "ssdp" },
	{ 2049, ON_TCP, "nfs" }, { 3306, ON_TCP, "mysql" }, { 3389, ON_TCP, "rdp" },
	{ 3478, ON_UDP, "stun" }, { 5060, ON_TCP | ON_UDP, "sip" }, { 5222, ON_TCP, "xmpp" },
	{ 5353, ON_UDP, "mdns" }, { 5432, ON_TCP, "postgresql" }, { 6379, ON_TCP, "redis" },
	{ 6667, ON_TCP, "irc" }, { 6697, ON_TCP, "ircs" }, { 8080, ON_TCP, "http-alt" },
	{ 9418, ON_TCP, "git" }, { 51820, ON_UDP, "wireguard" },
};

char *snitch_addr_format(uint8_t family, const uint8_t addr[16], char buf[SNITCH_ADDR_TEXT])
{
	uint32_t index;

	if (family == AF_PACKET) {
		memcpy(&index, addr, sizeof(index));
		snprintf(buf, SNITCH_ADDR_TEXT, "interface %u", ntohl(index));
	} else if (!inet_ntop(family, addr, buf, SNITCH_ADDR_TEXT))
		snprintf(buf, SNITCH_ADDR_TEXT, "family %u", family);
	return buf;
}

const char *snitch_proto_name(uint8_t family, uint8_t proto, char *buf, size_t size)
{
	size_t i;

	if (family == AF_PACKET)
		return "packet";
	for (i = 0; i < SNITCH_ARRAY_SIZE(protos); i++) {
		if (protos[i].proto == proto)
			return protos[i].name;
	}
	snprintf(buf, size, "%u", proto);
	return buf;
}

const char *snitch_service_name(uint8_t proto, uint16_t port)
{
	uint8_t on = proto == IPPROTO_TCP ? ON_TCP : proto == IPPROTO_UDP ? ON_UDP : 0;
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(services); i++) {
		if (services[i].port == port && (services[i].on & on))
			return services[i].name;
	}
	return NULL;
}
