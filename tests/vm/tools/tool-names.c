// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Words for the numbers of the uapi header, and back.
 * Must never guess: an unknown word ends the program.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static const char *const actions[] = {
	[SNITCH_ALLOW] = "allow", [SNITCH_DENY] = "deny", [SNITCH_DROP] = "drop",
	[SNITCH_ASK] = "ask", [SNITCH_HOLD] = "hold",
};

static const char *const modes[] = {
	[SNITCH_MODE_OFF] = "off", [SNITCH_MODE_OBSERVE] = "observe", [SNITCH_MODE_ASK] = "ask",
	[SNITCH_MODE_QUIET] = "quiet", [SNITCH_MODE_LOCKDOWN] = "lockdown",
};

static const char *const forwards[] = {
	[SNITCH_FORWARD_IGNORE] = "ignore", [SNITCH_FORWARD_LOG] = "log",
	[SNITCH_FORWARD_RULES] = "rules",
};

static const char *const origins[] = {
	[SNITCH_BY_RULE] = "rule", [SNITCH_BY_PERSON] = "person", [SNITCH_BY_MODE] = "mode",
	[SNITCH_BY_FAIL] = "fail", [SNITCH_BY_INBOUND] = "inbound", [SNITCH_BY_KERNEL] = "kernel",
	[SNITCH_BY_OLDER] = "older", [SNITCH_BY_NAME] = "name",
};

static const char *const cancels[] = {
	[SNITCH_CANCEL_CLOSED] = "closed", [SNITCH_CANCEL_MOVED] = "moved",
	[SNITCH_CANCEL_TIMEOUT] = "timeout", [SNITCH_CANCEL_CONSULT] = "consult",
	[SNITCH_CANCEL_NETNS] = "netns", [SNITCH_CANCEL_ROUTE] = "route",
	[SNITCH_CANCEL_POLICY] = "policy",
	[SNITCH_CANCEL_UNHELD] = "unheld",
};

const char *const counter_names[__SNITCH_C_MAX] = {
	[SNITCH_C_ACCEPTED] = "accepted", [SNITCH_C_REFUSED] = "refused",
	[SNITCH_C_CONSULTED] = "consulted", [SNITCH_C_HELD] = "held_total",
	[SNITCH_C_PARK_ALLOWED] = "park_allowed", [SNITCH_C_PARK_REFUSED] = "park_refused",
	[SNITCH_C_CANCEL_CLOSED] = "cancel_closed", [SNITCH_C_CANCEL_MOVED] = "cancel_moved",
	[SNITCH_C_CANCEL_NETNS] = "cancel_netns", [SNITCH_C_CANCEL_ROUTE] = "cancel_route",
	[SNITCH_C_HOLD_TIMEOUT] = "hold_timeout", [SNITCH_C_CONSULT_TIMEOUT] = "consult_timeout",
	[SNITCH_C_FAIL_ALLOWED] = "fail_allowed", [SNITCH_C_FAIL_REFUSED] = "fail_refused",
	[SNITCH_C_BOUND_GLOBAL] = "bound_global", [SNITCH_C_BOUND_IMAGE] = "bound_image",
	[SNITCH_C_BOUND_UID] = "bound_uid", [SNITCH_C_BOUND_NETNS] = "bound_netns",
	[SNITCH_C_BOUND_PACKETS] = "bound_packets", [SNITCH_C_NOMEM] = "nomem",
	[SNITCH_C_NO_OWNER] = "no_owner", [SNITCH_C_LOST_DST] = "lost_dst",
	[SNITCH_C_LATE_VERDICT] = "late_verdict", [SNITCH_C_KERNEL_ALLOWED] = "kernel_allowed",
	[SNITCH_C_KERNEL_REFUSED] = "kernel_refused", [SNITCH_C_INBOUND] = "inbound",
	[SNITCH_C_OLDER] = "older", [SNITCH_C_REJUDGED] = "rejudged",
	[SNITCH_C_ABORTED] = "aborted", [SNITCH_C_UNPARSED] = "unparsed",
	[SNITCH_C_OWNERS_FULL] = "owners_full", [SNITCH_C_FOREIGN] = "foreign",
	[SNITCH_C_SWITCHED] = "switched", [SNITCH_C_DISGUISED] = "disguised",
	[SNITCH_C_EVENTS_LOST] = "events_lost", [SNITCH_C_AUDIT_LOST] = "audit_lost",
	[SNITCH_C_REPLIES] = "replies", [SNITCH_C_REPLIES_FULL] = "replies_full",
	[SNITCH_C_REPLY_NETS] = "reply_nets",
	[SNITCH_C_DNS] = "dns", [SNITCH_C_DNS_LOST] = "dns_lost",
	[SNITCH_C_FORWARDED] = "forwarded", [SNITCH_C_FORWARD_REFUSED] = "forward_refused",
	[SNITCH_C_FORWARD_FULL] = "forward_full",
	[SNITCH_C_DATA] = "data", [SNITCH_C_DATA_AGAIN] = "data_again",
	[SNITCH_C_PASSED] = "passed",
};

const char *const limit_names[LIMITS] = {
	"max_flows", "max_flows_image", "max_flows_uid", "max_flows_netns", "max_packets",
	"max_bytes", "consult_ms", "hold_tcp_ms", "hold_ms", "hold_dns_ms", "grace_ms",
	"unread_ms", "max_ranges",
};

static const char *word_of(const char *const *table, size_t n, uint32_t value)
{
	return value < n && table[value] ? table[value] : "?";
}

static uint32_t value_of(const char *const *table, size_t n, const char *word)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (table[i] && !strcmp(table[i], word))
			return i;
	}
	die(0, "unknown word '%s'", word);
}

const char *name_forward(uint32_t forward)
{
	return word_of(forwards, ARRAY_SIZE(forwards), forward);
}

uint32_t forward_of(const char *word)
{
	return value_of(forwards, ARRAY_SIZE(forwards), word);
}

const char *name_action(uint32_t action)
{
	return word_of(actions, ARRAY_SIZE(actions), action);
}

uint32_t action_of(const char *word)
{
	return value_of(actions, ARRAY_SIZE(actions), word);
}

uint32_t mode_of(const char *word)
{
	return value_of(modes, ARRAY_SIZE(modes), word);
}

const char *name_origin(uint32_t origin)
{
	return word_of(origins, ARRAY_SIZE(origins), origin);
}

const char *name_cancel(uint32_t why)
{
	return word_of(cancels, ARRAY_SIZE(cancels), why);
}

static const struct {
	const char *name;
	uint8_t proto;
} protos[] = {
	{ "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "icmp", IPPROTO_ICMP },
	{ "icmp6", IPPROTO_ICMPV6 }, { "sctp", IPPROTO_SCTP }, { "udplite", IPPROTO_UDPLITE },
};

const char *name_proto(uint8_t proto)
{
	static char number[8];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protos); i++) {
		if (protos[i].proto == proto)
			return protos[i].name;
	}
	snprintf(number, sizeof(number), "%u", proto);
	return number;
}

uint8_t proto_of(const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protos); i++) {
		if (!strcmp(protos[i].name, word))
			return protos[i].proto;
	}
	return number_of(word, 255);
}

const char *addr_text(uint8_t family, const uint8_t *addr)
{
	static char text[4][INET6_ADDRSTRLEN];
	static unsigned int turn;
	char *out = text[turn++ % 4];

	if (!inet_ntop(family == AF_INET6 ? AF_INET6 : AF_INET, addr, out, INET6_ADDRSTRLEN))
		strcpy(out, "?");
	return out;
}

void put_escaped(FILE *out, const char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = bytes[i];

		if (c <= ' ' || c >= 0x7f || c == '\\')
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
}

uint64_t number_of(const char *word, uint64_t max)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(word, &end, 0);
	if (errno || end == word || *end || *word == '-' || n > max)
		die(0, "'%s' is not a number up to %llu", word, (unsigned long long)max);
	return n;
}
