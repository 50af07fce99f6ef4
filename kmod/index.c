// SPDX-License-Identifier: GPL-2.0-only
/* Index: see index.h. Pure: looks at nothing but its arguments. */
#include "index.h"

#ifdef __KERNEL__
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#else
#define __ffs(x)			((u32)__builtin_ctzl(x))
#define __fls(x)			(63 - (u32)__builtin_clzl(x))
#define cond_resched()			do { } while (0)
#define get_random_u32()		0x5eed5eedU
#define sort(base, n, size, cmp, swp)	qsort(base, n, size, cmp)
#endif

#include "addr.h"

#define INDEX_GFP	(GFP_KERNEL_ACCOUNT | __GFP_NOWARN)
#define LEVEL_ANY	16	/* the block of all ports */

/*
 * Keys. High word: bucket, then the probe: level of the block (5 bits), fields
 * (4), kind (3). Low word: uid, kernel, proto, block of ports.
 */
#define PROBE_LEVEL(p)	((p) & 31)
#define PROBE_FIELDS(p)	((p) >> 5 & 15)
#define PROBE_KIND(p)	((p) >> 9 & 7)

/* A piece of a class's addresses: from here to the next one. */
struct index_point {
	u64 addr[2];
	u32 entry;	/* plus 1; 0: no rule of the class */
	u32 rank;	/* while it is built: the next piece without a rule */
};

/* A rule about a set. */
struct index_member {
	u32 entry;	/* plus 1 */
	u32 rank;
	u8 slot;
	u8 not;
};

/*
 * struct index_class - see index.h
 * @next: in its hash chain: index of a class plus 1; 0: end
 * @best: best rank in it
 * @points: first piece of each family, then the end
 * @members: first rule about a set, then the end
 */
struct index_class {
	struct snitch_index_key key;
	u32 next;
	u32 best;
	u32 points[__SNITCH_INDEX_FAMILIES + 1];
	u32 members[2];
};

struct index_probe {
	u32 probe;
	u32 best;	/* rank */
};

struct snitch_index {
	struct index_class *classes;
	struct index_point *points;
	struct index_member *members;
	struct index_probe *probes;
	u32 *buckets;	/* first probe of each bucket, then the end */
	u32 *heads;	/* of hash chains: index of a class plus 1 */
	u64 seed;
	u32 shift;	/* 64 minus the bits of the hash */
	u32 n_classes;
	u32 n_points;
	u32 n_members;
	u32 n_probes;
};

static u64 key_hash(const struct snitch_index *x, const struct snitch_index_key *k)
{
	u64 h = (k->high ^ x->seed) * 0x9e3779b97f4a7c15ULL;

	h = (h ^ h >> 32 ^ k->low) * 0x9e3779b97f4a7c15ULL;
	return (h ^ h >> 29) * 0x9e3779b97f4a7c15ULL >> x->shift;
}

/* ---- keys ---- */

/* The largest block that begins at @first and ends by @last. */
static u32 block_level(u32 first, u32 last)
{
	u32 size = __fls(last - first + 1);

	return first && __ffs(first) < size ? __ffs(first) : size;
}

u32 snitch_index_blocks(u16 first, u16 last)
{
	u32 at, n = 0;

	for (at = first; at <= last; at += 1U << block_level(at, last))
		n++;
	return n;
}

void snitch_index_keys(const struct snitch_index_cond *c, u16 first, u16 last,
		       struct snitch_index_key *keys)
{
	u32 at, level;

	for (at = first; at <= last; at += 1U << level, keys++) {
		level = block_level(at, last);
		keys->high = (u64)c->bucket << 32 | level | c->fields << 5 | c->kind << 9;
		keys->low = (u64)c->uid << 32 | (u32)c->kernel << 24 | c->proto << 16 |
			    at >> level;
	}
}

/* ---- building ---- */

static int compare_u64(u64 a, u64 b)
{
	return a < b ? -1 : a > b;
}

static int compare_items(const void *a, const void *b)
{
	const struct snitch_index_item *x = a, *y = b;
	int r = compare_u64(x->key.high, y->key.high);

	if (!r)
		r = compare_u64(x->key.low, y->key.low);
	if (!r)
		r = (int)x->family - y->family;
	return r ? r : compare_u64(x->rank, y->rank);
}

static int compare_points(const void *a, const void *b)
{
	const struct index_point *x = a, *y = b;

	return snitch_addr_less(x->addr, y->addr) ? -1 : snitch_addr_less(y->addr, x->addr);
}

static int compare_probes(const void *a, const void *b)
{
	const struct index_probe *x = a, *y = b;

	return compare_u64(x->best, y->best);
}

static bool same_key(const struct snitch_index_key *a, const struct snitch_index_key *b)
{
	return a->high == b->high && a->low == b->low;
}

/* Where pieces may begin: at first addresses, and behind last ones. Return: how many. */
static u32 cut(struct index_point *p, const struct snitch_index_item *items, u32 n)
{
	u32 i, k = 0, out = 0;

	for (i = 0; i < n; i++) {
		memcpy(p[k++].addr, items[i].first, sizeof(p->addr));
		memcpy(p[k].addr, items[i].last, sizeof(p->addr));
		if (++p[k].addr[1] || ++p[k].addr[0])
			k++;	/* else there is nothing behind it */
	}
	sort(p, k, sizeof(*p), compare_points, NULL);
	for (i = 0; i < k; i++)
		if (!i || compare_points(&p[i], &p[out - 1]))
			p[out++] = p[i];
	for (i = 0; i < out; i++) {
		p[i].entry = 0;
		p[i].rank = i;
	}
	return out;
}

/* The next piece from @i on that no rule has yet, @n without one; shortens the way there. */
static u32 next_free(struct index_point *p, u32 i, u32 n)
{
	u32 end = i, next;

	while (end < n && p[end].rank != end)
		end = p[end].rank;
	for (; i < n && i != end; i = next) {
		next = p[i].rank;
		p[i].rank = end;
	}
	return end;
}

/* The last of @n pieces, by address, that does not begin behind @addr; @n: they all do. */
static u32 find_point(const struct index_point *p, u32 n, const u64 addr[2])
{
	const struct index_point *at = p;
	u32 left = n, half;

	for (; left > 1; left -= half) {
		half = left / 2;
		if (!snitch_addr_less(addr, at[half].addr))
			at += half;
	}
	return n && !snitch_addr_less(addr, at->addr) ? at - p : n;
}

/* The best rule takes its pieces first, each other one what is left. Return: pieces. */
static u32 fill_points(struct index_point *p, const struct snitch_index_item *items, u32 n)
{
	u32 i, k, pieces = cut(p, items, n), out = 0;

	for (i = 0; i < n; i++) {
		k = next_free(p, find_point(p, pieces, items[i].first), pieces);
		for (; k < pieces && !snitch_addr_less(items[i].last, p[k].addr);
		     k = next_free(p, k, pieces)) {
			p[k].entry = i + 1;
			p[k].rank = k + 1;
		}
	}
	for (i = 0; i < pieces; i++) {
		if (out && p[out - 1].entry == p[i].entry)
			continue;	/* one rule, cut for nothing */
		p[out++] = p[i];
	}
	for (i = 0; i < out; i++) {
		if (!p[i].entry)
			continue;
		p[i].rank = items[p[i].entry - 1].rank;
		p[i].entry = items[p[i].entry - 1].entry + 1;
	}
	return out;
}

/* Of each set only the best rule for those in it and the best for those not. */
static u32 fill_members(struct index_member *m, const struct snitch_index_item *items, u32 n)
{
	u64 seen[2] = { 0, 0 };
	u32 i, out = 0;

	for (i = 0; i < n; i++) {
		const u32 slot = items[i].set - 1;

		if (seen[items[i].not] & 1ULL << slot)
			continue;
		seen[items[i].not] |= 1ULL << slot;
		m[out++] = (struct index_member){
			.entry = items[i].entry + 1, .rank = items[i].rank,
			.slot = slot, .not = items[i].not,
		};
	}
	return out;
}

/* One class; its items are sorted by family and rank. */
static void fill_class(struct snitch_index *x, const struct snitch_index_item *items, u32 n)
{
	struct index_class *c = &x->classes[x->n_classes++];
	u32 i = 0, end, family, *head;

	c->key = items->key;
	c->best = U32_MAX;
	for (family = 0; family <= __SNITCH_INDEX_FAMILIES; family++) {
		for (end = i; end < n && items[end].family == family; end++)
			;
		if (end > i)
			c->best = min(c->best, items[i].rank);
		if (family == __SNITCH_INDEX_FAMILIES)
			break;
		c->points[family] = x->n_points;
		x->n_points += fill_points(x->points + x->n_points, items + i, end - i);
		i = end;
	}
	c->points[family] = x->n_points;
	c->members[0] = x->n_members;
	x->n_members += fill_members(x->members + x->n_members, items + i, end - i);
	c->members[1] = x->n_members;
	head = &x->heads[key_hash(x, &c->key)];
	c->next = *head;
	*head = x->n_classes;
}

static void fill_classes(struct snitch_index *x, const struct snitch_index_item *items, u32 n)
{
	u32 i, end;

	for (i = 0; i < n; i = end) {
		for (end = i + 1; end < n && same_key(&items[end].key, &items[i].key); end++)
			;
		fill_class(x, items + i, end - i);
		if (end - i > 64 || !(x->n_classes % 1024))
			cond_resched();
	}
}

/* Classes stand in the order of their keys: those of a probe side by side, and its bucket's. */
static void fill_probes(struct snitch_index *x, u32 n_buckets)
{
	struct index_probe *p = NULL;
	u32 i, bucket;
	u64 last = 0;

	for (i = 0, bucket = 0; i < x->n_classes; i++) {
		const struct index_class *c = &x->classes[i];

		if (!p || c->key.high != last) {
			for (; bucket <= c->key.high >> 32; bucket++)
				x->buckets[bucket] = x->n_probes;
			p = &x->probes[x->n_probes++];
			p->probe = (u32)c->key.high;
			p->best = c->best;
			last = c->key.high;
		}
		p->best = min(p->best, c->best);
	}
	for (; bucket <= n_buckets; bucket++)
		x->buckets[bucket] = x->n_probes;
	for (i = 0; i < n_buckets; i++)
		if (x->buckets[i + 1] - x->buckets[i] > 1)
			sort(x->probes + x->buckets[i], x->buckets[i + 1] - x->buckets[i],
			     sizeof(*p), compare_probes, NULL);
}

static u32 count_classes(const struct snitch_index_item *items, u32 n, u32 *members, u32 *probes)
{
	u32 i, classes = 0;

	*members = 0;
	*probes = 0;
	for (i = 0; i < n; i++) {
		*members += items[i].set != 0;
		classes += !i || !same_key(&items[i].key, &items[i - 1].key);
		*probes += !i || items[i].key.high != items[i - 1].key.high;
	}
	return classes;
}

static void *array_of(u32 n, size_t size)
{
	return kvcalloc(n ?: 1, size, INDEX_GFP);
}

struct snitch_index *snitch_index_build(struct snitch_index_item *items, u32 n, u32 n_buckets)
{
	struct snitch_index *x = kzalloc(sizeof(*x), INDEX_GFP);
	u32 classes, members, probes, bits = 1;

	if (!x)
		return NULL;
	sort(items, n, sizeof(*items), compare_items, NULL);
	cond_resched();
	classes = count_classes(items, n, &members, &probes);
	while (bits < 22 && 1U << bits < 2 * classes)
		bits++;
	x->shift = 64 - bits;
	x->seed = (u64)get_random_u32() << 32 | get_random_u32();
	x->classes = array_of(classes, sizeof(*x->classes));
	x->points = array_of(2 * (n - members), sizeof(*x->points));
	x->members = array_of(members, sizeof(*x->members));
	x->probes = array_of(probes, sizeof(*x->probes));
	x->buckets = array_of(n_buckets + 1, sizeof(*x->buckets));
	x->heads = array_of(1U << bits, sizeof(*x->heads));
	if (x->classes && x->points && x->members && x->probes && x->buckets && x->heads) {
		fill_classes(x, items, n);
		fill_probes(x, n_buckets);
		return x;
	}
	snitch_index_free(x);
	return NULL;
}

void snitch_index_free(struct snitch_index *x)
{
	if (!x)
		return;
	kvfree(x->classes);
	kvfree(x->points);
	kvfree(x->members);
	kvfree(x->probes);
	kvfree(x->buckets);
	kvfree(x->heads);
	kfree(x);
}

/* ---- looking up ---- */

bool snitch_index_has(const struct snitch_index *x, u32 bucket)
{
	return x->buckets[bucket] != x->buckets[bucket + 1];
}

/* The class of these conditions that the flow is in, or NULL. */
static const struct index_class *find_class(const struct snitch_index *x, u32 probe,
					    const struct snitch_index_query *q)
{
	const u32 fields = PROBE_FIELDS(probe);
	struct snitch_index_key key = {
		.high = (u64)q->bucket << 32 | probe,
		.low = q->port >> PROBE_LEVEL(probe),
	};
	u32 i;

	if (fields & SNITCH_INDEX_PROTO)
		key.low |= (u32)q->proto << 16;
	if (fields & SNITCH_INDEX_UID)
		key.low |= (u64)q->uid << 32;
	if (fields & SNITCH_INDEX_KERNEL)
		key.low |= (u32)q->kernel << 24;
	for (i = x->heads[key_hash(x, &key)]; i; i = x->classes[i - 1].next)
		if (same_key(&x->classes[i - 1].key, &key))
			return &x->classes[i - 1];
	return NULL;
}

static u32 search_class(const struct snitch_index *x, const struct index_class *c,
			struct snitch_index_query *q)
{
	const struct index_point *p = x->points + c->points[q->family];
	const u32 n = c->points[q->family + 1] - c->points[q->family];
	const u32 at = find_point(p, n, q->look->addr);
	const struct index_member *m = x->members + c->members[0];
	const struct index_member *end = x->members + c->members[1];
	u32 found = 0;

	if (at < n && p[at].entry && p[at].rank < q->rank) {
		found = p[at].entry;
		q->rank = p[at].rank;
	}
	if (q->family == SNITCH_INDEX_FRAMES)
		return found;
	for (; m < end && m->rank < q->rank; m++) {
		if (snitch_sets_has(q->look, m->slot) == m->not)
			continue;
		q->rank = m->rank;
		return m->entry;
	}
	return found;
}

u32 snitch_index_search(const struct snitch_index *x, struct snitch_index_query *q)
{
	const struct index_probe *p = x->probes + x->buckets[q->bucket];
	const struct index_probe *end = x->probes + x->buckets[q->bucket + 1];
	const struct index_class *c;
	u32 found = 0, entry;

	for (; p < end && p->best < q->rank; p++) {
		if (!(q->kinds & 1U << PROBE_KIND(p->probe)))
			continue;
		if (!q->loopback && PROBE_FIELDS(p->probe) & SNITCH_INDEX_LOOPBACK)
			continue;
		c = find_class(x, p->probe, q);
		if (!c || c->best >= q->rank)
			continue;
		entry = search_class(x, c, q);
		if (entry)
			found = entry;
	}
	return found;
}
