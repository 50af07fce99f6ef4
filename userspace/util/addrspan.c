// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses, prefixes and ranges, read. It must never resolve a name. */
#include "addrspan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int snitch_small_number(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n && n <= 3 && !s[n] ? atoi(s) : -1;
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

static int parse_single(const char *word, struct addrspan *span)
{
	span->family = parse_address(word, span->first);
	if (!span->family)
		return -ENOENT;
	if (is_mapped(span->family, span->first)) {
		unmap(span->first);
		span->family = AF_INET;
	}
	memcpy(span->last, span->first, sizeof(span->last));
	span->kind = ADDRSPAN_ADDRESS;
	return 0;
}

static int parse_prefix(const char *word, const char *slash, struct addrspan *span,
			const char **why)
{
	char addr[INET6_ADDRSTRLEN + 1];
	size_t n = slash - word, bit, bits;
	int len = snitch_small_number(slash + 1);

	*why = "ADDRESS/LEN, like 10.0.0.0/8 or fd00::/8";
	if (n >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, word, n);
	addr[n] = '\0';
	span->family = parse_address(addr, span->first);
	if (!span->family || len < 0 || len > (span->family == AF_INET ? 32 : 128))
		return -EINVAL;
	if (is_mapped(span->family, span->first) && len >= 96) {
		unmap(span->first);
		span->family = AF_INET;
		len -= 96;
	}
	span->kind = ADDRSPAN_PREFIX;
	span->len = len;
	memcpy(span->last, span->first, sizeof(span->last));
	bits = span->family == AF_INET ? 32 : 128;
	for (bit = len; bit < bits; bit++) {
		span->first[bit / 8] &= ~(0x80 >> bit % 8);
		span->last[bit / 8] |= 0x80 >> bit % 8;
	}
	return 0;
}

/* -ENOENT if it is no range at all: hosts have dashes, too. */
static int parse_range(const char *word, struct addrspan *span, const char **why)
{
	const char *dash = strchr(word, '-');
	char addr[INET6_ADDRSTRLEN + 1];
	uint8_t other;

	if (!dash || (size_t)(dash - word) >= sizeof(addr))
		return -ENOENT;
	memcpy(addr, word, dash - word);
	addr[dash - word] = '\0';
	span->family = parse_address(addr, span->first);
	if (!span->family)
		return -ENOENT;
	*why = "two addresses of one family, the smaller first";
	other = parse_address(dash + 1, span->last);
	if (is_mapped(span->family, span->first) && is_mapped(other, span->last)) {
		unmap(span->first);
		unmap(span->last);
		span->family = other = AF_INET;
	}
	if (other != span->family || memcmp(span->first, span->last, 16) > 0)
		return -EINVAL;
	span->kind = ADDRSPAN_RANGE;
	return 0;
}

int addrspan_parse(const char *word, struct addrspan *span, const char **why)
{
	const char *slash = strchr(word, '/');

	memset(span, 0, sizeof(*span));
	if (!parse_single(word, span))
		return 0;
	if (slash)
		return parse_prefix(word, slash, span, why);
	return parse_range(word, span, why);
}

bool snitch_addr_step(uint8_t *addr, size_t bytes, int by)
{
	while (bytes--) {
		addr[bytes] += by;
		if (addr[bytes] != (by > 0 ? 0 : 0xff))
			return true;
	}
	return false;
}
