// SPDX-License-Identifier: GPL-2.0-or-later
/* Remotes and protocols of rules: read and written. It must never resolve a name. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/addrspan.h"
#include "../util/hostname.h"
#include "program.h"

static const struct {
	const char *word;
	int number;
	bool ports;
} protocols[] = {
	{ "tcp", 6, true }, { "udp", 17, true }, { "icmp", 1, false }, { "sctp", 132, true },
	{ "icmpv6", 58, false }, { "ipv6-icmp", 58, false }, { "udplite", 136, true },
	{ "dccp", 33, true }, { "igmp", 2, false }, { "gre", 47, false }, { "esp", 50, false },
	{ "ah", 51, false }, { "ipip", 4, false }, { "ospf", 89, false }, { "pim", 103, false },
	{ "vrrp", 112, false }, { "packet", RULE_PROTO_PACKET, true },
};

#define N_PROTOCOLS	(sizeof(protocols) / sizeof(protocols[0]))

static const struct {
	const char *word;
	enum rule_item_kind kind;
} keywords[] = {
	{ "any", RULE_I_ANY },
	{ "local-net", RULE_I_LOCAL_NET },
	{ "loopback", RULE_I_LOOPBACK },
	{ "multicast", RULE_I_MULTICAST },
	{ "broadcast", RULE_I_BROADCAST },
	{ "bonjour", RULE_I_BONJOUR },
	{ "dns-servers", RULE_I_DNS_SERVERS },
};

#define N_KEYWORDS	(sizeof(keywords) / sizeof(keywords[0]))

static const char expected_remote[] =
	"a remote: any, an address, range, prefix, host, *.domain, list:NAME, local-net, "
	"loopback, multicast, broadcast, bonjour or dns-servers";

int proto_parse(const char *word)
{
	size_t i;
	int n;

	for (i = 0; i < N_PROTOCOLS; i++) {
		if (!strcmp(word, protocols[i].word))
			return protocols[i].number;
	}
	n = snitch_small_number(word);
	return n <= 255 ? n : -1;
}

const char *proto_word(int proto)
{
	size_t i;

	for (i = 0; i < N_PROTOCOLS; i++) {
		if (protocols[i].number == proto)
			return protocols[i].word;
	}
	return NULL;
}

bool proto_has_ports(int proto)
{
	size_t i;

	if (proto < 0)
		return true;
	for (i = 0; i < N_PROTOCOLS; i++) {
		if (protocols[i].number == proto)
			return protocols[i].ports;
	}
	return false;
}

static int parse_name(const char *word, struct rule_item *item, const char **why)
{
	bool domain = !strncmp(word, "*.", 2);
	size_t len, i;

	word += domain ? 2 : 0;
	len = strlen(word);
	if (len && word[len - 1] == '.')
		len--;
	*why = expected_remote;
	if (!snitch_hostname_valid(word, len))
		return -EINVAL;
	item->name = strndup(word, len);
	if (!item->name)
		return -ENOMEM;
	for (i = 0; i < len; i++)
		item->name[i] = tolower((unsigned char)item->name[i]);
	item->kind = domain ? RULE_I_DOMAIN : RULE_I_HOST;
	return 0;
}

static int parse_list(const char *name, struct rule_item *item, const char **why)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	*why = "list:NAME, of letters, digits, '-', '_' and '.'";
	if (!n || name[n] || n > RULE_NAME_MAX)
		return -EINVAL;
	item->name = strdup(name);
	item->kind = RULE_I_LIST;
	return item->name ? 0 : -ENOMEM;
}

static void take_span(const struct addrspan *span, struct rule_item *item)
{
	static const enum rule_item_kind kinds[] = {
		[ADDRSPAN_ADDRESS] = RULE_I_ADDRESS, [ADDRSPAN_PREFIX] = RULE_I_PREFIX,
		[ADDRSPAN_RANGE] = RULE_I_RANGE,
	};

	item->kind = kinds[span->kind];
	item->family = span->family;
	item->len = span->len;
	memcpy(item->first, span->first, sizeof(item->first));
	memcpy(item->last, span->last, sizeof(item->last));
}

int item_parse(const char *word, bool quoted, struct rule_item *item, const char **why)
{
	struct addrspan span;
	size_t i;
	int r;

	memset(item, 0, sizeof(*item));
	*why = expected_remote;
	for (i = 0; !quoted && i < N_KEYWORDS; i++) {
		if (!strcmp(word, keywords[i].word)) {
			item->kind = keywords[i].kind;
			return 0;
		}
	}
	if (!quoted && !strcmp(word, "not"))
		return -EINVAL;
	if (!strncmp(word, "list:", 5))
		return parse_list(word + 5, item, why);
	r = addrspan_parse(word, &span, why);
	if (!r)
		take_span(&span, item);
	return r == -ENOENT ? parse_name(word, item, why) : r;
}

static void print_address(const struct rule_item *item, const uint8_t *addr, const char *before,
			  struct text *t)
{
	char buf[INET6_ADDRSTRLEN];

	inet_ntop(item->family, addr, buf, sizeof(buf));
	text_addf(t, "%s%s", before, buf);
}

static void print_host(const char *name, struct text *t)
{
	bool quote = !strcmp(name, "not");
	size_t i;

	for (i = 0; i < N_KEYWORDS; i++)
		quote = quote || !strcmp(name, keywords[i].word);
	text_addf(t, quote ? "\"%s\"" : "%s", name);
}

void item_print(const struct rule_item *item, struct text *t)
{
	size_t i;

	switch (item->kind) {
	case RULE_I_HOST:
		print_host(item->name, t);
		return;
	case RULE_I_DOMAIN:
		text_addf(t, "*.%s", item->name);
		return;
	case RULE_I_LIST:
		text_addf(t, "list:%s", item->name);
		return;
	case RULE_I_ADDRESS:
	case RULE_I_RANGE:
	case RULE_I_PREFIX:
		print_address(item, item->first, "", t);
		if (item->kind == RULE_I_RANGE)
			print_address(item, item->last, "-", t);
		if (item->kind == RULE_I_PREFIX)
			text_addf(t, "/%u", item->len);
		return;
	default:
		break;
	}
	for (i = 0; i < N_KEYWORDS; i++) {
		if (keywords[i].kind == item->kind)
			text_add(t, keywords[i].word);
	}
}

bool item_is_address(const struct rule_item *item)
{
	return item->kind >= RULE_I_ADDRESS && item->kind <= RULE_I_PREFIX;
}

bool item_is_name(const struct rule_item *item)
{
	return item->kind >= RULE_I_HOST && item->kind <= RULE_I_LIST;
}

void item_clear(struct rule_item *item)
{
	if (item_is_name(item))
		free(item->name);
	memset(item, 0, sizeof(*item));
}
