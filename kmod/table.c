// SPDX-License-Identifier: GPL-2.0-only
/* Builds the table of compiled rules; see table.h. Pure: looks at nothing but its arguments. */
#include "match.h"

#ifdef __KERNEL__
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/sort.h>
#include <linux/string.h>
#else
#define cond_resched()			do { } while (0)
#define get_random_u32()		0x5eed5eedU
#define sort(base, n, size, cmp, swp)	qsort(base, n, size, cmp)
#endif

#include "addr.h"
#include "table.h"

#define SNITCH_R_KNOWN	(SNITCH_R_UID | SNITCH_R_BUILTIN | SNITCH_R_DAEMON | SNITCH_R_PROTO | \
			 SNITCH_R_LOOPBACK | SNITCH_R_CGROUP | SNITCH_R_WHOLE | SNITCH_R_NAMED | \
			 SNITCH_R_SET | SNITCH_R_NOT_SET | SNITCH_R_IFINDEX)

static bool app_valid(const struct snitch_rule *r, u32 n_apps)
{
	if (r->app == SNITCH_APP_KERNEL)
		return r->kernel < __SNITCH_K_MAX;
	return r->app <= n_apps && !r->kernel;
}

static bool addr_valid(const struct snitch_rule *r)
{
	switch (r->family) {
	case 0:
		return true;
	case AF_INET:
		return memcmp(r->first, r->last, 4) <= 0;
	case AF_INET6:
		return memcmp(r->first, r->last, 16) <= 0;
	case AF_PACKET:		/* has no IP protocol, and the kernel sends no frames of its own */
		return memcmp(r->first, r->last, 16) <= 0 && !(r->flags & SNITCH_R_PROTO) &&
		       r->app != SNITCH_APP_KERNEL;
	default:
		return false;
	}
}

static bool whole_valid(const struct snitch_rule *r)
{
	if (!(r->flags & SNITCH_R_WHOLE))
		return true;
	return (r->action == SNITCH_DENY || r->action == SNITCH_DROP) &&
	       !(r->flags & (SNITCH_R_DAEMON | SNITCH_R_SET)) && r->app != SNITCH_APP_ANY &&
	       r->app != SNITCH_APP_KERNEL;
}

static bool named_valid(const struct snitch_rule *r)
{
	return !(r->flags & SNITCH_R_NAMED) ||
	       ((r->flags & SNITCH_R_DAEMON) && r->app == SNITCH_APP_ANY);
}

static bool set_valid(const struct snitch_rule *r, const struct snitch_sets *sets)
{
	if (r->flags & SNITCH_R_SET)
		return !r->family && snitch_sets_slot(sets, r->set) >= 0;
	return !r->set && !(r->flags & SNITCH_R_NOT_SET);
}

static bool ifindex_valid(const struct snitch_rule *r)
{
	if (!(r->flags & SNITCH_R_IFINDEX))
		return !r->ifindex;
	return r->ifindex && r->app == SNITCH_APP_KERNEL && !(r->flags & SNITCH_R_CGROUP);
}

static bool rule_valid(const struct snitch_rule *r, u32 n_apps, const struct snitch_sets *sets)
{
	return r->action >= SNITCH_ALLOW && r->action <= SNITCH_ASK &&
	       r->rank != U32_MAX && !(r->flags & ~SNITCH_R_KNOWN) &&
	       r->port_first <= r->port_last && app_valid(r, n_apps) && addr_valid(r) &&
	       whole_valid(r) && named_valid(r) && set_valid(r, sets) && ifindex_valid(r);
}

static u8 place_unindexed(const struct snitch_entry *e)
{
	return e->flags & SNITCH_R_DAEMON ? PLACE_DAEMON : PLACE_LISTED;
}

/* Sets @e->shape and says where the entry belongs, if the index has room. */
static u8 entry_place(struct snitch_entry *e)
{
	bool one_addr = e->first[0] == e->last[0] && e->first[1] == e->last[1];
	bool any_port = e->port_first == 0 && e->port_last == 65535;

	if (e->flags & (SNITCH_R_CGROUP | SNITCH_R_IFINDEX) && !(e->flags & SNITCH_R_WHOLE))
		return place_unindexed(e);
	if (e->flags & SNITCH_R_DAEMON)
		return PLACE_INDEXED;
	if (e->flags & SNITCH_R_WHOLE)
		return PLACE_WHOLE;
	if (e->flags & (SNITCH_R_LOOPBACK | SNITCH_R_SET) || e->kernel ||
	    (e->family && !one_addr) || (!any_port && e->port_first != e->port_last))
		return PLACE_INDEXED;
	e->shape = (e->family ? SHAPE_ADDR : 0) | (any_port ? 0 : SHAPE_PORT) |
		   (e->flags & SNITCH_R_PROTO ? SHAPE_PROTO : 0) |
		   (e->flags & SNITCH_R_UID ? SHAPE_UID : 0);
	return PLACE_HASHED;
}

static void entry_fill(struct snitch_entry *e, const struct snitch_rule *r, u32 index, u32 n_apps,
		       const struct snitch_sets *sets)
{
	memset(e, 0, sizeof(*e));
	if (r->family) {
		snitch_load_addr(e->first, r->family, r->first);
		snitch_load_addr(e->last, r->family, r->last);
	}
	e->id = r->id;
	if (r->flags & SNITCH_R_IFINDEX)
		e->ifindex = r->ifindex;
	else
		e->cgroup = r->cgroup;
	e->rank = r->rank;
	e->bucket = r->app == SNITCH_APP_KERNEL ? n_apps + 1 : r->app;
	e->uid = r->uid;
	e->index = index;
	e->port_first = r->port_first;
	e->port_last = r->port_last;
	e->flags = r->flags;
	e->action = r->action;
	e->family = r->family;
	e->proto = r->proto;
	e->kernel = r->kernel;
	if (r->flags & SNITCH_R_SET)
		e->set = snitch_sets_slot(sets, r->set);
	e->place = entry_place(e);
}

static int compare_rank(const void *a, const void *b)
{
	const struct snitch_entry *x = a, *y = b;

	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static int compare_place(const void *a, const void *b)
{
	const struct snitch_entry *x = a, *y = b;

	if (x->bucket != y->bucket)
		return x->bucket < y->bucket ? -1 : 1;
	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return compare_rank(a, b);
}

/* ---- what goes into the index ---- */

/* The families of which the entry has addresses, as a bit mask of enum snitch_index_family. */
static u32 entry_families(const struct snitch_entry *e)
{
	switch (e->family) {
	case AF_INET:
		return BIT(SNITCH_INDEX_V4);
	case AF_INET6:
		return BIT(SNITCH_INDEX_V6);
	case AF_PACKET:
		return BIT(SNITCH_INDEX_FRAMES);
	}
	if (e->flags & SNITCH_R_SET)
		return BIT(__SNITCH_INDEX_FAMILIES);
	return BIT(SNITCH_INDEX_V4) | BIT(SNITCH_INDEX_V6) |
	       (entry_covers_frames(e) ? BIT(SNITCH_INDEX_FRAMES) : 0);
}

static u8 entry_kind(const struct snitch_entry *e)
{
	if (e->action != SNITCH_ALLOW)
		return SNITCH_INDEX_REFUSING;
	if (e->bucket != SNITCH_APP_ANY || e->flags & SNITCH_R_NAMED)
		return SNITCH_INDEX_ALLOWING;
	return SNITCH_INDEX_GENERAL + SNITCH_RANK_TIER(e->rank);
}

static u32 entry_items(const struct snitch_entry *e)
{
	u32 families = entry_families(e), n = snitch_index_blocks(e->port_first, e->port_last);

	return n * (!!(families & 1) + !!(families & 2) + !!(families & 4) + !!(families & 8));
}

/* Writes the items of one entry. Return: how many. */
static u32 put_items(struct snitch_index_item *to, const struct snitch_entry *e, u32 entry)
{
	const struct snitch_index_cond cond = {
		.bucket = SNITCH_INDEX_BUCKET(e->bucket, e->flags & SNITCH_R_DAEMON),
		.uid = e->flags & SNITCH_R_UID ? e->uid : 0,
		.proto = e->flags & SNITCH_R_PROTO ? e->proto : 0,
		.kernel = e->kernel,
		.kind = entry_kind(e),
		.fields = (e->flags & SNITCH_R_PROTO ? SNITCH_INDEX_PROTO : 0) |
			  (e->flags & SNITCH_R_UID ? SNITCH_INDEX_UID : 0) |
			  (e->flags & SNITCH_R_LOOPBACK ? SNITCH_INDEX_LOOPBACK : 0) |
			  (e->kernel ? SNITCH_INDEX_KERNEL : 0),
	};
	struct snitch_index_key keys[SNITCH_INDEX_BLOCKS_MAX];
	u32 families = entry_families(e), blocks, family, i, n = 0;

	blocks = snitch_index_blocks(e->port_first, e->port_last);
	snitch_index_keys(&cond, e->port_first, e->port_last, keys);
	for (i = 0; i < blocks; i++) {
		for (family = 0; family <= __SNITCH_INDEX_FAMILIES; family++) {
			struct snitch_index_item *item = to + n;

			if (!(families & BIT(family)))
				continue;
			memset(item, 0, sizeof(*item));
			item->key = keys[i];
			item->rank = e->rank;
			item->entry = entry;
			item->family = family;
			if (e->flags & SNITCH_R_SET) {
				item->set = e->set + 1;
				item->not = !!(e->flags & SNITCH_R_NOT_SET);
			} else if (e->family) {
				memcpy(item->first, e->first, sizeof(item->first));
				memcpy(item->last, e->last, sizeof(item->last));
			} else {
				memset(item->last, 0xff, sizeof(item->last));
			}
			n++;
		}
	}
	return n;
}

/* By rank: what the index has no room for is listed, the weakest rules. Return: items. */
static u32 share_index(struct snitch_table *t, u32 n)
{
	u32 i, more, items = 0;

	for (i = 0; i < n; i++) {
		struct snitch_entry *e = &t->entries[i];

		if (e->place != PLACE_INDEXED)
			continue;
		more = entry_items(e);
		if (items + more > SNITCH_INDEX_MAX)
			e->place = place_unindexed(e);
		else
			items += more;
	}
	return items;
}

static int fill_index(struct snitch_table *t, u32 n, u32 n_items)
{
	struct snitch_index_item *items;
	u32 i, at = 0;

	items = kvmalloc_array(n_items ?: 1, sizeof(*items), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!items)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		if (t->entries[i].place == PLACE_INDEXED)
			at += put_items(items + at, &t->entries[i], i);
		if (!(i % 4096))
			cond_resched();
	}
	t->index = snitch_index_build(items, at, SNITCH_INDEX_BUCKET(t->n_apps + 2, 0));
	kvfree(items);
	return t->index ? 0 : -ENOMEM;
}

/* ---- the whole ---- */

static int fill_entries(struct snitch_table *t, const struct snitch_rule *rules, u32 n,
			const struct snitch_sets *sets, u32 *n_items)
{
	u32 i;

	for (i = 0; i < n; i++) {
		if (!rule_valid(&rules[i], t->n_apps, sets))
			return -EINVAL;
		entry_fill(&t->entries[i], &rules[i], i, t->n_apps, sets);
		if (!(i % 4096))
			cond_resched();
	}
	sort(t->entries, n, sizeof(*t->entries), compare_rank, NULL);
	for (i = 1; i < n; i++)
		if (t->entries[i].rank == t->entries[i - 1].rank)
			return -EINVAL;
	*n_items = share_index(t, n);
	cond_resched();
	sort(t->entries, n, sizeof(*t->entries), compare_place, NULL);
	cond_resched();
	return 0;
}

static void fill_buckets(struct snitch_table *t, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		const struct snitch_entry *e = &t->entries[i];
		struct snitch_bucket *b = &t->buckets[e->bucket];

		if (!b->count[e->place]++)
			b->start[e->place] = i;
		if (e->place == PLACE_HASHED)
			b->shapes |= 1U << e->shape;
		if (e->place == PLACE_DAEMON || (e->place == PLACE_INDEXED &&
						 e->flags & SNITCH_R_DAEMON))
			b->has |= BUCKET_BARRIERS;
		else if (e->place != PLACE_WHOLE)
			b->has |= BUCKET_RULES;
	}
}

/* Chains rise in rank: entries of one bucket are put in front, worst first. */
static void fill_hash(struct snitch_table *t, u32 n)
{
	while (n--) {
		struct snitch_entry *e = &t->entries[n];
		u32 *head;

		if (e->place != PLACE_HASHED)
			continue;
		head = &t->heads[hash_key(t, hash_addr(t, e->family, e->first), e->bucket,
					  e->shape, e->proto, e->port_first, e->uid)];
		e->next = *head;
		*head = n + 1;
	}
}

static bool entry_is_plain(const struct snitch_entry *e)
{
	return !e->family && e->port_first == 0 && e->port_last == 65535 &&
	       !(e->flags & (SNITCH_R_PROTO | SNITCH_R_UID | SNITCH_R_LOOPBACK |
			     SNITCH_R_CGROUP | SNITCH_R_DAEMON | SNITCH_R_SET |
			     SNITCH_R_IFINDEX));
}

static void fill_kinds(struct snitch_table *t, u32 n)
{
	u32 i, k, best;

	for (k = 0; k < __SNITCH_K_MAX; k++) {
		best = 0;
		for (i = n; i-- && t->entries[i].bucket == t->n_apps + 1;) {
			const struct snitch_entry *e = &t->entries[i];

			if ((!e->kernel || e->kernel == k) &&
			    (!best || e->rank < t->entries[best - 1].rank))
				best = i + 1;
		}
		if (best && !entry_is_plain(&t->entries[best - 1]))
			best = KIND_DEPENDS;
		t->kinds[k] = best;
	}
}

/* About twice as many heads as rules. */
static u32 hash_bits(u32 n)
{
	u32 bits = 4;

	while (bits < 21 && (1U << bits) < 2 * n)
		bits++;
	return bits;
}

struct snitch_table *snitch_table_build(const struct snitch_rule *rules, u32 n_rules,
					u32 n_apps, const struct snitch_sets *sets, int *err)
{
	u32 bits = hash_bits(n_rules), n_items = 0;
	struct snitch_table *t;

	*err = -E2BIG;
	if (n_rules > SNITCH_RULES_MAX || n_apps > SNITCH_APPS_MAX)
		return NULL;
	*err = -ENOMEM;
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return NULL;
	t->n_apps = n_apps;
	t->shift = 64 - bits;
	t->seed = (u64)get_random_u32() << 32 | get_random_u32();
	t->entries = kvmalloc_array(max_t(u32, n_rules, 1), sizeof(*t->entries), GFP_KERNEL);
	t->buckets = kvcalloc(n_apps + 2, sizeof(*t->buckets), GFP_KERNEL);
	t->heads = kvcalloc(1U << bits, sizeof(*t->heads), GFP_KERNEL);
	if (!t->entries || !t->buckets || !t->heads)
		goto fail;
	*err = fill_entries(t, rules, n_rules, sets, &n_items) ?: fill_index(t, n_rules, n_items);
	if (*err)
		goto fail;
	fill_buckets(t, n_rules);
	fill_hash(t, n_rules);
	fill_kinds(t, n_rules);
	return t;
fail:
	snitch_table_free(t);
	return NULL;
}

void snitch_table_free(struct snitch_table *t)
{
	if (!t)
		return;
	snitch_index_free(t->index);
	kvfree(t->heads);
	kvfree(t->buckets);
	kvfree(t->entries);
	kfree(t);
}
