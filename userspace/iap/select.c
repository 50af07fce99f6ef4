// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which descriptions belong to what a person has selected. One that fits exactly stands alone;
 * else all that are relevant, the essential ones first; else the fallback "*".
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "../policy/places.h"
#include "../util/cleanup.h"
#include "iap.h"

/* How an item relates to a selection. */
enum relation {
	NOTHING,
	FALLBACK,
	RELEVANT,
	EXACT_ADDRESS,
	EXACT,
};

/* Is the address, or for Bonjour the name, one of the item's? */
static bool in_nets(const struct iap_item *item, const struct iap_selection *sel)
{
	static const struct policy_env nowhere;
	const struct rule rule = { .items = (struct rule_item *)&item->net, .n_items = 1 };
	struct flow_query q = { .family = sel->family };

	if (item->net.kind == RULE_I_BONJOUR && sel->name && iap_in_domain(sel->name, "local"))
		return true;
	memcpy(q.addr, sel->addr, sizeof(q.addr));
	return sel->family && rule_remote_matches(&rule, sel->env ? sel->env : &nowhere, &q);
}

static enum relation to_host(const struct iap_item *item, const struct iap_selection *sel)
{
	switch (item->kind) {
	case IAP_HOST:
		return sel->name && !strcmp(item->name, sel->name) ? EXACT : NOTHING;
	case IAP_ADDRESS:
		return in_nets(item, sel) ? EXACT_ADDRESS : NOTHING;
	case IAP_PATTERN:
		return sel->name && iap_glob(item->name, sel->name) ? RELEVANT : NOTHING;
	case IAP_NETS:
		return in_nets(item, sel) ? RELEVANT : NOTHING;
	default:
		return NOTHING;
	}
}

/* Do all names that match @pattern lie in @domain? */
static bool pattern_inside(const char *pattern, const char *domain)
{
	const char *tail = strrchr(pattern, '*') + 1;
	size_t n = strlen(tail), d = strlen(domain);

	return n > d && tail[n - d - 1] == '.' && !strcmp(tail + n - d, domain);
}

static enum relation to_domain(const struct iap_item *item, const struct iap_selection *sel)
{
	bool related = false;

	switch (item->kind) {
	case IAP_EXACT_DOMAIN:
		return !strcmp(item->name, sel->name) ? EXACT : NOTHING;
	case IAP_HOST:
		related = iap_in_domain(item->name, sel->name);
		break;
	case IAP_PATTERN:
		related = iap_glob(item->name, sel->name) || pattern_inside(item->name, sel->name);
		break;
	case IAP_NETS:
		related = item->net.kind == RULE_I_BONJOUR && iap_in_domain(sel->name, "local");
		break;
	default:
		break;
	}
	return related ? RELEVANT : NOTHING;
}

static enum relation to_any(const struct iap_item *item)
{
	switch (item->kind) {
	case IAP_EXACT_ANY:
		return EXACT;
	case IAP_HOST:
	case IAP_ADDRESS:
	case IAP_PATTERN:
	case IAP_NETS:
		return RELEVANT;
	default:
		return NOTHING;
	}
}

/* The best relation that an item of @c has. */
static enum relation relate(const struct iap_connection *c, const struct iap_selection *sel)
{
	enum relation best = NOTHING, r;
	size_t i;

	for (i = 0; i < c->n_items; i++) {
		if (c->items[i].kind == IAP_FALLBACK)
			r = FALLBACK;
		else if (sel->kind == IAP_SELECT_HOST)
			r = to_host(&c->items[i], sel);
		else if (sel->kind == IAP_SELECT_DOMAIN)
			r = sel->name ? to_domain(&c->items[i], sel) : NOTHING;
		else
			r = to_any(&c->items[i]);
		best = r > best ? r : best;
	}
	return best;
}

static bool proto_fits(int described, int selected)
{
	if (described == IPPROTO_ICMP && selected == IPPROTO_ICMPV6)
		return true;
	return described < 0 || selected < 0 || described == selected;
}

static bool fits(const struct iap_connection *c, const struct iap_selection *sel)
{
	return c->incoming == sel->incoming && proto_fits(c->proto, sel->proto) &&
	       iap_ports_fit(c, sel->port);
}

/* Is @a the better one of two that fit exactly? What was not selected does not count. */
static bool better(const struct iap_connection *a, const struct iap_connection *b,
		   const struct iap_selection *sel)
{
	unsigned int ports_a = iap_ports_width(a), ports_b = iap_ports_width(b);

	if (sel->port >= 0 && ports_a != ports_b)
		return ports_a < ports_b;
	if (sel->proto >= 0 && (a->proto < 0) != (b->proto < 0))
		return b->proto < 0;
	return a->essential && !b->essential;
}

static const struct iap_connection *best_exact(const struct iap_policy *policy,
					       const struct iap_selection *sel,
					       enum relation how)
{
	const struct iap_connection *best = NULL, *c;
	size_t i;

	for (i = 0; i < policy->n_connections; i++) {
		c = &policy->connections[i];
		if (fits(c, sel) && relate(c, sel) == how && (!best || better(c, best, sel)))
			best = c;
	}
	return best;
}

static size_t collect(const struct iap_policy *policy, const struct iap_selection *sel,
		      enum relation how, bool sorted, const struct iap_connection **out)
{
	size_t n = 0, i;
	int pass;

	for (pass = 0; pass < (sorted ? 2 : 1); pass++) {
		for (i = 0; i < policy->n_connections; i++) {
			const struct iap_connection *c = &policy->connections[i];

			if ((!sorted || c->essential == !pass) && fits(c, sel) &&
			    (relate(c, sel) == how))
				out[n++] = c;
		}
	}
	return n;
}

size_t iap_select(const struct iap_policy *policy, const struct iap_selection *sel,
		  const struct iap_connection **out)
{
	size_t n;

	/* by name before by address */
	if ((*out = best_exact(policy, sel, EXACT)) ||
	    (*out = best_exact(policy, sel, EXACT_ADDRESS)))
		return 1;
	n = collect(policy, sel, RELEVANT, true, out);
	return n ? n : collect(policy, sel, FALLBACK, false, out);
}

int iap_select_parse(const char *word, enum iap_selected *kind)
{
	static const char *const kinds[] = { "host", "domain", "any" };
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(kinds); i++) {
		if (!strcmp(word, kinds[i])) {
			*kind = i;
			return 0;
		}
	}
	return -EINVAL;
}
