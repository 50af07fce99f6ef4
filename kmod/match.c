// SPDX-License-Identifier: GPL-2.0-only
/*
 * Builds and searches the table of compiled rules. Pure: it never locks,
 * never allocates in a lookup and never looks at anything but its arguments.
 *
 * Each program, "any program" and "the kernel" have a bucket. In it a rule is
 * in one of four places:
 *   whole   a DENY of the program altogether; looked at first, since it takes
 *           the any-program ALLOW rules of its tier out of the game;
 *   hashed  one address or all, one port or all, one protocol or all, one
 *           user or all: the combination is the rule's shape, and one hash
 *           probe for each shape that the bucket has finds its best rule;
 *   listed  ranges and the rarer conditions, sorted by rank;
 *   daemon  rules that only the daemon can judge, sorted by rank: those whose
 *           plain conditions hold are barriers, nothing behind them is final.
 */
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
#define __ffs(x)			((u32)__builtin_ctzl(x))
#define U32_MAX				UINT32_MAX
#define cond_resched()			do { } while (0)
#define get_random_u32()		0x5eed5eedU
#define sort(base, n, size, cmp, swp)	qsort(base, n, size, cmp)
#endif

#define SNITCH_R_KNOWN	(SNITCH_R_UID | SNITCH_R_BUILTIN | SNITCH_R_DAEMON | SNITCH_R_PROTO | \
			 SNITCH_R_LOOPBACK | SNITCH_R_CGROUP | SNITCH_R_WHOLE | SNITCH_R_NAMED)

/* Shapes: which fields the hash compares. */
#define SHAPE_ADDR	BIT(0)
#define SHAPE_PORT	BIT(1)
#define SHAPE_PROTO	BIT(2)
#define SHAPE_UID	BIT(3)

#define KIND_DEPENDS	U32_MAX

enum snitch_place { PLACE_WHOLE, PLACE_HASHED, PLACE_LISTED, PLACE_DAEMON, __PLACE_MAX };

/**
 * struct snitch_entry - one rule
 * @first: lowest address, host order, most significant word first; v4 in @first[0]
 * @last: highest address
 * @id: told in decisions
 * @cgroup: with SNITCH_R_CGROUP
 * @rank: smaller is stronger
 * @bucket: index into the table's buckets
 * @uid: with SNITCH_R_UID
 * @index: place in the array the table was built from
 * @next: in the hash chain, by rising rank: index of an entry plus 1; 0: end
 * @port_first: lowest port
 * @port_last: highest port
 * @flags: SNITCH_R_*
 * @action: enum snitch_action
 * @family: 0: addresses are not compared
 * @proto: with SNITCH_R_PROTO
 * @kernel: enum snitch_kernel; 0: all
 * @shape: SHAPE_*
 * @place: enum snitch_place
 */
struct snitch_entry {
	u64 first[2];
	u64 last[2];
	u64 id;
	u64 cgroup;
	u32 rank;
	u32 bucket;
	u32 uid;
	u32 index;
	u32 next;
	u16 port_first;
	u16 port_last;
	u16 flags;
	u8 action;
	u8 family;
	u8 proto;
	u8 kernel;
	u8 shape;
	u8 place;
};

/* A bucket's entries lie side by side, by place, then by rank. */
struct snitch_bucket {
	u32 start[__PLACE_MAX];		/* index of the first entry of each place */
	u32 count[__PLACE_MAX];
	u32 shapes;			/* bit mask of the shapes in use */
};

struct snitch_table {
	struct snitch_entry *entries;
	struct snitch_bucket *buckets;	/* any, apps 1 to n_apps, kernel */
	u32 *heads;			/* of hash chains: index of an entry plus 1 */
	u32 n_apps;
	u32 shift;			/* 64 minus the bits of the hash */
	u64 seed;
	/* For each kind of kernel traffic its best rule, if that is plain: index
	 * of an entry plus 1; 0: no rule; KIND_DEPENDS.
	 */
	u32 kinds[__SNITCH_K_MAX];
};

/* The flow in the form that entries have, and the best match so far. */
struct snitch_search {
	const struct snitch_query *q;
	const struct snitch_entry *best;
	u64 addr[2];
	u64 addr_hash;
	u32 rank;			/* of @best; U32_MAX without */
	u32 whole;			/* bit mask of tiers: see PLACE_WHOLE */
};

/* Written out, for compilers turn this into one load and one swap. */
static u32 load_be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static u64 load_be64(const u8 *p)
{
	return (u64)load_be32(p) << 32 | load_be32(p + 4);
}

static void load_addr(u64 out[2], u8 family, const u8 addr[16])
{
	if (family == AF_INET) {
		out[0] = load_be32(addr);
		out[1] = 0;
	} else {
		out[0] = load_be64(addr);
		out[1] = load_be64(addr + 8);
	}
}

static u64 mix(u64 x)
{
	x ^= x >> 32;
	x *= 0x9e3779b97f4a7c15ULL;
	return x ^ x >> 29;
}

static u64 hash_addr(const struct snitch_table *t, u8 family, const u64 addr[2])
{
	return mix(mix(addr[0] + t->seed + family) + addr[1]);
}

static u64 hash_key(const struct snitch_table *t, u64 addr_hash, u32 bucket, u32 shape,
		    u8 proto, u16 port, u32 uid)
{
	u64 key = t->seed ^ ((u64)bucket << 32 | shape << 24);

	if (shape & SHAPE_ADDR)
		key ^= addr_hash;
	if (shape & SHAPE_PORT)
		key ^= port;
	if (shape & SHAPE_PROTO)
		key ^= (u32)proto << 16;
	key = mix(key);
	if (shape & SHAPE_UID)
		key = mix(key + uid);
	return key >> t->shift;
}

/* ---- building ---- */

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
	       !(r->flags & SNITCH_R_DAEMON) && r->app != SNITCH_APP_ANY &&
	       r->app != SNITCH_APP_KERNEL;
}

static bool named_valid(const struct snitch_rule *r)
{
	return !(r->flags & SNITCH_R_NAMED) ||
	       ((r->flags & SNITCH_R_DAEMON) && r->app == SNITCH_APP_ANY);
}

static bool rule_valid(const struct snitch_rule *r, u32 n_apps)
{
	return r->action >= SNITCH_ALLOW && r->action <= SNITCH_ASK &&
	       r->rank != U32_MAX && !(r->flags & ~SNITCH_R_KNOWN) &&
	       r->port_first <= r->port_last && app_valid(r, n_apps) && addr_valid(r) &&
	       whole_valid(r) && named_valid(r);
}

/* Sets @e->shape and says where the entry belongs. */
static u8 entry_place(struct snitch_entry *e)
{
	bool one_addr = e->first[0] == e->last[0] && e->first[1] == e->last[1];
	bool any_port = e->port_first == 0 && e->port_last == 65535;

	if (e->flags & SNITCH_R_DAEMON)
		return PLACE_DAEMON;
	if (e->flags & SNITCH_R_WHOLE)
		return PLACE_WHOLE;
	if ((e->flags & (SNITCH_R_LOOPBACK | SNITCH_R_CGROUP)) || e->kernel ||
	    (e->family && !one_addr) || (!any_port && e->port_first != e->port_last))
		return PLACE_LISTED;
	e->shape = (e->family ? SHAPE_ADDR : 0) | (any_port ? 0 : SHAPE_PORT) |
		   (e->flags & SNITCH_R_PROTO ? SHAPE_PROTO : 0) |
		   (e->flags & SNITCH_R_UID ? SHAPE_UID : 0);
	return PLACE_HASHED;
}

static void entry_fill(struct snitch_entry *e, const struct snitch_rule *r, u32 index, u32 n_apps)
{
	memset(e, 0, sizeof(*e));
	if (r->family) {
		load_addr(e->first, r->family, r->first);
		load_addr(e->last, r->family, r->last);
	}
	e->id = r->id;
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

static int fill_entries(struct snitch_table *t, const struct snitch_rule *rules, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		if (!rule_valid(&rules[i], t->n_apps))
			return -EINVAL;
		entry_fill(&t->entries[i], &rules[i], i, t->n_apps);
		if (!(i % 4096))
			cond_resched();
	}
	sort(t->entries, n, sizeof(*t->entries), compare_rank, NULL);
	for (i = 1; i < n; i++)
		if (t->entries[i].rank == t->entries[i - 1].rank)
			return -EINVAL;
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
			     SNITCH_R_CGROUP | SNITCH_R_DAEMON));
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
					u32 n_apps, int *err)
{
	u32 bits = hash_bits(n_rules);
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
	*err = fill_entries(t, rules, n_rules);
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
	kvfree(t->heads);
	kvfree(t->buckets);
	kvfree(t->entries);
	kfree(t);
}

/* ---- looking up ---- */

static bool addr_in_range(const struct snitch_entry *e, const u64 a[2])
{
	if (a[0] < e->first[0] || a[0] > e->last[0])
		return false;
	if (a[0] == e->first[0] && a[1] < e->first[1])
		return false;
	return a[0] != e->last[0] || a[1] <= e->last[1];
}

static bool in_cgroup(const struct snitch_entry *e, const struct snitch_query *q)
{
	u32 i;

	if (q->cgroup == e->cgroup)
		return true;
	for (i = 0; i < q->n_cgroups; i++)
		if (q->cgroup_ancestors[i] == e->cgroup)
			return true;
	return false;
}

static bool entry_matches(const struct snitch_entry *e, const struct snitch_search *s)
{
	const struct snitch_query *q = s->q;

	if (q->port < e->port_first || q->port > e->port_last)
		return false;
	if ((e->flags & SNITCH_R_PROTO) && e->proto != q->proto)
		return false;
	if (e->family && (e->family != q->family || !addr_in_range(e, s->addr)))
		return false;
	if ((e->flags & SNITCH_R_UID) && e->uid != q->uid)
		return false;
	if ((e->flags & SNITCH_R_LOOPBACK) && !q->loopback)
		return false;
	if (e->kernel && e->kernel != q->kernel)
		return false;
	return !(e->flags & SNITCH_R_CGROUP) || in_cgroup(e, q);
}

/* Frames of packet sockets go anywhere and in any name: to allow them a rule must speak of
 * them; to refuse them it is enough not to speak of one address, port or protocol.
 */
static bool entry_covers_frames(const struct snitch_entry *e)
{
	if (e->family || e->action == SNITCH_ALLOW)
		return e->family == AF_PACKET;
	return !(e->flags & SNITCH_R_PROTO) && e->port_first == 0 && e->port_last == 65535;
}

/* Allow rules have no say for a disguised program, and those of any program
 * none in a tier that denies the program as a whole.
 */
static bool entry_counts(const struct snitch_entry *e, const struct snitch_search *s)
{
	if (unlikely(s->q->family == AF_PACKET) && !entry_covers_frames(e))
		return false;
	if (e->action != SNITCH_ALLOW)
		return true;
	if (s->q->no_allow)
		return false;
	return e->bucket != SNITCH_APP_ANY || (e->flags & SNITCH_R_NAMED) ||
	       !(s->whole & 1U << SNITCH_RANK_TIER(e->rank));
}

static void take(struct snitch_search *s, const struct snitch_entry *e)
{
	s->best = e;
	s->rank = e->rank;
}

static void search_whole(const struct snitch_table *t, const struct snitch_bucket *b,
			 struct snitch_search *s)
{
	const struct snitch_entry *e, *end;

	if (likely(!b->count[PLACE_WHOLE]))
		return;
	e = t->entries + b->start[PLACE_WHOLE];
	end = e + b->count[PLACE_WHOLE];
	for (; e < end; e++) {
		if (!entry_matches(e, s))
			continue;
		s->whole |= 1U << SNITCH_RANK_TIER(e->rank);
		if (e->rank < s->rank)
			take(s, e);
	}
}

static bool same_key(const struct snitch_entry *e, const struct snitch_search *s, u32 bucket,
		     u32 shape)
{
	const struct snitch_query *q = s->q;

	if (e->bucket != bucket || e->shape != shape)
		return false;
	if ((shape & SHAPE_ADDR) && (e->family != q->family || e->first[0] != s->addr[0] ||
				     e->first[1] != s->addr[1]))
		return false;
	if ((shape & SHAPE_PORT) && e->port_first != q->port)
		return false;
	if ((shape & SHAPE_PROTO) && e->proto != q->proto)
		return false;
	return !(shape & SHAPE_UID) || e->uid == q->uid;
}

static void search_hash(const struct snitch_table *t, u32 bucket, struct snitch_search *s)
{
	const struct snitch_query *q = s->q;
	unsigned long shapes = t->buckets[bucket].shapes;

	for (; shapes; shapes &= shapes - 1) {
		u32 shape = __ffs(shapes);
		u32 i = t->heads[hash_key(t, s->addr_hash, bucket, shape, q->proto, q->port,
					  q->uid)];

		while (i) {
			const struct snitch_entry *e = &t->entries[i - 1];

			i = e->next;
			if (!same_key(e, s, bucket, shape) || !entry_counts(e, s))
				continue;
			if (e->rank < s->rank)
				take(s, e);
			break;
		}
	}
}

static void search_list(const struct snitch_table *t, const struct snitch_bucket *b,
			struct snitch_search *s)
{
	const struct snitch_entry *e, *end;

	if (!b->count[PLACE_LISTED])
		return;
	e = t->entries + b->start[PLACE_LISTED];
	end = e + b->count[PLACE_LISTED];
	for (; e < end && e->rank < s->rank; e++) {
		if (entry_matches(e, s) && entry_counts(e, s)) {
			take(s, e);
			return;
		}
	}
}

static void search_bucket(const struct snitch_table *t, u32 bucket, struct snitch_search *s)
{
	search_hash(t, bucket, s);
	search_list(t, &t->buckets[bucket], s);
}

/* True when a rule for the daemon comes before the best match. */
static bool barred(const struct snitch_table *t, u32 bucket, const struct snitch_search *s)
{
	const struct snitch_bucket *b = &t->buckets[bucket];
	const struct snitch_entry *e, *end;

	if (!b->count[PLACE_DAEMON])
		return false;
	e = t->entries + b->start[PLACE_DAEMON];
	end = e + b->count[PLACE_DAEMON];
	for (; e < end && e->rank < s->rank; e++)
		if (entry_matches(e, s) && entry_counts(e, s))
			return true;
	return false;
}

static bool search_kernel(const struct snitch_table *t, struct snitch_search *s)
{
	search_bucket(t, t->n_apps + 1, s);
	return barred(t, t->n_apps + 1, s);
}

static bool search_program(const struct snitch_table *t, struct snitch_search *s)
{
	u32 app = s->q->app <= t->n_apps ? s->q->app : 0;

	if (app) {
		search_whole(t, &t->buckets[app], s);
		search_bucket(t, app, s);
	}
	search_bucket(t, SNITCH_APP_ANY, s);
	if (!s->q->bound && !(s->best && s->best->bucket == SNITCH_APP_ANY &&
			      (s->best->flags & SNITCH_R_BUILTIN)))
		return true;
	return (app && barred(t, app, s)) || barred(t, SNITCH_APP_ANY, s);
}

void snitch_table_lookup(const struct snitch_table *t, const struct snitch_query *q,
			 struct snitch_decision *d)
{
	struct snitch_search s = { .q = q, .rank = U32_MAX };

	load_addr(s.addr, q->family, q->addr);
	s.addr_hash = hash_addr(t, q->family, s.addr);
	d->consult = q->app == SNITCH_APP_KERNEL ? search_kernel(t, &s) : search_program(t, &s);
	d->action = s.best ? s.best->action : 0;
	d->rule = s.best ? s.best->id : 0;
	d->index = s.best ? s.best->index : 0;
}

bool snitch_table_kind(const struct snitch_table *t, u32 kernel, struct snitch_decision *d)
{
	u32 i = kernel < __SNITCH_K_MAX ? t->kinds[kernel] : KIND_DEPENDS;
	const struct snitch_entry *e;

	if (i == KIND_DEPENDS)
		return false;
	memset(d, 0, sizeof(*d));
	if (i) {
		e = &t->entries[i - 1];
		d->action = e->action;
		d->rule = e->id;
		d->index = e->index;
	}
	return true;
}
