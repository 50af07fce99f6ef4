// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Precedence: one total order of all rules. It must never look at anything but the rules
 * themselves, or kernel and daemon would not agree.
 *
 * Rules are compared step by step (enum order_step). The broadest item of a list gives its class.
 */
#include "order.h"

#include <string.h>
#include <sys/socket.h>

#include "program.h"

#define CLASS_NEGATED	11	/* all but some: just before "any" */

static const unsigned int classes[] = {
	[RULE_I_ADDRESS] = 0,
	[RULE_I_RANGE] = 0,
	[RULE_I_PREFIX] = 0,
	[RULE_I_HOST] = 1,
	[RULE_I_DOMAIN] = 2,
	[RULE_I_LIST] = 3,
	[RULE_I_DNS_SERVERS] = 4,
	[RULE_I_BROADCAST] = 5,
	[RULE_I_MULTICAST] = 6,
	[RULE_I_BONJOUR] = 7,
	[RULE_I_LOOPBACK] = 8,
	[RULE_I_LOCAL_NET] = 9,
	[RULE_I_ANY] = 12,
};

/* Bits in which the ends of a range differ: 0 for one address, 32 for all of IPv4. */
static unsigned int range_bits(const struct rule_item *item)
{
	unsigned int bytes = item->family == AF_INET ? 4 : 16;
	unsigned int i, bits;
	uint8_t differ;

	for (i = 0; i < bytes; i++) {
		differ = item->first[i] ^ item->last[i];
		if (!differ)
			continue;
		for (bits = 8; !(differ & 0x80); differ <<= 1)
			bits--;
		return bits + 8 * (bytes - 1 - i);
	}
	return 0;
}

/* How much of its class an item covers: addresses by their number, domains by their name. */
static unsigned int item_size(const struct rule_item *item)
{
	size_t len;

	if (item_is_address(item))
		return range_bits(item);
	if (item->kind != RULE_I_DOMAIN)
		return 0;
	len = strlen(item->name);
	return len > 255 ? 0 : 255 - len;
}

static void broadest(const struct rule *rule, unsigned int *class, unsigned int *size)
{
	size_t i;

	*class = 0;
	*size = 0;
	for (i = 0; i < rule->n_items; i++) {
		unsigned int c = classes[rule->items[i].kind], s = item_size(&rule->items[i]);

		if (c > *class || (c == *class && s > *size)) {
			*class = c;
			*size = s;
		}
	}
	if (rule->negated)
		*class = CLASS_NEGATED;
}

static unsigned int count_ports(const struct rule *rule)
{
	unsigned int n = 0;
	size_t i;

	if (!rule->n_ports)
		return 65536;
	for (i = 0; i < rule->n_ports; i++)
		n += rule_ports(rule)[i].last - rule_ports(rule)[i].first + 1;
	return n > 65536 ? 65536 : n;
}

/* Bits that each step takes in the key. */
static const unsigned int widths[__ORDER_KEYS] = {
	[ORDER_TIER] = 2, [ORDER_REMOTE] = 4, [ORDER_COUNT] = 9, [ORDER_SIZE] = 8,
	[ORDER_PROGRAM] = 4, [ORDER_PORTS] = 17, [ORDER_PROTO] = 1, [ORDER_WHO] = 2,
	[ORDER_INTERFACE] = 1, [ORDER_ACTION] = 2,
};

static void find_values(const struct rule *rule, unsigned int values[__ORDER_KEYS])
{
	static const unsigned int actions[] = {
		[SNITCH_ALLOW] = 2, [SNITCH_DENY] = 0, [SNITCH_DROP] = 0, [SNITCH_ASK] = 1,
	};
	static const unsigned int whos[] = {
		[RULE_W_ANYONE] = 2, [RULE_W_USER] = 0, [RULE_W_GROUP] = 1,
	};

	values[ORDER_TIER] = rule_tier(rule);
	broadest(rule, &values[ORDER_REMOTE], &values[ORDER_SIZE]);
	values[ORDER_COUNT] = rule->n_items;
	values[ORDER_PROGRAM] = program_order(&rule->program);
	values[ORDER_PORTS] = count_ports(rule);
	values[ORDER_PROTO] = rule->proto < 0;
	values[ORDER_WHO] = whos[rule->who];
	values[ORDER_INTERFACE] = !rule->interface;
	values[ORDER_ACTION] = actions[rule->action];
}

uint64_t rule_order_key(const struct rule *rule)
{
	unsigned int values[__ORDER_KEYS], i;
	uint64_t key = 0;

	find_values(rule, values);
	for (i = 0; i < __ORDER_KEYS; i++)
		key = key << widths[i] | values[i];
	return key;
}

enum order_step rule_order_step(const struct rule *a, const struct rule *b)
{
	unsigned int x[__ORDER_KEYS], y[__ORDER_KEYS], i;

	find_values(a, x);
	find_values(b, y);
	for (i = 0; i < __ORDER_KEYS; i++) {
		if (x[i] != y[i])
			return i;
	}
	return a->scope != b->scope ? ORDER_SCOPE : a->id != b->id ? ORDER_ID : ORDER_SAME;
}

unsigned int rule_order_class(const struct rule *rule)
{
	unsigned int class, size;

	broadest(rule, &class, &size);
	return class;
}

int rule_compare(const struct rule *a, const struct rule *b)
{
	uint64_t x = rule_order_key(a), y = rule_order_key(b);

	if (x != y)
		return x < y ? -1 : 1;
	if (a->scope != b->scope)
		return a->scope < b->scope ? -1 : 1;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return 0;
}
