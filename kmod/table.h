/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Table: what a table of compiled rules is made of. Private to table.c, which
 * builds it, and match.c, which searches it.
 *
 * Each program, "any program" and "the kernel" have a bucket. In it a rule is
 * in one of five places:
 *   whole    a DENY of the program altogether; looked at first, since it takes
 *            the any-program ALLOW rules of its tier out of the game;
 *   hashed   one address or all, one port or all, one protocol or all, one
 *            user or all: the combination is the rule's shape, and one hash
 *            probe for each shape that the bucket has finds its best rule;
 *   indexed  ranges, sets and the rarer conditions: see index.h;
 *   listed   cgroups, devices, and what the index has no room for, sorted by rank;
 *   daemon   the same of rules that only the daemon can judge.
 * Rules that only the daemon can judge and whose plain conditions hold are
 * barriers: nothing behind them is final.
 */
#ifndef SNITCH_TABLE_H
#define SNITCH_TABLE_H

#include "index.h"
#include "match.h"

/* Shapes: which fields the hash compares. */
#define SHAPE_ADDR	BIT(0)
#define SHAPE_PORT	BIT(1)
#define SHAPE_PROTO	BIT(2)
#define SHAPE_UID	BIT(3)

#define KIND_DEPENDS	U32_MAX

enum snitch_place {
	PLACE_WHOLE, PLACE_HASHED, PLACE_LISTED, PLACE_DAEMON, PLACE_INDEXED, __PLACE_MAX
};

/**
 * struct snitch_entry - one rule
 * @first: lowest address, host order, most significant word first; v4 in @first[0]
 * @last: highest address
 * @id: told in decisions
 * @cgroup: with SNITCH_R_CGROUP
 * @ifindex: with SNITCH_R_IFINDEX, never both
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
 * @set: with SNITCH_R_SET: its slot
 */
struct snitch_entry {
	u64 first[2];
	u64 last[2];
	u64 id;
	union {
		u64 cgroup;
		u32 ifindex;
	};
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
	u8 set;
};

/* What a bucket has; most have little, and nobody looks for the rest. */
#define BUCKET_RULES	BIT(0)		/* hashed, indexed or listed */
#define BUCKET_BARRIERS	BIT(1)		/* for the daemon, indexed or listed */

/* A bucket's entries lie side by side, by place, then by rank. */
struct snitch_bucket {
	u32 start[__PLACE_MAX];		/* index of the first entry of each place */
	u32 count[__PLACE_MAX];
	u32 shapes;			/* bit mask of the shapes in use */
	u32 has;			/* bit mask of BUCKET_* */
};

struct snitch_table {
	struct snitch_entry *entries;
	struct snitch_bucket *buckets;	/* any, apps 1 to n_apps, kernel */
	u32 *heads;			/* of hash chains: index of an entry plus 1 */
	struct snitch_index *index;
	u32 n_apps;
	u32 shift;			/* 64 minus the bits of the hash */
	u64 seed;
	/* For each kind of kernel traffic its best rule, if that is plain: index
	 * of an entry plus 1; 0: no rule; KIND_DEPENDS.
	 */
	u32 kinds[__SNITCH_K_MAX];
};

static inline u64 mix(u64 x)
{
	x ^= x >> 32;
	x *= 0x9e3779b97f4a7c15ULL;
	return x ^ x >> 29;
}

static inline u64 hash_addr(const struct snitch_table *t, u8 family, const u64 addr[2])
{
	return mix(mix(addr[0] + t->seed + family) + addr[1]);
}

static inline u64 hash_key(const struct snitch_table *t, u64 addr_hash, u32 bucket, u32 shape,
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

/* Frames of packet sockets go anywhere and in any name: to allow them a rule must speak of
 * them; to refuse them it is enough not to speak of one address, port or protocol.
 */
static inline bool entry_covers_frames(const struct snitch_entry *e)
{
	if (e->family || e->flags & SNITCH_R_SET || e->action == SNITCH_ALLOW)
		return e->family == AF_PACKET;
	return !(e->flags & SNITCH_R_PROTO) && e->port_first == 0 && e->port_last == 65535;
}

#endif
