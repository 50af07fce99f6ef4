/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sets: the address sets of a policy, and the transactions that bring or
 * change them. Pure: the same code runs in user space.
 *
 * Lifetime: a collection never changes once it can be found but is replaced,
 * so that one look at it sees all sets at the same moment. Its owner (policy.c)
 * publishes it under RCU and frees it after a grace period. It holds each of
 * its sets; two collections may share one. Sets stand in the order they were
 * announced in: a set's place ("slot") is the same in all that replace it.
 * Locks: none here; collections are made, changed and freed by one at a time,
 * in the kernel under snitch_policy_mutex.
 */
#ifndef SNITCH_SETS_H
#define SNITCH_SETS_H

#include "set.h"

/**
 * struct snitch_sets - a collection
 * @generation: its number; none is 0
 * @n: sets
 * @ranges: in them
 * @set: by slot
 */
struct snitch_sets {
	u64 generation;
	u32 n;
	u64 ranges;
	struct snitch_set *set[];
};

/* A collection's slot for the set with this id, or -1. */
int snitch_sets_slot(const struct snitch_sets *sets, u32 id);
/* Process context, may sleep; NULL is none; no reader may be left. */
void snitch_sets_free(struct snitch_sets *sets);

/**
 * struct snitch_sets_look - which sets one address is in, as far as was asked
 * @sets: the collection, NULL: none
 * @addr: as snitch_set_has() wants it
 * @known: bit mask of the slots that were looked at
 * @in: bit mask of those that have the address
 * @family: of @addr
 */
struct snitch_sets_look {
	const struct snitch_sets *sets;
	u64 addr[2];
	u64 known;
	u64 in;
	u8 family;
};

/* snitch_sets_has() - searched at most once for a set, whoever asks; any context */
static inline bool snitch_sets_has(struct snitch_sets_look *look, u32 slot)
{
	const u64 bit = 1ULL << slot;

	if (!(look->known & bit)) {
		look->known |= bit;
		if (snitch_set_has(look->sets->set[slot], look->family, look->addr))
			look->in |= bit;
	}
	return look->in & bit;
}

/* ---- transactions ---- */

/**
 * struct snitch_sets_build - one transaction's sets, for snitch_sets_build_free()
 * @present: the collection in force; NULL: none. It stays in force meanwhile
 * @next: the new one, with @next->n sets so far
 * @more: DELTA: the set being announced: what it adds
 * @gone: and what it removes
 * @announced: sets to come; with @changes as many as like
 * @max: ranges allowed in all
 * @brought: ranges announced so far
 * @changes: BEGIN_SETS: begins as a copy of @present
 * @touched: @changes: bit mask of the slots that were announced
 * @last: slot of the set that ranges go to, -1: none
 */
struct snitch_sets_build {
	const struct snitch_sets *present;
	struct snitch_sets *next;
	struct snitch_set *more[SNITCH_SETS_MAX];
	struct snitch_set *gone[SNITCH_SETS_MAX];
	u64 max;
	u64 brought;
	u64 touched;
	u32 announced;
	int last;
	bool changes;
};

/* Process context, may sleep. All but _new() return 0 or -errno, and say why in *@why then; a
 * transaction in which one failed must not be finished.
 */
struct snitch_sets_build *snitch_sets_build_new(const struct snitch_sets *present, bool changes,
						u32 announced, u64 max);
int snitch_sets_build_set(struct snitch_sets_build *b, const struct snitch_set_head *head,
			  const char **why);
int snitch_sets_build_ranges(struct snitch_sets_build *b, bool gone,
			     const struct snitch_range4 *r4, u32 n4,
			     const struct snitch_range6 *r6, u32 n6, const char **why);
/* Checks that all is there and makes the collection of @generation; it is the caller's then. */
int snitch_sets_build_finish(struct snitch_sets_build *b, u64 generation,
			     struct snitch_sets **out, const char **why);
void snitch_sets_build_free(struct snitch_sets_build *b);

#endif
