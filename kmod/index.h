/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Index: finds the best rule among those about ranges and sets. Pure: the same
 * code runs in user space. Built once with its table, never changed, freed with
 * it; a lookup never locks or allocates.
 *
 * Rules that differ in nothing but rank and address are a class: same bucket,
 * ports, protocol, user... A class knows for each address which of its rules is
 * the best: its ranges are cut at all their ends, and each piece says who rules
 * there. So a class is asked by one binary search, however many rules it has.
 * Sets are not cut up, for they change without their rules: a class has at most
 * two rules for each set, by rank.
 * A range of ports is cut into blocks whose size is a power of two and whose
 * first port is a multiple of it: at most 30, and each port is in one block of
 * each size. A bucket lists the kinds of classes that it has ("probes": size of
 * block, which fields, which kind), best rank first. Each costs one look into a
 * hash table, until none can be better than what is found.
 *
 * So the cost of a lookup is bounded by the number of probes of its bucket, that
 * is by how many kinds of conditions its rules have, and by the number of sets;
 * it grows with the logarithm of the number of rules.
 */
#ifndef SNITCH_INDEX_H
#define SNITCH_INDEX_H

#include "sets.h"

#define SNITCH_INDEX_MAX	BIT(21)	/* items; rules beyond that are listed */

#define SNITCH_INDEX_BLOCKS_MAX	30

/* Buckets of the table, each twice: rules that the kernel judges, those of the daemon. */
#define SNITCH_INDEX_BUCKET(bucket, daemon)	(2 * (bucket) + !!(daemon))

/* Which fields a class compares, beside its block of ports. */
#define SNITCH_INDEX_PROTO	BIT(0)
#define SNITCH_INDEX_UID	BIT(1)
#define SNITCH_INDEX_LOOPBACK	BIT(2)
#define SNITCH_INDEX_KERNEL	BIT(3)

/* Kinds: what may keep rules of a class from having a say in a lookup. */
enum snitch_index_kind {
	SNITCH_INDEX_REFUSING,		/* nothing: no ALLOW */
	SNITCH_INDEX_ALLOWING,		/* no ALLOW at all counts */
	SNITCH_INDEX_GENERAL,		/* nor a general one of this tier, and three more */
	__SNITCH_INDEX_KINDS = SNITCH_INDEX_GENERAL + 4
};

enum snitch_index_family {
	SNITCH_INDEX_V4, SNITCH_INDEX_V6, SNITCH_INDEX_FRAMES, __SNITCH_INDEX_FAMILIES
};

/* Of a class; the index's own. */
struct snitch_index_key {
	u64 high;
	u64 low;
};

/**
 * struct snitch_index_item - a rule, or a part of one
 * @key: of its class: snitch_index_key()
 * @first: lowest address; @last: highest
 * @rank: smaller is stronger
 * @entry: what lookups return
 * @family: enum snitch_index_family, or with @set: __SNITCH_INDEX_FAMILIES
 * @set: slot plus 1; 0: a range
 * @not: addresses that are not in the set
 */
struct snitch_index_item {
	struct snitch_index_key key;
	u64 first[2];
	u64 last[2];
	u32 rank;
	u32 entry;
	u8 family;
	u8 set;
	u8 not;
};

/**
 * struct snitch_index_cond - the conditions of a class
 * @bucket: below the number of buckets of the index
 * @uid: with SNITCH_INDEX_UID
 * @fields: SNITCH_INDEX_*
 * @kind: enum snitch_index_kind
 * @proto: with SNITCH_INDEX_PROTO
 * @kernel: with SNITCH_INDEX_KERNEL
 */
struct snitch_index_cond {
	u32 bucket;
	u32 uid;
	u8 fields;
	u8 kind;
	u8 proto;
	u8 kernel;
};

struct snitch_index;

/* How many blocks a range of ports is cut into. */
u32 snitch_index_blocks(u16 first, u16 last);
/* Writes the keys of a class for each of those blocks. */
void snitch_index_keys(const struct snitch_index_cond *c, u16 first, u16 last,
		       struct snitch_index_key *keys);

/**
 * snitch_index_build() - @items are sorted in place, not kept
 *
 * Context: process, may sleep. Return: for snitch_index_free(), or NULL: no memory.
 */
struct snitch_index *snitch_index_build(struct snitch_index_item *items, u32 n, u32 n_buckets);
void snitch_index_free(struct snitch_index *x);

/**
 * struct snitch_index_query - one question
 * @look: the address, and what is known of it
 * @bucket: see struct snitch_index_cond
 * @uid: of the sender
 * @rank: only better ones are of interest
 * @kinds: bit mask of the kinds that count
 * @family: enum snitch_index_family
 * @port, @proto, @kernel, @loopback: of the flow
 */
struct snitch_index_query {
	struct snitch_sets_look *look;
	u32 bucket;
	u32 uid;
	u32 rank;
	u32 kinds;
	u8 family;
	u8 proto;
	u8 kernel;
	bool loopback;
	u16 port;
};

/* Does a bucket have anything in the index? */
bool snitch_index_has(const struct snitch_index *x, u32 bucket);

/* The entry of the best rule plus 1; 0: none is better than @q->rank. @q->rank gets its rank. Any
 * context.
 */
u32 snitch_index_search(const struct snitch_index *x, struct snitch_index_query *q);

#endif
