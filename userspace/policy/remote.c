// SPDX-License-Identifier: GPL-2.0-or-later
/* Remotes and protocols of rules: read and written. It must never resolve a name. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* A decimal number of at most 3 digits, or -1. */
static int small_number(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n && n <= 3 && !s[n] ? atoi(s) : -1;
}

int proto_parse(const char *word)
{
	size_t i;
	int n;

	for (i = 0; i < N_PROTOCOLS; i++) {
		if (!strcmp(word, protocols[i].word))
			return protocols[i].number;
	}
	n = small_number(word);
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

/* Read an address; IPv4 within IPv6 stays as it is. Return: its family or 0. */
static uint8_t parse_address(const char *s, uint8_t *addr)
{
	memset(addr, 0, 16);
	if (inet_pton(AF_INET, s, addr) == 1)
		return AF_INET;
	if (inet_pton(AF_INET6, s, addr) == 1)
		return AF_INET6;
	memset(addr, 0, 16);
	return 0;
}

/* Whether @addr is an IPv4 address in IPv6's clothes; flows carry the plain one. */
static bool is_mapped(uint8_t family, const uint8_t *addr)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return family == AF_INET6 && !memcmp(addr, mapped, sizeof(mapped));
}

static void unmap(uint8_t *addr)
{
	memmove(addr, addr + 12, 4);
	memset(addr + 4, 0, 12);
}

static int parse_single(const char *word, struct rule_item *item)
{
	item->family = parse_address(word, item->first);
	if (!item->family)
		return -ENOENT;
	if (is_mapped(item->family, item->first)) {
		unmap(item->first);
		item->family = AF_INET;
	}
	memcpy(item->last, item->first, sizeof(item->last));
	item->kind = RULE_I_ADDRESS;
	return 0;
}

static int parse_prefix(const char *word, const char *slash, struct rule_item *item,
			const char **why)
{
	char addr[INET6_ADDRSTRLEN + 1];
	size_t n = slash - word, bit, bits;
	int len = small_number(slash + 1);

	*why = "ADDRESS/LEN, like 10.0.0.0/8 or fd00::/8";
	if (n >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, word, n);
	addr[n] = '\0';
	item->family = parse_address(addr, item->first);
	if (!item->family || len < 0 || len > (item->family == AF_INET ? 32 : 128))
		return -EINVAL;
	if (is_mapped(item->family, item->first) && len >= 96) {
		unmap(item->first);
		item->family = AF_INET;
		len -= 96;
	}
	item->kind = RULE_I_PREFIX;
	item->len = len;
	memcpy(item->last, item->first, sizeof(item->last));
	bits = item->family == AF_INET ? 32 : 128;
	for (bit = len; bit < bits; bit++) {
		item->first[bit / 8] &= ~(0x80 >> bit % 8);
		item->last[bit / 8] |= 0x80 >> bit % 8;
	}
	return 0;
}

/* -ENOENT if it is no range at all: hosts have dashes, too. */
static int parse_range(const char *word, struct rule_item *item, const char **why)
{
	const char *dash = strchr(word, '-');
	char addr[INET6_ADDRSTRLEN + 1];
	uint8_t other;

	if (!dash || (size_t)(dash - word) >= sizeof(addr))
		return -ENOENT;
	memcpy(addr, word, dash - word);
	addr[dash - word] = '\0';
	item->family = parse_address(addr, item->first);
	if (!item->family)
		return -ENOENT;
	*why = "two addresses of one family, the smaller first";
	other = parse_address(dash + 1, item->last);
	if (is_mapped(item->family, item->first) && is_mapped(other, item->last)) {
		unmap(item->first);
		unmap(item->last);
		item->family = other = AF_INET;
	}
	if (other != item->family || memcmp(item->first, item->last, 16) > 0)
		return -EINVAL;
	item->kind = RULE_I_RANGE;
	return 0;
}

/* Letters, digits, '-' and '_' with dots between; the last part is no number. */
static bool host_valid(const char *s, size_t len)
{
	size_t i, label = 0;
	bool digits = true;

	if (!len || len > 253)
		return false;
	for (i = 0; i < len; i++) {
		unsigned char c = s[i];

		if (c == '.') {
			if (!label)
				return false;
			label = 0;
			digits = true;
			continue;
		}
		if (c >= 0x80 || !(isalnum(c) || c == '-' || c == '_') || ++label > 63)
			return false;
		digits = digits && isdigit(c);
	}
	return label && !digits;
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
	if (!host_valid(word, len))
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

int item_parse(const char *word, bool quoted, struct rule_item *item, const char **why)
{
	const char *slash = strchr(word, '/');
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
	if (!parse_single(word, item))
		return 0;
	if (slash)
		return parse_prefix(word, slash, item, why);
	r = parse_range(word, item, why);
	if (r != -ENOENT)
		return r;
	memset(item, 0, sizeof(*item));
	return parse_name(word, item, why);
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
