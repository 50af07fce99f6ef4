/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Set: one immutable set of addresses, as sorted ranges that do not overlap.
 * Pure: the same code runs in user space. A lookup never locks or allocates.
 *
 * Lifetime: while it is built a set belongs to its builder alone. Then nothing
 * in it changes but @users, how many collections (sets.h) hold it, which only
 * their owner counts (under snitch_policy_mutex); the last one frees it, after
 * the grace period of that collection.
 */
#ifndef SNITCH_SET_H
#define SNITCH_SET_H

#ifdef __KERNEL__
#include <linux/bits.h>
#include <linux/types.h>
#include <linux/snitch.h>
#else
#include "shim.h"
#endif

struct snitch_set_v4 {	/* 8 bytes a range */
	u32 first;
	u32 last;
};

struct snitch_set_v6 {	/* 32 bytes; most significant word first */
	u64 first[2];
	u64 last[2];
};

#define SNITCH_SET_TOP_BITS	12
/* Parts of all addresses, and ranges from which on a table of them pays. */
#define SNITCH_SET_TOP		((u32)BIT(SNITCH_SET_TOP_BITS))

/**
 * struct snitch_set - the addresses
 * @tag: the loader's word for what is in it
 * @id: the loader's
 * @users: collections that hold it
 * @n4: ranges of IPv4 there now, of @room4 announced, in @v4
 * @n6: ranges of IPv6 there now, of @room6 announced, in @v6
 * @top4: where the first range is that begins in, or behind, each equal part of
 *	  all IPv4 addresses; NULL: there are few. Behind the first @tops of
 *	  them none begins.
 */
struct snitch_set {
	u64 tag;
	u32 id;
	u32 users;
	u32 n4;
	u32 n6;
	u32 room4;
	u32 room6;
	u32 tops;
	u32 *top4;
	struct snitch_set_v4 *v4;
	struct snitch_set_v6 *v6;
};

/* Process context, may sleep: */

/* An empty set with one user and room for these ranges, or NULL. */
struct snitch_set *snitch_set_new(u32 id, u64 tag, u32 room4, u32 room6);
/* More ranges, as they come from user space. 0; -ENOSPC: more than announced; -EINVAL: not
 * in order, overlapping, or the wrong way round. Then the set is of no use any more.
 */
int snitch_set_add4(struct snitch_set *set, const struct snitch_range4 *r, u32 n);
int snitch_set_add6(struct snitch_set *set, const struct snitch_range6 *r, u32 n);
/* A new set of one user: @old without @gone and with @more, and @more's id and tag. NULL: no
 * memory.
 */
struct snitch_set *snitch_set_change(const struct snitch_set *old, const struct snitch_set *gone,
				     const struct snitch_set *more);
/* One user less; NULL is none. The caller sees to it that the last has no reader left. */
void snitch_set_put(struct snitch_set *set);

/* snitch_set_complete() - have all announced ranges come? */
static inline bool snitch_set_complete(const struct snitch_set *set)
{
	return set->n4 == set->room4 && set->n6 == set->room6;
}

/* snitch_set_bytes() - of memory */
static inline u64 snitch_set_bytes(const struct snitch_set *set)
{
	return sizeof(*set) + (u64)set->room4 * sizeof(*set->v4) +
	       (u64)set->room6 * sizeof(*set->v6) +
	       (set->top4 ? SNITCH_SET_TOP * sizeof(*set->top4) : 0);
}

/**
 * snitch_set_has() - is an address in the set?
 * @set: the set
 * @family: AF_INET, AF_INET6; addresses of others are in no set
 * @addr: host order, most significant word first; IPv4 in the first
 *
 * Costs at most 20 steps for 1 000 000 ranges, of IPv4 8 where these are
 * spread evenly. Context: any.
 */
bool snitch_set_has(const struct snitch_set *set, u8 family, const u64 addr[2]);

#endif
