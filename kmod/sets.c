// SPDX-License-Identifier: GPL-2.0-only
/* Sets: see sets.h. Nothing that is in force is touched before the end of a transaction. */
#include "sets.h"

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>
#endif

int snitch_sets_slot(const struct snitch_sets *sets, u32 id)
{
	u32 i;

	for (i = 0; sets && i < sets->n; i++)
		if (sets->set[i]->id == id)
			return i;
	return -1;
}

void snitch_sets_free(struct snitch_sets *sets)
{
	u32 i;

	for (i = 0; sets && i < sets->n; i++)
		snitch_set_put(sets->set[i]);
	kfree(sets);
}

static struct snitch_set *set_hold(struct snitch_set *set)
{
	set->users++;
	return set;
}

/* ---- transactions ---- */

static struct snitch_sets *sets_new(const struct snitch_sets *copy)
{
	struct snitch_sets *sets = kzalloc(sizeof(*sets) + SNITCH_SETS_MAX * sizeof(sets->set[0]),
					   GFP_KERNEL_ACCOUNT);

	if (!sets)
		return NULL;
	for (; copy && sets->n < copy->n; sets->n++)
		sets->set[sets->n] = set_hold(copy->set[sets->n]);
	return sets;
}

struct snitch_sets_build *snitch_sets_build_new(const struct snitch_sets *present, bool changes,
						u32 announced, u64 max)
{
	struct snitch_sets_build *b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);

	if (!b)
		return NULL;
	b->present = present;
	b->changes = changes;
	b->announced = announced;
	b->max = max;
	b->last = -1;
	b->next = sets_new(changes ? present : NULL);
	if (b->next)
		return b;
	snitch_sets_build_free(b);
	return NULL;
}

void snitch_sets_build_free(struct snitch_sets_build *b)
{
	u32 i;

	if (!b)
		return;
	for (i = 0; i < SNITCH_SETS_MAX; i++) {
		snitch_set_put(b->more[i]);
		snitch_set_put(b->gone[i]);
	}
	snitch_sets_free(b->next);
	kfree(b);
}

static int fail(const char **why, int err, const char *text)
{
	*why = text;
	return err;
}

/* Ranges are counted before there is memory for them. */
static int build_charge(struct snitch_sets_build *b, const struct snitch_set_head *h,
			const char **why)
{
	b->brought += (u64)h->ranges4 + h->ranges6 + h->gone4 + h->gone6;
	if (b->brought > b->max)
		return fail(why, -ENOSPC, "more ranges than the limit max_ranges allows");
	return 0;
}

static int head_check(const struct snitch_sets_build *b, const struct snitch_set_head *h,
		      const char **why)
{
	const u32 known = b->changes ? SNITCH_SET_DELTA : SNITCH_SET_KEEP;

	if (!h->id || h->flags & ~known)
		return fail(why, -EINVAL, "a set needs an id, and no flags that are unknown here");
	if (!(h->flags & SNITCH_SET_DELTA) && (h->gone4 || h->gone6))
		return fail(why, -EINVAL, "only a difference removes ranges");
	if ((h->flags & SNITCH_SET_KEEP) && (h->ranges4 || h->ranges6))
		return fail(why, -EINVAL, "a set that is kept has no ranges to come");
	return 0;
}

/* One more set of a new policy. */
static int build_append(struct snitch_sets_build *b, const struct snitch_set_head *h,
			const char **why)
{
	struct snitch_sets *next = b->next;
	struct snitch_set *set;
	int slot;

	if (next->n >= b->announced)
		return fail(why, -ENOSPC, "more sets than were announced");
	if (snitch_sets_slot(next, h->id) >= 0)
		return fail(why, -EEXIST, "this transaction has a set of that id already");
	if (h->flags & SNITCH_SET_KEEP) {
		slot = snitch_sets_slot(b->present, h->id);
		if (slot < 0 || b->present->set[slot]->tag != h->tag)
			return fail(why, -ENOENT, "no set of that id and tag is in force");
		next->set[next->n++] = set_hold(b->present->set[slot]);
		b->last = -1;
		return 0;
	}
	if (build_charge(b, h, why))
		return -ENOSPC;
	set = snitch_set_new(h->id, h->tag, h->ranges4, h->ranges6);
	if (!set)
		return fail(why, -ENOMEM, "no memory for the ranges");
	b->last = next->n;
	next->set[next->n++] = set;
	return 0;
}

/* A set of the policy in force gets others, or some more and some less. */
static int build_replace(struct snitch_sets_build *b, const struct snitch_set_head *h,
			 const char **why)
{
	int slot = snitch_sets_slot(b->next, h->id);

	if (slot < 0)
		return fail(why, -ENOENT, "the policy in force has no set of that id");
	if (b->touched & 1ULL << slot)
		return fail(why, -EEXIST, "this transaction changes that set already");
	if (build_charge(b, h, why))
		return -ENOSPC;
	b->more[slot] = snitch_set_new(h->id, h->tag, h->ranges4, h->ranges6);
	if (h->flags & SNITCH_SET_DELTA)
		b->gone[slot] = snitch_set_new(h->id, h->tag, h->gone4, h->gone6);
	if (!b->more[slot] || (h->flags & SNITCH_SET_DELTA && !b->gone[slot])) {
		/* Not begun: the same id may come again. */
		snitch_set_put(b->more[slot]);
		snitch_set_put(b->gone[slot]);
		b->more[slot] = NULL;
		b->gone[slot] = NULL;
		return fail(why, -ENOMEM, "no memory for the ranges");
	}
	b->touched |= 1ULL << slot;
	b->last = slot;
	return 0;
}

int snitch_sets_build_set(struct snitch_sets_build *b, const struct snitch_set_head *head,
			  const char **why)
{
	int err = head_check(b, head, why);

	if (err)
		return err;
	return b->changes ? build_replace(b, head, why) : build_append(b, head, why);
}

int snitch_sets_build_ranges(struct snitch_sets_build *b, bool gone,
			     const struct snitch_range4 *r4, u32 n4,
			     const struct snitch_range6 *r6, u32 n6, const char **why)
{
	struct snitch_set *set = NULL;
	int err;

	if (b->last >= 0) {
		set = b->changes ? b->more[b->last] : b->next->set[b->last];
		if (gone)
			set = b->gone[b->last];
	}
	if (!set)
		return fail(why, -EINVAL, "no set was begun that these ranges could be of");
	err = snitch_set_add4(set, r4, n4) ?: snitch_set_add6(set, r6, n6);
	if (err == -ENOSPC)
		return fail(why, err, "more ranges than were announced");
	if (err)
		return fail(why, err, "ranges must rise and not overlap");
	return 0;
}

static int build_change(struct snitch_sets_build *b, u32 slot, const char **why)
{
	struct snitch_set *more = b->more[slot], *gone = b->gone[slot];

	if (!snitch_set_complete(more) || (gone && !snitch_set_complete(gone)))
		return fail(why, -EINVAL, "fewer ranges than were announced");
	if (gone) {
		more = snitch_set_change(b->next->set[slot], gone, more);
		if (!more)
			return fail(why, -ENOMEM, "no memory for the ranges");
	} else {
		b->more[slot] = NULL;
	}
	snitch_set_put(b->next->set[slot]);
	b->next->set[slot] = more;
	return 0;
}

int snitch_sets_build_finish(struct snitch_sets_build *b, u64 generation,
			     struct snitch_sets **out, const char **why)
{
	struct snitch_sets *next = b->next;
	u32 i;
	int err;

	if (!b->changes && next->n != b->announced)
		return fail(why, -EINVAL, "fewer sets than were announced");
	for (i = 0; i < next->n; i++) {
		if (b->touched & 1ULL << i) {
			err = build_change(b, i, why);
			if (err)
				return err;
		}
		if (!snitch_set_complete(next->set[i]))
			return fail(why, -EINVAL, "fewer ranges than were announced");
		next->ranges += (u64)next->set[i]->n4 + next->set[i]->n6;
	}
	if (next->ranges > b->max)
		return fail(why, -ENOSPC, "more ranges than the limit max_ranges allows");
	next->generation = generation;
	b->next = NULL;
	*out = next;
	return 0;
}
