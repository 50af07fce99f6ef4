// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Remotes as addresses, for judging and for compiling. It must never ask the system: what this
 * machine's networks are stands in the environment.
 */
#include "places.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "../lists/lists.h"
#include "../util/addrspan.h"
#include "decide.h"
#include "program.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

/* RFC 1918, link-local and unique local addresses. */
static const struct policy_net local_nets[] = {
	{ AF_INET, 8, { 10 } },
	{ AF_INET, 12, { 172, 16 } },
	{ AF_INET, 16, { 192, 168 } },
	{ AF_INET, 16, { 169, 254 } },
	{ AF_INET6, 10, { 0xfe, 0x80 } },
	{ AF_INET6, 7, { 0xfc } },
};

static const struct policy_net multicast_nets[] = {
	{ AF_INET, 4, { 224 } },
	{ AF_INET6, 8, { 0xff } },
};

static const struct policy_net broadcast_nets[] = {
	{ AF_INET, 32, { 255, 255, 255, 255 } },
};

/* Multicast DNS. */
static const struct policy_net bonjour_nets[] = {
	{ AF_INET, 32, { 224, 0, 0, 251 } },
	{ AF_INET6, 128, { 0xff, 0x02, [15] = 0xfb } },
};

/* What a keyword stands for: @fixed ones, and those of this machine, @single: without prefix. */
struct place {
	const struct policy_net *fixed;
	size_t n_fixed;
	const struct policy_net *here;
	size_t n_here;
	bool single;
};

static struct place place_of(enum rule_item_kind kind, const struct policy_env *env)
{
	switch (kind) {
	case RULE_I_LOCAL_NET:
		return (struct place){ local_nets, N(local_nets), env->local, env->n_local, false };
	case RULE_I_MULTICAST:
		return (struct place){ multicast_nets, N(multicast_nets), NULL, 0, false };
	case RULE_I_BROADCAST:
		return (struct place){ broadcast_nets, N(broadcast_nets), env->broadcast,
				       env->n_broadcast, true };
	case RULE_I_BONJOUR:
		return (struct place){ bonjour_nets, N(bonjour_nets), NULL, 0, false };
	case RULE_I_DNS_SERVERS:
		return (struct place){ NULL, 0, env->dns, env->n_dns, true };
	default:
		return (struct place){ NULL, 0, NULL, 0, false };
	}
}

static size_t addr_len(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

static struct range range_of_net(const struct policy_net *net, bool single)
{
	struct range r = { .family = net->family };
	size_t bytes = addr_len(net->family), i;
	int len = single || net->len > 8 * bytes ? 8 * (int)bytes : net->len;

	for (i = 0; i < bytes; i++, len -= 8) {
		uint8_t mask = len >= 8 ? 0xff : len > 0 ? 0xff << (8 - len) : 0;

		r.first[i] = net->addr[i] & mask;
		r.last[i] = net->addr[i] | (uint8_t)~mask;
	}
	return r;
}

static struct range range_of_item(const struct rule_item *item)
{
	struct range r = { .family = item->family };

	memcpy(r.first, item->first, sizeof(r.first));
	memcpy(r.last, item->last, sizeof(r.last));
	return r;
}

static bool range_contains(const struct range *r, const struct flow_query *q)
{
	size_t len = addr_len(q->family);

	return r->family == q->family && memcmp(q->addr, r->first, len) >= 0 &&
	       memcmp(q->addr, r->last, len) <= 0;
}

static bool nets_contain(const struct policy_net *nets, size_t n, bool single,
			 const struct flow_query *q)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct range r = range_of_net(&nets[i], single);

		if (range_contains(&r, q))
			return true;
	}
	return false;
}

/* ---- judging --------------------------------------------------------------------- */

static bool name_is(const char *name, const struct rule_item *item)
{
	size_t len = strlen(item->name), n = strlen(name);

	if (!strcasecmp(name, item->name))
		return true;
	return item->kind == RULE_I_DOMAIN && n > len && name[n - len - 1] == '.' &&
	       !strcasecmp(name + n - len, item->name);
}

/* @claims: names that nobody vouches for count, too */
static bool names_match(const struct rule_item *item, const struct flow_query *q, bool claims)
{
	size_t i;

	for (i = 0; i < q->n_names; i++) {
		if (name_is(q->names[i], item))
			return true;
	}
	for (i = 0; claims && i < q->n_claims; i++) {
		if (name_is(q->claims[i], item))
			return true;
	}
	return false;
}

/* One of the flow's names, or its address. Of a list that is not there nothing is known. */
static bool list_matches(const struct rule_item *item, const struct policy_env *env,
			 const struct flow_query *q, bool claims, struct policy_list_hit *hit)
{
	const struct list *list = lists_find(env->lists, item->name);
	size_t i;

	*hit = (struct policy_list_hit){ .list = list };
	for (i = 0; list && i < q->n_names; i++) {
		if (list_match_name(list, q->names[i], &hit->entry))
			return true;
	}
	for (i = 0; list && claims && i < q->n_claims; i++) {
		if (list_match_name(list, q->claims[i], &hit->entry))
			return true;
	}
	return list && (q->family == AF_INET || q->family == AF_INET6) &&
	       list_match_addr(list, q->family, q->addr, &hit->range);
}

bool policy_list_hit(const struct rule *rule, const struct policy_env *env,
		     const struct flow_query *q, struct policy_list_hit *hit)
{
	size_t i;

	for (i = 0; i < rule->n_items && !rule->negated; i++) {
		if (rule->items[i].kind == RULE_I_LIST &&
		    list_matches(&rule->items[i], env, q, rule_is_refusal(rule), hit))
			return true;
	}
	return false;
}

static bool item_matches(const struct rule_item *item, const struct policy_env *env,
			 const struct flow_query *q, bool claims)
{
	struct policy_list_hit hit;
	struct place place;
	struct range r;

	switch (item->kind) {
	case RULE_I_ANY:
		return true;
	case RULE_I_LOOPBACK:
		return q->loopback;
	case RULE_I_HOST:
	case RULE_I_DOMAIN:
		return names_match(item, q, claims);
	case RULE_I_LIST:
		return list_matches(item, env, q, claims, &hit);
	case RULE_I_ADDRESS:
	case RULE_I_RANGE:
	case RULE_I_PREFIX:
		r = range_of_item(item);
		return range_contains(&r, q);
	default:
		place = place_of(item->kind, env);
		return nets_contain(place.fixed, place.n_fixed, false, q) ||
		       nets_contain(place.here, place.n_here, place.single, q);
	}
}

/* A list may hold what is not known of the flow, or is not there to tell. */
static bool list_unknown(const struct rule_item *item, const struct policy_env *env,
			 const struct flow_query *q)
{
	const struct list *list = lists_find(env->lists, item->name);

	return !list || list_facts(list)->problem[0] || (list_facts(list)->names && !q->n_names);
}

/* What is not known of a remote may be the very one meant: "not NAME" is no licence then. */
static bool remote_unknown(const struct rule *rule, const struct policy_env *env,
			   const struct flow_query *q)
{
	size_t i;

	if (rule->action != SNITCH_ALLOW)
		return false;
	for (i = 0; i < rule->n_items; i++) {
		const struct rule_item *item = &rule->items[i];

		if (!q->family)
			return true;
		if (item->kind == RULE_I_LIST ? list_unknown(item, env, q) :
		    item_is_name(item) && !q->n_names)
			return true;
	}
	return false;
}

bool rule_remote_matches(const struct rule *rule, const struct policy_env *env,
			 const struct flow_query *q)
{
	/* a claim never widens: not by being the name, nor by being none of them */
	bool claims = (rule->action == SNITCH_ALLOW) == rule->negated;
	size_t i;

	for (i = 0; i < rule->n_items; i++) {
		if (item_matches(&rule->items[i], env, q, claims))
			return !rule->negated;
	}
	return rule->negated && !remote_unknown(rule, env, q);
}

/* ---- compiling ------------------------------------------------------------------- */

static void add(struct ranges *ranges, const struct range *r)
{
	if (ranges->n == ranges->room) {
		size_t room = ranges->room ? 2 * ranges->room : 8;
		struct range *more = reallocarray(ranges->range, room, sizeof(*more));

		if (!more) {
			ranges->failed = true;
			return;
		}
		ranges->range = more;
		ranges->room = room;
	}
	ranges->range[ranges->n++] = *r;
}

void ranges_free(struct ranges *ranges)
{
	free(ranges->range);
	memset(ranges, 0, sizeof(*ranges));
}

/*
 * The addresses of a list, as they are now; its names only the daemon can judge. Of a list that is
 * not there nothing matches, but "not" before it does not mean everything.
 */
static void add_list(struct ranges *ranges, const struct list *list, bool negated)
{
	const struct list_range *from;
	struct range r = { .loopback = false };
	size_t n = list ? list_ranges(list, &from) : 0, i;

	if (list)
		ranges->names |= list_facts(list)->names > 0;
	if (negated)
		ranges->names |= !list || list_facts(list)->problem[0];
	for (i = 0; i < n && !ranges->failed; i++) {
		r.family = from[i].family;
		memcpy(r.first, from[i].first, sizeof(r.first));
		memcpy(r.last, from[i].last, sizeof(r.last));
		add(ranges, &r);
	}
}

static void add_item(struct ranges *ranges, const struct rule_item *item,
		     const struct policy_env *env, bool negated)
{
	struct place place;
	struct range r;
	size_t i;

	if (item->kind == RULE_I_LIST) {
		add_list(ranges, lists_find(env->lists, item->name), negated);
		return;
	}
	if (item_is_name(item)) {
		ranges->names = true;
		return;
	}
	if (item->kind == RULE_I_ANY || item->kind == RULE_I_LOOPBACK || item_is_address(item)) {
		r = range_of_item(item);
		r.loopback = item->kind == RULE_I_LOOPBACK;
		add(ranges, &r);
		return;
	}
	place = place_of(item->kind, env);
	for (i = 0; i < place.n_fixed; i++) {
		r = range_of_net(&place.fixed[i], false);
		add(ranges, &r);
	}
	for (i = 0; i < place.n_here; i++) {
		r = range_of_net(&place.here[i], place.single);
		add(ranges, &r);
	}
}

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	return memcmp(x->first, y->first, sizeof(x->first));
}

/* Adds the gaps between the sorted ranges of one family. */
static void complement_family(const struct ranges *in, uint8_t family, struct ranges *out)
{
	size_t bytes = addr_len(family), i;
	struct range gap = { .family = family };

	for (i = 0; i < in->n; i++) {
		const struct range *r = &in->range[i];

		if (r->family != family || memcmp(r->last, gap.first, bytes) < 0)
			continue;
		if (memcmp(r->first, gap.first, bytes) > 0) {
			memcpy(gap.last, r->first, bytes);
			snitch_addr_step(gap.last, bytes, -1);
			add(out, &gap);
		}
		memcpy(gap.first, r->last, bytes);
		if (!snitch_addr_step(gap.first, bytes, 1))
			return;
	}
	memset(gap.last, 0xff, bytes);
	add(out, &gap);
}

/*
 * "not any" is nothing; where names or the device decide, only the daemon can tell that a flow is
 * none of them: no ranges, but @names.
 */
static void complement(struct ranges *in, struct ranges *out)
{
	bool names = in->names, any = false;
	size_t i;

	for (i = 0; i < in->n; i++) {
		names |= in->range[i].loopback;
		any |= !in->range[i].family && !in->range[i].loopback;
	}
	out->failed = in->failed;
	out->names = names && !any;
	if (any || names)
		return;
	if (in->n)
		qsort(in->range, in->n, sizeof(*in->range), compare_ranges);
	complement_family(in, AF_INET, out);
	complement_family(in, AF_INET6, out);
}

void rule_ranges(const struct rule *rule, const struct policy_env *env, struct ranges *out)
{
	struct ranges all = { .n = 0 };
	size_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < rule->n_items; i++)
		add_item(&all, &rule->items[i], env, rule->negated);
	if (!rule->negated) {
		*out = all;
		return;
	}
	complement(&all, out);
	ranges_free(&all);
}
