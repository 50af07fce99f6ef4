// SPDX-License-Identifier: GPL-2.0-only
/* Set: see set.h. Pure: looks at nothing but its arguments. */
#include "set.h"

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/string.h>
#else
#define cond_resched()	do { } while (0)
#endif

#include "addr.h"

#define SET_GFP		(GFP_KERNEL_ACCOUNT | __GFP_NOWARN)
#define SET_BATCH	4096	/* ranges between two looks at who else wants to run */

/* A range of either family. */
struct set_span {
	u64 first[2];
	u64 last[2];
};

static u32 top4_of(u32 addr)
{
	return addr >> (32 - SNITCH_SET_TOP_BITS);
}

/* ---- looking up ---- */

static bool has4(const struct snitch_set *set, u32 addr)
{
	const struct snitch_set_v4 *r;
	u32 at = 0, n = set->n4, half;

	if (set->top4) {
		u32 top = top4_of(addr);

		at = top < set->tops ? set->top4[top] : n;
		n = top + 1 < set->tops ? set->top4[top + 1] : n;
		at -= !!at;	/* the one before may reach this far */
	}
	n -= at;
	if (!n)
		return false;
	for (r = set->v4 + at; n > 1; n -= half) {
		half = n / 2;
		r = r[half].first <= addr ? r + half : r;
	}
	return r->first <= addr && addr <= r->last;
}

static bool has6(const struct snitch_set *set, const u64 addr[2])
{
	const struct snitch_set_v6 *r = set->v6;
	u32 n = set->n6, half;

	if (!n)
		return false;
	for (; n > 1; n -= half) {
		half = n / 2;
		if (!snitch_addr_less(addr, r[half].first))
			r += half;
	}
	return !snitch_addr_less(addr, r->first) && !snitch_addr_less(r->last, addr);
}

bool snitch_set_has(const struct snitch_set *set, u8 family, const u64 addr[2])
{
	if (family == AF_INET)
		return has4(set, (u32)addr[0]);
	return family == AF_INET6 && has6(set, addr);
}

/* ---- building ---- */

struct snitch_set *snitch_set_new(u32 id, u64 tag, u32 room4, u32 room6)
{
	struct snitch_set *set = kzalloc(sizeof(*set), SET_GFP);

	if (!set)
		return NULL;
	set->id = id;
	set->tag = tag;
	set->users = 1;
	set->room4 = room4;
	set->room6 = room6;
	if (room4)
		set->v4 = kvmalloc_array(room4, sizeof(*set->v4), SET_GFP);
	if (room6)
		set->v6 = kvmalloc_array(room6, sizeof(*set->v6), SET_GFP);
	if (room4 >= SNITCH_SET_TOP)
		set->top4 = kvmalloc_array(SNITCH_SET_TOP, sizeof(*set->top4), SET_GFP);
	if ((!room4 || set->v4) && (!room6 || set->v6) && (room4 < SNITCH_SET_TOP || set->top4))
		return set;
	snitch_set_put(set);
	return NULL;
}

void snitch_set_put(struct snitch_set *set)
{
	if (!set || --set->users)
		return;
	kvfree(set->v4);
	kvfree(set->v6);
	kvfree(set->top4);
	kfree(set);
}

static void push4(struct snitch_set *set, u32 first, u32 last)
{
	while (set->top4 && set->tops <= top4_of(first))
		set->top4[set->tops++] = set->n4;
	set->v4[set->n4].first = first;
	set->v4[set->n4++].last = last;
}

int snitch_set_add4(struct snitch_set *set, const struct snitch_range4 *r, u32 n)
{
	u32 i;

	if (n > set->room4 - set->n4)
		return -ENOSPC;
	for (i = 0; i < n; i++) {
		u32 first = snitch_load_be32(r[i].first);
		u32 last = snitch_load_be32(r[i].last);

		if (first > last || (set->n4 && first <= set->v4[set->n4 - 1].last))
			return -EINVAL;
		push4(set, first, last);
	}
	return 0;
}

int snitch_set_add6(struct snitch_set *set, const struct snitch_range6 *r, u32 n)
{
	struct snitch_set_v6 *to = set->v6 + set->n6;
	u32 i;

	if (n > set->room6 - set->n6)
		return -ENOSPC;
	for (i = 0; i < n; i++, to++) {
		snitch_load_addr(to->first, AF_INET6, r[i].first);
		snitch_load_addr(to->last, AF_INET6, r[i].last);
		if (snitch_addr_less(to->last, to->first) ||
		    (to > set->v6 && !snitch_addr_less(to[-1].last, to->first)))
			return -EINVAL;
	}
	set->n6 += n;
	return 0;
}

/* ---- changing ---- */

static u32 set_count(const struct snitch_set *set, u8 family)
{
	return family == AF_INET ? set->n4 : set->n6;
}

static void set_get(const struct snitch_set *set, u8 family, u32 i, struct set_span *s)
{
	if (family == AF_INET) {
		s->first[0] = set->v4[i].first;
		s->last[0] = set->v4[i].last;
		s->first[1] = 0;
		s->last[1] = 0;
	} else {
		memcpy(s->first, set->v6[i].first, sizeof(s->first));
		memcpy(s->last, set->v6[i].last, sizeof(s->last));
	}
}

/* The address before @addr, which is not the lowest; the next one, which there is. */
static void addr_step(u64 addr[2], u8 family, bool up)
{
	u8 low = family == AF_INET ? 0 : 1;

	if (up && !++addr[low] && low)
		addr[0]++;
	else if (!up && !addr[low]-- && low)
		addr[0]--;
}

/*
 * struct set_rest - what stays of a set, range by range
 * @at: in @old: the next one
 * @gone_at: in @gone: the first that may meet @now
 * @now: what is left of the one before @at, if @more
 */
struct set_rest {
	const struct snitch_set *old;
	const struct snitch_set *gone;
	struct set_span now;
	u32 at;
	u32 gone_at;
	u8 family;
	bool more;
};

static bool rest_fetch(struct set_rest *r)
{
	if (r->more)
		return true;
	if (r->at == set_count(r->old, r->family))
		return false;
	set_get(r->old, r->family, r->at++, &r->now);
	r->more = true;
	return true;
}

/* The next piece that no removed range meets. False: there is none. */
static bool rest_next(struct set_rest *r, struct set_span *out)
{
	struct set_span cut;

	while (rest_fetch(r)) {
		if (r->gone_at == set_count(r->gone, r->family)) {
			*out = r->now;
			r->more = false;
			return true;
		}
		set_get(r->gone, r->family, r->gone_at, &cut);
		if (snitch_addr_less(cut.last, r->now.first)) {
			r->gone_at++;
			continue;
		}
		*out = r->now;
		if (snitch_addr_less(r->now.last, cut.first)) {
			r->more = false;
			return true;
		}
		r->more = snitch_addr_less(cut.last, r->now.last);
		if (r->more) {
			memcpy(r->now.first, cut.last, sizeof(cut.last));
			addr_step(r->now.first, r->family, true);
		}
		if (snitch_addr_less(out->first, cut.first)) {
			memcpy(out->last, cut.first, sizeof(cut.first));
			addr_step(out->last, r->family, false);
			return true;
		}
	}
	return false;
}

/* The last range of @to grows by one that begins no earlier and meets or touches it, or gets one
 * behind it.
 */
static void set_append(struct snitch_set *to, u8 family, const struct set_span *s)
{
	if (family == AF_INET) {
		struct snitch_set_v4 *v = to->v4 + to->n4;

		if (to->n4 && s->first[0] <= v[-1].last + 1ULL)
			v[-1].last = max_t(u32, v[-1].last, s->last[0]);
		else
			push4(to, s->first[0], s->last[0]);
	} else {
		struct snitch_set_v6 *v = to->v6 + to->n6;
		u64 first[2] = { s->first[0], s->first[1] };

		/* Nothing ends before the lowest address. */
		if (first[0] || first[1])
			addr_step(first, family, false);
		if (to->n6 && !snitch_addr_less(v[-1].last, first)) {
			if (snitch_addr_less(v[-1].last, s->last))
				memcpy(v[-1].last, s->last, sizeof(s->last));
			return;
		}
		memcpy(v->first, s->first, sizeof(s->first));
		memcpy(v->last, s->last, sizeof(s->last));
		to->n6++;
	}
}

static void change_family(const struct snitch_set *old, const struct snitch_set *gone,
			  const struct snitch_set *more, u8 family, struct snitch_set *to)
{
	struct set_rest rest = { .old = old, .gone = gone, .family = family };
	u32 i = 0, n = set_count(more, family), done = 0;
	struct set_span kept, added;
	bool is_kept = rest_next(&rest, &kept);

	while (is_kept || i < n) {
		if (i < n)
			set_get(more, family, i, &added);
		if (is_kept && (i == n || snitch_addr_less(kept.first, added.first))) {
			set_append(to, family, &kept);
			is_kept = rest_next(&rest, &kept);
		} else {
			set_append(to, family, &added);
			i++;
		}
		if (!(++done % SET_BATCH))
			cond_resched();
	}
}

/* Gives back what was not needed. NULL: no memory. */
static struct snitch_set *set_fit(struct snitch_set *set)
{
	struct snitch_set *fit;

	if (snitch_set_complete(set))
		return set;
	fit = snitch_set_new(set->id, set->tag, set->n4, set->n6);
	if (fit && set->n4)
		memcpy(fit->v4, set->v4, set->n4 * sizeof(*fit->v4));
	if (fit && set->n6)
		memcpy(fit->v6, set->v6, set->n6 * sizeof(*fit->v6));
	if (fit && fit->top4)
		memcpy(fit->top4, set->top4, set->tops * sizeof(*fit->top4));
	if (fit) {
		fit->n4 = set->n4;
		fit->n6 = set->n6;
		fit->tops = set->tops;
	}
	snitch_set_put(set);
	return fit;
}

/* A removed range splits at most one of the old: there is room for all that can come of it. */
struct snitch_set *snitch_set_change(const struct snitch_set *old, const struct snitch_set *gone,
				     const struct snitch_set *more)
{
	struct snitch_set *set = snitch_set_new(more->id, more->tag,
						old->n4 + gone->n4 + more->n4,
						old->n6 + gone->n6 + more->n6);

	if (!set)
		return NULL;
	change_family(old, gone, more, AF_INET, set);
	change_family(old, gone, more, AF_INET6, set);
	return set_fit(set);
}
