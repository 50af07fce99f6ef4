// SPDX-License-Identifier: GPL-2.0-only
/*
 * Searches the table of compiled rules; see table.h. Pure: it never locks,
 * never allocates and never looks at anything but its arguments.
 */
#include "match.h"

#ifdef __KERNEL__
#include <linux/bitops.h>
#include <linux/limits.h>
#include <linux/socket.h>
#include <linux/string.h>
#else
#define __ffs(x)			((u32)__builtin_ctzl(x))
#endif

#include "addr.h"
#include "table.h"

/* The flow in the form that entries have, and the best match so far. */
struct snitch_search {
	const struct snitch_query *q;
	const struct snitch_entry *best;
	struct snitch_sets_look look;	/* and the address */
	u64 addr_hash;
	u32 rank;			/* of @best; U32_MAX without */
	u32 whole;			/* bit mask of tiers: see PLACE_WHOLE */
};

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

static bool set_matches(const struct snitch_entry *e, struct snitch_search *s)
{
	return s->q->family != AF_PACKET &&
	       snitch_sets_has(&s->look, e->set) != !!(e->flags & SNITCH_R_NOT_SET);
}

static bool entry_matches(const struct snitch_entry *e, struct snitch_search *s)
{
	const struct snitch_query *q = s->q;

	if (q->port < e->port_first || q->port > e->port_last)
		return false;
	if ((e->flags & SNITCH_R_PROTO) && e->proto != q->proto)
		return false;
	if (e->family && (e->family != q->family || !addr_in_range(e, s->look.addr)))
		return false;
	if ((e->flags & SNITCH_R_UID) && e->uid != q->uid)
		return false;
	if ((e->flags & SNITCH_R_LOOPBACK) && !q->loopback)
		return false;
	if (e->kernel && e->kernel != q->kernel)
		return false;
	if ((e->flags & SNITCH_R_CGROUP) && !in_cgroup(e, q))
		return false;
	if ((e->flags & SNITCH_R_IFINDEX) && e->ifindex != q->ifindex)
		return false;
	return !(e->flags & SNITCH_R_SET) || set_matches(e, s);
}

/* Allow rules have no say for a disguised program, and those of any program
 * none in a tier that denies the program as a whole.
 */
static inline bool entry_counts(const struct snitch_entry *e, const struct snitch_search *s)
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
	if ((shape & SHAPE_ADDR) && (e->family != q->family || e->first[0] != s->look.addr[0] ||
				     e->first[1] != s->look.addr[1]))
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

static u8 index_family(u8 family)
{
	if (likely(family == AF_INET))
		return SNITCH_INDEX_V4;
	return family == AF_INET6 ? SNITCH_INDEX_V6 : SNITCH_INDEX_FRAMES;
}

/* As entry_counts() says, for all rules of a kind at once. */
static u32 index_kinds(const struct snitch_search *s)
{
	if (s->q->no_allow)
		return BIT(SNITCH_INDEX_REFUSING);
	return BIT(SNITCH_INDEX_REFUSING) | BIT(SNITCH_INDEX_ALLOWING) |
	       (~s->whole & 15) << SNITCH_INDEX_GENERAL;
}

/* Return: the best entry plus 1 in a bucket of the index that beats the best so far, or 0. */
static u32 search_index(const struct snitch_table *t, u32 bucket, struct snitch_search *s)
{
	const struct snitch_query *q = s->q;
	struct snitch_index_query x = {
		.look = &s->look,
		.bucket = bucket,
		.uid = q->uid,
		.rank = s->rank,
		.kinds = index_kinds(s),
		.family = index_family(q->family),
		.proto = q->proto,
		.kernel = q->kernel,
		.loopback = q->loopback,
		.port = q->port,
	};

	return snitch_index_search(t->index, &x);
}

static noinline void search_rules(const struct snitch_table *t, u32 bucket,
				  struct snitch_search *s)
{
	const u32 indexed = SNITCH_INDEX_BUCKET(bucket, false);
	u32 found;

	search_hash(t, bucket, s);
	if (snitch_index_has(t->index, indexed)) {
		found = search_index(t, indexed, s);
		if (found)
			take(s, &t->entries[found - 1]);
	}
	search_list(t, &t->buckets[bucket], s);
}

static inline void search_bucket(const struct snitch_table *t, u32 bucket, struct snitch_search *s)
{
	if (t->buckets[bucket].has & BUCKET_RULES)
		search_rules(t, bucket, s);
}

static noinline bool search_barriers(const struct snitch_table *t, u32 bucket,
				     struct snitch_search *s)
{
	const u32 indexed = SNITCH_INDEX_BUCKET(bucket, true);
	const struct snitch_bucket *b = &t->buckets[bucket];
	const struct snitch_entry *e, *end;

	if (snitch_index_has(t->index, indexed) && search_index(t, indexed, s))
		return true;
	if (!b->count[PLACE_DAEMON])
		return false;
	e = t->entries + b->start[PLACE_DAEMON];
	end = e + b->count[PLACE_DAEMON];
	for (; e < end && e->rank < s->rank; e++)
		if (entry_matches(e, s) && entry_counts(e, s))
			return true;
	return false;
}

/* True when a rule for the daemon comes before the best match. */
static inline bool barred(const struct snitch_table *t, u32 bucket, struct snitch_search *s)
{
	return t->buckets[bucket].has & BUCKET_BARRIERS && search_barriers(t, bucket, s);
}

static bool search_kernel(const struct snitch_table *t, struct snitch_search *s)
{
	search_bucket(t, t->n_apps + 1, s);
	return barred(t, t->n_apps + 1, s);
}

/* What the kernel can tell of an executable that nobody vouches for: what holds for all programs,
 * and a refusal of the app that the file says it is.
 */
static bool holds_unbound(const struct snitch_entry *e)
{
	if (!e)
		return false;
	if (e->bucket == SNITCH_APP_ANY)
		return e->flags & SNITCH_R_BUILTIN;
	return e->action != SNITCH_ALLOW && e->action != SNITCH_ASK;
}

static bool search_program(const struct snitch_table *t, struct snitch_search *s)
{
	u32 app = s->q->app <= t->n_apps ? s->q->app : 0;

	if (app) {
		search_whole(t, &t->buckets[app], s);
		search_bucket(t, app, s);
	}
	search_bucket(t, SNITCH_APP_ANY, s);
	if (!s->q->bound && !holds_unbound(s->best))
		return true;
	return (app && barred(t, app, s)) || barred(t, SNITCH_APP_ANY, s);
}

void snitch_table_lookup(const struct snitch_table *t, const struct snitch_sets *sets,
			 const struct snitch_query *q, struct snitch_decision *d)
{
	struct snitch_search s = {
		.q = q,
		.rank = U32_MAX,
		.look = { .sets = sets, .family = q->family },
	};

	snitch_load_addr(s.look.addr, q->family, q->addr);
	s.addr_hash = hash_addr(t, q->family, s.look.addr);
	d->consult = q->app == SNITCH_APP_KERNEL ? search_kernel(t, &s) : search_program(t, &s);
	d->action = s.best ? s.best->action : 0;
	d->rule = s.best ? s.best->id : 0;
	d->index = s.best ? s.best->index : 0;
	d->sets = s.look.known ? sets->generation : 0;
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
